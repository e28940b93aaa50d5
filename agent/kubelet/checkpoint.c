/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kubelet/checkpoint.h"

#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16u
#define NUMA_NODES_MAX 4096u /* members of one DeviceIDs */

struct reader {
    struct sy_arena *arena;
    struct sy_err *err;
    struct sy_checkpoint_entry *entry;
    size_t n, size;
};

static enum sy_code copy_text(struct reader *r, const char *text, const struct sy_path *at,
                              const char **ret)
{
    size_t len = strlen(text);
    if (len > SY_CHECKPOINT_TEXT_MAX)
        return sy_json_fail(at, SY_ELIMIT, r->err, "%zu bytes, at most %u", len,
                            SY_CHECKPOINT_TEXT_MAX);
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return sy_json_fail(at, SY_EINVAL, r->err, "byte %zu is 0x%02x, no printable ASCII", i,
                                (unsigned char)text[i]);
    }
    const char *copy = sy_arena_strndup(r->arena, text, len);
    if (copy == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    *ret = copy;
    return SY_OK;
}

/* A required text of an entry. */
static enum sy_code read_text(struct reader *r, const json_t *from, const char *key,
                              const struct sy_path *at, const char **ret)
{
    const char *text = NULL;
    enum sy_code code =
        sy_json_str(from, key, SY_JSON_REQUIRED, SY_CHECKPOINT_TEXT_MAX, at, &text, r->err);
    return code == SY_OK ? copy_text(r, text, SY_PATH_KEY(at, key), ret) : code;
}

/* Room for one more; what the arena gave before is left behind, so that twice the room is used. */
static enum sy_code grow(struct reader *r)
{
    if (r->n < r->size)
        return SY_OK;
    if (r->n == SY_CHECKPOINT_ENTRIES_MAX)
        return sy_fail(r->err, SY_ELIMIT, "more than %u device ids", SY_CHECKPOINT_ENTRIES_MAX);
    size_t size = r->size == 0 ? 64 : r->size * 2;
    struct sy_checkpoint_entry *grown = sy_arena_calloc(r->arena, size, sizeof *grown);
    if (grown == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    if (r->n > 0)
        memcpy(grown, r->entry, r->n * sizeof *grown);
    r->entry = grown;
    r->size = size;
    return SY_OK;
}

static enum sy_code read_ids(struct reader *r, const json_t *ids, const struct sy_path *at,
                             struct sy_checkpoint_entry entry)
{
    if (json_is_null(ids))
        return SY_OK;
    if (!json_is_array(ids))
        return sy_json_fail_type(at, "array", ids, r->err);
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        const struct sy_path *here = SY_PATH_AT(at, i);
        if (!json_is_string(id))
            return sy_json_fail_type(here, "string", id, r->err);
        if (strlen(json_string_value(id)) != json_string_length(id))
            return sy_json_fail(here, SY_EINVAL, r->err, "a text must not hold a NUL byte");
        enum sy_code code = copy_text(r, json_string_value(id), here, &entry.device_id);
        if (code == SY_OK)
            code = grow(r);
        if (code != SY_OK)
            return code;
        r->entry[r->n++] = entry;
    }
    return SY_OK;
}

/* {"0": [ids], "-1": [ids]} by NUMA node, or [ids]. */
static enum sy_code read_device_ids(struct reader *r, const json_t *ids, const struct sy_path *at,
                                    const struct sy_checkpoint_entry *entry)
{
    if (!json_is_object(ids))
        return read_ids(r, ids, at, *entry);
    if (json_object_size(ids) > NUMA_NODES_MAX)
        return sy_json_fail(at, SY_ELIMIT, r->err, "%zu NUMA nodes, at most %u",
                            json_object_size(ids), NUMA_NODES_MAX);
    const char *node;
    json_t *list;
    enum sy_code code = SY_OK;
    json_object_foreach((json_t *)(uintptr_t)ids, node, list)
    {
        code = read_ids(r, list, SY_PATH_KEY(at, node), *entry);
        if (code != SY_OK)
            break;
    }
    return code;
}

