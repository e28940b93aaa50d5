/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/run.h"

#include "planner/replay/chooser.h"
#include "planner/replay/lack.h"
#include "planner/replay/workload.h"

#include <math.h>

enum sy_code sy_run_trace_prepare(struct sy_run_trace *trace, unsigned typical_percent,
                                  struct sy_err *err)
{
    struct sy_trace_nodes *nodes = &trace->nodes;
    trace->model_milli = sy_calloc(trace->models.n, sizeof *trace->model_milli);
    if (trace->model_milli == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the trace");
    for (size_t i = 0; i < nodes->nshapes; i++)
        trace->model_milli[nodes->shape[i].model] +=
            (int64_t)nodes->shape_nodes[i] * nodes->shape[i].devices * SY_REPLAY_DEVICE_MILLI;
    enum sy_code code =
        sy_workload_typical(&trace->pods, typical_percent, &trace->typical, &trace->ntypical, err);
    if (code == SY_OK)
        code = sy_fragment_new(trace->typical, trace->ntypical, &trace->fragment, err);
    trace->world = (struct sy_replay_world){.typical = trace->typical,
                                            .ntypical = trace->ntypical,
                                            .model = trace->models.name,
                                            .nmodels = trace->models.n,
                                            .model_milli = trace->model_milli,
                                            .shape = nodes->shape,
                                            .shape_nodes = nodes->shape_nodes,
                                            .nshapes = nodes->nshapes,
                                            .total_milli = nodes->total_milli};
    return code;
}

void sy_run_trace_done(struct sy_run_trace *trace)
{
    sy_trace_models_done(&trace->models);
    sy_trace_nodes_done(&trace->nodes);
    sy_trace_pods_done(&trace->pods);
    sy_free(trace->typical);
    sy_free(trace->fragment);
    sy_free(trace->model_milli);
    *trace = (struct sy_run_trace){0};
}

void sy_run_result_done(struct sy_run_result *result)
{
    sy_free(result->bin);
    *result = (struct sy_run_result){0};
}

/* To two digits, as the published tables were made. */
static double cents(double value)
{
    return rint(value * 100) / 100;
}

static void add_sample(const struct sy_machines *machines, struct sy_run_result *result)
{
    double total = (double)machines->total_milli, free_milli = total - (double)machines->used_milli;
    size_t at = (size_t)rint(100 * (double)result->arrived_milli / total);
    struct sy_run_bin *bin = &result->bin[at < result->nbins ? at : result->nbins - 1];
    bin->samples++;
    bin->allocated_percent += cents(100 * (double)machines->used_milli / total);
    if (free_milli > 0)
        bin->fragment_ratio_percent += cents(100 * machines->fragment / free_milli);
    bin->fragment_percent += (100 * machines->fragment / total);
    bin->power_w += (double)machines->power_mw / 1000;
    bin->failed = result->failed;
    bin->arrived_milli = result->arrived_milli;
    bin->used_milli = machines->used_milli;
    bin->used_cpu_milli = machines->used_cpu_milli;
    bin->served = result->pods - result->failed;
}

struct sums {
    double samples, allocated, ratio, fragment, power;
};

static void add_bin(struct sums *sums, const struct sy_run_bin *bin)
{
    sums->samples += (double)bin->samples;
    sums->allocated += bin->allocated_percent;
    sums->ratio += bin->fragment_ratio_percent;
    sums->fragment += bin->fragment_percent;
    sums->power += bin->power_w;
}

/* Sums become means; an empty bin takes those of the bins beside it, or else of the one before. */
static enum sy_code finish_bins(struct sy_run_result *result, struct sy_err *err)
{
    size_t n = result->nbins;
    struct sy_run_bin *mean = sy_calloc(n, sizeof *mean);
    if (mean == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the curve");
    for (size_t i = 0; i < n; i++) {
        struct sums sums = {0};
        mean[i] = result->bin[i];
        add_bin(&sums, &result->bin[i]);
        if (sums.samples <= 0 && i > 0) {
            mean[i] = mean[i - 1];
            mean[i].samples = 0;
            add_bin(&sums, &result->bin[i - 1]);
        }
        if (result->bin[i].samples == 0 && i + 1 < n)
            add_bin(&sums, &result->bin[i + 1]);
        if (sums.samples <= 0)
            continue;
        mean[i].allocated_percent = cents(sums.allocated / sums.samples);
        mean[i].fragment_ratio_percent = sums.ratio / sums.samples;
        mean[i].fragment_percent = (sums.fragment / sums.samples);
        mean[i].power_w = sums.power / sums.samples;
    }
    sy_free(result->bin);
    result->bin = mean;
    return SY_OK;
}

static enum sy_pod_kind kind_of(const struct sy_replay_class *pod)
{
    if (pod->devices == 0)
        return SY_POD_CPU;
    if (pod->devices == 1)
        return pod->device_milli < SY_REPLAY_DEVICE_MILLI ? SY_POD_SHARED : SY_POD_ONE;
    return pod->devices < 4 ? SY_POD_TWO : pod->devices < 8 ? SY_POD_FOUR : SY_POD_EIGHT;
}

struct running {
    struct sy_machines *machines;
    struct sy_chooser *chooser;
    struct sy_lack_finder *finder;
    const struct sy_run_trace *trace;
    struct sy_random random;
    struct sy_run_result result;
};

static void count_failure(struct running *run, uint32_t pod_class)
{
    const struct sy_replay_class *pod = &run->trace->pods.pod_class[pod_class];
    struct sy_run_result *result = &run->result;
    if (result->failed++ == 0)
        result->first_failure_percent =
            100 * (double)result->arrived_milli / (double)run->machines->total_milli;
    result->failed_milli += sy_trace_demand(pod);
    result->failed_kind[kind_of(pod)]++;
    result->failed_lack[sy_lack_find(run->finder, run->machines, pod_class)]++;
}

static enum sy_code arrive(struct running *run, uint32_t pod_class, struct sy_err *err)
{
    const struct sy_replay_class *pod = &run->trace->pods.pod_class[pod_class];
    uint32_t node;
    unsigned device;
    uint8_t devices;
    enum sy_code code = sy_chooser_ask(run->chooser, pod_class, &run->random, &node, &device, err);
    if (code != SY_OK)
        return code;
    run->result.pods++;
    run->result.arrived_milli += sy_trace_demand(pod);
    if (node == SY_CHOOSER_NONE)
        count_failure(run, pod_class);
    else
        sy_machines_take(run->machines, node, pod, device, &devices);
    add_sample(run->machines, &run->result);
    return SY_OK;
}

static enum sy_code make_bins(const struct sy_run_trace *trace, const struct sy_sequence *sequence,
                              struct sy_run_result *result, struct sy_err *err)
{
    double asked = 0;
    for (size_t i = 0; i < sequence->n; i++)
        asked += (double)sy_trace_demand(&trace->pods.pod_class[trace->pods.pod[sequence->pod[i]]]);
    double last = rint(100 * asked / (double)trace->nodes.total_milli);
    result->nbins = (size_t)fmin(last, SY_RUN_PERCENT_MAX) + 1;
    result->bin = sy_calloc(result->nbins, sizeof *result->bin);
    return result->bin != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for the curve");
}

static int64_t touched_devices(const struct sy_machines *machines)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < machines->n; i++) {
        const struct sy_states_entry *entry = &machines->states.entry[machines->node[i].state];
        for (unsigned g = 0; g < machines->states.maker.shape[entry->shape].devices; g++)
            n += entry->state.left[g] < SY_REPLAY_DEVICE_MILLI;
    }
    return n;
}

