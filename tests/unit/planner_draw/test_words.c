/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/words.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static struct sy_words words;

static void setup(void)
{
    words = (struct sy_words){.arena = sy_arena_new(1 << 20)};
    ck_assert_ptr_nonnull(words.arena);
}

static void teardown(void)
{
    ck_assert(!words.failed);
    sy_arena_free(words.arena);
}

static const struct {
    uint32_t mbps;
    const char *text;
} rates[] = {{0, "?"},        {4, "0.00"},     {7500, "7.5"},   {250, "0.25"},
             {994, "0.99"},   {995, "1"},      {15754, "15.8"}, {31508, "31.5"},
             {3938, "3.9"},   {28000, "28"},   {99949, "99.9"}, {99950, "100"},
             {450000, "450"}, {900499, "900"}, {1999, "2"},     {UINT32_MAX - 500, "4294967"}};

START_TEST(rate)
{
    char buf[16];
    ck_assert_str_eq(sy_words_gbps(rates[_i].mbps, buf), rates[_i].text);
}
END_TEST

static const struct {
    const char *text, *clean;
    size_t columns;
} names[] = {
    {"", "", 0},
    {NULL, "", 0},
    {"nvml0", "nvml0", 5},
    {" a  ", " a", 2},
    {"it's \"so\"", "it's \"so\"", 9},
    {"\x1b[31mred", "\\x1B[31mred", 11},
    {"a\nb\tc\x7f", "a\\x0Ab\\x09c\\x7F", 15},
    {"\xc2\x9b"
     "31m",
     "\\xC2\\x9B31m", 11}, /* CSI of eight bits: no character to print */
    {"\xff\xfe", "\\xFF\\xFE", 8},
    {"\xe2\x80\xae"
     "evil",
     "<U+202E>evil", 12},
    {"a\xe2\x80\x8b"
     "b",
     "a<U+200B>b", 10},
    {"\xf3\xa0\x80\xa1", "<U+E0021>", 9},
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", 4},
    {"e\xcc\x81", "e\xcc\x81", 1},
    {"na\xc3\xafve", "na\xc3\xafve", 5},
};

START_TEST(clean)
{
    ck_assert_str_eq(sy_words_clean(&words, names[_i].text), names[_i].clean);
    ck_assert_uint_eq(sy_columns(names[_i].clean), names[_i].columns);
}
END_TEST

START_TEST(clean_long)
{
    char text[5000];
    memset(text, 0x1b, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *got = sy_words_clean(&words, text);
    ck_assert_uint_lt(strlen(got), 2048);
    ck_assert_str_eq(got + strlen(got) - 3, "...");
}
END_TEST

START_TEST(cut)
{
    ck_assert_uint_eq(sy_columns_cut("abc", 2), 2);
    ck_assert_uint_eq(sy_columns_cut("abc", 3), 3);
    ck_assert_uint_eq(sy_columns_cut("abc", 9), 3);
    ck_assert_uint_eq(sy_columns_cut("\xe6\x97\xa5\xe6\x9c\xac", 3), 3); /* not half of one */
    ck_assert_uint_eq(sy_columns_cut("\xe6\x97\xa5", 1), 0);
}
END_TEST

static const struct {
    struct sy_link_state link;
    const char *text;
} links[] = {
    {{0}, ""},
    {{.usable_mbps = 31508}, "31.5"},
    {{.usable_mbps = 31508, .best_mbps = 31508, .width = 16}, "31.5 Gen4 x16"},
    {{.usable_mbps = 31508, .best_mbps = 31510, .width = 16}, "31.5 Gen4 x16"},
    {{.usable_mbps = 15754, .best_mbps = 31508, .width = 8}, "15.8 of 31.5 Gen4 x8"},
    {{.usable_mbps = 15754, .best_mbps = 31508, .width = 16}, "15.8 of 31.5 Gen3 x16"},
    {{.usable_mbps = 4000, .best_mbps = 4000, .width = 16}, "4 Gen1 x16"},
    {{.usable_mbps = 121000, .best_mbps = 121000, .width = 16}, "121 Gen6 x16"},
    {{.usable_mbps = 12345, .best_mbps = 12345, .width = 16}, "12.3"},
    {{.usable_mbps = 31508, .best_mbps = 31508, .width = 16, .assumed = true}, "~31.5"},
};

START_TEST(link)
{
    ck_assert_str_eq(sy_words_link(&words, &links[_i].link), links[_i].text);
}
END_TEST

START_TEST(amounts)
{
    ck_assert_str_eq(sy_words_mib(&words, 81920), "80 GiB");
    ck_assert_str_eq(sy_words_mib(&words, 257812), "251.8 GiB");
    ck_assert_str_eq(sy_words_mib(&words, 512), "512 MiB");
    ck_assert_str_eq(sy_words_mib(&words, 4096ull * 1024 * 1024), "4194304 GiB");
    ck_assert_str_eq(sy_words_watts(&words, 310000), "310");
    ck_assert_str_eq(sy_words_watts(&words, 214300), "214");
    ck_assert_str_eq(sy_words_watts(&words, 6500), "6.5");
    ck_assert_str_eq(sy_words_watts(&words, 0), "0");
    ck_assert_str_eq(sy_words_count(&words, 1, "switch"), "1 switch");
    ck_assert_str_eq(sy_words_count(&words, 2, "switch"), "2 switches");
    ck_assert_str_eq(sy_words_count(&words, 0, "root port"), "0 root ports");
    ck_assert_str_eq(sy_words_class(0x0108), "NVMe disk");
    ck_assert_str_eq(sy_words_class(0xfe00), "other function");
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("draw words");
    TCase *tcase = tcase_create("words");
    tcase_add_checked_fixture(tcase, setup, teardown);
    LOOP(tcase, rate, rates);
    LOOP(tcase, clean, names);
    tcase_add_test(tcase, clean_long);
    tcase_add_test(tcase, cut);
    LOOP(tcase, link, links);
    tcase_add_test(tcase, amounts);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
