/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/catalogue_value.h"

#include "base/str.h"

#include <assert.h>
#include <string.h>

#define GBPS                                                                                       \
    {                                                                                              \
        1000, 0.001, 1000000, false                                                                \
    } /* GB/s in the file, MB/s inside */
#define WATTS                                                                                      \
    {                                                                                              \
        1000, 0.001, 100000, false                                                                 \
    } /* W in the file, mW inside */

static const struct fact_field {
    const char *key;
    size_t offset;
    struct sy_cat_range range;
} fact_fields[] = {
    {"memoryMiB", offsetof(struct sy_model, memory_mib), {1, 1, 1 << 28, true}},
    {"memoryGBps", offsetof(struct sy_model, memory_bw_mbps), GBPS},
    {"linkGBps", offsetof(struct sy_model, link_mbps), GBPS},
    {"tdpWatts", offsetof(struct sy_model, tdp_mw), WATTS},
    {"idleWatts", offsetof(struct sy_model, idle_mw), WATTS},
};

struct sy_cat_device *sy_cat_device_find(const struct sy_cat_draft *draft, const char *name)
{
    struct sy_cat_device *dev = draft->devices;
    while (dev != NULL && strcmp(dev->model.name, name) != 0)
        dev = dev->next;
    return dev;
}

static enum sy_code read_facts(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                               struct sy_model *model)
{
    for (size_t i = 0; i < sizeof fact_fields / sizeof fact_fields[0]; i++) {
        const struct fact_field *field = &fact_fields[i];
        const struct sy_yaml *node = sy_yaml_get(entry, field->key);
        if (node == NULL)
            continue;
        struct sy_fact *fact = (struct sy_fact *)(void *)((char *)model + field->offset);
        enum sy_code code = sy_cat_fact(in, node, &field->range, fact);
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

static enum sy_code read_flags(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                               struct sy_model *model)
{
    const struct {
        const char *key;
        bool *ret;
    } flags[] = {
        {"generic", &model->generic},
        {"vf", &model->is_vf},
        {"needsUserFunction", &model->needs_user_function},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const struct sy_yaml *node = sy_yaml_get(entry, flags[i].key);
        enum sy_code code =
            node == NULL ? SY_OK : sy_yaml_bool(in->file, node, flags[i].ret, in->err);
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

static enum sy_code read_words(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                               struct sy_model *model)
{
#define X(id, name) name,
    static const char *const kinds[] = {SY_KINDS(X)};
#undef X
    const struct sy_yaml *node;
    enum sy_code code = SY_OK;
    if ((node = sy_yaml_get(entry, "model")) != NULL)
        code = sy_cat_text(in, node, SY_CAT_NAME_MAX, &model->model);
    if (code == SY_OK && (node = sy_yaml_get(entry, "kind")) != NULL)
        code = sy_cat_word(in, node, kinds, SY_KIND_COUNT, &model->kind);
    if (code == SY_OK && (node = sy_yaml_get(entry, "memoryType")) != NULL) {
        struct sy_cat_value value;
        code = sy_cat_value(in, node, &value);
        if (code == SY_OK)
            code = sy_cat_text(in, value.value, SY_CAT_NAME_MAX, &model->memory_type);
    }
    return code;
}

static enum sy_code read_counts(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                struct sy_model *model)
{
    const struct {
        const char *key;
        uint8_t *ret;
    } counts[] = {
        {"unitsPerCard", &model->units_per_card},
        {"unitsPerFunction", &model->units_per_function},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const struct sy_yaml *node = sy_yaml_get(entry, counts[i].key);
        struct sy_fact fact;
        if (node == NULL)
            continue;
        enum sy_code code = sy_cat_fact(in, node, &(struct sy_cat_range){1, 1, 16, true}, &fact);
        if (code != SY_OK)
            return code;
        *counts[i].ret = (uint8_t)fact.value;
    }
    return SY_OK;
}

static enum sy_code read_overlay(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                 struct sy_overlay *overlay)
{
#define X(id, name) name,
    static const char *const types[] = {SY_LINK_TYPES(X)};
    static const char *const forms[] = {SY_OVERLAY_FORMS(X)};
#undef X
    static const char *const known[] = {"type",   "form",       "group", "pairGBps",
                                        "source", "unverified", NULL};
    enum sy_code code = sy_yaml_only(in->file, entry, known, in->err);
    bool verified;
    const char *text;
    if (code == SY_OK)
        code = sy_cat_evidence(in, entry, &verified, &text);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *type = sy_yaml_get(entry, "type"), *form = sy_yaml_get(entry, "form");
    if (type == NULL || form == NULL)
        return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err, "'%s' is missing",
                            type == NULL ? "type" : "form");
    code = sy_cat_word(in, type, types, SY_LINK_TYPE_COUNT, &overlay->type);
    if (code == SY_OK)
        code = sy_cat_word(in, form, forms, SY_OVERLAY_FORM_COUNT, &overlay->form);
    const struct sy_yaml *group = sy_yaml_get(entry, "group");
    int64_t count = 0;
    if (code == SY_OK && group != NULL)
        code = sy_yaml_int(in->file, group, 2, SY_DEVSET_MAX, &count, in->err);
    if (code == SY_OK && group == NULL && overlay->form == SY_OVERLAY_RINGS)
        return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err, "form rings needs 'group'");
    overlay->group = (uint16_t)count;
    const struct sy_yaml *pair = sy_yaml_get(entry, "pairGBps");
    if (code == SY_OK && pair != NULL)
        code = sy_cat_fact(in, pair, &(struct sy_cat_range)GBPS, &overlay->pair_mbps);
    return code;
}

static enum sy_code read_overlays(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                  struct sy_model *model)
{
    const struct sy_yaml *list = sy_yaml_get(entry, "overlays");
    if (list == NULL)
        return SY_OK;
    enum sy_code code = sy_cat_is(in, list, SY_YAML_LIST);
    if (code != SY_OK)
        return code;
    if (list->count > SY_OVERLAYS_PER_MODEL)
        return sy_yaml_fail(in->file, list, SY_ELIMIT, in->err, "%zu overlays, at most %d",
                            list->count, SY_OVERLAYS_PER_MODEL);
    memset(model->overlay, 0, sizeof model->overlay);
    model->noverlay = (uint8_t)list->count;
    for (size_t i = 0; code == SY_OK && i < list->count; i++)
        code = read_overlay(in, list->item[i], &model->overlay[i]);
    return code;
}

static enum sy_code read_resources(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                   struct sy_model *model)
{
    const struct sy_yaml *why = sy_yaml_get(entry, "noResource");
    const struct sy_yaml *list = sy_yaml_get(entry, "resources");
    const char *text;
    if (why != NULL && list != NULL)
        return sy_yaml_fail(in->file, why, SY_ECONFLICT, in->err,
                            "'noResource' beside 'resources'");
    enum sy_code code = why == NULL ? SY_OK : sy_cat_text(in, why, SY_CAT_TEXT_MAX, &text);
    if (code == SY_OK && list != NULL)
        code = sy_cat_is(in, list, SY_YAML_LIST);
    if (code != SY_OK || (list == NULL && why == NULL))
        return code;
    model->resources = SY_DEVSET_EMPTY;
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct sy_yaml *item = list->item[i];
        const char *name;
        code = sy_yaml_str(in->file, item, SY_CAT_TEXT_MAX, &name, in->err);
        if (code != SY_OK)
            return code;
        const struct sy_cat_resource *res = sy_cat_resource_find(in->draft, name);
        char quoted[80];
        if (res == NULL)
            return sy_yaml_fail(in->file, item, SY_EINVAL, in->err,
                                "device '%s' names the unknown resource '%s' (add it to "
                                "'resources')",
                                model->name, sy_quote(quoted, sizeof quoted, name, strlen(name)));
        sy_devset_add(&model->resources, res->index);
    }
    return SY_OK;
}

/* All fields that the entry states, into `dev`. */
static enum sy_code read_fields(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                struct sy_cat_device *dev)
{
    const struct sy_yaml *ids = sy_yaml_get(entry, "ids");
    const struct sy_yaml *companions = sy_yaml_get(entry, "companions");
    enum sy_code code = SY_OK;
    if (ids != NULL)
        code = sy_cat_ids(in, ids, false, SY_ROLE_UNIT, &dev->units);
    if (code == SY_OK && companions != NULL)
        code = sy_cat_ids(in, companions, false, SY_ROLE_COMPANION, &dev->companions);
    if (code == SY_OK)
        code = read_words(in, entry, &dev->model);
    if (code == SY_OK)
        code = read_counts(in, entry, &dev->model);
    if (code == SY_OK)
        code = read_flags(in, entry, &dev->model);
    if (code == SY_OK)
        code = read_facts(in, entry, &dev->model);
    if (code == SY_OK)
        code = read_overlays(in, entry, &dev->model);
    if (code == SY_OK)
        code = read_resources(in, entry, &dev->model);
    return code;
}

static enum sy_code new_device(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                               const char *name, struct sy_cat_device **ret)
{
    static const char *const required[] = {"model", "kind", "ids", NULL};
    for (size_t i = 0; required[i] != NULL; i++)
        if (sy_yaml_get(entry, required[i]) == NULL)
            return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err,
                                "device '%s' is new and needs '%s'", name, required[i]);
    if (in->draft->ndevice == SY_CAT_MODEL_MAX)
        return sy_yaml_fail(in->file, entry, SY_ELIMIT, in->err, "more than %u devices",
                            SY_CAT_MODEL_MAX);
    struct sy_cat_device *dev = sy_arena_calloc(in->draft->arena, 1, sizeof *dev);
    if (dev == NULL)
        return sy_cat_nomem(in->err);
    dev->model.name = sy_arena_strndup(in->draft->arena, name, strlen(name));
    if (dev->model.name == NULL)
        return sy_cat_nomem(in->err);
    dev->model.units_per_card = 1;
    dev->model.units_per_function = 1;
    struct sy_cat_device **end = &in->draft->devices;
    while (*end != NULL)
        end = &(*end)->next;
    *end = dev;
    in->draft->ndevice++;
    *ret = dev;
    return SY_OK;
}

enum sy_code sy_cat_read_device(const struct sy_cat_reader *in, const struct sy_yaml *entry)
{
    static const char *const known[] = {"name",         "model",
                                        "kind",         "generic",
                                        "vf",           "needsUserFunction",
                                        "unitsPerCard", "unitsPerFunction",
                                        "ids",          "companions",
                                        "memoryType",   "memoryMiB",
                                        "memoryGBps",   "linkGBps",
                                        "tdpWatts",     "idleWatts",
                                        "overlays",     "resources",
                                        "noResource",   NULL};
    const char *name = NULL;
    enum sy_code code = sy_cat_name(in, entry, &name);
    if (code == SY_OK)
        code = sy_yaml_only(in->file, entry, known, in->err);
    if (code != SY_OK)
        return code;
    struct sy_cat_device *dev = sy_cat_device_find(in->draft, name);
    if (dev == NULL)
        code = new_device(in, entry, name, &dev);
    else if (dev->file == in->number)
        return sy_cat_twice(in, entry, "device", name, &dev->place);
    if (code != SY_OK)
        return code;
    assert(dev != NULL);
    dev->file = in->number;
    dev->place = sy_cat_place(in, entry);
    return read_fields(in, entry, dev);
}
