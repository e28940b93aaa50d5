/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/state/command.h"

#include "planner/state/snapshot.h"

static const struct sy_option own[] = {
    {.name = "anonymize",
     .help = "rename namespaces, pods, nodes, uids, owners and custom labels, everywhere alike"},
    {.name = "seed",
     .arg = "TEXT",
     .help = "with --anonymize: new names made of TEXT and the old ones, the same in every "
             "snapshot of that seed; without it they are numbered in the order of the old ones"},
    {.name = "keep-label",
     .arg = "KEY",
     .repeats = true,
     .help = "with --anonymize: a label that stays as it is (one that a policy's power domains "
             "select by); may be repeated"},
};

/* Read, write, rename; the intake's memory is the state's. */
static enum sy_code make(struct sy_cli *cli, const struct sy_intake *intake,
                         const struct sy_state *state, struct sy_err *err)
{
    struct sy_anonymize_options options = {.seed = sy_options_str(cli->options, "seed")};
    json_t *renamed = NULL;
    options.keep = sy_options_list(cli->options, "keep-label", &options.nkeep);
    enum sy_code code = sy_snapshot_write(intake, state->now_us, &cli->result->json, err);
    for (size_t i = 0; code == SY_OK && i < state->nnote; i++)
        sy_cli_note(cli, "%s", state->note[i]);
    if (code != SY_OK || !sy_options_flag(cli->options, "anonymize"))
        return code;
    code = sy_anonymize(cli->result->json, &options, &renamed, err);
    if (code == SY_OK) {
        json_decref(cli->result->json);
        cli->result->json = renamed;
    }
    return code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct sy_state_options options;
    struct sy_intake intake = {0};
    SY_AUTO(sy_state) struct sy_state *state = NULL;
    bool anonymize = sy_options_flag(cli->options, "anonymize");
    size_t nkeep;
    (void)sy_options_list(cli->options, "keep-label", &nkeep);
    if (!anonymize && (sy_options_str(cli->options, "seed") != NULL || nkeep > 0))
        return sy_fail(err, SY_EUSAGE, "--seed and --keep-label go with --anonymize");
    enum sy_code code = sy_state_options_of(cli, &options, err);
    if (code == SY_OK)
        code = sy_state_load_keeping(&options, cli, &intake, &state, err);
    if (code != SY_OK)
        return code;
    code = make(cli, &intake, state, err);
    sy_intake_done(&intake);
    return code;
}

const struct sy_command sy_command_snapshot = {
    .name = "snapshot",
    .summary = "write the cluster as one file that the other commands read",
    .synopsis = "[option ...]",
    .details =
        "Reads the cluster (live, or from files that are joined) and writes one object of kind "
        "Snapshot: Nodes, NodeFabrics, Pods and PodDisruptionBudgets with the fields that "
        "decisions read, and no others: no environment, arguments, images or secrets.\n"
        "\n"
        "--anonymize renames what is left of names, in selectors, affinities, tolerations and "
        "reports as well, and leaves out what people wrote. Without --seed the new names sort as "
        "the old ones do, so that every decision is the same, ties by name included. With it the "
        "names in two snapshots of one seed can be compared; keep the seed to yourself, or names "
        "can be tried. Names of resources, hardware, and label keys of Kubernetes and of device "
        "vendors stay.",
    .example =
        "switchyard snapshot --snapshot deploy/examples/planner/snapshot.json --anonymize -o yaml",
    .formats = "json|yaml",
    .option = own,
    .noption = sizeof own / sizeof own[0],
    .state = true,
    .run = run,
};
