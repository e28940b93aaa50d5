/* SPDX-License-Identifier: Apache-2.0 */
/* What in a snapshot is a name, and of what: beside fields.c, member by member. */
#include "planner/state/anonymize_private.h"

#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }
#define NAMED(member, kind)                                                                        \
    {                                                                                              \
        .key = (member), .what = SY_RENAME_NAME, .naming = SY_NAMING_##kind                        \
    }
#define BELOW(member, rules)                                                                       \
    {                                                                                              \
        .key = (member), .what = SY_RENAME_BELOW, .below = (rules)                                 \
    }
#define DONE(member, id)                                                                           \
    {                                                                                              \
        .key = (member), .what = SY_RENAME_##id                                                    \
    }

/* --- Node */
static const struct sy_rename node_annotations[] = {DONE(SY_CORDON_ANNOTATION, CORDON),
                                                    DONE(SY_FABRIC_ANNOTATION, FABRIC), END};
static const struct sy_rename node_metadata[] = {NAMED("name", NODE), NAMED("uid", UID),
                                                 DONE("labels", LABELS),
                                                 BELOW("annotations", node_annotations), END};
static const struct sy_rename node_spec[] = {DONE("taints", TAINT), END};
static const struct sy_rename node_rules[] = {BELOW("metadata", node_metadata),
                                              BELOW("spec", node_spec), END};

/* --- NodeFabric */
static const struct sy_rename holder_rules[] = {NAMED("namespace", NAMESPACE), NAMED("name", POD),
                                                NAMED("uid", UID), NAMED("container", CONTAINER),
                                                END};
static const struct sy_rename device_rules[] = {BELOW("holders", holder_rules),
                                                DONE("reason", REASON), END};
static const struct sy_rename kubelet_rules[] = {DONE("message", MESSAGE), END};
static const struct sy_rename unmapped_rules[] = {DONE("first", LEFT_OUT), END};
static const struct sy_rename fabric_status[] = {BELOW("devices", device_rules),
                                                 BELOW("kubelet", kubelet_rules),
                                                 BELOW("unmapped", unmapped_rules), END};
static const struct sy_rename fabric_metadata[] = {NAMED("name", NODE), DONE("labels", LABELS),
                                                   END};
static const struct sy_rename ledger_rules[] = {BELOW("pods", holder_rules), END};
static const struct sy_rename fabric_rules[] = {BELOW("metadata", fabric_metadata),
                                                BELOW("status", fabric_status),
                                                BELOW("ledger", ledger_rules), END};

/* --- Pod */
static const struct sy_rename owner_rules[] = {DONE("apiVersion", KIND), DONE("kind", KIND),
                                               NAMED("name", OWNER), NAMED("uid", UID), END};
static const struct sy_rename pod_metadata[] = {NAMED("name", POD),
                                                NAMED("generateName", POD),
                                                NAMED("namespace", NAMESPACE),
                                                NAMED("uid", UID),
                                                DONE("labels", LABELS),
                                                BELOW("ownerReferences", owner_rules),
                                                END};
static const struct sy_rename claim_rules[] = {NAMED("name", REF), END};
static const struct sy_rename resources_rules[] = {BELOW("claims", claim_rules), END};
static const struct sy_rename port_rules[] = {DONE("hostIP", LEFT_OUT), END};
static const struct sy_rename container_rules[] = {
    NAMED("name", CONTAINER), BELOW("resources", resources_rules), BELOW("ports", port_rules), END};
static const struct sy_rename node_term[] = {DONE("matchExpressions", EXPRESSIONS),
                                             DONE("matchFields", FIELDS), END};
static const struct sy_rename node_terms[] = {BELOW("nodeSelectorTerms", node_term), END};
static const struct sy_rename preferred_node[] = {BELOW("preference", node_term), END};
static const struct sy_rename node_affinity[] = {
    BELOW("requiredDuringSchedulingIgnoredDuringExecution", node_terms),
    BELOW("preferredDuringSchedulingIgnoredDuringExecution", preferred_node), END};
