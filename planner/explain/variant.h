/* SPDX-License-Identifier: Apache-2.0 */
/* The pod, had it been written a little differently. */
#ifndef SY_PLANNER_EXPLAIN_VARIANT_H
#define SY_PLANNER_EXPLAIN_VARIANT_H

#include "planner/plan/plan.h"

struct sy_variant {
    struct sy_state_pod pod; /* borrows from the one it is made of */
    json_t *object;          /* a reference; NULL = the pod's own */
};

#define SY_TAINT_UNSCHEDULABLE "node.kubernetes.io/unschedulable"

/* The same pod, tolerating every effect of a taint. SY_ENOMEM. Release with sy_variant_done. */
SY_NODISCARD enum sy_code sy_variant_tolerating(const struct sy_state_pod *pod, const char *key,
                                                struct sy_variant *ret, struct sy_err *err);
/* The same pod without spec.nodeSelector and required node affinity; *ret_any: it has one.
 * SY_ENOMEM. Release with sy_variant_done. */
SY_NODISCARD enum sy_code sy_variant_anywhere(const struct sy_state_pod *pod, bool *ret_any,
                                              struct sy_variant *ret, struct sy_err *err);
void sy_variant_done(struct sy_variant *variant);
/* Does the pod fit on some node when no other pod runs? A cordon is not for ever: it does not
 * count. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_variant_ever_fits(struct sy_plan *plan, const struct sy_state_pod *pod,
                                               struct sy_arena *scratch, bool *ret,
                                               struct sy_err *err);

#endif
