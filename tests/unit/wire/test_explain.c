/* SPDX-License-Identifier: Apache-2.0 */
/* The explain object: every field a user meets, for nodes that fit, do not, and are unknown; and
 * nothing of the pod beyond what a decision reads. */
#include "base/json.h"
#include "scoring/wire/explain.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct test_node nodes[] = {
    {.name = "free", .mode = "exact", .limit_watts = 4000},
    {.name = "held", .mode = "exact", .held = "aabaa."},
    {.name = "foreseen", .mode = "predicted", .held = "aabaa."},
    {.name = "silent"},
    {.name = "stray", .mode = "exact", .held = "a..ab.", .small = true},
    {.name = "stray-one", .mode = "exact", .held = "...a..", .small = true},
    {.name = "sick", .mode = "exact", .held = "..x..."},
    {.name = "aligned",
     .mode = "predicted",
     .held = "a..a..",
     .topology_manager = "single-numa-node/pod"},
    {.name = "half-told", .topology_manager = "restricted/?"},
    {.name = "counted",
     .mode = "counts",
     .counted = "{\"resource\":\"" TEST_NPU "\",\"count\":3},"
                "{\"resource\":\"" TEST_GPU "\",\"count\":1}"},
};
static const char *const names[] = {"free", "held", "foreseen", "silent", "nosuch"};
#define N 5

static struct test_world w;

static void setup(void)
{
    test_world_make(&w, nodes, sizeof nodes / sizeof nodes[0], NULL);
}

static void teardown(void)
{
    test_world_free(&w);
}

