/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/catalogue_value.h"

#include "base/str.h"

#include <string.h>

struct sy_cat_place sy_cat_place(const struct sy_cat_reader *in, const struct sy_yaml *at)
{
    return (struct sy_cat_place){in->file, in->number, at->line, at->column};
}

enum sy_code sy_cat_nomem(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "device catalogue: out of memory");
}

enum sy_code sy_cat_is(const struct sy_cat_reader *in, const struct sy_yaml *node,
                       enum sy_yaml_kind kind)
{
    static const char *const names[] = {"a single value", "a list", "a map"};
    if (node->kind == kind)
        return SY_OK;
    return sy_yaml_fail(in->file, node, SY_EINVAL, in->err, "expected %s, got %s", names[kind],
                        names[node->kind]);
}

enum sy_code sy_cat_each(const struct sy_cat_reader *in, const struct sy_yaml *root,
                         const char *key, sy_cat_entry_fn *fn)
{
    const struct sy_yaml *list = sy_yaml_get(root, key);
    if (list == NULL)
        return SY_OK;
    enum sy_code code = sy_cat_is(in, list, SY_YAML_LIST);
    for (size_t i = 0; code == SY_OK && i < list->count; i++)
        code = fn(in, list->item[i]);
    return code;
}

enum sy_code sy_cat_text(const struct sy_cat_reader *in, const struct sy_yaml *node, size_t max,
                         const char **ret)
{
    const char *text;
    enum sy_code code = sy_yaml_str(in->file, node, max, &text, in->err);
    if (code != SY_OK)
        return code;
    if (text[0] == '\0')
        return sy_yaml_fail(in->file, node, SY_EINVAL, in->err, "must not be empty");
    *ret = sy_arena_strndup(in->draft->arena, text, strlen(text));
    return *ret == NULL ? sy_cat_nomem(in->err) : SY_OK;
}

enum sy_code sy_cat_name(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                         const char **ret)
{
    enum sy_code code = sy_cat_is(in, entry, SY_YAML_MAP);
    if (code != SY_OK)
        return code;
    const struct sy_yaml *node = sy_yaml_get(entry, "name");
    if (node == NULL)
        return sy_yaml_fail(in->file, entry, SY_EINVAL, in->err, "'name' is missing");
    const char *name;
    code = sy_yaml_str(in->file, node, SY_CAT_NAME_MAX, &name, in->err);
    if (code != SY_OK)
        return code;
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    if (name[0] == '\0' || name[good] != '\0') {
        char quoted[80];
        return sy_yaml_fail(in->file, node, SY_EINVAL, in->err,
                            "name '%s': lower-case letters, digits, '-' and '.' only",
                            sy_quote(quoted, sizeof quoted, name, strlen(name)));
    }
    *ret = name;
    return SY_OK;
}

enum sy_code sy_cat_twice(const struct sy_cat_reader *in, const struct sy_yaml *entry,
                          const char *what, const char *name, const struct sy_cat_place *first)
{
    return sy_yaml_fail(in->file, entry, SY_ECONFLICT, in->err,
                        "%s '%s' stands twice in this file (first at line %u)", what, name,
                        first->line);
}

static enum sy_code source_text(const struct sy_cat_reader *in, const struct sy_yaml *node,
                                const char **ret)
{
    const char *key;
    enum sy_code code = sy_yaml_str(in->file, node, SY_CAT_NAME_MAX, &key, in->err);
    if (code != SY_OK)
        return code;
    for (const struct sy_cat_source *s = in->draft->sources; s != NULL; s = s->next) {
        if (strcmp(s->key, key) == 0) {
            *ret = s->text;
            return SY_OK;
        }
    }
    char quoted[80];
    return sy_yaml_fail(in->file, node, SY_EINVAL, in->err,
                        "source '%s' is not a key of 'sources' here or in an earlier file",
                        sy_quote(quoted, sizeof quoted, key, strlen(key)));
}

enum sy_code sy_cat_evidence(const struct sy_cat_reader *in, const struct sy_yaml *map,
                             bool *ret_verified, const char **ret_text)
{
    const struct sy_yaml *source = sy_yaml_get(map, "source");
    const struct sy_yaml *why = sy_yaml_get(map, "unverified");
    if ((source == NULL) == (why == NULL))
        return sy_yaml_fail(in->file, map, SY_EINVAL, in->err,
                            "needs one of 'source: KEY' and 'unverified: \"why\"'");
    *ret_verified = source != NULL;
    return source != NULL ? source_text(in, source, ret_text)
                          : sy_cat_text(in, why, SY_CAT_TEXT_MAX, ret_text);
}

enum sy_code sy_cat_value(const struct sy_cat_reader *in, const struct sy_yaml *node,
                          struct sy_cat_value *ret)
{
    static const char *const known[] = {"value", "source", "unverified", NULL};
    if (node->kind != SY_YAML_MAP)
        return sy_yaml_fail(
            in->file, node, SY_EINVAL, in->err,
            "expected {value: ..., source: KEY} or {value: ..., unverified: \"why\"}");
    enum sy_code code = sy_yaml_only(in->file, node, known, in->err);
    if (code != SY_OK)
        return code;
    ret->value = sy_yaml_get(node, "value");
    if (ret->value == NULL)
        return sy_yaml_fail(in->file, node, SY_EINVAL, in->err, "'value' is missing");
    return sy_cat_evidence(in, node, &ret->verified, &ret->source);
}

