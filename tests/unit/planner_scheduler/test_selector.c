/* SPDX-License-Identifier: Apache-2.0 */
/* Node selectors and affinity: what matches, and every refusal's place and text. */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_scheduler/world.h"

#include <stdio.h>
#include <string.h>

#define AFFINITY(terms)                                                                            \
    "{'spec': {'affinity': {'nodeAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': "   \
    "{'nodeSelectorTerms': [" terms "]}}}}}"
#define EXPRESSION(key, op, values)                                                                \
    "{'matchExpressions': [{'key': '" key "', 'operator': '" op "', 'values': [" values "]}]}"
#define FIELD(op, values)                                                                          \
    "{'matchFields': [{'key': 'metadata.name', 'operator': '" op "', 'values': [" values "]}]}"
#define ONE(key, op, values) AFFINITY(EXPRESSION(key, op, values))
#define SELECTOR(map) "{'spec': {'nodeSelector': " map "}}"

/* The node is n, with labels a=b, num=7, z=, huge=99999999999999999999, plus=+5. */
static const struct {
    const char *object;
    bool matches;
} cases[] = {
    {"{}", true},
    {"{'spec': {}}", true},
    {SELECTOR("{}"), true},
    {SELECTOR("{'a': 'b'}"), true},
    {SELECTOR("{'a': 'b', 'z': ''}"), true},
    {SELECTOR("{'a': 'c'}"), false},
    {SELECTOR("{'a': ''}"), false},
    {SELECTOR("{'missing': ''}"), false},
    {SELECTOR("{'a': 'b', 'missing': 'x'}"), false},
    {ONE("a", "In", "'c', 'b', 'd'"), true},
    {ONE("a", "In", "'c', 'd'"), false},
    {ONE("missing", "In", "'b'"), false},
    {ONE("z", "In", "''"), true},
    {ONE("a", "NotIn", "'c'"), true},
    {ONE("a", "NotIn", "'c', 'b'"), false},
    {ONE("missing", "NotIn", "'b'"), true},
    {ONE("a", "Exists", ""), true},
    {ONE("z", "Exists", ""), true},
    {ONE("missing", "Exists", ""), false},
    {ONE("a", "DoesNotExist", ""), false},
    {ONE("missing", "DoesNotExist", ""), true},
    {ONE("num", "Gt", "'6'"), true},
    {ONE("num", "Gt", "'7'"), false},
    {ONE("num", "Lt", "'8'"), true},
    {ONE("num", "Lt", "'7'"), false},
    {ONE("plus", "Lt", "'6'"), true},
    {ONE("a", "Gt", "'1'"), false},       /* no number */
    {ONE("huge", "Gt", "'1'"), false},    /* past int64 */
    {ONE("missing", "Lt", "'1'"), false}, /* no label */
    {AFFINITY("{}"), false},              /* an empty term matches nothing */
    {AFFINITY("{}, " EXPRESSION("a", "Exists", "")), true},
    {AFFINITY(EXPRESSION("a", "In", "'x'") ", " EXPRESSION("num", "Gt", "'1'")), true},
    {AFFINITY("{'matchExpressions': [{'key': 'a', 'operator': 'Exists'}, "
              "{'key': 'num', 'operator': 'DoesNotExist'}]}"),
     false},
    {AFFINITY(FIELD("In", "'n'")), true},
    {AFFINITY(FIELD("In", "'m'")), false},
    {AFFINITY(FIELD("NotIn", "'n'")), false},
    {AFFINITY(FIELD("NotIn", "'m'")), true},
    {AFFINITY(FIELD("In", "'m'") ", " FIELD("In", "'n'")), true},
    {AFFINITY("{'matchFields': [{'key': 'metadata.name', 'operator': 'In', 'values': ['n']}, "
              "{'key': 'metadata.name', 'operator': 'In', 'values': ['m']}]}"),
     false},
    {AFFINITY("{'matchFields': [{'key': 'metadata.name', 'operator': 'In', 'values': ['n']}], "
              "'matchExpressions': [{'key': 'missing', 'operator': 'Exists'}]}"),
     false},
    {"{'spec': {'nodeSelector': {'a': 'c'}, 'affinity': {'nodeAffinity': {"
     "'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': [" EXPRESSION(
         "a", "Exists", "") "]}}}}}",
     false},
    {"{'spec': {'nodeSelector': null, 'affinity': {'nodeAffinity': null}, 'tolerations': null}}",
     true},
    {"{'spec': {'affinity': {'nodeAffinity': {}}}}", true},
};

