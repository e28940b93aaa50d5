/* SPDX-License-Identifier: Apache-2.0 */
/* Pods come, go and move. Every change is made on a copy of the node's record, which then takes its
 * place: a failure leaves no trace. */
#include "planner/plan/plan_private.h"

#include <string.h>

static enum sy_code grow_pods(struct sy_plan *plan, size_t more, struct sy_err *err)
{
    size_t need = (size_t)plan->npod + more;
    if (need <= plan->pod_size)
        return SY_OK;
    if (need >= UINT32_MAX / 2)
        return sy_fail(err, SY_ELIMIT, "%zu pods, at most %u are supported", need, UINT32_MAX / 2);
    size_t size = need > 2 * (size_t)plan->pod_size ? need : 2 * (size_t)plan->pod_size;
    struct sy_plan_entry *pod = sy_realloc(plan->pod, size * sizeof *pod);
    if (pod == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu pods", need);
    plan->pod = pod;
    plan->pod_size = (uint32_t)size;
    return SY_OK;
}

static enum sy_code bind_given(struct sy_plan *plan, uint32_t id, struct sy_err *err)
{
    const struct sy_state_pod *pod = plan->pod[id].pod;
    struct sy_plan_record *record = plan->node[pod->node];
    enum sy_code code = sy_taken_add(&record->taken, pod, err);
    if (code != SY_OK)
        return code;
    record->bound[record->nbound++] =
        (struct sy_bound){.pod = id,
                          .bound_us = pod->scheduled_us > 0 ? pod->scheduled_us : pod->created_us,
                          .charge = pod->charge};
    plan->pod[id].node = pod->node;
    return SY_OK;
}

/* Room for the pods of each node, one allocation each. */
static enum sy_code count_bound(struct sy_plan *plan, struct sy_err *err)
{
    const struct sy_state *state = plan->state;
    sy_autofree size_t *count = sy_calloc((size_t)plan->n + 1, sizeof *count);
    if (count == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < state->npod; i++)
        if (state->pod[i].node < plan->n)
            count[state->pod[i].node]++;
    for (uint32_t i = 0; i < plan->n; i++) {
        plan->node[i]->bound = sy_calloc(count[i], sizeof *plan->node[i]->bound);
        if (plan->node[i]->bound == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}

enum sy_code sy_plan_take_pods(struct sy_plan *plan, struct sy_err *err)
{
    const struct sy_state *state = plan->state;
    enum sy_code code = grow_pods(plan, state->npod, err);
    if (code == SY_OK)
        code = count_bound(plan, err);
    for (size_t i = 0; i < state->npod && code == SY_OK; i++) {
        const struct sy_state_pod *pod = &state->pod[i];
        uint32_t id = plan->npod++;
        plan->pod[id] = (struct sy_plan_entry){.pod = pod, .node = SY_PENDING};
        if (pod->node < plan->n)
            code = bind_given(plan, id, err);
        else
            plan->pod[id].elsewhere = pod->node_name != NULL;
    }
    return code;
}

enum sy_code sy_plan_add_pod(struct sy_plan *plan, const struct sy_state_pod *pod,
                             uint32_t *ret_pod, struct sy_err *err)
{
    enum sy_code code = grow_pods(plan, 1, err);
    if (code != SY_OK)
        return code;
    plan->pod[plan->npod] = (struct sy_plan_entry){.pod = pod, .node = SY_PENDING};
    *ret_pod = plan->npod++;
    return SY_OK;
}

static size_t find_bound(const struct sy_plan_record *record, uint32_t pod)
{
    size_t i = 0;
    while (i < record->nbound && record->bound[i].pod != pod)
        i++;
    return i;
}

struct sy_devset sy_plan_pod_units(const struct sy_plan *plan, uint32_t pod)
{
    uint32_t node = plan->pod[pod].node;
    if (node == SY_PENDING)
        return SY_DEVSET_EMPTY;
    const struct sy_plan_record *record = plan->node[node];
    return record->bound[find_bound(record, pod)].charge.units;
}

const uint32_t *sy_plan_node_pods(const struct sy_plan *plan, uint32_t node, struct sy_arena *arena,
                                  size_t *ret_n)
{
    const struct sy_plan_record *record = plan->node[node];
    uint32_t *pod = sy_arena_calloc(arena, record->nbound, sizeof *pod);
    for (size_t i = 0; i < record->nbound && pod != NULL; i++)
        pod[i] = record->bound[i].pod;
    *ret_n = record->nbound;
    return pod;
}

enum sy_code sy_plan_bind(struct sy_plan *plan, uint32_t pod, uint32_t node, struct sy_err *err)
{
    struct sy_plan_entry *entry = &plan->pod[pod];
    if (sy_plan_pod_phase(plan, pod) != SY_POD_PENDING || plan->node[node]->gone)
        return sy_fail(err, SY_EINTERNAL, "pod %s/%s cannot be bound to node '%s'",
                       entry->pod->namespace_, entry->pod->name, plan->node[node]->given->name);
    SY_AUTO(sy_record) struct sy_plan_record *next = NULL;
    enum sy_code code = sy_record_copy(plan->node[node], &next, err);
    if (code == SY_OK)
        code = sy_taken_add(&next->taken, entry->pod, err);
    if (code != SY_OK)
        return code;
    next->bound[next->nbound++] =
        (struct sy_bound){.pod = pod, .moved = true, .bound_us = plan->next_us};
    if (entry->pod->request.nentry > 0) /* others hold nothing of ours */
        code = sy_record_settle_pods(plan, next, err);
    if (code != SY_OK)
        return code;
    plan->next_us++;
    entry->node = node;
    sy_plan_replace(plan, node, SY_TAKE(next));
    return SY_OK;
}

enum sy_code sy_plan_unbind(struct sy_plan *plan, uint32_t pod, struct sy_err *err)
{
    struct sy_plan_entry *entry = &plan->pod[pod];
    uint32_t node = entry->node;
    if (node == SY_PENDING)
        return SY_OK;
    SY_AUTO(sy_record) struct sy_plan_record *next = NULL;
    enum sy_code code = sy_record_copy(plan->node[node], &next, err);
    if (code != SY_OK)
        return code;
    size_t at = find_bound(next, pod);
    bool reported = !next->bound[at].moved; /* it may be, whatever it asks for */
    if (reported)
        next->departed[next->ndeparted++] = pod;
    next->nbound--;
    memmove(&next->bound[at], &next->bound[at + 1], (next->nbound - at) * sizeof *next->bound);
    sy_taken_remove(&next->taken, entry->pod);
    if (entry->pod->request.nentry > 0 || reported)
        code = sy_record_settle_pods(plan, next, err);
    if (code != SY_OK)
        return code;
    entry->node = SY_PENDING;
    sy_plan_replace(plan, node, SY_TAKE(next));
    return SY_OK;
}

enum sy_code sy_plan_remove_pod(struct sy_plan *plan, uint32_t pod, struct sy_err *err)
{
    enum sy_code code = sy_plan_unbind(plan, pod, err);
    if (code == SY_OK)
        plan->pod[pod].removed = true;
    return code;
}

enum sy_code sy_plan_place(struct sy_plan *plan, uint32_t pod, uint32_t *ret_node,
                           struct sy_err *err)
{
    struct sy_plan_answer answer;
    sy_arena_reset(plan->answers);
    enum sy_code code = sy_plan_try(plan, plan->pod[pod].pod, false, plan->answers, &answer, err);
    if (code != SY_OK)
        return code;
    const struct sy_plan_verdict *best =
        answer.best != UINT32_MAX ? &answer.verdict[answer.best] : NULL;
    bool vain = best != NULL && sy_plan_in_vain(best);
    if (best != NULL && !vain)
        code = sy_plan_bind(plan, pod, best->node, err);
    if (code != SY_OK)
        return code;
    plan->pod[pod].vain = vain ? best->node + 1 : 0;
    *ret_node = best != NULL && !vain ? best->node : UINT32_MAX;
    return SY_OK;
}

uint32_t sy_plan_pod_vain(const struct sy_plan *plan, uint32_t pod)
{
    return plan->pod[pod].vain > 0 ? plan->pod[pod].vain - 1 : UINT32_MAX;
}
