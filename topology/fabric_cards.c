/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

#include <assert.h>

static bool is_vf(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t u)
{
    return in->vf[f->unit[u].obj];
}

static uint16_t new_card(struct sy_fabric *f, uint16_t first)
{
    struct sy_card *card = &f->card[f->ncard];
    card->addr = f->unit[first].addr;
    card->capacity = SY_WHOLE;
    return f->ncard++;
}

static void put(struct sy_fabric *f, uint16_t unit, uint16_t card, unsigned parts)
{
    assert(parts > 0);
    f->unit[unit].card = card;
    f->unit[unit].share = (uint16_t)(parts < SY_WHOLE ? SY_WHOLE / parts : 1);
    sy_devset_add(&f->card[card].units, unit);
}

/* Physical units: one card each, or `units_per_card` consecutive ones of a model. A card does not
 * span NUMA nodes, so a lost unit shifts the grouping no further than its own node. */
static void group_physical(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (is_vf(f, in, u) || f->unit[u].share != 0)
            continue;
        const struct sy_model *model = f->unit[u].model;
        unsigned per_card = model->units_per_card > 1 ? model->units_per_card : 1;
        if (model->units_per_function > 1)
            per_card *= model->units_per_function;
        unsigned left = per_card;
        uint16_t card = new_card(f, u);
        for (uint16_t k = u; k < f->nunit && left > 0; k++) {
            if (f->unit[k].model != model || is_vf(f, in, k) || f->unit[k].share != 0)
                continue;
            if (in->local[f->unit[k].obj].numa != in->local[f->unit[u].obj].numa)
                break;
            put(f, k, card, per_card);
            left--;
        }
    }
}

/* Virtual functions whose physical function is named by sysfs but is no unit (given away, or its
 * driver unknown to the catalogue) still share a card. */
static bool same_hidden_pf(const struct sy_fabric *f, uint16_t a, uint16_t b)
{
    const struct sy_obj *x = &f->inv.obj[f->unit[a].obj], *y = &f->inv.obj[f->unit[b].obj];
    return f->unit[a].pf < 0 && f->unit[b].pf < 0 && x->has_physfn && y->has_physfn &&
           x->parent == y->parent && sy_pci_addr_cmp(x->physfn, y->physfn) == 0;
}

static bool siblings(const struct sy_fabric *f, uint16_t a, uint16_t b)
{
    if (a == b)
        return true;
    if (f->unit[a].pf >= 0)
        return f->unit[a].pf == f->unit[b].pf;
    return same_hidden_pf(f, a, b);
}

static void group_virtual(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (!is_vf(f, in, u) || f->unit[u].share != 0)
            continue;
        unsigned parts = 0;
        for (uint16_t k = u; k < f->nunit; k++)
            parts += is_vf(f, in, k) && siblings(f, u, k);
        int16_t pf = f->unit[u].pf;
        uint16_t card = pf >= 0 ? f->unit[pf].card : new_card(f, u);
        if (pf >= 0)
            parts *= SY_WHOLE / f->unit[pf].share; /* a part of a part */
        for (uint16_t k = u; k < f->nunit; k++) {
            if (is_vf(f, in, k) && siblings(f, u, k))
                put(f, k, card, parts);
        }
    }
}

enum sy_code sy_fabric_find_cards(struct sy_fabric *f, const struct sy_fabric_inner *in,
                                  struct sy_err *err)
{
    f->card = sy_arena_calloc(f->arena, f->nunit, sizeof *f->card);
    if (f->card == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    group_physical(f, in);
    group_virtual(f, in);
    for (uint16_t c = 0; c < f->ncard; c++) {
        int first = sy_devset_next(&f->card[c].units, 0);
        f->card[c].addr = f->unit[first].addr;
    }
    /* A card's address is that of its lowest function: a management function may lie lower. */
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        if (in->unit_of[i] == 0)
            continue;
        struct sy_card *card = &f->card[f->unit[in->unit_of[i] - 1].card];
        if (sy_pci_addr_cmp(f->inv.obj[i].addr, card->addr) < 0)
            card->addr = f->inv.obj[i].addr;
    }
    return SY_OK;
}
