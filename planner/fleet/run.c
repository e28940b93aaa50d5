/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: jobs arrive, wait in the order of their arrival, run, end. A job that does not fit
 * lets those behind it go first, as kube-scheduler does. */
#include "planner/fleet/run.h"

#include "planner/fleet/fleet_private.h"
#include "planner/fleet/world.h"

#include <math.h>
#include <stdlib.h>

#define JOBS_MAX 1000000u
#define MIB 1048576.0

struct waiting {
    const struct sy_fleet_job *job;
    double arrived_h, hours; /* hours: how long it runs, where that is given */
    uint32_t number;
};

struct run {
    const struct sy_fleet *fleet;
    const struct sy_fleet_options *options;
    struct sy_fleet_result *result;
    struct fleet_world world;
    struct sy_random arrivals; /* of its own: the same jobs for every policy */
    double now_h, next_h, rate_per_h;
    size_t nwaiting, waiting_size;
    struct waiting *waiting;
    bool *full;                /* per job of the file: it did not fit since something ended */
    double busy_h, training_h; /* device-hours of training jobs: computing, and all */
    double *gbps;              /* of jobs of more than one device */
    size_t gbps_size;
    double wait_h, affinity, value, within;
    double watt_h; /* above idle */
    double idle_w; /* of all devices */
    uint32_t ndevice;
    struct sy_err *err;
};

static double devices_of(const struct sy_request *request)
{
    double n = 0;
    for (size_t e = 0; e < request->nentry; e++)
        n += request->entry[e].count;
    return n;
}

/* Devices that train: those with a rate. */
static double trainers_of(const struct sy_fleet *fleet, const struct sy_request *request)
{
    double n = 0;
    for (size_t e = 0; e < request->nentry; e++)
        for (size_t i = 0; i < fleet->nrate; i++)
            if (fleet->rate[i].resource == request->entry[e].resource) {
                n += request->entry[e].count;
                break;
            }
    return n;
}

/* A step computes, waits for data, and exchanges what the devices have learnt (a ring: each sends
 * 2 (n - 1) / n of it) over the slowest pair. gbps 0: nobody knows, no time is counted for it. */
static double images_per_s(const struct sy_fleet *fleet, const struct sy_request *request,
                           double gbps, double *ret_busy)
{
    const struct sy_fleet_rate *rate = sy_fleet_rate_of(fleet, request);
    double n = trainers_of(fleet, request);
    double compute_s = rate->batch / rate->images_per_s;
    double step_s = compute_s / rate->input_share;
    if (gbps > 0 && n > 1)
        step_s += 2 * (n - 1) / n * rate->sync_mib * MIB / (gbps * 1e9) * (1 - rate->overlap);
    *ret_busy = compute_s / step_s;
    return n * rate->batch / step_s;
}

/* Device-hours that a job takes on its first alternative, alone. */
static double work_of(const struct sy_fleet *fleet, const struct sy_fleet_job *job)
{
    double busy = 0, hours = job->hours;
    if (job->images > 0)
        hours = job->images / images_per_s(fleet, &job->any[0], 0, &busy) / 3600;
    return devices_of(&job->any[0]) * hours;
}

static bool is_asked_for(const struct sy_fleet *fleet, const struct sy_unit *unit)
{
    for (size_t j = 0; j < fleet->njob; j++)
        for (size_t a = 0; a < fleet->job[j].nany; a++)
            for (size_t e = 0; e < fleet->job[j].any[a].nentry; e++)
                if (sy_devset_has(&unit->resources, fleet->job[j].any[a].entry[e].resource))
                    return true;
    return false;
}

static void measure_fleet(struct run *run)
{
    run->result->watts_known = true;
    for (uint32_t i = 0; i < run->world.n; i++) {
        const struct sy_fabric *fabric = run->world.node[i].node->fabric;
        for (unsigned u = 0; u < fabric->nunit; u++) {
            const struct sy_unit *unit = &fabric->unit[u];
            if (!is_asked_for(run->fleet, unit))
                continue;
            run->ndevice++;
            run->idle_w += unit->idle_mw / 1000.0;
            run->result->watts_known &= unit->idle_mw != 0 && unit->tdp_mw != 0;
        }
    }
}

static double exponential(struct sy_random *random, double mean)
{
    return -log(1 - sy_random_unit(random)) * mean;
}

static const struct sy_fleet_job *draw_job(struct run *run)
{
    uint64_t sum = 0, at;
    for (size_t j = 0; j < run->fleet->njob; j++)
        sum += run->fleet->job[j].weight;
    at = sy_random_below(&run->arrivals, sum);
    for (size_t j = 0; j < run->fleet->njob; j++) {
        if (at < run->fleet->job[j].weight)
            return &run->fleet->job[j];
        at -= run->fleet->job[j].weight;
    }
    return &run->fleet->job[0];
}

