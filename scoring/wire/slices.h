/* SPDX-License-Identifier: Apache-2.0 */
/* Private to wire: where the values of a JSON text stand, so that they can be sent back byte for
 * byte (a parser's tree would turn 1.0 and 1e3 into something else). The text has been parsed
 * before: these functions trust it to be JSON. */
#ifndef SY_SCORING_WIRE_SLICES_H
#define SY_SCORING_WIRE_SLICES_H

#include "scoring/wire/wire.h"

/* The last member of the object `text` whose key is exactly `key`; data NULL = none. */
SY_NODISCARD enum sy_code sy_slice_member(struct sy_slice text, const char *key,
                                          struct sy_slice *ret, struct sy_err *err);
/* The first `n` elements of the array `text`; returns how many it has, at most n + 1. */
size_t sy_slice_items(struct sy_slice text, struct sy_slice *item, size_t n);

/* Steps over one thing at `p`, never past `end`; on what is not JSON they stop somewhere. */
const char *sy_skip_blanks(const char *p, const char *end);
const char *sy_skip_string(const char *p, const char *end); /* `p` stands on the opening quote */
const char *sy_skip_value(const char *p, const char *end);

#endif
