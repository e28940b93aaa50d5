/* SPDX-License-Identifier: Apache-2.0 */
/* Why nodes do not take a pod, counted: one line for all that lack the same, what is easiest to
 * mend first. */
#ifndef SY_PLANNER_EXPLAIN_REASONS_H
#define SY_PLANNER_EXPLAIN_REASONS_H

#include "planner/explain/form.h"
#include "planner/plan/plan.h"

#define SY_REASON_NODES 3u /* nodes named of one reason */

struct sy_why {
    uint32_t n;         /* nodes */
    uint8_t stage;      /* enum sy_stage; PASSED: the reason is ours */
    uint8_t reason;     /* enum sy_reason */
    bool never;         /* nor on an empty node */
    const char *name;   /* the taint's key, the resource, the power element; NULL; borrowed */
    const char *detail; /* ours, what is malformed; NULL */
    bool short_known;
    int64_t
        short_by; /* what lacks where it lacks least: mW, or the resource's unit of sy_amounts */
    uint32_t node[SY_REASON_NODES]; /* the first ones */
};
struct sy_reasons {
    size_t n;
    struct sy_why *why; /* in the arena */
};

/* Of one verdict (`n` 1). Watts that lack are known when the verdict has its placement. */
struct sy_why sy_why_of(const struct sy_state_pod *pod, const struct sy_plan_verdict *verdict);
/* All nodes of an answer that do not take the pod. Order: what an operator can mend at once (power,
 * cordons, taints), what waiting mends (held devices, resources), what nothing mends; then what
 * lacks least. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_reasons_of(const struct sy_state_pod *pod,
                                        const struct sy_plan_answer *answer, struct sy_arena *arena,
                                        struct sy_reasons *ret, struct sy_err *err);
/* The one to name when there is room for one: the first that is not a closed node's (a cordon, a
 * taint), else the first; NULL when there is none. */
const struct sy_why *sy_reasons_main(const struct sy_reasons *reasons);
/* "no power headroom (rack-3), short by 1350 W". Appends. */
void sy_why_text(const struct sy_why *why, struct sy_str *out);
/* The plugin that dropped the node, "Extender" for ours, as kube-scheduler names them. */
const char *sy_why_stage(const struct sy_why *why);
/* {"nodes","verdict","stage","reasonId","text","name","shortBy","unit","first":[…]} */
json_t *sy_why_json(struct sy_form *form, const struct sy_plan *plan, const struct sy_why *why);
json_t *sy_reasons_json(struct sy_form *form, const struct sy_plan *plan,
                        const struct sy_reasons *reasons);
/* "  12 nodes: no power headroom (rack-3), short by 1350 W\n" for each, made of their JSON. */
void sy_reasons_text(const json_t *reasons, struct sy_str *out);

#endif
