/* SPDX-License-Identifier: Apache-2.0 */
/* All that a decision depends on, from files: the service's snapshot, its policy, its catalogue. */
#ifndef SY_PLANNER_ANSWER_WORLD_H
#define SY_PLANNER_ANSWER_WORLD_H

#include "scoring/engine.h"

#define SY_SNAPSHOT_MAX ((size_t)1 << 30) /* bytes of a NodeFabricList */

/* X(id, name) what kube-scheduler, or a person, asks */
#define SY_VERBS(X)                                                                                \
    X(FILTER, "filter") X(PRIORITIZE, "prioritize") X(PREEMPT, "preempt") X(EXPLAIN, "explain")
enum sy_verb {
#define X(id, name) SY_VERB_##id,
    SY_VERBS(X)
#undef X
        SY_VERB_COUNT
};
/* SY_VERB_COUNT: no such verb. */
enum sy_verb sy_verb_find(const char *name);

struct sy_answer_world {
    struct sy_cluster *cluster; /* references */
    struct sy_power *power;
    struct sy_workload *workload; /* NULL unless the policy wants one */
    struct sy_policy *policy;
    struct sy_catalogue *catalogue;
};

/* `snapshot`: a NodeFabricList as the service's /snapshot gives it; each node's status is taken as
 * it stands, whatever its age. `policy` NULL: the built-in one. SY_EPARSE, SY_EINVAL, SY_ELIMIT,
 * SY_ECONFLICT (a node twice) with the file and the place; SY_ENOENT, SY_EIO, SY_ENOMEM. On failure
 * there is nothing to free. */
SY_NODISCARD enum sy_code sy_answer_world_load(const char *snapshot, const char *policy,
                                               const char *const *catalogues, size_t ncatalogue,
                                               struct sy_answer_world *ret, struct sy_err *err);
void sy_answer_world_done(struct sy_answer_world *world);
/* What the service answers to this body, byte for byte; a body that it would refuse (400) is a
 * failure with its text. */
struct sy_str;
SY_NODISCARD enum sy_code sy_answer_make(const struct sy_answer_world *world, enum sy_verb verb,
                                         const char *body, size_t len, int64_t now_us,
                                         struct sy_str *out, struct sy_err *err);

#endif
