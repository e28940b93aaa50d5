/* SPDX-License-Identifier: Apache-2.0 */
/* Power of a cluster in which few nodes changed. Sums are of whole numbers, none below zero: taking
 * an element out and putting another in gives what summing up anew would, unless a sum has reached
 * INT64_MAX, where it stays. */
#include "scoring/power_private.h"

#include <string.h>

static bool same_labels(const struct sy_node *a, const struct sy_node *b)
{
    if (a->nlabel != b->nlabel)
        return false;
    for (uint32_t i = 0; i < a->nlabel; i++)
        if (strcmp(a->label[i].key, b->label[i].key) != 0 ||
            strcmp(a->label[i].value, b->label[i].value) != 0)
            return false;
    return true;
}

/* One sum with `add` instead of `drop` in it; false when it is, or becomes, too large. */
static bool replace_mw(int64_t *sum_mw, int64_t drop_mw, int64_t add_mw)
{
    if (*sum_mw == INT64_MAX)
        return false;
    *sum_mw -= drop_mw;
    return !__builtin_add_overflow(*sum_mw, add_mw, sum_mw);
}

/* From the node's domain up to the root. */
static bool replace_element(struct sy_power *power, uint32_t node,
                            const struct sy_power_element *add)
{
    const struct sy_power_element *drop = &power->node[node];
    for (int32_t i = power->domain_of[node]; i >= 0; i = power->policy->domain[i].parent) {
        struct sy_power_element *domain = &power->domain[i];
        if (!replace_mw(&domain->provisioned_mw, drop->provisioned_mw, add->provisioned_mw) ||
            !replace_mw(&domain->empty_mw, drop->empty_mw, add->empty_mw))
            return false;
        domain->unknown = domain->unknown - drop->unknown + add->unknown;
    }
    power->node[node] = *add;
    return true;
}

/* False when all must be summed up anew. */
static bool replace_changed(struct sy_power *power, const struct sy_cluster *earlier,
                            const struct sy_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->n; i++) {
        const struct sy_node *node = cluster->node[i];
        if (node == earlier->node[i])
            continue;
        if (power->ndomain > 0 && !same_labels(node, earlier->node[i]))
            return false;
        struct sy_power_element element = sy_power_of_node(node, power->policy);
        if (!replace_element(power, i, &element))
            return false;
    }
    return true;
}

enum sy_code sy_power_update(struct sy_power *before, const struct sy_cluster *earlier,
                             const struct sy_cluster *cluster, struct sy_policy *policy,
                             struct sy_power **ret, struct sy_err *err)
{
    if (before->policy != policy || earlier->index != cluster->index)
        return sy_power_new(cluster, policy, ret, err);
    if (earlier == cluster) {
        *ret = sy_power_ref(before);
        return SY_OK;
    }
    struct sy_power *power = sy_power_alloc(cluster->n, policy);
    if (power == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    memcpy(power->node, before->node, before->nnode * sizeof *power->node);
    memcpy(power->domain_of, before->domain_of, before->nnode * sizeof *power->domain_of);
    memcpy(power->domain, before->domain, before->ndomain * sizeof *power->domain);
    if (!replace_changed(power, earlier, cluster)) {
        sy_power_unref(power);
        return sy_power_new(cluster, policy, ret, err);
    }
    *ret = power;
    return SY_OK;
}
