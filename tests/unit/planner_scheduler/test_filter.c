/* SPDX-License-Identifier: Apache-2.0 */
/* Which of kube-scheduler's filters drops a node, in its order and with its texts. */
#include "base/random.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_scheduler/world.h"

#include <stdio.h>
#include <string.h>

#define TOLERATE(key_op_value_effect)                                                              \
    "{'object': {'spec': {'tolerations': [{" key_op_value_effect "}]}}}"
#define NEW_NODE "'allocatable': {'cpu': 4000, 'memory': 1000, 'pods': 10"
#define NODE "{" NEW_NODE "}}"
#define TAINT(key, value, effect) "{'taints': [['" key "', '" value "', '" effect "']]}"

static const struct {
    const char *what, *pod, *node, *taken; /* taken: requests of one pod that is there */
    const char *expected;                  /* "stage text | name | asked/left | never" */
} cases[] = {
    {"nothing asked", "{}", NODE, "{}", ""},
    {"closed", "{}", "{'unschedulable': true}", "{}", "node(s) were unschedulable||0/0|never"},
    {"closed, all tolerated", TOLERATE("'operator': 'Exists'"), "{'unschedulable': true}", "{}",
     ""},
    {"closed, its taint tolerated",
     TOLERATE("'key': 'node.kubernetes.io/unschedulable', 'operator': 'Exists'"),
     "{'unschedulable': true}", "{}", ""},
    {"closed, its taint tolerated by value",
     TOLERATE("'key': 'node.kubernetes.io/unschedulable', 'effect': 'NoSchedule'"),
     "{'unschedulable': true}", "{}", ""},
    {"closed, another effect tolerated",
     TOLERATE("'key': 'node.kubernetes.io/unschedulable', 'operator': 'Exists', 'effect': "
              "'NoExecute'"),
     "{'unschedulable': true}", "{}", "node(s) were unschedulable||0/0|never"},
    {"another node asked for", "{'nodeName': 'm'}", NODE, "{}",
     "node(s) didn't match the requested node name||0/0|never"},
    {"this node asked for", "{'nodeName': 'n'}", NODE, "{}", ""},
    {"a pod that stands elsewhere", "{'nodeName': 'm', 'on': true}", NODE, "{}", ""},
    {"taint", "{}", TAINT("a", "b", "NoSchedule"), "{}",
     "node(s) had untolerated taint(s)|a|0/0|never"},
    {"taint that evicts", "{}", TAINT("a", "", "NoExecute"), "{}",
     "node(s) had untolerated taint(s)|a|0/0|never"},
    {"soft taint", "{}", TAINT("a", "b", "PreferNoSchedule"), "{}", ""},
    {"second taint", TOLERATE("'key': 'a', 'operator': 'Exists'"),
     "{'taints': [['a', '', 'NoSchedule'], ['b', '', 'NoSchedule']]}", "{}",
     "node(s) had untolerated taint(s)|b|0/0|never"},
    {"equal by default", TOLERATE("'key': 'a', 'value': 'b'"), TAINT("a", "b", "NoSchedule"), "{}",
     ""},
    {"equal, another value", TOLERATE("'key': 'a', 'operator': 'Equal', 'value': 'c'"),
     TAINT("a", "b", "NoSchedule"), "{}", "node(s) had untolerated taint(s)|a|0/0|never"},
    {"another key", TOLERATE("'key': 'b', 'operator': 'Exists'"), TAINT("a", "b", "NoSchedule"),
     "{}", "node(s) had untolerated taint(s)|a|0/0|never"},
    {"another effect", TOLERATE("'key': 'a', 'operator': 'Exists', 'effect': 'NoExecute'"),
     TAINT("a", "b", "NoSchedule"), "{}", "node(s) had untolerated taint(s)|a|0/0|never"},
    {"the gate of Lt and Gt is off", TOLERATE("'key': 'a', 'operator': 'Gt', 'value': '1'"),
     TAINT("a", "2", "NoSchedule"), "{}", "node(s) had untolerated taint(s)|a|0/0|never"},
    {"also of equal values", TOLERATE("'key': 'a', 'operator': 'Lt', 'value': '2'"),
     TAINT("a", "2", "NoSchedule"), "{}", "node(s) had untolerated taint(s)|a|0/0|never"},
    {"what admission tolerates", "{}", TAINT("node.kubernetes.io/not-ready", "", "NoExecute"), "{}",
     ""},
    {"and nothing more", "{}", TAINT("node.kubernetes.io/not-ready", "", "NoSchedule"), "{}",
     "node(s) had untolerated taint(s)|node.kubernetes.io/not-ready|0/0|never"},
    {"and not where the pod has its own",
     TOLERATE("'key': 'node.kubernetes.io/unreachable', 'value': 'x'"),
     TAINT("node.kubernetes.io/unreachable", "", "NoExecute"), "{}",
     "node(s) had untolerated taint(s)|node.kubernetes.io/unreachable|0/0|never"},
    {"selector", "{'object': {'spec': {'nodeSelector': {'a': 'b'}}}}", "{'labels': {'a': 'c'}}",
     "{}", "node(s) didn't match Pod's node affinity/selector||0/0|never"},
    {"the order: closed, taint, selector",
     "{'object': {'spec': {'nodeSelector': {'a': 'b'}}}, 'nodeName': 'm', 'requests': {'cpu': 9}}",
     "{'unschedulable': true, 'taints': [['a', '', 'NoSchedule']], 'allocatable': {}}", "{}",
     "node(s) were unschedulable||0/0|never"},
    {"the order: taint before selector", "{'object': {'spec': {'nodeSelector': {'a': 'b'}}}}",
     TAINT("t", "", "NoSchedule"), "{}", "node(s) had untolerated taint(s)|t|0/0|never"},
    {"the order: selector before resources",
     "{'object': {'spec': {'nodeSelector': {'a': 'b'}}}, 'requests': {'cpu': 9}}",
     "{'allocatable': {}}", "{}", "node(s) didn't match Pod's node affinity/selector||0/0|never"},
    {"the order: names before all",
     "{'object': {'spec': {'affinity': {'nodeAffinity': {"
     "'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': [{'matchFields': "
     "[{'key': 'metadata.name', 'operator': 'In', 'values': ['m']}]}]}}}}}}",
     "{'unschedulable': true}", "{}", "node(s) didn't satisfy plugin(s) [NodeAffinity]||0/0|never"},
    {"two names at once are no node's",
     "{'object': {'spec': {'affinity': {'nodeAffinity': {"
     "'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': [{'matchFields': "
     "[{'key': 'metadata.name', 'operator': 'In', 'values': ['n']}, {'key': 'metadata.name', "
     "'operator': 'In', 'values': ['m']}, {'key': 'metadata.name', 'operator': 'In', 'values': "
     "['n']}]}]}}}}}}",
     NODE, "{}", "node(s) didn't satisfy plugin(s) [NodeAffinity]||0/0|never"},
    {"the last one", "{}", "{'allocatable': {'pods': 2}}", "{}", ""},
    {"too many", "{}", "{'allocatable': {'pods': 1}}", "{}", "Too many pods||1/0|"},
    {"no pods at all", "{}", "{'allocatable': {}}", "{}", "Too many pods||1/0|never"},
    {"CPU, all of it", "{'requests': {'cpu': 3000}}", NODE, "{'cpu': 1000}", ""},
    {"CPU", "{'requests': {'cpu': 3001}}", NODE, "{'cpu': 1000}", "Insufficient|cpu|3001/3000|"},
    {"CPU, never", "{'requests': {'cpu': 4001}}", NODE, "{}", "Insufficient|cpu|4001/4000|never"},
    {"CPU, never: short of the empty node", "{'requests': {'cpu': 4001}}", NODE, "{'cpu': 1000}",
     "Insufficient|cpu|4001/4000|never"},
    {"overcommitted and nothing asked", "{'requests': {'memory': 1}}", NODE, "{'cpu': 9000}", ""},
    {"memory", "{'requests': {'memory': 600}}", NODE, "{'memory': 500}",
     "Insufficient|memory|600/500|"},
    {"ephemeral storage", "{'requests': {'ephemeral-storage': 1}}", NODE, "{}",
     "Insufficient|ephemeral-storage|1/0|never"},
    {"devices", "{'requests': {'x.com/a': 3}}", "{" NEW_NODE ", 'x.com/a': 4}}", "{'x.com/a': 2}",
     "Insufficient|x.com/a|3/2|"},
    {"devices that are not there", "{'requests': {'x.com/b': 1}}", "{" NEW_NODE ", 'x.com/a': 4}}",
     "{}", "Insufficient|x.com/b|1/0|never"},
    {"none of them asked", "{'requests': {'x.com/b': 0}}", NODE, "{}", ""},
    {"the first of two", "{'requests': {'cpu': 4000, 'memory': 1000}}", NODE,
     "{'cpu': 1, 'memory': 1}", "Insufficient|cpu|4000/3999|"},
    {"the one that never fits goes first", "{'requests': {'cpu': 4000, 'memory': 1001}}", NODE,
     "{'cpu': 1}", "Insufficient|memory|1001/1000|never"},
    {"it goes before the number of pods", "{'requests': {'memory': 1001}}",
     "{'allocatable': {'pods': 1, 'memory': 1000}}", "{}", "Insufficient|memory|1001/1000|never"},
    {"resources unknown", "{'requests': {'cpu': 1, 'x.com/a': 1}}", "{}", "{}", ""},
};

