/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/power.h"

#include "scoring/power_private.h"

#include <assert.h>

static void add_mw(int64_t *to, int64_t mw)
{
    if (__builtin_add_overflow(*to, mw, to))
        *to = INT64_MAX;
}

static int64_t known_or(int64_t value, int64_t otherwise)
{
    return value != SY_UNKNOWN_MW ? value : otherwise;
}

/* What one unit is charged with: idle, and once any of it is held its cap, else its TDP. An unknown
 * value leaves its mark; a device held is charged with no less than it draws idle. */
static void charge_unit(struct sy_power_element *element, const struct sy_unit *unit,
                        const struct sy_unit_usage *usage, bool held)
{
    int64_t idle_mw = unit->idle_mw, tdp_mw = unit->tdp_mw; /* 0 = unknown */
    int64_t held_mw = known_or(usage->cap_mw, tdp_mw > 0 ? tdp_mw : SY_UNKNOWN_MW);
    bool known = held ? held_mw != SY_UNKNOWN_MW : idle_mw > 0;
    add_mw(&element->empty_mw, idle_mw);
    add_mw(&element->provisioned_mw, held && known ? held_mw : idle_mw);
    if (!known)
        element->unknown = 1;
}

struct sy_power_element sy_power_of_node(const struct sy_node *node, const struct sy_policy *policy)
{
    const struct sy_usage *usage = node->usage;
    struct sy_power_element element = {
        .limit_mw = known_or(usage->limit_mw, policy->default_node_limit_mw)};
    bool unreported = usage->mode == SY_MODE_COUNTS;
    int64_t base_mw = known_or(usage->base_mw, policy->default_node_base_mw);
    element.unknown = unreported || base_mw == SY_UNKNOWN_MW;
    element.provisioned_mw = element.empty_mw = known_or(base_mw, 0);
    for (unsigned i = 0; i < node->fabric->nunit; i++) {
        bool held = unreported || usage->unit[i].held > 0;
        charge_unit(&element, &node->fabric->unit[i], &usage->unit[i], held);
    }
    return element;
}

struct sy_power *sy_power_ref(struct sy_power *power)
{
    (void)__atomic_add_fetch(&power->refs, 1, __ATOMIC_RELAXED);
    return power;
}

void sy_power_unref(struct sy_power *power)
{
    if (power == NULL || __atomic_sub_fetch(&power->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sy_policy_unref(power->policy);
    sy_free(power->node);
    sy_free(power->domain_of);
    sy_free(power->domain);
    sy_free(power);
}
SY_DEFINE_AUTO(struct sy_power, sy_power, sy_power_unref)

struct sy_power *sy_power_alloc(uint32_t nnode, struct sy_policy *policy)
{
    struct sy_power *power = sy_calloc(1, sizeof *power);
    if (power == NULL)
        return NULL;
    power->refs = 1;
    power->policy = sy_policy_ref(policy);
    power->nnode = nnode;
    power->ndomain = policy->ndomain;
    power->node = sy_calloc(nnode, sizeof *power->node);
    power->domain_of = sy_calloc(nnode, sizeof *power->domain_of);
    power->domain = sy_calloc(policy->ndomain, sizeof *power->domain);
    if (power->node == NULL || power->domain_of == NULL || power->domain == NULL) {
        sy_power_unref(power);
        return NULL;
    }
    return power;
}

static void add_element(struct sy_power_element *to, const struct sy_power_element *what)
{
    add_mw(&to->provisioned_mw, what->provisioned_mw);
    add_mw(&to->empty_mw, what->empty_mw);
    to->unknown += what->unknown;
}

/* Nodes into their domains, then each domain into its parent, which stands before it. */
static void sum_up(struct sy_power *power, const struct sy_cluster *cluster)
{
    const struct sy_policy *policy = power->policy;
    for (unsigned i = 0; i < policy->ndomain; i++)
        power->domain[i].limit_mw = policy->domain[i].limit_mw;
    for (uint32_t i = 0; i < cluster->n; i++) {
        power->node[i] = sy_power_of_node(cluster->node[i], policy);
        if (power->domain_of[i] >= 0)
            add_element(&power->domain[power->domain_of[i]], &power->node[i]);
    }
    for (unsigned i = policy->ndomain; i-- > 0;)
        if (policy->domain[i].parent >= 0)
            add_element(&power->domain[policy->domain[i].parent], &power->domain[i]);
}

enum sy_code sy_power_new(const struct sy_cluster *cluster, struct sy_policy *policy,
                          struct sy_power **ret, struct sy_err *err)
{
    SY_AUTO(sy_power) struct sy_power *power = sy_power_alloc(cluster->n, policy);
    if (power == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_power_members(cluster, policy, power->domain_of, err);
    if (code != SY_OK)
        return code;
    sum_up(power, cluster);
    *ret = SY_TAKE(power);
    return SY_OK;
}

/* Keep the lesser headroom. */
static void tighten(struct sy_room *room, const struct sy_power_element *element, const char *name)
{
    if (element->limit_mw == SY_UNKNOWN_MW)
        return;
    int64_t headroom_mw = element->limit_mw - element->provisioned_mw; /* both >= 0 */
    if (!room->known || headroom_mw < room->headroom_mw)
        *room = (struct sy_room){.known = true,
                                 .headroom_mw = headroom_mw,
                                 .limit_mw = element->limit_mw,
                                 .element = name,
                                 .estimate = element->unknown};
}

struct sy_room sy_power_room(const struct sy_power *power, uint32_t node)
{
    assert(node < power->nnode);
    struct sy_room room = {0};
    tighten(&room, &power->node[node], "node");
    for (int32_t i = power->domain_of[node]; i >= 0; i = power->policy->domain[i].parent)
        tighten(&room, &power->domain[i], power->policy->domain[i].name);
    return room;
}

struct sy_room sy_power_room_alone(const struct sy_node *node, const struct sy_policy *policy)
{
    struct sy_room room = {0};
    struct sy_power_element element = sy_power_of_node(node, policy);
    tighten(&room, &element, "node");
    return room;
}

static int64_t lesser_most(int64_t most_mw, const struct sy_power_element *element)
{
    if (element->limit_mw == SY_UNKNOWN_MW)
        return most_mw;
    int64_t here_mw = element->limit_mw - element->empty_mw; /* both >= 0 */
    return here_mw < most_mw ? here_mw : most_mw;
}

int64_t sy_power_most(const struct sy_power *power, uint32_t node)
{
    assert(node < power->nnode);
    int64_t most_mw = lesser_most(INT64_MAX, &power->node[node]);
    for (int32_t i = power->domain_of[node]; i >= 0; i = power->policy->domain[i].parent)
        most_mw = lesser_most(most_mw, &power->domain[i]);
    return most_mw;
}

int64_t sy_power_most_alone(const struct sy_node *node, const struct sy_policy *policy)
{
    struct sy_power_element element = sy_power_of_node(node, policy);
    return lesser_most(INT64_MAX, &element);
}
