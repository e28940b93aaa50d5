/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/catalogue_value.h"

#include "base/str.h"

#include <string.h>

static enum sy_code read_header(const struct sy_cat_reader *in, const struct sy_yaml *root)
{
    static const struct {
        const char *key, *value;
    } header[] = {{"apiVersion", "switchyard.dev/v1alpha1"}, {"kind", "DeviceCatalogue"}};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++) {
        const struct sy_yaml *node = sy_yaml_get(root, header[i].key);
        if (node == NULL)
            return sy_yaml_fail(in->file, root, SY_EINVAL, in->err, "'%s: %s' is missing",
                                header[i].key, header[i].value);
        const char *text;
        enum sy_code code = sy_yaml_str(in->file, node, SY_CAT_TEXT_MAX, &text, in->err);
        if (code != SY_OK)
            return code;
        char quoted[80];
        if (strcmp(text, header[i].value) != 0)
            return sy_yaml_fail(in->file, node, SY_EINVAL, in->err, "%s '%s': expected '%s'",
                                header[i].key, sy_quote(quoted, sizeof quoted, text, strlen(text)),
                                header[i].value);
    }
    return SY_OK;
}

/* A key stated again (by a later file) holds for the values that follow: it goes to the front. */
static enum sy_code read_sources(const struct sy_cat_reader *in, const struct sy_yaml *root)
{
    const struct sy_yaml *map = sy_yaml_get(root, "sources");
    if (map == NULL)
        return SY_OK;
    enum sy_code code = sy_cat_is(in, map, SY_YAML_MAP);
    for (size_t i = 0; code == SY_OK && i < map->count; i++) {
        struct sy_cat_source *source = sy_arena_calloc(in->draft->arena, 1, sizeof *source);
        if (source == NULL)
            return sy_cat_nomem(in->err);
        code = sy_cat_text(in, map->key[i], SY_CAT_NAME_MAX, &source->key);
        if (code == SY_OK)
            code = sy_cat_text(in, map->item[i], SY_CAT_TEXT_MAX, &source->text);
        if (code != SY_OK)
            return code;
        source->next = in->draft->sources;
        in->draft->sources = source;
    }
    return code;
}

static enum sy_code read_root(const struct sy_cat_reader *in, const struct sy_yaml *root)
{
    static const char *const known[] = {"apiVersion",    "kind",    "sources",
                                        "resources",     "devices", "ignored",
                                        "interconnects", "bridges", NULL};
    static const struct {
        const char *key;
        sy_cat_entry_fn *fn;
    } lists[] = {
        {"resources", sy_cat_read_resource}, /* before the devices that name them ... */
        {"devices", sy_cat_read_device},
        {"resources", sy_cat_read_resource_devices}, /* ... and after those they name */
        {"ignored", sy_cat_read_ignored},
        {"bridges", sy_cat_read_bridge},
        {"interconnects", sy_cat_read_cpu},
    };
    enum sy_code code = sy_yaml_only(in->file, root, known, in->err);
    if (code == SY_OK)
        code = read_header(in, root);
    if (code == SY_OK)
        code = read_sources(in, root);
    for (size_t i = 0; code == SY_OK && i < sizeof lists / sizeof lists[0]; i++)
        code = sy_cat_each(in, root, lists[i].key, lists[i].fn);
    return code;
}

enum sy_code sy_cat_read(struct sy_cat_draft *draft, const struct sy_text_file *file,
                         unsigned number, struct sy_err *err)
{
    const char *name = sy_arena_strndup(draft->arena, file->name, strlen(file->name));
    struct sy_arena *tree SY_AUTO(sy_arena) = sy_arena_new(SY_CAT_YAML_BYTES);
    if (name == NULL || tree == NULL)
        return sy_cat_nomem(err);
    struct sy_yaml *root = NULL;
    enum sy_code code =
        sy_yaml_parse(tree, name, file->data, file->len, SY_CAT_FILE_BYTES, &root, err);
    if (code != SY_OK)
        return code;
    const struct sy_cat_reader in = {.draft = draft, .file = name, .number = number, .err = err};
    return read_root(&in, root);
}
