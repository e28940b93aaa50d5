/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/question.h"

#include "planner/state/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 5u /* nodes named in a note */

const char *sy_pod_text(const struct sy_state_pod *pod, struct sy_arena *arena)
{
    return sy_arena_printf(arena, "%s/%s", pod->namespace_, pod->name);
}

enum sy_code sy_question_no_rest(const struct sy_cli *cli, struct sy_err *err)
{
    size_t n;
    char shown[80];
    const char *const *rest = sy_options_rest(cli->options, &n);
    return n == 0 ? SY_OK
                  : sy_fail(err, SY_EUSAGE, "unexpected argument '%s'",
                            sy_quote(shown, sizeof shown, rest[0], strlen(rest[0])));
}

void sy_question_note(struct sy_question *question, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (size_t i = 0; len >= 0 && i < json_array_size(question->notes); i++)
        if (strcmp(json_string_value(json_array_get(question->notes, i)), text) == 0)
            return;
    if ((size_t)len < sizeof text) {
        sy_form_add(&question->form, question->notes, json_string(text));
        return;
    }
    char shown[sizeof text]; /* cut between characters */
    sy_form_add(&question->form, question->notes,
                json_string(sy_quote(shown, sizeof shown, text, strlen(text))));
}

/* Pods of one more file behind those before; their gangs get numbers of their own. */
static enum sy_code append_pods(struct sy_question *question, const struct sy_workload_pods *more,
                                struct sy_err *err)
{
    struct sy_workload_pods *pods = &question->pods;
    size_t n = pods->n + more->n;
    uint32_t gangs = 0;
    if (n > SY_QUESTION_PODS_MAX)
        return sy_fail(err, SY_ELIMIT, "-f: %zu pods, at most %u", n, SY_QUESTION_PODS_MAX);
    struct sy_workload_pod *all = sy_arena_calloc(question->arena, n, sizeof *all);
    if (all == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    if (pods->n > 0)
        memcpy(all, pods->pod, pods->n * sizeof *all);
    for (size_t i = 0; i < pods->n; i++)
        gangs = all[i].gang > gangs ? all[i].gang : gangs;
    for (size_t i = 0; i < more->n; i++) {
        all[pods->n + i] = more->pod[i];
        if (more->pod[i].gang > 0)
            all[pods->n + i].gang += gangs;
    }
    pods->pod = all;
    pods->n = n;
    for (size_t i = 0; i < more->nnote; i++)
        sy_question_note(question, "%s", more->note[i]);
    return SY_OK;
}

/* The pods of one file. What they point into stays until the question is done. */
static enum sy_code read_file(struct sy_question *question, const char *path, struct sy_err *err)
{
    const struct sy_workload_options options = {
        .namespace_ = sy_options_str(question->cli->options, "namespace")};
    struct sy_workload_pods more = {0};
    struct sy_manifest *manifest = NULL;
    size_t n = 0;
    enum sy_code code = sy_manifests_read(path, question->arena, &manifest, &n, err);
    if (code != SY_OK)
        return code;
    code =
        sy_workload_expand_all(manifest, n, &options, question->state, question->arena, &more, err);
    sy_manifests_done(manifest, n);
    if (code != SY_OK)
        return code;
    if (more.n == 0)
        code = sy_fail(err, SY_ENOENT, "%s: no pod in it", path);
    if (code == SY_OK && more.keep != NULL && json_array_append(question->kept, more.keep) != 0)
        code = sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    if (code == SY_OK)
        code = append_pods(question, &more, err);
    sy_workload_pods_done(&more);
    return code;
}

static enum sy_code read_files(struct sy_question *question, struct sy_err *err)
{
    size_t n;
    const char *const *path = sy_options_list(question->cli->options, "filename", &n);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = read_file(question, path[i], err);
    question->from_file = n > 0;
    return code;
}

/* The cluster's own pending pods, as a list like a file's. */
static enum sy_code take_pending(struct sy_question *question, struct sy_err *err)
{
    const struct sy_plan *plan = question->plan;
    size_t n = 0, at = 0;
    for (uint32_t i = 0; i < sy_plan_pods(plan); i++)
        n += sy_plan_pod_phase(plan, i) == SY_POD_PENDING;
    question->pods.pod = sy_arena_calloc(question->arena, n, sizeof *question->pods.pod);
    question->id = sy_arena_calloc(question->arena, n, sizeof *question->id);
    if (question->pods.pod == NULL || question->id == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pending pods");
    for (uint32_t i = 0; i < sy_plan_pods(plan); i++) {
        if (sy_plan_pod_phase(plan, i) != SY_POD_PENDING)
            continue;
        question->pods.pod[at].pod = *sy_plan_pod(plan, i);
        question->id[at++] = i;
    }
    question->pods.n = n;
    return SY_OK;
}

static enum sy_code add_to_plan(struct sy_question *question, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    question->id = sy_arena_calloc(question->arena, question->pods.n, sizeof *question->id);
    if (question->id == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods");
    for (size_t i = 0; i < question->pods.n && code == SY_OK; i++)
        code = sy_plan_add_pod(question->plan, &question->pods.pod[i].pod, &question->id[i], err);
    return code;
}

/* What is wrong in our annotations, or has no effect, is said of the pods that are asked about. */
static void note_requests(struct sy_question *question)
{
    const struct sy_workload_pods *pods = &question->pods;
    for (size_t i = 0; i < pods->n; i++) {
        const struct sy_request *request = &pods->pod[i].pod.request;
        if (i > 0 && pods->pod[i].pod.object == pods->pod[i - 1].pod.object)
            continue; /* of one template */
        for (unsigned k = 0; k < request->nnote; k++)
            if (json_array_size(question->notes) < SY_QUESTION_NOTES_MAX)
                sy_question_note(question, "%s", request->note[k]);
    }
}

/* What a pod uses and nobody models is said once for all pods that use it. */
static enum sy_code note_unmodelled(struct sy_question *question, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < question->pods.n && code == SY_OK; i++) {
        const char *const *text;
        size_t n = 0;
        sy_arena_reset(question->scratch);
        code =
            sy_scheduler_unmodelled(&question->pods.pod[i].pod, question->scratch, &text, &n, err);
        for (size_t t = 0; code == SY_OK && t < n; t++)
            if (json_array_size(question->notes) < SY_QUESTION_NOTES_MAX)
                sy_question_note(question, "not modelled: %s", text[t]);
    }
    return code;
}

/* "kube-scheduler 1.36 is modelled, without …" */
static void note_model(struct sy_question *question)
{
    char text[300] = "";
    size_t used = 0;
    for (const char *const *plugin = sy_scheduler_never_modelled(); *plugin != NULL; plugin++) {
        int len = snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? ", " : "", *plugin);
        used += len > 0 && (size_t)len < sizeof text - used ? (size_t)len : 0;
    }
    sy_question_note(question, "kube-scheduler 1.%u is modelled, without %s",
                     question->state->kube_minor, text);
}

/* A node that tells no amounts takes whatever is asked of them. */
static void note_resources(struct sy_question *question)
{
    const struct sy_state *state = question->state;
    char names[700] = "";
    size_t used = 0, n = 0;
    for (size_t i = 0; i < state->nnode; i++) {
        if (state->node[i].resources_known || n++ >= NAMES_SHOWN)
            continue;
        int len = snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                           state->node[i].name);
        used += len > 0 && (size_t)len < sizeof names - used ? (size_t)len : 0;
    }
    names[used] = '\0';
    if (n > 0)
        sy_question_note(question, "allocatable not told of %zu node%s: taken as enough: %s%s", n,
                         n == 1 ? "" : "s", names, n > NAMES_SHOWN ? ", …" : "");
}

