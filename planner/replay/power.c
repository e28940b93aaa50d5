/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/power.h"

#include "base/yaml.h"

#include <string.h>

#define TABLE_BYTES ((size_t)1 << 20) /* of a file, and of all that is kept */
#define WATTS_MAX 100000.0
#define CORES_MAX 4096

struct reading {
    const char *file;
    struct sy_power_table *table;
    uint64_t named; /* rows that this file has named: it may not name a model twice */
};

static enum sy_code read_mw(struct reading *r, const struct sy_yaml *map, const char *key,
                            int32_t *ret, struct sy_err *err)
{
    double watts;
    const struct sy_yaml *node = sy_yaml_get(map, key);
    if (node == NULL)
        return sy_yaml_fail(r->file, map, SY_EINVAL, err, "'%s' is missing", key);
    enum sy_code code = sy_yaml_real(r->file, node, 0, WATTS_MAX, &watts, err);
    if (code == SY_OK)
        *ret = (int32_t)(watts * 1000 + 0.5);
    return code;
}

static enum sy_code read_cpu(struct reading *r, const struct sy_yaml *map, struct sy_err *err)
{
    static const char *const known[] = {"model",      "cores",  "idle-watts",
                                        "full-watts", "source", NULL};
    struct sy_power_table *table = r->table;
    int64_t cores = 0;
    enum sy_code code = sy_yaml_only(r->file, map, known, err);
    const struct sy_yaml *node = code == SY_OK ? sy_yaml_get(map, "cores") : NULL;
    if (code == SY_OK && node == NULL)
        return sy_yaml_fail(r->file, map, SY_EINVAL, err, "'cores' is missing");
    if (code == SY_OK)
        code = sy_yaml_int(r->file, node, 1, CORES_MAX, &cores, err);
    if (code == SY_OK)
        code = read_mw(r, map, "idle-watts", &table->cpu_idle_mw, err);
    if (code == SY_OK)
        code = read_mw(r, map, "full-watts", &table->cpu_full_mw, err);
    if (code == SY_OK)
        table->cpu_cores = (int32_t)cores;
    return code;
}

static struct sy_power_device *find_device(struct sy_power_table *table, const char *model)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->device[i].model, model) == 0)
            return &table->device[i];
    return NULL;
}

