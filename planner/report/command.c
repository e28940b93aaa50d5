/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
/* `switchyard report`: options in, a report out in the form asked for. */
#include "planner/report/growth.h"
#include "planner/report/report_private.h"
#include "planner/report/spec.h"

#include <string.h>

#define TOP_MAX 100000

struct run {
    struct sy_cli *cli;
    struct sy_arena *arena; /* texts of options */
    struct sy_report_options options;
    const char *const *section;
    size_t nsection;
};

static enum sy_code check_sections(const struct run *run, struct sy_err *err)
{
    char shown[80];
    for (size_t i = 0; i < run->nsection; i++) {
        const char *name = run->section[i];
        if (sy_spec_find(name) != NULL)
            continue;
        struct sy_str names;
        sy_str_init(&names, sizeof err->text);
        for (size_t k = 0; k < sy_nspec; k++)
            sy_str_printf(&names, "%s%s", k > 0 ? ", " : "", sy_specs[k].name);
        enum sy_code code = sy_fail(err, SY_EUSAGE, "--section '%s': expected one of %s",
                                    sy_quote(shown, sizeof shown, name, strlen(name)),
                                    names.data != NULL ? names.data : "");
        sy_str_done(&names);
        return code;
    }
    return SY_OK;
}

static enum sy_code read_arrivals(struct run *run, struct sy_err *err)
{
    size_t n = 0;
    const char *const *text = sy_options_list(run->cli->options, "arrivals", &n);
    if (n > SY_REPORT_ARRIVALS_MAX)
        return sy_fail(err, SY_EUSAGE, "--arrivals: given %zu times, at most %u are supported", n,
                       SY_REPORT_ARRIVALS_MAX);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = sy_growth_parse(text[i], run->arena, &run->options.arrival[i], err);
    run->options.narrival = n;
    return code;
}

static enum sy_code read_options(struct run *run, struct sy_err *err)
{
    const struct sy_options *options = run->cli->options;
    struct sy_report_options *to = &run->options;
    int64_t top = 10;
    sy_report_options_init(to);
    to->rack_label = sy_options_str(options, "rack-label");
    to->shapes = sy_options_list(options, "shapes", &to->nshapes);
    to->template_ = sy_options_list(options, "template", &to->ntemplate);
    run->section = sy_options_list(options, "section", &run->nsection);
    enum sy_code code = sy_options_int(options, "horizon", 1, 36500, &to->horizon_days, err);
    if (code == SY_OK)
        code = sy_options_int(options, "top", 1, TOP_MAX, &top, err);
    to->top = (size_t)top;
    if (code == SY_OK)
        code = read_arrivals(run, err);
    return code == SY_OK ? check_sections(run, err) : code;
}

static enum sy_code print_report(struct run *run, json_t *report, struct sy_err *err)
{
    struct sy_result *result = run->cli->result;
    result->json = report;
    if (run->cli->format == SY_FORMAT_HTML)
        return sy_report_html(report, run->options.top, &result->document, err);
    return sy_report_tables(report, run->cli->format, run->options.top, run->section, run->nsection,
                            result, err);
}

static enum sy_code report_now(struct run *run, struct sy_err *err)
{
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    json_t *report = NULL;
    enum sy_code code = sy_state_of(run->cli, &state, err);
    if (code == SY_OK)
        code = sy_report_make(state, &run->options, run->cli, &report, err);
    return code == SY_OK ? print_report(run, report, err) : code;
}

/* A report that was kept as JSON; *ret stays NULL where the file is something else. */
static enum sy_code read_report(const char *path, json_t **ret, struct sy_err *err)
{
    static const struct sy_json_limits limits = {
        .max_bytes = SY_INPUT_MAX, .max_depth = 64, .reject_duplicates = true};
    static const char mark[] = "\"kind\": \"" SY_REPORT_KIND "\"";
    sy_autofree char *data = NULL;
    size_t len = 0;
    struct sy_err folder = {0};
    if (sy_input_read(path, SY_INPUT_MAX, &data, &len, &folder) != SY_OK)
        return SY_OK; /* a folder, or what the state's reader will complain of */
    size_t head = len < 512 ? len : 512;
    if (memmem(data, head, mark, sizeof mark - 1) == NULL)
        return SY_OK;
    enum sy_code code = sy_json_parse(data, len, &limits, ret, err);
    return code == SY_OK ? SY_OK : sy_wrap(err, "%s", path);
}

