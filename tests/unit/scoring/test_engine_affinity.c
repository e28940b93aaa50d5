/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet's Topology Manager means for verdicts: by policy, by mode of knowledge, together
 * with counts and requirements, when scored and when pods are to be evicted. */
#include "scoring/engine.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <string.h>

#define SINGLE .topology_manager = "single-numa-node/container"
#define SINGLE_POD .topology_manager = "single-numa-node/pod"
#define RESTRICTED .topology_manager = "restricted/container"

/* Each socket has two NPUs and a GPU: units 0 1 2 and 3 4 5. */
static const struct test_node all_nodes[] = {
    {.name = "free", .mode = "exact", SINGLE},
    {.name = "free-pod", .mode = "exact", SINGLE_POD},
    {.name = "split", .mode = "exact", .held = "a..a..", SINGLE},
    {.name = "split-restricted", .mode = "exact", .held = "a..a..", RESTRICTED},
    {.name = "split-lax",
     .mode = "exact",
     .held = "a..a..",
     .topology_manager = "best-effort/container"},
    {.name = "split-new", .mode = "exact", .held = "a..a..", .topology_manager = "strictest/pod"},
    {.name = "split-foreseen", .mode = "predicted", .held = "a..a..", SINGLE},
    {.name = "full", .mode = "exact", .held = "aaaaaa", SINGLE},
    {.name = "full-foreseen", .mode = "predicted", .held = "aaaaaa", SINGLE},
    {.name = "silent", SINGLE},
    {.name = "unclear", .mode = "exact", .held = "?..?..", SINGLE},
    {.name = "two-pods", .mode = "exact", .held = "ab.ab.", SINGLE},
};
#define NODES (sizeof all_nodes / sizeof all_nodes[0])

static struct test_world w;

static void setup(void)
{
    test_world_make(&w, all_nodes, NODES, NULL);
}

static void teardown(void)
{
    test_world_free(&w);
}

#define NPUS(n) "\"" TEST_NPU "\":\"" #n "\""
#define REQUIRE(text) "\"switchyard.dev/require\":\"" text "\""

static const struct {
    const char *node, *limits, *annotations;
    enum sy_reason reason;
} cases[] = {
    {"free", NPUS(1), "", SY_REASON_FITS},
    {"free", NPUS(2), "", SY_REASON_FITS},
    {"free", TEST_LIMITS_2_1, "", SY_REASON_FITS},
    {"free", NPUS(3), "", SY_REASON_AFFINITY_NEVER},
    {"free-pod", NPUS(3), "", SY_REASON_AFFINITY_NEVER},
    {"free", NPUS(5), "", SY_REASON_TOO_FEW},
    {"split", NPUS(1), "", SY_REASON_FITS},
    {"split", NPUS(2), "", SY_REASON_AFFINITY_BUSY},
    {"split-restricted", NPUS(2), "", SY_REASON_AFFINITY_BUSY},
    {"split-lax", NPUS(2), "", SY_REASON_FITS},
    {"split-new", NPUS(2), "", SY_REASON_FITS},
    /* Only what is known exactly drops a node for what is held ... */
    {"split-foreseen", NPUS(2), "", SY_REASON_UNKNOWN_NODE},
    {"silent", NPUS(2), "", SY_REASON_FITS},
    /* ... and what never fits does so in any mode, whatever is held. */
    {"silent", NPUS(3), "", SY_REASON_AFFINITY_NEVER},
    {"split-foreseen", NPUS(3), "", SY_REASON_AFFINITY_NEVER},
    {"full-foreseen", NPUS(3), "", SY_REASON_AFFINITY_NEVER},
    {"full", NPUS(3), "", SY_REASON_AFFINITY_NEVER},
    {"full", NPUS(2), "", SY_REASON_HELD},
    {"full-foreseen", NPUS(2), "", SY_REASON_UNKNOWN_NODE},
    /* Requirements first, but "never" goes before "busy". */
    {"split", NPUS(2), REQUIRE("switch"), SY_REASON_REQUIRE_BUSY},
    {"split", NPUS(2), REQUIRE("slot"), SY_REASON_REQUIRE_NEVER},
    {"full", NPUS(3), REQUIRE("any"), SY_REASON_AFFINITY_NEVER},
};

