/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/report/report_private.h"

#include <string.h>

void sy_tally_add(struct sy_tally *to, const struct sy_tally *what)
{
    to->delivered += what->delivered;
    to->healthy += what->healthy;
    to->allocated += what->allocated;
    to->free += what->free;
    to->closed += what->closed;
    to->held_milli += what->held_milli;
    to->parts += what->parts;
}

bool sy_report_takes_pods(const struct sy_state_node *node)
{
    return node->ready && !node->unschedulable;
}

bool sy_report_offers(const struct sy_state *state, const struct sy_state_node *node,
                      const struct sy_amount *amount)
{
    return node->node == NULL && amount->value > 0 &&
           sy_catalogue_resource_find(state->catalogue, amount->name) >= 0;
}

const char *sy_report_model(const struct sy_unit *unit)
{
    return unit->model->generic ? "unknown model" : unit->model->model;
}

int64_t sy_report_unit_mw(const struct sy_node *node, unsigned unit)
{
    int64_t cap_mw = node->usage->unit[unit].cap_mw;
    return cap_mw != SY_UNKNOWN_MW ? cap_mw : node->fabric->unit[unit].tdp_mw;
}

unsigned sy_report_kind_of(const struct sy_catalogue *cat, unsigned resource)
{
    const struct sy_entry entry = {.resource = (uint16_t)resource};
    for (unsigned kind = 0; kind < SY_KIND_COUNT; kind++)
        if (sy_request_entry_has_kind(cat, &entry, kind))
            return kind;
    return SY_KIND_COUNT;
}

/* A device is held when it is, or when a virtual function of it is. */
static uint32_t held_milli(const struct sy_node *node, unsigned unit)
{
    const struct sy_fabric *f = node->fabric;
    uint32_t milli = node->usage->unit[unit].held;
    const struct sy_devset *card = &f->card[f->unit[unit].card].units;
    SY_DEVSET_EACH(i, card)
    {
        if (f->unit[i].pf == (int16_t)unit)
            milli += node->usage->unit[i].held * (uint32_t)f->unit[i].share / SY_WHOLE;
    }
    return milli < SY_WHOLE ? milli : SY_WHOLE;
}

void sy_tally_unit(const struct sy_state_node *node, unsigned unit, struct sy_tally *ret)
{
    *ret = (struct sy_tally){0};
    if (node->node->fabric->unit[unit].pf >= 0) {
        ret->parts = 1;
        return;
    }
    bool healthy = sy_devset_has(&node->node->usage->healthy, unit);
    ret->delivered = 1;
    ret->healthy = healthy;
    ret->held_milli = held_milli(node->node, unit);
    ret->allocated = ret->held_milli > 0;
    bool whole = ret->held_milli == 0 && healthy;
    ret->free = whole && sy_report_takes_pods(node);
    ret->closed = whole && !sy_report_takes_pods(node);
}

/* `n` more are held, nobody knows which: of the healthy ones as long as there are. */
static void take(struct sy_tally *from, int64_t n)
{
    int64_t left = from->delivered - from->allocated;
    n = n < left ? n : left;
    from->allocated += n;
    from->held_milli += n * SY_WHOLE;
    int64_t open = n < from->free ? n : from->free;
    from->free -= open;
    n -= open;
    from->closed -= n < from->closed ? n : from->closed;
}

static void count_held(const struct sy_node *node, struct sy_tally kind[SY_KIND_COUNT])
{
    for (unsigned i = 0; i < node->usage->ncounted; i++) {
        const struct sy_counted *counted = &node->usage->counted[i];
        unsigned k = sy_report_kind_of(node->fabric->catalogue, counted->resource);
        if (k < SY_KIND_COUNT)
            take(&kind[k], counted->count);
    }
}

void sy_tally_node(const struct sy_state_node *node, struct sy_tally kind[SY_KIND_COUNT])
{
    for (unsigned k = 0; k < SY_KIND_COUNT; k++)
        kind[k] = (struct sy_tally){0};
    if (node->node == NULL)
        return;
    for (unsigned u = 0; u < node->node->fabric->nunit; u++) {
        struct sy_tally one;
        sy_tally_unit(node, u, &one);
        sy_tally_add(&kind[node->node->fabric->unit[u].kind], &one);
    }
    count_held(node->node, kind);
}

