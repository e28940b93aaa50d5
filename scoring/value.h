/* SPDX-License-Identifier: Apache-2.0 */
/* The one value function: what a set of units on a node is worth to a pod. Integers only. */
#ifndef SY_SCORING_VALUE_H
#define SY_SCORING_VALUE_H

#include "scoring/policy.h"
#include "scoring/request.h"
#include "topology/node.h"

/* X(id, text for people): what a value had to be taken as unknown for */
#define SY_UNKNOWNS(X)                                                                             \
    X(NODE, "nothing is known about this node")                                                    \
    X(OCCUPANCY, "no report says which devices are in use: all are taken as free")                 \
    X(LOCALITY, "the NUMA node of a device is unknown")                                            \
    X(LINK_RATE, "no link rate was reported for a device: its model's usual one is assumed")       \
    X(SOCKET_RATE, "the rate between packages is assumed, nobody measured it")                     \
    X(LINK, "the bandwidth of a link is unknown")                                                  \
    X(MEMORY, "the memory bandwidth of a device is unknown")                                       \
    X(DEVICE_POWER, "the power of a device is unknown: the watts added are a lower bound")         \
    X(IDLE_POWER, "the idle power of a device is unknown: all its power counts as added")          \
    X(NODE_POWER, "no power limit is known for this node")                                         \
    X(PROVISIONED, "part of the power in use is unknown: the headroom is an estimate")             \
    X(MODEL, "the model of a device is unknown")
enum sy_unknown {
#define X(id, text) SY_UNKNOWN_##id,
    SY_UNKNOWNS(X)
#undef X
        SY_UNKNOWN_COUNT
};

/* What one evaluation reads. Prepared once per (fabric, usage, request, profile). Opaque to callers
 * but placement.c; see scoring/PLACEMENT.md for each term. */
struct sy_value_context;

struct sy_value {
    uint16_t term[SY_TERM_COUNT]; /* 0..1000; POWER is filled by the caller's room */
    uint32_t unknown;             /* bits of enum sy_unknown */
    uint32_t
        min_mbps; /* lowest pair, sharing counted; one device: to its host bridge; 0 = unknown */
    int64_t watts_mw; /* what placing the set adds: sum of (cap or TDP) - idle, of what is known: a
                         lower bound when `unknown` says DEVICE_POWER; or the pod's own number */
};

/* Power room of a node: the hard headroom (limit - provisioned) at the binding element of its path
 * to the root. */
struct sy_room {
    bool known;
    int64_t headroom_mw; /* may be negative */
    int64_t limit_mw;    /* of the binding element */
    const char *element; /* "device", "node", or the domain's name; static or policy's */
    bool estimate;       /* part of what is provisioned there is unknown */
};

SY_NODISCARD enum sy_code
sy_value_context_new(const struct sy_fabric *fabric, const struct sy_usage *usage,
                     const struct sy_request *request, const struct sy_profile *profile,
                     struct sy_arena *arena, struct sy_value_context **ret, struct sy_err *err);
/* `pick`: per entry of the request the units chosen for it (disjoint). */
void sy_value_of(const struct sy_value_context *context, const struct sy_devset *pick,
                 struct sy_value *ret);
/* The POWER term for watts added under a room, 0..1000, neutral when either is unknown. */
uint16_t sy_value_power(const struct sy_profile *profile, const struct sy_room *room,
                        int64_t watts_mw);
/* The same for a value: neutral at most when its watts are a lower bound. */
uint16_t sy_value_power_of(const struct sy_profile *profile, const struct sy_room *room,
                           const struct sy_value *value);
/* Weighted mean of the terms, 0..1000, rounded half up. */
uint16_t sy_value_total(const struct sy_profile *profile, const uint16_t term[SY_TERM_COUNT]);

#endif
