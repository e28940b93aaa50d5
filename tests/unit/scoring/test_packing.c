/* SPDX-License-Identifier: Apache-2.0 */
/* Losses worked out by hand, prices and terms at their edges, and what the engine makes of a
 * workload: LEFTOVER, and nothing without one. */
#include "scoring/packing.h"
#include "scoring/workload_learn.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <string.h>

#define NOT_TOLD SY_WORKLOAD_NOT_TOLD
#define DEVICES(mask, n, thousandths)                                                              \
    .memory_mib = NOT_TOLD, .nentry = 1,                                                           \
    .entry = {{.groups = (mask), .count = (n), .milli = (thousandths)}}
#define MILLI SY_PACKING_MILLI

static const struct sy_packing_weights only_fragmentation = {.fragmentation = 1000};
static const struct sy_packing_weights only_unusable = {.unusable = 1000};
static const struct sy_packing_weights only_remainder = {.remainder = 1000};
static const struct sy_packing_weights half_and_half = {.fragmentation = 500, .unusable = 500};

static const struct sy_workload_node four = {.cpu_milli = NOT_TOLD,
                                             .memory_mib = NOT_TOLD,
                                             .nkind = 1,
                                             .kind = {{.groups = 1, .n = 4}},
                                             .left = {1000, 1000, 1000, 1000}};
static const struct sy_workload_capacity capacity[] = {{&four, 1}};

