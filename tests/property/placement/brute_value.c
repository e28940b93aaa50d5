/* SPDX-License-Identifier: Apache-2.0 */
#include "brute.h"

#include <string.h>

struct set {
    unsigned n, unit[SY_UNIT_MAX], entry[SY_UNIT_MAX];
    struct sy_devset all;
};

static bool held(const struct brute_case *b, unsigned u)
{
    return !b->whole && b->usage->unit[u].held != 0;
}

static bool is_free(const struct brute_case *b, unsigned u)
{
    return b->whole || sy_devset_has(&b->usage->free, u);
}

static bool overlay(const struct brute_case *b, unsigned a, unsigned c)
{
    return sy_fabric_pair(b->fabric, a, c)->path >= SY_PATH_FIRST_OVERLAY;
}

static bool below(const struct brute_case *b, unsigned unit, unsigned obj)
{
    return sy_devset_has(&b->fabric->under[obj], unit);
}

static bool pci_only(const struct brute_case *b, unsigned from, unsigned to)
{
    const struct sy_obj *obj = b->fabric->inv.obj;
    for (unsigned o = from;; o = obj[o].parent) {
        if (obj[o].type != SY_OBJ_BRIDGE && obj[o].type != SY_OBJ_DEVICE)
            return false;
        if (o == to)
            return true;
    }
}

/* Devices of other pods whose traffic crosses the object's edge. */
static unsigned others_crossing(const struct brute_case *b, unsigned obj)
{
    unsigned n = 0;
    for (unsigned u = 0; u < b->fabric->nunit; u++) {
        if (!held(b, u) || !below(b, u, obj))
            continue;
        unsigned holder = b->usage->unit[u].holder, inside = 0, outside = 0;
        for (unsigned k = 0; k < b->fabric->nunit; k++) {
            if (k == u || (holder != 0 && held(b, k) && b->usage->unit[k].holder == holder))
                *(below(b, k, obj) ? &inside : &outside) += 1;
        }
        if (inside + outside == 1)
            n += pci_only(b, b->fabric->unit[u].obj, obj);
        else
            n += outside != 0;
    }
    return n;
}

static unsigned own_crossing(const struct brute_case *b, const struct set *s, unsigned obj)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        bool crosses = false;
        for (unsigned k = 0; k < s->n; k++)
            crosses |= below(b, s->unit[i], obj) && !below(b, s->unit[k], obj) &&
                       !overlay(b, s->unit[i], s->unit[k]);
        n += crosses;
    }
    return n;
}

static void lower(uint32_t *low, uint32_t mbps, unsigned devices)
{
    if (mbps == 0)
        return;
    uint32_t share = mbps / devices;
    if (share == 0)
        share = 1;
    if (share < *low)
        *low = share;
}

static void lower_by_path(const struct brute_case *b, const struct set *s, unsigned a, unsigned c,
                          uint32_t *low)
{
    for (unsigned o = b->fabric->unit[a].obj; o != 0; o = b->fabric->inv.obj[o].parent) {
        if (below(b, c, o))
            return;
        lower(low, b->fabric->uplink_mbps[o], own_crossing(b, s, o) + others_crossing(b, o));
    }
}

static void value_link(const struct brute_case *b, const struct set *s, struct brute_value *ret)
{
    uint32_t low = UINT32_MAX, own = UINT32_MAX;
    bool unknown = false;
    for (unsigned i = 0; i < s->n; i++) {
        for (unsigned k = 0; k < i; k++) {
            const struct sy_pair *pair = sy_fabric_pair(b->fabric, s->unit[i], s->unit[k]);
            uint32_t rate = pair->pcie_mbps;
            if (overlay(b, s->unit[i], s->unit[k])) {
                rate = pair->mbps;
            } else {
                lower_by_path(b, s, s->unit[i], s->unit[k], &low);
                lower_by_path(b, s, s->unit[k], s->unit[i], &low);
                if (pair->pcie == SY_PATH_SYS && b->fabric->socket_assumed)
                    ret->unknown |= 1u << SY_UNKNOWN_SOCKET_RATE;
            }
            lower(&low, rate, 1);
            unknown |= rate == 0;
        }
    }
    if (s->n == 1) {
        const struct sy_unit *unit = &b->fabric->unit[s->unit[0]];
        lower(&low, unit->link_mbps, 1);
        lower(&own, unit->link_mbps, 1);
        for (unsigned o = unit->obj; pci_only(b, unit->obj, o); o = b->fabric->inv.obj[o].parent) {
            lower(&low, b->fabric->uplink_mbps[o], 1 + others_crossing(b, o));
            lower(&own, b->fabric->uplink_mbps[o], 1);
        }
        unknown = low == UINT32_MAX;
    }
    uint64_t term = (uint64_t)(s->n == 1 ? own : low) * 1000 / b->profile->link_reference_mbps;
    term = term > 1000 ? 1000 : term;
    if (unknown && term > b->profile->neutral)
        term = b->profile->neutral;
    if (unknown)
        ret->unknown |= 1u << SY_UNKNOWN_LINK;
    ret->term[SY_TERM_LINK] = (unsigned)term;
    ret->min_mbps = unknown ? 0 : low;
    ret->low_mbps = low;
}

