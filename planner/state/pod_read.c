/* SPDX-License-Identifier: Apache-2.0 */
/* Pods: where they are, who owns them, what they ask for. */
#include "planner/state/state_private.h"

#include "base/time.h"

#include <string.h>

#define TEXT_MAX_BYTES 1024u
#define CONDITIONS_MAX 1000u
#define OWNERS_MAX 1000u
#define NAMED_MAX 16384u /* bytes of a plugin's annotation */
/* Of the classes that every cluster has (pkg/apis/scheduling/types.go). */
#define NODE_CRITICAL 2000001000
#define CLUSTER_CRITICAL 2000000000

struct reading {
    struct sy_arena *arena;
    struct sy_state_pod *pod;
    struct sy_err *err;
};

/* A copy; NULL where it is absent. */
static enum sy_code text_of(struct reading *r, const json_t *object, const char *key,
                            const struct sy_path *at, const char **ret)
{
    const char *text = NULL;
    enum sy_code code =
        sy_json_str(object, key, SY_JSON_OPTIONAL, TEXT_MAX_BYTES, at, &text, r->err);
    if (code != SY_OK || text == NULL)
        return code;
    *ret = sy_arena_strndup(r->arena, text, strlen(text));
    return *ret != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "out of memory");
}

static enum sy_code read_name(struct reading *r, const json_t *metadata, const struct sy_path *at)
{
    enum sy_code code = text_of(r, metadata, "name", at, &r->pod->name);
    if (code == SY_OK && r->pod->name == NULL)
        code = text_of(r, metadata, "generateName", at, &r->pod->name);
    if (code == SY_OK && (r->pod->name == NULL || r->pod->name[0] == '\0'))
        code = sy_json_fail(SY_PATH_KEY(at, "name"), SY_EINVAL, r->err, "required");
    if (code == SY_OK)
        code = text_of(r, metadata, "namespace", at, &r->pod->namespace_);
    if (code == SY_OK)
        code = text_of(r, metadata, "uid", at, &r->pod->uid);
    return code;
}

static enum sy_code read_owner(struct reading *r, const json_t *metadata, const struct sy_path *at)
{
    json_t *owners = NULL;
    enum sy_code code = sy_json_array(metadata, "ownerReferences", SY_JSON_OPTIONAL, OWNERS_MAX, at,
                                      &owners, r->err);
    const struct sy_path *here = SY_PATH_KEY(at, "ownerReferences");
    for (size_t i = 0; i < json_array_size(owners) && code == SY_OK; i++) {
        const json_t *owner = json_array_get(owners, i);
        const struct sy_path *item = SY_PATH_AT(here, i);
        bool controls = false;
        if (!json_is_object(owner))
            return sy_json_fail_type(item, "object", owner, r->err);
        code = sy_json_bool(owner, "controller", SY_JSON_OPTIONAL, item, &controls, r->err);
        if (code != SY_OK || !controls)
            continue;
        code = text_of(r, owner, "kind", item, &r->pod->owner_kind);
        if (code == SY_OK)
            code = text_of(r, owner, "name", item, &r->pod->owner_name);
        if (r->pod->owner_kind == NULL || r->pod->owner_name == NULL)
            r->pod->owner_kind = r->pod->owner_name = NULL;
    }
    return code;
}

