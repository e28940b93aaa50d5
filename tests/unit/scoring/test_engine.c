/* SPDX-License-Identifier: Apache-2.0 */
/* Who is dropped and why, by mode of knowledge; that filter, prioritize and explain agree; that
 * nothing but the nodes decides. */
#include "base/str.h"
#include "scoring/engine.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <stdio.h>
#include <string.h>

#define COUNTED(name, count) "{\"resource\":\"" name "\",\"count\":" count "}"

static const struct test_node all_nodes[] = {
    {.name = "free", .mode = "exact"},
    {.name = "split", .mode = "exact", .held = "a...a."}, /* one NPU left on each socket ... */
    {.name = "held", .mode = "exact", .held = "aabaa."},
    {.name = "sick", .mode = "exact", .held = "xxxx.."},
    {.name = "small", .mode = "exact", .small = true},
    {.name = "foreseen", .mode = "predicted", .held = "aabaa."},
    {.name = "silent"},
    {.name = "counted", .mode = "counts", .counted = COUNTED(TEST_NPU, "3")},
    {.name = "counted-gpu", .mode = "counts", .counted = COUNTED(TEST_GPU, "1")},
    {.name = "counted-plugin",
     .mode = "counts",
     .held = "aa....",
     .counted = COUNTED(TEST_NPU, "1")},
    {.name = "counted-alias", .mode = "counts", .counted = COUNTED("huawei.com/npu", "3")},
    {.name = "silent-small", .small = true},
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

static struct sy_verdict judge(const struct sy_request *request, const char *node, bool scored)
{
    struct sy_verdict verdict;
    struct sy_err err = {0};
    struct sy_candidate *candidate = test_candidates(&w, &node, 1);
    enum sy_code code =
        scored ? sy_engine_prioritize(&w.world, request, candidate, 1, w.arena, &verdict, &err)
               : sy_engine_filter(&w.world, request, candidate, 1, w.arena, &verdict, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return verdict;
}

#define REQUIRE(text) "\"switchyard.dev/require\":\"" text "\""
#define NPUS(n) "\"" TEST_NPU "\":\"" #n "\""

static const struct {
    const char *node, *limits, *annotations;
    enum sy_reason reason;
} cases[] = {
    {"free", TEST_LIMITS_2_1, "", SY_REASON_FITS},
    {"free", NPUS(4), "", SY_REASON_FITS},
    {"free", NPUS(5), "", SY_REASON_TOO_FEW},
    {"free", NPUS(300), "", SY_REASON_TOO_FEW},
    {"free", "\"amd.com/gpu\":1", "", SY_REASON_NO_RESOURCE},
    {"free", "\"cpu\":\"2\"", "", SY_REASON_FITS},
    {"held", TEST_LIMITS_2_1, "", SY_REASON_HELD},
    {"sick", TEST_LIMITS_2_1, "", SY_REASON_UNHEALTHY},
    {"small", NPUS(3), "", SY_REASON_TOO_FEW},
    /* Counts are no reason where the report is not exact. */
    {"foreseen", TEST_LIMITS_2_1, "", SY_REASON_UNKNOWN_NODE},
    {"silent", TEST_LIMITS_2_1, "", SY_REASON_FITS},
    {"silent-small", NPUS(3), "", SY_REASON_UNKNOWN_NODE},
    {"silent", "\"amd.com/gpu\":1", "", SY_REASON_UNKNOWN_NODE},
    {"nosuch", TEST_LIMITS_2_1, "", SY_REASON_UNKNOWN_NODE},
    {"nosuch", "\"cpu\":1", "", SY_REASON_FITS},
    /* How many are held is known, not which: that lowers the score and drops nothing. */
    {"counted", NPUS(1), "", SY_REASON_FITS},
    {"counted", NPUS(2), "", SY_REASON_UNKNOWN_NODE},
    {"counted", NPUS(5), "", SY_REASON_UNKNOWN_NODE},
    {"counted", TEST_LIMITS_2_1, "", SY_REASON_UNKNOWN_NODE},
    {"counted", "\"" TEST_GPU "\":\"2\"", "", SY_REASON_FITS},
    {"counted-gpu", TEST_LIMITS_2_1, "", SY_REASON_FITS},
    {"counted-gpu", "\"" TEST_GPU "\":\"2\"", "", SY_REASON_UNKNOWN_NODE},
    {"counted-plugin", NPUS(1), "", SY_REASON_FITS},
    {"counted-plugin", NPUS(2), "", SY_REASON_UNKNOWN_NODE},
    {"counted-alias", NPUS(1), "", SY_REASON_FITS},
    {"counted-alias", NPUS(2), "", SY_REASON_UNKNOWN_NODE}, /* the same devices by another name */
    {"counted", NPUS(2), REQUIRE("switch"), SY_REASON_UNKNOWN_NODE},
    {"counted", NPUS(1), REQUIRE("switch"), SY_REASON_FITS},
    {"counted", NPUS(3), REQUIRE("switch"), SY_REASON_REQUIRE_NEVER},
    /* A requirement is kept in any mode. */
    {"free", TEST_LIMITS_2_1, REQUIRE("switch"), SY_REASON_FITS},
    {"free", NPUS(3), REQUIRE("switch"), SY_REASON_REQUIRE_NEVER},
    {"split", NPUS(2), "", SY_REASON_FITS},
    {"split", NPUS(2), REQUIRE("switch"), SY_REASON_REQUIRE_BUSY},
    {"split", NPUS(2), REQUIRE("npu=numa"), SY_REASON_REQUIRE_BUSY},
    {"split", NPUS(2), REQUIRE("any"), SY_REASON_FITS},
    {"silent", TEST_LIMITS_2_1, REQUIRE("numa"), SY_REASON_FITS},
    {"foreseen", TEST_LIMITS_2_1, REQUIRE("numa"), SY_REASON_HELD},
    /* Too few free devices do not hide what they all together could never meet. */
    {"held", NPUS(2), REQUIRE("numa"), SY_REASON_HELD},
    {"held", NPUS(2), REQUIRE("slot"), SY_REASON_REQUIRE_NEVER},
    {"held", NPUS(2), "\"switchyard.dev/min-bandwidth\":\"3999\"", SY_REASON_BANDWIDTH_NEVER},
    {"sick", NPUS(2), REQUIRE("slot"), SY_REASON_REQUIRE_NEVER},
    {"foreseen", NPUS(2), REQUIRE("slot"), SY_REASON_REQUIRE_NEVER},
    /* Annotations mean nothing to a pod that asks for no device. */
    {"held", "\"cpu\":1", REQUIRE("rack"), SY_REASON_FITS},
    {"nosuch", "", "\"switchyard.dev/profile\":\"fast\"", SY_REASON_FITS},
    {"nosuch", TEST_LIMITS_2_1, REQUIRE("numa"), SY_REASON_REQUIRE_UNKNOWN},
    {"free", NPUS(2), "\"switchyard.dev/min-bandwidth\":\"3999\"", SY_REASON_BANDWIDTH_NEVER},
    {"nosuch", NPUS(2), "\"switchyard.dev/min-bandwidth\":\"1\"", SY_REASON_REQUIRE_UNKNOWN},
    /* In force for a time only: the pod is as old as TEST_NOW_US, so the time runs. */
    {"split", NPUS(2), REQUIRE("switch") ",\"switchyard.dev/require-for\":\"1s\"",
     SY_REASON_REQUIRE_BUSY},
    {"free", TEST_LIMITS_2_1, REQUIRE("rack"), SY_REASON_MALFORMED},
    {"nosuch", TEST_LIMITS_2_1, "\"switchyard.dev/profile\":\"fast\"", SY_REASON_MALFORMED},
    {"free", TEST_LIMITS_2_1, "\"switchyard.dev/profile\":\"io-heavy\"", SY_REASON_FITS},
};

START_TEST(verdicts)
{
    struct sy_request request = test_request_of(&w, cases[_i].limits, cases[_i].annotations);
    struct sy_verdict filtered = judge(&request, cases[_i].node, false);
    ck_assert_str_eq(sy_reason_name((enum sy_reason)filtered.reason),
                     sy_reason_name(cases[_i].reason));
    struct sy_verdict scored = judge(&request, cases[_i].node, true);
    ck_assert_int_eq(scored.reason, filtered.reason);
    ck_assert_int_eq(scored.mode, filtered.mode);
    bool fits = sy_reason_verdict((enum sy_reason)scored.reason) == SY_VERDICT_FITS;
    ck_assert(fits || (scored.score == 0 && scored.wire == 0));
    ck_assert(request.nentry == 0 || !fits || scored.score > 0);
    /* Remembered or not, the answer is the same. */
    w.world.memo = NULL;
    struct sy_verdict again = judge(&request, cases[_i].node, true);
    ck_assert_int_eq(again.reason, scored.reason);
    ck_assert_int_eq(again.score, scored.score);
    ck_assert_int_eq(again.unknown, scored.unknown);
}
END_TEST

START_TEST(requirements_end)
{
    struct sy_request request =
        test_request_of(&w, NPUS(2), REQUIRE("switch") ",\"switchyard.dev/require-for\":\"1s\"");
    w.world.now_us = TEST_NOW_US + 999999;
    ck_assert_int_eq(judge(&request, "split", false).reason, SY_REASON_REQUIRE_BUSY);
    w.world.now_us = TEST_NOW_US + 1000000;
    ck_assert_int_eq(judge(&request, "split", false).reason, SY_REASON_FITS);
    ck_assert_int_eq(judge(&request, "nosuch", false).reason, SY_REASON_UNKNOWN_NODE);
}
END_TEST

START_TEST(ranking)
{
    struct sy_request request = test_request_of(&w, NPUS(2), "");
    unsigned best = judge(&request, "free", true).score,
             split = judge(&request, "split", true).score;
    unsigned nobody = judge(&request, "nosuch", true).score;
    unsigned foreseen = judge(&request, "foreseen", true).score;
    ck_assert_msg(best > nobody && split > nobody, "%u %u %u", best, split, nobody);
    ck_assert_int_eq(nobody, w.policy->unknown_node_score);
    ck_assert_int_eq(foreseen, w.policy->unknown_node_score / 2);
    struct sy_verdict silent = judge(&request, "silent", true);
    ck_assert((silent.unknown >> SY_UNKNOWN_OCCUPANCY & 1) != 0);
    ck_assert((judge(&request, "nosuch", true).unknown >> SY_UNKNOWN_NODE & 1) != 0);
    ck_assert_int_eq(judge(&request, "foreseen", true).disagrees, SY_FIT_HELD);
    ck_assert_int_eq(silent.disagrees, SY_FIT_YES);
    struct sy_verdict counted = judge(&request, "counted", true);
    ck_assert_int_eq(counted.disagrees, SY_FIT_HELD);
    ck_assert_int_eq(counted.score, w.policy->unknown_node_score / 2);
    ck_assert_int_eq(judge(&request, "counted", false).disagrees, SY_FIT_HELD);
    ck_assert_int_eq(judge(&request, "counted-gpu", true).score, silent.score);
    request = test_request_of(&w, NPUS(2), REQUIRE("switch"));
    counted = judge(&request, "counted", true);
    ck_assert_int_eq(counted.disagrees, SY_FIT_HELD);
    ck_assert_int_eq(counted.score, w.policy->unknown_node_score / 2);
}
END_TEST

START_TEST(malformed_texts)
{
    char buf[160];
    struct sy_request request =
        test_request_of(&w, TEST_LIMITS_2_1, "\"switchyard.dev/profile\":\"fast\"");
    ck_assert_str_eq(sy_engine_malformed(&w.world, &request, buf, sizeof buf),
                     "switchyard.dev/profile 'fast': the policy has no such profile");
    ck_assert_str_eq(sy_engine_no_profile(&w.world, &request, buf, sizeof buf),
                     "switchyard.dev/profile 'fast': the policy has no such profile");
    struct sy_verdict verdict = judge(&request, "free", true);
    ck_assert_str_eq(
        sy_verdict_text(&verdict),
        "switchyard never: switchyard.dev/profile 'fast': the policy has no such profile");
    request = test_request_of(&w, TEST_LIMITS_2_1, REQUIRE("a\\n\\u0007b"));
    verdict = judge(&request, "nosuch", false);
    ck_assert_str_eq(sy_verdict_text(&verdict),
                     "switchyard never: switchyard.dev/require 'a\\x0A\\x07b': 'a\\x0A\\x07b' is "
                     "not one of slot, switch, root, numa, socket, any");
    request = test_request_of(&w, TEST_LIMITS_2_1, "");
    verdict = judge(&request, "held", false);
    ck_assert_str_eq(sy_verdict_text(&verdict), "switchyard busy: too few free devices");
    ck_assert_ptr_null(sy_engine_malformed(&w.world, &request, buf, sizeof buf));
}
END_TEST

START_TEST(explain_agrees)
{
    static const char *const names[] = {"free", "split", "held", "silent", "nosuch", "foreseen"};
    struct sy_candidate *candidate = test_candidates(&w, names, 6);
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, "");
    struct sy_verdict scored[6], explained[6];
    struct sy_err err = {0};
    ck_assert_int_eq(sy_engine_prioritize(&w.world, &request, candidate, 6, w.arena, scored, &err),
                     SY_OK);
    ck_assert_int_eq(sy_engine_explain(&w.world, &request, candidate, 6, w.arena, explained, &err),
                     SY_OK);
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_int_eq(scored[i].reason, explained[i].reason);
        ck_assert_int_eq(scored[i].score, explained[i].score);
        ck_assert_int_eq(scored[i].wire, explained[i].wire);
        const struct sy_placement *p = explained[i].placement;
        ck_assert(candidate[i].index < 0 ? p == NULL : p != NULL);
        if (explained[i].reason == SY_REASON_FITS && p != NULL) {
            ck_assert_int_eq(p->fit, SY_FIT_YES);
            ck_assert_int_eq(p->expected.total, explained[i].score);
            ck_assert(p->best.total >= p->expected.total && p->expected.total >= p->worst.total);
        }
    }
}
END_TEST

