/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/holders.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* One id that somebody holds, mapped. */
struct held_id {
    uint16_t unit, share;
    const char *resource, *id;
};

struct mapper {
    const struct sy_fabric *fabric;
    const struct sy_device_ids *ids;
    struct sy_memory *memory;
    const struct sy_checkpoint *checkpoint;
    struct sy_arena *arena;
    struct sy_holdings *made;
    size_t nheld;
    struct held_id *held;
};

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for the holders");
}

static bool is_ours(const struct mapper *m, const char *resource)
{
    return sy_catalogue_resource_find(m->fabric->catalogue, resource) >= 0;
}

/* Of several the first by text is told, so that the order of the answer does not matter. */
static enum sy_code add_unmapped(struct mapper *m, const char *resource, const char *id,
                                 const char *why, struct sy_err *err)
{
    char name[200], what[120];
    const char *text = sy_arena_printf(m->arena, "%s %s: %s",
                                       sy_quote(name, sizeof name, resource, strlen(resource)),
                                       sy_quote(what, sizeof what, id, strlen(id)), why);
    if (text == NULL)
        return no_memory(err);
    m->made->unmapped++;
    if (m->made->unmapped_first == NULL || strcmp(text, m->made->unmapped_first) < 0)
        m->made->unmapped_first = text;
    return SY_OK;
}

static enum sy_code add_held(struct mapper *m, const char *resource, const char *id,
                             const struct sy_pod_ref *holder, const char *uid, bool ours,
                             struct sy_err *err)
{
    struct sy_device_place place;
    sy_memory_find(m->memory, m->fabric, m->ids, resource, id, &place);
    if (place.way == SY_DEVICE_WAY_NONE || place.unit < 0 || place.unit >= m->fabric->nunit)
        return ours ? add_unmapped(m, resource, id, place.why, err) : SY_OK;
    uint16_t unit = (uint16_t)place.unit;
    m->held[m->nheld++] = (struct held_id){
        .unit = unit,
        .share = place.share > 0 && place.share < SY_WHOLE ? place.share : SY_WHOLE,
        .resource = resource,
        .id = id,
    };
    m->made->holding[m->made->nholding++] = (struct sy_holding){
        .unit = unit,
        .namespace_ = holder->namespace_,
        .name = holder->pod,
        .container = holder->container,
        .uid = uid,
    };
    return SY_OK;
}

static enum sy_code map_held(struct mapper *m, const struct sy_pod_resources *answer,
                             struct sy_err *err)
{
    size_t n = answer->ndevice + answer->nclaim;
    enum sy_code code = SY_OK;
    m->held = sy_arena_calloc(m->arena, n, sizeof *m->held);
    m->made->holding = sy_arena_calloc(m->arena, n, sizeof *m->made->holding);
    if (m->held == NULL || m->made->holding == NULL)
        return no_memory(err);
    for (size_t i = 0; i < answer->ndevice && code == SY_OK; i++) {
        const struct sy_pod_device *d = &answer->device[i];
        const char *uid = m->checkpoint != NULL
                              ? sy_checkpoint_pod_uid(m->checkpoint, d->resource, d->device_id,
                                                      d->holder.container)
                              : NULL;
        code =
            add_held(m, d->resource, d->device_id, &d->holder, uid, is_ours(m, d->resource), err);
    }
    /* A driver's names are its own: what cannot be mapped may well be ours. */
    for (size_t i = 0; i < answer->nclaim && code == SY_OK; i++) {
        const struct sy_pod_claim *c = &answer->claim[i];
        code = add_held(m, c->driver, c->device, &c->holder, NULL, true, err);
    }
    return code;
}

static int held_cmp(const void *left, const void *right)
{
    const struct held_id *a = left, *b = right;
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    int order = strcmp(a->resource, b->resource);
    return order != 0 ? order : strcmp(a->id, b->id);
}

static void sum_held(struct mapper *m)
{
    if (m->nheld > 0)
        qsort(m->held, m->nheld, sizeof *m->held, held_cmp);
    for (size_t i = 0; i < m->nheld; i++) {
        const struct held_id *id = &m->held[i];
        if (i > 0 && held_cmp(id, id - 1) == 0)
            continue;
        unsigned sum = m->made->held[id->unit] + id->share;
        m->made->held[id->unit] = (uint16_t)(sum < SY_WHOLE ? sum : SY_WHOLE);
    }
}

