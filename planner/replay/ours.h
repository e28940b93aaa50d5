/* SPDX-License-Identifier: Apache-2.0 */
/* Our own policies fit, balanced and frugal: the packing of the service (scoring/packing.h) with
 * the weights of the built-in profile of that name, fed with the trace's typical pods. The same as
 * NAME-wire: what of it is left when kube-scheduler asks for it as a service. */
#ifndef SY_PLANNER_REPLAY_OURS_H
#define SY_PLANNER_REPLAY_OURS_H

#include "planner/replay/policy.h"
#include "scoring/packing.h"

struct sy_ours {
    struct sy_policy *policy; /* built in */
    const struct sy_profile *profile;
    struct sy_workload *workload;
    void *kube; /* NAME-wire: kube-scheduler's default plugins */
    int32_t weight;
};

/* The best placement on a node. */
struct sy_ours_choice {
    int64_t price; /* in quanta, lower is better */
    int64_t cost;  /* billionths of a device */
    uint8_t device;
};

SY_NODISCARD enum sy_code sy_ours_make(const struct sy_replay_world *world, const char *profile,
                                       struct sy_ours **ret, struct sy_err *err);
void sy_ours_free(void *self); /* takes NULL */
/* The loss of a state: exact, less than 2^53. */
double sy_ours_potential(const void *self, const struct sy_replay_shape *shape,
                         const struct sy_replay_state *state);
/* Of the devices that give the lowest price, the first. */
struct sy_ours_choice sy_ours_choose(const struct sy_ours *self,
                                     const struct sy_replay_shape *shape,
                                     const struct sy_replay_state *state,
                                     const struct sy_replay_class *pod);

extern const struct sy_replay_policy_ops sy_policy_fit, sy_policy_balanced, sy_policy_frugal;
/* ours_wire.c: eleven levels, random ties, LeastAllocated and BalancedAllocation beside us. */
extern const struct sy_replay_policy_ops sy_policy_fit_wire, sy_policy_balanced_wire,
    sy_policy_frugal_wire;

/* Their entries in sy_replay_policies, each with a comma behind it. */
#define SY_REPLAY_OURS                                                                             \
    &sy_policy_fit, &sy_policy_balanced, &sy_policy_frugal, &sy_policy_fit_wire,                   \
        &sy_policy_balanced_wire, &sy_policy_frugal_wire,

#endif
