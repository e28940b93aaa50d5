/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/json.h"
#include "extender/log.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a log writes of one line with these fields. */
static char *one_line(enum sy_log_format format, const char *key, const char *value, bool bare)
{
    struct sy_log *log;
    struct sy_log_line line;
    char *text = calloc(1, 8192);
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(sy_log_new(fileno(file), format, &log, NULL), SY_OK);
    if (bare)
        sy_log_begin_bare(&line, log);
    else
        sy_log_begin(&line, log, SY_LEVEL_WARN, "a thing");
    sy_log_str(&line, key, value);
    sy_log_u64(&line, "n", INT64_MAX);
    sy_log_end(&line);
    sy_log_free(log);
    rewind(file);
    ck_assert_uint_gt(fread(text, 1, 8191, file), 0);
    (void)fclose(file);
    return text;
}

static const struct {
    const char *value, *text, *json;
} cases[] = {
    {"plain", "k=plain n=9223372036854775807\n", "{\"k\":\"plain\",\"n\":9223372036854775807}\n"},
    {"", "k=\"\" n=9223372036854775807\n", "{\"k\":\"\",\"n\":9223372036854775807}\n"},
    {NULL, "n=9223372036854775807\n", "{\"n\":9223372036854775807}\n"},
    {"two words", "k=\"two words\" n=9223372036854775807\n",
     "{\"k\":\"two words\",\"n\":9223372036854775807}\n"},
    {"x\ny=1", "k=\"x\\ny=1\" n=9223372036854775807\n",
     "{\"k\":\"x\\ny=1\",\"n\":9223372036854775807}\n"},
    {"say \"hi\"", "k=\"say \\\"hi\\\"\" n=9223372036854775807\n",
     "{\"k\":\"say \\\"hi\\\"\",\"n\":9223372036854775807}\n"},
    {"hwloc's", "k=\"hwloc's\" n=9223372036854775807\n",
     "{\"k\":\"hwloc's\",\"n\":9223372036854775807}\n"},
    {"a\\b", "k=\"a\\\\b\" n=9223372036854775807\n",
     "{\"k\":\"a\\\\b\",\"n\":9223372036854775807}\n"},
    {"\x1b[m\x7f\t", "k=\"\\x1B[m\\x7F\\x09\" n=9223372036854775807\n",
     "{\"k\":\"\\u001B[m\\u007F\\u0009\",\"n\":9223372036854775807}\n"},
    {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80",
     "k=\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\" n=9223372036854775807\n",
     "{\"k\":\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\",\"n\":9223372036854775807}\n"},
    {"\xFF\xC3(\xC2\x85\xE2\x82", "k=\"\\xFF\\xC3(\\xC2\\x85\\xE2\\x82\" n=9223372036854775807\n",
     "{\"k\":\"\\\\xFF\\\\xC3(\\\\xC2\\\\x85\\\\xE2\\\\x82\",\"n\":9223372036854775807}\n"},
};

START_TEST(values_are_quoted)
{
    char *text = one_line(SY_LOG_TEXT, "k", cases[_i].value, true);
    ck_assert_str_eq(text, cases[_i].text);
    free(text);
    text = one_line(SY_LOG_JSON, "k", cases[_i].value, true);
    ck_assert_str_eq(text, cases[_i].json);
    free(text);
}
END_TEST

START_TEST(json_holds_for_any_bytes)
{
    char value[1000];
    for (unsigned seed = 1; seed < 200; seed++) {
        unsigned state = seed;
        for (size_t i = 0; i + 1 < sizeof value; i++) {
            state = state * 1103515245u + 12345u;
            value[i] = (char)(1 + state / 65536u % 255u);
        }
        value[seed * 4] = '\0';
        char *text = one_line(SY_LOG_JSON, "k", value, false);
        json_t *root = json_loads(text, 0, NULL);
        ck_assert_msg(root != NULL, "%s", text);
        ck_assert_str_eq(json_string_value(json_object_get(root, "level")), "warn");
        json_decref(root);
        free(text);
    }
}
END_TEST

START_TEST(a_field_that_does_not_fit_is_left_out)
{
    struct sy_log *log;
    struct sy_log_line line;
    char value[900], text[8192] = "";
    FILE *file = tmpfile();
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    ck_assert_int_eq(sy_log_new(fileno(file), SY_LOG_JSON, &log, NULL), SY_OK);
    sy_log_begin(&line, log, SY_LEVEL_INFO, "long");
    for (int i = 0; i < 10; i++)
        sy_log_str(&line, "k", value);
    sy_log_u64(&line, "last", 7);
    sy_log_end(&line);
    sy_log_free(log);
    rewind(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    (void)fclose(file);
    json_t *root = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(root);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "last")), 7);
    json_decref(root);
}
END_TEST

START_TEST(nobody_reads)
{
    int ends[2];
    struct sy_log *log;
    struct sy_log_line line;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(sy_log_new(ends[1], SY_LOG_TEXT, &log, NULL), SY_OK);
    for (int i = 0; i < 20000; i++) {
        sy_log_begin(&line, log, SY_LEVEL_INFO, "a line of the log that nobody ever reads");
        sy_log_u64(&line, "i", (uint64_t)i);
        sy_log_end(&line);
    }
    ck_assert_uint_gt(sy_log_dropped(log), 0);
    sy_log_free(log); /* ends, too */
    (void)close(ends[0]);
    (void)close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");
    tcase_add_loop_test(tcase, values_are_quoted, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, json_holds_for_any_bytes);
    tcase_add_test(tcase, a_field_that_does_not_fit_is_left_out);
    tcase_add_test(tcase, nobody_reads);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
