/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/catalogue_value.h"

#include "base/str.h"

#include <string.h>

#define RESOURCE_NAME_MAX 317u /* domain (253) + '/' + name (63), as Kubernetes allows */

struct sy_cat_resource *sy_cat_resource_find(const struct sy_cat_draft *draft, const char *name)
{
    struct sy_cat_resource *res = draft->resources;
    while (res != NULL && strcmp(res->resource.name, name) != 0)
        res = res->next;
    return res;
}

/* An extended resource's name, with a '*' at its end for a pattern. */
static bool name_is_good(const char *name)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    static const char any[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789-.";
    size_t domain = strspn(name, lower);
    if (domain == 0 || name[domain] != '/')
        return false;
    const char *rest = name + domain + 1;
    size_t len = strspn(rest, any);
    return len > 0 && len <= 63 && (rest[len] == '\0' || strcmp(rest + len, "*") == 0);
}

static enum sy_code resource_name(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                  const char **ret)
{
    enum sy_code code = sy_cat_is(in, entry, SY_YAML_MAP);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *node = sy_yaml_get(entry, "name");
    if (node == NULL)
        return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err, "'name' is missing");
    const char *name = NULL;
    code = sy_yaml_str(in->file, node, RESOURCE_NAME_MAX, &name, in->err);
    if (code != SY_OK)
        return code;
    if (!name_is_good(name)) {
        char quoted[80];
        return sy_yaml_fail(in->file, node, SY_EINVAL, in->err,
                            "resource name '%s': expected DOMAIN/NAME, or DOMAIN/PREFIX*",
                            sy_quote(quoted, sizeof quoted, name, strlen(name)));
    }
    *ret = name;
    return SY_OK;
}

static enum sy_code read_sizes(const struct sy_cat_reader *in, const struct sy_yaml *node,
                               struct sy_resource *res)
{
    const size_t max = sizeof res->size / sizeof res->size[0];
    struct sy_cat_value value;
    enum sy_code code = sy_cat_value(in, node, &value);
    if (code == SY_OK)
        code = sy_cat_is(in, value.value, SY_YAML_LIST);
    if (code != SY_OK)
        return code;
    if (value.value->count > max)
        return sy_yaml_fail(in->file, value.value, SY_ELIMIT, in->err,
                            "%zu request sizes, at most %zu", value.value->count, max);
    int64_t last = 0;
    for (size_t i = 0; i < value.value->count; i++) {
        int64_t size;
        code = sy_yaml_int(in->file, value.value->item[i], 1, SY_DEVSET_MAX, &size, in->err);
        if (code != SY_OK)
            return code;
        if (size <= last)
            return sy_yaml_fail(in->file, value.value->item[i], SY_EINVAL, in->err,
                                "request sizes must ascend");
        last = size;
        res->size[i] = (uint16_t)size;
    }
    res->nsize = (uint8_t)value.value->count;
    return SY_OK;
}

static enum sy_code read_fields(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                struct sy_resource *res)
{
#define X(id, name) name,
    static const char *const choosers[] = {SY_CHOOSERS(X)};
#undef X
    enum sy_code code = SY_OK;
    const struct sy_yaml *node = sy_yaml_get(entry, "chooser");
    if (node != NULL) {
        struct sy_cat_value value;
        code = sy_cat_value(in, node, &value);
        if (code == SY_OK)
            code = sy_cat_word(in, value.value, choosers, SY_CHOOSER_COUNT, &res->chooser);
    }
    if (code == SY_OK && (node = sy_yaml_get(entry, "requestSizes")) != NULL)
        code = read_sizes(in, node, res);
    if (code != SY_OK)
        return code;
    if (sy_yaml_get(entry, "source") == NULL && sy_yaml_get(entry, "unverified") == NULL)
        return SY_OK; /* a change of an entry may leave it out; a new one was checked */
    bool verified;
    const char *text;
    code = sy_cat_evidence(in, entry, &verified, &text);
    if (code != SY_OK)
        return code;
    res->source = verified ? text : sy_arena_printf(in->draft->arena, "unverified: %s", text);
    return res->source == NULL ? sy_cat_nomem(in->err) : SY_OK;
}

static enum sy_code new_resource(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                                 const char *name, struct sy_cat_resource **ret)
{
    bool verified;
    const char *text;
    if (sy_yaml_get(entry, "chooser") == NULL)
        return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err,
                            "resource '%s' is new and needs 'chooser'", name);
    enum sy_code code = sy_cat_evidence(in, entry, &verified, &text);
    if (code != SY_OK)
        return code;
    if (in->draft->nresource == SY_RESOURCE_MAX)
        return sy_yaml_fail(in->file, entry, SY_ELIMIT, in->err, "more than %u resource names",
                            SY_RESOURCE_MAX);
    struct sy_cat_resource *res = sy_arena_calloc(in->draft->arena, 1, sizeof *res);
    if (res == NULL)
        return sy_cat_nomem(in->err);
    res->resource.name = sy_arena_strndup(in->draft->arena, name, strlen(name));
    if (res->resource.name == NULL)
        return sy_cat_nomem(in->err);
    res->resource.is_pattern = name[strlen(name) - 1] == '*';
    res->index = in->draft->nresource++;
    struct sy_cat_resource **end = &in->draft->resources;
    while (*end != NULL)
        end = &(*end)->next;
    *end = res;
    *ret = res;
    return SY_OK;
}

enum sy_code sy_cat_read_resource(const struct sy_cat_reader *in, const struct sy_yaml *entry)
{
    static const char *const known[] = {
        "name", "chooser", "requestSizes", "devices", "source", "unverified", NULL};
    const char *name = NULL;
    enum sy_code code = resource_name(in, entry, &name);
    if (code == SY_OK)
        code = sy_yaml_only(in->file, entry, known, in->err);
    if (code != SY_OK)
        return code;
    struct sy_cat_resource *res = sy_cat_resource_find(in->draft, name);
    if (res == NULL)
        code = new_resource(in, entry, name, &res);
    else if (res->file == in->number)
        return sy_cat_twice(in, entry, "resource", name, &res->place);
    if (code != SY_OK)
        return code;
    res->file = in->number;
    res->place = sy_cat_place(in, entry);
    return read_fields(in, entry, &res->resource);
}

/* Second pass, when the devices of the file are known. A list here adds to what the devices say. */
enum sy_code sy_cat_read_resource_devices(const struct sy_cat_reader *in,
                                          const struct sy_yaml *entry)
{
    const struct sy_yaml *list = sy_yaml_get(entry, "devices");
    if (list == NULL)
        return SY_OK;
    const char *name = NULL;
    enum sy_code code =
        sy_yaml_str(in->file, sy_yaml_get(entry, "name"), RESOURCE_NAME_MAX, &name, in->err);
    if (code == SY_OK)
        code = sy_cat_is(in, list, SY_YAML_LIST);
    if (code != SY_OK)
        return code;
    const struct sy_cat_resource *res = sy_cat_resource_find(in->draft, name);
    for (size_t i = 0; i < list->count; i++) {
        const char *device;
        code = sy_yaml_str(in->file, list->item[i], SY_CAT_NAME_MAX, &device, in->err);
        if (code != SY_OK)
            return code;
        struct sy_cat_device *dev = sy_cat_device_find(in->draft, device);
        char quoted[80];
        if (dev == NULL)
            return sy_yaml_fail(in->file, list->item[i], SY_EINVAL, in->err,
                                "resource '%s' names the unknown device '%s'", name,
                                sy_quote(quoted, sizeof quoted, device, strlen(device)));
        sy_devset_add(&dev->model.resources, res->index);
    }
    return SY_OK;
}
