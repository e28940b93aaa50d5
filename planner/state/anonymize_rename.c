/* SPDX-License-Identifier: Apache-2.0 */
/* One object with other names. A value of another type than a rule expects stays as it is where it
 * can hold no name, and is left out where it can: a snapshot that was read has none. */
#include "planner/state/anonymize_private.h"

#include <string.h>

#define ANNOTATION_DEPTH_MAX 32u

static json_t *text(const char *name)
{
    return name != NULL ? json_string(name) : NULL;
}

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* All texts within. */
static json_t *rename_texts(struct sy_namer *namer, const json_t *value, enum sy_naming naming)
{
    const char *key;
    json_t *member;
    if (json_is_string(value))
        return text(sy_namer_name(namer, naming, json_string_value(value)));
    if (json_is_array(value)) {
        sy_autojson json_t *array = json_array();
        for (size_t i = 0; array != NULL && i < json_array_size(value); i++)
            if (json_array_append_new(array,
                                      rename_texts(namer, json_array_get(value, i), naming)) != 0)
                return NULL;
        return SY_TAKE(array);
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    sy_autojson json_t *object = json_object();
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (object != NULL && !put(object, key, rename_texts(namer, member, naming)))
            return NULL;
    }
    return SY_TAKE(object);
}

static json_t *rename_labels(struct sy_namer *namer, const json_t *labels)
{
    sy_autojson json_t *renamed = json_object();
    const char *key;
    json_t *value;
    bool ok = renamed != NULL;
    json_object_foreach((json_t *)(uintptr_t)labels, key, value)
    {
        const char *name = ok ? sy_namer_key(namer, key) : NULL;
        const char *old = json_string_value(value);
        ok = ok && name != NULL &&
             put(renamed, name, old != NULL ? text(sy_namer_value(namer, key, old)) : json_null());
    }
    return ok ? SY_TAKE(renamed) : NULL;
}

static json_t *rename_keys(struct sy_namer *namer, const json_t *value)
{
    if (json_is_string(value))
        return text(sy_namer_key(namer, json_string_value(value)));
    sy_autojson json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < json_array_size(value); i++) {
        const char *key = json_string_value(json_array_get(value, i));
        if (key != NULL && json_array_append_new(array, text(sy_namer_key(namer, key))) != 0)
            return NULL;
    }
    return SY_TAKE(array);
}

/* {"key", "operator", "values"}; `fields`: over metadata.name. */
static json_t *rename_expression(struct sy_namer *namer, const json_t *expression, bool fields)
{
    const char *key = json_string_value(json_object_get(expression, "key"));
    const char *op = json_string_value(json_object_get(expression, "operator"));
    const json_t *values = json_object_get(expression, "values");
    sy_autojson json_t *renamed = json_copy((json_t *)(uintptr_t)expression);
    sy_autojson json_t *list = json_array();
    if (renamed == NULL || list == NULL)
        return NULL;
    if (key != NULL && op != NULL && !fields && (strcmp(op, "Gt") == 0 || strcmp(op, "Lt") == 0))
        sy_namer_numeric(namer, key);
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *old = json_string_value(json_array_get(values, i));
        if (old == NULL || key == NULL)
            continue;
        const char *name =
            fields ? sy_namer_name(namer, SY_NAMING_NODE, old) : sy_namer_value(namer, key, old);
        if (json_array_append_new(list, text(name)) != 0)
            return NULL;
    }
    if (json_is_array(values) && json_object_set(renamed, "values", list) != 0)
        return NULL;
    if (key != NULL && !fields && !put(renamed, "key", text(sy_namer_key(namer, key))))
        return NULL;
    return SY_TAKE(renamed);
}

static json_t *rename_expressions(struct sy_namer *namer, const json_t *list, bool fields)
{
    sy_autojson json_t *renamed = json_array();
    for (size_t i = 0; renamed != NULL && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (json_is_object(one) &&
            json_array_append_new(renamed, rename_expression(namer, one, fields)) != 0)
            return NULL;
    }
    return SY_TAKE(renamed);
}

