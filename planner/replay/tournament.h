/* SPDX-License-Identifier: Apache-2.0 */
/* The best of many numbers that change one at a time: a tree of maxima, sixteen to a node, so that
 * a round is a cache line. Who comes first wins a tie; or the tied are counted and one is picked by
 * its number. */
#ifndef SY_PLANNER_REPLAY_TOURNAMENT_H
#define SY_PLANNER_REPLAY_TOURNAMENT_H

#include "base/mem.h"

#include <stdint.h>

#define SY_TOURNAMENT_OUT INT32_MIN /* takes no part */
#define SY_TOURNAMENT_FAN 16u
#define SY_TOURNAMENT_LEVELS 9u /* of 2^32 numbers */

struct sy_tournament {
    unsigned levels;                      /* the last one has a single number */
    uint32_t start[SY_TOURNAMENT_LEVELS]; /* of each level in `best`; level 0 at 0 */
    uint32_t size;                        /* of `best` */
    int32_t *best;  /* the numbers themselves, then the best of each sixteen, and so on */
    uint32_t *tied; /* how many have it, for levels from 1 on; NULL: not counted */
    void *memory;
};

/* All of `n` out (n > 0). False: out of memory. */
bool sy_tournament_init(struct sy_tournament *t, uint32_t n, bool count);
void sy_tournament_done(struct sy_tournament *t);
void sy_tournament_set(struct sy_tournament *t, uint32_t at, int32_t value);
static inline int32_t sy_tournament_get(const struct sy_tournament *t, uint32_t at)
{
    return t->best[at];
}
/* Many at once: put them, then play all rounds. */
static inline void sy_tournament_put(struct sy_tournament *t, uint32_t at, int32_t value)
{
    t->best[at] = value;
}
void sy_tournament_play(struct sy_tournament *t);

/* SY_TOURNAMENT_OUT: nobody takes part. */
static inline int32_t sy_tournament_best(const struct sy_tournament *t)
{
    return t->best[t->size - 1];
}
/* How many have the best; they must be counted. */
uint32_t sy_tournament_tied(const struct sy_tournament *t);
/* The first of the best, or, where they are counted, the one of that number among them. Somebody
 * must take part. */
uint32_t sy_tournament_winner(const struct sy_tournament *t, uint32_t number);

#endif
