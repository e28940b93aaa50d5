/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster as it was read, from files or an API server, with the engine's view of it: immutable
 * after loading. What is kept of an object is what decisions and reports read, nothing else. */
#ifndef SY_PLANNER_STATE_STATE_H
#define SY_PLANNER_STATE_STATE_H

#include "base/json.h"
#include "planner/cli/cli.h"
#include "scoring/occupancy/occupancy.h"
#include "topology/cluster.h"

/* Amounts of a Node's allocatable or a pod's requests, as NodeResourcesFit reckons them: rounded up
 * to thousandths of a CPU, bytes, and whole numbers of everything else. */
struct sy_amount {
    const char *name; /* "nvidia.com/gpu", "hugepages-2Mi" */
    int64_t value;
};
struct sy_amounts {
    int64_t cpu_milli, memory_bytes, storage_bytes, pods; /* pods: of a node alone */
    size_t n;
    const struct sy_amount *other; /* ascending by name */
};

struct sy_taint {
    const char *key, *value, *effect; /* value may be "" */
};

struct sy_state_node {
    const char *name;
    const json_t *object; /* what is kept of the Node; NULL = only a NodeFabric told of it */
    bool resources_known; /* `allocatable` was told */
    struct sy_amounts allocatable;
    bool unschedulable; /* spec.unschedulable */
    bool ready;         /* its Ready condition is True, or it tells none */
    size_t nlabel, ntaint;
    const struct sy_label *label; /* ascending by key */
    const struct sy_taint *taint;
    struct sy_fabric *fabric; /* NULL = nobody told its devices */
    struct sy_usage *report;  /* of its NodeFabric's status; NULL = none */
    enum sy_report_age age;   /* of the report, at `now` */
    int64_t age_us;           /* the same, 0 = not told */
    bool decided; /* the report is the service's own ledger, of its GET /snapshot: `node`
                     has just that usage, and `charge` of pods is from it */
    size_t ncordon;
    const struct sy_cordon *cordon;
    struct sy_node *node; /* fabric and occupancy at `now`, as the service would have it; NULL = no
                             fabric */
};

struct sy_state_pod {
    const char *namespace_, *name, *uid; /* uid: "" = not told */
    const char *node_name;               /* NULL = pending */
    const char *owner_kind, *owner_name; /* its controller; NULL = none */
    const json_t *object; /* what is kept of it; NULL = only the service's ledger told of it */
    int32_t priority;
    int64_t created_us, scheduled_us; /* Unix, 0 = not told */
    struct sy_amounts requests;       /* effective, init containers and overhead included */
    int64_t nonzero_cpu_milli, nonzero_memory_bytes; /* kube-scheduler's, for its scores: a
                                                        container without a request counts as 100
                                                        milli and 200 MiB */
    struct sy_request request;                       /* ours */
    size_t nnamed;                                   /* device ids that a plugin wrote on it */
    const char *const *named;
    uint32_t node;           /* index in `node`, UINT32_MAX = pending or on no node of the state */
    struct sy_charge charge; /* how it is known what it holds, and which */
};

/* A PodDisruptionBudget. */
struct sy_state_budget {
    const char *namespace_, *name;
    const json_t *object;   /* what is kept of it */
    const json_t *selector; /* matchLabels and matchExpressions; NULL = selects nothing */
    const json_t *min_available, *max_unavailable; /* an integer or "N%"; NULL = not told */
    int64_t allowed;                               /* status.disruptionsAllowed; -1 = not told */
};

struct sy_state {
    struct sy_arena *arena;
    struct sy_catalogue *catalogue; /* references */
    struct sy_policy *policy;
    int64_t now_us;
    unsigned kube_minor; /* 35 or 36 */
    size_t nnode, npod, nbudget;
    struct sy_state_node *node;     /* ascending by name */
    struct sy_state_pod *pod;       /* ascending by namespace, name */
    struct sy_state_budget *budget; /* the same */
    struct sy_cluster *cluster; /* of the nodes with devices told; cluster->generation from the file
                                   or 0 */
    json_t *others; /* array of strings: what else the input held and nobody reads, with counts */
    size_t nnote;   /* what is unknown or was taken otherwise, for people, constant order */
    const char **note;
    const char *source; /* "snapshot.json", "API server https://…" */
};

/* What is read, and how: sy_cli_state's options. */
struct sy_state_options {
    const char *const *path; /* files, directories, "-"; none: live */
    size_t npath;
    const char *kubeconfig, *context;
    bool in_cluster;
    const char *namespace_;
    const char *policy;
    const char *const *catalogue;
    size_t ncatalogue;
    int64_t now_us; /* 0 = the snapshot's own time, else the latest time that a report tells; live:
                       the clock */
    unsigned kube_minor;
    const char *name; /* of a policy to lay over, NULL */
};
SY_NODISCARD enum sy_code sy_state_options_of(const struct sy_cli *cli,
                                              struct sy_state_options *ret, struct sy_err *err);
/* Read it. Errors name the file and the place in it: SY_EPARSE, SY_EINVAL, SY_ELIMIT (files of 256
 * MiB, 100,000 nodes, 1,000,000 pods), SY_ECONFLICT (one node twice with different content),
 * SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_state_load(const struct sy_state_options *options,
                                        const struct sy_cli *cli, struct sy_state **ret,
                                        struct sy_err *err);
/* The two in one: what a command calls first. */
SY_NODISCARD enum sy_code sy_state_of(const struct sy_cli *cli, struct sy_state **ret,
                                      struct sy_err *err);
void sy_state_free(struct sy_state *state); /* takes NULL */
SY_DEFINE_AUTO(struct sy_state, sy_state, sy_state_free)

/* Indices; -1 = not there. */
int64_t sy_state_find_node(const struct sy_state *state, const char *name);
int64_t sy_state_find_pod(const struct sy_state *state, const char *namespace_, const char *name);

/* A pod of a manifest or a template: `object` is a v1.Pod, borrowed for as long as the result is
 * used; `where` names it in messages ("pods.yaml:12"). Texts and arrays live in `arena`; its node
 * is UINT32_MAX. A pod with generateName alone has that as its name. What kube-scheduler would read
 * and we do not model is listed by sy_scheduler_unmodelled. SY_EINVAL, SY_ELIMIT "WHERE: PATH: …",
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_state_pod_read(const json_t *object, const char *where,
                                            const char *default_namespace,
                                            const struct sy_catalogue *catalogue,
                                            struct sy_arena *arena, struct sy_state_pod *ret,
                                            struct sy_err *err);
/* The same of a Node (with its switchyard.dev/fabric annotation, when it has one: then `node` is
 * there, without a report). What it holds references to is given back by sy_state_node_done. */
SY_NODISCARD enum sy_code sy_state_node_read(const json_t *object, const char *where,
                                             struct sy_catalogue *catalogue, struct sy_arena *arena,
                                             struct sy_state_node *ret, struct sy_err *err);
void sy_state_node_done(struct sy_state_node *node);
/* Kubernetes' quantities, every form ("1.5Gi", "100m", "2e3", "1E"): rounded away from zero to
 * thousandths (milli) or whole numbers; past int64 they are its greatest value. SY_EINVAL "'x' is
 * not a quantity". */
SY_NODISCARD enum sy_code sy_amount_milli(const char *text, int64_t *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_amount_whole(const char *text, int64_t *ret, struct sy_err *err);

#endif
