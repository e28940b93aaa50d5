/* SPDX-License-Identifier: Apache-2.0 */
/* Taints and tolerations. */
#include "planner/scheduler/private.h"

#include <string.h>

/* The API server's admission plugin DefaultTolerationSeconds gives these to every pod that has none
 * for the key: the effect NoExecute, for any value. */
static const char *const given_keys[] = {"node.kubernetes.io/not-ready",
                                         "node.kubernetes.io/unreachable"};
#define GIVEN (sizeof given_keys / sizeof given_keys[0])

static bool is_one(const char *text, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return true;
    return false;
}

static enum sy_code check(const struct sy_pod_reader *r, const struct sy_toleration *t,
                          const char *op, const struct sy_path *at)
{
    static const char *const operators[] = {"Equal", "Exists", "Lt", "Gt"};
    static const char *const effects[] = {"", "NoSchedule", "PreferNoSchedule", "NoExecute"};
    char shown[64];
    if (!is_one(op, operators, 4))
        return sy_json_fail(SY_PATH_KEY(at, "operator"), SY_EINVAL, r->err,
                            "'%s' is not one of Equal, Exists, Lt, Gt",
                            sy_quote(shown, sizeof shown, op, strlen(op)));
    if (!is_one(t->effect, effects, 4))
        return sy_json_fail(SY_PATH_KEY(at, "effect"), SY_EINVAL, r->err,
                            "'%s' is not one of NoSchedule, PreferNoSchedule, NoExecute",
                            sy_quote(shown, sizeof shown, t->effect, strlen(t->effect)));
    if (t->key[0] == '\0' && !t->exists)
        return sy_json_fail(at, SY_EINVAL, r->err, "without a key the operator must be Exists");
    if (t->exists && t->value[0] != '\0')
        return sy_json_fail(SY_PATH_KEY(at, "value"), SY_EINVAL, r->err,
                            "must be empty where the operator is Exists");
    return SY_OK;
}

static enum sy_code read_one(struct sy_pod_reader *r, const json_t *json, const struct sy_path *at,
                             struct sy_toleration *ret)
{
    struct sy_toleration t = {.key = "", .value = "", .effect = ""};
    const char *op = "";
    if (!json_is_object(json))
        return sy_json_fail_type(at, "object", json, r->err);
    enum sy_code code =
        sy_json_str(json, "key", SY_JSON_OPTIONAL, SY_SELECTOR_TEXT_MAX, at, &t.key, r->err);
    if (code == SY_OK)
        code =
            sy_json_str(json, "operator", SY_JSON_OPTIONAL, SY_SELECTOR_TEXT_MAX, at, &op, r->err);
    if (code == SY_OK)
        code = sy_json_str(json, "value", SY_JSON_OPTIONAL, SY_SELECTOR_TEXT_MAX, at, &t.value,
                           r->err);
    if (code == SY_OK)
        code = sy_json_str(json, "effect", SY_JSON_OPTIONAL, SY_SELECTOR_TEXT_MAX, at, &t.effect,
                           r->err);
    if (code != SY_OK)
        return code;
    op = op[0] != '\0' ? op : "Equal";
    t.exists = strcmp(op, "Exists") == 0;
    t.compares = strcmp(op, "Lt") == 0 || strcmp(op, "Gt") == 0;
    code = check(r, &t, op, at);
    if (code == SY_OK)
        *ret = t;
    return code;
}

/* Does one of the pod's own speak of this key's NoExecute? */
static bool has_own(const struct sy_scheduler_pod *pod, const char *key)
{
    for (size_t i = 0; i < pod->ntoleration; i++) {
        const struct sy_toleration *t = &pod->toleration[i];
        if ((t->key[0] == '\0' || strcmp(t->key, key) == 0) &&
            (t->effect[0] == '\0' || strcmp(t->effect, "NoExecute") == 0))
            return true;
    }
    return false;
}

enum sy_code sy_tolerations_read(struct sy_pod_reader *r, const json_t *spec,
                                 const struct sy_path *at, struct sy_scheduler_pod *pod)
{
    const struct sy_path *here = SY_PATH_KEY(at, "tolerations");
    json_t *list = NULL;
    void *made = NULL;
    enum sy_code code = sy_json_array(spec, "tolerations", SY_JSON_OPTIONAL, SY_SCHEDULER_PARTS_MAX,
                                      at, &list, r->err);
    if (code == SY_OK)
        code = sy_parts_add(r, json_array_size(list), here);
    if (code == SY_OK)
        code = sy_parts_alloc(r, json_array_size(list) + GIVEN, sizeof *pod->toleration, &made);
    if (code != SY_OK)
        return code;
    pod->toleration = made;
    for (size_t i = 0; i < json_array_size(list); i++) {
        code = read_one(r, json_array_get(list, i), SY_PATH_AT(here, i), &pod->toleration[i]);
        if (code != SY_OK)
            return code;
        pod->ntoleration++;
    }
    for (size_t i = 0; i < GIVEN; i++)
        if (!has_own(pod, given_keys[i]))
            pod->toleration[pod->ntoleration++] = (struct sy_toleration){
                .key = given_keys[i], .value = "", .effect = "NoExecute", .exists = true};
    return SY_OK;
}

bool sy_tolerates(const struct sy_scheduler_pod *pod, const struct sy_taint *taint)
{
    for (size_t i = 0; i < pod->ntoleration; i++) {
        const struct sy_toleration *t = &pod->toleration[i];
        if (t->effect[0] != '\0' && strcmp(t->effect, taint->effect) != 0)
            continue;
        if (t->key[0] != '\0' && strcmp(t->key, taint->key) != 0)
            continue;
        if (t->exists || (!t->compares && strcmp(t->value, taint->value) == 0))
            return true;
    }
    return false;
}
