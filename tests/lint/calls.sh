#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Functions that must not be called. Comments and texts are left out of the search.
# shellcheck disable=SC2016 # the perl program is not for the shell to expand
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"

# Crash or hang on hostile or merely unusual topologies.
everywhere='hwloc_get_common_ancestor_obj|hwloc_obj_is_in_subtree|hwloc_topology_diff_\w+'
# No bounds, no errors, hidden state, or two threads' worth of a process.
ours='strcpy|strcat|sprintf|vsprintf|gets|atof|atoi|atol|atoll|strtok|fork|vfork|system|popen|tmpnam|setlocale'
# Memory is allocated through base/mem.h, so that tests can make it fail.
raw='malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf'
# No I/O, clock, environment, threads or log.
impure='printf|fprintf|puts|fputs|fopen|open|read|write|time|clock|clock_gettime|getenv|rand|random|pthread_\w+'

# Print FILE:LINE:NAME for each call of a forbidden function. Comments, texts and characters are
# blanked, their line breaks kept.
search='
BEGIN { $names = shift @ARGV; undef $/ }
while (<>) {
    s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])*\x27)}
     {my $t = $1; $t =~ s/[^\n]//g; " $t "}gse;
    while (/(?<![\w.]|->)($names)\s*\(/g) {
        my $line = 1 + (substr($_, 0, $-[1]) =~ tr/\n//);
        print "$ARGV:$line:$1\n";
    }
}'

check() { # NAMES WHY FILE...
    local names=$1 why=$2 file line name
    shift 2
    [ $# -gt 0 ] || return 0
    while IFS=: read -r file line name; do
        complain "$file:$line: $name: $why"
    done < <(perl -e "$search" "$names" "$@")
}

mapfile -t all < <(files '*.c' '*.h')
mapfile -t product < <(printf '%s\n' "${all[@]}" | grep -v '^tests/')
mapfile -t allocating < <(printf '%s\n' "${product[@]}" | grep -v '^base/mem\.c$')
mapfile -t scoring < <(printf '%s\n' "${product[@]}" | grep '^scoring/')
[ -n "${all[0]:-}" ] || complain "no C files below $root"
check "$everywhere" "crashes on topologies that exist" "${all[@]}"
check "$ours" "not in this code base" "${product[@]}"
check "$raw" "allocate through base/mem.h" "${allocating[@]}"
check "$impure" "scoring is pure" "${scoring[@]}"
verdict
