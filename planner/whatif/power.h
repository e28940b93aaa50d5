/* SPDX-License-Identifier: Apache-2.0 */
/* Private to `whatif power`: a limit that falls, and what follows. */
#ifndef SY_PLANNER_WHATIF_POWER_H
#define SY_PLANNER_WHATIF_POWER_H

#include "planner/explain/question.h"
#include "planner/whatif/moves.h"

/* A pod that draws power below the limit, in the order of the rule. */
struct sy_drawer {
    uint32_t id, node;
    const struct sy_state_pod *pod;
    struct sy_devset units;
    int64_t frees_mw; /* when it is stopped */
    bool stopped;
    int64_t after_mw; /* provisioned after this step */
    uint32_t to;      /* where it goes; UINT32_MAX = nowhere */
};

/* A device that is capped, in order. */
struct sy_cap {
    const struct sy_drawer *drawer;
    unsigned unit;
    int64_t from_mw, to_mw, frees_mw, after_mw;
    struct sy_cap *next, *before;
};

struct sy_falling {
    struct sy_question q;
    struct sy_targets targets; /* nodes below the limit */
    const char *domain;        /* NULL = a node or a device */
    int unit;                  /* of the node; -1 = the limit is no device's */
    int64_t limit_mw, floor_percent;
    struct sy_power_element before, now;
    int64_t after_mw; /* with caps and stops, before stopped pods are placed */
    size_t ndrawer, nstopped, nowhere;
    struct sy_drawer *drawer;
    struct sy_cap *cap, *last_cap;
    bool reached;
};

/* The element of the limit as the plan is now. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_element_now(struct sy_falling *falling, struct sy_power_element *ret,
                                         struct sy_err *err);
/* power_answer.c */
SY_NODISCARD enum sy_code sy_falling_answer(struct sy_falling *falling, struct sy_err *err);

#endif