static json_t *rename_selector(struct sy_namer *namer, const json_t *selector)
{
    sy_autojson json_t *renamed = json_object();
    const json_t *labels = json_object_get(selector, "matchLabels");
    const json_t *expressions = json_object_get(selector, "matchExpressions");
    bool ok = renamed != NULL;
    if (ok && json_is_object(labels))
        ok = put(renamed, "matchLabels", rename_labels(namer, labels));
    if (ok && json_is_array(expressions))
        ok = put(renamed, "matchExpressions", rename_expressions(namer, expressions, false));
    return ok ? SY_TAKE(renamed) : NULL;
}

/* A taint, or a toleration: the same words. */
static json_t *rename_taint(struct sy_namer *namer, const json_t *taint)
{
    const char *key = json_string_value(json_object_get(taint, "key"));
    const char *value = json_string_value(json_object_get(taint, "value"));
    const char *op = json_string_value(json_object_get(taint, "operator"));
    sy_autojson json_t *renamed = json_copy((json_t *)(uintptr_t)taint);
    if (renamed == NULL)
        return NULL;
    if (key != NULL && op != NULL && (strcmp(op, "Gt") == 0 || strcmp(op, "Lt") == 0))
        sy_namer_numeric(namer, key);
    if (value != NULL &&
        !put(renamed, "value", text(sy_namer_value(namer, key != NULL ? key : "", value))))
        return NULL;
    if (key != NULL && key[0] != '\0' && !put(renamed, "key", text(sy_namer_key(namer, key))))
        return NULL;
    return SY_TAKE(renamed);
}

static json_t *rename_taints(struct sy_namer *namer, const json_t *list)
{
    sy_autojson json_t *renamed = json_array();
    for (size_t i = 0; renamed != NULL && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (json_is_object(one) && json_array_append_new(renamed, rename_taint(namer, one)) != 0)
            return NULL;
    }
    return SY_TAKE(renamed);
}

/* Addresses without reasons. */
static json_t *rename_cordon(const char *annotation)
{
    struct sy_str out;
    sy_str_init(&out, strlen(annotation) + 1);
    for (const char *at = annotation; *at != '\0';) {
        size_t len = strcspn(at, ";"), word = strcspn(at, ";=");
        if (out.len > 0)
            sy_str_append(&out, ";");
        sy_str_append_n(&out, at, word < len ? word : len);
        at += len + (at[len] == ';');
    }
    json_t *renamed = sy_str_failed(&out) ? NULL : text(out.data != NULL ? out.data : "");
    sy_str_done(&out);
    return renamed;
}

/* A document that cannot be read stays one that cannot be read. */
static json_t *rename_fabric(struct sy_namer *namer, const char *annotation)
{
    static const struct sy_json_limits limits = {
        .max_bytes = (size_t)1 << 20, .max_depth = ANNOTATION_DEPTH_MAX, .reject_duplicates = true};
    json_t *document = NULL;
    sy_autofree char *dump = NULL;
    size_t len;
    if (sy_json_parse(annotation, strlen(annotation), &limits, &document, NULL) != SY_OK)
        return json_string("{}");
    sy_autojson json_t *root = document;
    sy_autojson json_t *renamed = sy_rename_object(namer, root, sy_rename_rules(SY_STATE_FABRIC));
    if (renamed == NULL || sy_json_dump(renamed, false, &dump, &len, NULL) != SY_OK)
        return NULL;
    return json_string(dump);
}

/* Kinds that anybody has; others are somebody's own. */
static json_t *rename_kind(const char *member, const char *old)
{
    static const char *const known[] = {"ReplicaSet",
                                        "ReplicationController",
                                        "StatefulSet",
                                        "DaemonSet",
                                        "Deployment",
                                        "Job",
                                        "CronJob",
                                        "JobSet",
                                        "Node",
                                        "LeaderWorkerSet",
                                        "PyTorchJob",
                                        "TFJob",
                                        "MPIJob",
                                        "JAXJob",
                                        "XGBoostJob",
                                        "PaddleJob",
                                        "TrainJob",
                                        "RayCluster",
                                        "RayJob",
                                        "RayService",
                                        "PodGroup",
                                        "Workflow",
                                        "AppWrapper",
                                        "v1",
                                        "apps/v1",
                                        "batch/v1",
                                        "jobset.x-k8s.io/v1alpha2",
                                        "leaderworkerset.x-k8s.io/v1",
                                        "kubeflow.org/v1",
                                        "ray.io/v1",
                                        "batch.volcano.sh/v1alpha1",
                                        NULL};
    for (const char *const *one = known; *one != NULL; one++)
        if (strcmp(*one, old) == 0)
            return json_string(old);
    return json_string(strcmp(member, "kind") == 0 ? "Workload" : "example.com/v1");
}

