/* SPDX-License-Identifier: Apache-2.0 */
/* Reading nodeSelector and node affinity, as strict as the API server. */
#include "planner/scheduler/private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_PART_MAX 63u    /* bytes of a label's value, and of its name behind the slash */
#define LABEL_PREFIX_MAX 253u /* bytes of what stands before the slash */
#define WEIGHT_MAX 100        /* of a preferred term */
#define NAME_FIELD "metadata.name"

static bool is_part(const char *text, size_t len)
{
    if (len == 0 || len > LABEL_PART_MAX || !isalnum((unsigned char)text[0]) ||
        !isalnum((unsigned char)text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && strchr("-_.", text[i]) == NULL)
            return false;
    return true;
}

static bool is_label_value(const char *text)
{
    return text[0] == '\0' || is_part(text, strlen(text));
}

static bool is_label_key(const char *text)
{
    const char *slash = strchr(text, '/');
    const char *name = slash != NULL ? slash + 1 : text;
    size_t prefix = slash != NULL ? (size_t)(slash - text) : 1;
    if (prefix == 0 || prefix > LABEL_PREFIX_MAX || !is_part(name, strlen(name)))
        return false;
    for (const char *c = text; slash != NULL && c < slash; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && strchr("-.", *c) == NULL)
            return false;
    return true;
}

static enum sy_code bad(const struct sy_pod_reader *r, const struct sy_path *at, const char *text,
                        const char *why)
{
    char shown[96];
    return sy_json_fail(at, SY_EINVAL, r->err, "'%s' %s",
                        sy_quote(shown, sizeof shown, text, strlen(text)), why);
}

static int by_key(const void *a, const void *b)
{
    const struct sy_label *x = a, *y = b;
    return strcmp(x->key, y->key);
}

enum sy_code sy_selector_read(struct sy_pod_reader *r, const json_t *spec, const struct sy_path *at,
                              struct sy_scheduler_pod *pod)
{
    const struct sy_path *here = SY_PATH_KEY(at, "nodeSelector");
    json_t *map = NULL, *value;
    const char *key;
    void *made = NULL;
    enum sy_code code = sy_json_object(spec, "nodeSelector", SY_JSON_OPTIONAL, at, &map, r->err);
    if (code != SY_OK || map == NULL)
        return code;
    code = sy_parts_add(r, json_object_size(map), here);
    if (code == SY_OK)
        code = sy_parts_alloc(r, json_object_size(map), sizeof *pod->selector, &made);
    if (code != SY_OK)
        return code;
    pod->selector = made;
    json_object_foreach(map, key, value)
    {
        const struct sy_path *label = SY_PATH_KEY(here, key);
        if (!is_label_key(key))
            return bad(r, here, key, "is no label's key");
        if (!json_is_string(value))
            return sy_json_fail_type(label, "string", value, r->err);
        if (!is_label_value(json_string_value(value)))
            return bad(r, label, json_string_value(value), "is no label's value");
        pod->selector[pod->nselector++] =
            (struct sy_label){.key = key, .value = json_string_value(value)};
    }
    qsort(pod->selector, pod->nselector, sizeof *pod->selector, by_key);
    return SY_OK;
}

static enum sy_code read_operator(const struct sy_pod_reader *r, const json_t *json,
                                  const struct sy_path *at, enum sy_operator *ret)
{
    static const char *const names[SY_OPERATOR_COUNT] = {
#define X(id, text) [SY_OPERATOR_##id] = text,
        SY_OPERATORS(X)
#undef X
    };
    const char *text = NULL;
    enum sy_code code =
        sy_json_str(json, "operator", SY_JSON_REQUIRED, SY_SELECTOR_TEXT_MAX, at, &text, r->err);
    if (code != SY_OK)
        return code;
    for (int op = 0; op < SY_OPERATOR_COUNT; op++)
        if (strcmp(names[op], text) == 0) {
            *ret = (enum sy_operator)op;
            return SY_OK;
        }
    return bad(r, SY_PATH_KEY(at, "operator"), text,
               "is not one of In, NotIn, Exists, DoesNotExist, Gt, Lt");
}

static enum sy_code read_values(struct sy_pod_reader *r, const json_t *json,
                                const struct sy_path *at, struct sy_requirement *ret)
{
    const struct sy_path *here = SY_PATH_KEY(at, "values");
    json_t *list = NULL;
    void *made = NULL;
    enum sy_code code =
        sy_json_array(json, "values", SY_JSON_OPTIONAL, SY_SCHEDULER_PARTS_MAX, at, &list, r->err);
    if (code == SY_OK)
        code = sy_parts_add(r, json_array_size(list), here);
    if (code == SY_OK)
        code = sy_parts_alloc(r, json_array_size(list), sizeof *ret->value, &made);
    if (code != SY_OK)
        return code;
    ret->value = made;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value))
            return sy_json_fail_type(SY_PATH_AT(here, i), "string", value, r->err);
        if (!ret->field && !is_label_value(json_string_value(value)))
            return bad(r, SY_PATH_AT(here, i), json_string_value(value), "is no label's value");
        ret->value[ret->nvalue++] = json_string_value(value);
    }
    return SY_OK;
}

