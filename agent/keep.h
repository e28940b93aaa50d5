/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory that is published: the last scan, and what it no longer shows but an earlier scan
 * of the same boot did. A device that vanished is "lost", not absent: its pods still hold it, and
 * nobody took it out on purpose. A new boot begins anew. Pure. */
#ifndef SY_AGENT_KEEP_H
#define SY_AGENT_KEEP_H

#include "topology/fabric.h"

#define SY_LOST_MAX SY_UNIT_MAX

struct sy_lost {
    size_t n;
    struct sy_pci_addr addr[SY_LOST_MAX]; /* functions that pods can be given, ascending */
};

/* Merge `scan` with what is kept of `before` (NULL: nothing yet), and leave out what no device that
 * pods can be given depends on (the dozens of functions of a CPU's own units, and bridges above
 * nothing of ours): the rest keeps its places and rates. Kept are functions that `cat` knows, and
 * the bridges above them, when the boot id is the same (both known); a virtual function whose
 * physical one is still there was removed on purpose and goes. Equal trees come out in one order,
 * whatever was lost. *ret lives in the arena, texts of
 * all three may be shared; it has passed sy_inventory_check. SY_EINVAL: what was lost no longer
 * fits into the tree (buses were renumbered): start with `before` NULL. SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_keep_merge(const struct sy_inventory *before,
                                        const struct sy_inventory *scan,
                                        const struct sy_catalogue *cat, struct sy_arena *arena,
                                        struct sy_inventory *ret, struct sy_lost *ret_lost,
                                        struct sy_err *err);

#endif
