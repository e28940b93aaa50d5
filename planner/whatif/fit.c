/* SPDX-License-Identifier: Apache-2.0 */
/* whatif fit: are these pods all placed now? whatif satisfiable: ever, with nothing else there? */
#include "planner/explain/detail.h"
#include "planner/explain/question.h"
#include "planner/explain/reasons.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/place.h"

#define CANDIDATES_PODS 1u /* every node is listed when so few pods are asked about */
#define PENDING_SHOWN 10u  /* sets of reasons of pending pods that people are shown */
#define NODE_OF(answer, i) ((answer)->verdict[i].node)

struct fit {
    struct sy_question q;
    struct sy_plan *before; /* a copy of the plan with nothing placed */
    json_t *rows;           /* of the answer */
    bool ever;              /* satisfiable: on the empty cluster */
    bool doubt;             /* of several pods: some would be in vain there, too */
};

static bool takes(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS;
}

static json_t *plugins_of(struct sy_form *form, const struct sy_scheduler_score *score)
{
    json_t *obj = json_object();
    for (enum sy_plugin p = 0; p < SY_PLUGIN_COUNT; p++)
        sy_form_put(form, obj, sy_plugin_name(p), json_integer(score->plugin[p]));
    return obj;
}

static json_t *candidate_of(struct fit *fit, const struct sy_plan *plan,
                            const struct sy_state_pod *pod, const struct sy_plan_verdict *verdict)
{
    struct sy_form *form = &fit->q.form;
    json_t *obj = json_object();
    bool fits = takes(verdict);
    struct sy_why why = sy_why_of(pod, verdict);
    struct sy_str text;
    sy_str_init(&text, SY_OUTPUT_MAX);
    sy_str_append(&text, "");
    if (!fits)
        sy_why_text(&why, &text);
    sy_form_put(form, obj, "node", sy_form_text(sy_node_text(plan, verdict->node)));
    sy_form_put(form, obj, "fits", json_boolean(fits));
    sy_form_put(form, obj, "stage", sy_form_text(fits ? NULL : sy_why_stage(&why)));
    sy_form_put(form, obj, "reason",
                fits                   ? json_null()
                : sy_str_failed(&text) ? NULL
                                       : json_string(text.data));
    if (fits) {
        sy_form_put(form, obj, "plugins", plugins_of(form, &verdict->score));
        sy_form_put(form, obj, "extender", json_integer(verdict->score.extender));
        sy_form_put(form, obj, "total", json_integer(verdict->score.total));
        sy_form_put(form, obj, "score", json_integer(verdict->ours.score));
        sy_form_put(form, obj, "wireScore", json_integer(verdict->ours.wire));
    }
    sy_str_done(&text);
    return obj;
}

static json_t *tied_of(struct fit *fit, const struct sy_plan *plan,
                       const struct sy_plan_answer *answer)
{
    json_t *array = json_array();
    int64_t best = answer->verdict[answer->best].score.total;
    for (uint32_t i = 0; i < answer->n; i++)
        if (takes(&answer->verdict[i]) && answer->verdict[i].score.total == best)
            sy_form_add(&fit->q.form, array, sy_form_text(sy_node_text(plan, NODE_OF(answer, i))));
    return array;
}

/* Why it fits nowhere, with the watts that lack. */
static enum sy_code put_reasons(struct fit *fit, struct sy_plan *plan,
                                const struct sy_state_pod *pod, json_t *row, struct sy_err *err)
{
    struct sy_plan_answer answer;
    struct sy_reasons reasons;
    sy_arena_reset(fit->q.scratch);
    enum sy_code code = sy_plan_try(plan, pod, true, fit->q.scratch, &answer, err);
    if (code == SY_OK)
        code = sy_reasons_of(pod, &answer, fit->q.scratch, &reasons, err);
    if (code != SY_OK)
        return code;
    json_t *array = sy_reasons_json(&fit->q.form, plan, &reasons);
    const struct sy_why *main_ = sy_reasons_main(&reasons);
    const json_t *first =
        main_ != NULL ? json_array_get(array, (size_t)(main_ - reasons.why)) : NULL;
    sy_form_put(&fit->q.form, row, "stage",
                first != NULL ? json_incref(json_object_get(first, "stage")) : json_null());
    sy_form_put(&fit->q.form, row, "reason",
                first != NULL ? json_incref(json_object_get(first, "text"))
                              : json_string("there is no node"));
    sy_form_put(&fit->q.form, row, "reasons", array);
    return SY_OK;
}

