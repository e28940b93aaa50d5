/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/machines.h"

#include <assert.h>
#include <string.h>

bool sy_replay_devices_fit(const struct sy_replay_shape *shape, const struct sy_replay_state *state,
                           const struct sy_replay_class *pod)
{
    unsigned fit = 0;
    for (unsigned g = 0; g < shape->devices; g++)
        fit += state->left[g] >= pod->device_milli;
    return fit >= pod->devices;
}

bool sy_machine_fits(const struct sy_replay_shape *shape, const struct sy_replay_state *state,
                     const struct sy_replay_class *pod)
{
    return pod->cpu_milli <= state->cpu_left &&
           (pod->models == 0 || (pod->models >> shape->model & 1) != 0) &&
           sy_replay_devices_fit(shape, state, pod);
}

static unsigned tag_of(const struct sy_replay_class *pod)
{
    if (pod->devices == 1 && pod->device_milli < SY_REPLAY_DEVICE_MILLI)
        return 0;
    return pod->devices < 2 ? 1 : pod->devices < 4 ? 2 : pod->devices < 8 ? 3 : 4;
}

/* Bits of the devices that the pod takes: `device`, or the lowest that fit. */
static uint8_t devices_of(const struct sy_replay_class *pod, unsigned device,
                          const struct sy_replay_state *state)
{
    uint8_t bits = 0;
    unsigned left = pod->devices;
    if (left == 1 && pod->device_milli < SY_REPLAY_DEVICE_MILLI) {
        assert(device < SY_REPLAY_DEVICES && state->left[device] >= pod->device_milli);
        return (uint8_t)(1u << device);
    }
    for (unsigned g = 0; g < SY_REPLAY_DEVICES && left > 0; g++)
        if (state->left[g] >= pod->device_milli) {
            bits |= (uint8_t)(1u << g);
            left--;
        }
    assert(left == 0);
    return bits;
}

/* Change what is stored by `sign` pods. */
static void change(const struct sy_replay_class *pod, uint8_t devices, int sign,
                   struct sy_replay_state *state)
{
    state->cpu_left -= sign * pod->cpu_milli;
    if (state->memory_left != SY_REPLAY_ANY_MEMORY)
        state->memory_left -= sign * pod->memory_mib;
    for (unsigned g = 0; g < SY_REPLAY_DEVICES; g++)
        if ((devices >> g & 1) != 0) {
            state->left[g] = (int16_t)(state->left[g] - sign * pod->device_milli);
            state->total_left -= sign * pod->device_milli;
        }
}

void sy_replay_take(const struct sy_replay_class *pod, unsigned device,
                    struct sy_replay_state *state)
{
    change(pod, devices_of(pod, device, state), 1, state);
}

static struct sy_replay_state free_state(const struct sy_replay_shape *shape, bool memory)
{
    struct sy_replay_state state = {.cpu_left = shape->cpu_milli,
                                    .memory_left =
                                        memory ? shape->memory_mib : SY_REPLAY_ANY_MEMORY,
                                    .total_left = shape->devices * SY_REPLAY_DEVICE_MILLI};
    for (unsigned g = 0; g < shape->devices; g++)
        state.left[g] = SY_REPLAY_DEVICE_MILLI;
    return state;
}

static const struct sy_replay_state *state_of(const struct sy_machines *machines, uint32_t node)
{
    return &machines->states.entry[machines->node[node].state].state;
}

enum sy_code sy_machines_init(struct sy_machines *machines, const struct sy_trace_nodes *nodes,
                              const uint32_t *rank, const struct sy_states_maker *maker,
                              struct sy_err *err)
{
    struct sy_machines made = {.ops = maker->ops,
                               .n = (uint32_t)nodes->n,
                               .log_size = 1,
                               .total_milli = nodes->total_milli};
    while (made.log_size < made.n)
        made.log_size *= 2;
    enum sy_code code = sy_states_init(&made.states, made.n, maker, err);
    if (code != SY_OK)
        return code;
    made.node = sy_calloc(made.n, sizeof *made.node);
    made.log = sy_malloc(made.log_size * sizeof *made.log);
    if (made.node == NULL || made.log == NULL) {
        sy_machines_done(&made);
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu nodes", nodes->n);
    }
    for (uint32_t row = 0; row < made.n; row++) {
        const struct sy_replay_shape *shape = &nodes->shape[nodes->node[row]];
        struct sy_replay_state state = free_state(shape, maker->ops->uses_memory);
        struct sy_machine *node = &made.node[rank[row]];
        node->memory_left = shape->memory_mib;
        node->state = sy_states_enter(&made.states, nodes->node[row], &state);
        const struct sy_replay_state *entered = state_of(&made, rank[row]);
        made.power_mw += entered->power_mw;
        made.fragment += entered->fragment;
    }
    *machines = made;
    return SY_OK;
}

