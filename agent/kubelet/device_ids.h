/* SPDX-License-Identifier: Apache-2.0 */
/* From the id that a device plugin gave a device to the PCI function, and the unit of the node's
 * fabric, that it stands for. What cannot be mapped is said, with the reason. */
#ifndef SY_AGENT_KUBELET_DEVICE_IDS_H
#define SY_AGENT_KUBELET_DEVICE_IDS_H

#include "agent/kubelet/pod_resources.h"
#include "topology/fabric.h"

/* X(id, text): how an id was mapped */
#define SY_DEVICE_WAYS(X)                                                                          \
    X(NONE, "cannot be mapped")                                                                    \
    X(ADDRESS, "PCI address")                                                                      \
    X(UUID, "unique id")                                                                           \
    X(NUMBER, "device number") /* asked of the vendor's library */                                 \
    X(SYSFS, "kernel name")                                                                        \
    X(NAME, "name in the inventory")
enum sy_device_way {
#define X(id, text) SY_DEVICE_WAY_##id,
    SY_DEVICE_WAYS(X)
#undef X
        SY_DEVICE_WAY_COUNT
};

/* What only a vendor's library knows; each member may be NULL. They are called from
 * sy_device_ids_find and _learn. True when known; `ret_*` are written only then. */
struct sy_device_vendor {
    /* NVML: function of the GPU with this UUID ("GPU-…"), or that a MIG device ("MIG-…") is a part
     * of; *ret_share: thousandths of it, 0 = unknown. */
    bool (*nvidia_find)(void *data, const char *uuid, struct sy_pci_addr *ret_addr,
                        uint16_t *ret_share);
    /* DCMI: function of the chip with this physical number (/dev/davinciN), and which of the chips
     * behind that function it is. */
    bool (*ascend_find)(void *data, unsigned number, struct sy_pci_addr *ret_addr,
                        uint8_t *ret_index);
    void *data;
};

struct sy_device_ids_options {
    const struct sy_fabric *fabric; /* borrowed for as long as the mapping lives */
    const char *root; /* as for sy_discover_sysfs: "/sys", or what holds sys/, proc/ */
    struct sy_device_vendor vendor;
};

struct sy_device_place {
    uint8_t way;             /* enum sy_device_way; NONE: the rest but `why` is void */
    struct sy_pci_addr addr; /* the function that the id names or is a part of */
    int16_t unit;            /* of the fabric, -1 = none there, or one of several (`why` says) */
    uint16_t share;          /* thousandths of the unit; 0 = a part of unknown size */
    char why[160];           /* "" when mapped to a unit */
};

struct sy_device_ids; /* opaque; for one thread */

/* Reads the NVIDIA driver's list of GPUs once: make a new mapping when the inventory changed.
 * SY_ENOENT, SY_EIO (root cannot be opened), SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_device_ids_new(const struct sy_device_ids_options *options,
                                            struct sy_device_ids **ret, struct sy_err *err);
void sy_device_ids_free(struct sy_device_ids *ids); /* takes NULL */

/* Count into how many parts the plugins divide each unit, from what the kubelet offers, so that a
 * part's share is known: 1000 / parts. Call it whenever a new answer came; without it, parts whose
 * size nobody tells have share 0. */
void sy_device_ids_learn(struct sy_device_ids *ids, const struct sy_pod_resources *offered);

/* Map one id of a resource. Understood are: full PCI addresses, alone or followed by "-…" (SR-IOV
 * functions, Xilinx and AMD devices); UUIDs that the inventory or NVIDIA's driver knows, MIG
 * devices through NVML, each with "::N" for a replica; "Ascend910-3", "Ascend910-2c-100-3", "npu-3"
 * and the like; "card1-0" (Intel GPU); "amdgpu_xcp_3"; "intel-fpga-port.0", "dfl-port.0" and their
 * "fme"; names of the inventory. Never fails. Does not allocate. */
void sy_device_ids_find(const struct sy_device_ids *ids, const char *resource,
                        const char *device_id, struct sy_device_place *ret);
const char *sy_device_way_name(unsigned way); /* never NULL */

#endif
