/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/wire/slices.h"

#include "base/json.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *sy_skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

const char *sy_skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

const char *sy_skip_value(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        if (*p == '"') {
            p = sy_skip_string(p, end);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (depth > 0 && (*p == '}' || *p == ']')) {
            depth--;
            p++;
        } else if (depth == 0 && (*p == ',' || *p == '}' || *p == ']' || is_blank(*p))) {
            return p; /* after a number or a word */
        } else {
            p++;
            continue;
        }
        if (depth == 0)
            return p;
    }
    return p;
}

/* Keys with escapes are decoded by the parser. */
static enum sy_code key_equals(struct sy_slice quoted, const char *key, bool *ret,
                               struct sy_err *err)
{
    size_t len = strlen(key);
    if (memchr(quoted.data, '\\', quoted.len) == NULL) {
        *ret = quoted.len == len + 2 && memcmp(quoted.data + 1, key, len) == 0;
        return SY_OK;
    }
    const struct sy_json_limits limits = {.max_bytes = quoted.len, .max_depth = 1};
    sy_autojson json_t *text = NULL;
    enum sy_code code = sy_json_parse(quoted.data, quoted.len, &limits, &text, err);
    if (code == SY_OK)
        *ret = json_is_string(text) && json_string_length(text) == len &&
               memcmp(json_string_value(text), key, len) == 0;
    return code;
}

enum sy_code sy_slice_member(struct sy_slice text, const char *key, struct sy_slice *ret,
                             struct sy_err *err)
{
    const char *end = text.data + text.len;
    const char *p = sy_skip_blanks(text.data, end) + 1; /* past the brace */
    *ret = (struct sy_slice){0};
    for (;;) {
        p = sy_skip_blanks(p, end);
        if (p >= end || *p != '"')
            return SY_OK;
        struct sy_slice quoted = {p, 0};
        p = sy_skip_string(p, end);
        quoted.len = (size_t)(p - quoted.data);
        p = sy_skip_blanks(p, end);
        struct sy_slice value = {sy_skip_blanks(p < end ? p + 1 : end, end),
                                 0}; /* past the colon */
        p = sy_skip_value(value.data, end);
        value.len = (size_t)(p - value.data);
        bool same = false;
        enum sy_code code = key_equals(quoted, key, &same, err);
        if (code != SY_OK)
            return code;
        if (same)
            *ret = value;
        p = sy_skip_blanks(p, end);
        p += p < end && *p == ',';
    }
}

size_t sy_slice_items(struct sy_slice text, struct sy_slice *item, size_t n)
{
    const char *end = text.data + text.len;
    const char *p = sy_skip_blanks(text.data, end) + 1; /* past the bracket */
    for (size_t i = 0;; i++) {
        p = sy_skip_blanks(p, end);
        if (p >= end || *p == ']')
            return i;
        if (i == n)
            return n + 1;
        item[i].data = p;
        p = sy_skip_value(p, end);
        item[i].len = (size_t)(p - item[i].data);
        p = sy_skip_blanks(p, end);
        p += p < end && *p == ',';
    }
}
