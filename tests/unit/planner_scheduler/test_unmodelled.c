/* SPDX-License-Identifier: Apache-2.0 */
/* What is not modelled is named. */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_scheduler/world.h"

#include <stdio.h>
#include <string.h>

#define SPEC(fields) "{'object': {'spec': {" fields "}}}"

static const struct {
    const char *pod, *expected; /* one a line */
} cases[] = {
    {"{}", ""},
    {"{'object': 3}", ""},
    {SPEC(
         "'nodeSelector': {'a': 'b'}, 'affinity': {'nodeAffinity': {}, 'podAffinity': {}}, "
         "'schedulerName': 'default-scheduler', 'priority': 0, 'resourceClaims': null, "
         "'topologySpreadConstraints': [], 'volumes': [{'emptyDir': {}}, {'configMap': {'a': 1}}]"),
     ""},
    {SPEC("'affinity': {'podAntiAffinity': {'a': []}, 'podAffinity': {'a': []}}"),
     "spec.affinity.podAffinity (InterPodAffinity)\n"
     "spec.affinity.podAntiAffinity (InterPodAffinity)\n"},
    {SPEC("'containers': [{}, {'ports': [{'containerPort': 1}, {'hostPort': 80}]}]"),
     "spec.containers[].ports[].hostPort (NodePorts)\n"},
    {SPEC("'containers': [{'ports': [{'containerPort': 1}]}]"), ""},
    {SPEC("'hostNetwork': true, 'containers': [{'ports': [{'containerPort': 1}]}]"),
     "spec.containers[].ports[].hostPort (NodePorts)\n"},
    {SPEC("'initContainers': [{'ports': [{'hostPort': 80}]}]"),
     "spec.containers[].ports[].hostPort (NodePorts)\n"},
    {"{'priority': 7, 'object': {'spec': {'priority': 7, 'priorityClassName': 'high'}}}",
     "spec.priority 7 (DefaultPreemption)\n"},
    {"{'priority': 7, 'object': {'spec': {'priority': 7, 'preemptionPolicy': 'Never'}}}", ""},
    {SPEC("'priorityClassName': 'high'"), "spec.priorityClassName high (DefaultPreemption)\n"},
    {SPEC("'resourceClaims': [{'name': 'a'}], 'resources': {'requests': {'cpu': '1'}}"),
     "spec.resourceClaims (DynamicResources)\n"
     "spec.resources (the score of NodeResourcesFit)\n"},
    {SPEC("'runtimeClassName': 'kata'"),
     "spec.runtimeClassName (its overhead and node selector)\n"},
    {SPEC("'runtimeClassName': 'kata', 'overhead': {'cpu': '1'}"), ""},
    {SPEC("'schedulerName': 'volc\\u0001ano', 'schedulingGates': [{'name': 'a'}]"),
     "spec.schedulerName volc\\x01ano\n"
     "spec.schedulingGates (SchedulingGates)\n"},
    {SPEC("'schedulingGroup': {'podGroupName': 'a'}, 'workloadRef': {'name': 'a'}"),
     "spec.schedulingGroup (GangScheduling)\n"
     "spec.workloadRef (GangScheduling)\n"},
    {SPEC("'tolerations': [{'key': 'a', 'operator': 'Lt', 'value': '1'}]"),
     "spec.tolerations[].operator Lt, Gt (TaintToleration)\n"},
    {SPEC("'topologySpreadConstraints': [{'maxSkew': 1}]"),
     "spec.topologySpreadConstraints (PodTopologySpread)\n"},
    {"{'owner': 'ReplicaSet'}",
     "the default spreading of a ReplicaSet's pods (PodTopologySpread)\n"},
    {"{'owner': 'Job'}", ""},
    {"{'owner': 'StatefulSet', 'object': {'spec': {'topologySpreadConstraints': [{'maxSkew': "
     "1}]}}}",
     "spec.topologySpreadConstraints (PodTopologySpread)\n"},
    {SPEC("'volumes': [{'csi': {'driver': 'a'}}, {'persistentVolumeClaim': {'claimName': 'a'}}, "
          "{'persistentVolumeClaim': {'claimName': 'b'}}]"),
     "spec.volumes[].persistentVolumeClaim (VolumeBinding, VolumeZone, VolumeRestrictions, "
     "NodeVolumeLimits)\n"
     "spec.volumes[].csi (NodeVolumeLimits)\n"},
    {"{'object': {'status': {'nominatedNodeName': 'a'}}}", "status.nominatedNodeName\n"},
};

/* Without allocating: some of them fail. */
static void check_lines(const char *const *text, size_t n, const char *expected)
{
    char got[1024] = "";
    for (size_t i = 0, at = 0; i < n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s\n", text[i]);
    ck_assert_str_eq(got, expected);
}

START_TEST(of_a_pod)
{
    struct world world;
    struct sy_err err = {0};
    const char *const *text;
    size_t n;
    world_init(&world);
    struct sy_state_pod pod = world_pod(&world, cases[_i].pod);
    ck_assert_int_eq(sy_scheduler_unmodelled(&pod, world.arena, &text, &n, &err), SY_OK);
    check_lines(text, n, cases[_i].expected);
    world_done(&world);
}
END_TEST

static enum sy_code both(void *data, struct sy_err *err)
{
    struct sy_state *state = data;
    const char *const *text;
    size_t n;
    struct sy_arena *arena = sy_arena_new_sized(1 << 16, 64);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_scheduler_unmodelled(&state->pod[0], arena, &text, &n, err);
    if (code == SY_OK)
        code = sy_scheduler_unmodelled_cluster(state, arena, &text, &n, err);
    if (code == SY_OK)
        check_lines(text, n,
                    "spec.affinity.podAntiAffinity of 2 pods, first default/p (InterPodAffinity)\n"
                    "status.nominatedNodeName of 1 pod, first default/p\n");
    sy_arena_free(arena);
    return code;
}

START_TEST(of_a_cluster)
{
    struct world world;
    world_init(&world);
#define ANTI                                                                                       \
    "'object': {'spec': {'schedulerName': 'x', 'affinity': {'podAntiAffinity': {'a': []}}}}"
    struct sy_state_pod pods[] = {world_pod(&world, "{'nodeName': 'a', " ANTI "}"),
                                  world_pod(&world, "{'nodeName': 'b', " ANTI "}"),
                                  world_pod(&world, "{" ANTI "}"),
                                  world_pod(&world, "{'object': {'status': {'nominatedNodeName': "
                                                    "'a'}}}")};
    struct sy_state state = {.npod = 4, .pod = pods};
    struct sy_err err = {0};
    ck_assert_int_eq(both(&state, &err), SY_OK);
    ck_assert_int_gt(sy_fault_sweep(both, &state, 0), 1);
    world_done(&world);
}
END_TEST

START_TEST(always)
{
    const char *const *plugin = sy_scheduler_never_modelled();
    ck_assert_str_eq(plugin[0], "ImageLocality (images on the nodes)");
    ck_assert_str_eq(plugin[1], "PodTopologySpread (of a Service's pods)");
    ck_assert_ptr_null(plugin[2]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_scheduler_unmodelled");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, of_a_pod, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, of_a_cluster);
    tcase_add_test(tcase, always);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
