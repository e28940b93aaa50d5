/* SPDX-License-Identifier: Apache-2.0 */
/* When arrivals stop fitting: a copy of the plan is filled with them, and the number that fits
 * becomes an interval of time. */
#ifndef SY_PLANNER_REPORT_GROWTH_H
#define SY_PLANNER_REPORT_GROWTH_H

#include "planner/plan/capacity.h"
#include "planner/report/report.h"
#include "planner/whatif/template.h"

#define SY_GROWTH_PLACED_MAX 20000u /* pods placed in one filling */
#define SY_GROWTH_Z 1.645           /* 90 of 100 Poisson counts lie within mean ± z·√mean */

/* Pods that arrive, as the report's options say, with the shape found. */
struct sy_growth_arrival {
    const struct sy_capacity_shape *shape;
    double per_day, spread;
};
struct sy_growth {
    const struct sy_growth_arrival *arrival;
    size_t n;
    int64_t horizon_days;
};

/* How many of each arrival still fit, all of them arriving in turn at their rates. */
struct sy_growth_left {
    uint64_t pods;
    bool at_least; /* the horizon, or the most that is counted, came before the end */
};
/* left[growth->n]. The plan is not changed. SY_ENOMEM and what placing gives. */
SY_NODISCARD enum sy_code sy_growth_fill(struct sy_plan *plan, const struct sy_growth *growth,
                                         struct sy_arena *arena, struct sy_growth_left *left,
                                         struct sy_err *err);

/* Days from now until the first pod that does not fit: between *early and *late with 90 % (Poisson
 * arrivals at a rate within per_day ± spread). INFINITY: not within any time that follows. */
struct sy_growth_interval {
    double early_days, late_days;
};
struct sy_growth_interval sy_growth_when(const struct sy_growth_arrival *arrival, uint64_t pods);

/* "SHAPE=RATE/day", "SHAPE=RATE/day±SPREAD" (or +-SPREAD; SPREAD is a number or N%); also /week and
 * /hour. The shape's text goes to the arena. SY_EUSAGE. */
SY_NODISCARD enum sy_code sy_growth_parse(const char *text, struct sy_arena *arena,
                                          struct sy_arrival *ret, struct sy_err *err);

/* A way to get more room for one shape. */
struct sy_way {
    const char *kind; /* "move-pods", "raise-cap", "buy-node" */
    const char *what; /* "move 3 pods", "raise rack-1", a template's name; in the arena */
    uint64_t slots;   /* for the shape, with it */
    struct sy_growth_left *left;                /* [growth.n]; NULL without arrivals */
    uint32_t moves;                             /* never 0 of "move-pods" */
    int64_t watts_mw;                           /* more than today; SY_UNKNOWN_MW */
    int64_t limit_mw;                           /* new, of the one element; SY_UNKNOWN_MW */
    int64_t price_milli, rack_units, lead_days; /* -1 = not told, or none */
    const char *currency;
    const char *const *move; /* "ns/pod: node-1 → node-2" */
};
struct sy_ways {
    size_t n;
    struct sy_way *way; /* in the arena */
};

/* ways_cap.c: raises limits of `now`, as far as that gives slots: of a domain (its index), of all
 * nodes (-1), of everything (-2). It sets ret's slots, watts_mw and limit_mw. *ret_plan: a copy
 * with the new limits, the caller's; NULL when there are no more than `slots`. */
SY_NODISCARD enum sy_code sy_ways_cap(const struct sy_plan *plan, const struct sy_capacity *now,
                                      const struct sy_state_pod *shape, int64_t index,
                                      uint64_t slots, struct sy_plan **ret_plan, struct sy_way *ret,
                                      struct sy_err *err);

/* All ways for a shape, compared on copies of the plan: moves and caps that give more slots, and
 * every template. A cap is raised by the watts that its gain takes, found by counting. */
SY_NODISCARD enum sy_code sy_ways_find(struct sy_plan *plan, const struct sy_capacity *now,
                                       size_t shape, const struct sy_growth *growth,
                                       const struct sy_template *template_, size_t ntemplate,
                                       struct sy_arena *arena, struct sy_ways *ret,
                                       struct sy_err *err);

/* ways_move.c: moves small pods so that one more of the shape fits, again and again while that
 * helps, on *plan. */
SY_NODISCARD enum sy_code sy_ways_move(struct sy_plan **plan, const struct sy_state_pod *shape,
                                       uint64_t slots, struct sy_arena *arena, struct sy_way *way,
                                       struct sy_err *err);

#endif
