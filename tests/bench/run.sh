#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The measurements, over build/release: placement, publishing, the service, a real kube-scheduler.
# Ratios within one run are what to quote. Ends with `N passed, N failed, N skipped`: a stated bound
# that is missed fails.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

passed=0 failed=0
measure() {
    printf '\n== %s\n' "$1"
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

measure "placement: one node, cold and remembered" build/release/tests/bench_placement
measure "publishing: one changed node, against all made anew" build/release/tests/bench_publish
measure "live: 5,000 nodes in 64 MiB, 1,000 nodes with 99 of 100 events published in 100 ms" \
    build/release/tests/bench_live
measure "replay: CPU and memory of one, of a grid, and how they grow" \
    tests/bench/replay/run.sh build/release
measure "service: /filter and /prioritize against an echo of the same bytes" \
    tests/bench/service/run.sh build/release
measure "kube-scheduler: pods/s with none, an empty and our extender" tests/cluster/run.sh --bench
printf '\n%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
