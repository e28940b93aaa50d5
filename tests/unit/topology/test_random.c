/* SPDX-License-Identifier: Apache-2.0 */
/* Random machines: every invariant, the way out and back through JSON, and the class of each pair
 * against what the generator meant when it put the machine together. SWITCHYARD_SEED repeats a run.
 */
#include "tests/golden/show.h"
#include "tests/lib/run.h"
#include "topology/fabric_private.h"
#include "topology/node_json.h"
#include "topology/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES 400
#define OBJECTS 300

static struct sy_catalogue *catalogue;
static uint64_t state;

static unsigned roll(unsigned n) /* 0 .. n-1 */
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((state >> 33) % n);
}

struct machine {
    struct sy_inventory inv;
    struct sy_obj obj[OBJECTS];
    struct sy_link link[64];
    uint16_t chip[OBJECTS]; /* what the generator meant: switch chip of a port, 0 = none */
    uint16_t slot[OBJECTS]; /* the port that a function sits at, 0 = on the root bus */
    unsigned bus;           /* next free one */
};

static const uint32_t rates[] = {0, 4000, 7877, 15754, 31508, 63015};
static const struct sy_pci_id devices[] = {
    {0x1200, 0x19e5, 0xd802, 0, 0}, {0x1200, 0x19e5, 0xd803, 0, 0}, {0x0302, 0x10de, 0x20b5, 0, 0},
    {0x0302, 0x10de, 0x2330, 0, 0}, {0x0380, 0x1002, 0x7408, 0, 0}, {0x0207, 0x15b3, 0x101b, 0, 0},
    {0x0108, 0x144d, 0xa824, 0, 0}, {0x1200, 0x10ee, 0x5005, 0, 0},
};

static uint16_t add(struct machine *m, uint16_t parent, enum sy_obj_type type)
{
    ck_assert_uint_lt(m->inv.nobj, OBJECTS);
    m->obj[m->inv.nobj] = (struct sy_obj){.parent = parent, .type = (uint8_t)type};
    return m->inv.nobj++;
}

static uint16_t add_bridge(struct machine *m, uint16_t parent, uint8_t bus, uint8_t dev,
                           struct sy_pci_id id, uint16_t chip)
{
    uint16_t i = add(m, parent, SY_OBJ_BRIDGE);
    m->obj[i].addr = (struct sy_pci_addr){.bus = bus, .dev = dev};
    m->obj[i].id = id;
    m->obj[i].cur_link_mbps = rates[roll(6)];
    m->chip[i] = chip == UINT16_MAX ? i : chip;
    m->obj[i].bus_first = m->obj[i].bus_last = (uint8_t)m->bus++;
    return i;
}

/* Ranges of all ancestors grow with the buses given out below them. */
static void grow(struct machine *m, uint16_t i)
{
    uint8_t last = (uint8_t)(m->bus - 1);
    for (; m->obj[i].type >= SY_OBJ_HOST_BRIDGE; i = m->obj[i].parent) {
        if (m->obj[i].bus_last < last)
            m->obj[i].bus_last = last;
    }
}

static void add_slot(struct machine *m, uint16_t port)
{
    unsigned which = roll(sizeof devices / sizeof *devices);
    unsigned functions = 1 + (roll(4) == 0);
    for (unsigned k = 0; k < functions; k++) {
        uint16_t i = add(m, port, SY_OBJ_DEVICE);
        struct sy_obj *obj = &m->obj[i];
        bool vf = k > 0 && devices[which].vendor == 0x15b3;
        obj->addr = (struct sy_pci_addr){
            .bus = m->obj[port].bus_first, .dev = vf ? 1 : 0, .func = (uint8_t)k};
        obj->id = devices[which];
        if (devices[which].vendor == 0x10ee && k == 0 && functions == 2)
            obj->id.device = 0x5004; /* management function before the user function */
        obj->is_vf = obj->has_physfn = vf;
        if (vf)
            obj->physfn = m->obj[i - 1].addr;
        obj->cur_link_mbps = rates[roll(6)];
        if (roll(2) == 0) {
            obj->max_link_mbps = rates[roll(6)];
            obj->max_width = 16;
            obj->cur_width = (uint8_t)(8 << roll(2));
        }
        obj->driver_known = roll(2) == 0;
        if (obj->driver_known && roll(3) == 0)
            obj->driver = roll(4) == 0 ? "vfio-pci" : "drv";
        obj->name = roll(3) == 0 ? "dev0" : NULL;
        m->slot[i] = port;
    }
}

