/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/command.h"

#include "planner/replay/grid.h"
#include "planner/replay/print.h"
#include "planner/replay/timed_print.h"

#include <string.h>

static const struct sy_option replay_options[] = {
    {.name = "nodes", .arg = "FILE", .help = "nodes: sn,cpu_milli,memory_mib,gpu,model"},
    {.name = "pods",
     .arg = "FILE",
     .repeats = true,
     .help = "a trace: cpu_milli,memory_mib,num_gpu,gpu_milli[,gpu_spec,times]; may be repeated"},
    {.name = "order",
     .arg = "FILE",
     .help = "row (from 0) of the pod that arrives next, each line"},
    {.name = "ties", .arg = "FILE", .help = "rank of each node, the smaller wins a tie (drawn)"},
    {.name = "policy", .arg = "NAME[,NAME...]", .help = "what places: see below"},
    {.name = "seeds", .arg = "A-B", .help = "draw an order for each seed; means over them"},
    {.name = "seed", .arg = "N", .help = "of one order, and of policies that draw (42)"},
    {.name = "arrivals", .arg = "PERCENT", .help = "demand that arrives, of all devices (130)"},
    {.name = "typical-percent",
     .arg = "PERCENT",
     .help = "pods that count as the typical workload (95)"},
    {.name = "power", .arg = "FILE", .help = "power table (YAML) that adds to the built-in one"},
    {.name = "departures", .help = "pods come and leave as their times say, instead of piling up"},
    {.name = "queue", .help = "with --departures: a pod without room waits instead of failing"},
    {.name = "stretch", .arg = "N", .help = "with --departures: pods run N times as long"},
    {.name = "no-baselines", .help = "leave out random and kube-default unless they are named"},
    {.name = "shard", .arg = "I/N", .help = "run the I-th of N parts; JSON for 'replay merge'"},
};

/* A part is for 'replay merge': JSON, whatever the default is. */
static enum sy_code choose_format(struct sy_cli *cli, struct sy_err *err)
{
    if (sy_options_str(cli->options, "shard") == NULL)
        return SY_OK;
    if (sy_options_str(cli->options, "output") == NULL)
        cli->format = SY_FORMAT_JSON;
    return cli->format == SY_FORMAT_JSON ? SY_OK
                                         : sy_fail(err, SY_EUSAGE, "--shard gives JSON: not -o %s",
                                                   sy_format_name(cli->format));
}

/* Every policy on the one trace, in time. */
static enum sy_code run_in_time(struct sy_cli *cli, const struct sy_grid *grid,
                                struct sy_timed_result *run, struct sy_err *err)
{
    const struct sy_sweep *sweep = &grid->sweep;
    bool queue = sy_options_flag(cli->options, "queue");
    struct sy_sequence sequence;
    struct sy_progress progress;
    enum sy_code code = sy_grid_sequence(grid, 0, sweep->seed_from, &sequence, err);
    if (code != SY_OK)
        return code;
    sy_progress_begin(&progress, cli, "replay");
    for (size_t p = 0; code == SY_OK && p < sweep->npolicies; p++) {
        const struct sy_run_options options = {
            .ops = grid->ops[p], .argument = grid->argument[p], .seed = sweep->seed_from};
        code = sy_timed_run(&grid->trace[0], sequence.rank, &options, queue, &run[p], err);
        sy_progress_step(&progress, p + 1, sweep->npolicies);
    }
    sy_grid_sequence_done(grid, &sequence);
    return code == SY_OK ? sy_timed_print(sweep, queue, run, cli->result, err) : code;
}

static enum sy_code stretch(struct sy_cli *cli, struct sy_trace_pods *pods, struct sy_err *err)
{
    int64_t factor = 1;
    enum sy_code code = sy_options_int(cli->options, "stretch", 1, 1000000, &factor, err);
    for (size_t i = 0; code == SY_OK && i < pods->n; i++) {
        if (pods->time[i].duration_s > SY_TRACE_SECONDS / factor)
            return sy_fail(err, SY_EUSAGE, "--stretch %lld: pod %zu would run for over %lld s",
                           (long long)factor, i, (long long)SY_TRACE_SECONDS);
        pods->time[i].duration_s *= factor;
    }
    return code;
}

