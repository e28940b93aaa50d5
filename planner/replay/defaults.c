/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster does without anyone's help: any node with room, and kube-scheduler's default. */
#include "planner/replay/policies.h"

#include <math.h>
#include <string.h>

static void score_random(const void *self, const struct sy_replay_shape *shape,
                         const struct sy_replay_state *state, const struct sy_replay_class *pod,
                         struct sy_replay_score *ret)
{
    (void)self;
    (void)shape;
    (void)state;
    (void)pod;
    ret->value = 0;
}

static unsigned any_device(const void *self, const struct sy_replay_state *state,
                           const struct sy_replay_class *pod, struct sy_random *random)
{
    unsigned fit[SY_REPLAY_DEVICES], n = 0;
    (void)self;
    for (unsigned g = 0; g < SY_REPLAY_DEVICES; g++)
        if (state->left[g] >= pod->device_milli)
            fit[n++] = g;
    return fit[sy_random_below(random, n)];
}

/* kube-scheduler: LeastAllocated and BalancedAllocation over CPU and memory, each with weight 1, as
 * in the default profile. The other default plugins tell no nodes apart in a trace that has neither
 * affinity nor taints nor images. Devices are counted, not scored; which one a pod gets is the
 * lowest with room. */
struct kube {
    bool improvement; /* 1.36 scores how the balance changes, 1.35 the balance itself */
};

static enum sy_code make_kube(const struct sy_replay_world *world, const char *argument, void **ret,
                              struct sy_err *err)
{
    (void)world;
    bool old = argument != NULL && strcmp(argument, "1.35") == 0;
    if (argument != NULL && !old && strcmp(argument, "1.36") != 0)
        return sy_fail(err, SY_EUSAGE, "policy 'kube-default' takes 1.35 or 1.36 after the colon");
    struct kube *self = sy_malloc(sizeof *self);
    if (self == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    self->improvement = !old;
    *ret = self;
    return SY_OK;
}

/* Percent of `capacity` that is free beyond `used`. */
static int64_t least_allocated(int64_t used, int64_t capacity)
{
    return used > capacity ? 0 : (capacity - used) * 100 / capacity;
}

/* 100 less the standard deviation of what is used of CPU and of memory, percent. */
static int64_t balance(int64_t cpu_used, int64_t cpu, int64_t memory_used, int64_t memory)
{
    double deviation = 0;
    if (cpu > 0 && memory > 0)
        deviation = fabs((fmin(1, (double)cpu_used / (double)cpu) -
                          fmin(1, (double)memory_used / (double)memory)) /
                         2);
    return (int64_t)((1 - deviation) * 100);
}

/* The balance before the pod. */
static double potential_kube(const void *self, const struct sy_replay_shape *shape,
                             const struct sy_replay_state *state)
{
    const struct kube *kube = self;
    if (!kube->improvement)
        return 0;
    return (double)balance(shape->cpu_milli - state->cpu_left, shape->cpu_milli,
                           shape->memory_mib - state->memory_left, shape->memory_mib);
}

static void score_kube(const void *self, const struct sy_replay_shape *shape,
                       const struct sy_replay_state *state, const struct sy_replay_class *pod,
                       struct sy_replay_score *ret)
{
    const struct kube *kube = self;
    int64_t cpu = shape->cpu_milli, memory = shape->memory_mib;
    int64_t cpu_used = cpu - state->cpu_left + pod->cpu_milli;
    int64_t memory_used = memory - state->memory_left + pod->memory_mib;
    int64_t least = 0, resources = (cpu > 0) + (memory > 0);
    if (cpu > 0)
        least += least_allocated(cpu_used, cpu);
    if (memory > 0)
        least += least_allocated(memory_used, memory);
    int64_t balanced = balance(cpu_used, cpu, memory_used, memory);
    if (kube->improvement)
        balanced = 50 + (50 + balanced - (int64_t)state->potential) / 2;
    ret->value = (int32_t)((resources > 0 ? least / resources : 0) + balanced);
    for (ret->device = 0; sy_policy_shares(pod) && state->left[ret->device] < pod->device_milli;)
        ret->device++;
}

const struct sy_replay_policy_ops sy_policy_random = {.name = "random",
                                                      .doc = "any node with room",
                                                      .random_ties = true,
                                                      .score = score_random,
                                                      .device = any_device};
const struct sy_replay_policy_ops sy_policy_kube_default = {
    .name = "kube-default",
    .doc = "kube-scheduler's default (kube-default:1.35 for the older balance)",
    .uses_memory = true,
    .random_ties = true,
    .make = make_kube,
    .free = sy_free,
    .potential = potential_kube,
    .score = score_kube};