/* A switch below `port`, with further ones up to `depth` deep. */
static void add_switch(struct machine *m, uint16_t port, unsigned depth)
{
    bool broadcom = roll(3) == 0;
    struct sy_pci_id id = {0x0604, 0x10b5, 0x8796, 0, 0};
    if (broadcom)
        id = (struct sy_pci_id){0x0604, 0x1000, 0xc010, 0x1000, 0xa096};
    uint16_t above = m->chip[port];
    bool same_chip = broadcom && above != 0 && m->obj[above].id.vendor == 0x1000;
    uint16_t up =
        add_bridge(m, port, m->obj[port].bus_first, 0, id, same_chip ? above : UINT16_MAX);
    unsigned ports = 1 + roll(4);
    for (unsigned k = 0; k < ports && m->bus < 240 && m->inv.nobj < OBJECTS - 20; k++) {
        uint16_t down = add_bridge(m, up, m->obj[up].bus_first, (uint8_t)k, id, m->chip[up]);
        if (depth > 0 && roll(3) == 0)
            add_switch(m, down, depth - 1);
        else if (roll(8) != 0)
            add_slot(m, down);
        grow(m, down);
    }
    grow(m, up);
}

static void add_root_port(struct machine *m, uint16_t host, unsigned k)
{
    static const struct sy_pci_id intel = {0x0604, 0x8086, 0x347a, 0, 0};
    static const struct sy_pci_id amd[2] = {{0x0604, 0x1002, 0x14a0, 0, 0},
                                            {0x0604, 0x1002, 0x14a1, 0, 0}};
    uint16_t port = add_bridge(m, host, m->obj[host].addr.bus, (uint8_t)k, intel, 0);
    switch (roll(4)) {
    case 0:
        add_slot(m, port);
        break;
    case 1: { /* a card with bridges of its own */
        uint16_t up = add_bridge(m, port, m->obj[port].bus_first, 0, amd[0], 0);
        uint16_t down = add_bridge(m, up, m->obj[up].bus_first, 0, amd[1], 0);
        add_slot(m, down);
        grow(m, down);
        break;
    }
    default:
        add_switch(m, port, roll(3));
        break;
    }
    grow(m, port);
}

static void make_machine(struct machine *m)
{
    uint16_t place[16];
    unsigned places = 0, npackage = 1 + roll(2), nodes = 1 + roll(4);
    memset(m, 0, sizeof *m);
    m->inv = (struct sy_inventory){.source = "test",
                                   .obj = m->obj,
                                   .link = m->link,
                                   .cpu_vendor = roll(2) ? "AuthenticAMD" : NULL};
    m->bus = 1;
    (void)add(m, 0, SY_OBJ_MACHINE);
    for (unsigned p = 0; p < npackage; p++) {
        uint16_t package = add(m, 0, SY_OBJ_PACKAGE);
        m->obj[package].os_index = p;
        place[places++] = package;
        for (unsigned k = 0; k < nodes; k++) {
            uint16_t node = add(m, package, SY_OBJ_NUMA);
            m->obj[node].os_index = p * nodes + k;
            place[places++] = node;
        }
    }
    unsigned hosts = 1 + roll(4);
    for (unsigned h = 0; h < hosts && m->bus < 200 && m->inv.nobj < OBJECTS - 60; h++) {
        uint16_t host = add(m, roll(8) == 0 ? 0 : place[roll(places)], SY_OBJ_HOST_BRIDGE);
        m->obj[host].addr.bus = m->obj[host].bus_first = m->obj[host].bus_last = (uint8_t)m->bus++;
        unsigned ports = 1 + roll(3);
        for (unsigned k = 0; k < ports && m->bus < 200 && m->inv.nobj < OBJECTS - 60; k++)
            add_root_port(m, host, k);
    }
}

