/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fabric_builder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define OBJ_MAX 1024u
#define ARENA_BYTES ((size_t)64 << 20)

static const struct sy_model any_model = {.name = "test", .model = "test"};

uint64_t sy_dice_roll(struct sy_dice *dice, uint64_t n)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

bool sy_dice_chance(struct sy_dice *dice, unsigned percent)
{
    return sy_dice_roll(dice, 100) < percent;
}

static void resource_name(char *buf, size_t size, unsigned chooser, unsigned kind)
{
    static const char *const kinds[] = {"npu", "gpu", "fpga", "nic", "any"};
    (void)snprintf(buf, size, "%s.test/%s", sy_chooser_name((enum sy_chooser)chooser), kinds[kind]);
}

struct sy_catalogue *sy_builder_catalogue(void)
{
    char text[4096], name[64];
    int at = snprintf(text, sizeof text,
                      "apiVersion: switchyard.dev/v1alpha1\nkind: DeviceCatalogue\n"
                      "sources:\n  t: test\nresources:\n");
    for (unsigned c = 0; c < SY_CHOOSER_COUNT; c++) {
        for (unsigned k = 0; k <= SY_BUILDER_ANY; k++) {
            resource_name(name, sizeof name, c, k);
            at += snprintf(text + at, sizeof text - (size_t)at,
                           "  - name: %s\n    source: t\n    chooser: {value: %s, source: t}\n",
                           name, sy_chooser_name((enum sy_chooser)c));
        }
    }
    struct sy_text_file file = {.name = "test.yaml", .data = text, .len = (size_t)at};
    struct sy_catalogue *cat = NULL;
    struct sy_err err = {0};
    if (sy_catalogue_parse(&file, 1, false, &cat, &err) != SY_OK)
        fprintf(stderr, "%s\n", err.text);
    assert(cat != NULL);
    return cat;
}

unsigned sy_builder_resource(const struct sy_catalogue *cat, unsigned chooser, unsigned kind)
{
    char name[64];
    resource_name(name, sizeof name, chooser, kind);
    int index = sy_catalogue_resource_find(cat, name);
    assert(index >= 0);
    return (unsigned)index;
}

static void *make(struct sy_builder *b, size_t n, size_t size)
{
    void *p = sy_arena_calloc(b->arena, n, size);
    assert(p != NULL);
    return p;
}

void sy_builder_init(struct sy_builder *b, struct sy_catalogue *cat)
{
    memset(b, 0, sizeof *b);
    b->arena = sy_arena_new(ARENA_BYTES);
    assert(b->arena != NULL);
    b->cat = cat;
    struct sy_fabric *f = &b->fabric;
    f->refs = 1;
    f->catalogue = cat;
    f->inv.obj = make(b, OBJ_MAX, sizeof *f->inv.obj);
    f->uplink_mbps = make(b, OBJ_MAX, sizeof *f->uplink_mbps);
    f->under = make(b, OBJ_MAX, sizeof *f->under);
    f->unit = make(b, SY_UNIT_MAX, sizeof *f->unit);
    f->inv.nobj = 1; /* the machine */
}

void sy_builder_done(struct sy_builder *b)
{
    sy_arena_free(b->arena);
}

uint16_t sy_builder_object(struct sy_builder *b, unsigned parent, enum sy_obj_type type,
                           uint32_t uplink_mbps)
{
    struct sy_fabric *f = &b->fabric;
    assert(f->inv.nobj < OBJ_MAX && parent < f->inv.nobj);
    f->inv.obj[f->inv.nobj] = (struct sy_obj){.parent = (uint16_t)parent, .type = (uint8_t)type};
    f->uplink_mbps[f->inv.nobj] = uplink_mbps;
    return f->inv.nobj++;
}

uint16_t sy_builder_unit(struct sy_builder *b, unsigned obj, enum sy_kind kind)
{
    struct sy_fabric *f = &b->fabric;
    assert(f->nunit < SY_UNIT_MAX);
    struct sy_unit *u = &f->unit[f->nunit];
    *u = (struct sy_unit){.obj = (uint16_t)obj,
                          .kind = (uint8_t)kind,
                          .model = &any_model,
                          .share = SY_WHOLE,
                          .memory_bw_mbps = 1000000,
                          .tdp_mw = 400000,
                          .idle_mw = 60000,
                          .pf = -1};
    u->addr.bus = (uint8_t)f->nunit;
    u->link_mbps = f->uplink_mbps[obj];
    for (unsigned c = 0; c < SY_CHOOSER_COUNT; c++)
        sy_devset_add(&u->resources, sy_builder_resource(b->cat, c, kind));
    return f->nunit++;
}

static int above(const struct sy_fabric *f, unsigned obj, enum sy_obj_type type, bool topmost)
{
    int found = -1;
    for (unsigned o = f->inv.obj[obj].parent; o != 0; o = f->inv.obj[o].parent) {
        if (f->inv.obj[o].type == type && (topmost || found < 0))
            found = (int)o;
    }
    return found;
}

