/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file: the built-in default, what a file changes, and every refusal's place and text.
 */
#include "base/str.h"
#include "scoring/policy.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static struct sy_policy *parsed(const char *text)
{
    struct sy_policy *policy;
    struct sy_err err = {0};
    enum sy_code code = sy_policy_parse("p.yaml", text, strlen(text), &policy, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return policy;
}

static struct sy_policy *builtin(void)
{
    struct sy_policy *policy;
    struct sy_err err = {0};
    ck_assert_msg(sy_policy_load(NULL, &policy, &err) == SY_OK, "%s", err.text);
    return policy;
}

START_TEST(default_profiles)
{
    static const char *const names[] = {
        "balanced", "fit", "frugal", "training-sync", "inference-latency", "inference-throughput",
        "io-heavy"};
    struct sy_policy *policy = builtin();
    ck_assert_int_eq(policy->nprofile, 7);
    ck_assert_str_eq(sy_policy_profile(policy, NULL)->name, "balanced");
    ck_assert_ptr_null(sy_policy_profile(policy, "nosuch"));
    for (unsigned i = 0; i < 7; i++) {
        const struct sy_profile *p = sy_policy_profile(policy, names[i]);
        ck_assert_msg(p != NULL, "%s", names[i]);
        unsigned sum = 0;
        for (unsigned t = 0; t < SY_TERM_COUNT; t++)
            sum += p->term[t];
        ck_assert_msg(sum == 1000, "%s: weights add up to %u", names[i], sum);
        /* The big steps are NUMA node and socket, the step from switch to NUMA node is small. */
        const uint16_t *path = p->path;
        ck_assert(path[SY_PATH_NVL] >= path[SY_PATH_PIX] &&
                  path[SY_PATH_SLOT] >= path[SY_PATH_PIX]);
        ck_assert(path[SY_PATH_PIX] >= path[SY_PATH_PXB] && path[SY_PATH_PXB] >= path[SY_PATH_PHB]);
        ck_assert(path[SY_PATH_PHB] >= path[SY_PATH_NODE]);
        ck_assert(path[SY_PATH_PIX] - path[SY_PATH_NODE] <
                  path[SY_PATH_NODE] - path[SY_PATH_SOCKET]);
        ck_assert(path[SY_PATH_SOCKET] > path[SY_PATH_SYS]);
        ck_assert(path[SY_PATH_NODE] - path[SY_PATH_SYS] > 200);
        /* Unknown is never the best and never nothing. */
        ck_assert(path[SY_PATH_UNKNOWN] > 0 && path[SY_PATH_UNKNOWN] < path[SY_PATH_SOCKET]);
        ck_assert(p->cpu[SY_PATH_UNKNOWN] > 0 && p->cpu[SY_PATH_UNKNOWN] < p->cpu[SY_PATH_NODE]);
        ck_assert(p->neutral > 0 && p->neutral < 1000);
        ck_assert_int_gt(p->link_reference_mbps, 0);
        ck_assert_int_eq(p->packing.fragmentation + p->packing.unusable, 1000);
        ck_assert_int_gt(p->packing.quantum_milli, 0);
    }
    ck_assert_int_eq(policy->workload, SY_WORKLOAD_OFF);
    ck_assert_int_eq(policy->wire_mapping, SY_WIRE_STRETCH);
    ck_assert_int_eq(policy->default_node_limit_mw, SY_UNKNOWN_MW);
    ck_assert(!policy->power_hard && policy->ndomain == 0);
    ck_assert(policy->unknown_node_score > 0);
    ck_assert_int_gt(policy->search_budget_steps, 0);
    sy_policy_unref(policy);
}
END_TEST

START_TEST(a_file_states_what_it_changes)
{
    struct sy_policy *before = builtin();
    struct sy_policy *policy =
        parsed("profiles:\n"
               "  io-heavy: {terms: {cpu: 7}}\n"
               "  mine:\n"
               "    base: training-sync\n"
               "    path: {SYS: 1}\n"
               "    cpu: {SYS: 2}\n"
               "    linkReferenceGBps: 12.5\n"
               "    memoryReferenceGBps: {NPU: 0}\n"
               "    neutral: 3\n"
               "    packing: {remainder: 12, power: 9999}\n"
               "  plain: {}\n"
               "defaultProfile: mine\n"
               "wire: {mapping: absolute, leastSpan: 9}\n"
               "unknownNodeScore: 11\n"
               "power: {hard: true, nodeLimitWatts: 700.5, nodeBaseWatts: 0}\n"
               "workload: learn\n"
               "searchBudgetSteps: 5\n");
    const struct sy_profile *mine = sy_policy_profile(policy, NULL);
    const struct sy_profile *base = sy_policy_profile(before, "training-sync");
    ck_assert_str_eq(mine->name, "mine");
    ck_assert_mem_eq(mine->term, base->term, sizeof mine->term);
    ck_assert_int_eq(mine->path[SY_PATH_SYS], 1);
    ck_assert_int_eq(mine->path[SY_PATH_PIX], base->path[SY_PATH_PIX]);
    ck_assert_int_eq(mine->cpu[SY_PATH_SYS], 2);
    ck_assert_int_eq(mine->cpu[SY_PATH_NODE], base->cpu[SY_PATH_NODE]);
    ck_assert_int_eq(mine->link_reference_mbps, 12500);
    ck_assert_int_eq(mine->memory_reference_mbps[SY_KIND_NPU], 0);
    ck_assert_int_eq(mine->neutral, 3);
    ck_assert_int_eq(mine->packing.remainder, 12);
    ck_assert_int_eq(mine->packing.power, 9999);
    ck_assert_int_eq(mine->packing.unusable, base->packing.unusable);
    ck_assert_int_eq(policy->workload, SY_WORKLOAD_LEARN);
    ck_assert_mem_eq(sy_policy_profile(policy, "plain")->term,
                     sy_policy_profile(before, "balanced")->term, sizeof mine->term);
    ck_assert_int_eq(sy_policy_profile(policy, "io-heavy")->term[SY_TERM_CPU], 7);
    ck_assert_int_eq(sy_policy_profile(policy, "io-heavy")->term[SY_TERM_LINK],
                     sy_policy_profile(before, "io-heavy")->term[SY_TERM_LINK]);
    ck_assert_int_eq(policy->wire_mapping, SY_WIRE_ABSOLUTE);
    ck_assert_int_eq(policy->wire_least_span, 9);
    ck_assert_int_eq(policy->unknown_node_score, 11);
    ck_assert(policy->power_hard);
    ck_assert_int_eq(policy->default_node_limit_mw, 700500);
    ck_assert_int_eq(policy->default_node_base_mw, 0);
    ck_assert_int_eq(policy->search_budget_steps, 5);
    ck_assert(!sy_digest_equal(policy->digest, before->digest));
    sy_policy_unref(policy);
    sy_policy_unref(before);
}
END_TEST

START_TEST(saying_the_default_again_changes_nothing)
{
    struct sy_policy *before = builtin(),
                     *same = parsed("profiles: {balanced: {terms: {cpu: 200}}}");
    ck_assert(sy_digest_equal(before->digest, same->digest));
    sy_policy_unref(same);
    same = sy_policy_ref(before);
    sy_policy_unref(same);
    sy_policy_unref(before);
}
END_TEST

/* What packing reads is in the policy's digest. */
START_TEST(packing_is_in_the_digest)
{
    static const char *const changes[] = {"packing: {fragmentation: 1}", "packing: {unusable: 1}",
                                          "packing: {remainder: 1}", "packing: {power: 1}",
                                          "packing: {quantumMilli: 1}"};
    struct sy_policy *before = builtin();
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "profiles: {balanced: {%s}}", changes[i]);
        struct sy_policy *policy = parsed(text);
        ck_assert_msg(!sy_digest_equal(before->digest, policy->digest), "%s", changes[i]);
        sy_policy_unref(policy);
    }
    struct sy_policy *policy = parsed("workload: learn");
    ck_assert(!sy_digest_equal(before->digest, policy->digest));
    sy_policy_unref(policy);
    sy_policy_unref(before);
}
END_TEST

