# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=default.yaml -DOUTPUT=policy_default.c -P embed.cmake
# Write the bytes of INPUT as a C array: no limit on its length, nothing to escape.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUTPUT}
"/* Made from policy/default.yaml by policy/embed.cmake: change that file, not this one. */
#include \"scoring/policy_private.h\"

const unsigned char sy_policy_default[] = {
${hex}
};
const size_t sy_policy_default_len = ${bytes};
")
