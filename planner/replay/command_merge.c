/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/command.h"

#include "planner/replay/print.h"

static enum sy_code read_parts(const char *const *path, size_t n, struct sy_sweep_part *part,
                               struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; code == SY_OK && i < n; i++) {
        char *text = NULL;
        part[i].file = path[i];
        code = sy_input_read(path[i], SY_INPUT_MAX, &text, &part[i].len, err);
        part[i].text = text;
    }
    return code;
}

static enum sy_code merge(struct sy_cli *cli, const struct sy_sweep_part *part, size_t n,
                          struct sy_err *err)
{
    struct sy_sweep sweep;
    enum sy_code code = sy_sweep_join(part, n, &sweep, err);
    if (code != SY_OK)
        return code;
    code = sy_sweep_print(&sweep, cli->result, err);
    sy_sweep_done(&sweep);
    return code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    size_t n = 0;
    const char *const *path = sy_options_rest(cli->options, &n);
    if (n == 0 || n > SY_SWEEP_SHARDS)
        return sy_fail(err, SY_EUSAGE, "expected 1 to %u files of 'replay --shard'",
                       SY_SWEEP_SHARDS);
    struct sy_sweep_part *part = sy_calloc(n, sizeof *part);
    if (part == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu files", n);
    enum sy_code code = read_parts(path, n, part, err);
    if (code == SY_OK)
        code = merge(cli, part, n, err);
    for (size_t i = 0; i < n; i++)
        sy_free((char *)part[i].text);
    sy_free(part);
    return code;
}

const struct sy_command sy_command_replay_merge = {
    .name = "replay merge",
    .summary = "join the parts of a sweep of replays",
    .synopsis = "FILE ...",
    .details = "Prints what one run over all parts would have printed.",
    .example = "R='switchyard replay --nodes deploy/examples/replay/nodes.csv "
               "--pods deploy/examples/replay/pods.csv --policy fgd --seeds 42-44'; "
               "switchyard replay merge <($R --shard 1/2) <($R --shard 2/2)",
    .formats = "table|wide|json|yaml|csv",
    .run = run,
};
