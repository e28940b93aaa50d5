/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/live/table.h"

#define FIRST_SLOTS ((size_t)64)

void *sy_table_find(const struct sy_table *table, uint64_t hash, sy_table_match_fn *match,
                    const void *key)
{
    if (table->size == 0)
        return NULL;
    size_t mask = table->size - 1;
    for (size_t i = (size_t)hash & mask; table->slot[i].record != NULL; i = (i + 1) & mask)
        if (table->slot[i].hash == hash && match(table->slot[i].record, key))
            return table->slot[i].record;
    return NULL;
}

static void place(struct sy_slot *slot, size_t size, struct sy_slot taken)
{
    size_t i = (size_t)taken.hash & (size - 1);
    while (slot[i].record != NULL)
        i = (i + 1) & (size - 1);
    slot[i] = taken;
}

static bool grow(struct sy_table *table)
{
    size_t size = table->size > 0 ? 2 * table->size : FIRST_SLOTS;
    struct sy_slot *slot = sy_calloc(size, sizeof *slot);
    if (slot == NULL)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->slot[i].record != NULL)
            place(slot, size, table->slot[i]);
    sy_free(table->slot);
    table->slot = slot;
    table->size = size;
    return true;
}

bool sy_table_add(struct sy_table *table, uint64_t hash, void *record)
{
    if (4 * (table->n + 1) > 3 * table->size && !grow(table))
        return false;
    place(table->slot, table->size, (struct sy_slot){.hash = hash, .record = record});
    table->n++;
    return true;
}

void sy_table_remove(struct sy_table *table, uint64_t hash, const void *record)
{
    size_t mask = table->size - 1;
    size_t hole = (size_t)hash & mask;
    while (table->slot[hole].record != record)
        hole = (hole + 1) & mask;
    /* What stands behind the hole moves up, unless it would then stand before its own place. */
    for (size_t i = (hole + 1) & mask; table->slot[i].record != NULL; i = (i + 1) & mask) {
        size_t home = (size_t)table->slot[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        table->slot[hole] = table->slot[i];
        hole = i;
    }
    table->slot[hole] = (struct sy_slot){0};
    table->n--;
}

void sy_table_done(struct sy_table *table)
{
    sy_free(table->slot);
    *table = (struct sy_table){0};
}