/* A report, or the report of a snapshot. */
static enum sy_code one_side(struct run *run, const char *path, json_t **ret, struct sy_err *err)
{
    struct sy_state_options options = {0};
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    enum sy_code code = read_report(path, ret, err);
    if (code != SY_OK || *ret != NULL)
        return code;
    code = sy_state_options_of(run->cli, &options, err);
    options.path = &path;
    options.npath = 1;
    if (code == SY_OK)
        code = sy_state_load(&options, run->cli, &state, err);
    if (code == SY_OK)
        code = sy_report_make(state, &run->options, run->cli, ret, err);
    return code;
}

static enum sy_code report_diff(struct run *run, struct sy_err *err)
{
    size_t n = 0;
    const char *const *path = sy_options_rest(run->cli->options, &n);
    struct sy_result *result = run->cli->result;
    sy_autojson json_t *before = NULL;
    sy_autojson json_t *after = NULL;
    if (n != 2)
        return sy_fail(err, SY_EUSAGE, "--diff wants two snapshots or reports: OLD NEW");
    enum sy_code code = one_side(run, path[0], &before, err);
    if (code == SY_OK)
        code = one_side(run, path[1], &after, err);
    if (code == SY_OK)
        code = sy_report_diff(before, after, &result->json, err);
    if (code != SY_OK)
        return code;
    if (run->cli->format == SY_FORMAT_HTML)
        return sy_report_diff_html(result->json, &result->document, err);
    return sy_report_diff_tables(result->json, result, err);
}

static enum sy_code run_report(struct sy_cli *cli, struct sy_err *err)
{
    size_t rest = 0;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    struct run run = {.cli = cli, .arena = arena};
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    const char *const *word = sy_options_rest(cli->options, &rest);
    bool diff = sy_options_flag(cli->options, "diff");
    if (!diff && rest > 0)
        return sy_fail(err, SY_EUSAGE, "'%s': takes nothing but options (--diff OLD NEW)", word[0]);
    enum sy_code code = read_options(&run, err);
    if (code != SY_OK)
        return code;
    return diff ? report_diff(&run, err) : report_now(&run, err);
}

static const struct sy_option options[] = {
    {.name = "diff", .help = "what changed between two snapshots, or two reports in JSON: OLD NEW"},
    {.name = "shapes",
     .letter = 'f',
     .arg = "FILE",
     .repeats = true,
     .help = "manifests whose pods are the shapes that slots are counted of (the cluster's own "
             "pods)"},
    {.name = "rack-label",
     .arg = "KEY",
     .help = "label that tells a node's rack (topology.kubernetes.io/rack, else the innermost "
             "power domain)"},
    {.name = "arrivals",
     .arg = "SHAPE=RATE/day±SPREAD",
     .repeats = true,
     .help = "pods of a shape (its name or number) that arrive; also /hour, /week; the spread is "
             "how uncertain the rate is"},
    {.name = "horizon", .arg = "DAYS", .help = "how far growth is looked at (365)"},
    {.name = "template",
     .arg = "FILE",
     .repeats = true,
     .help = "nodes that can be bought: NodeTemplate documents with price, watts, rackUnits, "
             "leadTimeDays"},
    {.name = "section",
     .arg = "NAME",
     .repeats = true,
     .help = "these tables alone: totals, models, racks, nodes, namespaces, owners, places, "
             "shapes, stranded, stranded-devices, links, links-over, power, growth, ways, data"},
    {.name = "top", .arg = "N", .help = "rows of long tables on screen and in HTML (10)"},
};

const struct sy_command sy_command_report = {
    .name = "report",
    .summary = "capacity now: devices, slots, stranded devices, links, power, growth",
    .synopsis = "[option ...] | --diff OLD NEW",
    .details =
        "Counts devices (delivered, healthy, allocated, free), whole places, slots left per pod "
        "shape, devices that nothing can use and why, shared links, power by level with hard "
        "headroom (limit less provisioned) and soft headroom (limit less observed), and says what "
        "was not known.\n\n"
        "With --arrivals it fills a copy of the cluster to see when which shape stops fitting: an "
        "interval that holds with 90 %, of Poisson arrivals at a rate within its spread. It then "
        "compares the ways to move that date: move pods, raise a cap, buy a node (--template).\n\n"
        "With -o csv every row begins with the name of its section, tables are apart by a blank "
        "line; with one --section there is that table alone, without the name.",
    .example = "switchyard report -s deploy/examples/planner/snapshot.json "
               "--policy deploy/examples/planner/policy.yaml",
    .formats = "table|wide|json|yaml|csv|html",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run_report,
};
