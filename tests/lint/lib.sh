# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by the lints. Each takes the tree to look at as its first argument (default: this one),
# prints PLACE: what is wrong, a line each, and exits 1 when there was one.
set -euo pipefail

root=$(cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" && pwd)
cd "$root"
complaints=0

complain() {
    echo "$*"
    complaints=$((complaints + 1))
}

# files PATTERN...: our files whose name matches one of the patterns.
files() {
    local tests=() pattern
    for pattern in "$@"; do
        tests+=(-o -name "$pattern")
    done
    find . \( -path ./build -o -path './build-*' -o -path ./.git \) -prune -o \
        -type f \( "${tests[@]:1}" \) -print | sed 's|^\./||' | sort
}

verdict() {
    if [ "$complaints" -gt 0 ]; then
        echo "$(basename "$0"): $complaints complaints"
        exit 1
    fi
    echo "$(basename "$0"): ok"
}
