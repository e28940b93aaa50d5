/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of one NUMA node are equal to the kubelet's rules, so a state is counts: per resource and
 * NUMA node how many devices are available and how many are kept for reuse. Containers are served
 * one after another; where the kubelet's choice is open, every outcome is followed. */
#include "scoring/admission.h"

#include <assert.h>
#include <string.h>

#define KUBELET_NUMA_MAX 8u           /* max-allowable-numa-nodes where it is not given */
#define NOWHERE SY_ADMISSION_NUMA_MAX /* the place of devices without a NUMA node */
#define PLACES (SY_ADMISSION_NUMA_MAX + 1)

/* One resource of the pod on the node. */
struct stock {
    bool aligned;           /* some device of it tells a NUMA node */
    uint16_t all[PLACES];   /* devices that the plugin lists, healthy or not */
    uint16_t start[PLACES]; /* available to the first container */
};

/* Per entry and place. */
struct state {
    uint16_t free[SY_ENTRY_MAX][PLACES];
    uint16_t reuse[SY_ENTRY_MAX][PLACES]; /* of init containers that will have ended */
};

struct model {
    const struct sy_fabric *fabric;
    const struct sy_request *request;
    bool single, pod;
    bool one_node;    /* the machine has one NUMA node: a hint of it says nothing */
    bool any_closest; /* between several nodes distances decide, which nobody knows here */
    bool any;         /* something else has a say in which nodes it becomes */
    unsigned nnuma;
    int16_t numa[SY_ADMISSION_NUMA_MAX]; /* objects, ascending by the kernel's number */
    struct stock stock[SY_ENTRY_MAX];
    struct sy_arena *arena;
    struct sy_err *err;
    uint32_t steps;
    bool gave_up; /* more steps or states than we follow: nothing is known */
};

static const char *const names[] = {
#define X(id, name) name,
    SY_ADMISSIONS(X)
#undef X
};

const char *sy_admission_name(enum sy_admission admission)
{
    assert(admission < SY_ADMISSION_COUNT);
    return names[admission];
}

bool sy_admission_may_refuse(const struct sy_fabric *fabric)
{
    uint8_t policy = fabric->inv.topology_manager.policy;
    return policy == SY_TOPOLOGY_POLICY_RESTRICTED || policy == SY_TOPOLOGY_POLICY_SINGLE_NUMA;
}

static bool may_go_on(struct model *m)
{
    m->gave_up |= m->steps++ >= SY_ADMISSION_STEPS_MAX;
    return !m->gave_up;
}

static unsigned sum(const uint16_t count[PLACES])
{
    unsigned total = 0;
    for (unsigned p = 0; p < PLACES; p++)
        total += count[p];
    return total;
}

/* NUMA nodes that serve a container: a bit each. */
static unsigned within(const uint16_t count[PLACES], unsigned mask)
{
    unsigned total = 0;
    for (unsigned p = 0; p < SY_ADMISSION_NUMA_MAX; p++)
        total += (mask >> p & 1) != 0 ? count[p] : 0;
    return total;
}

static unsigned where(const uint16_t count[PLACES])
{
    unsigned mask = 0;
    for (unsigned p = 0; p < SY_ADMISSION_NUMA_MAX; p++)
        mask |= count[p] > 0 ? 1u << p : 0;
    return mask;
}

/* The fewest nodes whose devices, free or not, are `count`; 0: all of them are too few. */
static unsigned fewest_nodes(const struct stock *stock, unsigned count)
{
    bool used[SY_ADMISSION_NUMA_MAX] = {false};
    unsigned n = 0, total = 0;
    while (total < count) {
        int best = -1;
        for (int p = 0; p < (int)SY_ADMISSION_NUMA_MAX; p++) {
            if (!used[p] && stock->all[p] > 0 && (best < 0 || stock->all[p] > stock->all[best]))
                best = p;
        }
        if (best < 0)
            return 0;
        used[best] = true;
        total += stock->all[best];
        n++;
    }
    return n;
}

/* What the policy makes of one demand: how many nodes the hint has, 0 = no resource has a
 * preference; -1: refused. */
