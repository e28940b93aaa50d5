/* SPDX-License-Identifier: Apache-2.0 */
/* Random documents, whole and damaged, in random pieces: the stream's way gives what jansson and
 * pruning give. */
#include "tests/fuzz/kube/compare.h"
#include "tests/lib/run.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENTS 6000
#define PICK(list) (list[below(r, sizeof list / sizeof list[0])])

static uint64_t next(uint64_t *r)
{
    *r ^= *r << 13;
    *r ^= *r >> 7;
    return *r ^= *r << 17;
}

static size_t below(uint64_t *r, size_t n)
{
    return (size_t)(next(r) >> 20) % n;
}

static const char *const names[] = {"\"a\"",  "\"b\"",       "\"c\"", "\"items\"",
                                    "\"x1\"", "\"\\u0061\"", "\"\"",  "\"x\\/\"",
                                    "\"*\"",  "\"z\\u0000\""};
static const char *const scalars[] = {"0",
                                      "-0",
                                      "-1",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "1.5",
                                      "1e3",
                                      "-2E-7",
                                      "1e999",
                                      "-9223372036854775808",
                                      "true",
                                      "false",
                                      "null",
                                      "\"\"",
                                      "\"text\"",
                                      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                      "\"\\u00e9\\uD83D\\ude00\"",
                                      "\"\xC3\xA9\xF0\x9F\x98\x80\"",
                                      "\"\\u0000\"",
                                      "\"\\ud83d\"",
                                      "\"\xED\xA0\x80\"",
                                      "0.1",
                                      "123456789.000000001",
                                      "\"\x7F\""};
static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r "};
static const char damage[] = "{}[]\",:\\0123456789.-+eEu \n\0\x80\xC0tfnx";

static void value(struct sy_str *text, uint64_t *r, unsigned depth)
{
    size_t kind = below(r, 5), n = below(r, 5);
    if (depth == 0)
        kind = 0;
    if (kind < 2 && depth < 5) {
        sy_str_append(text, PICK(scalars));
        return;
    }
    sy_str_append(text, kind == 3 ? "[" : "{");
    for (size_t i = 0; i < n; i++) {
        sy_str_append(text, i > 0 ? "," : "");
        sy_str_append(text, PICK(spaces));
        if (kind != 3) {
            sy_str_append(text, PICK(names));
            sy_str_append(text, PICK(spaces));
            sy_str_append(text, ":");
        }
        value(text, r, depth > 0 ? depth - 1 : 0);
        sy_str_append(text, PICK(spaces));
    }
    sy_str_append(text, kind == 3 ? "]" : "}");
}

START_TEST(documents)
{
    uint64_t random = 0x5EED + (uint64_t)_i, *r = &random;
    unsigned taken = 0;
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        struct sy_str text;
        sy_str_init(&text, 1 << 20);
        value(&text, r, 5);
        for (size_t n = below(r, 3); n > 1; n--)
            text.data[below(r, text.len)] = damage[below(r, sizeof damage - 1)];
        taken += compare(text.data, text.len, next(r));
        sy_str_done(&text);
    }
    ck_assert_uint_gt(taken, DOCUMENTS / 10);
    ck_assert_uint_lt(taken, DOCUMENTS);
}
END_TEST

/* A text cut between two pieces at each place, and one longer than any buffer of ours. */
START_TEST(long_texts)
{
    uint64_t random = 0x1234, *r = &random;
    for (size_t len = 4090; len < 4102; len++) {
        struct sy_str text;
        sy_str_init(&text, 1 << 20);
        sy_str_append(&text, "{\"a\":\"");
        for (size_t i = 0; i < len; i++)
            sy_str_append(&text, "y");
        sy_str_append(&text, "\\ud83d\\ude00\xF0\x9F\x98\x80\"}");
        for (unsigned i = 0; i < 50; i++)
            ck_assert(compare(text.data, text.len, next(r)));
        sy_str_done(&text);
    }
}
END_TEST

/* Every first byte of a character, and the edges of those behind it. */
START_TEST(utf8)
{
    static const unsigned char edges[] = {'x', 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0};
    static const unsigned char more[] = {0x80, 0xBF, 'x'};
    unsigned taken = 0;
    for (unsigned lead = 0x80; lead <= 0xFF; lead++)
        for (size_t i = 0; i < sizeof edges * sizeof more * 4; i++) {
            const char text[] = {'[',
                                 '"',
                                 (char)lead,
                                 (char)edges[i % sizeof edges],
                                 (char)more[i / sizeof edges % sizeof more],
                                 (char)more[0],
                                 '\0'};
            char whole[16] = "";
            size_t len = 3 + i / sizeof edges / sizeof more;
            memcpy(whole, text, len);
            memcpy(whole + len, "\"]", 3);
            taken += compare(whole, len + 2, i);
        }
    ck_assert_uint_gt(taken, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_extract_property");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, documents, 0, 4);
    tcase_add_test(all, long_texts);
    tcase_add_test(all, utf8);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
