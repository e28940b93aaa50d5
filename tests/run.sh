#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [SUITE...] [--kubernetes VERSION]: install what the tests need, build, run the suites (all
# but bench, faults and search when none is named) and end with `N passed, N failed, N skipped`.
#
#   unit golden property   check's test cases, with sanitizers and as shipped
#   fuzz                   the fuzz targets over their corpora
#   search                 the fuzz targets looking for more, five minutes each (not by default)
#   lint                   layers, calls, sizes, format, shell, and that each lint can fail
#   tsan                   tests of threads under the thread sanitizer
#   clang                  everything compiled by the second compiler, and clang-tidy
#   service                the built service as its users meet it
#   agent                  the built agent on a machine of files, with a kubelet and an API of the tests
#   planner                the built switchyard, its manual page, completions and schemas
#   report                 its HTML report in a browser
#   cluster                a real control plane; --kubernetes picks the version
#   faults                 each fault of the cluster suite 20 times (not by default)
#   bench                  the measurements
set -euo pipefail
cd "$(dirname "$0")/.."

all="unit golden property fuzz lint tsan clang service agent planner report cluster"
suites=() cluster_args=()
passed=0 failed=0 skipped=0
logs=build/logs

usage() { sed -n '3,20s/^# \{0,1\}//p' "$0"; }

while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    --kubernetes) cluster_args=(--kubernetes "${2:?--kubernetes wants a version}") && shift ;;
    *) [[ " $all bench faults search " == *" $1 "* ]] || { usage >&2 && exit 64; } && suites+=("$1") ;;
    esac
    shift