static json_t *explain(const struct sy_request *request)
{
    struct sy_candidate *candidate = test_candidates(&w, names, N);
    struct sy_verdict verdict[N];
    struct sy_err err = {0};
    json_t *root;
    ck_assert_int_eq(sy_engine_explain(&w.world, request, candidate, N, w.arena, verdict, &err),
                     SY_OK);
    enum sy_code code = sy_explain_to_json(&w.world, request, candidate, verdict, N, &root, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return root;
}

/* Member by "a.b.0.c". */
static const json_t *at(const json_t *value, const char *path)
{
    char text[128];
    ck_assert_int_lt(snprintf(text, sizeof text, "%s", path), (int)sizeof text);
    for (char *save, *key = strtok_r(text, ".", &save); key != NULL;
         key = strtok_r(NULL, ".", &save)) {
        value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
        ck_assert_msg(value != NULL, "%s: no '%s'", path, key);
    }
    return value;
}

static const char *text_at(const json_t *value, const char *path)
{
    value = at(value, path);
    ck_assert_msg(json_is_string(value), "%s is no text", path);
    return json_string_value(value);
}

static bool lists(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
            return true;
    return false;
}

START_TEST(whole)
{
    struct sy_request request =
        test_request_of(&w, TEST_LIMITS_2_1,
                        "\"switchyard.dev/require\":\"npu=numa\",\"switchyard.dev/oops\":\"1\","
                        "\"switchyard.dev/expected-watts\":\"250\"");
    json_t *root = explain(&request);
    ck_assert_str_eq(text_at(root, "apiVersion"), "switchyard.dev/v1alpha1");
    ck_assert_str_eq(text_at(root, "kind"), "Explanation");
    ck_assert_str_eq(text_at(root, "pod.namespace"), "ns");
    ck_assert_str_eq(text_at(root, "profile"), "balanced");
    ck_assert_uint_eq(json_array_size(at(root, "request.resources")), 2);
    ck_assert_str_eq(text_at(root, "request.require.0.of"), "NPU");
    ck_assert_str_eq(text_at(root, "request.require.0.within"), "numa");
    ck_assert(json_is_true(at(root, "request.inForce")));
    ck_assert(json_real_value(at(root, "request.expectedWatts")) == 250);
    ck_assert(lists(at(root, "notes"), "unknown annotation 'switchyard.dev/oops'"));
    ck_assert_str_eq(text_at(root, "wireMapping.mapping"), "stretch");
    ck_assert(json_is_number(at(root, "wireMapping.lostOrder")));
    ck_assert_uint_eq(json_array_size(at(root, "nodes")), N);
    for (size_t i = 0; i < N; i++)
        ck_assert_str_eq(text_at(json_array_get(at(root, "nodes"), i), "node"), names[i]);
    json_decref(root);
}
END_TEST

START_TEST(node_that_fits)
{
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, "");
    json_t *root = explain(&request);
    const json_t *node = at(root, "nodes.0");
    static const char *const sets[] = {"best", "expected", "worst"};
    ck_assert_str_eq(text_at(node, "verdict"), "fits");
    ck_assert_str_eq(text_at(node, "reasonId"), "fits");
    ck_assert_str_eq(text_at(node, "reason"), "switchyard: fits");
    ck_assert_str_eq(text_at(node, "mode"), "exact");
    ck_assert_uint_eq(json_array_size(at(node, "devices")), 3);
    ck_assert_uint_eq(json_array_size(at(node, "pairs")), 3);
    ck_assert_str_eq(text_at(node, "devices.0.pci"), "0000:13:00.0");
    ck_assert_str_eq(text_at(node, "devices.0.kind"), "NPU");
    ck_assert_str_eq(text_at(node, "devices.0.model"), "Ascend 910B");
    ck_assert_str_eq(text_at(node, "devices.0.resource"), TEST_NPU);
    ck_assert(json_integer_value(at(node, "devices.0.numa")) == 0);
    ck_assert_str_eq(text_at(node, "devices.2.resource"), TEST_GPU);
    for (unsigned i = 0; i < 3; i++) {
        const json_t *set = at(node, sets[i]);
        ck_assert(json_is_integer(at(set, "score")));
        ck_assert(json_is_integer(at(set, "terms.affinity")));
        ck_assert(json_is_boolean(at(set, "exact")));
        (void)at(set, "minBandwidthGBps");
        (void)at(set, "wattsAdded");
        ck_assert(json_is_false(at(set, "lowerBound")));
        ck_assert((json_object_get(set, "devices") != NULL) == (i != 1));
    }
    ck_assert(json_is_string(at(node, "best.path")));
    ck_assert(
        json_equal(json_object_get(node, "score"), json_object_get(at(node, "expected"), "score")));
    ck_assert(json_is_integer(at(node, "terms.powerHeadroom.value")));
    ck_assert(json_is_integer(at(node, "terms.powerHeadroom.weight")));
    ck_assert_str_eq(text_at(node, "power.element"), "node");
    ck_assert(json_real_value(at(node, "power.limitWatts")) == 4000);
    ck_assert(json_is_false(at(node, "power.lowerBound")));
    double before = json_real_value(at(node, "power.headroomWatts"));
    double after = json_real_value(at(node, "power.headroomAfterWatts"));
    ck_assert(before - after == json_real_value(at(node, "power.wattsAdded")));
    ck_assert_uint_eq(json_array_size(at(node, "notes")), 0);
    json_decref(root);
}
END_TEST

START_TEST(nodes_that_do_not)
{
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, "");
    json_t *root = explain(&request);
    ck_assert_str_eq(text_at(root, "nodes.1.verdict"), "busy");
    ck_assert_str_eq(text_at(root, "nodes.1.reasonId"), "held");
    ck_assert(json_is_null(at(root, "nodes.1.best")));
    ck_assert_uint_eq(json_array_size(at(root, "nodes.1.devices")), 0);
    ck_assert(lists(at(root, "nodes.1.unknown"), "no power limit is known for this node"));
    ck_assert(lists(at(root, "nodes.2.notes"), "kube-scheduler counts devices as free that are "
                                               "held as far as is known"));
    ck_assert(lists(at(root, "nodes.3.unknown"), "no report says which devices are in use: all "
                                                 "are taken as free"));
    ck_assert(!lists(at(root, "nodes.0.unknown"), "no power limit is known for this node"));
    ck_assert_str_eq(text_at(root, "nodes.4.reasonId"), "unknown-node");
    ck_assert(json_is_null(at(root, "nodes.4.mode")));
    ck_assert(lists(at(root, "nodes.4.unknown"), "nothing is known about this node"));
    json_decref(root);
}
END_TEST

