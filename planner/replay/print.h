/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep's results as what a command gives back: one object of kind Replay, and tables. */
#ifndef SY_PLANNER_REPLAY_PRINT_H
#define SY_PLANNER_REPLAY_PRINT_H

#include "planner/cli/output.h"
#include "planner/replay/sweep.h"

/* All cells must be there. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sweep_print(const struct sy_sweep *sweep, struct sy_result *result,
                                         struct sy_err *err);

/* Arrived demand, percent, at which the tables look. */
#define SY_PRINT_POINTS                                                                            \
    {                                                                                              \
        20, 40, 60, 80, 90, 100                                                                    \
    }
#define SY_PRINT_NPOINTS 6

#endif
