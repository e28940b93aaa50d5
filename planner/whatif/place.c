/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/whatif/place.h"

#include "planner/explain/reasons.h"
#include "planner/explain/variant.h"

#define PENDING UINT32_MAX

#define VAIN "where by our count too few healthy devices are free: the kubelet would refuse it"

uint32_t sy_place_vain(const struct sy_plan_answer *answer)
{
    if (answer->best == UINT32_MAX || !sy_plan_in_vain(&answer->verdict[answer->best]))
        return UINT32_MAX;
    return answer->verdict[answer->best].node;
}

json_t *sy_vain_text(const struct sy_plan *plan, uint32_t node)
{
    return sy_form_format("kube-scheduler would bind it to %s, " VAIN,
                          sy_plan_node(plan, node).object->name);
}

void sy_vain_reason(struct sy_form *form, const struct sy_plan *plan,
                    const struct sy_plan_answer *answer, json_t *reasons)
{
    json_int_t n = 0;
    json_t *first = json_array(), *row;
    for (uint32_t i = 0; i < answer->n; i++) {
        if (!sy_plan_in_vain(&answer->verdict[i]))
            continue;
        if (n++ < SY_REASON_NODES)
            sy_form_add(form, first,
                        sy_form_text(sy_plan_node(plan, answer->verdict[i].node).object->name));
    }
    if (n == 0) {
        json_decref(first);
        return;
    }
    row = json_object();
    sy_form_put(form, row, "nodes", json_integer(n));
    sy_form_put(form, row, "verdict", json_string(sy_verdict_name(SY_VERDICT_BUSY)));
    sy_form_put(form, row, "stage", json_string(SY_VAIN_STAGE));
    sy_form_put(form, row, "reasonId", json_null());
    sy_form_put(form, row, "text", json_string("kube-scheduler would bind it there, " VAIN));
    sy_form_put(form, row, "name", json_null());
    sy_form_put(form, row, "shortBy", json_null());
    sy_form_put(form, row, "unit", json_null());
    sy_form_put(form, row, "first", first);
    sy_form_add(form, reasons, row);
}

/* One pod on the plan as it is. */
static enum sy_code place_one(const struct sy_placing *placing, struct sy_plan *plan, size_t i,
                              struct sy_placed *placed, struct sy_err *err)
{
    struct sy_plan_answer answer;
    enum sy_code code;
    if (placing->seen == NULL) {
        code = sy_plan_place(plan, placing->id[i], &placed->node, err);
        placed->vain = code == SY_OK && sy_plan_pod_vain(plan, placing->id[i]) != PENDING;
        return code;
    }
    sy_arena_reset(placing->scratch);
    code =
        sy_plan_try(plan, sy_plan_pod(plan, placing->id[i]), false, placing->scratch, &answer, err);
    if (code != SY_OK)
        return code;
    bool vain = sy_place_vain(&answer) != PENDING;
    uint32_t node = answer.best == UINT32_MAX || vain ? PENDING : answer.verdict[answer.best].node;
    code = placing->seen(placing->data, plan, i, &answer, node, err);
    if (code == SY_OK && node != PENDING)
        code = sy_plan_bind(plan, placing->id[i], node, err);
    if (code == SY_OK) {
        placed->node = node;
        placed->vain = vain;
    }
    return code;
}

/* The pods of a gang follow each other by next[]; n ends the chain. */
static enum sy_code place_gang(const struct sy_placing *placing, const uint32_t *next, size_t first,
                               struct sy_plan **plan, struct sy_placed *placed, struct sy_err *err)
{
    const struct sy_workload_pods *pods = placing->pods;
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    uint32_t bound = 0;
    bool vain = false;
    enum sy_code code = sy_plan_copy(*plan, &copy, err);
    for (size_t i = first; i < pods->n && code == SY_OK; i = next[i]) {
        code = place_one(placing, copy, i, &placed[i], err);
        bound += code == SY_OK && placed[i].node != PENDING;
        vain = vain || placed[i].vain;
    }
    if (code != SY_OK)
        return code;
    if (bound >= pods->pod[first].gang_min) {
        sy_plan_free(*plan);
        *plan = SY_TAKE(copy);
        return SY_OK;
    }
    for (size_t i = first; i < pods->n; i = next[i]) {
        placed[i].gang_short = placed[i].node != PENDING;
        placed[i].vain = vain;
        placed[i].node = PENDING;
    }
    return SY_OK;
}