static struct sy_verdict judge(const struct sy_request *request, const char *node, bool scored)
{
    struct sy_verdict verdict;
    struct sy_err err = {0};
    struct sy_candidate *candidate = test_candidates(&w, &node, 1);
    enum sy_code code =
        scored ? sy_engine_explain(&w.world, request, candidate, 1, w.arena, &verdict, &err)
               : sy_engine_filter(&w.world, request, candidate, 1, w.arena, &verdict, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return verdict;
}

START_TEST(verdicts)
{
    struct sy_request request = test_request_of(&w, cases[_i].limits, cases[_i].annotations);
    struct sy_verdict filtered = judge(&request, cases[_i].node, false);
    ck_assert_str_eq(sy_reason_name((enum sy_reason)filtered.reason),
                     sy_reason_name(cases[_i].reason));
    struct sy_verdict scored = judge(&request, cases[_i].node, true);
    ck_assert_int_eq(scored.reason, filtered.reason);
    ck_assert_int_eq(scored.may_refuse, filtered.may_refuse);
    bool fits = sy_reason_verdict((enum sy_reason)scored.reason) == SY_VERDICT_FITS;
    ck_assert_int_eq(fits, scored.score > 0);
}
END_TEST

START_TEST(doubt_lowers_the_score)
{
    struct sy_request request = test_request_of(&w, NPUS(2), "");
    struct sy_verdict doubtful = judge(&request, "split-foreseen", true);
    ck_assert(doubtful.may_refuse);
    ck_assert_int_eq(doubtful.disagrees, SY_FIT_YES);
    ck_assert_uint_eq(doubtful.score, w.policy->unknown_node_score / 2);
    ck_assert(!judge(&request, "silent", true).may_refuse);
    ck_assert(!judge(&request, "split", true).may_refuse);
    ck_assert_uint_gt(judge(&request, "silent", true).score, doubtful.score);
}
END_TEST

/* Two containers of one pod may lie on two nodes, a pod as a whole may not. */
START_TEST(container_by_container)
{
    struct sy_request request = test_request(
        &w, "{\"metadata\":{},\"spec\":{\"containers\":["
            "{\"resources\":{\"limits\":{" NPUS(2) "}}},"
                                                   "{\"resources\":{\"limits\":{" NPUS(2) "}}}]}}");
    ck_assert_int_eq(judge(&request, "free", false).reason, SY_REASON_FITS);
    ck_assert_int_eq(judge(&request, "free-pod", false).reason, SY_REASON_AFFINITY_NEVER);
}
END_TEST

static const struct {
    const char *node, *limits, *victims;
    enum sy_reason reason;
} evictions[] = {
    {"split", NPUS(2), "", SY_REASON_AFFINITY_BUSY},
    {"split", NPUS(2), "a", SY_REASON_FITS},
    {"split", NPUS(2), "b", SY_REASON_AFFINITY_BUSY},
    {"split", NPUS(3), "a", SY_REASON_AFFINITY_NEVER},
    {"split-lax", NPUS(2), "b", SY_REASON_FITS},
    /* Both pods hold one NPU of each socket: one of them gone helps a pod of one device only. */
    {"two-pods", NPUS(2), "a", SY_REASON_AFFINITY_BUSY},
    {"two-pods", NPUS(2), "ab", SY_REASON_FITS},
    {"two-pods", NPUS(1), "a", SY_REASON_FITS},
    /* Nobody knows who holds what, or all that is held: another may go. */
    {"unclear", NPUS(2), "a", SY_REASON_UNKNOWN_NODE},
    {"split-foreseen", NPUS(2), "b", SY_REASON_UNKNOWN_NODE},
    {"unclear", NPUS(3), "a", SY_REASON_AFFINITY_NEVER},
    {"full-foreseen", NPUS(3), "b", SY_REASON_AFFINITY_NEVER},
    {"silent", NPUS(3), "a", SY_REASON_AFFINITY_NEVER},
};

START_TEST(preemption)
{
    struct sy_request request = test_request_of(&w, evictions[_i].limits, "");
    struct sy_candidate *candidate = test_candidates(&w, &evictions[_i].node, 1);
    struct sy_victim victim[2] = {0};
    size_t n = strlen(evictions[_i].victims);
    for (size_t i = 0; i < n; i++)
        victim[i].uid = sy_arena_printf(w.arena, "uid-%c", evictions[_i].victims[i]);
    enum sy_reason reason = SY_REASON_COUNT;
    struct sy_err err = {0};
    enum sy_code code =
        sy_engine_preempt(&w.world, &request, candidate, victim, n, w.arena, &reason, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    ck_assert_str_eq(sy_reason_name(reason), sy_reason_name(evictions[_i].reason));
}
END_TEST

/* Equal nodes share a class; another policy makes another one. */
START_TEST(classes_tell_policies_apart)
{
    static const char *const names[] = {"split", "split-restricted", "split-lax"};
    struct sy_candidate *candidate = test_candidates(&w, names, 3);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < i; k++)
            ck_assert_uint_ne(w.cluster->class_of[candidate[i].index],
                              w.cluster->class_of[candidate[k].index]);
    struct sy_request request = test_request_of(&w, NPUS(2), "");
    struct sy_verdict verdict[3];
    struct sy_err err = {0};
    ck_assert_int_eq(sy_engine_filter(&w.world, &request, candidate, 3, w.arena, verdict, &err),
                     SY_OK);
    ck_assert_int_eq(verdict[0].reason, SY_REASON_AFFINITY_BUSY);
    ck_assert_int_eq(verdict[2].reason, SY_REASON_FITS);
}
END_TEST

static enum sy_code judge_under_fault(void *data, struct sy_err *err)
{
    struct sy_request *request = data;
    static const char *const names[] = {"split", "silent", "free"};
    struct sy_candidate candidate[3] = {{0}};
    struct sy_verdict verdict[3];
    struct sy_arena *own = sy_arena_new((size_t)64 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned i = 0; i < 3; i++) {
        candidate[i].name = names[i];
        candidate[i].len = strlen(names[i]);
    }
    sy_engine_resolve(w.cluster, candidate, 3);
    sy_memo_clear(w.memo);
    enum sy_reason reason;
    struct sy_victim victim = {.uid = "uid-a"};
    enum sy_code code = sy_engine_filter(&w.world, request, candidate, 3, own, verdict, err);
    if (code == SY_OK)
        code = sy_engine_preempt(&w.world, request, candidate, &victim, 1, own, &reason, err);
    sy_arena_free(own);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    struct sy_request request = test_request_of(&w, NPUS(2), "");
    (void)sy_fault_sweep(judge_under_fault, &request, 0);
}
END_TEST

#define ADD(test, table) tcase_add_loop_test(tc, test, 0, sizeof table / sizeof table[0])

int main(void)
{
    Suite *suite = suite_create("engine_affinity");
    TCase *tc = tcase_create("engine_affinity");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    ADD(verdicts, cases);
    tcase_add_test(tc, doubt_lowers_the_score);
    tcase_add_test(tc, container_by_container);
    ADD(preemption, evictions);
    tcase_add_test(tc, classes_tell_policies_apart);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
