/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/states.h"

#include "planner/replay/power.h"

#include <assert.h>
#include <string.h>

#define SPARE 512u /* places beyond one for every node: states that may come back */

enum sy_code sy_states_init(struct sy_states *states, uint32_t nodes,
                            const struct sy_states_maker *maker, struct sy_err *err)
{
    struct sy_states made = {.maker = *maker,
                             .size = nodes + SPARE,
                             .table_size = 1024,
                             .oldest = SY_STATES_NONE,
                             .newest = SY_STATES_NONE};
    while (made.table_size < made.size)
        made.table_size *= 2;
    made.entry = sy_malloc((size_t)made.size * sizeof *made.entry);
    made.stamp = sy_calloc(made.size, sizeof *made.stamp);
    made.table = sy_malloc((size_t)made.table_size * sizeof *made.table);
    if (made.entry == NULL || made.stamp == NULL || made.table == NULL) {
        sy_states_done(&made);
        return sy_fail(err, SY_ENOMEM, "out of memory for the states of %u nodes", nodes);
    }
    for (uint32_t i = 0; i < made.table_size; i++)
        made.table[i] = SY_STATES_NONE;
    *states = made;
    return SY_OK;
}

void sy_states_done(struct sy_states *states)
{
    sy_free(states->entry);
    sy_free(states->stamp);
    sy_free(states->table);
    *states = (struct sy_states){0};
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint32_t *bucket(const struct sy_states *states, uint32_t shape,
                        const struct sy_replay_state *state)
{
    uint64_t left[2];
    _Static_assert(sizeof left == sizeof state->left, "all devices are hashed");
    memcpy(left, state->left, sizeof left);
    uint64_t hash = mix(shape + 1, (uint64_t)state->cpu_left << 8 | state->tags);
    hash = mix(mix(hash, (uint64_t)state->memory_left), left[0]);
    hash = mix(hash, left[1]);
    return &states->table[(hash >> 20) & (states->table_size - 1)];
}

static bool same_state(const struct sy_replay_state *a, const struct sy_replay_state *b)
{
    return a->cpu_left == b->cpu_left && a->memory_left == b->memory_left && a->tags == b->tags &&
           memcmp(a->left, b->left, sizeof a->left) == 0;
}

static void unlink_idle(struct sy_states *states, uint32_t number)
{
    const struct sy_states_entry *e = &states->entry[number];
    *(e->older == SY_STATES_NONE ? &states->oldest : &states->entry[e->older].newer) = e->newer;
    *(e->newer == SY_STATES_NONE ? &states->newest : &states->entry[e->newer].older) = e->older;
}

static void unchain(struct sy_states *states, uint32_t number)
{
    const struct sy_states_entry *entry = &states->entry[number];
    uint32_t *link = bucket(states, entry->shape, &entry->state);
    while (*link != number)
        link = &states->entry[*link].chain;
    *link = entry->chain;
}

/* A place for a new state: an unused one, or that of the state without nodes for longest. There is
 * one, as there are more places than nodes. */
static uint32_t take_place(struct sy_states *states)
{
    if (states->n < states->size)
        return states->n++;
    uint32_t number = states->oldest;
    assert(number != SY_STATES_NONE);
    unlink_idle(states, number);
    unchain(states, number);
    states->stamp[number]++;
    return number;
}

static void derive(const struct sy_states_maker *maker, uint32_t shape_at,
                   struct sy_replay_state *state)
{
    const struct sy_replay_shape *shape = &maker->shape[shape_at];
    state->fragment = sy_fragment_of(maker->fragment, shape, state);
    state->power_mw = sy_power_of(shape, state);
    state->potential =
        maker->ops->potential != NULL ? maker->ops->potential(maker->self, shape, state) : 0;
}

uint32_t sy_states_enter(struct sy_states *states, uint32_t shape,
                         const struct sy_replay_state *state)
{
    uint32_t *head = bucket(states, shape, state);
    for (uint32_t at = *head; at != SY_STATES_NONE; at = states->entry[at].chain) {
        struct sy_states_entry *entry = &states->entry[at];
        if (entry->shape != shape || !same_state(&entry->state, state))
            continue;
        if (entry->nodes == 0)
            unlink_idle(states, at);
        entry->nodes++;
        return at;
    }
    uint32_t number = take_place(states);
    struct sy_states_entry *entry = &states->entry[number];
    entry->state = *state;
    entry->shape = shape;
    entry->nodes = 1;
    derive(&states->maker, shape, &entry->state);
    entry->chain = *head;
    *head = number;
    return number;
}

void sy_states_leave(struct sy_states *states, uint32_t number)
{
    struct sy_states_entry *entry = &states->entry[number];
    if (--entry->nodes > 0)
        return;
    entry->older = states->newest;
    entry->newer = SY_STATES_NONE;
    *(states->newest == SY_STATES_NONE ? &states->oldest : &states->entry[states->newest].newer) =
        number;
    states->newest = number;
}
