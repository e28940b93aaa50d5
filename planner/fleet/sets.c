/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of devices on one node, as one policy or another takes them. */
#include "planner/fleet/world.h"

#include <string.h>

struct sy_devset fleet_candidates(const struct sy_node *node, const struct sy_request *request,
                                  size_t e, const struct sy_devset *taken)
{
    struct sy_devset candidates = SY_DEVSET_EMPTY;
    const struct sy_devset free = sy_devset_minus(node->usage->free, *taken);
    SY_DEVSET_EACH(u, &free)
    if (sy_devset_has(&node->fabric->unit[u].resources, request->entry[e].resource))
        sy_devset_add(&candidates, (unsigned)u);
    return candidates;
}

static void take(struct fleet_pick *pick, size_t e, unsigned unit)
{
    sy_devset_add(&pick->entry[e], unit);
    sy_devset_add(&pick->all, unit);
}

static unsigned nth(const struct sy_devset *set, uint64_t n)
{
    int unit = sy_devset_next(set, 0);
    for (; n > 0; n--)
        unit = sy_devset_next(set, (unsigned)unit + 1);
    return (unsigned)unit;
}

void fleet_pick_any(struct fleet_world *world, const struct sy_node *node,
                    const struct sy_request *request, struct fleet_pick *ret)
{
    *ret = (struct fleet_pick){0};
    for (size_t e = 0; e < request->nentry; e++)
        for (unsigned i = 0; i < request->entry[e].count; i++) {
            struct sy_devset from = fleet_candidates(node, request, e, &ret->all);
            take(ret, e, nth(&from, sy_random_below(&world->random, sy_devset_count(&from))));
        }
}

/* go-gpuallocator's scores of a pair: 10 across CPUs … 60 on one board, 100 by NVLink. */
static unsigned pair_score(const struct sy_node *node, unsigned a, unsigned b)
{
    switch ((enum sy_path_class)sy_fabric_pair(node->fabric, a, b)->path) {
    case SY_PATH_SYS:
    case SY_PATH_UNKNOWN:
        return 10;
    case SY_PATH_SOCKET:
    case SY_PATH_NODE:
        return 20;
    case SY_PATH_PHB:
        return 30;
    case SY_PATH_PXB:
        return 40;
    case SY_PATH_PIX:
        return 50;
    case SY_PATH_SLOT:
        return 60;
    case SY_PATH_NVL:
    case SY_PATH_XGMI:
    case SY_PATH_HCCS:
    case SY_PATH_SIO:
    case SY_PATH_XELINK:
    case SY_PATH_OTHER:
    case SY_PATH_COUNT:
        break;
    }
    return 100;
}

/* Sets of `k` of `n` units, in the order of their numbers. */
struct walk {
    unsigned n, k;
    unsigned unit[SY_UNIT_MAX];
    unsigned at[SY_UNIT_MAX];
};

static void walk_begin(struct walk *walk, const struct sy_devset *from, unsigned k)
{
    walk->n = 0;
    SY_DEVSET_EACH(u, from) walk->unit[walk->n++] = (unsigned)u;
    walk->k = k < walk->n ? k : walk->n; /* the node fits: there are enough */
    for (unsigned i = 0; i < k; i++)
        walk->at[i] = i;
}

static bool walk_next(struct walk *walk)
{
    unsigned i = walk->k;
    while (i > 0 && walk->at[i - 1] == walk->n - walk->k + i - 1)
        i--;
    if (i == 0)
        return false;
    walk->at[i - 1]++;
    for (; i < walk->k; i++)
        walk->at[i] = walk->at[i - 1] + 1;
    return true;
}

/* How many there are, no further than SY_FLEET_SETS_MAX + 1. */
static uint64_t walk_count(unsigned n, unsigned k)
{
    uint64_t count = 1;
    for (unsigned i = 1; i <= k && count <= SY_FLEET_SETS_MAX; i++)
        count = count * (n - k + i) / i;
    return count;
}

static unsigned score_of(const struct sy_node *node, const struct walk *walk)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < walk->k; i++)
        for (unsigned j = 0; j < i; j++)
            sum += pair_score(node, walk->unit[walk->at[i]], walk->unit[walk->at[j]]);
    return sum;
}

void fleet_pick_pairs(const struct sy_node *node, const struct sy_request *request,
                      struct fleet_pick *ret)
{
    *ret = (struct fleet_pick){0};
    for (size_t e = 0; e < request->nentry; e++) {
        const struct sy_devset from = fleet_candidates(node, request, e, &ret->all);
        struct walk walk, best;
        walk_begin(&walk, &from, request->entry[e].count);
        best = walk;
        unsigned most = score_of(node, &walk);
        bool all = walk_count(walk.n, walk.k) <= SY_FLEET_SETS_MAX; /* else the first set stands */
        while (all && walk_next(&walk)) {
            unsigned score = score_of(node, &walk);
            if (score <= most)
                continue;
            most = score;
            best = walk;
        }
        for (unsigned i = 0; i < best.k; i++)
            take(ret, e, best.unit[best.at[i]]);
    }
}

