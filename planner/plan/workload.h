/* SPDX-License-Identifier: Apache-2.0 */
/* From objects that carry pod templates to the pods they would make: a table of data says where
 * template, count and all-or-nothing stand (planner/plan/workloads.yaml, compiled in). */
#ifndef SY_PLANNER_PLAN_WORKLOAD_H
#define SY_PLANNER_PLAN_WORKLOAD_H

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
};

/* Pod, Job, Deployment, StatefulSet, ReplicaSet, DaemonSet, CronJob, JobSet, LeaderWorkerSet,
 * PyTorchJob, RayCluster, Volcano Job, PodGroup …: of one object. SY_EINVAL: no pod template is
 * known for this kind (the text lists those that are), or it is malformed, with its path. */
SY_NODISCARD enum sy_code sy_workload_expand(const struct sy_manifest *manifest,
                                             const struct sy_state *state, struct sy_arena *arena,
                                             struct sy_workload_pods *ret, struct sy_err *err);
/* All of a file, one after the other. */
SY_NODISCARD enum sy_code sy_workload_read(const char *path, const struct sy_state *state,
                                           struct sy_arena *arena, struct sy_workload_pods *ret,
                                           struct sy_err *err);

#endif
