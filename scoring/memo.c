/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of placements, oldest overwritten first, and chains of ring slots by key. */
#include "scoring/memo.h"

#include "base/mem.h"

#include <string.h>

#define NONE UINT32_MAX

struct entry {
    struct sy_digest key;
    uint32_t next;                  /* in its chain */
    struct sy_placement *placement; /* allocated when first used, then kept */
};

struct sy_memo {
    size_t max, used, next; /* entries, entries filled, the one to overwrite */
    size_t mask;
    struct entry *entry;
    uint32_t *chain;
    struct sy_memo_stats stats;
};

struct sy_memo *sy_memo_new(size_t max_entries)
{
    size_t chains = 1;
    if (max_entries == 0)
        max_entries = 1;
    if (max_entries > NONE / 2)
        return NULL;
    while (chains < max_entries)
        chains *= 2;
    struct sy_memo *memo = sy_calloc(1, sizeof *memo);
    if (memo == NULL)
        return NULL;
    memo->max = max_entries;
    memo->mask = chains - 1;
    memo->entry = sy_calloc(max_entries, sizeof *memo->entry);
    memo->chain = sy_calloc(chains, sizeof *memo->chain);
    if (memo->entry == NULL || memo->chain == NULL) {
        sy_memo_free(memo);
        return NULL;
    }
    sy_memo_clear(memo);
    return memo;
}

void sy_memo_free(struct sy_memo *memo)
{
    if (memo == NULL)
        return;
    for (size_t i = 0; memo->entry != NULL && i < memo->max; i++)
        sy_free(memo->entry[i].placement);
    sy_free(memo->entry);
    sy_free(memo->chain);
    sy_free(memo);
}

void sy_memo_clear(struct sy_memo *memo)
{
    memo->used = memo->next = 0;
    memo->stats.entries = 0;
    memset(memo->chain, 0xff, (memo->mask + 1) * sizeof *memo->chain);
}

static uint32_t *chain_of(struct sy_memo *memo, struct sy_digest key)
{
    return &memo->chain[(key.lo ^ key.hi) & memo->mask];
}

static struct entry *look_up(struct sy_memo *memo, struct sy_digest key)
{
    for (uint32_t i = *chain_of(memo, key); i != NONE; i = memo->entry[i].next) {
        if (sy_digest_equal(memo->entry[i].key, key))
            return &memo->entry[i];
    }
    return NULL;
}

const struct sy_placement *sy_memo_find(struct sy_memo *memo, struct sy_digest key)
{
    const struct entry *entry = look_up(memo, key);
    if (entry == NULL) {
        memo->stats.misses++;
        return NULL;
    }
    memo->stats.hits++;
    return entry->placement;
}

static void unlink_entry(struct sy_memo *memo, uint32_t index)
{
    uint32_t *at = chain_of(memo, memo->entry[index].key);
    while (*at != index)
        at = &memo->entry[*at].next;
    *at = memo->entry[index].next;
}

void sy_memo_put(struct sy_memo *memo, struct sy_digest key, const struct sy_placement *placement)
{
    struct entry *known = look_up(memo, key);
    if (known != NULL) {
        *known->placement = *placement;
        return;
    }
    struct entry *entry = &memo->entry[memo->next];
    if (entry->placement == NULL)
        entry->placement = sy_malloc(sizeof *entry->placement);
    if (entry->placement == NULL)
        return;
    if (memo->used == memo->max)
        unlink_entry(memo, (uint32_t)memo->next);
    else
        memo->used++;
    *entry->placement = *placement;
    entry->key = key;
    uint32_t *chain = chain_of(memo, key);
    entry->next = *chain;
    *chain = (uint32_t)memo->next;
    memo->next = (memo->next + 1) % memo->max;
    memo->stats.entries = memo->used;
}

struct sy_memo_stats sy_memo_stats(const struct sy_memo *memo)
{
    return memo->stats;
}
