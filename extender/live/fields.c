/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/live/fields.h"

#include "topology/cordon.h"

/* Neither uuid nor bootId: no decision reads them, and without them nodes of one shape have equal
 * inventories and share one fabric. */
static const struct sy_kube_field object_fields[] = {
    {.key = "type"},      {.key = "parent"},      {.key = "index"},  {.key = "memoryMiB"},
    {.key = "pci"},       {.key = "buses"},       {.key = "class"},  {.key = "id"},
    {.key = "linkGBps"},  {.key = "maxLinkGBps"}, {.key = "width"},  {.key = "maxWidth"},
    {.key = "subsystem"}, {.key = "name"},        {.key = "driver"}, {.key = "vf"},
    {.key = "physfn"},    {.key = NULL}};
static const struct sy_kube_field link_fields[] = {
    {.key = "a"}, {.key = "b"}, {.key = "type"}, {.key = "gbps"}, {.key = NULL}};
static const struct sy_kube_field topology_manager_fields[] = {
    {.key = "policy"}, {.key = "scope"}, {.key = "options"}, {.key = NULL}};
static const struct sy_kube_field spec_fields[] = {
    {.key = "source"},
    {.key = "product"},
    {.key = "cpuVendor"},
    {.key = "cpuModel"},
    {.key = "topologyManager", .below = topology_manager_fields},
    {.key = "objects", .below = object_fields},
    {.key = "links", .below = link_fields},
    {.key = NULL}};
static const struct sy_kube_field fabric_metadata[] = {
    {.key = "name"}, {.key = "uid"}, {.key = NULL}};
static const struct sy_kube_field fabric_fields[] = {{.key = "metadata", .below = fabric_metadata},
                                                     {.key = "spec", .below = spec_fields},
                                                     {.key = "status"},
                                                     {.key = NULL}};

static const struct sy_kube_field pod_annotations[] = {
    {.key = "*", .starts = "switchyard.dev/"}, {.key = SY_NAMED_ANNOTATION}, {.key = NULL}};
static const struct sy_kube_field pod_metadata[] = {
    {.key = "name"},
    {.key = "namespace"},
    {.key = "uid"},
    {.key = "creationTimestamp"},
    {.key = "annotations", .below = pod_annotations},
    {.key = NULL}};
static const struct sy_kube_field resources_fields[] = {
    {.key = "requests"}, {.key = "limits"}, {.key = NULL}};
static const struct sy_kube_field container_fields[] = {
    {.key = "name"},
    {.key = "restartPolicy"},
    {.key = "resources", .below = resources_fields},
    {.key = NULL}};
static const struct sy_kube_field claim_fields[] = {{.key = "name"}, {.key = NULL}};
static const struct sy_kube_field pod_spec[] = {
    {.key = "nodeName"},
    {.key = "containers", .below = container_fields},
    {.key = "initContainers", .below = container_fields},
    {.key = "overhead"},
    {.key = "resourceClaims", .below = claim_fields},
    {.key = NULL}};
static const struct sy_kube_field condition_fields[] = {
    {.key = "type"}, {.key = "status"}, {.key = "lastTransitionTime"}, {.key = NULL}};
static const struct sy_kube_field pod_status[] = {
    {.key = "phase"}, {.key = "conditions", .below = condition_fields}, {.key = NULL}};
static const struct sy_kube_field pod_fields[] = {{.key = "metadata", .below = pod_metadata},
                                                  {.key = "spec", .below = pod_spec},
                                                  {.key = "status", .below = pod_status},
                                                  {.key = NULL}};

static const struct sy_kube_field node_annotations[] = {
    {.key = SY_CORDON_ANNOTATION}, {.key = SY_FABRIC_ANNOTATION}, {.key = NULL}};
static const struct sy_kube_field node_metadata[] = {
    {.key = "name"},
    {.key = "uid"},
    {.key = "labels"},
    {.key = "annotations", .below = node_annotations},
    {.key = NULL}};
static const struct sy_kube_field node_fields[] = {{.key = "metadata", .below = node_metadata},
                                                   {.key = NULL}};

static const struct {
    const char *name, *path, *selector;
} collections[SY_LIVE_COLLECTION_COUNT] = {
#define X(id, name, path, selector) [SY_LIVE_##id] = {name, path, selector},
    SY_LIVE_COLLECTIONS(X)
#undef X
};

const char *sy_live_collection_name(enum sy_live_collection collection)
{
    return collections[collection].name;
}

const char *sy_live_collection_path(enum sy_live_collection collection)
{
    return collections[collection].path;
}

const char *sy_live_collection_selector(enum sy_live_collection collection)
{
    return collections[collection].selector;
}

const struct sy_kube_field *sy_live_collection_fields(enum sy_live_collection collection)
{
    switch (collection) {
    case SY_LIVE_FABRICS:
        return fabric_fields;
    case SY_LIVE_PODS:
        return pod_fields;
    case SY_LIVE_NODES:
    case SY_LIVE_COLLECTION_COUNT:
        break;
    }
    return node_fields;
}
