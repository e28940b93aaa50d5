/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of nodes in equal states, kept while nodes come and go. States go and come back (devices
 * are taken and given back), so an empty class stays until the table would have to grow for it.
 * Equal digests are taken for equal states, as in cluster.c. */
#include "topology/cluster_private.h"

#include <assert.h>
#include <string.h>

#define CLASSES_FIRST 64u

void sy_classes_done(struct sy_classes *classes)
{
    sy_free(classes->class);
    sy_free(classes->slot);
    *classes = (struct sy_classes){0};
}

/* The slot of this state, or the empty one where it belongs. */
static uint32_t slot_of(const struct sy_classes *classes, struct sy_digest state)
{
    uint32_t slot = (uint32_t)(state.lo ^ state.hi >> 32) & classes->mask;
    while (classes->slot[slot] != 0 &&
           !sy_digest_equal(classes->class[classes->slot[slot] - 1].state, state))
        slot = (slot + 1) & classes->mask;
    return slot;
}

static void fill_slots(struct sy_classes *classes)
{
    memset(classes->slot, 0, ((size_t)classes->mask + 1) * sizeof *classes->slot);
    for (uint32_t i = 0; i < classes->n; i++)
        classes->slot[slot_of(classes, classes->class[i].state)] = i + 1;
}

static bool grow(struct sy_classes *classes)
{
    uint32_t size = classes->size > 0 ? 2 * classes->size : CLASSES_FIRST;
    uint32_t nslot = sy_table_size(size);
    uint32_t *slot = sy_calloc(nslot, sizeof *slot);
    struct sy_class *class = slot != NULL ? sy_realloc(classes->class, size * sizeof *class) : NULL;
    if (class == NULL) {
        sy_free(slot);
        return false;
    }
    sy_free(classes->slot);
    classes->class = class;
    classes->size = size;
    classes->slot = slot;
    classes->mask = nslot - 1;
    fill_slots(classes);
    return true;
}

int64_t sy_classes_enter(struct sy_classes *classes, struct sy_digest state)
{
    uint32_t slot = classes->size > 0 ? slot_of(classes, state) : 0;
    if (classes->size == 0 || (classes->slot[slot] == 0 && classes->n == classes->size)) {
        if (!grow(classes))
            return -1;
        slot = slot_of(classes, state);
    }
    if (classes->slot[slot] == 0) {
        classes->class[classes->n] = (struct sy_class){.state = state};
        classes->slot[slot] = ++classes->n;
        classes->nempty++;
    }
    uint32_t index = classes->slot[slot] - 1;
    if (classes->class[index].n++ == 0)
        classes->nempty--;
    return index;
}

void sy_classes_leave(struct sy_classes *classes, uint32_t index)
{
    assert(index < classes->n && classes->class[index].n > 0);
    if (--classes->class[index].n == 0)
        classes->nempty++;
}

uint32_t sy_classes_number(struct sy_classes *classes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < classes->n; i++)
        if (classes->class[i].n > 0)
            classes->class[i].number = n++;
    return n;
}

bool sy_classes_is_sparse(const struct sy_classes *classes)
{
    return classes->n == classes->size && classes->n > 0 && classes->nempty >= classes->n / 2;
}

void sy_classes_shrink(struct sy_classes *classes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < classes->n; i++)
        if (classes->class[i].n > 0)
            classes->class[n++] = classes->class[i];
    classes->n = n;
    classes->nempty = 0;
    fill_slots(classes);
}