/* Nodes of one state under different limits: every one is scored in its own room. */
START_TEST(power_rooms)
{
    static const struct test_node nodes[] = {
        {.name = "a", .mode = "exact", .limit_watts = 1900, .rack = "r1"},
        {.name = "b", .mode = "exact", .limit_watts = 4000, .rack = "r1"},
        {.name = "c", .mode = "exact", .limit_watts = 9000, .rack = "r2"},
        {.name = "d", .mode = "exact", .limit_watts = 600, .rack = "r2"},
        {.name = "e", .mode = "exact", .limit_watts = 1900, .held = "x...a.", .rack = "r2"},
    };
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct test_world own;
    test_world_make(&own, nodes, 5, "power: {hard: true}\n");
    struct sy_candidate *candidate = test_candidates(&own, names, 5);
    struct sy_request request = test_request_of(&own, TEST_LIMITS_2_1, "");
    struct sy_verdict scored[5], explained[5], filtered[5];
    struct sy_err err = {0};
    ck_assert_int_eq(
        sy_engine_prioritize(&own.world, &request, candidate, 5, own.arena, scored, &err), SY_OK);
    ck_assert_int_eq(
        sy_engine_explain(&own.world, &request, candidate, 5, own.arena, explained, &err), SY_OK);
    ck_assert_int_eq(
        sy_engine_filter(&own.world, &request, candidate, 5, own.arena, filtered, &err), SY_OK);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(scored[i].reason, filtered[i].reason);
        ck_assert_int_eq(scored[i].score, explained[i].score);
        ck_assert_int_eq(scored[i].unknown >> SY_UNKNOWN_NODE_POWER & 1, 0);
        if (scored[i].reason == SY_REASON_FITS)
            ck_assert_int_eq(explained[i].placement->expected.total, scored[i].score);
    }
    ck_assert(scored[2].score > scored[1].score && scored[1].score > scored[0].score);
    ck_assert_str_eq(sy_reason_name((enum sy_reason)scored[3].reason), "power-never");
    ck_assert_str_eq(sy_reason_name((enum sy_reason)scored[4].reason), "power-busy");
    /* What the pod announces counts instead of its devices' TDP. */
    request = test_request_of(&own, TEST_LIMITS_2_1, "\"switchyard.dev/expected-watts\":\"1\"");
    ck_assert_int_eq(
        sy_engine_filter(&own.world, &request, candidate, 5, own.arena, filtered, &err), SY_OK);
    ck_assert_int_eq(filtered[4].reason, SY_REASON_FITS);
    test_world_free(&own);
}
END_TEST

