/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file but its power domains (policy_domains.c). A key that is absent changes nothing.
 */
#include "base/str.h"
#include "scoring/policy_private.h"

#include <string.h>

#define NAME_LEN_MAX 63u
#define GBPS_MAX 1000000.0 /* GB/s; in MB/s it fits 32 bits */
#define WATTS_MAX 1e9      /* 1 GW */

enum sy_code sy_policy_read_u16(struct sy_policy_reader *r, const struct sy_yaml *node,
                                uint16_t max, uint16_t *ret)
{
    int64_t value;
    enum sy_code code = sy_yaml_int(r->file, node, 0, max, &value, r->err);
    if (code == SY_OK)
        *ret = (uint16_t)value;
    return code;
}

enum sy_code sy_policy_read_watts(struct sy_policy_reader *r, const struct sy_yaml *node,
                                  double min_watts, int64_t *ret_mw)
{
    double watts;
    enum sy_code code = sy_yaml_real(r->file, node, min_watts, WATTS_MAX, &watts, r->err);
    if (code == SY_OK)
        *ret_mw = (int64_t)(watts * 1000 + 0.5);
    return code;
}

static enum sy_code read_gbps(struct sy_policy_reader *r, const struct sy_yaml *node,
                              double min_gbps, uint32_t *ret)
{
    double gbps;
    enum sy_code code = sy_yaml_real(r->file, node, min_gbps, GBPS_MAX, &gbps, r->err);
    if (code == SY_OK)
        *ret = (uint32_t)(gbps * 1000 + 0.5);
    return code;
}

/* A map of names (NULL-ended) to weights 0..1000. */
static enum sy_code read_weights(struct sy_policy_reader *r, const struct sy_yaml *map,
                                 const char *const *names, uint16_t *ret)
{
    enum sy_code code = sy_yaml_only(r->file, map, names, r->err);
    for (unsigned i = 0; code == SY_OK && names[i] != NULL; i++) {
        const struct sy_yaml *node = sy_yaml_get(map, names[i]);
        if (node != NULL)
            code = sy_policy_read_u16(r, node, 1000, &ret[i]);
    }
    return code;
}

static enum sy_code read_terms(struct sy_policy_reader *r, const struct sy_yaml *map,
                               struct sy_profile *profile)
{
    static const char *const names[] = {
#define X(id, name) name,
        SY_TERMS(X)
#undef X
            NULL};
    enum sy_code code = read_weights(r, map, names, profile->term);
    unsigned sum = 0;
    for (unsigned i = 0; i < SY_TERM_COUNT; i++)
        sum += profile->term[i];
    if (code == SY_OK && sum == 0)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "all terms have weight 0");
    return code;
}

static enum sy_code read_path(struct sy_policy_reader *r, const struct sy_yaml *map,
                              struct sy_profile *profile)
{
    static const char *const names[] = {
#define X(id, name) name,
        SY_PATHS(X)
#undef X
            NULL};
    return read_weights(r, map, names, profile->path);
}

/* Only four classes are relations on the CPU side. */
static enum sy_code read_cpu(struct sy_policy_reader *r, const struct sy_yaml *map,
                             struct sy_profile *profile)
{
    static const char *const names[] = {"NODE", "SOCKET", "SYS", "UNKNOWN", NULL};
    static const uint8_t classes[] = {SY_PATH_NODE, SY_PATH_SOCKET, SY_PATH_SYS, SY_PATH_UNKNOWN};
    uint16_t value[4];
    for (unsigned i = 0; i < 4; i++)
        value[i] = profile->cpu[classes[i]];
    enum sy_code code = read_weights(r, map, names, value);
    for (unsigned i = 0; code == SY_OK && i < 4; i++)
        profile->cpu[classes[i]] = value[i];
    return code;
}

