/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario being run: a plan, the pods that wait in kube-scheduler's queue, and what each step
 * came to. */
#ifndef SY_PLANNER_WHATIF_SCENARIO_RUN_H
#define SY_PLANNER_WHATIF_SCENARIO_RUN_H

#include "planner/explain/question.h"
#include "planner/whatif/scenario.h"
#include "planner/whatif/targets.h"
#include "planner/whatif/template.h"

/* A pod that waited at some time: the cluster's own pending ones, submitted ones, evicted ones. */
struct sy_waiting {
    uint32_t pod;            /* of the plan */
    uint32_t gang, gang_min; /* 0 = none */
    bool asked;              /* the scenario wants it to run: submitted, or evicted by it */
    uint64_t since;          /* number in the order in which they came to the queue */
    uint32_t from, wave;     /* evicted by the step at hand: its node, its wave; UINT32_MAX, 0 */
};

/* Pods that have no place, for one reason. */
struct sy_stuck {
    const json_t *object; /* of the template: pods of it are not tried again in one pass */
    const char *pinned;   /* the node that the pod asks for; NULL */
    uint32_t pods, first; /* how many; the first of them */
    bool gang;            /* they fit, their gang does not */
    uint32_t gang_min;
    uint32_t vain;   /* the first: where kube-scheduler would bind it in vain; UINT32_MAX */
    json_t *reasons; /* a reference; NULL: of a gang */
};

struct sy_run {
    const struct sy_scenario *scenario;
    struct sy_question *q; /* state, arenas, notes */
    struct sy_plan *plan;
    const struct sy_workload_table *table;
    size_t nwaiting, waiting_size;
    struct sy_waiting *waiting; /* in the order in which they came */
    uint32_t *order;            /* of one pass */
    size_t where_size;
    uint32_t *where; /* by pod of the plan: its place in `waiting` + 1; 0 = none */
    uint64_t came;
    uint32_t gangs;
    size_t nstuck, stuck_size; /* of the last pass */
    struct sy_stuck *stuck;
    struct sy_template *template_; /* [scenario->ntemplate]; name NULL = not loaded yet */
    unsigned *made;                /* nodes made of each */
    size_t nkeep;                  /* what pods of the scenario point into */
    struct sy_workload_pods *keep;
    struct sy_scenario_price cost; /* sums over added nodes; lead_days is the longest */
    uint64_t added;                /* nodes */
    bool cost_known;               /* every added node has a price */
    const struct sy_step *step;    /* at hand */
    json_t *steps;                 /* rows of the answer; a reference */
    json_t *row;                   /* of the step at hand; borrowed */
    size_t blocked;                /* pods that may not be evicted */
};

/* Run all steps from a copy of `plan`. Errors of a step begin with its place in the file. Release
 * with sy_run_done, also after a failure. */
SY_NODISCARD enum sy_code sy_run_scenario(struct sy_question *q, const struct sy_plan *plan,
                                          const struct sy_scenario *scenario,
                                          const struct sy_workload_table *table, struct sy_run *ret,
                                          struct sy_err *err);
void sy_run_done(struct sy_run *run);

/* --- For scenario_*.c. */
/* A pod joins the queue, or comes back to it. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_wait(struct sy_run *run, const struct sy_waiting *waiting,
                                      struct sy_err *err);
/* One pass of the queue: what has a place is bound. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_pass(struct sy_run *run, struct sy_err *err);
/* The step at hand changes the plan, and its pods find places. */
SY_NODISCARD enum sy_code sy_run_step(struct sy_run *run, struct sy_err *err);
/* scenario_nodes.c */
SY_NODISCARD enum sy_code sy_run_add_nodes(struct sy_run *run, struct sy_err *err);
/* scenario_moves.c: drain, remove, failNode */
SY_NODISCARD enum sy_code sy_run_move(struct sy_run *run, struct sy_err *err);
/* The nodes that the step at hand means. */
SY_NODISCARD enum sy_code sy_run_targets(struct sy_run *run, struct sy_targets *ret,
                                         struct sy_err *err);
/* "default/web-0" and the like into a row. */
void sy_run_put_pod(struct sy_run *run, json_t *row, uint32_t pod);

#endif
