/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: steps that change a cluster, one after the other. Strict: what is not known is an
 * error with its place. Keys: deploy/schemas/scenario.schema.json. */
#ifndef SY_PLANNER_WHATIF_SCENARIO_H
#define SY_PLANNER_WHATIF_SCENARIO_H

#include "base/arena.h"
#include "base/json.h"
#include "scoring/policy.h"

#define SY_SCENARIO_MAX ((size_t)16 << 20) /* bytes of one file */
#define SY_SCENARIO_STEPS_MAX 1000u
#define SY_SCENARIO_TEMPLATES_MAX 64u
#define SY_SCENARIO_LABELS_MAX 64u
#define SY_SCENARIO_COUNT_MAX 10000u /* copies of one submission, nodes of one template */

/* X(id, key of the file) */
#define SY_STEPS(X)                                                                                \
    X(SUBMIT, "submit")                                                                            \
    X(DELETE_PODS, "deletePods")                                                                   \
    X(ADD_NODES, "addNodes")                                                                       \
    X(DRAIN, "drain")                                                                              \
    X(CORDON, "cordon")                                                                            \
    X(UNCORDON, "uncordon")                                                                        \
    X(REMOVE, "remove")                                                                            \
    X(FAIL_NODE, "failNode")                                                                       \
    X(FAIL_DEVICE, "failDevice")                                                                   \
    X(DEGRADE_LINK, "degradeLink")                                                                 \
    X(CAP, "cap")                                                                                  \
    X(POLICY, "policy")
enum sy_step_kind {
#define X(id, key) SY_STEP_##id,
    SY_STEPS(X)
#undef X
        SY_STEP_COUNT
};

/* What a node costs; -1 (NULL) = not told. */
struct sy_scenario_price {
    int64_t price_milli, watts_mw, rack_units, lead_days;
    const char *currency;
};

/* Where nodes come from: one of `like`, `file` and `topology` is given. */
struct sy_scenario_template {
    const char *name;
    unsigned line, column;
    const char *like;     /* a node of the cluster */
    const char *file;     /* a NodeTemplate or a Node */
    const char *topology; /* hwloc or NCCL XML, or a NodeFabric, with `allocatable` */
    json_t *allocatable;  /* object; NULL */
    size_t nlabel;
    struct sy_label_match *label;
    struct sy_scenario_price price;
};

struct sy_step {
    uint8_t kind; /* enum sy_step_kind */
    unsigned line, column;
    const char *node, *selector, *domain; /* which nodes: one of them; of CAP and devices: `node` */
    const char *file;                     /* SUBMIT, POLICY */
    json_t *manifest;                     /* SUBMIT: an object in the file itself; NULL */
    const char *namespace_;               /* SUBMIT, DELETE_PODS */
    const char *pod, *owner;              /* DELETE_PODS: a name, or who controls them */
    uint32_t count;                       /* SUBMIT, ADD_NODES */
    const char *template_;                /* ADD_NODES */
    size_t nlabel;                        /* ADD_NODES */
    struct sy_label_match *label;
    struct sy_scenario_price price; /* ADD_NODES: instead of the template's */
    const char *device, *to;        /* PCI address or name; `to`: the other end of a link */
    const char *reason;             /* FAIL_DEVICE; NULL */
    bool healthy;                   /* FAIL_DEVICE: it is well again */
    uint32_t mbps;                  /* DEGRADE_LINK */
    int64_t limit_mw;               /* CAP */
};

struct sy_scenario {
    const char *file;   /* as given */
    const char *folder; /* with its '/' at the end, where paths of the file begin; "" */
    const char *name;   /* metadata.name; NULL */
    size_t ntemplate;
    struct sy_scenario_template *template_;
    size_t nstep;
    struct sy_step *step;
    size_t nshape;
    const char **shape; /* files of the shapes whose slots are counted; none: the cluster's own */
    json_t *keep;       /* owns `manifest` and `allocatable`; sy_scenario_done */
};

/* Read one; all but `keep` is in the arena. SY_EPARSE, SY_EINVAL, SY_ELIMIT, SY_ECONFLICT with
 * "FILE:LINE:COLUMN: "; SY_EIO, SY_ENOENT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_scenario_read(const char *path, struct sy_arena *arena,
                                           struct sy_scenario *ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_scenario_parse(const char *file, const char *data, size_t len,
                                            struct sy_arena *arena, struct sy_scenario *ret,
                                            struct sy_err *err);
void sy_scenario_done(struct sy_scenario *scenario);
/* The step in a few words, "drain rack-a"; in the arena; NULL: out of memory. */
const char *sy_step_text(const struct sy_step *step, struct sy_arena *arena);
const char *sy_step_key(enum sy_step_kind kind);
/* Fail at a step: "FILE:LINE:COLUMN: KEY: <the text that err has>"; returns its code. */
enum sy_code sy_step_wrap(const struct sy_scenario *scenario, const struct sy_step *step,
                          struct sy_err *err);

#endif
