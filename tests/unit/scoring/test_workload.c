/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods are typical, how scarce each is, what is guessed and what is refused; and what a
 * cluster's own pods teach. */
#include "scoring/workload_learn.h"
#include "scoring/workload_private.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <string.h>

#define NOT_TOLD SY_WORKLOAD_NOT_TOLD
#define DEVICES(mask, n, thousandths)                                                              \
    .nentry = 1, .entry = {{.groups = (mask), .count = (n), .milli = (thousandths)}}

/* Two models: bit 0 on 3 nodes of eight devices, bit 1 on one node of two. */
static const struct sy_workload_node big = {
    .cpu_milli = 96000,
    .memory_mib = 393216,
    .nkind = 1,
    .kind = {{.groups = 1, .first = 0, .n = 8}},
    .left = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}};
static const struct sy_workload_node small = {.cpu_milli = 32000,
                                              .memory_mib = 131072,
                                              .nkind = 1,
                                              .kind = {{.groups = 2, .first = 0, .n = 2}},
                                              .left = {1000, 1000}};
static const struct sy_workload_capacity capacity[] = {{&big, 3}, {&small, 1}};

static struct sy_workload *made(const struct sy_workload_demand *demand, size_t n, unsigned percent)
{
    struct sy_workload *workload;
    struct sy_err err = {0};
    enum sy_code code = sy_workload_new(demand, n, percent, capacity, 2, &workload, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return workload;
}

START_TEST(the_most_frequent_are_typical)
{
    static const struct sy_workload_demand demand[] = {
        {.pods = 40, .cpu_milli = 4000, .memory_mib = NOT_TOLD, DEVICES(3, 1, 1000)},
        {.pods = 3, .cpu_milli = 8000, .memory_mib = NOT_TOLD, DEVICES(3, 8, 1000)},
        {.pods = 30, .cpu_milli = 4000, .memory_mib = NOT_TOLD, DEVICES(3, 1, 500)},
        {.pods = 7, .cpu_milli = 2000, .memory_mib = NOT_TOLD}, /* no devices */
        {.pods = 20, .cpu_milli = 4000, .memory_mib = NOT_TOLD, DEVICES(3, 1, 1000)},
        {.pods = 0, .cpu_milli = 1, .memory_mib = NOT_TOLD, DEVICES(3, 1, 1000)},
    };
    struct sy_workload *workload = made(demand, 6, 95);
    ck_assert_uint_eq(workload->nclass, 3); /* 60 + 30 + 7 of 100: 90 are too few, 97 enough */
    ck_assert_uint_eq(workload->cls[0].demand.pods, 60);
    ck_assert_uint_eq(workload->cls[1].demand.entry[0].milli, 500);
    ck_assert_uint_eq(workload->cls[2].demand.nentry, 0);
    ck_assert_uint_eq(workload->cls[0].share_ppm, 618557); /* 60 of 97 */
    ck_assert_uint_eq(workload->cls[1].share_ppm, 309278);
    ck_assert_uint_eq(workload->cls[2].share_ppm, 72165);
    /* 96 + 32 cores' worth of memory: 4 GiB a core. */
    ck_assert_int_eq(workload->cls[0].demand.memory_mib, 16384);
    /* The nodes fill with either: their weights are their shares, a pod without devices has none.
     */
    ck_assert_uint_eq(workload->cls[0].weight_ppm, 618557);
    ck_assert_uint_eq(workload->cls[1].weight_ppm, 309278);
    ck_assert_uint_eq(workload->cls[2].weight_ppm, 0);
    ck_assert_uint_eq(workload->nmilli, 2);
    sy_workload_unref(workload);
    workload = made(demand, 6, 100);
    ck_assert_uint_eq(workload->nclass, 4);
    sy_workload_unref(workload);
    workload = made(demand, 0, 95);
    ck_assert_uint_eq(workload->nclass, 0);
    ck_assert_int_eq(workload->remainder[1000], 1000000000); /* nobody comes */
    sy_workload_unref(workload);
}
END_TEST

START_TEST(scarce_room_weighs_more)
{
    /* 26 devices: all for the first, 24 for the second, 2 for the third: roots of 1, 26/24, 13. */
    static const struct sy_workload_demand demand[] = {
        {.pods = 50, .memory_mib = NOT_TOLD, DEVICES(3, 1, 1000)},
        {.pods = 30, .memory_mib = NOT_TOLD, DEVICES(3, 8, 1000)},
        {.pods = 20, .memory_mib = NOT_TOLD, DEVICES(2, 1, 1000)},
    };
    struct sy_workload *workload = made(demand, 3, 100);
    /* 500,000 x 1.000, 300,000 x 1.040, 200,000 x 3.605 of 1,533,000. */
    ck_assert_uint_eq(workload->cls[0].weight_ppm, 326158);
    ck_assert_uint_eq(workload->cls[1].weight_ppm, 203523);
    ck_assert_uint_eq(workload->cls[2].weight_ppm, 470320);
    sy_workload_unref(workload);
    /* A demand that fits nowhere is as scarce as a 50th of the devices. */
    static const struct sy_workload_demand nowhere[] = {
        {.pods = 1, .memory_mib = NOT_TOLD, DEVICES(3, 1, 1000)},
        {.pods = 1, .memory_mib = NOT_TOLD, DEVICES(4, 1, 1000)},
    };
    workload = made(nowhere, 2, 100);
    ck_assert_uint_eq(workload->cls[0].demand.entry[0].groups, 4);
    ck_assert_uint_eq(workload->cls[0].weight_ppm, 876100); /* 7.071 of 8.071 */
    sy_workload_unref(workload);
}
END_TEST

START_TEST(remainders)
{
    /* 98 % ask for 400, 2 % for 100: each is sure to come (2 % is the bound). */
    static const struct sy_workload_demand demand[] = {
        {.pods = 98, .memory_mib = NOT_TOLD, DEVICES(3, 1, 400)},
        {.pods = 2, .memory_mib = NOT_TOLD, DEVICES(3, 1, 100)},
    };
    struct sy_workload *workload = made(demand, 2, 100);
    ck_assert_int_eq(workload->remainder[0], 0);
    ck_assert_int_eq(workload->remainder[99], 99000000);
    ck_assert_int_eq(workload->remainder[100], 0);
    ck_assert_int_eq(workload->remainder[150], 50000000);
    ck_assert_int_eq(workload->remainder[399], 99000000);
    ck_assert_int_eq(workload->remainder[400], 0);
    ck_assert_int_eq(workload->remainder[450], 50000000); /* 50 stay, whichever comes */
    sy_workload_unref(workload);
    /* With 1 %, a hole of 100 is filled every second time. */
    static const struct sy_workload_demand rare[] = {
        {.pods = 99, .memory_mib = NOT_TOLD, DEVICES(3, 1, 400)},
        {.pods = 1, .memory_mib = NOT_TOLD, DEVICES(3, 1, 100)},
    };
    workload = made(rare, 2, 100);
    ck_assert_int_eq(workload->remainder[100], 50000000);
    /* After 400 a hole of 100, after 100 one of 400, of which 2.125 stay. */
    ck_assert_int_eq(workload->remainder[500], 49521250);
    sy_workload_unref(workload);
}
END_TEST

START_TEST(slots)
{
    static const struct {
        struct sy_workload_demand demand;
        int64_t cpu_milli, memory_mib;
        uint16_t left[4];
        int64_t slots;
    } cases[] = {
        {{.pods = 1, DEVICES(1, 1, 300)}, NOT_TOLD, NOT_TOLD, {1000, 900, 299, 0}, 6},
        {{.pods = 1, .cpu_milli = 1000, DEVICES(1, 1, 300)}, 4999, 0, {1000, 900, 299, 0}, 4},
        {{.pods = 1, .memory_mib = 10, DEVICES(1, 1, 300)}, NOT_TOLD, 29, {1000, 900, 0, 0}, 2},
        {{.pods = 1, DEVICES(1, 2, 1000)}, 0, 0, {1000, 1000, 1000, 999}, 1},
        {{.pods = 1, DEVICES(1, 4, 1000)}, 0, 0, {1000, 1000, 1000, 999}, 0},
        {{.pods = 1, DEVICES(1, 3, 400)}, 0, 0, {1000, 1000, 0, 0}, 0}, /* of different devices */
        {{.pods = 1, DEVICES(2, 1, 100)}, 0, 0, {1000, 1000, 0, 0}, 0},
        {{.pods = 1, .cpu_milli = 1, DEVICES(1, 1, 1)}, 0, 0, {1000, 0, 0, 0}, 0},
        {{.pods = 1, DEVICES(1, 1, 1)}, 0, 0, {1000, 999, 0, 0}, 1999},
        {{.pods = 1, DEVICES(1, 1, 7)}, 0, 0, {1000, 6, 0, 0}, 142},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sy_workload *workload = made(&cases[i].demand, 1, 100);
        struct sy_workload_node node = {.cpu_milli = cases[i].cpu_milli,
                                        .memory_mib = cases[i].memory_mib,
                                        .nkind = 1,
                                        .kind = {{.groups = 1, .n = 4}}};
        memcpy(node.left, cases[i].left, sizeof cases[i].left);
        int64_t got = sy_workload_slots(workload, &workload->cls[0], &node);
        ck_assert_msg(got == cases[i].slots, "case %u: %ld", i, (long)got);
        sy_workload_unref(workload);
    }
}
END_TEST

/* Every size divides every room exactly. */
START_TEST(division_is_exact)
{
    for (uint16_t milli = 1; milli <= 1000; milli++) {
        struct sy_workload_demand demand = {
            .pods = 1, .memory_mib = NOT_TOLD, DEVICES(1, 1, milli)};
        struct sy_workload *workload = made(&demand, 1, 100);
        uint32_t left = 0;
        while (left <= 1000 &&
               left * workload->inverse[0] >> SY_WORKLOAD_INVERSE_BITS == left / milli)
            left++;
        ck_assert_msg(left == 1001, "%u of %u", (unsigned)milli, left);
        sy_workload_unref(workload);
    }
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        struct sy_workload_demand demand;
        const char *message;
    } cases[] = {
        {{.pods = 1, DEVICES(0, 1, 1000)}, "demand 0: no pod can ask for this"},
        {{.pods = 1, DEVICES(1, 0, 1000)}, "demand 0: no pod can ask for this"},
        {{.pods = 1, DEVICES(1, 1, 0)}, "demand 0: no pod can ask for this"},
        {{.pods = 1, DEVICES(1, 1, 1001)}, "demand 0: no pod can ask for this"},
        {{.pods = 1, .cpu_milli = -1}, "demand 0: no pod can ask for this"},
        {{.pods = 1, .memory_mib = -2}, "demand 0: no pod can ask for this"},
        {{.pods = 1, .cpu_milli = INT64_MAX}, "demand 0: no pod can ask for this"},
        {{.pods = 1, .nentry = SY_ENTRY_MAX + 1}, "demand 0: no pod can ask for this"},
        {{.pods = UINT64_C(1) << 40}, "2^40 pods, or more than 2^24 nodes"},
        {{.pods = UINT64_MAX}, "2^40 pods, or more than 2^24 nodes"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sy_workload *workload;
        struct sy_err err = {0};
        ck_assert(sy_workload_new(&cases[i].demand, 1, 95, capacity, 2, &workload, &err) != SY_OK);
        ck_assert_str_eq(err.text, cases[i].message);
    }
    static const struct sy_workload_capacity many[] = {{&big, UINT32_MAX}};
    struct sy_workload *workload;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_workload_new(NULL, 0, 95, many, 1, &workload, &err), SY_ELIMIT);
}
END_TEST

