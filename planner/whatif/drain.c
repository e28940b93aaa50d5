/* SPDX-License-Identifier: Apache-2.0 */
/* whatif drain: where the pods of nodes go when these are drained, and in how many waves their
 * disruption budgets let them. */
#include "planner/explain/budget.h"
#include "planner/explain/question.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/moves.h"
#include "planner/whatif/place.h"

#include <string.h>

struct drain {
    struct sy_question q;
    struct sy_targets targets;
    struct sy_moves moves;
    struct sy_budgets budgets;
    uint32_t waves;
    size_t pending, blocked;
};

static enum sy_code find_targets(struct drain *d, struct sy_err *err)
{
    size_t n;
    const struct sy_options *options = d->q.cli->options;
    const char *const *name = sy_options_rest(options, &n);
    const char *selector = sy_options_str(options, "selector");
    const char *domain = sy_options_str(options, "domain");
    if ((n > 0) + (selector != NULL) + (domain != NULL) != 1)
        return sy_fail(err, SY_EUSAGE, "expected NODE ..., --selector or --domain");
    if (selector != NULL)
        return sy_targets_selected(d->q.plan, selector, d->q.arena, &d->targets, err);
    if (domain == NULL)
        return sy_targets_named(d->q.plan, name, n, d->q.arena, &d->targets, err);
    enum sy_code code = sy_targets_domain(d->q.plan, domain, d->q.arena, &d->targets, err);
    if (code == SY_OK && d->targets.n == 0)
        return sy_fail(err, SY_ENOENT, "--domain '%s': no node lies in it", d->targets.name);
    return code;
}

/* Evict whom the budgets let go now; returns how many. */
static size_t begin_wave(struct drain *d, uint32_t wave)
{
    size_t evicted = 0;
    for (size_t i = 0; i < d->moves.n; i++) {
        struct sy_move *move = &d->moves.move[i];
        const struct sy_state_pod *pod = sy_plan_pod(d->q.plan, move->pod);
        if (move->wave != 0)
            continue;
        if (!sy_budgets_evict(&d->budgets, pod, &move->budget, &move->several))
            continue;
        move->budget = NULL;
        move->wave = wave;
        evicted++;
    }
    return evicted;
}

/* All evicted pods of the wave leave, then each finds its place; who runs again counts for its
 * budget. */
static enum sy_code end_wave(struct drain *d, uint32_t wave, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < d->moves.n && code == SY_OK; i++)
        if (d->moves.move[i].wave == wave)
            code = sy_plan_unbind(d->q.plan, d->moves.move[i].pod, err);
    for (size_t i = 0; i < d->moves.n && code == SY_OK; i++) {
        struct sy_move *move = &d->moves.move[i];
        if (move->wave != wave)
            continue;
        code = sy_plan_place(d->q.plan, move->pod, &move->to, err);
        if (code == SY_OK && move->to != UINT32_MAX)
            sy_budgets_ready(&d->budgets, sy_plan_pod(d->q.plan, move->pod));
        d->pending += code == SY_OK && move->to == UINT32_MAX;
        move->vain = sy_plan_pod_vain(d->q.plan, move->pod);
    }
    return code;
}

static enum sy_code drain(struct drain *d, struct sy_err *err)
{
    size_t left = 0;
    enum sy_code code = sy_moves_of(d->q.plan, &d->targets, d->q.arena, &d->moves, err);
    if (code == SY_OK)
        code = sy_budgets_of(d->q.plan, d->q.state, d->q.arena, &d->budgets, err);
    for (size_t i = 0; i < d->targets.n && code == SY_OK; i++)
        code = sy_plan_cordon(d->q.plan, d->targets.node[i], true, err);
    left = d->moves.n;
    while (code == SY_OK && left > 0) {
        size_t evicted = begin_wave(d, d->waves + 1);
        if (evicted == 0)
            break;
        code = end_wave(d, ++d->waves, err);
        left -= evicted;
    }
    d->blocked = left;
    return code;
}

static json_t *remark(struct drain *d, const struct sy_move *move)
{
    const struct sy_state_budget *budget = move->budget;
    if (move->wave == 0 && budget != NULL)
        return move->several
                   ? json_string("stays: more than one PodDisruptionBudget selects it")
                   : sy_form_format("stays: PodDisruptionBudget %s/%s allows no disruption",
                                    budget->namespace_, budget->name);
    if (move->to == UINT32_MAX && move->vain != UINT32_MAX)
        return sy_vain_text(d->q.plan, move->vain);
    if (move->to == UINT32_MAX)
        return json_string(move->leave == SY_LEAVE_BARE ? "no place; nobody makes it anew"
                                                        : "no place: it would wait");
    return move->leave == SY_LEAVE_BARE ? json_string("no controller: nobody makes it anew")
                                        : json_null();
}