static enum sy_code run_timed(struct sy_cli *cli, struct sy_grid *grid, struct sy_err *err)
{
    static const char *const others[] = {"order", "seeds", "shard", "arrivals"};
    struct sy_timed_result run[SY_SWEEP_POLICIES] = {0};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (sy_options_str(cli->options, others[i]) != NULL)
            return sy_fail(err, SY_EUSAGE, "--departures takes the trace as it is: not with --%s",
                           others[i]);
    enum sy_code code = sy_grid_read(cli, true, grid, err);
    if (code == SY_OK && grid->sweep.ntraces > 1)
        code = sy_fail(err, SY_EUSAGE, "--departures: one --pods");
    if (code == SY_OK)
        code = stretch(cli, &grid->trace[0].pods, err);
    if (code == SY_OK)
        code = run_in_time(cli, grid, run, err);
    for (size_t i = 0; i < SY_SWEEP_POLICIES; i++)
        sy_timed_result_done(&run[i]);
    return code;
}

static enum sy_code run_grid(struct sy_cli *cli, struct sy_grid *grid, struct sy_err *err)
{
    enum sy_code code = choose_format(cli, err);
    if (code == SY_OK)
        code = sy_grid_read(cli, false, grid, err);
    if (code == SY_OK)
        code = sy_grid_run(grid, cli, err);
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < grid->sweep.ntraces; i++)
        if (grid->sweep.trace[i].unknown_power[0] != '\0')
            sy_cli_note(cli, "%s: no power known, counted as 0 W: %s", grid->sweep.trace[i].name,
                        grid->sweep.trace[i].unknown_power);
    return sy_options_str(cli->options, "shard") != NULL
               ? sy_sweep_shard_to_json(&grid->sweep, grid->shard, grid->shards, &cli->result->json,
                                        err)
               : sy_sweep_print(&grid->sweep, cli->result, err);
}

static enum sy_code no_rest(const struct sy_cli *cli, struct sy_err *err)
{
    size_t n = 0;
    const char *const *rest = sy_options_rest(cli->options, &n);
    char shown[64];
    return n == 0 ? SY_OK
                  : sy_fail(err, SY_EUSAGE, "unexpected argument '%s'",
                            sy_quote(shown, sizeof shown, rest[0], strlen(rest[0])));
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    enum sy_code code = no_rest(cli, err);
    struct sy_grid *grid = code == SY_OK ? sy_calloc(1, sizeof *grid) : NULL;
    if (code == SY_OK && grid == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the replay");
    bool timed = sy_options_flag(cli->options, "departures");
    if (code == SY_OK && !timed &&
        (sy_options_flag(cli->options, "queue") || sy_options_str(cli->options, "stretch") != NULL))
        code = sy_fail(err, SY_EUSAGE, "--queue and --stretch need --departures");
    if (code == SY_OK)
        code = timed ? run_timed(cli, grid, err) : run_grid(cli, grid, err);
    if (grid != NULL)
        sy_grid_done(grid);
    sy_free(grid);
    return code;
}

const struct sy_command sy_command_replay = {
    .name = "replay",
    .summary = "run a trace of arrivals through placement policies",
    .synopsis = "--nodes FILE --pods FILE --policy NAME[,NAME...] [option ...]",
    .details =
        "Pods arrive one by one, are placed or fail at once, and stay, as in the published\n"
        "protocol of the FGD simulator: with --order (and --ties) exactly, with --seeds by orders\n"
        "drawn from our own generator; with --departures they come and leave as the trace's times\n"
        "say. Policies: fgd, best-fit, pwr, pwr-fgd:W (W of 1000 is the\n"
        "weight of power), random, kube-default[:1.35|:1.36], dot-product, packing, clustering,\n"
        "and ours: fit, balanced, frugal. random and kube-default always run beside them.\n"
        "Watts are a model's (--power), to compare policies by.",
    .example = "switchyard replay --nodes deploy/examples/replay/nodes.csv "
               "--pods deploy/examples/replay/pods.csv --policy fgd --seeds 42-44",
    .formats = "table|wide|json|yaml|csv",
    .option = replay_options,
    .noption = sizeof replay_options / sizeof replay_options[0],
    .run = run,
};
