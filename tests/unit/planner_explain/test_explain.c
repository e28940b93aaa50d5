/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations of the sample cluster: every node in a few lines, and changes that the engine has
 * verified. */
#include "tests/lib/run.h"
#include "tests/unit/planner_whatif/ask.h"

#include <string.h>

/* What people read of it. */
static const struct {
    const char *line;
    int status;
    const char *part;
} cases[] = {
    {"explain LARGE -f FILES/npu4.yaml", 1,
     "    1  busy     Extender               -      -  too few free devices                        "
     "           npu-b2\n"},
    {"explain LARGE -f FILES/npu4.yaml", 1,
     "what would place it, cheapest first:\n"
     "  relax require from switch to any: it fits on trio-a2 with 10 instead of 28 GB/s at its "
     "slowest link\n"
     "  wait for research/pretrain-0 on npu-b1\n"
     "  wait for research/pretrain-1 on npu-b2\n"},
    {"explain LARGE -f FILES/trio.yaml", 2,
     "what would place it, cheapest first:\n"
     "  relax min-bandwidth from 60 to 28 GB/s: it fits on trio-a1 with 28 instead of 60 GB/s at "
     "its slowest link\n"},
    /* Its budget lets one of them go. */
    {"explain LARGE -f FILES/gpu8.yaml", 1,
     "  wait for serving/chat-2, serving/chat-3 on gpu-c2: PodDisruptionBudget serving/chat does "
     "not let them move at once\n"},
    {"explain -s FILES/evict.yaml -f FILES/four.yaml", 1,
     "what would place it, cheapest first:\n"
     "  move serving/v-0 to b: it fits on d\n"
     "  move serving/w-0 to d, serving/w-1 to b: it fits on a\n\n"},
    {"explain -s FILES/evict.yaml -s FILES/budget_2.yaml -f FILES/four.yaml", 1,
     "what would place it, cheapest first:\n"
     "  move serving/v-0 to b: it fits on d\n"
     "  move serving/w-0 to d, serving/w-1 to b: it fits on a\n\n"},
    {"explain -s FILES/evict.yaml -s FILES/budget_1.yaml -f FILES/four.yaml", 1,
     "what would place it, cheapest first:\n"
     "  move serving/v-0 to b: it fits on d\n"
     "  wait for serving/w-0, serving/w-1 on a: PodDisruptionBudget serving/chat does not let them "
     "move at once\n\n"},
    {"explain -s FILES/evict.yaml -s FILES/budget_0.yaml -f FILES/four.yaml", 1,
     "what would place it, cheapest first:\n"
     "  wait for serving/v-0 on d: PodDisruptionBudget serving/chat does not let them move at "
     "once\n"
     "  wait for serving/w-0, serving/w-1 on a: PodDisruptionBudget serving/chat does not let them "
     "move at once\n\n"},
    {"explain -s FILES/evict.yaml -f FILES/pinned.yaml", 1,
     "what would place it, cheapest first:\n"
     "  drop the pod's node selector and required node affinity: it fits on d\n"},
    {"explain SMALL -f FILES/huge.yaml", 2, "never enough cpu, short by 1 CPU"},
    {"explain LARGE -f FILES/watts.yaml", 1,
     "never: over the power cap (node), short by 670 W  gpu-c2\n"},
    {"explain LARGE -f FILES/watts.yaml", 1,
     "  raise the limit of gpu-c2 from 4800 to 5470 W: it fits on gpu-c2\n"},
    {"explain LARGE -f FILES/bad.yaml", 2,
     "    8  never    Extender               -      -  switchyard.dev/require 'rack': 'rack' is "
     "not "
     "one of slot, switch, root, numa, socket, any  edge-d3, fpga-d1, gpu-c1\n"},
    {"explain LARGE -f FILES/bad.yaml", 2, "no change that was tried would place it\n"},
    {"explain LARGE pod vision/eval-0", 2,
     "  remove taint nvidia.com/gpu from gpu-c2, or tolerate it\n"},
    {"explain LARGE pod eval-0 -n vision", 2, "pod vision/eval-0: fits on none of 12 nodes"},
    {"explain LARGE pod serving/chat-0", 0,
     "it runs on gpu-c1 with a set of score 858 (best set there: 858); placed anew it would go to "
     "gpu-c2, score 865\n"},
    {"explain LARGE -f FILES/gpu4.yaml --node gpu-c2", 0,
     "node gpu-c2: fits, score 539 of 1000, 10 of 10 on the wire, mode exact\n"
     "power: 2830 W of 4800 W left at node, 1810 W with the pod\n"},
    {"explain LARGE -f FILES/gpu4.yaml --node gpu-c1", 0,
     "node gpu-c1: busy, NodeResourcesFit: not enough nvidia.com/gpu left, short by 2\n"},
    {"whatif power LARGE --node gpu-c1 --limit 2500", 0,
     "gpu-c1: 2990 W are provisioned, over 2500 W; 1970 W after these steps, 0 of 1 stopped pods "
     "have no place\n\n"
     "ORDER  ACTION  NAMESPACE  POD       PRIORITY  NODE    DEVICE  CAP-WATTS  FREES  LEFT  TO\n"
     "    1  stop    vision     resnet-0         0  gpu-c1  -               -   1020  1970  "
     "gpu-c2\n"},
    /* Six caps are not enough: one stop is, and then none of them is needed; below, part of one. */
    {"whatif power LARGE --node gpu-c1 --limit 2000 --cap-floor 50", 0,
     "ORDER  ACTION  NAMESPACE  POD       PRIORITY  NODE    DEVICE  CAP-WATTS  FREES  LEFT  TO\n"
     "    1  stop    vision     resnet-0         0  gpu-c1  -               -   1020  1970  "
     "gpu-c2\n\n"},
    {"whatif power LARGE --node gpu-c1 --limit 1900 --cap-floor 50", 0,
     "    1  cap     serving    chat-0         500  gpu-c1  0000:13:00.0        230     70  2920  "
     "-\n"
     "    2  stop    vision     resnet-0         0  gpu-c1  -                     -   1020  1900  "
     "gpu-c2\n\n"},
    {"whatif power LARGE --node gpu-c1 --limit 2500 --cap-floor 50", 0,
     "2500 W after these steps, no pod is stopped\n"},
    {"whatif power LARGE --device gpu-c1/0000:14:00.0 --limit 200 --cap-floor 50", 0,
     "    1  cap     serving    chat-1       500  gpu-c1  0000:14:00.0        200    100   200  "
     "-\n"},
    {"whatif add-nodes LARGE -f SAMPLE/finetune-job.yaml --like cpu-d4", 2,
     "research/finetune-2 fits on none of these, nor now on those that are there: never enough "
     "npu.huawei.com/ascend910b, short by 2\n"},
    {"whatif fit LARGE -f SAMPLE/finetune-job.yaml", 2,
     "  PATH and GB/S are those of the best set of devices; SCORE is of what is expected of the "
     "kubelet's choice, which may be slower\n"},
    {"whatif compare -s SAMPLE/snapshot.json --policy SAMPLE/policy.yaml --with kube-default -f "
     "SAMPLE/finetune-job.yaml",
     1, "3        3         28      -\n"},
    {"whatif power LARGE --domain rack-a --limit 9000", 0,
     "rack-a: 6930 W are provisioned, within 9000 W: nothing is to be done\n"},
    {"whatif power LARGE --domain rack-c --limit 100", 2, "the limit is not kept\n"},
    {"whatif drain LARGE --domain rack-c", 1, "3 nodes, 6 pods: 4 move in 4 waves"},
    {"whatif survive LARGE --feed", 1, "2 of 2 feed failures leave pods without a place"},
    {"whatif add-nodes LARGE --like gpu-c1 -f FILES/gpu8.yaml --domain rack-c", 0,
     "gpu-c1        1      -   3500           -          -  fits; no smaller number does\n"},
    {"whatif add-nodes LARGE --like gpu-c1 -f FILES/gpu8.yaml -f FILES/gpu8.yaml --domain rack-d",
     1,
     "gpu-c1        -      -      -           -          -  power domain rack-d has no watts "
     "for more"},
};

