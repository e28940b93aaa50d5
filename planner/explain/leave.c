/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/leave.h"

#include <string.h>

enum sy_leave sy_leave_of(const struct sy_state_pod *pod)
{
    const json_t *annotations =
        json_object_get(json_object_get(pod->object, "metadata"), "annotations");
    if (json_object_get(annotations, "kubernetes.io/config.mirror") != NULL)
        return SY_LEAVE_MIRROR;
    if (pod->owner_kind == NULL)
        return SY_LEAVE_BARE;
    if (strcmp(pod->owner_kind, "Node") == 0)
        return SY_LEAVE_MIRROR;
    return strcmp(pod->owner_kind, "DaemonSet") == 0 ? SY_LEAVE_DAEMON : SY_LEAVE_MOVES;
}

int sy_pod_compare(const struct sy_state_pod *a, const struct sy_state_pod *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    if (a->created_us != b->created_us)
        return a->created_us < b->created_us ? -1 : 1;
    int order = strcmp(a->namespace_, b->namespace_);
    return order != 0 ? order : strcmp(a->name, b->name);
}
