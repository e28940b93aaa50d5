/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices of one node a pod gets: the best set, what to expect, the worst. Deterministic; the
 * budget is in steps. */
#ifndef SY_SCORING_PLACEMENT_H
#define SY_SCORING_PLACEMENT_H

#include "scoring/value.h"

/* Why a node has no set. */
enum sy_fit {
    SY_FIT_YES,
    SY_FIT_NO_RESOURCE,     /* never: the node has no device of a resource */
    SY_FIT_TOO_FEW,         /* never: fewer devices than asked for, in whole */
    SY_FIT_UNHEALTHY,       /* busy: enough devices, not enough healthy ones */
    SY_FIT_HELD,            /* busy: enough healthy devices, too few free */
    SY_FIT_REQUIRE_NEVER,   /* never: no set of all its devices meets `require` */
    SY_FIT_REQUIRE_BUSY,    /* busy: some set of all its devices does, no free one */
    SY_FIT_BANDWIDTH_NEVER, /* the same for min-bandwidth */
    SY_FIT_BANDWIDTH_BUSY,
    SY_FIT_NOT_GUARANTEED_NEVER, /* require-guaranteed: some set the node may give fails, even when
                                    empty */
    SY_FIT_NOT_GUARANTEED_BUSY,
    SY_FIT_REQUIRE_UNKNOWN, /* no set of all its devices meets `require` or min-bandwidth, but for
                               some nobody knows: a NUMA node, a package, a rate */
    SY_FIT_COUNT
};

struct sy_outcome {
    struct sy_devset pick[SY_ENTRY_MAX]; /* per entry; for `expected` unused */
    struct sy_value value;               /* expected: means, rounded half up */
    uint16_t total;                      /* 0..1000 by the profile */
};

struct sy_placement {
    uint8_t fit; /* enum sy_fit; nothing below holds unless SY_FIT_YES */
    struct sy_outcome best, expected, worst;
    bool best_exact;     /* proved best; else best found, and `bound` */
    uint16_t bound;      /* no set has a higher total */
    bool expected_exact; /* counted over all sets; else estimated over a deterministic sample */
    bool worst_exact;
    bool certain;              /* every set that the node may give meets the requirements */
    uint16_t likely;           /* of the sets that the node may give, thousandths that meet them */
    bool power_varies;         /* sets differ in watts, or in whether all are known: the room was
                                  part of the search */
    int64_t least_mw, most_mw; /* watts over all sets, of what is known: lower bounds where power
                                  is unknown */
    uint32_t steps;            /* sets evaluated */
};

/* Does the pod's request need a search at all to be filtered (require, min-bandwidth)? */
bool sy_placement_must_search(const struct sy_request *request, bool strict);

/* Counts only (no search): SY_FIT_YES … SY_FIT_HELD. What the usage has counted as held takes its
 * devices beside the request: where not both find theirs, it is HELD. */
enum sy_fit sy_placement_count(const struct sy_fabric *fabric, const struct sy_usage *usage,
                               const struct sy_request *request);

/* The whole answer. `strict`: requirements are in force. `room`: see value.h. `arena` for scratch.
 * SY_ENOMEM (also the arena's limit). */
SY_NODISCARD enum sy_code
sy_placement_find(const struct sy_fabric *fabric, const struct sy_usage *usage,
                  const struct sy_request *request, bool strict, const struct sy_profile *profile,
                  const struct sy_room *room, uint32_t budget_steps, struct sy_arena *arena,
                  struct sy_placement *ret, struct sy_err *err);
/* Only whether some free set (and, when guaranteed, every one that the node may give) meets the
 * requirements; where too few are free, whether all devices ever could. The profile says which set
 * a steered or preferred resource gives. */
SY_NODISCARD enum sy_code sy_placement_feasible(const struct sy_fabric *fabric,
                                                const struct sy_usage *usage,
                                                const struct sy_request *request,
                                                const struct sy_profile *profile,
                                                uint32_t budget_steps, struct sy_arena *arena,
                                                enum sy_fit *ret, struct sy_err *err);
/* Give a placement whose power does not vary the POWER terms and totals of another room. */
void sy_placement_apply_room(struct sy_placement *placement, const struct sy_profile *profile,
                             const struct sy_room *room);
/* The same for LEFTOVER, where what the workload loses takes its place: alike for all sets. */
void sy_placement_apply_leftover(struct sy_placement *placement, const struct sy_profile *profile,
                                 uint16_t leftover);

#endif
