/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as they come, in any order and out of any number of files: sorted by kind, pruned to what
 * is read, and each there once. */
#include "planner/state/state_private.h"

#include "base/str.h"
#include "base/time.h"
#include "topology/node_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MAX 253u
#define OTHERS_MAX 10000u
#define LISTS_MAX 100u
#define SCRATCH_MAX ((size_t)16 << 20) /* of one inventory */

enum sy_code sy_intake_init(struct sy_intake *intake, struct sy_arena *arena,
                            struct sy_catalogue *catalogue, struct sy_err *err)
{
    *intake = (struct sy_intake){
        .arena = arena, .catalogue = catalogue, .share = sy_share_new(), .namespace_ = "default"};
    return intake->share != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static void forget(struct sy_intake_object *object)
{
    json_decref(object->object);
    json_decref(object->ledger);
    sy_usage_unref(object->report);
    sy_fabric_unref(object->fabric);
}

void sy_intake_done(struct sy_intake *intake)
{
    for (unsigned k = 0; k < SY_STATE_KIND_COUNT; k++) {
        for (size_t i = 0; i < intake->list[k].n; i++)
            forget(&intake->list[k].object[i]);
        sy_free(intake->list[k].object);
    }
    sy_free(intake->other);
    sy_free(intake->note);
    sy_share_free(intake->share);
    *intake = (struct sy_intake){0};
}

/* The array with room for one more than `n`, grown where it has not; NULL: out of memory, and it is
 * as it was. */
static void *room(void *array, size_t n, size_t *size, size_t each)
{
    size_t more = *size * 2 + 16, bytes;
    if (n < *size)
        return array;
    void *grown = sy_mul_size(more, each, &bytes) ? sy_realloc(array, bytes) : NULL;
    if (grown != NULL)
        *size = more;
    return grown;
}

enum sy_code sy_intake_note(struct sy_intake *intake, struct sy_err *err, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *copy = sy_arena_strndup(intake->arena, text, strlen(text));
    const char **grown =
        room(intake->note, intake->nnote, &intake->note_size, sizeof(const char *));
    if (grown != NULL)
        intake->note = grown;
    if (copy == NULL || grown == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    intake->note[intake->nnote++] = copy;
    return SY_OK;
}

enum sy_code sy_intake_other(struct sy_intake *intake, const char *kind, struct sy_err *err)
{
    for (size_t i = 0; i < intake->nother; i++)
        if (strcmp(intake->other[i].kind, kind) == 0) {
            intake->other[i].n++;
            return SY_OK;
        }
    if (intake->nother == OTHERS_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u different kinds", OTHERS_MAX);
    const char *copy = sy_arena_strndup(intake->arena, kind, strlen(kind));
    struct sy_intake_other *grown =
        room(intake->other, intake->nother, &intake->other_size, sizeof *grown);
    if (grown != NULL)
        intake->other = grown;
    if (copy == NULL || grown == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    intake->other[intake->nother++] = (struct sy_intake_other){.kind = copy, .n = 1};
    return SY_OK;
}

/* "apps/v1" → "apps"; "v1" → "". */
static size_t group_len(const char *version)
{
    const char *slash = strchr(version, '/');
    return slash != NULL ? (size_t)(slash - version) : 0;
}

static bool same_group(const char *a, const char *b)
{
    size_t n = group_len(a);
    return n == group_len(b) && memcmp(a, b, n) == 0;
}

static enum sy_code fail_version(const char *kind, const char *version, const char *known,
                                 struct sy_err *err)
{
    char shown[64];
    return sy_json_fail(SY_PATH_KEY(NULL, "apiVersion"), SY_EUNSUPPORTED, err,
                        "'%s' of a %s is not supported, %s is",
                        sy_quote(shown, sizeof shown, version, strlen(version)), kind, known);
}

static enum sy_code read_head(const json_t *object, const char **ret_kind, const char **ret_version,
                              struct sy_err *err)
{
    if (!json_is_object(object))
        return sy_json_fail_type(NULL, "object", object, err);
    enum sy_code code =
        sy_json_str(object, "kind", SY_JSON_REQUIRED, SY_STATE_NAME_MAX, NULL, ret_kind, err);
    if (code == SY_OK && (*ret_kind)[0] == '\0')
        code = sy_json_fail(SY_PATH_KEY(NULL, "kind"), SY_EINVAL, err, "required");
    if (code == SY_OK)
        code = sy_json_str(object, "apiVersion", SY_JSON_REQUIRED, VERSION_MAX, NULL, ret_version,
                           err);
    return code;
}

/* When the snapshot was taken; the generation of the service's. */
static enum sy_code read_list_metadata(struct sy_intake *intake, const json_t *top,
                                       struct sy_err *err)
{
    json_t *metadata = NULL;
    const char *taken = NULL, *version = "";
    int64_t us = 0;
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    enum sy_code code = sy_json_object(top, "metadata", SY_JSON_OPTIONAL, NULL, &metadata, err);
    if (code == SY_OK)
        code = sy_json_str(metadata, "takenTime", SY_JSON_OPTIONAL, 64, at, &taken, err);
    if (code == SY_OK)
        code = sy_json_str(metadata, "resourceVersion", SY_JSON_OPTIONAL, 64, at, &version, err);
    if (code != SY_OK)
        return code;
    if (taken != NULL && (sy_time_parse(taken, &us, NULL) != SY_OK || us < 0))
        return sy_json_fail(SY_PATH_KEY(at, "takenTime"), SY_EINVAL, err,
                            "expected a time such as 2026-01-31T12:00:00Z");
    if (us > intake->taken_us)
        intake->taken_us = us;
    uint64_t generation = strtoull(version, NULL, 10); /* the service's; others' goes for nothing */
    if (generation > intake->generation)
        intake->generation = generation;
    return SY_OK;
}

/* Of which kinds a snapshot has all; one that does not say has all pods. */
static enum sy_code read_lists(struct sy_intake *intake, const json_t *top, struct sy_err *err)
{
    json_t *metadata = NULL, *lists = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    enum sy_code code = sy_json_object(top, "metadata", SY_JSON_OPTIONAL, NULL, &metadata, err);
    if (code == SY_OK)
        code = sy_json_array(metadata, "lists", SY_JSON_OPTIONAL, LISTS_MAX, at, &lists, err);
    if (code == SY_OK && lists == NULL)
        intake->listed[SY_STATE_POD] = true;
    for (size_t i = 0; i < json_array_size(lists) && code == SY_OK; i++) {
        const json_t *one = json_array_get(lists, i);
        int kind = json_is_string(one) ? sy_state_kind_find(json_string_value(one)) : -1;
        if (!json_is_string(one))
            code = sy_json_fail_type(SY_PATH_AT(SY_PATH_KEY(at, "lists"), i), "string", one, err);
        else if (kind >= 0)
            intake->listed[kind] = true;
    }
    return code;
}

enum sy_code sy_intake_list(struct sy_intake *intake, const json_t *top, const char *where,
                            struct sy_err *err)
{
    const char *kind = "", *version = "";
    struct sy_err why = {0};
    enum sy_code code = read_head(top, &kind, &version, &why);
    if (code == SY_OK && strcmp(kind, "Snapshot") == 0) {
        if (strcmp(version, SY_STATE_API) != 0)
            code = fail_version(kind, version, SY_STATE_API, &why);
        else
            code = read_lists(intake, top, &why);
    } else if (code == SY_OK && same_group(version, SY_STATE_API) &&
               strcmp(version, SY_STATE_API) != 0) {
        code = fail_version(kind, version, SY_STATE_API, &why);
    }
    if (code == SY_OK)
        code = read_list_metadata(intake, top, &why);
    return code == SY_OK ? code : sy_fail(err, code, "%s: %s", where, why.text);
}

/* Of the conditions only the one that is read. */
static enum sy_code keep_condition(json_t *object, const char *type, struct sy_err *err)
{
    json_t *status = json_object_get(object, "status");
    json_t *conditions = json_object_get(status, "conditions");
    if (!json_is_array(conditions))
        return SY_OK;
    sy_autojson json_t *kept = json_array();
    for (size_t i = 0; kept != NULL && i < json_array_size(conditions); i++) {
        json_t *one = json_array_get(conditions, i);
        const char *said = json_string_value(json_object_get(one, "type"));
        bool wanted = !json_is_object(one) || said == NULL || strcmp(said, type) == 0;
        if (wanted && json_array_append(kept, one) != 0)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    if (kept == NULL || json_object_set(status, "conditions", kept) != 0)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

/* Members of `object` that many objects have the same of. */
static enum sy_code share_members(struct sy_share *share, json_t *object, struct sy_err *err)
{
    const char *key;
    json_t *value;
    void *next;
    if (!json_is_object(object))
        return SY_OK;
    json_object_foreach_safe(object, next, key, value)
    {
        if (!json_is_object(value) && !json_is_array(value))
            continue;
        json_t *shared = sy_share_json(share, json_incref(value));
        if (json_object_set_new(object, key, shared) != 0)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}

static enum sy_code read_names(const struct sy_intake *intake, const json_t *object,
                               enum sy_state_kind kind, struct sy_intake_object *ret,
                               struct sy_err *err)
{
    struct sy_arena *arena = intake->arena;
    json_t *metadata = NULL;
    const char *name = NULL, *namespace_ = "";
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    enum sy_code code = sy_json_object(object, "metadata", SY_JSON_REQUIRED, NULL, &metadata, err);
    if (code == SY_OK)
        code = sy_json_str(metadata, "name", SY_JSON_REQUIRED, SY_STATE_NAME_MAX, at, &name, err);
    if (code == SY_OK && name[0] == '\0')
        code = sy_json_fail(SY_PATH_KEY(at, "name"), SY_EINVAL, err, "empty");
    if (code == SY_OK && (kind == SY_STATE_POD || kind == SY_STATE_BUDGET)) {
        namespace_ = intake->namespace_;
        code = sy_json_str(metadata, "namespace", SY_JSON_OPTIONAL, SY_STATE_NAME_MAX, at,
                           &namespace_, err);
    }
    if (code != SY_OK)
        return code;
    ret->name = sy_arena_strndup(arena, name, strlen(name));
    ret->namespace_ = sy_arena_strndup(arena, namespace_, strlen(namespace_));
    if (ret->name == NULL || ret->namespace_ == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

static enum sy_code build_fabric(struct sy_intake *intake, const json_t *spec,
                                 struct sy_fabric **ret, struct sy_err *err)
{
    struct sy_digest key = sy_digest_of_json(spec);
    struct sy_inventory inventory = {0};
    *ret = sy_share_fabric(intake->share, key);
    if (*ret != NULL)
        return SY_OK;
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new(SCRATCH_MAX);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code =
        sy_inventory_from_json(spec, SY_PATH_KEY(NULL, "spec"), scratch, &inventory, err);
    if (code == SY_OK)
        code = sy_fabric_build(&inventory, intake->catalogue, ret, err);
    return code == SY_OK ? sy_share_put_fabric(intake->share, key, *ret, err) : code;
}

/* What a NodeFabric tells; its document goes unless it is to be written again. */
static enum sy_code read_fabric(struct sy_intake *intake, struct sy_intake_object *object,
                                struct sy_err *err)
{
    json_t *spec = NULL, *status = NULL, *metadata = NULL, *labels = NULL, *ledger = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    object->digest = sy_digest_of_json(object->object);
    enum sy_code code = sy_json_object(object->object, "spec", SY_JSON_REQUIRED, NULL, &spec, err);
    if (code == SY_OK)
        code = sy_json_object(object->object, "status", SY_JSON_OPTIONAL, NULL, &status, err);
    if (code == SY_OK)
        code = sy_json_object(object->object, "metadata", SY_JSON_REQUIRED, NULL, &metadata, err);
    if (code == SY_OK)
        code = sy_json_object(metadata, "labels", SY_JSON_OPTIONAL, at, &labels, err);
    if (code == SY_OK)
        code = sy_json_object(object->object, "ledger", SY_JSON_OPTIONAL, NULL, &ledger, err);
    if (code == SY_OK)
        code = sy_state_labels(labels, SY_PATH_KEY(at, "labels"), intake->arena, &object->label,
                               &object->nlabel, err);
    if (code == SY_OK)
        code = build_fabric(intake, spec, &object->fabric, err);
    if (code == SY_OK && status != NULL)
        code = sy_usage_from_json(status, object->fabric, SY_PATH_KEY(NULL, "status"),
                                  &object->report, err);
    if (code != SY_OK)
        return code;
    object->ledger = json_incref(ledger);
    intake->decided = intake->decided || ledger != NULL;
    if (intake->keep_documents)
        return share_members(intake->share, spec, err);
    json_decref(object->object);
    object->object = NULL;
    return SY_OK;
}

static bool is_finished(const json_t *pod)
{
    const char *phase = json_string_value(json_object_get(json_object_get(pod, "status"), "phase"));
    return phase != NULL && (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0);
}

static enum sy_code settle(struct sy_intake *intake, enum sy_state_kind kind,
                           struct sy_intake_object *object, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    json_t *spec = json_object_get(object->object, "spec");
    json_t *status = json_object_get(object->object, "status");
    if (kind == SY_STATE_FABRIC)
        return read_fabric(intake, object, err);
    if (kind == SY_STATE_NODE || kind == SY_STATE_POD)
        code =
            keep_condition(object->object, kind == SY_STATE_NODE ? "Ready" : "PodScheduled", err);
    if (code == SY_OK)
        code = share_members(intake->share, spec, err);
    if (code == SY_OK)
        code = share_members(intake->share, status, err);
    return code;
}

enum sy_code sy_intake_take(struct sy_intake *intake, enum sy_state_kind kind, const json_t *object,
                            const char *where, struct sy_err *err)
{
    struct sy_intake_list *list = &intake->list[kind];
    struct sy_intake_object one = {0};
    size_t most = kind == SY_STATE_POD ? SY_STATE_PODS_MAX : SY_STATE_NODES_MAX;
    if (list->n == most)
        return sy_fail(err, SY_ELIMIT, "more than %zu objects of kind %s", most,
                       sy_state_kind_name(kind));
    struct sy_intake_object *grown = room(list->object, list->n, &list->size, sizeof *grown);
    if (grown == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    list->object = grown;
    enum sy_code code = read_names(intake, object, kind, &one, err);
    if (code == SY_OK)
        code = sy_kube_extract_prune(object, sy_state_kind_fields(kind), &one.object, err);
    if (code == SY_OK)
        code = settle(intake, kind, &one, err);
    one.where = sy_arena_strndup(intake->arena, where, strlen(where));
    if (code == SY_OK && one.where == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK)
        list->object[list->n++] = one;
    else
        forget(&one);
    return code;
}

/* Of a kind that is read, in its version; -1 = nobody reads it. */
static enum sy_code choose_kind(const char *kind, const char *version, int *ret, struct sy_err *err)
{
    *ret = sy_state_kind_find(kind);
    if (*ret < 0) {
        bool ours = same_group(version, SY_STATE_API) && strcmp(version, SY_STATE_API) != 0;
        return ours ? fail_version(kind, version, SY_STATE_API, err) : SY_OK;
    }
    const char *known = sy_state_kind_version((enum sy_state_kind) * ret);
    if (strcmp(version, known) == 0)
        return SY_OK;
    if (same_group(version, known))
        return fail_version(kind, version, known, err);
    *ret = -1;
    return SY_OK;
}

static enum sy_code put(struct sy_intake *intake, const json_t *object, const char *where,
                        struct sy_err *err)
{
    const char *kind = "", *version = "";
    int which;
    enum sy_code code = read_head(object, &kind, &version, err);
    if (code == SY_OK)
        code = choose_kind(kind, version, &which, err);
    if (code != SY_OK)
        return code;
    if (which < 0)
        return sy_intake_other(intake, kind, err);
    if (which == SY_STATE_POD)
        intake->listed[which] = true; /* who lists pods at all lists all of them */
    if (which == SY_STATE_POD && is_finished(object))
        return sy_intake_other(intake, "Pod (finished)", err);
    return sy_intake_take(intake, (enum sy_state_kind)which, object, where, err);
}

enum sy_code sy_intake_put(struct sy_intake *intake, const json_t *object, const char *where,
                           struct sy_err *err)
{
    struct sy_err why = {0};
    enum sy_code code = put(intake, object, where, &why);
    if (code == SY_OK)
        return code;
    bool passable = code == SY_EINVAL || code == SY_EPARSE || code == SY_EUNSUPPORTED;
    if (intake->lenient && passable)
        return sy_intake_note(intake, err, "passed over: %s: %s", where, why.text);
    return sy_fail(err, code, "%s: %s", where, why.text);
}

void sy_intake_forget(struct sy_intake *intake, enum sy_state_kind kind)
{
    struct sy_intake_list *list = &intake->list[kind];
    for (size_t i = 0; i < list->n; i++)
        forget(&list->object[i]);
    list->n = 0;
}

static int by_name(const void *left, const void *right)
{
    const struct sy_intake_object *a = left, *b = right;
    int order = strcmp(a->namespace_, b->namespace_);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return order;
}

static int by_name_and_place(const void *left, const void *right)
{
    const struct sy_intake_object *a = left, *b = right;
    int order = by_name(a, b);
    return order != 0 ? order : strcmp(a->where, b->where);
}

static bool same_content(const struct sy_intake_object *a, const struct sy_intake_object *b)
{
    if (a->fabric != NULL || b->fabric != NULL)
        return sy_digest_equal(a->digest, b->digest);
    if (a->object == NULL || b->object == NULL)
        return true; /* pods that only the ledger tells of: of one name one counts */
    return json_equal(a->object, b->object);
}

static enum sy_code sort_list(struct sy_intake_list *list, enum sy_state_kind kind,
                              struct sy_err *err)
{
    size_t n = 0;
    if (list->n > 1)
        qsort(list->object, list->n, sizeof *list->object, by_name_and_place);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < list->n; i++) {
        struct sy_intake_object *before = n > 0 ? &list->object[n - 1] : NULL;
        struct sy_intake_object *one = &list->object[i];
        bool again = before != NULL && by_name(before, one) == 0;
        if (again && code == SY_OK && !same_content(before, one))
            code = sy_fail(err, SY_ECONFLICT, "%s: %s %s%s%s differs from the one in %s",
                           one->where, sy_state_kind_name(kind), one->namespace_,
                           one->namespace_[0] != '\0' ? "/" : "", one->name, before->where);
        if (again)
            forget(one);
        else
            list->object[n++] = *one;
    }
    list->n = n;
    return code;
}

enum sy_code sy_intake_sort(struct sy_intake *intake, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (unsigned k = 0; k < SY_STATE_KIND_COUNT && code == SY_OK; k++)
        code = sort_list(&intake->list[k], (enum sy_state_kind)k, err);
    return code;
}

enum sy_code sy_intake_add_ledger_pod(struct sy_intake *intake, json_t *pod, const char *namespace_,
                                      const char *name, const struct sy_intake_object *fabric,
                                      struct sy_err *err)
{
    struct sy_intake_list *list = &intake->list[SY_STATE_POD];
    struct sy_intake_object *grown = room(list->object, list->n, &list->size, sizeof *grown);
    if (grown == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    list->object = grown;
    if (list->n == SY_STATE_PODS_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u pods", SY_STATE_PODS_MAX);
    const char *uid = json_string_value(json_object_get(pod, "uid"));
    list->object[list->n++] = (struct sy_intake_object){
        .ledger = json_incref(pod),
        .uid =
            sy_arena_strndup(intake->arena, uid != NULL ? uid : "", uid != NULL ? strlen(uid) : 0),
        .namespace_ = sy_arena_strndup(intake->arena, namespace_, strlen(namespace_)),
        .name = sy_arena_strndup(intake->arena, name, strlen(name)),
        .where = fabric->where,
        .node_name = fabric->name};
    const struct sy_intake_object *last = &list->object[list->n - 1];
    if (last->namespace_ == NULL || last->name == NULL || last->uid == NULL) {
        json_decref(last->ledger);
        list->n--;
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}
