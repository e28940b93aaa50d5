/* SPDX-License-Identifier: Apache-2.0 */
/* What the extractor keeps, said again in a few lines over a whole document: its reference. */
#include "base/kube/fields.h"

#include <string.h>

static json_t *prune(const json_t *value, const struct sy_kube_field *fields);

static json_t *prune_object(const json_t *object, const struct sy_kube_field *fields)
{
    sy_autojson json_t *kept = json_object();
    /* jansson's iterators take no const object, but change nothing in it. */
    json_t *members = (json_t *)(uintptr_t)object;
    const char *name;
    json_t *member;
    bool ok = kept != NULL;
    if (!ok)
        return NULL;
    json_object_foreach(members, name, member)
    {
        const struct sy_kube_field *field = sy_kube_field_find(fields, name);
        if (ok && field != NULL)
            ok = json_object_set_new_nocheck(kept, name, prune(member, field->below)) == 0;
    }
    return ok ? SY_TAKE(kept) : NULL;
}

static json_t *prune_array(const json_t *array, const struct sy_kube_field *fields)
{
    sy_autojson json_t *kept = json_array();
    if (kept == NULL)
        return NULL;
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_array_append_new(kept, prune(json_array_get(array, i), fields)) != 0)
            return NULL;
    return SY_TAKE(kept);
}

/* NULL when out of memory. The depth is that of a document that jansson parsed: bounded. */
static json_t *prune(const json_t *value, const struct sy_kube_field *fields)
{
    if (fields != NULL && json_is_object(value))
        return prune_object(value, fields);
    if (fields != NULL && json_is_array(value))
        return prune_array(value, fields);
    return json_deep_copy(value);
}

enum sy_code sy_kube_extract_prune(const json_t *document, const struct sy_kube_field *fields,
                                   json_t **ret, struct sy_err *err)
{
    sy_mem_watch_begin();
    sy_autojson json_t *kept = prune(document, fields);
    if (sy_mem_watch_end() || kept == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a document");
    *ret = SY_TAKE(kept);
    return SY_OK;
}
