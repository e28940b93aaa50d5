/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/plan/workload.h"

#include "planner/plan/workload_private.h"
#include "planner/scheduler/scheduler.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 253u
#define COUNT_MAX INT64_C(1000000000)
#define ELEMENTS_MAX 10000u

/* Objects becoming pods. */
struct expansion {
    const struct sy_state *state;
    const struct sy_workload_table *table;
    const char *namespace_;
    struct sy_arena *arena;
    struct sy_workload_pods *ret;
    size_t size; /* of ret->pod, on the heap while it grows */
    struct sy_workload_pod *pod;
    uint32_t gangs; /* used so far */
    struct sy_err *err;
    /* Of the object at hand: */
    const struct sy_manifest *manifest;
    const struct sy_workload_kind *kind;
    const char *name, *own_namespace;
    size_t first; /* its first pod */
};

/* A set of the object: of what it is read, and what its pods are called. */
struct part {
    const struct sy_workload_set *set;
    const json_t *object;
    const char *at;   /* "" or "spec.tasks[1]" */
    const char *name; /* "NAME-worker" */
    const struct sy_state_pod *pod;
};

static enum sy_code no_memory(const struct expansion *x)
{
    return sy_fail(x->err, SY_ENOMEM, "out of memory");
}

/* "pods.yaml:12: spec.replicas: TEXT" */
static enum sy_code fail_at(const struct expansion *x, const char *at, const char *path,
                            enum sy_code code, const char *text)
{
    return sy_fail(x->err, code, "%s: %s%s%s: %s", x->manifest->where, at,
                   at[0] != '\0' && path[0] != '\0' ? "." : "", path, text);
}

static enum sy_code fail_type(const struct expansion *x, const char *at, const char *path,
                              const char *expected, const json_t *got)
{
    char text[128];
    (void)snprintf(text, sizeof text, "expected %s, got %s", expected, sy_json_type(got));
    return fail_at(x, at, path, SY_EINVAL, text);
}

/* What stands at "a.b.c"; NULL where it, or something above it, is absent or null. */
static enum sy_code dig(const struct expansion *x, const json_t *object, const char *at,
                        const char *path, const json_t **ret)
{
    *ret = object;
    for (const char *key = path; *key != '\0' && *ret != NULL;) {
        size_t len = strcspn(key, ".");
        if (!json_is_object(*ret)) {
            char above[NAME_MAX_BYTES + 1];
            (void)snprintf(above, sizeof above, "%.*s", (int)(key > path ? key - path - 1 : 0),
                           path);
            return fail_type(x, at, above, "object", *ret);
        }
        *ret = json_object_getn(*ret, key, len);
        if (json_is_null(*ret))
            *ret = NULL;
        key += len + (key[len] == '.');
    }
    return SY_OK;
}

static enum sy_code number_at(const struct expansion *x, const json_t *object, const char *at,
                              const char *path, int64_t *ret)
{
    const json_t *value;
    if (path == NULL)
        return SY_OK;
    enum sy_code code = dig(x, object, at, path, &value);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_integer(value))
        return fail_type(x, at, path, "a whole number", value);
    int64_t n = json_integer_value(value);
    if (n < 0 || n > COUNT_MAX)
        return fail_at(x, at, path, n < 0 ? SY_EINVAL : SY_ELIMIT,
                       n < 0 ? "is below zero" : "is more than 1000000000");
    *ret = n;
    return SY_OK;
}

static enum sy_code text_at(const struct expansion *x, const json_t *object, const char *at,
                            const char *path, const char **ret)
{
    const json_t *value;
    enum sy_code code = dig(x, object, at, path, &value);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_string(value))
        return fail_type(x, at, path, "string", value);
    const char *text = json_string_value(value);
    if (strlen(text) != json_string_length(value) || strlen(text) > NAME_MAX_BYTES)
        return fail_at(x, at, path, SY_EINVAL, "is no name");
    *ret = text;
    return SY_OK;
}

