/* SPDX-License-Identifier: Apache-2.0 */
/* Which set is chosen, by whom, and why there is none. */
#include "scoring/placement.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

#define BUDGET 20000u

static struct sy_catalogue *cat;
static struct sy_policy *policy;
static struct sy_builder b;
static struct sy_request request;
static const struct sy_room room = {.known = true, .headroom_mw = 9000000, .limit_mw = 12000000};

static void setup(void)
{
    struct sy_err err = {0};
    cat = sy_builder_catalogue();
    sy_builder_init(&b, cat);
    request = (struct sy_request){.expected_mw = SY_UNKNOWN_MW};
    ck_assert_msg(sy_policy_load(NULL, &policy, &err) == SY_OK, "%s", err.text);
}

static void teardown(void)
{
    sy_policy_unref(policy);
    sy_builder_done(&b);
    sy_catalogue_unref(cat);
}

static void ask(unsigned chooser, unsigned kind, unsigned count)
{
    request.entry[request.nentry++] =
        (struct sy_entry){(uint16_t)sy_builder_resource(cat, chooser, kind), (uint16_t)count, "x"};
}

static enum sy_code solve(struct sy_placement *p, struct sy_err *err)
{
    struct sy_arena *arena = sy_arena_new(1 << 22);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code =
        sy_placement_find(&b.fabric, &b.usage, &request, true, sy_policy_profile(policy, NULL),
                          &room, BUDGET, arena, p, err);
    sy_arena_free(arena);
    return code;
}

static struct sy_placement found(void)
{
    struct sy_placement p;
    struct sy_err err = {0};
    ck_assert_msg(solve(&p, &err) == SY_OK, "%s", err.text);
    return p;
}

static void picked(const struct sy_placement *p, unsigned entry, const char *units)
{
    char text[64];
    (void)sy_devset_format(&p->best.pick[entry], text, sizeof text);
    ck_assert_uint_eq(p->fit, SY_FIT_YES);
    ck_assert_str_eq(text, units);
}

/* Two sockets, two switches each, `per_switch` GPUs and a NIC on each. */
static void machine(unsigned per_switch)
{
    unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_GPU] = per_switch, [SY_KIND_NIC] = 1};
    sy_builder_regular(&b, 2, 2, kinds);
    sy_builder_finish(&b);
}

START_TEST(test_pair_stays_together)
{
    machine(2);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    picked((struct sy_placement[]){found()}, 0, "0-1");
    sy_builder_hold(&b, 0, 1);
    sy_builder_finish(&b);
    picked((struct sy_placement[]){found()}, 0, "3-4");
}
END_TEST

START_TEST(test_one_takes_the_odd_one)
{
    machine(2);
    sy_builder_hold(&b, 10, 1); /* 9 and 10 share the last switch */
    sy_builder_finish(&b);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 1);
    picked((struct sy_placement[]){found()}, 0, "9");
}
END_TEST

START_TEST(test_one_takes_the_worst_connected)
{
    machine(2);
    for (unsigned u = 1; u < 11; u++) {
        if (u != 4 && u != 9 && u != 10 && b.fabric.unit[u].kind == SY_KIND_GPU)
            sy_builder_hold(&b, u, 1);
    }
    sy_builder_finish(&b); /* free: 0 and 4 of one socket, the pair 9 10 of the other */
    sy_builder_hold(&b, 10, 1);
    sy_builder_finish(&b); /* free: 0, 4 and 9: alone on its socket, but with a whole NIC pair */
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 1);
    picked((struct sy_placement[]){found()}, 0, "9");
}
END_TEST

START_TEST(test_partly_used_switches_first)
{
    machine(4); /* 0-3, 5-8, 10-13, 15-18 */
    sy_builder_hold(&b, 15, 1);
    sy_builder_finish(&b);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    picked((struct sy_placement[]){found()}, 0, "16-17");
}
END_TEST

