#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Black-box tests of the agent: a fake sysfs tree, a kubelet and an API server of this folder:
# run.sh [PROGRAM [unittest name ...]]. Without a program the builds of the presets dev (sanitizers)
# and release are tested, as far as they are there. Ends with "N passed, N failed, N skipped"; the
# exit status is 0 when none failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
# A report of a sanitizer is a failure of the test.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

if [ $# -gt 0 ]; then
    program=$1
    shift
    if [ ! -x "$program" ]; then
        echo "$program: no such program" >&2
        exit 64
    fi
    program=$(realpath "$program")
    cd "$here"
    SWITCHYARD_AGENT=$program exec python3 suite.py "$@"
fi
cd "$here"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0 tested=0
for preset in dev release; do
    build=$root/build/$preset
    [ -f "$build/build.ninja" ] || continue
    echo "== $preset"
    if ! cmake --build "$build" --target switchyard-agent >"$log" 2>&1; then
        tail -n 40 "$log"
        failed=$((failed + 1))
        continue
    fi
    tested=$((tested + 1))
    SWITCHYARD_AGENT=$build/bin/switchyard-agent python3 suite.py 2>&1 | tee "$log" || true
    if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        skipped=$((skipped + BASH_REMATCH[3]))
    else
        failed=$((failed + 1))
    fi
done
if [ "$tested" -eq 0 ] && [ "$failed" -eq 0 ]; then
    echo "no build of switchyard-agent: configure the preset dev or release, or name the program" >&2
    failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
