/* SPDX-License-Identifier: Apache-2.0 */
/* A set of small numbers 0..SY_DEVSET_MAX-1, passed by value: units of one node, or resource names
 * of one catalogue. */
#ifndef SY_BASE_DEVSET_H
#define SY_BASE_DEVSET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SY_DEVSET_MAX 256u
#define SY_DEVSET_WORDS (SY_DEVSET_MAX / 64)

struct sy_devset {
    uint64_t w[SY_DEVSET_WORDS];
};

#define SY_DEVSET_EMPTY ((struct sy_devset){{0, 0, 0, 0}})

static inline void sy_devset_add(struct sy_devset *set, unsigned id)
{
    set->w[id / 64] |= UINT64_C(1) << (id % 64);
}
static inline void sy_devset_del(struct sy_devset *set, unsigned id)
{
    set->w[id / 64] &= ~(UINT64_C(1) << (id % 64));
}
static inline bool sy_devset_has(const struct sy_devset *set, unsigned id)
{
    return set->w[id / 64] >> (id % 64) & 1;
}
static inline struct sy_devset sy_devset_and(struct sy_devset a, struct sy_devset b)
{
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        a.w[i] &= b.w[i];
    return a;
}
static inline struct sy_devset sy_devset_or(struct sy_devset a, struct sy_devset b)
{
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        a.w[i] |= b.w[i];
    return a;
}
static inline struct sy_devset sy_devset_minus(struct sy_devset a, struct sy_devset b)
{
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        a.w[i] &= ~b.w[i];
    return a;
}
static inline bool sy_devset_empty(const struct sy_devset *set)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        any |= set->w[i];
    return any == 0;
}
static inline bool sy_devset_equal(const struct sy_devset *a, const struct sy_devset *b)
{
    uint64_t diff = 0;
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        diff |= a->w[i] ^ b->w[i];
    return diff == 0;
}
static inline bool sy_devset_subset(const struct sy_devset *a, const struct sy_devset *of)
{
    uint64_t extra = 0;
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        extra |= a->w[i] & ~of->w[i];
    return extra == 0;
}
static inline unsigned sy_devset_count(const struct sy_devset *set)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SY_DEVSET_WORDS; i++)
        n += (unsigned)__builtin_popcountll(set->w[i]);
    return n;
}
/* Smallest member >= from, or -1. Iterate: for (int i = sy_devset_next(&s, 0); i >= 0;
 * i = sy_devset_next(&s, (unsigned)i + 1)) */
static inline int sy_devset_next(const struct sy_devset *set, unsigned from)
{
    if (from >= SY_DEVSET_MAX)
        return -1;
    unsigned i = from / 64;
    uint64_t w = set->w[i] & (~UINT64_C(0) << (from % 64));
    while (w == 0) {
        if (++i == SY_DEVSET_WORDS)
            return -1;
        w = set->w[i];
    }
    return (int)(i * 64 + (unsigned)__builtin_ctzll(w));
}
#define SY_DEVSET_EACH(i, set)                                                                     \
    for (int i = sy_devset_next((set), 0); i >= 0; i = sy_devset_next((set), (unsigned)i + 1))

/* Parse "0-3,7" ("" is the empty set). Sets *ret_set only on success.
 * SY_EPARSE: not of that form, the text names the column. SY_ELIMIT: an id >= 256, or ids that do
 * not ascend. */
SY_NODISCARD enum sy_code sy_devset_parse(const char *text, struct sy_devset *ret_set,
                                          struct sy_err *err) __attribute__((nonnull(1, 2)));

/* Write the canonical form, always terminated when size > 0; returns the length it needed (like
 * snprintf). */
size_t sy_devset_format(const struct sy_devset *set, char *buf, size_t size);

#endif
