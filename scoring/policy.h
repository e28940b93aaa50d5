/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file: named profiles of weights, how scores reach the wire, power domains and caps.
 * Immutable after load, ref-counted. Without a file the built-in default
 * (scoring/policy/default.yaml, compiled in) holds; a file replaces what it states. */
#ifndef SY_SCORING_POLICY_H
#define SY_SCORING_POLICY_H

#include "base/arena.h"
#include "topology/fabric.h"
#include "topology/node.h"

/* X(id, name in policy and explain) the terms of the value function, each 0..1000 */
#define SY_TERMS(X)                                                                                \
    X(AFFINITY, "affinity")  /* mean over all pairs of the weight of their path class */           \
    X(CPU, "cpu")            /* mean over all pairs of the weight of their CPU-side relation */    \
    X(LINK, "linkBandwidth") /* lowest pair bandwidth, sharing counted */                          \
    X(MEMORY, "memoryBandwidth") /* per resource the lowest device, mean over resources */         \
    X(LEFTOVER, "leftover")      /* what stays whole for others */                                 \
    X(POWER, "powerHeadroom")    /* headroom left after placement */
enum sy_term {
#define X(id, name) SY_TERM_##id,
    SY_TERMS(X)
#undef X
        SY_TERM_COUNT
};

/* What packing weighs (scoring/packing.h); all 0: the workload plays no part. */
struct sy_packing_weights {
    uint16_t fragmentation; /* thousandths: room a typical pod does not fit into */
    uint16_t unusable;      /* thousandths: room that many of a typical pod would not fill */
    uint16_t remainder;     /* thousandths: what of a shared device is never filled */
    uint16_t power;         /* thousandths of a device that 1 kW is worth */
    uint16_t quantum_milli; /* differences below this many thousandths of a device are none */
};

struct sy_profile {
    const char *name;
    uint16_t term[SY_TERM_COUNT]; /* weights, 0..1000, not all 0 */
    uint16_t path[SY_PATH_COUNT]; /* value of a pair by its path class, 0..1000 */
    uint16_t cpu[SY_PATH_COUNT];  /* value of a pair by its CPU-side relation (NODE, SOCKET, SYS,
                                     UNKNOWN) */
    uint32_t link_reference_mbps; /* this much or more is 1000 */
    uint32_t memory_reference_mbps[SY_KIND_COUNT]; /* 0 = the kind's memory does not count */
    uint16_t neutral;                              /* value of an unknown term, 0..1000 */
    struct sy_packing_weights packing;
};

/* Where the knowledge of what pods usually ask for comes from (workload_learn.h). */
enum sy_workload_source { SY_WORKLOAD_OFF, SY_WORKLOAD_LEARN };
enum sy_wire_mapping { SY_WIRE_ABSOLUTE, SY_WIRE_STRETCH };

struct sy_label_match {
    const char *key, *value;
};
struct sy_power_domain {
    const char *name;
    int64_t limit_mw;
    int32_t parent; /* index, -1 = root */
    uint8_t nmatch; /* a node belongs to the domain when all its labels match … */
    struct sy_label_match *match;
    uint16_t nname; /* … or its name is listed */
    const char **node_name;
};

struct sy_policy {
    unsigned refs; /* atomic */
    struct sy_arena *arena;
    struct sy_digest digest;
    uint8_t nprofile;
    struct sy_profile *profile;
    uint8_t default_profile;
    uint8_t workload;     /* enum sy_workload_source */
    uint8_t wire_mapping; /* enum sy_wire_mapping */
    uint16_t
        wire_least_span; /* STRETCH: candidates closer together than this are not spread further */
    uint16_t unknown_node_score; /* score of a node we know nothing about */
    bool power_hard;             /* a cap without headroom filters; else it only scores */
    int64_t default_node_limit_mw, default_node_base_mw; /* SY_UNKNOWN_MW = none */
    uint32_t search_budget_steps; /* placement: sets evaluated per node at most */
    uint16_t ndomain;
    struct sy_power_domain *domain; /* a parent before its children */
};

/* SY_EPARSE, SY_EINVAL, SY_ELIMIT, SY_ECONFLICT with "FILE:LINE:COLUMN: "; SY_EIO, SY_ENOENT,
 * SY_ENOMEM. `path` NULL: the built-in default. The result is one reference. */
SY_NODISCARD enum sy_code sy_policy_load(const char *path, struct sy_policy **ret,
                                         struct sy_err *err);
SY_NODISCARD enum sy_code sy_policy_parse(const char *file, const char *data, size_t len,
                                          struct sy_policy **ret, struct sy_err *err);
struct sy_policy *sy_policy_ref(struct sy_policy *policy);
void sy_policy_unref(struct sy_policy *policy); /* thread-safe; takes NULL */
/* The profile of this name (NULL: the default one); NULL when there is none. */
const struct sy_profile *sy_policy_profile(const struct sy_policy *policy, const char *name);
const char *sy_term_name(enum sy_term term);

#endif