static enum sy_code put_place(struct fit *fit, struct sy_plan *plan, const struct sy_state_pod *pod,
                              const struct sy_plan_answer *answer, json_t *row, struct sy_err *err)
{
    struct sy_form *form = &fit->q.form;
    const struct sy_plan_verdict *best = &answer->verdict[answer->best];
    struct sy_detail detail;
    sy_form_put(form, row, "node", sy_form_text(sy_node_text(plan, best->node)));
    sy_form_put(form, row, "stage", json_null());
    sy_form_put(form, row, "reason", json_null());
    sy_form_put(form, row, "total", json_integer(best->score.total));
    sy_form_put(form, row, "wireScore", json_integer(best->ours.wire));
    sy_form_put(form, row, "tied", tied_of(fit, plan, answer));
    sy_form_put(form, row, "ties", json_integer(answer->nties));
    enum sy_code code = sy_detail_of(plan, pod, best->node, fit->q.scratch, &detail, err);
    if (code == SY_OK)
        sy_detail_note(&detail, pod, &fit->q);
    return code == SY_OK ? sy_detail_put(&detail, pod, form, row, err) : code;
}

/* kube-scheduler's choice stays in the row; that the pod does not run there, too. */
static void put_vain(struct sy_form *form, const struct sy_plan *plan, uint32_t node, json_t *row)
{
    sy_form_put(form, row, "stage", json_string(SY_VAIN_STAGE));
    sy_form_put(form, row, "reason", sy_vain_text(plan, node));
    sy_form_put(form, row, "refused", json_true());
}

static enum sy_code seen(void *data, struct sy_plan *plan, size_t i,
                         const struct sy_plan_answer *answer, uint32_t node, struct sy_err *err)
{
    struct fit *fit = data;
    struct sy_form *form = &fit->q.form;
    const struct sy_state_pod *pod = &fit->q.pods.pod[i].pod;
    json_t *row = json_array_get(fit->rows, i);
    if (fit->q.pods.n <= CANDIDATES_PODS) {
        json_t *candidates = json_array();
        for (uint32_t c = 0; c < answer->n; c++)
            sy_form_add(form, candidates, candidate_of(fit, plan, pod, &answer->verdict[c]));
        sy_form_put(form, row, "candidates", candidates);
    }
    uint32_t vain = sy_place_vain(answer);
    if (node != UINT32_MAX || vain != UINT32_MAX) {
        enum sy_code code = put_place(fit, plan, pod, answer, row, err);
        if (vain != UINT32_MAX)
            put_vain(form, plan, vain, row);
        return code;
    }
    sy_form_put(form, row, "node", json_null());
    return put_reasons(fit, plan, pod, row, err);
}

static void begin_rows(struct fit *fit)
{
    struct sy_form *form = &fit->q.form;
    for (size_t i = 0; i < fit->q.pods.n; i++) {
        const struct sy_workload_pod *one = &fit->q.pods.pod[i];
        json_t *row = json_object();
        sy_form_put(form, row, "namespace", sy_form_text(one->pod.namespace_));
        sy_form_put(form, row, "name", sy_form_text(one->pod.name));
        sy_form_put(form, row, "gang", one->gang > 0 ? json_integer(one->gang) : json_null());
        sy_form_add(form, fit->rows, row);
    }
}

/* A pod whose gang is short has no place either. */
static void end_rows(struct fit *fit, const struct sy_placed *placed)
{
    for (size_t i = 0; i < fit->q.pods.n; i++) {
        json_t *row = json_array_get(fit->rows, i);
        if (!placed[i].gang_short)
            continue;
        sy_form_put(&fit->q.form, row, "wouldTake", json_incref(json_object_get(row, "node")));
        sy_form_put(&fit->q.form, row, "node", json_null());
        sy_form_put(&fit->q.form, row, "stage", json_string("gang"));
        sy_form_put(&fit->q.form, row, "reason",
                    sy_form_format("it fits, but fewer than %u pods of its gang do",
                                   fit->q.pods.pod[i].gang_min));
    }
}

/* Pods that fit nowhere for the same reasons. */
struct alike {
    const json_t *row, *reasons; /* of the first */
    size_t more;
};

