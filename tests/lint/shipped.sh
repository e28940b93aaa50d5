#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shipped.sh ROOT PROGRAM: what deploy/ ships agrees with the program: the extenders: stanza is the one
# that it prints, and the examples (cluster, policy, catalogue; the catalogue README's examples too)
# load without a complaint.
set -euo pipefail
root=$1 program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complaints=0

complain() {
    echo "$1"
    complaints=$((complaints + 1))
}

stanza() { sed -n '/^extenders:/,$p'; }
"$program" --print-scheduler-config | stanza >"$work/printed"
for file in deploy/scheduler deploy/kustomize/second-scheduler; do
    stanza <"$root/$file/kube-scheduler-config.yaml" >"$work/shipped"
    diff -u "$work/shipped" "$work/printed" ||
        complain "$file/kube-scheduler-config.yaml: paste what --print-scheduler-config prints"
done

# The indented lines of the README, together, are one catalogue file.
sed -n 's/^    //p' "$root/topology/catalogue/README.md" >"$work/readme.yaml"
check() {
    if ! "$program" --check --feed "$root/deploy/examples/cluster" "$@" >"$work/log" 2>&1 ||
        ! grep -q '^[1-9][0-9]* nodes, 0 files refused$' "$work/log" || grep -q level=warn "$work/log"; then
        complain "--check $*: $(tail -n 3 "$work/log")"
    fi
}
check --policy "$root/deploy/examples/policy.yaml" --catalogue "$root/deploy/examples/catalogue.yaml"
check --catalogue "$work/readme.yaml"

echo "shipped.sh: $complaints complaints"
[ "$complaints" -eq 0 ]