static json_t *rows_of(struct drain *d)
{
    struct sy_form *form = &d->q.form;
    json_t *rows = json_array();
    for (uint32_t wave = 1; wave <= d->waves + 1; wave++)
        for (size_t i = 0; i < d->moves.n; i++) {
            const struct sy_move *move = &d->moves.move[i];
            if (move->wave != (wave <= d->waves ? wave : 0)) /* who stays comes last */
                continue;
            const struct sy_state_pod *pod = sy_plan_pod(d->q.plan, move->pod);
            json_t *row = json_object();
            sy_form_put(form, row, "wave", move->wave > 0 ? json_integer(move->wave) : json_null());
            sy_form_put(form, row, "namespace", sy_form_text(pod->namespace_));
            sy_form_put(form, row, "name", sy_form_text(pod->name));
            sy_form_put(form, row, "from", sy_form_text(sy_node_text(d->q.plan, move->from)));
            sy_form_put(form, row, "to", sy_form_text(sy_node_text(d->q.plan, move->to)));
            sy_form_put(form, row, "priority", json_integer(pod->priority));
            sy_form_put(form, row, "remark", remark(d, move));
            sy_form_add(form, rows, row);
        }
    return rows;
}

static enum sy_code answer_drain(struct drain *d, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "WAVE", .right = true},
        {.name = "NAMESPACE"},
        {.name = "POD"},
        {.name = "FROM"},
        {.name = "TO"},
        {.name = "PRIORITY", .wide = true, .right = true},
        {.name = "REMARK"},
    };
    static const char *const keys[] = {"wave", "namespace", "name",  "from",
                                       "to",   "priority",  "remark"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_question *q = &d->q;
    struct sy_str *before = &q->cli->result->before;
    json_t *answer;
    enum sy_code code = sy_question_answer(q, "WhatIfDrain", &answer, err);
    if (code != SY_OK)
        return code;
    bool all = d->pending == 0 && d->blocked == 0;
    json_t *rows = rows_of(d), *nodes = json_array();
    for (size_t i = 0; i < d->targets.n; i++)
        sy_form_add(&q->form, nodes, sy_form_text(sy_node_text(q->plan, d->targets.node[i])));
    sy_form_put(&q->form, answer, "nodes", nodes);
    sy_form_put(&q->form, answer, "drains", json_boolean(all));
    sy_form_put(&q->form, answer, "waves", json_integer(d->waves));
    sy_form_put(&q->form, answer, "moved",
                json_integer((json_int_t)(d->moves.n - d->pending - d->blocked)));
    sy_form_put(&q->form, answer, "pending", json_integer((json_int_t)d->pending));
    sy_form_put(&q->form, answer, "blocked", json_integer((json_int_t)d->blocked));
    sy_form_put(&q->form, answer, "staying", json_integer((json_int_t)d->moves.nstay));
    sy_form_put(&q->form, answer, "pods", rows);
    sy_str_printf(before,
                  "%zu node%s, %zu pods: %zu move in %u wave%s, %zu have no place, %zu may "
                  "not be evicted; %zu of DaemonSets or static ones stay\n",
                  d->targets.n, d->targets.n == 1 ? "" : "s", d->moves.n,
                  d->moves.n - d->pending - d->blocked, d->waves, d->waves == 1 ? "" : "s",
                  d->pending, d->blocked, d->moves.nstay);
    q->cli->exit_status = all ? SY_EXIT_YES : SY_EXIT_NOW;
    if (d->moves.n > 0) {
        sy_str_append(before, "\n");
        code = sy_view_table(q->cli->result, NULL, &view, rows, err);
    }
    return code == SY_OK ? sy_question_end(q, err) : code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    struct drain d = {0};
    enum sy_code code = sy_question_begin(cli, SY_QUESTION_NONE, NULL, &d.q, err);
    if (code == SY_OK)
        code = find_targets(&d, err);
    if (code == SY_OK)
        code = drain(&d, err);
    if (code == SY_OK)
        code = answer_drain(&d, err);
    sy_question_done(&d.q);
    return code;
}

static const struct sy_option options[] = {
    {.name = "selector", .letter = 'l', .arg = "LABELS", .help = "nodes whose labels match"},
    {.name = "domain", .arg = "NAME", .help = "nodes below a power domain of the policy"},
};

const struct sy_command sy_command_whatif_drain = {
    .name = "whatif drain",
    .summary = "where the pods of nodes go when these are drained, in waves",
    .synopsis = "NODE ...|--selector LABELS|--domain NAME [option ...]",
    .details =
        "All the nodes are cordoned. In each wave go the pods that their PodDisruptionBudgets let "
        "go (status.disruptionsAllowed, else reckoned from the budget's numbers), the most "
        "important first; a pod that has a place elsewhere is ready for the next wave. Pods of "
        "DaemonSets and static pods stay. Exit status: 0 every pod has a place, 1 some have none "
        "or may not be evicted.",
    .example = "switchyard whatif drain --snapshot deploy/examples/planner/snapshot.json gpu-c1",
    .formats = "table|wide|json|yaml",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .state = true,
    .run = run,
};
