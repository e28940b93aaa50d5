/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds.h"

#include <string.h>

static uint32_t some_rate(struct sy_dice *dice, bool regular)
{
    static const uint32_t rates[] = {0, 3900, 7800, 15700, 31500, 63000};
    return regular ? 31500 : rates[sy_dice_roll(dice, 6)];
}

/* A subtree of bridges and devices; remembers where devices may sit. */
static void grow(struct sy_builder *b, struct sy_dice *dice, unsigned parent, unsigned depth,
                 bool regular, uint16_t *seat, unsigned *nseat)
{
    unsigned children = 1 + (unsigned)sy_dice_roll(dice, 3);
    for (unsigned i = 0; i < children && *nseat < 24; i++) {
        if (depth > 0 && sy_dice_chance(dice, 45)) {
            unsigned bridge = sy_builder_object(b, parent, SY_OBJ_BRIDGE, some_rate(dice, regular));
            grow(b, dice, bridge, depth - 1, regular, seat, nseat);
        } else {
            seat[(*nseat)++] =
                sy_builder_object(b, parent, SY_OBJ_DEVICE, some_rate(dice, regular));
        }
    }
}

static void irregular_tree(struct world *w, struct sy_dice *dice)
{
    uint16_t seat[32] = {0};
    unsigned nseat = 0, most = sy_dice_chance(dice, 10) ? 1 : 4 + (unsigned)sy_dice_roll(dice, 9);
    bool equal_rates = sy_dice_chance(dice, 40), in_order = sy_dice_chance(dice, 50);
    unsigned packages = 1 + (unsigned)sy_dice_roll(dice, 2);
    for (unsigned p = 0; p < packages; p++) {
        unsigned package = sy_builder_object(&w->b, 0, SY_OBJ_PACKAGE, 0);
        for (unsigned n = 1 + (unsigned)sy_dice_roll(dice, 2); n > 0; n--) {
            unsigned numa = sy_builder_object(&w->b, package, SY_OBJ_NUMA, 0);
            unsigned local = sy_dice_chance(dice, 10) ? 0 : numa;
            unsigned host = sy_builder_object(&w->b, local, SY_OBJ_HOST_BRIDGE,
                                              sy_dice_chance(dice, 20) ? 40000 : 0);
            grow(&w->b, dice, host, 2, equal_rates, seat, &nseat);
        }
    }
    unsigned kinds = 1 + (unsigned)sy_dice_roll(dice, SY_KIND_COUNT);
    for (unsigned i = 0; i < most && (i < nseat || i == 0); i++) {
        unsigned k = in_order ? i : i + (unsigned)sy_dice_roll(dice, nseat - i);
        uint16_t obj = seat[k];
        seat[k] = seat[i];
        seat[i] = obj;
        sy_builder_unit(&w->b, obj, (enum sy_kind)sy_dice_roll(dice, kinds));
        if (sy_dice_chance(dice, 5) && i + 1 < most) {
            sy_builder_unit(&w->b, obj, (enum sy_kind)sy_dice_roll(dice, kinds));
            most--;
        }
    }
    sy_builder_relate(&w->b);
}

static void regular_tree(struct world *w, struct sy_dice *dice)
{
    static const unsigned shapes[][6] = {
        /* sockets, switches, units of each kind */
        {1, 4, 2, 0, 0, 0}, {2, 2, 2, 0, 0, 0}, {2, 3, 1, 1, 0, 0}, {2, 2, 1, 1, 0, 1},
        {1, 2, 2, 1, 1, 1}, {2, 1, 3, 0, 0, 3}, {3, 2, 2, 0, 0, 0}, {2, 3, 2, 0, 0, 0},
        {1, 6, 1, 0, 0, 1}, {4, 3, 1, 0, 0, 0}, {3, 1, 2, 2, 0, 0}, {2, 2, 3, 0, 0, 0},
    };
    const unsigned *shape = shapes[sy_dice_roll(dice, sizeof shapes / sizeof *shapes)];
    sy_builder_regular(&w->b, shape[0], shape[1], &shape[2]);
}