static json_t *rename_text(struct sy_namer *namer, const struct sy_rename *rule, const char *old)
{
    bool cordoned = strncmp(old, "cordoned: ", 10) == 0;
    switch ((enum sy_rename_what)rule->what) {
    case SY_RENAME_CORDON:
        return rename_cordon(old);
    case SY_RENAME_FABRIC:
        return rename_fabric(namer, old);
    case SY_RENAME_KIND:
        return rename_kind(rule->key, old);
    case SY_RENAME_REASON:
        return json_string(cordoned ? "cordoned" : old);
    case SY_RENAME_MESSAGE:
        return json_string("not reachable");
    case SY_RENAME_BELOW:
    case SY_RENAME_NAME:
    case SY_RENAME_LABELS:
    case SY_RENAME_LABEL_KEY:
    case SY_RENAME_SELECTOR:
    case SY_RENAME_EXPRESSIONS:
    case SY_RENAME_FIELDS:
    case SY_RENAME_TAINT:
    case SY_RENAME_LEFT_OUT:
    case SY_RENAME_COUNT:
        break;
    }
    return json_null();
}

static json_t *rename_below(struct sy_namer *namer, const json_t *value,
                            const struct sy_rename *rules)
{
    if (json_is_object(value))
        return sy_rename_object(namer, value, rules);
    sy_autojson json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < json_array_size(value); i++)
        if (json_array_append_new(array,
                                  sy_rename_object(namer, json_array_get(value, i), rules)) != 0)
            return NULL;
    return SY_TAKE(array);
}

static json_t *rename_member(struct sy_namer *namer, const json_t *value,
                             const struct sy_rename *rule)
{
    switch ((enum sy_rename_what)rule->what) {
    case SY_RENAME_BELOW:
        return rename_below(namer, value, rule->below);
    case SY_RENAME_NAME:
        return rename_texts(namer, value, (enum sy_naming)rule->naming);
    case SY_RENAME_LABELS:
        return rename_labels(namer, value);
    case SY_RENAME_LABEL_KEY:
        return rename_keys(namer, value);
    case SY_RENAME_SELECTOR:
        return rename_selector(namer, value);
    case SY_RENAME_EXPRESSIONS:
        return rename_expressions(namer, value, false);
    case SY_RENAME_FIELDS:
        return rename_expressions(namer, value, true);
    case SY_RENAME_TAINT:
        return rename_taints(namer, value);
    case SY_RENAME_LEFT_OUT:
    case SY_RENAME_CORDON:
    case SY_RENAME_FABRIC:
    case SY_RENAME_KIND:
    case SY_RENAME_REASON:
    case SY_RENAME_MESSAGE:
    case SY_RENAME_COUNT:
        break;
    }
    return json_is_string(value) ? rename_text(namer, rule, json_string_value(value)) : json_null();
}

json_t *sy_rename_object(struct sy_namer *namer, const json_t *object,
                         const struct sy_rename *rules)
{
    sy_autojson json_t *renamed = json_object();
    const char *key;
    json_t *value;
    bool ok = renamed != NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct sy_rename *rule = rules;
        while (rule->key != NULL && strcmp(rule->key, key) != 0)
            rule++;
        if (!ok || (rule->key != NULL && rule->what == SY_RENAME_LEFT_OUT) || json_is_null(value))
            continue;
        ok = put(renamed, key,
                 rule->key != NULL ? rename_member(namer, value, rule) : json_deep_copy(value));
    }
    return ok ? SY_TAKE(renamed) : NULL;
}
