/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/trace.h"

#include "base/hash.h"
#include "base/str.h"
#include "planner/replay/csv.h"

#include <string.h>

#define MODELS_BYTES ((size_t)4 << 20)

enum sy_code sy_trace_models_init(struct sy_trace_models *models, struct sy_err *err)
{
    struct sy_arena *arena = sy_arena_new_sized(MODELS_BYTES, 4096);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the trace");
    *models = (struct sy_trace_models){.arena = arena};
    return SY_OK;
}

void sy_trace_models_done(struct sy_trace_models *models)
{
    sy_arena_free(models->arena);
    *models = (struct sy_trace_models){0};
}

int sy_trace_model(struct sy_trace_models *models, const char *name, size_t len)
{
    for (size_t i = 0; i < models->n; i++)
        if (strncmp(models->name[i], name, len) == 0 && models->name[i][len] == '\0')
            return (int)i;
    if (models->n == SY_REPLAY_MODELS)
        return -1;
    const char *copy = sy_arena_strndup(models->arena, name, len);
    if (copy == NULL)
        return -2;
    models->name[models->n] = copy;
    return (int)models->n++;
}

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for the trace");
}

static enum sy_code read_model(const struct sy_csv *csv, unsigned column, const char *name,
                               size_t len, struct sy_trace_models *models, unsigned *ret,
                               struct sy_err *err)
{
    int model = sy_trace_model(models, name, len);
    if (model == -2)
        return no_memory(err);
    if (model < 0)
        return sy_csv_fail(csv, column, SY_ELIMIT, err, "more than %u models", SY_REPLAY_MODELS);
    *ret = (unsigned)model;
    return SY_OK;
}

/* Room for one more element of `size` bytes in an array that doubles. */
static bool grow(void *array_ptr, size_t n, size_t size)
{
    void **array = array_ptr;
    if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
        return true;
    void *more = sy_realloc(*array, (n == 0 ? 16 : n * 2) * size);
    if (more == NULL)
        return false;
    *array = more;
    return true;
}

/* Nodes. */

struct node_columns {
    unsigned cpu, memory, devices, model;
};

static enum sy_code find_node_columns(const struct sy_csv *csv, struct node_columns *ret,
                                      struct sy_err *err)
{
    enum sy_code code = sy_csv_column(csv, "cpu_milli", &ret->cpu, err);
    if (code == SY_OK)
        code = sy_csv_column(csv, "memory_mib", &ret->memory, err);
    if (code == SY_OK)
        code = sy_csv_column(csv, "gpu", &ret->devices, err);
    return code == SY_OK ? sy_csv_column(csv, "model", &ret->model, err) : code;
}

static enum sy_code read_node(const struct sy_csv *csv, const struct node_columns *column,
                              struct sy_trace_models *models, struct sy_replay_shape *ret,
                              struct sy_err *err)
{
    int64_t cpu, memory, devices;
    enum sy_code code = sy_csv_int(csv, column->cpu, 0, SY_TRACE_CPU_MILLI, &cpu, err);
    if (code == SY_OK)
        code = sy_csv_int(csv, column->memory, 0, SY_TRACE_MEMORY_MIB, &memory, err);
    if (code == SY_OK)
        code = sy_csv_int(csv, column->devices, 0, SY_REPLAY_DEVICES, &devices, err);
    if (code != SY_OK)
        return code;
    const struct sy_csv_cell *name = &csv->cell[column->model];
    unsigned model = 0;
    code = read_model(csv, column->model, name->text, name->len, models, &model, err);
    if (code == SY_OK)
        *ret = (struct sy_replay_shape){.cpu_milli = (int32_t)cpu,
                                        .memory_mib = memory,
                                        .devices = (uint8_t)devices,
                                        .model = (uint8_t)model};
    return code;
}

static bool same_shape(const struct sy_replay_shape *a, const struct sy_replay_shape *b)
{
    return a->cpu_milli == b->cpu_milli && a->memory_mib == b->memory_mib &&
           a->devices == b->devices && a->model == b->model;
}

/* Index of the shape, added when it is new. Few differ, and neighbours are often alike. */
static enum sy_code file_shape(struct sy_csv *csv, const struct sy_replay_shape *shape,
                               struct sy_trace_nodes *nodes, uint32_t *ret, struct sy_err *err)
{
    size_t at = nodes->n > 0 ? nodes->node[nodes->n - 1] : 0;
    if (nodes->nshapes == 0 || !same_shape(&nodes->shape[at], shape))
        for (at = 0; at < nodes->nshapes && !same_shape(&nodes->shape[at], shape);)
            at++;
    if (at == nodes->nshapes) {
        if (at == SY_REPLAY_SHAPES)
            return sy_fail(err, SY_ELIMIT, "%s:%u: more than %u kinds of nodes", csv->file,
                           csv->line, SY_REPLAY_SHAPES);
        if (!grow(&nodes->shape, at, sizeof *nodes->shape) ||
            !grow(&nodes->shape_nodes, at, sizeof *nodes->shape_nodes))
            return no_memory(err);
        nodes->shape[at] = *shape;
        nodes->shape_nodes[at] = 0;
        nodes->nshapes++;
    }
    nodes->shape_nodes[at]++;
    *ret = (uint32_t)at;
    return SY_OK;
}

static enum sy_code parse_nodes(struct sy_csv *csv, struct sy_trace_models *models,
                                struct sy_trace_nodes *nodes, struct sy_err *err)
{
    struct node_columns column;
    enum sy_code code = find_node_columns(csv, &column, err);
    bool any = true;
    while (code == SY_OK && (code = sy_csv_next(csv, &any, err)) == SY_OK && any) {
        struct sy_replay_shape shape;
        if (nodes->n == SY_TRACE_NODES)
            return sy_fail(err, SY_ELIMIT, "%s:%u: more than %u nodes", csv->file, csv->line,
                           SY_TRACE_NODES);
        if (!grow(&nodes->node, nodes->n, sizeof *nodes->node))
            return no_memory(err);
        code = read_node(csv, &column, models, &shape, err);
        if (code == SY_OK)
            code = file_shape(csv, &shape, nodes, &nodes->node[nodes->n], err);
        if (code != SY_OK)
            return code;
        nodes->n++;
        nodes->total_milli += shape.devices * SY_REPLAY_DEVICE_MILLI;
        nodes->total_cpu_milli += shape.cpu_milli;
        nodes->total_memory_mib += shape.memory_mib;
    }
    if (code == SY_OK && nodes->total_milli == 0)
        return sy_fail(err, SY_EINVAL, "%s: no node has a device", csv->file);
    return code;
}

enum sy_code sy_trace_nodes_parse(const char *file, char *data, size_t len,
                                  struct sy_trace_models *models, struct sy_trace_nodes *ret,
                                  struct sy_err *err)
{
    struct sy_csv csv;
    struct sy_trace_nodes nodes = {0};
    enum sy_code code = sy_csv_begin(&csv, file, data, len, err);
    if (code == SY_OK)
        code = parse_nodes(&csv, models, &nodes, err);
    if (code == SY_OK)
        *ret = nodes;
    else
        sy_trace_nodes_done(&nodes);
    return code;
}

void sy_trace_nodes_done(struct sy_trace_nodes *nodes)
{
    sy_free(nodes->shape);
    sy_free(nodes->shape_nodes);
    sy_free(nodes->node);
    *nodes = (struct sy_trace_nodes){0};
}