/* How many are held is known, not which. */
START_TEST(counted)
{
    const char *name = "counted";
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, "");
    struct sy_candidate *candidate = test_candidates(&w, &name, 1);
    struct sy_verdict verdict;
    struct sy_err err = {0};
    json_t *root;
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, 1, w.arena, &verdict, &err),
                     SY_OK);
    ck_assert_int_eq(sy_explain_to_json(&w.world, &request, candidate, &verdict, 1, &root, &err),
                     SY_OK);
    ck_assert_str_eq(text_at(root, "nodes.0.reasonId"), "unknown-node");
    ck_assert_uint_eq(json_array_size(at(root, "nodes.0.devices")), 0);
    ck_assert_uint_eq(json_array_size(at(root, "nodes.0.counted")), 2);
    ck_assert_str_eq(text_at(root, "nodes.0.counted.0.resource"), TEST_NPU);
    ck_assert_int_eq(json_integer_value(at(root, "nodes.0.counted.0.count")), 3);
    ck_assert(
        lists(at(root, "nodes.0.notes"), TEST_NPU ": 3 of 4 devices are held, nobody knows which"));
    ck_assert(
        lists(at(root, "nodes.0.notes"), TEST_GPU ": 1 of 2 devices are held, nobody knows which"));
    ck_assert(lists(at(root, "nodes.0.notes"), "kube-scheduler counts devices as free that are "
                                               "held as far as is known"));
    json_decref(root);
}
END_TEST

START_TEST(malformed_pod)
{
    struct sy_request request =
        test_request_of(&w, TEST_LIMITS_2_1, "\"switchyard.dev/profile\":\"fast\"");
    json_t *root = explain(&request);
    ck_assert(
        lists(at(root, "notes"), "switchyard.dev/profile 'fast': the policy has no such profile"));
    ck_assert_str_eq(text_at(root, "profile"), "fast");
    ck_assert(json_is_null(at(root, "weights")));
    for (unsigned i = 0; i < N; i++)
        ck_assert_str_eq(text_at(json_array_get(at(root, "nodes"), i), "reasonId"), "malformed");
    json_decref(root);
}
END_TEST

/* All that is wrong is listed; the wire's reason is the first. */
START_TEST(all_that_is_malformed)
{
    struct sy_request request =
        test_request_of(&w, TEST_LIMITS_2_1,
                        "\"switchyard.dev/require\":\"rack\",\"switchyard.dev/profile\":\"fast\","
                        "\"switchyard.dev/min-bandwidth\":\"0\"");
    json_t *root = explain(&request);
    ck_assert_str_eq(text_at(root, "notes.0"),
                     "switchyard.dev/require 'rack': 'rack' is not one of "
                     "slot, switch, root, numa, socket, any");
    ck_assert_str_eq(text_at(root, "notes.1"),
                     "switchyard.dev/profile 'fast': the policy has no such profile");
    ck_assert_str_eq(text_at(root, "notes.2"),
                     "switchyard.dev/min-bandwidth '0': expected GB/s, more than 0 and up to 4000, "
                     "with at most 3 decimals");
    ck_assert_uint_eq(json_array_size(at(root, "notes")), 3);
    ck_assert_str_eq(text_at(root, "nodes.4.reason"),
                     "switchyard never: switchyard.dev/require 'rack': 'rack' is not one of slot, "
                     "switch, root, numa, socket, any");
    json_decref(root);
    request = test_request_of(&w, "", "\"switchyard.dev/require\":\"rack\"");
    root = explain(&request);
    ck_assert_str_eq(text_at(root, "nodes.1.reasonId"), "fits");
    ck_assert_uint_eq(json_array_size(at(root, "notes")), 2);
    ck_assert(
        lists(at(root, "notes"), "the pod asks for no device of the catalogue: every node passes"));
    json_decref(root);
}
END_TEST

