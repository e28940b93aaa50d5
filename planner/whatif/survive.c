/* SPDX-License-Identifier: Apache-2.0 */
/* whatif survive: if any one node, rack or power domain fails, has everything a place again? */
#include "planner/explain/question.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/moves.h"

#include <stdlib.h>
#include <string.h>

#define NAMED 5u /* pending pods named of one failure */

struct survive {
    struct sy_question q;
    const char *what; /* "node", "rack", "domain", "feed" */
    struct sy_targets *group;
    size_t ngroup;
    json_t *rows;
    size_t failing; /* failures that leave pods without a place */
};

/* Every node a group of its own. */
static enum sy_code group_nodes(struct survive *s, struct sy_err *err)
{
    struct sy_targets all;
    enum sy_code code = sy_targets_selected(s->q.plan, NULL, s->q.arena, &all, err);
    if (code != SY_OK)
        return code;
    s->group = sy_arena_calloc(s->q.arena, all.n, sizeof *s->group);
    if (s->group == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (size_t i = 0; i < all.n; i++)
        s->group[i] = (struct sy_targets){sy_node_text(s->q.plan, all.node[i]), 1, &all.node[i]};
    s->ngroup = all.n;
    return SY_OK;
}

/* Power domains, or those at the root alone: a feed is what has no other above it. */
static enum sy_code group_domains(struct survive *s, bool roots, struct sy_err *err)
{
    struct sy_world world;
    enum sy_code code = sy_plan_world(s->q.plan, &world, err);
    if (code != SY_OK)
        return code;
    if (world.policy->ndomain == 0)
        return sy_fail(err, SY_ENOENT, "--%s: the policy has no power domains", s->what);
    s->group = sy_arena_calloc(s->q.arena, world.policy->ndomain, sizeof *s->group);
    if (s->group == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the power domains");
    for (unsigned i = 0; i < world.policy->ndomain && code == SY_OK; i++)
        if (!roots || world.policy->domain[i].parent < 0)
            code = sy_targets_domain(s->q.plan, world.policy->domain[i].name, s->q.arena,
                                     &s->group[s->ngroup++], err);
    return code;
}

static enum sy_code find_groups(struct survive *s, struct sy_err *err)
{
    const struct sy_options *options = s->q.cli->options;
    const char *rack = sy_options_str(options, "rack");
    bool domain = sy_options_flag(options, "domain"), feed = sy_options_flag(options, "feed");
    bool node = sy_options_flag(options, "node");
    if ((rack != NULL) + domain + feed + node > 1)
        return sy_fail(err, SY_EUSAGE, "one of --node, --rack, --domain, --feed");
    s->what = rack != NULL ? "rack" : domain ? "domain" : feed ? "feed" : "node";
    if (domain || feed)
        return group_domains(s, feed, err);
    if (rack == NULL)
        return group_nodes(s, err);
    char shown[120];
    enum sy_code code =
        sy_targets_by_label(s->q.plan, rack, s->q.arena, &s->group, &s->ngroup, err);
    if (code == SY_OK && s->ngroup == 0)
        return sy_fail(err, SY_ENOENT, "--rack '%s': no node has this label",
                       sy_quote(shown, sizeof shown, rack, strlen(rack)));
    return code;
}

static json_t *names_of(struct survive *s, const struct sy_moves *moves)
{
    json_t *array = json_array();
    for (size_t i = 0; i < moves->n && json_array_size(array) < NAMED; i++) {
        const struct sy_state_pod *pod = sy_plan_pod(s->q.plan, moves->move[i].pod);
        if (moves->move[i].to == UINT32_MAX)
            sy_form_add(&s->q.form, array, sy_form_format("%s/%s", pod->namespace_, pod->name));
    }
    return array;
}

static enum sy_code fail_group(struct survive *s, const struct sy_targets *group,
                               struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    struct sy_moves moves = {0};
    size_t pending = 0;
    sy_arena_reset(s->q.scratch);
    enum sy_code code = sy_moves_of(s->q.plan, group, s->q.scratch, &moves, err);
    if (code == SY_OK)
        code = sy_plan_copy(s->q.plan, &plan, err);
    if (code == SY_OK)
        code = sy_moves_fail(plan, group, &moves, &pending, err);
    if (code != SY_OK)
        return code;
    json_t *row = json_object();
    struct sy_form *form = &s->q.form;
    sy_form_put(form, row, "failure", sy_form_text(group->name));
    sy_form_put(form, row, "nodes", json_integer((json_int_t)group->n));
    sy_form_put(form, row, "pods", json_integer((json_int_t)moves.n));
    sy_form_put(form, row, "moved", json_integer((json_int_t)(moves.n - pending)));
    sy_form_put(form, row, "pending", json_integer((json_int_t)pending));
    sy_form_put(form, row, "lost", json_integer((json_int_t)moves.nstay));
    sy_form_put(form, row, "pendingPods", names_of(s, &moves));
    sy_form_add(form, s->rows, row);
    s->failing += pending > 0;
    return SY_OK;
}

struct ranked {
    json_t *row;
    long long pending, pods;
    size_t at;
};

static int by_harm(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->pending != y->pending)
        return x->pending > y->pending ? -1 : 1;
    if (x->pods != y->pods)
        return x->pods > y->pods ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* Worst first. */
static enum sy_code sort_rows(struct survive *s, struct sy_err *err)
{
    size_t n = json_array_size(s->rows);
    json_t *sorted = json_array();
    sy_autofree struct ranked *list = sy_calloc(n + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < n; i++) {
        json_t *row = json_array_get(s->rows, i);
        list[i] = (struct ranked){row, json_integer_value(json_object_get(row, "pending")),
                                  json_integer_value(json_object_get(row, "pods")), i};
    }
    if (list != NULL && n > 1)
        qsort(list, n, sizeof *list, by_harm);
    for (size_t i = 0; list != NULL && i < n; i++)
        sy_form_add(&s->q.form, sorted, json_incref(list[i].row));
    json_decref(s->rows);
    s->rows = sorted;
    return list != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for the answer");
}

static enum sy_code answer_survive(struct survive *s, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "FAILURE"},
        {.name = "NODES", .right = true},
        {.name = "PODS", .right = true},
        {.name = "MOVED", .right = true},
        {.name = "PENDING", .right = true},
        {.name = "NODE-PODS", .wide = true, .right = true},
        {.name = "WITHOUT-A-PLACE"},
    };
    static const char *const keys[] = {"failure", "nodes", "pods",       "moved",
                                       "pending", "lost",  "pendingPods"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_question *q = &s->q;
    struct sy_str *before = &q->cli->result->before;
    json_t *answer;
    enum sy_code code = sy_question_answer(q, "WhatIfSurvive", &answer, err);
    if (code == SY_OK)
        code = sort_rows(s, err);
    if (code != SY_OK)
        return code;
    json_t *worst = json_array_get(s->rows, 0);
    sy_form_put(&q->form, answer, "of", json_string(s->what));
    sy_form_put(&q->form, answer, "survives", json_boolean(s->failing == 0));
    sy_form_put(&q->form, answer, "failures", json_integer((json_int_t)s->ngroup));
    sy_form_put(&q->form, answer, "failing", json_integer((json_int_t)s->failing));
    sy_form_put(&q->form, answer, "worst",
                worst != NULL ? json_incref(json_object_get(worst, "failure")) : json_null());
    sy_form_put(&q->form, answer, "rows", json_incref(s->rows));
    if (s->failing == 0)
        sy_str_printf(before, "whichever %s of %zu fails, every pod has a place again\n\n", s->what,
                      s->ngroup);
    else
        sy_str_printf(before, "%zu of %zu %s failures leave pods without a place; worst: %s\n\n",
                      s->failing, s->ngroup, s->what,
                      json_string_value(json_object_get(worst, "failure")));
    sy_question_note(q, "no pod is evicted to make room for another: preemption is not modelled");
    q->cli->exit_status = s->failing == 0 ? SY_EXIT_YES : SY_EXIT_NOW;
    code = sy_view_table(q->cli->result, NULL, &view, s->rows, err);
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code ask(struct survive *s, struct sy_err *err)
{
    struct sy_progress progress;
    enum sy_code code = find_groups(s, err);
    s->rows = json_array();
    sy_progress_begin(&progress, s->q.cli, "whatif survive");
    for (size_t i = 0; i < s->ngroup && code == SY_OK; i++) {
        code = fail_group(s, &s->group[i], err);
        sy_progress_step(&progress, i + 1, s->ngroup);
    }
    return code == SY_OK ? answer_survive(s, err) : code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct survive s = {0};
    enum sy_code code = sy_question_no_rest(cli, err);
    if (code == SY_OK)
        code = sy_question_begin(cli, SY_QUESTION_NONE, NULL, &s.q, err);
    if (code == SY_OK)
        code = ask(&s, err);
    json_decref(s.rows);
    sy_question_done(&s.q);
    return code;
}

static const struct sy_option options[] = {
    {.name = "node", .help = "one node at a time (this is what is asked without an option)"},
    {.name = "rack", .arg = "LABEL", .help = "all nodes with one value of this label at a time"},
    {.name = "domain", .help = "one power domain of the policy at a time, with those below it"},
    {.name = "feed", .help = "one power domain that has none above it at a time"},
};

const struct sy_command sy_command_whatif_survive = {
    .name = "whatif survive",
    .summary = "is everything placed again if any one node, rack or power domain fails",
    .synopsis = "[--node|--rack LABEL|--domain|--feed] [option ...]",
    .details =
        "Each failure is tried on its own: its nodes are gone, their pods are placed on the others "
        "as kube-scheduler would, the most important first (priority, then the older). Pods of "
        "DaemonSets and static pods go with their node. The worst failure stands first. Exit "
        "status: 0 every pod has a place after every failure, 1 not so.",
    .example = "switchyard whatif survive --snapshot deploy/examples/planner/snapshot.json",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
