/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod asks for as kube-scheduler sums it (k8s.io/component-helpers/resource, PodRequests):
 * containers and sidecars together, or the largest init container with the sidecars before it,
 * whichever is more; then what the pod as a whole asks for; then its overhead. Where requests are
 * absent limits stand in, as the API server writes it. */
#include "planner/state/state_private.h"

#include <string.h>

#define CONTAINERS_MAX 1024u
/* kube-scheduler's for scores (pkg/scheduler/util/pod_resources.go): of a container that asks for
 * none. */
#define NONZERO_CPU ((sy_nano)SY_NANO / 10)
#define NONZERO_MEMORY ((sy_nano)200 * 1024 * 1024 * SY_NANO)

struct reading {
    const json_t *spec;
    const struct sy_path *at;
    bool fill_cpu, fill_memory; /* of containers that ask for none */
    struct sy_sums total, side, most, one;
    struct sy_err *err;
};

static void forget(struct sy_sums *sums)
{
    sums->n = 0;
}

/* Requests, and limits of what is not requested. */
static enum sy_code read_resources(struct reading *r, const json_t *resources,
                                   const struct sy_path *at, struct sy_sums *ret)
{
    json_t *requests = NULL, *limits = NULL;
    struct sy_sums limited = {.n = 0};
    enum sy_code code =
        sy_json_object(resources, "requests", SY_JSON_OPTIONAL, at, &requests, r->err);
    if (code == SY_OK)
        code = sy_json_object(resources, "limits", SY_JSON_OPTIONAL, at, &limits, r->err);
    if (code == SY_OK)
        code = sy_sums_read(requests, SY_PATH_KEY(at, "requests"), false, ret, r->err);
    if (code == SY_OK)
        code = sy_sums_read(limits, SY_PATH_KEY(at, "limits"), false, &limited, r->err);
    for (size_t i = 0; i < limited.n && code == SY_OK; i++)
        if (sy_sums_find(ret, limited.sum[i].name) == NULL)
            code = sy_sums_add(ret, limited.sum[i].name, limited.sum[i].nano, r->err);
    return code;
}

static enum sy_code read_container(struct reading *r, const json_t *container,
                                   const struct sy_path *at, struct sy_sums *ret)
{
    json_t *resources = NULL;
    forget(ret);
    if (!json_is_object(container))
        return sy_json_fail_type(at, "object", container, r->err);
    enum sy_code code =
        sy_json_object(container, "resources", SY_JSON_OPTIONAL, at, &resources, r->err);
    if (code == SY_OK && resources != NULL)
        code = read_resources(r, resources, SY_PATH_KEY(at, "resources"), ret);
    if (code == SY_OK && r->fill_cpu && sy_sums_find(ret, "cpu") == NULL)
        code = sy_sums_add(ret, "cpu", NONZERO_CPU, r->err);
    if (code == SY_OK && r->fill_memory && sy_sums_find(ret, "memory") == NULL)
        code = sy_sums_add(ret, "memory", NONZERO_MEMORY, r->err);
    return code;
}

static enum sy_code add_all(struct sy_sums *to, const struct sy_sums *from, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < from->n && code == SY_OK; i++)
        code = sy_sums_add(to, from->sum[i].name, from->sum[i].nano, err);
    return code;
}

static enum sy_code raise_all(struct sy_sums *to, const struct sy_sums *from, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < from->n && code == SY_OK; i++) {
        sy_nano *known = sy_sums_find(to, from->sum[i].name);
        if (known == NULL)
            code = sy_sums_add(to, from->sum[i].name, from->sum[i].nano, err);
        else if (*known < from->sum[i].nano)
            *known = from->sum[i].nano;
    }
    return code;
}

static enum sy_code add_containers(struct reading *r)
{
    json_t *list = NULL;
    enum sy_code code = sy_json_array(r->spec, "containers", SY_JSON_OPTIONAL, CONTAINERS_MAX,
                                      r->at, &list, r->err);
    const struct sy_path *here = SY_PATH_KEY(r->at, "containers");
    for (size_t i = 0; i < json_array_size(list) && code == SY_OK; i++) {
        code = read_container(r, json_array_get(list, i), SY_PATH_AT(here, i), &r->one);
        if (code == SY_OK)
            code = add_all(&r->total, &r->one, r->err);
    }
    return code;
}

/* A sidecar stays beside what comes after it; another init container ends before. */
static enum sy_code add_init_containers(struct reading *r)
{
    json_t *list = NULL;
    enum sy_code code = sy_json_array(r->spec, "initContainers", SY_JSON_OPTIONAL, CONTAINERS_MAX,
                                      r->at, &list, r->err);
    const struct sy_path *here = SY_PATH_KEY(r->at, "initContainers");
    for (size_t i = 0; i < json_array_size(list) && code == SY_OK; i++) {
        const json_t *container = json_array_get(list, i);
        const struct sy_path *item = SY_PATH_AT(here, i);
        const char *restart = "";
        code = read_container(r, container, item, &r->one);
        if (code == SY_OK)
            code = sy_json_str(container, "restartPolicy", SY_JSON_OPTIONAL, 64, item, &restart,
                               r->err);
        bool sidecar = strcmp(restart, "Always") == 0;
        if (code == SY_OK && sidecar)
            code = add_all(&r->total, &r->one, r->err);
        if (code == SY_OK && sidecar)
            code = add_all(&r->side, &r->one, r->err);
        else if (code == SY_OK)
            code = add_all(&r->one, &r->side, r->err);
        if (code == SY_OK)
            code = raise_all(&r->most, sidecar ? &r->side : &r->one, r->err);
    }
    return code == SY_OK ? raise_all(&r->total, &r->most, r->err) : code;
}

