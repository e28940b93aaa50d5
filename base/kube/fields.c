/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/fields.h"

#include <string.h>

const struct sy_kube_field *sy_kube_field_find(const struct sy_kube_field *fields, const char *name)
{
    for (; fields->key != NULL; fields++) {
        bool found = strcmp(fields->key, name) == 0;
        if (strcmp(fields->key, "*") == 0)
            found = fields->starts == NULL ||
                    strncmp(name, fields->starts, strlen(fields->starts)) == 0;
        if (found)
            return fields;
    }
    return NULL;
}

static size_t count(const struct sy_kube_field *fields)
{
    size_t n = 0;
    while (fields[n].key != NULL)
        n++;
    return n;
}

static const struct sy_kube_field *same(const struct sy_kube_field *fields,
                                        const struct sy_kube_field *field)
{
    for (; fields->key != NULL; fields++) {
        bool both = fields->starts != NULL && field->starts != NULL;
        if (strcmp(fields->key, field->key) == 0 &&
            (both ? strcmp(fields->starts, field->starts) == 0 : fields->starts == field->starts))
            return fields;
    }
    return NULL;
}

const struct sy_kube_field *sy_kube_fields_merge(struct sy_arena *arena,
                                                 const struct sy_kube_field *a,
                                                 const struct sy_kube_field *b)
{
    struct sy_kube_field *merged = sy_arena_calloc(arena, count(a) + count(b) + 1, sizeof *merged);
    size_t n = 0;
    if (merged == NULL)
        return NULL;
    for (; a->key != NULL; a++) {
        const struct sy_kube_field *other = same(b, a);
        merged[n] = *a;
        if (other != NULL && (a->below == NULL || other->below == NULL))
            merged[n].below = NULL;
        else if (other != NULL)
            merged[n].below = sy_kube_fields_merge(arena, a->below, other->below);
        if (other != NULL && a->below != NULL && other->below != NULL && merged[n].below == NULL)
            return NULL;
        n++;
    }
    for (const struct sy_kube_field *field = b; field->key != NULL; field++)
        if (same(merged, field) == NULL)
            merged[n++] = *field;
    return merged;
}
