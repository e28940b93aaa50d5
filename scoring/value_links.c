/* SPDX-License-Identifier: Apache-2.0 */
/* Shared uplinks: what each edge of the PCIe tree leaves to each of n devices whose traffic crosses
 * it, beside the devices of pods that are there already. */
#include "scoring/value_private.h"

#include <string.h>

struct walk {
    struct sy_value_context *c;
    uint16_t *crossed; /* per object: held units that cross its edge upward */
    uint16_t *count;   /* per object: candidates at or below it */
    uint16_t *node;    /* per object with two or more candidates: its node */
    uint16_t *seen;    /* objects with candidates */
    unsigned nseen;
};

static bool is_pci(const struct sy_obj *obj)
{
    return obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE;
}

/* What a held unit's traffic crosses: up to where its pod's units meet; alone, or with an unknown
 * holder, up to its host bridge. */
static void cross_upward(struct walk *w, unsigned unit, const struct sy_devset *pod)
{
    const struct sy_fabric *f = w->c->fabric;
    bool alone = sy_devset_count(pod) < 2;
    for (uint16_t o = f->unit[unit].obj; o != 0; o = f->inv.obj[o].parent) {
        if (alone ? !is_pci(&f->inv.obj[o]) : sy_devset_subset(pod, &f->under[o]))
            return;
        w->crossed[o]++;
    }
}

static void find_held(struct walk *w)
{
    const struct sy_usage *usage = w->c->usage;
    for (unsigned u = 0; u < w->c->fabric->nunit && !w->c->scene.ignore_held; u++) {
        if (usage->unit[u].held == 0)
            continue;
        struct sy_devset pod = SY_DEVSET_EMPTY;
        uint16_t holder = usage->unit[u].holder;
        for (unsigned k = 0; k < w->c->fabric->nunit && holder != 0; k++) {
            if (usage->unit[k].held != 0 && usage->unit[k].holder == holder)
                sy_devset_add(&pod, k);
        }
        cross_upward(w, u, &pod);
    }
}

static void count_candidates(struct walk *w)
{
    const struct sy_fabric *f = w->c->fabric;
    w->count[0] = w->c->n;
    for (unsigned i = 0; i < w->c->n; i++) {
        for (uint16_t o = f->unit[w->c->unit[i]].obj; o != 0; o = f->inv.obj[o].parent) {
            if (w->count[o]++ == 0)
                w->seen[w->nseen++] = o;
        }
    }
}

static uint32_t share_of(uint32_t mbps, unsigned devices)
{
    return mbps >= devices ? mbps / devices : 1;
}

/* Lower a node's table by one more edge in its chain. */
static enum sy_code add_edge(struct walk *w, struct sy_value_node *node, uint16_t obj,
                             struct sy_arena *arena, struct sy_err *err)
{
    uint32_t mbps = w->c->fabric->uplink_mbps[obj];
    if (mbps == 0)
        return SY_OK;
    uint32_t *share = sy_arena_calloc(arena, (size_t)node->size + 1, sizeof *share);
    if (share == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned n = 1; n <= node->size; n++) {
        share[n] = share_of(mbps, n + w->crossed[obj]);
        if (node->share != NULL && node->share[n] < share[n])
            share[n] = node->share[n];
    }
    node->share = share;
    return SY_OK;
}

static int by_number(const uint16_t *a, const uint16_t *b)
{
    return (*a > *b) - (*a < *b);
}

/* Ascending, by insertion: objects come nearly sorted, and there are few. */
static void sort_seen(struct walk *w)
{
    for (unsigned i = 1; i < w->nseen; i++) {
        uint16_t x = w->seen[i];
        unsigned k = i;
        for (; k > 0 && by_number(&w->seen[k - 1], &x) > 0; k--)
            w->seen[k] = w->seen[k - 1];
        w->seen[k] = x;
    }
}

