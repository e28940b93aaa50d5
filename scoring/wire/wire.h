/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's extender wire, v1 (k8s.io/kube-scheduler/extender/v1/types.go): bytes ⇄ requests
 * and verdicts. Keys are accepted in any ASCII case and sent in CamelCase; null and absent are one;
 * of duplicate keys the last counts; unknown keys are ignored. */
#ifndef SY_SCORING_WIRE_WIRE_H
#define SY_SCORING_WIRE_WIRE_H

#include "base/str.h"
#include "scoring/engine.h"

#define SY_WIRE_DEPTH_MAX 64u
#define SY_WIRE_NAMES_MAX 100000u

struct sy_slice {
    const char *data;
    size_t len;
};

/* ExtenderArgs of filter and prioritize. Lives in the arena, in `root` and in the body. NodeNames
 * counts when both it and Nodes are sent; when neither is, there are no candidates. */
struct sy_args {
    json_t *root; /* owned; sy_args_done */
    struct sy_request request;
    bool names_mode; /* NodeNames was sent, or nothing; else Nodes */
    size_t n;
    struct sy_candidate *candidate;   /* resolved against the cluster */
    const struct sy_slice *node_text; /* full-node mode: the bytes of the node objects in the body,
                                         echoed unchanged */
    struct sy_node **templates;       /* built from switchyard.dev/fabric; freed by sy_args_done */
    size_t ntemplate;
};

/* SY_EPARSE, SY_EINVAL, SY_ELIMIT with the path ("/Pod/spec/…"). A template that cannot be read
 * makes that candidate unknown, not the call fail; `cluster` (may be NULL) resolves names. `body`
 * must outlive the result. On failure there is nothing to free. */
SY_NODISCARD enum sy_code sy_args_parse(const char *body, size_t len,
                                        const struct sy_cluster *cluster, struct sy_catalogue *cat,
                                        struct sy_arena *arena, struct sy_args *ret,
                                        struct sy_err *err);
void sy_args_done(struct sy_args *args);

/* ExtenderFilterResult: survivors in the order asked; every dropped node in
 * FailedAndUnresolvableNodes with its constant reason. */
SY_NODISCARD enum sy_code sy_wire_filter(const struct sy_args *args,
                                         const struct sy_verdict *verdict, struct sy_str *out,
                                         struct sy_err *err);
/* HostPriorityList: every candidate. */
SY_NODISCARD enum sy_code sy_wire_prioritize(const struct sy_args *args,
                                             const struct sy_verdict *verdict, struct sy_str *out,
                                             struct sy_err *err);
/* An answer that carries only an error (HTTP 200): {"Nodes":null,…,"Error":"…"}. */
SY_NODISCARD enum sy_code sy_wire_filter_error(const char *text, struct sy_str *out,
                                               struct sy_err *err);

/* The whole of /preempt: ExtenderPreemptionArgs (both forms of victims) → ExtenderPreemptionResult
 * in Meta form; nodes that could not satisfy the pod even without the victims are left out. */
SY_NODISCARD enum sy_code sy_wire_preempt(const char *body, size_t len,
                                          const struct sy_world *world, struct sy_catalogue *cat,
                                          struct sy_arena *arena, struct sy_str *out,
                                          struct sy_err *err);

#endif
