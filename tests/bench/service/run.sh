#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures a build of the service: run.sh [BUILD-FOLDER], by default build/release.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../../build/release}
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/bench.py" "$(cd "$build" && pwd)"