void sy_machines_done(struct sy_machines *machines)
{
    sy_states_done(&machines->states);
    sy_free(machines->node);
    sy_free(machines->log);
    *machines = (struct sy_machines){0};
}

static void change_tags(struct sy_machine *node, const struct sy_replay_class *pod, int sign,
                        struct sy_replay_state *state)
{
    unsigned tag = tag_of(pod);
    if (pod->devices == 0)
        return;
    node->tagged[tag] = (uint16_t)(node->tagged[tag] + sign);
    unsigned bits = node->tagged[tag] > 0 ? state->tags | 1u << tag : state->tags & ~(1u << tag);
    state->tags = (uint8_t)bits;
}

static void move(struct sy_machines *machines, uint32_t at, const struct sy_replay_class *pod,
                 uint8_t devices, int sign)
{
    struct sy_machine *node = &machines->node[at];
    uint32_t before = node->state;
    const struct sy_states_entry *from = &machines->states.entry[before];
    struct sy_replay_state next = from->state;
    change(pod, devices, sign, &next);
    if (machines->ops->uses_tags)
        change_tags(node, pod, sign, &next);
    node->memory_left -= sign * pod->memory_mib;
    node->pods += (unsigned)sign;
    node->touched = node->touched || pod->devices > 0;
    machines->used_milli += sign * sy_trace_demand(pod);
    machines->used_cpu_milli += sign * pod->cpu_milli;
    machines->used_memory_mib += sign * pod->memory_mib;
    node->state = sy_states_enter(&machines->states, from->shape, &next);
    const struct sy_replay_state *old = &machines->states.entry[before].state;
    const struct sy_replay_state *new = state_of(machines, at);
    machines->power_mw += new->power_mw - old->power_mw;
    machines->fragment += new->fragment - old->fragment;
    sy_states_leave(&machines->states, before);
    machines->log[machines->changes++ & (machines->log_size - 1)] = at;
    node->changed = machines->changes;
}

void sy_machines_take(struct sy_machines *machines, uint32_t node,
                      const struct sy_replay_class *pod, unsigned device, uint8_t *ret_devices)
{
    uint8_t devices = devices_of(pod, device, state_of(machines, node));
    move(machines, node, pod, devices, 1);
    *ret_devices = devices;
}

void sy_machines_release(struct sy_machines *machines, uint32_t node,
                         const struct sy_replay_class *pod, uint8_t devices)
{
    machines->released = true;
    move(machines, node, pod, devices, -1);
}

enum sy_lack sy_machine_lack(const struct sy_machines *machines, uint32_t at,
                             const struct sy_replay_class *pod)
{
    const struct sy_machine *node = &machines->node[at];
    const struct sy_states_entry *entry = &machines->states.entry[node->state];
    const struct sy_replay_shape *shape = &machines->states.maker.shape[entry->shape];
    if (pod->models != 0 && (pod->models >> shape->model & 1) == 0)
        return SY_LACK_MODEL;
    if (!sy_replay_devices_fit(shape, &entry->state, pod))
        return SY_LACK_DEVICES;
    if (pod->cpu_milli > entry->state.cpu_left)
        return SY_LACK_CPU;
    if (pod->memory_mib > node->memory_left)
        return SY_LACK_MEMORY;
    return node->pods < SY_MACHINE_PODS ? SY_LACK_COUNT : SY_LACK_PODS;
}

double sy_machines_fragment(const struct sy_machines *machines, const uint32_t *rank)
{
    double sum = 0;
    for (uint32_t row = 0; row < machines->n; row++)
        sum += state_of(machines, rank[row])->fragment;
    return sum;
}
