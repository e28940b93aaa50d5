/* SPDX-License-Identifier: Apache-2.0 */
/* Do a pod's selectors match a node? */
#include "planner/scheduler/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sy_text_order(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

bool sy_integer_parse(const char *text, int64_t *ret)
{
    const char *digits = text[0] == '+' || text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0)
        return false;
    *ret = value;
    return true;
}

static const char *label_of(const struct sy_state_node *node, const char *key)
{
    size_t low = 0, high = node->nlabel;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(node->label[middle].key, key);
        if (order == 0)
            return node->label[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool is_listed(const struct sy_requirement *requirement, const char *value)
{
    return bsearch(&value, requirement->value, requirement->nvalue, sizeof value, sy_text_order) !=
           NULL;
}

static bool holds(const struct sy_requirement *requirement, const struct sy_state_node *node)
{
    const char *value = requirement->field ? node->name : label_of(node, requirement->key);
    int64_t number;
    switch (requirement->op) {
    case SY_OPERATOR_IN:
        return value != NULL && is_listed(requirement, value);
    case SY_OPERATOR_NOT_IN:
        return value == NULL || !is_listed(requirement, value);
    case SY_OPERATOR_EXISTS:
        return value != NULL;
    case SY_OPERATOR_DOES_NOT_EXIST:
        return value == NULL;
    case SY_OPERATOR_GT:
        return value != NULL && sy_integer_parse(value, &number) && number > requirement->bound;
    case SY_OPERATOR_LT:
        return value != NULL && sy_integer_parse(value, &number) && number < requirement->bound;
    case SY_OPERATOR_COUNT:
        break;
    }
    return false;
}

bool sy_node_term_matches(const struct sy_node_term *term, const struct sy_state_node *node)
{
    for (size_t i = 0; i < term->nrequirement; i++)
        if (!holds(&term->requirement[i], node))
            return false;
    return term->nrequirement > 0;
}

bool sy_names_match(const struct sy_scheduler_pod *pod, const struct sy_state_node *node)
{
    return !pod->named ||
           bsearch(&node->name, pod->name, pod->nname, sizeof *pod->name, sy_text_order) != NULL;
}

bool sy_selector_matches(const struct sy_scheduler_pod *pod, const struct sy_state_node *node)
{
    for (size_t i = 0; i < pod->nselector; i++) {
        const char *value = label_of(node, pod->selector[i].key);
        if (value == NULL || strcmp(value, pod->selector[i].value) != 0)
            return false;
    }
    for (size_t i = 0; i < pod->nrequired; i++)
        if (sy_node_term_matches(&pod->required[i], node))
            return true;
    return !pod->affinity;
}
