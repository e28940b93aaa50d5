/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard explain`: every node for one pod. */
#ifndef SY_PLANNER_EXPLAIN_EXPLAIN_H
#define SY_PLANNER_EXPLAIN_EXPLAIN_H

#include "planner/explain/changes.h"
#include "planner/explain/question.h"

extern const struct sy_command sy_command_explain;

/* --- For its own files. */

struct sy_explaining {
    struct sy_question q;
    const struct sy_state_pod *pod;
    struct sy_plan_answer answer; /* explained, in the question's arena */
    int64_t only;                 /* --node: its index in the answer; -1 = all */
    uint32_t was;                 /* the node it runs on; UINT32_MAX = it does not */
    struct sy_devset held;        /* what it holds there */
    struct sy_changes changes;
};

/* The answer's JSON: the explain object with the stages of kube-scheduler beside each node, groups,
 * how a running pod sits, changes. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_explain_answer(struct sy_explaining *explaining, struct sy_err *err);
/* Its tables: groups and changes, or one node's whole breakdown. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_explain_show(struct sy_explaining *explaining, struct sy_err *err);
SY_NODISCARD enum sy_code sy_explain_show_node(struct sy_explaining *explaining, const json_t *node,
                                               struct sy_err *err);
/* "running": how it sits against the best; NULL and SY_OK when it does not run. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_explain_running(struct sy_explaining *explaining, json_t **ret,
                                             struct sy_err *err);

#endif