START_TEST(more_than_any_node_has)
{
    struct sy_request request = test_request_of(&w, "\"" TEST_NPU "\":\"70000\"", "");
    json_t *root = explain(&request);
    ck_assert_int_eq(json_integer_value(at(root, "request.resources.0.count")), 70000);
    json_decref(root);
}
END_TEST

START_TEST(stray_devices)
{
    static const char *const stray[] = {"stray", "stray-one"};
    struct sy_request request = test_request_of(&w, "\"" TEST_NPU "\":1", "");
    struct sy_candidate *candidate = test_candidates(&w, stray, 2);
    struct sy_verdict verdict[2];
    struct sy_err err = {0};
    json_t *root;
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, 2, w.arena, verdict, &err),
                     SY_OK);
    ck_assert_int_eq(sy_explain_to_json(&w.world, &request, candidate, verdict, 2, &root, &err),
                     SY_OK);
    ck_assert_str_eq(text_at(root, "nodes.0.notes.0"),
                     "the report names 2 devices that the inventory does not have, the first is "
                     "0000:1a:00.0");
    ck_assert_str_eq(text_at(root, "nodes.1.notes.0"),
                     "the report names a device that the inventory does not have: 0000:1a:00.0");
    json_decref(root);
}
END_TEST

START_TEST(unhealthy_devices)
{
    static const char *const sick[] = {"sick"};
    struct sy_request request = test_request_of(&w, "\"" TEST_NPU "\":1", "");
    struct sy_candidate *candidate = test_candidates(&w, sick, 1);
    struct sy_verdict verdict;
    struct sy_err err = {0};
    json_t *root;
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, 1, w.arena, &verdict, &err),
                     SY_OK);
    ck_assert_int_eq(sy_explain_to_json(&w.world, &request, candidate, &verdict, 1, &root, &err),
                     SY_OK);
    ck_assert_uint_eq(json_array_size(at(root, "nodes.0.notes")), 1);
    ck_assert_str_eq(text_at(root, "nodes.0.notes.0"),
                     "0000:15:00.0 takes no new pods: no reason is given");
    json_decref(root);
}
END_TEST

START_TEST(topology_manager)
{
    static const char *const aligned[] = {"aligned", "half-told", "free"};
    struct sy_request request = test_request_of(&w, "\"" TEST_NPU "\":2", "");
    struct sy_candidate *candidate = test_candidates(&w, aligned, 3);
    struct sy_verdict verdict[3];
    struct sy_err err = {0};
    json_t *root;
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, 3, w.arena, verdict, &err),
                     SY_OK);
    ck_assert_int_eq(sy_explain_to_json(&w.world, &request, candidate, verdict, 3, &root, &err),
                     SY_OK);
    ck_assert_str_eq(text_at(root, "nodes.0.topologyManager.policy"), "single-numa-node");
    ck_assert_str_eq(text_at(root, "nodes.0.topologyManager.scope"), "pod");
    ck_assert_str_eq(text_at(root, "nodes.0.reasonId"), "unknown-node");
    ck_assert_str_eq(text_at(root, "nodes.0.notes.0"),
                     "the kubelet's Topology Manager would refuse the devices that are free as far "
                     "as is known");
    ck_assert_uint_eq(json_array_size(at(root, "nodes.0.notes")), 1);
    ck_assert_str_eq(text_at(root, "nodes.1.topologyManager.policy"), "restricted");
    ck_assert(json_is_null(at(root, "nodes.1.topologyManager.scope")));
    ck_assert_str_eq(text_at(root, "nodes.1.reasonId"), "fits");
    ck_assert_ptr_null(json_object_get(at(root, "nodes.2"), "topologyManager"));
    json_decref(root);
}
END_TEST