START_TEST(test_joint_not_greedy)
{
    machine(2);
    sy_builder_hold(&b, 2, 1); /* the first switch's NIC: the best pair of GPUs is elsewhere */
    sy_builder_finish(&b);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_NIC, 1);
    request.require[request.nrequire++] = (struct sy_require){.scope = SY_SCOPE_SWITCH};
    struct sy_placement p = found();
    picked(&p, 0, "3-4");
    picked(&p, 1, "5");
    ck_assert(!p.certain);
    /* Of C(8,2) x 3 = 84 sets three lie on one switch. */
    ck_assert_uint_eq(p.likely, 3 * 1000 / 84);
}
END_TEST

START_TEST(test_choosers)
{
    machine(2);
    ask(SY_CHOOSER_STEERED, SY_KIND_GPU, 2);
    struct sy_placement steered = found();
    request.nentry = 0;
    ask(SY_CHOOSER_PREFERRED, SY_KIND_GPU, 2);
    struct sy_placement preferred = found();
    request.nentry = 0;
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    struct sy_placement arbitrary = found();
    ck_assert_uint_eq(steered.expected.total, steered.best.total);
    ck_assert_uint_eq(steered.worst.total, steered.best.total);
    ck_assert_uint_eq(preferred.expected.total, preferred.best.total); /* all pairs are alike */
    ck_assert_uint_eq(preferred.worst.total, preferred.best.total);
    ck_assert_uint_lt(arbitrary.expected.total, arbitrary.best.total);
    ck_assert_uint_lt(arbitrary.worst.total, arbitrary.expected.total);
    ck_assert_mem_eq(&steered.best, &arbitrary.best, sizeof steered.best);
    /* Means by hand: 28 pairs, 4 PIX, 8 NODE, 16 SYS. */
    const struct sy_profile *p = sy_policy_profile(policy, NULL);
    unsigned sum =
        4u * p->path[SY_PATH_PIX] + 8u * p->path[SY_PATH_NODE] + 16u * p->path[SY_PATH_SYS];
    ck_assert_uint_eq(arbitrary.expected.value.term[SY_TERM_AFFINITY], (2 * sum + 28) / 56);
}
END_TEST

START_TEST(test_virtual_functions_of_a_card)
{
    static const unsigned kinds[SY_KIND_COUNT] = {0, 0, 0, 3};
    sy_builder_regular(&b, 1, 1, kinds); /* 0: the physical function, 1 and 2 its virtual ones */
    sy_builder_share_card(&b, 0, 1, 500);
    sy_builder_share_card(&b, 0, 2, 500);
    b.fabric.unit[0].share = SY_WHOLE;
    b.fabric.unit[1].pf = b.fabric.unit[2].pf = 0;
    sy_builder_finish(&b);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_NIC, 2);
    picked((struct sy_placement[]){found()}, 0, "1-2");
    request.entry[0].count = 3;
    ck_assert_uint_eq(found().fit, SY_FIT_TOO_FEW);
}
END_TEST

START_TEST(test_never_and_busy)
{
    machine(2);
    sy_builder_hold(&b, 0, 1);
    b.usage.unit[3].unhealthy = true;
    sy_builder_finish(&b);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 9);
    ck_assert_uint_eq(found().fit, SY_FIT_TOO_FEW);
    request.entry[0].count = 8;
    ck_assert_uint_eq(found().fit, SY_FIT_UNHEALTHY);
    request.entry[0].count = 7;
    ck_assert_uint_eq(found().fit, SY_FIT_HELD);
    request.entry[0].count = 4;
    request.nrequire = 1;
    request.require[0] = (struct sy_require){.scope = SY_SCOPE_SOCKET};
    picked((struct sy_placement[]){found()}, 0, "6-7,9-10");
    sy_builder_hold(&b, 6, 1);
    sy_builder_finish(&b);
    ck_assert_uint_eq(found().fit, SY_FIT_REQUIRE_BUSY);
    request.require[0].scope = SY_SCOPE_SWITCH;
    ck_assert_uint_eq(found().fit, SY_FIT_REQUIRE_NEVER);
    request.nrequire = 0;
    request.entry[0].count = 2;
    request.min_mbps = 31501;
    ck_assert_uint_eq(found().fit, SY_FIT_BANDWIDTH_NEVER);
    request.min_mbps = 31500;
    ck_assert_uint_eq(found().fit, SY_FIT_YES);
    request.guaranteed = true;
    ck_assert_uint_eq(found().fit, SY_FIT_NOT_GUARANTEED_BUSY);
    request.nentry = 0;
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_FPGA, 1);
    ck_assert_uint_eq(found().fit, SY_FIT_NO_RESOURCE);
}
END_TEST

