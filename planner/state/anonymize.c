/* SPDX-License-Identifier: Apache-2.0 */
/* The names, old and new; and the way through a snapshot: once to collect, once to rename. */
#include "planner/state/anonymize_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)4 << 30)

struct names {
    size_t n, size;
    const char **old; /* borrowed; ascending and each once when collecting has ended */
    int width;        /* digits of a number */
};

struct sy_namer {
    const struct sy_anonymize_options *options;
    bool collecting, failed;
    struct names names[SY_NAMING_COUNT];
    struct names numeric; /* keys */
    struct sy_arena *arena;
};

static const char *const stems[SY_NAMING_COUNT] = {
#define X(id, name) [SY_NAMING_##id] = name,
    SY_NAMINGS(X)
#undef X
};

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool add(struct names *names, const char *name)
{
    if (names->n == names->size) {
        size_t size = names->size * 2 + 64, bytes;
        const char **grown =
            sy_mul_size(size, sizeof(const char *), &bytes) ? sy_realloc(names->old, bytes) : NULL;
        if (grown == NULL)
            return false;
        names->old = grown;
        names->size = size;
    }
    names->old[names->n++] = name;
    return true;
}

static void settle(struct names *names)
{
    size_t n = 0;
    if (names->n > 1)
        qsort(names->old, names->n, sizeof(const char *), by_bytes);
    for (size_t i = 0; i < names->n; i++)
        if (n == 0 || strcmp(names->old[n - 1], names->old[i]) != 0)
            names->old[n++] = names->old[i];
    names->n = n;
    names->width = snprintf(NULL, 0, "%zu", n);
}

static const char **find(const struct names *names, const char *name)
{
    if (names->n == 0)
        return NULL;
    return bsearch(&name, names->old, names->n, sizeof(const char *), by_bytes);
}

static const char *number(struct sy_namer *namer, enum sy_naming naming, const char *old)
{
    const struct names *names = &namer->names[naming];
    const char **at = find(names, old);
    size_t i = at != NULL ? (size_t)(at - names->old) + 1 : 0; /* all were collected */
    return sy_arena_printf(namer->arena, "%s-%0*zu", stems[naming], names->width, i);
}

static const char *hashed(struct sy_namer *namer, enum sy_naming naming, const char *old)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_str(&digest, namer->options->seed);
    sy_digest_str(&digest, stems[naming]);
    sy_digest_str(&digest, old);
    sy_digest_str(&digest, namer->options->seed);
    return sy_arena_printf(namer->arena, "%s-%016" PRIx64, stems[naming], digest.hi ^ digest.lo);
}

const char *sy_namer_name(struct sy_namer *namer, enum sy_naming naming, const char *old)
{
    /* Of every cluster; and what says nothing. */
    bool common = naming == SY_NAMING_REF &&
                  (strncmp(old, "system-", 7) == 0 || strcmp(old, "default-scheduler") == 0);
    if (old[0] == '\0' || common)
        return old;
    if (!namer->collecting)
        return namer->options->seed != NULL ? hashed(namer, naming, old)
                                            : number(namer, naming, old);
    if (!add(&namer->names[naming], old))
        return NULL;
    return old;
}

void sy_namer_numeric(struct sy_namer *namer, const char *key)
{
    if (namer->collecting && !add(&namer->numeric, key))
        namer->failed = true;
}

/* --- Labels. */

