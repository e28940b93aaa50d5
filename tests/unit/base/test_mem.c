/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdint.h>
#include <string.h>

START_TEST(checked_arithmetic)
{
    size_t ret = 7;
    ck_assert(!sy_mul_size(SIZE_MAX, 2, &ret));
    ck_assert(!sy_add_size(SIZE_MAX, 1, &ret));
    ck_assert_ptr_null(sy_calloc(SIZE_MAX / 2, 3));
    ck_assert(sy_mul_size(6, 7, &ret));
    ck_assert_uint_eq(ret, 42);
    ck_assert(sy_add_size(SIZE_MAX, 0, &ret));
    ck_assert_uint_eq(ret, SIZE_MAX);
}
END_TEST

START_TEST(copies)
{
    sy_autofree char *whole = sy_strdup("abc"), *part = sy_strndup("abc", 2);
    sy_autofree char *beyond = sy_strndup("abc", 9);
    ck_assert_str_eq(whole, "abc");
    ck_assert_str_eq(part, "ab");
    ck_assert_str_eq(beyond, "abc");
}
END_TEST

START_TEST(zero_bytes_are_memory)
{
    void *a = sy_malloc(0), *b = sy_calloc(0, 8);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    a = sy_realloc(a, 0);
    ck_assert_ptr_nonnull(a);
    sy_free(a);
    sy_free(b);
    sy_free(NULL);
}
END_TEST

START_TEST(take_moves_ownership)
{
    char *kept;
    {
        sy_autofree char *text = sy_strdup("x");
        kept = SY_TAKE(text);
        ck_assert_ptr_null(text);
    }
    ck_assert_str_eq(kept, "x");
    sy_free(kept);
}
END_TEST

START_TEST(injected_failures_last)
{
    sy_fault_set(1);
    void *first = sy_malloc(1), *second = sy_malloc(1), *third = sy_calloc(1, 1);
    char *fourth = sy_strdup("x");
    ck_assert(sy_fault_clear());
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(second);
    ck_assert_ptr_null(third);
    ck_assert_ptr_null(fourth);
    first = sy_realloc(first, 10);
    ck_assert_ptr_nonnull(first);
    sy_free(first);
    sy_fault_set(5);
    sy_free(sy_malloc(1));
    ck_assert(!sy_fault_clear());
}
END_TEST

START_TEST(watch_makes_a_failure_last)
{
    sy_mem_watch_begin();
    sy_free(sy_malloc(1));
    ck_assert(!sy_mem_watch_end());
    sy_mem_watch_begin();
    ck_assert_ptr_null(sy_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(sy_malloc(1));
    ck_assert(sy_mem_watch_end());
    void *after = sy_malloc(1);
    ck_assert_ptr_nonnull(after);
    sy_free(after);
}
END_TEST

static enum sy_code three_allocations(void *data, struct sy_err *err)
{
    (void)data;
    sy_autofree char *a = sy_strdup("a");
    sy_autofree char *b = a == NULL ? NULL : sy_strdup("b");
    sy_autofree char *c = b == NULL ? NULL : sy_strdup("c");
    return c == NULL ? sy_fail(err, SY_ENOMEM, "out of memory") : SY_OK;
}

START_TEST(sweep_counts)
{
    ck_assert_int_eq(sy_fault_sweep(three_allocations, NULL, 10), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mem");
    TCase *tcase = tcase_create("mem");
    tcase_add_test(tcase, checked_arithmetic);
    tcase_add_test(tcase, copies);
    tcase_add_test(tcase, zero_bytes_are_memory);
    tcase_add_test(tcase, take_moves_ownership);
    tcase_add_test(tcase, injected_failures_last);
    tcase_add_test(tcase, watch_makes_a_failure_last);
    tcase_add_test(tcase, sweep_counts);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
