/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATH_SIZE 256 /* of a path in a message */

/* Nesting is counted before the parser recurses. Brackets inside strings do not count; on bytes
 * that are not JSON the count may be off, and the parser then says what is wrong. */
static enum sy_code check_depth(const char *data, size_t len, unsigned max_depth,
                                struct sy_err *err)
{
    unsigned depth = 0;
    size_t line = 1, line_start = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (c == '\n') {
            line++;
            line_start = i + 1;
        } else if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_depth)
                return sy_fail(err, SY_ELIMIT, "line %zu, column %zu: nested more than %u deep",
                               line, i - line_start + 1, max_depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return SY_OK;
}

/* jansson quotes the input in its texts: keep control characters out of ours. */
static enum sy_code fail_parse(const json_error_t *at, struct sy_err *err)
{
    char text[JSON_ERROR_TEXT_LENGTH];
    size_t n = 0;
    for (; n + 1 < sizeof text && at->text[n] != '\0'; n++) {
        unsigned char c = (unsigned char)at->text[n];
        text[n] = (char)(c < 0x20 || c == 0x7F ? '?' : c);
    }
    text[n] = '\0';
    return sy_fail(err, SY_EPARSE, "line %d, column %d: %s", at->line > 0 ? at->line : 1,
                   at->column, text);
}

enum sy_code sy_json_parse(const char *data, size_t len, const struct sy_json_limits *limits,
                           json_t **ret_root, struct sy_err *err)
{
    if (len > limits->max_bytes)
        return sy_fail(err, SY_ELIMIT, "%zu bytes long, more than %zu", len, limits->max_bytes);
    enum sy_code code = check_depth(data, len, limits->max_depth, err);
    if (code != SY_OK)
        return code;
    /* Any root and NUL in strings pass here, so that the readers below can name the place. */
    size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    if (limits->reject_duplicates)
        flags |= JSON_REJECT_DUPLICATES;
    json_error_t at;
    sy_mem_watch_begin();
    sy_autojson json_t *root = json_loadb(data, len, flags, &at);
    if (sy_mem_watch_end()) /* even a finished document may then lack letters */
        return sy_fail(err, SY_ENOMEM, "out of memory while parsing JSON");
    if (root == NULL)
        return fail_parse(&at, err);
    *ret_root = SY_TAKE(root);
    return SY_OK;
}

/* The text of a path goes to buf from `used` on, cut at `size`; returns the new length. */
static size_t path_put(char *buf, size_t size, size_t used, const char *text)
{
    for (; *text != '\0' && used + 1 < size; text++)
        buf[used++] = *text;
    return used;
}

static size_t path_put_key(char *buf, size_t size, size_t used, const char *key)
{
    for (; *key != '\0'; key++) {
        unsigned char c = (unsigned char)*key;
        char hex[5], one[2] = {*key, '\0'};
        (void)snprintf(hex, sizeof hex, "\\x%02X", c);
        used = path_put(buf, size, used,
                        c == '~'                ? "~0"
                        : c == '/'              ? "~1"
                        : c < 0x20 || c == 0x7F ? hex
                                                : one);
    }
    return used;
}

static size_t path_put_all(const struct sy_path *path, char *buf, size_t size)
{
    if (path == NULL || (path->parent == NULL && path->key == NULL))
        return 0; /* the root */
    size_t used = path_put_all(path->parent, buf, size);
    used = path_put(buf, size, used, "/");
    if (path->key != NULL)
        return path_put_key(buf, size, used, path->key);
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%zu", path->index);
    return path_put(buf, size, used, digits);
}

const char *sy_path_format(const struct sy_path *path, char *buf, size_t size)
{
    size_t used = path_put_all(path, buf, size);
    buf[used] = '\0';
    if (used + 1 == size && size > sizeof "...") { /* full: taken for cut */
        used = size - sizeof "...";
        while (used > 0 && ((unsigned char)buf[used] & 0xC0) == 0x80)
            used--;
        memcpy(buf + used, "...", sizeof "...");
    }
    return buf;
}

