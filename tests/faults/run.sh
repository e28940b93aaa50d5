#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [ROUNDS [CASE...]] - every fault of tests/cluster so many times (20), each with a seed of
# its own, on the programs with sanitizers; ends with a table and a count.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-20}
shift || true
exec "$root/tests/cluster/run.sh" --faults "$rounds" \
    --extender "$root/build/dev/bin/switchyard-extender" \
    --agent "$root/build/dev/bin/switchyard-agent" "$@"
