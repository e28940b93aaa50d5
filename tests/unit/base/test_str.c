/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

START_TEST(appends)
{
    struct sy_str str;
    sy_str_init(&str, 1000);
    sy_str_append(&str, "a");
    sy_str_append_n(&str, "bcd", 2);
    sy_str_printf(&str, "-%d-", 5);
    sy_str_append_u64(&str, 0);
    sy_str_append_u64(&str, ULLONG_MAX);
    size_t len = 0;
    sy_autofree char *text = sy_str_take(&str, &len);
    ck_assert_str_eq(text, "abc-5-018446744073709551615");
    ck_assert_uint_eq(len, strlen(text));
    sy_autofree char *again = sy_str_take(&str, &len);
    ck_assert_str_eq(again, "");
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(the_limit_is_sticky)
{
    struct sy_str str;
    size_t len = 7;
    sy_str_init(&str, 5);
    sy_str_append(&str, "12345");
    ck_assert(!sy_str_failed(&str));
    sy_str_append(&str, "");
    ck_assert(!sy_str_failed(&str));
    sy_str_append(&str, "6");
    ck_assert(sy_str_failed(&str));
    ck_assert_str_eq(str.data, "12345");
    ck_assert(!sy_str_reserve(&str, 0));
    ck_assert_ptr_null(sy_str_take(&str, &len));
    ck_assert_uint_eq(len, 7);
    sy_str_done(&str);
    ck_assert(!sy_str_failed(&str));
    sy_str_printf(&str, "%s", "123456");
    ck_assert(sy_str_failed(&str));
    sy_str_done(&str);
    sy_str_init(&str, SIZE_MAX);
    ck_assert(!sy_str_reserve(&str, SIZE_MAX));
    sy_str_done(&str);
}
END_TEST

static void equal_to_jansson(const char *text, size_t len)
{
    json_t *value = json_stringn(text, len);
    ck_assert_ptr_nonnull(value);
    char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct sy_str str;
    sy_str_init(&str, SIZE_MAX);
    sy_str_append_json(&str, text, len);
    ck_assert(!sy_str_failed(&str));
    ck_assert_str_eq(str.data, expected);
    sy_str_done(&str);
    sy_free(expected);
    json_decref(value);
}

START_TEST(json_escapes_of_each_byte)
{
    for (int c = 0; c < 128; c++)
        equal_to_jansson((char[]){'x', (char)c, 'y'}, 3);
}
END_TEST

static size_t put_utf8(char *p, unsigned long c)
{
    if (c < 0x80) {
        p[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        p[i] = (char)(0x80 | (c & 0x3F));
    p[0] = (char)((0xF00 >> n & 0xFF) | c);
    return n;
}

START_TEST(json_escapes_of_random_texts)
{
    uint64_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[256];
        size_t len = 0;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (unsigned left = (unsigned)(seed >> 33) % 40; left > 0; left--) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            static const unsigned long below[] = {0x30, 0x80, 0x800, 0x10000, 0x110000};
            unsigned long c = (unsigned long)(seed >> 40) % below[(seed >> 33) % 5];
            if (c < 0xD800 || c > 0xDFFF)
                len += put_utf8(text + len, c);
        }
        equal_to_jansson(text, len);
    }
}
END_TEST

static const struct {
    const char *text;
    size_t len, size;
    const char *shown;
} quotes[] = {
    {"plain", 5, 64, "plain"},
    {"", 0, 64, ""},
    {"a'b\"c", 5, 64, "a\\x27b\\x22c"},
    {"\0\n\x7F", 3, 64, "\\x00\\x0A\\x7F"},
    {"gr\xC3\xBC\xC3\x9F", 6, 64, "gr\xC3\xBC\xC3\x9F"},
    {"\xFF\xC3", 2, 64, "\\xFF\\xC3"},
    {"\xC0\xAF\xED\xA0\x80", 5, 64, "\\xC0\\xAF\\xED\\xA0\\x80"},
    {"\xE0\x80\x80", 3, 64, "\\xE0\\x80\\x80"},
    {"\xF0\x9F\x98\x80\xF4\x90\x80\x80", 8, 64, "\xF0\x9F\x98\x80\\xF4\\x90\\x80\\x80"},
    {"\xC2\x9B", 2, 64, "\\xC2\\x9B"},
    {"12345678", 8, 9, "12345678"},
    {"123456789", 9, 9, "12345..."},
    {"1234\n6789", 9, 9, "1234..."},
    {"1234\xE2\x82\xAC"
     "89",
     9, 9, "1234..."},
    {"12345", 5, 3, ".."},
    {"12345", 5, 1, ""},
};

START_TEST(quote)
{
    char buf[65];
    memset(buf, '#', sizeof buf);
    ck_assert_ptr_eq(sy_quote(buf, quotes[_i].size, quotes[_i].text, quotes[_i].len), buf);
    ck_assert_str_eq(buf, quotes[_i].shown);
    ck_assert_int_eq(buf[quotes[_i].size], '#');
}
END_TEST

static enum sy_code build(void *data, struct sy_err *err)
{
    struct sy_str str;
    size_t len;
    (void)data;
    sy_str_init(&str, 10000);
    for (int i = 0; i < 500; i++)
        sy_str_printf(&str, "%d ", i);
    sy_str_append_json(&str, "\1", 1);
    char *text = sy_str_take(&str, &len);
    enum sy_code code = text == NULL ? sy_fail(err, SY_ENOMEM, "out of memory") : SY_OK;
    sy_free(text);
    sy_str_done(&str);
    return code;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(sy_fault_sweep(build, NULL, 0), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("str");
    TCase *tcase = tcase_create("str");
    tcase_add_test(tcase, appends);
    tcase_add_test(tcase, the_limit_is_sticky);
    tcase_add_test(tcase, json_escapes_of_each_byte);
    tcase_add_test(tcase, json_escapes_of_random_texts);
    tcase_add_loop_test(tcase, quote, 0, sizeof quotes / sizeof quotes[0]);
    tcase_add_test(tcase, every_allocation_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
