/* SPDX-License-Identifier: Apache-2.0 */
/* ExtenderPreemptionArgs → ExtenderPreemptionResult. Victims come as whole pods or as uids alone;
 * the answer always has the latter. Leaving a node out vetoes it. */
#include "scoring/wire/names.h"
#include "scoring/wire/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define VICTIMS_MAX 100000u

struct preempting {
    const struct sy_world *world;
    struct sy_catalogue *cat;
    struct sy_arena *arena;
    struct sy_str *out;
    struct sy_err *err;
    struct sy_request request;
    bool meta; /* victims are {"UID":…}, else pods */
    bool first;
};

struct victims {
    struct sy_victim *pod;
    size_t n;
    int64_t violations;
};

static json_t *member(const json_t *obj, const char *key)
{
    json_t *value = sy_json_get_ci(obj, key);
    return json_is_null(value) ? NULL : value;
}

/* A text of the victim's metadata; NULL = none that could be a name. */
static const char *text_of(const json_t *metadata, const char *key)
{
    const json_t *value = json_object_get(metadata, key);
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static enum sy_code read_victim(const struct preempting *p, const json_t *victim,
                                const struct sy_path *at, struct sy_victim *ret)
{
    if (!json_is_object(victim))
        return sy_json_fail_type(at, "object", victim, p->err);
    const json_t *value;
    struct sy_path up = *at, here = {.parent = at, .key = "UID"};
    if (p->meta) {
        value = member(victim, "UID");
    } else {
        const json_t *metadata = json_object_get(victim, "metadata");
        up = (struct sy_path){.parent = at, .key = "metadata"};
        here = (struct sy_path){.parent = &up, .key = "uid"};
        value = json_object_get(metadata, "uid");
        ret->namespace_ = text_of(metadata, "namespace");
        ret->name = text_of(metadata, "name");
    }
    if (!json_is_string(value))
        return sy_json_fail_type(&here, "string", value, p->err);
    ret->uid = json_string_value(value);
    if (strlen(ret->uid) != json_string_length(value))
        return sy_json_fail(&here, SY_EINVAL, p->err, "holds a NUL byte");
    return SY_OK;
}

static enum sy_code read_victims(const struct preempting *p, const json_t *node,
                                 const struct sy_path *at, struct victims *ret)
{
    *ret = (struct victims){0};
    if (json_is_null(node))
        return SY_OK;
    if (!json_is_object(node))
        return sy_json_fail_type(at, "object", node, p->err);
    const json_t *violations = member(node, "NumPDBViolations"), *pods = member(node, "Pods");
    const struct sy_path *at_pods = SY_PATH_KEY(at, "Pods");
    if (violations != NULL && !json_is_integer(violations))
        return sy_json_fail_type(SY_PATH_KEY(at, "NumPDBViolations"), "integer", violations,
                                 p->err);
    ret->violations = violations != NULL ? json_integer_value(violations) : 0;
    if (pods != NULL && !json_is_array(pods))
        return sy_json_fail_type(at_pods, "array", pods, p->err);
    ret->n = json_array_size(pods);
    if (ret->n > VICTIMS_MAX)
        return sy_json_fail(at_pods, SY_ELIMIT, p->err, "%zu pods, more than %u", ret->n,
                            VICTIMS_MAX);
    ret->pod = sy_arena_calloc(p->arena, ret->n, sizeof *ret->pod);
    if (ret->pod == NULL)
        return sy_fail(p->err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < ret->n && code == SY_OK; i++)
        code = read_victim(p, json_array_get(pods, i), SY_PATH_AT(at_pods, i), &ret->pod[i]);
    return code;
}

static void put_node(struct preempting *p, const char *name, const struct victims *victims)
{
    if (!p->first)
        sy_str_append(p->out, ",");
    p->first = false;
    sy_str_append_json(p->out, name, strlen(name));
    sy_str_append(p->out, ":{\"Pods\":[");
    assert(victims->n == 0 || victims->pod != NULL);
    for (size_t i = 0; i < victims->n; i++) {
        sy_str_append(p->out, i > 0 ? ",{\"UID\":" : "{\"UID\":");
        sy_str_append_json(p->out, victims->pod[i].uid, strlen(victims->pod[i].uid));
        sy_str_append(p->out, "}");
    }
    sy_str_printf(p->out, "],\"NumPDBViolations\":%" PRId64 "}", victims->violations);
}

static enum sy_code one_node(struct preempting *p, const char *name, const json_t *node,
                             const struct sy_path *at)
{
    struct victims victims;
    struct sy_candidate candidate = {.name = name, .len = strlen(name), .index = -1};
    enum sy_reason reason = SY_REASON_FITS;
    enum sy_code code = read_victims(p, node, at, &victims);
    if (code != SY_OK)
        return code;
    sy_engine_resolve(p->world->cluster, &candidate, 1);
    code = sy_engine_preempt(p->world, &p->request, &candidate, victims.pod, victims.n, p->arena,
                             &reason, p->err);
    if (code == SY_OK && sy_reason_verdict(reason) == SY_VERDICT_FITS)
        put_node(p, name, &victims);
    return code;
}

static enum sy_code all_nodes(struct preempting *p, const json_t *root)
{
    const char *key = "NodeNameToMetaVictims";
    json_t *nodes = member(root, key);
    p->meta = nodes != NULL;
    if (nodes == NULL)
        nodes = member(root, key = "NodeNameToVictims");
    const struct sy_path *at = SY_PATH_KEY(NULL, key);
    if (nodes != NULL && !json_is_object(nodes))
        return sy_json_fail_type(at, "object", nodes, p->err);
    if (json_object_size(nodes) > SY_WIRE_NAMES_MAX)
        return sy_json_fail(at, SY_ELIMIT, p->err, "%zu nodes, more than %u",
                            json_object_size(nodes), SY_WIRE_NAMES_MAX);
    const char *name;
    json_t *node;
    sy_str_append(p->out, "{\"NodeNameToMetaVictims\":{");
    json_object_foreach(nodes, name, node)
    {
        enum sy_code code = one_node(p, name, node, SY_PATH_KEY(at, name));
        if (code != SY_OK)
            return code;
    }
    sy_str_append(p->out, "}}");
    return SY_OK;
}

enum sy_code sy_wire_preempt(const char *body, size_t len, const struct sy_world *world,
                             struct sy_catalogue *cat, struct sy_arena *arena, struct sy_str *out,
                             struct sy_err *err)
{
    const struct sy_json_limits limits = {.max_bytes = len, .max_depth = SY_WIRE_DEPTH_MAX};
    const struct sy_path root_path = {0}, *at_pod = SY_PATH_KEY(NULL, "Pod");
    struct preempting p = {
        .world = world, .cat = cat, .arena = arena, .out = out, .err = err, .first = true};
    sy_autojson json_t *root = NULL;
    enum sy_code code = sy_json_parse(body, len, &limits, &root, err);
    if (code != SY_OK)
        return code;
    if (!json_is_object(root))
        return sy_json_fail_type(&root_path, "object", root, err);
    const json_t *pod = member(root, "Pod");
    if (pod == NULL)
        return sy_json_fail(at_pod, SY_EINVAL, err, "required");
    code = sy_request_from_pod(pod, cat, at_pod, arena, &p.request, err);
    if (code == SY_OK)
        code = all_nodes(&p, root);
    if (code == SY_OK && sy_str_failed(out))
        return sy_fail(err, SY_ENOMEM, "no memory for the answer, or more than %zu bytes",
                       out->limit);
    return code;
}
