/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/grid.h"
#include "planner/replay/policies.h"
#include "planner/replay/workload.h"

#include <inttypes.h>
#include <string.h>

#define SEED_MAX (INT64_C(1) << 53) /* what JSON readers keep exactly */
#define DEFAULT_SEED 42

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for the replay");
}

/* A whole number at *at, which moves on; -1: none, or above `max`. */
static int64_t take_number(const char **at, int64_t max)
{
    int64_t value = -1;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        value = (value < 0 ? 0 : value * 10) + (**at - '0');
        if (value > max)
            return -1;
    }
    return value;
}

/* "A-B", or "A" alone. */
static enum sy_code read_seeds(const struct sy_cli *cli, struct sy_sweep *sweep, struct sy_err *err)
{
    const char *text = sy_options_str(cli->options, "seeds"), *at = text;
    int64_t seed = DEFAULT_SEED, from, to;
    if (text == NULL) {
        enum sy_code code = sy_options_int(cli->options, "seed", 0, SEED_MAX, &seed, err);
        sweep->seed_from = sweep->seed_to = (uint64_t)seed;
        return code;
    }
    if (sy_options_str(cli->options, "seed") != NULL)
        return sy_fail(err, SY_EUSAGE, "--seed and --seeds: expected one of them");
    from = to = take_number(&at, SEED_MAX);
    if (*at == '-') {
        at++;
        to = take_number(&at, SEED_MAX);
    }
    char shown[64];
    if (from < 0 || to < from || *at != '\0')
        return sy_fail(err, SY_EUSAGE, "--seeds '%s': expected A-B, as in 42-51",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    if (to - from >= SY_SWEEP_SEEDS)
        return sy_fail(err, SY_EUSAGE, "--seeds %" PRId64 "-%" PRId64 ": more than %u seeds", from,
                       to, SY_SWEEP_SEEDS);
    sweep->seeds = true;
    sweep->seed_from = (uint64_t)from;
    sweep->seed_to = (uint64_t)to;
    return SY_OK;
}

/* "I/N" */
static enum sy_code read_shard(const struct sy_cli *cli, struct sy_grid *grid, struct sy_err *err)
{
    const char *text = sy_options_str(cli->options, "shard"), *at = text;
    grid->shard = grid->shards = 1;
    if (text == NULL)
        return SY_OK;
    int64_t shard = take_number(&at, SY_SWEEP_SHARDS), shards = -1;
    if (*at == '/') {
        at++;
        shards = take_number(&at, SY_SWEEP_SHARDS);
    }
    char shown[64];
    if (shard < 1 || shards < shard || *at != '\0')
        return sy_fail(err, SY_EUSAGE, "--shard '%s': expected I/N, 1 <= I <= N <= %u",
                       sy_quote(shown, sizeof shown, text, strlen(text)), SY_SWEEP_SHARDS);
    grid->shard = (unsigned)shard;
    grid->shards = (unsigned)shards;
    return SY_OK;
}

static enum sy_code add_policy(struct sy_grid *grid, const char *name, bool baseline,
                               struct sy_err *err)
{
    struct sy_sweep *sweep = &grid->sweep;
    size_t at = sweep->npolicies;
    for (size_t i = 0; i < at; i++)
        if (strcmp(sweep->policy[i].name, name) == 0)
            return sy_fail(err, SY_EUSAGE, "--policy: '%s' twice", name);
    if (at == SY_SWEEP_POLICIES)
        return sy_fail(err, SY_EUSAGE, "--policy: more than %u policies", SY_SWEEP_POLICIES);
    enum sy_code code = sy_policy_find(name, &grid->ops[at], &grid->argument[at], err);
    if (code == SY_OK) {
        sweep->policy[at] = (struct sy_sweep_policy){name, baseline};
        sweep->npolicies++;
    }
    return code;
}

static enum sy_code add_baseline(struct sy_grid *grid, const struct sy_replay_policy_ops *ops,
                                 struct sy_err *err)
{
    for (size_t i = 0; i < grid->sweep.npolicies; i++)
        if (grid->ops[i] == ops)
            return SY_OK;
    return add_policy(grid, ops->name, true, err);
}

static enum sy_code read_policies(const struct sy_cli *cli, struct sy_grid *grid,
                                  struct sy_err *err)
{
    enum sy_code code = SY_OK;
    const char *at = sy_options_str(cli->options, "policy");
    if (at == NULL)
        return sy_fail(err, SY_EUSAGE, "expected --policy NAME[,NAME ...]");
    while (code == SY_OK && at != NULL) {
        size_t len = strcspn(at, ",");
        const char *name = sy_arena_strndup(grid->sweep.arena, at, len);
        if (name == NULL)
            return no_memory(err);
        code = add_policy(grid, name, false, err);
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (code == SY_OK && !sy_options_flag(cli->options, "no-baselines")) {
        code = add_baseline(grid, &sy_policy_random, err);
        if (code == SY_OK)
            code = add_baseline(grid, &sy_policy_kube_default, err);
    }
    return code;
}

/* The file's name without folder and ".csv". */
static const char *trace_name(struct sy_sweep *sweep, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".csv") == 0)
        len -= 4;
    for (size_t i = 0; i < sweep->ntraces; i++)
        if (strncmp(sweep->trace[i].name, name, len) == 0 && sweep->trace[i].name[len] == '\0')
            return sy_arena_strndup(sweep->arena, path, strlen(path));
    return sy_arena_strndup(sweep->arena, name, len);
}

