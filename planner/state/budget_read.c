/* SPDX-License-Identifier: Apache-2.0 */
/* PodDisruptionBudgets. */
#include "planner/state/state_private.h"

#include <string.h>

#define AMOUNT_TEXT_MAX 16u

/* An integer or "N%". */
static enum sy_code read_amount(const json_t *spec, const char *key, const struct sy_path *at,
                                const json_t **ret, struct sy_err *err)
{
    const json_t *value = json_object_get(spec, key);
    const struct sy_path *here = SY_PATH_KEY(at, key);
    if (value == NULL || json_is_null(value))
        return SY_OK;
    const char *text = json_string_value(value);
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    bool percent = digits > 0 && digits < AMOUNT_TEXT_MAX && strcmp(text + digits, "%") == 0;
    if (!percent && !(json_is_integer(value) && json_integer_value(value) >= 0))
        return sy_json_fail(here, SY_EINVAL, err, "expected a number of pods or a percentage");
    *ret = value;
    return SY_OK;
}

enum sy_code sy_state_budget_read(const json_t *object, struct sy_state_budget *ret,
                                  struct sy_err *err)
{
    struct sy_state_budget budget = {.object = object, .allowed = -1};
    json_t *spec = NULL, *status = NULL, *selector = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "spec");
    enum sy_code code = sy_json_object(object, "spec", SY_JSON_OPTIONAL, NULL, &spec, err);
    if (code == SY_OK)
        code = sy_json_object(object, "status", SY_JSON_OPTIONAL, NULL, &status, err);
    if (code == SY_OK)
        code = sy_json_object(spec, "selector", SY_JSON_OPTIONAL, at, &selector, err);
    if (code == SY_OK)
        code = read_amount(spec, "minAvailable", at, &budget.min_available, err);
    if (code == SY_OK)
        code = read_amount(spec, "maxUnavailable", at, &budget.max_unavailable, err);
    if (code == SY_OK)
        code = sy_json_int(status, "disruptionsAllowed", SY_JSON_OPTIONAL, 0, INT32_MAX,
                           SY_PATH_KEY(NULL, "status"), &budget.allowed, err);
    if (code != SY_OK)
        return code;
    budget.selector = selector;
    *ret = budget;
    return SY_OK;
}
