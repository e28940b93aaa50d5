/* SPDX-License-Identifier: Apache-2.0 */
/* The explanation as JSON: the engine's own object, with kube-scheduler's part beside it. */
#include "planner/explain/explain.h"

#include <stdlib.h>
#include <string.h>

static bool takes(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS;
}

static bool wanted(const struct sy_explaining *e, uint32_t i)
{
    return e->only < 0 || e->only == i;
}

/* --- The engine's object, of the nodes that kube-scheduler let pass. */

static enum sy_code engine_object(struct sy_explaining *e, json_t **ret, struct sy_err *err)
{
    struct sy_world world;
    uint32_t n = 0;
    enum sy_code code = sy_plan_world(e->q.plan, &world, err);
    struct sy_candidate *candidate = sy_arena_calloc(e->q.arena, e->answer.n, sizeof *candidate);
    struct sy_verdict *verdict = sy_arena_calloc(e->q.arena, e->answer.n, sizeof *verdict);
    if (code == SY_OK && (candidate == NULL || verdict == NULL))
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (uint32_t i = 0; code == SY_OK && i < e->answer.n; i++) {
        const struct sy_plan_verdict *one = &e->answer.verdict[i];
        if (one->stage.stage != SY_STAGE_PASSED || !wanted(e, i))
            continue;
        candidate[n].name = sy_node_text(e->q.plan, one->node);
        candidate[n].len = strlen(candidate[n].name);
        verdict[n++] = one->ours;
    }
    if (code != SY_OK)
        return code;
    sy_engine_resolve(world.cluster, candidate, n);
    if (e->pod->request.nentry == 0) /* it is not sent to us: what we would have said */
        code = sy_engine_explain(&world, &e->pod->request, candidate, n, e->q.arena, verdict, err);
    return code == SY_OK
               ? sy_explain_to_json(&world, &e->pod->request, candidate, verdict, n, ret, err)
               : code;
}

/* --- Each node, with what kube-scheduler says of it. */

static json_t *scores(struct sy_form *form, const struct sy_scheduler_score *score)
{
    json_t *obj = json_object(), *plugins = json_object();
    for (enum sy_plugin p = 0; p < SY_PLUGIN_COUNT; p++)
        sy_form_put(form, plugins, sy_plugin_name(p), json_integer(score->plugin[p]));
    sy_form_put(form, obj, "plugins", plugins);
    sy_form_put(form, obj, "extender", json_integer(score->extender));
    sy_form_put(form, obj, "total", json_integer(score->total));
    return obj;
}

static json_t *dropped_node(struct sy_explaining *e, const struct sy_plan_verdict *verdict)
{
    struct sy_form *form = &e->q.form;
    struct sy_why why = sy_why_of(e->pod, verdict);
    struct sy_str text;
    json_t *obj = json_object();
    sy_str_init(&text, SY_OUTPUT_MAX);
    sy_why_text(&why, &text);
    sy_form_put(form, obj, "node", sy_form_text(sy_node_text(e->q.plan, verdict->node)));
    sy_form_put(form, obj, "verdict",
                json_string(sy_verdict_name(why.never ? SY_VERDICT_NEVER : SY_VERDICT_BUSY)));
    sy_form_put(form, obj, "reasonId", json_null());
    sy_form_put(form, obj, "reason", sy_str_failed(&text) ? NULL : json_string(text.data));
    sy_form_put(form, obj, "stage", json_string(sy_why_stage(&why)));
    sy_str_done(&text);
    return obj;
}

static json_t *nodes_of(struct sy_explaining *e, const json_t *passed)
{
    struct sy_form *form = &e->q.form;
    json_t *array = json_array();
    size_t at = 0;
    for (uint32_t i = 0; i < e->answer.n; i++) {
        const struct sy_plan_verdict *verdict = &e->answer.verdict[i];
        if (!wanted(e, i))
            continue;
        if (verdict->stage.stage != SY_STAGE_PASSED) {
            sy_form_add(form, array, dropped_node(e, verdict));
            continue;
        }
        json_t *node = json_array_get(passed, at++);
        bool fits = takes(verdict);
        sy_form_put(form, node, "stage", fits ? json_null() : json_string("Extender"));
        sy_form_put(form, node, "scheduler", fits ? scores(form, &verdict->score) : json_null());
        sy_form_add(form, array, json_incref(node));
    }
    return array;
}

