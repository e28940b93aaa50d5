/* SPDX-License-Identifier: Apache-2.0 */
/* The terms of the value function, each on a machine small enough to reckon by hand. */
#include "scoring/placement.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"

#include <string.h>

static struct sy_catalogue *cat;
static struct sy_builder b;
static struct sy_profile profile;
static struct sy_request request;

static void setup(void)
{
    cat = sy_builder_catalogue();
    sy_builder_init(&b, cat);
    profile = sy_builder_profile();
}

static void teardown(void)
{
    sy_builder_done(&b);
    sy_catalogue_unref(cat);
}

/* Two sockets, two switches each, two GPUs and a NIC on each switch: units 0 1 2, 3 4 5 … */
static void machine(void)
{
    static const unsigned kinds[SY_KIND_COUNT] = {0, 2, 0, 1};
    sy_builder_regular(&b, 2, 2, kinds);
}

static struct sy_value value_of(unsigned gpus, const unsigned *gpu)
{
    struct sy_devset pick[SY_ENTRY_MAX] = {0};
    struct sy_value_context *c = NULL;
    struct sy_value v;
    request = (struct sy_request){.nentry = 1, .expected_mw = SY_UNKNOWN_MW};
    request.entry[0] = (struct sy_entry){
        (uint16_t)sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, SY_KIND_GPU), (uint16_t)gpus, "x"};
    for (unsigned i = 0; i < gpus; i++)
        sy_devset_add(&pick[0], gpu[i]);
    struct sy_arena *arena = sy_arena_new(1 << 20);
    ck_assert_int_eq(sy_value_context_new(&b.fabric, &b.usage, &request, &profile, arena, &c, NULL),
                     SY_OK);
    sy_value_of(c, pick, &v);
    sy_arena_free(arena);
    return v;
}
#define VALUE(...)                                                                                 \
    value_of(sizeof((unsigned[]){__VA_ARGS__}) / sizeof(unsigned), (unsigned[]){__VA_ARGS__})

START_TEST(test_affinity_and_cpu)
{
    machine();
    sy_builder_finish(&b);
    struct sy_value one = VALUE(0), same = VALUE(0, 1), numa = VALUE(0, 3), far = VALUE(0, 6);
    ck_assert_uint_eq(one.term[SY_TERM_AFFINITY], 1000);
    ck_assert_uint_eq(one.term[SY_TERM_CPU], 1000);
    ck_assert_uint_eq(same.term[SY_TERM_AFFINITY], 1000); /* PIX */
    ck_assert_uint_eq(numa.term[SY_TERM_AFFINITY], 930);  /* NODE */
    ck_assert_uint_eq(far.term[SY_TERM_AFFINITY], 620);   /* SYS */
    ck_assert_uint_eq(far.term[SY_TERM_CPU], 450);
    struct sy_value three = VALUE(0, 1, 6); /* PIX, SYS, SYS: 2240 / 3 = 746.67 */
    ck_assert_uint_eq(three.term[SY_TERM_AFFINITY], 747);
    ck_assert_uint_eq(three.term[SY_TERM_CPU], 633); /* (1000 + 450 + 450) / 3 */
    ck_assert_uint_eq(three.unknown, 0);
}
END_TEST

START_TEST(test_unknown_locality)
{
    machine();
    b.fabric.unit[0].place[SY_SCOPE_NUMA] = -1;
    sy_builder_finish(&b);
    struct sy_value one = VALUE(0);
    ck_assert_uint_eq(one.term[SY_TERM_CPU], profile.neutral);
    ck_assert_uint_eq(one.unknown, 1u << SY_UNKNOWN_LOCALITY);
}
END_TEST

