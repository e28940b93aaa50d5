/* SPDX-License-Identifier: Apache-2.0 */
/* One node of a plan: what was given, what steps changed, its pods, and the engine's node made of
 * them by the ledger's rule. */
#include "planner/plan/plan_private.h"

#include <string.h>

enum sy_code sy_record_new(const struct sy_state_node *given, struct sy_plan_record **ret,
                           struct sy_err *err)
{
    struct sy_plan_record *record = sy_calloc(1, sizeof *record);
    if (record == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    record->refs = 1;
    record->given = given;
    record->fabric = given->fabric != NULL ? sy_fabric_ref(given->fabric) : NULL;
    record->report = given->report != NULL ? sy_usage_ref(given->report) : NULL;
    record->node = given->node != NULL ? sy_node_ref(given->node) : NULL;
    *ret = record;
    return SY_OK;
}

void sy_record_unref(struct sy_plan_record *record)
{
    if (record == NULL || --record->refs > 0)
        return;
    for (size_t i = 0; i < record->nedit; i++)
        sy_free(record->edit[i].reason);
    sy_free(record->edit);
    sy_free(record->departed);
    sy_free(record->bound);
    sy_free(record->other);
    sy_taken_done(&record->taken);
    sy_fabric_unref(record->fabric);
    sy_usage_unref(record->report);
    sy_node_unref(record->node);
    sy_free(record);
}

/* A copy of `n` items with room for `more`; NULL when out of memory. */
static void *copy_items(const void *from, size_t n, size_t more, size_t size)
{
    void *to = sy_calloc(n + more, size);
    if (to != NULL && n > 0)
        memcpy(to, from, n * size);
    return to;
}

static bool copy_edits(const struct sy_plan_record *from, struct sy_plan_record *to)
{
    to->edit = copy_items(from->edit, from->nedit, 1, sizeof *to->edit);
    if (to->edit == NULL)
        return false;
    for (size_t i = 0; i < from->nedit; i++) {
        to->edit[i].reason = from->edit[i].reason != NULL ? sy_strdup(from->edit[i].reason) : NULL;
        to->nedit++;
        if (to->edit[i].reason == NULL && from->edit[i].reason != NULL)
            return false;
    }
    return true;
}

static bool copy_lists(const struct sy_plan_record *from, struct sy_plan_record *to)
{
    to->bound = copy_items(from->bound, from->nbound, 1, sizeof *to->bound);
    to->departed = copy_items(from->departed, from->ndeparted, 1, sizeof *to->departed);
    if (to->bound == NULL || to->departed == NULL || !copy_edits(from, to) ||
        sy_taken_copy(&from->taken, &to->taken, NULL) != SY_OK)
        return false;
    to->nbound = from->nbound;
    to->ndeparted = from->ndeparted;
    if (from->other == NULL)
        return true;
    size_t n = from->object.allocatable.n;
    to->other = copy_items(from->other, n, 0, sizeof *to->other);
    to->object.allocatable.other = to->other;
    return to->other != NULL;
}

enum sy_code sy_record_copy(const struct sy_plan_record *from, struct sy_plan_record **ret,
                            struct sy_err *err)
{
    SY_AUTO(sy_record) struct sy_plan_record *to = NULL;
    enum sy_code code = sy_record_new(from->given, &to, err);
    if (code != SY_OK)
        return code;
    to->object = from->object;
    to->gone = from->gone;
    to->cordoned = from->cordoned;
    to->emptied = from->emptied;
    sy_fabric_unref(to->fabric);
    sy_usage_unref(to->report);
    sy_node_unref(to->node);
    to->fabric = from->fabric != NULL ? sy_fabric_ref(from->fabric) : NULL;
    to->report = from->report != NULL ? sy_usage_ref(from->report) : NULL;
    to->node = from->node != NULL ? sy_node_ref(from->node) : NULL;
    if (!copy_lists(from, to))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = SY_TAKE(to);
    return SY_OK;
}

const struct sy_state_node *sy_record_object(const struct sy_plan_record *record)
{
    return record->other != NULL ? &record->object : record->given;
}

static const char *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static struct sy_bound_pod bound_pod(const struct sy_plan *plan, const struct sy_bound *bound)
{
    const struct sy_state_pod *pod = plan->pod[bound->pod].pod;
    /* What a plugin wrote was of the node where the pod was; where it comes to, nothing yet. */
    return (struct sy_bound_pod){.uid = text_or_null(pod->uid),
                                 .namespace_ = pod->namespace_,
                                 .name = pod->name,
                                 .scheduled_us = bound->bound_us,
                                 .request = &pod->request,
                                 .nnamed = bound->moved ? 0 : pod->nnamed,
                                 .named = pod->named};
}

/* The ledger knows of pods that ask for devices of ours, and of those that the report names. */
static bool may_hold(const struct sy_plan *plan, const struct sy_bound *bound)
{
    const struct sy_state_pod *pod = plan->pod[bound->pod].pod;
    bool named = !bound->moved && pod->charge.cover != SY_COVER_NOTHING;
    return pod->request.nentry > 0 || named;
}

static enum sy_code list_pods(const struct sy_plan *plan, const struct sy_plan_record *record,
                              struct sy_occupancy_input *input, struct sy_charge **ret_charge,
                              struct sy_err *err)
{
    struct sy_bound_pod *pod = sy_arena_calloc(plan->scratch, record->nbound, sizeof *pod);
    *ret_charge = sy_arena_calloc(plan->scratch, record->nbound, sizeof **ret_charge);
    if (pod == NULL || *ret_charge == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < record->nbound; i++)
        if (may_hold(plan, &record->bound[i]))
            pod[input->npod++] = bound_pod(plan, &record->bound[i]);
    input->pod = pod;
    return SY_OK;
}

/* Without any pod in the state nobody listed them, if what an old report names is still held. */
static bool are_pods_known(const struct sy_plan *plan, const struct sy_state_node *given)
{
    bool held = false;
    for (unsigned u = 0; given->node != NULL && u < given->node->usage->nunit; u++)
        held = held || given->node->usage->unit[u].held > 0;
    return plan->state->npod > 0 || !held;
}

/* The node that decisions read, of fabric, report and pods. */
static enum sy_code make_node(struct sy_plan *plan, struct sy_plan_record *record,
                              struct sy_err *err)
{
    const struct sy_state_node *given = record->given;
    struct sy_occupancy_input input = {
        .fabric = record->fabric,
        .report = record->report,
        .age = given->age,
        .pods_known = are_pods_known(plan, given),
        .cordon = given->cordon,
        .ncordon = given->ncordon,
        .profile = sy_policy_profile(plan->policy, NULL),
        .budget_steps = plan->policy->search_budget_steps,
    };
    struct sy_charge *charge;
    struct sy_usage *usage = NULL;
    struct sy_node *node = NULL;
    enum sy_code code = list_pods(plan, record, &input, &charge, err);
    if (code == SY_OK)
        code = sy_occupancy_of(&input, plan->scratch, &usage, charge, err);
    if (code != SY_OK)
        return code;
    code = sy_node_new(given->name, record->fabric, usage, given->label, given->nlabel, &node, err);
    sy_usage_unref(usage);
    if (code != SY_OK)
        return code;
    for (size_t i = 0, k = 0; i < record->nbound; i++)
        record->bound[i].charge = may_hold(plan, &record->bound[i])
                                      ? charge[k++]
                                      : (struct sy_charge){.cover = SY_COVER_NOTHING};
    sy_node_unref(record->node);
    record->node = node;
    return SY_OK;
}

/* Is all again as the state has it? Then its node is taken: a ledger's own words are better than
 * what could be concluded from them. */
static bool is_as_given(const struct sy_plan *plan, const struct sy_plan_record *record)
{
    bool same = record->given->node != NULL && record->ndeparted == 0 && record->nedit == 0 &&
                !record->emptied &&
                plan->policy->default_profile == plan->state->policy->default_profile &&
                plan->base == plan->state->policy;
    for (size_t i = 0; i < record->nbound && same; i++)
        same = !record->bound[i].moved;
    return same;
}

static void take_given(const struct sy_plan *plan, struct sy_plan_record *record)
{
    sy_node_unref(record->node);
    record->node = sy_node_ref(record->given->node);
    for (size_t i = 0; i < record->nbound; i++)
        record->bound[i].charge = plan->pod[record->bound[i].pod].pod->charge;
}

enum sy_code sy_record_settle_pods(struct sy_plan *plan, struct sy_plan_record *record,
                                   struct sy_err *err)
{
    if (record->fabric == NULL)
        return SY_OK;
    sy_arena_reset(plan->scratch);
    struct sy_usage *report = NULL;
    enum sy_code code = sy_edits_report(plan, record, &report, err);
    if (code != SY_OK)
        return code;
    sy_usage_unref(record->report);
    record->report = report;
    if (is_as_given(plan, record)) {
        take_given(plan, record);
        return SY_OK;
    }
    return make_node(plan, record, err);
}

enum sy_code sy_record_settle(struct sy_plan *plan, struct sy_plan_record *record,
                              struct sy_err *err)
{
    if (record->given->fabric == NULL)
        return SY_OK;
    sy_arena_reset(plan->scratch);
    struct sy_fabric *fabric = NULL;
    enum sy_code code = sy_edits_fabric(record, plan->scratch, &fabric, err);
    if (code != SY_OK)
        return code;
    sy_fabric_unref(record->fabric);
    record->fabric = fabric;
    code = sy_record_settle_pods(plan, record, err);
    if (code == SY_OK)
        code = sy_edits_allocatable(record, err);
    return code;
}
