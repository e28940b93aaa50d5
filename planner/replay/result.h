/* SPDX-License-Identifier: Apache-2.0 */
/* One run's result as JSON that reads back to the same result: what shards of a sweep hand on. */
#ifndef SY_PLANNER_REPLAY_RESULT_H
#define SY_PLANNER_REPLAY_RESULT_H

#include "base/json.h"
#include "planner/replay/run.h"

/* A new reference; NULL: out of memory. */
json_t *sy_run_result_to_json(const struct sy_run_result *result) SY_NODISCARD;
/* SY_EINVAL, SY_ELIMIT with the path of what is wrong; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_run_result_parse(const json_t *json, const struct sy_path *at,
                                              struct sy_run_result *ret, struct sy_err *err);

/* X(field, key) of the whole numbers of a result, and of a bin; and of a bin's real ones. */
#define SY_RESULT_COUNTS(X)                                                                        \
    X(pods, "pods")                                                                                \
    X(failed, "failedPods")                                                                        \
    X(arrived_milli, "arrivedMilliGpu")                                                            \
    X(used_milli, "usedMilliGpu")                                                                  \
    X(failed_milli, "failedMilliGpu")                                                              \
    X(used_cpu_milli, "usedMilliCpu")                                                              \
    X(used_memory_mib, "usedMemoryMib")                                                            \
    X(power_mw, "powerMilliwatts") X(touched_devices, "touchedGpus")
#define SY_BIN_COUNTS(X)                                                                           \
    X(samples, "samples")                                                                          \
    X(failed, "failedPods")                                                                        \
    X(arrived_milli, "arrivedMilliGpu")                                                            \
    X(used_milli, "milliGpu") X(used_cpu_milli, "milliCpu") X(served, "jobs")
#define SY_BIN_REALS(X)                                                                            \
    X(allocated_percent, "allocatedPercent")                                                       \
    X(fragment_ratio_percent, "fragmentRatioPercent")                                              \
    X(fragment_percent, "fragmentPercent") X(power_w, "powerWatts")

#endif
