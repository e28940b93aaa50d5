#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `switchyard report` as its users meet it, the page in headless Chromium:
# run.sh [PROGRAM [unittest name ...]], see tests/lib/black_box.sh.
set -euo pipefail
program=${1:+$(realpath "$1")}
cd "$(dirname "$0")"
# shellcheck source=tests/lib/black_box.sh
. ../lib/black_box.sh
black_box switchyard SWITCHYARD ${program:+"$program"} "${@:2}"
