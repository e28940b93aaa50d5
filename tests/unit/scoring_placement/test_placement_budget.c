/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes on which no symmetry helps and the budget runs out: what is said then must still be true.
 */
#include "scoring/placement.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"

#include <string.h>

static struct sy_catalogue *cat;
static struct sy_builder b;
static struct sy_profile profile;
static struct sy_request request;
static const struct sy_room room = {.known = true, .headroom_mw = 9000000, .limit_mw = 12000000};

static void setup(void)
{
    cat = sy_builder_catalogue();
    sy_builder_init(&b, cat);
    profile = sy_builder_profile();
    request = (struct sy_request){.nentry = 1, .expected_mw = SY_UNKNOWN_MW};
}

static void teardown(void)
{
    sy_builder_done(&b);
    sy_catalogue_unref(cat);
}

/* `n` GPUs whose links all differ in kind and rate. */
static void mesh(unsigned n, uint64_t seed, unsigned chooser, unsigned count)
{
    struct sy_dice dice = {.state = seed};
    unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_GPU] = n / 2};
    sy_builder_regular(&b, 2, 1, kinds);
    for (unsigned a = 0; a < n; a++) {
        for (unsigned c = a + 1; c < n; c++) {
            if (sy_dice_chance(&dice, 50))
                sy_builder_link(&b, a, c, (uint8_t)(SY_PATH_NVL + sy_dice_roll(&dice, 6)),
                                10000 + (uint32_t)sy_dice_roll(&dice, 20000));
        }
    }
    sy_builder_finish(&b);
    request.entry[0] = (struct sy_entry){(uint16_t)sy_builder_resource(cat, chooser, SY_KIND_GPU),
                                         (uint16_t)count, "x"};
}

static struct sy_placement solve(uint32_t budget)
{
    struct sy_placement p;
    struct sy_err err = {0};
    struct sy_arena *arena = sy_arena_new((size_t)64 << 20);
    enum sy_code code = sy_placement_find(&b.fabric, &b.usage, &request, true, &profile, &room,
                                          budget, arena, &p, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    sy_arena_free(arena);
    return p;
}

static int difference(unsigned a, unsigned c)
{
    return a > c ? (int)(a - c) : (int)(c - a);
}

START_TEST(test_bound_holds)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        sy_builder_done(&b);
        sy_builder_init(&b, cat);
        mesh(14, seed, SY_CHOOSER_ARBITRARY, 5);
        struct sy_placement exact = solve(100000), last = exact;
        ck_assert(exact.best_exact && exact.expected_exact && exact.worst_exact);
        ck_assert_uint_eq(exact.steps, 2002);
        for (uint32_t budget = 4; budget < 4000; budget *= 3) {
            struct sy_placement p = solve(budget);
            ck_assert_uint_ge(p.bound, exact.best.total);
            ck_assert_uint_ge(exact.best.total, p.best.total);
            ck_assert_uint_ge(p.worst.total, exact.worst.total);
            ck_assert_uint_le(p.steps, budget + 64);
            ck_assert(sy_devset_subset(&p.best.pick[0], &b.usage.free));
            ck_assert_uint_eq(sy_devset_count(&p.best.pick[0]), 5);
            ck_assert(p.certain == p.expected_exact);
            /* Sums over pairs are counted, not estimated; rounded once instead of per set. */
            ck_assert_int_le(difference(p.expected.value.term[SY_TERM_AFFINITY],
                                        exact.expected.value.term[SY_TERM_AFFINITY]),
                             1);
            ck_assert_int_le(difference(p.expected.value.term[SY_TERM_CPU],
                                        exact.expected.value.term[SY_TERM_CPU]),
                             1);
            last = p;
        }
        ck_assert_int_le(difference(last.expected.total, exact.expected.total), 20);
    }
}
END_TEST

START_TEST(test_bound_search_proves)
{
    mesh(20, 3, SY_CHOOSER_STEERED, 4);
    struct sy_placement all = solve(100000); /* 4845 sets */
    struct sy_placement p = solve(9000);     /* a walk over half of them, then the bound */
    ck_assert(all.best_exact);
    ck_assert_uint_ge(p.bound, all.best.total);
    if (p.best_exact)
        ck_assert_mem_eq(p.best.pick, all.best.pick, sizeof p.best.pick);
}
END_TEST

START_TEST(test_far_too_many)
{
    mesh(128, 5, SY_CHOOSER_ARBITRARY, 32);
    struct sy_placement p = solve(2000), again = solve(2000);
    ck_assert(!p.best_exact && !p.expected_exact && !p.certain);
    ck_assert_uint_ge(p.bound, p.best.total);
    ck_assert_uint_ge(p.best.total, p.worst.total);
    ck_assert_mem_eq(&p, &again, sizeof p);
}
END_TEST

START_TEST(test_larger_than_a_word)
{
    mesh(160, 6, SY_CHOOSER_PREFERRED, 80);
    struct sy_placement p = solve(200);
    ck_assert_uint_eq(p.fit, SY_FIT_YES);
    ck_assert_uint_eq(sy_devset_count(&p.best.pick[0]), 80);
}
END_TEST

