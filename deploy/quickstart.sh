#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a ranked sample cluster: installs what the build needs, builds the release
# preset, starts the service on loopback, asks it what kube-scheduler would ask, shows the answer.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
pod="$root/deploy/examples/pods/npu2-gpu1.json"
cluster="$root/deploy/examples/cluster"
policy="$root/deploy/examples/policy.yaml"
catalogue="$root/deploy/examples/catalogue.yaml"
serve=no

usage() {
    cat <<'TEXT'
Usage: deploy/quickstart.sh [--serve] [--pod FILE] [--cluster DIR]

  --serve        leave the service running and print the extenders: stanza for kube-scheduler
  --pod FILE     a pod manifest (JSON) to ask about  (default deploy/examples/pods/npu2-gpu1.json)
  --cluster DIR  a folder of node documents          (default deploy/examples/cluster)
  --help

Needs Debian 12 and root (for apt-get, only when a package is missing).
Example: deploy/quickstart.sh --pod deploy/examples/pods/npu2-gpu1-require-switch.json
TEXT
}

fail() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
        --serve) serve=yes ;;
        --pod | --cluster)
            [ $# -ge 2 ] || fail "$1 needs a value (see --help)"
            if [ "$1" = --pod ]; then pod=$2; else cluster=$2; fi
            shift
            ;;
        --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 64
            ;;
    esac
    shift
done
[ -r "$pod" ] || fail "$pod: cannot be read"
[ -d "$cluster" ] || fail "$cluster: no such folder"

packages=(gcc libc6-dev cmake ninja-build pkg-config libmicrohttpd-dev libjansson-dev libhwloc-dev
    libyaml-dev libcurl4-gnutls-dev libprotobuf-c-dev protobuf-c-compiler python3 curl ca-certificates)

install_packages() {
    local missing=() package
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || fail "these packages are missing, and installing them needs root: ${missing[*]}"
    printf 'installing %s\n' "${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build() {
    printf 'building (release preset)\n'
    cmake -S "$root" --preset release -DSY_TESTS=OFF >"$log_dir/cmake.log" 2>&1 ||
        fail "configuring failed: $(tail -n 5 "$log_dir/cmake.log")"
    cmake --build "$root/build/release" --target switchyard-extender switchyard >"$log_dir/build.log" 2>&1 ||
        fail "building failed: $(tail -n 20 "$log_dir/build.log")"
}

# Sets listen, admin and pid; waits until the service has read the whole feed.
start_service() {
    local options=(--listen 127.0.0.1:0 --admin 127.0.0.1:0 --feed "$cluster"
        --policy "$policy" --catalogue "$catalogue")
    # Nothing of ours but the log: a pipe behind --serve would wait for the service.
    "$root/build/release/bin/switchyard-extender" "${options[@]}" \
        </dev/null >/dev/null 2>"$log_dir/service.log" &
    pid=$!
    local tries
    for tries in $(seq 200); do
        kill -0 "$pid" 2>/dev/null || fail "the service ended: $(tail -n 3 "$log_dir/service.log")"
        listen=$(sed -n '1s/.*listen=\([^ ]*\).*/\1/p' "$log_dir/service.log")
        admin=$(sed -n '1s/.*admin=\([^ ]*\).*/\1/p' "$log_dir/service.log")
        if [ -n "$admin" ] && curl -sf -o /dev/null "http://$admin/readyz"; then
            return
        fi
        sleep 0.05
    done
    fail "the service is not ready after $tries tries: $(tail -n 3 "$log_dir/service.log")"
}

stop_service() {
    [ -n "${pid:-}" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    rm -rf "$log_dir"
}

log_dir=$(mktemp -d)
trap stop_service EXIT
install_packages
build
start_service
python3 "$root/deploy/examples/ask.py" --pod "$pod" --listen "$listen" --admin "$admin"

if [ "$serve" = yes ]; then
    trap - EXIT
    printf '\nThe service is running: pid %s, http://%s (admin http://%s), log %s\n' \
        "$pid" "$listen" "$admin" "$log_dir/service.log"
    printf 'Stop it with: kill %s\n\n' "$pid"
    printf 'Paste this into your KubeSchedulerConfiguration:\n\n'
    "$root/build/release/bin/switchyard-extender" --print-scheduler-config --listen "$listen" \
        --catalogue "$catalogue"
fi
