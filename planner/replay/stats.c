/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/stats.h"

#include <math.h>

struct sy_group sy_group_of(const struct sy_sweep *sweep, size_t trace, size_t policy)
{
    return (struct sy_group){.trace = &sweep->trace[trace],
                             .run = &sweep->cell[sy_sweep_at(sweep, trace, policy, 0)],
                             .n = sy_sweep_seeds(sweep)};
}

/* NaN: the run has no such number. */
static double run_number(const struct sy_group *group, const struct sy_run_result *run,
                         enum sy_run_stat which)
{
    switch (which) {
    case SY_RUN_ALLOCATED:
        return 100 * (double)run->used_milli / (double)group->trace->milli_gpu;
    case SY_RUN_USED:
        return (double)run->used_milli;
    case SY_RUN_FAILED:
        return (double)run->failed;
    case SY_RUN_FIRST:
        return run->first_failure_percent < 0 ? NAN : run->first_failure_percent;
    case SY_RUN_FRAGMENT:
        return run->fragment_milli;
    case SY_RUN_CPU:
        return (double)run->used_cpu_milli;
    case SY_RUN_JOBS:
        return (double)(run->pods - run->failed);
    case SY_RUN_POWER:
        return (double)run->power_mw / 1000;
    case SY_RUN_TOUCHED:
        return (double)run->touched_devices;
    case SY_RUN_STAT_COUNT:
        break;
    }
    return NAN;
}

static double bin_number(const struct sy_run_bin *bin, enum sy_bin_stat which)
{
    switch (which) {
    case SY_BIN_ALLOCATED:
        return bin->allocated_percent;
    case SY_BIN_SERVED:
        return bin->arrived_milli > 0 ? 100 * (double)bin->used_milli / (double)bin->arrived_milli
                                      : NAN;
    case SY_BIN_POWER:
        return bin->power_w;
    case SY_BIN_FRAGMENT:
        return bin->fragment_percent;
    case SY_BIN_FRAGMENT_RATIO:
        return bin->fragment_ratio_percent;
    case SY_BIN_FAILED:
        return (double)bin->failed;
    case SY_BIN_JOBS:
        return (double)bin->served;
    case SY_BIN_USED:
        return (double)bin->used_milli;
    case SY_BIN_CPU:
        return (double)bin->used_cpu_milli;
    case SY_BIN_STAT_COUNT:
        break;
    }
    return NAN;
}

/* Two passes; numbers that are none are left out. */
struct summing {
    double sum, squares;
    size_t n;
};

static struct sy_stat finish(const struct summing *first, const struct summing *second)
{
    struct sy_stat stat = {.n = first->n};
    if (stat.n > 0)
        stat.mean = first->sum / (double)stat.n;
    if (stat.n > 1)
        stat.deviation = sqrt(second->squares / (double)(stat.n - 1));
    return stat;
}

static void add(struct summing *sums, double number, double mean)
{
    if (isnan(number))
        return;
    sums->sum += number;
    sums->squares += (number - mean) * (number - mean);
    sums->n++;
}

struct sy_stat sy_group_run(const struct sy_group *group, enum sy_run_stat which)
{
    struct summing first = {0}, second = {0};
    for (size_t i = 0; i < group->n; i++)
        add(&first, run_number(group, &group->run[i], which), 0);
    for (size_t i = 0; i < group->n && first.n > 0; i++)
        add(&second, run_number(group, &group->run[i], which), first.sum / (double)first.n);
    return finish(&first, &second);
}

struct sy_stat sy_group_bin(const struct sy_group *group, size_t percent, enum sy_bin_stat which)
{
    struct summing first = {0}, second = {0};
    for (size_t i = 0; i < group->n; i++)
        if (percent < group->run[i].nbins)
            add(&first, bin_number(&group->run[i].bin[percent], which), 0);
    for (size_t i = 0; i < group->n && first.n > 0; i++)
        if (percent < group->run[i].nbins)
            add(&second, bin_number(&group->run[i].bin[percent], which),
                first.sum / (double)first.n);
    return finish(&first, &second);
}

size_t sy_group_bins(const struct sy_group *group)
{
    size_t most = 0;
    for (size_t i = 0; i < group->n; i++)
        if (group->run[i].nbins > most)
            most = group->run[i].nbins;
    return most;
}
