/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the table of workloads, built in or a user's. */
#include "base/yaml.h"
#include "planner/cli/cli.h"
#include "planner/plan/workload_private.h"

#include <string.h>

#define FILE_MAX ((size_t)1 << 20)
#define KINDS_MAX 1000u
#define SETS_MAX 16u
#define TEXT_MAX 253u
#define NUMBER_MAX 100000

struct table_reader {
    const char *file;
    struct sy_arena *arena;
    struct sy_err *err;
};

static enum sy_code text_of(struct table_reader *r, const struct sy_yaml *map, const char *key,
                            const char **ret)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    return node != NULL ? sy_yaml_str(r->file, node, TEXT_MAX, ret, r->err) : SY_OK;
}

static enum sy_code number_of(struct table_reader *r, const struct sy_yaml *map, const char *key,
                              int64_t *ret)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    return node != NULL ? sy_yaml_int(r->file, node, 0, NUMBER_MAX, ret, r->err) : SY_OK;
}

static enum sy_code flag_of(struct table_reader *r, const struct sy_yaml *map, const char *key,
                            bool *ret)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    return node != NULL ? sy_yaml_bool(r->file, node, ret, r->err) : SY_OK;
}

static enum sy_code read_counts(struct table_reader *r, const struct sy_yaml *map,
                                struct sy_workload_set *set)
{
    const struct sy_yaml *list = sy_yaml_get(map, "count");
    if (list == NULL)
        return SY_OK;
    if (list->kind != SY_YAML_LIST || list->count > SY_WORKLOAD_FACTORS_MAX)
        return sy_yaml_fail(r->file, list, SY_EINVAL, r->err, "expected a list of at most %u paths",
                            SY_WORKLOAD_FACTORS_MAX);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < list->count && code == SY_OK; i++)
        code = sy_yaml_str(r->file, list->item[i], TEXT_MAX, &set->count[set->ncount++], r->err);
    return code;
}

static enum sy_code read_set(struct table_reader *r, const struct sy_yaml *map,
                             struct sy_workload_set *set)
{
    static const char *const known[] = {"name",     "each",  "nameKey", "template", "otherwise",
                                        "replicas", "count", "most",    "default",  "less",
                                        "first",    "plain", "perNode", NULL};
    *set = (struct sy_workload_set){.default_ = 1};
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = text_of(r, map, "name", &set->name);
    if (code == SY_OK)
        code = text_of(r, map, "each", &set->each);
    if (code == SY_OK)
        code = text_of(r, map, "nameKey", &set->name_key);
    if (code == SY_OK)
        code = text_of(r, map, "template", &set->template_);
    if (code == SY_OK)
        code = text_of(r, map, "otherwise", &set->otherwise);
    if (code == SY_OK)
        code = text_of(r, map, "replicas", &set->replicas);
    if (code == SY_OK)
        code = text_of(r, map, "most", &set->most);
    if (code == SY_OK)
        code = read_counts(r, map, set);
    if (code == SY_OK)
        code = number_of(r, map, "default", &set->default_);
    if (code == SY_OK)
        code = number_of(r, map, "less", &set->less);
    if (code == SY_OK)
        code = number_of(r, map, "first", &set->first);
    if (code == SY_OK)
        code = flag_of(r, map, "plain", &set->plain);
    if (code == SY_OK)
        code = flag_of(r, map, "perNode", &set->per_node);
    if (code == SY_OK && set->template_ == NULL)
        code = sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "'template' is required");
    return code;
}

static enum sy_code read_sets(struct table_reader *r, const struct sy_yaml *map,
                              struct sy_workload_kind *kind)
{
    const struct sy_yaml *list = sy_yaml_get(map, "sets");
    if (list == NULL || list->kind != SY_YAML_LIST || list->count == 0 || list->count > SETS_MAX)
        return sy_yaml_fail(r->file, list != NULL ? list : map, SY_EINVAL, r->err,
                            "'sets': expected a list of 1 to %u sets", SETS_MAX);
    kind->set = sy_arena_calloc(r->arena, list->count, sizeof *kind->set);
    if (kind->set == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < list->count && code == SY_OK; i++)
        code = read_set(r, list->item[i], &kind->set[kind->nset++]);
    return code;
}

