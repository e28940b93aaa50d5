/* SPDX-License-Identifier: Apache-2.0 */
/* Typed readers of the tree that yaml.c builds. */
#include "base/str.h"
#include "base/yaml.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum sy_code(sy_yaml_fail)(const char *file, const struct sy_yaml *at, enum sy_code code,
                           struct sy_err *err, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return sy_fail(err, code, "%s:%u:%u: %s", file, at->line, at->column, text);
}

struct sy_yaml *sy_yaml_get(const struct sy_yaml *map, const char *key)
{
    if (map->kind != SY_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->key[i]->text, key) == 0)
            return map->item[i];
    return NULL;
}

/* A plain scalar that YAML reads as null. */
static bool is_null(const struct sy_yaml *node)
{
    return !node->quoted && (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
                             strcmp(node->text, "null") == 0);
}

/* What stands at a node, in words: "a map", "nothing", "'text'". */
static const char *describe(const struct sy_yaml *node, char *buf, size_t size)
{
    if (node->kind == SY_YAML_LIST)
        return "a list";
    if (node->kind == SY_YAML_MAP)
        return "a map";
    if (is_null(node))
        return "nothing";
    char shown[64];
    (void)sy_quote(shown, sizeof shown, node->text, strlen(node->text));
    (void)snprintf(buf, size, node->quoted ? "the text '%s'" : "'%s'", shown);
    return buf;
}

static enum sy_code fail_type(const char *file, const struct sy_yaml *node, const char *expected,
                              struct sy_err *err)
{
    char buf[96];
    return sy_yaml_fail(file, node, SY_EINVAL, err, "expected %s, got %s", expected,
                        describe(node, buf, sizeof buf));
}

static bool is_known(const char *key, const char *const *known)
{
    for (; *known != NULL; known++)
        if (strcmp(key, *known) == 0)
            return true;
    return false;
}

enum sy_code sy_yaml_only(const char *file, const struct sy_yaml *map, const char *const *known,
                          struct sy_err *err)
{
    if (map->kind != SY_YAML_MAP)
        return fail_type(file, map, "a map", err);
    for (size_t i = 0; i < map->count; i++) {
        const struct sy_yaml *key = map->key[i];
        if (is_known(key->text, known))
            continue;
        char shown[64], list[256] = "";
        size_t used = 0;
        for (const char *const *k = known; *k != NULL && used < sizeof list; k++)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", *k);
        if (used >= sizeof list)
            memcpy(list + sizeof list - sizeof "...", "...", sizeof "...");
        return sy_yaml_fail(file, key, SY_EINVAL, err, "unknown key '%s' (known: %s)",
                            sy_quote(shown, sizeof shown, key->text, strlen(key->text)), list);
    }
    return SY_OK;
}

enum sy_code sy_yaml_str(const char *file, const struct sy_yaml *node, size_t max_len,
                         const char **ret, struct sy_err *err)
{
    if (node->kind != SY_YAML_SCALAR || is_null(node))
        return fail_type(file, node, "a text", err);
    size_t len = strlen(node->text);
    if (len > max_len)
        return sy_yaml_fail(file, node, SY_ELIMIT, err, "%zu bytes long, more than %zu", len,
                            max_len);
    *ret = node->text;
    return SY_OK;
}

/* Skip decimal digits; NULL when there is none. */
static const char *skip_digits(const char *p)
{
    const char *start = p;
    while (*p >= '0' && *p <= '9')
        p++;
    return p > start ? p : NULL;
}

/* [-+] digits, without a needless zero in front: YAML 1.1 would read 010 as 8. */
static const char *skip_integer(const char *p)
{
    if (*p == '-' || *p == '+')
        p++;
    if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
        return NULL;
    return skip_digits(p);
}

static bool is_integer(const struct sy_yaml *node)
{
    if (node->kind != SY_YAML_SCALAR || node->quoted)
        return false;
    const char *end = skip_integer(node->text);
    return end != NULL && *end == '\0';
}

/* An integer, then maybe a fraction, then maybe an exponent; no infinities, no hexadecimals. */
static bool is_real(const struct sy_yaml *node)
{
    if (node->kind != SY_YAML_SCALAR || node->quoted)
        return false;
    const char *p = skip_integer(node->text);
    if (p != NULL && *p == '.')
        p = skip_digits(p + 1);
    if (p != NULL && (*p == 'e' || *p == 'E'))
        p = skip_digits(p[1] == '-' || p[1] == '+' ? p + 2 : p + 1);
    return p != NULL && *p == '\0';
}

enum sy_code sy_yaml_int(const char *file, const struct sy_yaml *node, int64_t min, int64_t max,
                         int64_t *ret, struct sy_err *err)
{
    if (!is_integer(node))
        return fail_type(file, node, "an integer", err);
    errno = 0;
    intmax_t number = strtoimax(node->text, NULL, 10);
    if (errno == ERANGE || number < min || number > max) {
        char shown[64];
        return sy_yaml_fail(file, node, SY_ELIMIT, err, "%s is not within %" PRId64 "..%" PRId64,
                            sy_quote(shown, sizeof shown, node->text, strlen(node->text)), min,
                            max);
    }
    *ret = number;
    return SY_OK;
}

enum sy_code sy_yaml_real(const char *file, const struct sy_yaml *node, double min, double max,
                          double *ret, struct sy_err *err)
{
    if (!is_real(node))
        return fail_type(file, node, "a number", err);
    double number = strtod(node->text, NULL);
    if (!isfinite(number) || number < min || number > max) {
        char shown[64];
        return sy_yaml_fail(file, node, SY_ELIMIT, err, "%s is not within %.15g..%.15g",
                            sy_quote(shown, sizeof shown, node->text, strlen(node->text)), min,
                            max);
    }
    *ret = number;
    return SY_OK;
}

enum sy_code sy_yaml_bool(const char *file, const struct sy_yaml *node, bool *ret,
                          struct sy_err *err)
{
    bool plain = node->kind == SY_YAML_SCALAR && !node->quoted;
    if (plain && strcmp(node->text, "true") == 0)
        *ret = true;
    else if (plain && strcmp(node->text, "false") == 0)
        *ret = false;
    else
        return fail_type(file, node, "true or false", err);
    return SY_OK;
}
