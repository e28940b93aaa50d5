/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard fleet compare`: the same jobs on the same fleet under several policies. */
#include "planner/fleet/command.h"
#include "planner/fleet/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_MAX 1000u

struct compare {
    struct sy_cli *cli;
    struct sy_catalogue *catalogue;
    struct sy_policy *scoring;
    struct sy_fleet *fleet;
    uint64_t seed_first, nseed;
    uint32_t nodes;
    double hours;
    enum sy_fleet_policy policy[SY_FLEET_POLICY_COUNT];
    size_t npolicy;
    struct sy_fleet_result *result; /* [npolicy * nseed] */
};

/* "42" or "42-51". */
static enum sy_code read_seeds(const char *text, struct compare *compare, struct sy_err *err)
{
    char shown[80];
    char *end = NULL;
    unsigned long long first = 42, last = 44;
    if (text != NULL) {
        errno = 0;
        first = last = strtoull(text, &end, 10);
        if (*end == '-')
            last = strtoull(end + 1, &end, 10);
        if (strspn(text, "0123456789-") != strlen(text) || text[0] == '-' || *end != '\0' ||
            errno != 0 || last < first || last - first >= SEEDS_MAX)
            return sy_fail(err, SY_EUSAGE, "--seeds '%s': expected N or A-B, %u at most",
                           sy_quote(shown, sizeof shown, text, strlen(text)), SEEDS_MAX);
    }
    compare->seed_first = first;
    compare->nseed = last - first + 1;
    return SY_OK;
}

static enum sy_code read_policies(const char *text, struct compare *compare, struct sy_err *err)
{
    char shown[80];
    if (text == NULL)
        text = "switchyard,switchyard-blind,random,kube-default,pair-score,greedy";
    for (const char *at = text; at != NULL; at = strchr(at, ',')) {
        at += at != text;
        size_t len = strcspn(at, ",");
        enum sy_fleet_policy policy = sy_fleet_policy_find(at, len);
        bool twice = false;
        for (size_t i = 0; i < compare->npolicy; i++)
            twice |= compare->policy[i] == policy;
        if (policy == SY_FLEET_POLICY_COUNT || twice)
            return sy_fail(err, SY_EUSAGE, "--policies: '%s' %s",
                           sy_quote(shown, sizeof shown, at, len),
                           twice ? "is named twice" : "is none of those that --help lists");
        compare->policy[compare->npolicy++] = policy;
    }
    return SY_OK;
}

static enum sy_code load(struct compare *compare, struct sy_err *err)
{
    const struct sy_options *options = compare->cli->options;
    size_t ncatalogue = 0;
    const char *const *catalogue = sy_options_list(options, "catalogue", &ncatalogue);
    int64_t nodes = 0;
    enum sy_code code = read_seeds(sy_options_str(options, "seeds"), compare, err);
    if (code == SY_OK)
        code = read_policies(sy_options_str(options, "policies"), compare, err);
    if (code == SY_OK)
        code = sy_options_int(options, "nodes", 1, SY_FLEET_NODES_MAX, &nodes, err);
    if (code == SY_OK)
        code = sy_options_real(options, "hours", 0.01, 1e5, &compare->hours, err);
    if (code == SY_OK)
        code = sy_catalogue_load(catalogue, ncatalogue, &compare->catalogue, err);
    if (code == SY_OK)
        code = sy_policy_load(sy_options_str(options, "policy"), &compare->scoring, err);
    if (code == SY_OK)
        code = sy_fleet_load(sy_options_str(options, "file"), compare->catalogue, &compare->fleet,
                             err);
    if (code != SY_OK)
        return code;
    compare->nodes = nodes > 0 ? (uint32_t)nodes : compare->fleet->nodes;
    if (!(compare->hours > 0))
        compare->hours = compare->fleet->hours;
    return SY_OK;
}

static enum sy_code run_all(struct compare *compare, struct sy_err *err)
{
    struct sy_progress progress;
    uint64_t total = compare->npolicy * compare->nseed;
    enum sy_code code = SY_OK;
    compare->result = sy_calloc(total, sizeof *compare->result);
    if (compare->result == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_progress_begin(&progress, compare->cli, "fleet compare");
    for (uint64_t i = 0; i < total && code == SY_OK; i++) {
        const struct sy_fleet_options options = {.policy = compare->policy[i / compare->nseed],
                                                 .seed = compare->seed_first + i % compare->nseed,
                                                 .nodes = compare->nodes,
                                                 .hours = compare->hours,
                                                 .scoring = compare->scoring,
                                                 .catalogue = compare->catalogue};
        code = sy_fleet_run(compare->fleet, &options, &compare->result[i], err);
        sy_progress_step(&progress, i + 1, total);
    }
    return code;
}

/* X(member, JSON key, column, decimals, factor) what is shown of a result, mean and deviation over
 * the seeds */
#define FIGURES(X)                                                                                 \
    X(affinity, "affinity", "AFFINITY", 0, 1)                                                      \
    X(gbps, "gbps", "GB/s", 1, 1)                                                                  \
    X(gbps_p10, "gbpsTenth", "GB/s P10", 1, 1)                                                     \
    X(within_numa, "withinNumaPercent", "ONE NUMA %", 1, 100)                                      \
    X(value, "value", "VALUE", 0, 1)                                                               \
    X(placed, "placed", "PLACED", 0, 1)                                                            \
    X(waiting, "waiting", "WAITING", 0, 1)                                                         \
    X(wait_h, "waitHours", "WAIT h", 2, 1)                                                         \
    X(allocated, "allocatedPercent", "ALLOCATED %", 1, 100)                                        \
    X(device_h, "deviceHours", "DEVICE h", 0, 1)                                                   \
    X(cpu_core_h, "coreHours", "CORE h", 0, 1)                                                     \
    X(watts, "deviceWatts", "DEVICE W", 0, 1)
#define TRAINING(X)                                                                                \
    X(busy_share, "busySharePercent", "BUSY %", 1, 100)                                            \
    X(images, "images", "IMAGES 1e6", 1, 1e-6)

struct figure {
    double mean, deviation;
};

#define X(member, key, column, decimals, factor)                                                   \
    static struct figure figure_##member(const struct sy_fleet_result *result, uint64_t n)         \
    {                                                                                              \
        double sum = 0, squares = 0;                                                               \
        for (uint64_t i = 0; i < n; i++)                                                           \
            sum += (double)result[i].member;                                                       \
        double mean = sum / (double)n;                                                             \
        for (uint64_t i = 0; i < n; i++)                                                           \
            squares += ((double)result[i].member - mean) * ((double)result[i].member - mean);      \
        return (struct figure){mean, n > 1 ? sqrt(squares / (double)(n - 1)) : 0};                 \
    }
FIGURES(X)
TRAINING(X)
#undef X

static double images_of(const struct compare *compare, size_t policy)
{
    return figure_images(&compare->result[policy * compare->nseed], compare->nseed).mean;
}

static double rounded(double value)
{
    return round(value * 1000) / 1000;
}

static json_t *policy_json(const struct compare *compare, size_t index)
{
    const struct sy_fleet_result *result = &compare->result[index * compare->nseed];
    enum sy_fleet_policy policy = compare->policy[index];
    json_t *object = json_pack("{ss ss ss}", "policy", sy_fleet_policy_name(policy), "node",
                               sy_fleet_policy_node(policy), "set", sy_fleet_policy_set(policy));
    uint64_t n = compare->nseed;
    uint32_t untried = 0;
    for (uint64_t i = 0; i < n; i++)
        untried += result[i].untried;
#define X(member, key, column, decimals, factor)                                                   \
    (void)json_object_set_new(                                                                     \
        object, key,                                                                               \
        json_pack("{sfsf}", "mean", rounded(figure_##member(result, n).mean *(factor)),            \
                  "deviation", rounded(figure_##member(result, n).deviation *(factor))));
    FIGURES(X)
    if (compare->fleet->nrate > 0) {
        TRAINING(X)
    }
#undef X
    (void)json_object_set_new(object, "wattsKnown", json_boolean(result[0].watts_known));
    if (policy == SY_FLEET_BRUTE_FORCE)
        (void)json_object_set_new(object, "decisionsWithUntriedNodes", json_integer(untried));
    if (compare->fleet->nrate > 0 && images_of(compare, 0) > 0)
        (void)json_object_set_new(
            object, "imagesOverFirst",
            json_real(rounded(images_of(compare, index) / images_of(compare, 0))));
    return object;
}

static json_t *rate_json(const struct compare *compare, const struct sy_fleet_rate *rate)
{
    return json_pack("{ss sf sf sf sf sf ss}", "resource",
                     sy_catalogue_resource(compare->catalogue, rate->resource)->name,
                     "imagesPerSecond", rate->images_per_s, "batch", rate->batch, "syncMiB",
                     rate->sync_mib, "overlap", rate->overlap, "inputShare", rate->input_share,
                     "source", rate->source);
}

static enum sy_code make_json(struct compare *compare, struct sy_err *err)
{
    json_t *root = sy_result_object("FleetComparison");
    json_t *policies = json_array(), *rates = json_array(), *assumptions = json_array();
    for (size_t i = 0; i < compare->npolicy; i++)
        (void)json_array_append_new(policies, policy_json(compare, i));
    for (size_t i = 0; i < compare->fleet->nrate; i++)
        (void)json_array_append_new(rates, rate_json(compare, &compare->fleet->rate[i]));
    for (size_t i = 0; i < compare->fleet->nassumption; i++)
        (void)json_array_append_new(assumptions, json_string(compare->fleet->assumption[i]));
    compare->cli->result->json = root;
    int failed = json_object_set_new(root, "nodes", json_integer(compare->nodes));
    failed |= json_object_set_new(root, "hours", json_real(compare->hours));
    failed |= json_object_set_new(root, "load", json_real(compare->fleet->load));
    failed |=
        json_object_set_new(root, "seeds",
                            json_pack("{sIsI}", "first", (json_int_t)compare->seed_first, "last",
                                      (json_int_t)(compare->seed_first + compare->nseed - 1)));
    failed |= json_object_set_new(root, "policies", policies);
    failed |= json_object_set_new(root, "rates", rates);
    failed |= json_object_set_new(root, "assumptions", assumptions);
    return failed == 0 ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for the answer");
}

static void put_figure(struct sy_table *table, struct figure figure, int decimals, double factor,
                       uint64_t n)
{
    if (n > 1)
        sy_table_cellf(table, "%.*f ±%.*f", decimals, figure.mean * factor, decimals,
                       figure.deviation * factor);
    else
        sy_table_cellf(table, "%.*f", decimals, figure.mean * factor);
}

static enum sy_code make_tables(struct compare *compare, struct sy_err *err)
{
    static const struct sy_column columns[] = {{.name = "POLICY"},
#define X(member, key, column, decimals, factor) {.name = (column), .right = true},
                                               FIGURES(X)
#undef X
    };
    static const struct sy_column training[] = {{.name = "POLICY"},
#define X(member, key, column, decimals, factor) {.name = (column), .right = true},
                                                TRAINING(X)
#undef X
                                                    {.name = "BUSY x ALLOCATED %", .right = true},
                                                {.name = "OVER FIRST", .right = true}};
    struct sy_result *result = compare->cli->result;
    uint64_t n = compare->nseed;
    struct sy_table *table =
        sy_result_table(result, NULL, columns, sizeof columns / sizeof columns[0]);
    struct sy_table *trained =
        compare->fleet->nrate > 0
            ? sy_result_table(result, "Training", training, sizeof training / sizeof training[0])
            : NULL;
    if (table == NULL || (trained == NULL && compare->fleet->nrate > 0))
        return sy_fail(err, SY_ENOMEM, "out of memory for the answer");
    for (size_t i = 0; i < compare->npolicy; i++) {
        const struct sy_fleet_result *of = &compare->result[i * n];
        sy_table_cell(table, sy_fleet_policy_name(compare->policy[i]));
#define X(member, key, column, decimals, factor)                                                   \
    put_figure(table, figure_##member(of, n), decimals, factor, n);
        FIGURES(X)
#undef X
        if (trained == NULL)
            continue;
        sy_table_cell(trained, sy_fleet_policy_name(compare->policy[i]));
#define X(member, key, column, decimals, factor)                                                   \
    put_figure(trained, figure_##member(of, n), decimals, factor, n);
        TRAINING(X)
#undef X
        sy_table_cellf(trained, "%.1f",
                       figure_allocated(of, n).mean * figure_busy_share(of, n).mean * 100);
        sy_table_cellf(trained, "%.2f x",
                       images_of(compare, 0) > 0 ? images_of(compare, i) / images_of(compare, 0)
                                                 : 0);
    }
    return SY_OK;
}

static void say_assumptions(struct compare *compare)
{
    struct sy_str *out = &compare->cli->result->after;
    for (size_t i = 0; i < compare->fleet->nrate; i++) {
        const struct sy_fleet_rate *rate = &compare->fleet->rate[i];
        sy_str_printf(out,
                      "%s%s: %g images/s, batch %g, %g MiB exchanged a step, %g of it hidden, "
                      "data there %g of the time (%s)\n",
                      i == 0 ? "\nAssumed\n  " : "  ",
                      sy_catalogue_resource(compare->catalogue, rate->resource)->name,
                      rate->images_per_s, rate->batch, rate->sync_mib, rate->overlap,
                      rate->input_share, rate->source);
    }
    for (size_t i = 0; i < compare->fleet->nassumption; i++)
        sy_str_printf(out, "  %s\n", compare->fleet->assumption[i]);
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct compare compare = {.cli = cli};
    enum sy_code code = load(&compare, err);
    if (code == SY_OK)
        code = run_all(&compare, err);
    if (code == SY_OK)
        code = make_json(&compare, err);
    if (code == SY_OK)
        code = make_tables(&compare, err);
    if (code == SY_OK)
        say_assumptions(&compare);
    sy_free(compare.result);
    sy_fleet_free(compare.fleet);
    sy_policy_unref(compare.scoring);
    sy_catalogue_unref(compare.catalogue);
    return code;
}

static const struct sy_option options[] = {
    {.name = "file",
     .letter = 'f',
     .arg = "FLEET",
     .help = "parts, machines, jobs, load "
             "(a built-in mixed fleet)"},
    {.name = "nodes", .arg = "N", .help = "nodes (the file's)"},
    {.name = "hours", .arg = "H", .help = "hours simulated (the file's)"},
    {.name = "seeds", .arg = "A-B", .help = "one run of each policy for each seed (42-44)"},
    {.name = "policies",
     .arg = "LIST",
     .help = "separated by commas (all but brute-force and "
             "gpu-exclusive)"},
    {.name = "policy", .arg = "FILE", .help = "policy file of the engine (built-in default)"},
    {.name = "catalogue",
     .arg = "FILE",
     .repeats = true,
     .help = "extends or overrides the device catalogue; may be repeated"},
};

const struct sy_command sy_command_fleet_compare = {
    .name = "fleet compare",
    .summary = "compare policies on a made-up mixed fleet: what affinity and bandwidth jobs get",
    .synopsis = "[-f FLEET] [--policies LIST] [--seeds A-B] [option ...]",
    .details =
        "The same jobs come to the same machines under every policy. What a job of several "
        "devices\n"
        "gets is measured when it starts, by the engine's own value function: the mean value of "
        "its\n"
        "pairs' paths (affinity, 0..1000), the bandwidth of its slowest pair with sharing counted, "
        "and\nwhether it lies within one NUMA node. Mean over the jobs, ± the deviation between "
        "seeds.\n\n"
        " policy            node                                  devices there\n"
        " switchyard        highest score of the engine           the engine's best set\n"
        " switchyard-blind  highest score of the engine           any free ones\n"
        " random            any that fits                         any free ones\n"
        " kube-default      LeastAllocated, BalancedAllocation    any free ones\n"
        " pair-score        as kube-default                       highest sum of pair scores\n"
        " greedy            as kube-default                       always the best joined next one\n"
        " brute-force       every node                            every set: the highest value\n"
        " gpu-only          as kube-default, GPUs alone           any free ones\n"
        " gpu-exclusive     the same, a node for each job         any free ones",
    .example = "switchyard fleet compare --nodes 24 --hours 24 --seeds 42-43",
    .formats = "table|wide|json|yaml|csv",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .run = run,
};
