/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds what on one node, by the function that the service's ledger asks, with the same pods:
 * those that ask for devices of ours, and those that may hold one by a name that the catalogue does
 * not know or by a resource claim. */
#include "planner/state/state_private.h"
#include "scoring/policy.h"

#include <string.h>

static bool counts(const struct sy_state_pod *pod)
{
    return pod->request.nentry > 0 || sy_occupancy_may_hold(json_object_get(pod->object, "spec"));
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