/* The device that a unit is, or is a part of. */
static unsigned device_of(const struct sy_fabric *fabric, unsigned unit)
{
    return fabric->unit[unit].pf >= 0 ? (unsigned)fabric->unit[unit].pf : unit;
}

/* Index of the unit's model; one more where it is new. */
static size_t model_of(const struct sy_fabric *fabric, unsigned unit, struct sy_tally_model *model,
                       size_t *n)
{
    const struct sy_unit *device = &fabric->unit[device_of(fabric, unit)];
    const char *name = sy_report_model(device);
    size_t m = 0;
    while (m < *n && (model[m].kind != device->kind || strcmp(model[m].name, name) != 0))
        m++;
    if (m == *n)
        model[(*n)++] =
            (struct sy_tally_model){.name = name, .kind = device->kind, .sum = (uint16_t)m};
    return m;
}

/* Both are told as one from now on: as the one that comes first. */
static uint16_t join(struct sy_tally_model *model, size_t n, uint16_t a, uint16_t b)
{
    uint16_t to = a < b ? a : b, from = a < b ? b : a;
    if (to == from)
        return to;
    sy_tally_add(&model[to].tally, &model[from].tally);
    for (size_t i = 0; i < n; i++)
        if (model[i].sum == from)
            model[i].sum = to;
    return to;
}

/* Where what is counted of a resource goes: the models of devices that serve it, made one; n = to
 * none. */
static size_t join_counted(const struct sy_node *node, unsigned resource,
                           struct sy_tally_model *model, size_t n)
{
    const struct sy_fabric *fabric = node->fabric;
    unsigned kind = sy_report_kind_of(fabric->catalogue, resource);
    size_t to = n;
    for (unsigned u = 0; u < fabric->nunit; u++) {
        if (!sy_devset_has(&fabric->unit[u].resources, resource))
            continue;
        size_t m = model_of(fabric, u, model, &n);
        if (model[m].kind == kind)
            to = to == n ? model[m].sum : join(model, n, (uint16_t)to, model[m].sum);
    }
    return to;
}

size_t sy_tally_models(const struct sy_state_node *node, struct sy_tally_model *ret)
{
    size_t n = 0;
    if (node->node == NULL)
        return 0;
    for (unsigned u = 0; u < node->node->fabric->nunit; u++) {
        struct sy_tally one;
        sy_tally_unit(node, u, &one);
        sy_tally_add(&ret[model_of(node->node->fabric, u, ret, &n)].tally, &one);
    }
    const struct sy_usage *usage = node->node->usage;
    for (unsigned i = 0; i < usage->ncounted; i++)
        (void)join_counted(node->node, usage->counted[i].resource, ret, n);
    for (unsigned i = 0; i < usage->ncounted; i++) { /* all that are one are now */
        size_t to = join_counted(node->node, usage->counted[i].resource, ret, n);
        if (to < n)
            take(&ret[to].tally, usage->counted[i].count);
    }
    return n;
}

static void write_unknown(struct sy_writer *w, json_t *row)
{
    static const char *const member[] = {"delivered", "healthy", "allocated",
                                         "free",      "closed",  "allocatedPercent"};
    for (size_t i = 0; i < sizeof member / sizeof member[0]; i++)
        sy_write(w, row, member[i], json_null());
}

void sy_write_tally(struct sy_writer *w, json_t *row, const struct sy_tally *tally)
{
    if (tally == NULL) {
        write_unknown(w, row);
        return;
    }
    sy_write_int(w, row, "delivered", tally->delivered);
    sy_write_int(w, row, "healthy", tally->healthy);
    sy_write_int(w, row, "allocated", tally->allocated);
    sy_write_int(w, row, "free", tally->free);
    sy_write_int(w, row, "closed", tally->closed);
    sy_write_percent(w, row, "allocatedPercent", tally->held_milli, tally->delivered * SY_WHOLE);
}
