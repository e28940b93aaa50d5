/* SPDX-License-Identifier: Apache-2.0 */
/* Which node a policy takes, and which devices there. */
#include "planner/fleet/world.h"

#include <string.h>

static const struct {
    const char *name, *node, *set;
} texts[SY_FLEET_POLICY_COUNT] = {
#define X(id, name, node, set) [SY_FLEET_##id] = {name, node, set},
    SY_FLEET_POLICIES(X)
#undef X
};

const char *sy_fleet_policy_name(enum sy_fleet_policy policy)
{
    return texts[policy].name;
}

const char *sy_fleet_policy_node(enum sy_fleet_policy policy)
{
    return texts[policy].node;
}

const char *sy_fleet_policy_set(enum sy_fleet_policy policy)
{
    return texts[policy].set;
}

enum sy_fleet_policy sy_fleet_policy_find(const char *name, size_t len)
{
    enum sy_fleet_policy policy = 0;
    while (policy < SY_FLEET_POLICY_COUNT &&
           (strlen(texts[policy].name) != len || memcmp(texts[policy].name, name, len) != 0))
        policy++;
    return policy;
}

/* The nodes that have room, ascending. */
struct feasible {
    uint32_t n;
    uint32_t *node;
};

static bool fits(const struct fleet_world *world, uint32_t index, const struct sy_fleet_job *job,
                 const struct sy_request *request)
{
    const struct fleet_node *node = &world->node[index];
    if (node->cpu_left < job->cpu_milli || node->memory_left < job->memory_mib)
        return false;
    if (world->options->policy == SY_FLEET_GPU_EXCLUSIVE && node->njob > 0)
        return false;
    return sy_placement_count(node->node->fabric, node->node->usage, request) == SY_FIT_YES;
}

static bool only_gpus(const struct fleet_world *world, const struct sy_request *request)
{
    bool only = true;
    for (size_t e = 0; e < request->nentry; e++)
        for (size_t kind = 0; kind < SY_KIND_COUNT; kind++)
            only &= kind == SY_KIND_GPU ||
                    !sy_request_entry_has_kind(world->options->catalogue, &request->entry[e],
                                               (enum sy_kind)kind);
    return only;
}

static bool leaves_others(enum sy_fleet_policy policy)
{
    return policy == SY_FLEET_GPU_ONLY || policy == SY_FLEET_GPU_EXCLUSIVE;
}

/* kube-scheduler's LeastAllocated and BalancedAllocation with the job on the node, of CPU and
 * memory and of weight 1 each: in tens of thousandths, so that ties are as rare as they are there.
 */
static int64_t default_score(const struct fleet_node *node, const struct sy_fleet_job *job)
{
    double cpu = (double)(node->cpu_left - job->cpu_milli) / (double)node->machine->cpu_milli;
    double memory =
        (double)(node->memory_left - job->memory_mib) / (double)node->machine->memory_mib;
    double gap = cpu > memory ? cpu - memory : memory - cpu;
    int64_t least = ((int64_t)(cpu * 100) + (int64_t)(memory * 100)) / 2;
    return least + (int64_t)((1 - gap / 2) * 100);
}

static uint32_t choose_default(struct fleet_world *world, const struct feasible *feasible,
                               const struct sy_fleet_job *job)
{
    int64_t most = 0;
    uint32_t ties = 0, best = feasible->node[0];
    for (uint32_t i = 0; i < feasible->n; i++) {
        int64_t score = default_score(&world->node[feasible->node[i]], job);
        ties = ties > 0 && score == most ? ties + 1 : ties;
        if (ties == 0 || score > most)
            ties = 1;
        else if (score < most || sy_random_below(&world->random, ties) != 0)
            continue;
        most = score;
        best = feasible->node[i];
    }
    return best;
}

