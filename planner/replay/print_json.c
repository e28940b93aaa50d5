/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/print_private.h"

#include "planner/replay/result.h"

#include <math.h>

static const char *const run_key[SY_RUN_STAT_COUNT] = {
#define X(id, key) [SY_RUN_##id] = key,
    SY_RUN_STATS(X)
#undef X
};
static const char *const bin_key[SY_BIN_STAT_COUNT] = {
#define X(id, key) [SY_BIN_##id] = key,
    SY_BIN_STATS(X)
#undef X
};
static const char *const kind_key[SY_POD_KIND_COUNT] = {
#define X(id, key) [SY_POD_##id] = key,
    SY_POD_KINDS(X)
#undef X
};
static const char *const lack_key[SY_LACK_COUNT] = {
#define X(id, key) [SY_LACK_##id] = key,
    SY_LACKS(X)
#undef X
};

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* Whole numbers without a point, others to four digits; `n` 0: null. */
static json_t *number(const struct sy_stat *stat, double value)
{
    double rounded = rint(value * 1e4) / 1e4;
    if (stat->n == 0)
        return json_null();
    return rounded == rint(rounded) ? json_integer((json_int_t)rounded) : json_real(rounded);
}

static json_t *whole(int64_t value)
{
    return json_integer((json_int_t)value);
}

static bool put_counts(json_t *json, const char *name, const char *const *key,
                       const uint64_t *count, size_t n)
{
    json_t *counts = json_object();
    bool good = true;
    for (size_t i = 0; i < n; i++)
        good = put(counts, key[i], whole((int64_t)count[i])) && good;
    return put(json, name, counts) && good;
}

/* One percent of arrived demand: the means there. */
static json_t *bin_to_json(const struct sy_group *group, size_t percent)
{
    json_t *json = json_object();
    bool good = put(json, "arrivedPercent", whole((int64_t)percent));
    for (int i = 0; i < SY_BIN_STAT_COUNT; i++) {
        struct sy_stat stat = sy_group_bin(group, percent, (enum sy_bin_stat)i);
        good = put(json, bin_key[i], number(&stat, stat.mean)) && good;
    }
    if (!good)
        json_decref(json);
    return good ? json : NULL;
}

static json_t *curve_to_json(const struct sy_group *group)
{
    json_t *curve = json_array();
    bool good = true;
    for (size_t i = 0; i < sy_group_bins(group); i++)
        good = json_array_append_new(curve, bin_to_json(group, i)) == 0 && good;
    return curve;
}

static json_t *points_to_json(const struct sy_group *group, const struct sy_group *first)
{
    static const size_t percent[SY_PRINT_NPOINTS] = SY_PRINT_POINTS;
    json_t *points = json_array();
    for (size_t i = 0; i < SY_PRINT_NPOINTS; i++) {
        if (percent[i] >= sy_group_bins(group))
            continue;
        json_t *point = bin_to_json(group, percent[i]);
        struct sy_stat saving = sy_print_saving(group, first, percent[i]);
        struct sy_stat watts = sy_print_watts_per_gpu(group, percent[i]);
        (void)put(point, "powerSavingPercent", number(&saving, saving.mean));
        (void)put(point, "wattsPerGpuServed", number(&watts, watts.mean));
        (void)json_array_append_new(points, point);
    }
    return points;
}

/* One run: the keys that a replay of a given order has. */
static bool put_run(json_t *json, const struct sy_group *group, const struct sy_run_result *run)
{
    const struct sy_group one = {.trace = group->trace, .run = run, .n = 1};
    struct sy_stat first = sy_group_run(&one, SY_RUN_FIRST);
    struct sy_stat allocated = sy_group_run(&one, SY_RUN_ALLOCATED);
    struct sy_stat fragment = sy_group_run(&one, SY_RUN_FRAGMENT);
    struct sy_stat power = sy_group_run(&one, SY_RUN_POWER);
    bool good =
        put(json, "pods", whole((int64_t)run->pods)) &&
        put(json, "arrivedMilliGpu", whole(run->arrived_milli)) &&
        put(json, "usedMilliGpu", whole(run->used_milli)) &&
        put(json, "allocatedPercent", number(&allocated, allocated.mean)) &&
        put(json, "failedPods", whole((int64_t)run->failed)) &&
        put_counts(json, "failedPodsByReason", lack_key, run->failed_lack, SY_LACK_COUNT) &&
        put_counts(json, "failedPodsByKind", kind_key, run->failed_kind, SY_POD_KIND_COUNT) &&
        put(json, "failedMilliGpu", whole(run->failed_milli)) &&
        put(json, "firstFailurePercent", number(&first, first.mean)) &&
        put(json, "fragmentMilli", number(&fragment, fragment.mean)) &&
        put(json, "touchedGpus", whole(run->touched_devices)) &&
        put(json, "powerWatts", number(&power, power.mean));
    return good &&
           put(json, "served",
               json_pack("{sI sI sI sI}", "jobs", (json_int_t)(run->pods - run->failed), "milliGpu",
                         (json_int_t)run->used_milli, "milliCpu", (json_int_t)run->used_cpu_milli,
                         "memoryMib", (json_int_t)run->used_memory_mib));
}

