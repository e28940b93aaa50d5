/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "planner/replay/tournament.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

/* What a look at all numbers says. */
struct looked {
    int32_t best;
    uint32_t tied;
};

static struct looked look(const int32_t *value, uint32_t n)
{
    struct looked looked = {SY_TOURNAMENT_OUT, 0};
    for (uint32_t i = 0; i < n; i++) {
        looked.tied = value[i] > looked.best ? 0 : looked.tied;
        looked.best = value[i] > looked.best ? value[i] : looked.best;
        looked.tied += value[i] == looked.best;
    }
    return looked;
}

static uint32_t find(const int32_t *value, int32_t best, uint32_t number)
{
    uint32_t i = 0;
    for (;; i++)
        if (value[i] == best && number-- == 0)
            return i;
}

static void compare(const struct sy_tournament *t, const int32_t *value, uint32_t n, bool count,
                    struct sy_random *random)
{
    struct looked looked = look(value, n);
    ck_assert_int_eq(sy_tournament_best(t), looked.best);
    if (looked.best == SY_TOURNAMENT_OUT)
        return;
    ck_assert_uint_eq(sy_tournament_winner(t, 0), find(value, looked.best, 0));
    if (!count)
        return;
    ck_assert_uint_eq(sy_tournament_tied(t), looked.tied);
    uint32_t number = (uint32_t)sy_random_below(random, looked.tied);
    ck_assert_uint_eq(sy_tournament_winner(t, number), find(value, looked.best, number));
}

static const uint32_t sizes[] = {1, 2, 15, 16, 17, 255, 256, 257, 4000, 4097};

/* Many changes, few different numbers: against looking at all of them. */
START_TEST(changes)
{
    uint32_t n = sizes[_i / 2];
    bool count = _i % 2 != 0;
    struct sy_random random;
    struct sy_tournament t;
    sy_random_init(&random, (uint64_t)_i);
    int32_t *value = sy_calloc(n, sizeof *value);
    ck_assert(sy_tournament_init(&t, n, count));
    ck_assert_int_eq(sy_tournament_best(&t), SY_TOURNAMENT_OUT);
    for (uint32_t i = 0; i < n; i++) {
        value[i] = (int32_t)sy_random_below(&random, 9) - 4;
        sy_tournament_put(&t, i, value[i]);
    }
    sy_tournament_play(&t);
    compare(&t, value, n, count, &random);
    for (int i = 0; i < 3000; i++) {
        uint32_t at = (uint32_t)sy_random_below(&random, n);
        value[at] = sy_random_below(&random, 3) == 0 ? SY_TOURNAMENT_OUT
                                                     : (int32_t)sy_random_below(&random, 9) - 4;
        sy_tournament_set(&t, at, value[at]);
        ck_assert_int_eq(sy_tournament_get(&t, at), value[at]);
        compare(&t, value, n, count, &random);
    }
    for (uint32_t i = 0; i < n; i++) {
        value[i] = SY_TOURNAMENT_OUT;
        sy_tournament_set(&t, i, value[i]);
        compare(&t, value, n, count, &random);
    }
    sy_free(value);
    sy_tournament_done(&t);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct sy_tournament t;
    (void)data;
    if (!sy_tournament_init(&t, 100, true))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    sy_tournament_done(&t);
    return SY_OK;
}

START_TEST(failing_allocations)
{
    ck_assert_int_eq(sy_fault_sweep(sweep, NULL, 0), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_tournament");
    TCase *tc = tcase_create("tournament");
    tcase_add_loop_test(tc, changes, 0, 2 * sizeof sizes / sizeof sizes[0]);
    tcase_add_test(tc, failing_allocations);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
