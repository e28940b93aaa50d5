/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of objects are read, and the few fields that are kept of each: environment,
 * arguments, images and who managed which field are never in memory. */
#ifndef SY_PLANNER_STATE_FIELDS_H
#define SY_PLANNER_STATE_FIELDS_H

#include "base/arena.h"
#include "base/kube/extract.h"

/* X(id, kind, group and versions that are read, path of the collection, selector or NULL), in the
 * order of a snapshot's items */
#define SY_STATE_KINDS(X)                                                                          \
    X(NODE, "Node", "v1", "/api/v1/nodes", NULL)                                                   \
    X(FABRIC, "NodeFabric", "switchyard.dev/v1alpha1",                                             \
      "/apis/switchyard.dev/v1alpha1/nodefabrics", NULL)                                           \
    X(POD, "Pod", "v1", "/api/v1/pods",                                                            \
      "fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed")                      \
    X(BUDGET, "PodDisruptionBudget", "policy/v1", "/apis/policy/v1/poddisruptionbudgets", NULL)
enum sy_state_kind {
#define X(id, kind, version, path, selector) SY_STATE_##id,
    SY_STATE_KINDS(X)
#undef X
        SY_STATE_KIND_COUNT
};

const char *sy_state_kind_name(enum sy_state_kind kind);
const char *sy_state_kind_version(enum sy_state_kind kind);
const char *sy_state_kind_path(enum sy_state_kind kind);
const char *sy_state_kind_selector(enum sy_state_kind kind); /* NULL = none */
const struct sy_kube_field *sy_state_kind_fields(enum sy_state_kind kind);
/* -1 = none that is read. */
int sy_state_kind_find(const char *name);
/* What any of them wants, and a List around them; in `arena`. NULL: out of memory. */
const struct sy_kube_field *sy_state_fields_any(struct sy_arena *arena) SY_NODISCARD;

#endif
