/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/plan/plan.h"

#include "planner/plan/plan_private.h"

#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX ((size_t)1 << 30) /* bytes of one change */
#define ANSWER_MAX ((size_t)4 << 30)  /* bytes of one sy_plan_place */
#define MEMO_ENTRIES ((size_t)1 << 14)

static enum sy_code new_shared(struct sy_plan *plan, struct sy_err *err)
{
    struct sy_plan_shared *shared = sy_calloc(1, sizeof *shared);
    if (shared != NULL)
        shared->memo = sy_memo_new(MEMO_ENTRIES);
    if (shared == NULL || shared->memo == NULL) {
        sy_free(shared);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    shared->refs = 1;
    plan->shared = shared;
    return SY_OK;
}

static void drop_shared(struct sy_plan_shared *shared)
{
    if (shared == NULL || --shared->refs > 0)
        return;
    sy_memo_free(shared->memo);
    sy_free(shared);
}

/* An empty plan of the same state; the memo is the caller's matter. */
static enum sy_code new_plan(const struct sy_state *state, const struct sy_plan_options *options,
                             struct sy_plan **ret, struct sy_err *err)
{
    struct sy_plan *plan = sy_calloc(1, sizeof *plan);
    if (plan == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    plan->refs = 1;
    plan->state = state;
    plan->options = *options;
    plan->now_us = state->now_us;
    plan->next_us = INT64_MAX / 2; /* after all that any report has seen */
    plan->all_dirty = true;
    plan->scratch = sy_arena_new(SCRATCH_MAX);
    plan->answers = sy_arena_new(ANSWER_MAX);
    *ret = plan;
    if (plan->scratch == NULL || plan->answers == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

void sy_plan_free(struct sy_plan *plan)
{
    if (plan == NULL || --plan->refs > 0)
        return;
    for (uint32_t i = 0; i < plan->n; i++)
        sy_record_unref(plan->node[i]);
    sy_free(plan->node);
    sy_free(plan->order);
    sy_free(plan->pod);
    sy_free(plan->dirty);
    sy_arena_free(plan->scratch);
    sy_arena_free(plan->answers);
    sy_power_unref(plan->power);
    sy_workload_unref(plan->workload);
    sy_cluster_unref(plan->cluster);
    sy_cluster_builder_free(plan->builder);
    sy_policy_unref(plan->policy); /* before the one whose texts it has */
    sy_policy_unref(plan->base);
    sy_plan_free(plan->empty);
    drop_shared(plan->shared);
    sy_free(plan);
}

enum sy_code sy_plan_derive_policy(const struct sy_plan *plan, struct sy_policy *from,
                                   struct sy_policy **ret, struct sy_err *err)
{
    const struct sy_profile *profile = sy_policy_profile(from, plan->options.profile);
    if (profile == NULL)
        return sy_fail(err, SY_EINVAL, "the policy has no profile '%s'", plan->options.profile);
    struct sy_policy *policy = sy_calloc(1, sizeof *policy);
    struct sy_arena *arena = policy != NULL ? sy_arena_new(SCRATCH_MAX) : NULL;
    struct sy_power_domain *domain =
        arena != NULL ? sy_arena_calloc(arena, from->ndomain, sizeof *domain) : NULL;
    if (domain == NULL) {
        sy_arena_free(arena);
        sy_free(policy);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    if (from->ndomain > 0)
        memcpy(domain, from->domain, from->ndomain * sizeof *domain);
    *policy = *from;
    policy->refs = 1;
    policy->arena = arena;
    policy->domain = domain;
    policy->default_profile = (uint8_t)(profile - from->profile);
    *ret = policy;
    return SY_OK;
}

static enum sy_code take_policy(struct sy_plan *plan, struct sy_policy *base, struct sy_err *err)
{
    struct sy_policy *policy;
    enum sy_code code = sy_plan_derive_policy(plan, base, &policy, err);
    if (code != SY_OK)
        return code;
    plan->base = sy_policy_ref(base);
    plan->policy = policy;
    return SY_OK;
}

/* The state's nodes are ascending by name already. */
static enum sy_code take_nodes(struct sy_plan *plan, struct sy_err *err)
{
    size_t n = plan->state->nnode;
    plan->node = sy_calloc(n + 1, sizeof(struct sy_plan_record *));
    plan->order = sy_calloc(n + 1, sizeof *plan->order);
    if (plan->node == NULL || plan->order == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu nodes", n);
    plan->size = (uint32_t)(n + 1);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        code = sy_record_new(&plan->state->node[i], &plan->node[i], err);
        if (code == SY_OK)
            plan->order[plan->n] = plan->n, plan->n++;
    }
    return code;
}

/* Predictions are made with the default profile: with another one, anew. */
static enum sy_code settle_all(struct sy_plan *plan, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < plan->n && code == SY_OK; i++)
        code = sy_record_settle_pods(plan, plan->node[i], err);
    return code;
}

enum sy_code sy_plan_new(const struct sy_state *state, const struct sy_plan_options *options,
                         struct sy_plan **ret, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    enum sy_code code = new_plan(state, options, &plan, err);
    if (code == SY_OK)
        code = new_shared(plan, err);
    if (code == SY_OK)
        code = take_policy(plan, state->policy, err);
    if (code == SY_OK)
        code = take_nodes(plan, err);
    if (code == SY_OK)
        code = sy_plan_take_pods(plan, err);
    if (code == SY_OK && plan->policy->default_profile != state->policy->default_profile)
        code = settle_all(plan, err);
    if (code == SY_OK)
        *ret = SY_TAKE(plan);
    return code;
}

static bool copy_arrays(const struct sy_plan *from, struct sy_plan *to)
{
    to->node = sy_calloc((size_t)from->n + 1, sizeof(struct sy_plan_record *));
    to->order = sy_calloc((size_t)from->n + 1, sizeof *to->order);
    to->pod = sy_calloc((size_t)from->npod + 1, sizeof *to->pod);
    if (to->node == NULL || to->order == NULL || to->pod == NULL)
        return false;
    to->size = from->n + 1;
    to->pod_size = from->npod + 1;
    for (; to->n < from->n; to->n++) {
        to->node[to->n] = from->node[to->n];
        to->node[to->n]->refs++;
    }
    if (from->n > 0)
        memcpy(to->order, from->order, from->n * sizeof *to->order);
    if (from->npod > 0)
        memcpy(to->pod, from->pod, from->npod * sizeof *to->pod);
    to->npod = from->npod;
    return true;
}

enum sy_code sy_plan_copy(const struct sy_plan *plan, struct sy_plan **ret, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *to = NULL;
    enum sy_code code = new_plan(plan->state, &plan->options, &to, err);
    if (code == SY_OK && !copy_arrays(plan, to))
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    if (code != SY_OK)
        return code;
    to->now_us = plan->now_us;
    to->next_us = plan->next_us;
    to->shared = plan->shared;
    to->shared->refs++;
    to->base = sy_policy_ref(plan->base);
    to->policy = sy_policy_ref(plan->policy);
    if (plan->empty != NULL) {
        to->empty = plan->empty;
        to->empty->refs++;
    }
    if (plan->cluster != NULL && plan->ndirty == 0 && !plan->all_dirty) {
        to->cluster = sy_cluster_ref(plan->cluster);
        to->power = plan->power != NULL ? sy_power_ref(plan->power) : NULL;
        to->all_dirty = false; /* a builder is made with the first change */
    }
    *ret = SY_TAKE(to);
    return SY_OK;
}

/* In place, so that on the next line the plan is whole again. */
void sy_plan_replace(struct sy_plan *plan, uint32_t node, struct sy_plan_record *record)
{
    sy_record_unref(plan->node[node]);
    plan->node[node] = record;
    sy_plan_touch(plan, node);
}

uint32_t sy_plan_nodes(const struct sy_plan *plan)
{
    return plan->n;
}

struct sy_plan_node sy_plan_node(const struct sy_plan *plan, uint32_t node)
{
    const struct sy_plan_record *record = plan->node[node];
    return (struct sy_plan_node){.object = sy_record_object(record),
                                 .node = record->node,
                                 .taken = &record->taken,
                                 .gone = record->gone,
                                 .cordoned = record->cordoned};
}

int64_t sy_plan_find_node(const struct sy_plan *plan, const char *name)
{
    uint32_t low = 0, high = plan->n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (strcmp(plan->node[plan->order[mid]]->given->name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < plan->n; low++) { /* nodes of one name: at most one is not gone */
        const struct sy_plan_record *record = plan->node[plan->order[low]];
        if (strcmp(record->given->name, name) != 0)
            return -1;
        if (!record->gone)
            return plan->order[low];
    }
    return -1;
}

uint32_t sy_plan_pods(const struct sy_plan *plan)
{
    return plan->npod;
}

const struct sy_state_pod *sy_plan_pod(const struct sy_plan *plan, uint32_t pod)
{
    return plan->pod[pod].pod;
}

uint32_t sy_plan_pod_node(const struct sy_plan *plan, uint32_t pod)
{
    return plan->pod[pod].node;
}

enum sy_pod_phase sy_plan_pod_phase(const struct sy_plan *plan, uint32_t pod)
{
    const struct sy_plan_entry *entry = &plan->pod[pod];
    if (entry->removed)
        return SY_POD_REMOVED;
    if (entry->elsewhere)
        return SY_POD_ELSEWHERE;
    return entry->node != SY_PENDING ? SY_POD_BOUND : SY_POD_PENDING;
}

const uint32_t *sy_plan_order(const struct sy_plan *plan)
{
    return plan->order;
}

void sy_plan_set_now(struct sy_plan *plan, int64_t now_us)
{
    plan->now_us = now_us;
    if (plan->empty != NULL)
        sy_plan_forget_empty(plan);
}