START_TEST(test_apply_room)
{
    machine(2);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    struct sy_placement p = found(), moved = p;
    ck_assert(!p.power_varies);
    ck_assert_int_eq(p.least_mw, 680000);
    struct sy_room other = {.known = true, .headroom_mw = 1000000, .limit_mw = 12000000};
    sy_placement_apply_room(&moved, sy_policy_profile(policy, NULL), &other);
    ck_assert_uint_eq(moved.best.value.term[SY_TERM_POWER], 26);
    ck_assert_uint_lt(moved.expected.total, p.expected.total);
    other.known = false;
    sy_placement_apply_room(&moved, sy_policy_profile(policy, NULL), &other);
    ck_assert_uint_eq(moved.worst.value.unknown, 1u << SY_UNKNOWN_NODE_POWER);
    sy_placement_apply_room(&moved, sy_policy_profile(policy, NULL), &room);
    ck_assert_mem_eq(&moved, &p, sizeof p);
}
END_TEST

/* The verdict of the filter, which the whole answer must share. */
static enum sy_fit fit(void)
{
    enum sy_fit found_fit = SY_FIT_COUNT;
    struct sy_err err = {0};
    struct sy_arena *arena = sy_arena_new(1 << 22);
    ck_assert_int_eq(sy_placement_feasible(&b.fabric, &b.usage, &request,
                                           sy_policy_profile(policy, NULL), BUDGET, arena,
                                           &found_fit, &err),
                     SY_OK);
    sy_arena_free(arena);
    ck_assert_uint_eq(found().fit, found_fit);
    return found_fit;
}

static void hold(unsigned from, unsigned to)
{
    for (unsigned u = from; u <= to; u++)
        sy_builder_hold(&b, u, 1);
    sy_builder_finish(&b);
}

START_TEST(test_busy_is_no_cover)
{
    machine(2);
    hold(0, 11);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 3);
    request.nrequire = 1;
    request.require[0] = (struct sy_require){.scope = SY_SCOPE_SOCKET};
    ck_assert_uint_eq(fit(), SY_FIT_HELD);
    request.guaranteed = true;
    ck_assert_uint_eq(fit(), SY_FIT_NOT_GUARANTEED_NEVER);
    request.guaranteed = false;
    request.require[0].scope = SY_SCOPE_SWITCH;
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_NEVER);
    for (unsigned u = 0; u < 12; u++)
        b.usage.unit[u].unhealthy = true;
    sy_builder_finish(&b);
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_NEVER);
    request.require[0].scope = SY_SCOPE_SOCKET;
    ck_assert_uint_eq(fit(), SY_FIT_UNHEALTHY);
    request.min_mbps = 20000; /* two of three share an uplink */
    ck_assert_uint_eq(fit(), SY_FIT_BANDWIDTH_NEVER);
    request.min_mbps = 15750;
    ck_assert_uint_eq(fit(), SY_FIT_UNHEALTHY);
}
END_TEST

/* Some free, none of them as wanted, and all devices together neither. */
START_TEST(test_never_before_busy)
{
    machine(2);
    hold(0, 4);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 4);
    request.nrequire = 1;
    request.require[0] = (struct sy_require){.scope = SY_SCOPE_SOCKET};
    hold(6, 6); /* 7, 9 and 10 of one socket are left */
    b.usage.unit[4].held = 0;
    sy_builder_finish(&b);
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_BUSY);
    request.min_mbps = 20000;
    ck_assert_uint_eq(fit(), SY_FIT_BANDWIDTH_NEVER);
}
END_TEST

