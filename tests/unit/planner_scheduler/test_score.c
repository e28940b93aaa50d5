/* SPDX-License-Identifier: Apache-2.0 */
/* Scores: numbers reckoned by hand, and numbers that the real kube-scheduler logged. */
#include "tests/lib/run.h"
#include "tests/unit/planner_scheduler/world.h"

#include <string.h>

#define GIB (INT64_C(1) << 30)

/* A node's cpu and memory, what is taken of them, counting containers without requests and not, and
 * the same of the pod. */
struct amounts {
    int64_t has[2], taken[2], nonzero_taken[2], asked[2], nonzero_asked[2];
};

static struct sy_scheduler_score score_of(const struct amounts *a, unsigned kube_minor)
{
    struct world world;
    struct sy_scheduler_score score;
    world_init(&world);
    struct sy_state_node node = world_node(&world, "{}");
    struct sy_state_pod pod = world_pod(&world, "{}");
    const struct sy_state_node *nodes[] = {&node};
    const struct sy_taken taken = {.cpu_milli = a->taken[0],
                                   .memory_bytes = a->taken[1],
                                   .nonzero_cpu_milli = a->nonzero_taken[0],
                                   .nonzero_memory_bytes = a->nonzero_taken[1]};
    const struct sy_taken *takens[] = {&taken};
    node.allocatable.cpu_milli = a->has[0];
    node.allocatable.memory_bytes = a->has[1];
    pod.requests.cpu_milli = a->asked[0];
    pod.requests.memory_bytes = a->asked[1];
    pod.nonzero_cpu_milli = a->nonzero_asked[0];
    pod.nonzero_memory_bytes = a->nonzero_asked[1];
    sy_scheduler_score(world_read(&world, &pod), nodes, takens, NULL, 1, kube_minor, 5, &score);
    world_done(&world);
    return score;
}

static const struct {
    const char *what;
    struct amounts amounts;
    int64_t least, balanced_35, balanced_36;
} by_hand[] = {
    /* (2500 / 4000 + 700 / 1000) / 2; 1300 / 4000 against 200 / 1000, before 800 / 4000, 100 / 1000
     */
    {"both", {{4000, 1000}, {800, 100}, {1000, 200}, {500, 100}, {500, 100}}, 66, 93, 74},
    {"empty and full", {{4000, 1000}, {0, 0}, {0, 0}, {4000, 1000}, {4000, 1000}}, 0, 100, 75},
    {"all CPU, no memory", {{4000, 1000}, {0, 0}, {0, 0}, {4000, 0}, {4000, 100}}, 45, 50, 50},
    {"it gets even", {{4000, 1000}, {2000, 0}, {2000, 0}, {0, 500}, {0, 500}}, 50, 100, 87},
    {"past the end", {{4000, 1000}, {0, 0}, {9000, 900}, {1, 1}, {1, 1}}, 4, 99, 74},
    {"overcommitted counts as full", {{10, 10}, {90, 9}, {0, 0}, {1, 1}, {0, 0}}, 100, 100, 77},
    {"nothing asked: not scored, but for what it may use",
     {{1000, 1000}, {500, 0}, {500, 0}, {0, 0}, {100, 200}},
     60,
     0,
     0},
    {"no memory known", {{1000, 0}, {0, 0}, {0, 0}, {100, 100}, {100, 100}}, 90, 100, 75},
    {"nothing known", {{0, 0}, {0, 0}, {0, 0}, {100, 100}, {100, 100}}, 0, 100, 75},
    {"rounds down",
     {{96000, 754 * GIB}, {31900, 9 * GIB}, {32000, 9 * GIB}, {100, GIB}, {100, GIB}},
     82,
     83,
     75},
    {"far past 2^63 / 100",
     {{INT64_MAX, INT64_MAX}, {0, 0}, {INT64_MAX / 2, 0}, {1, 0}, {1, 0}},
     74,
     100,
     75},
};