/* A hard cap refuses on what is known: a room that is gone already, watts announced, and the part
 * of the devices' watts that is known. */
START_TEST(hard_caps)
{
    static const struct test_node nodes[] = {
        {.name = "over", .mode = "exact", .held = "aab...", .limit_watts = 1000},
        {.name = "overrun", .mode = "exact", .limit_watts = 500},
        {.name = "full", .mode = "exact", .held = "aab...", .limit_watts = 2000},
        {.name = "wide", .mode = "exact", .limit_watts = 20000},
        {.name = "silent", .mode = "counts", .limit_watts = 2000},
        {.name = "in-part", .mode = "exact", .limit_watts = 1150}, /* its GPUs' power is unknown */
    };
    static const struct {
        const char *node, *limits, *annotations, *reason;
    } rows[] = {
        {"over", NPUS(1), "\"switchyard.dev/expected-watts\":\"0.001\"", "power-busy"},
        {"overrun", NPUS(1), "\"switchyard.dev/expected-watts\":\"0.001\"", "power-never"},
        {"full", NPUS(1), "\"switchyard.dev/expected-watts\":\"900\"", "power-busy"},
        {"full", NPUS(1), "\"switchyard.dev/expected-watts\":\"1999\"", "power-never"},
        {"full", NPUS(2), "", "power-busy"},
        {"wide", NPUS(4), "", "fits"},
        {"silent", NPUS(2), "", "power-busy"}, /* charged as if all were held */
        {"in-part", "\"" TEST_GPU "\":1", "", "fits"},
        {"in-part", TEST_LIMITS_2_1, "", "power-never"},
    };
    struct test_world own;
    test_world_make(&own, nodes, 6, "power: {hard: true}\n");
    int64_t index = sy_cluster_find(own.cluster, "in-part", strlen("in-part"));
    struct sy_fabric *in_part = own.cluster->node[index]->fabric;
    in_part->unit[GPU0].tdp_mw = in_part->unit[GPU1].tdp_mw = 0;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sy_candidate *candidate = test_candidates(&own, &rows[i].node, 1);
        struct sy_request request = test_request_of(&own, rows[i].limits, rows[i].annotations);
        struct sy_verdict verdict;
        struct sy_err err = {0};
        ck_assert_int_eq(
            sy_engine_filter(&own.world, &request, candidate, 1, own.arena, &verdict, &err), SY_OK);
        ck_assert_msg(strcmp(sy_reason_name(verdict.reason), rows[i].reason) == 0, "%u: %s", i,
                      sy_reason_name(verdict.reason));
    }
    test_world_free(&own);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* One verdict per candidate; the order of candidates permutes the answers and changes none. */
