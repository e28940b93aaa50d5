/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/store.h"

#include <pthread.h>

struct sy_store {
    pthread_mutex_t lock; /* held for one assignment and one increment */
    struct sy_state *current;
};

/* Takes over the reference to `power`; of the other parts one is taken. */
static enum sy_code make_state(struct sy_catalogue *catalogue, struct sy_policy *policy,
                               struct sy_cluster *cluster, struct sy_power *power, bool loaded,
                               int64_t now_us, struct sy_state **ret, struct sy_err *err)
{
    struct sy_workload *workload = NULL;
    enum sy_code code = SY_OK;
    if (policy->workload == SY_WORKLOAD_LEARN)
        code = sy_workload_learn(cluster, &workload, err);
    struct sy_state *state = code == SY_OK ? sy_calloc(1, sizeof *state) : NULL;
    if (state == NULL) {
        sy_power_unref(power);
        sy_workload_unref(workload);
        return code != SY_OK ? code : sy_fail(err, SY_ENOMEM, "out of memory for a state");
    }
    *state = (struct sy_state){.refs = 1,
                               .loaded = loaded,
                               .published_us = now_us,
                               .catalogue = sy_catalogue_ref(catalogue),
                               .policy = sy_policy_ref(policy),
                               .cluster = sy_cluster_ref(cluster),
                               .power = power,
                               .workload = workload};
    *ret = state;
    return SY_OK;
}

enum sy_code sy_state_new(struct sy_catalogue *catalogue, struct sy_policy *policy,
                          struct sy_cluster *cluster, bool loaded, int64_t now_us,
                          struct sy_state **ret, struct sy_err *err)
{
    struct sy_power *power = NULL;
    enum sy_code code = sy_power_new(cluster, policy, &power, err);
    if (code != SY_OK)
        return code;
    return make_state(catalogue, policy, cluster, power, loaded, now_us, ret, err);
}

enum sy_code sy_state_next(const struct sy_state *before, struct sy_policy *policy,
                           struct sy_cluster *cluster, bool loaded, int64_t now_us,
                           struct sy_state **ret, struct sy_err *err)
{
    struct sy_power *power = NULL;
    enum sy_code code =
        sy_power_update(before->power, before->cluster, cluster, policy, &power, err);
    if (code != SY_OK)
        return code;
    return make_state(before->catalogue, policy, cluster, power, loaded, now_us, ret, err);
}

void sy_state_unref(struct sy_state *state)
{
    if (state == NULL || __atomic_sub_fetch(&state->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sy_workload_unref(state->workload);
    sy_power_unref(state->power);
    sy_cluster_unref(state->cluster);
    sy_policy_unref(state->policy);
    sy_catalogue_unref(state->catalogue);
    sy_free(state);
}

enum sy_code sy_store_new(struct sy_state *first, struct sy_store **ret, struct sy_err *err)
{
    struct sy_store *store = sy_calloc(1, sizeof *store);
    if (store == NULL) {
        sy_state_unref(first);
        return sy_fail(err, SY_ENOMEM, "out of memory for the store");
    }
    (void)pthread_mutex_init(&store->lock, NULL);
    store->current = first;
    *ret = store;
    return SY_OK;
}

void sy_store_free(struct sy_store *store)
{
    if (store == NULL)
        return;
    sy_state_unref(store->current);
    (void)pthread_mutex_destroy(&store->lock);
    sy_free(store);
}

struct sy_state *sy_store_take(struct sy_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct sy_state *state = store->current;
    (void)__atomic_add_fetch(&state->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&store->lock);
    return state;
}

void sy_store_publish(struct sy_store *store, struct sy_state *state)
{
    pthread_mutex_lock(&store->lock);
    struct sy_state *before = store->current;
    store->current = state;
    pthread_mutex_unlock(&store->lock);
    sy_state_unref(before); /* freeing 5,000 nodes is not for under the lock */
}
