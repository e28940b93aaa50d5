/* SPDX-License-Identifier: Apache-2.0 */
/* Two reports side by side. */
#include "planner/report/report.h"
#include "planner/report/spec.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdlib.h>
#include <string.h>

/* A report with every table empty but the one given. */
static json_t *report_with(const char *path, const char *rows)
{
    json_t *root = json_pack("{ssssss}", "kind", "CapacityReport", "now", "2026-11-22T12:00:00Z",
                             "source", "x.json");
    for (size_t i = 0; i < sy_nspec; i++) {
        char copy[80], *save = NULL;
        (void)snprintf(copy, sizeof copy, "%s", sy_specs[i].rows);
        json_t *at = root;
        for (char *key = strtok_r(copy, ".", &save), *next; key != NULL; key = next) {
            next = strtok_r(NULL, ".", &save);
            if (next == NULL)
                json_object_set_new(at, key,
                                    strcmp(sy_specs[i].rows, path) == 0 ? json_loads(rows, 0, NULL)
                                                                        : json_array());
            else if (json_object_get(at, key) == NULL)
                json_object_set_new(at, key, json_object());
            at = json_object_get(at, key);
        }
    }
    return root;
}

static char *text_of(const json_t *diff)
{
    struct sy_result result;
    struct sy_err err = {0};
    char *text = NULL;
    size_t len = 0;
    sy_result_init(&result);
    ck_assert_int_eq(sy_report_diff_tables(diff, &result, &err), SY_OK);
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(sy_result_print(&result, SY_FORMAT_TABLE, true, out, &err), SY_OK);
    (void)fclose(out);
    sy_result_done(&result);
    return text;
}

#define HEAD "From 2026-11-22T12:00:00Z (x.json)\nTo   2026-11-22T12:00:00Z (x.json)\n\n"

static const struct {
    const char *what, *path, *before, *after, *text;
} cases[] = {
    {"the same", "shapes", "[{\"shape\":\"a\",\"slots\":3}]", "[{\"slots\":3,\"shape\":\"a\"}]",
     HEAD "Nothing changed.\n"},
    {"another order is none", "shapes", "[{\"shape\":\"a\"},{\"shape\":\"b\"}]",
     "[{\"shape\":\"b\"},{\"shape\":\"a\"}]", HEAD "Nothing changed.\n"},
    {"null and nothing are one", "shapes", "[{\"shape\":\"a\",\"slots\":null}]",
     "[{\"shape\":\"a\"}]", HEAD "Nothing changed.\n"},
    {"a count", "shapes", "[{\"shape\":\"a\",\"slots\":3}]", "[{\"shape\":\"a\",\"slots\":1}]",
     HEAD "Slots left per pod shape, each alone\n"
          "ROW  WHAT   BEFORE  AFTER  CHANGE\n"
          "a    SLOTS       3      1      -2\n"},
    {"watts that grow", "power.elements",
     "[{\"element\":\"r1\",\"level\":\"domain\",\"provisionedWatts\":1000.0}]",
     "[{\"element\":\"r1\",\"level\":\"domain\",\"provisionedWatts\":2500.0}]",
     HEAD "Power by level\n"
          "ROW          WHAT         BEFORE   AFTER   CHANGE\n"
          "r1 / domain  PROVISIONED    1 kW  2.5 kW  +1.5 kW\n"},
    {"what becomes unknown", "power.elements",
     "[{\"element\":\"r1\",\"level\":\"domain\",\"observedWatts\":1000.0}]",
     "[{\"element\":\"r1\",\"level\":\"domain\",\"observedWatts\":null}]",
     HEAD "Power by level\n"
          "ROW          WHAT      BEFORE  AFTER  CHANGE\n"
          "r1 / domain  OBSERVED    1 kW      ?\n"},
    {"a row more, one less", "devices.nodes", "[{\"node\":\"a\"},{\"node\":\"b\"}]",
     "[{\"node\":\"b\"},{\"node\":\"c\"}]",
     HEAD "Devices by node\n"
          "ROW  WHAT     BEFORE  AFTER  CHANGE\n"
          "a    removed\n"
          "c    added\n"},
};

START_TEST(changes)
{
    json_t *before = report_with(cases[_i].path, cases[_i].before);
    json_t *after = report_with(cases[_i].path, cases[_i].after), *diff = NULL;
    struct sy_err err = {0};
    ck_assert_msg(sy_report_diff(before, after, &diff, &err) == SY_OK, "%s", err.text);
    char *text = text_of(diff);
    ck_assert_msg(strcmp(text, cases[_i].text) == 0, "%s:\n%s", cases[_i].what, text);
    free(text);
    json_decref(diff);
    json_decref(before);
    json_decref(after);
}
END_TEST

static const struct {
    const char *before, *error;
} bad[] = {
    {"[]", "the old report: /: expected object, got array"},
    {"{}", "the old report: /kind: required"},
    {"{\"kind\":\"Node\"}", "the old report: /kind: expected CapacityReport, got Node"},
    {"{\"kind\":\"CapacityReport\"}", "devices.totals: expected array, got nothing"},
    {"{\"kind\":\"CapacityReport\",\"devices\":{\"totals\":[3]}}",
     "devices.totals/0: expected object, got integer"},
};

START_TEST(no_report)
{
    json_t *before = json_loads(bad[_i].before, 0, NULL), *diff = NULL;
    json_t *after = report_with("", "[]");
    struct sy_err err = {0};
    ck_assert_int_eq(sy_report_diff(before, after, &diff, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, bad[_i].error);
    ck_assert_ptr_null(diff);
    json_decref(before);
    json_decref(after);
}
END_TEST

struct pair {
    const json_t *before, *after;
};

static enum sy_code all_of_it(void *data, struct sy_err *err)
{
    const struct pair *pair = data;
    json_t *diff = NULL;
    struct sy_result result;
    sy_result_init(&result);
    enum sy_code code = sy_report_diff(pair->before, pair->after, &diff, err);
    if (code == SY_OK)
        code = sy_report_diff_tables(diff, &result, err);
    if (code == SY_OK)
        code = sy_report_diff_html(diff, &result.document, err);
    sy_result_done(&result);
    json_decref(diff);
    return code;
}

START_TEST(out_of_memory)
{
    json_t *before = report_with(cases[6].path, cases[6].before);
    json_t *after = report_with(cases[6].path, cases[6].after);
    struct pair pair = {before, after};
    ck_assert_int_gt(sy_fault_sweep(all_of_it, &pair, 0), 50);
    json_decref(before);
    json_decref(after);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_report_diff");
    TCase *tc = tcase_create("diff");
    tcase_add_loop_test(tc, changes, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tc, no_report, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tc, out_of_memory);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