START_TEST(order_of_candidates)
{
    enum { N = 64 };
    static const char *const limits[] = {NPUS(1), NPUS(2), TEST_LIMITS_2_1, NPUS(4)};
    const char *names[N];
    uint32_t state = (uint32_t)_i + 1;
    for (unsigned i = 0; i < N; i++) {
        unsigned k = next_random(&state) % (NODES + 1);
        names[i] = k < NODES ? all_nodes[k].name : "nosuch";
    }
    struct sy_request request = test_request_of(&w, limits[_i % 4], _i % 2 ? REQUIRE("numa") : "");
    struct sy_candidate *first = test_candidates(&w, names, N);
    struct sy_candidate second[N];
    struct sy_verdict a[N], b[N];
    unsigned place[N];
    for (unsigned i = 0; i < N; i++)
        place[i] = i;
    for (unsigned i = N - 1; i > 0; i--) {
        unsigned k = next_random(&state) % (i + 1), t = place[i];
        place[i] = place[k];
        place[k] = t;
    }
    for (unsigned i = 0; i < N; i++)
        second[i] = first[place[i]];
    struct sy_err err = {0};
    ck_assert_int_eq(sy_engine_prioritize(&w.world, &request, first, N, w.arena, a, &err), SY_OK);
    w.world.memo = NULL;
    ck_assert_int_eq(sy_engine_prioritize(&w.world, &request, second, N, w.arena, b, &err), SY_OK);
    for (unsigned i = 0; i < N; i++) {
        ck_assert_int_eq(a[place[i]].reason, b[i].reason);
        ck_assert_int_eq(a[place[i]].score, b[i].score);
        ck_assert_int_eq(a[place[i]].wire, b[i].wire);
    }
}
END_TEST

