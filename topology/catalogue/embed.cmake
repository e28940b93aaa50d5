# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=devices.yaml -DOUTPUT=builtin.c -P embed.cmake
# Write the bytes of INPUT as a C array. An array of numbers, not a string literal: no limit on its
# length, nothing to escape.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUTPUT}
"/* Made from devices.yaml by embed.cmake: change that file, not this one. */
#include \"topology/catalogue_private.h\"

const unsigned char sy_catalogue_builtin[] = {
${hex}
};
const size_t sy_catalogue_builtin_len = ${bytes};
")
