/* SPDX-License-Identifier: Apache-2.0 */
/* Resource lists, summed exactly, rounded once. */
#include "planner/state/state_private.h"

#include <stdlib.h>
#include <string.h>

sy_nano *sy_sums_find(struct sy_sums *sums, const char *name)
{
    for (size_t i = 0; i < sums->n; i++)
        if (strcmp(sums->sum[i].name, name) == 0)
            return &sums->sum[i].nano;
    return NULL;
}

enum sy_code sy_sums_add(struct sy_sums *sums, const char *name, sy_nano nano, struct sy_err *err)
{
    sy_nano *known = sy_sums_find(sums, name);
    if (known != NULL) {
        *known += nano; /* few summands below 2^93: far from 2^127 */
        return SY_OK;
    }
    if (sums->n == SY_AMOUNTS_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u different resources", SY_AMOUNTS_MAX);
    sums->sum[sums->n].name = name;
    sums->sum[sums->n++].nano = nano;
    return SY_OK;
}

enum sy_code sy_sums_read(const json_t *list, const struct sy_path *at, bool allow_negative,
                          struct sy_sums *ret, struct sy_err *err)
{
    const char *name;
    json_t *value;
    enum sy_code code = SY_OK;
    if (list == NULL || json_is_null(list))
        return SY_OK;
    if (!json_is_object(list))
        return sy_json_fail_type(at, "object", list, err);
    json_object_foreach((json_t *)(uintptr_t)list, name, value)
    {
        const struct sy_path *here = SY_PATH_KEY(at, name);
        struct sy_err why = {0};
        sy_nano nano = 0;
        code = sy_nano_read(value, here, &nano, err);
        if (code == SY_OK && nano < 0 && !allow_negative)
            code = sy_json_fail(here, SY_EINVAL, err, "a quantity that is negative");
        if (code == SY_OK && sy_sums_add(ret, name, nano, &why) != SY_OK)
            code = sy_json_fail(at, why.code, err, "%s", why.text);
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sy_amount *)a)->name, ((const struct sy_amount *)b)->name);
}

enum sy_code sy_sums_amounts(const struct sy_sums *sums, struct sy_arena *arena,
                             struct sy_amounts *ret, struct sy_err *err)
{
    struct sy_amounts amounts = {0};
    struct sy_amount *other = sy_arena_calloc(arena, sums->n, sizeof *other);
    if (other == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < sums->n; i++) {
        const char *name = sums->sum[i].name;
        int64_t whole = sy_nano_whole(sums->sum[i].nano);
        if (strcmp(name, "cpu") == 0) {
            amounts.cpu_milli = sy_nano_milli(sums->sum[i].nano);
        } else if (strcmp(name, "memory") == 0) {
            amounts.memory_bytes = whole;
        } else if (strcmp(name, "ephemeral-storage") == 0) {
            amounts.storage_bytes = whole;
        } else if (strcmp(name, "pods") == 0) {
            amounts.pods = whole;
        } else {
            other[amounts.n].name = sy_arena_strndup(arena, name, strlen(name));
            other[amounts.n].value = whole;
            if (other[amounts.n++].name == NULL)
                return sy_fail(err, SY_ENOMEM, "out of memory");
        }
    }
    if (amounts.n > 1)
        qsort(other, amounts.n, sizeof *other, by_name);
    amounts.other = other;
    *ret = amounts;
    return SY_OK;
}