static struct sy_state_pod pod_of(struct world *world, const char *object)
{
    struct sy_state_pod pod = world_pod(world, "{}");
    pod.object = world_json(world, object);
    return pod;
}

START_TEST(matching)
{
    static const struct sy_taken none = {0};
    struct world world;
    world_init(&world);
    struct sy_state_node node =
        world_node(&world, "{'name': 'n', 'labels': {'z': '', 'num': '7', 'a': 'b', 'plus': '+5', "
                           "'huge': '99999999999999999999'}}");
    struct sy_state_pod pod = pod_of(&world, cases[_i].object);
    struct sy_stage_verdict v = sy_scheduler_filter(world_read(&world, &pod), &node, &none);
    ck_assert_msg((v.stage == SY_STAGE_PASSED) == cases[_i].matches, "%s: %s", cases[_i].object,
                  sy_stage_text((enum sy_stage)v.stage));
    world_done(&world);
}
END_TEST

#define AT "default/p: /spec/affinity/nodeAffinity/"
#define TERMS AT "requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"
#define PREFERRED                                                                                  \
    "{'spec': {'affinity': {'nodeAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': "  \
    "["
#define PREFERRED_AT AT "preferredDuringSchedulingIgnoredDuringExecution/0"
#define TOLERATION(text) "{'spec': {'tolerations': [" text "]}}"
#define TOLERATION_AT "default/p: /spec/tolerations/0"

static const struct {
    const char *object, *text;
} refusals[] = {
    {"{'spec': 3}", "default/p: /spec: expected object, got integer"},
    {SELECTOR("[]"), "default/p: /spec/nodeSelector: expected object, got array"},
    {SELECTOR("{'a': 1}"), "default/p: /spec/nodeSelector/a: expected string, got integer"},
    {SELECTOR("{'-a': 'b'}"), "default/p: /spec/nodeSelector: '-a' is no label's key"},
    {SELECTOR("{'X/a': 'b'}"), "default/p: /spec/nodeSelector: 'X/a' is no label's key"},
    {SELECTOR("{'/a': 'b'}"), "default/p: /spec/nodeSelector: '/a' is no label's key"},
    {SELECTOR("{'x/': 'b'}"), "default/p: /spec/nodeSelector: 'x/' is no label's key"},
    {SELECTOR("{'a': 'b c'}"), "default/p: /spec/nodeSelector/a: 'b c' is no label's value"},
    {"{'spec': {'affinity': {'nodeAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': "
     "{}}}}}",
     TERMS ": required"},
    {AFFINITY(""), TERMS ": needs at least one term"},
    {AFFINITY("7"), TERMS "/0: expected object, got integer"},
    {AFFINITY("{'matchExpressions': [{}]}"), TERMS "/0/matchExpressions/0/key: required"},
    {AFFINITY("{'matchExpressions': ['a']}"),
     TERMS "/0/matchExpressions/0: expected object, got string"},
    {AFFINITY("{'matchExpressions': [{'key': 'a'}]}"),
     TERMS "/0/matchExpressions/0/operator: required"},
    {ONE("a", "in", "'b'"), TERMS "/0/matchExpressions/0/operator: 'in' is not one of In, NotIn, "
                                  "Exists, DoesNotExist, Gt, Lt"},
    {ONE("a b", "Exists", ""), TERMS "/0/matchExpressions/0/key: 'a b' is no label's key"},
    {ONE("a", "In", ""),
     TERMS "/0/matchExpressions/0/values: In and NotIn need at least one value"},
    {ONE("a", "In", "7"), TERMS "/0/matchExpressions/0/values/0: expected string, got integer"},
    {ONE("a", "In", "'b', 'b/c'"),
     TERMS "/0/matchExpressions/0/values/1: 'b/c' is no label's value"},
    {ONE("a", "Exists", "'b'"),
     TERMS "/0/matchExpressions/0/values: Exists and DoesNotExist take no value"},
    {ONE("a", "Gt", "'x'"), TERMS "/0/matchExpressions/0/values: Gt and Lt need one integer"},
    {ONE("a", "Gt", "'9223372036854775808'"),
     TERMS "/0/matchExpressions/0/values: Gt and Lt need one integer"},
    {ONE("a", "Lt", "'1', '2'"), TERMS "/0/matchExpressions/0/values: Gt and Lt need one integer"},
    {AFFINITY(FIELD("Exists", "")), TERMS "/0/matchFields/0/operator: of a field is In or NotIn"},
    {AFFINITY(FIELD("In", "'a', 'b'")), TERMS "/0/matchFields/0/values: must be one value"},
    {AFFINITY("{'matchFields': [{'key': 'metadata.uid', 'operator': 'In', 'values': ['a']}]}"),
     TERMS "/0/matchFields/0/key: 'metadata.uid' is not metadata.name"},
    {PREFERRED "1]}}}}", PREFERRED_AT ": expected object, got integer"},
    {PREFERRED "{'weight': 0, 'preference': {}}]}}}}",
     PREFERRED_AT "/weight: 0 is not within 1..100"},
    {PREFERRED "{'weight': 1}]}}}}", PREFERRED_AT "/preference: required"},
    {TOLERATION("1"), TOLERATION_AT ": expected object, got integer"},
    {TOLERATION("{'key': 'a', 'operator': 'In'}"),
     TOLERATION_AT "/operator: 'In' is not one of Equal, Exists, Lt, Gt"},
    {TOLERATION("{'key': 'a', 'effect': 'Never'}"),
     TOLERATION_AT "/effect: 'Never' is not one of NoSchedule, PreferNoSchedule, NoExecute"},
    {TOLERATION("{'value': 'a'}"), TOLERATION_AT ": without a key the operator must be Exists"},
    {TOLERATION("{'key': 'a', 'operator': 'Exists', 'value': 'b'}"),
     TOLERATION_AT "/value: must be empty where the operator is Exists"},
};

