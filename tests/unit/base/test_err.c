/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "tests/lib/run.h"

#include <stdlib.h>
#include <string.h>

START_TEST(first_failure_wins)
{
    struct sy_err err = {0};
    ck_assert_int_eq(sy_fail(&err, SY_EPARSE, "bad %s %d", "thing", 7), SY_EPARSE);
    ck_assert_int_eq(sy_fail(&err, SY_EIO, "later"), SY_EIO);
    ck_assert_int_eq(err.code, SY_EPARSE);
    ck_assert_str_eq(err.text, "bad thing 7");
}
END_TEST

START_TEST(null_error_object)
{
    ck_assert_int_eq(sy_fail(NULL, SY_ENOENT, "x"), SY_ENOENT);
    ck_assert_int_eq(sy_wrap(NULL, "x"), SY_OK);
}
END_TEST

START_TEST(wrap_adds_context)
{
    struct sy_err err = {0};
    ck_assert_int_eq(sy_wrap(&err, "nothing to wrap"), SY_OK);
    ck_assert_str_eq(err.text, "");
    (void)sy_fail(&err, SY_EINVAL, "inner");
    ck_assert_int_eq(sy_wrap(&err, "node %s", "n1"), SY_EINVAL);
    ck_assert_int_eq(sy_wrap(&err, "feed"), SY_EINVAL);
    ck_assert_str_eq(err.text, "feed: node n1: inner");
}
END_TEST

START_TEST(long_texts_are_cut)
{
    struct sy_err err = {0};
    char text[600];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)sy_fail(&err, SY_EINVAL, "%.511s", text);
    ck_assert_uint_eq(strlen(err.text), 511);
    ck_assert_str_eq(err.text + 508, "xxx");
    err = (struct sy_err){0};
    (void)sy_fail(&err, SY_EINVAL, "%.512s", text);
    ck_assert_uint_eq(strlen(err.text), 511);
    ck_assert_str_eq(err.text + 507, "x...");
    (void)sy_wrap(&err, "outer");
    ck_assert_uint_eq(strlen(err.text), 511);
    ck_assert_int_eq(strncmp(err.text, "outer: xxx", 10), 0);
    ck_assert_str_eq(err.text + 508, "...");
    (void)sy_wrap(&err, "%s", text);
    ck_assert_str_eq(err.text + 507, "x...");
}
END_TEST

START_TEST(cut_keeps_characters_whole)
{
    struct sy_err err = {0};
    char text[601] = "";
    for (int i = 0; i < 200; i++)
        memcpy(text + 3 * i, "\xE2\x82\xAC", 4); /* euro sign, 3 bytes */
    (void)sy_fail(&err, SY_EINVAL, "%s", text);
    ck_assert_uint_eq(strlen(err.text), 507 + 3); /* 508 is no multiple of 3 */
    ck_assert_str_eq(err.text + 504, "\xE2\x82\xAC...");
}
END_TEST

START_TEST(codes_have_texts_and_exits)
{
    for (int code = 0; code < SY_CODE_COUNT; code++) {
        ck_assert_ptr_nonnull(sy_code_text((enum sy_code)code));
        int status = sy_code_exit((enum sy_code)code);
        ck_assert_int_eq(status != 0, code != SY_OK);
        ck_assert_int_lt(status, 126);
    }
    ck_assert_str_eq(sy_code_text(SY_ELIMIT), "limit exceeded");
    ck_assert_int_eq(sy_code_exit(SY_EUSAGE), 64);
    volatile int beyond = 4711;
    ck_assert_str_eq(sy_code_text((enum sy_code)beyond), "unknown error");
    ck_assert_int_eq(sy_code_exit((enum sy_code)beyond), 70);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("err");
    TCase *tcase = tcase_create("err");
    tcase_add_test(tcase, first_failure_wins);
    tcase_add_test(tcase, null_error_object);
    tcase_add_test(tcase, wrap_adds_context);
    tcase_add_test(tcase, long_texts_are_cut);
    tcase_add_test(tcase, cut_keeps_characters_whole);
    tcase_add_test(tcase, codes_have_texts_and_exits);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
