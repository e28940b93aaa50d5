/* SPDX-License-Identifier: Apache-2.0 */
/* A grid of runs, traces x policies x seeds, and their results; a part of it (--shard I/N), and the
 * parts joined again. What is printed is made of this alone, so that parts joined print what one
 * run over all would have printed. */
#ifndef SY_PLANNER_REPLAY_SWEEP_H
#define SY_PLANNER_REPLAY_SWEEP_H

#include "base/arena.h"
#include "base/json.h"
#include "planner/replay/run.h"

#define SY_SWEEP_TRACES 64u
#define SY_SWEEP_POLICIES 32u
#define SY_SWEEP_SEEDS 10000u
#define SY_SWEEP_CELLS (1u << 17)
#define SY_SWEEP_SHARDS 4096u

struct sy_sweep_trace {
    const char *name; /* of the file of pods, without folder and ".csv" */
    int64_t nodes, milli_gpu, milli_cpu, memory_mib, pods, typical;
    const char *unknown_power; /* models that the power table does not have, "A, B"; or "" */
};

struct sy_sweep_policy {
    const char *name; /* with its argument */
    bool baseline;    /* added, not asked for */
};

struct sy_sweep {
    struct sy_arena *arena;   /* of all texts */
    const char *inputs;       /* digest of all that was read */
    bool seeds;               /* a range was asked for: means over it are printed */
    const char *order, *ties; /* names of files, "" = drawn */
    uint64_t seed_from, seed_to;
    int64_t arrivals_percent, typical_percent;
    struct sy_sweep_trace trace[SY_SWEEP_TRACES];
    size_t ntraces;
    struct sy_sweep_policy policy[SY_SWEEP_POLICIES];
    size_t npolicies;
    /* Results by cell: seeds run fastest, then policies. nbins == 0: not run here. */
    struct sy_run_result *cell;
};

SY_NODISCARD enum sy_code sy_sweep_init(struct sy_sweep *sweep, struct sy_err *err);
void sy_sweep_done(struct sy_sweep *sweep);

static inline size_t sy_sweep_seeds(const struct sy_sweep *sweep)
{
    return (size_t)(sweep->seed_to - sweep->seed_from) + 1;
}
static inline size_t sy_sweep_cells(const struct sy_sweep *sweep)
{
    return sweep->ntraces * sweep->npolicies * sy_sweep_seeds(sweep);
}
static inline size_t sy_sweep_at(const struct sy_sweep *sweep, size_t trace, size_t policy,
                                 size_t seed)
{
    return (trace * sweep->npolicies + policy) * sy_sweep_seeds(sweep) + seed;
}
/* Room for the results, when the rest is set. SY_ELIMIT: more than SY_SWEEP_CELLS; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sweep_allot(struct sy_sweep *sweep, struct sy_err *err);

/* Part `shard` (1..shards) as a JSON object of kind ReplayShard: cells whose number modulo `shards`
 * is shard - 1. A new reference; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sweep_shard_to_json(const struct sy_sweep *sweep, unsigned shard,
                                                 unsigned shards, json_t **ret, struct sy_err *err);

/* Join parts: `text` of `file`, n of them (data is not kept). SY_ECONFLICT names a part that
 * belongs to another sweep, stands twice or is missing; SY_EPARSE, SY_EINVAL, SY_ELIMIT with file
 * and path; SY_ENOMEM. */
struct sy_sweep_part {
    const char *file, *text;
    size_t len;
};
SY_NODISCARD enum sy_code sy_sweep_join(const struct sy_sweep_part *part, size_t n,
                                        struct sy_sweep *ret, struct sy_err *err);

#endif