START_TEST(test_text)
{
    ask_contains(cases[_i].line, cases[_i].status, cases[_i].part);
}
END_TEST

/* Each change is as good as it says: the pod as relaxed fits, the raised limit is the least. */
START_TEST(test_changes)
{
    json_t *answer = ask_json("explain LARGE -f FILES/watts.yaml", 1);
    const json_t *change = json_array_get(json_object_get(answer, "changes"), 0);
    const json_t *raise = json_array_get(json_object_get(change, "raise"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(change, "kind")), "raiseCap");
    ck_assert_int_eq(json_integer_value(json_object_get(change, "cost")), 670);
    ck_assert_str_eq(json_string_value(json_object_get(raise, "element")), "gpu-c2");
    ck_assert_int_eq(json_integer_value(json_object_get(raise, "toWatts")), 5470);
    ck_assert(json_is_true(json_object_get(change, "verified")));
    ck_assert(json_is_false(json_object_get(answer, "trialsCut")));
    json_decref(answer);
}
END_TEST

/* Every node is there once, with its stage; those that kube-scheduler let pass with the engine's
 * breakdown. */
START_TEST(test_nodes)
{
    json_t *answer = ask_json("explain LARGE -f FILES/gpu4.yaml", 0);
    const json_t *nodes = json_object_get(answer, "nodes");
    size_t sum = 0, i;
    json_t *group, *node;
    ck_assert_str_eq(json_string_value(json_object_get(answer, "kind")), "Explanation");
    ck_assert_str_eq(json_string_value(json_object_get(answer, "best")), "gpu-c2");
    ck_assert_uint_eq(json_array_size(nodes), 12);
    json_array_foreach(json_object_get(answer, "groups"), i, group) sum +=
        (size_t)json_integer_value(json_object_get(group, "nodes"));
    ck_assert_uint_eq(sum, 12);
    ck_assert_uint_le(json_array_size(json_object_get(answer, "groups")), 5);
    json_array_foreach(nodes, i, node)
    {
        bool fits = strcmp(json_string_value(json_object_get(node, "verdict")), "fits") == 0;
        ck_assert_int_eq(json_is_null(json_object_get(node, "stage")), fits);
        ck_assert_int_eq(json_is_object(json_object_get(node, "scheduler")), fits);
        ck_assert_int_eq(json_is_array(json_object_get(node, "devices")), fits);
    }
    json_decref(answer);
}
END_TEST

static const char *const sweeps[] = {
    "explain LARGE -f FILES/npu4.yaml",
    "explain LARGE pod serving/chat-0 --node gpu-c1",
    "whatif power LARGE --node gpu-c1 --limit 2500 --cap-floor 90",
};

/* Reading the sample makes thousands of allocations, each the same in all questions: those behind
 * them count here. */
START_TEST(test_faults)
{
    ask_sweep(sweeps[_i], 10000, 499);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_explain");
    TCase *tcase = tcase_create("explain");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, test_text, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, test_changes);
    tcase_add_test(tcase, test_nodes);
    tcase_add_loop_test(tcase, test_faults, 0, sizeof sweeps / sizeof sweeps[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
