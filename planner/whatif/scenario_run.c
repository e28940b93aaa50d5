/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: pods that wait are tried after every step, the most important first, then who came
 * first; gangs all or none. */
#define _GNU_SOURCE
#include "planner/whatif/scenario_run.h"

#include "planner/explain/detail.h"
#include "planner/explain/reasons.h"
#include "planner/whatif/place.h"

#include <stdlib.h>
#include <string.h>

#define PENDING UINT32_MAX

static bool is_waiting(const struct sy_run *run, const struct sy_waiting *waiting)
{
    return sy_plan_pod_phase(run->plan, waiting->pod) == SY_POD_PENDING;
}

/* Room for one more that waits, and for the pod's place among them. */
static bool grow_waiting(struct sy_run *run, uint32_t pod)
{
    if (run->nwaiting == run->waiting_size) {
        size_t size = run->waiting_size > 0 ? 2 * run->waiting_size : 64;
        struct sy_waiting *all = sy_realloc(run->waiting, size * sizeof *all);
        if (all == NULL)
            return false;
        run->waiting = all;
        uint32_t *order = sy_realloc(run->order, size * sizeof *order);
        if (order == NULL)
            return false;
        run->order = order;
        run->waiting_size = size;
    }
    if (pod < run->where_size)
        return true;
    size_t size = 2 * (size_t)pod + 64;
    uint32_t *where = sy_realloc(run->where, size * sizeof *where);
    if (where == NULL)
        return false;
    memset(where + run->where_size, 0, (size - run->where_size) * sizeof *where);
    run->where = where;
    run->where_size = size;
    return true;
}

enum sy_code sy_run_wait(struct sy_run *run, const struct sy_waiting *waiting, struct sy_err *err)
{
    if (!grow_waiting(run, waiting->pod))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    uint32_t at = run->where[waiting->pod];
    if (at > 0) { /* it comes back, to its gang too */
        struct sy_waiting *known = &run->waiting[at - 1];
        known->from = waiting->from;
        known->wave = waiting->wave;
        known->asked = known->asked || waiting->asked;
        known->since = run->came++;
        return SY_OK;
    }
    run->waiting[run->nwaiting] = *waiting;
    run->waiting[run->nwaiting++].since = run->came++;
    run->where[waiting->pod] = (uint32_t)run->nwaiting;
    return SY_OK;
}

void sy_run_put_pod(struct sy_run *run, json_t *row, uint32_t pod)
{
    const struct sy_state_pod *of = sy_plan_pod(run->plan, pod);
    sy_form_put(&run->q->form, row, "namespace", sy_form_text(of->namespace_));
    sy_form_put(&run->q->form, row, "name", sy_form_text(of->name));
}

/* --- Pods without a place. */

static void forget_stuck(struct sy_run *run)
{
    for (size_t i = 0; i < run->nstuck; i++)
        json_decref(run->stuck[i].reasons);
    run->nstuck = 0;
}

static struct sy_stuck *find_stuck(struct sy_run *run, const struct sy_state_pod *pod)
{
    for (size_t i = 0; i < run->nstuck; i++) {
        struct sy_stuck *stuck = &run->stuck[i];
        bool same_pin =
            pod->node_name == stuck->pinned || (pod->node_name != NULL && stuck->pinned != NULL &&
                                                strcmp(pod->node_name, stuck->pinned) == 0);
        if (!stuck->gang && stuck->object == pod->object && same_pin)
            return stuck;
    }
    return NULL;
}

static enum sy_code add_stuck(struct sy_run *run, const struct sy_stuck *stuck, struct sy_err *err)
{
    if (run->nstuck == run->stuck_size) {
        size_t size = run->stuck_size > 0 ? 2 * run->stuck_size : 16;
        struct sy_stuck *all = sy_realloc(run->stuck, size * sizeof *all);
        if (all == NULL) {
            json_decref(stuck->reasons);
            return sy_fail(err, SY_ENOMEM, "out of memory");
        }
        run->stuck = all;
        run->stuck_size = size;
    }
    run->stuck[run->nstuck++] = *stuck;
    return SY_OK;
}

