/* SPDX-License-Identifier: Apache-2.0 */
/* PodDisruptionBudgets: how many pods may be evicted, as the eviction API would let them go. */
#ifndef SY_PLANNER_EXPLAIN_BUDGET_H
#define SY_PLANNER_EXPLAIN_BUDGET_H

#include "planner/plan/plan.h"

struct sy_budgets {
    size_t n;
    const struct sy_state_budget *budget;
    int64_t *allowed; /* disruptions left, of each */
};

/* What is allowed as things stand: status.disruptionsAllowed, or, where it is not told, reckoned
 * from minAvailable or maxUnavailable (percents are rounded up) with every matching pod expected
 * and every bound one healthy. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_budgets_of(const struct sy_plan *plan, const struct sy_state *state,
                                        struct sy_arena *arena, struct sy_budgets *ret,
                                        struct sy_err *err);
/* Does the budget's selector match the pod? An empty selector matches every pod of the namespace.
 */
bool sy_budget_matches(const struct sy_state_budget *budget, const struct sy_state_pod *pod);
/* May the pod be evicted? Then it is taken off its budget. *ret_by: the budget that forbids it;
 * *ret_several: it is under more than one, which the eviction API refuses. */
bool sy_budgets_evict(struct sy_budgets *budgets, const struct sy_state_pod *pod,
                      const struct sy_state_budget **ret_by, bool *ret_several);
/* An evicted pod runs again elsewhere. */
void sy_budgets_ready(struct sy_budgets *budgets, const struct sy_state_pod *pod);

#endif
