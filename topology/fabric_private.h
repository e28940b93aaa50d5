/* SPDX-License-Identifier: Apache-2.0 */
/* How sy_fabric_build works, step by step; for topology/fabric*.c and their tests only. Every step
 * reads the inventory and what the steps before it wrote into the fabric. */
#ifndef SY_TOPOLOGY_FABRIC_PRIVATE_H
#define SY_TOPOLOGY_FABRIC_PRIVATE_H

#include "topology/fabric.h"

/* Side of a link that a PCI-to-PCI bridge stands on. */
enum sy_port_kind {
    SY_PORT_NONE, /* no bridge */
    SY_PORT_ROOT, /* leads down from a host bridge */
    SY_PORT_UP,   /* a switch's link towards the CPU: its identity */
    SY_PORT_DOWN, /* one of a switch's links away from the CPU */
};

struct sy_port {
    uint8_t kind;         /* enum sy_port_kind */
    bool internal;        /* of a card, not of a switch */
    uint16_t chip;        /* switch: object index of the chip's topmost upstream port, else 0 */
    unsigned chip_number; /* the catalogue's, 0 = none */
};

/* CPU side of an object: object indices, -1 = unknown. */
struct sy_local {
    int16_t numa, package;
};

struct sy_fabric_inner {
    struct sy_port *port;      /* [nobj] */
    struct sy_local *local;    /* [nobj] */
    bool *vf;                  /* [nobj] a virtual function, by sysfs or catalogue */
    struct sy_pci_addr *owner; /* [nobj] of the function that tells its device: of a virtual one
                                  its physical one, where known; else its own */
    const struct sy_model *
        *model;        /* [nobj] of device functions, NULL = not known to the catalogue */
    uint8_t *role;     /* [nobj] enum sy_role, where model is set */
    uint16_t *unit_of; /* [nobj] unit + 1 that the function is part of, 0 = none */
};

/* fabric_ports.c: roles of bridges, switch chips, models of functions. */
SY_NODISCARD enum sy_code sy_fabric_find_ports(struct sy_fabric *f, struct sy_fabric_inner *in,
                                               struct sy_err *err);
/* fabric_local.c: NUMA node and package of every object; nnuma, npackage. */
SY_NODISCARD enum sy_code sy_fabric_find_locality(struct sy_fabric *f, struct sy_fabric_inner *in,
                                                  struct sy_err *err);
/* fabric_links.c: capacity of every edge. */
void sy_fabric_find_links(struct sy_fabric *f, const struct sy_fabric_inner *in);
/* Is the capacity of a function's edge its model's usual one, for want of any other word? */
bool sy_fabric_is_assumed(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t i);
/* fabric_units.c: units, without cards and places. */
SY_NODISCARD enum sy_code sy_fabric_find_units(struct sy_fabric *f, struct sy_fabric_inner *in,
                                               struct sy_err *err);
/* fabric_cards.c: cards and shares. */
SY_NODISCARD enum sy_code
sy_fabric_find_cards(struct sy_fabric *f, const struct sy_fabric_inner *in, struct sy_err *err);
/* fabric_pairs.c: the pair table, overlay links, places. */
SY_NODISCARD enum sy_code
sy_fabric_find_pairs(struct sy_fabric *f, const struct sy_fabric_inner *in, struct sy_err *err);
void sy_fabric_find_places(struct sy_fabric *f, const struct sy_fabric_inner *in);

/* fabric_path.c */
/* Are two functions of one device: of one bus and device number, or virtual functions below the
 * same bridge as the physical one, or a sibling? */
bool sy_path_same_device(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t a,
                         uint16_t b);
enum sy_path_class sy_path_of(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                              uint16_t a, uint16_t b);
/* How the CPU sides of two objects are joined: NODE, SOCKET, SYS or UNKNOWN. */
enum sy_path_class sy_path_cpu(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                               uint16_t a, uint16_t b);

/* Usable rate in MB/s of the link between a function or upstream port and the port above it (NULL:
 * none, or its rates say nothing about this link), 0 = unknown. `usual` is the model's default. */
uint32_t sy_link_usable(const struct sy_obj *obj, const struct sy_obj *port, uint32_t usual);

#endif
