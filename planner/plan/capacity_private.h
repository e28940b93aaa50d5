/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capacity*.c: filling nodes with one shape, and devices that no filling uses. */
#ifndef SY_PLANNER_PLAN_CAPACITY_PRIVATE_H
#define SY_PLANNER_PLAN_CAPACITY_PRIVATE_H

#include "planner/plan/capacity.h"
#include "planner/plan/plan_private.h"

#define SY_CAPACITY_SCRATCH_MAX ((size_t)1 << 30)

struct sy_fill;

/* Devices that are free or unhealthy, and by the shapes seen so far of no use. */
struct sy_strand_node {
    struct sy_devset asked;  /* some shape could be served by them … */
    struct sy_devset usable; /* … and some shape uses them */
    uint8_t *why;            /* [nunit] enum sy_strand, of the shape that asks for the fewest */
    uint16_t *fewest;        /* [nunit] devices that it asks for */
    const char **detail;     /* [nunit] */
};
struct sy_strands {
    const struct sy_plan *plan;
    const struct sy_capacity_shape *shape;
    struct sy_strand_node *node; /* [plan->n] */
};
/* A shape has been filled into a node: `serving` are the units that could serve it, `left` the free
 * ones among them that it does not use, for that reason. */
void sy_strand_note(struct sy_strands *strands, uint32_t node, size_t shape,
                    struct sy_devset serving, struct sy_devset left, uint8_t why,
                    const char *detail);

/* One shape being filled into a copy of the plan. */
struct sy_filling {
    struct sy_plan *plan; /* the copy */
    struct sy_plan_trial trial;
    uint64_t most, total; /* stop there, 0 = never; slots so far */
    uint32_t npod;        /* of the plan before */
    size_t mask;
    struct sy_fill *table;
    struct sy_strands *strand; /* NULL = nobody asks */
    size_t shape;              /* its number there */
    struct sy_arena *arena, *scratch;
    struct sy_capacity_slots *ret;
    struct sy_err *err;
};
SY_NODISCARD enum sy_code sy_filling_run(struct sy_filling *f, const struct sy_plan *plan,
                                         const struct sy_state_pod *pod);

/* capacity_power.c: elements, and which binds first. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_capacity_power(struct sy_plan *plan, struct sy_arena *arena,
                                            struct sy_capacity *ret, struct sy_err *err);

#endif