static unsigned half_up(uint64_t sum, uint64_t n)
{
    return (unsigned)((sum * 2 + n) / (n * 2));
}

static void value_pairs(const struct brute_case *b, const struct set *s, struct brute_value *ret)
{
    uint64_t path = 0, cpu = 0, n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        for (unsigned k = 0; k < i; k++) {
            const struct sy_pair *pair = sy_fabric_pair(b->fabric, s->unit[i], s->unit[k]);
            path += b->profile->path[pair->path];
            cpu += b->profile->cpu[pair->cpu];
            n++;
            if (pair->path == SY_PATH_UNKNOWN || pair->cpu == SY_PATH_UNKNOWN)
                ret->unknown |= 1u << SY_UNKNOWN_LOCALITY;
        }
    }
    ret->term[SY_TERM_AFFINITY] = n != 0 ? half_up(path, n) : 1000;
    ret->term[SY_TERM_CPU] = n != 0 ? half_up(cpu, n) : 1000;
    if (s->n == 1 && b->fabric->unit[s->unit[0]].place[SY_SCOPE_NUMA] < 0) {
        ret->term[SY_TERM_CPU] = b->profile->neutral;
        ret->unknown |= 1u << SY_UNKNOWN_LOCALITY;
    }
}

static void value_memory(const struct brute_case *b, const struct set *s, struct brute_value *ret)
{
    unsigned sum = 0, n = 0;
    for (unsigned e = 0; e < b->request->nentry; e++) {
        unsigned low = UINT32_MAX;
        for (unsigned i = 0; i < s->n; i++) {
            const struct sy_unit *unit = &b->fabric->unit[s->unit[i]];
            uint32_t reference = b->profile->memory_reference_mbps[unit->kind];
            if (s->entry[i] != e || reference == 0)
                continue;
            uint64_t score = (uint64_t)unit->memory_bw_mbps * 1000 / reference;
            score = score > 1000 ? 1000 : score;
            if (unit->memory_bw_mbps == 0) {
                score = b->profile->neutral;
                ret->unknown |= 1u << SY_UNKNOWN_MEMORY;
            }
            low = score < low ? (unsigned)score : low;
        }
        if (low != UINT32_MAX) {
            sum += low;
            n++;
        }
    }
    ret->term[SY_TERM_MEMORY] = n != 0 ? half_up(sum, n) : 1000;
}

static void value_power(const struct brute_case *b, const struct set *s, struct brute_value *ret)
{
    int64_t watts = 0;
    bool some_unknown = false, no_idle = false;
    for (unsigned i = 0; i < s->n; i++) {
        const struct sy_unit *unit = &b->fabric->unit[s->unit[i]];
        int64_t full = b->usage->unit[s->unit[i]].cap_mw;
        if (full == SY_UNKNOWN_MW)
            full = unit->tdp_mw;
        some_unknown |= full == 0;
        no_idle |= full != 0 && unit->idle_mw == 0;
        watts += full > unit->idle_mw ? full - unit->idle_mw : 0;
    }
    if (b->request->expected_mw != SY_UNKNOWN_MW) {
        watts = b->request->expected_mw;
        some_unknown = no_idle = false;
    }
    ret->watts_mw = watts;
    ret->unknown |= (unsigned)some_unknown << SY_UNKNOWN_DEVICE_POWER;
    ret->unknown |= (unsigned)no_idle << SY_UNKNOWN_IDLE_POWER;
    int64_t left = b->room->headroom_mw - watts;
    int64_t term = left <= 0 || b->room->limit_mw <= 0 ? 0 : left * 1000 / b->room->limit_mw;
    term = term > 1000 ? 1000 : term;
    if (!b->room->known || (some_unknown && term > b->profile->neutral))
        term = b->profile->neutral;
    ret->term[SY_TERM_POWER] = (unsigned)term;
    if (!b->room->known)
        ret->unknown |= 1u << SY_UNKNOWN_NODE_POWER;
}

