/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/wire/names.h"

#include "scoring/wire/slices.h"

#include <string.h>
#include <strings.h>

#define KEY "NodeNames"

enum sy_code sy_names_read(const json_t *array, const struct sy_path *at, struct sy_arena *arena,
                           struct sy_candidate **ret, size_t *ret_n, struct sy_err *err)
{
    if (!json_is_array(array))
        return sy_json_fail_type(at, "array", array, err);
    size_t n = json_array_size(array);
    if (n > SY_WIRE_NAMES_MAX)
        return sy_json_fail(at, SY_ELIMIT, err, "%zu names, more than %u", n, SY_WIRE_NAMES_MAX);
    struct sy_candidate *candidate = sy_arena_calloc(arena, n, sizeof *candidate);
    if (candidate == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const json_t *name = json_array_get(array, i);
        if (!json_is_string(name))
            return sy_json_fail_type(SY_PATH_AT(at, i), "string", name, err);
        candidate[i].name = json_string_value(name);
        candidate[i].len = json_string_length(name);
        candidate[i].index = -1;
        if (candidate[i].len > SY_NAME_LEN_MAX)
            return sy_json_fail(SY_PATH_AT(at, i), SY_ELIMIT, err, "%zu bytes long, more than %u",
                                candidate[i].len, SY_NAME_LEN_MAX);
        if (memchr(candidate[i].name, '\0', candidate[i].len) != NULL)
            return sy_json_fail(SY_PATH_AT(at, i), SY_EINVAL, err, "holds a NUL byte");
    }
    *ret = candidate;
    *ret_n = n;
    return SY_OK;
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Past the closing quote of a plain string whose opening quote is at `p`; NULL when it is none. */
static const char *skip_plain(const char *p, const char *end)
{
    const char *start = ++p;
    while (p < end && is_plain(*p))
        p++;
    return p < end && *p == '"' && (size_t)(p - start) <= SY_NAME_LEN_MAX ? p + 1 : NULL;
}

/* Past the array at `p`, and the number of its names; NULL when it is not a plain one. */
static const char *skip_plain_array(const char *p, const char *end, size_t *ret_n)
{
    size_t n = 0;
    p = sy_skip_blanks(p + 1, end);
    if (p < end && *p == ']') {
        *ret_n = 0;
        return p + 1;
    }
    for (;;) {
        if (p >= end || *p != '"' || ++n > SY_WIRE_NAMES_MAX)
            return NULL;
        p = skip_plain(p, end);
        p = p != NULL ? sy_skip_blanks(p, end) : end;
        if (p >= end || (*p != ',' && *p != ']'))
            return NULL;
        if (*p == ']')
            break;
        p = sy_skip_blanks(p + 1, end);
    }
    *ret_n = n;
    return p + 1;
}

/* The names of a plain array, in a copy where each closing quote has become the end of a text. */
static enum sy_code take_names(struct sy_names *names, struct sy_arena *arena, struct sy_err *err)
{
    char *copy = sy_arena_strndup(arena, names->at.data, names->at.len);
    names->candidate = sy_arena_calloc(arena, names->n, sizeof *names->candidate);
    if (copy == NULL || names->candidate == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    char *p = copy;
    for (size_t i = 0; i < names->n; i++) {
        while (*p != '"')
            p++;
        char *start = ++p;
        while (*p != '"')
            p++;
        names->candidate[i] =
            (struct sy_candidate){.name = start, .len = (size_t)(p - start), .index = -1};
        *p++ = '\0';
    }
    return SY_OK;
}

static bool is_key(const char *quoted, size_t len)
{
    return len == sizeof KEY + 1 && strncasecmp(quoted + 1, KEY, sizeof KEY - 1) == 0;
}

enum sy_code sy_names_scan(struct sy_slice body, struct sy_arena *arena, struct sy_names *ret,
                           struct sy_err *err)
{
    const char *end = body.data + body.len;
    const char *p = sy_skip_blanks(body.data, end);
    struct sy_names names = {0};
    *ret = names;
    if (p >= end || *p != '{')
        return SY_OK;
    for (p = sy_skip_blanks(p + 1, end); p < end && *p == '"'; p = sy_skip_blanks(p, end)) {
        const char *key = p;
        p = sy_skip_string(p, end);
        size_t len = (size_t)(p - key);
        if (memchr(key, '\\', len) != NULL)
            return SY_OK; /* may be any key */
        p = sy_skip_blanks(p, end);
        if (p >= end || *p != ':')
            return SY_OK;
        p = sy_skip_blanks(p + 1, end);
        const char *value = p;
        bool wanted = is_key(key, len);
        if (wanted && (names.at.data != NULL || p >= end || *p != '['))
            return SY_OK; /* a second one, or none of names */
        p = wanted ? skip_plain_array(p, end, &names.n) : sy_skip_value(p, end);
        if (p == NULL)
            return SY_OK;
        if (wanted)
            names.at = (struct sy_slice){value, (size_t)(p - value)};
        p = sy_skip_blanks(p, end);
        p += p < end && *p == ',';
    }
    enum sy_code code = names.at.data != NULL ? take_names(&names, arena, err) : SY_OK;
    if (code == SY_OK)
        *ret = names;
    return code;
}
