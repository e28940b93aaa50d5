/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line to a state, and what may be asked of one. */
#include "planner/state/state_private.h"

#include "base/time.h"
#include "scoring/policy.h"

#include <stdlib.h>
#include <string.h>

enum sy_code sy_state_options_of(const struct sy_cli *cli, struct sy_state_options *ret,
                                 struct sy_err *err)
{
    const struct sy_options *given = cli->options;
    struct sy_state_options options = {
        .kubeconfig = sy_options_str(given, "kubeconfig"),
        .context = sy_options_str(given, "context"),
        .in_cluster = sy_options_flag(given, "in-cluster"),
        .namespace_ = sy_options_str(given, "namespace"),
        .policy = sy_options_str(given, "policy"),
        .kube_minor = 36,
    };
    const char *now = sy_options_str(given, "now");
    const char *version = sy_options_str(given, "kube-scheduler-version");
    struct sy_err why = {0};
    options.path = sy_options_list(given, "snapshot", &options.npath);
    options.catalogue = sy_options_list(given, "catalogue", &options.ncatalogue);
    if (options.npath > 0 &&
        (options.kubeconfig != NULL || options.context != NULL || options.in_cluster))
        return sy_fail(err, SY_EUSAGE,
                       "--snapshot and a live cluster (--kubeconfig, --context, --in-cluster): "
                       "one of the two");
    if (options.in_cluster && (options.kubeconfig != NULL || options.context != NULL))
        return sy_fail(err, SY_EUSAGE, "--in-cluster and --kubeconfig or --context: one of them");
    if (now != NULL && (sy_time_parse(now, &options.now_us, &why) != SY_OK || options.now_us <= 0))
        return sy_fail(err, SY_EUSAGE, "--now '%s': expected a time such as 2026-01-31T12:00:00Z",
                       now);
    if (version != NULL)
        options.kube_minor = strcmp(version, "1.35") == 0 ? 35 : 36;
    if (options.namespace_ != NULL && options.namespace_[0] == '\0')
        return sy_fail(err, SY_EUSAGE, "--namespace: empty");
    *ret = options;
    return SY_OK;
}

