/* SPDX-License-Identifier: Apache-2.0 */
/* Replays in time as what a command gives back. */
#ifndef SY_PLANNER_REPLAY_TIMED_PRINT_H
#define SY_PLANNER_REPLAY_TIMED_PRINT_H

#include "planner/cli/output.h"
#include "planner/replay/sweep.h"
#include "planner/replay/timed.h"

/* Results of the sweep's policies on its one trace, in order. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_timed_print(const struct sy_sweep *sweep, bool queue,
                                         const struct sy_timed_result *run,
                                         struct sy_result *result, struct sy_err *err);

#endif
