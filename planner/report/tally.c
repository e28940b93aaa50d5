/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/report/report_private.h"

void sy_tally_add(struct sy_tally *to, const struct sy_tally *what)
{
    to->delivered += what->delivered;
    to->healthy += what->healthy;
    to->allocated += what->allocated;
    to->free += what->free;
    to->held_milli += what->held_milli;
    to->parts += what->parts;
}

bool sy_report_takes_pods(const struct sy_state_node *node)
{
    return node->ready && !node->unschedulable;
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
    ret->free = ret->held_milli == 0 && healthy && sy_report_takes_pods(node);
}

/* Devices that are held, nobody knows which: of the free ones. */
static void count_held(const struct sy_node *node, struct sy_tally kind[SY_KIND_COUNT])
{
    for (unsigned i = 0; i < node->usage->ncounted; i++) {
        const struct sy_counted *counted = &node->usage->counted[i];
        unsigned k = sy_report_kind_of(node->fabric->catalogue, counted->resource);
        if (k == SY_KIND_COUNT)
            continue;
        int64_t left = kind[k].delivered - kind[k].allocated;
        int64_t n = counted->count < left ? counted->count : left;
        kind[k].allocated += n;
        kind[k].held_milli += n * SY_WHOLE;
        kind[k].free = kind[k].free > n ? kind[k].free - n : 0;
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

void sy_write_tally(struct sy_writer *w, json_t *row, const struct sy_tally *tally)
{
    sy_write_int(w, row, "delivered", tally->delivered);
    sy_write_int(w, row, "healthy", tally->healthy);
    sy_write_int(w, row, "allocated", tally->allocated);
    sy_write_int(w, row, "free", tally->free);
    sy_write_percent(w, row, "allocatedPercent", tally->held_milli, tally->delivered * SY_WHOLE);
}
