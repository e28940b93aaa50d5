/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/memo.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

static struct sy_digest key_of(uint64_t i)
{
    struct sy_digest key = sy_digest_begin();
    sy_digest_u64(&key, i);
    return key;
}

static struct sy_placement numbered(uint16_t i)
{
    struct sy_placement p;
    memset(&p, 0, sizeof p);
    p.bound = i;
    return p;
}

START_TEST(test_oldest_go_first)
{
    struct sy_memo *memo = sy_memo_new(10);
    for (uint16_t i = 0; i < 1000; i++) {
        struct sy_placement p = numbered(i);
        sy_memo_put(memo, key_of(i), &p);
        const struct sy_placement *found = sy_memo_find(memo, key_of(i));
        ck_assert_ptr_nonnull(found);
        ck_assert_uint_eq(found->bound, i);
        ck_assert_uint_eq(sy_memo_stats(memo).entries, i < 10 ? i + 1u : 10u);
    }
    for (uint16_t i = 0; i < 1000; i++) {
        const struct sy_placement *found = sy_memo_find(memo, key_of(i));
        ck_assert(i < 990 ? found == NULL : found != NULL && found->bound == i);
    }
    ck_assert_uint_eq(sy_memo_stats(memo).hits, 1010);
    ck_assert_uint_eq(sy_memo_stats(memo).misses, 990);
    sy_memo_free(memo);
}
END_TEST

START_TEST(test_put_again_replaces)
{
    struct sy_memo *memo = sy_memo_new(4);
    struct sy_placement first = numbered(1), second = numbered(2);
    sy_memo_put(memo, key_of(7), &first);
    sy_memo_put(memo, key_of(7), &second);
    ck_assert_uint_eq(sy_memo_find(memo, key_of(7))->bound, 2);
    ck_assert_uint_eq(sy_memo_stats(memo).entries, 1);
    sy_memo_clear(memo);
    ck_assert_ptr_null(sy_memo_find(memo, key_of(7)));
    ck_assert_uint_eq(sy_memo_stats(memo).entries, 0);
    sy_memo_put(memo, key_of(7), &first);
    ck_assert_uint_eq(sy_memo_find(memo, key_of(7))->bound, 1);
    sy_memo_free(memo);
    sy_memo_free(NULL);
}
END_TEST

static enum sy_code fill(void *data, struct sy_err *err)
{
    (void)data;
    struct sy_memo *memo = sy_memo_new(3);
    if (memo == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint16_t i = 0; i < 8; i++) {
        struct sy_placement p = numbered(i);
        sy_memo_put(memo, key_of(i), &p);
        const struct sy_placement *found = sy_memo_find(memo, key_of(i));
        ck_assert(found == NULL || found->bound == i);
    }
    sy_memo_free(memo);
    return SY_OK;
}

START_TEST(test_forgets_without_memory)
{
    ck_assert_int_gt(sy_fault_sweep(fill, NULL, 0), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memo");
    TCase *tc = tcase_create("memo");
    tcase_add_test(tc, test_oldest_go_first);
    tcase_add_test(tc, test_put_again_replaces);
    tcase_add_test(tc, test_forgets_without_memory);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