/* How many values an operator takes. */
static enum sy_code check_values(const struct sy_pod_reader *r, const struct sy_path *at,
                                 struct sy_requirement *requirement)
{
    const struct sy_path *here = SY_PATH_KEY(at, "values");
    size_t n = requirement->nvalue;
    switch (requirement->op) {
    case SY_OPERATOR_IN:
    case SY_OPERATOR_NOT_IN:
        if (requirement->field && n != 1)
            return sy_json_fail(here, SY_EINVAL, r->err, "must be one value");
        if (n == 0)
            return sy_json_fail(here, SY_EINVAL, r->err, "In and NotIn need at least one value");
        break;
    case SY_OPERATOR_EXISTS:
    case SY_OPERATOR_DOES_NOT_EXIST:
        if (n > 0)
            return sy_json_fail(here, SY_EINVAL, r->err, "Exists and DoesNotExist take no value");
        break;
    case SY_OPERATOR_GT:
    case SY_OPERATOR_LT:
        if (n != 1 || !sy_integer_parse(requirement->value[0], &requirement->bound))
            return sy_json_fail(here, SY_EINVAL, r->err, "Gt and Lt need one integer");
        break;
    case SY_OPERATOR_COUNT:
        break;
    }
    if (n > 0)
        qsort(requirement->value, n, sizeof *requirement->value, sy_text_order);
    return SY_OK;
}

static enum sy_code read_requirement(struct sy_pod_reader *r, const json_t *json,
                                     const struct sy_path *at, struct sy_requirement *ret)
{
    if (!json_is_object(json))
        return sy_json_fail_type(at, "object", json, r->err);
    enum sy_code code =
        sy_json_str(json, "key", SY_JSON_REQUIRED, SY_SELECTOR_TEXT_MAX, at, &ret->key, r->err);
    if (code == SY_OK)
        code = read_operator(r, json, at, &ret->op);
    if (code == SY_OK && ret->field && strcmp(ret->key, NAME_FIELD) != 0)
        return bad(r, SY_PATH_KEY(at, "key"), ret->key, "is not " NAME_FIELD);
    if (code == SY_OK && ret->field && ret->op != SY_OPERATOR_IN && ret->op != SY_OPERATOR_NOT_IN)
        return sy_json_fail(SY_PATH_KEY(at, "operator"), SY_EINVAL, r->err,
                            "of a field is In or NotIn");
    if (code == SY_OK && !ret->field && !is_label_key(ret->key))
        return bad(r, SY_PATH_KEY(at, "key"), ret->key, "is no label's key");
    if (code == SY_OK)
        code = read_values(r, json, at, ret);
    return code == SY_OK ? check_values(r, at, ret) : code;
}

static enum sy_code read_list(struct sy_pod_reader *r, const json_t *list, const struct sy_path *at,
                              bool field, struct sy_node_term *ret)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct sy_requirement *requirement = &ret->requirement[ret->nrequirement];
        *requirement = (struct sy_requirement){.field = field};
        enum sy_code code =
            read_requirement(r, json_array_get(list, i), SY_PATH_AT(at, i), requirement);
        if (code != SY_OK)
            return code;
        ret->nrequirement++;
    }
    return SY_OK;
}

static enum sy_code read_term(struct sy_pod_reader *r, const json_t *json, const struct sy_path *at,
                              struct sy_node_term *ret)
{
    json_t *labels = NULL, *fields = NULL;
    void *made = NULL;
    if (!json_is_object(json))
        return sy_json_fail_type(at, "object", json, r->err);
    enum sy_code code = sy_json_array(json, "matchExpressions", SY_JSON_OPTIONAL,
                                      SY_SCHEDULER_PARTS_MAX, at, &labels, r->err);
    if (code == SY_OK)
        code = sy_json_array(json, "matchFields", SY_JSON_OPTIONAL, SY_SCHEDULER_PARTS_MAX, at,
                             &fields, r->err);
    size_t n = json_array_size(labels) + json_array_size(fields);
    if (code == SY_OK)
        code = sy_parts_add(r, n + 1, at);
    if (code == SY_OK)
        code = sy_parts_alloc(r, n, sizeof *ret->requirement, &made);
    if (code != SY_OK)
        return code;
    ret->requirement = made;
    code = read_list(r, labels, SY_PATH_KEY(at, "matchExpressions"), false, ret);
    return code == SY_OK ? read_list(r, fields, SY_PATH_KEY(at, "matchFields"), true, ret) : code;
}

