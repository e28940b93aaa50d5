/* SPDX-License-Identifier: Apache-2.0 */
/* Means over the seeds of one policy on one trace. */
#ifndef SY_PLANNER_REPLAY_STATS_H
#define SY_PLANNER_REPLAY_STATS_H

#include "planner/replay/sweep.h"

struct sy_stat {
    double mean, deviation; /* of the sample (n - 1); 0 for one run */
    size_t n;               /* runs that have the number */
};

/* The runs of one policy on one trace. */
struct sy_group {
    const struct sy_sweep_trace *trace;
    const struct sy_run_result *run;
    size_t n;
};
struct sy_group sy_group_of(const struct sy_sweep *sweep, size_t trace, size_t policy);

/* X(id, key) whole-run numbers. */
#define SY_RUN_STATS(X)                                                                            \
    X(ALLOCATED, "allocatedPercent")                                                               \
    X(USED, "usedMilliGpu")                                                                        \
    X(FAILED, "failedPods")                                                                        \
    X(FIRST, "firstFailurePercent")                                                                \
    X(FRAGMENT, "fragmentMilli")                                                                   \
    X(CPU, "usedMilliCpu") X(JOBS, "jobs") X(POWER, "powerWatts") X(TOUCHED, "touchedGpus")
enum sy_run_stat {
#define X(id, key) SY_RUN_##id,
    SY_RUN_STATS(X)
#undef X
        SY_RUN_STAT_COUNT
};
struct sy_stat sy_group_run(const struct sy_group *group, enum sy_run_stat which);

/* X(id, key) numbers at a percent of arrived demand. */
#define SY_BIN_STATS(X)                                                                            \
    X(ALLOCATED, "allocatedPercent")                                                               \
    X(SERVED, "servedPercent")                                                                     \
    X(POWER, "powerWatts")                                                                         \
    X(FRAGMENT, "fragmentPercent")                                                                 \
    X(FRAGMENT_RATIO, "fragmentRatioPercent")                                                      \
    X(FAILED, "failedPods") X(JOBS, "jobs") X(USED, "milliGpu") X(CPU, "milliCpu")
enum sy_bin_stat {
#define X(id, key) SY_BIN_##id,
    SY_BIN_STATS(X)
#undef X
        SY_BIN_STAT_COUNT
};
/* .n == 0: no run came that far. */
struct sy_stat sy_group_bin(const struct sy_group *group, size_t percent, enum sy_bin_stat which);
size_t sy_group_bins(const struct sy_group *group); /* most bins that a run has */

#endif
