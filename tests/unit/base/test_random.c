/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "tests/lib/run.h"

/* The same numbers everywhere: what the published algorithms give for seed 0. */
START_TEST(known)
{
    struct sy_random random;
    sy_random_init(&random, 0);
    ck_assert_uint_eq(random.state[0], UINT64_C(0xe220a8397b1dcdaf)); /* splitmix64's first two */
    ck_assert_uint_eq(random.state[1], UINT64_C(0x6e789e6aa1b965f4));
    ck_assert_uint_eq(sy_random_u64(&random), UINT64_C(0x99ec5f36cb75f2b4));
    ck_assert_uint_eq(sy_random_u64(&random), UINT64_C(0xbf6e1f784956452a));
}
END_TEST

/* Every value of a small bound comes about as often. */
START_TEST(below)
{
    struct sy_random random;
    unsigned count[7] = {0};
    sy_random_init(&random, 1);
    for (int i = 0; i < 70000; i++)
        count[sy_random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++)
        ck_assert(count[i] > 9500 && count[i] < 10500);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(sy_random_below(&random, 1), 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_lt(sy_random_below(&random, UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(unit)
{
    struct sy_random random;
    double sum = 0;
    sy_random_init(&random, 2);
    for (int i = 0; i < 100000; i++) {
        double value = sy_random_unit(&random);
        ck_assert(value >= 0 && value < 1);
        sum += value;
    }
    ck_assert_double_eq_tol(sum / 100000, 0.5, 0.01);
}
END_TEST

/* All there once; every place gets every value about as often. */
START_TEST(shuffled)
{
    struct sy_random random;
    unsigned at[4][4] = {0};
    sy_random_init(&random, 3);
    for (int i = 0; i < 40000; i++) {
        uint32_t value[4] = {0, 1, 2, 3};
        unsigned seen = 0;
        sy_random_shuffle(&random, value, 4);
        for (unsigned k = 0; k < 4; k++) {
            seen |= 1u << value[k];
            at[k][value[k]]++;
        }
        ck_assert_uint_eq(seen, 15);
    }
    for (unsigned i = 0; i < 16; i++)
        ck_assert(at[i / 4][i % 4] > 9500 && at[i / 4][i % 4] < 10500);
    sy_random_shuffle(&random, NULL, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *tc = tcase_create("random");
    tcase_add_test(tc, known);
    tcase_add_test(tc, below);
    tcase_add_test(tc, unit);
    tcase_add_test(tc, shuffled);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
