/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds what on one node, by the function that the service's ledger asks, with the same pods:
 * those that ask for devices of ours, and those that may hold one by a name that the catalogue does
 * not know or by a resource claim. */
#include "planner/state/state_private.h"
#include "scoring/policy.h"

#include <string.h>

/* Extended resources are the ones with a domain; the kubelet's own (hugepages-2Mi) have none. */
static bool has_extended(const json_t *amounts)
{
    const char *name;
    json_t *amount;
    json_object_foreach((json_t *)(uintptr_t)amounts, name, amount)
    {
        if (strchr(name, '/') != NULL)
            return true;
    }
    return false;
}

static bool may_hold(const json_t *spec)
{
    static const char *const lists[] = {"containers", "initContainers"};
    if (json_array_size(json_object_get(spec, "resourceClaims")) > 0)
        return true;
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        const json_t *list = json_object_get(spec, lists[k]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *resources = json_object_get(json_array_get(list, i), "resources");
            if (has_extended(json_object_get(resources, "requests")) ||
                has_extended(json_object_get(resources, "limits")))
                return true;
        }
    }
    return false;
}

static bool counts(const struct sy_state_pod *pod)
{
    return pod->request.nentry > 0 || may_hold(json_object_get(pod->object, "spec"));
}

enum sy_code sy_state_occupy(const struct sy_state *state, const struct sy_state_node *node,
                             struct sy_state_pod *const *pod, size_t n, bool pods_known,
                             struct sy_arena *scratch, struct sy_usage **ret, struct sy_err *err)
{
    struct sy_bound_pod *bound = sy_arena_calloc(scratch, n, sizeof *bound);
    struct sy_charge *charge = sy_arena_calloc(scratch, n, sizeof *charge);
    struct sy_occupancy_input input = {
        .fabric = node->fabric,
        .report = node->report,
        .age = node->age,
        .pod = bound,
        .pods_known = pods_known,
        .cordon = node->cordon,
        .ncordon = node->ncordon,
        .profile = sy_policy_profile(state->policy, NULL),
        .budget_steps = state->policy->search_budget_steps,
    };
    if (bound == NULL || charge == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        if (counts(pod[i]))
            bound[input.npod++] = (struct sy_bound_pod){.uid = pod[i]->uid,
                                                        .namespace_ = pod[i]->namespace_,
                                                        .name = pod[i]->name,
                                                        .scheduled_us = pod[i]->scheduled_us > 0
                                                                            ? pod[i]->scheduled_us
                                                                            : pod[i]->created_us,
                                                        .request = &pod[i]->request,
                                                        .nnamed = pod[i]->nnamed,
                                                        .named = pod[i]->named};
    enum sy_code code = sy_occupancy_of(&input, scratch, ret, charge, err);
    for (size_t i = 0, k = 0; code == SY_OK && i < n; i++)
        if (counts(pod[i]))
            pod[i]->charge = charge[k++];
    return code;
}
