/* SPDX-License-Identifier: Apache-2.0 */
/* A trace as its files tell it: nodes (sn, cpu_milli, memory_mib, gpu, model) and pods (cpu_milli,
 * memory_mib, num_gpu, gpu_milli, gpu_spec and times, all but the first four optional), the columns
 * of Alibaba's cluster-trace-gpu-v2023 ("openb"). Other columns are ignored. */
#ifndef SY_PLANNER_REPLAY_TRACE_H
#define SY_PLANNER_REPLAY_TRACE_H

#include "base/arena.h"
#include "planner/replay/policy.h"

#define SY_TRACE_NODES (1u << 20) /* rows of nodes */
#define SY_TRACE_CLASSES 65536u   /* kinds of pods */
#define SY_TRACE_CPU_MILLI (INT64_C(1) << 30)
#define SY_TRACE_MEMORY_MIB (INT64_C(1) << 40)
#define SY_TRACE_SECONDS (INT64_C(1) << 40) /* a time; about 35,000 years */

/* Names of models, in order of first appearance; shared by nodes and pods. */
struct sy_trace_models {
    struct sy_arena *arena;
    const char *name[SY_REPLAY_MODELS];
    size_t n;
};
SY_NODISCARD enum sy_code sy_trace_models_init(struct sy_trace_models *models, struct sy_err *err);
void sy_trace_models_done(struct sy_trace_models *models);
/* Index of a name, added when it is new; -1 when there are too many, -2 out of memory. */
int sy_trace_model(struct sy_trace_models *models, const char *name, size_t len);

struct sy_trace_nodes {
    struct sy_replay_shape *shape; /* power is left 0 (power.h fills it) */
    uint32_t *shape_nodes;
    size_t nshapes;
    uint32_t *node; /* shape of each row */
    size_t n;
    int64_t total_milli, total_cpu_milli, total_memory_mib;
};
/* Parse a list of nodes; `data` (data[len] == '\0') is changed. Messages name FILE:LINE.
 * SY_EPARSE, SY_ELIMIT, SY_ENOMEM. Freed by sy_trace_nodes_done. */
SY_NODISCARD enum sy_code sy_trace_nodes_parse(const char *file, char *data, size_t len,
                                               struct sy_trace_models *models,
                                               struct sy_trace_nodes *ret, struct sy_err *err);
void sy_trace_nodes_done(struct sy_trace_nodes *nodes);

/* When a pod came and how long it ran, in seconds. */
struct sy_trace_time {
    int64_t created_s, duration_s;
};

struct sy_trace_pods {
    struct sy_replay_class *pod_class; /* all kinds, in order of first appearance */
    size_t nclasses;
    uint32_t *pod;              /* class of each row */
    struct sy_trace_time *time; /* of each row; NULL unless asked for */
    size_t n;
    int64_t total_milli; /* demand of all rows, milli of devices */
};
/* The same for pods. `times`: the columns creation_time and deletion_time are needed too, and a
 * pod's duration is deletion_time - scheduled_time (or - creation_time where that column is empty
 * or absent). gpu_milli is of each device, above 1000 it is taken as 1000. */
SY_NODISCARD enum sy_code sy_trace_pods_parse(const char *file, char *data, size_t len, bool times,
                                              struct sy_trace_models *models,
                                              struct sy_trace_pods *ret, struct sy_err *err);
void sy_trace_pods_done(struct sy_trace_pods *pods);

/* Demand of a class, milli of devices. */
static inline int64_t sy_trace_demand(const struct sy_replay_class *pod)
{
    return (int64_t)pod->devices * pod->device_milli;
}

#endif
