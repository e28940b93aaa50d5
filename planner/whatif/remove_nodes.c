/* SPDX-License-Identifier: Apache-2.0 */
/* whatif remove-nodes: which nodes could go, one after the other, with every pod placed again. */
#include "planner/explain/budget.h"
#include "planner/explain/question.h"
#include "planner/explain/reasons.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/moves.h"
#include "planner/whatif/place.h"

#include <stdlib.h>
#include <string.h>

struct candidate {
    uint32_t node;
    size_t pods;      /* that would have to move */
    int64_t watts_mw; /* what the node draws empty; 0 = unknown */
    const char *name;
};

struct removing {
    struct sy_question q;
    struct candidate *candidate;
    size_t n;
    json_t *removed, *kept;
    size_t moved;
};

static int by_ease(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->pods != b->pods)
        return a->pods < b->pods ? -1 : 1;
    if (a->watts_mw != b->watts_mw)
        return a->watts_mw > b->watts_mw ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* What each node draws with nothing on it. */
static enum sy_code find_watts(struct removing *r, struct sy_err *err)
{
    struct sy_world world;
    enum sy_code code = sy_plan_world(r->q.plan, &world, err);
    for (size_t i = 0; code == SY_OK && i < r->n; i++) {
        struct candidate *one = &r->candidate[i];
        int64_t at = sy_cluster_find(world.cluster, one->name, strlen(one->name));
        if (at >= 0)
            one->watts_mw = world.power->node[at].empty_mw;
    }
    return code;
}

