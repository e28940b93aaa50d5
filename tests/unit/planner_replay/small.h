/* SPDX-License-Identifier: Apache-2.0 */
/* Small traces for tests. */
#ifndef SY_TESTS_REPLAY_SMALL_H
#define SY_TESTS_REPLAY_SMALL_H

#include "planner/replay/run.h"

#include <check.h>

#define SMALL_NODES_HEAD "sn,cpu_milli,memory_mib,gpu,model\n"
#define SMALL_PODS_HEAD "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"

/* A trace of these texts, the power table applied; an error is left in `err`. */
enum sy_code small_trace(const char *nodes, const char *pods, struct sy_run_trace *ret,
                         struct sy_err *err);
/* The same of random nodes (1..30) and pods (1..120) of few models and kinds. */
void small_random_trace(struct sy_random *random, struct sy_run_trace *ret);
/* Rows in order, ranks in order. */
void small_sequence(const struct sy_run_trace *trace, struct sy_sequence *ret);

#endif
