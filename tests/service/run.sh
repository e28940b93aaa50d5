#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Black-box tests of the running service over loopback:
# run.sh [PROGRAM [unittest name ...]], see tests/lib/black_box.sh.
set -euo pipefail
program=${1:+$(realpath "$1")}
cd "$(dirname "$0")"
# shellcheck source=tests/lib/black_box.sh
. ../lib/black_box.sh
BLACK_BOX_ALSO=switchyard # answers recorded calls
black_box switchyard-extender SWITCHYARD_EXTENDER ${program:+"$program"} "${@:2}"