START_TEST(stages)
{
    struct world world;
    struct sy_taken taken = {0};
    struct sy_err err = {0};
    char got[256], there[256];
    world_init(&world);
    struct sy_state_pod pod = world_pod(&world, cases[_i].pod);
    struct sy_state_node node = world_node(&world, cases[_i].node);
    (void)snprintf(there, sizeof there, "{'requests': %s}", cases[_i].taken);
    struct sy_state_pod other = world_pod(&world, there);
    ck_assert_int_eq(sy_taken_add(&taken, &other, &err), SY_OK);
    struct sy_stage_verdict v = sy_scheduler_filter(world_read(&world, &pod), &node, &taken);
    (void)snprintf(got, sizeof got, "%s|%s|%ld/%ld|%s", sy_stage_text((enum sy_stage)v.stage),
                   v.name != NULL ? v.name : "", (long)v.asked, (long)v.left,
                   v.never ? "never" : "");
    if (v.stage == SY_STAGE_PASSED)
        ck_assert_str_eq(got, "||0/0|");
    ck_assert_msg(strcmp(v.stage == SY_STAGE_PASSED ? "" : got, cases[_i].expected) == 0, "%s: %s",
                  cases[_i].what, got);
    sy_taken_done(&taken);
    world_done(&world);
}
END_TEST

