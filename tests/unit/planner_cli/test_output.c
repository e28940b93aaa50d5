/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/output.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdlib.h>
#include <string.h>

static const struct sy_column columns[] = {
    {.name = "NODE"}, {.name = "FREE", .right = true}, {.name = "WHY", .wide = true}};

static void fill(struct sy_result *result)
{
    struct sy_table *table = sy_result_table(result, NULL, columns, 3);
    if (table == NULL)
        return;
    sy_table_cell(table, "münchen-1");
    sy_table_cellf(table, "%d", 4);
    sy_table_cell(table, "no partner, none");
    sy_table_cell(table, "a\033[1m");
    sy_table_cellf(table, "%d", 16);
    sy_table_cell(table, "");
}

static char *print(const struct sy_result *result, enum sy_format format, bool headers)
{
    struct sy_err err = {0};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(sy_result_print(result, format, headers, out, &err), SY_OK);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static const struct {
    enum sy_format format;
    bool headers;
    const char *text;
} forms[] = {
    {SY_FORMAT_TABLE, true, "above\nNODE       FREE\nmünchen-1     4\na\\x1B[1m     16\nbelow\n"},
    {SY_FORMAT_TABLE, false, "above\nmünchen-1   4\na\\x1B[1m   16\nbelow\n"},
    {SY_FORMAT_WIDE, true,
     "above\nNODE       FREE  WHY\nmünchen-1     4  no partner, none\na\\x1B[1m     16\nbelow\n"},
    {SY_FORMAT_CSV, true, "NODE,FREE,WHY\nmünchen-1,4,\"no partner, none\"\na\\x1B[1m,16,\n"},
    {SY_FORMAT_JSON, true,
     "{\n  \"apiVersion\": \"switchyard.dev/v1alpha1\",\n  \"kind\": \"Test\"\n}\n"},
    {SY_FORMAT_YAML, true, "apiVersion: switchyard.dev/v1alpha1\nkind: Test\n"},
    {SY_FORMAT_SVG, true, "<svg/>"},
};

START_TEST(every_form)
{
    struct sy_result result;
    sy_result_init(&result);
    result.json = sy_result_object("Test");
    sy_str_append(&result.before, "above\n");
    sy_str_append(&result.after, "below\n");
    sy_str_append(&result.document, "<svg/>");
    fill(&result);
    char *text = print(&result, forms[_i].format, forms[_i].headers);
    ck_assert_str_eq(text, forms[_i].text);
    free(text);
    sy_result_done(&result);
}
END_TEST

START_TEST(spreadsheets_run_nothing)
{
    static const struct {
        const char *cell, *csv;
    } cases[] = {{"=1+1", "'=1+1\n"}, {"@x", "'@x\n"},          {"+1", "'+1\n"},
                 {"-12", "-12\n"},    {"-0.5", "-0.5\n"},       {"-", "-\n"},
                 {"-x", "'-x\n"},     {"a\"b", "\"a\"\"b\"\n"}, {"=a,b", "\"'=a,b\"\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_AUTO(sy_table) struct sy_table *table = sy_table_new(NULL, columns, 1);
        struct sy_str out;
        sy_str_init(&out, 1000);
        sy_table_cell(table, cases[i].cell);
        sy_table_csv(table, false, &out);
        ck_assert_str_eq(out.data, cases[i].csv);
        sy_str_done(&out);
    }
}
END_TEST

START_TEST(two_tables_stand_apart)
{
    struct sy_result result;
    sy_result_init(&result);
    for (int i = 0; i < 2; i++) {
        struct sy_table *table = sy_result_table(&result, i == 0 ? "First" : "Second", columns, 1);
        sy_table_cellf(table, "%d", i);
    }
    char *text = print(&result, SY_FORMAT_TABLE, true);
    ck_assert_str_eq(text, "First\nNODE\n0\n\nSecond\nNODE\n1\n");
    free(text);
    sy_result_done(&result);
}
END_TEST

START_TEST(says_that_it_cannot_be_written)
{
    struct sy_err err = {0};
    struct sy_result result;
    sy_result_init(&result);
    fill(&result);
    FILE *out = fopen("/dev/full", "we");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(sy_result_print(&result, SY_FORMAT_TABLE, true, out, &err), SY_EIO);
    ck_assert_str_eq(err.text, "standard output: No space left on device");
    (void)fclose(out);
    sy_result_done(&result);
}
END_TEST

static enum sy_code sweep_print(void *data, struct sy_err *err)
{
    enum sy_format format = *(const enum sy_format *)data;
    struct sy_result result;
    sy_result_init(&result);
    result.json = sy_result_object("Test");
    fill(&result);
    FILE *out = fopen("/dev/null", "we");
    ck_assert_ptr_nonnull(out);
    enum sy_code code = result.json == NULL || result.ntable == 0
                            ? sy_fail(err, SY_ENOMEM, "out of memory for the result")
                            : sy_result_print(&result, format, true, out, err);
    (void)fclose(out);
    sy_result_done(&result);
    return code;
}

START_TEST(survives_failing_allocations)
{
    enum sy_format format = (enum sy_format)_i;
    (void)sy_fault_sweep(sweep_print, &format, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_output");
    TCase *tcase = tcase_create("output");
    tcase_add_loop_test(tcase, every_form, 0, sizeof forms / sizeof forms[0]);
    tcase_add_test(tcase, spreadsheets_run_nothing);
    tcase_add_test(tcase, two_tables_stand_apart);
    tcase_add_test(tcase, says_that_it_cannot_be_written);
    tcase_add_loop_test(tcase, survives_failing_allocations, SY_FORMAT_TABLE, SY_FORMAT_HTML);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
