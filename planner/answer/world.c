/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/answer/world.h"

#include "base/kube/extract.h"
#include "base/str.h"
#include "planner/cli/cli.h"
#include "scoring/wire/explain.h"
#include "scoring/workload_learn.h"
#include "topology/node_json.h"

#include <string.h>

#define ARENA_MAX ((size_t)1 << 30) /* of one decision */

enum sy_verb sy_verb_find(const char *name)
{
    static const char *const names[SY_VERB_COUNT] = {
#define X(id, name) [SY_VERB_##id] = name,
        SY_VERBS(X)
#undef X
    };
    for (enum sy_verb verb = 0; verb < SY_VERB_COUNT; verb++)
        if (strcmp(names[verb], name) == 0)
            return verb;
    return SY_VERB_COUNT;
}

struct reading {
    struct sy_catalogue *catalogue;
    struct sy_node **node; /* references */
    size_t n, size;
    bool is_list; /* it said so itself */
};

static enum sy_code take_item(void *data, json_t *document, struct sy_err *err)
{
    struct reading *reading = data;
    char shown[80];
    const char *kind = json_string_value(json_object_get(document, "kind"));
    if (kind != NULL && strcmp(kind, "NodeFabric") != 0)
        return sy_fail(err, SY_EINVAL,
                       "items/%zu: a %s: expected NodeFabrics, as /snapshot of the service lists "
                       "them",
                       reading->n, sy_quote(shown, sizeof shown, kind, strlen(kind)));
    if (reading->n == reading->size) {
        size_t wider = reading->size > 0 ? 2 * reading->size : 64;
        struct sy_node **moved = sy_realloc(reading->node, wider * sizeof *moved);
        if (moved == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory for %zu nodes", wider);
        reading->node = moved;
        reading->size = wider;
    }
    enum sy_code code =
        sy_node_from_json(document, reading->catalogue, &reading->node[reading->n], err);
    if (code != SY_OK)
        return sy_wrap(err, "items/%zu", reading->n);
    reading->n++;
    return SY_OK;
}

static enum sy_code take_top(void *data, json_t *document, struct sy_err *err)
{
    struct reading *reading = data;
    const char *kind = "", *version = "";
    enum sy_code code = sy_json_str(document, "kind", SY_JSON_REQUIRED, 100, NULL, &kind, err);
    if (code == SY_OK)
        code = sy_json_str(document, "apiVersion", SY_JSON_REQUIRED, 100, NULL, &version, err);
    if (code != SY_OK)
        return code;
    if (strcmp(kind, "NodeFabricList") != 0 || strcmp(version, "switchyard.dev/v1alpha1") != 0)
        return sy_fail(err, SY_EINVAL,
                       "expected a NodeFabricList of switchyard.dev/v1alpha1, as /snapshot of the "
                       "service gives it; got %s of %s",
                       kind, version);
    reading->is_list = true;
    return SY_OK;
}

static enum sy_code read_list(const char *text, size_t len, struct reading *reading,
                              struct sy_err *err)
{
    static const struct sy_kube_field top[] = {
        {.key = "kind"}, {.key = "apiVersion"}, {.key = NULL}};
    const struct sy_kube_extract_options options = {.items_key = "items",
                                                    .fields_top = top,
                                                    .document = take_item,
                                                    .top = take_top,
                                                    .data = reading};
    struct sy_kube_extract *extract = NULL;
    enum sy_code code = sy_kube_extract_new(&options, &extract, err);
    if (code == SY_OK)
        code = sy_kube_extract_feed(extract, text, len, err);
    if (code == SY_OK)
        code = sy_kube_extract_end(extract, err);
    if (code == SY_OK && !reading->is_list)
        code = sy_fail(err, SY_EINVAL, "/kind: required");
    sy_kube_extract_free(extract);
    return code;
}

static enum sy_code load_cluster(const char *path, struct sy_catalogue *catalogue,
                                 struct sy_cluster **ret, struct sy_err *err)
{
    struct reading reading = {.catalogue = catalogue};
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code = sy_input_read(path, SY_SNAPSHOT_MAX, &text, &len, err);
    if (code != SY_OK)
        return code;
    code = read_list(text, len, &reading, err);
    if (code == SY_OK)
        code = sy_cluster_new(reading.node, reading.n, 0, ret, err);
    for (size_t i = 0; i < reading.n; i++)
        sy_node_unref(reading.node[i]);
    sy_free(reading.node);
    return code == SY_OK ? SY_OK : sy_wrap(err, "%s", path);
}

enum sy_code sy_answer_world_load(const char *snapshot, const char *policy,
                                  const char *const *catalogues, size_t ncatalogue,
                                  struct sy_answer_world *ret, struct sy_err *err)
{
    struct sy_answer_world world = {0};
    enum sy_code code = sy_catalogue_load(catalogues, ncatalogue, &world.catalogue, err);
    if (code == SY_OK)
        code = sy_policy_load(policy, &world.policy, err);
    if (code == SY_OK)
        code = load_cluster(snapshot, world.catalogue, &world.cluster, err);
    if (code == SY_OK)
        code = sy_power_new(world.cluster, world.policy, &world.power, err);
    if (code == SY_OK && world.policy->workload == SY_WORKLOAD_LEARN)
        code = sy_workload_learn(world.cluster, &world.workload, err);
    if (code != SY_OK)
        sy_answer_world_done(&world);
    else
        *ret = world;
    return code;
}

void sy_answer_world_done(struct sy_answer_world *world)
{
    sy_workload_unref(world->workload);
    sy_power_unref(world->power);
    sy_cluster_unref(world->cluster);
    sy_policy_unref(world->policy);
    sy_catalogue_unref(world->catalogue);
    *world = (struct sy_answer_world){0};
}

static enum sy_code put_explanation(const struct sy_world *world, const struct sy_args *args,
                                    const struct sy_verdict *verdict, struct sy_str *out,
                                    struct sy_err *err)
{
    sy_autojson json_t *answer = NULL;
    sy_autofree char *text = NULL;
    size_t len = 0;
    enum sy_code code =
        sy_explain_to_json(world, &args->request, args->candidate, verdict, args->n, &answer, err);
    if (code == SY_OK)
        code = sy_json_dump(answer, false, &text, &len, err);
    if (code == SY_OK)
        sy_str_append_n(out, text, len);
    return code;
}

static enum sy_code decide(const struct sy_world *world, enum sy_verb verb,
                           const struct sy_args *args, struct sy_arena *arena, struct sy_str *out,
                           struct sy_err *err)
{
    struct sy_verdict *verdict = sy_arena_calloc(arena, args->n, sizeof *verdict);
    if (verdict == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu verdicts", args->n);
    enum sy_code (*judge)(const struct sy_world *, const struct sy_request *,
                          const struct sy_candidate *, size_t, struct sy_arena *,
                          struct sy_verdict *, struct sy_err *) =
        verb == SY_VERB_FILTER       ? sy_engine_filter
        : verb == SY_VERB_PRIORITIZE ? sy_engine_prioritize
                                     : sy_engine_explain;
    enum sy_code code = judge(world, &args->request, args->candidate, args->n, arena, verdict, err);
    if (code != SY_OK)
        return code;
    if (verb == SY_VERB_FILTER)
        return sy_wire_filter(args, verdict, out, err);
    if (verb == SY_VERB_PRIORITIZE)
        return sy_wire_prioritize(args, verdict, out, err);
    return put_explanation(world, args, verdict, out, err);
}

enum sy_code sy_answer_make(const struct sy_answer_world *from, enum sy_verb verb, const char *body,
                            size_t len, int64_t now_us, struct sy_str *out, struct sy_err *err)
{
    const struct sy_world world = {.cluster = from->cluster,
                                   .power = from->power,
                                   .workload = from->workload,
                                   .policy = from->policy,
                                   .catalogue = from->catalogue,
                                   .now_us = now_us};
    struct sy_args args;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    if (verb == SY_VERB_PREEMPT) {
        code = sy_wire_preempt(body, len, &world, from->catalogue, arena, out, err);
    } else {
        code = sy_args_parse(body, len, from->cluster, from->catalogue, arena, &args, err);
        if (code != SY_OK)
            return code;
        code = decide(&world, verb, &args, arena, out, err);
        sy_args_done(&args);
    }
    if (code == SY_OK && sy_str_failed(out))
        code = sy_fail(err, SY_ENOMEM, "out of memory for the answer");
    return code;
}
