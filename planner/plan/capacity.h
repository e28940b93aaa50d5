/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan has room for: how many more pods of each shape, which devices no shape can use and
 * why, and the watts of every element. */
#ifndef SY_PLANNER_PLAN_CAPACITY_H
#define SY_PLANNER_PLAN_CAPACITY_H

#include "planner/plan/plan.h"

#define SY_CAPACITY_SHAPES_MAX 64u       /* of one list */
#define SY_CAPACITY_NODE_SLOTS_MAX 1024u /* counted on one node: more is `limited` */

/* X(id, name in JSON, text) why a device that nobody holds cannot be used */
#define SY_STRANDS(X)                                                                              \
    X(NOT, "usable", "can be used")                                                                \
    X(UNHEALTHY, "unhealthy", "unhealthy")                                                         \
    X(CLOSED, "node-closed", "its node takes no such pod (cordon, taint, selector)")               \
    X(CPU, "no-cpu", "no CPU left on its node")                                                    \
    X(MEMORY, "no-memory", "no memory left on its node")                                           \
    X(RESOURCE, "no-resource", "another resource of its node is short")                            \
    X(PODS, "no-pods", "its node runs as many pods as it may")                                     \
    X(WATTS, "no-watts", "no watts left")                                                          \
    X(PARTNER, "no-partner",                                                                       \
      "no partners to make up a set (number, switch, NUMA node, bandwidth)")                       \
    X(REFUSED, "refused", "the kubelet's Topology Manager would refuse the set")
enum sy_strand {
#define X(id, name, text) SY_STRAND_##id,
    SY_STRANDS(X)
#undef X
        SY_STRAND_COUNT
};

/* A shape of pods: one that stands for all that ask for the same. */
struct sy_capacity_shape {
    const char *name; /* "4x nvidia.com/gpu, 16 CPU, 64 GiB" */
    const struct sy_state_pod *pod;
    uint32_t bound, pending; /* pods of the plan that have it; 0 when the list is the user's own */
};

struct sy_capacity_slots {
    uint64_t slots; /* more pods of this shape that fit, one after the other, and nothing else */
    uint32_t nodes; /* that have room for one or more */
    bool limited;   /* a node has room for more than SY_CAPACITY_NODE_SLOTS_MAX */
    /* Devices that could serve the shape, on all nodes (0 when it asks for none): */
    uint64_t devices, held;         /* held: by bound pods, or counted as held */
    uint64_t free;                  /* healthy and held by nobody */
    uint64_t used;                  /* of the free ones, what the slots take */
    uint64_t left[SY_STRAND_COUNT]; /* the others, by why the next pod does not fit there; and of
                                       those that are not healthy, held by nobody, UNHEALTHY */
    uint32_t fragmentation; /* free ones that the shape cannot use, in thousandths of the free */
};

/* A device that no shape of the list can use, although nobody holds it. */
struct sy_capacity_stranded {
    uint32_t node; /* of the plan */
    uint16_t unit;
    uint8_t why;        /* enum sy_strand: of the shape that asks for the fewest devices */
    const char *detail; /* the resource that is short, the reason of bad health, the power element;
                           NULL = nothing more to say */
};

/* A node or a power domain. */
struct sy_capacity_element {
    const char *name;
    bool domain;
    uint32_t index;                             /* node of the plan, or domain of the policy */
    int32_t parent;                             /* domain of the policy, -1 = none */
    int64_t limit_mw, provisioned_mw, empty_mw; /* as in struct sy_power_element */
    int64_t observed_mw;                        /* SY_UNKNOWN_MW unless every node below tells it */
    int64_t demand_mw;   /* what all free and healthy devices below would add, of what is known */
    int64_t stranded_mw; /* headroom that they could not use: more than `demand_mw`, or kept from
                            them by an element above; SY_UNKNOWN_MW without a limit */
    uint32_t unknown;    /* nodes of which part of what is provisioned is unknown */
};

struct sy_capacity {
    size_t nshape;
    const struct sy_capacity_shape *shape;
    struct sy_capacity_slots *slots; /* [nshape] */
    size_t nstranded;
    struct sy_capacity_stranded *stranded; /* ascending by node's name, unit */
    size_t nelement;
    struct sy_capacity_element *element; /* domains in the policy's order, then nodes by name */
    int64_t first; /* index of the element that binds first as devices fill up: least headroom for
                      its demand, headroom < demand; -1 = none does */
    uint64_t devices, held, free, unhealthy; /* unhealthy: whoever holds them */
    uint32_t
        counted_nodes; /* of which nobody knows who holds which device: no stranded ones told */
};

/* All of it for the plan as it is now, which is not changed. Slots per shape are counted node by
 * node: where a cap of a domain drops nodes, the nodes are filled in the order of their names. All
 * in `arena` but the shapes, which are borrowed. SY_EINVAL (a pod that cannot be read), SY_ELIMIT,
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_capacity_of(struct sy_plan *plan,
                                         const struct sy_capacity_shape *shape, size_t nshape,
                                         struct sy_arena *arena, struct sy_capacity *ret,
                                         struct sy_err *err);
/* Slots of one shape alone; stops counting at `most` (0 = never). */
SY_NODISCARD enum sy_code sy_capacity_slots(struct sy_plan *plan, const struct sy_state_pod *pod,
                                            uint64_t most, struct sy_arena *arena,
                                            struct sy_capacity_slots *ret, struct sy_err *err);
/* The shapes of the plan's own pods, bound and pending, that ask for devices: at most `max`, the
 * most frequent ones, in the order of devices asked for (most first), then by name. In the arena.
 */
SY_NODISCARD enum sy_code sy_capacity_shapes(const struct sy_plan *plan, size_t max,
                                             struct sy_arena *arena, struct sy_capacity_shape **ret,
                                             size_t *ret_n, struct sy_err *err);
/* "4x nvidia.com/gpu, 16 CPU, 64 GiB, require switch": what the pod asks for; NULL: out of memory.
 */
const char *sy_capacity_shape_name(const struct sy_state_pod *pod, struct sy_arena *arena);

const char *sy_strand_name(enum sy_strand why);
const char *sy_strand_text(enum sy_strand why);

#endif
