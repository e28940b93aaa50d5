/* SPDX-License-Identifier: Apache-2.0 */
/* Watts of a node from what is taken of it: Lettich et al., "Power- and Fragmentation-aware Online
 * Scheduling for GPU Datacenters" (CCGrid 2025, arXiv 2412.17484). Bare idle draw, any load counts
 * as full: an anchor to compare policies by, not a meter. Numbers are data (power.yaml). */
#ifndef SY_PLANNER_REPLAY_POWER_H
#define SY_PLANNER_REPLAY_POWER_H

#include "base/arena.h"
#include "planner/replay/trace.h"

struct sy_power_device {
    const char *model;
    int32_t idle_mw, full_mw;
};

struct sy_power_table {
    struct sy_arena *arena;
    int32_t cpu_cores, cpu_idle_mw, cpu_full_mw; /* of a package */
    struct sy_power_device device[SY_REPLAY_MODELS];
    size_t n;
};

/* The table compiled in, then, unless NULL, the rows of a file of the operator's (`name` for
 * messages): they go before those of the same model. SY_EPARSE, SY_EINVAL, SY_ELIMIT with
 * FILE:LINE:COLUMN; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_power_table_init(struct sy_power_table *table, const char *name,
                                              const char *data, size_t len, struct sy_err *err);
void sy_power_table_done(struct sy_power_table *table);

/* Set the power of every shape. A model without a row draws nothing: its bit is in *ret_unknown. */
void sy_power_apply(const struct sy_power_table *table, const struct sy_trace_models *models,
                    struct sy_trace_nodes *nodes, uint64_t *ret_unknown);

/* Milliwatts of one node. Cores are half of the vCPUs (hyperthreads). */
int64_t sy_power_of(const struct sy_replay_shape *shape, const struct sy_replay_state *state);

extern const unsigned char sy_power_builtin[]; /* power.yaml */
extern const size_t sy_power_builtin_len;

#endif
