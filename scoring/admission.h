/* SPDX-License-Identifier: Apache-2.0 */
/* Would the kubelet of a node admit the pod? A model of its Topology Manager and of its device
 * manager (read in Kubernetes 1.35.4 and 1.36.3: topologymanager's policies and scopes,
 * devicemanager's hints and allocation): per resource the sets of NUMA nodes that could serve a
 * container, preferred where no smaller set ever could; `restricted` demands one set that all
 * resources prefer, `single-numa-node` one node. CPUs and memory have managers of their own that
 * are not modelled: they may refuse a pod that is admitted here, and admit none that is refused. */
#ifndef SY_SCORING_ADMISSION_H
#define SY_SCORING_ADMISSION_H

#include "scoring/request.h"
#include "topology/node.h"

#define SY_ADMISSION_NUMA_MAX 16u    /* NUMA nodes with devices that the pod asks for */
#define SY_ADMISSION_STATES_MAX 64u  /* ways in which the first containers may be served */
#define SY_ADMISSION_STEPS_MAX 5000u /* sets of nodes and shares of devices tried */

/* X(id, name) */
#define SY_ADMISSIONS(X)                                                                           \
    X(UNKNOWN, "unknown") /* the policy is, or it depends on what nobody can foresee */            \
    X(ADMITTED, "admitted")                                                                        \
    X(REFUSED, "refused") /* whatever the kubelet and the plugins choose */
enum sy_admission {
#define X(id, name) SY_ADMISSION_##id,
    SY_ADMISSIONS(X)
#undef X
        SY_ADMISSION_COUNT
};

/* Does the node's policy ever refuse? False: unknown, none, best-effort. */
bool sy_admission_may_refuse(const struct sy_fabric *fabric);

/* Sets *ret. Counts belong to it: too few free devices are REFUSED. `usage` NULL: nothing is held
 * and all is healthy; REFUSED is then true of whatever else may be held. Devices are taken to
 * report the NUMA nodes that the inventory knows, as device plugins do from sysfs; broken ones may
 * or may not be reported. UNKNOWN also: more than SY_ADMISSION_NUMA_MAX or than the kubelet's own
 * limit of NUMA nodes, two resources that share devices, request->asks_known false, more than the
 * above states or steps. `arena` for scratch. SY_ENOMEM (also the arena's limit). */
SY_NODISCARD enum sy_code sy_admission_check(const struct sy_fabric *fabric,
                                             const struct sy_usage *usage,
                                             const struct sy_request *request,
                                             struct sy_arena *arena, enum sy_admission *ret,
                                             struct sy_err *err);
const char *sy_admission_name(enum sy_admission admission);

#endif