static enum sy_code note(struct expansion *x, const char *text)
{
    const char **all = sy_arena_calloc(x->arena, x->ret->nnote + 1, sizeof(const char *));
    char *one =
        sy_arena_printf(x->arena, "%s %s/%s: %s", x->kind->kind, x->own_namespace, x->name, text);
    if (all == NULL || one == NULL)
        return no_memory(x);
    if (x->ret->nnote > 0)
        memcpy(all, x->ret->note, x->ret->nnote * sizeof(const char *));
    all[x->ret->nnote++] = one;
    x->ret->note = all;
    return SY_OK;
}

/* The template as a pod of the table's kind: what was observed of one (status, uid) is nobody's. */
static json_t *make_pod(const struct expansion *x, const struct part *part, const json_t *template_)
{
    static const char *const kept[] = {"labels", "annotations"};
    const json_t *from = json_object_get(template_, "metadata");
    json_t *spec = json_object_get(template_, "spec"); /* borrowed */
    json_t *pod = json_pack("{s:s, s:s, s:{s:s, s:s}, s:O?}", "apiVersion", "v1", "kind", "Pod",
                            "metadata", "name", part->name, "namespace", x->own_namespace, "spec",
                            json_is_null(spec) ? NULL : spec);
    json_t *metadata = json_object_get(pod, "metadata");
    for (size_t i = 0; pod != NULL && i < sizeof kept / sizeof kept[0]; i++) {
        json_t *value = json_object_get(from, kept[i]);
        if (value != NULL && json_object_set(metadata, kept[i], value) != 0) {
            json_decref(pod);
            return NULL;
        }
    }
    return pod;
}

/* What the DaemonSet controller adds to its pods (v1.35, pkg/controller/daemon/util). */
static bool tolerate_as_daemon(json_t *pod)
{
    static const char *const always[][2] = {
        {"node.kubernetes.io/not-ready", "NoExecute"},
        {"node.kubernetes.io/unreachable", "NoExecute"},
        {"node.kubernetes.io/disk-pressure", "NoSchedule"},
        {"node.kubernetes.io/memory-pressure", "NoSchedule"},
        {"node.kubernetes.io/pid-pressure", "NoSchedule"},
        {"node.kubernetes.io/unschedulable", "NoSchedule"},
    };
    json_t *spec = json_copy(json_object_get(pod, "spec"));
    json_t *given = json_object_get(spec, "tolerations");
    json_t *list = json_is_array(given) ? json_copy(given) : json_array();
    bool ok = spec != NULL && list != NULL && json_object_set_new(pod, "spec", spec) == 0;
    if (spec != NULL && !ok)
        json_decref(spec);
    for (size_t i = 0; ok && i < sizeof always / sizeof always[0]; i++)
        ok = json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "key", always[i][0],
                                                   "operator", "Exists", "effect", always[i][1])) ==
             0;
    if (!ok) {
        json_decref(list);
        return false;
    }
    return json_object_set_new(spec, "tolerations", list) == 0;
}

/* Read once for all pods of the set. */
static enum sy_code read_template(struct expansion *x, struct part *part)
{
    const json_t *template_;
    const struct sy_workload_set *set = part->set;
    const char *path = set->template_;
    enum sy_code code = dig(x, part->object, part->at, path, &template_);
    if (code == SY_OK && template_ == NULL && set->otherwise != NULL) {
        path = set->otherwise;
        code = dig(x, part->object, part->at, path, &template_);
    }
    if (code != SY_OK)
        return code;
    if (template_ == NULL)
        return fail_at(x, part->at, path, SY_EINVAL, "required");
    if (!json_is_object(template_))
        return fail_type(x, part->at, path, "object", template_);
    if (!json_is_object(json_object_get(template_, "metadata")) &&
        json_object_get(template_, "metadata") != NULL &&
        !json_is_null(json_object_get(template_, "metadata")))
        return fail_type(x, part->at, path, "'metadata' to be an object",
                         json_object_get(template_, "metadata"));
    struct sy_state_pod *pod = sy_arena_calloc(x->arena, 1, sizeof *pod);
    sy_mem_watch_begin();
    json_t *object = make_pod(x, part, template_);
    bool ok = object != NULL && (!set->per_node || tolerate_as_daemon(object));
    ok = sy_mem_watch_end() ? false : ok;
    if (!ok || pod == NULL || json_array_append(x->ret->keep, object) != 0) {
        json_decref(object);
        return no_memory(x);
    }
    json_decref(object); /* `keep` has it */
    const char *where = sy_arena_printf(x->arena, "%s: %s%s%s", x->manifest->where, part->at,
                                        part->at[0] != '\0' && path[0] != '\0' ? "." : "", path);
    if (where == NULL)
        return no_memory(x);
    code = sy_state_pod_read(object, path[0] != '\0' ? where : x->manifest->where, x->own_namespace,
                             x->state->catalogue, x->arena, pod, x->err);
    if (code == SY_OK)
        part->pod = pod;
    return code;
}

