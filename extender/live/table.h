/* SPDX-License-Identifier: Apache-2.0 */
/* A set of records that are found by a key in them: open addressing over 64-bit hashes. It owns the
 * slots, never the records. Not for sharing between threads. */
#ifndef SY_EXTENDER_LIVE_TABLE_H
#define SY_EXTENDER_LIVE_TABLE_H

#include "base/mem.h"

#include <stdint.h>

struct sy_slot {
    uint64_t hash;
    void *record; /* NULL = empty */
};

struct sy_table {
    size_t n, size; /* size: a power of two, or 0; at most three quarters are taken */
    struct sy_slot *slot;
};

/* Is this the record of that key? */
typedef bool sy_table_match_fn(const void *record, const void *key);

/* NULL = none. */
void *sy_table_find(const struct sy_table *table, uint64_t hash, sy_table_match_fn *match,
                    const void *key);
/* No record of the same key may be there. False when out of memory. */
bool sy_table_add(struct sy_table *table, uint64_t hash, void *record) SY_NODISCARD;
/* Take the record out; it must be there. Who goes through the slots looks at slot `i` again after
 * the record of slot `i` was taken out. */
void sy_table_remove(struct sy_table *table, uint64_t hash, const void *record);
void sy_table_done(struct sy_table *table);

#endif
