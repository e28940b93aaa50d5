/* SPDX-License-Identifier: Apache-2.0 */
/* Making a usage: an empty one, filled by who knows (a document's reader, the ledger), then
 * finished. */
#ifndef SY_TOPOLOGY_USAGE_H
#define SY_TOPOLOGY_USAGE_H

#include "topology/node.h"

#define SY_HOLDERS_MAX 4096u              /* holders of one node's devices */
#define SY_COUNTED_MAX (SY_UNIT_MAX + 1u) /* of one resource: more than any node has */

/* All free and healthy, nothing told; room for `nholder` holders, none there yet. Texts go into its
 * arena. Free with sy_usage_unref, also when half filled. SY_ENOMEM; SY_ELIMIT: more than
 * SY_HOLDERS_MAX. */
SY_NODISCARD enum sy_code sy_usage_begin(const struct sy_fabric *fabric, size_t nholder,
                                         struct sy_usage **ret, struct sy_err *err);
/* Compute what follows from the units' state: free, healthy, digest. */
void sy_usage_finish(const struct sy_fabric *fabric, struct sy_usage *usage);
/* Take over what is told of the node as a whole (times, power, strays) and of each unit but who
 * holds it: health, caps, watts. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_usage_copy_facts(const struct sy_usage *from, struct sy_usage *to,
                                              struct sy_err *err);
/* Add a copy of a holder behind the others; SY_ENOMEM. There must be room. */
SY_NODISCARD enum sy_code sy_usage_add_holder(struct sy_usage *usage,
                                              const struct sy_holder *holder, struct sy_err *err);
/* Set what is held of each resource of the catalogue, nobody knows which devices: SY_RESOURCE_MAX
 * counts, each at most SY_COUNTED_MAX. For mode COUNTS. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_usage_set_counted(struct sy_usage *usage, const uint16_t *count,
                                               struct sy_err *err);
/* Add to a count, no further than SY_COUNTED_MAX. */
static inline uint16_t sy_counted_add(uint16_t count, unsigned more)
{
    return (uint16_t)(more < SY_COUNTED_MAX - count ? count + more : SY_COUNTED_MAX);
}
/* Index + 1 of the first holder that is the same pod as holder `i`. */
uint16_t sy_usage_group(const struct sy_usage *usage, uint16_t i);
/* The sets that follow from the units' state. */
void sy_usage_sets(const struct sy_fabric *fabric, const struct sy_usage *usage,
                   struct sy_devset *ret_free, struct sy_devset *ret_healthy);
struct sy_digest sy_usage_digest(const struct sy_usage *usage);

#endif
