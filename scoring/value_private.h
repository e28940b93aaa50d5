/* SPDX-License-Identifier: Apache-2.0 */
/* What the value function prepares once per (fabric, usage, request, profile). Units are numbered
 * here among the candidates only, in the fabric's order ("local"). scoring/PLACEMENT.md defines
 * every term. */
#ifndef SY_SCORING_VALUE_PRIVATE_H
#define SY_SCORING_VALUE_PRIVATE_H

#include "scoring/value.h"

/* Bits of `flags` beside those of enum sy_unknown. */
#define SY_VALUE_OVERLAY (UINT32_C(1) << 16) /* an overlay link joins the pair */
#define SY_VALUE_PCIE (UINT32_C(1) << 17)    /* none does */
/* A pair shares a known place of the scope; may share one, for all that is known. Set for the
 * scopes that requirements read. */
#define SY_VALUE_SHARES(scope) (UINT32_C(1) << (20 + (scope)))
#define SY_VALUE_MAY_SHARE(scope) (UINT32_C(1) << (25 + (scope)))
#define SY_VALUE_UNKNOWNS ((UINT32_C(1) << SY_UNKNOWN_COUNT) - 1)
#define SY_VALUE_NO_LIMIT UINT32_MAX
#define SY_VALUE_POSITIONS 64u /* larger sets count crossings the slow way */
/* Each scope's groups are disjoint, those of one kind too; overlay groups are disjoint. */
#define SY_VALUE_GROUP_MAX (SY_SCOPE_COUNT * SY_UNIT_MAX)

/* A pair of local units. */
struct sy_value_cell {
    uint64_t weights; /* of the path (low half) and the CPU side (high half) */
    uint32_t mbps;    /* own rate and what unshared edges leave, SY_VALUE_NO_LIMIT = unknown */
    uint32_t flags;
};

/* A place of the PCIe tree that holds two or more candidates; chains are one node. */
struct sy_value_node {
    uint16_t parent; /* 0: the root, which holds all */
    uint16_t size;
    const uint32_t *share; /* MB/s for each of 1 … devices that cross its edge, NULL = no limit */
    struct sy_devset below; /* local */
};

/* Units that are whole and free today, by their candidates. */
struct sy_value_group {
    uint32_t weight;
    struct sy_devset member; /* local */
};

struct sy_value_list { /* of small numbers per local unit: item[first[u]] … item[first[u + 1] - 1]
                        */
    uint16_t *first, *item;
};

/* Who may be picked. `free`: what LEFTOVER counts; `ignore_held`: as if nobody held anything. */
struct sy_value_scene {
    struct sy_devset pool[SY_ENTRY_MAX]; /* per entry, of the fabric's units */
    struct sy_devset free;
    bool ignore_held;
    bool maybe;            /* requirements: what is unknown may be as they want it */
    const uint16_t *order; /* candidates in this order instead of the fabric's; NULL */
};

struct sy_value_context {
    const struct sy_fabric *fabric;
    const struct sy_usage *usage;
    const struct sy_request *request;
    const struct sy_profile *profile;
    const struct sy_room *room; /* NULL: POWER is neutral */
    struct sy_value_scene scene;
    uint32_t want;      /* units of the request */
    uint32_t weight;    /* sum of the profile's term weights */
    uint16_t preferred; /* bits of entries whose own pairs are summed in `own` */
    uint16_t n, nnode, ngroup;
    int16_t widest;       /* scope of the requirements, -1 = there are none */
    bool has_overlay;     /* some pair of candidates has an overlay link */
    bool memory_differs;  /* within an entry */
    bool watts_differ;    /* sets may differ in watts */
    bool cards_bind;      /* not every pick of candidates leaves each card its share */
    uint16_t memory_term; /* when it does not differ */
    uint16_t *unit;       /* local → fabric's unit */
    uint16_t *eligible;   /* bits of the entries it may serve */
    uint16_t *node;       /* innermost node that holds it */
    uint16_t *memory;     /* score, 0..1000; SY_NO_MEMORY = its kind has none */
    uint16_t *card, *share, *card_left; /* card_left: thousandths, by card */
    int16_t *pf;                        /* local unit of its physical function, -1 */
    uint32_t *flags;
    uint32_t *alone_mbps, *link_mbps; /* to the host bridge: shared with others, and all its own */
    uint64_t *degree;                 /* path weights to all other free units */
    int64_t *watts;
    struct sy_value_cell *cell; /* [a * n + b] */
    struct sy_value_node *tree;
    struct sy_value_group *group;
    struct sy_value_list node_of, group_of; /* nodes with a limit, groups that it breaks */
    uint64_t group_total, degree_total;     /* of the whole node, nothing taken */
};
#define SY_NO_MEMORY UINT16_MAX

/* value_context.c. Everything lies in `arena`. */
SY_NODISCARD enum sy_code
sy_value_context_build(const struct sy_fabric *fabric, const struct sy_usage *usage,
                       const struct sy_request *request, const struct sy_profile *profile,
                       const struct sy_value_scene *scene, struct sy_arena *arena,
                       struct sy_value_context **ret, struct sy_err *err);
/* Pools of the free units of each entry's resource. */
void sy_value_scene_init(const struct sy_fabric *fabric, const struct sy_usage *usage,
                         const struct sy_request *request, struct sy_value_scene *ret);
/* The same as if every device were healthy and nobody held one. */
void sy_value_scene_whole(const struct sy_fabric *fabric, const struct sy_request *request,
                          struct sy_value_scene *ret);
/* value_links.c: tree, cells' rates, alone_mbps. value_groups.c: groups, degrees. */
SY_NODISCARD enum sy_code sy_value_find_links(struct sy_value_context *c, struct sy_arena *arena,
                                              struct sy_err *err);
SY_NODISCARD enum sy_code sy_value_find_groups(struct sy_value_context *c, struct sy_arena *arena,
                                               struct sy_err *err);
/* Per unit, in which of `nset` sets of local units it is; the sets lie `stride` bytes apart. */
SY_NODISCARD enum sy_code sy_value_list_make(struct sy_value_list *list, uint16_t n,
                                             const struct sy_devset *set, size_t stride,
                                             size_t nset, struct sy_arena *arena,
                                             struct sy_err *err);
/* Local number of a fabric's unit, -1 when it is no candidate. */
int sy_value_local(const struct sy_value_context *c, unsigned unit);

/* A rate of a reference rate, 0..1000. */
uint16_t sy_value_scaled(uint32_t mbps, uint32_t reference_mbps);

static inline const struct sy_value_cell *sy_value_cell_of(const struct sy_value_context *c,
                                                           unsigned a, unsigned b)
{
    return &c->cell[(size_t)a * c->n + b];
}
static inline uint64_t sy_value_path(uint64_t weights)
{
    return weights & UINT32_MAX;
}
static inline uint64_t sy_value_cpu(uint64_t weights)
{
    return weights >> 32;
}

#endif
