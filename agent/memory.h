/* SPDX-License-Identifier: Apache-2.0 */
/* Which device an id stood for when it could be mapped last: of a lost device nothing on the
 * machine tells it any more, yet its pods still hold it. */
#ifndef SY_AGENT_MEMORY_H
#define SY_AGENT_MEMORY_H

#include "agent/kubelet/device_ids.h"

#define SY_MEMORY_MAX 2048u /* ids; further ones are not remembered */

struct sy_memory_entry {
    uint64_t key; /* hash of resource and id */
    struct sy_pci_addr addr;
    uint8_t index;
    uint16_t share;
};

/* Starts zeroed. */
struct sy_memory {
    size_t n, size;
    struct sy_memory_entry *entry;
};

/* As sy_device_ids_find, which is asked first. Out of memory, ids are not remembered. */
void sy_memory_find(struct sy_memory *memory, const struct sy_fabric *fabric,
                    const struct sy_device_ids *ids, const char *resource, const char *id,
                    struct sy_device_place *ret);
void sy_memory_done(struct sy_memory *memory);

#endif
