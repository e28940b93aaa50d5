/* SPDX-License-Identifier: Apache-2.0 */
/* The baselines of the FGD paper, as its simulator scores them. */
#include "planner/replay/policies.h"

/* The largest node of the published cluster: what amounts are divided by. */
#define CPU_MAX 128000.0
#define DEVICE_MAX 8000.0

static double demand(const struct sy_replay_class *pod)
{
    return (double)pod->devices * pod->device_milli;
}

/* The node with least left after the pod. */
static void score_best_fit(const void *self, const struct sy_replay_shape *shape,
                           const struct sy_replay_state *state, const struct sy_replay_class *pod,
                           struct sy_replay_score *ret)
{
    (void)self;
    (void)shape;
    double left = 0.5 * (state->cpu_left - pod->cpu_milli) / CPU_MAX +
                  0.5 * ((double)state->total_left - demand(pod)) / DEVICE_MAX;
    ret->value = (int32_t)(100 * (1 - left));
    ret->device = (uint8_t)sy_policy_tightest(state, pod);
}

/* The node whose free amounts point least the way of the pod's. */
static void score_dot_product(const void *self, const struct sy_replay_shape *shape,
                              const struct sy_replay_state *state,
                              const struct sy_replay_class *pod, struct sy_replay_score *ret)
{
    (void)self;
    (void)shape;
    double product = state->cpu_left / CPU_MAX * (pod->cpu_milli / CPU_MAX) +
                     state->total_left / DEVICE_MAX * (demand(pod) / DEVICE_MAX);
    ret->value = (int32_t)(100 * (1 - product / 2));
    ret->device = (uint8_t)sy_policy_tightest(state, pod);
}

/* Used devices first, then free devices of used nodes, then free nodes. */
static int32_t packing_score(const struct sy_replay_shape *shape,
                             const struct sy_replay_state *state, const struct sy_replay_class *pod)
{
    int32_t whole = 0, left_percent = 0, free = 0;
    if (pod->devices == 0)
        return 0;
    for (unsigned g = 0; g < shape->devices; g++)
        free += state->left[g] == SY_REPLAY_DEVICE_MILLI;
    if (free == shape->devices)
        return 33 - free > free ? 33 - free : free;
    struct sy_replay_state rest = *state;
    for (unsigned taken = 0; taken < pod->devices; taken++) {
        unsigned g = sy_policy_tightest(&rest, pod);
        whole += rest.left[g] == SY_REPLAY_DEVICE_MILLI;
        left_percent += rest.left[g] * 100 / SY_REPLAY_DEVICE_MILLI;
        rest.left[g] = -1;
    }
    if (whole > 0)
        return 50 - whole > 33 ? 50 - whole : 33;
    return 100 - left_percent / 10 > 50 ? 100 - left_percent / 10 : 50;
}

static void score_packing(const void *self, const struct sy_replay_shape *shape,
                          const struct sy_replay_state *state, const struct sy_replay_class *pod,
                          struct sy_replay_score *ret)
{
    (void)self;
    ret->value = packing_score(shape, state, pod);
    ret->device = (uint8_t)sy_policy_tightest(state, pod);
}

static unsigned tag_of(const struct sy_replay_class *pod)
{
    if (sy_policy_shares(pod))
        return SY_REPLAY_SHARED;
    return pod->devices < 2   ? SY_REPLAY_1_DEVICE
           : pod->devices < 4 ? SY_REPLAY_2_DEVICES
           : pod->devices < 8 ? SY_REPLAY_4_DEVICES
                              : SY_REPLAY_8_DEVICES;
}

/* Pods of one kind together: a node with the pod's kind alone, with it and others, with no device
 * pod, with others alone. */
static void score_clustering(const void *self, const struct sy_replay_shape *shape,
                             const struct sy_replay_state *state, const struct sy_replay_class *pod,
                             struct sy_replay_score *ret)
{
    (void)self;
    (void)shape;
    ret->value = 0;
    ret->device = (uint8_t)sy_policy_tightest(state, pod);
    if (pod->devices == 0)
        return;
    unsigned tag = tag_of(pod);
    int32_t base = 25 * ((int32_t)DEVICE_MAX - state->total_left) / (int32_t)DEVICE_MAX;
    if (state->tags == tag)
        base += 75;
    else if ((state->tags & tag) != 0)
        base += 50;
    else if (state->tags == 0)
        base += 25;
    ret->value = base;
}

const struct sy_replay_policy_ops sy_policy_best_fit = {
    .name = "best-fit", .doc = "least CPU and devices left", .score = score_best_fit};
const struct sy_replay_policy_ops sy_policy_dot_product = {
    .name = "dot-product", .doc = "least aligned with what is free", .score = score_dot_product};
const struct sy_replay_policy_ops sy_policy_packing = {
    .name = "packing", .doc = "used devices, then used nodes", .score = score_packing};
const struct sy_replay_policy_ops sy_policy_clustering = {.name = "clustering",
                                                          .doc = "pods of one size together",
                                                          .uses_tags = true,
                                                          .score = score_clustering};