START_TEST(test_requirement_past_the_budget)
{
    mesh(64, 7, SY_CHOOSER_ARBITRARY, 8);
    request.nrequire = 1;
    request.require[0] = (struct sy_require){.scope = SY_SCOPE_SOCKET};
    struct sy_placement p = solve(1000);
    ck_assert_uint_eq(p.fit, SY_FIT_YES);
    ck_assert_uint_lt(p.likely, 100);
    request.guaranteed = true;
    ck_assert_uint_ne(solve(1000).fit, SY_FIT_YES); /* nothing was proved */
}
END_TEST

/* Virtual functions of eight cards: many units, few kinds of sets. */
START_TEST(test_many_alike_are_exact)
{
    unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_NIC] = 16};
    sy_builder_regular(&b, 2, 4, kinds);
    sy_builder_finish(&b);
    request.entry[0] = (struct sy_entry){
        (uint16_t)sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, SY_KIND_NIC), 8, "x"};
    struct sy_placement p = solve(2000);
    ck_assert(p.best_exact && p.expected_exact);
    ck_assert_uint_lt(p.steps, 200);
}
END_TEST

/* Only affinity counts; `apart`: the farther the better. */
static void affinity_alone(bool apart)
{
    memset(profile.term, 0, sizeof profile.term);
    profile.term[SY_TERM_AFFINITY] = 1000;
    if (apart)
        profile.path[SY_PATH_PIX] = 0;
}

static void check_first(const struct sy_placement *p, unsigned entry, const char *units)
{
    char text[64];
    (void)sy_devset_format(&p->best.pick[entry], text, sizeof text);
    ck_assert_str_eq(text, units);
    ck_assert(p->best_exact);
}

/* Switches alike, but their NICs have addresses in the other direction: exchanged in the order of
 * the tree, and the first of equal sets is still that of the lowest addresses. */
START_TEST(test_other_order_inside)
{
    uint16_t bridge[8];
    unsigned numa = sy_builder_object(&b, 0, SY_OBJ_NUMA, 0);
    for (unsigned i = 0; i < 8; i++) {
        unsigned host = sy_builder_object(&b, numa, SY_OBJ_HOST_BRIDGE, 0);
        bridge[i] = sy_builder_object(&b, host, SY_OBJ_BRIDGE, 20000);
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned at = i < 8 ? bridge[i] : bridge[15 - i];
        sy_builder_unit(&b, sy_builder_object(&b, at, SY_OBJ_DEVICE, 31500),
                        i < 8 ? SY_KIND_GPU : SY_KIND_NIC);
    }
    sy_builder_relate(&b);
    sy_builder_finish(&b);
    affinity_alone(true);
    request.nentry = 2;
    for (unsigned e = 0; e < 2; e++) {
        unsigned kind = e == 0 ? SY_KIND_GPU : SY_KIND_NIC;
        request.entry[e] = (struct sy_entry){
            (uint16_t)sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, kind), 3, "x"};
    }
    struct sy_placement plain = solve(100000), by_tree = solve(4000);
    check_first(&plain, 0, "0-2");
    check_first(&plain, 1, "8-10");
    ck_assert_uint_eq(plain.steps, 3136);
    ck_assert_uint_lt(by_tree.steps, 1000);
    ck_assert_mem_eq(&by_tree.best, &plain.best, sizeof plain.best);
    ck_assert_mem_eq(&by_tree.expected, &plain.expected, sizeof plain.expected);
    ck_assert_uint_eq(by_tree.worst.total, plain.worst.total);
    ck_assert(by_tree.expected_exact);
}
END_TEST

/* Equal sets, all the best: the climb finds one of them, the walk must end with the first. */
START_TEST(test_bound_keeps_the_first)
{
    struct sy_dice dice = {.state = 1};
    unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_GPU] = 36};
    sy_builder_regular(&b, 1, 1, kinds);
    for (unsigned u = 0; u < 36; u++) /* no two links alike */
        b.fabric.uplink_mbps[b.fabric.unit[u].obj] = 20000 + (uint32_t)sy_dice_roll(&dice, 9999);
    for (unsigned u = 0; u < 36; u++) {
        for (unsigned k = u + 12; k < 36; k += 12)
            sy_builder_link(&b, u, k, SY_PATH_NVL, 20000 + (uint32_t)sy_dice_roll(&dice, 9999));
    }
    sy_builder_finish(&b);
    affinity_alone(false);
    profile.path[SY_PATH_PIX] = 500;
    request.entry[0] = (struct sy_entry){
        (uint16_t)sy_builder_resource(cat, SY_CHOOSER_STEERED, SY_KIND_GPU), 3, "x"};
    struct sy_placement all = solve(100000), p = solve(12000);
    ck_assert_uint_eq(all.steps, 7140);
    check_first(&all, 0, "0,12,24");
    check_first(&p, 0, "0,12,24");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("placement past the budget");
    TCase *tc = tcase_create("budget");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_bound_holds);
    tcase_add_test(tc, test_bound_search_proves);
    tcase_add_test(tc, test_far_too_many);
    tcase_add_test(tc, test_larger_than_a_word);
    tcase_add_test(tc, test_requirement_past_the_budget);
    tcase_add_test(tc, test_many_alike_are_exact);
    tcase_add_test(tc, test_other_order_inside);
    tcase_add_test(tc, test_bound_keeps_the_first);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
