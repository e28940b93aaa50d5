/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a replay, read once: nodes, traces of pods, an order, ranks, a power table. */
#ifndef SY_PLANNER_REPLAY_LOAD_H
#define SY_PLANNER_REPLAY_LOAD_H

#include "base/hash.h"
#include "planner/replay/power.h"
#include "planner/replay/run.h"

struct sy_load {
    const char *nodes_path, *power_path; /* power: NULL = built in */
    bool times;                          /* pods' times are needed */
    unsigned typical_percent;
    /* Below: what is read. */
    char *nodes;
    size_t nodes_len;
    struct sy_power_table power;
    struct sy_digest digest; /* of every file's bytes */
};

/* Read nodes and power table; the first three fields are set. Messages name the file. */
SY_NODISCARD enum sy_code sy_load_begin(struct sy_load *load, struct sy_err *err);
void sy_load_done(struct sy_load *load);
/* One trace of pods on those nodes. sy_run_trace_done frees it. */
SY_NODISCARD enum sy_code sy_load_trace(struct sy_load *load, const char *pods_path,
                                        struct sy_run_trace *ret, struct sy_err *err);
/* Whichever path is not NULL: into ret->pod, ret->rank. */
SY_NODISCARD enum sy_code sy_load_sequence(struct sy_load *load, const struct sy_run_trace *trace,
                                           const char *order_path, const char *ties_path,
                                           struct sy_sequence *ret, struct sy_err *err);

#endif
