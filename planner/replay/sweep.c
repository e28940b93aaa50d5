/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/sweep.h"

#include "planner/replay/result.h"
#include "planner/replay/sweep_private.h"

#define TEXT_BYTES ((size_t)4 << 20)

enum sy_code sy_sweep_init(struct sy_sweep *sweep, struct sy_err *err)
{
    struct sy_arena *arena = sy_arena_new_sized(TEXT_BYTES, 4096);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the sweep");
    *sweep = (struct sy_sweep){.arena = arena, .inputs = "", .order = "", .ties = ""};
    return SY_OK;
}

void sy_sweep_done(struct sy_sweep *sweep)
{
    for (size_t i = 0; sweep->cell != NULL && i < sy_sweep_cells(sweep); i++)
        sy_run_result_done(&sweep->cell[i]);
    sy_free(sweep->cell);
    sy_arena_free(sweep->arena);
    *sweep = (struct sy_sweep){0};
}

enum sy_code sy_sweep_allot(struct sy_sweep *sweep, struct sy_err *err)
{
    size_t cells = sy_sweep_cells(sweep);
    if (cells > SY_SWEEP_CELLS)
        return sy_fail(err, SY_ELIMIT, "%zu runs, over the limit of %u", cells, SY_SWEEP_CELLS);
    sweep->cell = sy_calloc(cells, sizeof *sweep->cell);
    return sweep->cell != NULL ? SY_OK
                               : sy_fail(err, SY_ENOMEM, "out of memory for %zu runs", cells);
}

/* Sets it and takes the reference, however it goes. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static json_t *trace_to_json(const struct sy_sweep_trace *trace)
{
    return json_pack("{ss sI sI sI sI sI sI ss}", "name", trace->name, "nodes",
                     (json_int_t)trace->nodes, "milliGpu", (json_int_t)trace->milli_gpu, "milliCpu",
                     (json_int_t)trace->milli_cpu, "memoryMib", (json_int_t)trace->memory_mib,
                     "pods", (json_int_t)trace->pods, "typicalPods", (json_int_t)trace->typical,
                     "powerUnknown", trace->unknown_power);
}

json_t *sy_sweep_head_to_json(const struct sy_sweep *sweep)
{
    json_t *traces = json_array(), *policies = json_array();
    bool good = true;
    for (size_t i = 0; i < sweep->ntraces; i++)
        good = json_array_append_new(traces, trace_to_json(&sweep->trace[i])) == 0 && good;
    for (size_t i = 0; i < sweep->npolicies; i++)
        good = json_array_append_new(policies,
                                     json_pack("{ss sb}", "name", sweep->policy[i].name, "baseline",
                                               (int)sweep->policy[i].baseline)) == 0 &&
               good;
    json_t *json = json_pack(
        "{ss sb ss ss sI sI sI sI}", "inputs", sweep->inputs, "seeds", (int)sweep->seeds, "order",
        sweep->order, "ties", sweep->ties, "seedFrom", (json_int_t)sweep->seed_from, "seedTo",
        (json_int_t)sweep->seed_to, "arrivalsPercent", (json_int_t)sweep->arrivals_percent,
        "typicalPercent", (json_int_t)sweep->typical_percent);
    good = put(json, "traces", traces) && good;
    good = put(json, "policies", policies) && good;
    if (!good)
        json_decref(json);
    return good ? json : NULL;
}

static json_t *shard_to_json(const struct sy_sweep *sweep, unsigned shard, unsigned shards)
{
    json_t *cells = json_array();
    json_t *json = json_pack("{ss ss s{si si}}", "apiVersion", "switchyard.dev/v1alpha1", "kind",
                             "ReplayShard", "shard", "index", (int)shard, "of", (int)shards);
    bool good = put(json, "sweep", sy_sweep_head_to_json(sweep));
    for (size_t i = shard - 1; i < sy_sweep_cells(sweep); i += shards) {
        json_t *cell = sy_run_result_to_json(&sweep->cell[i]);
        good = put(cell, "cell", json_integer((json_int_t)i)) && good;
        good = json_array_append_new(cells, cell) == 0 && good;
    }
    good = put(json, "cells", cells) && good;
    if (!good)
        json_decref(json);
    return good ? json : NULL;
}

enum sy_code sy_sweep_shard_to_json(const struct sy_sweep *sweep, unsigned shard, unsigned shards,
                                    json_t **ret, struct sy_err *err)
{
    sy_mem_watch_begin();
    json_t *json = shard_to_json(sweep, shard, shards);
    if (sy_mem_watch_end() || json == NULL) {
        json_decref(json);
        return sy_fail(err, SY_ENOMEM, "out of memory for the results");
    }
    *ret = json;
    return SY_OK;
}