START_TEST(every_shortage_is_listed)
{
    struct world world;
    struct sy_stage_verdict found[8];
    const struct sy_taken taken = {.pods = 10, .cpu_milli = 1};
    world_init(&world);
    struct sy_state_pod pod = world_pod(
        &world, "{'requests': {'cpu': 4000, 'memory': 1001, 'ephemeral-storage': 0, 'x.com/b': 2, "
                "'x.com/a': 1}}");
    struct sy_state_node node = world_node(&world, "{" NEW_NODE ", 'x.com/b': 1}}");
    const struct sy_scheduler_pod *read = world_read(&world, &pod);
    ck_assert_uint_eq(sy_scheduler_shortages(read, &node, &taken, found, 8), 5);
    static const char *const names[] = {NULL, "cpu", "memory", "x.com/a", "x.com/b"};
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(found[i].stage, i == 0 ? SY_STAGE_PODS : SY_STAGE_RESOURCE);
        ck_assert_pstr_eq(found[i].name, names[i]);
        ck_assert_int_eq(found[i].never, i > 1);
    }
    found[1].name = "untouched";
    ck_assert_uint_eq(sy_scheduler_shortages(read, &node, &taken, found, 1), 5);
    ck_assert_str_eq(found[1].name, "untouched");
    node.resources_known = false;
    ck_assert_uint_eq(sy_scheduler_shortages(read, &node, &taken, found, 8), 0);
    world_done(&world);
}
END_TEST

