#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [--kubernetes VERSION] [--record DIR] [--bench] [CASE...] - runs the
# cluster cases against a real control plane. run.sh --help says more.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
exec python3 -B "$here/run.py" "$@"
