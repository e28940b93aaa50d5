/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/variant.h"

/* A copy of the member with `obj`'s own values, put in its place; an empty one when there is none.
 * NULL: out of memory. */
static json_t *own(json_t *obj, const char *key, json_t *fallback)
{
    json_t *old = json_object_get(obj, key);
    json_t *copy = old != NULL && json_typeof(old) == json_typeof(fallback) ? json_copy(old)
                                                                            : json_incref(fallback);
    json_decref(fallback);
    return json_object_set_new(obj, key, copy) == 0 ? copy : NULL;
}

enum sy_code sy_variant_tolerating(const struct sy_state_pod *pod, const char *key,
                                   struct sy_variant *ret, struct sy_err *err)
{
    sy_autojson json_t *object =
        pod->object != NULL ? json_copy((json_t *)(uintptr_t)pod->object) : json_object();
    sy_autojson json_t *empty_object = json_object();
    sy_autojson json_t *empty_array = json_array();
    json_t *spec = NULL, *list = NULL;
    if (object != NULL && empty_object != NULL && empty_array != NULL)
        spec = own(object, "spec", json_incref(empty_object));
    if (spec != NULL)
        list = own(spec, "tolerations", json_incref(empty_array));
    if (list == NULL ||
        json_array_append_new(list, json_pack("{ssss}", "key", key, "operator", "Exists")) != 0)
        return sy_fail(err, SY_ENOMEM, "out of memory for another form of the pod");
    *ret = (struct sy_variant){.pod = *pod, .object = SY_TAKE(object)};
    ret->pod.object = ret->object;
    return SY_OK;
}

enum sy_code sy_variant_anywhere(const struct sy_state_pod *pod, bool *ret_any,
                                 struct sy_variant *ret, struct sy_err *err)
{
    const char *const selector = "nodeSelector", *const affinity = "nodeAffinity";
    const char *const required = "requiredDuringSchedulingIgnoredDuringExecution";
    const json_t *spec = json_object_get(pod->object, "spec");
    const json_t *node = json_object_get(json_object_get(spec, "affinity"), affinity);
    *ret = (struct sy_variant){.pod = *pod};
    *ret_any = json_object_size(json_object_get(spec, selector)) > 0 ||
               json_is_object(json_object_get(node, required));
    if (!*ret_any)
        return SY_OK;
    ret->object = json_deep_copy(pod->object);
    if (ret->object == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for another form of the pod");
    json_t *own_spec = json_object_get(ret->object, "spec");
    (void)json_object_del(own_spec, selector);
    (void)json_object_del(json_object_get(json_object_get(own_spec, "affinity"), affinity),
                          required);
    ret->pod.object = ret->object;
    return SY_OK;
}

void sy_variant_done(struct sy_variant *variant)
{
    json_decref(variant->object);
    *variant = (struct sy_variant){0};
}

enum sy_code sy_variant_ever_fits(struct sy_plan *plan, const struct sy_state_pod *pod,
                                  struct sy_arena *scratch, bool *ret, struct sy_err *err)
{
    struct sy_variant variant;
    struct sy_plan_answer answer;
    enum sy_code code = sy_variant_tolerating(pod, SY_TAINT_UNSCHEDULABLE, &variant, err);
    if (code != SY_OK)
        return code;
    sy_arena_reset(scratch);
    code = sy_plan_try_empty(plan, &variant.pod, scratch, &answer, err);
    if (code == SY_OK)
        *ret = answer.nfeasible > 0;
    sy_variant_done(&variant);
    return code;
}
