/* SPDX-License-Identifier: Apache-2.0 */
/* What kube-scheduler reads and this model does not: named, never passed over in silence. */
#include "base/str.h"
#include "planner/scheduler/scheduler.h"

#include <string.h>

#define TEXTS_MAX 24u

struct texts {
    struct sy_arena *arena;
    const char **text;
    size_t n;
    bool failed;
};

static void say(struct texts *texts, const char *text)
{
    if (text == NULL || texts->n == TEXTS_MAX)
        texts->failed = true;
    else
        texts->text[texts->n++] = text;
}

static enum sy_code begin(struct texts *texts, struct sy_err *err)
{
    texts->text = sy_arena_calloc(texts->arena, TEXTS_MAX, sizeof *texts->text);
    return texts->text != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static enum sy_code end(const struct texts *texts, const char *const **ret, size_t *ret_n,
                        struct sy_err *err)
{
    if (texts->failed)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = texts->text;
    *ret_n = texts->n;
    return SY_OK;
}

/* Is something told there: neither nothing nor null nor empty? */
static bool told(const json_t *value)
{
    if (json_is_array(value))
        return json_array_size(value) > 0;
    if (json_is_object(value))
        return json_object_size(value) > 0;
    return value != NULL && !json_is_null(value);
}

static const json_t *below(const json_t *value, const char *a, const char *b)
{
    return json_object_get(json_object_get(value, a), b);
}

static const char *text_of(const json_t *spec, const char *key)
{
    const char *text = json_string_value(json_object_get(spec, key));
    return text != NULL ? text : "";
}

static bool has_host_port(const json_t *spec, const char *kind)
{
    const json_t *containers = json_object_get(spec, kind);
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *ports = json_object_get(json_array_get(containers, i), "ports");
        if (told(ports) && json_is_true(json_object_get(spec, "hostNetwork")))
            return true;
        for (size_t k = 0; k < json_array_size(ports); k++)
            if (json_integer_value(json_object_get(json_array_get(ports, k), "hostPort")) != 0)
                return true;
    }
    return false;
}

/* Operators behind a gate that is off by default in 1.35 and 1.36. */
static bool has_comparison(const json_t *spec)
{
    const json_t *list = json_object_get(spec, "tolerations");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *op = text_of(json_array_get(list, i), "operator");
        if (strcmp(op, "Lt") == 0 || strcmp(op, "Gt") == 0)
            return true;
    }
    return false;
}

/* Volumes that bind a pod to nodes, or count against a node's limit. */
static void say_volumes(struct texts *texts, const json_t *spec)
{
    static const struct {
        const char *key, *text;
    } kinds[] = {
        {"persistentVolumeClaim",
         "spec.volumes[].persistentVolumeClaim (VolumeBinding, VolumeZone, "
         "VolumeRestrictions, NodeVolumeLimits)"},
        {"ephemeral", "spec.volumes[].ephemeral (VolumeBinding, VolumeZone, NodeVolumeLimits)"},
        {"csi", "spec.volumes[].csi (NodeVolumeLimits)"},
        {"gcePersistentDisk", "spec.volumes[].gcePersistentDisk (VolumeRestrictions)"},
        {"awsElasticBlockStore", "spec.volumes[].awsElasticBlockStore (VolumeRestrictions)"},
        {"iscsi", "spec.volumes[].iscsi (VolumeRestrictions)"},
        {"rbd", "spec.volumes[].rbd (VolumeRestrictions)"}};
    const json_t *volumes = json_object_get(spec, "volumes");
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
        for (size_t i = 0; i < json_array_size(volumes); i++)
            if (told(json_object_get(json_array_get(volumes, i), kinds[kind].key))) {
                say(texts, kinds[kind].text);
                break;
            }
}

/* What admission or preemption make of the pod's priority. */
static void say_priority(struct texts *texts, const struct sy_state_pod *pod, const json_t *spec)
{
    char shown[96];
    const char *class = text_of(spec, "priorityClassName");
    if (strcmp(text_of(spec, "preemptionPolicy"), "Never") == 0)
        return;
    if (!told(json_object_get(spec, "priority")) && class[0] != '\0')
        say(texts, sy_arena_printf(texts->arena, "spec.priorityClassName %s (DefaultPreemption)",
                                   sy_quote(shown, sizeof shown, class, strlen(class))));
    else if (pod->priority > 0)
        say(texts, sy_arena_printf(texts->arena, "spec.priority %d (DefaultPreemption)",
                                   (int)pod->priority));
}

static void say_scheduler(struct texts *texts, const json_t *spec)
{
    char shown[96];
    const char *name = text_of(spec, "schedulerName");
    if (name[0] != '\0' && strcmp(name, "default-scheduler") != 0)
        say(texts, sy_arena_printf(texts->arena, "spec.schedulerName %s",
                                   sy_quote(shown, sizeof shown, name, strlen(name))));
}