enum sy_code sy_cat_fact(const struct sy_cat_reader *in, const struct sy_yaml *node,
                         const struct sy_cat_range *range, struct sy_fact *ret)
{
    struct sy_cat_value value;
    enum sy_code code = sy_cat_value(in, node, &value);
    if (code != SY_OK)
        return code;
    double number = 0;
    int64_t whole = 0;
    if (range->whole) {
        code = sy_yaml_int(in->file, value.value, (int64_t)range->min, (int64_t)range->max, &whole,
                           in->err);
        number = (double)whole;
    } else {
        code = sy_yaml_real(in->file, value.value, range->min, range->max, &number, in->err);
    }
    if (code != SY_OK)
        return code;
    *ret = (struct sy_fact){.known = true,
                            .verified = value.verified,
                            .value = (uint32_t)(number * range->scale + 0.5),
                            .source = value.source};
    return SY_OK;
}

enum sy_code sy_cat_word(const struct sy_cat_reader *in, const struct sy_yaml *node,
                         const char *const *names, size_t n, uint8_t *ret)
{
    const char *word;
    enum sy_code code = sy_yaml_str(in->file, node, SY_CAT_TEXT_MAX, &word, in->err);
    if (code != SY_OK)
        return code;
    char known[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (names[i][0] == '\0') /* an X-macro's "none" is no word of the file */
            continue;
        if (strcmp(names[i], word) == 0) {
            *ret = (uint8_t)i;
            return SY_OK;
        }
        size_t len = strlen(names[i]), comma = used > 0 ? 2 : 0;
        if (used + comma + len >= sizeof known)
            continue;
        memcpy(known + used, ", ", comma);
        memcpy(known + used + comma, names[i], len + 1);
        used += comma + len;
    }
    char quoted[80];
    return sy_yaml_fail(in->file, node, SY_EINVAL, in->err, "'%s' is none of %s",
                        sy_quote(quoted, sizeof quoted, word, strlen(word)), known);
}

/* Four digits into the next 16 bits of value and mask; 'x' leaves its four bits out of the mask. */
static bool read_digits(const char **text, uint64_t *value, uint64_t *mask, bool wild)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 4; i++) {
        char c = **text;
        const char *digit = c == '\0' ? NULL : strchr(digits, c);
        if (digit == NULL && !(wild && c == 'x'))
            return false;
        *value = *value << 4 | (digit != NULL ? (uint64_t)(digit - digits) : 0);
        *mask = *mask << 4 | (digit != NULL ? 0xf : 0);
        (*text)++;
    }
    return true;
}

static bool skip(const char **text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(*text, prefix, len) != 0)
        return false;
    *text += len;
    return true;
}

static bool parse_id(const char *text, bool bridges, struct sy_cat_id *ret)
{
    uint64_t value = 0, mask = 0;
    if (!read_digits(&text, &value, &mask, false) || value == 0 || !skip(&text, ":"))
        return false;
    ret->level = !bridges && skip(&text, "class-") ? SY_CAT_CLASS : SY_CAT_DEVICE;
    if (!read_digits(&text, &value, &mask, bridges))
        return false;
    if (ret->level == SY_CAT_DEVICE && skip(&text, "/")) {
        ret->level = SY_CAT_SUBSYSTEM;
        if (!read_digits(&text, &value, &mask, bridges) || !skip(&text, ":") ||
            !read_digits(&text, &value, &mask, bridges))
            return false;
    } else {
        value <<= 32;
        mask <<= 32;
    }
    ret->value = value;
    ret->mask = mask;
    return *text == '\0';
}

static enum sy_code read_id(const struct sy_cat_reader *in, const struct sy_yaml *node,
                            bool bridges, struct sy_cat_id *ret)
{
    struct sy_cat_value value;
    enum sy_code code = sy_cat_value(in, node, &value);
    const char *text = NULL;
    if (code == SY_OK)
        code = sy_yaml_str(in->file, value.value, SY_CAT_NAME_MAX, &text, in->err);
    if (code != SY_OK)
        return code;
    if (parse_id(text, bridges, ret)) {
        ret->place = sy_cat_place(in, value.value);
        return SY_OK;
    }
    char quoted[80];
    return sy_yaml_fail(
        in->file, value.value, SY_EINVAL, in->err,
        "PCI identity '%s': expected %s (four lower-case hexadecimal digits each%s)",
        sy_quote(quoted, sizeof quoted, text, strlen(text)),
        bridges ? "VENDOR:DEVICE or VENDOR:DEVICE/SUBVENDOR:SUBDEVICE"
                : "VENDOR:DEVICE, VENDOR:DEVICE/SUBVENDOR:SUBDEVICE or "
                  "VENDOR:class-CLASS",
        bridges ? ", x for any but in VENDOR" : "");
}

enum sy_code sy_cat_ids(const struct sy_cat_reader *in, const struct sy_yaml *list, bool bridges,
                        enum sy_role role, struct sy_cat_id **ret)
{
    enum sy_code code = sy_cat_is(in, list, SY_YAML_LIST);
    struct sy_cat_id *first = NULL, **end = &first;
    for (size_t i = 0; code == SY_OK && i < list->count; i++) {
        struct sy_cat_id *id = sy_arena_calloc(in->draft->arena, 1, sizeof *id);
        if (id == NULL)
            return sy_cat_nomem(in->err);
        id->role = (uint8_t)role;
        code = read_id(in, list->item[i], bridges, id);
        *end = id;
        end = &id->next;
    }
    if (code == SY_OK)
        *ret = first;
    return code;
}
