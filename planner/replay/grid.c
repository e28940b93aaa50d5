/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/grid.h"

enum sy_code sy_grid_sequence(const struct sy_grid *grid, size_t trace, uint64_t seed,
                              struct sy_sequence *ret, struct sy_err *err)
{
    const struct sy_sequence *given = &grid->given;
    struct sy_sequence sequence = {0};
    enum sy_code code = SY_OK;
    if (given->pod == NULL || given->rank == NULL)
        code = sy_sequence_draw(&grid->trace[trace].nodes, &grid->trace[trace].pods, seed,
                                (unsigned)grid->sweep.arrivals_percent, &sequence, err);
    if (code != SY_OK)
        return code;
    if (given->pod != NULL) {
        sy_free(sequence.pod);
        sequence.pod = given->pod;
        sequence.n = given->n;
    }
    if (given->rank != NULL) {
        sy_free(sequence.rank);
        sequence.rank = given->rank;
    }
    *ret = sequence;
    return SY_OK;
}

void sy_grid_sequence_done(const struct sy_grid *grid, struct sy_sequence *sequence)
{
    if (sequence->pod == grid->given.pod)
        sequence->pod = NULL;
    if (sequence->rank == grid->given.rank)
        sequence->rank = NULL;
    sy_sequence_done(sequence);
}

static bool belongs(const struct sy_grid *grid, size_t cell)
{
    return cell % grid->shards == grid->shard - 1;
}

/* All policies on one trace and seed. */
static enum sy_code run_seed(struct sy_grid *grid, size_t trace, size_t seed,
                             struct sy_progress *progress, uint64_t *done, struct sy_err *err)
{
    struct sy_sweep *sweep = &grid->sweep;
    struct sy_sequence sequence = {0};
    enum sy_code code = SY_OK;
    uint64_t total = (sy_sweep_cells(sweep) + grid->shards - grid->shard) / grid->shards;
    for (size_t p = 0; code == SY_OK && p < sweep->npolicies; p++) {
        size_t cell = sy_sweep_at(sweep, trace, p, seed);
        if (!belongs(grid, cell))
            continue;
        const struct sy_run_options options = {
            .ops = grid->ops[p], .argument = grid->argument[p], .seed = sweep->seed_from + seed};
        if (sequence.pod == NULL)
            code = sy_grid_sequence(grid, trace, options.seed, &sequence, err);
        if (code == SY_OK)
            code = sy_replay_run(&grid->trace[trace], &sequence, &options, &sweep->cell[cell], err);
        sy_progress_step(progress, ++*done, total);
    }
    sy_grid_sequence_done(grid, &sequence);
    return code;
}

enum sy_code sy_grid_run(struct sy_grid *grid, const struct sy_cli *cli, struct sy_err *err)
{
    struct sy_sweep *sweep = &grid->sweep;
    struct sy_progress progress;
    uint64_t done = 0;
    enum sy_code code = sy_sweep_allot(sweep, err);
    sy_progress_begin(&progress, cli, "replay");
    for (size_t t = 0; t < sweep->ntraces; t++)
        for (size_t s = 0; code == SY_OK && s < sy_sweep_seeds(sweep); s++)
            code = run_seed(grid, t, s, &progress, &done, err);
    return code;
}

void sy_grid_done(struct sy_grid *grid)
{
    for (size_t i = 0; i < SY_SWEEP_TRACES; i++)
        sy_run_trace_done(&grid->trace[i]);
    sy_sequence_done(&grid->given);
    sy_sweep_done(&grid->sweep);
    sy_load_done(&grid->load);
}
