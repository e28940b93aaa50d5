/* SPDX-License-Identifier: Apache-2.0 */
/* FGD (Weng et al., USENIX ATC 2023) places where fragmentation grows least, PWR (Lettich et al.,
 * CCGrid 2025) where power does; pwr-fgd:W weighs both, W of 1000 for power. Their scores are whole
 * numbers cut from doubles: the many ties that this makes are part of what they do. */
#include "planner/replay/fragment.h"
#include "planner/replay/policies.h"
#include "planner/replay/power.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHTS 1000 /* of PWR and FGD together */

struct fgd {
    struct sy_fragment *fragment;
    int32_t power_weight;
};

static enum sy_code make(const struct sy_replay_world *world, int32_t power_weight, void **ret,
                         struct sy_err *err)
{
    struct fgd *self = sy_calloc(1, sizeof *self);
    if (self == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the policy");
    self->power_weight = power_weight;
    enum sy_code code = sy_fragment_new(world->typical, world->ntypical, &self->fragment, err);
    if (code == SY_OK)
        *ret = self;
    else
        sy_free(self);
    return code;
}

static enum sy_code make_fgd(const struct sy_replay_world *world, const char *argument, void **ret,
                             struct sy_err *err)
{
    if (argument != NULL)
        return sy_fail(err, SY_EUSAGE, "policy 'fgd' takes no argument");
    return make(world, 0, ret, err);
}

static enum sy_code make_pwr_fgd(const struct sy_replay_world *world, const char *argument,
                                 void **ret, struct sy_err *err)
{
    long weight = -1;
    if (argument != NULL && strspn(argument, "0123456789") == strlen(argument) &&
        argument[0] != '\0' && strlen(argument) <= 4)
        weight = strtol(argument, NULL, 10);
    if (weight < 0 || weight > WEIGHTS)
        return sy_fail(err, SY_EUSAGE,
                       "policy 'pwr-fgd' needs the weight of power, 0 to %d, as in pwr-fgd:200",
                       WEIGHTS);
    return make(world, (int32_t)weight, ret, err);
}

static void free_fgd(void *self)
{
    sy_free(((struct fgd *)self)->fragment);
    sy_free(self);
}

static int32_t fragment_score(const struct fgd *self, const struct sy_replay_shape *shape,
                              const struct sy_replay_state *before,
                              const struct sy_replay_state *after)
{
    double grown = before->fragment - sy_fragment_of(self->fragment, shape, after);
    return (int32_t)(100 * (1 / (1 + exp(-(grown / 1000)))));
}

/* Watts, cut towards 0: never above 0. */
static int32_t power_score(const struct sy_replay_shape *shape,
                           const struct sy_replay_state *before,
                           const struct sy_replay_state *after)
{
    return (int32_t)((before->power_mw - sy_power_of(shape, after)) / 1000);
}

/* Was a device with as much left tried before? It has the same price, and the first one wins. */
static bool tried(const struct sy_replay_state *state, unsigned device)
{
    for (unsigned g = 0; g < device; g++)
        if (state->left[g] == state->left[device])
            return true;
    return false;
}

/* The best price over the devices that a pod can take, and the first device that has it. */
static int32_t best_price(const struct fgd *self, const struct sy_replay_shape *shape,
                          const struct sy_replay_state *state, const struct sy_replay_class *pod,
                          uint8_t *ret_device)
{
    bool share = sy_policy_shares(pod);
    int32_t best = INT32_MIN;
    for (unsigned g = 0; g < (share ? shape->devices : 1u); g++) {
        struct sy_replay_state after = *state;
        if (share && (state->left[g] < pod->device_milli || tried(state, g)))
            continue;
        sy_replay_take(pod, g, &after);
        int32_t price = self != NULL ? fragment_score(self, shape, state, &after)
                                     : power_score(shape, state, &after);
        if (price > best) {
            best = price;
            *ret_device = (uint8_t)g;
        }
    }
    return best;
}

static void score_fgd(const void *self, const struct sy_replay_shape *shape,
                      const struct sy_replay_state *state, const struct sy_replay_class *pod,
                      struct sy_replay_score *ret)
{
    ret->value = best_price(self, shape, state, pod, &ret->device);
}

static void score_pwr(const void *self, const struct sy_replay_shape *shape,
                      const struct sy_replay_state *state, const struct sy_replay_class *pod,
                      struct sy_replay_score *ret)
{
    (void)self;
    ret->value = best_price(NULL, shape, state, pod, &ret->device);
}

/* The device is FGD's. */
static void score_both(const void *self, const struct sy_replay_shape *shape,
                       const struct sy_replay_state *state, const struct sy_replay_class *pod,
                       struct sy_replay_score *ret)
{
    uint8_t ignored = 0;
    ret->value = best_price(NULL, shape, state, pod, &ignored);
    ret->second = best_price(self, shape, state, pod, &ret->device);
}

/* 0..100 over the nodes with room, all alike 100. */
static int32_t normalise(int32_t value, const struct sy_replay_range *range)
{
    if (range->min == range->max)
        return 100;
    return (int32_t)(((int64_t)value - range->min) * 100 / ((int64_t)range->max - range->min));
}

static int32_t combine_pwr(const void *self, const struct sy_replay_score *score,
                           const struct sy_replay_range *range)
{
    (void)self;
    return normalise(score->value, range);
}

static int32_t combine_both(const void *self, const struct sy_replay_score *score,
                            const struct sy_replay_range *range)
{
    const struct fgd *fgd = self;
    return fgd->power_weight * normalise(score->value, range) +
           (WEIGHTS - fgd->power_weight) * score->second;
}

const struct sy_replay_policy_ops sy_policy_fgd = {.name = "fgd",
                                                   .doc = "least fragmentation",
                                                   .make = make_fgd,
                                                   .free = free_fgd,
                                                   .score = score_fgd};
const struct sy_replay_policy_ops sy_policy_pwr = {
    .name = "pwr", .doc = "least power", .score = score_pwr, .combine = combine_pwr};
const struct sy_replay_policy_ops sy_policy_pwr_fgd = {
    .name = "pwr-fgd",
    .doc = "pwr-fgd:W, power weighs W and fragmentation 1000 - W",
    .make = make_pwr_fgd,
    .free = free_fgd,
    .score = score_both,
    .combine = combine_both};