static unsigned depth_of(const struct sy_fabric *f, unsigned o)
{
    unsigned d = 0;
    for (; o != 0; o = f->inv.obj[o].parent)
        d++;
    return d;
}

static void relate_pair(struct sy_fabric *f, unsigned a, unsigned c)
{
    unsigned x = f->unit[a].obj, y = f->unit[c].obj, steps = 0;
    struct sy_pair *pair = &f->pair[(size_t)a * f->nunit + c];
    uint32_t low = UINT32_MAX;
    while (x != y) {
        unsigned *deeper = depth_of(f, x) >= depth_of(f, y) ? &x : &y;
        if (f->uplink_mbps[*deeper] != 0 && f->uplink_mbps[*deeper] < low)
            low = f->uplink_mbps[*deeper];
        *deeper = f->inv.obj[*deeper].parent;
        steps++;
    }
    const int16_t *pa = f->unit[a].place, *pc = f->unit[c].place;
    static const uint8_t by_type[SY_OBJ_TYPE_COUNT] = {
        [SY_OBJ_MACHINE] = SY_PATH_SYS, [SY_OBJ_PACKAGE] = SY_PATH_SOCKET,
        [SY_OBJ_NUMA] = SY_PATH_NODE,   [SY_OBJ_HOST_BRIDGE] = SY_PATH_PHB,
        [SY_OBJ_BRIDGE] = SY_PATH_PIX,  [SY_OBJ_DEVICE] = SY_PATH_SLOT,
    };
    pair->pcie = by_type[f->inv.obj[x].type];
    if (pair->pcie == SY_PATH_PIX && steps > 2)
        pair->pcie = SY_PATH_PXB;
    pair->cpu = SY_PATH_SYS;
    if (pa[SY_SCOPE_NUMA] < 0 || pc[SY_SCOPE_NUMA] < 0)
        pair->cpu = SY_PATH_UNKNOWN;
    else if (pa[SY_SCOPE_NUMA] == pc[SY_SCOPE_NUMA])
        pair->cpu = SY_PATH_NODE;
    else if (pa[SY_SCOPE_SOCKET] == pc[SY_SCOPE_SOCKET])
        pair->cpu = SY_PATH_SOCKET;
    if (pair->pcie == SY_PATH_SYS && pair->cpu == SY_PATH_UNKNOWN)
        pair->pcie = SY_PATH_UNKNOWN;
    pair->path = pair->pcie;
    /* Nobody knows what lies between two places that are unknown. */
    bool unknown = low == UINT32_MAX || pair->pcie == SY_PATH_UNKNOWN;
    pair->mbps = pair->pcie_mbps = unknown ? 0 : low;
}

void sy_builder_relate(struct sy_builder *b)
{
    struct sy_fabric *f = &b->fabric;
    f->pair = make(b, (size_t)f->nunit * f->nunit, sizeof *f->pair);
    f->overlay = make(b, f->nunit, sizeof *f->overlay);
    f->card = make(b, f->nunit, sizeof *f->card);
    for (unsigned u = 0; u < f->nunit; u++) {
        unsigned obj = f->unit[u].obj;
        for (unsigned o = obj; o != 0; o = f->inv.obj[o].parent)
            sy_devset_add(&f->under[o], u);
        sy_devset_add(&f->under[0], u);
        int16_t *place = f->unit[u].place;
        place[SY_SCOPE_SLOT] = (int16_t)obj;
        place[SY_SCOPE_SWITCH] = (int16_t)above(f, obj, SY_OBJ_BRIDGE, true);
        if (place[SY_SCOPE_SWITCH] < 0) /* none: its slot is all there is */
            place[SY_SCOPE_SWITCH] = place[SY_SCOPE_SLOT];
        place[SY_SCOPE_ROOT] = (int16_t)above(f, obj, SY_OBJ_HOST_BRIDGE, true);
        place[SY_SCOPE_NUMA] = (int16_t)above(f, obj, SY_OBJ_NUMA, true);
        place[SY_SCOPE_SOCKET] = (int16_t)above(f, obj, SY_OBJ_PACKAGE, true);
        f->unit[u].card = (uint16_t)u;
        f->card[u].capacity = SY_WHOLE;
        sy_devset_add(&f->card[u].units, u);
    }
    f->ncard = f->nunit;
    for (unsigned a = 0; a < f->nunit; a++) {
        for (unsigned c = 0; c < f->nunit; c++)
            relate_pair(f, a, c);
    }
    struct sy_usage *usage = &b->usage;
    *usage = (struct sy_usage){.refs = 1,
                               .mode = SY_MODE_EXACT,
                               .nunit = f->nunit,
                               .limit_mw = SY_UNKNOWN_MW,
                               .base_mw = SY_UNKNOWN_MW};
    usage->unit = make(b, f->nunit, sizeof *usage->unit);
    for (unsigned u = 0; u < f->nunit; u++)
        usage->unit[u].cap_mw = SY_UNKNOWN_MW;
}