static enum sy_code note_stuck(struct sy_run *run, struct sy_plan *plan, uint32_t pod,
                               const struct sy_plan_answer *answer, struct sy_err *err)
{
    const struct sy_state_pod *of = sy_plan_pod(plan, pod);
    struct sy_reasons reasons;
    enum sy_code code = sy_reasons_of(of, answer, run->q->scratch, &reasons, err);
    if (code != SY_OK)
        return code;
    json_t *json = sy_reasons_json(&run->q->form, plan, &reasons);
    if (json == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_vain_reason(&run->q->form, plan, answer, json);
    struct sy_stuck stuck = {.object = of->object,
                             .pinned = of->node_name,
                             .pods = 1,
                             .first = pod,
                             .vain = sy_place_vain(answer),
                             .reasons = json};
    return add_stuck(run, &stuck, err);
}

/* --- Placing. */

/* What people ask first of a place: why there, and what the pod gets. */
static enum sy_code describe(struct sy_run *run, struct sy_plan *plan,
                             const struct sy_waiting *waiting, const struct sy_plan_answer *answer,
                             json_t *rows, struct sy_err *err)
{
    struct sy_form *form = &run->q->form;
    const struct sy_plan_verdict *best = &answer->verdict[answer->best];
    const struct sy_state_pod *pod = sy_plan_pod(plan, waiting->pod);
    struct sy_detail detail;
    json_t *row = json_object();
    sy_form_add(form, rows, row);
    if (row == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_run_put_pod(run, row, waiting->pod);
    sy_form_put(form, row, "from", sy_form_text(sy_node_text(plan, waiting->from)));
    if (waiting->wave > 0)
        sy_form_put(form, row, "wave", json_integer(waiting->wave));
    sy_form_put(form, row, "node", sy_form_text(sy_node_text(plan, best->node)));
    sy_form_put(form, row, "total", json_integer(best->score.total));
    sy_form_put(form, row, "wireScore", json_integer(best->ours.wire));
    sy_form_put(form, row, "ties", json_integer(answer->nties));
    sy_form_put(form, row, "feasibleNodes", json_integer(answer->nfeasible));
    enum sy_code code = sy_detail_of(plan, pod, best->node, run->q->scratch, &detail, err);
    return code == SY_OK ? sy_detail_put(&detail, pod, form, row, err) : code;
}

/* Bind where it fits best; *ret_placed false: nowhere, and the run knows why. */
static enum sy_code place_one(struct sy_run *run, struct sy_plan *plan,
                              const struct sy_waiting *waiting, json_t *rows, bool *ret_placed,
                              struct sy_err *err)
{
    struct sy_plan_answer answer;
    const struct sy_state_pod *pod = sy_plan_pod(plan, waiting->pod);
    struct sy_stuck *same = find_stuck(run, pod);
    *ret_placed = false;
    if (same != NULL) { /* a pass only takes: what failed fails again */
        same->pods++;
        return SY_OK;
    }
    sy_arena_reset(run->q->scratch);
    enum sy_code code = sy_plan_try(plan, pod, false, run->q->scratch, &answer, err);
    if (code != SY_OK)
        return code;
    if (answer.best == UINT32_MAX || sy_place_vain(&answer) != PENDING)
        return note_stuck(run, plan, waiting->pod, &answer, err);
    code = describe(run, plan, waiting, &answer, rows, err);
    if (code == SY_OK)
        code = sy_plan_bind(plan, waiting->pod, answer.verdict[answer.best].node, err);
    *ret_placed = code == SY_OK;
    return code;
}

/* Those of the gang that run count for it. */
static uint32_t running(const struct sy_run *run, uint32_t gang)
{
    uint32_t n = 0;
    for (size_t i = 0; i < run->nwaiting; i++)
        n += run->waiting[i].gang == gang &&
             sy_plan_pod_phase(run->plan, run->waiting[i].pod) == SY_POD_BOUND;
    return n;
}

struct gang_trial {
    struct sy_plan *copy;
    json_t *rows;
    uint32_t first, members, placed;
};

static enum sy_code try_gang(struct sy_run *run, uint32_t gang, size_t from, size_t n,
                             struct gang_trial *t, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = from; i < n && code == SY_OK; i++) {
        const struct sy_waiting *waiting = &run->waiting[run->order[i]];
        bool placed;
        if (waiting->gang != gang)
            continue;
        t->members++;
        code = place_one(run, t->copy, waiting, t->rows, &placed, err);
        t->placed += code == SY_OK && placed;
    }
    return code;
}

/* All of a gang on a copy of the plan, which takes its place when enough of them are placed. What
 * failed there failed beside the others of the gang: nothing follows for who comes later. */
static enum sy_code place_gang(struct sy_run *run, size_t at, size_t n, json_t *rows,
                               struct sy_err *err)
{
    const struct sy_waiting *first = &run->waiting[run->order[at]];
    struct gang_trial t = {.rows = json_array(), .first = first->pod};
    size_t before = run->nstuck;
    enum sy_code code = t.rows != NULL ? sy_plan_copy(run->plan, &t.copy, err)
                                       : sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        code = try_gang(run, first->gang, at, n, &t, err);
    for (size_t i = before; i < run->nstuck; i++)
        run->stuck[i].object = NULL;
    bool enough = t.placed + running(run, first->gang) >= first->gang_min;
    if (code == SY_OK && enough) {
        sy_plan_free(run->plan);
        run->plan = SY_TAKE(t.copy);
        if (json_array_extend(rows, t.rows) != 0)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
    } else if (code == SY_OK && t.placed > 0) {
        struct sy_stuck stuck = {.gang = true,
                                 .pods = t.placed,
                                 .first = t.first,
                                 .gang_min = first->gang_min,
                                 .vain = PENDING};
        code = add_stuck(run, &stuck, err);
    }
    sy_plan_free(t.copy);
    json_decref(t.rows);
    return code;
}

/* kube-scheduler's PrioritySort: priority, then who came first. */
static int by_queue(const void *left, const void *right, void *data)
{
    const struct sy_run *run = data;
    const struct sy_waiting *a = &run->waiting[*(const uint32_t *)left];
    const struct sy_waiting *b = &run->waiting[*(const uint32_t *)right];
    int32_t x = sy_plan_pod(run->plan, a->pod)->priority;
    int32_t y = sy_plan_pod(run->plan, b->pod)->priority;
    if (x != y)
        return x > y ? -1 : 1;
    return a->since < b->since ? -1 : a->since > b->since;
}

enum sy_code sy_run_pass(struct sy_run *run, struct sy_err *err)
{
    json_t *rows = json_object_get(run->row, "placed");
    size_t n = 0;
    sy_autofree bool *done = sy_calloc((size_t)run->gangs + 1, sizeof *done); /* gangs */
    if (done == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    forget_stuck(run);
    for (size_t i = 0; i < run->nwaiting; i++)
        if (is_waiting(run, &run->waiting[i]))
            run->order[n++] = (uint32_t)i;
    if (n > 1)
        qsort_r(run->order, n, sizeof *run->order, by_queue, run);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        const struct sy_waiting *waiting = &run->waiting[run->order[i]];
        bool placed;
        if (waiting->gang > 0 && done[waiting->gang])
            continue;
        done[waiting->gang] = true;
        if (waiting->gang > 0)
            code = place_gang(run, i, n, rows, err);
        else
            code = place_one(run, run->plan, waiting, rows, &placed, err);
    }
    return code;
}

/* --- The run. */

/* Equal ones as the state lists them: by namespace and name. */
static int by_creation(const void *left, const void *right, void *data)
{
    const struct sy_run *run = data;
    const struct sy_waiting *a = left, *b = right;
    int64_t x = sy_plan_pod(run->plan, a->pod)->created_us;
    int64_t y = sy_plan_pod(run->plan, b->pod)->created_us;
    if (x != y)
        return x < y ? -1 : 1;
    return a->pod < b->pod ? -1 : a->pod > b->pod;
}

/* The cluster's own pending pods wait before anything else, the oldest first. */
static enum sy_code take_pending(struct sy_run *run, struct sy_err *err)
{
    uint32_t n = sy_plan_pods(run->plan);
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < n && code == SY_OK; i++) {
        struct sy_waiting waiting = {.pod = i, .from = PENDING};
        if (sy_plan_pod_phase(run->plan, i) == SY_POD_PENDING)
            code = sy_run_wait(run, &waiting, err);
    }
    if (code == SY_OK && run->nwaiting > 1)
        qsort_r(run->waiting, run->nwaiting, sizeof *run->waiting, by_creation, run);
    for (size_t i = 0; i < run->nwaiting; i++) {
        run->waiting[i].since = i;
        run->where[run->waiting[i].pod] = (uint32_t)(i + 1);
    }
    return code;
}

