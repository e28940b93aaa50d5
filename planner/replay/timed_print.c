/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/timed_print.h"

#include <math.h>

static const char *const lack_key[SY_LACK_COUNT] = {
#define X(id, key) [SY_LACK_##id] = key,
    SY_LACKS(X)
#undef X
};

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static json_t *real(double value)
{
    return json_real(rint(value * 1e4) / 1e4);
}

static json_t *whole(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *point_to_json(const struct sy_timed_point *p)
{
    json_t *json = json_object();
    bool good =
        put(json, "untilSeconds", json_integer((json_int_t)p->until_s)) &&
        put(json, "allocatedPercent", real(p->allocated_percent)) &&
        put(json, "cpuPercent", real(p->cpu_percent)) &&
        put(json, "fragmentPercent", real(p->fragment_percent)) &&
        put(json, "powerWatts", real(p->power_w)) && put(json, "running", whole(p->running)) &&
        put(json, "waiting", whole(p->waiting)) && put(json, "startedPods", whole(p->started)) &&
        put(json, "finishedPods", whole(p->finished)) &&
        put(json, "failedPods", whole(p->failed)) && put(json, "gpuHours", real(p->gpu_hours)) &&
        put(json, "coreHours", real(p->core_hours)) && put(json, "energyKwh", real(p->energy_kwh));
    if (!good)
        json_decref(json);
    return good ? json : NULL;
}

static bool put_run(json_t *json, const struct sy_timed_result *run)
{
    json_t *lacks = json_object(), *served = json_object();
    for (int i = 0; i < SY_LACK_COUNT; i++)
        (void)put(lacks, lack_key[i], whole(run->failed_lack[i]));
    (void)put(served, "jobs", whole(run->finished));
    (void)put(served, "gpuHours", real(run->gpu_hours));
    (void)put(served, "coreHours", real(run->core_hours));
    bool good = put(json, "pods", whole(run->pods));
    good = put(json, "failedPods", whole(run->failed)) && good;
    good = put(json, "failedPodsByReason", lacks) && good;
    good = put(json, "waitedPods", whole(run->waited)) && good;
    good = put(json, "waitedHours", real(run->waited_hours)) && good;
    good = put(json, "longestWaitHours", real(run->longest_wait_hours)) && good;
    good = put(json, "served", served) && good;
    good = put(json, "energyKwh", real(run->energy_kwh)) && good;
    good = put(json, "peakAllocatedPercent", real(run->peak_allocated_percent)) && good;
    good = put(json, "peakPowerWatts", real(run->peak_power_w)) && good;
    good = put(json, "fromSeconds", json_integer((json_int_t)run->from_s)) && good;
    return put(json, "untilSeconds", json_integer((json_int_t)run->until_s)) && good;
}

static json_t *all_to_json(const struct sy_sweep *sweep, bool queue,
                           const struct sy_timed_result *run)
{
    json_t *json = sy_result_object("Replay"), *others = json_array(), *series = json_array();
    bool good = put(json, "policy", json_string(sweep->policy[0].name));
    good = put(json, "trace",
               json_pack("{ss sI sI sI sI}", "name", sweep->trace[0].name, "nodes",
                         (json_int_t)sweep->trace[0].nodes, "milliGpu",
                         (json_int_t)sweep->trace[0].milli_gpu, "milliCpu",
                         (json_int_t)sweep->trace[0].milli_cpu, "pods",
                         (json_int_t)sweep->trace[0].pods)) &&
           good;
    good = put(json, "departures", json_true()) && good;
    good = put(json, "withoutRoom", json_string(queue ? "wait" : "drop")) && good;
    good = put(json, "seed", whole(sweep->seed_from)) && good;
    good = put_run(json, &run[0]) && good;
    for (size_t i = 0; i < run[0].npoints; i++)
        good = json_array_append_new(series, point_to_json(&run[0].point[i])) == 0 && good;
    good = put(json, "series", series) && good;
    for (size_t p = 1; p < sweep->npolicies; p++) {
        json_t *other = json_pack("{ss sb}", "policy", sweep->policy[p].name, "baseline",
                                  (int)sweep->policy[p].baseline);
        good = put_run(other, &run[p]) && good;
        good = json_array_append_new(others, other) == 0 && good;
    }
    good = put(json, "baselines", others) && good;
    return json;
}

static const struct sy_column run_columns[] = {
    {.name = "POLICY"},
    {.name = "FAILED", .right = true},
    {.name = "WAITED", .right = true},
    {.name = "MEAN-WAIT-H", .right = true},
    {.name = "JOBS", .right = true},
    {.name = "GPU-HOURS", .right = true},
    {.name = "CORE-HOURS", .right = true},
    {.name = "MWH", .right = true},
    {.name = "SAVED%", .right = true},
    {.name = "WH/GPU-HOUR", .right = true},
    {.name = "PEAK%", .right = true},
    {.name = "PEAK-KW", .right = true},
    {.name = "UNTIL-H", .wide = true, .right = true},
};

static void run_row(const struct sy_timed_result *first, const struct sy_timed_result *run,
                    const char *policy, struct sy_table *table)
{
    double mean = run->waited > 0 ? run->waited_hours / (double)run->waited : 0;
    double saved = first->energy_kwh > 0 ? 100 * (1 - run->energy_kwh / first->energy_kwh) : 0;
    double each = run->gpu_hours > 0 ? 1000 * run->energy_kwh / run->gpu_hours : 0;
    sy_table_cell(table, policy);
    sy_table_cellf(table, "%llu", (unsigned long long)run->failed);
    sy_table_cellf(table, "%llu", (unsigned long long)run->waited);
    sy_table_cellf(table, "%.2f", mean);
    sy_table_cellf(table, "%llu", (unsigned long long)run->finished);
    sy_table_cellf(table, "%.0f", run->gpu_hours);
    sy_table_cellf(table, "%.0f", run->core_hours);
    sy_table_cellf(table, "%.2f", run->energy_kwh / 1000);
    sy_table_cellf(table, "%.1f", saved);
    sy_table_cellf(table, "%.1f", each);
    sy_table_cellf(table, "%.2f", run->peak_allocated_percent);
    sy_table_cellf(table, "%.1f", run->peak_power_w / 1000);
    sy_table_cellf(table, "%.1f", (double)run->until_s / 3600);
}

static const struct sy_column point_columns[] = {
    {.name = "UNTIL-H", .right = true},    {.name = "ALLOCATED%", .right = true},
    {.name = "CPU%", .right = true},       {.name = "FRAGMENT%", .right = true},
    {.name = "KW", .right = true},         {.name = "RUNNING", .right = true},
    {.name = "WAITING", .right = true},    {.name = "FAILED", .right = true},
    {.name = "JOBS", .right = true},       {.name = "GPU-HOURS", .right = true},
    {.name = "CORE-HOURS", .right = true}, {.name = "MWH", .right = true},
};

static void point_row(const struct sy_timed_point *p, struct sy_table *table)
{
    sy_table_cellf(table, "%.1f", (double)p->until_s / 3600);
    sy_table_cellf(table, "%.2f", p->allocated_percent);
    sy_table_cellf(table, "%.2f", p->cpu_percent);
    sy_table_cellf(table, "%.2f", p->fragment_percent);
    sy_table_cellf(table, "%.1f", p->power_w / 1000);
    sy_table_cellf(table, "%llu", (unsigned long long)p->running);
    sy_table_cellf(table, "%llu", (unsigned long long)p->waiting);
    sy_table_cellf(table, "%llu", (unsigned long long)p->failed);
    sy_table_cellf(table, "%llu", (unsigned long long)p->finished);
    sy_table_cellf(table, "%.0f", p->gpu_hours);
    sy_table_cellf(table, "%.0f", p->core_hours);
    sy_table_cellf(table, "%.2f", p->energy_kwh / 1000);
}

enum sy_code sy_timed_print(const struct sy_sweep *sweep, bool queue,
                            const struct sy_timed_result *run, struct sy_result *result,
                            struct sy_err *err)
{
    struct sy_table *runs =
        sy_result_table(result, NULL, run_columns, sizeof run_columns / sizeof run_columns[0]);
    struct sy_table *points = sy_result_table(result, "The first policy in time", point_columns,
                                              sizeof point_columns / sizeof point_columns[0]);
    if (runs == NULL || points == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the tables");
    sy_str_printf(&result->before,
                  "%s: %lld nodes, %lld GPUs, %lld pods; without room a pod %s\n\n",
                  sweep->trace[0].name, (long long)sweep->trace[0].nodes,
                  (long long)(sweep->trace[0].milli_gpu / 1000), (long long)sweep->trace[0].pods,
                  queue ? "waits and is tried again when others leave" : "is dropped");
    for (size_t p = 0; p < sweep->npolicies; p++)
        run_row(&run[0], &run[p], sweep->policy[p].name, runs);
    for (size_t i = 0; i < run[0].npoints; i++)
        point_row(&run[0].point[i], points);
    sy_mem_watch_begin();
    json_t *json = all_to_json(sweep, queue, run);
    if (sy_mem_watch_end()) {
        json_decref(json);
        return sy_fail(err, SY_ENOMEM, "out of memory for the results");
    }
    result->json = json;
    return SY_OK;
}
