/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that a file must not use twice, each with the line that used it. */
#ifndef SY_TOPOLOGY_DISCOVER_MARKS_H
#define SY_TOPOLOGY_DISCOVER_MARKS_H

#include "topology/discover/xml.h"

struct sy_mark {
    uint64_t key;
    unsigned line;
};

/* Starts zeroed. */
struct sy_marks {
    size_t n, size;
    struct sy_mark *mark;
};

/* SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_marks_add(struct sy_marks *marks, uint64_t key, unsigned line,
                                       struct sy_err *err);
/* Sort by key and line; the later of two marks with one key, and the line of the earlier, or NULL.
 */
const struct sy_mark *sy_marks_twice(struct sy_marks *marks, unsigned *ret_first);
/* After sy_marks_twice: is the key there? */
bool sy_marks_has(const struct sy_marks *marks, uint64_t key);
void sy_marks_done(struct sy_marks *marks);

#endif
