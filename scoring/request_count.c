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

/* What one container asks for, per tally. */
struct asking {
    enum sy_container_type type;
    uint16_t count[NAMES_MAX];
};

struct counting {
    const struct sy_catalogue *cat;
    unsigned n;
    struct tally tally[NAMES_MAX];
    unsigned nask;
    struct asking ask[SY_ASK_MAX];
    bool odd;       /* not all that containers ask for is in `ask` */
    bool unlimited; /* a container lacks a limit of CPU or memory: the pod is not Guaranteed */
    bool foreign;   /* a device that the catalogue does not know */
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
        if (tally == NULL)
            c->foreign |= strchr(name, '/') != NULL;
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
    const json_t *limits = json_object_get(resources, "limits");
    c->unlimited |=
        json_object_get(limits, "cpu") == NULL || json_object_get(limits, "memory") == NULL;
    return code;
}

static uint16_t clip(int64_t count)
{
    return (uint16_t)(count > SY_COUNT_MAX ? SY_COUNT_MAX + 1 : count);
}

/* Remember what the container at hand asks for. The kubelet makes hints of a count of zero too. */
static void note_ask(struct counting *c, enum sy_container_type type)
{
    struct asking ask = {.type = type};
    bool any = false;
    for (unsigned t = 0; t < c->n; t++) {
        ask.count[t] = clip(c->tally[t].now);
        any |= c->tally[t].now > 0;
        c->odd |= c->tally[t].given && c->tally[t].now == 0;
    }
    if (!any)
        return;
    if (c->nask == SY_ASK_MAX)
        c->odd = true;
    else
        c->ask[c->nask++] = ask;
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
        if (code == SY_OK)
            note_ask(c, SY_CONTAINER_MAIN);
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
        if (code == SY_OK)
            note_ask(c, sidecar ? SY_CONTAINER_SIDECAR : SY_CONTAINER_INIT);
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
    ret->entry[i].count = clip(count);
    return SY_OK;
}

/* The entry of each tally that containers ask for; false: two of them share one. */
static bool entries_of(const struct counting *c, const struct sy_request *request,
                       unsigned entry[NAMES_MAX])
{
    bool taken[SY_ENTRY_MAX] = {false};
    for (unsigned t = 0; t < c->n; t++) {
        entry[t] = 0;
        if (c->tally[t].sum == 0 && c->tally[t].init == 0)
            continue;
        while (request->entry[entry[t]].resource != c->tally[t].resource)
            entry[t]++;
        if (taken[entry[t]])
            return false;
        taken[entry[t]] = true;
    }
    return true;
}

/* The kubelet admits the init containers, in order, and then the others. */
static enum sy_code put_asks(const struct counting *c, struct sy_arena *arena,
                             struct sy_request *ret)
{
    unsigned entry[NAMES_MAX];
    ret->asks_known = !c->odd && entries_of(c, ret, entry);
    if (!ret->asks_known)
        return SY_OK;
    struct sy_container_ask *ask = sy_arena_calloc(arena, c->nask, sizeof *ask);
    if (ask == NULL)
        return sy_fail(c->err, SY_ENOMEM, "out of memory");
    for (unsigned main_ones = 0; main_ones < 2; main_ones++) {
        for (unsigned i = 0; i < c->nask; i++) {
            if ((c->ask[i].type == SY_CONTAINER_MAIN) != (main_ones == 1))
                continue;
            struct sy_container_ask *to = &ask[ret->nask++];
            to->type = (uint8_t)c->ask[i].type;
            for (unsigned t = 0; t < c->n; t++) {
                if (c->ask[i].count[t] > 0)
                    to->count[entry[t]] = c->ask[i].count[t];
            }
        }
    }
    ret->ask = ask;
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
    ret->other_hints = c.foreign || !c.unlimited || json_object_get(spec, "resources") != NULL;
    return code == SY_OK ? put_asks(&c, arena, ret) : code;
}
