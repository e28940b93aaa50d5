/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/ours.h"

#include "planner/replay/policies.h"
#include "planner/replay/power.h"

/* A node's devices are of one model: one kind. `ret` keeps what it does not set. */
static void node_of(const struct sy_replay_shape *shape, const struct sy_replay_state *state,
                    struct sy_workload_node *ret)
{
    ret->cpu_milli = state->cpu_left;
    ret->memory_mib = state->memory_left;
    ret->nkind = shape->devices > 0;
    ret->kind[0] =
        (struct sy_workload_sort){.groups = UINT64_C(1) << shape->model, .n = shape->devices};
    for (unsigned g = 0; g < shape->devices; g++)
        ret->left[g] = (uint16_t)state->left[g];
}

static struct sy_workload_demand demand_of(const struct sy_replay_class *pod)
{
    struct sy_workload_demand demand = {
        .pods = pod->count, .cpu_milli = pod->cpu_milli, .memory_mib = SY_WORKLOAD_NOT_TOLD};
    if (pod->devices > 0) {
        demand.nentry = 1;
        demand.entry[0] =
            (struct sy_workload_entry){.groups = pod->models != 0 ? pod->models : UINT64_MAX,
                                       .count = pod->devices,
                                       .milli = (uint16_t)pod->device_milli};
    }
    return demand;
}

/* The empty nodes, shape by shape. */
static void capacity_of(const struct sy_replay_world *world, struct sy_workload_node *node,
                        struct sy_workload_capacity *ret)
{
    for (size_t i = 0; i < world->nshapes; i++) {
        const struct sy_replay_shape *shape = &world->shape[i];
        struct sy_replay_state empty = {.cpu_left = shape->cpu_milli,
                                        .memory_left = shape->memory_mib};
        for (unsigned g = 0; g < shape->devices; g++)
            empty.left[g] = SY_REPLAY_DEVICE_MILLI;
        node_of(shape, &empty, &node[i]);
        ret[i] = (struct sy_workload_capacity){.node = &node[i], .nodes = world->shape_nodes[i]};
    }
}

