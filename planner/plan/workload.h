/* SPDX-License-Identifier: Apache-2.0 */
/* From objects that carry pod templates to the pods they would make: a table of data says where
 * template, count and all-or-nothing stand (planner/plan/workloads.yaml, compiled in). */
#ifndef SY_PLANNER_PLAN_WORKLOAD_H
#define SY_PLANNER_PLAN_WORKLOAD_H

#include "base/arena.h"
#include "planner/state/manifest.h"
#include "planner/state/state.h"

#define SY_WORKLOAD_PODS_MAX 100000u /* of one object */

/* Pods that an object would make; those of one `gang` number (> 0) run all or none, at least
 * `gang_min` of them. */
struct sy_workload_pod {
    struct sy_state_pod pod; /* names "NAME-0", "NAME-worker-3" */
    uint32_t gang, gang_min;
};
struct sy_workload_pods {
    size_t n;
    struct sy_workload_pod *pod; /* in the order in which they would be made */
    size_t nnote;                /* what of the object is not modelled */
    const char **note;
    json_t *keep; /* what the pods' `object` point into; given back by sy_workload_pods_done */
};
void sy_workload_pods_done(struct sy_workload_pods *pods); /* when no plan has the pods any more */

struct sy_workload_table;
/* The built-in table, with the rows of a file before it (NULL: none), in the arena. SY_EPARSE,
 * SY_EINVAL, SY_ELIMIT with FILE:LINE:COLUMN, SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_workload_table_load(const char *path, struct sy_arena *arena,
                                                 const struct sy_workload_table **ret,
                                                 struct sy_err *err);
struct sy_workload_options {
    const struct sy_workload_table *table; /* NULL = the built-in one */
    const char *namespace_;                /* of objects that name none; NULL = "default" */
};

/* Pod, Job, Deployment, StatefulSet, ReplicaSet, DaemonSet, CronJob, JobSet, LeaderWorkerSet,
 * PyTorchJob, RayCluster, Volcano Job, Kueue Workload …: of one object. Everything but `keep` is in
 * the arena. SY_EINVAL: no pod template is known for this kind (the text lists those that are), or
 * it is malformed, with its path; SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_workload_expand(const struct sy_manifest *manifest,
                                             const struct sy_state *state, struct sy_arena *arena,
                                             struct sy_workload_pods *ret, struct sy_err *err);
/* All of a file, one after the other; numbers of gangs go on from object to object. */
SY_NODISCARD enum sy_code sy_workload_read(const char *path, const struct sy_state *state,
                                           struct sy_arena *arena, struct sy_workload_pods *ret,
                                           struct sy_err *err);
/* The same for objects that are there already, and not as said above. */
SY_NODISCARD enum sy_code sy_workload_expand_all(const struct sy_manifest *manifest, size_t n,
                                                 const struct sy_workload_options *options,
                                                 const struct sy_state *state,
                                                 struct sy_arena *arena,
                                                 struct sy_workload_pods *ret, struct sy_err *err);

#endif
