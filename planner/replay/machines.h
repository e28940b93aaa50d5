/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of one run and what is left of them, in tie-break order: node 0 wins every tie. */
#ifndef SY_PLANNER_REPLAY_MACHINES_H
#define SY_PLANNER_REPLAY_MACHINES_H

#include "planner/replay/states.h"
#include "planner/replay/trace.h"

#define SY_MACHINE_PODS 1001u /* pods that a node can hold */
#define SY_MACHINE_TAGS 5

struct sy_machine {
    uint32_t state; /* in .states */
    uint32_t pods;
    uint64_t changed; /* number of its last change, from 1 */
    int64_t memory_left;
    uint16_t tagged[SY_MACHINE_TAGS]; /* device pods of each tag */
    bool touched;                     /* ever held a device pod */
};

struct sy_machines {
    const struct sy_replay_policy_ops *ops;
    struct sy_states states;
    struct sy_machine *node;
    uint32_t n;
    /* Which node changed, the newest `log_size` changes; `changes` counts all of them. */
    uint32_t *log;
    uint64_t changes;
    uint32_t log_size; /* a power of two, at least n */
    bool released;     /* a pod has left: what had no room may have some again */
    /* Sums over the nodes. */
    int64_t total_milli, used_milli, used_cpu_milli, used_memory_mib, power_mw;
    double fragment; /* milli, kept up to date by differences */
};

/* All free. `rank` of each row of the trace (a permutation of 0..n-1) is its place here. */
SY_NODISCARD enum sy_code sy_machines_init(struct sy_machines *machines,
                                           const struct sy_trace_nodes *nodes, const uint32_t *rank,
                                           const struct sy_states_maker *maker, struct sy_err *err);
void sy_machines_done(struct sy_machines *machines);

/* Place a pod that fits; *ret_devices: bits of the devices taken. */
void sy_machines_take(struct sy_machines *machines, uint32_t node,
                      const struct sy_replay_class *pod, unsigned device, uint8_t *ret_devices);
/* Take it away again. */
void sy_machines_release(struct sy_machines *machines, uint32_t node,
                         const struct sy_replay_class *pod, uint8_t devices);

/* Room for what a price does not depend on: memory and the number of pods. */
static inline bool sy_machine_has_room(const struct sy_machine *node,
                                       const struct sy_replay_class *pod)
{
    return pod->memory_mib <= node->memory_left && node->pods < SY_MACHINE_PODS;
}
/* Room for the rest: model, devices, CPU. */
bool sy_machine_fits(const struct sy_replay_shape *shape, const struct sy_replay_state *state,
                     const struct sy_replay_class *pod);

/* Why a pod that no node has room for fails: what is short on the nodes that come nearest. */
/* X(id, key) in the order in which it is looked at; the furthest that any node comes is it. */
#define SY_LACKS(X)                                                                                \
    X(MODEL, "model") X(DEVICES, "devices") X(CPU, "cpu") X(MEMORY, "memory") X(PODS, "pods")
enum sy_lack {
#define X(id, key) SY_LACK_##id,
    SY_LACKS(X)
#undef X
        SY_LACK_COUNT
};
/* What this node lacks first; SY_LACK_COUNT: nothing. */
enum sy_lack sy_machine_lack(const struct sy_machines *machines, uint32_t node,
                             const struct sy_replay_class *pod);
/* Sum of fragments over the nodes in the order of the trace's rows (`rank` as at init), milli. */
double sy_machines_fragment(const struct sy_machines *machines, const uint32_t *rank);

#endif
