#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# resnet50.sh [SWITCHYARD]: the ResNet50 comparison with one assumption changed at a time. Each line:
# what was changed, then images trained over gpu-exclusive's, and utilisation (allocated x busy).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
program=$(realpath "${1:-$here/../../../build/release/bin/switchyard}")
cd "$here"
file=$(mktemp --suffix=.yaml)
trap 'rm -f "$file"' EXIT

line() { # WHAT [SED-EXPRESSION...]
    local what=$1 arguments=(-e '')
    shift
    for expression in "$@"; do arguments+=(-e "$expression"); done
    sed "${arguments[@]}" resnet50.yaml >"$file"
    "$program" fleet compare -f "$file" --seeds 42-51 -o json \
        --policies gpu-exclusive,gpu-only,kube-default,switchyard |
        python3 -c '
import json, sys
for of in json.load(sys.stdin)["policies"]:
    used = of["allocatedPercent"]["mean"] * of["busySharePercent"]["mean"] / 100
    print(f"""{sys.argv[1]:<44}{of["policy"]:<15}{of["imagesOverFirst"]:6.2f} x{used:7.1f} %""")
' "$what"
}

line "as the file has it"
line "half the load (0.5)" 's/^load: .*/load: 0.5/'
line "a trickle (0.1)" 's/^load: .*/load: 0.1/'
line "all jobs ask for 8 devices" 's/name: resnet50-[124], weight: [0-9]*, /&/; /name: resnet50-[124],/d'
line "all jobs ask for 1 device" '/name: resnet50-[248],/d'
line "no NPU nodes" '/name: ascend8/,/links:/d' '/name: mixed/,/a100\]$/s/weight: 8/weight: 1/'
line "NPUs at half their speed" 's/imagesPerSecond: 2115/imagesPerSecond: 1057/'
line "nothing of the exchange is hidden" 's/overlap: 0.5/overlap: 0/'
line "data is there half of the time" 's/inputShare: 0.95/inputShare: 0.5/'
