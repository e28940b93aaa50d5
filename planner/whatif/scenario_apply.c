/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of step does to the plan. */
#include "planner/state/manifest.h"
#include "planner/whatif/scenario_run.h"

#include <stdio.h>
#include <string.h>

enum sy_code sy_run_targets(struct sy_run *run, struct sy_targets *ret, struct sy_err *err)
{
    const struct sy_step *step = run->step;
    if (step->selector != NULL)
        return sy_targets_selected(run->plan, step->selector, run->q->arena, ret, err);
    if (step->domain != NULL)
        return sy_targets_domain(run->plan, step->domain, run->q->arena, ret, err);
    return sy_targets_named(run->plan, &step->node, 1, run->q->arena, ret, err);
}

/* --- Pods. */

/* The copy's name ends in its number, where there are several. */
static json_t *number_object(json_t *object, uint32_t number)
{
    json_t *metadata = json_object_get(object, "metadata");
    const char *name = json_string_value(json_object_get(metadata, "name"));
    char text[300];
    if (name == NULL || strlen(name) > 250) /* who reads it says what is wrong */
        return json_incref(object);
    (void)snprintf(text, sizeof text, "%s-%u", name, number);
    json_t *copy = json_copy(object), *changed = json_copy(metadata);
    if (copy == NULL || changed == NULL ||
        json_object_set_new(changed, "name", json_string(text)) != 0 ||
        json_object_set(copy, "metadata", changed) != 0) {
        json_decref(copy);
        copy = NULL;
    }
    json_decref(changed);
    return copy;
}

static enum sy_code keep_pods(struct sy_run *run, const struct sy_workload_pods *pods,
                              struct sy_err *err)
{
    struct sy_workload_pods *keep = sy_realloc(run->keep, (run->nkeep + 1) * sizeof *keep);
    if (keep == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    run->keep = keep;
    run->keep[run->nkeep++] = *pods;
    return SY_OK;
}

/* What a template uses and nobody models is said once. */
static enum sy_code note_unmodelled(struct sy_run *run, const struct sy_state_pod *pod,
                                    struct sy_err *err)
{
    const char *const *text;
    size_t n = 0;
    sy_arena_reset(run->q->scratch);
    enum sy_code code = sy_scheduler_unmodelled(pod, run->q->scratch, &text, &n, err);
    for (size_t i = 0; i < n && code == SY_OK; i++)
        if (json_array_size(run->q->notes) < SY_QUESTION_NOTES_MAX)
            sy_question_note(run->q, "not modelled: %s", text[i]);
    return code;
}

static enum sy_code queue_pods(struct sy_run *run, const struct sy_workload_pods *pods,
                               struct sy_err *err)
{
    uint32_t most = 0;
    enum sy_code code = SY_OK;
    if (run->nwaiting + pods->n > SY_QUESTION_PODS_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u pods in one scenario", SY_QUESTION_PODS_MAX);
    for (size_t i = 0; i < pods->n && code == SY_OK; i++) {
        const struct sy_workload_pod *one = &pods->pod[i];
        struct sy_waiting waiting = {.asked = true, .from = UINT32_MAX};
        waiting.gang = one->gang > 0 ? run->gangs + one->gang : 0;
        waiting.gang_min = one->gang_min;
        most = one->gang > most ? one->gang : most;
        if (i == 0 || one->pod.object != pods->pod[i - 1].pod.object)
            code = note_unmodelled(run, &one->pod, err);
        if (code == SY_OK)
            code = sy_plan_add_pod(run->plan, &one->pod, &waiting.pod, err);
        if (code == SY_OK)
            code = sy_run_wait(run, &waiting, err);
    }
    run->gangs += most;
    for (size_t i = 0; i < pods->nnote && code == SY_OK; i++)
        sy_question_note(run->q, "%s", pods->note[i]);
    return code;
}

static enum sy_code submit_copy(struct sy_run *run, const struct sy_manifest *manifest, size_t n,
                                uint32_t number, struct sy_err *err)
{
    struct sy_workload_options options = {.table = run->table, .namespace_ = run->step->namespace_};
    struct sy_workload_pods pods = {0};
    struct sy_manifest *copy = sy_calloc(n, sizeof *copy);
    enum sy_code code = copy != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        copy[i] = manifest[i];
        copy[i].object = number > 0 ? number_object(manifest[i].object, number)
                                    : json_incref(manifest[i].object);
        if (copy[i].object == NULL)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
    }
    if (code == SY_OK)
        code = sy_workload_expand_all(copy, n, &options, run->q->state, run->q->arena, &pods, err);
    for (size_t i = 0; copy != NULL && i < n; i++)
        json_decref(copy[i].object);
    sy_free(copy);
    if (code != SY_OK)
        return code;
    code = keep_pods(run, &pods, err);
    if (code != SY_OK) {
        sy_workload_pods_done(&pods);
        return code;
    }
    return queue_pods(run, &pods, err);
}

static enum sy_code submit_all(struct sy_run *run, const struct sy_manifest *manifest, size_t n,
                               struct sy_err *err)
{
    uint32_t count = run->step->count;
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < count && code == SY_OK; i++)
        code = submit_copy(run, manifest, n, count > 1 ? i + 1 : 0, err);
    return code;
}