START_TEST(refusing)
{
    struct world world;
    struct sy_err err = {0};
    const struct sy_scheduler_pod *ret = NULL;
    world_init(&world);
    struct sy_state_pod pod = pod_of(&world, refusals[_i].object);
    enum sy_code code = sy_scheduler_pod_new(&pod, world.arena, &ret, &err);
    ck_assert_msg(code != SY_OK, "%s", refusals[_i].object);
    ck_assert_str_eq(err.text, refusals[_i].text);
    ck_assert_ptr_null(ret);
    world_done(&world);
}
END_TEST

/* A pod with n terms, each with one requirement of one value. */
static json_t *many_terms(struct world *world, size_t n)
{
    json_t *object = world_json(world, ONE("a", "In", "'b'"));
    json_t *terms = json_object_get(
        json_object_get(
            json_object_get(json_object_get(json_object_get(object, "spec"), "affinity"),
                            "nodeAffinity"),
            "requiredDuringSchedulingIgnoredDuringExecution"),
        "nodeSelectorTerms");
    for (size_t i = 1; i < n; i++)
        ck_assert_int_eq(json_array_append(terms, json_array_get(terms, 0)), 0);
    return object;
}

START_TEST(many_are_read_and_too_many_refused)
{
    static const struct sy_taken none = {0};
    struct world world;
    struct sy_err err = {0};
    const struct sy_scheduler_pod *read = NULL;
    world_init(&world);
    struct sy_state_pod pod = world_pod(&world, "{}");
    struct sy_state_node node = world_node(&world, "{'name': 'n'}");
    pod.object = many_terms(&world, 10000);
    ck_assert_int_eq(sy_scheduler_filter(world_read(&world, &pod), &node, &none).stage,
                     SY_STAGE_AFFINITY);
    pod.object = many_terms(&world, 30000);
    ck_assert_int_eq(sy_scheduler_pod_new(&pod, world.arena, &read, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, TERMS "/21845: more than 65536 terms, "
                                     "requirements, values and tolerations in all");
    world_done(&world);
}
END_TEST

struct sweep {
    struct world *world;
    struct sy_state_pod pod;
};

static enum sy_code read_once(void *data, struct sy_err *err)
{
    struct sweep *sweep = data;
    const struct sy_scheduler_pod *read = NULL;
    struct sy_arena *arena = sy_arena_new_sized(1 << 20, 64);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_scheduler_pod_new(&sweep->pod, arena, &read, err);
    sy_arena_free(arena);
    return code;
}

START_TEST(out_of_memory)
{
    struct world world;
    world_init(&world);
    struct sweep sweep = {
        .world = &world,
        .pod = pod_of(
            &world,
            "{'spec': {'nodeSelector': {'a': 'b'}, 'tolerations': [{'operator': 'Exists'}], "
            "'affinity': {'nodeAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': "
            "{'nodeSelectorTerms': [" EXPRESSION("a", "In", "'c', 'd'") ", " FIELD(
                "In", "'n'") "]}, "
                             "'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 3, "
                             "'preference': " EXPRESSION("a", "Gt", "'1'") "}]}}}}")};
    ck_assert_int_gt(sy_fault_sweep(read_once, &sweep, 0), 1);
    world_done(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_scheduler_selector");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, matching, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tcase, refusing, 0, sizeof refusals / sizeof refusals[0]);
    tcase_add_test(tcase, many_are_read_and_too_many_refused);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