/* Switches that hold the same, their devices in any PCI order. */
static void shuffled_tree(struct world *w, struct sy_dice *dice)
{
    uint16_t seat[16];
    uint8_t kind[16];
    unsigned n = 0, switches = 2 + (unsigned)sy_dice_roll(dice, 4), each = 1 + switches % 3;
    unsigned numa =
        sy_builder_object(&w->b, sy_builder_object(&w->b, 0, SY_OBJ_PACKAGE, 0), SY_OBJ_NUMA, 0);
    for (unsigned s = 0; s < switches; s++) {
        unsigned host = sy_builder_object(&w->b, numa, SY_OBJ_HOST_BRIDGE, 0);
        unsigned bridge = sy_builder_object(&w->b, host, SY_OBJ_BRIDGE, 20000);
        for (unsigned i = 0; i < each && n < 12; i++) {
            kind[n] = (uint8_t)i;
            seat[n++] = sy_builder_object(&w->b, bridge, SY_OBJ_DEVICE, 31500);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned k = i + (unsigned)sy_dice_roll(dice, n - i);
        sy_builder_unit(&w->b, seat[k], (enum sy_kind)kind[k]);
        seat[k] = seat[i];
        kind[k] = kind[i];
    }
    sy_builder_relate(&w->b);
    if (n >= 4 && sy_dice_chance(dice, 30)) { /* cards of two, alike but for what is left of them */
        for (unsigned u = 0; u + 1 < n; u += 2)
            sy_builder_share_card(&w->b, u, u + 1, 600);
    }
}

static void add_links(struct world *w, struct sy_dice *dice)
{
    unsigned n = w->b.fabric.nunit, style = (unsigned)sy_dice_roll(dice, 4);
    unsigned ring = 2 + (unsigned)sy_dice_roll(dice, 3);
    for (unsigned a = 0; a < n; a++) {
        for (unsigned c = a + 1; c < n; c++) {
            bool kinds = w->b.fabric.unit[a].kind == w->b.fabric.unit[c].kind;
            uint32_t rate = sy_dice_chance(dice, 10) ? 0 : 25000;
            if (style == 1 && kinds)
                sy_builder_link(&w->b, a, c, SY_PATH_NVL, 25000);
            else if (style == 2 && a / ring == c / ring)
                sy_builder_link(&w->b, a, c, SY_PATH_HCCS, 25000);
            else if (style == 3 && sy_dice_chance(dice, 30))
                sy_builder_link(&w->b, a, c, (uint8_t)(SY_PATH_NVL + sy_dice_roll(dice, 3)), rate);
        }
    }
}

static void blur(struct world *w, struct sy_dice *dice)
{
    struct sy_fabric *f = &w->b.fabric;
    for (unsigned u = 0; u < f->nunit; u++) {
        struct sy_unit *unit = &f->unit[u];
        if (sy_dice_chance(dice, 8))
            unit->memory_bw_mbps = (uint32_t)sy_dice_roll(dice, 3) * 700000;
        if (sy_dice_chance(dice, 8))
            unit->tdp_mw = (uint32_t)sy_dice_roll(dice, 3) * 150000;
        if (sy_dice_chance(dice, 3))
            unit->idle_mw = 0;
        if (sy_dice_chance(dice, 5))
            unit->place[sy_dice_roll(dice, SY_SCOPE_COUNT)] = -1;
        if (sy_dice_chance(dice, 10)) {
            unsigned kind = sy_dice_chance(dice, 50) ? SY_BUILDER_ANY
                                                     : (unsigned)sy_dice_roll(dice, SY_KIND_COUNT);
            for (unsigned c = 0; c < SY_CHOOSER_COUNT; c++)
                sy_devset_add(&unit->resources, sy_builder_resource(w->b.cat, c, kind));
        }
    }
    for (unsigned k = 0; k < 2 && f->nunit > 1 && sy_dice_chance(dice, 25); k++) {
        unsigned a = (unsigned)sy_dice_roll(dice, f->nunit - 1), c = a + 1;
        f->pair[a * f->nunit + c].pcie_mbps = f->pair[c * f->nunit + a].pcie_mbps = 0;
    }
    f->socket_assumed = sy_dice_chance(dice, 25);
    if (sy_dice_chance(dice, 25)) { /* firmware that tells no NUMA node, or no package */
        unsigned scope = sy_dice_chance(dice, 50) ? SY_SCOPE_NUMA : SY_SCOPE_SOCKET;
        for (unsigned u = 0; u < f->nunit; u++)
            f->unit[u].place[scope] = sy_dice_chance(dice, 20) ? f->unit[u].place[scope] : -1;
    }
    if (f->nunit > 1 && sy_dice_chance(dice, 12)) {
        static const uint16_t shares[] = {1000, 600, 500, 300};
        unsigned a = (unsigned)sy_dice_roll(dice, f->nunit - 1);
        sy_builder_share_card(&w->b, a, a + 1, shares[sy_dice_roll(dice, 4)]);
        if (sy_dice_chance(dice, 40))
            f->unit[a + 1].pf = (int16_t)a;
    }
}

static void occupy(struct world *w, struct sy_dice *dice)
{
    unsigned percent = (unsigned)sy_dice_roll(dice, 5) * 12;
    for (unsigned u = 0; u < w->b.fabric.nunit; u++) {
        if (sy_dice_chance(dice, percent) && !sy_dice_chance(dice, 40))
            sy_builder_hold(&w->b, u, (uint16_t)sy_dice_roll(dice, 4));
        w->b.usage.unit[u].unhealthy = sy_dice_chance(dice, 4);
        w->b.fabric.unit[u].broken = sy_dice_chance(dice, 2);
        if (sy_dice_chance(dice, 3))
            w->b.usage.unit[u].cap_mw = 200000;
    }
    if (sy_dice_chance(dice, 10))
        w->b.usage.mode = SY_MODE_COUNTS;
    sy_builder_finish(&w->b);
}

static unsigned devices_of(const struct world *w, unsigned resource, bool free)
{
    unsigned n = 0;
    for (unsigned u = 0; u < w->b.fabric.nunit; u++)
        n += sy_devset_has(&w->b.fabric.unit[u].resources, resource) &&
             (!free || sy_devset_has(&w->b.usage.free, u));
    return n;
}

static uint64_t sets_of(const struct world *w)
{
    uint64_t sets = 1;
    for (unsigned e = 0; e < w->request.nentry; e++) {
        unsigned n = devices_of(w, w->request.entry[e].resource, false);
        unsigned k = w->request.entry[e].count;
        for (unsigned i = 1; i <= k && k <= n; i++)
            sets = sets * (n - k + i) / i;
    }
    return sets;
}

static void ask(struct world *w, struct sy_dice *dice, uint64_t most_sets)
{
    struct sy_request *r = &w->request;
    *r = (struct sy_request){.expected_mw = SY_UNKNOWN_MW};
    unsigned wanted = 1 + (unsigned)sy_dice_roll(dice, 3);
    for (unsigned tries = 0; tries < 8 && r->nentry < wanted; tries++) {
        unsigned chooser = (unsigned)sy_dice_roll(dice, SY_CHOOSER_COUNT);
        unsigned kind = (unsigned)sy_dice_roll(dice, SY_KIND_COUNT + 1u);
        unsigned resource = sy_builder_resource(w->b.cat, chooser, kind);
        unsigned n = devices_of(w, resource, !sy_dice_chance(dice, 10));
        bool twice = n == 0 && !sy_dice_chance(dice, 5);
        for (unsigned e = 0; e < r->nentry; e++)
            twice |= r->entry[e].resource == resource;
        if (twice)
            continue;
        unsigned most = n < 8 ? n : 8;
        if (sy_dice_chance(dice, 5) || most == 0)
            most++;
        unsigned count = 1 + (unsigned)sy_dice_roll(dice, most), half = (most + 1) / 2;
        if (sy_dice_chance(dice, 40) && count > half)
            count = half;
        r->entry[r->nentry++] = (struct sy_entry){(uint16_t)resource, (uint16_t)count, "x"};
        while (sets_of(w) > most_sets && r->entry[r->nentry - 1].count > 1)
            r->entry[r->nentry - 1].count--;
        if (sets_of(w) > most_sets && r->nentry > 1)
            r->nentry--;
    }
    if (r->nentry == 0)
        r->entry[r->nentry++] = (struct sy_entry){
            (uint16_t)sy_builder_resource(w->b.cat, 0, w->b.fabric.unit[0].kind), 1, "x"};
    for (unsigned i = 0; i < 2 && sy_dice_chance(dice, 25); i++) {
        struct sy_require *q = &r->require[r->nrequire++];
        q->scope = (uint8_t)sy_dice_roll(dice, SY_SCOPE_ANY);
        q->match = (uint8_t)sy_dice_roll(dice, 3);
        q->kind = (uint8_t)sy_dice_roll(dice, SY_KIND_COUNT);
        q->entry = (uint8_t)sy_dice_roll(dice, r->nentry);
    }
    if (sy_dice_chance(dice, 15))
        r->min_mbps = 1 + (uint32_t)sy_dice_roll(dice, 26000);
    r->guaranteed = sy_dice_chance(dice, 20);
    if (sy_dice_chance(dice, 5))
        r->expected_mw = 100000;
}

void world_make(struct world *w, struct sy_catalogue *cat, struct sy_dice *dice, uint64_t most_sets)
{
    sy_builder_init(&w->b, cat);
    if (sy_dice_chance(dice, 40))
        regular_tree(w, dice);
    else if (sy_dice_chance(dice, 20))
        shuffled_tree(w, dice);
    else
        irregular_tree(w, dice);
    add_links(w, dice);
    if (sy_dice_chance(dice, 50))
        blur(w, dice);
    occupy(w, dice);
    ask(w, dice, most_sets);
    w->profile = sy_builder_profile();
    for (unsigned t = 0; t < SY_TERM_COUNT; t++) {
        if (sy_dice_chance(dice, 30))
            w->profile.term[t] = (uint16_t)sy_dice_roll(dice, 1001);
    }
    w->profile.term[0]++;
    int64_t limit = sy_dice_chance(dice, 10) ? 0 : 6000000;
    w->room = (struct sy_room){.known = sy_dice_chance(dice, 80),
                               .limit_mw = limit,
                               .headroom_mw = (int64_t)sy_dice_roll(dice, 4000000) - 200000,
                               .element = "node"};
}

void world_renumber(struct world *w, struct sy_dice *dice)
{
    struct sy_fabric *f = &w->b.fabric, old = *f;
    unsigned n = f->inv.nobj, placed = 1;
    uint16_t to[1024] = {0};
    bool done[1024] = {true};
    f->inv.obj = sy_arena_calloc(w->b.arena, n, sizeof *f->inv.obj);
    f->uplink_mbps = sy_arena_calloc(w->b.arena, n, sizeof *f->uplink_mbps);
    f->under = sy_arena_calloc(w->b.arena, n, sizeof *f->under);
    f->inv.obj[0] = old.inv.obj[0];
    f->under[0] = old.under[0];
    while (placed < n) {
        unsigned o = (unsigned)sy_dice_roll(dice, n);
        if (done[o] || !done[old.inv.obj[o].parent])
            continue;
        done[o] = true;
        to[o] = (uint16_t)placed;
        f->inv.obj[placed] = old.inv.obj[o];
        f->inv.obj[placed].parent = to[old.inv.obj[o].parent];
        f->uplink_mbps[placed] = old.uplink_mbps[o];
        f->under[placed++] = old.under[o];
    }
    for (unsigned u = 0; u < f->nunit; u++) {
        f->unit[u].obj = to[f->unit[u].obj];
        for (unsigned scope = 0; scope < SY_SCOPE_ANY; scope++) {
            if (f->unit[u].place[scope] >= 0)
                f->unit[u].place[scope] = (int16_t)to[f->unit[u].place[scope]];
        }
    }
}

void world_done(struct world *w)
{
    sy_builder_done(&w->b);
}
