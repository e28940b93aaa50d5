/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that stand in the scenario file itself. */
#include "planner/whatif/scenario_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* Digits with a sign, a point, an exponent: nothing that only strtod takes ("inf", "0x1p3"). */
static bool looks_like_number(const char *text, bool *ret_whole)
{
    size_t digits = 0;
    *ret_whole = true;
    text += *text == '-' || *text == '+';
    for (; *text != '\0'; text++) {
        bool exponent = (*text == 'e' || *text == 'E') && digits > 0;
        if (isdigit((unsigned char)*text)) {
            digits++;
            continue;
        }
        if (*text != '.' && !exponent)
            return false;
        *ret_whole = false;
        text += exponent && (text[1] == '-' || text[1] == '+');
    }
    return digits > 0;
}

/* NULL: out of memory, or no UTF-8. */
static json_t *scalar(const struct sy_yaml *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};
    bool whole;
    char *end;
    if (node->quoted)
        return json_string(node->text);
    if (is_one_of(node->text, nulls))
        return json_null();
    if (is_one_of(node->text, yes) || is_one_of(node->text, no))
        return json_boolean(is_one_of(node->text, yes));
    if (!looks_like_number(node->text, &whole))
        return json_string(node->text);
    errno = 0;
    if (whole) {
        long long n = strtoll(node->text, &end, 10);
        if (errno == 0 && *end == '\0')
            return json_integer(n);
    }
    errno = 0;
    double value = strtod(node->text, &end);
    json_t *real = *end == '\0' && errno == 0 ? json_real(value) : NULL;
    return real != NULL ? real : json_string(node->text);
}

static json_t *value_of(const struct sy_yaml *node);

static json_t *list_of(const struct sy_yaml *node)
{
    json_t *list = json_array();
    for (size_t i = 0; i < node->count && list != NULL; i++)
        if (json_array_append_new(list, value_of(node->item[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *map_of(const struct sy_yaml *node)
{
    json_t *map = json_object();
    for (size_t i = 0; i < node->count && map != NULL; i++)
        if (json_object_set_new(map, node->key[i]->text, value_of(node->item[i])) != 0) {
            json_decref(map);
            return NULL;
        }
    return map;
}

/* As deep as base/yaml.h reads. */
static json_t *value_of(const struct sy_yaml *node) // NOLINT(misc-no-recursion)
{
    if (node->kind == SY_YAML_SCALAR)
        return scalar(node);
    return node->kind == SY_YAML_LIST ? list_of(node) : map_of(node);
}

enum sy_code sy_scenario_json(struct sy_scenario_reader *r, const struct sy_yaml *node,
                              json_t **ret)
{
    sy_mem_watch_begin();
    json_t *value = value_of(node);
    bool failed = sy_mem_watch_end();
    if (!failed && value == NULL)
        return sy_yaml_fail(r->file, node, SY_EPARSE, r->err, "holds text that is not UTF-8");
    if (failed || json_array_append(r->scenario->keep, value) != 0) {
        json_decref(value);
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    }
    json_decref(value); /* `keep` has it */
    *ret = value;
    return SY_OK;
}