static json_t *trace_to_json(const struct sy_sweep_trace *trace)
{
    return json_pack("{ss sI sI sI sI sI sI ss}", "name", trace->name, "nodes",
                     (json_int_t)trace->nodes, "milliGpu", (json_int_t)trace->milli_gpu, "milliCpu",
                     (json_int_t)trace->milli_cpu, "memoryMib", (json_int_t)trace->memory_mib,
                     "pods", (json_int_t)trace->pods, "typicalPods", (json_int_t)trace->typical,
                     "powerUnknown", trace->unknown_power);
}

static bool put_setting(json_t *json, const struct sy_sweep *sweep)
{
    bool good = true;
    if (sweep->order[0] != '\0')
        good = put(json, "order", json_string(sweep->order));
    else
        good = put(json, "arrivalsPercent", whole(sweep->arrivals_percent));
    if (good && sweep->ties[0] != '\0')
        good = put(json, "ties", json_string(sweep->ties));
    if (good && sweep->seeds)
        good = put(json, "seeds",
                   json_pack("{sI sI}", "from", (json_int_t)sweep->seed_from, "to",
                             (json_int_t)sweep->seed_to));
    else if (good)
        good = put(json, "seed", whole((int64_t)sweep->seed_from));
    return good && put(json, "typicalPercent", whole(sweep->typical_percent));
}

/* One run of the first policy; the others beside it without their curves. */
static json_t *single_to_json(const struct sy_sweep *sweep)
{
    json_t *json = sy_result_object("Replay"), *others = json_array(), *baselines = json_array();
    const struct sy_group first = sy_group_of(sweep, 0, 0);
    bool good = put(json, "policy", json_string(sweep->policy[0].name)) &&
                put(json, "trace", trace_to_json(&sweep->trace[0])) && put_setting(json, sweep) &&
                put_run(json, &first, first.run) &&
                put(json, "points", points_to_json(&first, &first)) &&
                put(json, "allocation", curve_to_json(&first));
    for (size_t p = 1; good && p < sweep->npolicies; p++) {
        const struct sy_group group = sy_group_of(sweep, 0, p);
        json_t *run = json_object();
        good = put(run, "policy", json_string(sweep->policy[p].name)) &&
               put_run(run, &group, group.run) &&
               put(run, "points", points_to_json(&group, &first));
        good =
            json_array_append_new(sweep->policy[p].baseline ? baselines : others, run) == 0 && good;
    }
    bool compared = json_array_size(others) > 0;
    good = compared ? put(json, "compared", others) && good : good;
    if (!compared)
        json_decref(others);
    good = put(json, "baselines", baselines) && good;
    return json;
}

static bool put_runs(json_t *json, const struct sy_sweep *sweep, const struct sy_group *group)
{
    json_t *runs = json_array();
    bool good = true;
    for (size_t i = 0; i < group->n; i++) {
        json_t *run = json_pack("{sI}", "seed", (json_int_t)sweep->seed_from + (json_int_t)i);
        good = good && put_run(run, group, &group->run[i]);
        good = json_array_append_new(runs, run) == 0 && good;
    }
    return put(json, "runs", runs) && good;
}

static json_t *group_to_json(const struct sy_sweep *sweep, size_t trace, size_t policy)
{
    const struct sy_group group = sy_group_of(sweep, trace, policy);
    const struct sy_group first = sy_group_of(sweep, trace, 0);
    json_t *json =
        json_pack("{ss ss sb}", "trace", group.trace->name, "policy", sweep->policy[policy].name,
                  "baseline", (int)sweep->policy[policy].baseline);
    json_t *mean = json_object(), *deviation = json_object();
    bool good = true;
    for (int i = 0; i < SY_RUN_STAT_COUNT; i++) {
        struct sy_stat stat = sy_group_run(&group, (enum sy_run_stat)i);
        good = put(mean, run_key[i], number(&stat, stat.mean)) &&
               put(deviation, run_key[i], number(&stat, stat.deviation)) && good;
    }
    good = put(json, "mean", mean) && good;
    good = put(json, "standardDeviation", deviation) && good;
    good = put(json, "points", points_to_json(&group, &first)) && good;
    good = put_runs(json, sweep, &group) && good;
    good = put(json, "allocation", curve_to_json(&group)) && good;
    return json;
}

static json_t *sweep_to_json(const struct sy_sweep *sweep)
{
    json_t *json = sy_result_object("Replay"), *traces = json_array(), *results = json_array();
    bool good = put_setting(json, sweep);
    for (size_t t = 0; t < sweep->ntraces; t++)
        good = json_array_append_new(traces, trace_to_json(&sweep->trace[t])) == 0 && good;
    for (size_t t = 0; t < sweep->ntraces; t++)
        for (size_t p = 0; p < sweep->npolicies; p++)
            good = json_array_append_new(results, group_to_json(sweep, t, p)) == 0 && good;
    good = put(json, "traces", traces) && good;
    good = put(json, "results", results) && good;
    return json;
}

enum sy_code sy_print_json(const struct sy_sweep *sweep, json_t **ret, struct sy_err *err)
{
    sy_mem_watch_begin();
    bool single = sweep->ntraces == 1 && !sweep->seeds;
    json_t *json = single ? single_to_json(sweep) : sweep_to_json(sweep);
    if (sy_mem_watch_end() || json == NULL) {
        json_decref(json);
        return sy_fail(err, SY_ENOMEM, "out of memory for the results");
    }
    *ret = json;
    return SY_OK;
}