static struct sy_workload *made(const struct sy_workload_demand *demand, size_t n)
{
    struct sy_workload *workload;
    struct sy_err err = {0};
    enum sy_code code = sy_workload_new(demand, n, 100, capacity, 1, &workload, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return workload;
}

static const struct {
    const char *what;
    struct sy_workload_demand demand;
    const struct sy_packing_weights *weights;
    int64_t cpu_milli;
    uint16_t left[4];
    int64_t milli; /* the loss */
} losses[] = {
    {"all full", {.pods = 1, DEVICES(1, 1, 500)}, &half_and_half, NOT_TOLD, {0, 0, 0, 0}, 0},
    {"too small a piece",
     {.pods = 1, DEVICES(1, 1, 500)},
     &only_fragmentation,
     NOT_TOLD,
     {700, 300, 0, 0},
     300},
    {"and what stays on the larger one",
     {.pods = 1, DEVICES(1, 1, 500)},
     &only_unusable,
     NOT_TOLD,
     {700, 300, 0, 0},
     500},
    {"the mean of both",
     {.pods = 1, DEVICES(1, 1, 500)},
     &half_and_half,
     NOT_TOLD,
     {700, 300, 0, 0},
     400},
    {"one group is broken",
     {.pods = 1, DEVICES(1, 4, 1000)},
     &only_fragmentation,
     NOT_TOLD,
     {1000, 1000, 1000, 0},
     3000},
    {"whole",
     {.pods = 1, DEVICES(1, 4, 1000)},
     &half_and_half,
     NOT_TOLD,
     {1000, 1000, 1000, 1000},
     0},
    {"no CPU for one",
     {.pods = 1, .cpu_milli = 2000, DEVICES(1, 1, 500)},
     &only_fragmentation,
     1999,
     {1000, 0, 0, 0},
     1000},
    {"CPU for one of two",
     {.pods = 1, .cpu_milli = 2000, DEVICES(1, 1, 500)},
     &only_unusable,
     3999,
     {1000, 0, 0, 0},
     500},
    {"CPU for one of two does not fragment",
     {.pods = 1, .cpu_milli = 2000, DEVICES(1, 1, 500)},
     &only_fragmentation,
     3999,
     {1000, 0, 0, 0},
     0},
    {"of another group",
     {.pods = 1, DEVICES(2, 1, 500)},
     &half_and_half,
     NOT_TOLD,
     {1000, 200, 0, 0},
     1200},
    {"never filled",
     {.pods = 1, DEVICES(1, 1, 300)},
     &only_remainder,
     NOT_TOLD,
     {1000, 299, 0, 0},
     399},
};

START_TEST(by_hand)
{
    for (unsigned i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        struct sy_workload *workload = made(&losses[i].demand, 1);
        struct sy_workload_node node = four;
        node.cpu_milli = losses[i].cpu_milli;
        memcpy(node.left, losses[i].left, sizeof losses[i].left);
        int64_t loss = sy_packing_loss(workload, losses[i].weights, &node);
        ck_assert_msg(loss == losses[i].milli * MILLI, "%s: %ld", losses[i].what, (long)loss);
        sy_workload_unref(workload);
    }
}
END_TEST

/* Three in four ask for 810, one for 190: where does a pod of 190 go? Into the hole. */
START_TEST(small_pods_go_into_holes)
{
    static const struct sy_workload_demand demand[] = {{.pods = 3, DEVICES(1, 1, 810)},
                                                       {.pods = 1, DEVICES(1, 1, 190)}};
    struct sy_workload *workload = made(demand, 2);
    struct sy_workload_node before = four, hole = four, fresh = four;
    before.left[0] = hole.left[0] = fresh.left[0] = 190;
    hole.left[0] = 0;
    fresh.left[1] = 810;
    int64_t loss = sy_packing_loss(workload, &half_and_half, &before);
    int64_t into_hole =
        sy_packing_cost(&half_and_half, loss, sy_packing_loss(workload, &half_and_half, &hole), 0);
    int64_t into_fresh =
        sy_packing_cost(&half_and_half, loss, sy_packing_loss(workload, &half_and_half, &fresh), 0);
    ck_assert_int_lt(into_hole, 0); /* most pods could not have used it */
    ck_assert_int_lt(into_hole, into_fresh);
    sy_workload_unref(workload);
}
END_TEST

/* What few nodes have is kept for those who must have it, when others can go elsewhere. */
START_TEST(scarce_devices_are_kept)
{
    static const struct sy_workload_node rare = {.cpu_milli = NOT_TOLD,
                                                 .memory_mib = NOT_TOLD,
                                                 .nkind = 1,
                                                 .kind = {{.groups = 2, .n = 1}},
                                                 .left = {1000}};
    static const struct sy_workload_capacity both[] = {{&four, 10}, {&rare, 4}};
    static const struct sy_workload_demand demand[] = {{.pods = 9, DEVICES(3, 1, 1000)},
                                                       {.pods = 1, DEVICES(2, 1, 1000)}};
    struct sy_workload *workload;
    struct sy_err err = {0};
    ck_assert(sy_workload_new(demand, 2, 100, both, 2, &workload, &err) == SY_OK);
    struct sy_workload_node four_after = four, rare_after = rare;
    four_after.left[0] = rare_after.left[0] = 0;
    int64_t of_four = sy_packing_loss(workload, &half_and_half, &four_after) -
                      sy_packing_loss(workload, &half_and_half, &four);
    int64_t of_rare = sy_packing_loss(workload, &half_and_half, &rare_after) -
                      sy_packing_loss(workload, &half_and_half, &rare);
    ck_assert_int_lt(of_four, of_rare);
    sy_workload_unref(workload);
}
END_TEST

START_TEST(prices_and_terms)
{
    struct sy_packing_weights w = {.power = 500, .quantum_milli = 10};
    ck_assert(!sy_packing_used(&w));
    w.remainder = 1;
    ck_assert(sy_packing_used(&w));
    /* A kW is worth half a device. */
    ck_assert_int_eq(sy_packing_cost(&w, 0, 0, 1000000), 500 * MILLI);
    ck_assert_int_eq(sy_packing_cost(&w, 3, 1, 0), -2);
    ck_assert_int_eq(sy_packing_cost(&w, 0, 0, INT64_MAX), 0); /* no such power */
    ck_assert_int_eq(sy_packing_cost(&w, 0, 0, INT64_MIN), 0);
    static const struct {
        int64_t cost, price;
    } prices[] = {{0, 0},
                  {1, 0},
                  {10 * MILLI - 1, 0},
                  {10 * MILLI, 1},
                  {-1, -1},
                  {-10 * MILLI, -1},
                  {-10 * MILLI - 1, -2}};
    for (unsigned i = 0; i < sizeof prices / sizeof prices[0]; i++)
        ck_assert_int_eq(sy_packing_price(&w, prices[i].cost), prices[i].price);
    w.quantum_milli = 0; /* the finest */
    ck_assert_int_eq(sy_packing_price(&w, 2 * MILLI), 2);
    static const struct {
        int64_t cost, milli;
        unsigned term;
    } terms[] = {{0, 1000, 500},          {-1000 * MILLI, 1000, 1000}, {INT64_MIN / 4, 1000, 1000},
                 {1000 * MILLI, 1000, 0}, {INT64_MAX / 4, 1000, 0},    {500 * MILLI, 1000, 250},
                 {500 * MILLI, 100, 250}, /* a part counts as a whole one */
                 {500 * MILLI, 0, 250},   {-4000 * MILLI, 8000, 750}};
    for (unsigned i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        unsigned term = sy_packing_term(terms[i].cost, terms[i].milli);
        ck_assert_msg(term == terms[i].term, "case %u: %u", i, term);
    }
}
END_TEST

/* `whole` has all four NPUs, on `broken` one of each pair is sick, `silent` no report; on `taken`
 * one pod holds all four. */
static const struct test_node nodes[] = {{.name = "broken", .mode = "exact", .held = "x..x.."},
                                         {.name = "silent"},
                                         {.name = "taken", .mode = "exact", .held = "aa.aa."},
                                         {.name = "whole", .mode = "exact"}};
#define NODES 4
static const char *const names[] = {"broken", "silent", "whole"};

static struct sy_workload *fours(struct test_world *w)
{
    struct sy_workload *workload;
    struct sy_err err = {0};
    ck_assert(sy_workload_learn(w->world.cluster, &workload, &err) == SY_OK);
    ck_assert_uint_eq(workload->nclass, 1);
    return workload;
}

#define PROFILE(name) "\"switchyard.dev/profile\":\"" name "\""

static void explain(struct test_world *w, const char *profile, struct sy_verdict verdict[3])
{
    struct sy_request one = test_request_of(w, "\"" TEST_NPU "\":\"1\"", profile);
    struct sy_candidate *candidate = test_candidates(w, names, 3);
    struct sy_err err = {0};
    ck_assert_msg(sy_engine_explain(&w->world, &one, candidate, 3, w->arena, verdict, &err) ==
                      SY_OK,
                  "%s", err.text);
}

static unsigned leftover(const struct sy_verdict *verdict)
{
    return verdict->placement->expected.value.term[SY_TERM_LEFTOVER];
}

START_TEST(the_engine_asks_the_workload)
{
    struct test_world w;
    struct sy_verdict without[3], with[3], again[3];
    test_world_make(
        &w, nodes, NODES,
        "profiles: {io-heavy-off: {base: io-heavy, packing: {fragmentation: 0, unusable: "
        "0, remainder: 0}}}");
    explain(&w, PROFILE("fit"), without);
    struct sy_workload *workload = fours(&w);
    w.world.workload = workload;
    explain(&w, PROFILE("fit"), with);
    explain(&w, PROFILE("fit"), again);
    /* On `broken` no four fit any more: what one takes is lost to nobody. On `whole` four did. */
    ck_assert_uint_gt(leftover(&with[0]), 500);
    ck_assert_uint_lt(leftover(&with[2]), 500);
    ck_assert_uint_gt(with[0].score, with[2].score);
    /* Nobody knows what is free on `silent`: as without. */
    ck_assert_uint_eq(leftover(&with[1]), leftover(&without[1]));
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(with[i].score, again[i].score); /* from the memo */
        ck_assert_uint_eq(with[i].score, with[i].placement->expected.total);
        ck_assert_uint_le(with[i].placement->best.total, with[i].placement->bound);
    }
    /* A profile without packing weights does not look. */
    w.world.workload = NULL;
    explain(&w, PROFILE("io-heavy-off"), without);
    w.world.workload = workload;
    explain(&w, PROFILE("io-heavy-off"), with);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(with[i].score, without[i].score);
    sy_workload_unref(workload);
    test_world_free(&w);
}
END_TEST

