/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/explain.h"

#include "planner/explain/variant.h"

#include <string.h>

/* "NS/NAME", or NAME in the namespace of -n. */
static enum sy_code find_pod(struct sy_explaining *e, const char *text, struct sy_err *err)
{
    char space[300], shown[120];
    const char *given = sy_options_str(e->q.cli->options, "namespace");
    const char *slash = strchr(text, '/');
    const char *name = slash != NULL ? slash + 1 : text;
    int len = slash != NULL
                  ? snprintf(space, sizeof space, "%.*s", (int)(slash - text), text)
                  : snprintf(space, sizeof space, "%s", given != NULL ? given : "default");
    int64_t at =
        len >= 0 && (size_t)len < sizeof space ? sy_state_find_pod(e->q.state, space, name) : -1;
    if (at < 0)
        return sy_fail(err, SY_ENOENT, "no pod '%s' in the cluster (NAMESPACE/NAME)",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    uint32_t id = (uint32_t)at; /* a plan has the state's pods first, in its order */
    e->pod = sy_plan_pod(e->q.plan, id);
    e->was = sy_plan_pod_node(e->q.plan, id);
    if (e->was == UINT32_MAX)
        return SY_OK;
    e->held = sy_plan_pod_units(e->q.plan, id);
    return sy_plan_unbind(e->q.plan, id, err);
}

static enum sy_code begin(struct sy_explaining *e, struct sy_cli *cli, struct sy_err *err)
{
    size_t n, files;
    const char *const *rest = sy_options_rest(cli->options, &n);
    (void)sy_options_list(cli->options, "filename", &files);
    bool file = files > 0;
    bool named = n == 2 && strcmp(rest[0], "pod") == 0;
    if (file == named || (file && n > 0))
        return sy_fail(err, SY_EUSAGE, "expected -f FILE, or: pod NAMESPACE/NAME");
    enum sy_code code =
        sy_question_begin(cli, file ? SY_QUESTION_FILE : SY_QUESTION_NONE, NULL, &e->q, err);
    e->was = UINT32_MAX;
    e->held = SY_DEVSET_EMPTY;
    if (code != SY_OK)
        return code;
    if (named)
        return find_pod(e, rest[1], err);
    e->pod = &e->q.pods.pod[0].pod;
    if (e->q.pods.n > 1)
        sy_question_note(&e->q, "explained is the first of %zu pods: %s/%s", e->q.pods.n,
                         e->pod->namespace_, e->pod->name);
    return SY_OK;
}

static enum sy_code find_only(struct sy_explaining *e, struct sy_err *err)
{
    char shown[120];
    const char *name = sy_options_str(e->q.cli->options, "node");
    e->only = -1;
    for (uint32_t i = 0; name != NULL && i < e->answer.n && e->only < 0; i++)
        if (strcmp(sy_node_text(e->q.plan, e->answer.verdict[i].node), name) == 0)
            e->only = i;
    if (name != NULL && e->only < 0)
        return sy_fail(err, SY_ENOENT, "--node '%s': no such node in the cluster",
                       sy_quote(shown, sizeof shown, name, strlen(name)));
    return SY_OK;
}

static enum sy_code find_changes(struct sy_explaining *e, struct sy_err *err)
{
    e->changes = (struct sy_changes){.state = e->q.state,
                                     .plan = e->q.plan,
                                     .pod = e->pod,
                                     .answer = &e->answer,
                                     .arena = e->q.arena,
                                     .scratch = e->q.scratch,
                                     .form = &e->q.form};
    if (e->answer.nfeasible > 0)
        return SY_OK;
    return sy_changes_find(&e->changes, err);
}

/* 0: it fits somewhere; 2: nowhere even on the empty cluster, cordons apart. */
static enum sy_code find_status(struct sy_explaining *e, struct sy_err *err)
{
    bool ever = true;
    enum sy_code code = e->answer.nfeasible > 0
                            ? SY_OK
                            : sy_variant_ever_fits(e->q.plan, e->pod, e->q.scratch, &ever, err);
    e->q.cli->exit_status = e->answer.nfeasible > 0 ? SY_EXIT_YES
                            : ever                  ? SY_EXIT_NOW
                                                    : SY_EXIT_NEVER;
    return code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct sy_explaining e = {0};
    enum sy_code code = begin(&e, cli, err);
    if (code == SY_OK)
        code = sy_plan_try(e.q.plan, e.pod, true, e.q.arena, &e.answer, err);
    if (code == SY_OK)
        code = find_only(&e, err);
    if (code == SY_OK)
        code = find_changes(&e, err);
    if (code == SY_OK)
        code = find_status(&e, err);
    if (code == SY_OK)
        code = sy_explain_answer(&e, err);
    if (code == SY_OK)
        code = sy_explain_show(&e, err);
    if (code == SY_OK)
        code = sy_question_end(&e.q, err);
    sy_changes_done(&e.changes);
    sy_question_done(&e.q);
    return code;
}

static const struct sy_option options[] = {
    SY_OPTION_FILE,
    {.name = "node", .arg = "NAME", .help = "the whole breakdown of one node"},
};

const struct sy_command sy_command_explain = {
    .name = "explain",
    .summary = "every node for one pod: why not, how well, and what would have to change",
    .synopsis = "-f FILE|-|pod NAMESPACE/NAME [--node NAME] [option ...]",
    .details =
        "Nodes with the same answer stand in one line, with their number and first names. STAGE is "
        "the plugin of kube-scheduler that dropped them, Extender when it was ours. For a pod that "
        "fits nowhere come the changes after which the engine has placed it, cheapest first: those "
        "that touch nobody else (limits, cordons, taints, the pod's own requirements), then pods "
        "that move, then pods to wait for. For a pod that runs: how it sits against the best place "
        "that it could have now. Exit status: 0 it fits somewhere, 1 not now, 2 never.",
    .example = "switchyard explain --snapshot deploy/examples/planner/snapshot.json "
               "pod vision/eval-0",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
