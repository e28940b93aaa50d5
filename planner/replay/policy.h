/* SPDX-License-Identifier: Apache-2.0 */
/* What a replay knows of nodes and pods, and what a placement policy is. A policy prices one pod
 * class on one node; which nodes have room, the choice among prices, and ties are the replay's
 * (run.h). A price depends on the shape, the state and the class alone, so it is remembered by
 * them: nodes in the same state are priced once. */
#ifndef SY_PLANNER_REPLAY_POLICY_H
#define SY_PLANNER_REPLAY_POLICY_H

#include "base/mem.h"
#include "base/random.h"

#include <stdint.h>

#define SY_REPLAY_DEVICES 8u        /* devices of one node, and of one pod */
#define SY_REPLAY_DEVICE_MILLI 1000 /* capacity of a device */
#define SY_REPLAY_SHAPES 4096u      /* kinds of nodes of one trace */
#define SY_REPLAY_MODELS 64u        /* models of one trace: bits of a mask */

/* What never changes of a node. Nodes that are alike share one. */
struct sy_replay_shape {
    int32_t cpu_milli;
    int64_t memory_mib;
    uint8_t devices;
    uint8_t model; /* index into sy_replay_world.model */
    /* Power (power.h): of one device, free and with anything on it; of one CPU package. */
    int32_t device_idle_mw, device_full_mw;
    int32_t cpu_cores; /* of a package */
    int32_t cpu_idle_mw, cpu_full_mw;
};

/* What of a node a price may depend on. Two nodes with equal shapes and states are one to a
 * policy. */
struct sy_replay_state {
    int32_t cpu_left;                /* milli */
    int64_t memory_left;             /* MiB; SY_REPLAY_ANY_MEMORY unless .uses_memory */
    int16_t left[SY_REPLAY_DEVICES]; /* milli of each device; 0 beyond shape.devices */
    int32_t total_left;              /* their sum */
    uint8_t tags;                    /* kinds of device pods on it; 0 unless .uses_tags */
    /* Derived, made once per state. */
    double fragment;  /* milli that the workload cannot use (fragment.h) */
    double potential; /* the policy's own (ops.potential); 0 without */
    int64_t power_mw; /* power.h */
};
#define SY_REPLAY_ANY_MEMORY INT64_MAX

/* Bits of `tags`: a device is shared, or n whole ones are held. */
enum sy_replay_tag {
    SY_REPLAY_SHARED = 1u << 0,
    SY_REPLAY_1_DEVICE = 1u << 1,
    SY_REPLAY_2_DEVICES = 1u << 2, /* 2 and 3 */
    SY_REPLAY_4_DEVICES = 1u << 3, /* 4 to 7 */
    SY_REPLAY_8_DEVICES = 1u << 4
};

/* What a pod asks. Pods that ask the same are one class. */
struct sy_replay_class {
    int32_t cpu_milli;
    int64_t memory_mib;
    uint8_t devices;      /* 0: CPU only */
    int16_t device_milli; /* of each device, 1..1000; 0 when `devices` is */
    uint64_t models;      /* bits of the models that it may use; 0 = any */
    const char *spec;     /* the models as written ("" = any): part of its identity */
    uint32_t count;       /* pods of the trace that are of it, as the trace lists them */
};

/* A share of the workload: the typical pods (workload.h). Memory is 0 in their classes. */
struct sy_replay_typical {
    struct sy_replay_class pod;
    double share; /* they add up to 1 */
};

/* What a policy may know of the trace before the first pod. Lives longer than the policy. */
struct sy_replay_world {
    const struct sy_replay_typical *typical;
    size_t ntypical;
    const char *const *model; /* names, in order of first appearance */
    size_t nmodels;
    const int64_t *model_milli;          /* capacity per model, milli of devices */
    const struct sy_replay_shape *shape; /* all of the cluster's */
    const uint32_t *shape_nodes;         /* nodes of each */
    size_t nshapes;
    int64_t total_milli; /* capacity of all devices */
};

/* A price: higher is better, equal prices are tied. INT32_MIN is not a price. */
struct sy_replay_score {
    int32_t value;
    int32_t second; /* for ops.combine; else unused */
    uint8_t device; /* a share pod's device: an index that has room; else unused */
};

/* Lowest and highest `value` over the nodes that have room. */
struct sy_replay_range {
    int32_t min, max;
};

struct sy_replay_policy_ops {
    const char *name;            /* as in --policy; what stands behind ':' goes to `make` */
    const char *doc;             /* half a line for --help */
    bool uses_memory, uses_tags; /* the state carries memory_left, tags */
    bool random_ties;            /* among the best: one at random; else the lowest tie-break rank */
    /* Make *ret_self (NULL is fine) from the text behind "NAME:", NULL when there was none.
     * SY_EUSAGE when that text is not understood; SY_ENOMEM. NULL here: takes no argument. */
    enum sy_code (*make)(const struct sy_replay_world *world, const char *argument, void **ret_self,
                         struct sy_err *err);
    void (*free)(void *self); /* NULL: nothing to free */
    /* A number that `score` wants of every state, made once when the state arises. */
    double (*potential)(const void *self, const struct sy_replay_shape *shape,
                        const struct sy_replay_state *state);
    /* Price `pod` on a node that has room for it. Pure. */
    void (*score)(const void *self, const struct sy_replay_shape *shape,
                  const struct sy_replay_state *state, const struct sy_replay_class *pod,
                  struct sy_replay_score *ret);
    /* The price where it depends on the range of values over the nodes with room; NULL: value. */
    int32_t (*combine)(const void *self, const struct sy_replay_score *score,
                       const struct sy_replay_range *range);
    /* A share pod's device drawn anew at placement; NULL: score.device. */
    unsigned (*device)(const void *self, const struct sy_replay_state *state,
                       const struct sy_replay_class *pod, struct sy_random *random);
};

/* All policies by name, NULL-ended (policies.c; ours stand in ours.h). */
extern const struct sy_replay_policy_ops *const sy_replay_policies[];

/* The state after placing: whole devices are the lowest that fit, a share pod takes `device`. Sets
 * what is stored, not what is derived (fragment, potential, power_mw). The pod must fit. */
void sy_replay_take(const struct sy_replay_class *pod, unsigned device,
                    struct sy_replay_state *state);
/* Do the devices of a node in this state have room for the pod (models, CPU and memory aside)? */
bool sy_replay_devices_fit(const struct sy_replay_shape *shape, const struct sy_replay_state *state,
                           const struct sy_replay_class *pod);

#endif
