/* SPDX-License-Identifier: Apache-2.0 */
/* The node's hardware as it is published: scanned, settled, with what was lost kept. */
#ifndef SY_AGENT_MACHINE_H
#define SY_AGENT_MACHINE_H

#include "agent/config.h"
#include "agent/keep.h"
#include "agent/links.h"
#include "agent/log.h"
#include "agent/vendor.h"

struct sy_machine {
    const struct sy_agent_config *config;
    struct sy_catalogue *catalogue; /* a reference */
    struct sy_vendor *vendor;       /* borrowed */
    int root;                       /* open folder that holds sys/ */
    struct sy_fabric *fabric;       /* NULL until the first scan */
    struct sy_device_ids *ids;      /* of that fabric */
    struct sy_digest content;       /* of all that is published of it */
    struct sy_lost lost;
    struct sy_links links;
    struct sy_digest tree; /* at the last scan that succeeded */
    bool failed;           /* the last scan did */
    struct sy_arena *restored_arena;
    struct sy_inventory restored; /* of our predecessor, until the next scan; when the arena is */
    struct sy_agent_said said_kubelet, said_merge;
};

/* Loads the catalogue; no scan yet. What the catalogue's and the root's errors are. */
SY_NODISCARD enum sy_code sy_machine_init(struct sy_machine *machine,
                                          const struct sy_agent_config *config,
                                          struct sy_vendor *vendor, struct sy_err *err);
void sy_machine_done(struct sy_machine *machine);
/* Is a scan worthwhile? True also when that cannot be told. */
bool sy_machine_changed(struct sy_machine *machine);
/* Scan. *ret_changed: `fabric` and `ids` are others than before. On failure all stays. */
SY_NODISCARD enum sy_code sy_machine_scan(struct sy_machine *machine, bool *ret_changed,
                                          struct sy_err *err);
/* What our predecessor published: devices of it that are gone are lost, when the machine has not
 * been started since. Counts at the next scan. Takes over the arena, in which `inv` lives. */
void sy_machine_restore(struct sy_machine *machine, const struct sy_inventory *inv,
                        struct sy_arena *arena);

#endif
