/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

static const uint8_t path_of_link[SY_LINK_TYPE_COUNT] = {
    [SY_LINK_NONE] = SY_PATH_UNKNOWN, [SY_LINK_NVL] = SY_PATH_NVL,
    [SY_LINK_XGMI] = SY_PATH_XGMI,    [SY_LINK_HCCS] = SY_PATH_HCCS,
    [SY_LINK_SIO] = SY_PATH_SIO,      [SY_LINK_XELINK] = SY_PATH_XELINK,
    [SY_LINK_OTHER] = SY_PATH_OTHER,
};

static struct sy_pair *pair_at(struct sy_fabric *f, unsigned a, unsigned b)
{
    return &f->pair[(size_t)a * f->nunit + b];
}

/* Lower the minimum by the edges from `from` up to, not including, `top`. Unknown edges are
 * skipped. */
static void min_edges(const struct sy_fabric *f, uint16_t from, uint16_t top, uint32_t *mbps)
{
    for (uint16_t i = from; i != top; i = f->inv.obj[i].parent) {
        uint32_t edge = f->uplink_mbps[i];
        if (edge != 0 && (*mbps == 0 || edge < *mbps))
            *mbps = edge;
    }
}

static struct sy_pair pcie_pair(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                                const struct sy_unit *x, const struct sy_unit *y)
{
    uint16_t top = sy_inventory_ancestor(&f->inv, x->obj, y->obj);
    struct sy_pair pair = {
        .pcie = (uint8_t)sy_path_of(f, in, x->obj, y->obj),
        .cpu = (uint8_t)sy_path_cpu(f, in, x->obj, y->obj),
    };
    if (x->obj == y->obj) { /* what lies between units of one function is not known: its link is */
        pair.pcie_mbps = x->link_mbps;
    } else if (pair.pcie != SY_PATH_UNKNOWN) { /* an unknown way has an unknown rate */
        min_edges(f, x->obj, top, &pair.pcie_mbps);
        min_edges(f, y->obj, top, &pair.pcie_mbps);
    }
    if (pair.pcie == SY_PATH_SYS && f->socket_mbps != 0 && pair.pcie_mbps > f->socket_mbps)
        pair.pcie_mbps = f->socket_mbps;
    pair.path = pair.pcie;
    pair.mbps = pair.pcie_mbps;
    return pair;
}

static bool is_linked(const struct sy_fabric *f, unsigned a, unsigned b)
{
    return sy_devset_has(&f->overlay[a], b);
}

static void link_units(struct sy_fabric *f, unsigned a, unsigned b, uint8_t path, uint32_t mbps)
{
    for (unsigned k = 0; k < 2; k++) {
        struct sy_pair *pair = k == 0 ? pair_at(f, a, b) : pair_at(f, b, a);
        pair->path = path;
        pair->mbps = mbps;
    }
    sy_devset_add(&f->overlay[a], b);
    sy_devset_add(&f->overlay[b], a);
}

/* The rate that the catalogue gives a link of this type between two units of a model, 0 = unknown.
 */
static uint32_t model_rate(const struct sy_model *model, uint8_t type, bool same_card)
{
    uint32_t mbps = 0;
    for (uint8_t i = 0; i < model->noverlay; i++) {
        const struct sy_overlay *overlay = &model->overlay[i];
        bool card = overlay->form == SY_OVERLAY_CARD;
        if (overlay->type != type || !overlay->pair_mbps.known || (card && !same_card))
            continue;
        if (card)
            return overlay->pair_mbps.value;
        mbps = overlay->pair_mbps.value;
    }
    return mbps;
}

/* Links that discovery saw. A link that joins two functions of one unit, or what is no unit, says
 * nothing about pairs. */
