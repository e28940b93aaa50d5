/* SPDX-License-Identifier: Apache-2.0 */
/* Placements remembered by content: (node state, request, profile, budget) → placement. Bounded;
 * the oldest go first. Not thread-safe: one per thread, or behind the owner's lock. */
#ifndef SY_SCORING_MEMO_H
#define SY_SCORING_MEMO_H

#include "scoring/placement.h"

struct sy_memo;

/* At most `max_entries` placements (about 2 KB each). NULL when out of memory. */
struct sy_memo *sy_memo_new(size_t max_entries) SY_NODISCARD;
void sy_memo_free(struct sy_memo *memo); /* takes NULL */
void sy_memo_clear(struct sy_memo *memo);
/* Borrowed until the next put or clear; NULL = not remembered. */
const struct sy_placement *sy_memo_find(struct sy_memo *memo, struct sy_digest key);
/* Remember a copy; forgetting instead is no failure. */
void sy_memo_put(struct sy_memo *memo, struct sy_digest key, const struct sy_placement *placement);
struct sy_memo_stats {
    uint64_t hits, misses, entries;
};
struct sy_memo_stats sy_memo_stats(const struct sy_memo *memo);

#endif