void sy_builder_link(struct sy_builder *b, unsigned a, unsigned c, uint8_t path, uint32_t mbps)
{
    struct sy_fabric *f = &b->fabric;
    for (unsigned k = 0; k < 2; k++) {
        struct sy_pair *pair = &f->pair[k == 0 ? a * f->nunit + c : c * f->nunit + a];
        pair->path = path;
        pair->mbps = mbps;
    }
    sy_devset_add(&f->overlay[a], c);
    sy_devset_add(&f->overlay[c], a);
}

void sy_builder_share_card(struct sy_builder *b, unsigned a, unsigned c, uint16_t share)
{
    struct sy_fabric *f = &b->fabric;
    sy_devset_del(&f->card[f->unit[c].card].units, c);
    f->unit[c].card = f->unit[a].card;
    sy_devset_add(&f->card[f->unit[a].card].units, c);
    f->unit[a].share = f->unit[c].share = share;
    f->unit[c].place[SY_SCOPE_SLOT] = f->unit[a].place[SY_SCOPE_SLOT];
}

void sy_builder_hold(struct sy_builder *b, unsigned unit, uint16_t holder)
{
    b->usage.unit[unit].held = SY_WHOLE;
    b->usage.unit[unit].holder = holder;
}

void sy_builder_finish(struct sy_builder *b)
{
    const struct sy_fabric *f = &b->fabric;
    unsigned taken[SY_UNIT_MAX] = {0};
    b->usage.free = b->usage.healthy = SY_DEVSET_EMPTY;
    for (unsigned u = 0; u < f->nunit; u++)
        taken[f->unit[u].card] += (f->unit[u].share * b->usage.unit[u].held + 999u) / 1000u;
    for (unsigned u = 0; u < f->nunit; u++) {
        if (f->unit[u].broken || b->usage.unit[u].unhealthy)
            continue;
        sy_devset_add(&b->usage.healthy, u);
        if (b->usage.unit[u].held == 0 && taken[f->unit[u].card] + f->unit[u].share <= SY_WHOLE)
            sy_devset_add(&b->usage.free, u);
    }
}

void sy_builder_regular(struct sy_builder *b, unsigned sockets, unsigned switches,
                        const unsigned kinds[SY_KIND_COUNT])
{
    for (unsigned s = 0; s < sockets; s++) {
        unsigned package = sy_builder_object(b, 0, SY_OBJ_PACKAGE, 0);
        unsigned numa = sy_builder_object(b, package, SY_OBJ_NUMA, 0);
        for (unsigned w = 0; w < switches; w++) {
            unsigned host = sy_builder_object(b, numa, SY_OBJ_HOST_BRIDGE, 0);
            unsigned bridge = sy_builder_object(b, host, SY_OBJ_BRIDGE, 31500);
            for (unsigned k = 0; k < SY_KIND_COUNT; k++) {
                for (unsigned i = 0; i < kinds[k]; i++)
                    sy_builder_unit(b, sy_builder_object(b, bridge, SY_OBJ_DEVICE, 31500),
                                    (enum sy_kind)k);
            }
        }
    }
    sy_builder_relate(b);
}

struct sy_profile sy_builder_profile(void)
{
    struct sy_profile p = {.name = "test",
                           .link_reference_mbps = 31500,
                           .neutral = 500,
                           .memory_reference_mbps = {3000000, 3000000, 500000, 0}};
    static const uint16_t term[SY_TERM_COUNT] = {300, 150, 250, 100, 150, 50};
    static const uint16_t path[SY_PATH_COUNT] = {
        [SY_PATH_SLOT] = 1000,   [SY_PATH_PIX] = 1000,    [SY_PATH_PXB] = 970,
        [SY_PATH_PHB] = 950,     [SY_PATH_NODE] = 930,    [SY_PATH_SOCKET] = 850,
        [SY_PATH_SYS] = 620,     [SY_PATH_UNKNOWN] = 600, [SY_PATH_NVL] = 1000,
        [SY_PATH_XGMI] = 1000,   [SY_PATH_HCCS] = 1000,   [SY_PATH_SIO] = 1000,
        [SY_PATH_XELINK] = 1000, [SY_PATH_OTHER] = 900,
    };
    memcpy(p.term, term, sizeof term);
    memcpy(p.path, path, sizeof path);
    p.cpu[SY_PATH_NODE] = 1000;
    p.cpu[SY_PATH_SOCKET] = 850;
    p.cpu[SY_PATH_SYS] = 450;
    p.cpu[SY_PATH_UNKNOWN] = 500;
    return p;
}
