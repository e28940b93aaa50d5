/* SPDX-License-Identifier: Apache-2.0 */
/* Placing lists of pods, one after the other, as kube-scheduler would: gangs all or none. */
#ifndef SY_PLANNER_WHATIF_PLACE_H
#define SY_PLANNER_WHATIF_PLACE_H

#include "planner/explain/form.h"
#include "planner/plan/plan.h"
#include "planner/plan/workload.h"

#define SY_VAIN_STAGE "kubelet" /* as `stage` of a reason: who refuses it */

/* What became of one pod of the list. */
struct sy_placed {
    uint32_t pod;    /* of the plan */
    uint32_t node;   /* UINT32_MAX = pending */
    bool gang_short; /* it had a place itself, its gang had not */
    bool vain;       /* pending: kube-scheduler binds it, or one of its gang, in vain */
};

/* Told of every pod that was tried, before it is bound; `node` UINT32_MAX: it fits nowhere, or
 * kube-scheduler binds it in vain. */
typedef enum sy_code sy_place_seen(void *data, struct sy_plan *plan, size_t i,
                                   const struct sy_plan_answer *answer, uint32_t node,
                                   struct sy_err *err);

struct sy_placing {
    const struct sy_workload_pods *pods;
    const uint32_t *id;  /* of each in the plan */
    sy_place_seen *seen; /* NULL = nobody asks */
    void *data;
    struct sy_arena *scratch; /* with `seen`: reset for every pod */
    bool first_only;          /* stop at the first that has no place (but in vain): the answer is
                                 known */
};

/* Bind what fits on *plan (which may become another plan: a gang is tried on a copy). placed[n] in
 * the order of the pods. *ret_pending = pods without a place. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_place_list(const struct sy_placing *placing, struct sy_plan **plan,
                                        struct sy_placed *placed, size_t *ret_pending,
                                        struct sy_err *err);

/* The first pod of the list that fits on no node even when all others are gone, each alone (of
 * equal ones the first); *ret = n: none. A cordon is not for ever: it does not count. */
SY_NODISCARD enum sy_code sy_place_never(struct sy_plan *plan, const struct sy_workload_pods *pods,
                                         struct sy_arena *scratch, size_t *ret, struct sy_err *err);
/* The answer's best node, when kube-scheduler would bind the pod there in vain; else UINT32_MAX. */
uint32_t sy_place_vain(const struct sy_plan_answer *answer);
/* Why it counts as pending then: "kube-scheduler would bind it to NODE, …". */
json_t *sy_vain_text(const struct sy_plan *plan, uint32_t node);
/* The same as one more of an answer's reasons (planner/explain/reasons.h), last: all nodes where it
 * is in vain; nothing is added when there are none. */
void sy_vain_reason(struct sy_form *form, const struct sy_plan *plan,
                    const struct sy_plan_answer *answer, json_t *reasons);
/* A copy of the plan in which no pod runs. */
SY_NODISCARD enum sy_code sy_place_emptied(const struct sy_plan *plan, struct sy_plan **ret,
                                           struct sy_err *err);

#endif