/* next[i]: the next pod of i's gang; first[i]: it is the first of its gang, or of none. */
static enum sy_code chain(const struct sy_workload_pods *pods, uint32_t *next, bool *first,
                          struct sy_err *err)
{
    uint32_t gangs = 0;
    for (size_t i = 0; i < pods->n; i++)
        gangs = pods->pod[i].gang > gangs ? pods->pod[i].gang : gangs;
    if (gangs > pods->n)
        return sy_fail(err, SY_EINTERNAL, "gang %u of %zu pods", gangs, pods->n);
    sy_autofree uint32_t *behind = sy_calloc((size_t)gangs + 1, sizeof *behind);
    if (behind == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the gangs");
    for (uint32_t g = 0; g <= gangs; g++)
        behind[g] = (uint32_t)pods->n;
    for (size_t i = pods->n; i-- > 0;) {
        uint32_t gang = pods->pod[i].gang;
        first[i] = true;
        next[i] = gang > 0 ? behind[gang] : (uint32_t)pods->n;
        if (gang > 0 && next[i] < pods->n)
            first[next[i]] = false;
        behind[gang] = (uint32_t)i;
    }
    return SY_OK;
}

enum sy_code sy_place_list(const struct sy_placing *placing, struct sy_plan **plan,
                           struct sy_placed *placed, size_t *ret_pending, struct sy_err *err)
{
    const struct sy_workload_pods *pods = placing->pods;
    sy_autofree uint32_t *next = sy_calloc(pods->n + 1, sizeof *next);
    sy_autofree bool *first = sy_calloc(pods->n + 1, sizeof *first);
    size_t pending = 0;
    if (next == NULL || first == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    enum sy_code code = chain(pods, next, first, err);
    for (size_t i = 0; i < pods->n; i++)
        placed[i] = (struct sy_placed){.pod = placing->id[i], .node = PENDING};
    for (size_t i = 0; i < pods->n && code == SY_OK; i++) {
        if (first[i] && pods->pod[i].gang > 0)
            code = place_gang(placing, next, i, plan, placed, err);
        else if (first[i])
            code = place_one(placing, *plan, i, &placed[i], err);
        if (placing->first_only && first[i] && placed[i].node == PENDING && !placed[i].vain)
            break;
    }
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < pods->n; i++)
        pending += placed[i].node == PENDING;
    *ret_pending = pending;
    return SY_OK;
}

enum sy_code sy_place_never(struct sy_plan *plan, const struct sy_workload_pods *pods,
                            struct sy_arena *scratch, size_t *ret, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    bool ever = true;
    size_t i = 0;
    for (; i < pods->n && code == SY_OK; i++) {
        const struct sy_state_pod *pod = &pods->pod[i].pod;
        /* Replicas of one template differ in nothing that is asked here. */
        if (i > 0 && pod->object == pods->pod[i - 1].pod.object)
            continue;
        code = sy_variant_ever_fits(plan, pod, scratch, &ever, err);
        if (!ever)
            break;
    }
    if (code == SY_OK)
        *ret = i;
    return code;
}

enum sy_code sy_place_emptied(const struct sy_plan *plan, struct sy_plan **ret, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    enum sy_code code = sy_plan_copy(plan, &copy, err);
    for (uint32_t i = 0; code == SY_OK && i < sy_plan_pods(copy); i++)
        if (sy_plan_pod_node(copy, i) != PENDING)
            code = sy_plan_remove_pod(copy, i, err);
    if (code == SY_OK)
        *ret = SY_TAKE(copy);
    return code;
}