static enum sy_code grow(struct expansion *x)
{
    if (x->ret->n - x->first >= SY_WORKLOAD_PODS_MAX)
        return sy_fail(x->err, SY_ELIMIT,
                       "%s: %s %s makes more than %u pods, no more are supported",
                       x->manifest->where, x->kind->kind, x->name, SY_WORKLOAD_PODS_MAX);
    if (x->ret->n < x->size)
        return SY_OK;
    size_t size = x->size > 0 ? 2 * x->size : 64;
    struct sy_workload_pod *pod = sy_realloc(x->pod, size * sizeof *pod);
    if (pod == NULL)
        return no_memory(x);
    x->pod = pod;
    x->size = size;
    return SY_OK;
}

static enum sy_code add_pod(struct expansion *x, const struct part *part, const char *name,
                            uint32_t gang, struct sy_workload_pod **ret)
{
    enum sy_code code = grow(x);
    if (code != SY_OK)
        return code;
    if (name == NULL)
        return no_memory(x);
    struct sy_workload_pod *to = &x->pod[x->ret->n++];
    *to = (struct sy_workload_pod){.pod = *part->pod, .gang = gang};
    to->pod.name = to->pod.request.name = name;
    to->pod.uid = "";
    to->pod.scheduled_us = 0;
    if (strcmp(x->kind->kind, "Pod") != 0) {
        to->pod.owner_kind = x->kind->kind;
        to->pod.owner_name = x->name;
    }
    if (ret != NULL)
        *ret = to;
    return SY_OK;
}

/* A DaemonSet's controller makes a pod for each node that its terms match, room or not. */
static enum sy_code add_per_node(struct expansion *x, const struct part *part)
{
    static const struct sy_taken nothing;
    const struct sy_scheduler_pod *terms;
    struct sy_workload_pod *made;
    enum sy_code code = sy_scheduler_pod_new(part->pod, x->arena, &terms, x->err);
    for (size_t i = 0; i < x->state->nnode && code == SY_OK; i++) {
        const struct sy_state_node *node = &x->state->node[i];
        struct sy_stage_verdict verdict = sy_scheduler_filter(terms, node, &nothing);
        bool matches = verdict.stage == SY_STAGE_PASSED || verdict.stage == SY_STAGE_RESOURCE ||
                       verdict.stage == SY_STAGE_PODS;
        if (!matches)
            continue;
        code =
            add_pod(x, part, sy_arena_printf(x->arena, "%s-%s", part->name, node->name), 0, &made);
        if (code == SY_OK)
            made->pod.node_name = node->name;
    }
    return code;
}

static enum sy_code count_of(struct expansion *x, const struct part *part, int64_t *ret)
{
    const struct sy_workload_set *set = part->set;
    int64_t n = 1, most = COUNT_MAX;
    for (size_t i = 0; i < set->ncount; i++) {
        int64_t factor = i == 0 ? set->default_ : 1;
        enum sy_code code = number_at(x, part->object, part->at, set->count[i], &factor);
        if (code != SY_OK)
            return code;
        n = factor == 0 || n <= COUNT_MAX / factor ? n * factor : COUNT_MAX;
    }
    enum sy_code code = number_at(x, part->object, part->at, set->most, &most);
    n = n < most ? n : most;
    *ret = n > set->less ? n - set->less : 0;
    return code;
}