static bool is_pod_level(const char *name)
{
    return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 ||
           strncmp(name, "hugepages-", 10) == 0;
}

/* spec.resources goes before the containers' sum (Kubernetes 1.34 and later). A limit there counts
 * where neither it nor any container asks. */
static enum sy_code read_pod_level(struct reading *r, struct sy_sums *ret)
{
    json_t *resources = NULL, *requests = NULL, *limits = NULL;
    struct sy_sums limited = {.n = 0};
    const struct sy_path *at = SY_PATH_KEY(r->at, "resources");
    enum sy_code code =
        sy_json_object(r->spec, "resources", SY_JSON_OPTIONAL, r->at, &resources, r->err);
    if (code == SY_OK)
        code = sy_json_object(resources, "requests", SY_JSON_OPTIONAL, at, &requests, r->err);
    if (code == SY_OK)
        code = sy_json_object(resources, "limits", SY_JSON_OPTIONAL, at, &limits, r->err);
    if (code == SY_OK)
        code = sy_sums_read(requests, SY_PATH_KEY(at, "requests"), false, ret, r->err);
    if (code == SY_OK)
        code = sy_sums_read(limits, SY_PATH_KEY(at, "limits"), false, &limited, r->err);
    for (size_t i = 0; i < limited.n && code == SY_OK; i++)
        if (sy_sums_find(ret, limited.sum[i].name) == NULL &&
            sy_sums_find(&r->total, limited.sum[i].name) == NULL)
            code = sy_sums_add(ret, limited.sum[i].name, limited.sum[i].nano, r->err);
    return code;
}

/* `pod` is what the pod as a whole asks for. */
static enum sy_code sum_up(struct reading *r, const struct sy_sums *pod,
                           const struct sy_sums *overhead)
{
    forget(&r->total);
    forget(&r->side);
    forget(&r->most);
    enum sy_code code = add_containers(r);
    if (code == SY_OK)
        code = add_init_containers(r);
    for (size_t i = 0; i < pod->n && code == SY_OK; i++) {
        sy_nano *known = sy_sums_find(&r->total, pod->sum[i].name);
        if (!is_pod_level(pod->sum[i].name))
            continue;
        if (known != NULL)
            *known = pod->sum[i].nano;
        else
            code = sy_sums_add(&r->total, pod->sum[i].name, pod->sum[i].nano, r->err);
    }
    return code == SY_OK ? add_all(&r->total, overhead, r->err) : code;
}

static bool sets_any(const struct sy_sums *pod)
{
    for (size_t i = 0; i < pod->n; i++)
        if (is_pod_level(pod->sum[i].name))
            return true;
    return false;
}

static bool is_zero(struct sy_sums *sums, const char *name)
{
    const sy_nano *nano = sy_sums_find(sums, name);
    return nano == NULL || *nano == 0;
}

/* Without a request of the pod as a whole every container counts for something; with one only
 * where the sum is nothing. */
static enum sy_code sum_nonzero(struct reading *r, const struct sy_sums *pod,
                                const struct sy_sums *overhead, struct sy_state_pod *ret)
{
    bool all = !sets_any(pod);
    r->fill_cpu = all || is_zero(&r->total, "cpu");
    r->fill_memory = all || is_zero(&r->total, "memory");
    enum sy_code code = sum_up(r, pod, overhead);
    const sy_nano *cpu = sy_sums_find(&r->total, "cpu");
    const sy_nano *memory = sy_sums_find(&r->total, "memory");
    ret->nonzero_cpu_milli = cpu != NULL ? sy_nano_milli(*cpu) : 0;
    ret->nonzero_memory_bytes = memory != NULL ? sy_nano_whole(*memory) : 0;
    return code;
}

enum sy_code sy_state_pod_requests(const json_t *spec, const struct sy_path *at,
                                   struct sy_arena *arena, struct sy_state_pod *ret,
                                   struct sy_err *err)
{
    sy_autofree struct reading *r = sy_calloc(1, sizeof *r); /* too large for a stack */
    struct sy_sums overhead = {.n = 0}, pod = {.n = 0};
    json_t *list = NULL;
    if (r == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    r->spec = spec;
    r->at = at;
    r->err = err;
    enum sy_code code = sy_json_object(spec, "overhead", SY_JSON_OPTIONAL, at, &list, err);
    if (code == SY_OK)
        code = sy_sums_read(list, SY_PATH_KEY(at, "overhead"), false, &overhead, err);
    if (code == SY_OK)
        code = sum_up(r, &pod, &(struct sy_sums){.n = 0});
    if (code == SY_OK)
        code = read_pod_level(r, &pod);
    if (code == SY_OK)
        code = sum_up(r, &pod, &overhead);
    if (code == SY_OK)
        code = sy_sums_amounts(&r->total, arena, &ret->requests, err);
    if (code == SY_OK)
        code = sum_nonzero(r, &pod, &overhead, ret);
    return code;
}
