/* SPDX-License-Identifier: Apache-2.0 */
/* What is not a device: bridges, links between sockets, identities to leave alone. */
#include "topology/catalogue_value.h"

#include <string.h>

static enum sy_code keep_name(const struct sy_cat_reader *in, const char *name, const char **ret)
{
    *ret = sy_arena_strndup(in->draft->arena, name, strlen(name));
    return *ret == NULL ? sy_cat_nomem(in->err) : SY_OK;
}

/* The entry of that name, made when it is new; fails on the second one of a file. */
static enum sy_code bridge_entry(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                 const char *name, struct sy_cat_bridge **ret)
{
    struct sy_cat_bridge **at = &in->draft->bridges;
    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at != NULL && (*at)->file == in->number)
        return sy_cat_twice(in, entry, "bridge", name, &(*at)->place);
    if (*at == NULL) {
        if (sy_yaml_get(entry, "role") == NULL || sy_yaml_get(entry, "ids") == NULL)
            return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err,
                                "bridge '%s' is new and needs 'role' and 'ids'", name);
        struct sy_cat_bridge *bridge = sy_arena_calloc(in->draft->arena, 1, sizeof *bridge);
        if (bridge == NULL)
            return sy_cat_nomem(in->err);
        enum sy_code code = keep_name(in, name, &bridge->name);
        if (code != SY_OK)
            return code;
        *at = bridge;
    }
    (*at)->file = in->number;
    (*at)->place = sy_cat_place(in, entry);
    *ret = *at;
    return SY_OK;
}

enum sy_code sy_cat_read_bridge(const struct sy_cat_reader *in, const struct sy_yaml *entry)
{
    static const char *const known[] = {"name", "role", "ids", NULL};
    static const char *const roles[] = {
        [SY_BRIDGE_PLAIN] = "plain",
        [SY_BRIDGE_CARD_INTERNAL] = "card-internal",
        [SY_BRIDGE_SAME_CHIP] = "same-chip",
    };
    const char *name = NULL;
    enum sy_code code = sy_cat_name(in, entry, &name);
    if (code == SY_OK)
        code = sy_yaml_only(in->file, entry, known, in->err);
    struct sy_cat_bridge *bridge = NULL;
    if (code == SY_OK)
        code = bridge_entry(in, entry, name, &bridge);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *role = sy_yaml_get(entry, "role"), *ids = sy_yaml_get(entry, "ids");
    if (role != NULL)
        code = sy_cat_word(in, role, roles, sizeof roles / sizeof roles[0], &bridge->role);
    if (code == SY_OK && ids != NULL)
        code = sy_cat_ids(in, ids, true, SY_ROLE_UNIT, &bridge->patterns);
    return code;
}

static enum sy_code cpu_entry(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                              const char *name, struct sy_cat_cpu **ret)
{
    struct sy_cat_cpu **at = &in->draft->cpus;
    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at != NULL && (*at)->file == in->number)
        return sy_cat_twice(in, entry, "interconnect", name, &(*at)->place);
    if (*at == NULL) {
        if (sy_yaml_get(entry, "pairGBps") == NULL)
            return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err,
                                "interconnect '%s' is new and needs 'pairGBps'", name);
        struct sy_cat_cpu *cpu = sy_arena_calloc(in->draft->arena, 1, sizeof *cpu);
        if (cpu == NULL)
            return sy_cat_nomem(in->err);
        enum sy_code code = keep_name(in, name, &cpu->name);
        if (code != SY_OK)
            return code;
        *at = cpu;
    }
    (*at)->file = in->number;
    (*at)->place = sy_cat_place(in, entry);
    *ret = *at;
    return SY_OK;
}

static enum sy_code read_cpu_models(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                    struct sy_cat_cpu *cpu)
{
    struct sy_cat_value value;
    enum sy_code code = sy_cat_value(in, node, &value);
    if (code == SY_OK)
        code = sy_cat_is(in, value.value, SY_YAML_LIST);
    if (code != SY_OK)
        return code;
    const char **model = sy_arena_calloc(in->draft->arena, value.value->count, sizeof *model);
    if (model == NULL)
        return sy_cat_nomem(in->err);
    for (size_t i = 0; code == SY_OK && i < value.value->count; i++)
        code = sy_cat_text(in, value.value->item[i], SY_CAT_NAME_MAX, &model[i]);
    cpu->model = model;
    cpu->nmodel = value.value->count;
    return code;
}

enum sy_code sy_cat_read_cpu(const struct sy_cat_reader *in, const struct sy_yaml *entry)
{
    static const char *const known[] = {"name", "cpuVendor", "cpuModels", "pairGBps", NULL};
    static const struct sy_cat_range gbps = {1000, 0.001, 1000000, false};
    const char *name = NULL;
    enum sy_code code = sy_cat_name(in, entry, &name);
    if (code == SY_OK)
        code = sy_yaml_only(in->file, entry, known, in->err);
    struct sy_cat_cpu *cpu = NULL;
    if (code == SY_OK)
        code = cpu_entry(in, entry, name, &cpu);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *vendor = sy_yaml_get(entry, "cpuVendor");
    const struct sy_yaml *models = sy_yaml_get(entry, "cpuModels");
    const struct sy_yaml *pair = sy_yaml_get(entry, "pairGBps");
    if (vendor != NULL)
        code = sy_cat_text(in, vendor, SY_CAT_NAME_MAX, &cpu->vendor);
    if (code == SY_OK && models != NULL)
        code = read_cpu_models(in, models, cpu);
    if (code == SY_OK && pair != NULL)
        code = sy_cat_fact(in, pair, &gbps, &cpu->pair_mbps);
    return code;
}

enum sy_code sy_cat_read_ignored(const struct sy_cat_reader *in, const struct sy_yaml *entry)
{
    /* One evidenced identity: read as a list of one. */
    struct sy_yaml *item[] = {(struct sy_yaml *)(uintptr_t)entry};
    const struct sy_yaml list = {.kind = SY_YAML_LIST,
                                 .line = entry->line,
                                 .column = entry->column,
                                 .count = 1,
                                 .item = item};
    struct sy_cat_id *id = NULL;
    enum sy_code code = sy_cat_ids(in, &list, false, SY_ROLE_UNIT, &id);
    if (code != SY_OK)
        return code;
    id->next = in->draft->ignored;
    in->draft->ignored = id;
    return SY_OK;
}