/* --- Groups: nodes that fit by their wire score, the others by what they lack. */

struct group {
    bool unknown; /* it fits as far as is known */
    uint8_t wire;
    uint32_t n, node[SY_REASON_NODES];
    uint16_t low, high;
    int64_t total_low, total_high;
};

static int by_score(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    if (a->total_high != b->total_high)
        return a->total_high > b->total_high ? -1 : 1;
    return a->wire != b->wire ? (int)b->wire - (int)a->wire : (int)a->unknown - (int)b->unknown;
}

#define GROUPS_MAX 22u /* eleven wire scores, known or not */

static size_t group_fitting(const struct sy_explaining *e, struct group *group)
{
    size_t n = 0;
    for (uint32_t i = 0; i < e->answer.n; i++) {
        const struct sy_plan_verdict *verdict = &e->answer.verdict[i];
        if (!takes(verdict))
            continue;
        bool unknown = verdict->ours.reason == SY_REASON_UNKNOWN_NODE;
        size_t g = 0;
        while (g < n && (group[g].wire != verdict->ours.wire || group[g].unknown != unknown))
            g++;
        if (g == GROUPS_MAX)
            continue;
        if (g == n)
            group[n++] = (struct group){.unknown = unknown,
                                        .wire = verdict->ours.wire,
                                        .low = UINT16_MAX,
                                        .total_low = INT64_MAX,
                                        .total_high = INT64_MIN};
        struct group *one = &group[g];
        if (one->n < SY_REASON_NODES)
            one->node[one->n] = verdict->node;
        one->n++;
        one->low = verdict->ours.score < one->low ? verdict->ours.score : one->low;
        one->high = verdict->ours.score > one->high ? verdict->ours.score : one->high;
        int64_t total = verdict->score.total;
        one->total_low = total < one->total_low ? total : one->total_low;
        one->total_high = total > one->total_high ? total : one->total_high;
    }
    if (n > 1)
        qsort(group, n, sizeof *group, by_score);
    return n;
}

static json_t *range(long long low, long long high)
{
    return low == high ? sy_form_format("%lld", low) : sy_form_format("%lld-%lld", low, high);
}

static json_t *fitting_json(struct sy_explaining *e, const struct group *group)
{
    struct sy_form *form = &e->q.form;
    json_t *row = json_object(), *first = json_array();
    bool ours = e->pod->request.nentry > 0;
    sy_form_put(form, row, "nodes", json_integer(group->n));
    sy_form_put(form, row, "verdict", json_string("fits"));
    sy_form_put(form, row, "stage", json_null());
    sy_form_put(
        form, row, "reasonId",
        json_string(sy_reason_name(group->unknown ? SY_REASON_UNKNOWN_NODE : SY_REASON_FITS)));
    sy_form_put(form, row, "text",
                json_string(group->unknown ? "fits as far as is known" : "fits"));
    sy_form_put(form, row, "wireScore", ours ? json_integer(group->wire) : json_null());
    sy_form_put(form, row, "score", ours ? range(group->low, group->high) : json_null());
    sy_form_put(form, row, "total", range(group->total_low, group->total_high));
    for (uint32_t i = 0; i < group->n && i < SY_REASON_NODES; i++)
        sy_form_add(form, first, sy_form_text(sy_node_text(e->q.plan, group->node[i])));
    sy_form_put(form, row, "first", first);
    return row;
}

