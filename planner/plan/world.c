/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's world of a plan: cluster and power, made of what changed since they were last asked
 * for. */
#include "planner/plan/plan_private.h"

#include "scoring/workload_learn.h"

void sy_plan_touch(struct sy_plan *plan, uint32_t node)
{
    if (plan->all_dirty)
        return;
    if (plan->ndirty == plan->dirty_size) {
        uint32_t size = plan->dirty_size > 0 ? 2 * plan->dirty_size : 64;
        uint32_t *dirty = sy_realloc(plan->dirty, size * sizeof *dirty);
        if (dirty == NULL) { /* then all of them are looked at */
            plan->all_dirty = true;
            return;
        }
        plan->dirty = dirty;
        plan->dirty_size = size;
    }
    plan->dirty[plan->ndirty++] = node;
}

void sy_plan_forget_empty(struct sy_plan *plan)
{
    sy_plan_free(SY_TAKE(plan->empty));
}

static enum sy_code put(struct sy_plan *plan, uint32_t node, struct sy_err *err)
{
    const struct sy_plan_record *record = plan->node[node];
    if (!record->gone && record->node != NULL)
        return sy_cluster_builder_put(plan->builder, record->node, err);
    /* Another one of this name may be there in its place. */
    int64_t live = sy_plan_find_node(plan, record->given->name);
    if (live < 0 || plan->node[live]->node == NULL)
        sy_cluster_builder_remove(plan->builder, record->given->name);
    return SY_OK;
}

static enum sy_code put_all(struct sy_plan *plan, struct sy_err *err)
{
    sy_cluster_builder_free(SY_TAKE(plan->builder));
    plan->builder = sy_cluster_builder_new();
    if (plan->builder == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < plan->n && code == SY_OK; i++)
        code = put(plan, plan->order[i], err);
    return code;
}

/* All that changed goes into the builder; one that missed something is made anew next time. */
static enum sy_code put_changes(struct sy_plan *plan, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (plan->builder == NULL || plan->all_dirty)
        code = put_all(plan, err);
    else
        for (uint32_t i = 0; i < plan->ndirty && code == SY_OK; i++)
            code = put(plan, plan->dirty[i], err);
    plan->all_dirty = code != SY_OK;
    plan->ndirty = code == SY_OK ? 0 : plan->ndirty;
    return code;
}

static enum sy_code publish(struct sy_plan *plan, struct sy_err *err)
{
    struct sy_cluster *cluster;
    uint64_t generation = plan->state->cluster != NULL ? plan->state->cluster->generation : 0;
    enum sy_code code = put_changes(plan, err);
    if (code == SY_OK)
        code = sy_cluster_builder_publish(plan->builder, generation, &cluster, err);
    if (code != SY_OK) {
        plan->all_dirty = true;
        return code;
    }
    struct sy_power *power = NULL;
    if (plan->power != NULL)
        code = sy_power_update(plan->power, plan->cluster, cluster, plan->policy, &power, err);
    else
        code = sy_power_new(cluster, plan->policy, &power, err);
    if (code != SY_OK) { /* the one that is there is of the cluster that is there */
        plan->all_dirty = true;
        sy_cluster_unref(cluster);
        return code;
    }
    sy_power_unref(plan->power);
    sy_cluster_unref(plan->cluster);
    plan->power = power;
    plan->cluster = cluster;
    plan->learnt_of = NULL; /* a new cluster may stand where an old one stood */
    return SY_OK;
}

static enum sy_code refresh(struct sy_plan *plan, struct sy_err *err)
{
    bool stale = plan->cluster == NULL || plan->all_dirty || plan->ndirty > 0;
    if (stale)
        return publish(plan, err);
    if (plan->power != NULL && plan->power->policy == plan->policy)
        return SY_OK;
    struct sy_power *power;
    enum sy_code code = sy_power_new(plan->cluster, plan->policy, &power, err);
    if (code != SY_OK)
        return code;
    sy_power_unref(plan->power);
    plan->power = power;
    return SY_OK;
}

/* What pods usually ask for, as the service learns it with each snapshot. */
static enum sy_code learn(struct sy_plan *plan, struct sy_err *err)
{
    bool wanted = plan->policy->workload == SY_WORKLOAD_LEARN;
    if (wanted && plan->workload != NULL && plan->learnt_of == plan->cluster)
        return SY_OK;
    sy_workload_unref(SY_TAKE(plan->workload));
    if (!wanted)
        return SY_OK;
    enum sy_code code = sy_workload_learn(plan->cluster, &plan->workload, err);
    if (code == SY_OK)
        plan->learnt_of = plan->cluster;
    return code;
}

enum sy_code sy_plan_world(struct sy_plan *plan, struct sy_world *ret, struct sy_err *err)
{
    enum sy_code code = refresh(plan, err);
    if (code == SY_OK)
        code = learn(plan, err);
    if (code == SY_OK)
        *ret = (struct sy_world){.cluster = plan->cluster,
                                 .power = plan->power,
                                 .policy = plan->policy,
                                 .catalogue = plan->state->catalogue,
                                 .workload = plan->workload,
                                 .now_us = plan->now_us,
                                 .memo = plan->shared->memo};
    return code;
}

enum sy_code sy_plan_power(struct sy_plan *plan, const struct sy_power **ret, struct sy_err *err)
{
    enum sy_code code = refresh(plan, err);
    if (code == SY_OK)
        *ret = plan->power;
    return code;
}