static enum sy_code arrive(struct run *run)
{
    if (run->nwaiting == run->waiting_size) {
        size_t wider = run->waiting_size > 0 ? 2 * run->waiting_size : 64;
        struct waiting *moved = sy_realloc(run->waiting, wider * sizeof *moved);
        if (moved == NULL)
            return sy_fail(run->err, SY_ENOMEM, "out of memory for %zu jobs", wider);
        run->waiting = moved;
        run->waiting_size = wider;
    }
    const struct sy_fleet_job *job = draw_job(run);
    run->waiting[run->nwaiting++] =
        (struct waiting){.job = job,
                         .arrived_h = run->now_h,
                         .hours = job->hours > 0 ? exponential(&run->arrivals, job->hours) : 0,
                         .number = run->result->arrived++};
    run->next_h = run->now_h + exponential(&run->arrivals, 1 / run->rate_per_h);
    return run->result->arrived < JOBS_MAX
               ? SY_OK
               : sy_fail(run->err, SY_ELIMIT, "more than %u jobs", JOBS_MAX);
}

static enum sy_code note_gbps(struct run *run, double gbps)
{
    if (run->result->gbps_n == run->gbps_size) {
        size_t wider = run->gbps_size > 0 ? 2 * run->gbps_size : 256;
        double *moved = sy_realloc(run->gbps, wider * sizeof *moved);
        if (moved == NULL)
            return sy_fail(run->err, SY_ENOMEM, "out of memory");
        run->gbps = moved;
        run->gbps_size = wider;
    }
    run->gbps[run->result->gbps_n++] = gbps;
    return SY_OK;
}

static bool within_numa(const struct sy_fabric *fabric, const struct sy_devset *units)
{
    int place = -2;
    SY_DEVSET_EACH(u, units)
    {
        int here = fabric->unit[u].place[SY_SCOPE_NUMA];
        if (here < 0 || (place != -2 && here != place))
            return false;
        place = here;
    }
    return true;
}

/* What the job got: before it is there. */
static enum sy_code note_start(struct run *run, const struct fleet_running *running,
                               const struct sy_value *value)
{
    const struct sy_fabric *fabric = run->world.node[running->node].node->fabric;
    if (sy_devset_count(&running->pick.all) < 2)
        return SY_OK;
    run->result->joined++;
    run->affinity += value->term[SY_TERM_AFFINITY];
    run->value += sy_value_total(run->world.profile, value->term);
    run->within += within_numa(fabric, &running->pick.all);
    return value->min_mbps > 0 ? note_gbps(run, value->min_mbps / 1000.0) : SY_OK;
}

static enum sy_code start(struct run *run, const struct waiting *waiting,
                          const struct sy_request *request, const struct fleet_choice *choice)
{
    struct sy_value value;
    struct fleet_running running = {.job = waiting->job,
                                    .request = request,
                                    .node = choice->node,
                                    .pick = choice->pick,
                                    .start_h = run->now_h,
                                    .number = waiting->number};
    enum sy_code code =
        fleet_value(&run->world, choice->node, request, &choice->pick, &value, run->err);
    if (code == SY_OK)
        code = note_start(run, &running, &value);
    if (code != SY_OK)
        return code;
    double hours = waiting->hours;
    if (waiting->job->images > 0) {
        running.images_per_s =
            images_per_s(run->fleet, request, value.min_mbps / 1000.0, &running.busy);
        hours = waiting->job->images / running.images_per_s / 3600;
    }
    running.end_h = run->now_h + hours;
    run->result->placed++;
    run->result->untried += choice->untried;
    run->wait_h += run->now_h - waiting->arrived_h;
    return fleet_world_start(&run->world, &running, run->err);
}

/* The first alternative that has a place. */
static enum sy_code try_job(struct run *run, const struct waiting *waiting, bool *ret_started)
{
    enum sy_code code = SY_OK;
    *ret_started = false;
    for (size_t a = 0; a < waiting->job->nany && code == SY_OK && !*ret_started; a++) {
        struct fleet_choice choice;
        code = fleet_choose(&run->world, waiting->job, &waiting->job->any[a], &choice, run->err);
        *ret_started = code == SY_OK && choice.found;
        if (*ret_started)
            code = start(run, waiting, &waiting->job->any[a], &choice);
    }
    return code;
}

static enum sy_code try_waiting(struct run *run)
{
    enum sy_code code = SY_OK;
    size_t kept = 0;
    for (size_t i = 0; i < run->nwaiting; i++) {
        bool *full = &run->full[run->waiting[i].job - run->fleet->job];
        bool started = false;
        if (code == SY_OK && !*full) {
            code = try_job(run, &run->waiting[i], &started);
            *full = !started;
        }
        if (!started)
            run->waiting[kept++] = run->waiting[i];
    }
    run->nwaiting = kept;
    return code;
}