static void add_seen_links(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    for (uint32_t i = 0; i < f->inv.nlink; i++) {
        const struct sy_link *link = &f->inv.link[i];
        if (in->unit_of[link->a] == 0 || in->unit_of[link->b] == 0)
            continue;
        unsigned a = in->unit_of[link->a] - 1u, b = in->unit_of[link->b] - 1u;
        if (a == b)
            continue;
        bool same_card = f->unit[a].card == f->unit[b].card;
        uint32_t mbps = link->mbps;
        if (mbps == 0)
            mbps = model_rate(f->unit[a].model, link->type, same_card);
        if (mbps == 0)
            mbps = model_rate(f->unit[b].model, link->type, same_card);
        if (!is_linked(f, a, b) || pair_at(f, a, b)->mbps < mbps)
            link_units(f, a, b, path_of_link[link->type], mbps);
    }
}

/* Did discovery see a link of this type between two units of this model? Then it saw them all. */
static bool saw_matrix(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                       const struct sy_model *model, uint8_t type)
{
    for (uint32_t i = 0; i < f->inv.nlink; i++) {
        const struct sy_link *link = &f->inv.link[i];
        uint16_t a = in->unit_of[link->a], b = in->unit_of[link->b];
        if (link->type == type && a != 0 && b != 0 && a != b && f->unit[a - 1].model == model &&
            f->unit[b - 1].model == model)
            return true;
    }
    return false;
}

/* The unit that a unit is a part of: its physical function; of a hidden one, its first sibling. */
static uint16_t whole_of(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t u)
{
    if (f->unit[u].pf >= 0)
        return (uint16_t)f->unit[u].pf;
    if (!in->vf[f->unit[u].obj])
        return u;
    return (uint16_t)sy_devset_next(&f->card[f->unit[u].card].units, 0);
}

/* Join the units of the model that the overlay joins: those whose group is the same. */
static void add_overlay(struct sy_fabric *f, const struct sy_fabric_inner *in,
                        const struct sy_model *model, const struct sy_overlay *overlay)
{
    uint16_t member[SY_UNIT_MAX];
    unsigned n = 0;
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (f->unit[u].model == model && whole_of(f, in, u) == u)
            member[n++] = u;
    }
    unsigned group = overlay->group != 0 ? overlay->group : n;
    uint32_t mbps = overlay->pair_mbps.known ? overlay->pair_mbps.value : 0;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = i + 1; k < n; k++) {
            unsigned a = member[i], b = member[k];
            bool joined = overlay->form == SY_OVERLAY_CARD ? f->unit[a].card == f->unit[b].card
                                                           : i / group == k / group;
            if (joined && !is_linked(f, a, b))
                link_units(f, a, b, path_of_link[overlay->type], mbps);
        }
    }
}

static bool is_first_of_model(const struct sy_fabric *f, uint16_t u)
{
    for (uint16_t k = 0; k < u; k++) {
        if (f->unit[k].model == f->unit[u].model)
            return false;
    }
    return true;
}

/* Links that the catalogue knows of, where discovery saw no matrix. The closer form first: two dies
 * of a card are joined by the card's own link even where all cards form a mesh. */
static void add_known_links(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    static const uint8_t closest_first[] = {SY_OVERLAY_CARD, SY_OVERLAY_RINGS, SY_OVERLAY_MESH};
    for (size_t form = 0; form < sizeof closest_first; form++) {
        for (uint16_t u = 0; u < f->nunit; u++) {
            const struct sy_model *model = f->unit[u].model;
            for (uint8_t i = 0; i < model->noverlay && is_first_of_model(f, u); i++) {
                const struct sy_overlay *overlay = &model->overlay[i];
                if (overlay->form == closest_first[form] &&
                    !saw_matrix(f, in, model, overlay->type))
                    add_overlay(f, in, model, overlay);
            }
        }
    }
}

/* A part of a unit (a virtual function) has the links of the whole, but none to other parts of it.
 */
