/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/state/fields.h"

#include "base/kube/fields.h"
#include "planner/state/state_private.h"

#include <string.h>

#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }

/* --- Node */
static const struct sy_kube_field node_annotations[] = {
    {.key = SY_CORDON_ANNOTATION}, {.key = SY_FABRIC_ANNOTATION}, END};
static const struct sy_kube_field node_metadata[] = {
    {.key = "name"},
    {.key = "uid"},
    {.key = "labels"},
    {.key = "annotations", .below = node_annotations},
    END};
static const struct sy_kube_field taint_fields[] = {
    {.key = "key"}, {.key = "value"}, {.key = "effect"}, END};
static const struct sy_kube_field node_spec[] = {
    {.key = "taints", .below = taint_fields}, {.key = "unschedulable"}, END};
static const struct sy_kube_field node_condition[] = {{.key = "type"}, {.key = "status"}, END};
static const struct sy_kube_field node_status[] = {{.key = "allocatable"},
                                                   {.key = "capacity"},
                                                   {.key = "conditions", .below = node_condition},
                                                   END};
static const struct sy_kube_field node_fields[] = {{.key = "apiVersion"},
                                                   {.key = "kind"},
                                                   {.key = "metadata", .below = node_metadata},
                                                   {.key = "spec", .below = node_spec},
                                                   {.key = "status", .below = node_status},
                                                   END};

/* --- NodeFabric: neither uuid nor bootId, so that machines of one shape are equal. */
static const struct sy_kube_field object_fields[] = {
    {.key = "type"},        {.key = "parent"}, {.key = "index"},
    {.key = "memoryMiB"},   {.key = "pci"},    {.key = "buses"},
    {.key = "class"},       {.key = "id"},     {.key = "linkGBps"},
    {.key = "maxLinkGBps"}, {.key = "width"},  {.key = "maxWidth"},
    {.key = "subsystem"},   {.key = "name"},   {.key = "driver"},
    {.key = "vf"},          {.key = "physfn"}, END};
static const struct sy_kube_field link_fields[] = {
    {.key = "a"}, {.key = "b"}, {.key = "type"}, {.key = "gbps"}, END};
static const struct sy_kube_field manager_fields[] = {
    {.key = "policy"}, {.key = "scope"}, {.key = "options"}, END};
static const struct sy_kube_field fabric_spec[] = {
    {.key = "source"},
    {.key = "product"},
    {.key = "cpuVendor"},
    {.key = "cpuModel"},
    {.key = "topologyManager", .below = manager_fields},
    {.key = "objects", .below = object_fields},
    {.key = "links", .below = link_fields},
    END};
static const struct sy_kube_field holder_fields[] = {
    {.key = "namespace"}, {.key = "name"}, {.key = "uid"}, {.key = "container"}, END};
static const struct sy_kube_field device_fields[] = {{.key = "pci"},
                                                     {.key = "unit"},
                                                     {.key = "held"},
                                                     {.key = "holders", .below = holder_fields},
                                                     {.key = "healthy"},
                                                     {.key = "reason"},
                                                     {.key = "capWatts"},
                                                     {.key = "watts"},
                                                     END};
static const struct sy_kube_field counted_fields[] = {{.key = "resource"}, {.key = "count"}, END};
static const struct sy_kube_field kubelet_fields[] = {
    {.key = "reachable"}, {.key = "message"}, END};
static const struct sy_kube_field unmapped_fields[] = {{.key = "count"}, {.key = "first"}, END};
static const struct sy_kube_field power_fields[] = {
    {.key = "limitWatts"}, {.key = "baseWatts"}, {.key = "watts"}, END};
static const struct sy_kube_field fabric_status[] = {{.key = "mode"},
                                                     {.key = "observedTime"},
                                                     {.key = "heartbeatTime"},
                                                     {.key = "kubelet", .below = kubelet_fields},
                                                     {.key = "unmapped", .below = unmapped_fields},
                                                     {.key = "power", .below = power_fields},
                                                     {.key = "counted", .below = counted_fields},
                                                     {.key = "devices", .below = device_fields},
                                                     END};