START_TEST(domains_stand_parents_first)
{
    struct sy_policy *policy = parsed("powerDomains:\n"
                                      "- {name: rack, parent: row, limitWatts: 10,\n"
                                      "   nodeSelector: {matchLabels: {a: b, c: '1'}}}\n"
                                      "- {name: other, limitWatts: 5, nodeNames: [n1, n2]}\n"
                                      "- {name: row, parent: hall, limitWatts: 20}\n"
                                      "- {name: hall, limitWatts: 40.5}\n");
    static const struct {
        const char *name;
        int parent;
        int64_t mw;
    } expected[] = {
        {"other", -1, 5000}, {"hall", -1, 40500}, {"row", 1, 20000}, {"rack", 2, 10000}};
    ck_assert_int_eq(policy->ndomain, 4);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_str_eq(policy->domain[i].name, expected[i].name);
        ck_assert_int_eq(policy->domain[i].parent, expected[i].parent);
        ck_assert_int_eq(policy->domain[i].limit_mw, expected[i].mw);
    }
    ck_assert_int_eq(policy->domain[0].nname, 2);
    ck_assert_str_eq(policy->domain[0].node_name[1], "n2");
    ck_assert_int_eq(policy->domain[3].nmatch, 2);
    ck_assert_str_eq(policy->domain[3].match[1].key, "c");
    ck_assert_str_eq(policy->domain[3].match[1].value, "1");
    sy_policy_unref(policy);
}
END_TEST

