/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds what on one node: the node's report, and the bound pods that it does not yet cover. A
 * pure function, so that a restart and every replica come to the same answer. */
#ifndef SY_SCORING_OCCUPANCY_H
#define SY_SCORING_OCCUPANCY_H

#include "scoring/placement.h"
#include "topology/cordon.h"

/* X(id, name): what a report is still good for, by its age */
#define SY_REPORT_AGES(X)                                                                          \
    X(FRESH, "fresh")     /* what it says holds */                                                 \
    X(OLD, "old")         /* its holders stay while their pods do: mode predicted */               \
    X(EXPIRED, "expired") /* who holds which device is not known any more: mode counts */
enum sy_report_age {
#define X(id, name) SY_REPORT_##id,
    SY_REPORT_AGES(X)
#undef X
        SY_REPORT_AGE_COUNT
};

/* A pod that is bound to the node and not finished. Strings are borrowed. */
struct sy_bound_pod {
    const char *uid, *namespace_, *name;
    int64_t scheduled_us; /* Unix time of its PodScheduled condition, else of its creation */
    const struct sy_request *request;
    size_t nnamed; /* device ids that a plugin wrote on the pod ("Ascend910-3"): coverage … */
    const char *const *named; /* … when every one is a device of the node that the pod asks for, and
                                 they are as many as it asks for: pods' owners can write them too */
};

/* X(id, name): how it is known what a pod holds */
#define SY_COVERS(X)                                                                               \
    X(NOTHING, "nothing")     /* it asks for no device of the node */                              \
    X(REPORT, "report")       /* the node's report names it */                                     \
    X(PLUGIN, "plugin")       /* a plugin wrote the devices on the pod */                          \
    X(PREDICTED, "predicted") /* charged with the set the engine gives first */                    \
    X(SHORT, "short")         /* charged with what was left: less than it asks for */              \
    X(COUNTED, "counted")     /* mode counts: nobody knows which devices */
enum sy_cover {
#define X(id, name) SY_COVER_##id,
    SY_COVERS(X)
#undef X
        SY_COVER_COUNT
};

struct sy_charge {
    uint8_t cover;          /* enum sy_cover */
    struct sy_devset units; /* what the pod holds, or is charged with */
};

/* All borrowed for the call. */
struct sy_occupancy_input {
    const struct sy_fabric *fabric;
    const struct sy_usage *report; /* as read from the NodeFabric's status; NULL = none */
    enum sy_report_age age;        /* of the report */
    const struct sy_bound_pod *pod;
    size_t npod;
    bool pods_known; /* `pod` is complete: a holder of an OLD report that is not in it is gone */
    const struct sy_cordon *cordon; /* devices that take no new pods */
    size_t ncordon;
    const struct sy_profile *profile; /* that predictions are made with: the policy's default */
    uint32_t budget_steps;
};

/* Usage of the node; charge[i] belongs to pod[i], whose `request` is never NULL. Uncovered pods are
 * charged one after the other in the order of (scheduled_us, uid), each on what the ones before
 * left, with the best set that meets its requirements, else the best: what a plugin that prefers
 * gives, and for one that picks arbitrarily the guess that promises least to those who come after;
 * where too few are left, with all of these.
 * A pod is covered by the report when a holder has its uid, or, where the holder has none, its
 * namespace and name, and the report is not older than the pod's binding. Devices that a plugin
 * wrote on the pod stand in place of those that the report names for the same resources; what the
 * pod asks for beside them is charged like an uncovered pod.
 * Mode: EXACT when the report is fresh and exact and covers every pod; COUNTS when there is none,
 * or it is expired, or it does not say who holds what (its own mode, or a kubelet that never
 * answered): all devices then count as free but those that plugins wrote on pods, what the other
 * pods ask for is `counted`, resource by resource; health, caps, watts and cordons stay; else
 * PREDICTED. A cordoned device is unhealthy with the reason "cordoned: REASON" and stays held by
 * whom it is; the cordon of a function covers its virtual functions.
 * Scratch and result are apart: the result is one reference. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_occupancy_of(const struct sy_occupancy_input *input,
                                          struct sy_arena *scratch, struct sy_usage **ret,
                                          struct sy_charge *charge, struct sy_err *err);

/* X(id, name): a prediction beside what the report then said */
#define SY_PREDICTIONS(X)                                                                          \
    X(SAME, "same")   /* the same devices */                                                       \
    X(EQUAL, "equal") /* other devices, a set of the same score */                                 \
    X(WORSE, "worse") X(BETTER, "better") X(UNKNOWN, "unknown")
enum sy_prediction {
#define X(id, name) SY_PREDICTION_##id,
    SY_PREDICTIONS(X)
#undef X
        SY_PREDICTION_COUNT
};

/* How the set a pod got compares with the predicted one, by the value function on the empty node.
 * UNKNOWN: one has not as many devices as asked for, or memory ran out. */
enum sy_prediction sy_occupancy_compare(const struct sy_fabric *fabric,
                                        const struct sy_request *request,
                                        const struct sy_profile *profile,
                                        struct sy_devset predicted, struct sy_devset achieved,
                                        struct sy_arena *scratch);
/* Does the set, alone on the node, meet the pod's `require` and min-bandwidth? True when it asks
 * for neither, when what nobody knows (a NUMA node, a rate) may meet it, and when memory ran out.
 */
bool sy_occupancy_meets(const struct sy_fabric *fabric, const struct sy_request *request,
                        const struct sy_profile *profile, struct sy_devset achieved,
                        struct sy_arena *scratch);
/* May a pod of this spec (v1.PodSpec) hold a device, be it by a name that the catalogue does not
 * know or by a resource claim? Then what a report says it holds is not free while it is there. */
bool sy_occupancy_may_hold(const json_t *spec);
/* Unit that a plugin's device id names on this node: "Ascend910-3" → the one NPU whose device name
 * ends in that number ("Ascend910-2c-100-3", a virtual NPU, is on it); "0000:3b:00.1", with or
 * without a suffix "-0" or "::0" → the unit of that function; -1 = none, or several. */
int sy_occupancy_named_unit(const struct sy_fabric *fabric, const char *id);

#endif