/* Part of the watts unknown: the known part is shown, and that it is a lower bound. */
START_TEST(part_of_the_watts)
{
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, "");
    struct sy_candidate *candidate = test_candidates(&w, names, 1);
    struct sy_verdict verdict;
    struct sy_err err = {0};
    json_t *root;
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, 1, w.arena, &verdict, &err),
                     SY_OK);
    struct sy_placement part = *verdict.placement;
    part.expected.value.unknown |= UINT32_C(1) << SY_UNKNOWN_DEVICE_POWER;
    part.expected.value.watts_mw = 300000;
    verdict.placement = &part;
    ck_assert_int_eq(sy_explain_to_json(&w.world, &request, candidate, &verdict, 1, &root, &err),
                     SY_OK);
    ck_assert(json_is_true(at(root, "nodes.0.power.lowerBound")));
    ck_assert(json_real_value(at(root, "nodes.0.power.wattsAdded")) == 300);
    ck_assert(json_is_true(at(root, "nodes.0.expected.lowerBound")));
    ck_assert(json_is_false(at(root, "nodes.0.best.lowerBound")));
    json_decref(root);
    request.expected_mw = 250000; /* announced: no bound but the pod's word */
    ck_assert_int_eq(sy_explain_to_json(&w.world, &request, candidate, &verdict, 1, &root, &err),
                     SY_OK);
    ck_assert(json_is_false(at(root, "nodes.0.power.lowerBound")));
    ck_assert(json_real_value(at(root, "nodes.0.power.wattsAdded")) == 250);
    json_decref(root);
}
END_TEST

START_TEST(nothing_more_of_the_pod)
{
    struct sy_request request = test_request(
        &w, "{\"metadata\":{\"name\":\"p\",\"annotations\":{\"token\":\"TOPSECRET\"}},\"spec\":{"
            "\"containers\":[{\"args\":[\"TOPSECRET\"],\"env\":[{\"name\":\"A\",\"value\":"
            "\"TOPSECRET\"}],\"resources\":{\"limits\":{" TEST_LIMITS_2_1 "}}}]}}");
    json_t *root = explain(&request);
    char *text;
    size_t len;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_json_dump(root, false, &text, &len, &err), SY_OK);
    ck_assert_ptr_null(strstr(text, "TOPSECRET"));
    sy_free(text);
    json_decref(root);
}
END_TEST

struct sweep {
    const struct sy_request *request;
    const struct sy_candidate *candidate;
    const struct sy_verdict *verdict;
};

static enum sy_code explain_under_fault(void *data, struct sy_err *err)
{
    const struct sweep *s = data;
    json_t *root = NULL;
    enum sy_code code =
        sy_explain_to_json(&w.world, s->request, s->candidate, s->verdict, N, &root, err);
    json_decref(root);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, "");
    struct sy_candidate *candidate = test_candidates(&w, names, N);
    struct sy_verdict verdict[N];
    struct sy_err err = {0};
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, N, w.arena, verdict, &err),
                     SY_OK);
    struct sweep s = {&request, candidate, verdict};
    (void)sy_fault_sweep(explain_under_fault, &s, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *tc = tcase_create("explain");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, whole);
    tcase_add_test(tc, node_that_fits);
    tcase_add_test(tc, nodes_that_do_not);
    tcase_add_test(tc, counted);
    tcase_add_test(tc, malformed_pod);
    tcase_add_test(tc, all_that_is_malformed);
    tcase_add_test(tc, more_than_any_node_has);
    tcase_add_test(tc, stray_devices);
    tcase_add_test(tc, unhealthy_devices);
    tcase_add_test(tc, topology_manager);
    tcase_add_test(tc, part_of_the_watts);
    tcase_add_test(tc, nothing_more_of_the_pod);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