static enum sy_code submit(struct sy_run *run, struct sy_err *err)
{
    const struct sy_step *step = run->step;
    struct sy_manifest one = {step->manifest, "manifest"}, *list = NULL;
    size_t n = 0;
    if (step->manifest != NULL)
        return submit_all(run, &one, 1, err);
    enum sy_code code = sy_manifests_read(step->file, run->q->arena, &list, &n, err);
    if (code != SY_OK)
        return code;
    code = submit_all(run, list, n, err);
    sy_manifests_done(list, n);
    return code;
}

static bool is_meant(const struct sy_step *step, const struct sy_state_pod *pod)
{
    if (strcmp(pod->namespace_, step->namespace_) != 0)
        return false;
    if (step->owner != NULL)
        return pod->owner_name != NULL && strcmp(pod->owner_name, step->owner) == 0;
    return step->pod == NULL || strcmp(pod->name, step->pod) == 0;
}

static enum sy_code delete_pods(struct sy_run *run, struct sy_err *err)
{
    size_t n = 0;
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < sy_plan_pods(run->plan) && code == SY_OK; i++) {
        enum sy_pod_phase phase = sy_plan_pod_phase(run->plan, i);
        if ((phase != SY_POD_BOUND && phase != SY_POD_PENDING) ||
            !is_meant(run->step, sy_plan_pod(run->plan, i)))
            continue;
        n++;
        code = sy_plan_remove_pod(run->plan, i, err);
    }
    if (code == SY_OK && n == 0)
        return sy_fail(err, SY_ENOENT, "no such pod in namespace '%s'", run->step->namespace_);
    sy_form_put(&run->q->form, run->row, "deleted", json_integer((json_int_t)n));
    return code;
}

/* --- Nodes and devices. */

static enum sy_code cordon(struct sy_run *run, bool cordoned, struct sy_err *err)
{
    struct sy_targets targets;
    enum sy_code code = sy_run_targets(run, &targets, err);
    for (size_t i = 0; code == SY_OK && i < targets.n; i++)
        code = sy_plan_cordon(run->plan, targets.node[i], cordoned, err);
    for (size_t i = 0; code == SY_OK && !cordoned && i < targets.n; i++)
        if (sy_plan_node(run->plan, targets.node[i]).object->unschedulable)
            sy_question_note(run->q, "node %s is cordoned in the cluster itself: it stays so",
                             sy_node_text(run->plan, targets.node[i]));
    return code;
}

static enum sy_code find_node(struct sy_run *run, uint32_t *ret, struct sy_err *err)
{
    struct sy_targets targets;
    enum sy_code code =
        sy_targets_named(run->plan, &run->step->node, 1, run->q->arena, &targets, err);
    if (code == SY_OK)
        *ret = targets.node[0];
    return code;
}

