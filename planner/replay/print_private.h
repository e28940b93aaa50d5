/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SY_PLANNER_REPLAY_PRINT_PRIVATE_H
#define SY_PLANNER_REPLAY_PRINT_PRIVATE_H

#include "planner/replay/print.h"
#include "planner/replay/stats.h"

SY_NODISCARD enum sy_code sy_print_json(const struct sy_sweep *sweep, json_t **ret,
                                        struct sy_err *err);
/* Power less than the first policy's at the same percent of arrived demand, percent of that; and
 * watts for each device served. .n == 0: there is no such number. */
struct sy_stat sy_print_saving(const struct sy_group *group, const struct sy_group *first,
                               size_t percent);
struct sy_stat sy_print_watts_per_gpu(const struct sy_group *group, size_t percent);

#endif