static const struct sy_kube_field fabric_metadata[] = {{.key = "name"}, {.key = "labels"}, END};
/* Beside an item of the service's GET /snapshot. */
static const struct sy_kube_field ledger_report[] = {{.key = "age"}, {.key = "seconds"}, END};
static const struct sy_kube_field ledger_pod[] = {{.key = "namespace"}, {.key = "name"},
                                                  {.key = "uid"},       {.key = "cover"},
                                                  {.key = "devices"},   END};
static const struct sy_kube_field ledger_fields[] = {
    {.key = "report", .below = ledger_report}, {.key = "pods", .below = ledger_pod}, END};
static const struct sy_kube_field fabric_fields[] = {{.key = "apiVersion"},
                                                     {.key = "kind"},
                                                     {.key = "metadata", .below = fabric_metadata},
                                                     {.key = "spec", .below = fabric_spec},
                                                     {.key = "status", .below = fabric_status},
                                                     {.key = "ledger", .below = ledger_fields},
                                                     END};

/* --- Pod */
static const struct sy_kube_field pod_annotations[] = {
    {.key = "*", .starts = "switchyard.dev/"}, {.key = SY_NAMED_ANNOTATION}, END};
static const struct sy_kube_field owner_fields[] = {{.key = "apiVersion"}, {.key = "kind"},
                                                    {.key = "name"},       {.key = "uid"},
                                                    {.key = "controller"}, END};
static const struct sy_kube_field pod_metadata[] = {
    {.key = "name"},
    {.key = "generateName"},
    {.key = "namespace"},
    {.key = "uid"},
    {.key = "creationTimestamp"},
    {.key = "deletionTimestamp"},
    {.key = "labels"},
    {.key = "annotations", .below = pod_annotations},
    {.key = "ownerReferences", .below = owner_fields},
    END};
static const struct sy_kube_field claim_fields[] = {{.key = "name"}, END};
static const struct sy_kube_field resources_fields[] = {
    {.key = "requests"}, {.key = "limits"}, {.key = "claims", .below = claim_fields}, END};
static const struct sy_kube_field port_fields[] = {
    {.key = "containerPort"}, {.key = "hostPort"}, {.key = "hostIP"}, {.key = "protocol"}, END};
static const struct sy_kube_field container_fields[] = {
    {.key = "name"},
    {.key = "restartPolicy"},
    {.key = "resources", .below = resources_fields},
    {.key = "ports", .below = port_fields},
    END};
static const struct sy_kube_field pvc_fields[] = {{.key = "claimName"}, {.key = "readOnly"}, END};
static const struct sy_kube_field class_fields[] = {{.key = "storageClassName"}, END};
static const struct sy_kube_field template_fields[] = {{.key = "spec", .below = class_fields}, END};
static const struct sy_kube_field ephemeral_fields[] = {
    {.key = "volumeClaimTemplate", .below = template_fields}, END};
static const struct sy_kube_field csi_fields[] = {{.key = "driver"}, END};
static const struct sy_kube_field disk_fields[] = {
    {.key = "pdName"}, {.key = "volumeID"}, {.key = "readOnly"}, END};
static const struct sy_kube_field iscsi_fields[] = {{.key = "iqn"}, {.key = "readOnly"}, END};
static const struct sy_kube_field rbd_fields[] = {{.key = "image"}, {.key = "readOnly"}, END};
static const struct sy_kube_field volume_fields[] = {
    {.key = "persistentVolumeClaim", .below = pvc_fields},
    {.key = "ephemeral", .below = ephemeral_fields},
    {.key = "csi", .below = csi_fields},
    {.key = "gcePersistentDisk", .below = disk_fields},
    {.key = "awsElasticBlockStore", .below = disk_fields},
    {.key = "iscsi", .below = iscsi_fields},
    {.key = "rbd", .below = rbd_fields},
    END};
static const struct sy_kube_field pod_spec[] = {
    {.key = "nodeName"},
    {.key = "schedulerName"},
    {.key = "priority"},
    {.key = "priorityClassName"},
    {.key = "preemptionPolicy"},
    {.key = "runtimeClassName"},
    {.key = "nodeSelector"},
    {.key = "affinity"},
    {.key = "tolerations"},
    {.key = "topologySpreadConstraints"},
    {.key = "schedulingGates"},
    {.key = "schedulingGroup"},
    {.key = "workloadRef"},
    {.key = "hostNetwork"},
    {.key = "resourceClaims", .below = claim_fields},
    {.key = "resources", .below = resources_fields},
    {.key = "overhead"},
    {.key = "initContainers", .below = container_fields},
    {.key = "containers", .below = container_fields},
    {.key = "volumes", .below = volume_fields},
    END};