static enum sy_code note_cluster(struct sy_question *question, struct sy_err *err)
{
    const struct sy_state *state = question->state;
    const char *const *text;
    size_t n;
    note_model(question);
    for (size_t i = 0; i < state->nnote; i++)
        sy_question_note(question, "%s", state->note[i]);
    note_resources(question);
    sy_arena_reset(question->scratch);
    enum sy_code code = sy_scheduler_unmodelled_cluster(state, question->scratch, &text, &n, err);
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < n; i++)
        sy_question_note(question, "not modelled: %s", text[i]);
    return SY_OK;
}

static enum sy_code read_pods(struct sy_question *question, enum sy_question_pods pods,
                              struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (pods == SY_QUESTION_NONE)
        return SY_OK;
    code = read_files(question, err);
    if (code == SY_OK && !question->from_file && pods == SY_QUESTION_FILE)
        return sy_fail(err, SY_EUSAGE, "-f FILE: expected the pods to ask about");
    if (code == SY_OK)
        code = question->from_file ? add_to_plan(question, err) : take_pending(question, err);
    if (code != SY_OK)
        return code;
    note_requests(question);
    return note_unmodelled(question, err);
}

enum sy_code sy_question_begin(struct sy_cli *cli, enum sy_question_pods pods,
                               const struct sy_plan_options *options, struct sy_question *ret,
                               struct sy_err *err)
{
    static const struct sy_plan_options usual = {.weight = SY_QUESTION_WEIGHT};
    *ret = (struct sy_question){.cli = cli};
    ret->arena = sy_arena_new(SY_QUESTION_MEMORY);
    ret->scratch = sy_arena_new(SY_QUESTION_MEMORY);
    ret->notes = json_array();
    ret->kept = json_array();
    if (ret->arena == NULL || ret->scratch == NULL || ret->notes == NULL || ret->kept == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_state_of(cli, &ret->state, err);
    if (code == SY_OK && ret->state->nnode == 0)
        code = sy_fail(err, SY_EINVAL, "no node in %s", ret->state->source);
    if (code == SY_OK)
        code = sy_plan_new(ret->state, options != NULL ? options : &usual, &ret->plan, err);
    if (code == SY_OK)
        code = note_cluster(ret, err);
    if (code == SY_OK)
        code = read_pods(ret, pods, err);
    return code;
}

void sy_question_done(struct sy_question *question)
{
    sy_plan_free(question->plan);
    sy_state_free(question->state);
    json_decref(question->notes);
    json_decref(question->kept);
    sy_arena_free(question->scratch);
    sy_arena_free(question->arena);
    *question = (struct sy_question){0};
}

enum sy_code sy_question_answer(struct sy_question *question, const char *kind, json_t **ret,
                                struct sy_err *err)
{
    const struct sy_state *state = question->state;
    json_t *answer = sy_result_object(kind);
    if (answer == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the answer");
    question->cli->result->json = answer;
    sy_form_put(&question->form, answer, "kubeSchedulerVersion",
                sy_form_format("1.%u", state->kube_minor));
    sy_form_put(&question->form, answer, "source", sy_form_text(state->source));
    sy_form_put(&question->form, answer, "headroom",
                json_string(state->policy->power_hard ? "hard" : "not enforced"));
    *ret = answer;
    return SY_OK;
}

enum sy_code sy_question_end(struct sy_question *question, struct sy_err *err)
{
    struct sy_str *after = &question->cli->result->after;
    size_t i;
    json_t *note;
    sy_form_put(&question->form, question->cli->result->json, "notes",
                json_incref(question->notes));
    json_array_foreach(question->notes, i, note)
    {
        sy_str_append(after, i == 0 ? "\nnotes:\n  " : "  ");
        sy_str_append(after, json_string_value(note));
        sy_str_append(after, "\n");
    }
    return sy_form_end(&question->form, err);
}