static int holding_cmp(const void *left, const void *right)
{
    const struct sy_holding *a = left, *b = right;
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    int order = strcmp(a->namespace_, b->namespace_);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->container, b->container);
}

static int uid_cmp(const void *left, const void *right)
{
    const struct sy_holding *a = left, *b = right;
    int order = holding_cmp(a, b);
    if (order != 0 || a->uid == b->uid)
        return order;
    if (a->uid == NULL || b->uid == NULL) /* a known one first */
        return a->uid == NULL ? 1 : -1;
    return strcmp(a->uid, b->uid);
}

/* Sort, keep one of each, and at most so many of a unit. */
static enum sy_code tidy_holdings(struct mapper *m, struct sy_err *err)
{
    struct sy_holdings *made = m->made;
    size_t kept = 0, of_unit = 0;
    enum sy_code code = SY_OK;
    if (made->nholding > 0)
        qsort(made->holding, made->nholding, sizeof *made->holding, uid_cmp);
    for (size_t i = 0; i < made->nholding && code == SY_OK; i++) {
        const struct sy_holding *holding = &made->holding[i];
        const struct sy_holding *last = kept > 0 ? &made->holding[kept - 1] : NULL;
        if (last != NULL && holding_cmp(holding, last) == 0)
            continue;
        of_unit = last != NULL && last->unit == holding->unit ? of_unit + 1 : 1;
        if (of_unit > SY_UNIT_HOLDERS_MAX) {
            char addr[SY_PCI_ADDR_TEXT];
            of_unit = SY_UNIT_HOLDERS_MAX;
            code = add_unmapped(m, sy_pci_addr_format(m->fabric->unit[holding->unit].addr, addr),
                                holding->name, "more holders than are told", err);
            continue;
        }
        made->holding[kept++] = *holding;
    }
    made->nholding = kept;
    return code;
}

static int offer_cmp(const void *left, const void *right)
{
    const struct sy_offer *a = left, *b = right;
    return strcmp(a->resource, b->resource);
}

static void add_offer(struct sy_holdings *made, const char *resource)
{
    size_t i = 0;
    while (i < made->noffer && strcmp(made->offer[i].resource, resource) != 0)
        i++;
    if (i == SY_OFFERS_MAX)
        return;
    if (i == made->noffer)
        made->offer[made->noffer++] = (struct sy_offer){.resource = resource};
    made->offer[i].allocatable++;
}

static enum sy_code map_offered(struct mapper *m, const struct sy_pod_resources *answer,
                                struct sy_err *err)
{
    struct sy_holdings *made = m->made;
    made->knows_offered = answer->has_allocatable;
    made->offer = sy_arena_calloc(m->arena, SY_OFFERS_MAX, sizeof *made->offer);
    if (made->offer == NULL)
        return no_memory(err);
    for (size_t i = 0; i < answer->nallocatable; i++) {
        const struct sy_allocatable_device *d = &answer->allocatable[i];
        struct sy_device_place place;
        sy_memory_find(m->memory, m->fabric, m->ids, d->resource, d->device_id, &place);
        bool mapped =
            place.way != SY_DEVICE_WAY_NONE && place.unit >= 0 && place.unit < m->fabric->nunit;
        if (mapped)
            sy_devset_add(&made->offered, (unsigned)place.unit);
        if (mapped || is_ours(m, d->resource))
            add_offer(made, d->resource);
    }
    if (made->noffer > 0)
        qsort(made->offer, made->noffer, sizeof *made->offer, offer_cmp);
    return SY_OK;
}

enum sy_code sy_holders_map(const struct sy_fabric *fabric, const struct sy_pod_resources *answer,
                            const struct sy_device_ids *ids, struct sy_memory *memory,
                            const struct sy_checkpoint *checkpoint, struct sy_arena *arena,
                            struct sy_holdings **ret, struct sy_err *err)
{
    struct mapper m = {
        .fabric = fabric, .ids = ids, .memory = memory, .checkpoint = checkpoint, .arena = arena};
    m.made = sy_arena_calloc(arena, 1, sizeof *m.made);
    if (m.made == NULL)
        return no_memory(err);
    enum sy_code code = map_held(&m, answer, err);
    if (code == SY_OK)
        code = tidy_holdings(&m, err);
    if (code == SY_OK)
        code = map_offered(&m, answer, err);
    if (code != SY_OK)
        return code;
    sum_held(&m);
    *ret = m.made;
    return SY_OK;
}