/* "snapshot.json", "a.json and 2 more". */
static enum sy_code name_source(struct sy_state *state, const struct sy_state_options *options,
                                struct sy_err *err)
{
    const char *first = strcmp(options->path[0], "-") == 0 ? "standard input" : options->path[0];
    state->source = options->npath == 1 ? sy_arena_strndup(state->arena, first, strlen(first))
                                        : sy_arena_printf(state->arena, "%s and %zu more", first,
                                                          options->npath - 1);
    return state->source != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static enum sy_code fill(struct sy_intake *intake, const struct sy_state_options *options,
                         const struct sy_cli *cli, struct sy_state *state, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    unsigned pipes = 0;
    if (options->npath == 0)
        return sy_state_read_live(intake, options, cli, &state->source, err);
    for (size_t i = 0; i < options->npath && code == SY_OK; i++) {
        pipes += strcmp(options->path[i], "-") == 0;
        if (pipes > 1)
            return sy_fail(err, SY_EUSAGE, "standard input is named twice");
        code = sy_state_read_path(intake, options->path[i], err);
    }
    return code == SY_OK ? name_source(state, options, err) : code;
}

/* The references are taken over, also on failure. */
static enum sy_code begin(struct sy_catalogue *catalogue, struct sy_policy *policy,
                          struct sy_state **ret, struct sy_err *err)
{
    struct sy_state *state = sy_calloc(1, sizeof *state);
    if (state == NULL) {
        sy_catalogue_unref(catalogue);
        sy_policy_unref(policy);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    state->kube_minor = 36;
    state->catalogue = catalogue;
    state->policy = policy;
    state->arena = sy_arena_new(SY_STATE_ARENA_MAX);
    if (state->arena == NULL) {
        sy_state_free(state);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    *ret = state;
    return SY_OK;
}

static enum sy_code begin_with(const struct sy_state_options *options, struct sy_state **ret,
                               struct sy_err *err)
{
    struct sy_catalogue *catalogue = NULL;
    struct sy_policy *policy = NULL;
    enum sy_code code = sy_catalogue_load(options->catalogue, options->ncatalogue, &catalogue, err);
    if (code == SY_OK)
        code = sy_policy_load(options->policy, &policy, err);
    if (code == SY_OK)
        code = begin(catalogue, policy, ret, err);
    else
        sy_catalogue_unref(catalogue);
    if (code != SY_OK)
        return code;
    (*ret)->now_us = options->now_us;
    if (options->kube_minor != 0)
        (*ret)->kube_minor = options->kube_minor;
    return SY_OK;
}

enum sy_code sy_state_load_keeping(const struct sy_state_options *options, const struct sy_cli *cli,
                                   struct sy_intake *keep, struct sy_state **ret,
                                   struct sy_err *err)
{
    struct sy_intake own;
    struct sy_intake *intake = keep != NULL ? keep : &own;
    struct sy_state *state = NULL;
    enum sy_code code = begin_with(options, &state, err);
    if (code != SY_OK)
        return code;
    code = sy_intake_init(intake, state->arena, state->catalogue, err);
    intake->keep_documents = keep != NULL;
    if (options->namespace_ != NULL)
        intake->namespace_ = options->namespace_;
    if (code == SY_OK)
        code = fill(intake, options, cli, state, err);
    if (code == SY_OK)
        code = sy_state_build(intake, state, err);
    if (code != SY_OK || keep == NULL)
        sy_intake_done(intake);
    if (code == SY_OK)
        *ret = state;
    else
        sy_state_free(state);
    return code;
}

enum sy_code sy_state_from_bytes(const char *name, const char *data, size_t len,
                                 struct sy_catalogue *catalogue, struct sy_policy *policy,
                                 int64_t now_us, struct sy_intake *keep, struct sy_state **ret,
                                 struct sy_err *err)
{
    struct sy_intake own;
    struct sy_intake *intake = keep != NULL ? keep : &own;
    struct sy_state *state = NULL;
    enum sy_code code = begin(sy_catalogue_ref(catalogue), sy_policy_ref(policy), &state, err);
    if (code != SY_OK)
        return code;
    state->now_us = now_us;
    state->source = name;
    code = sy_intake_init(intake, state->arena, catalogue, err);
    intake->keep_documents = keep != NULL;
    if (code == SY_OK)
        code = sy_state_read_bytes(intake, name, data, len, err);
    if (code == SY_OK)
        code = sy_state_build(intake, state, err);
    if (code != SY_OK || keep == NULL)
        sy_intake_done(intake);
    if (code == SY_OK)
        *ret = state;
    else
        sy_state_free(state);
    return code;
}

enum sy_code sy_state_load(const struct sy_state_options *options, const struct sy_cli *cli,
                           struct sy_state **ret, struct sy_err *err)
{
    return sy_state_load_keeping(options, cli, NULL, ret, err);
}

enum sy_code sy_state_of(const struct sy_cli *cli, struct sy_state **ret, struct sy_err *err)
{
    struct sy_state_options options;
    enum sy_code code = sy_state_options_of(cli, &options, err);
    return code == SY_OK ? sy_state_load(&options, cli, ret, err) : code;
}

/* They are held by references that the const of the state's face hides. */
static void drop(const json_t *object)
{
    json_decref((json_t *)(uintptr_t)object);
}

void sy_state_free(struct sy_state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->nnode; i++) {
        drop(state->node[i].object);
        sy_state_node_done(&state->node[i]);
    }
    for (size_t i = 0; i < state->npod; i++)
        drop(state->pod[i].object);
    for (size_t i = 0; i < state->nbudget; i++)
        drop(state->budget[i].object);
    json_decref(state->others);
    sy_cluster_unref(state->cluster);
    sy_policy_unref(state->policy);
    sy_catalogue_unref(state->catalogue);
    sy_arena_free(state->arena);
    sy_free(state);
}

int64_t sy_state_find_node(const struct sy_state *state, const char *name)
{
    size_t low = 0, high = state->nnode;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(state->node[middle].name, name);
        if (order == 0)
            return (int64_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int64_t sy_state_find_pod(const struct sy_state *state, const char *namespace_, const char *name)
{
    size_t low = 0, high = state->npod;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(state->pod[middle].namespace_, namespace_);
        if (order == 0)
            order = strcmp(state->pod[middle].name, name);
        if (order == 0)
            return (int64_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}