static const struct sy_rename pod_term[] = {DONE("labelSelector", SELECTOR),
                                            DONE("namespaceSelector", SELECTOR),
                                            NAMED("namespaces", NAMESPACE),
                                            DONE("topologyKey", LABEL_KEY),
                                            DONE("matchLabelKeys", LABEL_KEY),
                                            DONE("mismatchLabelKeys", LABEL_KEY),
                                            END};
static const struct sy_rename preferred_pod[] = {BELOW("podAffinityTerm", pod_term), END};
static const struct sy_rename pod_affinity[] = {
    BELOW("requiredDuringSchedulingIgnoredDuringExecution", pod_term),
    BELOW("preferredDuringSchedulingIgnoredDuringExecution", preferred_pod), END};
static const struct sy_rename affinity_rules[] = {BELOW("nodeAffinity", node_affinity),
                                                  BELOW("podAffinity", pod_affinity),
                                                  BELOW("podAntiAffinity", pod_affinity), END};
static const struct sy_rename pvc_rules[] = {NAMED("claimName", REF), END};
static const struct sy_rename class_rules[] = {NAMED("storageClassName", REF), END};
static const struct sy_rename template_rules[] = {BELOW("spec", class_rules), END};
static const struct sy_rename ephemeral_rules[] = {BELOW("volumeClaimTemplate", template_rules),
                                                   END};
static const struct sy_rename disk_rules[] = {NAMED("pdName", REF), NAMED("volumeID", REF),
                                              NAMED("iqn", REF), NAMED("image", REF), END};
static const struct sy_rename volume_rules[] = {BELOW("persistentVolumeClaim", pvc_rules),
                                                BELOW("ephemeral", ephemeral_rules),
                                                BELOW("gcePersistentDisk", disk_rules),
                                                BELOW("awsElasticBlockStore", disk_rules),
                                                BELOW("iscsi", disk_rules),
                                                BELOW("rbd", disk_rules),
                                                END};
static const struct sy_rename pod_spec[] = {NAMED("nodeName", NODE),
                                            NAMED("schedulerName", REF),
                                            NAMED("priorityClassName", REF),
                                            NAMED("runtimeClassName", REF),
                                            DONE("nodeSelector", LABELS),
                                            BELOW("affinity", affinity_rules),
                                            DONE("tolerations", TAINT),
                                            BELOW("topologySpreadConstraints", pod_term),
                                            BELOW("schedulingGates", claim_rules),
                                            NAMED("schedulingGroup", REF),
                                            NAMED("workloadRef", REF),
                                            BELOW("resourceClaims", claim_rules),
                                            BELOW("resources", resources_rules),
                                            BELOW("initContainers", container_rules),
                                            BELOW("containers", container_rules),
                                            BELOW("volumes", volume_rules),
                                            END};
static const struct sy_rename pod_status[] = {NAMED("nominatedNodeName", NODE), END};
static const struct sy_rename pod_rules[] = {
    BELOW("metadata", pod_metadata), BELOW("spec", pod_spec), BELOW("status", pod_status), END};

/* --- PodDisruptionBudget */
static const struct sy_rename budget_metadata[] = {NAMED("name", REF),
                                                   NAMED("namespace", NAMESPACE), END};
static const struct sy_rename budget_spec[] = {DONE("selector", SELECTOR), END};
static const struct sy_rename budget_rules[] = {BELOW("metadata", budget_metadata),
                                                BELOW("spec", budget_spec), END};

const struct sy_rename *sy_rename_rules(enum sy_state_kind kind)
{
    static const struct sy_rename *const all[SY_STATE_KIND_COUNT] = {
        [SY_STATE_NODE] = node_rules,
        [SY_STATE_FABRIC] = fabric_rules,
        [SY_STATE_POD] = pod_rules,
        [SY_STATE_BUDGET] = budget_rules};
    return all[kind];
}
