/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which unit: the kubelet's answer, its device ids mapped to the fabric's units. */
#ifndef SY_AGENT_HOLDERS_H
#define SY_AGENT_HOLDERS_H

#include "agent/kubelet/checkpoint.h"
#include "agent/kubelet/device_ids.h"
#include "agent/kubelet/pod_resources.h"
#include "agent/memory.h"

#define SY_UNIT_HOLDERS_MAX 64u /* of one unit; the limit of node documents */
#define SY_OFFERS_MAX 64u       /* resource names of one node */

struct sy_holding {
    uint16_t unit;
    const char *namespace_, *name, *container;
    const char *uid; /* NULL = unknown */
};

/* A resource and how many devices of it the kubelet may give out. */
struct sy_offer {
    const char *resource;
    unsigned allocatable;
};

/* Lives in the arena it was made in; so does the kubelet's answer, whose texts it borrows. */
struct sy_holdings {
    uint16_t held[SY_UNIT_MAX]; /* thousandths of each unit */
    size_t nholding;
    struct sy_holding *holding; /* ascending by unit, namespace, name, container; all differ */
    size_t noffer;
    struct sy_offer *offer; /* ascending by name */
    bool knows_offered;
    struct sy_devset offered;   /* units that the kubelet may give out, wholly or in part */
    unsigned unmapped;          /* ids that may be ours and could not be mapped */
    const char *unmapped_first; /* the first of them, and why; NULL = none */
};

/* Map an answer. Equal answers in any order give equal results. An id held by several containers
 * counts once; a part of unknown size counts as the whole. Resources that neither the catalogue
 * knows nor any id of maps to a unit are none of ours. `checkpoint` may be NULL. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_holders_map(const struct sy_fabric *fabric,
                                         const struct sy_pod_resources *answer,
                                         const struct sy_device_ids *ids, struct sy_memory *memory,
                                         const struct sy_checkpoint *checkpoint,
                                         struct sy_arena *arena, struct sy_holdings **ret,
                                         struct sy_err *err);

#endif
