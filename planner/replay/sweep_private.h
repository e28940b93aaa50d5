/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SY_PLANNER_REPLAY_SWEEP_PRIVATE_H
#define SY_PLANNER_REPLAY_SWEEP_PRIVATE_H

#include "planner/replay/sweep.h"

/* All but the results; equal for parts of one sweep. NULL: out of memory. */
json_t *sy_sweep_head_to_json(const struct sy_sweep *sweep);

#endif