static void add_links(struct machine *m)
{
    uint16_t last = 0;
    for (uint16_t i = 1; i < m->inv.nobj && m->inv.nlink < 64; i++) {
        if (m->obj[i].type != SY_OBJ_DEVICE)
            continue;
        if (last != 0 && roll(4) == 0)
            m->link[m->inv.nlink++] = (struct sy_link){
                .a = last, .b = i, .type = (uint8_t)(1 + roll(6)), .mbps = rates[roll(6)]};
        last = i;
    }
}

/* Ancestors of `i` from itself up to the machine. */
static unsigned path_up(const struct machine *m, uint16_t i, uint16_t *ret)
{
    unsigned n = 0;
    for (; i != 0; i = m->obj[i].parent)
        ret[n++] = i;
    ret[n++] = 0;
    return n;
}

static uint16_t common(const struct machine *m, uint16_t a, uint16_t b)
{
    uint16_t x[80], y[80];
    unsigned nx = path_up(m, a, x), ny = path_up(m, b, y);
    for (unsigned i = 0; i < nx; i++) {
        for (unsigned k = 0; k < ny; k++) {
            if (x[i] == y[k])
                return x[i];
        }
    }
    return 0;
}

/* NUMA nodes below an object, as a set of object indices mod 64 (machines here have few). */
static uint64_t nodes_below(const struct machine *m, uint16_t top)
{
    uint64_t set = 0;
    for (uint16_t i = 1; i < m->inv.nobj; i++) {
        for (uint16_t k = i; m->obj[i].type == SY_OBJ_NUMA; k = m->obj[k].parent) {
            if (k == top)
                set |= UINT64_C(1) << m->obj[i].os_index;
            if (k == 0 || k == top)
                break;
        }
    }
    return set;
}

/* What two locations of the CPU side are to each other, by sets of NUMA nodes: one node that is the
 * same, sets within one package, sets in different packages, or all nodes there are (that is:
 * unknown). */
static enum sy_path_class meant_cpu(const struct machine *m, uint16_t a, uint16_t b)
{
    uint64_t all = nodes_below(m, 0), set[2];
    for (unsigned k = 0; k < 2; k++) {
        uint16_t i = k == 0 ? a : b;
        while (m->obj[i].type >= SY_OBJ_HOST_BRIDGE)
            i = m->obj[i].parent;
        set[k] = nodes_below(m, i);
        if (set[k] == all && __builtin_popcountll(all) > 1)
            return SY_PATH_UNKNOWN;
    }
    if (set[0] == set[1] && __builtin_popcountll(set[0]) == 1)
        return SY_PATH_NODE;
    for (uint16_t i = 1; i < m->inv.nobj; i++) {
        uint64_t package = m->obj[i].type == SY_OBJ_PACKAGE ? nodes_below(m, i) : 0;
        if ((set[0] & package) == set[0] && (set[1] & package) == set[1])
            return SY_PATH_SOCKET;
    }
    return SY_PATH_SYS;
}

static enum sy_path_class meant(const struct machine *m, uint16_t a, uint16_t b)
{
    uint16_t top = common(m, a, b), seen[80];
    unsigned n = 0;
    if (m->obj[top].type < SY_OBJ_HOST_BRIDGE)
        return meant_cpu(m, a, b);
    if (m->slot[a] == m->slot[b])
        return SY_PATH_SLOT;
    if (m->obj[top].type == SY_OBJ_HOST_BRIDGE)
        return SY_PATH_PHB;
    for (unsigned side = 0; side < 2; side++) {
        for (uint16_t i = side == 0 ? a : b;; i = m->obj[i].parent) {
            bool known = m->chip[i] == 0;
            for (unsigned k = 0; k < n && !known; k++)
                known = seen[k] == m->chip[i];
            if (!known)
                seen[n++] = m->chip[i];
            if (i == top)
                break;
        }
    }
    return n <= 1 ? SY_PATH_PIX : SY_PATH_PXB;
}

static void check_classes(const struct machine *m, const struct sy_fabric *f)
{
    for (uint16_t a = 1; a < m->inv.nobj; a++) {
        for (uint16_t b = 1; b < m->inv.nobj; b++) {
            if (a == b || m->obj[a].type != SY_OBJ_DEVICE || m->obj[b].type != SY_OBJ_DEVICE)
                continue;
            enum sy_path_class want = meant(m, a, b), got = sy_fabric_path(f, a, b);
            ck_assert_msg(want == got, "objects %u and %u: meant %s, got %s", a, b,
                          sy_path_name(want), sy_path_name(got));
        }
    }
}