static enum sy_code find_candidates(struct removing *r, struct sy_err *err)
{
    struct sy_targets all;
    const char *selector = sy_options_str(r->q.cli->options, "selector");
    enum sy_code code = sy_targets_selected(r->q.plan, selector, r->q.arena, &all, err);
    if (code != SY_OK)
        return code;
    uint32_t nodes = sy_plan_nodes(r->q.plan);
    r->candidate = sy_arena_calloc(r->q.arena, all.n, sizeof *r->candidate);
    size_t *on = sy_arena_calloc(r->q.arena, nodes, sizeof *on);
    if (r->candidate == NULL || on == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (uint32_t i = 0; i < sy_plan_pods(r->q.plan); i++) {
        uint32_t node = sy_plan_pod_node(r->q.plan, i);
        if (node == UINT32_MAX)
            continue;
        on[node] += sy_leaves(sy_plan_pod(r->q.plan, i));
    }
    for (size_t i = 0; i < all.n; i++)
        r->candidate[i] =
            (struct candidate){.node = all.node[i],
                               .pods = on[all.node[i]],
                               .name = sy_plan_node(r->q.plan, all.node[i]).object->name};
    r->n = all.n;
    code = find_watts(r, err);
    if (code == SY_OK && r->n > 1)
        qsort(r->candidate, r->n, sizeof *r->candidate, by_ease);
    return code;
}

/* A budget that never lets a pod of the node go: evictions come in waves, so one disruption is
 * enough. */
static json_t *forbidden(struct removing *r, const struct sy_moves *moves,
                         const struct sy_budgets *budgets)
{
    for (size_t i = 0; i < moves->n; i++) {
        const struct sy_state_pod *pod = sy_plan_pod(r->q.plan, moves->move[i].pod);
        const struct sy_state_budget *by = NULL;
        bool several;
        if (sy_budgets_evict((struct sy_budgets *)budgets, pod, &by, &several)) {
            sy_budgets_ready((struct sy_budgets *)budgets, pod); /* it runs again elsewhere */
            continue;
        }
        json_t *why = several ? sy_form_format("%s/%s is under more than one PodDisruptionBudget",
                                               pod->namespace_, pod->name)
                              : sy_form_format("PodDisruptionBudget %s/%s lets no pod go",
                                               by->namespace_, by->name);
        r->q.form.failed |= why == NULL;
        return why;
    }
    return NULL;
}

/* The first pod that found no place, and why. */
static enum sy_code unplaced(struct removing *r, struct sy_plan *plan, const struct sy_moves *moves,
                             json_t **ret, struct sy_err *err)
{
    size_t i = 0;
    struct sy_plan_answer answer;
    struct sy_reasons reasons;
    struct sy_str text;
    while (moves->move[i].to != UINT32_MAX)
        i++;
    const struct sy_state_pod *pod = sy_plan_pod(plan, moves->move[i].pod);
    enum sy_code code = sy_plan_try(plan, pod, false, r->q.scratch, &answer, err);
    if (code == SY_OK)
        code = sy_reasons_of(pod, &answer, r->q.scratch, &reasons, err);
    if (code != SY_OK)
        return code;
    sy_str_init(&text, SY_OUTPUT_MAX);
    sy_autojson json_t *vain = NULL;
    if (moves->move[i].vain != UINT32_MAX) {
        vain = sy_vain_text(plan, moves->move[i].vain);
        sy_str_append(&text, vain != NULL ? json_string_value(vain) : "");
    } else if (sy_reasons_main(&reasons) != NULL)
        sy_why_text(sy_reasons_main(&reasons), &text);
    else
        sy_str_append(&text, "no other node is left");
    bool told = moves->move[i].vain == UINT32_MAX || vain != NULL;
    *ret = sy_str_failed(&text) || !told
               ? NULL
               : sy_form_format("no place for %s/%s: %s", pod->namespace_, pod->name, text.data);
    sy_str_done(&text);
    return SY_OK;
}

static void put_row(struct removing *r, json_t *array, const struct candidate *one,
                    const struct sy_moves *moves, json_t *why)
{
    struct sy_form *form = &r->q.form;
    json_t *row = json_object();
    sy_form_put(form, row, "order", json_integer((json_int_t)json_array_size(array) + 1));
    sy_form_put(form, row, "node", sy_form_text(one->name));
    sy_form_put(form, row, "emptyWatts",
                one->watts_mw > 0 ? sy_form_watts(one->watts_mw) : json_null());
    sy_form_put(form, row, "pods", json_integer((json_int_t)one->pods));
    json_t *list = json_array();
    for (size_t i = 0; why == NULL && i < moves->n; i++) {
        const struct sy_state_pod *pod = sy_plan_pod(r->q.plan, moves->move[i].pod);
        sy_form_add(form, list,
                    sy_form_format("%s/%s -> %s", pod->namespace_, pod->name,
                                   sy_node_text(r->q.plan, moves->move[i].to)));
    }
    sy_form_put(form, row, "moves", list);
    if (why != NULL)
        sy_form_put(form, row, "why", why);
    sy_form_add(form, array, row);
}

static enum sy_code try_one(struct removing *r, const struct candidate *one, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    struct sy_moves moves = {0};
    struct sy_budgets budgets = {0};
    size_t pending = 0;
    uint32_t id = one->node;
    const struct sy_targets target = {one->name, 1, &id};
    json_t *why = NULL;
    sy_arena_reset(r->q.scratch);
    enum sy_code code = sy_moves_of(r->q.plan, &target, r->q.scratch, &moves, err);
    if (code == SY_OK)
        code = sy_budgets_of(r->q.plan, r->q.state, r->q.scratch, &budgets, err);
    if (code == SY_OK)
        why = forbidden(r, &moves, &budgets);
    if (code == SY_OK && why == NULL)
        code = sy_plan_copy(r->q.plan, &plan, err);
    if (plan != NULL && code == SY_OK)
        code = sy_moves_fail(plan, &target, &moves, &pending, err);
    if (code == SY_OK && pending > 0) {
        code = unplaced(r, plan, &moves, &why, err);
        if (code == SY_OK && why == NULL)
            code = sy_fail(err, SY_ENOMEM, "out of memory for the answer");
    }
    if (code != SY_OK)
        return code;
    put_row(r, why == NULL ? r->removed : r->kept, one, &moves, why);
    if (why == NULL) { /* it is gone for those after it */
        r->moved += moves.n;
        sy_plan_free(r->q.plan);
        r->q.plan = SY_TAKE(plan);
    }
    return SY_OK;
}

static enum sy_code answer_removing(struct removing *r, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "ORDER", .right = true}, {.name = "NODE"},
        {.name = "PODS", .right = true},  {.name = "EMPTY-WATTS", .right = true},
        {.name = "MOVES", .wide = true},
    };
    static const char *const keys[] = {"order", "node", "pods", "emptyWatts", "moves"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    static const struct sy_column kept_columns[] = {
        {.name = "STAYS"}, {.name = "PODS", .right = true}, {.name = "WHY"}};
    static const char *const kept_keys[] = {"node", "pods", "why"};
    static const struct sy_view kept = {kept_columns, kept_keys, 3};
    struct sy_question *q = &r->q;
    json_t *answer;
    enum sy_code code = sy_question_answer(q, "WhatIfRemoveNodes", &answer, err);
    if (code != SY_OK)
        return code;
    size_t n = json_array_size(r->removed);
    sy_form_put(&q->form, answer, "count", json_integer((json_int_t)n));
    sy_form_put(&q->form, answer, "of", json_integer((json_int_t)r->n));
    sy_form_put(&q->form, answer, "podsMoved", json_integer((json_int_t)r->moved));
    sy_form_put(&q->form, answer, "removed", json_incref(r->removed));
    sy_form_put(&q->form, answer, "kept", json_incref(r->kept));
    sy_str_printf(&q->cli->result->before,
                  "%zu of %zu nodes could go, one after the other, and every pod has a place "
                  "again\n\n",
                  n, r->n);
    sy_question_note(q, "nodes are tried once each, fewest pods first, then most watts empty: "
                        "another choice may free more");
    q->cli->exit_status = n > 0 ? SY_EXIT_YES : SY_EXIT_NOW;
    if (n > 0)
        code = sy_view_table(q->cli->result, NULL, &view, r->removed, err);
    if (code == SY_OK && json_array_size(r->kept) > 0)
        code = sy_view_table(q->cli->result, NULL, &kept, r->kept, err);
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code ask(struct removing *r, struct sy_err *err)
{
    struct sy_progress progress;
    enum sy_code code = find_candidates(r, err);
    r->removed = json_array();
    r->kept = json_array();
    sy_progress_begin(&progress, r->q.cli, "whatif remove-nodes");
    for (size_t i = 0; i < r->n && code == SY_OK; i++) {
        code = try_one(r, &r->candidate[i], err);
        sy_progress_step(&progress, i + 1, r->n);
    }
    return code == SY_OK ? answer_removing(r, err) : code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct removing r = {0};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_NONE, NULL, &r.q, err);
    if (code == SY_OK)
        code = ask(&r, err);
    json_decref(r.removed);
    json_decref(r.kept);
    sy_question_done(&r.q);
    return code;
}

static const struct sy_option options[] = {
    {.name = "selector",
     .letter = 'l',
     .arg = "LABELS",
     .help = "only nodes whose labels match may go"},
};

const struct sy_command sy_command_whatif_remove_nodes = {
    .name = "whatif remove-nodes",
    .summary = "which nodes could go with every running pod placed again",
    .synopsis = "[--selector LABELS] [option ...]",
    .details =
        "Nodes are tried one after the other, those with the fewest pods to move first; a node "
        "goes "
        "when each of its pods is placed on the nodes that are left and no PodDisruptionBudget "
        "forbids it for ever. Pods of DaemonSets and static pods go with their node. Then come the "
        "nodes that stay, and why. Exit status: 0 some node could go, 1 none.",
    .example = "switchyard whatif remove-nodes --snapshot deploy/examples/planner/snapshot.json",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
