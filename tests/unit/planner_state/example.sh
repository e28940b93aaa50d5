#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# example.sh ROOT PROGRAM: the sample snapshot is what its script writes, and it, what PROGRAM makes
# of it and of the fuzz corpus's snapshots, and the same with other names keep to the schema.
set -euo pipefail
root=$1 program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sample=$root/deploy/examples/planner/snapshot.json
python3 "$root/deploy/examples/planner/make_snapshot.py" | diff - "$sample"
n=0
for file in "$sample" "$root"/tests/fuzz/corpus/snapshot/{busy.json,some.json,service.json,list.yaml}; do
    for option in --no-headers --anonymize; do
        n=$((n + 1))
        "$program" snapshot --snapshot "$file" "$option" >"$work/$n.json" 2>"$work/talk"
        "$program" snapshot --snapshot "$work/$n.json" 2>"$work/talk" | diff "$work/$n.json" -
    done
done
python3 "$root/tests/lib/schema.py" "$root/deploy/schemas/snapshot.schema.json" "$sample" "$work"/*.json
echo "example.sh: $n snapshots"