static const struct {
    const char *node, *limits, *annotations;
    const char *victims; /* letters */
    enum sy_reason reason;
} evictions[] = {
    {"held", TEST_LIMITS_2_1, "", "a", SY_REASON_FITS},
    {"held", NPUS(2), "", "b", SY_REASON_HELD},
    {"held", NPUS(2), REQUIRE("switch"), "a", SY_REASON_FITS},
    {"split", NPUS(2), REQUIRE("switch"), "", SY_REASON_REQUIRE_BUSY},
    {"split", NPUS(2), REQUIRE("switch"), "a", SY_REASON_FITS},
    {"split", NPUS(2), REQUIRE("switch"), "z", SY_REASON_REQUIRE_BUSY}, /* holds nothing of ours */
    {"small", NPUS(3), "", "a", SY_REASON_TOO_FEW},
    /* No veto out of ignorance. */
    {"foreseen", NPUS(2), "", "b", SY_REASON_UNKNOWN_NODE},
    {"foreseen", NPUS(2), REQUIRE("switch"), "z", SY_REASON_UNKNOWN_NODE},
    {"foreseen", NPUS(3), REQUIRE("switch"), "a", SY_REASON_REQUIRE_NEVER},
    {"silent", NPUS(2), "", "a", SY_REASON_FITS},
    {"counted", NPUS(1), "", "a", SY_REASON_FITS},
    {"counted", NPUS(2), "", "a", SY_REASON_UNKNOWN_NODE},
    {"counted", NPUS(2), REQUIRE("switch"), "a", SY_REASON_FITS},
    {"nosuch", NPUS(2), "", "a", SY_REASON_UNKNOWN_NODE},
    {"nosuch", NPUS(2), REQUIRE("switch"), "a", SY_REASON_REQUIRE_UNKNOWN},
    /* What can never be is said in any mode. */
    {"held", NPUS(2), REQUIRE("slot"), "b", SY_REASON_REQUIRE_NEVER},
    {"foreseen", NPUS(2), REQUIRE("slot"), "b", SY_REASON_REQUIRE_NEVER},
    {"silent", NPUS(2), REQUIRE("slot"), "a", SY_REASON_REQUIRE_NEVER},
    {"held", "\"cpu\":1", REQUIRE("rack"), "b", SY_REASON_FITS},
    {"free", NPUS(2), REQUIRE("rack"), "a", SY_REASON_MALFORMED},
    {"held", "\"cpu\":1", "", "a", SY_REASON_FITS},
};