static enum sy_code read_required(struct sy_pod_reader *r, const json_t *selector,
                                  const struct sy_path *at, struct sy_scheduler_pod *pod)
{
    const struct sy_path *here = SY_PATH_KEY(at, "nodeSelectorTerms");
    json_t *list = NULL;
    void *made = NULL;
    enum sy_code code = sy_json_array(selector, "nodeSelectorTerms", SY_JSON_REQUIRED,
                                      SY_SCHEDULER_PARTS_MAX, at, &list, r->err);
    if (code == SY_OK)
        code = sy_parts_alloc(r, json_array_size(list), sizeof *pod->required, &made);
    if (code != SY_OK)
        return code;
    if (json_array_size(list) == 0)
        return sy_json_fail(here, SY_EINVAL, r->err, "needs at least one term");
    pod->affinity = true;
    pod->required = made;
    for (size_t i = 0; i < json_array_size(list); i++) {
        code = read_term(r, json_array_get(list, i), SY_PATH_AT(here, i), &pod->required[i]);
        if (code != SY_OK)
            return code;
        pod->nrequired++;
    }
    return SY_OK;
}

static enum sy_code read_preferred(struct sy_pod_reader *r, const json_t *list,
                                   const struct sy_path *at, struct sy_scheduler_pod *pod)
{
    void *made = NULL;
    enum sy_code code = sy_parts_alloc(r, json_array_size(list), sizeof *pod->preferred, &made);
    if (code != SY_OK)
        return code;
    pod->preferred = made;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const struct sy_path *here = SY_PATH_AT(at, i);
        const json_t *item = json_array_get(list, i);
        struct sy_node_term *term = &pod->preferred[i];
        json_t *preference = NULL;
        if (!json_is_object(item))
            return sy_json_fail_type(here, "object", item, r->err);
        code = sy_json_int(item, "weight", SY_JSON_REQUIRED, 1, WEIGHT_MAX, here, &term->weight,
                           r->err);
        if (code == SY_OK)
            code = sy_json_object(item, "preference", SY_JSON_REQUIRED, here, &preference, r->err);
        if (code == SY_OK)
            code = read_term(r, preference, SY_PATH_KEY(here, "preference"), term);
        if (code != SY_OK)
            return code;
        pod->npreferred++;
    }
    return SY_OK;
}

/* The one name that a term allows by its fields; *named says whether it names any. NULL: it names
 * several at once, which no node has. */
static const char *name_of(const struct sy_node_term *term, bool *named)
{
    const char *name = NULL;
    *named = false;
    for (size_t i = 0; i < term->nrequirement; i++) {
        const struct sy_requirement *requirement = &term->requirement[i];
        if (!requirement->field || requirement->op != SY_OPERATOR_IN)
            continue;
        if (*named && (name == NULL || strcmp(name, requirement->value[0]) != 0))
            name = NULL;
        else
            name = requirement->value[0];
        *named = true;
    }
    return name;
}

/* Where every term names nodes, kube-scheduler looks at no others. */
static enum sy_code gather_names(struct sy_pod_reader *r, struct sy_scheduler_pod *pod)
{
    void *made = NULL;
    enum sy_code code = sy_parts_alloc(r, pod->nrequired, sizeof *pod->name, &made);
    if (code != SY_OK)
        return code;
    pod->name = made;
    pod->named = pod->affinity;
    for (size_t i = 0; pod->named && i < pod->nrequired; i++) {
        const char *name = name_of(&pod->required[i], &pod->named);
        if (name != NULL)
            pod->name[pod->nname++] = name;
    }
    if (pod->nname > 0)
        qsort(pod->name, pod->nname, sizeof *pod->name, sy_text_order);
    return SY_OK;
}

enum sy_code sy_affinity_read(struct sy_pod_reader *r, const json_t *spec, const struct sy_path *at,
                              struct sy_scheduler_pod *pod)
{
    static const char required_key[] = "requiredDuringSchedulingIgnoredDuringExecution";
    static const char preferred_key[] = "preferredDuringSchedulingIgnoredDuringExecution";
    const struct sy_path *outer = SY_PATH_KEY(at, "affinity");
    const struct sy_path *here = SY_PATH_KEY(outer, "nodeAffinity");
    json_t *affinity = NULL, *node = NULL, *required = NULL, *preferred = NULL;
    enum sy_code code = sy_json_object(spec, "affinity", SY_JSON_OPTIONAL, at, &affinity, r->err);
    if (code == SY_OK && affinity != NULL)
        code = sy_json_object(affinity, "nodeAffinity", SY_JSON_OPTIONAL, outer, &node, r->err);
    if (code != SY_OK || node == NULL)
        return code;
    code = sy_json_object(node, required_key, SY_JSON_OPTIONAL, here, &required, r->err);
    if (code == SY_OK && required != NULL)
        code = read_required(r, required, SY_PATH_KEY(here, required_key), pod);
    if (code == SY_OK)
        code = gather_names(r, pod);
    if (code == SY_OK)
        code = sy_json_array(node, preferred_key, SY_JSON_OPTIONAL, SY_SCHEDULER_PARTS_MAX, here,
                             &preferred, r->err);
    return code == SY_OK ? read_preferred(r, preferred, SY_PATH_KEY(here, preferred_key), pod)
                         : code;
}