/* The typical pods are the trace's; here they are all that there is. */
static enum sy_code learn(const struct sy_replay_world *world, struct sy_workload **ret,
                          struct sy_err *err)
{
    sy_autofree struct sy_workload_demand *demand = sy_calloc(world->ntypical + 1, sizeof *demand);
    sy_autofree struct sy_workload_node *node = sy_calloc(world->nshapes + 1, sizeof *node);
    sy_autofree struct sy_workload_capacity *capacity =
        sy_calloc(world->nshapes + 1, sizeof *capacity);
    if (demand == NULL || node == NULL || capacity == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    for (size_t i = 0; i < world->ntypical; i++)
        demand[i] = demand_of(&world->typical[i].pod);
    capacity_of(world, node, capacity);
    return sy_workload_new(demand, world->ntypical, 100, capacity, world->nshapes, ret, err);
}

void sy_ours_free(void *self)
{
    struct sy_ours *ours = self;
    if (ours == NULL)
        return;
    sy_workload_unref(ours->workload);
    sy_policy_unref(ours->policy);
    sy_free(ours);
}
SY_DEFINE_AUTO(struct sy_ours, sy_ours, sy_ours_free)

enum sy_code sy_ours_make(const struct sy_replay_world *world, const char *profile,
                          struct sy_ours **ret, struct sy_err *err)
{
    SY_AUTO(sy_ours) struct sy_ours *self = sy_calloc(1, sizeof *self);
    if (self == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    enum sy_code code = sy_policy_load(NULL, &self->policy, err);
    if (code != SY_OK)
        return code;
    self->profile = sy_policy_profile(self->policy, profile);
    if (self->profile == NULL)
        return sy_fail(err, SY_EINTERNAL, "the built-in policy has no profile '%s'", profile);
    code = learn(world, &self->workload, err);
    if (code == SY_OK)
        *ret = SY_TAKE(self);
    return code;
}

double sy_ours_potential(const void *self, const struct sy_replay_shape *shape,
                         const struct sy_replay_state *state)
{
    const struct sy_ours *ours = self;
    struct sy_workload_node node;
    node_of(shape, state, &node);
    return (double)sy_packing_loss(ours->workload, &ours->profile->packing, &node);
}

/* Was a device with as much left tried before? It has the same price, and the first one wins. */
static bool tried(const struct sy_replay_state *state, unsigned device)
{
    for (unsigned g = 0; g < device; g++)
        if (state->left[g] == state->left[device])
            return true;
    return false;
}

struct sy_ours_choice sy_ours_choose(const struct sy_ours *self,
                                     const struct sy_replay_shape *shape,
                                     const struct sy_replay_state *state,
                                     const struct sy_replay_class *pod)
{
    const struct sy_packing_weights *weights = &self->profile->packing;
    struct sy_ours_choice best = {.price = INT64_MAX};
    bool share = sy_policy_shares(pod);
    for (unsigned g = 0; g < (share ? shape->devices : 1u); g++) {
        if (share && (state->left[g] < pod->device_milli || tried(state, g)))
            continue;
        struct sy_replay_state after = *state;
        sy_replay_take(pod, g, &after);
        int64_t loss = (int64_t)sy_ours_potential(self, shape, &after);
        int64_t cost = sy_packing_cost(weights, (int64_t)state->potential, loss,
                                       sy_power_of(shape, &after) - state->power_mw);
        int64_t price = sy_packing_price(weights, cost);
        if (price < best.price)
            best = (struct sy_ours_choice){.price = price, .cost = cost, .device = (uint8_t)g};
    }
    return best;
}

static void score(const void *self, const struct sy_replay_shape *shape,
                  const struct sy_replay_state *state, const struct sy_replay_class *pod,
                  struct sy_replay_score *ret)
{
    struct sy_ours_choice choice = sy_ours_choose(self, shape, state, pod);
    int64_t limit = INT32_MAX;
    int64_t price = choice.price > limit ? limit : choice.price < -limit ? -limit : choice.price;
    ret->value = (int32_t)-price;
    ret->device = choice.device;
}

static enum sy_code make(const struct sy_replay_world *world, const char *profile,
                         const char *argument, void **ret, struct sy_err *err)
{
    if (argument != NULL)
        return sy_fail(err, SY_EUSAGE, "policy '%s' takes no argument", profile);
    struct sy_ours *self;
    enum sy_code code = sy_ours_make(world, profile, &self, err);
    if (code == SY_OK)
        *ret = self;
    return code;
}

static enum sy_code make_fit(const struct sy_replay_world *world, const char *argument, void **ret,
                             struct sy_err *err)
{
    return make(world, "fit", argument, ret, err);
}

static enum sy_code make_balanced(const struct sy_replay_world *world, const char *argument,
                                  void **ret, struct sy_err *err)
{
    return make(world, "balanced", argument, ret, err);
}

static enum sy_code make_frugal(const struct sy_replay_world *world, const char *argument,
                                void **ret, struct sy_err *err)
{
    return make(world, "frugal", argument, ret, err);
}

const struct sy_replay_policy_ops sy_policy_fit = {.name = "fit",
                                                   .doc = "ours: the most allocation",
                                                   .uses_memory = true,
                                                   .make = make_fit,
                                                   .free = sy_ours_free,
                                                   .potential = sy_ours_potential,
                                                   .score = score};
const struct sy_replay_policy_ops sy_policy_balanced = {
    .name = "balanced",
    .doc = "ours: FGD's allocation or more, for less power",
    .uses_memory = true,
    .make = make_balanced,
    .free = sy_ours_free,
    .potential = sy_ours_potential,
    .score = score};
const struct sy_replay_policy_ops sy_policy_frugal = {.name = "frugal",
                                                      .doc = "ours: the least power",
                                                      .uses_memory = true,
                                                      .make = make_frugal,
                                                      .free = sy_ours_free,
                                                      .potential = sy_ours_potential,
                                                      .score = score};
