/* SPDX-License-Identifier: Apache-2.0 */
/* Random nodes and pods. */
#ifndef SY_TESTS_PROPERTY_WORLDS_H
#define SY_TESTS_PROPERTY_WORLDS_H

#include "scoring/placement.h"
#include "tests/lib/fabric_builder.h"

struct world {
    struct sy_builder b;
    struct sy_request request;
    struct sy_profile profile;
    struct sy_room room;
};

/* A node of up to 12 devices and a pod; never more than `most_sets` sets, even when all is free. */
void world_make(struct world *w, struct sy_catalogue *cat, struct sy_dice *dice,
                uint64_t most_sets);
/* The same node with its objects in another order; units stay where they are in PCI order. */
void world_renumber(struct world *w, struct sy_dice *dice);
void world_done(struct world *w);

#endif
