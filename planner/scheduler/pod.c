/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's terms, read once. */
#include "planner/scheduler/private.h"

enum sy_code sy_parts_add(struct sy_pod_reader *r, size_t n, const struct sy_path *at)
{
    if (n > SY_SCHEDULER_PARTS_MAX - r->parts)
        return sy_json_fail(at, SY_ELIMIT, r->err,
                            "more than %u terms, requirements, values and tolerations in all",
                            SY_SCHEDULER_PARTS_MAX);
    r->parts += n;
    return SY_OK;
}

enum sy_code sy_parts_alloc(struct sy_pod_reader *r, size_t count, size_t size, void **ret)
{
    void *made = sy_arena_calloc(r->arena, count, size);
    if (made == NULL)
        return sy_fail(r->err, SY_ENOMEM, "out of memory");
    *ret = made;
    return SY_OK;
}

static enum sy_code read_spec(struct sy_pod_reader *r, const struct sy_state_pod *pod,
                              struct sy_scheduler_pod *ret)
{
    const struct sy_path *at = SY_PATH_KEY(NULL, "spec");
    json_t *spec = NULL;
    enum sy_code code = SY_OK;
    if (pod->object != NULL)
        code = sy_json_object(pod->object, "spec", SY_JSON_OPTIONAL, NULL, &spec, r->err);
    if (code == SY_OK && spec != NULL)
        code = sy_selector_read(r, spec, at, ret);
    if (code == SY_OK && spec != NULL)
        code = sy_affinity_read(r, spec, at, ret);
    return code == SY_OK ? sy_tolerations_read(r, spec, at, ret) : code;
}

enum sy_code sy_scheduler_pod_new(const struct sy_state_pod *pod, struct sy_arena *arena,
                                  const struct sy_scheduler_pod **ret, struct sy_err *err)
{
    struct sy_pod_reader r = {.arena = arena, .err = err};
    void *made = NULL;
    enum sy_code code = sy_parts_alloc(&r, 1, sizeof(struct sy_scheduler_pod), &made);
    if (code != SY_OK)
        return code;
    struct sy_scheduler_pod *read = made;
    read->pod = pod;
    read->node_name = pod->node == UINT32_MAX ? pod->node_name : NULL;
    code = read_spec(&r, pod, read);
    if (code != SY_OK) {
        (void)sy_wrap(err, "%s/%s", pod->namespace_, pod->name);
        return code;
    }
    *ret = read;
    return SY_OK;
}