START_TEST(preemption)
{
    struct sy_request request =
        test_request_of(&w, evictions[_i].limits, evictions[_i].annotations);
    struct sy_candidate *candidate = test_candidates(&w, &evictions[_i].node, 1);
    struct sy_victim victim[8] = {0};
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

/* Two NPUs below one switch are wanted; who holds some is told without uid, by two pods, or not. */
static const struct {
    const char *what, *held;
    struct sy_victim victim;
    enum sy_reason reason;
    const char *require;
} unclear[] = {
    {"by uid alone: it may be the holder",
     "A...A.",
     {.uid = "uid-a"},
     SY_REASON_UNKNOWN_NODE,
     "switch"},
    {"by name", "A...A.", {"uid-a", "ns", "pod-a"}, SY_REASON_FITS, "switch"},
    {"another pod", "A...A.", {"uid-b", "ns", "pod-b"}, SY_REASON_REQUIRE_BUSY, "switch"},
    {"of another namespace", "A...A.", {"uid-a", "x", "pod-a"}, SY_REASON_REQUIRE_BUSY, "switch"},
    {"the name half known", "A...A.", {"uid-a", NULL, "pod-a"}, SY_REASON_UNKNOWN_NODE, "switch"},
    {"never, whoever goes", "A...A.", {.uid = "uid-a"}, SY_REASON_REQUIRE_NEVER, "slot"},
    {"a uid that differs is another pod of the name",
     "a...a.",
     {"uid-z", "ns", "pod-a"},
     SY_REASON_REQUIRE_BUSY,
     "switch"},
    {"no uid of the victim", "a...a.", {NULL, "ns", "pod-a"}, SY_REASON_FITS, "switch"},
    {"nobody knows the holder",
     "?...?.",
     {"uid-z", "ns", "pod-z"},
     SY_REASON_UNKNOWN_NODE,
     "switch"},
    {"never, whoever holds", "?...?.", {"uid-z", "ns", "pod-z"}, SY_REASON_REQUIRE_NEVER, "slot"},
    {"shared: the other one stays",
     "2...2.",
     {"uid-a", "ns", "pod-a"},
     SY_REASON_REQUIRE_BUSY,
     "switch"},
};

START_TEST(holders_in_part_known)
{
    const struct test_node node = {.name = "n", .mode = "exact", .held = unclear[_i].held};
    struct test_world own;
    test_world_make(&own, &node, 1, NULL);
    const char *name = "n";
    char annotation[64];
    (void)snprintf(annotation, sizeof annotation, REQUIRE("%s"), unclear[_i].require);
    struct sy_request request = test_request_of(&own, NPUS(2), annotation);
    struct sy_candidate *candidate = test_candidates(&own, &name, 1);
    enum sy_reason reason = SY_REASON_COUNT;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_engine_preempt(&own.world, &request, candidate, &unclear[_i].victim, 1,
                                       own.arena, &reason, &err),
                     SY_OK);
    ck_assert_msg(reason == unclear[_i].reason, "%s: %s", unclear[_i].what, sy_reason_name(reason));
    test_world_free(&own);
}
END_TEST

