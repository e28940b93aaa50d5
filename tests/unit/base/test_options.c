/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdlib.h>

static const struct sy_option own[] = {
    {.name = "file", .letter = 'f', .arg = "FILE", .repeats = true, .help = "a file"},
    {.name = "all", .letter = 'A', .help = "a flag"},
    {.name = "limit", .arg = "N", .help = "a number"},
};
static const struct sy_option more[] = {
    {.name = "verbose", .letter = 'v', .help = "another flag"},
    {.name = "version", .arg = "V", .values = "1.35|1.36", .help = "one of two"},
};
static const struct sy_option_table tables[] = {{own, 3}, {more, 2}};

#define ARGS_MAX 8

static size_t count(const char *const *argv)
{
    size_t n = 0;
    while (n < ARGS_MAX && argv[n] != NULL)
        n++;
    return n;
}

static enum sy_code parse(const char *const *argv, struct sy_options **ret, struct sy_err *err)
{
    return sy_options_parse(tables, 2, count(argv), (char *const *)(uintptr_t)argv, ret, err);
}

static const struct {
    const char *argv[ARGS_MAX];
    const char *text;
} refused[] = {
    {{"--fil", "x"}, "unknown option '--fil'; did you mean --file?"},
    {{"--lmiit=3"}, "unknown option '--lmiit'; did you mean --limit?"},
    {{"--colour"}, "unknown option '--colour'; see --help"},
    {{"--a\033[31m"}, "unknown option '--a\\x1B[31m'; see --help"},
    {{"-x"}, "unknown option '-x'; see --help"},
    {{"-Ax"}, "unknown option '-x'; see --help"},
    {{"--file"}, "--file: expected FILE"},
    {{"-f"}, "--file: expected FILE"},
    {{"--all=yes"}, "--all: takes no value"},
    {{"--all", "-A"}, "--all: given twice"},
    {{"--limit", "1", "--limit=2"}, "--limit: given twice"},
    {{"--version", "1.3"}, "--version '1.3': expected one of 1.35|1.36"},
    {{"--version="}, "--version '': expected one of 1.35|1.36"},
    {{"--version", "1.35|1.36"}, "--version '1.35|1.36': expected one of 1.35|1.36"},
};

START_TEST(refuses)
{
    struct sy_err err = {0};
    struct sy_options *options = NULL;
    ck_assert_int_eq(parse(refused[_i].argv, &options, &err), SY_EUSAGE);
    ck_assert_str_eq(err.text, refused[_i].text);
    ck_assert_ptr_null(options);
}
END_TEST

