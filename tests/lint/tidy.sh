#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tidy.sh BUILD [SECONDS]: clang-tidy over the product's files of a build folder made with clang.
# Files not reached within SECONDS (default 1500) are named and fail the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1 seconds=${2:-1500}
tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || { echo "no clang-tidy"; exit 1; }
[ -f "$build/compile_commands.json" ] || { echo "$build: no compile_commands.json"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
perl -ne 'print "$1\n" if m{"file": "(.*\.c)"}' "$build/compile_commands.json" |
    grep -F "$PWD/" | grep -vE "^($PWD/build|$PWD/tests/|.*/build/)" | sort -u >"$work/files"
[ -s "$work/files" ] || { echo "$build: no files"; exit 1; }

# shellcheck disable=SC2016 # expanded by the inner shell
TIDY=$tidy BUILD=$build WORK=$work timeout "$seconds" xargs -d '\n' -n 1 -P "$(nproc)" bash -c '
    name=$(tr / _ <<<"$1")
    if "$TIDY" -quiet -p "$BUILD" "$1" >"$WORK/$name.log" 2>"$WORK/$name.err"; then
        touch "$WORK/$name.ok"
    else
        touch "$WORK/$name.bad"
    fi' _ <"$work/files" || true

failed=0
while IFS= read -r file; do
    name=$(tr / _ <<<"$file")
    [ ! -f "$work/$name.ok" ] || continue
    failed=$((failed + 1))
    if [ -f "$work/$name.bad" ]; then
        cat "$work/$name.log"
        grep -v 'warnings generated' "$work/$name.err" || true
    else
        echo "${file#"$PWD"/}: not reached within $seconds s"
    fi
done <"$work/files"
echo "tidy.sh: $(wc -l <"$work/files") files, $failed failed"
[ "$failed" -eq 0 ]
