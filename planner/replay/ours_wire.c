/* SPDX-License-Identifier: Apache-2.0 */
/* Our policies as kube-scheduler hears them: the verdicts' scores 0..1000 as the policy maps them
 * to 0..10, times the extender's weight and ten (kube-scheduler's MaxNodeScore over
 * MaxExtenderPriority), beside LeastAllocated and BalancedAllocation, a random node among the best.
 * Which device a shared pod gets stays ours: a device plugin's choice is not kube-scheduler's. */
#include "planner/replay/ours.h"
#include "planner/replay/policies.h"
#include "scoring/engine.h"

#include <stdlib.h>
#include <string.h>

#define WEIGHT_DEFAULT 5 /* deploy/scheduler/kube-scheduler-config.yaml */
#define WEIGHT_MAX 1000
#define LEVEL 10

static enum sy_code parse_weight(const char *name, const char *argument, int32_t *ret,
                                 struct sy_err *err)
{
    long weight = argument == NULL ? WEIGHT_DEFAULT : 0;
    if (argument != NULL && strspn(argument, "0123456789") == strlen(argument) &&
        strlen(argument) <= 4)
        weight = strtol(argument, NULL, 10);
    if (weight < 1 || weight > WEIGHT_MAX)
        return sy_fail(err, SY_EUSAGE,
                       "policy '%s-wire' takes the extender's weight, 1 to %d, as in %s-wire:%d",
                       name, WEIGHT_MAX, name, WEIGHT_DEFAULT);
    *ret = (int32_t)weight;
    return SY_OK;
}

static void free_wire(void *self)
{
    struct sy_ours *ours = self;
    if (ours->kube != NULL)
        sy_policy_kube_default.free(ours->kube);
    sy_ours_free(ours);
}

static enum sy_code make(const struct sy_replay_world *world, const char *profile,
                         const char *argument, void **ret, struct sy_err *err)
{
    struct sy_ours *self = NULL;
    int32_t weight = 0;
    enum sy_code code = parse_weight(profile, argument, &weight, err);
    if (code == SY_OK)
        code = sy_ours_make(world, profile, &self, err);
    if (code != SY_OK)
        return code;
    self->weight = weight;
    code = sy_policy_kube_default.make(world, NULL, &self->kube, err);
    if (code != SY_OK) {
        sy_ours_free(self);
        return code;
    }
    *ret = self;
    return SY_OK;
}

/* A trace tells nothing of places and links: those terms are alike on all nodes, neutral here. */
static uint16_t total(const struct sy_ours *self, const struct sy_replay_class *pod, int64_t cost)
{
    uint16_t term[SY_TERM_COUNT];
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        term[t] = self->profile->neutral;
    term[SY_TERM_LEFTOVER] = sy_packing_term(cost, (int64_t)pod->devices * pod->device_milli);
    return sy_value_total(self->profile, term);
}

static void score(const void *self, const struct sy_replay_shape *shape,
                  const struct sy_replay_state *state, const struct sy_replay_class *pod,
                  struct sy_replay_score *ret)
{
    const struct sy_ours *ours = self;
    struct sy_ours_choice choice = sy_ours_choose(ours, shape, state, pod);
    struct sy_replay_score kube = {0};
    struct sy_replay_state theirs = *state; /* the potential is theirs */
    theirs.potential = sy_policy_kube_default.potential(ours->kube, shape, state);
    sy_policy_kube_default.score(ours->kube, shape, &theirs, pod, &kube);
    /* A pod without devices is none of ours: one score for all. */
    ret->value = pod->devices == 0 ? 0 : total(ours, pod, choice.cost);
    ret->second = kube.value;
    ret->device = choice.device;
}

static int32_t combine(const void *self, const struct sy_replay_score *score_of,
                       const struct sy_replay_range *range)
{
    const struct sy_ours *ours = self;
    struct sy_verdict verdict[3] = {{.reason = SY_REASON_FITS, .score = (uint16_t)range->max},
                                    {.reason = SY_REASON_FITS, .score = (uint16_t)range->min},
                                    {.reason = SY_REASON_FITS, .score = (uint16_t)score_of->value}};
    sy_engine_wire(ours->policy, verdict, 3, NULL);
    return verdict[2].wire * ours->weight * LEVEL + score_of->second;
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

#define WIRE(id, words, function)                                                                  \
    const struct sy_replay_policy_ops id = {.name = words,                                         \
                                            .doc = "the same through kube-scheduler's wire",       \
                                            .uses_memory = true,                                   \
                                            .random_ties = true,                                   \
                                            .make = function,                                      \
                                            .free = free_wire,                                     \
                                            .potential = sy_ours_potential,                        \
                                            .score = score,                                        \
                                            .combine = combine}
WIRE(sy_policy_fit_wire, "fit-wire", make_fit);
WIRE(sy_policy_balanced_wire, "balanced-wire", make_balanced);
WIRE(sy_policy_frugal_wire, "frugal-wire", make_frugal);