static enum sy_code read_device(struct reading *r, const struct sy_yaml *map, struct sy_err *err)
{
    static const char *const known[] = {"model", "idle-watts", "full-watts", "source", NULL};
    struct sy_power_table *table = r->table;
    struct sy_power_device row = {0};
    enum sy_code code = sy_yaml_only(r->file, map, known, err);
    const struct sy_yaml *node = code == SY_OK ? sy_yaml_get(map, "model") : NULL;
    if (code == SY_OK && node == NULL)
        return sy_yaml_fail(r->file, map, SY_EINVAL, err, "'model' is missing");
    if (code == SY_OK)
        code = sy_yaml_str(r->file, node, 64, &row.model, err);
    if (code == SY_OK)
        code = read_mw(r, map, "idle-watts", &row.idle_mw, err);
    if (code == SY_OK)
        code = read_mw(r, map, "full-watts", &row.full_mw, err);
    if (code != SY_OK)
        return code;
    struct sy_power_device *known_row = find_device(table, row.model);
    if (known_row != NULL && (r->named >> (known_row - table->device) & 1) != 0)
        return sy_yaml_fail(r->file, map, SY_ECONFLICT, err, "model '%s' twice", row.model);
    if (known_row == NULL) {
        if (table->n == SY_REPLAY_MODELS)
            return sy_yaml_fail(r->file, map, SY_ELIMIT, err, "more than %u models",
                                SY_REPLAY_MODELS);
        known_row = &table->device[table->n++];
        row.model = sy_arena_strndup(table->arena, row.model, strlen(row.model));
        if (row.model == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory for the power table");
        *known_row = row;
    } else {
        known_row->idle_mw = row.idle_mw;
        known_row->full_mw = row.full_mw;
    }
    r->named |= UINT64_C(1) << (known_row - table->device);
    return SY_OK;
}

static enum sy_code read_root(struct reading *r, const struct sy_yaml *root, struct sy_err *err)
{
    static const char *const known[] = {"apiVersion", "kind", "cpu", "devices", NULL};
    enum sy_code code = sy_yaml_only(r->file, root, known, err);
    const struct sy_yaml *cpu = code == SY_OK ? sy_yaml_get(root, "cpu") : NULL;
    const struct sy_yaml *devices = code == SY_OK ? sy_yaml_get(root, "devices") : NULL;
    if (cpu != NULL)
        code = read_cpu(r, cpu, err);
    if (code == SY_OK && devices != NULL && devices->kind != SY_YAML_LIST)
        return sy_yaml_fail(r->file, devices, SY_EINVAL, err, "'devices' must be a list");
    for (size_t i = 0; code == SY_OK && devices != NULL && i < devices->count; i++)
        code = read_device(r, devices->item[i], err);
    return code;
}

static enum sy_code read_file(struct sy_power_table *table, const char *file, const char *data,
                              size_t len, struct sy_err *err)
{
    struct sy_yaml *root;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(TABLE_BYTES * 32);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the power table");
    struct reading r = {.file = file, .table = table};
    enum sy_code code = sy_yaml_parse(arena, file, data, len, TABLE_BYTES, &root, err);
    return code == SY_OK ? read_root(&r, root, err) : code;
}

enum sy_code sy_power_table_init(struct sy_power_table *table, const char *name, const char *data,
                                 size_t len, struct sy_err *err)
{
    struct sy_power_table made = {.arena = sy_arena_new(TABLE_BYTES)};
    if (made.arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the power table");
    enum sy_code code = read_file(&made, "planner/replay/power.yaml",
                                  (const char *)sy_power_builtin, sy_power_builtin_len, err);
    if (code == SY_OK && data != NULL)
        code = read_file(&made, name, data, len, err);
    if (code == SY_OK)
        *table = made;
    else
        sy_power_table_done(&made);
    return code;
}

void sy_power_table_done(struct sy_power_table *table)
{
    sy_arena_free(table->arena);
    *table = (struct sy_power_table){0};
}

void sy_power_apply(const struct sy_power_table *table, const struct sy_trace_models *models,
                    struct sy_trace_nodes *nodes, uint64_t *ret_unknown)
{
    *ret_unknown = 0;
    for (size_t i = 0; i < nodes->nshapes; i++) {
        struct sy_replay_shape *shape = &nodes->shape[i];
        const char *model = models->name[shape->model];
        shape->cpu_cores = table->cpu_cores;
        shape->cpu_idle_mw = table->cpu_idle_mw;
        shape->cpu_full_mw = table->cpu_full_mw;
        shape->device_idle_mw = shape->device_full_mw = 0;
        if (shape->devices == 0)
            continue;
        bool found = false;
        for (size_t k = 0; k < table->n && !found; k++) {
            found = strcmp(table->device[k].model, model) == 0;
            if (found) {
                shape->device_idle_mw = table->device[k].idle_mw;
                shape->device_full_mw = table->device[k].full_mw;
            }
        }
        if (!found)
            *ret_unknown |= UINT64_C(1) << shape->model;
    }
}

int64_t sy_power_of(const struct sy_replay_shape *shape, const struct sy_replay_state *state)
{
    unsigned busy = 0;
    for (unsigned g = 0; g < shape->devices; g++)
        busy += state->left[g] < SY_REPLAY_DEVICE_MILLI;
    int64_t cores = (shape->cpu_milli + 1999) / 2000, working = cores - state->cpu_left / 2000;
    int64_t packages = (cores + shape->cpu_cores - 1) / shape->cpu_cores;
    int64_t active = (working + shape->cpu_cores - 1) / shape->cpu_cores;
    return (int64_t)busy * shape->device_full_mw +
           (int64_t)(shape->devices - busy) * shape->device_idle_mw + active * shape->cpu_full_mw +
           (packages - active) * shape->cpu_idle_mw;
}