START_TEST(no_snapshot)
{
    const char *name = "free";
    struct sy_world empty = w.world;
    empty.cluster = NULL;
    empty.power = NULL;
    struct sy_candidate candidate = {.name = name, .len = strlen(name)};
    sy_engine_resolve(NULL, &candidate, 1);
    struct sy_request request = test_request_of(&w, NPUS(2), "");
    struct sy_verdict verdict;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_engine_prioritize(&empty, &request, &candidate, 1, w.arena, &verdict, &err),
                     SY_OK);
    ck_assert_int_eq(verdict.reason, SY_REASON_UNKNOWN_NODE);
}
END_TEST

struct sweep {
    const struct sy_request *request;
    struct sy_candidate *candidate;
    size_t n;
    bool scored;
};

static enum sy_code judge_under_fault(void *data, struct sy_err *err)
{
    struct sweep *s = data;
    struct sy_verdict verdict[NODES];
    struct sy_arena *own = sy_arena_new((size_t)64 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_memo_clear(w.memo);
    enum sy_code code =
        s->scored ? sy_engine_explain(&w.world, s->request, s->candidate, s->n, own, verdict, err)
                  : sy_engine_filter(&w.world, s->request, s->candidate, s->n, own, verdict, err);
    sy_arena_free(own);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    const char *names[NODES];
    for (size_t i = 0; i < NODES; i++)
        names[i] = all_nodes[i].name;
    struct sy_request request = test_request_of(&w, TEST_LIMITS_2_1, REQUIRE("numa"));
    struct sweep s = {&request, test_candidates(&w, names, NODES), NODES, false};
    (void)sy_fault_sweep(judge_under_fault, &s, 0);
    s.scored = true;
    (void)sy_fault_sweep(judge_under_fault, &s, 0);
}
END_TEST

#define ADD(test, table) tcase_add_loop_test(tc, test, 0, sizeof table / sizeof table[0])

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *tc = tcase_create("engine");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    ADD(verdicts, cases);
    tcase_add_test(tc, requirements_end);
    tcase_add_test(tc, ranking);
    tcase_add_test(tc, malformed_texts);
    tcase_add_test(tc, explain_agrees);
    tcase_add_test(tc, power_rooms);
    tcase_add_test(tc, hard_caps);
    tcase_add_loop_test(tc, order_of_candidates, 0, 16);
    ADD(preemption, evictions);
    ADD(holders_in_part_known, unclear);
    tcase_add_test(tc, no_snapshot);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