static enum sy_code find_unit(struct sy_run *run, uint32_t node, const char *name, uint32_t *ret,
                              struct sy_err *err)
{
    const struct sy_plan_node at = sy_plan_node(run->plan, node);
    char text[SY_PCI_ADDR_TEXT];
    for (unsigned u = 0; at.node != NULL && u < at.node->fabric->nunit; u++) {
        const struct sy_unit *unit = &at.node->fabric->unit[u];
        const char *own = at.node->fabric->inv.obj[unit->obj].name;
        if (strcmp(sy_pci_addr_format(unit->addr, text), name) == 0 ||
            (own != NULL && strcmp(own, name) == 0)) {
            *ret = u;
            return SY_OK;
        }
    }
    return sy_fail(err, SY_ENOENT, "node '%s' has no device '%s' (a PCI address or its name)",
                   at.object->name, name);
}

static enum sy_code change_device(struct sy_run *run, struct sy_err *err)
{
    const struct sy_step *step = run->step;
    uint32_t node, unit, other = UINT32_MAX;
    enum sy_code code = find_node(run, &node, err);
    if (code == SY_OK)
        code = find_unit(run, node, step->device, &unit, err);
    if (code == SY_OK && step->to != NULL)
        code = find_unit(run, node, step->to, &other, err);
    if (code != SY_OK)
        return code;
    if (step->kind == SY_STEP_DEGRADE_LINK)
        return sy_plan_degrade_link(run->plan, node, unit, other, step->mbps, err);
    if (step->kind == SY_STEP_CAP)
        return sy_plan_cap_unit(run->plan, node, unit, step->limit_mw, err);
    return sy_plan_fail_unit(run->plan, node, unit, step->reason, !step->healthy, err);
}

static enum sy_code cap(struct sy_run *run, struct sy_err *err)
{
    const struct sy_step *step = run->step;
    uint32_t node;
    if (step->device != NULL)
        return change_device(run, err);
    if (step->domain != NULL)
        return sy_plan_cap_domain(run->plan, step->domain, step->limit_mw, err);
    enum sy_code code = find_node(run, &node, err);
    return code == SY_OK ? sy_plan_cap_node(run->plan, node, step->limit_mw, err) : code;
}

static enum sy_code change_policy(struct sy_run *run, struct sy_err *err)
{
    struct sy_policy *policy;
    enum sy_code code = sy_policy_load(run->step->file, &policy, err);
    if (code != SY_OK)
        return code;
    code = sy_plan_set_policy(run->plan, policy, err);
    sy_policy_unref(policy);
    return code;
}

static enum sy_code apply(struct sy_run *run, struct sy_err *err)
{
    switch ((enum sy_step_kind)run->step->kind) {
    case SY_STEP_SUBMIT:
        return submit(run, err);
    case SY_STEP_DELETE_PODS:
        return delete_pods(run, err);
    case SY_STEP_CORDON:
        return cordon(run, true, err);
    case SY_STEP_UNCORDON:
        return cordon(run, false, err);
    case SY_STEP_FAIL_DEVICE:
    case SY_STEP_DEGRADE_LINK:
        return change_device(run, err);
    case SY_STEP_CAP:
        return cap(run, err);
    case SY_STEP_POLICY:
        return change_policy(run, err);
    case SY_STEP_ADD_NODES:
    case SY_STEP_DRAIN:
    case SY_STEP_REMOVE:
    case SY_STEP_FAIL_NODE:
    case SY_STEP_COUNT:
        break;
    }
    return sy_fail(err, SY_EINTERNAL, "step of kind %u", run->step->kind);
}

enum sy_code sy_run_step(struct sy_run *run, struct sy_err *err)
{
    uint8_t kind = run->step->kind;
    enum sy_code code;
    if (kind == SY_STEP_ADD_NODES) {
        code = sy_run_add_nodes(run, err);
    } else if (kind == SY_STEP_DRAIN || kind == SY_STEP_REMOVE || kind == SY_STEP_FAIL_NODE) {
        code = sy_run_move(run, err);
    } else {
        code = apply(run, err);
        if (code == SY_OK)
            code = sy_run_pass(run, err);
    }
    return code == SY_OK ? SY_OK : sy_step_wrap(run->scenario, run->step, err);
}
