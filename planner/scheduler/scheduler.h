/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's own filters and scores of one node for one pod, those that are modelled:
 * NodeUnschedulable, NodeName, TaintToleration, NodeAffinity, NodeResourcesFit (and the number of
 * pods); LeastAllocated, BalancedAllocation, preferred NodeAffinity, TaintToleration. */
#ifndef SY_PLANNER_SCHEDULER_SCHEDULER_H
#define SY_PLANNER_SCHEDULER_SCHEDULER_H

#include "planner/state/state.h"

/* Terms of a pod's node selectors, their requirements and values, and its tolerations, in all. */
#define SY_SCHEDULER_PARTS_MAX 65536u

/* X(id, plugin's name, text as kube-scheduler says it) why a node is dropped, in the order of its
 * filters: the first one counts. NAMES comes before all filters: where every required term names
 * nodes (matchFields, metadata.name), kube-scheduler looks at these alone. */
#define SY_STAGES(X)                                                                               \
    X(PASSED, "", "")                                                                              \
    X(NAMES, "NodeAffinity", "node(s) didn't satisfy plugin(s) [NodeAffinity]")                    \
    X(UNSCHEDULABLE, "NodeUnschedulable", "node(s) were unschedulable")                            \
    X(NODE_NAME, "NodeName", "node(s) didn't match the requested node name")                       \
    X(TAINT, "TaintToleration", "node(s) had untolerated taint(s)")                                \
    X(AFFINITY, "NodeAffinity", "node(s) didn't match Pod's node affinity/selector")               \
    X(PODS, "NodeResourcesFit", "Too many pods")                                                   \
    X(RESOURCE, "NodeResourcesFit", "Insufficient")
enum sy_stage {
#define X(id, plugin, text) SY_STAGE_##id,
    SY_STAGES(X)
#undef X
        SY_STAGE_COUNT
};

struct sy_stage_verdict {
    uint8_t stage;       /* enum sy_stage */
    bool never;          /* it would not pass on the empty node either */
    const char *name;    /* the taint's key or the first resource that is short; NULL; borrowed */
    int64_t asked, left; /* of that resource, in its unit of sy_amounts; never: of the empty node */
};

/* What is taken on a node: sums over its pods. */
struct sy_taken {
    int64_t cpu_milli, memory_bytes, storage_bytes, pods;
    int64_t nonzero_cpu_milli, nonzero_memory_bytes;
    size_t n, size;
    struct sy_amount *other; /* ascending by name; owned (sy_free) */
};
SY_NODISCARD enum sy_code sy_taken_add(struct sy_taken *taken, const struct sy_state_pod *pod,
                                       struct sy_err *err);                   /* SY_ENOMEM */
void sy_taken_remove(struct sy_taken *taken, const struct sy_state_pod *pod); /* that was added */
SY_NODISCARD enum sy_code sy_taken_copy(const struct sy_taken *taken, struct sy_taken *ret,
                                        struct sy_err *err); /* SY_ENOMEM */
void sy_taken_done(struct sy_taken *taken);

/* A pod's terms, read once (selectors parsed); in the arena, with texts borrowed from the pod,
 * which must outlive it. A pod that stands on a node of the state (pod->node) is asked as if it
 * were evicted; one that does not and has a node_name asks for that node. The two tolerations that
 * the API server gives to every pod (not-ready, unreachable) count where the pod has none of its
 * own. SY_EINVAL with the path ("default/p: /spec/affinity/…: …"), SY_ELIMIT, SY_ENOMEM. */
struct sy_scheduler_pod;
SY_NODISCARD enum sy_code sy_scheduler_pod_new(const struct sy_state_pod *pod,
                                               struct sy_arena *arena,
                                               const struct sy_scheduler_pod **ret,
                                               struct sy_err *err);
/* Fields of the pod that kube-scheduler reads and this model does not, with the plugin that reads
 * them ("spec.affinity.podAffinity (InterPodAffinity)"), host ports, volumes, gates and another
 * schedulerName among them: texts in the arena, in a constant order. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_scheduler_unmodelled(const struct sy_state_pod *pod,
                                                  struct sy_arena *arena, const char *const **ret,
                                                  size_t *ret_n, struct sy_err *err);
/* The same of what the cluster's own pods have and what other pods feel of it (affinity between
 * pods, nominations): "spec.affinity.podAntiAffinity of 3 pods, first default/a
 * (InterPodAffinity)". */
SY_NODISCARD enum sy_code sy_scheduler_unmodelled_cluster(const struct sy_state *state,
                                                          struct sy_arena *arena,
                                                          const char *const **ret, size_t *ret_n,
                                                          struct sy_err *err);
/* Plugins of the default profile that depend on what no state holds, whatever the pod asks: NULL
 * ends the list. */
const char *const *sy_scheduler_never_modelled(void);

/* A node whose resources are not known passes where they would be asked; *never* is about the
 * empty node. */
struct sy_stage_verdict sy_scheduler_filter(const struct sy_scheduler_pod *pod,
                                            const struct sy_state_node *node,
                                            const struct sy_taken *taken);
/* Every resource that is short, as kube-scheduler counts them in its message, SY_STAGE_PODS first:
 * the first `size` are written to ret; returns how many there are. For a node that passes the
 * stages before. */
size_t sy_scheduler_shortages(const struct sy_scheduler_pod *pod, const struct sy_state_node *node,
                              const struct sy_taken *taken, struct sy_stage_verdict *ret,
                              size_t size);

/* X(id, plugin's name, weight of the default profile in 1.35 and 1.36) */
#define SY_PLUGINS(X)                                                                              \
    X(LEAST, "NodeResourcesFit", 1)                                                                \
    X(BALANCED, "NodeResourcesBalancedAllocation", 1)                                              \
    X(PREFERRED, "NodeAffinity", 2)                                                                \
    X(TAINTS, "TaintToleration", 3)
enum sy_plugin {
#define X(id, plugin, weight) SY_PLUGIN_##id,
    SY_PLUGINS(X)
#undef X
        SY_PLUGIN_COUNT
};

struct sy_scheduler_score {
    int64_t plugin[SY_PLUGIN_COUNT]; /* 0..100 after normalising */
    int64_t extender;                /* our 0..10 times weight times 10 */
    int64_t total;                   /* weighted */
};

/* Scores of the feasible nodes of one cycle: node[i] with taken[i] and, where `wire` is not NULL,
 * our wire score 0..10; `weight` is the extender's. `kube_minor` 35 or 36: BalancedAllocation
 * differs. ret[n]. */
void sy_scheduler_score(const struct sy_scheduler_pod *pod, const struct sy_state_node *const *node,
                        const struct sy_taken *const *taken, const uint8_t *wire, size_t n,
                        unsigned kube_minor, int64_t weight, struct sy_scheduler_score *ret);

const char *sy_stage_plugin(enum sy_stage stage);
const char *sy_stage_text(enum sy_stage stage);
const char *sy_plugin_name(enum sy_plugin plugin);

#endif
