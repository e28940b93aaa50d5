/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/memory.h"

#include <string.h>

static uint64_t key_of(const char *resource, const char *id)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_str(&digest, resource);
    sy_digest_str(&digest, id);
    return digest.lo;
}

static struct sy_memory_entry *find(struct sy_memory *memory, uint64_t key)
{
    for (size_t i = 0; i < memory->n; i++)
        if (memory->entry[i].key == key)
            return &memory->entry[i];
    return NULL;
}

static struct sy_memory_entry *add(struct sy_memory *memory)
{
    if (memory->n == SY_MEMORY_MAX)
        return NULL;
    if (memory->n == memory->size) {
        size_t size = memory->size == 0 ? 64 : memory->size * 2;
        struct sy_memory_entry *grown = sy_realloc(memory->entry, size * sizeof *grown);
        if (grown == NULL)
            return NULL;
        memory->entry = grown;
        memory->size = size;
    }
    return &memory->entry[memory->n++];
}

static bool is_mapped(const struct sy_fabric *fabric, const struct sy_device_place *place)
{
    return place->way != SY_DEVICE_WAY_NONE && place->unit >= 0 && place->unit < fabric->nunit;
}

void sy_memory_find(struct sy_memory *memory, const struct sy_fabric *fabric,
                    const struct sy_device_ids *ids, const char *resource, const char *id,
                    struct sy_device_place *ret)
{
    uint64_t key = key_of(resource, id);
    sy_device_ids_find(ids, resource, id, ret);
    struct sy_memory_entry *known = find(memory, key);
    if (is_mapped(fabric, ret)) {
        const struct sy_unit *unit = &fabric->unit[ret->unit];
        if (known == NULL)
            known = add(memory);
        if (known != NULL)
            *known = (struct sy_memory_entry){
                .key = key, .addr = unit->addr, .index = unit->index, .share = ret->share};
        return;
    }
    int unit = known != NULL ? sy_fabric_unit_find(fabric, known->addr, known->index) : -1;
    if (unit >= 0)
        *ret = (struct sy_device_place){.way = SY_DEVICE_WAY_NAME,
                                        .addr = known->addr,
                                        .unit = (int16_t)unit,
                                        .share = known->share};
}

void sy_memory_done(struct sy_memory *memory)
{
    sy_free(memory->entry);
    *memory = (struct sy_memory){0};
}
