/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that run, by when they leave; those that leave together by when they started. */
#ifndef SY_PLANNER_REPLAY_LEAVING_H
#define SY_PLANNER_REPLAY_LEAVING_H

#include "base/mem.h"

#include <stdint.h>

struct sy_leaving_pod {
    int64_t at_s;
    uint64_t number; /* in order of start */
    uint32_t node, pod_class;
    uint8_t devices;
};

struct sy_leaving {
    struct sy_leaving_pod *pod; /* a heap: pod[0] is the next */
    size_t n, size;
};

bool sy_leaving_add(struct sy_leaving *leaving, struct sy_leaving_pod pod); /* false: no memory */
struct sy_leaving_pod sy_leaving_take(struct sy_leaving *leaving);          /* n must not be 0 */
void sy_leaving_done(struct sy_leaving *leaving);

#endif