static const struct {
    const char *what, *text;
    enum sy_code code;
    const char *message;
} refused[] = {
    {"no document", "", SY_EPARSE, "p.yaml:1:1: no document"},
    {"a list", "- a\n", SY_EINVAL, "p.yaml:1:1: expected a map, got a list"},
    {"unknown key", "wires: {}\n", SY_EINVAL,
     "p.yaml:1:1: unknown key 'wires' (known: apiVersion, kind, defaultProfile, profiles, wire, "
     "unknownNodeScore, power, powerDomains, searchBudgetSteps, workload)"},
    {"workload", "workload: true\n", SY_EINVAL, "p.yaml:1:11: expected off or learn, got 'true'"},
    {"packing", "profiles: {a: {packing: {weight: 1}}}\n", SY_EINVAL,
     "p.yaml:1:26: unknown key 'weight' (known: fragmentation, unusable, remainder, power, "
     "quantumMilli)"},
    {"too much", "profiles: {a: {packing: {unusable: 1001}}}\n", SY_ELIMIT,
     "p.yaml:1:36: 1001 is not within 0..1000"},
    {"too much power", "profiles: {a: {packing: {power: 10001}}}\n", SY_ELIMIT,
     "p.yaml:1:33: 10001 is not within 0..10000"},
    {"less than nothing", "profiles: {a: {packing: {quantumMilli: -1}}}\n", SY_ELIMIT,
     "p.yaml:1:40: -1 is not within 0..1000"},
    {"no map", "profiles: {a: {packing: 5}}\n", SY_EINVAL, "p.yaml:1:25: expected a map, got '5'"},
    {"kind", "kind: Policy\n", SY_EINVAL, "p.yaml:1:7: expected SchedulingPolicy"},
    {"version", "apiVersion: v9\n", SY_EINVAL, "p.yaml:1:13: expected switchyard.dev/v1alpha1"},
    {"repeated key", "wire: {}\nwire: {}\n", SY_EPARSE,
     "p.yaml:2:1: key 'wire' repeats the one at 1:1"},
    {"profiles", "profiles: [a]\n", SY_EINVAL, "p.yaml:1:11: expected a map of profiles"},
    {"unknown term", "profiles:\n  balanced:\n    terms: {speed: 1}\n", SY_EINVAL,
     "p.yaml:3:13: unknown key 'speed' (known: affinity, cpu, linkBandwidth, memoryBandwidth, "
     "leftover, powerHeadroom)"},
    {"weight", "profiles: {balanced: {terms: {cpu: 1001}}}\n", SY_ELIMIT,
     "p.yaml:1:36: 1001 is not within 0..1000"},
    {"a real weight", "profiles: {balanced: {terms: {cpu: 0.5}}}\n", SY_EINVAL,
     "p.yaml:1:36: expected an integer, got '0.5'"},
    {"no weights",
     "profiles: {x: {terms: {affinity: 0, cpu: 0, linkBandwidth: 0, memoryBandwidth: 0, leftover: "
     "0, powerHeadroom: 0}}}\n",
     SY_EINVAL, "p.yaml:1:23: all terms have weight 0"},
    {"cpu class", "profiles: {x: {cpu: {PIX: 1}}}\n", SY_EINVAL,
     "p.yaml:1:22: unknown key 'PIX' (known: NODE, SOCKET, SYS, UNKNOWN)"},
    {"reference", "profiles: {x: {linkReferenceGBps: 0}}\n", SY_ELIMIT,
     "p.yaml:1:35: 0 is not within 0.001..1000000"},
    {"base", "profiles: {x: {base: y}}\n", SY_EINVAL, "p.yaml:1:22: there is no profile 'y'"},
    {"name", "profiles: {'a b': {}}\n", SY_EINVAL,
     "p.yaml:1:12: a profile's name has letters, digits, '-', '_' and '.', not 'a b'"},
    {"default profile", "defaultProfile: x\n", SY_EINVAL, "p.yaml:1:17: there is no profile 'x'"},
    {"mapping", "wire: {mapping: linear}\n", SY_EINVAL,
     "p.yaml:1:17: expected absolute or stretch, got 'linear'"},
    {"span", "wire: {leastSpan: 0}\n", SY_ELIMIT, "p.yaml:1:19: 0 is not within 1..1000"},
    {"hard", "power: {hard: yes}\n", SY_EINVAL, "p.yaml:1:15: expected true or false, got 'yes'"},
    {"limit", "power: {nodeLimitWatts: -5}\n", SY_ELIMIT,
     "p.yaml:1:25: -5 is not within 1..1000000000"},
    {"domains", "powerDomains: {}\n", SY_EINVAL, "p.yaml:1:15: expected a list of power domains"},
    {"domain name", "powerDomains:\n- {limitWatts: 1}\n", SY_EINVAL,
     "p.yaml:2:3: 'name' is missing"},
    {"domain limit", "powerDomains:\n- {name: a}\n", SY_EINVAL,
     "p.yaml:2:3: 'limitWatts' is missing"},
    {"selector", "powerDomains:\n- {name: a, limitWatts: 1, nodeSelector: {}}\n", SY_EINVAL,
     "p.yaml:2:42: expected matchLabels with at least one label"},
    {"selector key",
     "powerDomains:\n- {name: a, limitWatts: 1, nodeSelector: {matchExpressions: []}}\n", SY_EINVAL,
     "p.yaml:2:43: unknown key 'matchExpressions' (known: matchLabels)"},
    {"parent", "powerDomains:\n- {name: a, limitWatts: 1, parent: b}\n", SY_EINVAL,
     "p.yaml:2:36: there is no power domain 'b'"},
    {"own parent", "powerDomains:\n- {name: a, limitWatts: 1, parent: a}\n", SY_EINVAL,
     "p.yaml:2:36: a power domain is its own parent"},
    {"cycle",
     "powerDomains:\n- {name: a, limitWatts: 1, parent: b}\n- {name: b, limitWatts: 1, parent: c}\n"
     "- {name: c, limitWatts: 1, parent: a}\n",
     SY_EINVAL, "p.yaml:2:36: the parents of power domains form a cycle"},
    {"same name", "powerDomains:\n- {name: a, limitWatts: 1}\n- {name: a, limitWatts: 2}\n",
     SY_ECONFLICT, "p.yaml:3:10: name 'a' stands already at 2:10"},
    {"node twice",
     "powerDomains:\n- {name: a, limitWatts: 1, nodeNames: [n]}\n- {name: b, limitWatts: 2, "
     "nodeNames: [m, n]}\n",
     SY_ECONFLICT, "p.yaml:3:43: node 'n' stands already at 2:40"},
    {"steps", "searchBudgetSteps: 0\n", SY_ELIMIT, "p.yaml:1:20: 0 is not within 1..100000000"},
};