START_TEST(test_unknown_is_not_never)
{
    machine(2); /* sockets of a NUMA node each: GPUs 0 1 3 4 and 6 7 9 10 */
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 5);
    request.nrequire = 1;
    request.require[0] = (struct sy_require){.scope = SY_SCOPE_NUMA};
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_NEVER);
    b.fabric.unit[6].place[SY_SCOPE_NUMA] = -1;
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_UNKNOWN);
    request.entry[0].count = 6; /* the unknown one is at most a fifth */
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_NEVER);
    request.entry[0].count = 5;
    request.require[0].scope = SY_SCOPE_SOCKET; /* that is known */
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_NEVER);
    b.fabric.unit[6].place[SY_SCOPE_SOCKET] = -1;
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_UNKNOWN);
    request.min_mbps = 31500; /* uplinks are shared by three and more, unknown or not */
    ck_assert_uint_eq(fit(), SY_FIT_BANDWIDTH_NEVER);
    request.min_mbps = 1000;
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_UNKNOWN);
    hold(0, 11);
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_UNKNOWN);
}
END_TEST

START_TEST(test_unknown_rate_is_not_never)
{
    static const unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_GPU] = 1};
    sy_builder_regular(&b, 2, 1, kinds);
    sy_builder_finish(&b);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    request.min_mbps = 31500;
    ck_assert_uint_eq(fit(), SY_FIT_YES);
    for (unsigned i = 1; i < 3; i++) {
        b.fabric.pair[i].pcie = b.fabric.pair[i].path = SY_PATH_UNKNOWN;
        b.fabric.pair[i].mbps = b.fabric.pair[i].pcie_mbps = 0;
    }
    ck_assert_uint_eq(fit(), SY_FIT_REQUIRE_UNKNOWN);
    request.min_mbps = 31501; /* more than the uplinks, which are known, can do */
    ck_assert_uint_eq(fit(), SY_FIT_BANDWIDTH_NEVER);
}
END_TEST

START_TEST(test_scopes_nest)
{
    unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_GPU] = 2};
    sy_builder_regular(&b, 1, 1, kinds);
    sy_builder_finish(&b);
    for (unsigned u = 0; u < 2; u++) {
        for (unsigned s = SY_SCOPE_SWITCH; s < SY_SCOPE_ANY; s++)
            b.fabric.unit[u].place[s] = -1;
    }
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 1);
    request.nrequire = 1;
    for (unsigned s = 0; s < SY_SCOPE_ANY; s++) {
        request.entry[0].count = 1;
        request.require[0] = (struct sy_require){.scope = (uint8_t)s};
        ck_assert_uint_eq(fit(), SY_FIT_YES);
        request.entry[0].count = 2;
        ck_assert_uint_eq(fit(),
                          s >= SY_SCOPE_NUMA ? SY_FIT_REQUIRE_UNKNOWN : SY_FIT_REQUIRE_NEVER);
    }
    sy_builder_share_card(&b, 0, 1, 500);
    for (unsigned s = 0; s < SY_SCOPE_ANY; s++) {
        request.require[0].scope = (uint8_t)s;
        ck_assert_uint_eq(fit(), SY_FIT_YES);
    }
}
END_TEST

