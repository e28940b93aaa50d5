/* SPDX-License-Identifier: Apache-2.0 */
/* How a pod sits, or would sit, on one node: the engine's breakdown. */
#ifndef SY_PLANNER_EXPLAIN_DETAIL_H
#define SY_PLANNER_EXPLAIN_DETAIL_H

#include "planner/explain/question.h"
#include "scoring/wire/explain.h"

struct sy_detail {
    struct sy_world world;
    struct sy_candidate candidate;
    struct sy_verdict verdict;  /* with its placement, in the arena */
    const struct sy_node *node; /* NULL = no devices told */
};

/* The engine's verdict on one node of the plan as it is now; valid until the plan changes.
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_detail_of(struct sy_plan *plan, const struct sy_state_pod *pod,
                                       uint32_t node, struct sy_arena *arena, struct sy_detail *ret,
                                       struct sy_err *err);
/* Is there a set? */
static inline bool sy_detail_placed(const struct sy_detail *detail)
{
    return detail->node != NULL && detail->verdict.placement != NULL &&
           detail->verdict.placement->fit == SY_FIT_YES;
}
/* Put into `row` what people ask first of the best set there: "devices" (addresses, with ".INDEX"
 * behind units that share a function), "path" (the lowest class), "minBandwidthGBps",
 * "wattsAdded", "score", "headroomAfterWatts", "element"; nulls where there is none. */
SY_NODISCARD enum sy_code sy_detail_put(const struct sy_detail *detail,
                                        const struct sy_state_pod *pod, struct sy_form *form,
                                        json_t *row, struct sy_err *err);
/* The best set is faster than what the score expects: say so in the notes, once for all pods. */
void sy_detail_note(const struct sy_detail *detail, const struct sy_state_pod *pod,
                    struct sy_question *question);
/* The addresses of units of a node, as in "devices". */
json_t *sy_detail_units(struct sy_form *form, const struct sy_node *node, struct sy_devset units);

#endif
