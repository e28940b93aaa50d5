/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects are watched, and which of their fields are kept: nothing else of a pod is ever in
 * memory. */
#ifndef SY_EXTENDER_LIVE_FIELDS_H
#define SY_EXTENDER_LIVE_FIELDS_H

#include "base/kube/extract.h"

/* X(id, name in log and metrics, path, selector or NULL) */
#define SY_LIVE_COLLECTIONS(X)                                                                     \
    X(FABRICS, "nodefabrics", "/apis/switchyard.dev/v1alpha1/nodefabrics", NULL)                   \
    X(PODS, "pods", "/api/v1/pods",                                                                \
      "fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed")                      \
    X(NODES, "nodes", "/api/v1/nodes", NULL)
enum sy_live_collection {
#define X(id, name, path, selector) SY_LIVE_##id,
    SY_LIVE_COLLECTIONS(X)
#undef X
        SY_LIVE_COLLECTION_COUNT
};

const char *sy_live_collection_name(enum sy_live_collection collection);
const char *sy_live_collection_path(enum sy_live_collection collection);
const char *sy_live_collection_selector(enum sy_live_collection collection); /* NULL = none */
const struct sy_kube_field *sy_live_collection_fields(enum sy_live_collection collection);

#define SY_FABRIC_ANNOTATION "switchyard.dev/fabric"
/* Devices that a plugin wrote on the pod it gave them to: "Ascend910-0,Ascend910-1" (mind-cluster's
 * ascend-device-plugin, on Allocate). */
#define SY_NAMED_ANNOTATION "huawei.com/AscendReal"

#endif