static int hint_size(const struct model *m, const struct state *s,
                     const uint16_t count[SY_ENTRY_MAX])
{
    int size = 0;
    for (unsigned e = 0; e < m->request->nentry; e++) {
        if (count[e] == 0)
            continue;
        if (sum(s->free[e]) + sum(s->reuse[e]) < count[e])
            return -1;
        if (!m->stock[e].aligned)
            continue;
        int fewest = (int)fewest_nodes(&m->stock[e], count[e]);
        if (fewest == 0 || (size != 0 && fewest != size))
            return -1; /* no set is preferred by both */
        size = fewest;
    }
    return m->single && size > 1 ? -1 : size;
}

/* Is the set of nodes a hint of every resource? It holds all that is kept for reuse. */
static bool serves(const struct model *m, const struct state *s, const uint16_t count[SY_ENTRY_MAX],
                   unsigned mask)
{
    for (unsigned e = 0; e < m->request->nentry; e++) {
        if (count[e] == 0 || !m->stock[e].aligned)
            continue;
        if ((where(s->reuse[e]) & ~mask) != 0)
            return false;
        if (within(s->reuse[e], mask) + within(s->free[e], mask) < count[e])
            return false;
    }
    return true;
}

/* The next set of `size` nodes after `mask` (0: the first) that serves; 0: none. */
static unsigned next_mask(struct model *m, const struct state *s,
                          const uint16_t count[SY_ENTRY_MAX], int size, unsigned mask)
{
    while (++mask < 1u << m->nnuma) {
        if (__builtin_popcount(mask) != size)
            continue;
        if (!may_go_on(m))
            return 0;
        if (serves(m, s, count, mask))
            return mask;
    }
    return 0;
}

/* The states that a container may leave behind. */
struct serving {
    struct model *m;
    const struct sy_container_ask *ask;
    unsigned mask; /* 0: any place */
    struct state now;
    struct state *found;
    unsigned nfound;
};

static void keep(struct serving *v)
{
    for (unsigned i = 0; i < v->nfound; i++) {
        if (memcmp(&v->found[i], &v->now, sizeof v->now) == 0)
            return;
    }
    if (v->nfound == SY_ADMISSION_STATES_MAX)
        v->m->gave_up = true;
    else
        v->found[v->nfound++] = v->now;
}

static void serve_entry(struct serving *v, unsigned e);

/* Take `left` devices of the entry from `place` on, in every way that there is: from what is kept
 * for reuse and then `fresh` ones, or fresh ones alone. */
static void take(struct serving *v, unsigned e, unsigned place, unsigned left, unsigned fresh,
                 bool reusing)
{
    if (!may_go_on(v->m))
        return;
    if (left == 0 && reusing) {
        take(v, e, 0, fresh, 0, false);
        return;
    }
    if (left == 0) {
        serve_entry(v, e + 1);
        return;
    }
    uint16_t *from = reusing ? v->now.reuse[e] : v->now.free[e];
    bool bounded = !reusing && v->mask != 0 && v->m->stock[e].aligned;
    unsigned later = 0; /* what the places after this one have */
    for (unsigned p = place + 1; p < PLACES; p++)
        later += !bounded || (p < NOWHERE && (v->mask >> p & 1) != 0) ? from[p] : 0;
    bool here = !bounded || (place < NOWHERE && (v->mask >> place & 1) != 0);
    unsigned most = here ? from[place] : 0;
    unsigned least = left > later ? left - later : 0;
    bool init = v->ask->type == SY_CONTAINER_INIT;
    for (unsigned n = least; n <= most && n <= left; n++) {
        from[place] = (uint16_t)(from[place] - n);
        if (!reusing && init)
            v->now.reuse[e][place] = (uint16_t)(v->now.reuse[e][place] + n);
        take(v, e, place + 1, left - n, fresh, reusing);
        from[place] = (uint16_t)(from[place] + n);
        if (!reusing && init)
            v->now.reuse[e][place] = (uint16_t)(v->now.reuse[e][place] - n);
    }
}

/* What is kept for reuse goes first; an init container keeps it there for the next. */
static void serve_entry(struct serving *v, unsigned e)
{
    const struct sy_request *request = v->m->request;
    while (e < request->nentry && v->ask->count[e] == 0)
        e++;
    if (e == request->nentry) {
        keep(v);
        return;
    }
    unsigned count = v->ask->count[e], reuse = sum(v->now.reuse[e]);
    unsigned reused = count < reuse ? count : reuse;
    if (v->ask->type == SY_CONTAINER_INIT)
        take(v, e, 0, count - reused, 0, false);
    else
        take(v, e, 0, reused, count - reused, true);
}