static enum sy_code read_memory(struct sy_policy_reader *r, const struct sy_yaml *map,
                                struct sy_profile *profile)
{
    static const char *const names[] = {
#define X(id, name) name,
        SY_KINDS(X)
#undef X
            NULL};
    enum sy_code code = sy_yaml_only(r->file, map, names, r->err);
    for (unsigned i = 0; code == SY_OK && i < SY_KIND_COUNT; i++) {
        const struct sy_yaml *node = sy_yaml_get(map, names[i]);
        if (node != NULL)
            code = read_gbps(r, node, 0, &profile->memory_reference_mbps[i]);
    }
    return code;
}

static enum sy_code read_packing(struct sy_policy_reader *r, const struct sy_yaml *map,
                                 struct sy_profile *profile)
{
    struct sy_packing_weights *packing = &profile->packing;
    const struct {
        uint16_t *value, max;
    } key[] = {{&packing->fragmentation, 1000},
               {&packing->unusable, 1000},
               {&packing->remainder, 10000},
               {&packing->power, 10000},
               {&packing->quantum_milli, 1000}};
    static const char *const names[] = {"fragmentation", "unusable",     "remainder",
                                        "power",         "quantumMilli", NULL};
    enum sy_code code = sy_yaml_only(r->file, map, names, r->err);
    for (unsigned i = 0; code == SY_OK && names[i] != NULL; i++) {
        const struct sy_yaml *node = sy_yaml_get(map, names[i]);
        if (node != NULL)
            code = sy_policy_read_u16(r, node, key[i].max, key[i].value);
    }
    return code;
}

/* A name that can stand in an annotation and in a metric's label. */
static enum sy_code check_name(struct sy_policy_reader *r, const struct sy_yaml *key)
{
    const char *text;
    enum sy_code code = sy_yaml_str(r->file, key, NAME_LEN_MAX, &text, r->err);
    if (code != SY_OK)
        return code;
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (*text != '\0' && text[strspn(text, allowed)] == '\0')
        return SY_OK;
    char shown[64];
    return sy_yaml_fail(r->file, key, SY_EINVAL, r->err,
                        "a profile's name has letters, digits, '-', '_' and '.', not '%s'",
                        sy_quote(shown, sizeof shown, text, strlen(text)));
}

static enum sy_code no_profile(struct sy_policy_reader *r, const struct sy_yaml *node)
{
    char shown[64];
    return sy_yaml_fail(r->file, node, SY_EINVAL, r->err, "there is no profile '%s'",
                        sy_quote(shown, sizeof shown, node->text, strlen(node->text)));
}

/* The profile to be changed: the one of this name, or a new one that starts as `base` (else as the
 * default profile). */
static enum sy_code open_profile(struct sy_policy_reader *r, const struct sy_yaml *key,
                                 const struct sy_yaml *base, struct sy_profile **ret)
{
    struct sy_policy *policy = r->policy;
    int i = sy_policy_profile_find(policy, key->text);
    int from = policy->default_profile;
    if (base != NULL) {
        const char *text;
        enum sy_code code = sy_yaml_str(r->file, base, NAME_LEN_MAX, &text, r->err);
        if (code != SY_OK)
            return code;
        from = sy_policy_profile_find(policy, text);
        if (from < 0)
            return no_profile(r, base);
    }
    if (i < 0 && policy->nprofile == SY_PROFILE_MAX)
        return sy_yaml_fail(r->file, key, SY_ELIMIT, r->err, "more than %u profiles",
                            SY_PROFILE_MAX);
    bool is_new = i < 0;
    if (is_new)
        i = policy->nprofile++;
    if (is_new || base != NULL)
        policy->profile[i] = policy->profile[from];
    policy->profile[i].name = key->text;
    *ret = &policy->profile[i];
    return SY_OK;
}