const char *sy_json_type(const json_t *value)
{
    if (value == NULL)
        return "nothing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "real";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        return "null";
    }
    return "unknown";
}

enum sy_code sy_json_fail(const struct sy_path *at, enum sy_code code, struct sy_err *err,
                          const char *fmt, ...)
{
    char where[PATH_SIZE], text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)sy_path_format(at, where, sizeof where);
    return sy_fail(err, code, "%s: %s", where[0] != '\0' ? where : "/", text);
}

enum sy_code sy_json_fail_type(const struct sy_path *at, const char *expected, const json_t *got,
                               struct sy_err *err)
{
    return sy_json_fail(at, SY_EINVAL, err, "expected %s, got %s", expected, sy_json_type(got));
}

/* The member, or NULL with SY_OK where it is absent (or null) and may be. */
static enum sy_code member(const json_t *obj, enum sy_json_need need, const struct sy_path *here,
                           const json_t **ret, struct sy_err *err)
{
    *ret = NULL;
    if (obj != NULL && !json_is_object(obj))
        return sy_json_fail_type(here->parent, "object", obj, err);
    const json_t *value = json_object_get(obj, here->key);
    if (value != NULL && !json_is_null(value)) {
        *ret = value;
        return SY_OK;
    }
    return need == SY_JSON_REQUIRED ? sy_json_fail(here, SY_EINVAL, err, "required") : SY_OK;
}

enum sy_code sy_json_str(const json_t *obj, const char *key, enum sy_json_need need, size_t max_len,
                         const struct sy_path *at, const char **ret, struct sy_err *err)
{
    const struct sy_path *here = SY_PATH_KEY(at, key);
    const json_t *value;
    enum sy_code code = member(obj, need, here, &value, err);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_string(value))
        return sy_json_fail_type(here, "string", value, err);
    size_t len = json_string_length(value);
    if (len > max_len)
        return sy_json_fail(here, SY_ELIMIT, err, "%zu bytes long, more than %zu", len, max_len);
    const char *text = json_string_value(value);
    if (memchr(text, '\0', len) != NULL)
        return sy_json_fail(here, SY_EINVAL, err, "holds a NUL byte");
    *ret = text;
    return SY_OK;
}

enum sy_code sy_json_int(const json_t *obj, const char *key, enum sy_json_need need, int64_t min,
                         int64_t max, const struct sy_path *at, int64_t *ret, struct sy_err *err)
{
    const struct sy_path *here = SY_PATH_KEY(at, key);
    const json_t *value;
    enum sy_code code = member(obj, need, here, &value, err);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_integer(value))
        return sy_json_fail_type(here, "integer", value, err);
    int64_t number = json_integer_value(value);
    if (number < min || number > max)
        return sy_json_fail(here, SY_ELIMIT, err, "%" PRId64 " is not within %" PRId64 "..%" PRId64,
                            number, min, max);
    *ret = number;
    return SY_OK;
}

enum sy_code sy_json_real(const json_t *obj, const char *key, enum sy_json_need need, double min,
                          double max, const struct sy_path *at, double *ret, struct sy_err *err)
{
    const struct sy_path *here = SY_PATH_KEY(at, key);
    const json_t *value;
    enum sy_code code = member(obj, need, here, &value, err);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_number(value))
        return sy_json_fail_type(here, "number", value, err);
    double number = json_number_value(value);
    if (!(number >= min && number <= max))
        return sy_json_fail(here, SY_ELIMIT, err, "%.15g is not within %.15g..%.15g", number, min,
                            max);
    *ret = number;
    return SY_OK;
}

enum sy_code sy_json_bool(const json_t *obj, const char *key, enum sy_json_need need,
                          const struct sy_path *at, bool *ret, struct sy_err *err)
{
    const struct sy_path *here = SY_PATH_KEY(at, key);
    const json_t *value;
    enum sy_code code = member(obj, need, here, &value, err);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_boolean(value))
        return sy_json_fail_type(here, "boolean", value, err);
    *ret = json_is_true(value);
    return SY_OK;
}

