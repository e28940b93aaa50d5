/* SPDX-License-Identifier: Apache-2.0 */
/* Fragmentation: how much of a node's free devices a pod drawn from the workload could not use
 * (Weng et al., "Beware of Fragmentation", USENIX ATC 2023). Doubles are added in the published
 * simulator's order, so that scores truncated from them agree with it to the last bit. */
#ifndef SY_PLANNER_REPLAY_FRAGMENT_H
#define SY_PLANNER_REPLAY_FRAGMENT_H

#include "planner/replay/policy.h"

/* The typical pods as flat arrays, with their access to each model. */
struct sy_fragment {
    size_t n;
    struct sy_fragment_kind {
        double share;
        int32_t cpu_milli;
        int16_t device_milli; /* 0: CPU only */
        uint8_t devices;
        uint64_t models; /* 0 = any */
    } kind[];
};

/* SY_ENOMEM. The caller frees *ret with sy_free. */
SY_NODISCARD enum sy_code sy_fragment_new(const struct sy_replay_typical *typical, size_t n,
                                          struct sy_fragment **ret, struct sy_err *err);

/* Milli of devices of a node with this much left that the workload could not use. */
double sy_fragment_of(const struct sy_fragment *fragment, const struct sy_replay_shape *shape,
                      const struct sy_replay_state *state);

#endif