done
if [ ${#suites[@]} -eq 0 ]; then
    read -ra suites <<<"$all"
fi

say() { echo "== $*"; }

# count NAME PASSED FAILED SKIPPED
count() {
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    say "$1: $2 passed, $3 failed, $4 skipped"
}

wants() { [[ " ${suites[*]} " == *" $1 "* ]]; }

install_packages() {
    local packages=(gcc libc6-dev cmake ninja-build pkg-config libmicrohttpd-dev libjansson-dev
        libhwloc-dev libyaml-dev libcurl4-gnutls-dev libprotobuf-c-dev protobuf-c-compiler
        libnghttp2-dev check bzip2 perl python3) missing=()
    if wants lint || wants clang || wants fuzz || wants search; then
        packages+=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev shellcheck)
    fi
    if wants planner || wants report; then
        packages+=(chromium mandoc)
    fi
    if { wants cluster || wants faults || wants bench; } && ! command -v go >/dev/null; then
        packages+=(python3-pip) # which brings Go (tests/cluster/build.sh)
    fi
    local package
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "run.sh: these packages are missing and installing them needs root: ${missing[*]}" >&2
        exit 1
    fi
    say "installing ${missing[*]}"
    apt-get update -q >"$logs/apt.log" 2>&1 || true # an old list may do
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" \
        >>"$logs/apt.log" 2>&1 || { tail -n 20 "$logs/apt.log" && exit 1; }
}

# build PRESET: configure and build, once in this run.
declare -A built
build() {
    [ -z "${built[$1]:-}" ] || { [ "${built[$1]}" = ok ] && return 0 || return 1; }
    say "building $1"
    if cmake --preset "$1" -DSY_TESTS=ON >"$logs/build-$1.log" 2>&1 && # the quickstart leaves them out
        cmake --build --preset "$1" >>"$logs/build-$1.log" 2>&1; then
        built[$1]=ok
        return 0
    fi
    built[$1]=failed
    grep -E 'error|Error|FAILED' "$logs/build-$1.log" | head -n 20 || true
    tail -n 10 "$logs/build-$1.log"
    count "build of $1" 0 1 0
    return 1
}

# From the log of `ctest -V`: PASSED FAILED SKIPPED, a check test case or (of other programs) a
# program counting one each.
summary() {
    awk '
        /^[0-9]+: [0-9]+%: Checks: / { n = $1 + 0; gsub(",", "")
            checks[n] += $4; bad[n] += $6 + $8 }
        /^[0-9]+: # skip: / { skip[$1 + 0]++ }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
            line = $0; sub(/^[^#]*#/, "", line); n = line + 0
            if (/ Passed /) { p += n in checks ? checks[n] - skip[n] : 1 - skip[n]; s += skip[n] }
            else if (/\*\*\*(Skipped|Not Run \(Disabled\))/) s++
            else { f += bad[n] ? bad[n] : 1; s += skip[n]
                   if (n in checks) p += checks[n] - bad[n] - skip[n] } }
        END { print p + 0, f + 0, s + 0 }' "$1"
}

# What the tests that did not pass have printed.
show_failures() {
    awk '
        /^[0-9]+: / { n = $1 + 0; out[n] = out[n] $0 "\n" }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / && !/ Passed / && !/\*\*\*Skipped/ {
            line = $0; sub(/^[^#]*#/, "", line); printf "%s%s\n", out[line + 0], $0 }' "$1" |
        tail -n 200
}

# run_ctest PRESET LABEL [CTEST-ARGS...]
run_ctest() {
    local preset=$1 label=$2 log="$logs/$2-$1.log" sums
    shift 2
    build "$preset" || return 0
    ctest --test-dir "build/$preset" -V -L "^$label\$" --no-tests=ignore "$@" >"$log" 2>&1 || true
    read -ra sums <<<"$(summary "$log")"
    if [ "${sums[*]}" = "0 0 0" ]; then
        say "$label: no tests in $preset"
        sums=(0 1 0)
    fi
    [ "${sums[1]}" -eq 0 ] || show_failures "$log"
    grep -h '^[0-9]*: # skip: ' "$log" | sed 's/^[0-9]*: # skip: /   skipped: /' | sort | uniq -c || true
    count "$label ($preset)" "${sums[@]}"
}

# run_script SUITE [ARGS...]: a suite that counts for itself and ends with the same line.
run_script() {
    local suite=$1 script=tests/$1/run.sh log="$logs/$1.log" line status=0
    shift
    build release || return 0
    timeout -k 30 "${limit_s:-2400}" "$script" "$@" </dev/null 2>&1 | tee "$log" || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
        local bad=${BASH_REMATCH[2]}
        [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
        count "$suite" "${BASH_REMATCH[1]}" "$bad" "${BASH_REMATCH[4]:-0}"
    else
        say "$suite: ended with status $status and without a count"
        count "$suite" 0 1 0
    fi
}

run_suite() {
    local jobs
    jobs=$(nproc)
    case $1 in
    unit | golden | property)
        run_ctest dev "$1" -j "$jobs"
        run_ctest release "$1" -j "$jobs"
        ;;
    fuzz)
        run_ctest dev fuzz -j "$jobs"
        run_ctest fuzz fuzz -j "$jobs"
        ;;
    search) run_ctest fuzz search -j "$jobs" ;;
    lint) run_ctest dev lint -j "$jobs" ;;
    tsan) run_ctest tsan threads ;;
    clang)
        build clang && count "build of clang" 1 0 0
        run_ctest clang tidy
        ;;
    service) run_script service ;;
    agent | planner | report) run_script "$1" ;;
    cluster) run_script cluster "${cluster_args[@]}" ;;
    faults) if build dev; then limit_s=7200 run_script faults; fi ;;
    bench) run_script bench ;;
    esac
}

mkdir -p "$logs"
install_packages
if machines=$(tests/machines/fetch.sh 2>"$logs/machines.log"); then
    export SWITCHYARD_HWLOC_MACHINES=$machines
else
    say "hwloc's test machines are not at hand: $(cat "$logs/machines.log")"
fi
for suite in "${suites[@]}"; do
    started=$SECONDS
    run_suite "$suite"
    say "$suite took $((SECONDS - started)) s"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