START_TEST(amounts_by_hand)
{
    struct sy_scheduler_score old = score_of(&by_hand[_i].amounts, 35),
                              now = score_of(&by_hand[_i].amounts, 36);
    ck_assert_msg(old.plugin[SY_PLUGIN_LEAST] == by_hand[_i].least &&
                      old.plugin[SY_PLUGIN_BALANCED] == by_hand[_i].balanced_35 &&
                      now.plugin[SY_PLUGIN_LEAST] == by_hand[_i].least &&
                      now.plugin[SY_PLUGIN_BALANCED] == by_hand[_i].balanced_36,
                  "%s: %ld %ld %ld %ld", by_hand[_i].what, (long)old.plugin[SY_PLUGIN_LEAST],
                  (long)old.plugin[SY_PLUGIN_BALANCED], (long)now.plugin[SY_PLUGIN_LEAST],
                  (long)now.plugin[SY_PLUGIN_BALANCED]);
    ck_assert_int_eq(now.plugin[SY_PLUGIN_PREFERRED], 0);
    ck_assert_int_eq(now.plugin[SY_PLUGIN_TAINTS], 100);
    ck_assert_int_eq(now.total, by_hand[_i].least + by_hand[_i].balanced_36 + 300);
}
END_TEST

/* What kube-scheduler 1.36.3 and 1.35.4 logged (resource_allocation.go at level 10) of pods that
 * tests/cluster/whatif_cases.py had made. */
static const struct {
    unsigned kube_minor;
    struct amounts amounts;
    int64_t least, balanced;
} recorded[] = {
    {36, {{32000, 7516192768}, {0, 0}, {0, 0}, {3250, 1710612737}, {3350, 1710612737}}, 83, 71},
    {36, {{8000, 134217728000}, {0, 0}, {0, 0}, {4800, 4603979776}, {4800, 4603979776}}, 68, 60},
    {36,
     {{96000, 134217728000},
      {8800, 26615687168},
      {8800, 26615687168},
      {3500, 67108865},
      {3500, 209715201}},
     83,
     76},
    {36, {{8000, 7516192768}, {0, 0}, {0, 0}, {250, 6442450944}, {250, 6442450944}}, 55, 54},
    {36, {{96000, 7516192768}, {0, 0}, {0, 0}, {250, 6442450944}, {250, 6442450944}}, 56, 53},
    {36,
     {{15900, 34603008000},
      {11000, 636870913},
      {11200, 846586113},
      {1500, 6442450944},
      {1500, 6442450944}},
     49,
     77},
    {36, {{15900, 34603008000}, {0, 0}, {0, 0}, {7000, 6442450944}, {7100, 6652166144}}, 67, 68},
    {36,
     {{96000, 64000000000},
      {80000, 200000000},
      {80100, 200000000},
      {1000, 21474836481},
      {1100, 21474836481}},
     40,
     83},
    {36, {{15900, 64000000000}, {0, 0}, {0, 0}, {8500, 1610612736}, {8500, 2030043136}}, 71, 62},
    {36, {{15900, 34603008000}, {0, 0}, {0, 0}, {4000, 536870912}, {4000, 746586112}}, 85, 69},
    {36, {{3920, 274877906944}, {0, 0}, {0, 0}, {3500, 67108865}, {3500, 209715201}}, 54, 52},
    {36,
     {{96000, 64000000000},
      {6552, 8789934592},
      {6652, 9209364992},
      {4000, 21474836480},
      {4000, 21474836480}},
     70,
     67},
    {35, {{15900, 34603008000}, {0, 0}, {0, 0}, {1000, 21474836481}, {1100, 21474836481}}, 65, 72},
    {35, {{32000, 7516192768}, {0, 0}, {0, 0}, {2550, 6542450944}, {2550, 6752166144}}, 51, 60},
    {35, {{8000, 7516192768}, {0, 0}, {0, 0}, {3500, 67108865}, {3500, 209715201}}, 76, 78},
    {35,
     {{96000, 64000000000},
      {1500, 2000000000},
      {1500, 2000000000},
      {2501, 8153063680},
      {2601, 8362778880}},
     89,
     94},
    {35,
     {{15900, 64000000000},
      {11000, 636870912},
      {11100, 846586112},
      {4000, 1610612736},
      {4000, 1610612736}},
     50,
     54},
    {35, {{3920, 274877906944}, {0, 0}, {0, 0}, {3500, 67108865}, {3500, 209715201}}, 54, 55},
    {35, {{15900, 34603008000}, {0, 0}, {0, 0}, {4000, 100000000}, {4000, 209715201}}, 86, 87},
    {35, {{8000, 7516192768}, {0, 0}, {0, 0}, {1, 6442450944}, {100, 6442450944}}, 56, 57},
    {35,
     {{96000, 16642998272},
      {3000, 536870912},
      {3000, 536870912},
      {2501, 8153063680},
      {2601, 8362778880}},
     70,
     76},
    {35, {{32000, 64000000000}, {0, 0}, {0, 0}, {7000, 1610612736}, {7000, 1610612736}}, 87, 90},
    {35, {{32000, 64000000000}, {0, 0}, {0, 0}, {3250, 1710612737}, {3350, 1710612737}}, 93, 96},
    {35, {{8000, 7516192768}, {0, 0}, {0, 0}, {4000, 1610612736}, {4000, 1610612736}}, 64, 85},
};

