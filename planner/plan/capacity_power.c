/* SPDX-License-Identifier: Apache-2.0 */
/* Watts of nodes and power domains: what is there, what could still be asked for, and what of the
 * headroom nobody can use. */
#include "planner/plan/capacity_private.h"

static void add_mw(int64_t *to, int64_t mw)
{
    if (__builtin_add_overflow(*to, mw, to))
        *to = INT64_MAX;
}

/* What the free devices of a node would add: cap or TDP, less what they draw idle. */
static int64_t demand_of(const struct sy_node *node)
{
    int64_t sum_mw = 0;
    for (unsigned u = 0; u < node->usage->nunit; u++) {
        const struct sy_unit *unit = &node->fabric->unit[u];
        int64_t cap_mw = node->usage->unit[u].cap_mw;
        int64_t most_mw = cap_mw != SY_UNKNOWN_MW ? cap_mw : unit->tdp_mw;
        if (sy_devset_has(&node->usage->free, u) && most_mw > unit->idle_mw)
            add_mw(&sum_mw, most_mw - unit->idle_mw);
    }
    return sum_mw;
}

static struct sy_capacity_element element_of(const struct sy_power_element *from, const char *name)
{
    return (struct sy_capacity_element){.name = name,
                                        .limit_mw = from->limit_mw,
                                        .provisioned_mw = from->provisioned_mw,
                                        .empty_mw = from->empty_mw,
                                        .stranded_mw = SY_UNKNOWN_MW,
                                        .unknown = from->unknown};
}

/* Into the element and all above it. */
static void add_to_domains(struct sy_capacity_element *domain, const struct sy_policy *policy,
                           int32_t at, const struct sy_capacity_element *node, bool *has_node)
{
    for (; at >= 0; at = policy->domain[at].parent) {
        struct sy_capacity_element *to = &domain[at];
        add_mw(&to->demand_mw, node->demand_mw);
        has_node[at] = true;
        if (node->observed_mw == SY_UNKNOWN_MW)
            to->observed_mw = SY_UNKNOWN_MW;
        else if (to->observed_mw != SY_UNKNOWN_MW)
            add_mw(&to->observed_mw, node->observed_mw);
    }
}

/* What is left of the limit, INT64_MAX without one. */
static int64_t headroom_of(const struct sy_capacity_element *element)
{
    return element->limit_mw == SY_UNKNOWN_MW ? INT64_MAX
                                              : element->limit_mw - element->provisioned_mw;
}

static void find_stranded(struct sy_capacity_element *element,
                          const struct sy_capacity_element *domain)
{
    int64_t own_mw = headroom_of(element), used_mw = own_mw;
    if (element->limit_mw == SY_UNKNOWN_MW)
        return;
    if (element->demand_mw < used_mw)
        used_mw = element->demand_mw;
    for (int32_t up = element->parent; up >= 0; up = domain[up].parent)
        if (headroom_of(&domain[up]) < used_mw)
            used_mw = headroom_of(&domain[up]);
    if (used_mw < 0)
        used_mw = 0;
    element->stranded_mw = own_mw > used_mw ? own_mw - used_mw : 0;
}

/* Least headroom for its demand. Sums of one cluster, below 2^53 mW: reals compare them exactly
 * enough, and the same everywhere. */
static void find_first(struct sy_capacity *c)
{
    double least = 0;
    for (size_t i = 0; i < c->nelement; i++) {
        const struct sy_capacity_element *element = &c->element[i];
        int64_t headroom_mw = headroom_of(element);
        if (element->demand_mw <= 0 || headroom_mw >= element->demand_mw)
            continue;
        double share = (double)headroom_mw / (double)element->demand_mw;
        if (c->first < 0 || share < least) {
            c->first = (int64_t)i;
            least = share;
        }
    }
}

static void list_elements(const struct sy_plan *plan, const struct sy_power *power,
                          struct sy_capacity *c, bool *has_node)
{
    const struct sy_policy *policy = plan->policy;
    struct sy_capacity_element *domain = c->element;
    for (unsigned i = 0; i < policy->ndomain; i++) {
        domain[i] = element_of(&power->domain[i], policy->domain[i].name);
        domain[i].domain = true;
        domain[i].index = i;
        domain[i].parent = policy->domain[i].parent;
    }
    c->nelement = policy->ndomain;
    uint32_t in_cluster = 0;
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t id = plan->order[i];
        const struct sy_plan_record *record = plan->node[id];
        if (record->gone || record->node == NULL)
            continue;
        struct sy_capacity_element *to = &c->element[c->nelement++];
        *to = element_of(&power->node[in_cluster], record->given->name);
        to->index = id;
        to->parent = power->domain_of[in_cluster++];
        to->observed_mw = record->node->usage->observed_mw;
        to->demand_mw = demand_of(record->node);
        add_to_domains(domain, policy, to->parent, to, has_node);
    }
}

enum sy_code sy_capacity_power(struct sy_plan *plan, struct sy_arena *arena,
                               struct sy_capacity *ret, struct sy_err *err)
{
    const struct sy_power *power;
    enum sy_code code = sy_plan_power(plan, &power, err);
    if (code != SY_OK)
        return code;
    size_t ndomain = plan->policy->ndomain;
    bool *has_node = sy_arena_calloc(arena, ndomain, sizeof *has_node);
    ret->element = sy_arena_calloc(arena, ndomain + plan->n, sizeof *ret->element);
    if (ret->element == NULL || has_node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    list_elements(plan, power, ret, has_node);
    for (size_t i = 0; i < ndomain; i++)
        if (!has_node[i]) /* of nothing, nothing is known */
            ret->element[i].observed_mw = SY_UNKNOWN_MW;
    for (size_t i = 0; i < ret->nelement; i++)
        find_stranded(&ret->element[i], ret->element);
    find_first(ret);
    return SY_OK;
}
