/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a node's PCI tree are to people: which bridges make a switch, how far below its
 * best a link runs. For drawings; placement reads edges and places alone. */
#ifndef SY_TOPOLOGY_FABRIC_ROLES_H
#define SY_TOPOLOGY_FABRIC_ROLES_H

#include "topology/fabric.h"

/* X(id, name) */
#define SY_BRIDGE_PARTS(X)                                                                         \
    X(NONE, "bridge")         /* no bridge */                                                      \
    X(ROOT_PORT, "root port") /* leads down from a host bridge */                                  \
    X(SWITCH, "switch")       /* topmost upstream port of a switch chip: its identity */           \
    X(INNER, "switch port")   /* another port of a chip that stands above */                       \
    X(CARD, "card bridge")    /* a card's own */
enum sy_bridge_part {
#define X(id, name) SY_BRIDGE_PART_##id,
    SY_BRIDGE_PARTS(X)
#undef X
        SY_BRIDGE_PART_COUNT
};

enum sy_bridge_part sy_fabric_bridge_part(const struct sy_fabric *fabric, uint16_t obj);
const char *sy_bridge_part_name(enum sy_bridge_part part);
/* A virtual function, by sysfs or catalogue. */
bool sy_fabric_is_vf(const struct sy_fabric *fabric, uint16_t obj);

/* The link above a function or bridge, both its ends taken together. 0 = unknown. */
struct sy_link_state {
    uint32_t usable_mbps; /* as the fabric has it: an idle link counts with its maximum */
    uint32_t best_mbps;   /* what both ends can do, else what the model usually has */
    uint32_t now_mbps;    /* as it was read: an idle link is slow */
    uint8_t width;        /* lanes now, else at most */
    uint8_t best_width;   /* lanes that both ends have */
    bool assumed;         /* nobody told: the model's usual rate */
    bool best_is_usual;   /* so is the best one */
};
/* Of an object; the link above a card's own bridges counts as the card's. */
struct sy_link_state sy_fabric_link_state(const struct sy_fabric *fabric, uint16_t obj);
/* Does it run below its best? Two readings of one rate may differ by one in a hundred. */
static inline bool sy_link_is_below(const struct sy_link_state *link)
{
    return link->usable_mbps != 0 &&
           (uint64_t)link->usable_mbps * 100 < (uint64_t)link->best_mbps * 99;
}

#endif
