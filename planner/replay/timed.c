/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/timed.h"

#include "planner/replay/chooser.h"
#include "planner/replay/lack.h"
#include "planner/replay/leaving.h"
#include "planner/replay/waiting.h"

#include <stdlib.h>

#define HOUR 3600.0

struct arrival {
    int64_t at_s;
    uint32_t row;
};

struct timed {
    const struct sy_run_trace *trace;
    bool queue;
    struct sy_machines machines;
    struct sy_chooser *chooser;
    struct sy_lack_finder *finder;
    struct sy_random random;
    struct arrival *arrival; /* in order */
    struct sy_leaving leaving;
    struct sy_waiting waiting;
    int64_t now_s, width_s; /* of a point */
    struct sy_timed_result result;
    size_t size; /* of result.point */
};

void sy_timed_result_done(struct sy_timed_result *result)
{
    sy_free(result->point);
    *result = (struct sy_timed_result){0};
}

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for the replay");
}

static int by_time(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static enum sy_code sort_arrivals(struct timed *t, struct sy_err *err)
{
    const struct sy_trace_pods *pods = &t->trace->pods;
    t->arrival = sy_calloc(pods->n, sizeof *t->arrival);
    if (t->arrival == NULL)
        return no_memory(err);
    int64_t until = 0;
    for (uint32_t i = 0; i < pods->n; i++) {
        int64_t end = pods->time[i].created_s + pods->time[i].duration_s;
        t->arrival[i] = (struct arrival){pods->time[i].created_s, i};
        until = end > until ? end : until;
    }
    qsort(t->arrival, pods->n, sizeof *t->arrival, by_time);
    t->result.from_s = t->now_s = t->arrival[0].at_s;
    t->width_s = (until - t->now_s) / SY_TIMED_POINTS + 1;
    return SY_OK;
}

/* The point that `now` is in; the last one takes all that is too late for one of its own. */
static enum sy_code point_at(struct timed *t, struct sy_timed_point **ret, struct sy_err *err)
{
    struct sy_timed_result *r = &t->result;
    int64_t at = (t->now_s - r->from_s) / t->width_s;
    if (at >= SY_TIMED_POINTS_MAX)
        at = SY_TIMED_POINTS_MAX - 1;
    if ((size_t)at >= t->size) {
        size_t size = t->size == 0 ? SY_TIMED_POINTS : t->size * 2;
        struct sy_timed_point *more = sy_realloc(r->point, size * sizeof *more);
        if (more == NULL)
            return no_memory(err);
        r->point = more;
        t->size = size;
    }
    while (r->npoints <= (size_t)at) {
        int64_t until = r->from_s + (int64_t)(r->npoints + 1) * t->width_s;
        r->point[r->npoints++] = (struct sy_timed_point){.until_s = until};
    }
    *ret = &r->point[at];
    return SY_OK;
}

/* What the machines do until `until_s`, added to the sums of the points (seconds times amount). */
static enum sy_code pass(struct timed *t, int64_t until_s, struct sy_err *err)
{
    const struct sy_machines *m = &t->machines;
    struct sy_timed_result *r = &t->result;
    do {
        struct sy_timed_point *p;
        enum sy_code code = point_at(t, &p, err);
        if (code != SY_OK)
            return code;
        if (p->until_s < until_s && r->npoints == SY_TIMED_POINTS_MAX)
            p->until_s = until_s;
        int64_t to = p->until_s < until_s ? p->until_s : until_s;
        double seconds = (double)(to - t->now_s);
        p->allocated_percent += seconds * (double)m->used_milli;
        p->cpu_percent += seconds * (double)m->used_cpu_milli;
        p->fragment_percent += seconds * m->fragment;
        p->power_w += seconds * (double)m->power_mw;
        r->gpu_hours += seconds * (double)m->used_milli / 1000 / HOUR;
        r->core_hours += seconds * (double)m->used_cpu_milli / 1000 / HOUR;
        r->energy_kwh += seconds * (double)m->power_mw / 1e6 / HOUR;
        p->gpu_hours = r->gpu_hours;
        p->core_hours = r->core_hours;
        p->energy_kwh = r->energy_kwh;
        p->running = t->leaving.n;
        p->waiting = t->waiting.n;
        p->started = r->started;
        p->finished = r->finished;
        p->failed = r->failed;
        t->now_s = to;
    } while (t->now_s < until_s);
    return SY_OK;
}

static void note_peaks(struct timed *t)
{
    const struct sy_machines *m = &t->machines;
    double allocated = 100 * (double)m->used_milli / (double)m->total_milli;
    double power = (double)m->power_mw / 1000;
    if (allocated > t->result.peak_allocated_percent)
        t->result.peak_allocated_percent = allocated;
    if (power > t->result.peak_power_w)
        t->result.peak_power_w = power;
}

/* Start a pod if a node has room. */
static enum sy_code start(struct timed *t, uint32_t arrival, bool *ret_started, struct sy_err *err)
{
    uint32_t row = t->arrival[arrival].row, pod_class = t->trace->pods.pod[row];
    struct sy_leaving_pod pod = {.at_s = t->now_s + t->trace->pods.time[row].duration_s,
                                 .number = t->result.started,
                                 .pod_class = pod_class};
    unsigned device;
    enum sy_code code = sy_chooser_ask(t->chooser, pod_class, &t->random, &pod.node, &device, err);
    *ret_started = code == SY_OK && pod.node != SY_CHOOSER_NONE;
    if (!*ret_started)
        return code;
    sy_machines_take(&t->machines, pod.node, &t->trace->pods.pod_class[pod_class], device,
                     &pod.devices);
    t->result.started++;
    note_peaks(t);
    double waited = (double)(t->now_s - t->arrival[arrival].at_s) / HOUR;
    t->result.waited += waited > 0;
    t->result.waited_hours += waited;
    if (waited > t->result.longest_wait_hours)
        t->result.longest_wait_hours = waited;
    return sy_leaving_add(&t->leaving, pod) ? SY_OK : no_memory(err);
}

static void fail(struct timed *t, uint32_t pod_class)
{
    t->result.failed++;
    t->result.failed_lack[sy_lack_find(t->finder, &t->machines, pod_class)]++;
}

static enum sy_code arrive(struct timed *t, uint32_t arrival, struct sy_err *err)
{
    uint32_t pod_class = t->trace->pods.pod[t->arrival[arrival].row];
    bool started;
    enum sy_code code = start(t, arrival, &started, err);
    t->result.pods++;
    if (code != SY_OK || started)
        return code;
    if (t->queue)
        sy_waiting_add(&t->waiting, pod_class, arrival);
    else
        fail(t, pod_class);
    return SY_OK;
}

/* All that leave now. */
static void leave(struct timed *t)
{
    while (t->leaving.n > 0 && t->leaving.pod[0].at_s <= t->now_s) {
        struct sy_leaving_pod pod = sy_leaving_take(&t->leaving);
        sy_machines_release(&t->machines, pod.node, &t->trace->pods.pod_class[pod.pod_class],
                            pod.devices);
        t->result.finished++;
    }
    sy_lack_freed(t->finder);
    sy_waiting_freed(&t->waiting);
}

static enum sy_code try_waiting(struct timed *t, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    uint32_t pod_class = 0, arrival;
    while (code == SY_OK &&
           (arrival = sy_waiting_first(&t->waiting, &pod_class)) != SY_WAITING_NONE) {
        bool started;
        code = start(t, arrival, &started, err);
        if (started)
            sy_waiting_remove(&t->waiting, pod_class);
        else
            t->waiting.of[pod_class].tried = true;
    }
    return code;
}

/* Who leaves at a moment makes room for who comes then. */
static enum sy_code play(struct timed *t, struct sy_err *err)
{
    size_t next = 0, n = t->trace->pods.n;
    enum sy_code code = SY_OK;
    while (code == SY_OK && (next < n || t->leaving.n > 0)) {
        bool leaves =
            t->leaving.n > 0 && (next == n || t->leaving.pod[0].at_s <= t->arrival[next].at_s);
        code = pass(t, leaves ? t->leaving.pod[0].at_s : t->arrival[next].at_s, err);
        if (code != SY_OK)
            return code;
        if (leaves) {
            leave(t);
            code = try_waiting(t, err);
        } else {
            code = arrive(t, (uint32_t)next++, err);
        }
    }
    for (size_t i = 0; i < t->waiting.nactive; i++)
        for (uint32_t at = t->waiting.of[t->waiting.active[i]].first; at != SY_WAITING_NONE;
             at = t->waiting.next[at])
            fail(t, t->waiting.active[i]);
    return code == SY_OK ? pass(t, t->now_s, err) : code;
}

/* Sums become means. */
static void finish(struct timed *t)
{
    struct sy_timed_result *r = &t->result;
    const struct sy_trace_nodes *nodes = &t->trace->nodes;
    int64_t from = r->from_s;
    r->until_s = t->now_s;
    for (size_t i = 0; i < r->npoints; i++) {
        struct sy_timed_point *p = &r->point[i];
        if (p->until_s > t->now_s)
            p->until_s = t->now_s;
        double seconds = p->until_s > from ? (double)(p->until_s - from) : 1;
        p->allocated_percent *= 100 / seconds / (double)nodes->total_milli;
        if (nodes->total_cpu_milli > 0)
            p->cpu_percent *= 100 / seconds / (double)nodes->total_cpu_milli;
        p->fragment_percent *= 100 / seconds / (double)nodes->total_milli;
        p->power_w /= seconds * 1000;
        from = p->until_s;
    }
    struct sy_timed_point *last = &r->point[r->npoints - 1];
    last->running = last->waiting = 0;
    last->failed = r->failed;
}

static enum sy_code run_made(struct timed *t, const uint32_t *rank,
                             const struct sy_states_maker *maker,
                             const struct sy_run_options *options, struct sy_err *err)
{
    const struct sy_run_trace *trace = t->trace;
    enum sy_code code = sort_arrivals(t, err);
    if (code == SY_OK)
        code = sy_machines_init(&t->machines, &trace->nodes, rank, maker, err);
    if (code == SY_OK)
        code = sy_chooser_new(&t->machines, &trace->pods, options->plain, &t->chooser, err);
    if (code == SY_OK)
        code = sy_lack_finder_new(&trace->pods, &t->finder, err);
    if (code == SY_OK)
        code = sy_waiting_init(&t->waiting, trace->pods.nclasses, trace->pods.n, err);
    if (code == SY_OK)
        code = play(t, err);
    if (code == SY_OK)
        finish(t);
    return code;
}

enum sy_code sy_timed_run(const struct sy_run_trace *trace, const uint32_t *rank,
                          const struct sy_run_options *options, bool queue,
                          struct sy_timed_result *ret, struct sy_err *err)
{
    const struct sy_replay_policy_ops *ops = options->ops;
    struct timed t = {.trace = trace, .queue = queue};
    void *self = NULL;
    sy_random_init(&t.random, options->seed);
    enum sy_code code =
        ops->make != NULL ? ops->make(&trace->world, options->argument, &self, err) : SY_OK;
    const struct sy_states_maker maker = {
        .shape = trace->nodes.shape, .fragment = trace->fragment, .ops = ops, .self = self};
    if (code == SY_OK)
        code = run_made(&t, rank, &maker, options, err);
    sy_chooser_free(t.chooser);
    sy_lack_finder_free(t.finder);
    sy_machines_done(&t.machines);
    sy_leaving_done(&t.leaving);
    sy_waiting_done(&t.waiting);
    sy_free(t.arrival);
    if (ops->free != NULL && self != NULL)
        ops->free(self);
    if (code == SY_OK)
        *ret = t.result;
    else
        sy_timed_result_done(&t.result);
    return code;
}
