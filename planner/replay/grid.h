/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line asks for, and the runs that this takes. */
#ifndef SY_PLANNER_REPLAY_GRID_H
#define SY_PLANNER_REPLAY_GRID_H

#include "planner/cli/cli.h"
#include "planner/replay/load.h"
#include "planner/replay/sweep.h"

struct sy_grid {
    struct sy_load load;
    struct sy_run_trace trace[SY_SWEEP_TRACES];
    struct sy_sequence given; /* read from files; NULL where it is drawn */
    struct sy_sweep sweep;    /* without results at first */
    const struct sy_replay_policy_ops *ops[SY_SWEEP_POLICIES];
    const char *argument[SY_SWEEP_POLICIES];
    unsigned shard, shards; /* 1 of 1: all */
};

/* Read options and files. SY_EUSAGE and what the files' readers say. */
SY_NODISCARD enum sy_code sy_grid_read(struct sy_cli *cli, bool times, struct sy_grid *grid,
                                       struct sy_err *err);
void sy_grid_done(struct sy_grid *grid);
/* Run what belongs to the shard. */
SY_NODISCARD enum sy_code sy_grid_run(struct sy_grid *grid, const struct sy_cli *cli,
                                      struct sy_err *err);
/* The order of arrivals and ranks of a seed: given ones, else drawn. Free *ret with
 * sy_grid_sequence_done. */
SY_NODISCARD enum sy_code sy_grid_sequence(const struct sy_grid *grid, size_t trace, uint64_t seed,
                                           struct sy_sequence *ret, struct sy_err *err);
void sy_grid_sequence_done(const struct sy_grid *grid, struct sy_sequence *sequence);

#endif
