/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that others published, to compare with, and finding a policy by its name. */
#ifndef SY_PLANNER_REPLAY_POLICIES_H
#define SY_PLANNER_REPLAY_POLICIES_H

#include "planner/replay/policy.h"

/* Find "NAME" or "NAME:ARGUMENT". SY_EUSAGE lists the names. */
SY_NODISCARD enum sy_code sy_policy_find(const char *text,
                                         const struct sy_replay_policy_ops **ret_ops,
                                         const char **ret_argument, struct sy_err *err);

/* FGD, PWR and their weighted sum (fgd.c). */
extern const struct sy_replay_policy_ops sy_policy_fgd, sy_policy_pwr, sy_policy_pwr_fgd;
/* Baselines of the FGD paper (baselines.c). */
extern const struct sy_replay_policy_ops sy_policy_best_fit, sy_policy_dot_product,
    sy_policy_packing, sy_policy_clustering;
/* What a cluster does by itself (defaults.c). */
extern const struct sy_replay_policy_ops sy_policy_random, sy_policy_kube_default;

/* Does the pod ask for a part of one device? */
bool sy_policy_shares(const struct sy_replay_class *pod);
/* The device with the least left that has room; SY_REPLAY_DEVICES: none. */
unsigned sy_policy_tightest(const struct sy_replay_state *state, const struct sy_replay_class *pod);

#endif
