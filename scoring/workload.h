/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster's pods usually ask for, and how scarce that is on its nodes: the knowledge by
 * which packing (packing.h) tells room that will be asked for from room that will not. Integers
 * only, immutable, ref-counted; a pure function of the pods and of the empty nodes. */
#ifndef SY_SCORING_WORKLOAD_H
#define SY_SCORING_WORKLOAD_H

#include "base/hash.h"
#include "scoring/request.h"

#define SY_WORKLOAD_CLASSES 256u /* typical kinds of pods, at most: the most frequent ones */
#define SY_WORKLOAD_PERCENT                                                                        \
    95u                        /* of all pods that the typical ones are, as FGD has it (ATC'23)    \
                                */
#define SY_WORKLOAD_SIZES 64u  /* different thousandths that they ask for */
#define SY_WORKLOAD_GROUPS 64u /* bits of a mask */
#define SY_WORKLOAD_NOT_TOLD INT64_C(-1)

/* Devices of one sort. A group is what a demand can be pinned to, numbered by the caller: a device
 * model, or a resource name. */
struct sy_workload_entry {
    uint64_t groups; /* bits of the groups that serve it, not 0 */
    uint16_t count;  /* different devices, not 0 */
    uint16_t milli;  /* thousandths of each, 1..1000 */
};

struct sy_workload_demand {
    uint64_t pods;      /* how many ask for this */
    int64_t cpu_milli;  /* 0: none, or not known */
    int64_t memory_mib; /* SY_WORKLOAD_NOT_TOLD: taken to be in the proportion to its CPU in which
                           the empty nodes have both */
    uint8_t nentry;     /* 0: a pod without devices */
    struct sy_workload_entry entry[SY_ENTRY_MAX];
};

/* Devices of a node that serve the same groups. */
struct sy_workload_sort {
    uint64_t groups; /* 0: nobody asks for them */
    uint16_t first, n;
};
#define SY_WORKLOAD_KINDS 16u

/* What is left of a node. */
struct sy_workload_node {
    int64_t cpu_milli, memory_mib; /* SY_WORKLOAD_NOT_TOLD: nobody knows, so neither binds */
    uint16_t nkind;
    struct sy_workload_sort kind[SY_WORKLOAD_KINDS];
    uint16_t left[SY_UNIT_MAX]; /* thousandths of each device, by kind */
};

/* Nodes of one shape, empty. */
struct sy_workload_capacity {
    const struct sy_workload_node *node;
    uint32_t nodes;
};

struct sy_workload_class {
    struct sy_workload_demand demand; /* memory filled in where it could be */
    uint32_t share_ppm;               /* of the typical pods */
    uint32_t weight_ppm; /* share x root of scarcity; all together the share of pods with devices */
    uint16_t size[SY_ENTRY_MAX]; /* per entry: index into workload.milli */
};

struct sy_workload {
    unsigned refs; /* atomic */
    struct sy_digest digest;
    uint16_t ngroup, group[SY_WORKLOAD_GROUPS]; /* learnt: the resource that each group is */
    uint16_t nclass, nmilli;
    struct sy_workload_class *cls;     /* most frequent first */
    uint16_t milli[SY_WORKLOAD_SIZES]; /* the distinct sizes that are asked for */
    uint32_t inverse[SY_WORKLOAD_SIZES];
    /* Billionths of a device that are expected never to be filled of a device with so many
     * thousandths left (packing.h). */
    int32_t remainder[SY_WHOLE + 1];
};

/* Demands of the same kind count together; as few kinds as are `percent` of all pods, the most
 * frequent first (ties: the larger demand), are typical; one of a size beyond SY_WORKLOAD_SIZES is
 * left out. No pods: a workload without classes, by which nothing is ever lost. `percent` 0..100.
 * SY_EINVAL: a demand that no pod can have; SY_ELIMIT: 2^40 pods, more than 2^24 nodes; SY_ENOMEM.
 * The result is one reference. */
SY_NODISCARD enum sy_code sy_workload_new(const struct sy_workload_demand *demand, size_t n,
                                          unsigned percent,
                                          const struct sy_workload_capacity *capacity,
                                          size_t ncapacity, struct sy_workload **ret,
                                          struct sy_err *err);
struct sy_workload *sy_workload_ref(struct sy_workload *workload); /* thread-safe */
void sy_workload_unref(struct sy_workload *workload);              /* thread-safe; takes NULL */

/* How often a demand fits into what is left of a node when nothing else comes. */
int64_t sy_workload_slots(const struct sy_workload *workload, const struct sy_workload_class *cls,
                          const struct sy_workload_node *node);

#endif