START_TEST(test_shared_uplinks)
{
    machine();
    sy_builder_finish(&b);
    ck_assert_uint_eq(VALUE(0).min_mbps, 31500);
    ck_assert_uint_eq(VALUE(0, 1).min_mbps, 31500);    /* below one switch: nothing shared */
    ck_assert_uint_eq(VALUE(0, 3).min_mbps, 31500);    /* one device on either uplink */
    ck_assert_uint_eq(VALUE(0, 1, 3).min_mbps, 15750); /* two on the first one's */
    ck_assert_uint_eq(VALUE(0, 1, 3).term[SY_TERM_LINK], 500);
    sy_builder_hold(&b, 2, 1); /* the NIC of that switch, its pod has nothing else */
    sy_builder_finish(&b);
    ck_assert_uint_eq(VALUE(0, 1).min_mbps, 31500);
    ck_assert_uint_eq(VALUE(0, 1, 3).min_mbps, 10500);
    ck_assert_uint_eq(VALUE(0).min_mbps, 15750);
    sy_builder_hold(&b, 1, 1); /* now it has a GPU of the same switch: nothing of it crosses */
    sy_builder_finish(&b);
    ck_assert_uint_eq(VALUE(0).min_mbps, 31500);
    sy_builder_hold(&b, 1, 0); /* held, nobody knows by whom */
    sy_builder_finish(&b);
    ck_assert_uint_eq(VALUE(0).min_mbps, 10500);
}
END_TEST

START_TEST(test_overlay_leaves_uplinks_alone)
{
    machine();
    sy_builder_link(&b, 0, 3, SY_PATH_NVL, 50000);
    sy_builder_link(&b, 1, 3, SY_PATH_NVL, 0);
    sy_builder_finish(&b);
    struct sy_value linked = VALUE(0, 3), unknown = VALUE(1, 3), mixed = VALUE(0, 3, 4);
    ck_assert_uint_eq(linked.min_mbps, 50000);
    ck_assert_uint_eq(linked.term[SY_TERM_LINK], 1000);
    ck_assert_uint_eq(unknown.min_mbps, 0);
    ck_assert_uint_eq(unknown.term[SY_TERM_LINK], profile.neutral);
    ck_assert_uint_eq(unknown.unknown, 1u << SY_UNKNOWN_LINK);
    /* 0 and 4 meet over PCIe, 3 and 4 below one switch: one device crosses each uplink. */
    ck_assert_uint_eq(mixed.min_mbps, 31500);
}
END_TEST

START_TEST(test_nobody_knows_where)
{
    machine();
    struct sy_pair *pair[2] = {&b.fabric.pair[6], &b.fabric.pair[6 * b.fabric.nunit]};
    for (unsigned i = 0; i < 2; i++)
        *pair[i] = (struct sy_pair){SY_PATH_UNKNOWN, SY_PATH_UNKNOWN, SY_PATH_UNKNOWN, 0, 0};
    sy_builder_finish(&b);
    struct sy_value far = VALUE(0, 6), lower = VALUE(0, 1, 6);
    ck_assert_uint_eq(far.min_mbps, 0);
    ck_assert_uint_eq(far.term[SY_TERM_LINK], profile.neutral);
    ck_assert_uint_eq(far.unknown, 1u << SY_UNKNOWN_LINK | 1u << SY_UNKNOWN_LOCALITY);
    ck_assert_uint_eq(lower.term[SY_TERM_LINK], 500); /* the shared uplink, which is known */
    ck_assert_uint_eq(lower.min_mbps, 0);
}
END_TEST

START_TEST(test_assumed_rates_are_said)
{
    machine();
    b.fabric.socket_assumed = true;
    b.fabric.unit[1].link_assumed = true;
    sy_builder_link(&b, 4, 6, SY_PATH_NVL, 50000);
    sy_builder_finish(&b);
    ck_assert_uint_eq(VALUE(0, 3).unknown, 0); /* one package */
    ck_assert_uint_eq(VALUE(0, 6).unknown, 1u << SY_UNKNOWN_SOCKET_RATE);
    ck_assert_uint_eq(VALUE(4, 6).unknown, 0); /* not over PCIe */
    ck_assert_uint_eq(VALUE(0, 1).unknown, 1u << SY_UNKNOWN_LINK_RATE);
}
END_TEST

START_TEST(test_memory)
{
    machine();
    b.fabric.unit[0].memory_bw_mbps = 3000000;
    b.fabric.unit[1].memory_bw_mbps = 0;
    sy_builder_finish(&b);
    ck_assert_uint_eq(VALUE(0).term[SY_TERM_MEMORY], 1000);
    ck_assert_uint_eq(VALUE(0, 3).term[SY_TERM_MEMORY], 333);
    struct sy_value unknown = VALUE(0, 1);
    ck_assert_uint_eq(unknown.term[SY_TERM_MEMORY], profile.neutral);
    ck_assert_uint_eq(unknown.unknown, 1u << SY_UNKNOWN_MEMORY);
    ck_assert_uint_eq(VALUE(1, 3).term[SY_TERM_MEMORY], 333); /* unknown is never the better */
}
END_TEST

