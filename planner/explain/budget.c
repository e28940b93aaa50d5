/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/budget.h"

#include <stdlib.h>
#include <string.h>

static const char *label_of(const struct sy_state_pod *pod, const char *key)
{
    return json_string_value(
        json_object_get(json_object_get(json_object_get(pod->object, "metadata"), "labels"), key));
}

static bool one_of(const json_t *values, const char *value)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *text = json_string_value(json_array_get(values, i));
        if (text != NULL && strcmp(text, value) == 0)
            return true;
    }
    return false;
}

/* matchExpressions' operators; one that is not known matches nothing. */
static bool expression_matches(const json_t *expression, const struct sy_state_pod *pod)
{
    const char *key = json_string_value(json_object_get(expression, "key"));
    const char *op = json_string_value(json_object_get(expression, "operator"));
    const json_t *values = json_object_get(expression, "values");
    if (key == NULL || op == NULL)
        return false;
    const char *value = label_of(pod, key);
    if (strcmp(op, "In") == 0)
        return value != NULL && one_of(values, value);
    if (strcmp(op, "NotIn") == 0)
        return value == NULL || !one_of(values, value);
    if (strcmp(op, "Exists") == 0)
        return value != NULL;
    return strcmp(op, "DoesNotExist") == 0 && value == NULL;
}

bool sy_budget_matches(const struct sy_state_budget *budget, const struct sy_state_pod *pod)
{
    const char *key;
    json_t *wanted;
    if (budget->selector == NULL || strcmp(budget->namespace_, pod->namespace_) != 0)
        return false;
    json_t *labels = json_object_get(budget->selector, "matchLabels");
    json_object_foreach(labels, key, wanted)
    {
        const char *value = label_of(pod, key);
        if (value == NULL || !json_is_string(wanted) ||
            strcmp(value, json_string_value(wanted)) != 0)
            return false;
    }
    const json_t *expressions = json_object_get(budget->selector, "matchExpressions");
    for (size_t i = 0; i < json_array_size(expressions); i++)
        if (!expression_matches(json_array_get(expressions, i), pod))
            return false;
    return true;
}

/* "N" or "N%" of `expected`, percents rounded up; -1: neither. */
static int64_t scaled(const json_t *value, int64_t expected)
{
    if (json_is_integer(value))
        return json_integer_value(value) < 0 ? -1 : json_integer_value(value);
    const char *text = json_string_value(value);
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return -1;
    long long percent = strtoll(text, &end, 10);
    if (strcmp(end, "%") != 0 || percent > 100000)
        return -1;
    return (percent * expected + 99) / 100;
}

static int64_t reckon(const struct sy_plan *plan, const struct sy_state_budget *budget)
{
    int64_t expected = 0, healthy = 0, wanted = 0;
    for (uint32_t i = 0; i < sy_plan_pods(plan); i++) {
        if (!sy_budget_matches(budget, sy_plan_pod(plan, i)))
            continue;
        expected++;
        healthy += sy_plan_pod_node(plan, i) != UINT32_MAX;
    }
    if (budget->max_unavailable != NULL) {
        int64_t most = scaled(budget->max_unavailable, expected);
        wanted = most < 0 ? expected : expected - most;
    } else if (budget->min_available != NULL) {
        wanted = scaled(budget->min_available, expected);
        wanted = wanted < 0 ? expected : wanted; /* what cannot be read allows nothing */
    }
    wanted = wanted < 0 ? 0 : wanted;
    return healthy > wanted ? healthy - wanted : 0;
}

enum sy_code sy_budgets_of(const struct sy_plan *plan, const struct sy_state *state,
                           struct sy_arena *arena, struct sy_budgets *ret, struct sy_err *err)
{
    int64_t *allowed = sy_arena_calloc(arena, state->nbudget, sizeof *allowed);
    if (allowed == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the disruption budgets");
    for (size_t i = 0; i < state->nbudget; i++)
        allowed[i] = state->budget[i].allowed >= 0 ? state->budget[i].allowed
                                                   : reckon(plan, &state->budget[i]);
    *ret = (struct sy_budgets){state->nbudget, state->budget, allowed};
    return SY_OK;
}

bool sy_budgets_evict(struct sy_budgets *budgets, const struct sy_state_pod *pod,
                      const struct sy_state_budget **ret_by, bool *ret_several)
{
    int64_t *one = NULL;
    *ret_several = false;
    for (size_t i = 0; i < budgets->n; i++) {
        if (!sy_budget_matches(&budgets->budget[i], pod))
            continue;
        *ret_several = one != NULL;
        *ret_by = &budgets->budget[i];
        if (*ret_several)
            return false;
        one = &budgets->allowed[i];
    }
    if (one == NULL)
        return true;
    if (*one < 1)
        return false;
    --*one;
    return true;
}

void sy_budgets_ready(struct sy_budgets *budgets, const struct sy_state_pod *pod)
{
    for (size_t i = 0; i < budgets->n; i++)
        if (sy_budget_matches(&budgets->budget[i], pod))
            budgets->allowed[i]++;
}
