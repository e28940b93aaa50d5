/* SPDX-License-Identifier: Apache-2.0 */
/* Private to wire: NodeNames → candidates, by two readers: one of the parser's tree, which takes
 * all that JSON allows and has the messages; and one of the bytes, for the plain arrays that a
 * scheduler sends, which spares the parser thousands of strings. */
#ifndef SY_SCORING_WIRE_NAMES_H
#define SY_SCORING_WIRE_NAMES_H

#include "base/json.h"
#include "scoring/wire/wire.h"

#define SY_NAME_LEN_MAX 1024u

/* Names are borrowed from `array`. SY_EINVAL: not strings; SY_ELIMIT: too many, or too long. */
SY_NODISCARD enum sy_code sy_names_read(const json_t *array, const struct sy_path *at,
                                        struct sy_arena *arena, struct sy_candidate **ret,
                                        size_t *ret_n, struct sy_err *err);

/* Where the array of names stands in a body, and what it holds. */
struct sy_names {
    struct sy_slice at; /* data NULL: nothing for this reader; let the parser see all */
    struct sy_candidate *candidate;
    size_t n;
};

/* Find and read the one top-level member that is NodeNames in any case, when it is an array of
 * strings of printable ASCII without escapes, within the limits. The rest of the body is not
 * judged. */
SY_NODISCARD enum sy_code sy_names_scan(struct sy_slice body, struct sy_arena *arena,
                                        struct sy_names *ret, struct sy_err *err);

#endif
