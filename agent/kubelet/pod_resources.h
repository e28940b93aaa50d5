/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which device, as the kubelet tells it: its PodResources API, version v1, on a local
 * socket. It names pods by namespace and name (no UID) and devices by the ids of their plugins. */
#ifndef SY_AGENT_KUBELET_POD_RESOURCES_H
#define SY_AGENT_KUBELET_POD_RESOURCES_H

#include "base/arena.h"

#include <stdint.h>

#define SY_POD_RESOURCES_SOCKET "/var/lib/kubelet/pod-resources/kubelet.sock"
#define SY_POD_RESOURCES_TIMEOUT_MS 5000u
#define SY_POD_RESOURCES_MAX_BYTES (16u * 1024u * 1024u) /* of one answer */
#define SY_POD_RESOURCES_DEVICES_MAX 65536u /* device ids, claimed devices: of one answer each */
#define SY_POD_RESOURCES_TEXT_MAX 1024u     /* bytes of a name, device id or resource name */
#define SY_POD_RESOURCES_NUMA_MAX 64u       /* NUMA nodes of one entry */
#define SY_POD_RESOURCES_NUMA_ID_MAX 4095u  /* number of a NUMA node */

/* NUMA nodes that a plugin told for devices; none = unknown. A negative number of an answer stands
 * for "unknown" and is left out. */
struct sy_numa_list {
    uint16_t n;
    const uint16_t *id;
};

struct sy_pod_ref {
    const char *namespace_, *pod, *container;
};

/* A device id that a container holds. One pair (resource, id) may stand in several containers:
 * restartable init containers, and ids that a plugin hands out more than once. */
struct sy_pod_device {
    struct sy_pod_ref holder;
    const char *resource, *device_id;
    struct sy_numa_list numa;
};

/* A device that a container uses through a resource claim (DRA). */
struct sy_pod_claim {
    struct sy_pod_ref holder;
    const char *claim_namespace, *claim;
    const char *driver, *pool, *device;
};

/* A healthy device of the node, held or not. */
struct sy_allocatable_device {
    const char *resource, *device_id;
    struct sy_numa_list numa;
};

/* All texts are printable ASCII, never NULL; what the kubelet left out is "". In its order. */
struct sy_pod_resources {
    size_t ndevice;
    const struct sy_pod_device *device;
    size_t nclaim;
    const struct sy_pod_claim *claim;
    bool has_allocatable; /* false: the kubelet does not tell (before 1.23, or gate off) */
    size_t nallocatable;
    const struct sy_allocatable_device *allocatable;
};

/* Ask List and GetAllocatableResources, one after the other; `timeout_ms` (0 =
 * SY_POD_RESOURCES_TIMEOUT_MS) is of both together. Everything lives in `arena`, which needs up to
 * some 32 MiB for the longest answers that are accepted. Text starts with the socket's path:
 * SY_ENOENT (no such socket: the kubelet is down or the path is wrong), SY_EIO (refused, no answer
 * in time, a gRPC status such as RESOURCE_EXHAUSTED "rejected by rate limit"), SY_EPARSE (not
 * gRPC, malformed protobuf), SY_EINVAL (a text that is no printable ASCII; not a socket), SY_ELIMIT
 * (one of the limits above), SY_ENOMEM (also an arena that is too small). */
SY_NODISCARD enum sy_code sy_pod_resources_read(const char *socket_path, unsigned timeout_ms,
                                                struct sy_arena *arena,
                                                struct sy_pod_resources *ret, struct sy_err *err);

/* The messages' bytes alone (tests, fuzzing): a ListPodResourcesResponse, and an
 * AllocatableResourcesResponse or NULL. */
SY_NODISCARD enum sy_code sy_pod_resources_parse(const void *list, size_t list_len,
                                                 const void *allocatable, size_t allocatable_len,
                                                 struct sy_arena *arena,
                                                 struct sy_pod_resources *ret, struct sy_err *err);

#endif