/* "A, B" of a mask of models. */
static const char *name_models(struct sy_sweep *sweep, const struct sy_run_trace *trace)
{
    struct sy_str text;
    sy_str_init(&text, 8192);
    for (size_t i = 0; i < trace->models.n; i++)
        if ((trace->unknown_power >> i & 1) != 0) {
            sy_str_append(&text, text.len > 0 ? ", " : "");
            sy_str_append(&text, trace->models.name[i]);
        }
    const char *copy =
        sy_str_failed(&text)
            ? NULL
            : sy_arena_strndup(sweep->arena, text.data != NULL ? text.data : "", text.len);
    sy_str_done(&text);
    return copy;
}

static enum sy_code add_trace(struct sy_grid *grid, const char *path, struct sy_err *err)
{
    struct sy_sweep *sweep = &grid->sweep;
    struct sy_run_trace *trace = &grid->trace[sweep->ntraces];
    enum sy_code code = sy_load_trace(&grid->load, path, trace, err);
    if (code != SY_OK)
        return code;
    struct sy_sweep_trace row = {.name = trace_name(sweep, path),
                                 .nodes = (int64_t)trace->nodes.n,
                                 .milli_gpu = trace->nodes.total_milli,
                                 .milli_cpu = trace->nodes.total_cpu_milli,
                                 .memory_mib = trace->nodes.total_memory_mib,
                                 .pods = (int64_t)trace->pods.n,
                                 .typical = (int64_t)trace->ntypical,
                                 .unknown_power = name_models(sweep, trace)};
    sweep->trace[sweep->ntraces++] = row;
    return row.name != NULL && row.unknown_power != NULL ? SY_OK : no_memory(err);
}

static enum sy_code read_files(const struct sy_cli *cli, struct sy_grid *grid, bool times,
                               struct sy_err *err)
{
    size_t n = 0;
    const char *const *pods = sy_options_list(cli->options, "pods", &n);
    const char *order = sy_options_str(cli->options, "order");
    const char *ties = sy_options_str(cli->options, "ties");
    struct sy_sweep *sweep = &grid->sweep;
    grid->load = (struct sy_load){.nodes_path = sy_options_str(cli->options, "nodes"),
                                  .power_path = sy_options_str(cli->options, "power"),
                                  .times = times,
                                  .typical_percent = (unsigned)sweep->typical_percent};
    if (grid->load.nodes_path == NULL || n == 0)
        return sy_fail(err, SY_EUSAGE, "expected --nodes FILE and --pods FILE");
    if (n > SY_SWEEP_TRACES)
        return sy_fail(err, SY_EUSAGE, "--pods: more than %u traces", SY_SWEEP_TRACES);
    if (order != NULL && (n > 1 || sweep->seeds))
        return sy_fail(err, SY_EUSAGE, "--order is of one trace, run once: %s",
                       sweep->seeds ? "not with --seeds" : "one --pods");
    enum sy_code code = sy_load_begin(&grid->load, err);
    for (size_t i = 0; code == SY_OK && i < n; i++)
        code = add_trace(grid, pods[i], err);
    if (code == SY_OK)
        code = sy_load_sequence(&grid->load, &grid->trace[0], order, ties, &grid->given, err);
    if (code != SY_OK)
        return code;
    sweep->order = sy_arena_strndup(sweep->arena, order != NULL ? order : "",
                                    order != NULL ? strlen(order) : 0);
    sweep->ties =
        sy_arena_strndup(sweep->arena, ties != NULL ? ties : "", ties != NULL ? strlen(ties) : 0);
    sweep->inputs = sy_arena_printf(sweep->arena, "%016" PRIx64 "%016" PRIx64, grid->load.digest.hi,
                                    grid->load.digest.lo);
    return sweep->order != NULL && sweep->ties != NULL && sweep->inputs != NULL ? SY_OK
                                                                                : no_memory(err);
}

enum sy_code sy_grid_read(struct sy_cli *cli, bool times, struct sy_grid *grid, struct sy_err *err)
{
    struct sy_sweep *sweep = &grid->sweep;
    enum sy_code code = sy_sweep_init(sweep, err);
    sweep->arrivals_percent = 130;
    sweep->typical_percent = SY_TYPICAL_PERCENT;
    if (code == SY_OK)
        code = read_seeds(cli, sweep, err);
    if (code == SY_OK)
        code = read_shard(cli, grid, err);
    if (code == SY_OK)
        code = sy_options_int(cli->options, "arrivals", 1, SY_RUN_PERCENT_MAX,
                              &sweep->arrivals_percent, err);
    if (code == SY_OK)
        code =
            sy_options_int(cli->options, "typical-percent", 1, 100, &sweep->typical_percent, err);
    if (code == SY_OK)
        code = read_policies(cli, grid, err);
    return code == SY_OK ? read_files(cli, grid, times, err) : code;
}
