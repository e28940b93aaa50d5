/* SPDX-License-Identifier: Apache-2.0 */
/* The running sums of a set that grows and shrinks by one unit, and its value. */
#ifndef SY_SCORING_VALUE_STATE_H
#define SY_SCORING_VALUE_STATE_H

#include "scoring/value_private.h"

struct sy_value_sum {
    uint64_t weights, degree, own;
    int64_t watts;
    uint32_t mbps, flags;
};

/* A set in the making. */
struct sy_value_state {
    uint32_t npick, lost; /* lost: weight of the groups broken */
    uint16_t *unit;       /* local, in the order of picking */
    uint8_t *entry;
    struct sy_value_sum *sum; /* [i]: of the first i picks */
    uint64_t *far;            /* per pick: picks that it has no overlay link to */
    uint64_t *inside;         /* per node: picks in it */
    uint16_t *below, *hit;    /* per node, per group: number of picks in it */
};

SY_NODISCARD enum sy_code sy_value_state_new(const struct sy_value_context *c,
                                             struct sy_arena *arena, struct sy_value_state **ret,
                                             struct sy_err *err);
void sy_value_push(const struct sy_value_context *c, struct sy_value_state *s, unsigned unit,
                   unsigned entry);
void sy_value_pop(const struct sy_value_context *c, struct sy_value_state *s);
/* The value of the picks so far, and the key by which sets are ranked: the weighted sum of the
 * terms, then what LEFTOVER keeps, finer. */
uint64_t sy_value_finish(const struct sy_value_context *c, const struct sy_value_state *s,
                         struct sy_value *ret);
/* Lowest pair so far (one pick: to its host bridge), SY_VALUE_NO_LIMIT when none is known. */
uint32_t sy_value_lowest(const struct sy_value_context *c, const struct sy_value_state *s);
/* What LEFTOVER keeps for these losses, 0..2,000,000. */
uint32_t sy_value_kept(const struct sy_value_context *c, uint64_t lost_groups,
                       uint64_t lost_degree);
/* The LEFTOVER term of what is kept; neutral on a node that reports nothing. */
uint16_t sy_value_leftover(const struct sy_value_context *c, uint32_t kept);
/* Do the picks so far lie as the requirements say; and do they reach min-bandwidth as well? Once
 * false, more picks do not make it true. */
bool sy_value_lies(const struct sy_value_context *c, const struct sy_value_state *s);
bool sy_value_meets(const struct sy_value_context *c, const struct sy_value_state *s);

#endif