static enum sy_code add_count(struct expansion *x, const struct part *part, const char *name,
                              int64_t count, uint32_t gang)
{
    enum sy_code code = SY_OK;
    for (int64_t i = 0; i < count && code == SY_OK; i++) {
        long long number = part->set->first + i;
        const char *one =
            part->set->plain ? name : sy_arena_printf(x->arena, "%s-%lld", name, number);
        code = add_pod(x, part, one, gang, NULL);
    }
    return code;
}

/* A part of the object: its template, so many times. */
static enum sy_code expand_part(struct expansion *x, struct part *part, uint32_t gang)
{
    int64_t replicas = 1, count = 0;
    enum sy_code code = read_template(x, part);
    if (code == SY_OK && part->set->per_node)
        return add_per_node(x, part);
    if (code == SY_OK)
        code = number_at(x, part->object, part->at, part->set->replicas, &replicas);
    if (code == SY_OK)
        code = count_of(x, part, &count);
    if (part->set->replicas == NULL)
        return code == SY_OK ? add_count(x, part, part->name, count, gang) : code;
    for (int64_t i = 0; i < replicas && count > 0 && code == SY_OK; i++) {
        const char *name = sy_arena_printf(x->arena, "%s-%lld", part->name, (long long)i);
        code = name != NULL ? add_count(x, part, name, count, gang) : no_memory(x);
    }
    return code;
}

