/* SPDX-License-Identifier: Apache-2.0 */
/* What the PCIe links of a node can do now, without what comes and goes: links slow down to 2.5 or
 * 5 GT/s when idle, at full width. A loss that lasts belongs into the inventory; pure. */
#ifndef SY_AGENT_LINKS_H
#define SY_AGENT_LINKS_H

#include "topology/inventory.h"

/* Another state of a link must be seen by so many scans (10 s each) in a row before it counts:
 * retraining takes seconds, and each change of the inventory makes every reader work. */
#define SY_LINK_SCANS 3u

/* One end of a link: an object of the inventory that has a link upward. */
struct sy_link_end {
    struct sy_pci_addr addr;
    uint8_t width;      /* lanes that count, 0 = unknown */
    uint32_t mbps;      /* rate that counts, 0 = unknown */
    uint8_t next_width; /* what the last scans saw instead … */
    uint32_t next_mbps;
    uint8_t next_scans; /* … and how many of them in a row */
};

struct sy_links {
    size_t n, size;
    struct sy_link_end *end; /* ascending by address */
};

/* The state of a link to its port (NULL or another kind of object: none), as far as it says what
 * the link can do: an idle rate stands for the full one. Both 0 = unknown. */
void sy_link_state(const struct sy_obj *obj, const struct sy_obj *port, uint8_t *ret_width,
                   uint32_t *ret_mbps);
/* Does the state fall short of what both ends can do? */
bool sy_link_degraded(const struct sy_obj *obj, const struct sy_obj *port, uint8_t width,
                      uint32_t mbps);

/* Take in a scan, and write the states that count into its objects (`inv` is changed). Ends that
 * are no longer there are forgotten. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_links_settle(struct sy_links *links, struct sy_inventory *inv,
                                          struct sy_err *err);
void sy_links_done(struct sy_links *links);

#endif
