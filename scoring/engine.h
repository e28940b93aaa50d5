/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: snapshot x request x policy → one verdict per candidate. Pure; `now_us` is an input.
 * A decision depends on nothing but what struct sy_world and the arguments hold. */
#ifndef SY_SCORING_ENGINE_H
#define SY_SCORING_ENGINE_H

#include "scoring/memo.h"
#include "scoring/packing.h"
#include "scoring/placement.h"
#include "scoring/power.h"
#include "scoring/reason.h"
#include "topology/cluster.h"

/* All borrowed for the call. */
struct sy_world {
    const struct sy_cluster *cluster;
    const struct sy_power *power; /* of this cluster and policy */
    const struct sy_policy *policy;
    const struct sy_catalogue *catalogue;
    int64_t now_us;       /* Unix time */
    struct sy_memo *memo; /* NULL = remember nothing; not shared between threads during a call */
    /* What pods usually ask for, learnt of this cluster (workload_learn.h): where the pod's profile
     * has packing weights, LEFTOVER says what the node keeps for those. NULL: unknown. */
    const struct sy_workload *workload;
};

/* A node that the scheduler asks about. */
struct sy_candidate {
    const char *name; /* as sent */
    size_t len;
    int64_t index;                   /* in the cluster, -1 = not there */
    const struct sy_node *template_; /* from switchyard.dev/fabric when not in the cluster; NULL */
    const char *template_error;      /* why switchyard.dev/fabric could not be read; NULL */
};

struct sy_verdict {
    uint8_t reason;    /* enum sy_reason */
    uint8_t mode;      /* enum sy_mode of the node */
    uint16_t score;    /* 0..1000, of the expected set */
    uint8_t wire;      /* 0..10, set by sy_engine_prioritize */
    uint8_t disagrees; /* enum sy_fit: our count that kube-scheduler's contradicts and that was no
                          reason to drop the node (not an exact report); SY_FIT_YES = none */
    bool may_refuse;   /* the kubelet would refuse the free devices, as far as is known: no reason
                          to drop the node (not an exact report) */
    bool certain;
    uint32_t unknown;   /* bits of enum sy_unknown */
    const char *detail; /* instead of the reason's text: what is malformed, as the wire says it; in
                           the arena; NULL = the reason's text */
    struct sy_room room;
    const struct sy_placement *placement; /* NULL unless explained; in the arena */
};

/* Fill the index of every candidate from its name. */
void sy_engine_resolve(const struct sy_cluster *cluster, struct sy_candidate *candidate, size_t n);

/* One verdict per candidate, in order; verdict[i] belongs to candidate[i]. Only reasons (no
 * scores): a set is searched for only where the pod requires something of it. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_engine_filter(const struct sy_world *world,
                                           const struct sy_request *request,
                                           const struct sy_candidate *candidate, size_t n,
                                           struct sy_arena *arena, struct sy_verdict *verdict,
                                           struct sy_err *err);
/* Scores and wire scores as well. A candidate that does not fit scores 0. */
SY_NODISCARD enum sy_code sy_engine_prioritize(const struct sy_world *world,
                                               const struct sy_request *request,
                                               const struct sy_candidate *candidate, size_t n,
                                               struct sy_arena *arena, struct sy_verdict *verdict,
                                               struct sy_err *err);
/* As prioritize, and every verdict has its placement (with the POWER term of its own room). */
SY_NODISCARD enum sy_code sy_engine_explain(const struct sy_world *world,
                                            const struct sy_request *request,
                                            const struct sy_candidate *candidate, size_t n,
                                            struct sy_arena *arena, struct sy_verdict *verdict,
                                            struct sy_err *err);
/* A pod to be evicted; what is not known of it is NULL. */
struct sy_victim {
    const char *uid, *namespace_, *name;
};

/* Would the node's topology satisfy the pod with the victims gone? A holder of devices is a victim
 * when their uids are equal, or, where one of the two has no uid, their namespaces and names. Sets
 * *ret to the reason (FITS or UNKNOWN_NODE: keep the node). */
SY_NODISCARD enum sy_code
sy_engine_preempt(const struct sy_world *world, const struct sy_request *request,
                  const struct sy_candidate *candidate, const struct sy_victim *victim,
                  size_t nvictim, struct sy_arena *arena, enum sy_reason *ret, struct sy_err *err);

/* What is wrong with the pod's annotations (malformed; a profile that the policy does not have),
 * for which every node is refused when the pod asks for a device: the first such text, in `buf` or
 * the request's; NULL = nothing. */
const char *sy_engine_malformed(const struct sy_world *world, const struct sy_request *request,
                                char *buf, size_t size);
/* The same of its profile alone. */
const char *sy_engine_no_profile(const struct sy_world *world, const struct sy_request *request,
                                 char *buf, size_t size);
/* The verdict's reason as the wire says it. */
const char *sy_verdict_text(const struct sy_verdict *verdict);

/* How scores 0..1000 become 0..10 (scoring/README.md, "Eleven levels"). `lost` (may be NULL): as
 * sy_engine_wire_lost. */
void sy_engine_wire(const struct sy_policy *policy, struct sy_verdict *verdict, size_t n,
                    uint16_t *lost);
/* What eleven levels cost: pairs of candidates with different scores and equal wire scores, in
 * thousandths of all pairs with different scores. */
uint16_t sy_engine_wire_lost(const struct sy_verdict *verdict, size_t n);

#endif