struct groups {
    struct sy_devset set[4 * SY_UNIT_MAX];
    unsigned n;
};

static void add_group(struct groups *g, struct sy_devset set)
{
    for (unsigned i = 0; i < g->n; i++) {
        if (sy_devset_equal(&g->set[i], &set))
            return;
    }
    if (sy_devset_count(&set) >= 2)
        g->set[g->n++] = set;
}

/* All units that share unit u's place, or the ones of its kind; those linked as it is. */
static void groups_of(const struct brute_case *b, unsigned u, struct groups *g)
{
    const struct sy_fabric *f = b->fabric;
    for (unsigned scope = 0; scope < SY_SCOPE_ANY; scope++) {
        struct sy_devset all = SY_DEVSET_EMPTY, kind = SY_DEVSET_EMPTY;
        if (f->unit[u].place[scope] < 0)
            continue;
        for (unsigned k = 0; k < f->nunit; k++) {
            if (f->unit[k].place[scope] != f->unit[u].place[scope])
                continue;
            sy_devset_add(&all, k);
            if (f->unit[k].kind == f->unit[u].kind)
                sy_devset_add(&kind, k);
        }
        add_group(g, all);
        add_group(g, kind);
    }
    struct sy_devset twins = SY_DEVSET_EMPTY, mine = f->overlay[u];
    sy_devset_add(&mine, u);
    for (unsigned k = 0; k < f->nunit; k++) {
        struct sy_devset theirs = f->overlay[k];
        sy_devset_add(&theirs, k);
        if (sy_devset_equal(&mine, &theirs))
            sy_devset_add(&twins, k);
    }
    add_group(g, twins);
}

static void value_leftover(const struct brute_case *b, const struct set *s, struct brute_value *ret)
{
    const struct sy_fabric *f = b->fabric;
    struct groups g = {.n = 0};
    uint64_t total = 0, lost = 0, pairs = 0, pairs_lost = 0;
    for (unsigned u = 0; u < f->nunit; u++)
        groups_of(b, u, &g);
    for (unsigned i = 0; i < g.n; i++) {
        bool whole = true, touched = false;
        for (unsigned u = 0; u < f->nunit; u++) {
            if (!sy_devset_has(&g.set[i], u))
                continue;
            whole &= is_free(b, u);
            touched |= sy_devset_has(&s->all, u);
        }
        total += sy_devset_count(&g.set[i]);
        lost += whole && touched ? sy_devset_count(&g.set[i]) : 0;
    }
    for (unsigned a = 0; a < f->nunit; a++) {
        for (unsigned c = 0; c < a; c++) {
            uint64_t weight = b->profile->path[sy_fabric_pair(f, a, c)->path];
            pairs += weight;
            bool touched = sy_devset_has(&s->all, a) || sy_devset_has(&s->all, c);
            pairs_lost += is_free(b, a) && is_free(b, c) && touched ? weight : 0;
        }
    }
    ret->kept = 2000000;
    ret->kept -= total != 0 ? lost * 1000000 / total : 0;
    ret->kept -= pairs != 0 ? pairs_lost * 1000000 / pairs : 0;
    bool reported = b->usage->mode != SY_MODE_COUNTS;
    ret->term[SY_TERM_LEFTOVER] = reported ? half_up(ret->kept, 2000) : b->profile->neutral;
}

void brute_value(const struct brute_case *b, const struct sy_devset *pick, struct brute_value *ret)
{
    struct set s = {.n = 0};
    memset(ret, 0, sizeof *ret);
    for (unsigned e = 0; e < b->request->nentry; e++) {
        for (unsigned u = 0; u < b->fabric->nunit; u++) {
            if (!sy_devset_has(&pick[e], u))
                continue;
            s.unit[s.n] = u;
            s.entry[s.n++] = e;
            sy_devset_add(&s.all, u);
        }
    }
    value_pairs(b, &s, ret);
    value_link(b, &s, ret);
    value_memory(b, &s, ret);
    value_leftover(b, &s, ret);
    value_power(b, &s, ret);
    if (b->usage->mode == SY_MODE_COUNTS)
        ret->unknown |= 1u << SY_UNKNOWN_OCCUPANCY;
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        ret->sum += (uint64_t)b->profile->term[t] * ret->term[t];
}
