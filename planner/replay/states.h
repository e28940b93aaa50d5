/* SPDX-License-Identifier: Apache-2.0 */
/* The states that the nodes of a replay are in, each held once: equal nodes share a state, and what
 * was worked out for it. A state that no node is in any more stays, with its number, as long as its
 * place is not needed. */
#ifndef SY_PLANNER_REPLAY_STATES_H
#define SY_PLANNER_REPLAY_STATES_H

#include "planner/replay/fragment.h"

/* What makes the derived numbers of a state. Borrowed. */
struct sy_states_maker {
    const struct sy_replay_shape *shape;
    const struct sy_fragment *fragment;
    const struct sy_replay_policy_ops *ops;
    const void *self;
};

struct sy_states_entry {
    struct sy_replay_state state;
    uint32_t shape, nodes; /* how many nodes are in it */
    uint32_t chain;        /* next of the same hash */
    uint32_t older, newer; /* among those without a node */
};

struct sy_states {
    struct sy_states_maker maker;
    struct sy_states_entry *entry;
    uint32_t *stamp; /* of each place: changes when it gets another state */
    uint32_t n, size;
    uint32_t *table, table_size;
    uint32_t oldest, newest; /* without a node; SY_STATES_NONE */
};
#define SY_STATES_NONE UINT32_MAX

/* For at most `nodes` nodes. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_states_init(struct sy_states *states, uint32_t nodes,
                                         const struct sy_states_maker *maker, struct sy_err *err);
void sy_states_done(struct sy_states *states);
/* The number of a state (derived fields need not be set) with one more node in it. */
uint32_t sy_states_enter(struct sy_states *states, uint32_t shape,
                         const struct sy_replay_state *state);
void sy_states_leave(struct sy_states *states, uint32_t number);

#endif