static enum sy_code new_row(struct sy_run *run, size_t number, struct sy_err *err)
{
    struct sy_form *form = &run->q->form;
    const char *text =
        run->step != NULL ? sy_step_text(run->step, run->q->arena) : "the cluster's pending pods";
    run->row = json_object();
    sy_form_add(form, run->steps, run->row);
    if (run->row == NULL || text == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_form_put(form, run->row, "step", json_integer((json_int_t)number));
    sy_form_put(form, run->row, "do", sy_form_text(text));
    sy_form_put(form, run->row, "placed", json_array());
    sy_form_put(form, run->row, "blocked", json_array());
    return sy_form_end(form, err);
}

/* The reason of the most nodes; of several the first, which is the easiest to mend. */
static const json_t *most_nodes(const json_t *reasons)
{
    const json_t *most = NULL;
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *one = json_array_get(reasons, i);
        if (json_integer_value(json_object_get(one, "nodes")) >
            json_integer_value(json_object_get(most, "nodes")))
            most = one;
    }
    return most;
}

static json_t *stuck_text(const struct sy_run *run, const struct sy_stuck *stuck,
                          const json_t *main)
{
    if (stuck->gang)
        return sy_form_format("they fit, but fewer than %u pods of their gang do", stuck->gang_min);
    if (stuck->vain != PENDING)
        return sy_vain_text(run->plan, stuck->vain);
    return json_incref(json_object_get(main, "text"));
}