/* More kinds and sizes than there is room for: the most frequent stay. */
START_TEST(bounds)
{
    static struct sy_workload_demand demand[1000];
    for (unsigned i = 0; i < 1000; i++)
        demand[i] = (struct sy_workload_demand){.pods = 2000 - i,
                                                .cpu_milli = i,
                                                .memory_mib = NOT_TOLD,
                                                DEVICES(3, 1, (uint16_t)(i % 200 + 1))};
    struct sy_workload *workload = made(demand, 1000, 100);
    ck_assert_uint_eq(workload->nmilli, SY_WORKLOAD_SIZES);
    ck_assert_uint_eq(workload->nclass, SY_WORKLOAD_CLASSES);
    ck_assert_uint_eq(workload->cls[0].demand.pods, 2000);
    ck_assert_uint_eq(workload->cls[63].demand.pods, 1937);
    ck_assert_uint_eq(workload->cls[64].demand.pods, 1800); /* size 65 has no place */
    sy_workload_unref(workload);
}
END_TEST

static enum sy_code fault_new(void *data, struct sy_err *err)
{
    (void)data;
    static const struct sy_workload_demand demand = {.pods = 1, DEVICES(1, 1, 500)};
    struct sy_workload *workload;
    enum sy_code code = sy_workload_new(&demand, 1, 95, capacity, 2, &workload, err);
    if (code == SY_OK)
        sy_workload_unref(workload);
    return code;
}

