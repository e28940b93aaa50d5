/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/cluster_private.h"

#include <string.h>

struct sy_name_index *sy_name_index_new(uint32_t n)
{
    uint32_t size = sy_table_size(n);
    struct sy_name_index *index =
        sy_calloc(1, sizeof *index + (size_t)size * sizeof index->slot[0]);
    if (index == NULL)
        return NULL;
    index->refs = 1;
    index->mask = size - 1;
    return index;
}

struct sy_name_index *sy_name_index_ref(struct sy_name_index *index)
{
    (void)__atomic_fetch_add(&index->refs, 1, __ATOMIC_RELAXED);
    return index;
}

void sy_name_index_unref(struct sy_name_index *index)
{
    if (index != NULL && __atomic_fetch_sub(&index->refs, 1, __ATOMIC_ACQ_REL) == 1)
        sy_free(index);
}

void sy_name_index_add(struct sy_name_index *index, const struct sy_node *node, uint32_t position)
{
    uint32_t slot = (uint32_t)sy_hash_name(node->name, node->name_len) & index->mask;
    while (index->slot[slot] != 0)
        slot = (slot + 1) & index->mask;
    index->slot[slot] = position + 1;
}

int64_t sy_name_index_find(const struct sy_name_index *index, struct sy_node *const *node,
                           const char *name, size_t len)
{
    uint32_t slot = (uint32_t)sy_hash_name(name, len) & index->mask;
    for (; index->slot[slot] != 0; slot = (slot + 1) & index->mask) {
        const struct sy_node *found = node[index->slot[slot] - 1];
        if (found->name_len == len && memcmp(found->name, name, len) == 0)
            return index->slot[slot] - 1;
    }
    return -1;
}
