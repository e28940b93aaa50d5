#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# selftest.sh LINT: a lint that cannot fail proves nothing. Builds a small clean tree, which the lint
# must pass, and puts one fault after another into it, each of which it must name.
# shellcheck disable=SC2016 # the samples are scripts of their own, not expanded here
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lint=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree" "$tree.log"' EXIT
spdx='/* SPDX-License-Identifier: Apache-2.0 */'

clean() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/{base,topology/discover,scoring/wire,extender,tests}
    cp "$here/../../.clang-format" "$tree"
    printf '%s\n#include "base/b.h"\n\n/* strcpy(a, b) is only spoken of */\nint f(void)\n{\n    return 0;\n}\n' \
        "$spdx" >"$tree/base/b.c"
    printf '%s\nint f(void);\n' "$spdx" >"$tree/base/b.h"
    printf '%s\n#include "base/b.h"\n' "$spdx" >"$tree/topology/t.h"
    printf '%s\n#include "topology/t.h"\n\n#include <hwloc.h>\n' "$spdx" >"$tree/topology/discover/h.c"
    printf '%s\n#include "topology/t.h"\n\n#include <string.h>\n' "$spdx" >"$tree/scoring/s.h"
    printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\necho "$1"\n' >"$tree/tests/x.sh"
}

cases=0
must_pass() {
    "$here/$lint.sh" "$tree" >"$tree.log" 2>&1 || { cat "$tree.log"; echo "selftest: a clean tree fails"; exit 1; }
}
# must_fail EXPECTED FILE TEXT: with TEXT appended to FILE the lint fails and says EXPECTED.
must_fail() {
    clean
    printf '%b\n' "$3" >>"$tree/$2"
    if "$here/$lint.sh" "$tree" >"$tree.log" 2>&1; then
        echo "selftest: $lint.sh does not see: $3"
        exit 1
    fi
    grep -qF "$1" "$tree.log" || { cat "$tree.log"; echo "selftest: expected: $1"; exit 1; }
    cases=$((cases + 1))
}

clean
must_pass
case $lint in
layers)
    must_fail 'base/b.c:9: base must not include topology/t.h' base/b.c '#include "topology/t.h"'
    must_fail 'topology must not include scoring/s.h' topology/t.h '#include "scoring/s.h"'
    must_fail 'scoring/s.h:5: scoring must not include topology/discover/d.h' scoring/s.h \
        '#include "topology/discover/d.h"'
    must_fail 'no such file' extender/e.c "$spdx\n#include \"base/none.h\""
    must_fail 'write the path from the root' base/b.c '#include "b.h"'
    must_fail 'must not include <hwloc.h>' extender/e.c "$spdx\n#include <hwloc.h>"
    must_fail '<hwloc*> is included by 2 pairs' topology/discover/i.c "$spdx\n#include <hwloc/helper.h>"
    must_fail 'must not include <jansson.h>' scoring/s.h '#include <jansson.h>'
    must_fail '<zlib.h> is of a library without a rule' extender/e.c "$spdx\n#include <zlib.h>"
    must_fail 'scoring is pure, it must not include <time.h>' scoring/wire/w.c "$spdx\n#include <time.h>"
    ;;
calls)
    must_fail 'topology/discover/h.c:6: hwloc_get_common_ancestor_obj: crashes' topology/discover/h.c \
        '\nint x = hwloc_get_common_ancestor_obj(a, b);'
    must_fail 'hwloc_topology_diff_build: crashes' tests/t.c 'hwloc_topology_diff_build();'
    must_fail 'base/b.c:9: strcpy: not in this code base' base/b.c 'void g(char *a) { strcpy(a, "b"); }'
    must_fail 'fork: not in this code base' extender/e.c 'int pid = fork ();'
    must_fail 'free: allocate through base/mem.h' base/b.c 'void g(void *p) { (free)(p); free(p); }'
    must_fail 'time: scoring is pure' scoring/s.c 'long t = time(NULL);'
    ;;
sizes)
    must_fail 'base/b.c: 608 lines, at most 600' base/b.c "$(printf '\\n%.0s' {1..599})"
    must_fail 'base/b.h: 122 lines of declarations' base/b.h "$(printf 'int x;\\n%.0s' {1..121})"
    must_fail 'base/b.c:10: function of 61 lines' base/b.c \
        "int g(void)\n{\n$(printf 'x;\\n%.0s' {1..61})}"
    must_fail 'base/README.md: 41 lines' base/README.md "$(printf 'x\\n%.0s' {1..40})"
    must_fail 'extender/e.c: no SPDX' extender/e.c 'int x;'
    must_fail 'tests/CMakeLists.txt: no SPDX' tests/CMakeLists.txt 'add_test()'
    ;;
format)
    must_fail 'base/b.c: ' base/b.c 'int   x;'
    must_fail 'base/b.h: ' base/b.h 'int f(void) {return 0;}'
    ;;
shell)
    must_fail 'tests/x.sh: shellcheck complains' tests/x.sh 'rm $1/*'
    must_fail 'tests/no-suffix: shellcheck complains' tests/no-suffix '#!/bin/bash\necho $*'
    ;;
*)
    echo "selftest: no lint '$lint'"
    exit 1
    ;;
esac
echo "selftest: $lint.sh sees $cases faults"
