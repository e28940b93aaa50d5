/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/whatif/scenario_answer.h"

#include "planner/whatif/place.h"

#include <string.h>

#define SHAPES_MAX 16u

/* A cordon is not for ever. */
static bool could_be(const struct sy_plan_verdict *verdict)
{
    if (verdict->stage.stage == SY_STAGE_UNSCHEDULABLE)
        return true;
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS;
}

static enum sy_code could_ever(struct sy_run *run, uint32_t pod, bool *ret, struct sy_err *err)
{
    struct sy_plan_answer answer;
    sy_arena_reset(run->q->scratch);
    enum sy_code code =
        sy_plan_try_empty(run->plan, sy_plan_pod(run->plan, pod), run->q->scratch, &answer, err);
    *ret = false;
    for (uint32_t i = 0; code == SY_OK && i < answer.n && !*ret; i++)
        *ret = could_be(&answer.verdict[i]);
    return code;
}

/* A gang whose pods could each run, but not together: it is placed on the emptied plan. */
static enum sy_code gang_could_ever(struct sy_run *run, const struct sy_plan *empty, uint32_t gang,
                                    bool *ret, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    enum sy_code code = sy_plan_copy(empty, &copy, err);
    uint32_t placed = 0, least = 0, node, id;
    for (size_t i = 0; i < run->nwaiting && code == SY_OK; i++) {
        const struct sy_waiting *waiting = &run->waiting[i];
        if (waiting->gang != gang)
            continue;
        least = waiting->gang_min;
        code = sy_plan_add_pod(copy, sy_plan_pod(copy, waiting->pod), &id, err);
        if (code == SY_OK)
            code = sy_plan_place(copy, id, &node, err);
        placed += code == SY_OK && (node != UINT32_MAX || sy_plan_pod_vain(copy, id) != UINT32_MAX);
    }
    *ret = placed >= least;
    return code;
}

static enum sy_code judge_pending(struct sy_run *run, const struct sy_waiting *waiting,
                                  const json_t **last, bool *last_ever, struct sy_err *err)
{
    const json_t *object = sy_plan_pod(run->plan, waiting->pod)->object;
    if (object == *last) /* replicas of one template differ in nothing that is asked here */
        return SY_OK;
    *last = object;
    return could_ever(run, waiting->pod, last_ever, err);
}

enum sy_code sy_run_tally(struct sy_run *run, struct sy_tally *ret, struct sy_err *err)
{
    struct sy_tally tally = {0};
    SY_AUTO(sy_plan) struct sy_plan *empty = NULL;
    const json_t *last = NULL;
    uint32_t gang = 0;
    bool ever = false, gang_ever = false;
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < run->nwaiting && code == SY_OK; i++) {
        const struct sy_waiting *waiting = &run->waiting[i];
        enum sy_pod_phase phase = sy_plan_pod_phase(run->plan, waiting->pod);
        tally.own += !waiting->asked && phase == SY_POD_PENDING;
        if (!waiting->asked || phase == SY_POD_REMOVED)
            continue;
        tally.asked++;
        tally.placed += phase == SY_POD_BOUND;
        if (phase == SY_POD_BOUND)
            continue;
        tally.pending++;
        code = judge_pending(run, waiting, &last, &ever, err);
        if (code == SY_OK && ever && waiting->gang > 0 && waiting->gang != gang) {
            gang = waiting->gang;
            code = empty == NULL ? sy_place_emptied(run->plan, &empty, err) : SY_OK;
            if (code == SY_OK)
                code = gang_could_ever(run, empty, gang, &gang_ever, err);
        }
        tally.never += !ever || (waiting->gang > 0 && !gang_ever);
    }
    if (code == SY_OK)
        *ret = tally;
    return code;
}

enum sy_exit sy_tally_exit(const struct sy_run *run, const struct sy_tally *tally)
{
    if (tally->never > 0)
        return SY_EXIT_NEVER;
    return tally->pending > 0 || run->blocked > 0 ? SY_EXIT_NOW : SY_EXIT_YES;
}

/* --- Capacity. */

static enum sy_code named_shapes(struct sy_run *run, struct sy_before_after *ret,
                                 struct sy_err *err)
{
    struct sy_question *q = run->q;
    struct sy_capacity_shape *shape =
        sy_arena_calloc(q->arena, SY_CAPACITY_SHAPES_MAX, sizeof *shape);
    enum sy_code code = shape != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t f = 0; f < run->scenario->nshape && code == SY_OK; f++) {
        struct sy_workload_pods pods = {0}, *keep = NULL;
        code = sy_workload_read(run->scenario->shape[f], q->state, q->arena, &pods, err);
        if (code == SY_OK)
            keep = sy_realloc(run->keep, (run->nkeep + 1) * sizeof *keep);
        if (code == SY_OK && keep == NULL) {
            sy_workload_pods_done(&pods);
            code = sy_fail(err, SY_ENOMEM, "out of memory");
        }
        if (code != SY_OK)
            return code;
        run->keep = keep;
        run->keep[run->nkeep++] = pods;
        for (size_t i = 0; i < pods.n && code == SY_OK; i++) {
            if (i > 0 && pods.pod[i].pod.object == pods.pod[i - 1].pod.object)
                continue;
            if (ret->nshape == SY_CAPACITY_SHAPES_MAX)
                return sy_fail(err, SY_ELIMIT, "%s: more than %u shapes", run->scenario->shape[f],
                               SY_CAPACITY_SHAPES_MAX);
            struct sy_capacity_shape *to = &shape[ret->nshape++];
            to->pod = &pods.pod[i].pod;
            to->name = sy_capacity_shape_name(to->pod, q->arena);
            if (to->name == NULL)
                return sy_fail(err, SY_ENOMEM, "out of memory");
        }
    }
    ret->shape = shape;
    return code;
}

