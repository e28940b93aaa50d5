/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel names of devices, and the PCI functions behind them, below a root that holds sys/ and
 * proc/. Nothing here allocates. */
#ifndef SY_AGENT_KUBELET_DEVICE_SYSFS_H
#define SY_AGENT_KUBELET_DEVICE_SYSFS_H

#include "topology/pci.h"

#include <stddef.h>

#define SY_GPU_MAX 256u      /* GPUs that NVIDIA's driver lists */
#define SY_KFD_NODE_MAX 256u /* nodes that AMD's driver lists */
#define SY_GPU_UUID_SIZE 64u

struct sy_gpu {
    char uuid[SY_GPU_UUID_SIZE]; /* "GPU-…" */
    struct sy_pci_addr addr;
};

/* One GPU or one partition of it, as AMD's driver numbers them. */
struct sy_kfd_node {
    unsigned render_minor; /* of /dev/dri/renderDN */
    struct sy_pci_addr addr;
};

/* The folder that holds sys/; `root` is that folder, or its sys/. SY_ENOENT, SY_EIO. */
SY_NODISCARD enum sy_code sy_device_root(const char *root, int *ret_fd, struct sy_err *err);

/* GPUs in proc/driver/nvidia/gpus, at most SY_GPU_MAX; those without a UUID yet are left out. An
 * absent folder is an empty list. SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_device_gpus(int root, struct sy_gpu *gpu, size_t *ret_n,
                                         struct sy_err *err);
/* Nodes with a render device in sys/class/kfd, at most SY_KFD_NODE_MAX; returns their number. */
size_t sy_device_kfd_nodes(int root, struct sy_kfd_node *node);

/* The function behind a name; false when there is none. */
bool sy_device_drm(int root, unsigned card, struct sy_pci_addr *ret);       /* card1 */
bool sy_device_fpga(int root, const char *name, struct sy_pci_addr *ret);   /* dfl-port.0 */
bool sy_device_davinci(int root, unsigned number, struct sy_pci_addr *ret); /* davinci0 */
bool sy_device_physfn(int root, struct sy_pci_addr vf, struct sy_pci_addr *ret);
/* Is this render device one of amdgpu_xcp_<number>? */
bool sy_device_xcp_has(int root, unsigned number, unsigned render_minor);

#endif
