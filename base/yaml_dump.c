/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_dump.h"

#include <string.h>
#include <strings.h>

#define INDENT 2u

static void put_spaces(struct sy_str *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        sy_str_append_n(out, " ", 1);
}

/* Words that some reader takes for a bool or null (YAML 1.1: type repository; 1.2: core schema). */
static bool is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"true", "false", "yes",  "no", "on",
                                        "off",  "y",     "null", "n",  "nan"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A letter, then letters, digits and a few signs without a meaning: the same text in every reader.
 */
static bool is_plain(const char *text, size_t len)
{
    if (len == 0 || len != strlen(text) || !is_letter(text[0]) || is_word_of_yaml(text))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter(text[i]) && (text[i] < '0' || text[i] > '9') &&
            (text[i] == '\0' || strchr("_-./", text[i]) == NULL))
            return false;
    return true;
}

/* One character of valid UTF-8; its length in *ret_n. */
static uint32_t decode(const unsigned char *p, unsigned *ret_n)
{
    unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (unsigned i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    *ret_n = n;
    return c;
}

/* Characters that YAML does not take as they stand, or folds into line breaks. */
static bool must_escape(uint32_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7F && c < 0xA0) || c == 0x2028 ||
           c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF;
}

static void put_text(const char *text, size_t len, struct sy_str *out)
{
    if (is_plain(text, len)) {
        sy_str_append_n(out, text, len);
        return;
    }
    sy_str_append(out, "\"");
    for (size_t i = 0; i < len;) {
        unsigned n;
        uint32_t c = decode((const unsigned char *)text + i, &n);
        if (c == '"' || c == '\\')
            sy_str_printf(out, "\\%c", (int)c);
        else if (c == '\n')
            sy_str_append(out, "\\n");
        else if (must_escape(c))
            sy_str_printf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", c);
        else
            sy_str_append_n(out, text + i, n);
        i += n;
    }
    sy_str_append(out, "\"");
}

/* As JSON writes it, but with the point that YAML 1.1 wants before an exponent. */
static enum sy_code put_real(const json_t *value, struct sy_str *out, struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len;
    enum sy_code code = sy_json_dump(value, false, &text, &len, err);
    if (code != SY_OK)
        return code;
    size_t whole = strcspn(text, ".eE");
    sy_str_append_n(out, text, whole);
    if (text[whole] == 'e' || text[whole] == 'E')
        sy_str_append(out, ".0");
    sy_str_append(out, text + whole);
    return SY_OK;
}

static enum sy_code put_scalar(const json_t *value, struct sy_str *out, struct sy_err *err)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        put_text(json_string_value(value), json_string_length(value), out);
        break;
    case JSON_INTEGER:
        sy_str_printf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        return put_real(value, out, err);
    case JSON_TRUE:
    case JSON_FALSE:
        sy_str_append(out, json_is_true(value) ? "true" : "false");
        break;
    case JSON_OBJECT:
        sy_str_append(out, "{}");
        break;
    case JSON_ARRAY:
        sy_str_append(out, "[]");
        break;
    case JSON_NULL:
        sy_str_append(out, "null");
        break;
    }
    return SY_OK;
}

static bool is_block(const json_t *value)
{
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static enum sy_code put_block(const json_t *value, unsigned depth, unsigned indent,
                              struct sy_str *out, struct sy_err *err);

/* Behind "key:" or "-": a scalar on the same line, a block below or, in a list, beside it. */
static enum sy_code put_member(const json_t *value, bool in_list, unsigned depth, unsigned indent,
                               struct sy_str *out, struct sy_err *err)
{
    if (!is_block(value)) {
        sy_str_append(out, " ");
        enum sy_code code = put_scalar(value, out, err);
        sy_str_append(out, "\n");
        return code;
    }
    if (!in_list) {
        sy_str_append(out, "\n");
        put_spaces(out, indent);
        return put_block(value, depth + 1, indent, out, err);
    }
    sy_str_append(out, " ");
    return put_block(value, depth + 1, indent, out, err);
}

/* The first line's indentation stands already. */
static enum sy_code put_block(const json_t *value, unsigned depth, unsigned indent,
                              struct sy_str *out, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (depth > SY_YAML_DUMP_DEPTH_MAX)
        return sy_fail(err, SY_ELIMIT, "nested deeper than %u levels", SY_YAML_DUMP_DEPTH_MAX);
    for (size_t i = 0; i < json_array_size(value) && code == SY_OK; i++) {
        put_spaces(out, i > 0 ? indent : 0);
        sy_str_append(out, "-");
        code = put_member(json_array_get(value, i), true, depth, indent + INDENT, out, err);
    }
    const char *key;
    json_t *member;
    bool first = true;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        put_spaces(out, first ? 0 : indent);
        first = false;
        put_text(key, strlen(key), out);
        sy_str_append(out, ":");
        /* A list stands as deep as its key: the dash shows where it is. */
        unsigned deeper = json_is_array(member) ? indent : indent + INDENT;
        if (code == SY_OK)
            code = put_member(member, false, depth, deeper, out, err);
    }
    return code;
}

enum sy_code sy_yaml_dump(const json_t *value, struct sy_str *out, struct sy_err *err)
{
    enum sy_code code;
    if (is_block(value)) {
        code = put_block(value, 1, 0, out, err);
    } else {
        code = put_scalar(value, out, err);
        sy_str_append(out, "\n");
    }
    if (code == SY_OK && sy_str_failed(out))
        code = sy_fail(err, SY_ENOMEM, "out of memory while writing YAML");
    return code;
}
