/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/print_private.h"

struct sy_stat sy_print_saving(const struct sy_group *group, const struct sy_group *first,
                               size_t percent)
{
    struct sy_stat power = sy_group_bin(group, percent, SY_BIN_POWER);
    struct sy_stat base = sy_group_bin(first, percent, SY_BIN_POWER);
    if (power.n == 0 || base.n == 0 || base.mean <= 0)
        return (struct sy_stat){0};
    return (struct sy_stat){.mean = 100 * (1 - power.mean / base.mean), .n = 1};
}

struct sy_stat sy_print_watts_per_gpu(const struct sy_group *group, size_t percent)
{
    struct sy_stat power = sy_group_bin(group, percent, SY_BIN_POWER);
    struct sy_stat used = sy_group_bin(group, percent, SY_BIN_USED);
    if (power.n == 0 || used.mean <= 0)
        return (struct sy_stat){0};
    return (struct sy_stat){.mean = power.mean / (used.mean / 1000), .n = 1};
}

/* `digits` behind the point; "-": there is no such number. */
static void cell(struct sy_table *table, struct sy_stat stat, int digits, double divisor)
{
    if (stat.n == 0)
        sy_table_cell(table, "-");
    else
        sy_table_cellf(table, "%.*f", digits, stat.mean / divisor);
}

static void deviation_cell(struct sy_table *table, struct sy_stat stat)
{
    if (stat.n < 2)
        sy_table_cell(table, "-");
    else
        sy_table_cellf(table, "%.2f", stat.deviation);
}

static const struct sy_column run_columns[] = {
    {.name = "TRACE"},
    {.name = "POLICY"},
    {"RUNS", .wide = true, .right = true},
    {"ALLOCATED%", .right = true},
    {"SD", .right = true},
    {"AT-100%", .right = true},
    {"FIRST-FAIL%", .right = true},
    {"FAILED", .right = true},
    {"JOBS", .right = true},
    {"GPUS", .right = true},
    {"CORES", .right = true},
    {"KW", .right = true},
    {"FRAGMENT-GPUS", .wide = true, .right = true},
    {"TOUCHED-GPUS", .wide = true, .right = true},
};

static void run_row(const struct sy_sweep *sweep, size_t trace, size_t policy,
                    struct sy_table *table)
{
    const struct sy_group group = sy_group_of(sweep, trace, policy);
    struct sy_stat allocated = sy_group_run(&group, SY_RUN_ALLOCATED);
    sy_table_cell(table, group.trace->name);
    sy_table_cell(table, sweep->policy[policy].name);
    sy_table_cellf(table, "%zu", group.n);
    cell(table, allocated, 2, 1);
    deviation_cell(table, allocated);
    cell(table, sy_group_bin(&group, 100, SY_BIN_ALLOCATED), 2, 1);
    cell(table, sy_group_run(&group, SY_RUN_FIRST), 1, 1);
    cell(table, sy_group_run(&group, SY_RUN_FAILED), 0, 1);
    cell(table, sy_group_run(&group, SY_RUN_JOBS), 0, 1);
    cell(table, sy_group_run(&group, SY_RUN_USED), 1, 1000);
    cell(table, sy_group_run(&group, SY_RUN_CPU), 0, 1000);
    cell(table, sy_group_run(&group, SY_RUN_POWER), 1, 1000);
    cell(table, sy_group_run(&group, SY_RUN_FRAGMENT), 1, 1000);
    cell(table, sy_group_run(&group, SY_RUN_TOUCHED), 0, 1);
}

static const struct sy_column point_columns[] = {
    {.name = "TRACE"},           {.name = "POLICY"},
    {"ARRIVED%", .right = true}, {"ALLOCATED%", .right = true},
    {"SERVED%", .right = true},  {"FRAGMENT%", .right = true},
    {"FAILED", .right = true},   {"JOBS", .right = true},
    {"GPUS", .right = true},     {"CORES", .right = true},
    {"KW", .right = true},       {"SAVED%", .right = true},
    {"W/GPU", .right = true},
};

static void point_row(const struct sy_sweep *sweep, size_t trace, size_t policy, size_t percent,
                      struct sy_table *table)
{
    const struct sy_group group = sy_group_of(sweep, trace, policy);
    const struct sy_group first = sy_group_of(sweep, trace, 0);
    if (percent >= sy_group_bins(&group))
        return;
    sy_table_cell(table, group.trace->name);
    sy_table_cell(table, sweep->policy[policy].name);
    sy_table_cellf(table, "%zu", percent);
    cell(table, sy_group_bin(&group, percent, SY_BIN_ALLOCATED), 2, 1);
    cell(table, sy_group_bin(&group, percent, SY_BIN_SERVED), 2, 1);
    cell(table, sy_group_bin(&group, percent, SY_BIN_FRAGMENT), 2, 1);
    cell(table, sy_group_bin(&group, percent, SY_BIN_FAILED), 0, 1);
    cell(table, sy_group_bin(&group, percent, SY_BIN_JOBS), 0, 1);
    cell(table, sy_group_bin(&group, percent, SY_BIN_USED), 1, 1000);
    cell(table, sy_group_bin(&group, percent, SY_BIN_CPU), 0, 1000);
    cell(table, sy_group_bin(&group, percent, SY_BIN_POWER), 1, 1000);
    cell(table, sy_print_saving(&group, &first, percent), 1, 1);
    cell(table, sy_print_watts_per_gpu(&group, percent), 1, 1);
}

static void before_tables(const struct sy_sweep *sweep, struct sy_str *text)
{
    for (size_t i = 0; i < sweep->ntraces; i++) {
        const struct sy_sweep_trace *trace = &sweep->trace[i];
        sy_str_printf(text, "%s: %lld nodes, %lld GPUs, %lld pods of %lld typical kinds\n",
                      trace->name, (long long)trace->nodes, (long long)(trace->milli_gpu / 1000),
                      (long long)trace->pods, (long long)trace->typical);
        if (trace->unknown_power[0] != '\0')
            sy_str_printf(text, "%s: no power known, counted as 0 W: %s\n", trace->name,
                          trace->unknown_power);
    }
    sy_str_append(text, "\n");
}

enum sy_code sy_sweep_print(const struct sy_sweep *sweep, struct sy_result *result,
                            struct sy_err *err)
{
    static const size_t percent[SY_PRINT_NPOINTS] = SY_PRINT_POINTS;
    size_t nrun = sizeof run_columns / sizeof run_columns[0];
    size_t npoint = sizeof point_columns / sizeof point_columns[0];
    struct sy_table *runs = sy_result_table(result, NULL, run_columns, nrun);
    struct sy_table *points = sy_result_table(
        result, "While demand arrives (SAVED% against the first policy)", point_columns, npoint);
    if (runs == NULL || points == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the tables");
    before_tables(sweep, &result->before);
    for (size_t t = 0; t < sweep->ntraces; t++)
        for (size_t p = 0; p < sweep->npolicies; p++) {
            run_row(sweep, t, p, runs);
            for (size_t i = 0; i < SY_PRINT_NPOINTS; i++)
                point_row(sweep, t, p, percent[i], points);
        }
    return sy_print_json(sweep, &result->json, err);
}