static int64_t amount(struct sy_random *random)
{
    return (int64_t)sy_random_below(random, 6);
}

static void draw(struct sy_random *random, struct sy_amounts *amounts, struct sy_amount other[2])
{
    *amounts = (struct sy_amounts){.cpu_milli = amount(random),
                                   .memory_bytes = amount(random),
                                   .storage_bytes = amount(random),
                                   .pods = amount(random),
                                   .other = other,
                                   .n = (size_t)sy_random_below(random, 3)};
    other[0] = (struct sy_amount){"x/a", amount(random)};
    other[1] = (struct sy_amount){"x/b", amount(random)};
}

/* "Never" is what the empty node says; a node that takes a pod takes it with less on it; it passes
 * when nothing is short. */
START_TEST(never_is_of_the_empty_node)
{
    struct world world;
    struct sy_random random;
    const struct sy_taken none = {0};
    world_init(&world);
    sy_random_init(&random, 1);
    struct sy_state_pod pod = world_pod(&world, "{}"), there = pod;
    struct sy_state_node node = world_node(&world, "{'allocatable': {}}");
    unsigned seen[2] = {0};
    for (int turn = 0; turn < 20000; turn++) {
        struct sy_amount asked[2], has[2], held[2];
        struct sy_taken taken = {0};
        struct sy_stage_verdict all[8];
        struct sy_err err = {0};
        draw(&random, &pod.requests, asked);
        draw(&random, &node.allocatable, has);
        draw(&random, &there.requests, held);
        ck_assert_int_eq(sy_taken_add(&taken, &there, &err), SY_OK);
        const struct sy_scheduler_pod *read = world_read(&world, &pod);
        struct sy_stage_verdict empty = sy_scheduler_filter(read, &node, &none),
                                now = sy_scheduler_filter(read, &node, &taken);
        ck_assert_int_eq(now.stage != SY_STAGE_PASSED && now.never, empty.stage != SY_STAGE_PASSED);
        ck_assert_int_eq(empty.never, empty.stage != SY_STAGE_PASSED);
        ck_assert_int_eq(now.stage == SY_STAGE_PASSED,
                         sy_scheduler_shortages(read, &node, &taken, all, 8) == 0);
        ck_assert(now.stage == SY_STAGE_PASSED || now.asked > now.left);
        seen[now.stage == SY_STAGE_PASSED]++;
        sy_taken_done(&taken);
    }
    ck_assert(seen[0] > 1000 && seen[1] > 100);
    world_done(&world);
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(sy_stage_plugin(SY_STAGE_PASSED), "");
    ck_assert_str_eq(sy_stage_plugin(SY_STAGE_RESOURCE), "NodeResourcesFit");
    ck_assert_str_eq(sy_plugin_name(SY_PLUGIN_BALANCED), "NodeResourcesBalancedAllocation");
    ck_assert_str_eq(sy_plugin_name(SY_PLUGIN_TAINTS), "TaintToleration");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_scheduler_filter");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, stages, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, every_shortage_is_listed);
    tcase_add_test(tcase, never_is_of_the_empty_node);
    tcase_add_test(tcase, names);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