static enum sy_code choose_engine(struct fleet_world *world, const struct feasible *feasible,
                                  const struct sy_request *request, uint32_t *ret,
                                  struct sy_err *err)
{
    const struct sy_world engine = {.cluster = world->cluster,
                                    .power = world->power,
                                    .policy = world->options->scoring,
                                    .catalogue = world->options->catalogue,
                                    .memo = world->memo};
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 30);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_candidate *candidate = sy_arena_calloc(arena, feasible->n, sizeof *candidate);
    struct sy_verdict *verdict = sy_arena_calloc(arena, feasible->n, sizeof *verdict);
    if (candidate == NULL || verdict == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %u candidates", feasible->n);
    for (uint32_t i = 0; i < feasible->n; i++)
        candidate[i] = (struct sy_candidate){.name = world->node[feasible->node[i]].name,
                                             .len = strlen(world->node[feasible->node[i]].name),
                                             .index = feasible->node[i]};
    enum sy_code code =
        sy_engine_prioritize(&engine, request, candidate, feasible->n, arena, verdict, err);
    uint32_t best = 0;
    for (uint32_t i = 1; code == SY_OK && i < feasible->n; i++)
        if (verdict[i].score > verdict[best].score)
            best = i;
    *ret = feasible->node[best];
    return code;
}

static enum sy_code choose_brute(struct fleet_world *world, const struct feasible *feasible,
                                 const struct sy_request *request, struct fleet_choice *ret,
                                 struct sy_err *err)
{
    enum sy_code code = SY_OK;
    uint16_t most = 0;
    ret->found = false;
    for (uint32_t i = 0; i < feasible->n && code == SY_OK; i++) {
        struct fleet_pick pick;
        uint16_t total = 0;
        bool tried = fleet_pick_brute(world, feasible->node[i], request, &pick, &total, &code, err);
        ret->untried |= !tried;
        if (!tried || (ret->found && total <= most))
            continue;
        most = total;
        ret->found = true;
        ret->node = feasible->node[i];
        ret->pick = pick;
    }
    if (code == SY_OK && !ret->found) { /* none could be tried: the engine's */
        ret->found = true;
        ret->node = feasible->node[0];
        code = fleet_pick_best(world, ret->node, request, &ret->pick, err);
    }
    return code;
}

static enum sy_code choose_node(struct fleet_world *world, const struct feasible *feasible,
                                const struct sy_fleet_job *job, const struct sy_request *request,
                                uint32_t *ret, struct sy_err *err)
{
    switch (world->options->policy) {
    case SY_FLEET_SWITCHYARD:
    case SY_FLEET_SWITCHYARD_BLIND:
        return choose_engine(world, feasible, request, ret, err);
    case SY_FLEET_RANDOM:
        *ret = feasible->node[sy_random_below(&world->random, feasible->n)];
        break;
    case SY_FLEET_KUBE_DEFAULT:
    case SY_FLEET_PAIR_SCORE:
    case SY_FLEET_GREEDY:
    case SY_FLEET_GPU_ONLY:
    case SY_FLEET_GPU_EXCLUSIVE:
    case SY_FLEET_BRUTE_FORCE:
    case SY_FLEET_POLICY_COUNT:
        *ret = choose_default(world, feasible, job);
        break;
    }
    return SY_OK;
}

static enum sy_code choose_set(struct fleet_world *world, const struct sy_request *request,
                               struct fleet_choice *ret, struct sy_err *err)
{
    const struct sy_node *node = world->node[ret->node].node;
    if (world->options->policy == SY_FLEET_SWITCHYARD)
        return fleet_pick_best(world, ret->node, request, &ret->pick, err);
    if (world->options->policy == SY_FLEET_PAIR_SCORE)
        fleet_pick_pairs(node, request, &ret->pick);
    else if (world->options->policy == SY_FLEET_GREEDY)
        fleet_pick_greedy(world, node, request, &ret->pick);
    else
        fleet_pick_any(world, node, request, &ret->pick);
    return SY_OK;
}

enum sy_code fleet_choose(struct fleet_world *world, const struct sy_fleet_job *job,
                          const struct sy_request *request, struct fleet_choice *ret,
                          struct sy_err *err)
{
    *ret = (struct fleet_choice){0};
    if (leaves_others(world->options->policy) && !only_gpus(world, request))
        return SY_OK;
    sy_autofree uint32_t *nodes = sy_calloc(world->n, sizeof *nodes);
    if (nodes == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %u nodes", world->n);
    struct feasible feasible = {.node = nodes};
    for (uint32_t i = 0; i < world->n; i++)
        if (fits(world, i, job, request))
            nodes[feasible.n++] = i;
    if (feasible.n == 0)
        return SY_OK;
    if (world->options->policy == SY_FLEET_BRUTE_FORCE)
        return choose_brute(world, &feasible, request, ret, err);
    ret->found = true;
    enum sy_code code = choose_node(world, &feasible, job, request, &ret->node, err);
    return code != SY_OK ? code : choose_set(world, request, ret, err);
}
