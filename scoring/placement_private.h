/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the search: symmetry, enumeration, bound, sample, feasibility. */
#ifndef SY_SCORING_PLACEMENT_PRIVATE_H
#define SY_SCORING_PLACEMENT_PRIVATE_H

#include "scoring/placement.h"
#include "scoring/value_state.h"

__extension__ typedef unsigned __int128 sy_wide; /* sums over up to 2^54 sets */
#define SY_SETS_MAX (UINT64_C(1) << 54)          /* more sets than this are not counted exactly */

/* One question, as sy_placement_find was asked it. */
struct sy_task {
    const struct sy_fabric *fabric;
    const struct sy_usage *usage;
    const struct sy_request *request;
    const struct sy_profile *profile;
    const struct sy_room *room;
    bool strict;
    uint32_t budget;
    struct sy_arena *arena;
};

/* Interchangeable blocks of units: the rows of a block may not be chosen higher than the same rows
 * of the block before it, as long as the two are equal so far. One slot per unit and class that it
 * is in, but for a class's first block. */
struct sy_slot {
    uint16_t unit, before; /* the same row of the block before */
    int32_t above;         /* slot of the row above, -1 = first row */
    uint16_t order;        /* of its block in the class, from 1 */
    uint16_t block;        /* the block before it is block - 1 */
    bool last;             /* last row of the block */
};

struct sy_symmetry {
    uint32_t nslot, nblock;
    struct sy_slot *slot;
    uint32_t *first, *of; /* slots of each unit: of[first[u]] … of[first[u + 1] - 1] */
};

/* placement_symmetry.c */
SY_NODISCARD enum sy_code sy_symmetry_find(const struct sy_value_context *c, bool wanted,
                                           struct sy_arena *arena, struct sy_symmetry *ret,
                                           struct sy_err *err);
/* placement_order.c: the candidates in the order of the tree, so that siblings that hold the same
 * in another PCI order can be exchanged too. NULL: no memory. */
const uint16_t *sy_order_by_tree(const struct sy_value_context *c, struct sy_arena *arena);

/* A set that was worth remembering. */
struct sy_found {
    bool any;
    uint64_t key;
    struct sy_devset pick[SY_ENTRY_MAX]; /* of the fabric's units */
};

/* Means over the sets that the node may give. */
struct sy_tally {
    bool any;
    uint64_t own; /* the best that preferred resources can have; lesser sets do not count */
    uint64_t sets, meeting, with_mbps;
    sy_wide term[SY_TERM_COUNT], mbps, watts;
    uint32_t unknown;
    struct sy_found worst;
};

struct sy_search;
typedef void sy_visit_fn(struct sy_search *search, uint64_t weight);

/* A walk over all sets, one of each class of interchangeable ones, in the order of preference
 * between equals: the set that has the lowest unit first; of two that have it, the one that has it
 * in the lower entry. */
struct sy_search {
    const struct sy_value_context *c;
    struct sy_value_state *s;
    struct sy_symmetry symmetry;
    bool strict, prune;           /* prune: leave sets that cannot meet the requirements any more */
    bool stopped;                 /* budget used up, or the visitor has seen enough */
    uint32_t steps, budget, left; /* left: units yet to pick */
    uint64_t moves, most_moves;   /* picks tried, dead ends included */
    uint16_t need[SY_ENTRY_MAX];
    uint16_t *supply; /* [unit * SY_ENTRY_MAX + entry]: candidates from this unit on */
    uint8_t *choice;  /* per unit: 0 = not picked, else nentry - entry */
    bool *tied;       /* per slot: equal to the block before, down to this row */
    bool *sure;       /* per slot, looking ahead: equal whatever is chosen */
    uint8_t *most;    /* per unit, looking ahead: highest choice */
    uint16_t *run;    /* per block: how many equal ones it ends */
    uint16_t *card_left;
    sy_visit_fn *visit;
    struct sy_found best;
    struct sy_tally tally;
    bool count_tally;
    int64_t least_mw, most_mw;
    bool watts_whole, watts_partial; /* some set's are: known of all its units, of some */
};

/* placement_enumerate.c */
SY_NODISCARD enum sy_code sy_search_init(struct sy_search *x, const struct sy_value_context *c,
                                         bool strict, uint32_t budget, struct sy_arena *arena,
                                         struct sy_err *err);
void sy_search_run(struct sy_search *x);                                 /* visit every set */
bool sy_search_take(struct sy_search *x, unsigned unit, unsigned entry); /* false: card is full */
void sy_search_drop(struct sy_search *x);
/* As take, for a choice between equals; 0 when an interchangeable set stands for this one. */
uint64_t sy_search_settle(struct sy_search *x, unsigned unit, unsigned choice, uint64_t weight);
bool sy_search_supplied(const struct sy_search *x, unsigned from); /* can the rest still be met? */
void sy_search_weigh(struct sy_search *x, uint64_t weight);        /* visitor: best, tally, watts */
void sy_search_stop(struct sy_search *x, uint64_t weight);         /* visitor: one is enough */
bool sy_search_keep(const struct sy_search *x, struct sy_found *found, uint64_t key);
/* Number of sets, disjointness and cards left aside; UINT64_MAX when it does not fit. */
uint64_t sy_search_sets(const struct sy_value_context *c);

/* placement_bound.c: the best set by branch and bound; *ret_bound: no set has a higher weighted
 * sum. */
SY_NODISCARD enum sy_code sy_bound_run(struct sy_search *x, struct sy_arena *arena,
                                       uint64_t *ret_bound, struct sy_err *err);

/* The first set, in the order of preference between equals, whose key is that of x->best; stopped,
 * and x->best stays what it is, when the budget does not suffice to find it. */
SY_NODISCARD enum sy_code sy_bound_first(struct sy_search *x, struct sy_arena *arena,
                                         struct sy_err *err);

/* placement_sample.c: fill the tally from a deterministic sample; least and most watts by counting,
 * cards and shared units left aside. */
SY_NODISCARD enum sy_code sy_sample_run(struct sy_search *x, uint32_t samples,
                                        struct sy_arena *arena, struct sy_err *err);
void sy_sample_watts(struct sy_search *x);

/* placement_count.c: can every entry have its count from its pool? `usage` NULL: held by nobody. */
struct sy_pools {
    const struct sy_fabric *fabric;
    const struct sy_usage *usage;
    const struct sy_request *request;
    struct sy_devset pool[SY_ENTRY_MAX];
    bool maybe; /* an unknown NUMA node or package may be the one that is asked for */
};
bool sy_pools_fill(const struct sy_pools *pools);
/* As sy_placement_count, without what is held nobody knows where. */
enum sy_fit sy_placement_count_named(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                     const struct sy_request *request);
/* The same with the places that the requirements ask for. */
bool sy_pools_lie(const struct sy_pools *pools);

#endif