/* Work done until now: when a job ends, or the clock. */
static void note_work(struct run *run, const struct fleet_running *running)
{
    const struct sy_fabric *fabric = run->world.node[running->node].node->fabric;
    double hours = run->now_h - running->start_h;
    double trainers = trainers_of(run->fleet, running->request);
    run->result->device_h += hours * sy_devset_count(&running->pick.all);
    run->result->cpu_core_h += hours * (double)running->job->cpu_milli / 1000;
    SY_DEVSET_EACH(u, &running->pick.all)
    run->watt_h += hours * (fabric->unit[u].tdp_mw - (double)fabric->unit[u].idle_mw) / 1000;
    if (running->images_per_s > 0) {
        run->result->images += hours * 3600 * running->images_per_s;
        run->training_h += hours * trainers;
        run->busy_h += hours * trainers * running->busy;
    }
}

/* Index of the job that ends first; of equal ones the first that came. */
static size_t next_end(const struct run *run)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < run->world.nrunning; i++) {
        const struct fleet_running *running = &run->world.running[i];
        if (best == SIZE_MAX || running->end_h < run->world.running[best].end_h ||
            (running->end_h == run->world.running[best].end_h &&
             running->number < run->world.running[best].number))
            best = i;
    }
    return best;
}

static enum sy_code step(struct run *run, size_t ending)
{
    if (ending == SIZE_MAX)
        return arrive(run);
    note_work(run, &run->world.running[ending]);
    run->result->finished++;
    for (size_t j = 0; j < run->fleet->njob; j++)
        run->full[j] = false;
    return fleet_world_end(&run->world, ending, run->err);
}

static enum sy_code run_clock(struct run *run)
{
    enum sy_code code = SY_OK;
    run->next_h = exponential(&run->arrivals, 1 / run->rate_per_h);
    while (code == SY_OK) {
        size_t ending = next_end(run);
        double end_h = ending != SIZE_MAX ? run->world.running[ending].end_h : INFINITY;
        run->now_h = fmin(end_h, run->next_h);
        if (run->now_h >= run->options->hours)
            break;
        code = step(run, end_h <= run->next_h ? ending : SIZE_MAX);
        if (code == SY_OK)
            code = try_waiting(run);
    }
    run->now_h = run->options->hours;
    for (size_t i = 0; i < run->world.nrunning; i++)
        note_work(run, &run->world.running[i]);
    return code;
}

static int compare_real(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sum_up(struct run *run)
{
    struct sy_fleet_result *result = run->result;
    double all_h = run->ndevice * run->options->hours;
    result->waiting = (uint32_t)run->nwaiting;
    result->wait_h = result->placed > 0 ? run->wait_h / result->placed : 0;
    if (result->joined > 0) {
        result->affinity = run->affinity / result->joined;
        result->value = run->value / result->joined;
        result->within_numa = run->within / result->joined;
    }
    if (result->gbps_n > 0) {
        double sum = 0;
        for (uint32_t i = 0; i < result->gbps_n; i++)
            sum += run->gbps[i];
        qsort(run->gbps, result->gbps_n, sizeof *run->gbps, compare_real);
        result->gbps = sum / result->gbps_n;
        result->gbps_p10 = run->gbps[result->gbps_n / 10];
    }
    result->allocated = all_h > 0 ? result->device_h / all_h : 0;
    result->busy_share = run->training_h > 0 ? run->busy_h / run->training_h : 0;
    result->watts = run->idle_w + run->watt_h / run->options->hours;
}

static enum sy_code prepare(struct run *run)
{
    double work = 0, weights = 0;
    measure_fleet(run);
    for (size_t j = 0; j < run->fleet->njob; j++) {
        work += work_of(run->fleet, &run->fleet->job[j]) * run->fleet->job[j].weight;
        weights += run->fleet->job[j].weight;
    }
    run->rate_per_h = run->fleet->load * run->ndevice / (work / weights);
    if (!(run->rate_per_h > 0))
        return sy_fail(run->err, SY_EINVAL, "no node has a device that a job asks for");
    run->full = sy_calloc(run->fleet->njob, sizeof *run->full);
    return run->full != NULL ? SY_OK : sy_fail(run->err, SY_ENOMEM, "out of memory");
}

enum sy_code sy_fleet_run(const struct sy_fleet *fleet, const struct sy_fleet_options *options,
                          struct sy_fleet_result *ret, struct sy_err *err)
{
    struct sy_fleet_result result = {0};
    struct run run = {.fleet = fleet, .options = options, .result = &result, .err = err};
    sy_random_init(&run.arrivals, options->seed ^ UINT64_C(0x9e3779b97f4a7c15));
    enum sy_code code = fleet_world_init(&run.world, fleet, options, err);
    if (code != SY_OK)
        return code;
    code = prepare(&run);
    if (code == SY_OK)
        code = run_clock(&run);
    if (code == SY_OK) {
        sum_up(&run);
        *ret = result;
    }
    fleet_world_done(&run.world);
    sy_free(run.waiting);
    sy_free(run.full);
    sy_free(run.gbps);
    return code;
}
