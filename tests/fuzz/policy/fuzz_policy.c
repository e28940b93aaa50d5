/* SPDX-License-Identifier: Apache-2.0 */
/* A policy file: taken whole, with every invariant, or refused with its place. */
#include "scoring/policy.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_policy(const struct sy_policy *policy)
{
    assert(policy->nprofile > 0 && policy->default_profile < policy->nprofile);
    for (unsigned i = 0; i < policy->nprofile; i++) {
        const struct sy_profile *profile = &policy->profile[i];
        unsigned sum = 0;
        for (unsigned t = 0; t < SY_TERM_COUNT; t++) {
            assert(profile->term[t] <= 1000);
            sum += profile->term[t];
        }
        for (unsigned p = 0; p < SY_PATH_COUNT; p++)
            assert(profile->path[p] <= 1000 && profile->cpu[p] <= 1000);
        assert(sum > 0 && profile->neutral <= 1000 && profile->link_reference_mbps > 0);
        assert(sy_policy_profile(policy, profile->name) == profile);
    }
    for (int32_t i = 0; i < policy->ndomain; i++)
        assert(policy->domain[i].parent < i && policy->domain[i].limit_mw > 0);
    assert(policy->wire_least_span > 0 && policy->search_budget_steps > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_policy *policy;
    struct sy_err err = {0};
    if (sy_policy_parse("fuzz", (const char *)data, size, &policy, &err) != SY_OK) {
        assert(strncmp(err.text, "fuzz:", 5) == 0);
        return 0;
    }
    check_policy(policy);
    sy_policy_unref(policy);
    return 0;
}