static enum sy_code read_profile(struct sy_policy_reader *r, const struct sy_yaml *key,
                                 const struct sy_yaml *map)
{
    static const char *const known[] = {
        "base",    "terms",   "path", "cpu", "linkReferenceGBps", "memoryReferenceGBps",
        "neutral", "packing", NULL};
    enum sy_code code = check_name(r, key);
    if (code == SY_OK)
        code = sy_yaml_only(r->file, map, known, r->err);
    struct sy_profile *profile = NULL;
    if (code == SY_OK)
        code = open_profile(r, key, sy_yaml_get(map, "base"), &profile);
    const struct sy_yaml *node;
    if (code == SY_OK && (node = sy_yaml_get(map, "terms")) != NULL)
        code = read_terms(r, node, profile);
    if (code == SY_OK && (node = sy_yaml_get(map, "path")) != NULL)
        code = read_path(r, node, profile);
    if (code == SY_OK && (node = sy_yaml_get(map, "cpu")) != NULL)
        code = read_cpu(r, node, profile);
    if (code == SY_OK && (node = sy_yaml_get(map, "linkReferenceGBps")) != NULL)
        code = read_gbps(r, node, 0.001, &profile->link_reference_mbps);
    if (code == SY_OK && (node = sy_yaml_get(map, "memoryReferenceGBps")) != NULL)
        code = read_memory(r, node, profile);
    if (code == SY_OK && (node = sy_yaml_get(map, "neutral")) != NULL)
        code = sy_policy_read_u16(r, node, 1000, &profile->neutral);
    if (code == SY_OK && (node = sy_yaml_get(map, "packing")) != NULL)
        code = read_packing(r, node, profile);
    return code;
}

enum sy_code sy_policy_read_profiles(struct sy_policy_reader *r, const struct sy_yaml *map)
{
    if (map->kind != SY_YAML_MAP)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "expected a map of profiles");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < map->count && code == SY_OK; i++)
        code = read_profile(r, map->key[i], map->item[i]);
    return code;
}

static enum sy_code read_default_profile(struct sy_policy_reader *r, const struct sy_yaml *node)
{
    const char *text;
    enum sy_code code = sy_yaml_str(r->file, node, NAME_LEN_MAX, &text, r->err);
    if (code != SY_OK)
        return code;
    int i = sy_policy_profile_find(r->policy, text);
    if (i < 0)
        return no_profile(r, node);
    r->policy->default_profile = (uint8_t)i;
    return SY_OK;
}

/* One of two words: *ret = it is the second. */
static enum sy_code read_either(struct sy_policy_reader *r, const struct sy_yaml *node,
                                const char *first, const char *second, bool *ret)
{
    const char *text;
    enum sy_code code = sy_yaml_str(r->file, node, NAME_LEN_MAX, &text, r->err);
    if (code != SY_OK)
        return code;
    bool is_second = strcmp(text, second) == 0;
    if (!is_second && strcmp(text, first) != 0) {
        char shown[64];
        return sy_yaml_fail(r->file, node, SY_EINVAL, r->err, "expected %s or %s, got '%s'", first,
                            second, sy_quote(shown, sizeof shown, text, strlen(text)));
    }
    *ret = is_second;
    return SY_OK;
}

static enum sy_code read_wire(struct sy_policy_reader *r, const struct sy_yaml *map)
{
    static const char *const known[] = {"mapping", "leastSpan", NULL};
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    const struct sy_yaml *node;
    bool stretch;
    if (code == SY_OK && (node = sy_yaml_get(map, "mapping")) != NULL) {
        code = read_either(r, node, "absolute", "stretch", &stretch);
        if (code == SY_OK)
            r->policy->wire_mapping = stretch ? SY_WIRE_STRETCH : SY_WIRE_ABSOLUTE;
    }
    int64_t span;
    if (code == SY_OK && (node = sy_yaml_get(map, "leastSpan")) != NULL) {
        code = sy_yaml_int(r->file, node, 1, 1000, &span, r->err);
        if (code == SY_OK)
            r->policy->wire_least_span = (uint16_t)span;
    }
    return code;
}