/* Serve a container in a state: the outcomes join `v`. */
static void serve(struct serving *v, const struct state *s, int size)
{
    struct model *m = v->m;
    bool any = m->any || (m->any_closest && size > 1);
    v->now = *s;
    v->mask = 0;
    if (size == 0 || (m->one_node && m->single)) {
        serve_entry(v, 0);
        return;
    }
    while (!m->gave_up && (v->mask = next_mask(m, s, v->ask->count, size, v->mask)) != 0) {
        serve_entry(v, 0);
        if (!any)
            return;
    }
}

static bool admits(struct model *m, const struct state *s, const uint16_t count[SY_ENTRY_MAX],
                   int *ret_size)
{
    *ret_size = hint_size(m, s, count);
    return *ret_size == 0 || (*ret_size > 0 && next_mask(m, s, count, *ret_size, 0) != 0);
}

/* Container after container, each with what those before it left. `room`: states for two. */
static enum sy_admission check_containers(struct model *m, const struct state *start,
                                          struct state *room[2])
{
    const struct sy_request *request = m->request;
    bool refused = false;
    unsigned nfrom = 1;
    const struct state *from = start;
    for (unsigned i = 0; i < request->nask && nfrom > 0; i++) {
        struct serving v = {.m = m, .ask = &request->ask[i], .found = room[i % 2]};
        bool last = i + 1u == request->nask;
        unsigned admitted = 0;
        for (unsigned k = 0; k < nfrom && !m->gave_up; k++) {
            int size;
            bool ok = admits(m, &from[k], v.ask->count, &size);
            refused |= !ok;
            admitted += ok;
            if (ok && !last)
                serve(&v, &from[k], size);
        }
        from = v.found;
        nfrom = last ? admitted : v.nfound;
    }
    if (!refused)
        return SY_ADMISSION_ADMITTED;
    return nfrom > 0 ? SY_ADMISSION_UNKNOWN : SY_ADMISSION_REFUSED;
}

/* The pod's effective request, as the kubelet adds it up: no overhead. */
static void add_up(const struct sy_request *request, uint16_t ret[SY_ENTRY_MAX])
{
    for (unsigned e = 0; e < request->nentry; e++) {
        unsigned mains = 0, sidecars = 0, init = 0;
        for (unsigned i = 0; i < request->nask; i++) {
            const struct sy_container_ask *ask = &request->ask[i];
            unsigned at_once = sidecars + ask->count[e];
            if (ask->type == SY_CONTAINER_MAIN)
                mains += ask->count[e];
            else if (at_once > init)
                init = at_once;
            if (ask->type == SY_CONTAINER_SIDECAR)
                sidecars = at_once;
        }
        unsigned total = mains + sidecars > init ? mains + sidecars : init;
        ret[e] = (uint16_t)total; /* at most 64 * 257 */
    }
}

static enum sy_code check_model(struct model *m, enum sy_admission *ret)
{
    struct state start = {0}, *room[2] = {NULL, NULL};
    uint16_t count[SY_ENTRY_MAX] = {0};
    int size;
    for (unsigned e = 0; e < m->request->nentry; e++)
        memcpy(start.free[e], m->stock[e].start, sizeof start.free[e]);
    for (unsigned i = 0; i < 2 && !m->pod && m->request->nask > i + 1u; i++) {
        room[i] = sy_arena_calloc(m->arena, SY_ADMISSION_STATES_MAX, sizeof *room[i]);
        if (room[i] == NULL)
            return sy_fail(m->err, SY_ENOMEM, "out of memory");
    }
    add_up(m->request, count);
    if (!m->pod)
        *ret = check_containers(m, &start, room);
    else
        *ret = admits(m, &start, count, &size) ? SY_ADMISSION_ADMITTED : SY_ADMISSION_REFUSED;
    if (m->gave_up)
        *ret = SY_ADMISSION_UNKNOWN;
    return SY_OK;
}

static bool is_asked(const struct model *m, unsigned unit, unsigned entry)
{
    return sy_devset_has(&m->fabric->unit[unit].resources, m->request->entry[entry].resource);
}

/* The NUMA nodes of all units that the pod may get, in the kernel's order; false: too many of them,
 * or a unit that counts for two resources. */
