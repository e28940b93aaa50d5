/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes come, go, fail; links and caps change; so does the policy. */
#include "planner/plan/plan_private.h"

#include <string.h>

#define MBPS_MAX SY_LINK_MBPS_MAX

static enum sy_code grow_nodes(struct sy_plan *plan, struct sy_err *err)
{
    if (plan->n < plan->size)
        return SY_OK;
    uint32_t size = 2 * plan->size + 16;
    if (plan->n >= SY_CLUSTER_NODES_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u nodes, no more are supported",
                       SY_CLUSTER_NODES_MAX);
    struct sy_plan_record **node = sy_realloc(plan->node, size * sizeof(struct sy_plan_record *));
    if (node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    plan->node = node;
    uint32_t *order = sy_realloc(plan->order, size * sizeof *order);
    if (order == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    plan->order = order;
    plan->size = size;
    return SY_OK;
}

/* Behind those of its name, which are gone. */
static void put_in_order(struct sy_plan *plan, uint32_t node, const char *name)
{
    uint32_t at = node;
    while (at > 0 && strcmp(plan->node[plan->order[at - 1]]->given->name, name) > 0)
        at--;
    memmove(&plan->order[at + 1], &plan->order[at], (node - at) * sizeof *plan->order);
    plan->order[at] = node;
}

enum sy_code sy_plan_add_node(struct sy_plan *plan, const struct sy_state_node *object,
                              uint32_t *ret_node, struct sy_err *err)
{
    if (sy_plan_find_node(plan, object->name) >= 0)
        return sy_fail(err, SY_ECONFLICT, "there is a node '%s' already", object->name);
    SY_AUTO(sy_record) struct sy_plan_record *record = NULL;
    enum sy_code code = grow_nodes(plan, err);
    if (code == SY_OK)
        code = sy_record_new(object, &record, err);
    if (code == SY_OK)
        code = sy_record_settle(plan, record, err);
    if (code != SY_OK)
        return code;
    uint32_t node = plan->n;
    plan->node[node] = SY_TAKE(record);
    put_in_order(plan, node, object->name);
    plan->n++;
    sy_plan_touch(plan, node);
    sy_plan_forget_empty(plan);
    *ret_node = node;
    return SY_OK;
}

enum sy_code sy_plan_remove_node(struct sy_plan *plan, uint32_t node, struct sy_err *err)
{
    SY_AUTO(sy_record) struct sy_plan_record *next = NULL;
    if (plan->node[node]->gone)
        return SY_OK;
    enum sy_code code = sy_record_copy(plan->node[node], &next, err);
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < next->nbound; i++)
        plan->pod[next->bound[i].pod].node = SY_PENDING;
    next->nbound = 0;
    next->gone = true;
    sy_taken_done(&next->taken);
    next->taken = (struct sy_taken){0};
    sy_plan_replace(plan, node, SY_TAKE(next));
    sy_plan_forget_empty(plan);
    return SY_OK;
}

enum sy_code sy_plan_cordon(struct sy_plan *plan, uint32_t node, bool cordoned, struct sy_err *err)
{
    struct sy_plan_record *next;
    if (plan->node[node]->cordoned == cordoned)
        return SY_OK;
    enum sy_code code = sy_record_copy(plan->node[node], &next, err);
    if (code != SY_OK)
        return code;
    next->cordoned = cordoned;
    sy_plan_replace(plan, node, next);
    sy_plan_forget_empty(plan);
    return SY_OK;
}

static bool is_same(const struct sy_edit *a, const struct sy_edit *b)
{
    bool health = a->kind == SY_EDIT_FAIL || a->kind == SY_EDIT_HEAL;
    bool other_health = b->kind == SY_EDIT_FAIL || b->kind == SY_EDIT_HEAL;
    if (a->kind != b->kind && !(health && other_health))
        return false;
    bool turned = a->kind == SY_EDIT_LINK && a->a == b->b && a->b == b->a;
    return turned || (a->a == b->a && a->b == b->b);
}

/* The last word on a thing counts. */
static void drop_same(struct sy_plan_record *record, const struct sy_edit *edit)
{
    size_t kept = 0;
    for (size_t i = 0; i < record->nedit; i++) {
        if (is_same(&record->edit[i], edit))
            sy_free(record->edit[i].reason);
        else
            record->edit[kept++] = record->edit[i];
    }
    record->nedit = kept;
}

static enum sy_code check_unit(const struct sy_plan *plan, uint32_t node, uint32_t unit,
                               struct sy_err *err)
{
    const struct sy_plan_record *record = plan->node[node];
    unsigned n = record->given->fabric != NULL ? record->given->fabric->nunit : 0;
    if (unit < n)
        return SY_OK;
    return sy_fail(err, SY_EINVAL, "node '%s' has %u devices, there is none of number %u",
                   record->given->name, n, unit);
}

/* `add` false: only what was said before is taken back. */
static enum sy_code edit_node(struct sy_plan *plan, uint32_t node, const struct sy_edit *edit,
                              bool add, struct sy_err *err)
{
    SY_AUTO(sy_record) struct sy_plan_record *next = NULL;
    enum sy_code code = sy_record_copy(plan->node[node], &next, err);
    if (code != SY_OK)
        return code;
    drop_same(next, edit);
    if (add) {
        struct sy_edit *to = &next->edit[next->nedit];
        *to = *edit;
        to->reason = edit->reason != NULL ? sy_strdup(edit->reason) : NULL;
        if (edit->reason != NULL && to->reason == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        next->nedit++;
    }
    code = sy_record_settle(plan, next, err);
    if (code != SY_OK)
        return code;
    sy_plan_replace(plan, node, SY_TAKE(next));
    sy_plan_forget_empty(plan);
    return SY_OK;
}

static bool given_unhealthy(const struct sy_plan_record *record, uint32_t unit)
{
    return record->given->report != NULL && record->given->report->unit[unit].unhealthy;
}

enum sy_code sy_plan_fail_unit(struct sy_plan *plan, uint32_t node, uint32_t unit,
                               const char *reason, bool failed, struct sy_err *err)
{
    enum sy_code code = check_unit(plan, node, unit, err);
    if (code != SY_OK)
        return code;
    sy_autofree char *text = sy_strdup(reason != NULL ? reason : "failed");
    if (text == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_edit edit = {.kind = failed ? SY_EDIT_FAIL : SY_EDIT_HEAL,
                           .a = unit,
                           .b = UINT32_MAX,
                           .reason = failed ? text : NULL};
    return edit_node(plan, node, &edit, failed || given_unhealthy(plan->node[node], unit), err);
}

enum sy_code sy_plan_degrade_link(struct sy_plan *plan, uint32_t node, uint32_t a, uint32_t b,
                                  uint32_t mbps, struct sy_err *err)
{
    enum sy_code code = check_unit(plan, node, a, err);
    if (code == SY_OK && b != UINT32_MAX)
        code = check_unit(plan, node, b, err);
    if (code != SY_OK)
        return code;
    if (mbps > MBPS_MAX)
        return sy_fail(err, SY_ELIMIT, "a link of %u MB/s, at most %u are supported", mbps,
                       MBPS_MAX);
    struct sy_edit edit = {.kind = SY_EDIT_LINK, .a = a, .b = b, .value = mbps};
    return edit_node(plan, node, &edit, true, err);
}

enum sy_code sy_plan_cap_unit(struct sy_plan *plan, uint32_t node, uint32_t unit, int64_t cap_mw,
                              struct sy_err *err)
{
    enum sy_code code = check_unit(plan, node, unit, err);
    if (code != SY_OK)
        return code;
    struct sy_edit edit = {.kind = SY_EDIT_CAP,
                           .a = unit,
                           .b = UINT32_MAX,
                           .value = cap_mw < 0 ? SY_UNKNOWN_MW : cap_mw};
    return edit_node(plan, node, &edit, true, err);
}

enum sy_code sy_plan_cap_node(struct sy_plan *plan, uint32_t node, int64_t limit_mw,
                              struct sy_err *err)
{
    struct sy_edit edit = {
        .kind = SY_EDIT_LIMIT, .b = UINT32_MAX, .value = limit_mw < 0 ? SY_UNKNOWN_MW : limit_mw};
    if (plan->node[node]->given->fabric == NULL)
        return sy_fail(err, SY_EINVAL, "node '%s': nothing told its devices, so none of its power",
                       plan->node[node]->given->name);
    return edit_node(plan, node, &edit, true, err);
}

static int find_domain(const struct sy_policy *policy, const char *name)
{
    for (unsigned i = 0; i < policy->ndomain; i++)
        if (strcmp(policy->domain[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void swap_policy(struct sy_plan *plan, struct sy_policy *policy)
{
    sy_policy_unref(plan->policy);
    plan->policy = policy;
    sy_plan_forget_empty(plan);
}

enum sy_code sy_plan_cap_domain(struct sy_plan *plan, const char *domain, int64_t limit_mw,
                                struct sy_err *err)
{
    int at = find_domain(plan->policy, domain);
    if (at < 0)
        return sy_fail(err, SY_EINVAL, "the policy has no power domain '%s'", domain);
    struct sy_policy *policy;
    enum sy_code code = sy_plan_derive_policy(plan, plan->base, &policy, err);
    if (code != SY_OK)
        return code;
    memcpy(policy->domain, plan->policy->domain, policy->ndomain * sizeof *policy->domain);
    policy->domain[at].limit_mw = limit_mw < 0 ? SY_UNKNOWN_MW : limit_mw;
    swap_policy(plan, policy);
    return SY_OK;
}

/* Predictions are the policy's: every node that has pods is made anew. */
static enum sy_code settle_copies(struct sy_plan *plan, struct sy_plan_record **next,
                                  struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < plan->n && code == SY_OK; i++) {
        if (plan->node[i]->gone || plan->node[i]->nbound == 0)
            continue;
        code = sy_record_copy(plan->node[i], &next[i], err);
        if (code == SY_OK)
            code = sy_record_settle_pods(plan, next[i], err);
    }
    return code;
}

enum sy_code sy_plan_set_policy(struct sy_plan *plan, struct sy_policy *policy, struct sy_err *err)
{
    struct sy_policy *before = plan->policy, *base = plan->base, *derived;
    enum sy_code code = sy_plan_derive_policy(plan, policy, &derived, err);
    if (code != SY_OK)
        return code;
    sy_autofree struct sy_plan_record **next =
        sy_calloc((size_t)plan->n + 1, sizeof(struct sy_plan_record *));
    if (next == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    plan->policy = derived;
    plan->base = policy;
    if (code == SY_OK)
        code = settle_copies(plan, next, err);
    plan->policy = before;
    plan->base = base;
    for (uint32_t i = 0; i < plan->n && next != NULL; i++) {
        if (code == SY_OK && next[i] != NULL)
            sy_plan_replace(plan, i, next[i]);
        else
            sy_record_unref(next[i]);
    }
    if (code != SY_OK) {
        sy_policy_unref(derived);
        return code;
    }
    swap_policy(plan, derived);
    plan->base = sy_policy_ref(policy);
    /* What is there of power was reckoned with the old one. */
    sy_power_unref(SY_TAKE(plan->power));
    sy_policy_unref(base);
    return SY_OK;
}
