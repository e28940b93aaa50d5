/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/planner_scheduler/world.h"

#include <check.h>
#include <string.h>

void world_init(struct world *world)
{
    world->arena = sy_arena_new((size_t)256 << 20);
    world->texts = json_array();
    ck_assert(world->arena != NULL && world->texts != NULL);
}

void world_done(struct world *world)
{
    json_decref(world->texts);
    sy_arena_free(world->arena);
}

json_t *world_json(struct world *world, const char *text)
{
    json_error_t error;
    char *copy = sy_arena_strndup(world->arena, text, strlen(text));
    ck_assert_ptr_nonnull(copy);
    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *json = json_loads(copy, 0, &error);
    ck_assert_msg(json != NULL, "%s at %d of %s", error.text, error.position, copy);
    ck_assert_int_eq(json_array_append_new(world->texts, json), 0);
    return json;
}

static int by_name(const void *a, const void *b)
{
    const struct sy_amount *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static struct sy_amounts amounts(struct world *world, const json_t *map)
{
    struct sy_amounts ret = {0};
    struct sy_amount *other =
        sy_arena_calloc(world->arena, json_object_size(map) + 1, sizeof *other);
    const char *key;
    json_t *value;
    ck_assert_ptr_nonnull(other);
    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        int64_t amount = json_integer_value(value);
        if (strcmp(key, "cpu") == 0)
            ret.cpu_milli = amount;
        else if (strcmp(key, "memory") == 0)
            ret.memory_bytes = amount;
        else if (strcmp(key, "ephemeral-storage") == 0)
            ret.storage_bytes = amount;
        else if (strcmp(key, "pods") == 0)
            ret.pods = amount;
        else
            other[ret.n++] = (struct sy_amount){.name = key, .value = amount};
    }
    qsort(other, ret.n, sizeof *other, by_name);
    ret.other = other;
    return ret;
}

struct sy_state_pod world_pod(struct world *world, const char *text)
{
    const json_t *json = world_json(world, text), *nonzero = json_object_get(json, "nonzero");
    const char *owner = json_string_value(json_object_get(json, "owner"));
    struct sy_state_pod pod = {
        .namespace_ = "default",
        .name = "p",
        .uid = "",
        .node_name = json_string_value(json_object_get(json, "nodeName")),
        .node = json_is_true(json_object_get(json, "on")) ? 0 : UINT32_MAX,
        .object = json_object_get(json, "object"),
        .priority = (int32_t)json_integer_value(json_object_get(json, "priority")),
        .owner_kind = owner,
        .owner_name = owner != NULL ? "owner" : NULL,
        .requests = amounts(world, json_object_get(json, "requests")),
    };
    pod.nonzero_cpu_milli = json_integer_value(json_array_get(nonzero, 0));
    pod.nonzero_memory_bytes = json_integer_value(json_array_get(nonzero, 1));
    return pod;
}

static int by_key(const void *a, const void *b)
{
    const struct sy_label *x = a, *y = b;
    return strcmp(x->key, y->key);
}

struct sy_state_node world_node(struct world *world, const char *text)
{
    const json_t *json = world_json(world, text), *taints = json_object_get(json, "taints");
    json_t *labels = json_object_get(json, "labels"), *value;
    const char *key, *name = json_string_value(json_object_get(json, "name"));
    struct sy_label *label = sy_arena_calloc(world->arena, 64, sizeof *label);
    struct sy_taint *taint = sy_arena_calloc(world->arena, 64, sizeof *taint);
    struct sy_state_node node = {
        .name = name != NULL ? name : "n",
        .unschedulable = json_is_true(json_object_get(json, "unschedulable")),
        .resources_known = json_object_get(json, "allocatable") != NULL,
        .allocatable = amounts(world, json_object_get(json, "allocatable")),
        .label = label,
        .taint = taint,
        .ntaint = json_array_size(taints),
    };
    ck_assert(label != NULL && taint != NULL);
    json_object_foreach(labels, key, value) label[node.nlabel++] =
        (struct sy_label){.key = key, .value = json_string_value(value)};
    qsort(label, node.nlabel, sizeof *label, by_key);
    for (size_t i = 0; i < node.ntaint; i++) {
        const json_t *one = json_array_get(taints, i);
        taint[i] = (struct sy_taint){.key = json_string_value(json_array_get(one, 0)),
                                     .value = json_string_value(json_array_get(one, 1)),
                                     .effect = json_string_value(json_array_get(one, 2))};
    }
    return node;
}

const struct sy_scheduler_pod *world_read(struct world *world, const struct sy_state_pod *pod)
{
    const struct sy_scheduler_pod *ret = NULL;
    struct sy_err err = {0};
    enum sy_code code = sy_scheduler_pod_new(pod, world->arena, &ret, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return ret;
}
