/* SPDX-License-Identifier: Apache-2.0 */
/* whatif how-many: how many more of these pods have a place, and why no more. */
#include "planner/explain/question.h"
#include "planner/explain/reasons.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/place.h"

#define PODS_MAX 100000 /* placed in all: where the question ends by itself */

struct how_many {
    struct sy_question q;
    int64_t most;   /* sets asked for at most */
    int64_t sets;   /* that have a place */
    uint32_t *on;   /* per node: pods of ours */
    size_t stopped; /* index of the pod of the set that had no place; n: the limit */
    bool own_limit; /* PODS_MAX, not --max-limit */
    json_t *reasons;
};

/* Pods of one more set: those of -f under names of their own. */
static enum sy_code clone_set(struct how_many *h, struct sy_workload_pods *ret, uint32_t *id,
                              struct sy_err *err)
{
    const struct sy_workload_pods *pods = &h->q.pods;
    enum sy_code code = SY_OK;
    ret->n = pods->n;
    ret->pod = sy_arena_calloc(h->q.arena, pods->n, sizeof *ret->pod);
    if (ret->pod == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    for (size_t i = 0; i < pods->n && code == SY_OK; i++) {
        ret->pod[i] = pods->pod[i];
        struct sy_state_pod *pod = &ret->pod[i].pod;
        pod->name =
            sy_arena_printf(h->q.arena, "%s-%lld", pods->pod[i].pod.name, (long long)h->sets + 1);
        pod->uid = "";
        pod->request.name = pod->name;
        pod->request.uid = NULL;
        code = pod->name != NULL ? sy_plan_add_pod(h->q.plan, pod, &id[i], err)
                                 : sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    }
    return code;
}

/* The set has no place: what was placed of it goes, then the reasons are those of the pod that
 * failed with those before it in place. */
static enum sy_code explain_stop(struct how_many *h, const struct sy_workload_pods *set,
                                 struct sy_err *err)
{
    struct sy_plan_answer answer;
    struct sy_reasons reasons;
    sy_arena_reset(h->q.scratch);
    enum sy_code code =
        sy_plan_try(h->q.plan, &set->pod[h->stopped].pod, true, h->q.scratch, &answer, err);
    if (code == SY_OK)
        code = sy_reasons_of(&set->pod[h->stopped].pod, &answer, h->q.scratch, &reasons, err);
    if (code == SY_OK)
        h->reasons = sy_reasons_json(&h->q.form, h->q.plan, &reasons);
    if (h->reasons != NULL)
        sy_vain_reason(&h->q.form, h->q.plan, &answer, h->reasons);
    return code;
}

/* The best place where the pod also runs; *ret_node = UINT32_MAX: there is none. */
static enum sy_code place_one(struct how_many *h, uint32_t id, uint32_t *ret_node,
                              struct sy_err *err)
{
    struct sy_plan_answer answer;
    sy_arena_reset(h->q.scratch);
    enum sy_code code =
        sy_plan_try(h->q.plan, sy_plan_pod(h->q.plan, id), false, h->q.scratch, &answer, err);
    *ret_node = UINT32_MAX;
    if (code != SY_OK || answer.sound == UINT32_MAX)
        return code;
    *ret_node = answer.verdict[answer.sound].node;
    return sy_plan_bind(h->q.plan, id, *ret_node, err);
}

static enum sy_code place_set(struct how_many *h, bool *ret_placed, struct sy_err *err)
{
    struct sy_workload_pods set = {0};
    sy_autofree uint32_t *id = sy_calloc(h->q.pods.n, sizeof *id);
    sy_autofree uint32_t *node = sy_calloc(h->q.pods.n, sizeof *node);
    if (id == NULL || node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    enum sy_code code = clone_set(h, &set, id, err);
    size_t i = 0;
    for (; i < set.n && code == SY_OK; i++) {
        code = place_one(h, id[i], &node[i], err);
        if (code == SY_OK && node[i] == UINT32_MAX)
            break;
    }
    if (code != SY_OK)
        return code;
    *ret_placed = i == set.n;
    h->stopped = i;
    for (size_t k = 0; *ret_placed && k < set.n; k++)
        h->on[node[k]]++;
    return *ret_placed ? SY_OK : explain_stop(h, &set, err);
}

static enum sy_code count(struct how_many *h, struct sy_err *err)
{
    bool placed = true;
    struct sy_progress progress;
    enum sy_code code = SY_OK;
    h->on = sy_arena_calloc(h->q.arena, sy_plan_nodes(h->q.plan), sizeof *h->on);
    if (h->on == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    sy_progress_begin(&progress, h->q.cli, "whatif how-many");
    while (code == SY_OK && placed && h->sets < h->most) {
        code = place_set(h, &placed, err);
        h->sets += code == SY_OK && placed;
        sy_progress_step(&progress, (uint64_t)h->sets, (uint64_t)h->most);
    }
    sy_progress_step(&progress, 1, 1);
    return code;
}

static enum sy_code show_nodes(struct how_many *h, json_t *answer, struct sy_err *err)
{
    static const struct sy_column columns[] = {{.name = "NODE"}, {.name = "PODS", .right = true}};
    static const char *const keys[] = {"node", "pods"};
    static const struct sy_view view = {columns, keys, 2};
    json_t *rows = json_array();
    for (uint32_t i = 0; i < sy_plan_nodes(h->q.plan); i++) {
        if (h->on[i] == 0)
            continue;
        json_t *row = json_object();
        sy_form_put(&h->q.form, row, "node", sy_form_text(sy_node_text(h->q.plan, i)));
        sy_form_put(&h->q.form, row, "pods", json_integer(h->on[i]));
        sy_form_add(&h->q.form, rows, row);
    }
    sy_form_put(&h->q.form, answer, "distribution", rows);
    if (json_array_size(rows) == 0)
        return SY_OK;
    sy_str_append(&h->q.cli->result->before, "\n");
    return sy_view_table(h->q.cli->result, NULL, &view, rows, err);
}

static enum sy_code answer_count(struct how_many *h, bool is_never, struct sy_err *err)
{
    struct sy_question *q = &h->q;
    struct sy_result *result = q->cli->result;
    const struct sy_state_pod *first = &q->pods.pod[0].pod;
    json_t *answer;
    enum sy_code code = sy_question_answer(q, "WhatIfHowMany", &answer, err);
    if (code != SY_OK)
        return code;
    bool limited = h->reasons == NULL;
    sy_form_put(&q->form, answer, "count", json_integer(h->sets));
    sy_form_put(&q->form, answer, "podsPerSet", json_integer((json_int_t)q->pods.n));
    sy_form_put(&q->form, answer, "limited", json_boolean(limited));
    sy_str_printf(&result->before, "%lld more ", (long long)h->sets);
    if (q->pods.n == 1)
        sy_str_printf(&result->before, "of %s/%s fit%s", first->namespace_, first->name,
                      h->sets == 1 ? "s" : "");
    else
        sy_str_printf(&result->before, "sets of %zu pods, first %s/%s, fit%s", q->pods.n,
                      first->namespace_, first->name, h->sets == 1 ? "s" : "");
    sy_str_append(&result->before, is_never  ? ": it can never\n"
                                   : limited ? ": the limit was reached\n"
                                             : "\n");
    if (limited && h->own_limit)
        sy_question_note(q, "stopped at %d pods: there may be room for more", PODS_MAX);
    code = show_nodes(h, answer, err);
    if (!limited) {
        const struct sy_state_pod *pod = &q->pods.pod[h->stopped].pod;
        sy_str_printf(&result->after, "\nwhy no more (%s/%s):\n", pod->namespace_, pod->name);
        sy_reasons_text(h->reasons, &result->after);
    }
    sy_form_put(&q->form, answer, "reasons", limited ? json_array() : json_incref(h->reasons));
    q->cli->exit_status = h->sets > 0 ? SY_EXIT_YES : is_never ? SY_EXIT_NEVER : SY_EXIT_NOW;
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code ask(struct how_many *h, struct sy_err *err)
{
    size_t never = 0;
    h->most = PODS_MAX / (int64_t)h->q.pods.n;
    h->own_limit = !sy_options_str(h->q.cli->options, "max-limit");
    enum sy_code code = sy_options_int(h->q.cli->options, "max-limit", 1, h->most, &h->most, err);
    if (code == SY_OK)
        code = count(h, err);
    if (code == SY_OK && h->sets == 0)
        code = sy_place_never(h->q.plan, &h->q.pods, h->q.scratch, &never, err);
    bool is_never = code == SY_OK && h->sets == 0 && never < h->q.pods.n;
    return code == SY_OK ? answer_count(h, is_never, err) : code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct how_many h = {0};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_FILE, NULL, &h.q, err);
    if (code == SY_OK)
        code = ask(&h, err);
    json_decref(h.reasons);
    sy_question_done(&h.q);
    return code;
}

static const struct sy_option options[] = {
    SY_OPTION_FILE,
    {.name = "max-limit", .arg = "N", .help = "stop counting there (100000 pods)"},
};

const struct sy_command sy_command_whatif_how_many = {
    .name = "whatif how-many",
    .summary = "how many more of these pods have a place",
    .synopsis = "-f FILE|- [--max-limit N] [option ...]",
    .details = "Sets of all pods of the files are placed one after the other until one has no "
               "place. A node where kube-scheduler would bind a pod in vain, for by our count too "
               "few healthy devices are free, is no place. The first line begins with their "
               "number; then come the nodes that take them and why the next one has no place. Exit "
               "status: 0 at least one, 1 none now, 2 none ever.",
    .example = "switchyard whatif how-many --snapshot deploy/examples/planner/snapshot.json "
               "-f deploy/examples/pods/npu2-gpu1.json",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
