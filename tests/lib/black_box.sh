# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# black_box PROGRAM VARIABLE [FILE [unittest name ...]]: the Python suite in the current folder
# (suite.py), which finds the program in the environment variable, over a named file, or else over
# the builds of the presets dev (sanitizers) and release, as far as they are there (with the other
# programs that $BLACK_BOX_ALSO names). Ends with
# "N passed, N failed, N skipped"; the exit status is 0 when none failed.
export PYTHONDONTWRITEBYTECODE=1
# A report of a sanitizer is a failure of the test.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

black_box() {
    local program=$1 variable=$2 root file preset build log
    local passed=0 failed=0 skipped=0 tested=0
    shift 2
    root=$(cd ../.. && pwd)
    if [ $# -gt 0 ]; then
        if [ ! -x "$1" ]; then
            echo "$1: no such program" >&2
            return 64
        fi
        file=$1
        shift
        env "$variable=$file" python3 suite.py "$@"
        return
    fi
    log=$(mktemp)
    for preset in dev release; do
        build=$root/build/$preset
        [ -f "$build/build.ninja" ] || continue
        echo "== $preset"
        # shellcheck disable=SC2086 # a list
        if ! cmake --build "$build" --target "$program" ${BLACK_BOX_ALSO:-} >"$log" 2>&1; then
            tail -n 40 "$log"
            failed=$((failed + 1))
            continue
        fi
        tested=$((tested + 1))
        # What the suite ends with is read from its last line; without one it has failed.
        env "$variable=$build/bin/$program" python3 suite.py 2>&1 | tee "$log" || true
        if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
            passed=$((passed + BASH_REMATCH[1]))
            failed=$((failed + BASH_REMATCH[2]))
            skipped=$((skipped + BASH_REMATCH[3]))
        else
            failed=$((failed + 1))
        fi
    done
    rm -f "$log"
    if [ "$tested" -eq 0 ] && [ "$failed" -eq 0 ]; then
        echo "no build of $program: configure the preset dev or release, or name the program" >&2
        failed=1
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