enum sy_code sy_run_capacity(struct sy_run *run, struct sy_plan *before,
                             struct sy_before_after *ret, struct sy_err *err)
{
    struct sy_capacity_shape *shape = NULL;
    enum sy_code code;
    *ret = (struct sy_before_after){0};
    if (run->scenario->nshape > 0) {
        code = named_shapes(run, ret, err);
    } else {
        code = sy_capacity_shapes(run->plan, SHAPES_MAX, run->q->arena, &shape, &ret->nshape, err);
        ret->shape = shape;
    }
    if (code == SY_OK)
        code = sy_capacity_of(before, ret->shape, ret->nshape, run->q->arena, &ret->before, err);
    if (code == SY_OK)
        code = sy_capacity_of(run->plan, ret->shape, ret->nshape, run->q->arena, &ret->after, err);
    return code;
}

static json_t *shapes_json(struct sy_form *form, const struct sy_before_after *c)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < c->nshape; i++) {
        const struct sy_capacity_slots *before = &c->before.slots[i], *after = &c->after.slots[i];
        json_t *row = json_object();
        sy_form_add(form, rows, row);
        if (row == NULL)
            continue;
        sy_form_put(form, row, "shape", sy_form_text(c->shape[i].name));
        sy_form_put(form, row, "slotsBefore", json_integer((json_int_t)before->slots));
        sy_form_put(form, row, "slotsAfter", json_integer((json_int_t)after->slots));
        sy_form_put(form, row, "nodesBefore", json_integer(before->nodes));
        sy_form_put(form, row, "nodesAfter", json_integer(after->nodes));
        sy_form_put(form, row, "freeBefore", json_integer((json_int_t)before->free));
        sy_form_put(form, row, "freeAfter", json_integer((json_int_t)after->free));
        sy_form_put(form, row, "fragmentationBefore",
                    json_real((double)before->fragmentation / 1000));
        sy_form_put(form, row, "fragmentationAfter",
                    json_real((double)after->fragmentation / 1000));
    }
    return rows;
}

static json_t *devices_json(struct sy_form *form, const struct sy_capacity *c)
{
    json_t *obj = json_object();
    sy_form_put(form, obj, "devices", json_integer((json_int_t)c->devices));
    sy_form_put(form, obj, "held", json_integer((json_int_t)c->held));
    sy_form_put(form, obj, "free", json_integer((json_int_t)c->free));
    sy_form_put(form, obj, "unhealthy", json_integer((json_int_t)c->unhealthy));
    sy_form_put(form, obj, "stranded", json_integer((json_int_t)c->nstranded));
    sy_form_put(form, obj, "nodesCountedOnly", json_integer(c->counted_nodes));
    return obj;
}

static size_t count_strands(const struct sy_capacity *c, enum sy_strand why)
{
    size_t n = 0;
    for (size_t i = 0; i < c->nstranded; i++)
        n += c->stranded[i].why == why;
    return n;
}

static json_t *stranded_json(struct sy_form *form, const struct sy_before_after *c)
{
    json_t *rows = json_array();
    for (enum sy_strand why = SY_STRAND_NOT + 1; why < SY_STRAND_COUNT; why++) {
        size_t before = count_strands(&c->before, why), after = count_strands(&c->after, why);
        if (before == 0 && after == 0)
            continue;
        json_t *row = json_object();
        sy_form_add(form, rows, row);
        sy_form_put(form, row, "reasonId", sy_form_text(sy_strand_name(why)));
        sy_form_put(form, row, "reason", sy_form_text(sy_strand_text(why)));
        sy_form_put(form, row, "before", json_integer((json_int_t)before));
        sy_form_put(form, row, "after", json_integer((json_int_t)after));
    }
    return rows;
}

static const struct sy_capacity_element *find_element(const struct sy_capacity *c,
                                                      const struct sy_capacity_element *like)
{
    for (size_t i = 0; i < c->nelement; i++)
        if (c->element[i].domain == like->domain && strcmp(c->element[i].name, like->name) == 0)
            return &c->element[i];
    return NULL;
}