static enum sy_code read_entry(struct reader *r, const json_t *from, const struct sy_path *at)
{
    struct sy_checkpoint_entry entry = {0};
    if (!json_is_object(from))
        return sy_json_fail_type(at, "object", from, r->err);
    enum sy_code code = read_text(r, from, "PodUID", at, &entry.pod_uid);
    if (code == SY_OK)
        code = read_text(r, from, "ContainerName", at, &entry.container);
    if (code == SY_OK)
        code = read_text(r, from, "ResourceName", at, &entry.resource);
    if (code != SY_OK)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "DeviceIDs");
    const json_t *ids = json_object_get(from, "DeviceIDs");
    if (ids == NULL)
        return sy_json_fail(here, SY_EINVAL, r->err, "required");
    return read_device_ids(r, ids, here, &entry);
}

static int compare(const struct sy_checkpoint_entry *a, const struct sy_checkpoint_entry *b)
{
    int c = strcmp(a->resource, b->resource);
    if (c == 0)
        c = strcmp(a->device_id, b->device_id);
    return c != 0 ? c : strcmp(a->container, b->container);
}

static int entry_cmp(const void *left, const void *right)
{
    const struct sy_checkpoint_entry *a = left, *b = right;
    int c = compare(a, b);
    return c != 0 ? c : strcmp(a->pod_uid, b->pod_uid);
}

static void sort(struct reader *r)
{
    if (r->n == 0)
        return;
    qsort(r->entry, r->n, sizeof *r->entry, entry_cmp);
    size_t n = 1;
    for (size_t i = 1; i < r->n; i++) {
        if (entry_cmp(&r->entry[n - 1], &r->entry[i]) != 0)
            r->entry[n++] = r->entry[i];
    }
    r->n = n;
}

static enum sy_code read_root(struct reader *r, const json_t *root)
{
    json_t *data = NULL, *entries = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "Data");
    if (!json_is_object(root))
        return sy_json_fail_type(NULL, "object", root, r->err);
    enum sy_code code = sy_json_object(root, "Data", SY_JSON_REQUIRED, NULL, &data, r->err);
    if (code == SY_OK) /* null = nobody holds anything */
        code = sy_json_array(data, "PodDeviceEntries", SY_JSON_OPTIONAL, SY_CHECKPOINT_ENTRIES_MAX,
                             at, &entries, r->err);
    if (code == SY_OK && json_object_get(data, "PodDeviceEntries") == NULL)
        code = sy_json_fail(SY_PATH_KEY(at, "PodDeviceEntries"), SY_EINVAL, r->err, "required");
    const struct sy_path *list = SY_PATH_KEY(at, "PodDeviceEntries");
    for (size_t i = 0; i < json_array_size(entries) && code == SY_OK; i++)
        code = read_entry(r, json_array_get(entries, i), SY_PATH_AT(list, i));
    return code;
}

enum sy_code sy_checkpoint_parse(const char *file, const char *data, size_t len,
                                 struct sy_arena *arena, struct sy_checkpoint *ret,
                                 struct sy_err *err)
{
    static const struct sy_json_limits limits = {.max_bytes = SY_CHECKPOINT_MAX_BYTES,
                                                 .max_depth = DEPTH_MAX};
    struct sy_err why = {0};
    struct reader r = {.arena = arena, .err = &why};
    sy_autojson json_t *root = NULL;
    enum sy_code code = sy_json_parse(data, len, &limits, &root, &why);
    if (code == SY_OK)
        code = read_root(&r, root);
    if (code != SY_OK)
        return sy_fail(err, code, "%.200s: %s", file, why.text);
    sort(&r);
    *ret = (struct sy_checkpoint){.n = r.n, .entry = r.entry};
    return SY_OK;
}

enum sy_code sy_checkpoint_read(const char *path, struct sy_arena *arena, struct sy_checkpoint *ret,
                                struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len = 0;
    enum sy_code code = sy_file_read(path, SY_CHECKPOINT_MAX_BYTES, &data, &len, err);
    return code == SY_OK ? sy_checkpoint_parse(path, data, len, arena, ret, err) : code;
}

const char *sy_checkpoint_pod_uid(const struct sy_checkpoint *checkpoint, const char *resource,
                                  const char *device_id, const char *container)
{
    const struct sy_checkpoint_entry wanted = {
        .resource = resource, .device_id = device_id, .container = container};
    size_t low = 0, high = checkpoint->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&checkpoint->entry[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == checkpoint->n || compare(&checkpoint->entry[low], &wanted) != 0)
        return NULL;
    bool several = low + 1 < checkpoint->n && compare(&checkpoint->entry[low + 1], &wanted) == 0;
    return several ? NULL : checkpoint->entry[low].pod_uid;
}
