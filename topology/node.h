/* SPDX-License-Identifier: Apache-2.0 */
/* One node of the cluster: its fabric (shape) and its usage (who holds what, health, power). Both
 * are immutable and ref-counted; a change makes a new usage and a new node. */
#ifndef SY_TOPOLOGY_NODE_H
#define SY_TOPOLOGY_NODE_H

#include "topology/fabric.h"

/* X(id, name): what is known about what is in use, best first */
#define SY_MODES(X)                                                                                \
    X(EXACT, "exact")         /* a report names the holder of each device */                       \
    X(PREDICTED, "predicted") /* partly the engine's own expectation */                            \
    X(COUNTS, "counts")       /* how many are held, not which: devices are taken as free, said so */
enum sy_mode {
#define X(id, name) SY_MODE_##id,
    SY_MODES(X)
#undef X
        SY_MODE_COUNT
};

struct sy_holder {
    const char *namespace_, *name, *uid, *container; /* uid, container may be NULL */
};

#define SY_UNKNOWN_MW (-1) /* a power value that nobody told */

struct sy_unit_usage {
    uint16_t held;   /* thousandths of the unit held */
    uint16_t holder; /* index of the holding pod's first holder + 1, 0 = not held or holder unknown;
                        units of one pod have the same number */
    bool unhealthy;
    const char *reason;  /* why unhealthy, NULL */
    int64_t cap_mw;      /* device's own power cap, SY_UNKNOWN_MW = none told (its TDP counts) */
    int64_t observed_mw; /* what it draws, measured; SY_UNKNOWN_MW */
    uint16_t holder_first, holder_count; /* its own entries in the usage's holders */
};

/* Devices of one resource that are held, nobody knows which. */
struct sy_counted {
    uint16_t resource; /* index in the catalogue; the node has devices of it */
    uint16_t count;    /* > 0 */
};

struct sy_usage {
    unsigned refs; /* atomic */
    struct sy_arena *arena;
    struct sy_digest digest; /* of what placement reads: held, groups, health, caps, counts */
    uint8_t mode;            /* enum sy_mode */
    uint16_t nunit;          /* of the fabric it belongs to */
    uint16_t nholder;
    uint16_t stray; /* entries of the report for devices that the node does not have … */
    struct sy_unit_usage *unit;
    struct sy_holder *holder;
    int64_t observed_us;  /* Unix time at which the kubelet said who holds what, 0 = unknown */
    int64_t heartbeat_us; /* … and at which the report was written, 0 = unknown */
    const char *kubelet_message; /* why the kubelet does not say it, NULL = it does, or not told */
    struct sy_devset free;       /* healthy, nothing held, and its card has the share left */
    struct sy_devset healthy;
    const char *stray_first;    /* address of the first stray device, NULL = none */
    int64_t limit_mw;           /* node's power cap; SY_UNKNOWN_MW */
    int64_t base_mw;            /* what is not our devices (CPUs, fans); SY_UNKNOWN_MW */
    int64_t observed_mw;        /* what the whole node draws, measured; SY_UNKNOWN_MW */
    uint32_t unmapped;          /* device ids of the kubelet that the agent could not map … */
    const char *unmapped_first; /* … and what it says of the first of them, NULL = nothing */
    uint16_t ncounted;          /* mode COUNTS alone: what bound pods ask for beside `held` … */
    const struct sy_counted *counted; /* … ascending by resource */
};

struct sy_label {
    const char *key, *value;
};

struct sy_node {
    unsigned refs;          /* atomic */
    struct sy_arena *arena; /* name, labels */
    const char *name;
    size_t name_len;
    struct sy_fabric *fabric; /* a reference */
    struct sy_usage *usage;   /* a reference */
    struct sy_digest state;   /* the fabric's shape and the usage together: equal means
                                 interchangeable to placement (device names may still differ) */
    uint32_t nlabel;
    struct sy_label *label; /* from the document's metadata.labels; sorted by key */
};

/* Usage without a report: all free and healthy, mode COUNTS. */
SY_NODISCARD enum sy_code sy_usage_new_unreported(const struct sy_fabric *fabric,
                                                  struct sy_usage **ret, struct sy_err *err);
/* A copy of `usage` in which the units of `freed` are held by nobody (preemption's victims), or
 * those of `taken` are held (what-if, tests). What is counted stays: it names no unit. The digest
 * is made anew. */
SY_NODISCARD enum sy_code sy_usage_change(const struct sy_fabric *fabric,
                                          const struct sy_usage *usage, struct sy_devset freed,
                                          struct sy_devset taken, struct sy_usage **ret,
                                          struct sy_err *err);
struct sy_usage *sy_usage_ref(struct sy_usage *usage);
void sy_usage_unref(struct sy_usage *usage);

/* A node of a fabric and a usage (references are taken); labels are copied. */
SY_NODISCARD enum sy_code sy_node_new(const char *name, struct sy_fabric *fabric,
                                      struct sy_usage *usage, const struct sy_label *label,
                                      size_t nlabel, struct sy_node **ret, struct sy_err *err);
struct sy_node *sy_node_ref(struct sy_node *node);
void sy_node_unref(struct sy_node *node);
const char *sy_node_label(const struct sy_node *node, const char *key); /* NULL */
const char *sy_mode_name(enum sy_mode mode);

/* Every invariant of fabric, usage and node in one function (tests call it after every load):
 * SY_EINTERNAL with the first one broken. */
SY_NODISCARD enum sy_code sy_node_check(const struct sy_node *node, struct sy_err *err);

#endif