START_TEST(reads_every_form)
{
    static const char *const argv[ARGS_MAX] = {"-fa",  "b",         "--file=c", "-vA",
                                               "-f=d", "--version", "1.36",     NULL};
    struct sy_err err = {0};
    SY_AUTO(sy_options) struct sy_options *options = NULL;
    ck_assert_int_eq(parse(argv, &options, &err), SY_OK);
    size_t n = 0;
    const char *const *file = sy_options_list(options, "file", &n);
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(file[0], "a");
    ck_assert_str_eq(file[1], "c");
    ck_assert_str_eq(file[2], "d");
    ck_assert_str_eq(sy_options_str(options, "file"), "d");
    ck_assert_str_eq(sy_options_str(options, "version"), "1.36");
    ck_assert(sy_options_flag(options, "all") && sy_options_flag(options, "verbose"));
    ck_assert(!sy_options_flag(options, "limit"));
    ck_assert_ptr_null(sy_options_str(options, "limit"));
    const char *const *rest = sy_options_rest(options, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(rest[0], "b");
}
END_TEST

START_TEST(dashes_end_the_options)
{
    static const char *const argv[ARGS_MAX] = {"-", "--", "-f", "--all", NULL};
    struct sy_err err = {0};
    SY_AUTO(sy_options) struct sy_options *options = NULL;
    ck_assert_int_eq(parse(argv, &options, &err), SY_OK);
    size_t n = 0;
    const char *const *rest = sy_options_rest(options, &n);
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(rest[0], "-");
    ck_assert_str_eq(rest[2], "--all");
    ck_assert(!sy_options_flag(options, "all"));
}
END_TEST

static const struct {
    const char *value, *text; /* text NULL: it is a number */
    int64_t number;
    double real;
} numbers[] = {
    {"1", NULL, 1, 1},
    {"-3", NULL, -3, -3},
    {"100", NULL, 100, 100},
    {"101", "--limit '101': expected a number -3..100", 0, 0},
    {"-4", "--limit '-4': expected a number -3..100", 0, 0},
    {"", "--limit '': expected a number -3..100", 0, 0},
    {"7x", "--limit '7x': expected a number -3..100", 0, 0},
    {"99999999999999999999", "--limit '99999999999999999999': expected a number -3..100", 0, 0},
    {" 7", "--limit ' 7': expected a number -3..100", 0, 0},
    {"nan", "--limit 'nan': expected a number -3..100", 0, 0},
};

START_TEST(reads_numbers)
{
    const char *argv[ARGS_MAX] = {"--limit", numbers[_i].value, NULL};
    struct sy_err err = {0}, real_err = {0};
    SY_AUTO(sy_options) struct sy_options *options = NULL;
    ck_assert_int_eq(parse(argv, &options, &err), SY_OK);
    int64_t number = 55;
    double real = 55;
    enum sy_code code = sy_options_int(options, "limit", -3, 100, &number, &err);
    enum sy_code real_code = sy_options_real(options, "limit", -3, 100, &real, &real_err);
    ck_assert_int_eq(code, numbers[_i].text == NULL ? SY_OK : SY_EUSAGE);
    ck_assert_int_eq(real_code, code);
    ck_assert_str_eq(err.text, numbers[_i].text == NULL ? "" : numbers[_i].text);
    ck_assert_str_eq(real_err.text, err.text);
    ck_assert_int_eq(number, numbers[_i].text == NULL ? numbers[_i].number : 55);
    ck_assert_double_eq(real, numbers[_i].text == NULL ? numbers[_i].real : 55);
}
END_TEST

START_TEST(reads_decimals)
{
    static const char *const argv[ARGS_MAX] = {"--limit", "0.25", NULL};
    struct sy_err err = {0};
    SY_AUTO(sy_options) struct sy_options *options = NULL;
    ck_assert_int_eq(parse(argv, &options, &err), SY_OK);
    double real = 0;
    int64_t number = 0;
    ck_assert_int_eq(sy_options_real(options, "limit", 0, 1, &real, &err), SY_OK);
    ck_assert_double_eq(real, 0.25);
    ck_assert_int_eq(sy_options_int(options, "limit", 0, 1, &number, &err), SY_EUSAGE);
    ck_assert_str_eq(err.text, "--limit '0.25': expected a number 0..1");
}
END_TEST

START_TEST(prints_its_help)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    sy_options_help(&tables[0], out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(text, "  -f, --file FILE                a file\n"
                           "  -A, --all                      a flag\n"
                           "  --limit N                      a number\n");
    free(text);
}
END_TEST

static enum sy_code sweep_parse(void *data, struct sy_err *err)
{
    (void)data;
    static const char *const argv[ARGS_MAX] = {"-f", "a", "b", NULL};
    SY_AUTO(sy_options) struct sy_options *options = NULL;
    return parse(argv, &options, err);
}

START_TEST(survives_failing_allocations)
{
    ck_assert_int_gt(sy_fault_sweep(sweep_parse, NULL, 0), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_loop_test(tcase, refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tcase, reads_every_form);
    tcase_add_test(tcase, dashes_end_the_options);
    tcase_add_loop_test(tcase, reads_numbers, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_test(tcase, reads_decimals);
    tcase_add_test(tcase, prints_its_help);
    tcase_add_test(tcase, survives_failing_allocations);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