static enum sy_code put_groups(struct sy_explaining *e, json_t *answer, struct sy_err *err)
{
    struct group group[GROUPS_MAX];
    struct sy_reasons reasons;
    json_t *array = json_array();
    size_t n = group_fitting(e, group);
    for (size_t i = 0; i < n; i++)
        sy_form_add(&e->q.form, array, fitting_json(e, &group[i]));
    enum sy_code code = sy_reasons_of(e->pod, &e->answer, e->q.arena, &reasons, err);
    for (size_t i = 0; code == SY_OK && i < reasons.n; i++)
        sy_form_add(&e->q.form, array, sy_why_json(&e->q.form, e->q.plan, &reasons.why[i]));
    sy_form_put(&e->q.form, answer, "groups", array);
    return code;
}

/* --- All together. */

static void take_notes(struct sy_explaining *e, const json_t *notes)
{
    for (size_t i = 0; i < json_array_size(notes); i++)
        sy_question_note(&e->q, "%s", json_string_value(json_array_get(notes, i)));
}

static void put_summary(struct sy_explaining *e, json_t *answer)
{
    struct sy_form *form = &e->q.form;
    const struct sy_plan_answer *a = &e->answer;
    static const enum sy_verdict_kind of_status[] = {
        [SY_EXIT_YES] = SY_VERDICT_FITS,
        [SY_EXIT_NOW] = SY_VERDICT_BUSY,
        [SY_EXIT_NEVER] = SY_VERDICT_NEVER,
    };
    json_t *tied = json_array();
    for (uint32_t i = 0; a->best != UINT32_MAX && i < a->n; i++)
        if (takes(&a->verdict[i]) && a->verdict[i].score.total == a->verdict[a->best].score.total)
            sy_form_add(form, tied, sy_form_text(sy_node_text(e->q.plan, a->verdict[i].node)));
    sy_form_put(form, answer, "kubeSchedulerVersion",
                sy_form_format("1.%u", e->q.state->kube_minor));
    sy_form_put(form, answer, "source", sy_form_text(e->q.state->source));
    sy_form_put(form, answer, "headroom",
                json_string(e->q.state->policy->power_hard ? "hard" : "not enforced"));
    sy_form_put(form, answer, "verdict",
                json_string(sy_verdict_name(of_status[e->q.cli->exit_status])));
    sy_form_put(form, answer, "best",
                a->best == UINT32_MAX
                    ? json_null()
                    : sy_form_text(sy_node_text(e->q.plan, a->verdict[a->best].node)));
    sy_form_put(form, answer, "tied", tied);
}

enum sy_code sy_explain_answer(struct sy_explaining *e, struct sy_err *err)
{
    json_t *answer = NULL, *running = NULL;
    struct sy_form *form = &e->q.form;
    enum sy_code code = engine_object(e, &answer, err);
    if (code != SY_OK)
        return code;
    e->q.cli->result->json = answer;
    take_notes(e, json_object_get(answer, "notes"));
    put_summary(e, answer);
    code = put_groups(e, answer, err);
    if (code == SY_OK)
        code = sy_explain_running(e, &running, err);
    if (running != NULL)
        sy_form_put(form, answer, "running", running);
    json_t *nodes = nodes_of(e, json_object_get(answer, "nodes"));
    (void)json_object_del(answer, "nodes"); /* behind the summary */
    (void)json_object_del(answer, "notes");
    sy_form_put(form, answer, "changes", sy_changes_json(&e->changes));
    sy_form_put(form, answer, "trials", json_integer(e->changes.trials));
    sy_form_put(form, answer, "trialsCut", json_boolean(e->changes.cut));
    sy_form_put(form, answer, "nodes", nodes);
    if (e->changes.cut)
        sy_question_note(&e->q,
                         "not every change was tried: the limits are %u trials, %u nodes, "
                         "%u pods of a node",
                         SY_CHANGES_TRIALS_MAX, SY_CHANGES_NODES_MAX, SY_CHANGES_PODS_MAX);
    return code == SY_OK ? sy_form_end(form, err) : code;
}
