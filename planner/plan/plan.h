/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster that changes: what if pods come, go, move; nodes come, drain, fail; caps fall. Starts
 * as a state, and every answer is the engine's on what the service would then know. */
#ifndef SY_PLANNER_PLAN_PLAN_H
#define SY_PLANNER_PLAN_PLAN_H

#include "planner/scheduler/scheduler.h"
#include "scoring/engine.h"

struct sy_plan; /* opaque; one thread */

struct sy_plan_options {
    int64_t weight;      /* of our extender in kube-scheduler's sum (5, deploy/scheduler) */
    bool kube_default;   /* without us: kube-scheduler alone */
    const char *profile; /* of pods that name none; NULL = the policy's default */
};

/* The state must outlive the plan. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_plan_new(const struct sy_state *state,
                                      const struct sy_plan_options *options, struct sy_plan **ret,
                                      struct sy_err *err);
/* Another world of the same kind that goes its own way; what is unchanged is shared. */
SY_NODISCARD enum sy_code sy_plan_copy(const struct sy_plan *plan, struct sy_plan **ret,
                                       struct sy_err *err);
void sy_plan_free(struct sy_plan *plan); /* takes NULL */
SY_DEFINE_AUTO(struct sy_plan, sy_plan, sy_plan_free)

/* --- What is there now. Node ids and pod ids stay what they are in a plan and its copies. */
struct sy_plan_node {
    const struct sy_state_node *object;
    const struct sy_node *node; /* fabric and usage now; NULL = no devices told */
    const struct sy_taken *taken;
    bool gone, cordoned; /* cordoned: by a step; the state's own is in object->unschedulable */
};
uint32_t sy_plan_nodes(const struct sy_plan *plan);
struct sy_plan_node sy_plan_node(const struct sy_plan *plan, uint32_t node);
int64_t sy_plan_find_node(const struct sy_plan *plan, const char *name); /* -1; none that is gone */
const uint32_t *sy_plan_order(const struct sy_plan *plan); /* node ids, all, ascending by name */
/* Pods on a node, in the order in which they came: ids in the arena; NULL: out of memory. */
const uint32_t *sy_plan_node_pods(const struct sy_plan *plan, uint32_t node, struct sy_arena *arena,
                                  size_t *ret_n) SY_NODISCARD;
uint32_t sy_plan_pods(const struct sy_plan *plan);
const struct sy_state_pod *sy_plan_pod(const struct sy_plan *plan, uint32_t pod);
uint32_t sy_plan_pod_node(const struct sy_plan *plan, uint32_t pod); /* UINT32_MAX = not bound */
/* REMOVED by a step; ELSEWHERE: bound to a node that the state does not have. */
enum sy_pod_phase { SY_POD_PENDING, SY_POD_BOUND, SY_POD_REMOVED, SY_POD_ELSEWHERE };
enum sy_pod_phase sy_plan_pod_phase(const struct sy_plan *plan, uint32_t pod);
struct sy_devset sy_plan_pod_units(const struct sy_plan *plan, uint32_t pod);
/* The engine's world now (cluster without nodes that are gone); valid until the next change. */
SY_NODISCARD enum sy_code sy_plan_world(struct sy_plan *plan, struct sy_world *ret,
                                        struct sy_err *err);

/* --- One cycle of kube-scheduler, nothing is changed. */
struct sy_plan_verdict {
    uint32_t node;
    struct sy_stage_verdict stage; /* kube-scheduler's own */
    struct sy_verdict ours;        /* when stage.stage is PASSED; reason FITS for pods that ask for
                                      nothing of ours */
    struct sy_scheduler_score score; /* when both let it pass */
};
struct sy_plan_answer {
    uint32_t n;                      /* nodes that are not gone, ascending by name */
    struct sy_plan_verdict *verdict; /* in the arena */
    uint32_t nfeasible;
    uint32_t best;  /* index in verdict: highest total, ties to the first name; UINT32_MAX = none */
    uint32_t nties; /* feasible ones with the same total, itself included */
    uint32_t sound; /* as `best`, without those that are in vain; UINT32_MAX = none */
};
/* Both let the pod pass, but by our count too few healthy devices are free there (the report is not
 * exact): kube-scheduler binds it and the kubelet refuses it. */
