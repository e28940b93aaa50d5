# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=devices.yaml -DNAME=topology/devices.yaml -DARRAY=sy_devices -DHEADER=topology/x.h
#       -DOUTPUT=devices.c -P embed.cmake
# Write the bytes of INPUT as the C array ARRAY, which HEADER declares with its length ARRAY_len. An
# array of numbers, not a string literal: no limit on its length, nothing to escape.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUTPUT}
"/* Made from ${NAME} by cmake/embed.cmake: change that file, not this one. */
#include \"${HEADER}\"

const unsigned char ${ARRAY}[] = {
${hex}
};
const size_t ${ARRAY}_len = ${bytes};
")
