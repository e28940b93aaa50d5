#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reads every #include: a room may include itself and the rooms below it, a third-party library is
# included by one pair of files, and scoring/ has no I/O, clock, threads or log.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"

# Room -> the rooms it may include. The longest matching prefix of a path is its room.
declare -A below=(
    [base]=""
    [base/kube]="base"
    [topology]="base"
    [topology/discover]="base topology"
    [scoring]="base topology"
    [scoring/wire]="base topology scoring"
    [scoring/occupancy]="base topology scoring"
    [agent]="base base/kube topology topology/discover agent/kubelet"
    [agent/kubelet]="base base/kube topology topology/discover"
    [extender]="base base/kube topology topology/discover scoring scoring/wire scoring/occupancy extender/live"
    [extender/live]="base base/kube topology scoring scoring/occupancy extender" # feed.h, log.h, metrics.h
    [planner]="base topology/discover planner/cli planner/state planner/draw planner/check planner/explain planner/whatif planner/report planner/replay planner/fleet planner/answer" # the table of commands
    [planner/cli]="base"
    [planner/state]="base base/kube topology topology/discover scoring scoring/occupancy planner/cli"
    [planner/scheduler]="base topology scoring planner/state planner/cli"
    [planner/plan]="base topology topology/discover scoring scoring/occupancy planner/cli planner/state planner/scheduler"
    [planner/whatif]="base topology scoring scoring/wire planner/cli planner/state planner/scheduler planner/plan planner/explain"
    [planner/explain]="base topology scoring scoring/wire planner/cli planner/state planner/scheduler planner/plan"
    [planner/report]="base topology scoring planner/cli planner/state planner/scheduler planner/plan planner/whatif"
    [planner/replay]="base topology scoring planner/cli"
    [planner/fleet]="base topology scoring scoring/occupancy planner/cli"
    [planner/answer]="base base/kube topology scoring scoring/wire planner/cli"
    [planner/draw]="base base/kube topology topology/discover scoring planner/cli planner/state"
    [planner/check]="base base/kube topology topology/discover scoring planner/cli planner/state planner/scheduler planner/plan planner/whatif planner/answer planner/draw planner/fleet"
)

# Header of a library (a pattern) -> the files that may include it (a pattern). base/json.h hands
# jansson on to those who include it; base/mem.c tells jansson how to allocate. libcurl carries two
# protocols that share nothing but it: the API server's (http.c) and gRPC (grpc.c); curl_lazy.c hands
# their calls on.
declare -A library=(
    ['jansson.h']='base/json.[ch] base/mem.c'
    ['yaml.h']='base/yaml.[ch]'
    ['curl/*']='base/kube/http.c base/kube/grpc.c base/kube/curl_lazy.c'
    ['hwloc*']='topology/discover/*.[ch]'
    ['microhttpd.h']='extender/*.[ch]'
    ['podresources.pb-c.h']='agent/kubelet/pod_resources.c' # made from the .proto; has protobuf-c's
)

# Headers of the C library and the kernel; any other is a library that the table above must name.
system='assert.h ctype.h dirent.h dlfcn.h elf.h endian.h err.h errno.h fcntl.h fenv.h float.h fnmatch.h
getopt.h glob.h grp.h inttypes.h libgen.h limits.h locale.h malloc.h math.h netdb.h poll.h pthread.h
pwd.h regex.h sched.h semaphore.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h
stdint.h stdio.h stdlib.h stdnoreturn.h string.h strings.h sysexits.h syslog.h termios.h threads.h
time.h ucontext.h unistd.h wait.h wchar.h arpa/*.h linux/*.h net/*.h netinet/*.h sanitizer/*.h
sys/*.h'

# What a pure room may take from the C library.
pure='assert.h ctype.h errno.h float.h inttypes.h limits.h math.h stdalign.h stdarg.h stdbool.h
stddef.h stdint.h stdio.h stdlib.h string.h strings.h'

room_of() {
    local folder=${1%/*}
    while [ -z "${below[$folder]+known}" ]; do
        case $folder in
        */*) folder=${folder%/*} ;;
        *) folder='' && break ;;
        esac
    done
    echo "$folder"
}

one_of() { # NAME PATTERN...: does the name match one of the patterns?
    local name=$1 pattern
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2053 # patterns are meant
        [[ $name == $pattern ]] && return 0
    done
    return 1
}

check_ours() { # FILE LINE INCLUDED
    local from to
    from=$(room_of "$1")
    to=$(room_of "$3")
    case $3 in
    */*) ;;
    *) complain "$1:$2: \"$3\": write the path from the root of the repository" && return ;;
    esac
    [ -f "$3" ] || complain "$1:$2: \"$3\": no such file"
    # shellcheck disable=SC2086 # a list
    [ "$from" = "$to" ] || one_of "$to" ${below[$from]} ||
        complain "$1:$2: $from must not include $3"
}

declare -A users
check_theirs() { # FILE LINE INCLUDED
    local header
    for header in "${!library[@]}"; do
        # shellcheck disable=SC2053
        [[ $3 == $header ]] || continue
        # shellcheck disable=SC2086
        one_of "$1" ${library[$header]} || complain "$1:$2: must not include <$3>"
        users[$header]="${users[$header]:-} ${1%.[ch]}"
        return 0
    done
    # shellcheck disable=SC2086
    one_of "$3" $system || complain "$1:$2: <$3> is of a library without a rule here"
    # shellcheck disable=SC2086
    case $1 in
    scoring/*) one_of "$3" $pure || complain "$1:$2: scoring is pure, it must not include <$3>" ;;
    esac
}

while IFS=: read -r file line text; do
    [ -n "$(room_of "$file")" ] || continue # tests include what they like
    case $text in
    *\"*) included=${text#*\"} && check_ours "$file" "$line" "${included%%\"*}" ;;
    *\<*) included=${text#*<} && check_theirs "$file" "$line" "${included%%>*}" ;;
    *) complain "$file:$line: unreadable #include" ;;
    esac
done < <(files '*.c' '*.h' | xargs -r grep -HnE '^[[:space:]]*#[[:space:]]*include' | grep -v '^tests/')

for header in "${!users[@]}"; do
    case $header in jansson.h | 'curl/*') continue ;; esac
    pairs=$(tr ' ' '\n' <<<"${users[$header]}" | sort -u | grep -c .)
    [ "$pairs" -eq 1 ] || complain "<$header> is included by $pairs pairs of files:${users[$header]}"
done
verdict
