/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of JSON that have an inside: strings and numbers, read in pieces of any size. */
#ifndef SY_BASE_KUBE_SCAN_H
#define SY_BASE_KUBE_SCAN_H

#include "base/str.h"

#include <stdint.h>

/* A string, from behind its opening quote. Zeroed = at its start. */
struct sy_scan_string {
    enum { SY_SCAN_PLAIN, SY_SCAN_ESCAPE, SY_SCAN_HEX } state;
    uint8_t digits;     /* of \uXXXX, read so far */
    uint8_t rest;       /* continuation bytes of a UTF-8 character still to come */
    uint8_t low, high;  /* range of the next of them */
    uint16_t hex;       /* of \uXXXX, so far */
    uint16_t surrogate; /* first half of a pair, 0 = none waits for its second */
    bool has_nul;       /* \u0000 was in it */
    const char *bad;    /* it is no Unicode text, and why: read to its end all the same */
};

enum sy_scan_end { SY_SCAN_MORE, SY_SCAN_DONE, SY_SCAN_BROKEN };

/* Read on until the closing quote (taken too), or the end of the bytes, or a byte that breaks all
 * JSON (then *ret_taken stands at it, and *why is set). What the string says is appended to `out`
 * unless NULL. */
enum sy_scan_end sy_scan_string(struct sy_scan_string *s, const char *data, size_t len,
                                struct sy_str *out, size_t *ret_taken, const char **why);

/* A number. Zeroed = before its first character. */
enum sy_scan_number {
    SY_SCAN_NUMBER_START,
    SY_SCAN_NUMBER_MINUS,
    SY_SCAN_NUMBER_ZERO,
    SY_SCAN_NUMBER_INT,
    SY_SCAN_NUMBER_POINT,
    SY_SCAN_NUMBER_FRACTION,
    SY_SCAN_NUMBER_E,
    SY_SCAN_NUMBER_SIGN,
    SY_SCAN_NUMBER_EXPONENT
};

/* True when `c` goes on with the number. */
bool sy_scan_number(enum sy_scan_number *state, char c);
/* May it end here? Is it then a real? */
bool sy_scan_number_whole(enum sy_scan_number state);
bool sy_scan_number_real(enum sy_scan_number state);

#endif
