/* SPDX-License-Identifier: Apache-2.0 */
/* One cycle of kube-scheduler: its own filters, then ours on those that are left, then the scores
 * of both. */
#include "planner/plan/plan_private.h"

#include <string.h>

struct cycle {
    struct sy_plan *plan;
    const struct sy_state_pod *pod;
    const struct sy_scheduler_pod *terms;
    bool explain;
    struct sy_world world;
    struct sy_arena *arena;
    struct sy_plan_answer *answer;
    struct sy_err *err;
};

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory");
}

bool sy_plan_verdict_fits(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS;
}

bool sy_plan_in_vain(const struct sy_plan_verdict *verdict)
{
    return sy_plan_verdict_fits(verdict) && verdict->ours.disagrees != SY_FIT_YES;
}

/* Is the pod sent to the extender at all? Its resources are those that it manages. */
static bool is_sent(const struct sy_plan *plan, const struct sy_state_pod *pod)
{
    return !plan->options.kube_default && pod->request.nentry > 0;
}

struct sy_stage_verdict sy_plan_filter_on(const struct sy_plan *plan,
                                          const struct sy_scheduler_pod *terms, uint32_t node)
{
    const struct sy_plan_record *record = plan->node[node];
    const struct sy_state_node *object = sy_record_object(record);
    struct sy_state_node cordoned;
    if (record->cordoned) {
        cordoned = *object;
        cordoned.unschedulable = true;
        object = &cordoned;
    }
    return sy_scheduler_filter(terms, object, &record->taken);
}

/* kube-scheduler's filters; candidates are those that pass. */
static enum sy_code filter_all(struct cycle *c, struct sy_candidate **ret, uint32_t **ret_verdict,
                               uint32_t *ret_n)
{
    const struct sy_plan *plan = c->plan;
    struct sy_plan_answer *answer = c->answer;
    struct sy_candidate *candidate = sy_arena_calloc(c->arena, plan->n, sizeof *candidate);
    uint32_t *verdict_of = sy_arena_calloc(c->arena, plan->n, sizeof *verdict_of);
    answer->verdict = sy_arena_calloc(c->arena, plan->n, sizeof *answer->verdict);
    if (candidate == NULL || verdict_of == NULL || answer->verdict == NULL)
        return no_memory(c->err);
    uint32_t n = 0;
    int64_t in_cluster = 0; /* the cluster has the nodes of known devices in the same order */
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t node = plan->order[i];
        const struct sy_plan_record *record = plan->node[node];
        if (record->gone)
            continue;
        int64_t index = record->node != NULL ? in_cluster++ : -1;
        struct sy_plan_verdict *verdict = &answer->verdict[answer->n];
        verdict->node = node;
        verdict->stage = sy_plan_filter_on(plan, c->terms, node);
        if (verdict->stage.stage == SY_STAGE_PASSED) {
            candidate[n] = (struct sy_candidate){
                .name = record->given->name, .len = strlen(record->given->name), .index = index};
            verdict_of[n++] = answer->n;
        }
        answer->n++;
    }
    *ret = candidate;
    *ret_verdict = verdict_of;
    *ret_n = n;
    return SY_OK;
}

/* Ours: /filter and /prioritize in one. What the second is told of nodes that the first dropped
 * changes nothing for the others: wire scores are stretched over those that fit. */
static enum sy_code judge_all(struct cycle *c, const struct sy_candidate *candidate,
                              const uint32_t *verdict_of, uint32_t n)
{
    struct sy_verdict *verdict = sy_arena_calloc(c->arena, n, sizeof *verdict);
    if (verdict == NULL)
        return no_memory(c->err);
    enum sy_code code = SY_OK;
    if (is_sent(c->plan, c->pod))
        code = (c->explain ? sy_engine_explain : sy_engine_prioritize)(
            &c->world, &c->pod->request, candidate, n, c->arena, verdict, c->err);
    for (uint32_t i = 0; i < n && code == SY_OK; i++)
        c->answer->verdict[verdict_of[i]].ours = verdict[i]; /* reason 0 is FITS */
    return code;
}

struct feasible {
    const struct sy_state_node **node;
    const struct sy_taken **taken;
    uint8_t *wire;
    uint32_t *verdict;
    struct sy_scheduler_score *score;
    uint32_t n;
};

static bool new_feasible(struct cycle *c, struct feasible *f)
{
    uint32_t n = c->answer->n;
    f->node = sy_arena_calloc(c->arena, n, sizeof(const struct sy_state_node *));
    f->taken = sy_arena_calloc(c->arena, n, sizeof(const struct sy_taken *));
    f->wire = sy_arena_calloc(c->arena, n, sizeof *f->wire);
    f->verdict = sy_arena_calloc(c->arena, n, sizeof *f->verdict);
    f->score = sy_arena_calloc(c->arena, n, sizeof *f->score);
    return f->node != NULL && f->taken != NULL && f->wire != NULL && f->verdict != NULL &&
           f->score != NULL;
}

static void list_feasible(const struct cycle *c, struct feasible *f)
{
    for (uint32_t i = 0; i < c->answer->n; i++) {
        const struct sy_plan_verdict *verdict = &c->answer->verdict[i];
        if (!sy_plan_verdict_fits(verdict))
            continue;
        const struct sy_plan_record *record = c->plan->node[verdict->node];
        f->node[f->n] = sy_record_object(record);
        f->taken[f->n] = &record->taken;
        f->wire[f->n] = verdict->ours.wire;
        f->verdict[f->n++] = i;
    }
}