/* Units below one bridge are within one switch, or within one slot that stands for it; an unknown
 * way has no rate. */
static void check_places(const struct machine *m, const struct sy_fabric *f)
{
    for (uint16_t a = 0; a < f->nunit; a++) {
        for (uint16_t b = 0; b < f->nunit; b++) {
            const struct sy_unit *x = &f->unit[a], *y = &f->unit[b];
            const struct sy_pair *pair = sy_fabric_pair(f, a, b);
            if (m->obj[x->obj].parent == m->obj[y->obj].parent)
                ck_assert_int_eq(x->place[SY_SCOPE_SWITCH], y->place[SY_SCOPE_SWITCH]);
            if (pair->path == SY_PATH_UNKNOWN)
                ck_assert_uint_eq(pair->mbps, 0);
        }
    }
}

static struct sy_usage *random_usage(const struct sy_fabric *f)
{
    struct sy_usage *usage = NULL;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_usage_begin(f, f->nunit, &usage, &err), SY_OK);
    usage->mode = (uint8_t)roll(SY_MODE_COUNT);
    usage->observed_us = roll(2) ? (int64_t)roll(1u << 30) * 1000003 : 0;
    usage->limit_mw = roll(2) ? (int64_t)roll(1u << 30) : SY_UNKNOWN_MW;
    for (uint16_t u = 0; u < f->nunit; u++) {
        struct sy_unit_usage *unit = &usage->unit[u];
        unit->unhealthy = roll(8) == 0;
        unit->reason = unit->unhealthy && roll(2) ? "why" : NULL;
        unit->cap_mw = roll(4) == 0 ? (int64_t)roll(1000000) : SY_UNKNOWN_MW;
        if (roll(3) != 0)
            continue;
        unit->held = (uint16_t)(roll(2) ? SY_WHOLE : 1 + roll(SY_WHOLE));
        if (roll(4) == 0)
            continue;
        static const char *const pods[] = {"a", "b", "c"};
        usage->holder[usage->nholder] = (struct sy_holder){
            .namespace_ = "ns", .name = pods[roll(3)], .container = roll(2) ? "main" : NULL};
        unit->holder_first = usage->nholder++;
        unit->holder_count = 1;
        unit->holder = sy_usage_group(usage, unit->holder_first);
    }
    sy_usage_finish(f, usage);
    return usage;
}

START_TEST(random_machines)
{
    static struct machine machine;
    const char *seed = getenv("SWITCHYARD_SEED");
    uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    unsigned units = 0, overlays = 0;
    for (uint64_t s = first; s < first + (seed != NULL ? 1 : MACHINES); s++) {
        struct sy_err err = {0};
        struct sy_fabric *fabric = NULL;
        struct sy_node *node = NULL;
        state = s * UINT64_C(0x9e3779b97f4a7c15);
        make_machine(&machine);
        add_links(&machine);
        ck_assert_msg(sy_fabric_build(&machine.inv, catalogue, &fabric, &err) == SY_OK,
                      "seed %llu: %s", (unsigned long long)s, err.text);
        check_classes(&machine, fabric);
        check_places(&machine, fabric);
        struct sy_usage *usage = random_usage(fabric);
        ck_assert_int_eq(sy_node_new("n", fabric, usage, NULL, 0, &node, &err), SY_OK);
        ck_assert_msg(sy_node_check(node, &err) == SY_OK, "seed %llu: %s", (unsigned long long)s,
                      err.text);
        sy_expect_round_trip(node, catalogue);
        units += fabric->nunit;
        for (uint16_t u = 0; u < fabric->nunit; u++)
            overlays += sy_devset_count(&fabric->overlay[u]);
        sy_usage_unref(usage);
        sy_fabric_unref(fabric);
        sy_node_unref(node);
    }
    printf("# %u units, %u overlay links\n", units, overlays / 2);
    ck_assert(seed != NULL || (units > 1000 && overlays > 1000));
}
END_TEST

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
}

static void teardown(void)
{
    sy_catalogue_unref(catalogue);
}

int main(void)
{
    Suite *suite = suite_create("random machines");
    TCase *tcase = tcase_create("random");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 110);
    tcase_add_test(tcase, random_machines);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