/* Pods a, b: one NPU each, on two nodes that are alike; c: two NPUs and a GPU; d on a node that
 * only counts; f holds a device of which nobody knows the pod. */
static const struct test_node nodes[] = {{.name = "a", .mode = "exact", .held = "a..b.."},
                                         {.name = "b", .mode = "exact", .held = "a..b.."},
                                         {.name = "c", .mode = "predicted", .held = "c.cc.?"},
                                         {.name = "d", .mode = "counts"},
                                         {.name = "e", .small = true}};

START_TEST(learnt_from_a_snapshot)
{
    struct test_world w;
    test_world_make(&w, nodes, 5, NULL);
    struct sy_workload *workload;
    struct sy_err err = {0};
    ck_assert_msg(sy_workload_learn(w.world.cluster, &workload, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(workload->nclass, 2);
    ck_assert_uint_eq(workload->cls[0].demand.pods, 4);
    ck_assert_uint_eq(workload->cls[0].demand.nentry, 1);
    ck_assert_uint_eq(workload->cls[0].demand.entry[0].count, 1);
    ck_assert_uint_eq(workload->cls[0].demand.entry[0].milli, 1000);
    ck_assert_uint_eq(workload->cls[0].demand.entry[0].groups, 1); /* more pods hold NPUs */
    ck_assert_uint_eq(workload->cls[1].demand.pods, 1);
    ck_assert_uint_eq(workload->cls[1].demand.nentry, 2);
    ck_assert_uint_eq(workload->ngroup, 2);
    struct sy_workload_node node;
    const struct sy_node *a = w.world.cluster->node[0];
    sy_workload_node_of(workload, a->fabric, &a->usage->free, &node);
    ck_assert_uint_eq(node.nkind, 2);
    ck_assert_uint_eq(node.kind[0].n + node.kind[1].n, TEST_UNITS);
    ck_assert_int_eq(node.cpu_milli, NOT_TOLD);
    ck_assert_int_eq(sy_workload_slots(workload, &workload->cls[0], &node), 2);
    ck_assert_int_eq(sy_workload_slots(workload, &workload->cls[1], &node), 1);
    struct sy_digest digest = workload->digest;
    sy_workload_unref(sy_workload_ref(workload));
    sy_workload_unref(workload);
    ck_assert(sy_workload_learn(w.world.cluster, &workload, &err) == SY_OK);
    ck_assert(sy_digest_equal(digest, workload->digest));
    sy_workload_unref(workload);
    test_world_free(&w);
}
END_TEST

START_TEST(nothing_to_learn)
{
    static const struct test_node idle[] = {{.name = "a", .mode = "exact"}, {.name = "d"}};
    for (size_t n = 0; n <= 2; n++) {
        struct test_world w;
        test_world_make(&w, idle, n, NULL);
        struct sy_workload *workload;
        struct sy_err err = {0};
        ck_assert(sy_workload_learn(w.world.cluster, &workload, &err) == SY_OK);
        ck_assert_uint_eq(workload->nclass, 0);
        ck_assert_uint_eq(workload->ngroup, 0);
        sy_workload_unref(workload);
        test_world_free(&w);
    }
}
END_TEST

static enum sy_code fault_learn(void *data, struct sy_err *err)
{
    struct sy_workload *workload;
    enum sy_code code = sy_workload_learn(data, &workload, err);
    if (code == SY_OK)
        sy_workload_unref(workload);
    return code;
}

START_TEST(allocations_may_fail)
{
    ck_assert_int_gt(sy_fault_sweep(fault_new, NULL, 0), 2);
    struct test_world w;
    test_world_make(&w, nodes, 5, NULL);
    ck_assert_int_gt(sy_fault_sweep(fault_learn, w.cluster, 0), 6);
    test_world_free(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("workload");
    TCase *tcase = tcase_create("workload");
    tcase_add_test(tcase, the_most_frequent_are_typical);
    tcase_add_test(tcase, scarce_room_weighs_more);
    tcase_add_test(tcase, remainders);
    tcase_add_test(tcase, slots);
    tcase_add_test(tcase, division_is_exact);
    tcase_add_test(tcase, refusals);
    tcase_add_test(tcase, bounds);
    tcase_add_test(tcase, learnt_from_a_snapshot);
    tcase_add_test(tcase, nothing_to_learn);
    tcase_add_test(tcase, allocations_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