/* "Worker" → "worker": a pod's name has no capitals. */
static const char *join_name(struct expansion *x, const char *name, const char *more)
{
    char *text = sy_arena_printf(x->arena, "%s-%s", name, more);
    for (char *c = text; c != NULL && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

static enum sy_code expand_item(struct expansion *x, const struct sy_workload_set *set,
                                const char *name, const char *key, size_t index, const json_t *item,
                                uint32_t gang)
{
    struct part part = {.set = set, .object = item};
    const char *own = key;
    part.at = key != NULL ? sy_arena_printf(x->arena, "%s.%s", set->each, key)
                          : sy_arena_printf(x->arena, "%s[%zu]", set->each, index);
    if (part.at == NULL)
        return no_memory(x);
    if (!json_is_object(item))
        return fail_type(x, part.at, "", "object", item);
    enum sy_code code = SY_OK;
    if (key == NULL && set->name_key != NULL)
        code = text_at(x, item, part.at, set->name_key, &own);
    if (code != SY_OK)
        return code;
    part.name =
        own != NULL ? join_name(x, name, own) : sy_arena_printf(x->arena, "%s-%zu", name, index);
    return part.name != NULL ? expand_part(x, &part, gang) : no_memory(x);
}

static enum sy_code expand_each(struct expansion *x, const struct sy_workload_set *set,
                                const char *name, uint32_t gang)
{
    const json_t *items;
    enum sy_code code = dig(x, x->manifest->object, "", set->each, &items);
    if (code != SY_OK || items == NULL)
        return code;
    if (!json_is_array(items) && !json_is_object(items))
        return fail_type(x, "", set->each, "a list or a map", items);
    if (json_array_size(items) > ELEMENTS_MAX || json_object_size(items) > ELEMENTS_MAX)
        return fail_at(x, "", set->each, SY_ELIMIT, "has more than 10000 items");
    for (size_t i = 0; i < json_array_size(items) && code == SY_OK; i++)
        code = expand_item(x, set, name, NULL, i, json_array_get(items, i), gang);
    void *iter = json_is_object(items) ? json_object_iter((json_t *)(uintptr_t)items) : NULL;
    for (; iter != NULL && code == SY_OK;
         iter = json_object_iter_next((json_t *)(uintptr_t)items, iter))
        code = expand_item(x, set, name, json_object_iter_key(iter), 0,
                           json_object_iter_value(iter), gang);
    return code;
}

static enum sy_code expand_set(struct expansion *x, const struct sy_workload_set *set,
                               const char *name, uint32_t gang)
{
    if (set->each != NULL)
        return expand_each(x, set, name, gang);
    struct part part = {.set = set, .object = x->manifest->object, .at = "", .name = name};
    if (set->name != NULL)
        part.name = join_name(x, name, set->name);
    return part.name != NULL ? expand_part(x, &part, gang) : no_memory(x);
}

/* All of a gang, unless the object says that fewer are enough. */
static enum sy_code settle_gangs(struct expansion *x)
{
    int64_t least = COUNT_MAX;
    enum sy_code code = number_at(x, x->manifest->object, "", x->kind->gang_min, &least);
    for (size_t i = x->first; i < x->ret->n && code == SY_OK;) {
        size_t end = i; /* the pods of a gang stand together */
        while (end < x->ret->n && x->pod[end].gang == x->pod[i].gang)
            end++;
        uint32_t all = (uint32_t)(end - i);
        for (size_t k = i; x->pod[i].gang > 0 && k < end; k++)
            x->pod[k].gang_min = least < all ? (uint32_t)least : all;
        i = end;
    }
    return code;
}

static enum sy_code expand_kind(struct expansion *x)
{
    const struct sy_workload_kind *kind = x->kind;
    int64_t replicas = 1;
    enum sy_code code = number_at(x, x->manifest->object, "", kind->replicas, &replicas);
    for (int64_t r = 0; r < replicas && code == SY_OK; r++) {
        const char *name = x->name;
        size_t before = x->ret->n;
        if (kind->replicas != NULL)
            name = sy_arena_printf(x->arena, "%s-%lld", x->name, (long long)r);
        if (name == NULL)
            return no_memory(x);
        if (kind->gang == SY_GANG_REPLICA || (kind->gang == SY_GANG_OBJECT && r == 0))
            x->gangs++;
        for (size_t i = 0; i < kind->nset && code == SY_OK; i++)
            code = expand_set(x, &kind->set[i], name, kind->gang != SY_GANG_NONE ? x->gangs : 0);
        if (x->ret->n == before) /* no more will come of the others */
            break;
    }
    return code == SY_OK ? settle_gangs(x) : code;
}

static enum sy_code unknown_kind(const struct expansion *x, const char *kind, const char *group)
{
    char known[400] = "", shown[64];
    for (size_t i = 0; i < x->table->n; i++) {
        size_t len = strlen(known);
        bool again = i > 0 && sy_workload_find(x->table, x->table->kind[i].kind,
                                               x->table->kind[i].group) != &x->table->kind[i];
        if (!again)
            (void)snprintf(known + len, sizeof known - len, "%s%s", len > 0 ? ", " : "",
                           x->table->kind[i].kind);
    }
    return sy_fail(x->err, SY_EINVAL,
                   "%s: kind %s%s%s: no pod template is known for it (known: %s; --workloads)",
                   x->manifest->where, sy_quote(shown, sizeof shown, kind, strlen(kind)),
                   group[0] != '\0' ? " of " : "", group, known);
}

/* "kubeflow.org/v1" → "kubeflow.org" */
static const char *group_of(struct expansion *x, const char *version)
{
    const char *slash = strchr(version, '/');
    return slash != NULL ? sy_arena_strndup(x->arena, version, (size_t)(slash - version)) : "";
}

static enum sy_code find_kind(struct expansion *x)
{
    const char *kind = NULL, *version = "v1", *group;
    enum sy_code code = text_at(x, x->manifest->object, "", "kind", &kind);
    if (code == SY_OK)
        code = text_at(x, x->manifest->object, "", "apiVersion", &version);
    if (code == SY_OK && kind == NULL)
        return fail_at(x, "", "kind", SY_EINVAL, "required");
    if (code != SY_OK)
        return code;
    if ((group = group_of(x, version)) == NULL)
        return no_memory(x);
    x->kind = sy_workload_find(x->table, kind, group);
    return x->kind != NULL ? SY_OK : unknown_kind(x, kind, group);
}

static enum sy_code find_name(struct expansion *x)
{
    x->name = NULL;
    x->own_namespace = NULL;
    enum sy_code code = text_at(x, x->manifest->object, "", "metadata.name", &x->name);
    if (code == SY_OK && x->name == NULL)
        code = text_at(x, x->manifest->object, "", "metadata.generateName", &x->name);
    if (code == SY_OK)
        code = text_at(x, x->manifest->object, "", "metadata.namespace", &x->own_namespace);
    if (code == SY_OK && (x->name == NULL || x->name[0] == '\0'))
        code = fail_at(x, "", "metadata.name", SY_EINVAL, "required");
    if (code != SY_OK)
        return code;
    if (x->own_namespace == NULL || x->own_namespace[0] == '\0')
        x->own_namespace = x->namespace_;
    x->name = sy_arena_printf(x->arena, "%s", x->name);
    x->own_namespace = sy_arena_printf(x->arena, "%s", x->own_namespace);
    return x->name != NULL && x->own_namespace != NULL ? SY_OK : no_memory(x);
}

static enum sy_code tell_queue(struct expansion *x)
{
    const char *key = "kueue.x-k8s.io/queue-name";
    const json_t *labels;
    enum sy_code code = dig(x, x->manifest->object, "", "metadata.labels", &labels);
    if (code == SY_OK && json_object_get(labels, key) != NULL)
        code = note(x, "Kueue admits it by its queue's quota, which is not modelled");
    if (code == SY_OK && x->kind->note != NULL)
        code = note(x, x->kind->note);
    return code;
}

static enum sy_code expand_one(struct expansion *x, const struct sy_manifest *manifest)
{
    x->manifest = manifest;
    x->first = x->ret->n;
    enum sy_code code = find_kind(x);
    if (code == SY_OK)
        code = find_name(x);
    if (code == SY_OK)
        code = expand_kind(x);
    return code == SY_OK ? tell_queue(x) : code;
}

void sy_workload_pods_done(struct sy_workload_pods *pods)
{
    json_decref(pods->keep);
    pods->keep = NULL;
}

static enum sy_code expand_list(struct expansion *x, const struct sy_manifest *manifest, size_t n)
{
    enum sy_code code = SY_OK;
    if (x->table == NULL)
        code = sy_workload_table_load(NULL, x->arena, &x->table, x->err);
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = expand_one(x, &manifest[i]);
    if (code != SY_OK)
        return code;
    x->ret->pod = sy_arena_calloc(x->arena, x->ret->n, sizeof *x->ret->pod);
    if (x->ret->pod == NULL)
        return no_memory(x);
    if (x->ret->n > 0)
        memcpy(x->ret->pod, x->pod, x->ret->n * sizeof *x->ret->pod);
    return SY_OK;
}

enum sy_code sy_workload_expand_all(const struct sy_manifest *manifest, size_t n,
                                    const struct sy_workload_options *options,
                                    const struct sy_state *state, struct sy_arena *arena,
                                    struct sy_workload_pods *ret, struct sy_err *err)
{
    struct sy_workload_pods pods = {.keep = json_array()};
    struct expansion x = {.state = state,
                          .table = options != NULL ? options->table : NULL,
                          .namespace_ = "default",
                          .arena = arena,
                          .ret = &pods,
                          .err = err};
    if (options != NULL && options->namespace_ != NULL)
        x.namespace_ = options->namespace_;
    enum sy_code code = pods.keep != NULL ? expand_list(&x, manifest, n) : no_memory(&x);
    sy_free(x.pod);
    if (code == SY_OK)
        *ret = pods;
    else
        sy_workload_pods_done(&pods);
    return code;
}

enum sy_code sy_workload_expand(const struct sy_manifest *manifest, const struct sy_state *state,
                                struct sy_arena *arena, struct sy_workload_pods *ret,
                                struct sy_err *err)
{
    return sy_workload_expand_all(manifest, 1, NULL, state, arena, ret, err);
}

enum sy_code sy_workload_read(const char *path, const struct sy_state *state,
                              struct sy_arena *arena, struct sy_workload_pods *ret,
                              struct sy_err *err)
{
    struct sy_manifest *manifest = NULL;
    size_t n = 0;
    enum sy_code code = sy_manifests_read(path, arena, &manifest, &n, err);
    if (code != SY_OK)
        return code;
    code = sy_workload_expand_all(manifest, n, NULL, state, arena, ret, err);
    sy_manifests_done(manifest, n);
    return code;
}