static enum sy_code read_gang(struct table_reader *r, const struct sy_yaml *map,
                              struct sy_workload_kind *kind)
{
    static const char *const names[] = {"none", "object", "replica"};
    const struct sy_yaml *node = sy_yaml_get(map, "gang");
    const char *text = names[0];
    enum sy_code code = text_of(r, map, "gang", &text);
    for (unsigned i = 0; i < 3 && code == SY_OK; i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        kind->gang = (enum sy_gang_of)i;
        return SY_OK;
    }
    return code != SY_OK ? code
                         : sy_yaml_fail(r->file, node, SY_EINVAL, r->err,
                                        "'%s': expected none, object or replica", text);
}

static enum sy_code read_kind(struct table_reader *r, const struct sy_yaml *map,
                              struct sy_workload_kind *kind)
{
    static const char *const known[] = {"kind",    "group", "replicas", "gang",
                                        "gangMin", "note",  "sets",     NULL};
    *kind = (struct sy_workload_kind){.group = ""};
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    if (code == SY_OK)
        code = text_of(r, map, "kind", &kind->kind);
    if (code == SY_OK && kind->kind == NULL)
        code = sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "'kind' is required");
    if (code == SY_OK)
        code = text_of(r, map, "group", &kind->group);
    if (code == SY_OK)
        code = text_of(r, map, "replicas", &kind->replicas);
    if (code == SY_OK)
        code = text_of(r, map, "gangMin", &kind->gang_min);
    if (code == SY_OK)
        code = text_of(r, map, "note", &kind->note);
    if (code == SY_OK)
        code = read_gang(r, map, kind);
    return code == SY_OK ? read_sets(r, map, kind) : code;
}

/* Texts stay in the arena with the document. */
static enum sy_code read_table(struct table_reader *r, const char *data, size_t len,
                               struct sy_workload_table *to)
{
    static const char *const known[] = {"kinds", NULL};
    struct sy_yaml *root;
    enum sy_code code = sy_yaml_parse(r->arena, r->file, data, len, FILE_MAX, &root, r->err);
    if (code == SY_OK)
        code = sy_yaml_only(r->file, root, known, r->err);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *list = sy_yaml_get(root, "kinds");
    if (list == NULL || list->kind != SY_YAML_LIST || list->count > KINDS_MAX)
        return sy_yaml_fail(r->file, list != NULL ? list : root, SY_EINVAL, r->err,
                            "'kinds': expected a list of at most %u kinds", KINDS_MAX);
    struct sy_workload_kind *kind = sy_arena_calloc(r->arena, to->n + list->count, sizeof *kind);
    if (kind == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    if (to->n > 0)
        memcpy(kind, to->kind, to->n * sizeof *kind);
    to->kind = kind;
    for (size_t i = 0; i < list->count && code == SY_OK; i++)
        code = read_kind(r, list->item[i], &to->kind[to->n++]);
    return code;
}

static enum sy_code read_users(struct table_reader *r, struct sy_workload_table *to)
{
    sy_autofree char *data = NULL;
    size_t len;
    enum sy_code code = sy_input_read(r->file, FILE_MAX, &data, &len, r->err);
    return code == SY_OK ? read_table(r, data, len, to) : code;
}

enum sy_code sy_workload_table_load(const char *path, struct sy_arena *arena,
                                    const struct sy_workload_table **ret, struct sy_err *err)
{
    struct sy_workload_table *table = sy_arena_calloc(arena, 1, sizeof *table);
    if (table == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    struct table_reader r = {.file = path, .arena = arena, .err = err};
    if (path != NULL)
        code = read_users(&r, table);
    r.file = "workloads.yaml";
    if (code == SY_OK)
        code = read_table(&r, (const char *)sy_workloads_builtin, sy_workloads_builtin_len, table);
    if (code == SY_OK)
        *ret = table;
    return code;
}

const struct sy_workload_kind *sy_workload_find(const struct sy_workload_table *table,
                                                const char *kind, const char *group)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->kind[i].kind, kind) == 0 && strcmp(table->kind[i].group, group) == 0)
            return &table->kind[i];
    return NULL;
}