static enum sy_code build_tree(struct walk *w, struct sy_arena *arena, struct sy_err *err)
{
    struct sy_value_context *c = w->c;
    const struct sy_obj *obj = c->fabric->inv.obj;
    c->tree = sy_arena_calloc(arena, (size_t)c->n + 1, sizeof *c->tree);
    if (c->tree == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    c->tree[0].size = c->n;
    c->nnode = 1;
    sort_seen(w); /* a parent before its children */
    for (unsigned i = 0; i < w->nseen; i++) {
        uint16_t o = w->seen[i], above = w->node[obj[o].parent];
        if (w->count[o] < 2)
            continue;
        w->node[o] = above;
        if (w->count[o] != c->tree[above].size) {
            w->node[o] = c->nnode++;
            c->tree[w->node[o]] = (struct sy_value_node){.parent = above, .size = w->count[o]};
        }
        /* What holds every candidate separates no pair. */
        enum sy_code code =
            w->node[o] != 0 ? add_edge(w, &c->tree[w->node[o]], o, arena, err) : SY_OK;
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

/* The share left to one device on the edges that no other candidate uses. */
static uint32_t own_edges(const struct walk *w, unsigned local)
{
    const struct sy_fabric *f = w->c->fabric;
    uint32_t low = SY_VALUE_NO_LIMIT;
    uint16_t o = f->unit[w->c->unit[local]].obj;
    for (; o != 0 && w->count[o] == 1; o = f->inv.obj[o].parent) {
        uint32_t mbps = f->uplink_mbps[o];
        if (mbps != 0 && share_of(mbps, 1u + w->crossed[o]) < low)
            low = share_of(mbps, 1u + w->crossed[o]);
    }
    return low;
}

static uint32_t to_host_bridge(const struct walk *w, unsigned local, bool shared)
{
    const struct sy_fabric *f = w->c->fabric;
    const struct sy_unit *unit = &f->unit[w->c->unit[local]];
    uint32_t low = unit->link_mbps != 0 ? unit->link_mbps : SY_VALUE_NO_LIMIT;
    for (uint16_t o = unit->obj; is_pci(&f->inv.obj[o]); o = f->inv.obj[o].parent) {
        uint32_t mbps = f->uplink_mbps[o];
        uint32_t share = share_of(mbps, shared ? 1u + w->crossed[o] : 1u);
        if (mbps != 0 && share < low)
            low = share;
    }
    return low;
}

static void lower_pairs(struct walk *w, unsigned local)
{
    struct sy_value_context *c = w->c;
    uint32_t own = own_edges(w, local);
    for (unsigned k = 0; k < c->n; k++) {
        struct sy_value_cell *cell = &c->cell[(size_t)local * c->n + k];
        if (k == local || (cell->flags & SY_VALUE_PCIE) == 0 || cell->mbps <= own)
            continue;
        cell->mbps = own;
        c->cell[(size_t)k * c->n + local].mbps = own;
    }
}

static void place_units(struct walk *w)
{
    struct sy_value_context *c = w->c;
    for (unsigned i = 0; i < c->n; i++) {
        uint16_t o = c->fabric->unit[c->unit[i]].obj;
        while (o != 0 && w->count[o] < 2)
            o = c->fabric->inv.obj[o].parent;
        c->node[i] = w->node[o];
        for (uint16_t e = c->node[i]; e != 0; e = c->tree[e].parent)
            sy_devset_add(&c->tree[e].below, i);
        sy_devset_add(&c->tree[0].below, i);
        c->alone_mbps[i] = to_host_bridge(w, i, true);
        c->link_mbps[i] = to_host_bridge(w, i, false);
        lower_pairs(w, i);
    }
}

/* Nodes with a limit, for each unit innermost first. */
static enum sy_code list_nodes(struct sy_value_context *c, struct sy_arena *arena,
                               struct sy_err *err)
{
    size_t total = 0;
    for (unsigned e = 1; e < c->nnode; e++)
        total += c->tree[e].share != NULL ? c->tree[e].size : 0;
    c->node_of.first = sy_arena_calloc(arena, (size_t)c->n + 1, sizeof *c->node_of.first);
    c->node_of.item = sy_arena_calloc(arena, total, sizeof *c->node_of.item);
    if (c->node_of.first == NULL || c->node_of.item == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    unsigned n = 0;
    for (unsigned i = 0; i < c->n; i++) {
        c->node_of.first[i] = (uint16_t)n;
        for (uint16_t e = c->node[i]; e != 0; e = c->tree[e].parent) {
            if (c->tree[e].share != NULL)
                c->node_of.item[n++] = e;
        }
    }
    c->node_of.first[c->n] = (uint16_t)n;
    return SY_OK;
}

enum sy_code sy_value_find_links(struct sy_value_context *c, struct sy_arena *arena,
                                 struct sy_err *err)
{
    size_t nobj = c->fabric->inv.nobj;
    struct walk w = {.c = c};
    w.crossed = sy_arena_calloc(arena, 4 * nobj, sizeof *w.crossed);
    if (w.crossed == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    w.count = w.crossed + nobj;
    w.node = w.count + nobj;
    w.seen = w.node + nobj;
    find_held(&w);
    count_candidates(&w);
    enum sy_code code = build_tree(&w, arena, err);
    if (code != SY_OK)
        return code;
    place_units(&w);
    return list_nodes(c, arena, err);
}
