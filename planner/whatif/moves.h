/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that have to leave nodes: which ones, in which order, and where they go. */
#ifndef SY_PLANNER_WHATIF_MOVES_H
#define SY_PLANNER_WHATIF_MOVES_H

#include "planner/explain/leave.h"
#include "planner/whatif/targets.h"

struct sy_move {
    uint32_t pod, from;
    uint32_t to;                          /* UINT32_MAX = nowhere */
    uint32_t vain;                        /* with no `to`: where kube-scheduler would bind it in
                                             vain (planner/plan/plan.h); UINT32_MAX */
    uint32_t wave;                        /* from 1; 0 = never evicted */
    const struct sy_state_budget *budget; /* what forbids its eviction; NULL */
    bool several;                         /* it is under several budgets */
    enum sy_leave leave;
};
struct sy_moves {
    size_t n;
    struct sy_move *move; /* pods that move, most important first: priority descending, then older,
                             then namespace and name */
    size_t nstay;         /* pods that belong to their node */
};

/* The pods of these nodes, none moved. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_moves_of(const struct sy_plan *plan, const struct sy_targets *targets,
                                      struct sy_arena *arena, struct sy_moves *ret,
                                      struct sy_err *err);
/* The nodes are gone at once, their pods are placed on the others, in order. *ret_pending = pods
 * without a place. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_moves_fail(struct sy_plan *plan, const struct sy_targets *targets,
                                        struct sy_moves *moves, size_t *ret_pending,
                                        struct sy_err *err);

#endif
