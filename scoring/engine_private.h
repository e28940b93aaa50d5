/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scoring: one call of the engine. */
#ifndef SY_SCORING_ENGINE_PRIVATE_H
#define SY_SCORING_ENGINE_PRIVATE_H

#include "scoring/engine.h"

/* What placement says of one state of a node; nodes of one class share it. */
struct sy_outlook {
    bool counted, searched, placed, roomed, asked;
    uint8_t count;    /* enum sy_fit, when counted */
    uint8_t possible; /* enum sy_fit, when searched: sy_placement_feasible */
    uint8_t affinity; /* enum sy_reason, when asked: sy_call_affinity */
    /* When placed, without regard to power: */
    uint8_t fit;
    bool certain, power_varies;
    uint16_t total;
    int64_t least_mw;
    struct sy_value expected;
    bool packed;       /* LEFTOVER is the workload's: */
    uint16_t leftover; /* 0..1000 */
    /* When roomed, of the last room asked for: */
    struct sy_room room;
    uint16_t room_total;
    bool room_certain;
    uint32_t room_unknown;
};

struct sy_call {
    const struct sy_world *world;
    const struct sy_request *request;
    const struct sy_profile *profile; /* NULL: malformed, or nothing of ours */
    bool strict, must_search;
    const char *malformed; /* the reason of every node, in the arena; NULL */
    bool scored;           /* prioritize and explain */
    bool explained;        /* verdicts carry their placements */
    struct sy_digest key;  /* of request, profile, budget and catalogue */
    struct sy_arena *arena;
    struct sy_arena *scratch; /* of one search at a time */
    struct sy_outlook **of_class;
    struct sy_placement placement; /* the last one found */
    struct sy_err *err;
};

SY_NODISCARD enum sy_code sy_call_begin(struct sy_call *call);
void sy_call_end(struct sy_call *call);
/* The verdict on one candidate. */
SY_NODISCARD enum sy_code sy_call_judge(struct sy_call *call, const struct sy_candidate *candidate,
                                        struct sy_verdict *ret);
/* Counts and, where the pod requires something, the search, for a usage that is no node's. */
SY_NODISCARD enum sy_code sy_call_possible(struct sy_call *call, const struct sy_fabric *fabric,
                                           const struct sy_usage *usage, enum sy_fit *ret);
/* Would the node's kubelet refuse the pod for where its devices are? FITS (also when nobody knows),
 * AFFINITY_NEVER or AFFINITY_BUSY; for a usage that may be no node's. */
SY_NODISCARD enum sy_code sy_call_affinity(struct sy_call *call, const struct sy_fabric *fabric,
                                           const struct sy_usage *usage, enum sy_reason *ret);
/* Where the world has a workload and the profile weighs it, and the node tells what is free: what
 * call->placement, which must fit, costs the typical pods; put into outlook->leftover and into
 * call->placement. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_call_pack(struct sy_call *call, const struct sy_node *node,
                                       struct sy_outlook *outlook);
/* The reason of both: "never" goes before "busy", and what is said of counts and requirements
 * before the same of affinity. `exact`: the usage tells of all that is held, and "busy" is
 * believed. */
enum sy_reason sy_reason_with_affinity(enum sy_reason reason, enum sy_reason affinity, bool exact);
/* call->scratch, made or emptied. */
SY_NODISCARD enum sy_code sy_call_scratch(struct sy_call *call);
enum sy_reason sy_fit_reason(enum sy_fit fit);
/* True for a fit that is about counts alone. */
bool sy_fit_is_count(enum sy_fit fit);

#endif