/* Why pods fit nowhere, for people: those with the same reasons together. */
static void show_reasons(struct fit *fit, struct sy_str *out)
{
    struct alike alike[PENDING_SHOWN];
    size_t n = 0, others = 0, i;
    json_t *row;
    json_array_foreach(fit->rows, i, row)
    {
        json_t *reasons = json_object_get(row, "reasons");
        size_t at = 0;
        if (json_array_size(reasons) == 0)
            continue;
        while (at < n && !json_equal(alike[at].reasons, reasons))
            at++;
        if (at < n)
            alike[at].more++;
        else if (n < PENDING_SHOWN)
            alike[n++] = (struct alike){row, reasons, 0};
        else
            others++;
    }
    for (size_t k = 0; k < n; k++) {
        sy_str_printf(out, "\nwhy %s/%s",
                      json_string_value(json_object_get(alike[k].row, "namespace")),
                      json_string_value(json_object_get(alike[k].row, "name")));
        if (alike[k].more > 0)
            sy_str_printf(out, " and %zu more", alike[k].more);
        sy_str_printf(out, " fit%s nowhere%s:\n", alike[k].more > 0 ? "" : "s",
                      fit->ever ? "" : " now");
        sy_reasons_text(alike[k].reasons, out);
    }
    if (others > 0)
        sy_str_printf(out, "\n%zu more pods fit nowhere: -o json says why\n", others);
}

static enum sy_code show(struct fit *fit, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "NAMESPACE", .wide = true},
        {.name = "POD"},
        {.name = "NODE"},
        {.name = "DEVICES", .wide = true},
        {.name = "PATH"},
        {.name = "GB/S", .right = true},
        {.name = "WATTS", .right = true},
        {.name = "SCORE", .right = true},
        {.name = "TOTAL", .right = true},
        {.name = "TIES", .right = true},
        {.name = "REASON"},
    };
    static const char *const keys[] = {
        "namespace",  "name",  "node",  "devices", "path",  "minBandwidthGBps",
        "wattsAdded", "score", "total", "ties",    "reason"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_result *result = fit->q.cli->result;
    show_reasons(fit, &result->after);
    return sy_view_table(result, NULL, &view, fit->rows, err);
}

/* Not even on the empty cluster? For one pod a proof; for several, as they are placed there one
 * after the other. */
