/* SPDX-License-Identifier: Apache-2.0 */
/* Where pods go: with what the service would have learnt, and not where the kubelet refuses them.
 */
#include "scoring/workload_learn.h"
#include "tests/lib/run.h"
#include "world.h"

#define NPU "npu.huawei.com/ascend910b"
#define GPU "nvidia.com/gpu"
#define TRIO "cpu=64 memory=256Gi pods=20 " NPU "=4 " GPU "=2"
#define EMPTY                                                                                      \
    "{\"mode\":\"exact\",\"devices\":[],\"power\":{\"limitWatts\":4000,\"baseWatts\":900}}"
#define HELD(pci, name)                                                                            \
    "{\"pci\":\"" pci "\",\"held\":1000,\"holders\":[{\"namespace\":\"default\",\"name\":\"" name  \
    "\",\"uid\":\"u-" name "\"}]}"
#define STATUS(devices)                                                                            \
    "{\"mode\":\"exact\",\"devices\":[" devices                                                    \
    "],\"power\":{\"limitWatts\":4000,\"baseWatts\":900}}"

#define ok(call)                                                                                   \
    do {                                                                                           \
        struct sy_err err = {0};                                                                   \
        ck_assert_msg((call) == SY_OK, "%s", err.text);                                            \
    } while (0)

/* Two machines with a report; of the first a pod holds two NPUs, another pod waits. */
static void open_two(struct world *w, const char *policy)
{
    world_open(w, policy);
    world_add_node(
        w, &(struct world_node){"a", "trio-1",
                                STATUS(HELD("0000:13:00.0", "old") "," HELD("0000:14:00.0", "old")),
                                TRIO, "rack=r1", NULL});
    world_add_node(w, &(struct world_node){"b", "trio-2", EMPTY, TRIO, "rack=r1", NULL});
    world_add_pod(w, &(struct world_pod){"old", "a", "cpu=4 memory=8Gi " NPU "=2", NULL, NULL});
    world_add_pod(w, &(struct world_pod){"wait", NULL, "cpu=4 memory=8Gi " NPU "=2", NULL, NULL});
    world_ready(w);
}

/* The policy says what the service would do: learn of the cluster as it is now, after every change.
 */
START_TEST(learns_what_pods_usually_ask_for)
{
    struct world w;
    open_two(&w, "workload: learn\ndefaultProfile: io-heavy\n");
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    unsigned differ = 0;
    for (unsigned round = 0; round < 2; round++) {
        struct sy_plan_answer answer;
        struct sy_world world;
        struct sy_candidate candidate[2] = {{.name = "a", .len = 1}, {.name = "b", .len = 1}};
        struct sy_verdict with[2], without[2];
        const struct sy_request *request = &sy_plan_pod(plan, 1)->request;
        ok(sy_plan_try(plan, sy_plan_pod(plan, 1), false, w.arena, &answer, &err));
        ok(sy_plan_world(plan, &world, &err));
        struct sy_workload *workload;
        ok(sy_workload_learn(world.cluster, &workload, &err));
        sy_engine_resolve(world.cluster, candidate, 2);
        world.memo = NULL;
        world.workload = NULL;
        ok(sy_engine_prioritize(&world, request, candidate, 2, w.arena, without, &err));
        world.workload = workload;
        ok(sy_engine_prioritize(&world, request, candidate, 2, w.arena, with, &err));
        for (unsigned i = 0; i < 2; i++) {
            ck_assert_uint_eq(with[i].reason, answer.verdict[i].ours.reason);
            ck_assert_uint_eq(with[i].score, answer.verdict[i].ours.score);
            ck_assert_uint_eq(with[i].wire, answer.verdict[i].ours.wire);
            differ += with[i].score != without[i].score;
        }
        sy_workload_unref(workload);
        const struct sy_state_pod *more = world_new_pod(
            &w, &(struct world_pod){"more", NULL, "cpu=4 memory=8Gi " GPU "=1", NULL, NULL});
        uint32_t id, node;
        ok(sy_plan_add_pod(plan, more, &id, &err));
        ok(sy_plan_place(plan, id, &node, &err));
        ck_assert_uint_ne(node, UINT32_MAX);
    }
    ck_assert_uint_gt(differ, 0); /* or the learning would show nowhere */
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

/* c has a report that is not exact, and a device that is ill: kube-scheduler's count is too high.
 */
START_TEST(what_the_kubelet_refuses_is_not_placed)
{
    struct world w;
    struct sy_plan_answer answer;
    uint32_t id, node;
    world_open(&w, NULL);
    world_add_node(&w, &(struct world_node){"a", "trio-1",
                                            STATUS("{\"pci\":\"0000:13:00.0\",\"healthy\":false}"),
                                            TRIO, "rack=r1", NULL});
    world_add_pod(&w, &(struct world_pod){"one", NULL, "cpu=4 " NPU "=2", NULL, NULL});
    world_add_pod(&w, &(struct world_pod){"two", NULL, "cpu=4 " NPU "=2", NULL, NULL});
    world_ready(&w);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    ok(sy_plan_place(plan, 0, &node, &err));
    ck_assert_uint_eq(node, 0);
    ck_assert_uint_eq(sy_plan_pod_vain(plan, 0), UINT32_MAX);
    /* Bound pods make the report a prediction. */
    ok(sy_plan_try(plan, sy_plan_pod(plan, 1), false, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 1);
    ck_assert_uint_eq(answer.best, 0);
    ck_assert_uint_eq(answer.sound, UINT32_MAX);
    ck_assert(sy_plan_in_vain(&answer.verdict[0]));
    ok(sy_plan_place(plan, 1, &node, &err));
    ck_assert_uint_eq(node, UINT32_MAX);
    ck_assert_uint_eq(sy_plan_pod_vain(plan, 1), 0);
    ck_assert_int_eq(sy_plan_pod_phase(plan, 1), SY_POD_PENDING);
    /* Another node where it runs is the sound one, and once kube-scheduler prefers it, its place.
     */
    ok(sy_plan_add_node(
        plan, world_new_node(&w, &(struct world_node){"b", "trio-2", EMPTY, TRIO, NULL, NULL}), &id,
        &err));
    ok(sy_plan_try(plan, sy_plan_pod(plan, 1), false, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 2);
    ck_assert_uint_eq(answer.verdict[answer.sound].node, id);
    ok(sy_plan_place(plan, 1, &node, &err));
    ck_assert_uint_eq(node, id);
    ck_assert_uint_eq(sy_plan_pod_vain(plan, 1), UINT32_MAX);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_plan_place");
    TCase *tcase = tcase_create("place");
    tcase_add_test(tcase, learns_what_pods_usually_ask_for);
    tcase_add_test(tcase, what_the_kubelet_refuses_is_not_placed);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
