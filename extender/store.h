/* SPDX-License-Identifier: Apache-2.0 */
/* The current state of the world. A state is immutable and ref-counted; publishing swaps the
 * current one, and who decides on an older one keeps it to the end. */
#ifndef SY_EXTENDER_STORE_H
#define SY_EXTENDER_STORE_H

#include "scoring/power.h"
#include "scoring/workload_learn.h"
#include "topology/cluster.h"

struct sy_state {
    unsigned refs;                  /* atomic */
    bool loaded;                    /* the feed was read in full at least once */
    int64_t published_us;           /* Unix time */
    struct sy_catalogue *catalogue; /* references */
    struct sy_policy *policy;
    struct sy_cluster *cluster;
    struct sy_power *power;
    struct sy_workload *workload; /* learnt of the cluster; NULL unless the policy says so */
};

/* References to all parts are taken; power is computed, and the workload, where the policy wants
 * one. SY_ENOMEM and what sy_power_new and sy_workload_learn give. */
SY_NODISCARD enum sy_code sy_state_new(struct sy_catalogue *catalogue, struct sy_policy *policy,
                                       struct sy_cluster *cluster, bool loaded, int64_t now_us,
                                       struct sy_state **ret, struct sy_err *err);
/* The state after `before`, with the same catalogue: of its power only what changed is computed. */
SY_NODISCARD enum sy_code sy_state_next(const struct sy_state *before, struct sy_policy *policy,
                                        struct sy_cluster *cluster, bool loaded, int64_t now_us,
                                        struct sy_state **ret, struct sy_err *err);
void sy_state_unref(struct sy_state *state); /* takes NULL; thread-safe */
static inline void sy_state_unrefp(struct sy_state **state)
{
    sy_state_unref(*state);
}

struct sy_store;

/* Takes over the reference to `first`. SY_ENOMEM (then the reference is dropped). */
SY_NODISCARD enum sy_code sy_store_new(struct sy_state *first, struct sy_store **ret,
                                       struct sy_err *err);
void sy_store_free(struct sy_store *store); /* takes NULL */
/* A reference to the current state, never NULL. */
struct sy_state *sy_store_take(struct sy_store *store);
/* Takes over the reference. */
void sy_store_publish(struct sy_store *store, struct sy_state *state);

#endif