static enum sy_code never(struct fit *fit, bool *ret, struct sy_err *err)
{
    struct sy_question *q = &fit->q;
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    size_t first = 0, pending = 0;
    enum sy_code code = sy_place_never(fit->before, &q->pods, q->scratch, &first, err);
    *ret = code == SY_OK && first < q->pods.n;
    if (code != SY_OK || *ret || q->pods.n == 1)
        return code;
    sy_autofree struct sy_placed *placed = sy_calloc(q->pods.n, sizeof *placed);
    if (placed == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    code = sy_place_emptied(fit->before, &plan, err);
    const struct sy_placing placing = {.pods = &q->pods, .id = q->id, .first_only = true};
    if (code == SY_OK)
        code = sy_place_list(&placing, &plan, placed, &pending, err);
    for (size_t i = 0; i < q->pods.n; i++) /* an ill device is not for ever */
        fit->doubt = fit->doubt || placed[i].vain;
    for (size_t i = 0; i < q->pods.n; i++)
        pending -= code == SY_OK && placed[i].vain;
    *ret = pending > 0;
    return code;
}

static enum sy_code answer_fit(struct fit *fit, size_t pending, bool is_never, struct sy_err *err)
{
    struct sy_question *q = &fit->q;
    json_t *answer = q->cli->result->json;
    enum sy_verdict_kind verdict = pending == 0 ? SY_VERDICT_FITS
                                   : is_never   ? SY_VERDICT_NEVER
                                                : SY_VERDICT_BUSY;
    struct sy_str *before = &q->cli->result->before;
    sy_form_put(&q->form, answer, "fits", json_boolean(pending == 0));
    sy_form_put(&q->form, answer, "verdict", json_string(sy_verdict_name(verdict)));
    sy_form_put(&q->form, answer, "placed", json_integer((json_int_t)(q->pods.n - pending)));
    sy_form_put(&q->form, answer, "pending", json_integer((json_int_t)pending));
    const char *where = fit->ever ? "on the empty cluster" : "now";
    bool one = q->pods.n == 1;
    if (pending == 0)
        sy_str_printf(before, "%s %s", one ? "the pod fits" : "all pods fit", where);
    else if (one && json_is_true(json_object_get(json_array_get(fit->rows, 0), "refused")))
        sy_str_printf(before, "the pod does not run %s, though kube-scheduler would bind it",
                      where);
    else if (one)
        sy_str_printf(before, "the pod %s",
                      is_never ? "can never fit: not on the empty cluster of these "
                                 "nodes"
                               : "does not fit now; on the empty cluster of these "
                                 "nodes it would");
    else
        sy_str_printf(before, "%zu of %zu pods do not fit %s%s", pending, q->pods.n, where,
                      fit->ever || (fit->doubt && !is_never) ? ""
                      : is_never ? ", and all of them never: not on the empty cluster of these "
                                   "nodes either"
                                 : "; on the empty cluster of these nodes all would");
    sy_str_append(before, "\n\n");
    q->cli->exit_status = pending == 0 ? SY_EXIT_YES : is_never ? SY_EXIT_NEVER : SY_EXIT_NOW;
    return show(fit, err);
}

static enum sy_code ask(struct fit *fit, struct sy_err *err)
{
    struct sy_question *q = &fit->q;
    bool is_never = false;
    size_t pending = 0;
    json_t *answer;
    sy_autofree struct sy_placed *placed = sy_calloc(q->pods.n, sizeof *placed);
    if (placed == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    enum sy_code code =
        sy_question_answer(q, fit->ever ? "WhatIfSatisfiable" : "WhatIfFit", &answer, err);
    if (code != SY_OK)
        return code;
    fit->rows = json_array();
    begin_rows(fit);
    const struct sy_placing placing = {
        .pods = &q->pods, .id = q->id, .seen = seen, .data = fit, .scratch = q->scratch};
    code = sy_place_list(&placing, &q->plan, placed, &pending, err);
    if (code == SY_OK && pending > 0 && !fit->ever)
        code = never(fit, &is_never, err);
    if (code == SY_OK) {
        end_rows(fit, placed);
        code = answer_fit(fit, pending, fit->ever || is_never, err);
    }
    sy_form_put(&q->form, answer, "pods", fit->rows);
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code run(struct sy_cli *cli, bool ever, struct sy_err *err)
{
    struct fit fit = {.ever = ever};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_FILE, NULL, &fit.q, err);
    if (code == SY_OK)
        code = ever ? sy_place_emptied(fit.q.plan, &fit.before, err)
                    : sy_plan_copy(fit.q.plan, &fit.before, err);
    if (code == SY_OK && ever) { /* the question is about that one */
        sy_plan_free(fit.q.plan);
        fit.q.plan = SY_TAKE(fit.before);
    }
    if (code == SY_OK)
        code = ask(&fit, err);
    sy_plan_free(fit.before);
    sy_question_done(&fit.q);
    return code;
}

static enum sy_code run_fit(struct sy_cli *cli, struct sy_err *err)
{
    return run(cli, false, err);
}

static enum sy_code run_satisfiable(struct sy_cli *cli, struct sy_err *err)
{
    return run(cli, true, err);
}

static const struct sy_option options[] = {SY_OPTION_FILE};

const struct sy_command sy_command_whatif_fit = {
    .name = "whatif fit",
    .summary = "do these pods fit now, and where",
    .synopsis = "-f FILE|- [option ...]",
    .details =
        "Every pod of the files is placed as kube-scheduler would place it with our extender, one "
        "after the other; pods of a gang all or none. Shown are the node, the devices, the slowest "
        "link among them (all of the best free set), the watts added, our score (of the set that "
        "is "
        "to be expected) and kube-scheduler's total; TIES counts the "
        "nodes with the same total, of which kube-scheduler takes any.\n"
        "A pod that fits nowhere has its reasons with the number of nodes, what is easiest to mend "
        "first. Exit status: 0 all fit, 1 not now, 2 never: not on the empty cluster either.",
    .example = "switchyard whatif fit --snapshot deploy/examples/planner/snapshot.json "
               "-f deploy/examples/pods/npu2-gpu1.json",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run_fit,
};

const struct sy_command sy_command_whatif_satisfiable = {
    .name = "whatif satisfiable",
    .summary = "could these pods ever run on these nodes, with nothing else there",
    .synopsis = "-f FILE|- [option ...]",
    .details = "As `whatif fit`, on the same nodes without any pod. Exit status: 0 they could, 2 "
               "never. Several pods are placed one after the other, as kube-scheduler would: that "
               "another order would fit more is possible.",
    .example = "switchyard whatif satisfiable --snapshot deploy/examples/planner/snapshot.json "
               "-f deploy/examples/planner/finetune-job.yaml",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run_satisfiable,
};