static bool find_nodes(struct model *m)
{
    const struct sy_inventory *inv = &m->fabric->inv;
    for (unsigned u = 0; u < m->fabric->nunit; u++) {
        unsigned asked = 0, at = 0;
        int16_t place = m->fabric->unit[u].place[SY_SCOPE_NUMA];
        for (unsigned e = 0; e < m->request->nentry; e++)
            asked += is_asked(m, u, e);
        if (asked > 1)
            return false;
        if (asked == 0 || place < 0)
            continue;
        while (at < m->nnuma && inv->obj[m->numa[at]].os_index < inv->obj[place].os_index)
            at++;
        if (at < m->nnuma && m->numa[at] == place)
            continue;
        if (m->nnuma == SY_ADMISSION_NUMA_MAX)
            return false;
        memmove(&m->numa[at + 1], &m->numa[at], (m->nnuma - at) * sizeof m->numa[0]);
        m->numa[at] = place;
        m->nnuma++;
    }
    return true;
}

static unsigned place_of(const struct model *m, unsigned unit)
{
    int16_t place = m->fabric->unit[unit].place[SY_SCOPE_NUMA];
    for (unsigned p = 0; p < m->nnuma; p++) {
        if (m->numa[p] == place)
            return p;
    }
    return NOWHERE;
}

/* Count the units; broken ones only when `with_broken`. Returns whether there are such. */
static bool fill_stock(struct model *m, const struct sy_usage *usage, bool with_broken)
{
    bool any_broken = false;
    memset(m->stock, 0, sizeof m->stock);
    for (unsigned u = 0; u < m->fabric->nunit; u++) {
        bool broken = m->fabric->unit[u].broken;
        for (unsigned e = 0; e < m->request->nentry; e++) {
            if (!is_asked(m, u, e))
                continue;
            any_broken |= broken;
            if (broken && !with_broken)
                continue;
            struct stock *stock = &m->stock[e];
            unsigned place = place_of(m, u);
            stock->aligned |= place != NOWHERE;
            stock->all[place]++;
            if (usage == NULL || sy_devset_has(&usage->free, u))
                stock->start[place]++;
        }
    }
    return any_broken;
}

/* NUMA nodes as the kubelet counts them, those of memory alone included. */
static unsigned machine_nodes(const struct sy_inventory *inv)
{
    unsigned n = 0;
    for (unsigned i = 0; i < inv->nobj; i++)
        n += inv->obj[i].type == SY_OBJ_NUMA;
    return n;
}

enum sy_code sy_admission_check(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                const struct sy_request *request, struct sy_arena *arena,
                                enum sy_admission *ret, struct sy_err *err)
{
    const struct sy_topology_manager *manager = &fabric->inv.topology_manager;
    unsigned nnodes = machine_nodes(&fabric->inv);
    unsigned limit = manager->max_numa > KUBELET_NUMA_MAX ? manager->max_numa : KUBELET_NUMA_MAX;
    struct model m = {.fabric = fabric,
                      .request = request,
                      .single = manager->policy == SY_TOPOLOGY_POLICY_SINGLE_NUMA,
                      .pod = manager->scope == SY_TOPOLOGY_SCOPE_POD,
                      .one_node = nnodes <= 1,
                      .any_closest = manager->prefer_closest,
                      .any = usage == NULL || request->other_hints,
                      .arena = arena,
                      .err = err};
    *ret = SY_ADMISSION_UNKNOWN;
    if (manager->policy == SY_TOPOLOGY_POLICY_NONE ||
        manager->policy == SY_TOPOLOGY_POLICY_BEST_EFFORT)
        *ret = SY_ADMISSION_ADMITTED;
    if (!sy_admission_may_refuse(fabric) || manager->scope == SY_TOPOLOGY_SCOPE_UNKNOWN ||
        !request->asks_known || nnodes > limit || !find_nodes(&m))
        return SY_OK;
    enum sy_admission without = SY_ADMISSION_UNKNOWN, with;
    bool any_broken = fill_stock(&m, usage, false);
    enum sy_code code = check_model(&m, &without);
    with = without;
    if (code == SY_OK && any_broken) {
        (void)fill_stock(&m, usage, true);
        code = check_model(&m, &with);
    }
    if (code == SY_OK && with == without)
        *ret = with;
    return code;
}