static json_t *pending_json(struct sy_run *run)
{
    struct sy_form *form = &run->q->form;
    json_t *rows = json_array();
    for (size_t i = 0; i < run->nstuck; i++) {
        const struct sy_stuck *stuck = &run->stuck[i];
        json_t *row = json_object();
        sy_form_add(form, rows, row);
        if (row == NULL)
            continue;
        sy_form_put(form, row, "pods", json_integer(stuck->pods));
        sy_run_put_pod(run, row, stuck->first);
        const json_t *main = most_nodes(stuck->reasons);
        if (stuck->vain != PENDING) /* the last of the reasons, and the one that decides */
            main = json_array_get(stuck->reasons, json_array_size(stuck->reasons) - 1);
        sy_form_put(form, row, "reason", stuck_text(run, stuck, main));
        sy_form_put(form, row, "nodes",
                    stuck->gang ? json_null() : json_incref(json_object_get(main, "nodes")));
        sy_form_put(form, row, "reasons", stuck->gang ? json_array() : json_incref(stuck->reasons));
    }
    return rows;
}

static enum sy_code end_row(struct sy_run *run, struct sy_err *err)
{
    struct sy_form *form = &run->q->form;
    json_t *placed = json_object_get(run->row, "placed");
    size_t moved = 0, pending = 0;
    for (size_t i = 0; i < json_array_size(placed); i++)
        moved += json_is_string(json_object_get(json_array_get(placed, i), "from"));
    for (size_t i = 0; i < run->nwaiting; i++) {
        pending += is_waiting(run, &run->waiting[i]);
        run->waiting[i].from = PENDING; /* the next step moves it anew */
        run->waiting[i].wave = 0;
    }
    sy_form_put(form, run->row, "nplaced",
                json_integer((json_int_t)(json_array_size(placed) - moved)));
    sy_form_put(form, run->row, "nmoved", json_integer((json_int_t)moved));
    sy_form_put(form, run->row, "nblocked",
                json_integer((json_int_t)json_array_size(json_object_get(run->row, "blocked"))));
    sy_form_put(form, run->row, "npending", json_integer((json_int_t)pending));
    sy_form_put(form, run->row, "pending", pending_json(run));
    return sy_form_end(form, err);
}

static enum sy_code run_steps(struct sy_run *run, struct sy_err *err)
{
    const struct sy_scenario *scenario = run->scenario;
    struct sy_progress progress;
    enum sy_code code = SY_OK;
    sy_progress_begin(&progress, run->q->cli, "whatif");
    if (run->nwaiting > 0) {
        code = new_row(run, 0, err);
        if (code == SY_OK)
            code = sy_run_pass(run, err);
        if (code == SY_OK)
            code = end_row(run, err);
    }
    for (size_t i = 0; i < scenario->nstep && code == SY_OK; i++) {
        run->step = &scenario->step[i];
        code = new_row(run, i + 1, err);
        if (code == SY_OK)
            code = sy_run_step(run, err);
        if (code != SY_OK)
            return code;
        code = end_row(run, err);
        sy_progress_step(&progress, i + 1, scenario->nstep);
    }
    return code;
}

enum sy_code sy_run_scenario(struct sy_question *q, const struct sy_plan *plan,
                             const struct sy_scenario *scenario,
                             const struct sy_workload_table *table, struct sy_run *ret,
                             struct sy_err *err)
{
    *ret = (struct sy_run){.scenario = scenario, .q = q, .table = table, .cost_known = true};
    ret->template_ = sy_arena_calloc(q->arena, scenario->ntemplate, sizeof *ret->template_);
    ret->made = sy_arena_calloc(q->arena, scenario->ntemplate, sizeof *ret->made);
    ret->steps = json_array();
    if (ret->template_ == NULL || ret->made == NULL || ret->steps == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_plan_copy(plan, &ret->plan, err);
    if (code == SY_OK)
        code = take_pending(ret, err);
    return code == SY_OK ? run_steps(ret, err) : code;
}

void sy_run_done(struct sy_run *run)
{
    forget_stuck(run);
    sy_free(run->stuck);
    sy_free(run->waiting);
    sy_free(run->order);
    sy_free(run->where);
    sy_plan_free(run->plan); /* before what its pods and nodes are of */
    for (size_t i = 0; run->template_ != NULL && i < run->scenario->ntemplate; i++)
        if (run->template_[i].name != NULL)
            sy_template_done(&run->template_[i]);
    for (size_t i = 0; i < run->nkeep; i++)
        sy_workload_pods_done(&run->keep[i]);
    sy_free(run->keep);
    json_decref(run->steps);
    *run = (struct sy_run){0};
}