START_TEST(test_watts)
{
    machine();
    b.usage.unit[1].cap_mw = 300000;
    b.fabric.unit[3].tdp_mw = 0;
    sy_builder_finish(&b);
    ck_assert_int_eq(VALUE(0).watts_mw, 340000);
    ck_assert_int_eq(VALUE(0, 1).watts_mw, 580000);
    struct sy_value part = VALUE(0, 3);
    ck_assert_int_eq(part.watts_mw, 340000); /* at least: nobody knows what unit 3 adds */
    ck_assert_uint_eq(part.unknown, 1u << SY_UNKNOWN_DEVICE_POWER);
    struct sy_room wide = {.known = true, .headroom_mw = 9340000, .limit_mw = 10000000};
    ck_assert_uint_eq(sy_value_power(&profile, &wide, part.watts_mw), 900);
    ck_assert_uint_eq(sy_value_power_of(&profile, &wide, &part), profile.neutral);
    wide.headroom_mw = 1340000;
    ck_assert_uint_eq(sy_value_power_of(&profile, &wide, &part), 100);
    b.fabric.unit[4].idle_mw = 0; /* all of it counts */
    ck_assert_int_eq(VALUE(4).watts_mw, 400000);
    ck_assert_uint_eq(VALUE(4).unknown, 1u << SY_UNKNOWN_IDLE_POWER);
    struct sy_room room = {.known = true, .headroom_mw = 1000000, .limit_mw = 2000000};
    ck_assert_uint_eq(sy_value_power(&profile, &room, 400000), 300);
    ck_assert_uint_eq(sy_value_power(&profile, &room, 1000000), 0);
    ck_assert_uint_eq(sy_value_power(&profile, &room, 2000000), 0);
    ck_assert_uint_eq(sy_value_power(&profile, &room, SY_UNKNOWN_MW), profile.neutral);
    room.headroom_mw = -5;
    ck_assert_uint_eq(sy_value_power(&profile, &room, 0), 0);
    room = (struct sy_room){.known = true, .headroom_mw = INT64_MAX, .limit_mw = INT64_MAX};
    ck_assert_uint_le(sy_value_power(&profile, &room, 1), 1000);
    room.known = false;
    ck_assert_uint_eq(sy_value_power(&profile, &room, 1), profile.neutral);
}
END_TEST

START_TEST(test_leftover_orders)
{
    machine();
    sy_builder_hold(&b, 3, 1); /* unit 4 is odd: its switch is already broken */
    sy_builder_finish(&b);
    ck_assert_uint_gt(VALUE(4).term[SY_TERM_LEFTOVER], VALUE(0).term[SY_TERM_LEFTOVER]);
    ck_assert_uint_gt(VALUE(0).term[SY_TERM_LEFTOVER], VALUE(6).term[SY_TERM_LEFTOVER]);
    ck_assert_uint_gt(VALUE(0, 1).term[SY_TERM_LEFTOVER], VALUE(0, 6).term[SY_TERM_LEFTOVER]);
}
END_TEST

START_TEST(test_total)
{
    uint16_t term[SY_TERM_COUNT] = {1000, 0, 0, 0, 0, 0};
    memset(profile.term, 0, sizeof profile.term);
    profile.term[0] = 1;
    profile.term[1] = 1;
    ck_assert_uint_eq(sy_value_total(&profile, term), 500);
    term[1] = 1;
    ck_assert_uint_eq(sy_value_total(&profile, term), 501); /* 500.5, half up */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value");
    TCase *tc = tcase_create("terms");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_affinity_and_cpu);
    tcase_add_test(tc, test_unknown_locality);
    tcase_add_test(tc, test_shared_uplinks);
    tcase_add_test(tc, test_overlay_leaves_uplinks_alone);
    tcase_add_test(tc, test_nobody_knows_where);
    tcase_add_test(tc, test_assumed_rates_are_said);
    tcase_add_test(tc, test_memory);
    tcase_add_test(tc, test_watts);
    tcase_add_test(tc, test_leftover_orders);
    tcase_add_test(tc, test_total);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