static enum sy_code run_all(struct running *run, const struct sy_sequence *sequence,
                            struct sy_err *err)
{
    const struct sy_run_trace *trace = run->trace;
    struct sy_machines *machines = run->machines;
    struct sy_run_result *result = &run->result;
    enum sy_code code = make_bins(trace, sequence, result, err);
    for (size_t i = 0; code == SY_OK && i < sequence->n; i++)
        code = arrive(run, trace->pods.pod[sequence->pod[i]], err);
    if (code == SY_OK)
        code = finish_bins(result, err);
    result->used_milli = machines->used_milli;
    result->used_cpu_milli = machines->used_cpu_milli;
    result->used_memory_mib = machines->used_memory_mib;
    result->power_mw = machines->power_mw;
    result->fragment_milli = sy_machines_fragment(machines, sequence->rank);
    result->touched_devices = touched_devices(machines);
    return code;
}

/* The policy is made; play the trace. */
static enum sy_code run_policy(const struct sy_run_trace *trace, const struct sy_sequence *sequence,
                               const struct sy_run_options *options, const void *self,
                               struct sy_run_result *ret, struct sy_err *err)
{
    struct sy_machines machines = {0};
    SY_AUTO(sy_chooser) struct sy_chooser *chooser = NULL;
    SY_AUTO(sy_lack_finder) struct sy_lack_finder *finder = NULL;
    const struct sy_states_maker maker = {.shape = trace->nodes.shape,
                                          .fragment = trace->fragment,
                                          .ops = options->ops,
                                          .self = self};
    enum sy_code code = sy_machines_init(&machines, &trace->nodes, sequence->rank, &maker, err);
    if (code == SY_OK)
        code = sy_chooser_new(&machines, &trace->pods, options->plain, &chooser, err);
    if (code == SY_OK)
        code = sy_lack_finder_new(&trace->pods, &finder, err);
    if (code == SY_OK) {
        struct running run = {.machines = &machines,
                              .chooser = chooser,
                              .finder = finder,
                              .trace = trace,
                              .result = {.first_failure_percent = -1}};
        sy_random_init(&run.random, options->seed);
        code = run_all(&run, sequence, err);
        if (code == SY_OK)
            *ret = run.result;
        else
            sy_run_result_done(&run.result);
    }
    sy_machines_done(&machines);
    return code;
}

enum sy_code sy_replay_run(const struct sy_run_trace *trace, const struct sy_sequence *sequence,
                           const struct sy_run_options *options, struct sy_run_result *ret,
                           struct sy_err *err)
{
    const struct sy_replay_policy_ops *ops = options->ops;
    void *self = NULL;
    enum sy_code code =
        ops->make != NULL ? ops->make(&trace->world, options->argument, &self, err) : SY_OK;
    if (code == SY_OK)
        code = run_policy(trace, sequence, options, self, ret, err);
    if (ops->free != NULL && self != NULL)
        ops->free(self);
    return code;
}