static void share_links(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    for (uint16_t a = 0; a < f->nunit; a++) {
        for (uint16_t b = (uint16_t)(a + 1); b < f->nunit; b++) {
            uint16_t x = whole_of(f, in, a), y = whole_of(f, in, b);
            if (x == y || (x == a && y == b) || is_linked(f, a, b) || !is_linked(f, x, y))
                continue;
            link_units(f, a, b, pair_at(f, x, y)->path, pair_at(f, x, y)->mbps);
        }
    }
}

enum sy_code sy_fabric_find_pairs(struct sy_fabric *f, const struct sy_fabric_inner *in,
                                  struct sy_err *err)
{
    f->pair = sy_arena_calloc(f->arena, (size_t)f->nunit * f->nunit, sizeof *f->pair);
    f->overlay = sy_arena_calloc(f->arena, f->nunit, sizeof *f->overlay);
    if (f->pair == NULL || f->overlay == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint16_t a = 0; a < f->nunit; a++) {
        for (uint16_t b = a; b < f->nunit; b++)
            *pair_at(f, a, b) = *pair_at(f, b, a) = pcie_pair(f, in, &f->unit[a], &f->unit[b]);
        struct sy_pair *self = pair_at(f, a, a);
        self->mbps = self->pcie_mbps = f->unit[a].link_mbps;
    }
    add_seen_links(f, in);
    add_known_links(f, in);
    share_links(f, in);
    return SY_OK;
}

static void rename_slot(struct sy_fabric *f, int16_t from, int16_t to)
{
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (f->unit[u].place[SY_SCOPE_SLOT] == from)
            f->unit[u].place[SY_SCOPE_SLOT] = to;
    }
}

/* Units joined by SLOT, and those of one card, are in one slot: that of the first of them. */
static void find_slots(struct sy_fabric *f)
{
    for (uint16_t u = 0; u < f->nunit; u++) {
        int16_t *slot = &f->unit[u].place[SY_SCOPE_SLOT];
        *slot = (int16_t)f->unit[u].obj;
        for (uint16_t k = 0; k < u; k++) {
            int16_t other = f->unit[k].place[SY_SCOPE_SLOT];
            bool joined =
                pair_at(f, u, k)->pcie == SY_PATH_SLOT || f->unit[u].card == f->unit[k].card;
            if (joined && *slot == (int16_t)f->unit[u].obj)
                *slot = other;
            else if (joined && *slot != other)
                rename_slot(f, other, *slot); /* u joins two slots that seemed apart */
        }
    }
}

void sy_fabric_find_places(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    find_slots(f);
    for (uint16_t u = 0; u < f->nunit; u++) {
        struct sy_unit *unit = &f->unit[u];
        unit->place[SY_SCOPE_SWITCH] = -1;
        unit->place[SY_SCOPE_ROOT] = -1;
        for (uint16_t i = f->inv.obj[unit->obj].parent; i != 0; i = f->inv.obj[i].parent) {
            const struct sy_port *port = &in->port[i];
            if (port->kind == SY_PORT_UP && port->chip == i && !port->internal)
                unit->place[SY_SCOPE_SWITCH] = (int16_t)i; /* the topmost one stays */
            if (f->inv.obj[i].type == SY_OBJ_HOST_BRIDGE)
                unit->place[SY_SCOPE_ROOT] = (int16_t)i;
        }
        if (unit->place[SY_SCOPE_SWITCH] < 0) /* the slot stands for the switch that is not there */
            unit->place[SY_SCOPE_SWITCH] = unit->place[SY_SCOPE_SLOT];
        unit->place[SY_SCOPE_NUMA] = in->local[unit->obj].numa;
        unit->place[SY_SCOPE_SOCKET] = in->local[unit->obj].package;
        unit->place[SY_SCOPE_ANY] = 0;
    }
}

uint32_t sy_fabric_root_mbps(const struct sy_fabric *fabric, unsigned unit)
{
    int16_t root = fabric->unit[unit].place[SY_SCOPE_ROOT];
    uint32_t mbps = 0;
    min_edges(fabric, fabric->unit[unit].obj, (uint16_t)root, &mbps);
    return mbps;
}