START_TEST(amounts_as_recorded)
{
    struct sy_scheduler_score score = score_of(&recorded[_i].amounts, recorded[_i].kube_minor);
    ck_assert_int_eq(score.plugin[SY_PLUGIN_LEAST], recorded[_i].least);
    ck_assert_int_eq(score.plugin[SY_PLUGIN_BALANCED], recorded[_i].balanced);
}
END_TEST

#define PREFER(weight, key, op)                                                                    \
    "{'weight': " weight ", 'preference': {'matchExpressions': [{'key': '" key                     \
    "', 'operator': '" op "'}]}}"

/* Weights 30 and 45 of terms that match, one empty term; soft taints, one of them tolerated. */
START_TEST(terms_and_taints)
{
    static const char pod_text[] =
        "{'object': {'spec': {'tolerations': [{'key': 'soft', 'operator': 'Exists', 'effect': "
        "'PreferNoSchedule'}, {'key': 'hard', 'operator': 'Exists', 'effect': 'NoSchedule'}], "
        "'affinity': {'nodeAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': [" PREFER(
            "30", "a", "Exists") ", " PREFER("45", "b", "Exists") ", {'weight': 99, "
                                                                  "'preference': {}}]}}}}}";
    static const struct {
        const char *node;
        int64_t preferred, taints;
        uint8_t wire;
    } expected[] = {
        {"{'labels': {'a': '', 'b': ''}}", 100, 100, 10},
        {"{'labels': {'a': ''}, 'taints': [['x', '', 'PreferNoSchedule']]}", 40, 67, 0},
        {"{'labels': {'b': ''}, 'taints': [['soft', '', 'PreferNoSchedule']]}", 60, 100, 7},
        {"{'taints': [['x', '', 'PreferNoSchedule'], ['hard', '', 'NoSchedule'], ['y', '', "
         "'PreferNoSchedule'], ['hard', '', 'PreferNoSchedule']]}",
         0, 0, 3},
    };
    enum { n = sizeof expected / sizeof expected[0] };
    struct world world;
    struct sy_state_node node[n];
    const struct sy_state_node *nodes[n];
    const struct sy_taken none = {0}, *taken[n];
    struct sy_scheduler_score score[n];
    uint8_t wire[n];
    world_init(&world);
    struct sy_state_pod pod = world_pod(&world, pod_text);
    for (size_t i = 0; i < n; i++) {
        node[i] = world_node(&world, expected[i].node);
        nodes[i] = &node[i];
        taken[i] = &none;
        wire[i] = expected[i].wire;
    }
    sy_scheduler_score(world_read(&world, &pod), nodes, taken, wire, n, 36, 5, score);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(score[i].plugin[SY_PLUGIN_PREFERRED], expected[i].preferred);
        ck_assert_int_eq(score[i].plugin[SY_PLUGIN_TAINTS], expected[i].taints);
        ck_assert_int_eq(score[i].extender, expected[i].wire * 50);
        ck_assert_int_eq(score[i].total, 2 * expected[i].preferred + 3 * expected[i].taints +
                                             expected[i].wire * 50);
    }
    /* Normalised over those that are asked about: of one alone, it is the greatest. */
    sy_scheduler_score(world_read(&world, &pod), nodes + 1, taken, NULL, 1, 36, 5, score);
    ck_assert_int_eq(score[0].plugin[SY_PLUGIN_PREFERRED], 100);
    ck_assert_int_eq(score[0].plugin[SY_PLUGIN_TAINTS], 0);
    ck_assert_int_eq(score[0].extender, 0);
    sy_scheduler_score(world_read(&world, &pod), nodes, taken, NULL, 0, 36, 5, score);
    world_done(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_scheduler_score");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, amounts_by_hand, 0, sizeof by_hand / sizeof by_hand[0]);
    tcase_add_loop_test(tcase, amounts_as_recorded, 0, sizeof recorded / sizeof recorded[0]);
    tcase_add_test(tcase, terms_and_taints);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