/* The ids of "Ascend910-0,Ascend910-1"; a text that is longer than any plugin writes is none. */
static enum sy_code read_named(struct reading *r, const json_t *annotations)
{
    const char *text = json_string_value(json_object_get(annotations, SY_NAMED_ANNOTATION));
    if (text == NULL || strlen(text) > NAMED_MAX)
        return SY_OK;
    size_t n = 1;
    for (const char *c = text; *c != '\0'; c++)
        n += *c == ',';
    const char **named = sy_arena_calloc(r->arena, n, sizeof(const char *));
    if (named == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    r->pod->named = named;
    for (;;) {
        text += strspn(text, " ,");
        size_t len = strcspn(text, ","), next = len;
        while (len > 0 && text[len - 1] == ' ')
            len--;
        if (len == 0)
            return SY_OK;
        named[r->pod->nnamed] = sy_arena_strndup(r->arena, text, len);
        if (named[r->pod->nnamed++] == NULL)
            return sy_fail(r->err, SY_ENOMEM, "out of memory");
        text += next;
    }
}

static enum sy_code read_metadata(struct reading *r, const json_t *metadata,
                                  const struct sy_path *at)
{
    json_t *annotations = NULL;
    enum sy_code code = read_name(r, metadata, at);
    if (code == SY_OK)
        code = read_owner(r, metadata, at);
    if (code == SY_OK)
        code = sy_json_object(metadata, "annotations", SY_JSON_OPTIONAL, at, &annotations, r->err);
    return code == SY_OK ? read_named(r, annotations) : code;
}

static enum sy_code read_priority(struct reading *r, const json_t *spec, const struct sy_path *at)
{
    const char *class = "";
    int64_t priority = 0;
    enum sy_code code = sy_json_str(spec, "priorityClassName", SY_JSON_OPTIONAL, TEXT_MAX_BYTES, at,
                                    &class, r->err);
    if (strcmp(class, "system-node-critical") == 0)
        priority = NODE_CRITICAL;
    else if (strcmp(class, "system-cluster-critical") == 0)
        priority = CLUSTER_CRITICAL;
    if (code == SY_OK)
        code = sy_json_int(spec, "priority", SY_JSON_OPTIONAL, INT32_MIN, INT32_MAX, at, &priority,
                           r->err);
    r->pod->priority = (int32_t)priority;
    return code;
}

static enum sy_code read_spec(struct reading *r, const json_t *spec, const struct sy_path *at)
{
    enum sy_code code = text_of(r, spec, "nodeName", at, &r->pod->node_name);
    if (r->pod->node_name != NULL && r->pod->node_name[0] == '\0')
        r->pod->node_name = NULL;
    if (code == SY_OK)
        code = read_priority(r, spec, at);
    return code == SY_OK ? sy_state_pod_requests(spec, at, r->arena, r->pod, r->err) : code;
}

/* When it was scheduled: its PodScheduled condition. */
static enum sy_code read_scheduled(struct reading *r, const json_t *status,
                                   const struct sy_path *at)
{
    json_t *conditions = NULL;
    enum sy_code code = sy_json_array(status, "conditions", SY_JSON_OPTIONAL, CONDITIONS_MAX, at,
                                      &conditions, r->err);
    const struct sy_path *here = SY_PATH_KEY(at, "conditions");
    for (size_t i = 0; i < json_array_size(conditions) && code == SY_OK; i++) {
        const json_t *condition = json_array_get(conditions, i);
        const char *type = "", *met = "", *time = NULL;
        const struct sy_path *item = SY_PATH_AT(here, i);
        code =
            sy_json_str(condition, "type", SY_JSON_OPTIONAL, TEXT_MAX_BYTES, item, &type, r->err);
        if (code == SY_OK)
            code = sy_json_str(condition, "status", SY_JSON_OPTIONAL, 64, item, &met, r->err);
        if (code == SY_OK)
            code = sy_json_str(condition, "lastTransitionTime", SY_JSON_OPTIONAL, 64, item, &time,
                               r->err);
        if (code != SY_OK || strcmp(type, "PodScheduled") != 0 || strcmp(met, "True") != 0)
            continue;
        if (time != NULL && sy_time_parse(time, &r->pod->scheduled_us, NULL) != SY_OK)
            r->pod->scheduled_us = 0;
    }
    return code;
}

static enum sy_code read_pod(struct reading *r, const json_t *object,
                             const struct sy_catalogue *catalogue)
{
    json_t *metadata = NULL, *spec = NULL, *status = NULL;
    if (!json_is_object(object))
        return sy_json_fail_type(NULL, "object", object, r->err);
    enum sy_code code =
        sy_json_object(object, "metadata", SY_JSON_OPTIONAL, NULL, &metadata, r->err);
    if (code == SY_OK)
        code = sy_json_object(object, "spec", SY_JSON_OPTIONAL, NULL, &spec, r->err);
    if (code == SY_OK)
        code = sy_json_object(object, "status", SY_JSON_OPTIONAL, NULL, &status, r->err);
    if (code == SY_OK)
        code = read_metadata(r, metadata, SY_PATH_KEY(NULL, "metadata"));
    if (code == SY_OK)
        code = read_spec(r, spec, SY_PATH_KEY(NULL, "spec"));
    if (code == SY_OK)
        code = read_scheduled(r, status, SY_PATH_KEY(NULL, "status"));
    if (code == SY_OK)
        code = sy_request_from_pod(object, catalogue, NULL, r->arena, &r->pod->request, r->err);
    if (code == SY_OK)
        r->pod->created_us = r->pod->request.created_us;
    return code;
}

enum sy_code sy_state_pod_read(const json_t *object, const char *where,
                               const char *default_namespace, const struct sy_catalogue *catalogue,
                               struct sy_arena *arena, struct sy_state_pod *ret, struct sy_err *err)
{
    struct sy_state_pod pod = {.object = object, .uid = "", .node = UINT32_MAX};
    struct sy_err why = {0};
    struct reading r = {.arena = arena, .pod = &pod, .err = &why};
    enum sy_code code = read_pod(&r, object, catalogue);
    if (code != SY_OK)
        return sy_fail(err, code, "%s: %s", where, why.text);
    if (pod.namespace_ == NULL || pod.namespace_[0] == '\0') {
        const char *name = default_namespace != NULL ? default_namespace : "default";
        pod.namespace_ = sy_arena_strndup(arena, name, strlen(name));
        if (pod.namespace_ == NULL)
            return sy_fail(err, SY_ENOMEM, "%s: out of memory", where);
        pod.request.namespace_ = pod.namespace_;
    }
    if (pod.request.name == NULL)
        pod.request.name = pod.name;
    *ret = pod;
    return SY_OK;
}
