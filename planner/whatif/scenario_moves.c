/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that take nodes away from their pods: drain, in the waves that disruption budgets allow;
 * remove and failNode, at once. */
#include "planner/explain/budget.h"
#include "planner/whatif/moves.h"
#include "planner/whatif/scenario_run.h"

static enum sy_code evict(struct sy_run *run, const struct sy_move *move, struct sy_err *err)
{
    struct sy_waiting waiting = {
        .pod = move->pod, .asked = true, .from = move->from, .wave = move->wave};
    enum sy_code code = sy_plan_unbind(run->plan, move->pod, err);
    return code == SY_OK ? sy_run_wait(run, &waiting, err) : code;
}

/* Whom the budgets let go now. */
static enum sy_code evict_wave(struct sy_run *run, struct sy_moves *moves,
                               struct sy_budgets *budgets, uint32_t wave, size_t *ret_n,
                               struct sy_err *err)
{
    enum sy_code code = SY_OK;
    *ret_n = 0;
    for (size_t i = 0; i < moves->n && code == SY_OK; i++) {
        struct sy_move *move = &moves->move[i];
        const struct sy_state_pod *pod = sy_plan_pod(run->plan, move->pod);
        if (move->wave != 0 || !sy_budgets_evict(budgets, pod, &move->budget, &move->several))
            continue;
        move->wave = wave;
        ++*ret_n;
        code = evict(run, move, err);
    }
    return code;
}

/* Who runs again counts for its budget. */
static void count_ready(struct sy_run *run, const struct sy_moves *moves,
                        struct sy_budgets *budgets, uint32_t wave)
{
    for (size_t i = 0; i < moves->n; i++)
        if (moves->move[i].wave == wave &&
            sy_plan_pod_phase(run->plan, moves->move[i].pod) == SY_POD_BOUND)
            sy_budgets_ready(budgets, sy_plan_pod(run->plan, moves->move[i].pod));
}

static void tell_blocked(struct sy_run *run, const struct sy_moves *moves)
{
    struct sy_form *form = &run->q->form;
    json_t *rows = json_object_get(run->row, "blocked");
    for (size_t i = 0; i < moves->n; i++) {
        const struct sy_move *move = &moves->move[i];
        json_t *row = move->wave == 0 ? json_object() : NULL;
        if (move->wave != 0)
            continue;
        sy_form_add(form, rows, row);
        run->blocked++;
        if (row == NULL)
            continue;
        sy_run_put_pod(run, row, move->pod);
        sy_form_put(form, row, "node", sy_form_text(sy_node_text(run->plan, move->from)));
        sy_form_put(form, row, "budget",
                    move->several
                        ? json_string("more than one selects it")
                        : sy_form_format("%s/%s", move->budget->namespace_, move->budget->name));
    }
}

static enum sy_code drain(struct sy_run *run, const struct sy_targets *targets,
                          struct sy_moves *moves, struct sy_err *err)
{
    struct sy_budgets budgets;
    size_t evicted = moves->n;
    enum sy_code code = sy_budgets_of(run->plan, run->q->state, run->q->arena, &budgets, err);
    for (size_t i = 0; i < targets->n && code == SY_OK; i++)
        code = sy_plan_cordon(run->plan, targets->node[i], true, err);
    for (uint32_t wave = 1; code == SY_OK && evicted > 0; wave++) {
        code = evict_wave(run, moves, &budgets, wave, &evicted, err);
        if (code == SY_OK && (evicted > 0 || wave == 1))
            code = sy_run_pass(run, err);
        if (code == SY_OK)
            count_ready(run, moves, &budgets, wave);
    }
    if (code == SY_OK && moves->n == 0)
        code = sy_run_pass(run, err);
    if (code == SY_OK)
        tell_blocked(run, moves);
    return code;
}

/* Pods that belong to their node end with it. */
static enum sy_code end_own_pods(struct sy_run *run, uint32_t node, struct sy_err *err)
{
    size_t n;
    const uint32_t *pod = sy_plan_node_pods(run->plan, node, run->q->arena, &n);
    if (pod == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++)
        if (!sy_leaves(sy_plan_pod(run->plan, pod[i])))
            code = sy_plan_remove_pod(run->plan, pod[i], err);
    return code;
}

static enum sy_code lose(struct sy_run *run, const struct sy_targets *targets,
                         struct sy_moves *moves, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < moves->n && code == SY_OK; i++)
        code = evict(run, &moves->move[i], err);
    for (size_t i = 0; i < targets->n && code == SY_OK; i++) {
        code = end_own_pods(run, targets->node[i], err);
        if (code == SY_OK)
            code = sy_plan_remove_node(run->plan, targets->node[i], err);
    }
    return code == SY_OK ? sy_run_pass(run, err) : code;
}

enum sy_code sy_run_move(struct sy_run *run, struct sy_err *err)
{
    struct sy_targets targets;
    struct sy_moves moves;
    enum sy_code code = sy_run_targets(run, &targets, err);
    if (code == SY_OK)
        code = sy_moves_of(run->plan, &targets, run->q->arena, &moves, err);
    if (code != SY_OK)
        return code;
    sy_form_put(&run->q->form, run->row, "staying", json_integer((json_int_t)moves.nstay));
    return run->step->kind == SY_STEP_DRAIN ? drain(run, &targets, &moves, err)
                                            : lose(run, &targets, &moves, err);
}
