/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/plan: nodes are records that plans share until one of them changes. */
#ifndef SY_PLANNER_PLAN_PRIVATE_H
#define SY_PLANNER_PLAN_PRIVATE_H

#include "planner/plan/plan.h"
#include "topology/cluster_builder.h"

#define SY_PENDING UINT32_MAX

/* What a step made of a device, a link or the node itself. */
enum sy_edit_kind { SY_EDIT_FAIL, SY_EDIT_HEAL, SY_EDIT_LINK, SY_EDIT_CAP, SY_EDIT_LIMIT };
struct sy_edit {
    uint8_t kind;  /* enum sy_edit_kind */
    uint32_t a, b; /* units; b = UINT32_MAX: the link above */
    int64_t value; /* MB/s or mW */
    char *reason;  /* owned; NULL */
};

/* A pod on a node, in the order in which they came. */
struct sy_bound {
    uint32_t pod;
    bool moved;       /* bound by the plan, not as the state has it */
    int64_t bound_us; /* as sy_bound_pod.scheduled_us */
    struct sy_charge charge;
};

struct sy_plan_record {
    unsigned refs;
    const struct sy_state_node *given; /* as the state or a step gave it */
    struct sy_state_node object;       /* as it is now, once its allocatable is another */
    struct sy_amount *other;           /* of `object`; owned; NULL = `given` holds */
    struct sy_fabric *fabric;          /* with the links that steps changed; NULL = none told */
    struct sy_usage *report; /* as given, less what departed, and with what steps changed */
    struct sy_node *node;    /* NULL = no devices told */
    struct sy_taken taken;
    bool gone, cordoned, emptied; /* emptied: nobody holds a device, whoever the report names */
    size_t nbound, bound_size;
    struct sy_bound *bound;
    size_t ndeparted, departed_size;
    uint32_t *departed; /* pods that the state has here, and that left or came anew */
    size_t nedit;
    struct sy_edit *edit;
};

struct sy_plan_entry {
    const struct sy_state_pod *pod;
    uint32_t node; /* SY_PENDING */
    uint32_t vain; /* 1 + the node that it was placed on in vain; 0 = none */
    bool removed, elsewhere;
};

/* What a plan and its copies have in common. */
struct sy_plan_shared {
    unsigned refs;
    struct sy_memo *memo;
};

struct sy_plan {
    unsigned refs; /* of an empty plan, which copies share; 1 of any other */
    const struct sy_state *state;
    struct sy_plan_options options;
    int64_t now_us;
    int64_t next_us; /* bound_us of the next pod bound */
    struct sy_plan_shared *shared;
    struct sy_policy *base, *policy; /* references; `policy` may borrow texts of `base` */
    uint32_t n, size;
    struct sy_plan_record **node; /* references */
    uint32_t *order;              /* node ids, ascending by (name, id) */
    uint32_t npod, pod_size;
    struct sy_plan_entry *pod;
    struct sy_arena *scratch; /* of one change */
    struct sy_arena *answers; /* of one sy_plan_place */
    /* The engine's world, made when it is asked for: */
    struct sy_cluster *cluster;
    struct sy_power *power;
    struct sy_workload *workload;       /* where the policy says so: learnt of `learnt_of` */
    const struct sy_cluster *learnt_of; /* only compared: it is `cluster`, or another one */
    struct sy_cluster_builder *builder;
    uint32_t ndirty, dirty_size;
    uint32_t *dirty; /* nodes that differ from the builder's */
    bool all_dirty;
    struct sy_plan *empty; /* without pods; a reference; NULL = not made */
};

/* record.c: one node. A new record is one reference. */
SY_NODISCARD enum sy_code sy_record_new(const struct sy_state_node *given,
                                        struct sy_plan_record **ret, struct sy_err *err);
/* A copy of its own, with room for one pod and one edit more. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_record_copy(const struct sy_plan_record *from,
                                         struct sy_plan_record **ret, struct sy_err *err);
void sy_record_unref(struct sy_plan_record *record); /* takes NULL */
SY_DEFINE_AUTO(struct sy_plan_record, sy_record, sy_record_unref)
/* Make fabric, report, allocatable and node anew of what was given, of the edits and of the pods.
 * SY_ENOMEM, SY_EINVAL (a link that is not there). */
SY_NODISCARD enum sy_code sy_record_settle(struct sy_plan *plan, struct sy_plan_record *record,
                                           struct sy_err *err);
/* The same where only pods came or went. */
SY_NODISCARD enum sy_code sy_record_settle_pods(struct sy_plan *plan, struct sy_plan_record *record,
                                                struct sy_err *err);
/* What is as reported there now, with what edits say; NULL when nobody reports. */
const struct sy_state_node *sy_record_object(const struct sy_plan_record *record);

/* edits.c: what steps changed of a node. */
SY_NODISCARD enum sy_code sy_edits_fabric(const struct sy_plan_record *record,
                                          struct sy_arena *scratch, struct sy_fabric **ret,
                                          struct sy_err *err);
SY_NODISCARD enum sy_code sy_edits_report(const struct sy_plan *plan,
                                          const struct sy_plan_record *record,
                                          struct sy_usage **ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_edits_allocatable(struct sy_plan_record *record, struct sy_err *err);

/* plan.c: this record in place of the node's; the reference is taken over. */
void sy_plan_replace(struct sy_plan *plan, uint32_t node, struct sy_plan_record *record);
/* world.c: the node is another one. */
void sy_plan_touch(struct sy_plan *plan, uint32_t node);
/* The same, and it is not the pods alone that changed. */
void sy_plan_forget_empty(struct sy_plan *plan);
/* plan.c: `policy` with other texts or limits, its strings borrowed. */
SY_NODISCARD enum sy_code sy_plan_derive_policy(const struct sy_plan *plan, struct sy_policy *from,
                                                struct sy_policy **ret, struct sy_err *err);
/* pods.c: the pods of the state are where it says. */
SY_NODISCARD enum sy_code sy_plan_take_pods(struct sy_plan *plan, struct sy_err *err);
/* Bind, without a word about who may. */
struct sy_arena *sy_plan_scratch(struct sy_plan *plan) SY_NODISCARD;

/* try.c: one candidate alone: *ret_fits, and why not. `alone`: power domains are left out, and no
 * world is needed. */
struct sy_plan_trial {
    const struct sy_state_pod *pod;
    const struct sy_scheduler_pod *terms;
    bool alone;
};
SY_NODISCARD enum sy_code sy_plan_try_on(struct sy_plan *plan, const struct sy_plan_trial *trial,
                                         uint32_t node, struct sy_arena *arena,
                                         struct sy_plan_verdict *ret, struct sy_err *err);
/* kube-scheduler's own filters alone. */
struct sy_stage_verdict sy_plan_filter_on(const struct sy_plan *plan,
                                          const struct sy_scheduler_pod *terms, uint32_t node);
bool sy_plan_verdict_fits(const struct sy_plan_verdict *verdict);

#endif
