/* SPDX-License-Identifier: Apache-2.0 */
/* What would have to change for a pod that fits nowhere: each change is tried on a copy of the
 * plan, and only those after which the engine places the pod are told. */
#ifndef SY_PLANNER_EXPLAIN_CHANGES_H
#define SY_PLANNER_EXPLAIN_CHANGES_H

#include "planner/explain/budget.h"
#include "planner/explain/detail.h"
#include "planner/explain/reasons.h"

#define SY_CHANGES_TRIALS_MAX 400u /* cycles of kube-scheduler tried for one pod */
#define SY_CHANGES_NODES_MAX 24u   /* nodes whose pods are looked at */
#define SY_CHANGES_PODS_MAX 16u    /* pods of one node that are moved or waited for */
#define SY_CHANGES_PER_KIND 3u     /* told of each kind */

/* X(id, name, unit of its cost) cheapest first: the first four touch nobody else */
#define SY_CHANGES(X)                                                                              \
    X(RAISE_CAP, "raiseCap", "W")                                                                  \
    X(UNCORDON, "uncordon", "nodes")                                                               \
    X(UNTAINT, "untaint", "taints")                                                                \
    X(RELAX, "relax", "MB/s")                                                                      \
    X(MOVE, "move", "pods")                                                                        \
    X(WAIT, "wait", "pods")
enum sy_change_kind {
#define X(id, name, unit) SY_CHANGE_##id,
    SY_CHANGES(X)
#undef X
        SY_CHANGE_KIND_COUNT
};

struct sy_change {
    enum sy_change_kind kind;
    int64_t cost;   /* within its kind */
    uint32_t node;  /* where the pod then goes */
    json_t *detail; /* a reference: what the change is, without the common members */
};

struct sy_changes {
    const struct sy_state *state; /* of the plan: its disruption budgets */
    struct sy_plan *plan;
    const struct sy_state_pod *pod;
    const struct sy_plan_answer *answer; /* of the pod as things are, explained */
    struct sy_arena *arena;              /* lists */
    struct sy_arena *scratch;            /* one trial; reset for each */
    struct sy_form *form;
    struct sy_budgets budgets; /* what they let go now; made by sy_changes_find */
    unsigned trials;
    bool cut; /* more could have been tried */
    size_t n, size;
    struct sy_change *change;
};

/* Find them; in `changes` everything up to `form` is given. Sorted by kind, cost, node's name; at
 * most SY_CHANGES_PER_KIND of each. SY_ENOMEM. Release with sy_changes_done, also on failure. */
SY_NODISCARD enum sy_code sy_changes_find(struct sy_changes *changes, struct sy_err *err);
void sy_changes_done(struct sy_changes *changes);
/* [{"kind","text","node","cost","costUnit","verified":true, …}] */
json_t *sy_changes_json(struct sy_changes *changes);

/* --- For the kinds' own files. */

/* One cycle for `pod` on `plan`: the verdict on `node`, SY_PENDING when it does not fit there.
 * False in *ret_tried: the trials are used up. */
struct sy_change_trial {
    bool tried;
    struct sy_plan_answer answer; /* in the scratch arena */
};
SY_NODISCARD enum sy_code sy_changes_try(struct sy_changes *changes, struct sy_plan *plan,
                                         const struct sy_state_pod *pod, bool explain,
                                         struct sy_change_trial *ret, struct sy_err *err);
/* Does the answer place the pod on the node? */
bool sy_changes_fits_on(const struct sy_plan_answer *answer, uint32_t node);
/* The reference to `detail` goes over, also on failure. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_changes_add(struct sy_changes *changes, enum sy_change_kind kind,
                                         int64_t cost, uint32_t node, json_t *detail,
                                         struct sy_err *err);
const char *sy_changes_node(const struct sy_changes *changes, uint32_t node);
/* changes_relax.c: weaker requirements; changes_pods.c: pods that move or end. */
SY_NODISCARD enum sy_code sy_changes_relax(struct sy_changes *changes, struct sy_err *err);
SY_NODISCARD enum sy_code sy_changes_pods(struct sy_changes *changes, struct sy_err *err);

#endif
