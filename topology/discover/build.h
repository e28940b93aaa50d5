/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory being put together: objects in the order in which they are met (a parent before its
 * children), links in any order and any number of times. Grows on the heap, ends in the arena. */
#ifndef SY_TOPOLOGY_DISCOVER_BUILD_H
#define SY_TOPOLOGY_DISCOVER_BUILD_H

#include "topology/inventory.h"

struct sy_build {
    struct sy_arena *arena; /* where texts go at once, and the arrays at the end */
    size_t nobj, size;
    struct sy_obj *obj; /* moves when it grows: keep indices */
    size_t nlink, link_size;
    struct sy_link *link;
};

/* Begin with the Machine as object 0. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_build_init(struct sy_build *build, struct sy_arena *arena,
                                        struct sy_err *err);
void sy_build_done(struct sy_build *build);

/* A copy of `obj` as a new object. SY_ELIMIT at SY_OBJ_MAX, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_build_obj(struct sy_build *build, const struct sy_obj *obj,
                                       uint16_t *ret_index, struct sy_err *err);
/* The host bridge of a root bus below `parent`, made when it is not there yet. */
SY_NODISCARD enum sy_code sy_build_host(struct sy_build *build, uint16_t parent, uint32_t domain,
                                        uint8_t bus, uint16_t *ret_index, struct sy_err *err);
/* A link between two objects. Given again, the known rate wins over the unknown one, and of two
 * known ones the lower (the two directions of one link). a == b is ignored. */
SY_NODISCARD enum sy_code sy_build_link(struct sy_build *build, uint16_t a, uint16_t b,
                                        enum sy_link_type type, uint64_t mbps, struct sy_err *err);
/* `text` in the arena; NULL and "" give NULL. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_build_text(struct sy_build *build, const char *text, const char **ret,
                                        struct sy_err *err);
/* Object of a PCI address (bridge or device), -1 when there is none. */
int sy_build_find(const struct sy_build *build, struct sy_pci_addr addr);

/* Move objects and links into *ret, whose texts the caller has set, and check it.
 * SY_EINVAL, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_build_finish(struct sy_build *build, struct sy_inventory *ret,
                                          struct sy_err *err);

#endif