static void put_watts(struct sy_form *form, json_t *row, const char *when,
                      const struct sy_capacity_element *element)
{
    json_t *obj = element != NULL ? json_object() : json_null();
    if (element != NULL) {
        bool limited = element->limit_mw != SY_UNKNOWN_MW;
        sy_form_put(form, obj, "limitWatts", sy_form_watts(element->limit_mw));
        sy_form_put(form, obj, "provisionedWatts", sy_form_watts(element->provisioned_mw));
        sy_form_put(form, obj, "headroomWatts",
                    limited ? sy_form_signed_watts(element->limit_mw - element->provisioned_mw)
                            : json_null());
        sy_form_put(form, obj, "strandedWatts", sy_form_watts(element->stranded_mw));
    }
    sy_form_put(form, row, when, obj);
}

static bool same_watts(const struct sy_capacity_element *a, const struct sy_capacity_element *b)
{
    return a != NULL && b != NULL && a->limit_mw == b->limit_mw &&
           a->provisioned_mw == b->provisioned_mw;
}

/* Domains, and the nodes whose watts are others. */
static json_t *power_json(struct sy_form *form, const struct sy_before_after *c)
{
    json_t *rows = json_array();
    for (size_t side = 0; side < 2; side++) {
        const struct sy_capacity *here = side == 0 ? &c->after : &c->before;
        const struct sy_capacity *there = side == 0 ? &c->before : &c->after;
        for (size_t i = 0; i < here->nelement; i++) {
            const struct sy_capacity_element *one = &here->element[i];
            const struct sy_capacity_element *other = find_element(there, one);
            if ((!one->domain && same_watts(one, other)) || (side == 1 && other != NULL))
                continue;
            json_t *row = json_object();
            sy_form_add(form, rows, row);
            sy_form_put(form, row, "element", sy_form_text(one->name));
            sy_form_put(form, row, "kind", json_string(one->domain ? "domain" : "node"));
            put_watts(form, row, "before", side == 0 ? other : one);
            put_watts(form, row, "after", side == 0 ? one : other);
        }
    }
    return rows;
}

static json_t *capacity_json(struct sy_form *form, const struct sy_before_after *c)
{
    json_t *obj = json_object(), *devices = json_object();
    sy_form_put(form, devices, "before", devices_json(form, &c->before));
    sy_form_put(form, devices, "after", devices_json(form, &c->after));
    sy_form_put(form, obj, "shapes", shapes_json(form, c));
    sy_form_put(form, obj, "devices", devices);
    sy_form_put(form, obj, "stranded", stranded_json(form, c));
    sy_form_put(form, obj, "power", power_json(form, c));
    return obj;
}

/* --- The answer. */

static json_t *result_json(struct sy_run *run, const struct sy_tally *tally)
{
    struct sy_form *form = &run->q->form;
    static const char *const verdicts[] = {"fits", "busy", "never"};
    json_t *obj = json_object();
    sy_form_put(form, obj, "verdict", json_string(verdicts[sy_tally_exit(run, tally)]));
    sy_form_put(form, obj, "asked", json_integer((json_int_t)tally->asked));
    sy_form_put(form, obj, "placed", json_integer((json_int_t)tally->placed));
    sy_form_put(form, obj, "pending", json_integer((json_int_t)tally->pending));
    sy_form_put(form, obj, "never", json_integer((json_int_t)tally->never));
    sy_form_put(form, obj, "blocked", json_integer((json_int_t)run->blocked));
    sy_form_put(form, obj, "ownPending", json_integer((json_int_t)tally->own));
    return obj;
}

static json_t *cost_json(struct sy_run *run)
{
    struct sy_form *form = &run->q->form;
    const struct sy_scenario_price *cost = &run->cost;
    if (run->added == 0)
        return json_null();
    json_t *obj = json_object();
    sy_form_put(form, obj, "nodes", json_integer((json_int_t)run->added));
    sy_form_put(form, obj, "price",
                run->cost_known ? json_real((double)cost->price_milli / 1000) : json_null());
    sy_form_put(form, obj, "currency", sy_form_text(cost->currency));
    sy_form_put(form, obj, "watts", sy_form_watts(cost->watts_mw));
    sy_form_put(form, obj, "rackUnits", json_integer((json_int_t)cost->rack_units));
    sy_form_put(form, obj, "leadTimeDays", json_integer((json_int_t)cost->lead_days));
    return obj;
}

enum sy_code sy_run_answer(struct sy_run *run, const struct sy_tally *tally,
                           const struct sy_before_after *capacity, json_t *answer,
                           struct sy_err *err)
{
    struct sy_form *form = &run->q->form;
    sy_form_put(
        form, answer, "scenario",
        sy_form_text(run->scenario->name != NULL ? run->scenario->name : run->scenario->file));
    sy_form_put(form, answer, "result", result_json(run, tally));
    sy_form_put(form, answer, "steps", json_incref(run->steps));
    sy_form_put(form, answer, "cost", cost_json(run));
    sy_form_put(form, answer, "capacity", capacity_json(form, capacity));
    return sy_form_end(form, err);
}
