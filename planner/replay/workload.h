/* SPDX-License-Identifier: Apache-2.0 */
/* The typical pods of a trace: the most frequent kinds (memory aside) that together are at least so
 * many percent of its rows. All that a policy may know of the workload, and what fragmentation is
 * measured by. */
#ifndef SY_PLANNER_REPLAY_WORKLOAD_H
#define SY_PLANNER_REPLAY_WORKLOAD_H

#include "planner/replay/trace.h"

#define SY_TYPICAL_PERCENT 95 /* of the published protocol */

/* Kinds by (cpu_milli, gpu_milli, num_gpu, spec), most frequent first (ties: the larger of these,
 * compared in this order), as few as are `percent` of all rows; shares add up to 1. SY_ENOMEM. The
 * caller frees *ret with sy_free; spec texts are borrowed from `pods`. */
SY_NODISCARD enum sy_code sy_workload_typical(const struct sy_trace_pods *pods, unsigned percent,
                                              struct sy_replay_typical **ret, size_t *ret_n,
                                              struct sy_err *err);

#endif