/* Pods of these are spread over hosts and zones, softly, where they ask for nothing else. */
static void say_spreading(struct texts *texts, const struct sy_state_pod *pod, const json_t *spec)
{
    static const char *const kinds[] = {"ReplicaSet", "ReplicationController", "StatefulSet"};
    if (told(json_object_get(spec, "topologySpreadConstraints"))) {
        say(texts, "spec.topologySpreadConstraints (PodTopologySpread)");
        return;
    }
    for (size_t i = 0; pod->owner_kind != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(pod->owner_kind, kinds[i]) == 0)
            say(texts, sy_arena_printf(texts->arena,
                                       "the default spreading of a %s's pods (PodTopologySpread)",
                                       kinds[i]));
}

enum sy_code sy_scheduler_unmodelled(const struct sy_state_pod *pod, struct sy_arena *arena,
                                     const char *const **ret, size_t *ret_n, struct sy_err *err)
{
    struct texts texts = {.arena = arena};
    const json_t *spec = json_object_get(pod->object, "spec");
    enum sy_code code = begin(&texts, err);
    if (code != SY_OK)
        return code;
    if (told(below(spec, "affinity", "podAffinity")))
        say(&texts, "spec.affinity.podAffinity (InterPodAffinity)");
    if (told(below(spec, "affinity", "podAntiAffinity")))
        say(&texts, "spec.affinity.podAntiAffinity (InterPodAffinity)");
    if (has_host_port(spec, "containers") || has_host_port(spec, "initContainers"))
        say(&texts, "spec.containers[].ports[].hostPort (NodePorts)");
    say_priority(&texts, pod, spec);
    if (told(json_object_get(spec, "resourceClaims")))
        say(&texts, "spec.resourceClaims (DynamicResources)");
    if (told(json_object_get(spec, "resources")))
        say(&texts, "spec.resources (the score of NodeResourcesFit)");
    if (text_of(spec, "runtimeClassName")[0] != '\0' && !told(json_object_get(spec, "overhead")))
        say(&texts, "spec.runtimeClassName (its overhead and node selector)");
    say_scheduler(&texts, spec);
    if (told(json_object_get(spec, "schedulingGates")))
        say(&texts, "spec.schedulingGates (SchedulingGates)");
    if (told(json_object_get(spec, "schedulingGroup")))
        say(&texts, "spec.schedulingGroup (GangScheduling)");
    if (has_comparison(spec))
        say(&texts, "spec.tolerations[].operator Lt, Gt (TaintToleration)");
    say_spreading(&texts, pod, spec);
    say_volumes(&texts, spec);
    if (told(json_object_get(spec, "workloadRef")))
        say(&texts, "spec.workloadRef (GangScheduling)");
    if (text_of(json_object_get(pod->object, "status"), "nominatedNodeName")[0] != '\0')
        say(&texts, "status.nominatedNodeName");
    return end(&texts, ret, ret_n, err);
}

static bool has_affinity(const struct sy_state_pod *pod)
{
    return told(below(json_object_get(pod->object, "spec"), "affinity", "podAffinity"));
}

static bool has_anti_affinity(const struct sy_state_pod *pod)
{
    return told(below(json_object_get(pod->object, "spec"), "affinity", "podAntiAffinity"));
}

static bool is_nominated(const struct sy_state_pod *pod)
{
    const json_t *status = json_object_get(pod->object, "status");
    return pod->node_name == NULL && text_of(status, "nominatedNodeName")[0] != '\0';
}

static void say_pods(struct texts *texts, const struct sy_state *state,
                     bool (*has)(const struct sy_state_pod *), bool bound, const char *field,
                     const char *plugin)
{
    const struct sy_state_pod *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < state->npod; i++) {
        const struct sy_state_pod *pod = &state->pod[i];
        if ((pod->node_name != NULL) != bound || !has(pod))
            continue;
        first = first != NULL ? first : pod;
        n++;
    }
    if (first != NULL)
        say(texts, sy_arena_printf(texts->arena, "%s of %zu pod%s, first %s/%s%s", field, n,
                                   n == 1 ? "" : "s", first->namespace_, first->name, plugin));
}

enum sy_code sy_scheduler_unmodelled_cluster(const struct sy_state *state, struct sy_arena *arena,
                                             const char *const **ret, size_t *ret_n,
                                             struct sy_err *err)
{
    struct texts texts = {.arena = arena};
    enum sy_code code = begin(&texts, err);
    if (code != SY_OK)
        return code;
    say_pods(&texts, state, has_affinity, true, "spec.affinity.podAffinity", " (InterPodAffinity)");
    say_pods(&texts, state, has_anti_affinity, true, "spec.affinity.podAntiAffinity",
             " (InterPodAffinity)");
    say_pods(&texts, state, is_nominated, false, "status.nominatedNodeName", "");
    return end(&texts, ret, ret_n, err);
}

const char *const *sy_scheduler_never_modelled(void)
{
    static const char *const plugins[] = {
        "ImageLocality (images on the nodes)",
        "PodTopologySpread (of a Service's pods)",
        NULL,
    };
    return plugins;
}