void fleet_pick_greedy(const struct fleet_world *world, const struct sy_node *node,
                       const struct sy_request *request, struct fleet_pick *ret)
{
    *ret = (struct fleet_pick){0};
    for (size_t e = 0; e < request->nentry; e++)
        for (unsigned i = 0; i < request->entry[e].count; i++) {
            const struct sy_devset from = fleet_candidates(node, request, e, &ret->all);
            unsigned best = (unsigned)sy_devset_next(&from, 0);
            uint32_t most = 0;
            SY_DEVSET_EACH(u, &from)
            {
                uint32_t sum = 0;
                SY_DEVSET_EACH(t, &ret->all)
                sum += world->profile
                           ->path[sy_fabric_pair(node->fabric, (unsigned)u, (unsigned)t)->path];
                if (sum > most) {
                    most = sum;
                    best = (unsigned)u;
                }
            }
            take(ret, e, best);
        }
}

enum sy_code fleet_pick_best(struct fleet_world *world, uint32_t index,
                             const struct sy_request *request, struct fleet_pick *ret,
                             struct sy_err *err)
{
    const struct sy_node *node = world->node[index].node;
    const struct sy_room room = sy_power_room(world->power, index);
    struct sy_placement placement;
    sy_arena_reset(world->scratch);
    enum sy_code code = sy_placement_find(node->fabric, node->usage, request, false, world->profile,
                                          &room, world->options->scoring->search_budget_steps,
                                          world->scratch, &placement, err);
    *ret = (struct fleet_pick){0};
    for (size_t e = 0; code == SY_OK && e < request->nentry; e++) {
        ret->entry[e] = placement.best.pick[e];
        ret->all = sy_devset_or(ret->all, placement.best.pick[e]);
    }
    return code;
}

enum sy_code fleet_value(struct fleet_world *world, uint32_t index,
                         const struct sy_request *request, const struct fleet_pick *pick,
                         struct sy_value *ret, struct sy_err *err)
{
    const struct sy_node *node = world->node[index].node;
    const struct sy_room room = sy_power_room(world->power, index);
    struct sy_value_context *context = NULL;
    sy_arena_reset(world->scratch);
    enum sy_code code = sy_value_context_new(node->fabric, node->usage, request, world->profile,
                                             world->scratch, &context, err);
    if (code != SY_OK)
        return code;
    sy_value_of(context, pick->entry, ret);
    ret->term[SY_TERM_POWER] = sy_value_power_of(world->profile, &room, ret);
    return SY_OK;
}

struct brute {
    struct fleet_world *world;
    const struct sy_node *node;
    const struct sy_request *request;
    const struct sy_value_context *context;
    struct sy_room room;
    struct fleet_pick pick, *best;
    uint16_t total;
    bool any;
};

static void try_set(struct brute *brute)
{
    const struct sy_profile *profile = brute->world->profile;
    struct sy_value value = {0};
    sy_value_of(brute->context, brute->pick.entry, &value);
    value.term[SY_TERM_POWER] = sy_value_power_of(profile, &brute->room, &value);
    uint16_t total = sy_value_total(profile, value.term);
    if (brute->any && total <= brute->total)
        return;
    brute->any = true;
    brute->total = total;
    *brute->best = brute->pick;
}

static void try_entries(struct brute *brute, size_t e) /* NOLINT(misc-no-recursion): SY_ENTRY_MAX */
{
    if (e == brute->request->nentry) {
        try_set(brute);
        return;
    }
    const struct fleet_pick before = brute->pick;
    const struct sy_devset from = fleet_candidates(brute->node, brute->request, e, &before.all);
    struct walk walk = {0};
    walk_begin(&walk, &from, brute->request->entry[e].count);
    do {
        for (unsigned i = 0; i < walk.k; i++)
            take(&brute->pick, e, walk.unit[walk.at[i]]);
        try_entries(brute, e + 1);
        brute->pick = before;
    } while (walk_next(&walk));
}

/* Sets of all entries; entries that share units are counted as if they did not. */
static uint64_t count_sets(const struct sy_node *node, const struct sy_request *request)
{
    uint64_t count = 1;
    const struct sy_devset none = SY_DEVSET_EMPTY;
    for (size_t e = 0; e < request->nentry && count <= SY_FLEET_SETS_MAX; e++) {
        const struct sy_devset from = fleet_candidates(node, request, e, &none);
        count *= walk_count(sy_devset_count(&from), request->entry[e].count);
    }
    return count;
}

bool fleet_pick_brute(struct fleet_world *world, uint32_t index, const struct sy_request *request,
                      struct fleet_pick *ret, uint16_t *ret_total, enum sy_code *ret_code,
                      struct sy_err *err)
{
    const struct sy_node *node = world->node[index].node;
    struct sy_value_context *context = NULL;
    *ret_code = SY_OK;
    if (count_sets(node, request) > SY_FLEET_SETS_MAX)
        return false;
    sy_arena_reset(world->scratch);
    *ret_code = sy_value_context_new(node->fabric, node->usage, request, world->profile,
                                     world->scratch, &context, err);
    if (*ret_code != SY_OK)
        return false;
    struct brute brute = {.world = world,
                          .node = node,
                          .request = request,
                          .context = context,
                          .room = sy_power_room(world->power, index),
                          .best = ret};
    try_entries(&brute, 0);
    *ret_total = brute.total;
    return true;
}