/* The highest total; of several the first by name. */
static void choose(struct sy_plan_answer *answer, const struct feasible *f)
{
    answer->nfeasible = f->n;
    answer->best = UINT32_MAX;
    answer->sound = UINT32_MAX;
    answer->nties = 0;
    int64_t best = INT64_MIN, sound = INT64_MIN;
    for (uint32_t i = 0; i < f->n; i++) {
        answer->verdict[f->verdict[i]].score = f->score[i];
        if (f->score[i].total > best) {
            best = f->score[i].total;
            answer->best = f->verdict[i];
            answer->nties = 0;
        }
        answer->nties += f->score[i].total == best;
        if (f->score[i].total > sound && !sy_plan_in_vain(&answer->verdict[f->verdict[i]])) {
            sound = f->score[i].total;
            answer->sound = f->verdict[i];
        }
    }
}

static enum sy_code score_all(struct cycle *c)
{
    struct feasible f = {0};
    if (!new_feasible(c, &f))
        return no_memory(c->err);
    list_feasible(c, &f);
    const struct sy_plan *plan = c->plan;
    sy_scheduler_score(c->terms, f.node, f.taken, is_sent(plan, c->pod) ? f.wire : NULL, f.n,
                       plan->state->kube_minor, plan->options.weight, f.score);
    choose(c->answer, &f);
    return SY_OK;
}

static enum sy_code run_cycle(struct cycle *c)
{
    struct sy_candidate *candidate;
    uint32_t *verdict_of, n;
    enum sy_code code = sy_scheduler_pod_new(c->pod, c->arena, &c->terms, c->err);
    if (code == SY_OK)
        code = sy_plan_world(c->plan, &c->world, c->err);
    if (code == SY_OK)
        code = filter_all(c, &candidate, &verdict_of, &n);
    if (code == SY_OK)
        code = judge_all(c, candidate, verdict_of, n);
    if (code == SY_OK)
        code = score_all(c);
    return code;
}

enum sy_code sy_plan_try(struct sy_plan *plan, const struct sy_state_pod *pod, bool explain,
                         struct sy_arena *arena, struct sy_plan_answer *ret, struct sy_err *err)
{
    struct sy_plan_answer answer = {0};
    struct cycle c = {.plan = plan,
                      .pod = pod,
                      .explain = explain,
                      .arena = arena,
                      .answer = &answer,
                      .err = err};
    enum sy_code code = run_cycle(&c);
    if (code == SY_OK)
        *ret = answer;
    return code;
}

enum sy_code sy_plan_try_on(struct sy_plan *plan, const struct sy_plan_trial *trial, uint32_t node,
                            struct sy_arena *arena, struct sy_plan_verdict *ret, struct sy_err *err)
{
    const struct sy_plan_record *record = plan->node[node];
    struct sy_world world = {.policy = plan->policy,
                             .catalogue = plan->state->catalogue,
                             .now_us = plan->now_us,
                             .memo = plan->shared->memo};
    *ret = (struct sy_plan_verdict){.node = node,
                                    .stage = sy_plan_filter_on(plan, trial->terms, node)};
    if (ret->stage.stage != SY_STAGE_PASSED || !is_sent(plan, trial->pod))
        return SY_OK;
    struct sy_candidate candidate = {.name = record->given->name,
                                     .len = strlen(record->given->name),
                                     .index = -1,
                                     .template_ = trial->alone ? record->node : NULL};
    enum sy_code code = trial->alone ? SY_OK : sy_plan_world(plan, &world, err);
    if (code == SY_OK && !trial->alone)
        sy_engine_resolve(world.cluster, &candidate, 1);
    if (code == SY_OK)
        code =
            sy_engine_filter(&world, &trial->pod->request, &candidate, 1, arena, &ret->ours, err);
    return code;
}

/* All nodes as they are, without their pods. */
static enum sy_code make_empty(struct sy_plan *plan, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *empty = NULL;
    enum sy_code code = sy_plan_copy(plan, &empty, err);
    for (uint32_t i = 0; code == SY_OK && i < empty->n; i++) {
        struct sy_plan_record *record;
        code = sy_record_copy(empty->node[i], &record, err);
        if (code != SY_OK)
            break;
        record->emptied = true;
        record->nbound = 0;
        sy_taken_done(&record->taken);
        record->taken = (struct sy_taken){0};
        code = sy_record_settle_pods(empty, record, err);
        if (code == SY_OK)
            sy_plan_replace(empty, i, record);
        else
            sy_record_unref(record);
    }
    for (uint32_t i = 0; code == SY_OK && i < empty->npod; i++)
        empty->pod[i].node = SY_PENDING;
    if (code == SY_OK)
        plan->empty = SY_TAKE(empty);
    return code;
}

enum sy_code sy_plan_try_empty(struct sy_plan *plan, const struct sy_state_pod *pod,
                               struct sy_arena *arena, struct sy_plan_answer *ret,
                               struct sy_err *err)
{
    enum sy_code code = plan->empty == NULL ? make_empty(plan, err) : SY_OK;
    return code == SY_OK ? sy_plan_try(plan->empty, pod, false, arena, ret, err) : code;
}
