/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/state/snapshot.h"

#include "base/kube/fields.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX 9007199254740992.0 /* 2^53: doubles tell whole numbers apart below it */

static json_t *tidy(const json_t *value, const struct sy_kube_field *fields, const char *key);

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys of an object, ascending; NULL: out of memory. */
static const char **sorted_keys(const json_t *object)
{
    const char **keys = sy_calloc(json_object_size(object) + 1, sizeof(const char *));
    const char *key;
    json_t *value;
    size_t n = 0;
    if (keys == NULL)
        return NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        keys[n++] = key;
    }
    if (n > 1)
        qsort(keys, n, sizeof *keys, by_bytes);
    return keys;
}

/* Says nothing, where it stands in an object of fields: a list of no volumes, no annotations. */
static bool is_nothing(const json_t *value, const struct sy_kube_field *below)
{
    if (json_is_null(value))
        return true;
    return below != NULL && ((json_is_object(value) && json_object_size(value) == 0) ||
                             (json_is_array(value) && json_array_size(value) == 0));
}

static bool put(json_t *object, const char *key, const json_t *value,
                const struct sy_kube_field *below)
{
    json_t *kept = tidy(value, below, key);
    if (kept != NULL && is_nothing(kept, below)) {
        json_decref(kept);
        return true;
    }
    return json_object_set_new(object, key, kept) == 0;
}

/* Members in the order of the fields; where any name may stand, in that of the names. */
static json_t *tidy_object(const json_t *object, const struct sy_kube_field *fields)
{
    sy_autojson json_t *kept = json_object();
    sy_autofree const char **keys = sorted_keys(object);
    bool ok = kept != NULL && keys != NULL;
    for (const struct sy_kube_field *f = fields; ok && f != NULL && f->key != NULL; f++) {
        const json_t *member = json_object_get(object, f->key);
        if (strcmp(f->key, "*") != 0 && member != NULL)
            ok = put(kept, f->key, member, f->below);
    }
    for (size_t i = 0; ok && keys[i] != NULL; i++)
        if (json_object_get(kept, keys[i]) == NULL &&
            (fields == NULL || sy_kube_field_find(fields, keys[i]) != NULL))
            ok = put(kept, keys[i], json_object_get(object, keys[i]),
                     fields != NULL ? sy_kube_field_find(fields, keys[i])->below : NULL);
    return ok ? SY_TAKE(kept) : NULL;
}

static json_t *tidy_array(const json_t *array, const struct sy_kube_field *fields, const char *key)
{
    sy_autojson json_t *kept = json_array();
    bool sparse = strcmp(key, "volumes") == 0 || strcmp(key, "ports") == 0;
    for (size_t i = 0; kept != NULL && i < json_array_size(array); i++) {
        json_t *item = tidy(json_array_get(array, i), fields, "");
        if (item != NULL && sparse && is_nothing(item, fields))
            json_decref(item);
        else if (json_array_append_new(kept, item) != 0)
            return NULL;
    }
    return SY_TAKE(kept);
}

/* A copy; NULL: out of memory. The depth is that of what the extractor takes. */
static json_t *tidy(const json_t *value, const struct sy_kube_field *fields, const char *key)
{
    if (json_is_object(value))
        return tidy_object(value, fields);
    if (json_is_array(value))
        return tidy_array(value, fields, key);
    double real = json_is_real(value) ? json_real_value(value) : 0.5;
    bool small = real > -WHOLE_MAX && real < WHOLE_MAX;
    if (small && (double)(json_int_t)real == real)
        return json_integer((json_int_t)real); /* 28.0 and 28 are one number, YAML has no other */
    return json_deep_copy(value);
}

json_t *sy_snapshot_item(const json_t *object, enum sy_state_kind kind)
{
    return tidy(object, sy_state_kind_fields(kind), "");
}

static json_t *metadata_of(const struct sy_intake *intake, int64_t taken_us)
{
    char text[SY_TIME_TEXT];
    sy_autojson json_t *metadata = json_object();
    bool ok = metadata != NULL;
    if (ok && taken_us > 0)
        ok = json_object_set_new(metadata, "takenTime",
                                 json_string(sy_time_format(taken_us, text))) == 0;
    if (ok && intake->generation > 0)
        ok = json_object_set_new(metadata, "resourceVersion",
                                 json_sprintf("%llu", (unsigned long long)intake->generation)) == 0;
    sy_autojson json_t *lists = json_array();
    ok = ok && lists != NULL;
    for (unsigned k = 0; ok && k < SY_STATE_KIND_COUNT; k++)
        if (intake->listed[k] || (k != SY_STATE_POD && intake->list[k].n > 0))
            ok = json_array_append_new(lists,
                                       json_string(sy_state_kind_name((enum sy_state_kind)k))) == 0;
    ok = ok && json_object_set(metadata, "lists", lists) == 0;
    return ok ? SY_TAKE(metadata) : NULL;
}

static json_t *items_of(const struct sy_intake *intake)
{
    sy_autojson json_t *items = json_array();
    for (unsigned k = 0; items != NULL && k < SY_STATE_KIND_COUNT; k++) {
        const struct sy_intake_list *list = &intake->list[k];
        for (size_t i = 0; i < list->n; i++) {
            if (list->object[i].object == NULL)
                continue; /* a pod that only the ledger tells of: it stands in its node's */
            json_t *item = sy_snapshot_item(list->object[i].object, (enum sy_state_kind)k);
            if (json_array_append_new(items, item) != 0)
                return NULL;
        }
    }
    return SY_TAKE(items);
}

enum sy_code sy_snapshot_write(const struct sy_intake *intake, int64_t taken_us, json_t **ret,
                               struct sy_err *err)
{
    sy_mem_watch_begin();
    json_t *snapshot = sy_result_object("Snapshot");
    json_t *metadata = metadata_of(intake, taken_us), *items = items_of(intake);
    bool ok = snapshot != NULL && metadata != NULL && items != NULL &&
              json_object_set(snapshot, "metadata", metadata) == 0 &&
              json_object_set(snapshot, "items", items) == 0;
    bool failed = sy_mem_watch_end() || !ok;
    json_decref(metadata);
    json_decref(items);
    if (failed) {
        json_decref(snapshot);
        return sy_fail(err, SY_ENOMEM, "out of memory for a snapshot");
    }
    *ret = snapshot;
    return SY_OK;
}
