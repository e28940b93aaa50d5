/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/state/manifest.h"

#include "planner/cli/cli.h"
#include "planner/state/source.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 100u
#define LISTS_MAX 16u /* within each other */
#define OBJECTS_MAX 1000000u
#define WHERE_MAX 512u

struct reading {
    struct sy_arena *arena;
    struct sy_manifest *manifest;
    size_t n, size;
};

static enum sy_code add(struct reading *r, json_t *object, const char *where, struct sy_err *err)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (!json_is_object(object))
        return sy_fail(err, SY_EINVAL, "%s: expected object, got %s", where, sy_json_type(object));
    if (kind == NULL || kind[0] == '\0')
        return sy_fail(err, SY_EINVAL, "%s: /kind: required", where);
    if (r->n == OBJECTS_MAX)
        return sy_fail(err, SY_ELIMIT, "%s: more than %u objects", where, OBJECTS_MAX);
    if (r->n == r->size) {
        size_t size = r->size * 2 + 16;
        struct sy_manifest *grown = sy_realloc(r->manifest, size * sizeof *grown);
        if (grown == NULL)
            return sy_fail(err, SY_ENOMEM, "%s: out of memory", where);
        r->manifest = grown;
        r->size = size;
    }
    const char *copy = sy_arena_strndup(r->arena, where, strlen(where));
    if (copy == NULL)
        return sy_fail(err, SY_ENOMEM, "%s: out of memory", where);
    r->manifest[r->n++] = (struct sy_manifest){.object = json_incref(object), .where = copy};
    return SY_OK;
}

static bool is_list(const json_t *object)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    size_t len = kind != NULL ? strlen(kind) : 0;
    return len >= 4 && strcmp(kind + len - 4, "List") == 0 &&
           json_object_get(object, "items") != NULL;
}

/* `document`: of the root, whose items have places of their own; NULL further in. */
static enum sy_code take(struct reading *r, json_t *object, const char *where,
                         const struct sy_document *document, unsigned depth, struct sy_err *err)
{
    char place[WHERE_MAX + 32];
    enum sy_code code = SY_OK;
    if (!is_list(object))
        return add(r, object, where, err);
    json_t *items = json_object_get(object, "items");
    if (json_is_null(items))
        return SY_OK;
    if (!json_is_array(items))
        return sy_fail(err, SY_EINVAL, "%s: /items: expected array, got %s", where,
                       sy_json_type(items));
    if (depth == LISTS_MAX)
        return sy_fail(err, SY_ELIMIT, "%s: more than %u lists within each other", where,
                       LISTS_MAX);
    for (size_t i = 0; i < json_array_size(items) && code == SY_OK; i++) {
        if (document != NULL)
            (void)sy_document_item(document, i, place, sizeof place);
        else
            (void)snprintf(place, sizeof place, "%s/items/%zu", where, i);
        code = take(r, json_array_get(items, i), place, NULL, depth + 1, err);
    }
    return code;
}

static enum sy_code each(void *data, const struct sy_document *document, struct sy_err *err)
{
    static const struct sy_json_limits limits = {
        .max_bytes = SIZE_MAX, .max_depth = DEPTH_MAX, .reject_duplicates = true};
    sy_autojson json_t *root = NULL;
    char where[WHERE_MAX];
    struct sy_err why = {0};
    (void)sy_document_name(document, where, sizeof where);
    enum sy_code code = sy_json_parse(document->data, document->len, &limits, &root, &why);
    if (code != SY_OK)
        return sy_fail(err, code, "%s: %s", where, why.text);
    return take(data, root, where, document, 0, err);
}

enum sy_code sy_manifests_read(const char *path, struct sy_arena *arena, struct sy_manifest **ret,
                               size_t *ret_n, struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len = 0;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct reading r = {.arena = arena};
    struct sy_manifest *all = NULL;
    enum sy_code code = sy_input_read(path, SY_INPUT_MAX, &data, &len, err);
    if (code == SY_OK)
        code = sy_documents_each(name, data, len, SY_INPUT_MAX, each, &r, err);
    if (code == SY_OK) {
        all = sy_arena_calloc(arena, r.n, sizeof *all);
        if (all == NULL)
            code = sy_fail(err, SY_ENOMEM, "%s: out of memory", name);
    }
    if (code == SY_OK) {
        for (size_t i = 0; i < r.n; i++)
            all[i] = r.manifest[i];
        *ret = all;
        *ret_n = r.n;
    } else {
        sy_manifests_done(r.manifest, r.n);
    }
    sy_free(r.manifest);
    return code;
}

void sy_manifests_done(struct sy_manifest *manifest, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_decref(manifest[i].object);
        manifest[i].object = NULL;
    }
}
