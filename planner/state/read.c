/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders and pipes → the intake. A document is gone through twice: first for what stands
 * around its items (a snapshot's version is looked at before anything in it is believed), then for
 * the items, one after the other; nothing but the wanted fields is ever built. */
#define _GNU_SOURCE
#include "planner/state/source.h"
#include "planner/state/state_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEPT_MAX ((size_t)4 << 30) /* of one document; the input's own limit is below it */
#define STRING_MAX ((size_t)1 << 20)
#define FILES_MAX 10000u /* of one folder */
#define LISTS_MAX 16u    /* within each other */
#define CHUNK ((size_t)1 << 20)
#define WHERE_MAX 512u

struct reading {
    struct sy_intake *intake;
    const struct sy_document *document;
    json_t *top; /* what stands around the items, or the object itself; a reference */
    const char *kind, *version; /* of items that do not say theirs; NULL = they must */
    size_t n;                   /* items read */
};

static enum sy_code take_object(struct sy_intake *intake, json_t *object, const char *where,
                                const char *kind, const char *version, unsigned depth,
                                struct sy_err *err);

static bool is_list_kind(const char *kind)
{
    size_t len = kind != NULL ? strlen(kind) : 0;
    return len >= 4 && strcmp(kind + len - 4, "List") == 0;
}

/* "NodeList" of an API server: its items do not say their kind, and there are no others. */
static enum sy_code item_kind(struct sy_intake *intake, const json_t *list, const char **ret_kind,
                              const char **ret_version, struct sy_err *err)
{
    const char *kind = json_string_value(json_object_get(list, "kind"));
    *ret_kind = *ret_version = NULL;
    if (!is_list_kind(kind) || strlen(kind) == 4)
        return SY_OK;
    *ret_kind = sy_arena_strndup(intake->arena, kind, strlen(kind) - 4);
    if (*ret_kind == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret_version = json_string_value(json_object_get(list, "apiVersion"));
    int known = sy_state_kind_find(*ret_kind);
    if (known >= 0)
        intake->listed[known] = true;
    return SY_OK;
}

static enum sy_code take_list(struct sy_intake *intake, const json_t *list, const char *where,
                              unsigned depth, struct sy_err *err)
{
    json_t *items = NULL;
    const char *kind, *version;
    char place[WHERE_MAX];
    struct sy_err why = {0};
    if (depth == LISTS_MAX)
        return sy_fail(err, SY_ELIMIT, "%s: more than %u lists within each other", where,
                       LISTS_MAX);
    enum sy_code code = sy_intake_list(intake, list, where, err);
    if (code == SY_OK)
        code = item_kind(intake, list, &kind, &version, err);
    if (code == SY_OK &&
        sy_json_array(list, "items", SY_JSON_OPTIONAL, SIZE_MAX, NULL, &items, &why) != SY_OK)
        code = sy_fail(err, why.code, "%s: %s", where, why.text);
    for (size_t i = 0; i < json_array_size(items) && code == SY_OK; i++) {
        (void)snprintf(place, sizeof place, "%s/items/%zu", where, i);
        code = take_object(intake, json_array_get(items, i), place, kind, version, depth + 1, err);
    }
    return code;
}

static enum sy_code take_object(struct sy_intake *intake, json_t *object, const char *where,
                                const char *kind, const char *version, unsigned depth,
                                struct sy_err *err)
{
    bool ok = true;
    if (json_is_object(object) && json_object_get(object, "items") != NULL)
        return take_list(intake, object, where, depth, err);
    if (json_is_object(object) && kind != NULL && json_object_get(object, "kind") == NULL) {
        ok = json_object_set_new(object, "kind", json_string(kind)) == 0;
        if (ok && version != NULL && json_object_get(object, "apiVersion") == NULL)
            ok = json_object_set_new(object, "apiVersion", json_string(version)) == 0;
    }
    return ok ? sy_intake_put(intake, object, where, err)
              : sy_fail(err, SY_ENOMEM, "out of memory");
}

static enum sy_code on_item(void *data, json_t *object, struct sy_err *err)
{
    struct reading *r = data;
    char where[WHERE_MAX];
    (void)sy_document_item(r->document, r->n++, where, sizeof where);
    return take_object(r->intake, object, where, r->kind, r->version, 1, err);
}

static enum sy_code on_top(void *data, json_t *top, struct sy_err *err)
{
    struct reading *r = data;
    (void)err;
    json_decref(r->top);
    r->top = json_incref(top);
    return SY_OK;
}

static enum sy_code skip_item(void *data, json_t *object, struct sy_err *err)
{
    (void)data, (void)object, (void)err;
    return SY_OK;
}

/* The extractor's own complaints say at which byte; what else went wrong has its place already. */
static enum sy_code put_place(const struct reading *r, const struct sy_err *why, struct sy_err *err)
{
    char *rest;
    if (strncmp(why->text, "byte ", 5) != 0)
        return sy_fail(err, why->code, "%s", why->text);
    unsigned long long at = strtoull(why->text + 5, &rest, 10);
    return sy_document_fail(r->document, at, why->code, rest + strspn(rest, ": "), err);
}

/* One way through the bytes. *ret_list: there are items, be they null. */
static enum sy_code pass(struct reading *r, const struct sy_kube_field *fields,
                         sy_kube_extract_fn *item, const struct sy_kube_field *fields_top,
                         bool *ret_list, struct sy_err *err)
{
    struct sy_kube_extract *extract = NULL;
    struct sy_err why = {0};
    const struct sy_kube_extract_options options = {
        .fields = fields,
        .items_key = "items",
        .fields_top = fields_top,
        .limits = {.max_kept_bytes = KEPT_MAX, .max_string = STRING_MAX},
        .document = item,
        .top = fields_top != NULL ? on_top : NULL,
        .data = r};
    const char *data = r->document->data;
    size_t len = r->document->len;
    enum sy_code code = sy_kube_extract_new(&options, &extract, &why);
    for (size_t at = 0; at < len && code == SY_OK; at += CHUNK)
        code = sy_kube_extract_feed(extract, data + at, len - at < CHUNK ? len - at : CHUNK, &why);
    if (code == SY_OK)
        code = sy_kube_extract_end(extract, &why);
    if (code == SY_OK)
        *ret_list = sy_kube_extract_has_items(extract);
    sy_kube_extract_free(extract);
    return code == SY_OK ? code : put_place(r, &why, err);
}

static enum sy_code read_items(struct reading *r, const struct sy_kube_field *any,
                               struct sy_err *err)
{
    char where[WHERE_MAX];
    bool list;
    (void)sy_document_name(r->document, where, sizeof where);
    enum sy_code code = sy_intake_list(r->intake, r->top, where, err);
    if (code == SY_OK)
        code = item_kind(r->intake, r->top, &r->kind, &r->version, err);
    return code == SY_OK ? pass(r, any, on_item, NULL, &list, err) : code;
}

static enum sy_code read_document(void *data, const struct sy_document *document,
                                  struct sy_err *err)
{
    static const struct sy_kube_field nothing[] = {{.key = NULL}};
    struct reading r = {.intake = data, .document = document};
    char where[WHERE_MAX];
    bool list = false;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 20);
    const struct sy_kube_field *any = arena != NULL ? sy_state_fields_any(arena) : NULL;
    if (any == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = pass(&r, nothing, skip_item, any, &list, err);
    (void)sy_document_name(document, where, sizeof where);
    const char *kind = json_string_value(json_object_get(r.top, "kind"));
    bool should = kind != NULL && (strcmp(kind, "Snapshot") == 0 || is_list_kind(kind));
    if (code == SY_OK && list)
        code = read_items(&r, any, err);
    else if (code == SY_OK && should) {
        code = sy_intake_list(r.intake, r.top, where, err); /* another version goes first */
        if (code == SY_OK)
            code = sy_fail(err, SY_EINVAL, "%s: /items: required", where);
    } else if (code == SY_OK)
        code = take_object(r.intake, r.top, where, NULL, NULL, 0, err);
    json_decref(r.top);
    return code;
}

enum sy_code sy_state_read_bytes(struct sy_intake *intake, const char *name, const char *data,
                                 size_t len, struct sy_err *err)
{
    return sy_documents_each(name, data, len, SY_INPUT_MAX, read_document, intake, err);
}

static enum sy_code read_file(struct sy_intake *intake, const char *path, struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len = 0;
    enum sy_code code = sy_input_read(path, SY_INPUT_MAX, &data, &len, err);
    if (code != SY_OK)
        return code;
    return sy_state_read_bytes(intake, strcmp(path, "-") == 0 ? "standard input" : path, data, len,
                               err);
}

/* Documents by their names; others in the folder are none of ours. */
static bool is_document(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot != NULL &&
           (strcmp(dot, ".json") == 0 || strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths of the documents in a folder, in the arena, ascending. */
static enum sy_code list_folder(const char *path, struct sy_arena *arena, const char ***ret,
                                size_t *ret_n, struct sy_err *err)
{
    const char **file = sy_arena_calloc(arena, FILES_MAX, sizeof(const char *));
    size_t n = 0;
    enum sy_code code = file != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
    DIR *folder = opendir(path);
    if (folder == NULL)
        return sy_fail(err, SY_EIO, "%s: cannot read the folder: %m", path);
    for (const struct dirent *entry; code == SY_OK && (entry = readdir(folder)) != NULL;) {
        if (!is_document(entry->d_name))
            continue;
        if (n == FILES_MAX)
            code = sy_fail(err, SY_ELIMIT, "%s: more than %u files", path, FILES_MAX);
        else if ((file[n++] = sy_arena_printf(arena, "%s/%s", path, entry->d_name)) == NULL)
            code = sy_fail(err, SY_ENOMEM, "out of memory");
    }
    (void)closedir(folder);
    if (code == SY_OK && n == 0)
        code = sy_fail(err, SY_EINVAL, "%s: no .json, .yaml or .yml file in this folder", path);
    if (n > 1)
        qsort(file, n, sizeof(const char *), by_bytes);
    *ret = file;
    *ret_n = n;
    return code;
}

static enum sy_code read_folder(struct sy_intake *intake, const char *path, struct sy_err *err)
{
    const char **file;
    size_t n;
    enum sy_code code = list_folder(path, intake->arena, &file, &n, err);
    for (size_t i = 0; code == SY_OK && i < n; i++)
        code = read_file(intake, file[i], err);
    return code;
}

enum sy_code sy_state_read_path(struct sy_intake *intake, const char *path, struct sy_err *err)
{
    struct stat info;
    if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return read_folder(intake, path, err);
    return read_file(intake, path, err);
}
