/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a node: its inventory seen through the catalogue. Units (what a pod can be given),
 * cards, places, and for any two units how they are joined and how fast. Immutable, ref-counted,
 * shared by all nodes of equal inventory. */
#ifndef SY_TOPOLOGY_FABRIC_H
#define SY_TOPOLOGY_FABRIC_H

#include "base/devset.h"
#include "base/hash.h"
#include "topology/catalogue.h"
#include "topology/inventory.h"

#define SY_UNIT_MAX SY_DEVSET_MAX
#define SY_WHOLE 1000u /* thousandths of a whole device or card */

/* X(id, name): how two units are joined, best first; nvidia-smi's words, plus SLOT (one card or
 * slot), SOCKET (one package, two NUMA nodes), UNKNOWN, and the overlay's. */
#define SY_PATHS(X)                                                                                \
    X(SLOT, "SLOT")                                                                                \
    X(PIX, "PIX")       /* one switch */                                                           \
    X(PXB, "PXB")       /* several switches, no host bridge */                                     \
    X(PHB, "PHB")       /* one host bridge */                                                      \
    X(NODE, "NODE")     /* one NUMA node, two host bridges */                                      \
    X(SOCKET, "SOCKET") /* one package */                                                          \
    X(SYS, "SYS")       /* two packages */                                                         \
    X(UNKNOWN, "UNKNOWN")                                                                          \
    X(NVL, "NVL")                                                                                  \
    X(XGMI, "XGMI") X(HCCS, "HCCS") X(SIO, "SIO") X(XELINK, "XELINK") X(OTHER, "OTHER")
enum sy_path_class {
#define X(id, name) SY_PATH_##id,
    SY_PATHS(X)
#undef X
        SY_PATH_COUNT
};
#define SY_PATH_FIRST_OVERLAY SY_PATH_NVL

/* X(id, word of switchyard.dev/require): places a set may be asked to lie within */
#define SY_SCOPES(X)                                                                               \
    X(SLOT, "slot")                                                                                \
    X(SWITCH, "switch") X(ROOT, "root") X(NUMA, "numa") X(SOCKET, "socket") X(ANY, "any")
enum sy_scope {
#define X(id, name) SY_SCOPE_##id,
    SY_SCOPES(X)
#undef X
        SY_SCOPE_COUNT
};

struct sy_unit {
    uint16_t obj;           /* its primary function (FPGA: the user function) */
    uint16_t card;          /* index into the fabric's cards */
    uint8_t kind;           /* enum sy_kind */
    bool broken;            /* present but unusable as found: no user function, bound to vfio-pci */
    const char *broken_why; /* static text, NULL unless broken */
    const struct sy_model *model;
    struct sy_pci_addr addr;    /* of the primary function: the unit's identity … */
    uint8_t index;              /* … with this, among units of one function (0 here) */
    struct sy_devset resources; /* every resource name it can be asked by */
    uint16_t share;             /* thousandths of its card that taking it takes */
    uint32_t link_mbps;         /* usable host link of the function, 0 = unknown */
    bool link_assumed; /* discovery told no rate: `link_mbps` is what the model usually has */
    uint32_t memory_bw_mbps, memory_mib; /* 0 = unknown */
    uint32_t tdp_mw, idle_mw;            /* 0 = unknown */
    /* Id of the place of each scope it lies in, -1 = none or unknown; comparable within one fabric
     * and scope. It is the index of the object that is the place. Slot: the first function of the
     * card; switch: the upstream port of the topmost switch, and below no switch the unit's place
     * of scope slot: a slot stands for the switch that is not there, so that a set within one slot
     * is also within one switch; root: the host bridge; any: 0. */
    int16_t place[SY_SCOPE_COUNT];
    int16_t pf; /* of a virtual function: unit of its physical function, -1 = none or unknown */
};

struct sy_card {
    struct sy_devset units;
    struct sy_pci_addr addr; /* lowest function */
    uint16_t capacity;       /* SY_WHOLE */
};

/* How two units are joined (symmetric; the diagonal is SLOT with the unit's own link). */
struct sy_pair {
    uint8_t pcie;       /* class over PCIe and the CPU: SLOT … UNKNOWN */
    uint8_t path;       /* the class that counts: the overlay's where there is one, else pcie */
    uint8_t cpu;        /* CPU side only: NODE (same NUMA node), SOCKET, SYS or UNKNOWN */
    uint32_t mbps;      /* MB/s one direction with nothing shared, 0 = unknown */
    uint32_t pcie_mbps; /* the same over PCIe, 0 = unknown, as always where `pcie` is UNKNOWN */
};

struct sy_fabric {
    unsigned refs; /* atomic */
    struct sy_arena *arena;
    struct sy_catalogue *catalogue; /* a reference */
    struct sy_digest digest;        /* of all that decisions and answers read */
    struct sy_inventory inv;
    uint16_t nunit, ncard;
    struct sy_unit *unit; /* ascending by (addr, index) */
    struct sy_card *card;
    struct sy_pair *pair; /* [a * nunit + b] */
    /* Per object of the inventory: */
    struct sy_devset *under;   /* units whose primary function is the object or below it */
    uint32_t *uplink_mbps;     /* capacity of the edge to its parent, MB/s one direction:
                                  0 = unknown or without limit of its own */
    struct sy_devset *overlay; /* per unit: units it has an overlay link to */
    uint16_t nnuma, npackage;  /* NUMA nodes with CPUs or devices, packages */
    uint32_t socket_mbps;      /* between two packages, 0 = unknown … */
    bool socket_assumed;       /* … and what the catalogue says is not verified by a source */
    struct sy_digest shape;    /* as digest, without the devices' names and vendor ids: what
                                  placement reads. Few in a cluster, where digests are many */
    const struct sy_fabric_inner *inner; /* topology/fabric_private.h */
};

/* Build a fabric from an inventory (copied) and a catalogue (a reference is taken). SY_EINVAL,
 * SY_ELIMIT (over SY_UNIT_MAX units), SY_ENOMEM. The result is one reference. */
SY_NODISCARD enum sy_code sy_fabric_build(const struct sy_inventory *inv, struct sy_catalogue *cat,
                                          struct sy_fabric **ret, struct sy_err *err);
struct sy_fabric *sy_fabric_ref(struct sy_fabric *fabric); /* thread-safe */
void sy_fabric_unref(struct sy_fabric *fabric);            /* thread-safe; takes NULL */

static inline const struct sy_pair *sy_fabric_pair(const struct sy_fabric *f, unsigned a,
                                                   unsigned b)
{
    return &f->pair[(size_t)a * f->nunit + b];
}
/* Unit with this function (primary or companion) and index; -1. */
int sy_fabric_unit_find(const struct sy_fabric *fabric, struct sy_pci_addr addr, unsigned index);
/* MB/s one direction from a unit to its host bridge with nothing shared, 0 = unknown. */
uint32_t sy_fabric_root_mbps(const struct sy_fabric *fabric, unsigned unit);
/* Lowest object that both lie below (or are). */
uint16_t sy_inventory_ancestor(const struct sy_inventory *inv, uint16_t a, uint16_t b);
/* Class of two PCI functions (object indices) over PCIe and the CPU. */
enum sy_path_class sy_fabric_path(const struct sy_fabric *fabric, uint16_t a, uint16_t b);
/* nvidia-smi's own word for a class: SLOT is PIX there, SOCKET is SYS. */
enum sy_path_class sy_path_smi(enum sy_path_class path);
const char *sy_path_name(enum sy_path_class path);
const char *sy_scope_name(enum sy_scope scope);
int sy_scope_find(const char *name); /* -1 */

#endif
