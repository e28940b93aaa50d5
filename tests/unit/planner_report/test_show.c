/* SPDX-License-Identifier: Apache-2.0 */
/* How members become cells, and texts and bars become HTML. */
#include "planner/report/chart.h"
#include "planner/report/spec.h"
#include "tests/lib/run.h"

#include <string.h>

static const struct {
    const char *what;
    uint8_t show;
    const char *row, *people, *plain;
} cells[] = {
    {"text", SY_SHOW_TEXT, "{\"a\":\"x y\"}", "x y", "x y"},
    {"text that is not known", SY_SHOW_TEXT, "{\"a\":null}", "?", "?"},
    {"name that is not there", SY_SHOW_NAME, "{\"a\":null}", "-", "-"},
    {"member that is missing", SY_SHOW_COUNT, "{}", "?", "?"},
    {"count", SY_SHOW_COUNT, "{\"a\":12000}", "12000", "12000"},
    {"count below zero", SY_SHOW_COUNT, "{\"a\":-3}", "-3", "-3"},
    {"watts", SY_SHOW_WATTS, "{\"a\":999.4}", "999 W", "999.4"},
    {"a thousand watts, nearly", SY_SHOW_WATTS, "{\"a\":999.5}", "1 kW", "999.5"},
    {"kilowatts", SY_SHOW_WATTS, "{\"a\":12340.0}", "12.3 kW", "12340"},
    {"megawatts", SY_SHOW_WATTS, "{\"a\":2500000.0}", "2.5 MW", "2500000"},
    {"watts below zero", SY_SHOW_WATTS, "{\"a\":-1500}", "-1.5 kW", "-1500"},
    {"watts nearly zero", SY_SHOW_WATTS, "{\"a\":-0.004}", "0 W", "0"},
    {"watts that are not known", SY_SHOW_WATTS, "{\"a\":null}", "?", "?"},
    {"percent", SY_SHOW_PERCENT, "{\"a\":33.33}", "33.3", "33.3"},
    {"percent, whole", SY_SHOW_PERCENT, "{\"a\":40.0}", "40", "40"},
    {"rate", SY_SHOW_GBPS, "{\"a\":31.507}", "31.5", "31.5"},
    {"money", SY_SHOW_MONEY, "{\"a\":250000.0}", "250000", "250000"},
    {"no money", SY_SHOW_MONEY, "{\"a\":null}", "-", "-"},
    {"date", SY_SHOW_DATE, "{\"a\":\"2026-12-04\"}", "2026-12-04", "2026-12-04"},
    {"no date", SY_SHOW_DATE, "{\"a\":null}", "later", "later"},
    {"yes", SY_SHOW_YES, "{\"a\":true}", "yes", "yes"},
    {"not yes", SY_SHOW_YES, "{\"a\":false}", "", ""},
    {"sums", SY_SHOW_SUMS, "{\"a\":{\"GPU\":3,\"NIC\":1}}", "GPU 3, NIC 1", "GPU 3, NIC 1"},
    {"no sums", SY_SHOW_SUMS, "{\"a\":{}}", "-", "-"},
};

START_TEST(cell)
{
    const struct sy_spec_column column = {.heading = "A", .path = "a", .show = cells[_i].show};
    json_t *row = json_loads(cells[_i].row, 0, NULL);
    struct sy_str text;
    sy_str_init(&text, 1000);
    sy_str_append(&text, "left over");
    sy_spec_show(&column, row, false, &text);
    ck_assert_msg(strcmp(text.data, cells[_i].people) == 0, "%s: '%s'", cells[_i].what, text.data);
    sy_spec_show(&column, row, true, &text);
    ck_assert_msg(strcmp(text.data, cells[_i].plain) == 0, "%s: '%s'", cells[_i].what, text.data);
    sy_str_done(&text);
    json_decref(row);
}
END_TEST

START_TEST(specs)
{
    for (size_t i = 0; i < sy_nspec; i++) {
        size_t keys = 0;
        for (size_t c = 0; c < sy_specs[i].ncolumn; c++)
            keys += sy_specs[i].column[c].key;
        ck_assert_msg(keys > 0, "%s has no key", sy_specs[i].name);
        ck_assert_ptr_eq(sy_spec_find(sy_specs[i].name), &sy_specs[i]);
    }
    ck_assert_uint_le(sy_nspec, 16); /* tables of a result */
    ck_assert_ptr_null(sy_spec_find("no-such-section"));
}
END_TEST

START_TEST(escaped)
{
    struct sy_str text;
    sy_str_init(&text, 1000);
    sy_html_text(&text, "<a href=\"x\" title='y'>&\x01 \xc3\xa9");
    ck_assert_str_eq(text.data,
                     "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;\\x01 \xc3\xa9");
    sy_str_done(&text);
}
END_TEST

/* Parts are cut to the bar; an empty one is left out; a mark is a line. */
START_TEST(bar)
{
    const struct sy_segment segment[] = {
        {"held", -0.5, 0.25, "a & b"}, {"free", 0.25, 0.25, NULL},  {"bad", 0.9, 7, NULL},
        {"mark", 0.5, 0, NULL},        {"idle", 0.0 / 1, -1, NULL},
    };
    const struct sy_bar row = {"<n>", "1 of 4", "a \"bar\"", segment, 5};
    struct sy_str text;
    sy_str_init(&text, 4000);
    sy_chart_bar(&text, &row);
    ck_assert_str_eq(
        text.data,
        "<div class=\"bar\"><div class=\"label\">&lt;n&gt;</div><svg role=\"img\" "
        "aria-label=\"a &quot;bar&quot;\" height=\"22\"><rect class=\"track\" x=\"0\" y=\"3\" "
        "width=\"100%\" height=\"16\"/><rect class=\"held\" x=\"0.00%\" width=\"25.00%\" y=\"3\" "
        "height=\"16\"><title>a &amp; b</title></rect><rect class=\"bad\" x=\"90.00%\" "
        "width=\"10.00%\" y=\"3\" height=\"16\"/><rect class=\"mark\" x=\"50.00%\" width=\"2\" "
        "y=\"0\" height=\"100%\"/></svg><div class=\"value\">1 of 4</div></div>\n");
    sy_str_done(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_report_show");
    TCase *tc = tcase_create("show");
    tcase_add_loop_test(tc, cell, 0, sizeof cells / sizeof cells[0]);
    tcase_add_test(tc, specs);
    tcase_add_test(tc, escaped);
    tcase_add_test(tc, bar);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
