/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/policies.h"

#include "base/str.h"
#include "planner/replay/ours.h"

#include <stdio.h>
#include <string.h>

const struct sy_replay_policy_ops *const sy_replay_policies[] = {
    &sy_policy_fgd,        &sy_policy_best_fit,     &sy_policy_pwr,         &sy_policy_pwr_fgd,
    &sy_policy_random,     &sy_policy_kube_default, &sy_policy_dot_product, &sy_policy_packing,
    &sy_policy_clustering, SY_REPLAY_OURS NULL};

enum sy_code sy_policy_find(const char *text, const struct sy_replay_policy_ops **ret_ops,
                            const char **ret_argument, struct sy_err *err)
{
    const char *colon = strchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
    const struct sy_replay_policy_ops *ops = NULL;
    for (size_t i = 0; sy_replay_policies[i] != NULL && ops == NULL; i++)
        if (strncmp(sy_replay_policies[i]->name, text, len) == 0 &&
            sy_replay_policies[i]->name[len] == '\0')
            ops = sy_replay_policies[i];
    if (ops == NULL) {
        char names[256] = "";
        for (size_t i = 0; sy_replay_policies[i] != NULL; i++) {
            size_t at = strlen(names);
            (void)snprintf(names + at, sizeof names - at, "%s%s", i > 0 ? ", " : "",
                           sy_replay_policies[i]->name);
        }
        char shown[64];
        return sy_fail(err, SY_EUSAGE, "unknown policy '%s' (known: %s)",
                       sy_quote(shown, sizeof shown, text, len), names);
    }
    if (colon != NULL && ops->make == NULL)
        return sy_fail(err, SY_EUSAGE, "policy '%s' takes no argument", ops->name);
    *ret_ops = ops;
    *ret_argument = colon != NULL ? colon + 1 : NULL;
    return SY_OK;
}

bool sy_policy_shares(const struct sy_replay_class *pod)
{
    return pod->devices == 1 && pod->device_milli < SY_REPLAY_DEVICE_MILLI;
}

unsigned sy_policy_tightest(const struct sy_replay_state *state, const struct sy_replay_class *pod)
{
    unsigned best = SY_REPLAY_DEVICES;
    for (unsigned g = 0; g < SY_REPLAY_DEVICES; g++)
        if (state->left[g] >= pod->device_milli &&
            (best == SY_REPLAY_DEVICES || state->left[g] < state->left[best]))
            best = g;
    return best;
}
