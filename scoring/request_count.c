/* SPDX-License-Identifier: Apache-2.0 */
/* How many of each resource a pod takes: k8s.io/component-helpers resource.PodRequests, for the
 * names that the catalogue knows. Pod-level spec.resources is not read: kube-scheduler takes only
 * cpu, memory and hugepages from there. In-place resizing likewise never concerns devices. */
#include "scoring/request_private.h"

#include <string.h>

#define NAMES_MAX 64u

/* One resource name of ours. */
struct tally {
    const char *name;
    int resource; /* index in the catalogue */
    bool given;   /* the container at hand names it … */
    int64_t now;  /* … so often */
    int64_t sum, sidecars, init, overhead;
};

struct counting {
    const struct sy_catalogue *cat;
    unsigned n;
    struct tally tally[NAMES_MAX];
    struct sy_err *err;
};

static void add(int64_t *to, int64_t value)
{
    if (__builtin_add_overflow(*to, value, to))
        *to = INT64_MAX;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* *ret is NULL for a name that is not ours. */
static enum sy_code tally_of(struct counting *c, const char *name, const struct sy_path *at,
                             struct tally **ret)
{
    *ret = NULL;
    for (unsigned i = 0; i < c->n; i++)
        if (strcmp(c->tally[i].name, name) == 0) {
            *ret = &c->tally[i];
            return SY_OK;
        }
    int resource = sy_catalogue_resource_find(c->cat, name);
    if (resource < 0)
        return SY_OK;
    if (c->n == NAMES_MAX)
        return sy_json_fail(at, SY_ELIMIT, c->err, "more than %u resource names in one pod",
                            NAMES_MAX);
    *ret = &c->tally[c->n++];
    **ret = (struct tally){.name = name, .resource = resource};
    return SY_OK;
}

/* A map of names and quantities; limits come second and stand in where requests are silent. */
static enum sy_code read_list(struct counting *c, json_t *list, const struct sy_path *at)
{
    struct tally *fresh[NAMES_MAX];
    unsigned nfresh = 0;
    const char *name;
    json_t *value;
    json_object_foreach(list, name, value)
    {
        const struct sy_path *here = SY_PATH_KEY(at, name);
        struct tally *tally;
        enum sy_code code = tally_of(c, name, here, &tally);
        if (code != SY_OK)
            return code;
        if (tally == NULL || json_is_null(value))
            continue;
        int64_t count;
        code = sy_quantity_whole(value, here, &count, c->err);
        if (code != SY_OK)
            return code;
        if (!tally->given) {
            tally->now = count;
            fresh[nfresh++] = tally;
        }
    }
    for (unsigned i = 0; i < nfresh; i++)
        fresh[i]->given = true;
    return SY_OK;
}

static enum sy_code read_container(struct counting *c, const json_t *container,
                                   const struct sy_path *at)
{
    for (unsigned i = 0; i < c->n; i++) {
        c->tally[i].given = false;
        c->tally[i].now = 0;
    }
    if (!json_is_object(container))
        return sy_json_fail_type(at, "object", container, c->err);
    json_t *resources = NULL;
    enum sy_code code =
        sy_json_object(container, "resources", SY_JSON_OPTIONAL, at, &resources, c->err);
    static const char *const lists[] = {"requests", "limits"};
    for (unsigned i = 0; i < 2 && code == SY_OK; i++) {
        const struct sy_path *up = SY_PATH_KEY(at, "resources");
        json_t *list = NULL;
        code = sy_json_object(resources, lists[i], SY_JSON_OPTIONAL, up, &list, c->err);
        if (code == SY_OK && list != NULL)
            code = read_list(c, list, SY_PATH_KEY(up, lists[i]));
    }
    return code;
}

static enum sy_code read_containers(struct counting *c, const json_t *spec,
                                    const struct sy_path *at)
{
    json_t *list = NULL;
    enum sy_code code =
        sy_json_array(spec, "containers", SY_JSON_OPTIONAL, SIZE_MAX, at, &list, c->err);
    for (size_t i = 0; code == SY_OK && i < json_array_size(list); i++) {
        const struct sy_path *up = SY_PATH_KEY(at, "containers");
        code = read_container(c, json_array_get(list, i), SY_PATH_AT(up, i));
        for (unsigned t = 0; code == SY_OK && t < c->n; t++)
            add(&c->tally[t].sum, c->tally[t].now);
    }
    return code;
}

/* Init containers run one after another; restartable ones (sidecars) stay, beside all that follow.
 */
static enum sy_code read_init_containers(struct counting *c, const json_t *spec,
                                         const struct sy_path *at)
{
    json_t *list = NULL;
    enum sy_code code =
        sy_json_array(spec, "initContainers", SY_JSON_OPTIONAL, SIZE_MAX, at, &list, c->err);
    for (size_t i = 0; code == SY_OK && i < json_array_size(list); i++) {
        const struct sy_path *up = SY_PATH_KEY(at, "initContainers");
        const struct sy_path *here = SY_PATH_AT(up, i);
        const json_t *container = json_array_get(list, i);
        const char *restart = "";
        code = read_container(c, container, here);
        if (code == SY_OK)
            code = sy_json_str(container, "restartPolicy", SY_JSON_OPTIONAL, 64, here, &restart,
                               c->err);
        bool sidecar = strcmp(restart, "Always") == 0;
        for (unsigned t = 0; code == SY_OK && t < c->n; t++) {
            struct tally *tally = &c->tally[t];
            int64_t at_once = tally->sidecars;
            add(&at_once, tally->now);
            tally->init = larger(tally->init, at_once);
            if (sidecar) {
                tally->sidecars = at_once;
                add(&tally->sum, tally->now);
            }
        }
    }
    return code;
}

static enum sy_code read_overhead(struct counting *c, const json_t *spec, const struct sy_path *at)
{
    json_t *overhead = NULL;
    enum sy_code code = sy_json_object(spec, "overhead", SY_JSON_OPTIONAL, at, &overhead, c->err);
    for (unsigned i = 0; i < c->n; i++) {
        c->tally[i].given = false;
        c->tally[i].now = 0;
    }
    if (code == SY_OK && overhead != NULL)
        code = read_list(c, overhead, SY_PATH_KEY(at, "overhead"));
    for (unsigned i = 0; i < c->n; i++)
        c->tally[i].overhead = c->tally[i].now;
    return code;
}

/* Two names of one pattern ask for the same devices: their counts add up, the first name shows. */
static enum sy_code put_entry(const struct tally *tally, int64_t count, const struct sy_path *at,
                              struct sy_arena *arena, struct sy_request *ret, struct sy_err *err)
{
    unsigned i = 0;
    while (i < ret->nentry && ret->entry[i].resource < tally->resource)
        i++;
    if (i == ret->nentry || ret->entry[i].resource != tally->resource) {
        if (ret->nentry == SY_ENTRY_MAX)
            return sy_json_fail(at, SY_ELIMIT, err, "more than %u different resources in one pod",
                                SY_ENTRY_MAX);
        char *name = sy_arena_strndup(arena, tally->name, strlen(tally->name));
        if (name == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        memmove(&ret->entry[i + 1], &ret->entry[i], (ret->nentry - i) * sizeof ret->entry[0]);
        memmove(&ret->asked[i + 1], &ret->asked[i], (ret->nentry - i) * sizeof ret->asked[0]);
        ret->asked[i] = 0;
        ret->entry[i] = (struct sy_entry){.resource = (uint16_t)tally->resource, .name = name};
        ret->nentry++;
    }
    add(&count, ret->asked[i]);
    ret->asked[i] = count;
    ret->entry[i].count = (uint16_t)(count > SY_COUNT_MAX ? SY_COUNT_MAX + 1 : count);
    return SY_OK;
}

enum sy_code sy_request_count(const json_t *spec, const struct sy_catalogue *cat,
                              const struct sy_path *at, struct sy_arena *arena,
                              struct sy_request *ret, struct sy_err *err)
{
    struct counting c = {.cat = cat, .err = err};
    enum sy_code code = read_containers(&c, spec, at);
    if (code == SY_OK)
        code = read_init_containers(&c, spec, at);
    if (code == SY_OK)
        code = read_overhead(&c, spec, at);
    for (unsigned i = 0; code == SY_OK && i < c.n; i++) {
        int64_t count = larger(c.tally[i].sum, c.tally[i].init);
        add(&count, c.tally[i].overhead);
        if (count > 0)
            code = put_entry(&c.tally[i], count, at, arena, ret, err);
    }
    return code;
}