enum sy_code sy_json_array(const json_t *obj, const char *key, enum sy_json_need need,
                           size_t max_items, const struct sy_path *at, json_t **ret,
                           struct sy_err *err)
{
    const struct sy_path *here = SY_PATH_KEY(at, key);
    const json_t *value;
    enum sy_code code = member(obj, need, here, &value, err);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_array(value))
        return sy_json_fail_type(here, "array", value, err);
    if (json_array_size(value) > max_items)
        return sy_json_fail(here, SY_ELIMIT, err, "%zu items, more than %zu",
                            json_array_size(value), max_items);
    *ret = json_object_get(obj, key); /* as `value`, which is const for the sake of the checks */
    return SY_OK;
}

enum sy_code sy_json_object(const json_t *obj, const char *key, enum sy_json_need need,
                            const struct sy_path *at, json_t **ret, struct sy_err *err)
{
    const struct sy_path *here = SY_PATH_KEY(at, key);
    const json_t *value;
    enum sy_code code = member(obj, need, here, &value, err);
    if (code != SY_OK || value == NULL)
        return code;
    if (!json_is_object(value))
        return sy_json_fail_type(here, "object", value, err);
    *ret = json_object_get(obj, key);
    return SY_OK;
}

json_t *sy_json_get_ci(const json_t *obj, const char *key)
{
    json_t *found = json_object_get(obj, key);
    if (found != NULL || !json_is_object(obj))
        return found;
    /* jansson's iterators take no const object, but change nothing in it. */
    json_t *members = (json_t *)(uintptr_t)obj;
    const char *name;
    json_t *value;
    json_object_foreach(members, name, value)
    {
        if (strcasecmp(name, key) == 0)
            found = value;
    }
    return found;
}

static int append_dump(const char *data, size_t len, void *str)
{
    sy_str_append_n(str, data, len);
    return sy_str_failed(str) ? -1 : 0;
}

#define DUMP_DEPTH 2048 /* jansson's own limit of nesting */

/* Do 15 digits say every real of the value? (31.508 then reads so, not 31.507999999999999.) */
static bool says_all(const json_t *value, unsigned depth)
{
    char text[32];
    const char *key;
    json_t *member;
    size_t i;
    bool ok = depth < DUMP_DEPTH;
    if (json_is_real(value)) {
        double real = json_real_value(value);
        (void)snprintf(text, sizeof text, "%.15g", real);
        return strtod(text, NULL) == real;
    }
    if (json_is_array(value)) {
        for (i = 0; ok && i < json_array_size(value); i++)
            ok = says_all(json_array_get(value, i), depth + 1);
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            if (!ok || !says_all(member, depth + 1))
                return false;
        }
    }
    return ok;
}

enum sy_code sy_json_dump(const json_t *value, bool pretty, char **ret_text, size_t *ret_len,
                          struct sy_err *err)
{
    struct sy_str text;
    sy_str_init(&text, SIZE_MAX);
    size_t flags = JSON_ENCODE_ANY;
    flags |= says_all(value, 0) ? (size_t)JSON_REAL_PRECISION(15) : (size_t)JSON_REAL_PRECISION(17);
    flags |= pretty ? (size_t)JSON_INDENT(2) : (size_t)JSON_COMPACT;
    sy_mem_watch_begin();
    int ret = json_dump_callback(value, append_dump, &text, flags);
    char *taken = ret == 0 ? sy_str_take(&text, ret_len) : NULL;
    bool out_of_memory = sy_mem_watch_end();
    sy_str_done(&text);
    if (taken != NULL) {
        *ret_text = taken;
        return SY_OK;
    }
    if (out_of_memory)
        return sy_fail(err, SY_ENOMEM, "out of memory while writing JSON");
    return sy_fail(err, SY_EINTERNAL, "value cannot be written as JSON");
}