static enum sy_code read_power(struct sy_policy_reader *r, const struct sy_yaml *map)
{
    static const char *const known[] = {"hard", "nodeLimitWatts", "nodeBaseWatts", NULL};
    struct sy_policy *policy = r->policy;
    enum sy_code code = sy_yaml_only(r->file, map, known, r->err);
    const struct sy_yaml *node;
    if (code == SY_OK && (node = sy_yaml_get(map, "hard")) != NULL)
        code = sy_yaml_bool(r->file, node, &policy->power_hard, r->err);
    if (code == SY_OK && (node = sy_yaml_get(map, "nodeLimitWatts")) != NULL)
        code = sy_policy_read_watts(r, node, 1, &policy->default_node_limit_mw);
    if (code == SY_OK && (node = sy_yaml_get(map, "nodeBaseWatts")) != NULL)
        code = sy_policy_read_watts(r, node, 0, &policy->default_node_base_mw);
    return code;
}

/* What the file says it is, when it does. */
static enum sy_code read_header(struct sy_policy_reader *r, const struct sy_yaml *root)
{
    static const struct {
        const char *key, *value;
    } header[] = {{"apiVersion", "switchyard.dev/v1alpha1"}, {"kind", "SchedulingPolicy"}};
    for (unsigned i = 0; i < sizeof header / sizeof header[0]; i++) {
        const struct sy_yaml *node = sy_yaml_get(root, header[i].key);
        const char *text;
        enum sy_code code = SY_OK;
        if (node != NULL)
            code = sy_yaml_str(r->file, node, NAME_LEN_MAX, &text, r->err);
        if (code == SY_OK && node != NULL && strcmp(text, header[i].value) != 0)
            code = sy_yaml_fail(r->file, node, SY_EINVAL, r->err, "expected %s", header[i].value);
        if (code != SY_OK)
            return code;
    }
    return SY_OK;
}

enum sy_code sy_policy_read(struct sy_policy_reader *r, const struct sy_yaml *root)
{
    static const char *const known[] = {
        "apiVersion", "kind",         "defaultProfile",    "profiles", "wire", "unknownNodeScore",
        "power",      "powerDomains", "searchBudgetSteps", "workload", NULL};
    enum sy_code code = sy_yaml_only(r->file, root, known, r->err);
    const struct sy_yaml *node;
    if (code == SY_OK)
        code = read_header(r, root);
    if (code == SY_OK && (node = sy_yaml_get(root, "profiles")) != NULL)
        code = sy_policy_read_profiles(r, node);
    if (code == SY_OK && (node = sy_yaml_get(root, "defaultProfile")) != NULL)
        code = read_default_profile(r, node);
    if (code == SY_OK && (node = sy_yaml_get(root, "wire")) != NULL)
        code = read_wire(r, node);
    if (code == SY_OK && (node = sy_yaml_get(root, "unknownNodeScore")) != NULL)
        code = sy_policy_read_u16(r, node, 1000, &r->policy->unknown_node_score);
    if (code == SY_OK && (node = sy_yaml_get(root, "power")) != NULL)
        code = read_power(r, node);
    if (code == SY_OK && (node = sy_yaml_get(root, "powerDomains")) != NULL)
        code = sy_policy_read_domains(r, node);
    bool learn;
    if (code == SY_OK && (node = sy_yaml_get(root, "workload")) != NULL) {
        code = read_either(r, node, "off", "learn", &learn);
        if (code == SY_OK)
            r->policy->workload = learn ? SY_WORKLOAD_LEARN : SY_WORKLOAD_OFF;
    }
    int64_t steps;
    if (code == SY_OK && (node = sy_yaml_get(root, "searchBudgetSteps")) != NULL) {
        code = sy_yaml_int(r->file, node, 1, 100000000, &steps, r->err);
        if (code == SY_OK)
            r->policy->search_budget_steps = (uint32_t)steps;
    }
    return code;
}