struct asking {
    struct test_world *w;
    const struct sy_request *request;
    const struct sy_candidate *candidate;
};

static enum sy_code ask(void *data, struct sy_err *err)
{
    const struct asking *asking = data;
    struct sy_verdict verdict[3];
    struct sy_arena *arena = sy_arena_new(1 << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_engine_prioritize(&asking->w->world, asking->request, asking->candidate,
                                             3, arena, verdict, err);
    sy_arena_free(arena);
    return code;
}

START_TEST(allocations_may_fail)
{
    struct test_world w;
    test_world_make(&w, nodes, NODES, NULL);
    struct sy_workload *workload = fours(&w);
    w.world.workload = workload;
    w.world.memo = NULL;
    struct sy_request one = test_request_of(&w, "\"" TEST_NPU "\":\"1\"", PROFILE("fit"));
    struct asking asking = {&w, &one, test_candidates(&w, names, 3)};
    ck_assert_int_gt(sy_fault_sweep(ask, &asking, 0), 3);
    sy_workload_unref(workload);
    test_world_free(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packing");
    TCase *tcase = tcase_create("packing");
    tcase_add_test(tcase, by_hand);
    tcase_add_test(tcase, small_pods_go_into_holes);
    tcase_add_test(tcase, scarce_devices_are_kept);
    tcase_add_test(tcase, prices_and_terms);
    tcase_add_test(tcase, the_engine_asks_the_workload);
    tcase_add_test(tcase, allocations_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