/* One of the devices tells no power: the others' still counts, and the term is neutral at most. */
START_TEST(test_power_in_part_unknown)
{
    machine(2);
    for (unsigned u = 0; u < 12; u++) {
        if (b.fabric.unit[u].kind == SY_KIND_NIC)
            b.fabric.unit[u].tdp_mw = 0;
    }
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_GPU, 2);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_NIC, 1);
    struct sy_placement p = found();
    ck_assert_int_eq(p.least_mw, 680000);
    ck_assert_int_eq(p.most_mw, 680000);
    ck_assert(!p.power_varies);
    ck_assert_int_eq(p.expected.value.watts_mw, 680000);
    ck_assert_uint_eq(p.best.value.unknown, 1u << SY_UNKNOWN_DEVICE_POWER);
    ck_assert_uint_eq(p.best.value.term[SY_TERM_POWER], sy_policy_profile(policy, NULL)->neutral);
    struct sy_room narrow = {.known = true, .headroom_mw = 1000000, .limit_mw = 12000000};
    sy_placement_apply_room(&p, sy_policy_profile(policy, NULL), &narrow);
    ck_assert_uint_eq(p.expected.value.term[SY_TERM_POWER], 26);
    b.fabric.unit[2].tdp_mw = 60000; /* adds nothing either, but that is known */
    ck_assert(found().power_varies);
    request.expected_mw = 100000; /* the pod's own number needs none of it */
    p = found();
    ck_assert_int_eq(p.most_mw, 100000);
    ck_assert(!p.power_varies);
    ck_assert_uint_eq(p.best.value.unknown, 0);
}
END_TEST

static enum sy_code one_run(void *data, struct sy_err *err)
{
    struct sy_placement p;
    (void)data;
    return solve(&p, err);
}

START_TEST(test_every_failing_allocation)
{
    machine(2);
    ask(SY_CHOOSER_STEERED, SY_KIND_GPU, 2);
    ask(SY_CHOOSER_ARBITRARY, SY_KIND_NIC, 2);
    request.require[request.nrequire++] = (struct sy_require){.scope = SY_SCOPE_SOCKET};
    request.min_mbps = 1000;
    ck_assert_int_gt(sy_fault_sweep(one_run, NULL, 0), 1);
}
END_TEST

/* The arena's limit is met at every size: an error each time, until it suffices. */
START_TEST(test_every_arena_limit)
{
    machine(2);
    ask(SY_CHOOSER_PREFERRED, SY_KIND_GPU, 3);
    ask(SY_CHOOSER_STEERED, SY_KIND_NIC, 2);
    enum sy_code code = SY_ENOMEM;
    unsigned failed = 0;
    for (size_t limit = 64; code != SY_OK; limit += 512) {
        struct sy_placement p, before;
        struct sy_err err = {0};
        memset(&p, 0x5a, sizeof p);
        before = p;
        struct sy_arena *arena = sy_arena_new(limit);
        code = sy_placement_find(&b.fabric, &b.usage, &request, true,
                                 sy_policy_profile(policy, NULL), &room, BUDGET, arena, &p, &err);
        ck_assert(code == SY_OK || code == SY_ENOMEM);
        if (code == SY_ENOMEM) {
            failed++;
            ck_assert_mem_eq(&p, &before, sizeof p);
        }
        sy_arena_free(arena);
    }
    ck_assert_uint_gt(failed, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("placement");
    TCase *tc = tcase_create("sets");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_pair_stays_together);
    tcase_add_test(tc, test_one_takes_the_odd_one);
    tcase_add_test(tc, test_one_takes_the_worst_connected);
    tcase_add_test(tc, test_partly_used_switches_first);
    tcase_add_test(tc, test_joint_not_greedy);
    tcase_add_test(tc, test_choosers);
    tcase_add_test(tc, test_virtual_functions_of_a_card);
    tcase_add_test(tc, test_never_and_busy);
    tcase_add_test(tc, test_apply_room);
    tcase_add_test(tc, test_busy_is_no_cover);
    tcase_add_test(tc, test_never_before_busy);
    tcase_add_test(tc, test_unknown_is_not_never);
    tcase_add_test(tc, test_unknown_rate_is_not_never);
    tcase_add_test(tc, test_scopes_nest);
    tcase_add_test(tc, test_power_in_part_unknown);
    tcase_add_test(tc, test_every_failing_allocation);
    tcase_add_test(tc, test_every_arena_limit);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
