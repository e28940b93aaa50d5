/* SPDX-License-Identifier: Apache-2.0 */
/* A replay in time: pods come when they were created and leave after as long as they ran. A pod
 * without room is dropped, or waits: whenever pods have left, those that wait are tried in order of
 * arrival, and one that fits goes though earlier ones still wait. */
#ifndef SY_PLANNER_REPLAY_TIMED_H
#define SY_PLANNER_REPLAY_TIMED_H

#include "planner/replay/run.h"

#define SY_TIMED_POINTS 100u /* of the trace's own span; those who wait may make it longer */
#define SY_TIMED_POINTS_MAX 1000u

/* An interval of the time series. */
struct sy_timed_point {
    int64_t until_s; /* its end */
    /* Means over it. */
    double allocated_percent, cpu_percent, fragment_percent, power_w;
    /* At its end; the last five since the start. */
    uint64_t running, waiting, started, finished, failed;
    double gpu_hours, core_hours, energy_kwh;
};

struct sy_timed_result {
    uint64_t pods, started, finished;
    uint64_t failed, failed_lack[SY_LACK_COUNT]; /* dropped, or waiting when all was over */
    uint64_t waited;                             /* started later than they came */
    double waited_hours, longest_wait_hours;     /* of those that started */
    double gpu_hours, core_hours, energy_kwh;
    double peak_allocated_percent, peak_power_w;
    int64_t from_s, until_s;
    struct sy_timed_point *point;
    size_t npoints;
};
void sy_timed_result_done(struct sy_timed_result *result);

/* The trace's pods must have times; `rank` as in sequence.h. SY_EUSAGE: the policy's argument;
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_timed_run(const struct sy_run_trace *trace, const uint32_t *rank,
                                       const struct sy_run_options *options, bool queue,
                                       struct sy_timed_result *ret, struct sy_err *err);

#endif