bool sy_plan_in_vain(const struct sy_plan_verdict *verdict);
/* `explain`: every verdict of ours has its placement. */
SY_NODISCARD enum sy_code sy_plan_try(struct sy_plan *plan, const struct sy_state_pod *pod,
                                      bool explain, struct sy_arena *arena,
                                      struct sy_plan_answer *ret, struct sy_err *err);
/* Could the pod ever run: now with every pod gone (an empty cluster of the same nodes)? */
SY_NODISCARD enum sy_code sy_plan_try_empty(struct sy_plan *plan, const struct sy_state_pod *pod,
                                            struct sy_arena *arena, struct sy_plan_answer *ret,
                                            struct sy_err *err);

/* --- Changes. On failure (SY_ENOMEM) the plan is as it was. */
/* A pod that waits; it must outlive the plan and its copies. */
SY_NODISCARD enum sy_code sy_plan_add_pod(struct sy_plan *plan, const struct sy_state_pod *pod,
                                          uint32_t *ret_pod, struct sy_err *err);
/* It holds on the node the set that the ledger would predict (sy_occupancy_of). */
SY_NODISCARD enum sy_code sy_plan_bind(struct sy_plan *plan, uint32_t pod, uint32_t node,
                                       struct sy_err *err);
SY_NODISCARD enum sy_code sy_plan_unbind(struct sy_plan *plan, uint32_t pod, struct sy_err *err);
SY_NODISCARD enum sy_code sy_plan_remove_pod(struct sy_plan *plan, uint32_t pod,
                                             struct sy_err *err);
/* Try, and bind where it fits best: *ret_node = UINT32_MAX when nowhere, or when kube-scheduler
 * would bind it in vain. */
SY_NODISCARD enum sy_code sy_plan_place(struct sy_plan *plan, uint32_t pod, uint32_t *ret_node,
                                        struct sy_err *err);
/* Where the last sy_plan_place of the pod would have been in vain; UINT32_MAX = it was not. */
uint32_t sy_plan_pod_vain(const struct sy_plan *plan, uint32_t pod);
/* The object must outlive the plan and its copies. SY_ECONFLICT: a node of that name is there. */
SY_NODISCARD enum sy_code sy_plan_add_node(struct sy_plan *plan, const struct sy_state_node *object,
                                           uint32_t *ret_node, struct sy_err *err);
/* Its pods wait again (they keep their ids). */
SY_NODISCARD enum sy_code sy_plan_remove_node(struct sy_plan *plan, uint32_t node,
                                              struct sy_err *err);
SY_NODISCARD enum sy_code sy_plan_cordon(struct sy_plan *plan, uint32_t node, bool cordoned,
                                         struct sy_err *err);
/* A unit of the node fails or is well again: it takes no new pods; whom it was held by, it stays.
 */
SY_NODISCARD enum sy_code sy_plan_fail_unit(struct sy_plan *plan, uint32_t node, uint32_t unit,
                                            const char *reason, bool failed, struct sy_err *err);
/* The link above a unit, or the one between two (b = UINT32_MAX: the link above), now carries this
 * much; 0 MB/s = it is gone. */
SY_NODISCARD enum sy_code sy_plan_degrade_link(struct sy_plan *plan, uint32_t node, uint32_t a,
                                               uint32_t b, uint32_t mbps, struct sy_err *err);
/* Caps, in mW: of a device (its own), of a node, of a power domain of the policy. */
SY_NODISCARD enum sy_code sy_plan_cap_unit(struct sy_plan *plan, uint32_t node, uint32_t unit,
                                           int64_t cap_mw, struct sy_err *err);
SY_NODISCARD enum sy_code sy_plan_cap_node(struct sy_plan *plan, uint32_t node, int64_t limit_mw,
                                           struct sy_err *err);
SY_NODISCARD enum sy_code sy_plan_cap_domain(struct sy_plan *plan, const char *domain,
                                             int64_t limit_mw, struct sy_err *err);
SY_NODISCARD enum sy_code sy_plan_set_policy(struct sy_plan *plan, struct sy_policy *policy,
                                             struct sy_err *err);
/* The power of the world now, by element. Valid until the next change. */
SY_NODISCARD enum sy_code sy_plan_power(struct sy_plan *plan, const struct sy_power **ret,
                                        struct sy_err *err);
void sy_plan_set_now(struct sy_plan *plan, int64_t now_us);

#endif
