/* SPDX-License-Identifier: Apache-2.0 */
/* What a scenario came to, as JSON and tables. */
#ifndef SY_PLANNER_WHATIF_SCENARIO_ANSWER_H
#define SY_PLANNER_WHATIF_SCENARIO_ANSWER_H

#include "planner/plan/capacity.h"
#include "planner/whatif/scenario_run.h"

/* Pods that the scenario wants to run, and what became of them. */
struct sy_tally {
    uint64_t asked, placed, pending, never; /* never: not on the empty cluster either */
    uint64_t own;                           /* of the cluster, that wait and were not asked for */
};
SY_NODISCARD enum sy_code sy_run_tally(struct sy_run *run, struct sy_tally *ret,
                                       struct sy_err *err);
enum sy_exit sy_tally_exit(const struct sy_run *run, const struct sy_tally *tally);

/* Capacity before and after, of the same shapes. */
struct sy_before_after {
    size_t nshape;
    const struct sy_capacity_shape *shape;
    struct sy_capacity before, after;
};
/* Shapes: those of the files that the scenario names, else of the pods of the outcome. */
SY_NODISCARD enum sy_code sy_run_capacity(struct sy_run *run, struct sy_plan *before,
                                          struct sy_before_after *ret, struct sy_err *err);

/* The members of the answer: steps, result, cost, capacity. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_answer(struct sy_run *run, const struct sy_tally *tally,
                                        const struct sy_before_after *capacity, json_t *answer,
                                        struct sy_err *err);
/* The tables of an answer. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_show(struct sy_result *result, const json_t *answer,
                                      struct sy_err *err);
/* What differs between two outcomes: pods elsewhere, slots, watts. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_diff(struct sy_run *a, const struct sy_before_after *capacity_a,
                                      struct sy_run *b, const struct sy_before_after *capacity_b,
                                      json_t **ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_run_show_diff(struct sy_result *result, const json_t *diff,
                                           struct sy_err *err);

#endif
