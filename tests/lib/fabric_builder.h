/* SPDX-License-Identifier: Apache-2.0 */
/* Fabrics made by hand, without discovery or models: trees of sockets, NUMA nodes, host bridges,
 * switches and devices with whatever links, places and cards a test wants. */
#ifndef SY_TESTS_LIB_FABRIC_BUILDER_H
#define SY_TESTS_LIB_FABRIC_BUILDER_H

#include "scoring/policy.h"
#include "topology/node.h"

/* A sequence of numbers from a seed, the same on every machine. */
struct sy_dice {
    uint64_t state;
};
uint64_t sy_dice_roll(struct sy_dice *dice, uint64_t n); /* 0 … n - 1 */
bool sy_dice_chance(struct sy_dice *dice, unsigned percent);

struct sy_builder {
    struct sy_arena *arena;
    struct sy_catalogue *cat; /* borrowed */
    struct sy_fabric fabric;
    struct sy_usage usage;
};

/* Resources of the builder's catalogue: NAME.test/KIND for NAME arbitrary, preferred, steered and
 * KIND 0 … 3 (enum sy_kind), and NAME.test/any, which several kinds may have. One reference. */
struct sy_catalogue *sy_builder_catalogue(void);
unsigned sy_builder_resource(const struct sy_catalogue *cat, unsigned chooser, unsigned kind);
#define SY_BUILDER_ANY SY_KIND_COUNT

void sy_builder_init(struct sy_builder *b, struct sy_catalogue *cat);
void sy_builder_done(struct sy_builder *b);

/* Objects and units in the order of their index. A unit's resources: all three of its kind. */
uint16_t sy_builder_object(struct sy_builder *b, unsigned parent, enum sy_obj_type type,
                           uint32_t uplink_mbps);
uint16_t sy_builder_unit(struct sy_builder *b, unsigned obj, enum sy_kind kind);
/* Pairs, places, cards, `under` from the tree; call once when all units are there. Then change what
 * the test wants otherwise, and finish. */
void sy_builder_relate(struct sy_builder *b);
void sy_builder_link(struct sy_builder *b, unsigned a, unsigned c, uint8_t path, uint32_t mbps);
void sy_builder_share_card(struct sy_builder *b, unsigned a, unsigned c, uint16_t share);
void sy_builder_hold(struct sy_builder *b, unsigned unit, uint16_t holder);
void sy_builder_finish(struct sy_builder *b); /* the usage's sets follow */

/* sockets x switches x (kinds[0] units of kind 0, kinds[1] of kind 1 …): a regular machine, related
 * but not finished. */
void sy_builder_regular(struct sy_builder *b, unsigned sockets, unsigned switches,
                        const unsigned kinds[SY_KIND_COUNT]);

/* Weights as a default policy might have them. */
struct sy_profile sy_builder_profile(void);

#endif
