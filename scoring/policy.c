/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/policy.h"

#include "base/file.h"
#include "scoring/policy_private.h"

#include <assert.h>
#include <string.h>

#define ARENA_MAX                                                                                  \
    ((size_t)128 * 1024 * 1024) /* a file of the largest size, read with room to spare */

static const char *const term_names[] = {
#define X(id, name) name,
    SY_TERMS(X)
#undef X
};

const char *sy_term_name(enum sy_term term)
{
    assert(term < SY_TERM_COUNT);
    return term_names[term];
}

int sy_policy_profile_find(const struct sy_policy *policy, const char *name)
{
    for (unsigned i = 0; i < policy->nprofile; i++)
        if (strcmp(policy->profile[i].name, name) == 0)
            return (int)i;
    return -1;
}

const struct sy_profile *sy_policy_profile(const struct sy_policy *policy, const char *name)
{
    int i = name == NULL ? policy->default_profile : sy_policy_profile_find(policy, name);
    return i < 0 ? NULL : &policy->profile[i];
}

struct sy_policy *sy_policy_ref(struct sy_policy *policy)
{
    (void)__atomic_add_fetch(&policy->refs, 1, __ATOMIC_RELAXED);
    return policy;
}

void sy_policy_unref(struct sy_policy *policy)
{
    if (policy == NULL || __atomic_sub_fetch(&policy->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sy_arena_free(policy->arena);
    sy_free(policy);
}
SY_DEFINE_AUTO(struct sy_policy, sy_policy, sy_policy_unref)

struct sy_digest sy_profile_digest(const struct sy_profile *profile)
{
    struct sy_digest digest = sy_digest_begin();
    for (unsigned i = 0; i < SY_TERM_COUNT; i++)
        sy_digest_u64(&digest, profile->term[i]);
    for (unsigned i = 0; i < SY_PATH_COUNT; i++) {
        sy_digest_u64(&digest, profile->path[i]);
        sy_digest_u64(&digest, profile->cpu[i]);
    }
    sy_digest_u64(&digest, profile->link_reference_mbps);
    for (unsigned i = 0; i < SY_KIND_COUNT; i++)
        sy_digest_u64(&digest, profile->memory_reference_mbps[i]);
    sy_digest_u64(&digest, profile->neutral);
    const struct sy_packing_weights *packing = &profile->packing;
    sy_digest_u64(&digest, packing->fragmentation);
    sy_digest_u64(&digest, packing->unusable);
    sy_digest_u64(&digest, packing->remainder);
    sy_digest_u64(&digest, packing->power);
    sy_digest_u64(&digest, packing->quantum_milli);
    return digest;
}

static void digest_domain(struct sy_digest *digest, const struct sy_power_domain *domain)
{
    sy_digest_str(digest, domain->name);
    sy_digest_u64(digest, (uint64_t)domain->limit_mw);
    sy_digest_u64(digest, (uint64_t)(int64_t)domain->parent);
    sy_digest_u64(digest, domain->nmatch);
    for (unsigned i = 0; i < domain->nmatch; i++) {
        sy_digest_str(digest, domain->match[i].key);
        sy_digest_str(digest, domain->match[i].value);
    }
    sy_digest_u64(digest, domain->nname);
    for (unsigned i = 0; i < domain->nname; i++)
        sy_digest_str(digest, domain->node_name[i]);
}

static struct sy_digest policy_digest(const struct sy_policy *policy)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_u64(&digest, policy->nprofile);
    for (unsigned i = 0; i < policy->nprofile; i++) {
        struct sy_digest profile = sy_profile_digest(&policy->profile[i]);
        sy_digest_str(&digest, policy->profile[i].name);
        sy_digest_u64(&digest, profile.hi);
        sy_digest_u64(&digest, profile.lo);
    }
    sy_digest_u64(&digest, policy->default_profile);
    sy_digest_u64(&digest, policy->workload);
    sy_digest_u64(&digest, policy->wire_mapping);
    sy_digest_u64(&digest, policy->wire_least_span);
    sy_digest_u64(&digest, policy->unknown_node_score);
    sy_digest_u64(&digest, policy->power_hard ? 1 : 0);
    sy_digest_u64(&digest, (uint64_t)policy->default_node_limit_mw);
    sy_digest_u64(&digest, (uint64_t)policy->default_node_base_mw);
    sy_digest_u64(&digest, policy->search_budget_steps);
    sy_digest_u64(&digest, policy->ndomain);
    for (unsigned i = 0; i < policy->ndomain; i++)
        digest_domain(&digest, &policy->domain[i]);
    return digest;
}

static enum sy_code policy_new(struct sy_policy **ret, struct sy_err *err)
{
    SY_AUTO(sy_policy) struct sy_policy *policy = sy_calloc(1, sizeof *policy);
    if (policy == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    policy->refs = 1;
    policy->default_node_limit_mw = SY_UNKNOWN_MW;
    policy->default_node_base_mw = SY_UNKNOWN_MW;
    policy->arena = sy_arena_new(ARENA_MAX);
    if (policy->arena != NULL)
        policy->profile = sy_arena_calloc(policy->arena, SY_PROFILE_MAX, sizeof *policy->profile);
    if (policy->profile == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = SY_TAKE(policy);
    return SY_OK;
}

/* Lay one file over what is there. */
static enum sy_code lay_over(struct sy_policy *policy, const char *file, const char *data,
                             size_t len, struct sy_err *err)
{
    char *name = sy_arena_strndup(policy->arena, file, strlen(file));
    if (name == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_yaml *root;
    enum sy_code code =
        sy_yaml_parse(policy->arena, name, data, len, SY_POLICY_FILE_MAX, &root, err);
    struct sy_policy_reader reader = {.file = name, .policy = policy, .err = err};
    return code == SY_OK ? sy_policy_read(&reader, root) : code;
}

static enum sy_code parse(const char *file, const char *data, size_t len, struct sy_policy **ret,
                          struct sy_err *err)
{
    SY_AUTO(sy_policy) struct sy_policy *policy = NULL;
    enum sy_code code = policy_new(&policy, err);
    if (code == SY_OK)
        code = lay_over(policy, "default.yaml", (const char *)sy_policy_default,
                        sy_policy_default_len, err);
    if (code == SY_OK && data != NULL)
        code = lay_over(policy, file, data, len, err);
    if (code != SY_OK)
        return code;
    policy->digest = policy_digest(policy);
    *ret = SY_TAKE(policy);
    return SY_OK;
}

enum sy_code sy_policy_parse(const char *file, const char *data, size_t len, struct sy_policy **ret,
                             struct sy_err *err)
{
    return parse(file, data, len, ret, err);
}

enum sy_code sy_policy_load(const char *path, struct sy_policy **ret, struct sy_err *err)
{
    if (path == NULL)
        return parse(NULL, NULL, 0, ret, err);
    sy_autofree char *data = NULL;
    size_t len;
    enum sy_code code = sy_file_read(path, SY_POLICY_FILE_MAX, &data, &len, err);
    return code == SY_OK ? parse(path, data, len, ret, err) : code;
}