START_TEST(errors)
{
    struct sy_policy *policy = (void *)&policy, *before = policy;
    struct sy_err err = {0};
    const char *text = refused[_i].text;
    enum sy_code code = sy_policy_parse("p.yaml", text, strlen(text), &policy, &err);
    ck_assert_str_eq(err.text, refused[_i].message);
    ck_assert_int_eq(code, refused[_i].code);
    ck_assert_ptr_eq(policy, before);
}
END_TEST

START_TEST(too_many_profiles)
{
    struct sy_str text;
    struct sy_policy *policy;
    struct sy_err err = {0};
    sy_str_init(&text, 65536);
    sy_str_append(&text, "profiles:\n");
    for (unsigned i = 0; i < 26; i++)
        sy_str_printf(&text, "  p%u: {}\n", i);
    ck_assert_int_eq(sy_policy_parse("p.yaml", text.data, text.len, &policy, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "p.yaml:27:3: more than 32 profiles");
    sy_str_done(&text);
}
END_TEST

START_TEST(files)
{
    char path[512];
    struct sy_policy *policy;
    struct sy_err err = {0};
    (void)snprintf(path, sizeof path, "%s/deploy/examples/policy.yaml", SY_SOURCE_DIR);
    ck_assert_msg(sy_policy_load(path, &policy, &err) == SY_OK, "%s", err.text);
    ck_assert_int_gt(policy->ndomain, 0);
    sy_policy_unref(policy);
    (void)snprintf(path, sizeof path, "%s/scoring/policy/default.yaml", SY_SOURCE_DIR);
    struct sy_policy *before = builtin();
    ck_assert_msg(sy_policy_load(path, &policy, &err) == SY_OK, "%s", err.text);
    ck_assert(sy_digest_equal(policy->digest, before->digest));
    sy_policy_unref(policy);
    sy_policy_unref(before);
    ck_assert_int_eq(sy_policy_load("/nonexistent/p.yaml", &policy, &err), SY_ENOENT);
}
END_TEST

static enum sy_code parse_under_fault(void *data, struct sy_err *err)
{
    struct sy_policy *policy;
    const char *text = data;
    enum sy_code code = sy_policy_parse("p.yaml", text, strlen(text), &policy, err);
    if (code == SY_OK)
        sy_policy_unref(policy);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    char text[] = "profiles: {x: {base: io-heavy}}\npowerDomains:\n- {name: a, limitWatts: 1, "
                  "nodeNames: [n]}\n- {name: b, parent: a, limitWatts: 2, nodeSelector: "
                  "{matchLabels: {k: v}}}\n";
    (void)sy_fault_sweep(parse_under_fault, text, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy");
    TCase *tc = tcase_create("policy");
    tcase_add_test(tc, default_profiles);
    tcase_add_test(tc, a_file_states_what_it_changes);
    tcase_add_test(tc, saying_the_default_again_changes_nothing);
    tcase_add_test(tc, packing_is_in_the_digest);
    tcase_add_test(tc, domains_stand_parents_first);
    tcase_add_loop_test(tc, errors, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tc, too_many_profiles);
    tcase_add_test(tc, files);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