static bool is_kept(const struct sy_namer *namer, const char *key)
{
    for (size_t i = 0; i < namer->options->nkeep; i++)
        if (strcmp(namer->options->keep[i], key) == 0)
            return true;
    return false;
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* The domain of a key is this one or below it. */
static bool has_domain(const char *key, const char *domain)
{
    const char *slash = strchr(key, '/');
    size_t len = slash != NULL ? (size_t)(slash - key) : 0, n = strlen(domain);
    return len >= n && memcmp(key + len - n, domain, n) == 0 &&
           (len == n || key[len - n - 1] == '.');
}

static bool has_one_of(const char *key, const char *const *domains)
{
    for (; *domains != NULL; domains++)
        if (has_domain(key, *domains))
            return true;
    return false;
}

/* Whose values tell of hardware. */
static const char *const vendors[] = {
    "nvidia.com", "amd.com",       "huawei.com",   "intel.com", "xilinx.com",
    "habana.ai",  "cambricon.com", "mellanox.com", "hygon.com", "feature.node.kubernetes.io",
    NULL};

static bool is_public_key(const char *key)
{
    static const char *const projects[] = {"kubernetes.io", "k8s.io",       "switchyard.dev",
                                           "kubeflow.org",  "ray.io",       "volcano.sh",
                                           "kubevirt.io",   "karpenter.sh", "amazonaws.com",
                                           "google.com",    "azure.com",    NULL};
    static const char *const words[] = {"app",
                                        "job-name",
                                        "controller-uid",
                                        "pod-template-hash",
                                        "controller-revision-hash",
                                        "k8s-app",
                                        "component",
                                        "tier",
                                        "host-arch",
                                        "accelerator",
                                        "role",
                                        "accelerator-type",
                                        NULL};
    return has_one_of(key, vendors) || has_one_of(key, projects) || is_one_of(key, words);
}

static bool is_public_value(const char *key)
{
    static const char *const keys[] = {"kubernetes.io/arch",
                                       "kubernetes.io/os",
                                       "beta.kubernetes.io/arch",
                                       "beta.kubernetes.io/os",
                                       "node.kubernetes.io/instance-type",
                                       "beta.kubernetes.io/instance-type",
                                       "host-arch",
                                       "accelerator",
                                       "accelerator-type",
                                       NULL};
    return has_one_of(key, vendors) || is_one_of(key, keys) ||
           strncmp(key, "node-role.kubernetes.io/", 24) == 0;
}

const char *sy_namer_key(struct sy_namer *namer, const char *key)
{
    bool stays = is_kept(namer, key) || is_public_key(key);
    return stays ? key : sy_namer_name(namer, SY_NAMING_KEY, key);
}

const char *sy_namer_value(struct sy_namer *namer, const char *key, const char *value)
{
    static const char *const owners[] = {"job-name", "batch.kubernetes.io/job-name", NULL};
    static const char *const uids[] = {"controller-uid", "batch.kubernetes.io/controller-uid",
                                       NULL};
    size_t digits = strspn(value, "-0123456789");
    enum sy_naming naming = SY_NAMING_VALUE;
    if (is_kept(namer, key) || is_public_value(key))
        return value;
    if (!namer->collecting && value[digits] == '\0' && find(&namer->numeric, key) != NULL)
        return value;
    if (strcmp(key, "kubernetes.io/hostname") == 0)
        naming = SY_NAMING_NODE;
    else if (strcmp(key, "statefulset.kubernetes.io/pod-name") == 0)
        naming = SY_NAMING_POD;
    else if (strcmp(key, "kubernetes.io/metadata.name") == 0)
        naming = SY_NAMING_NAMESPACE;
    else if (is_one_of(key, owners))
        naming = SY_NAMING_OWNER;
    else if (is_one_of(key, uids))
        naming = SY_NAMING_UID;
    return sy_namer_name(namer, naming, value);
}

/* --- A snapshot. */

/* New names stand in the order of the new names. */
static json_t *rename_item(struct sy_namer *namer, const json_t *item)
{
    const char *kind = json_string_value(json_object_get(item, "kind"));
    int which = kind != NULL ? sy_state_kind_find(kind) : -1;
    if (which < 0)
        return json_deep_copy(item);
    sy_autojson json_t *renamed =
        sy_rename_object(namer, item, sy_rename_rules((enum sy_state_kind)which));
    if (renamed == NULL || namer->collecting)
        return SY_TAKE(renamed);
    return sy_snapshot_item(renamed, (enum sy_state_kind)which);
}

static json_t *rename_items(struct sy_namer *namer, const json_t *items)
{
    sy_autojson json_t *renamed = json_array();
    for (size_t i = 0; renamed != NULL && i < json_array_size(items); i++)
        if (json_array_append_new(renamed, rename_item(namer, json_array_get(items, i))) != 0)
            return NULL;
    return SY_TAKE(renamed);
}

/* With a seed the old order would be told by the new one. */
static int by_place(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    const json_t *one = json_object_get(a, "metadata"), *other = json_object_get(b, "metadata");
    int x = sy_state_kind_find(json_string_value(json_object_get(a, "kind")));
    int y = sy_state_kind_find(json_string_value(json_object_get(b, "kind")));
    if (x != y)
        return x < y ? -1 : 1;
    const char *n = json_string_value(json_object_get(one, "namespace"));
    const char *m = json_string_value(json_object_get(other, "namespace"));
    int order = n != NULL && m != NULL ? strcmp(n, m) : 0;
    n = json_string_value(json_object_get(one, "name"));
    m = json_string_value(json_object_get(other, "name"));
    return order != 0 || n == NULL || m == NULL ? order : strcmp(n, m);
}

static json_t *sort_items(json_t *items)
{
    size_t n = json_array_size(items);
    sy_autofree json_t **item = sy_calloc(n + 1, sizeof(json_t *));
    sy_autojson json_t *sorted = json_array();
    if (item == NULL || sorted == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        item[i] = json_array_get(items, i);
    qsort(item, n, sizeof(json_t *), by_place);
    for (size_t i = 0; i < n; i++)
        if (json_array_append(sorted, item[i]) != 0)
            return NULL;
    return SY_TAKE(sorted);
}

static json_t *anonymize(struct sy_namer *namer, const json_t *snapshot)
{
    const json_t *items = json_object_get(snapshot, "items");
    namer->collecting = true;
    sy_autojson json_t *seen = rename_items(namer, items);
    if (seen == NULL || namer->failed)
        return NULL;
    for (unsigned i = 0; i < SY_NAMING_COUNT; i++)
        settle(&namer->names[i]);
    settle(&namer->numeric);
    namer->collecting = false;
    sy_autojson json_t *renamed = rename_items(namer, items);
    sy_autojson json_t *sorted = renamed != NULL ? sort_items(renamed) : NULL;
    sy_autojson json_t *ret = json_copy((json_t *)(uintptr_t)snapshot);
    if (sorted == NULL || ret == NULL || json_object_set(ret, "items", sorted) != 0)
        return NULL;
    return SY_TAKE(ret);
}

enum sy_code sy_anonymize(const json_t *snapshot, const struct sy_anonymize_options *options,
                          json_t **ret, struct sy_err *err)
{
    struct sy_namer namer = {.options = options, .arena = sy_arena_new(ARENA_MAX)};
    json_t *renamed = NULL;
    bool failed = namer.arena == NULL;
    if (!failed) {
        sy_mem_watch_begin();
        renamed = anonymize(&namer, snapshot);
        failed = sy_mem_watch_end() || renamed == NULL;
    }
    for (unsigned i = 0; i < SY_NAMING_COUNT; i++)
        sy_free(namer.names[i].old);
    sy_free(namer.numeric.old);
    sy_arena_free(namer.arena);
    if (failed) {
        json_decref(renamed);
        return sy_fail(err, SY_ENOMEM, "out of memory for another snapshot");
    }
    *ret = renamed;
    return SY_OK;
}
