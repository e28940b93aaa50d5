/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

START_TEST(zeroed_aligned_distinct)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 24);
    static const char zeros[3000];
    char *last = NULL;
    for (int round = 0; round < 2; round++) {
        /* past several block boundaries, in both rounds */
        for (size_t size = 0; size < 3000; size++) {
            char *p = sy_arena_calloc(arena, size, 1);
            ck_assert_ptr_nonnull(p);
            ck_assert_ptr_ne(p, last);
            ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
            ck_assert_mem_eq(p, zeros, size);
            memset(p, 0xA5, size);
            last = p;
        }
        sy_arena_reset(arena);
        ck_assert_uint_eq(sy_arena_used(arena), 0);
    }
}
END_TEST

START_TEST(limit_and_overflow)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(160);
    ck_assert_ptr_null(sy_arena_calloc(arena, SIZE_MAX, 2));
    ck_assert_ptr_null(sy_arena_calloc(arena, SIZE_MAX, 1));
    ck_assert_ptr_null(sy_arena_calloc(arena, 161, 1));
    ck_assert_ptr_nonnull(sy_arena_calloc(arena, 100, 1));
    ck_assert_uint_eq(sy_arena_used(arena), 112);
    ck_assert_ptr_null(sy_arena_calloc(arena, 49, 1));
    ck_assert_ptr_nonnull(sy_arena_calloc(arena, 48, 1));
    ck_assert_uint_eq(sy_arena_used(arena), 160);
    ck_assert_ptr_null(sy_arena_calloc(arena, 0, 0));
    sy_arena_reset(arena);
    ck_assert_ptr_nonnull(sy_arena_calloc(arena, 160, 1));
}
END_TEST

START_TEST(a_reset_keeps_the_memory)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 22);
    for (int round = 0; round < 3; round++) {
        if (round > 0)
            sy_fault_set(0); /* all later rounds must do without the heap */
        for (int i = 0; i < 100; i++)
            ck_assert_ptr_nonnull(sy_arena_calloc(arena, (size_t)i * 97 % 9000, 1));
        ck_assert(!sy_fault_clear());
        sy_arena_reset(arena);
    }
}
END_TEST

START_TEST(texts)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 16);
    ck_assert_str_eq(sy_arena_strndup(arena, "abcdef", 3), "abc");
    ck_assert_str_eq(sy_arena_strndup(arena, "ab", 3), "ab");
    ck_assert_str_eq(sy_arena_strndup(arena, "", 0), "");
    ck_assert_str_eq(sy_arena_printf(arena, "%s-%d", "x", 5), "x-5");
    ck_assert_ptr_null(sy_arena_printf(arena, "%70000d", 5));
}
END_TEST

START_TEST(poisoned_after_reset)
{
#if defined(__SANITIZE_ADDRESS__)
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 16);
    char *p = sy_arena_calloc(arena, 20, 1), *q = sy_arena_calloc(arena, 20, 1);
    ck_assert(!__asan_address_is_poisoned(p + 19));
    ck_assert(__asan_address_is_poisoned(p + 20));
    ck_assert(!__asan_address_is_poisoned(q));
    sy_arena_reset(arena);
    ck_assert(__asan_address_is_poisoned(p));
#else
    sy_skip("poisoning needs AddressSanitizer");
#endif
}
END_TEST

static enum sy_code fill(void *data, struct sy_err *err)
{
    (void)data;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)1 << 24);
    for (int i = 0; i < 64; i++)
        if (arena == NULL || sy_arena_calloc(arena, 1000, 1) == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    return SY_OK;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(sy_fault_sweep(fill, NULL, 0), 3);
    sy_arena_free(NULL);
}
END_TEST

/* The size of the first block is a guess: what does not fit finds room all the same. */
START_TEST(a_sized_arena)
{
    static const size_t firsts[] = {0, 1, 100, 4000};
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new_sized(2000, firsts[_i]);
    static const char zeros[48];
    for (int i = 0; i < 41; i++) {
        char *p = sy_arena_calloc(arena, 48, 1);
        ck_assert_ptr_nonnull(p);
        ck_assert_mem_eq(p, zeros, sizeof zeros);
        memset(p, 0xA5, sizeof zeros);
    }
    ck_assert_ptr_null(sy_arena_calloc(arena, 48, 1)); /* the limit is the limit */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");
    tcase_add_test(tcase, zeroed_aligned_distinct);
    tcase_add_test(tcase, limit_and_overflow);
    tcase_add_test(tcase, a_reset_keeps_the_memory);
    tcase_add_loop_test(tcase, a_sized_arena, 0, 4);
    tcase_add_test(tcase, texts);
    tcase_add_test(tcase, poisoned_after_reset);
    tcase_add_test(tcase, every_allocation_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
