/* SPDX-License-Identifier: Apache-2.0 */
/* The search against the definition, on random nodes and pods. */
#include "brute.h"
#include "tests/lib/run.h"
#include "worlds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLENTY 10000000u /* steps: never used up here */

static struct sy_catalogue *cat;
static struct sy_arena *arena;
static uint64_t seed = 20261122, rounds = 10000;

static struct sy_placement solve(struct world *w, bool strict, uint32_t budget)
{
    struct sy_placement p;
    struct sy_err err = {0};
    sy_arena_reset(arena);
    enum sy_code code = sy_placement_find(&w->b.fabric, &w->b.usage, &w->request, strict,
                                          &w->profile, &w->room, budget, arena, &p, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return p;
}

static enum sy_fit feasible(struct world *w)
{
    enum sy_fit fit = SY_FIT_COUNT;
    struct sy_err err = {0};
    sy_arena_reset(arena);
    enum sy_code code = sy_placement_feasible(&w->b.fabric, &w->b.usage, &w->request, &w->profile,
                                              PLENTY, arena, &fit, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return fit;
}

static unsigned count_in(const struct world *w, const struct sy_devset *within, unsigned entry)
{
    unsigned n = 0;
    for (unsigned u = 0; u < w->b.fabric.nunit; u++)
        n += (within == NULL || sy_devset_has(within, u)) &&
             sy_devset_has(&w->b.fabric.unit[u].resources, w->request.entry[entry].resource);
    return n;
}

static bool in_force(const struct world *w, const struct brute_case *now)
{
    return now->strict && (w->request.nrequire != 0 || w->request.min_mbps != 0);
}

/* What the requirements say of all devices of the node together; `busy` when they could. */
static enum sy_fit expect_never(const struct world *w, const struct brute_answer *empty,
                                enum sy_fit busy)
{
    if (empty->any)
        return w->request.guaranteed && empty->meeting != empty->given ? SY_FIT_NOT_GUARANTEED_NEVER
                                                                       : busy;
    if (empty->may_meet)
        return SY_FIT_REQUIRE_UNKNOWN;
    return empty->may_lie ? SY_FIT_BANDWIDTH_NEVER : SY_FIT_REQUIRE_NEVER;
}

/* The verdict that follows from what brute force found. */
static enum sy_fit expect_fit(struct world *w, const struct brute_case *now,
                              const struct brute_answer *found)
{
    struct brute_case other = *now;
    struct brute_answer empty;
    for (unsigned e = 0; e < w->request.nentry; e++) {
        if (count_in(w, NULL, e) == 0)
            return SY_FIT_NO_RESOURCE;
    }
    other.whole = true;
    brute_solve(&other, &empty);
    if (empty.sets == 0)
        return SY_FIT_TOO_FEW;
    if (found->sets == 0) {
        struct sy_usage healthy = w->b.usage; /* enough of them, were none held? */
        struct brute_answer all_healthy;
        healthy.unit = calloc(w->b.fabric.nunit, sizeof *healthy.unit);
        healthy.free = healthy.healthy;
        other = *now;
        other.usage = &healthy;
        brute_solve(&other, &all_healthy);
        free(healthy.unit);
        enum sy_fit busy = all_healthy.sets != 0 ? SY_FIT_HELD : SY_FIT_UNHEALTHY;
        return in_force(w, now) ? expect_never(w, &empty, busy) : busy;
    }
    if (!found->any)
        return expect_never(w, &empty, found->lies ? SY_FIT_BANDWIDTH_BUSY : SY_FIT_REQUIRE_BUSY);
    if (in_force(w, now) && w->request.guaranteed && found->meeting != found->given)
        return expect_never(w, &empty, SY_FIT_NOT_GUARANTEED_BUSY);
    return SY_FIT_YES;
}

static unsigned total_of(const struct world *w, uint64_t sum)
{
    uint64_t weight = 0;
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        weight += w->profile.term[t];
    return (unsigned)((2 * sum + weight) / (2 * weight));
}

static void same_outcome(const struct world *w, const struct sy_outcome *got,
                         const struct sy_devset *pick, const struct brute_value *want,
                         const char *which, uint64_t round)
{
    for (unsigned e = 0; e < w->request.nentry; e++) {
        char x[64], y[64];
        (void)sy_devset_format(&got->pick[e], x, sizeof x);
        (void)sy_devset_format(&pick[e], y, sizeof y);
        ck_assert_msg(strcmp(x, y) == 0, "round %ju: %s entry %u: got %s (%u), want %s (%u)",
                      (uintmax_t)round, which, e, x, got->total, y, total_of(w, want->sum));
    }
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        ck_assert_msg(got->value.term[t] == want->term[t], "round %ju: %s %s: got %u, want %u",
                      (uintmax_t)round, which, sy_term_name((enum sy_term)t), got->value.term[t],
                      want->term[t]);
    ck_assert_msg(got->value.unknown == want->unknown, "round %ju: %s unknown: got %x, want %x",
                  (uintmax_t)round, which, got->value.unknown, want->unknown);
    ck_assert_uint_eq(got->value.min_mbps, want->min_mbps);
    ck_assert_int_eq(got->value.watts_mw, want->watts_mw);
    ck_assert_uint_eq(got->total, total_of(w, want->sum));
}

static uint64_t half_up(uint64_t sum, uint64_t n)
{
    return (sum * 2 + n) / (n * 2);
}

static void same_expected(const struct world *w, const struct sy_placement *p,
                          const struct brute_answer *want, uint64_t round)
{
    uint64_t sum = 0;
    for (unsigned t = 0; t < SY_TERM_COUNT; t++) {
        uint64_t mean = half_up(want->term[t], want->given);
        sum += w->profile.term[t] * mean;
        ck_assert_msg(p->expected.value.term[t] == mean, "round %ju: expected %s: got %u, want %ju",
                      (uintmax_t)round, sy_term_name((enum sy_term)t), p->expected.value.term[t],
                      (uintmax_t)mean);
    }
    ck_assert_uint_eq(p->expected.total, total_of(w, sum));
    ck_assert_uint_eq(p->expected.value.unknown, want->unknown);
    uint64_t mbps = want->with_mbps != 0 ? half_up(want->mbps, want->with_mbps) : 0;
    ck_assert_uint_eq(p->expected.value.min_mbps, mbps);
    ck_assert_int_eq(p->expected.value.watts_mw,
                     (int64_t)half_up((uint64_t)want->watts, want->given));
    ck_assert_uint_eq(p->certain, want->meeting == want->given);
    ck_assert_uint_eq(p->likely, want->meeting * 1000 / want->given);
}

static void same_power(const struct sy_placement *p, const struct brute_answer *want)
{
    ck_assert_int_eq(p->least_mw, want->least_mw);
    ck_assert_int_eq(p->most_mw, want->most_mw);
    ck_assert_uint_eq(p->power_varies, want->least_mw != want->most_mw ||
                                           (want->watts_whole && want->watts_partial));
}

/* Where power does not vary, the room may as well be applied afterwards. */
static void same_in_room(struct world *w, bool strict, const struct sy_placement *p)
{
    struct sy_room room = w->room;
    w->room = (struct sy_room){0};
    struct sy_placement moved = solve(w, strict, PLENTY);
    w->room = room;
    sy_placement_apply_room(&moved, &w->profile, &w->room);
    if (!p->power_varies)
        ck_assert_mem_eq(&moved, p, sizeof moved);
}

/* The filter knows no room: what a steered resource is given is chosen without regard to power. */
static void same_feasible(struct world *w, const struct brute_case *now, enum sy_fit fit,
                          uint64_t round)
{
    static const struct sy_room no_room;
    struct brute_case roomless = *now;
    struct brute_answer want;
    enum sy_fit got = feasible(w);
    if (w->request.guaranteed) {
        roomless.room = &no_room;
        brute_solve(&roomless, &want);
        fit = expect_fit(w, &roomless, &want);
    }
    ck_assert_msg(got == fit, "round %ju: feasible: got %u, want %u", (uintmax_t)round, got, fit);
}

static unsigned seen[SY_FIT_COUNT];
static uint64_t sets_made, sets_visited;

static void check_world(struct world *w, bool strict, uint64_t round)
{
    struct brute_case now = {.fabric = &w->b.fabric,
                             .usage = &w->b.usage,
                             .request = &w->request,
                             .profile = &w->profile,
                             .room = &w->room,
                             .strict = strict};
    struct brute_answer want;
    struct sy_placement p = solve(w, strict, PLENTY);
    brute_solve(&now, &want);
    enum sy_fit fit = expect_fit(w, &now, &want);
    ck_assert_msg(p.fit == fit, "round %ju: fit: got %u, want %u", (uintmax_t)round, p.fit, fit);
    if (strict)
        same_feasible(w, &now, fit, round);
    seen[fit]++;
    if (fit != SY_FIT_YES)
        return;
    same_outcome(w, &p.best, want.best, &want.best_value, "best", round);
    same_outcome(w, &p.worst, want.worst, &want.worst_value, "worst", round);
    same_expected(w, &p, &want, round);
    same_power(&p, &want);
    same_in_room(w, strict, &p);
    ck_assert(p.best_exact && p.expected_exact && p.worst_exact);
    ck_assert_uint_eq(p.bound, p.best.total);
    ck_assert_uint_le(p.steps, 2 * want.sets);
    sets_made += want.sets;
    sets_visited += p.steps;
    struct sy_placement again = solve(w, strict, PLENTY);
    ck_assert_mem_eq(&again, &p, sizeof p);
}

START_TEST(test_equals_brute_force)
{
    uint64_t from = rounds * (uint64_t)_i / 4, to = rounds * ((uint64_t)_i + 1) / 4;
    for (uint64_t round = from; round < to; round++) {
        struct sy_dice dice = {.state = seed + round * 1000003};
        struct world w;
        world_make(&w, cat, &dice, round % 20 == 0 ? 5000 : 700);
        check_world(&w, !sy_dice_chance(&dice, 25), round);
        world_done(&w);
    }
    printf("seed %ju, rounds %ju..%ju, by fit:", (uintmax_t)seed, (uintmax_t)from, (uintmax_t)to);
    for (unsigned i = 0; i < SY_FIT_COUNT; i++)
        printf(" %u", seen[i]);
    printf("; %ju sets, %ju visited\n", (uintmax_t)sets_made, (uintmax_t)sets_visited);
}
END_TEST

/* Past the budget: what is claimed still holds. */
START_TEST(test_small_budgets)
{
    for (uint64_t round = 0; round < rounds / 10; round++) {
        struct sy_dice dice = {.state = seed * 7 + round};
        struct world w;
        world_make(&w, cat, &dice, 300);
        struct sy_placement exact = solve(&w, true, PLENTY);
        uint32_t budget = (uint32_t)sy_dice_roll(&dice, round % 2 == 0 ? 100 : 1500);
        struct sy_placement p = solve(&w, true, budget);
        if (exact.fit == SY_FIT_YES && p.fit == SY_FIT_YES) {
            ck_assert_uint_ge(p.bound, exact.best.total);
            ck_assert_uint_ge(exact.best.total, p.best.total);
            if (p.best_exact)
                ck_assert_mem_eq(p.best.pick, exact.best.pick, sizeof p.best.pick);
            ck_assert(!p.certain || exact.certain);
            ck_assert(!p.expected_exact || p.expected.total == exact.expected.total);
            for (unsigned e = 0; e < w.request.nentry; e++)
                ck_assert(sy_devset_subset(&p.best.pick[e], &w.b.usage.free));
        } else if (p.fit == SY_FIT_YES) {
            ck_assert_uint_eq(exact.fit, SY_FIT_YES);
        }
        bool never = p.fit == SY_FIT_REQUIRE_NEVER || p.fit == SY_FIT_BANDWIDTH_NEVER ||
                     p.fit == SY_FIT_NOT_GUARANTEED_NEVER;
        ck_assert_msg(!never || exact.fit == p.fit, "round %ju: %u with a small budget, else %u",
                      (uintmax_t)round, p.fit, exact.fit);
        world_done(&w);
    }
}
END_TEST

/* The answer does not depend on the order in which discovery lists what it finds. */
START_TEST(test_object_order)
{
    for (uint64_t round = 0; round < rounds / 5; round++) {
        struct sy_dice dice = {.state = seed * 17 + round};
        struct world w;
        world_make(&w, cat, &dice, 300);
        uint32_t budget = sy_dice_chance(&dice, 50) ? PLENTY : 40;
        struct sy_placement p = solve(&w, true, budget);
        world_renumber(&w, &dice);
        struct sy_placement again = solve(&w, true, budget);
        ck_assert_mem_eq(&p, &again, sizeof p);
        world_done(&w);
    }
}
END_TEST

/* Freeing a device never makes a pod that fits not fit (nobody may count on sets that all meet). */
START_TEST(test_freeing_helps)
{
    for (uint64_t round = 0; round < rounds / 5; round++) {
        struct sy_dice dice = {.state = seed * 13 + round};
        struct world w;
        world_make(&w, cat, &dice, 300);
        w.request.guaranteed = false;
        enum sy_fit before = feasible(&w);
        for (unsigned u = 0; u < w.b.fabric.nunit; u++) {
            struct sy_unit_usage *usage = &w.b.usage.unit[u];
            if (usage->held == 0)
                continue;
            struct sy_unit_usage kept = *usage;
            usage->held = usage->holder = 0;
            sy_builder_finish(&w.b);
            enum sy_fit after = feasible(&w);
            /* One who holds a pair alone no longer crosses only up to where the pair meets. */
            bool links = w.request.min_mbps != 0;
            ck_assert_msg(before != SY_FIT_YES || after == SY_FIT_YES || links,
                          "round %ju: unit %u freed: %u", (uintmax_t)round, u, after);
            *usage = kept;
        }
        world_done(&w);
    }
}
END_TEST

static void setup(void)
{
    cat = sy_builder_catalogue();
    arena = sy_arena_new((size_t)256 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
    sy_arena_free(arena);
    sy_catalogue_unref(cat);
}

int main(void)
{
    const char *text = getenv("SWITCHYARD_SEED"), *many = getenv("SWITCHYARD_ROUNDS");
    if (text != NULL)
        seed = strtoull(text, NULL, 10);
    if (many != NULL)
        rounds = strtoull(many, NULL, 10);
    Suite *suite = suite_create("placement against brute force");
    TCase *tc = tcase_create("random");
    tcase_set_timeout(tc, 600);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_equals_brute_force, 0, 4);
    tcase_add_test(tc, test_small_budgets);
    tcase_add_test(tc, test_object_order);
    tcase_add_test(tc, test_freeing_helps);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
