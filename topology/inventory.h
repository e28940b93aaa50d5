/* SPDX-License-Identifier: Apache-2.0 */
/* What discovery found on one machine, before any catalogue: CPU side, PCI tree and links between
 * devices. Flat arrays; a parent stands before its children (parent < own index), the machine is
 * object 0 and its own parent. Strings and arrays live in the arena that the inventory was made in.
 * CPU side: Machine > Package > NUMANode (a package may be missing above a NUMA node that spans
 * packages). A host bridge hangs below the smallest of these that it is local to; below the Machine
 * it means "locality unknown" when the machine has more than one NUMA node. */
#ifndef SY_TOPOLOGY_INVENTORY_H
#define SY_TOPOLOGY_INVENTORY_H

#include "base/arena.h"
#include "topology/pci.h"

#define SY_OBJ_MAX 4096u            /* objects of one node; more is SY_ELIMIT */
#define SY_LINK_MAX 16384u          /* device links of one node */
#define SY_LINK_MBPS_MAX 100000000u /* MB/s of one link */
#define SY_OBJ_NAME_MAX 253u        /* bytes of a device's name, id, driver; of the source */
#define SY_OBJ_TEXT_MAX 1024u       /* bytes of product, boot id, CPU vendor and model */

/* X(id, name in documents: hwloc's and PCI's words) */
#define SY_OBJ_TYPES(X)                                                                            \
    X(MACHINE, "Machine")                                                                          \
    X(PACKAGE, "Package")                                                                          \
    X(NUMA, "NUMANode")                                                                            \
    X(HOST_BRIDGE, "HostBridge")                                                                   \
    X(BRIDGE, "Bridge") /* PCI-to-PCI: root port, switch upstream or downstream port */            \
    X(DEVICE, "PCIDev") /* one PCI function */
enum sy_obj_type {
#define X(id, name) SY_OBJ_##id,
    SY_OBJ_TYPES(X)
#undef X
        SY_OBJ_TYPE_COUNT
};

struct sy_obj {
    uint16_t parent;
    uint8_t type;                 /* enum sy_obj_type */
    uint8_t bus_first;            /* bridges: secondary bus … */
    uint8_t bus_last;             /* … and subordinate bus, both 0 when unknown */
    uint8_t cur_width, max_width; /* lanes of the link upward, 0 = unknown */
    bool is_vf;                   /* an SR-IOV virtual function, said by sysfs */
    bool driver_known;            /* `driver` was read; NULL then means that none is bound */
    uint32_t os_index;            /* Package and NUMANode: the kernel's number */
    uint32_t memory_mib;          /* NUMANode, 0 = unknown */
    struct sy_pci_addr addr;      /* HostBridge: domain and root bus only */
    struct sy_pci_id id;
    uint32_t cur_link_mbps, max_link_mbps; /* link upward, MB/s one direction, 0 = unknown */
    const char *name;                      /* OS device: "npu0", "nvml0", "mlx5_0"; NULL = none */
    const char *uuid;                      /* vendor's id, NULL = unknown */
    const char *driver;                    /* bound kernel driver */
    struct sy_pci_addr physfn;             /* of a VF, valid when has_physfn */
    bool has_physfn;
};

/* X(id, name in documents and answers) link technologies beside PCIe */
#define SY_LINK_TYPES(X)                                                                           \
    X(NONE, "")                                                                                    \
    X(NVL, "NVL") /* NVLink */                                                                     \
    X(XGMI, "XGMI")                                                                                \
    X(HCCS, "HCCS")                                                                                \
    X(SIO, "SIO") /* between the two dies of an Ascend 910C */                                     \
    X(XELINK, "XELINK")                                                                            \
    X(OTHER, "OTHER")
enum sy_link_type {
#define X(id, name) SY_LINK_##id,
    SY_LINK_TYPES(X)
#undef X
        SY_LINK_TYPE_COUNT
};

/* A direct (or switched) link between two PCI functions, by object index, a < b. */
struct sy_link {
    uint16_t a, b;
    uint8_t type;  /* enum sy_link_type, never NONE */
    uint32_t mbps; /* MB/s one direction, 0 = present, rate unknown */
};

/* X(id, name in documents: the kubelet's words) whom the kubelet's Topology Manager refuses.
 * UNKNOWN is what nobody told or a newer kubelet has: nothing follows from it. */
#define SY_TOPOLOGY_POLICIES(X)                                                                    \
    X(UNKNOWN, "")                                                                                 \
    X(NONE, "none")                                                                                \
    X(BEST_EFFORT, "best-effort")                                                                  \
    X(RESTRICTED, "restricted")                                                                    \
    X(SINGLE_NUMA, "single-numa-node")
enum sy_topology_policy {
#define X(id, name) SY_TOPOLOGY_POLICY_##id,
    SY_TOPOLOGY_POLICIES(X)
#undef X
        SY_TOPOLOGY_POLICY_COUNT
};

/* X(id, name in documents) what it aligns at once */
#define SY_TOPOLOGY_SCOPES(X) X(UNKNOWN, "") X(CONTAINER, "container") X(POD, "pod")
enum sy_topology_scope {
#define X(id, name) SY_TOPOLOGY_SCOPE_##id,
    SY_TOPOLOGY_SCOPES(X)
#undef X
        SY_TOPOLOGY_SCOPE_COUNT
};

/* How the node's kubelet was configured; zeroed = unknown. */
struct sy_topology_manager {
    uint8_t policy, scope; /* enum sy_topology_policy, sy_topology_scope */
    bool prefer_closest;   /* prefer-closest-numa-nodes */
    uint16_t max_numa;     /* max-allowable-numa-nodes; 0 = not given: the kubelet's own 8 */
};

struct sy_inventory {
    const char *source;     /* "hwloc-xml", "nccl-xml", "sysfs", "live", "document" */
    const char *product;    /* machine's product name, NULL = unknown */
    const char *boot_id;    /* NULL = unknown */
    const char *cpu_vendor; /* hwloc's CPUVendor, NULL = unknown */
    const char *cpu_model;  /* hwloc's CPUModel, NULL = unknown */
    struct sy_topology_manager topology_manager;
    uint16_t nobj;
    struct sy_obj *obj;
    uint32_t nlink;
    struct sy_link *link; /* sorted by (a, b), no duplicates */
};

const char *sy_obj_type_name(enum sy_obj_type type);
const char *sy_link_type_name(enum sy_link_type type);
/* "" for UNKNOWN */
const char *sy_topology_policy_name(enum sy_topology_policy policy);
const char *sy_topology_scope_name(enum sy_topology_scope scope);
/* -1 when the name is unknown */
int sy_obj_type_find(const char *name);
int sy_link_type_find(const char *name);
/* UNKNOWN when the name is */
enum sy_topology_policy sy_topology_policy_find(const char *name);
enum sy_topology_scope sy_topology_scope_find(const char *name);

/* Check every rule above and the PCI ones: parents before children, kinds that may hang below each
 * other (nothing below a device, only bridges and devices below bridges), addresses unique, bus
 * ranges nested in the parent's and holding the children's buses where known, links between
 * distinct devices, the Topology Manager's policy and scope known ones, texts printable UTF-8 of
 * the lengths above, nesting of at most 64. The first broken rule is SY_EINVAL (SY_ELIMIT: too many
 * objects or links) with the object's index and address in the text. */
SY_NODISCARD enum sy_code sy_inventory_check(const struct sy_inventory *inv, struct sy_err *err);

#endif