static const struct sy_kube_field pod_condition[] = {
    {.key = "type"}, {.key = "status"}, {.key = "lastTransitionTime"}, END};
static const struct sy_kube_field pod_status[] = {{.key = "phase"},
                                                  {.key = "nominatedNodeName"},
                                                  {.key = "conditions", .below = pod_condition},
                                                  END};
static const struct sy_kube_field pod_fields[] = {{.key = "apiVersion"},
                                                  {.key = "kind"},
                                                  {.key = "metadata", .below = pod_metadata},
                                                  {.key = "spec", .below = pod_spec},
                                                  {.key = "status", .below = pod_status},
                                                  END};

/* --- PodDisruptionBudget */
static const struct sy_kube_field budget_metadata[] = {{.key = "name"}, {.key = "namespace"}, END};
static const struct sy_kube_field budget_spec[] = {{.key = "minAvailable"},
                                                   {.key = "maxUnavailable"},
                                                   {.key = "selector"},
                                                   {.key = "unhealthyPodEvictionPolicy"},
                                                   END};
static const struct sy_kube_field budget_status[] = {{.key = "disruptionsAllowed"},
                                                     {.key = "currentHealthy"},
                                                     {.key = "desiredHealthy"},
                                                     {.key = "expectedPods"},
                                                     END};
static const struct sy_kube_field budget_fields[] = {{.key = "apiVersion"},
                                                     {.key = "kind"},
                                                     {.key = "metadata", .below = budget_metadata},
                                                     {.key = "spec", .below = budget_spec},
                                                     {.key = "status", .below = budget_status},
                                                     END};

/* --- A list, or a snapshot, around them. */
static const struct sy_kube_field list_metadata[] = {
    {.key = "takenTime"}, {.key = "resourceVersion"}, {.key = "lists"}, END};
static const struct sy_kube_field list_fields[] = {{.key = "apiVersion"},
                                                   {.key = "kind"},
                                                   {.key = "metadata", .below = list_metadata},
                                                   {.key = "items"},
                                                   END};

static const struct {
    const char *name, *version, *path, *selector;
} kinds[SY_STATE_KIND_COUNT] = {
#define X(id, name, version, path, selector) [SY_STATE_##id] = {name, version, path, selector},
    SY_STATE_KINDS(X)
#undef X
};

const char *sy_state_kind_name(enum sy_state_kind kind)
{
    return kinds[kind].name;
}

const char *sy_state_kind_version(enum sy_state_kind kind)
{
    return kinds[kind].version;
}

const char *sy_state_kind_path(enum sy_state_kind kind)
{
    return kinds[kind].path;
}

const char *sy_state_kind_selector(enum sy_state_kind kind)
{
    return kinds[kind].selector;
}

const struct sy_kube_field *sy_state_kind_fields(enum sy_state_kind kind)
{
    static const struct sy_kube_field *const all[SY_STATE_KIND_COUNT] = {
        [SY_STATE_NODE] = node_fields,
        [SY_STATE_FABRIC] = fabric_fields,
        [SY_STATE_POD] = pod_fields,
        [SY_STATE_BUDGET] = budget_fields};
    return all[kind];
}

int sy_state_kind_find(const char *name)
{
    for (int i = 0; i < SY_STATE_KIND_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return i;
    return -1;
}

const struct sy_kube_field *sy_state_fields_any(struct sy_arena *arena)
{
    const struct sy_kube_field *any = list_fields;
    for (int i = 0; any != NULL && i < SY_STATE_KIND_COUNT; i++)
        any = sy_kube_fields_merge(arena, any, sy_state_kind_fields((enum sy_state_kind)i));
    if (any == NULL)
        return NULL;
    size_t n = 0;
    while (any[n].key != NULL)
        n++;
    struct sy_kube_field *nested = sy_arena_calloc(arena, n + 1, sizeof *nested);
    for (size_t i = 0; nested != NULL && i < n; i++) {
        nested[i] = any[i];
        if (strcmp(nested[i].key, "items") == 0)
            nested[i].below = nested; /* a List in a List holds what a List holds */
    }
    return nested;
}
