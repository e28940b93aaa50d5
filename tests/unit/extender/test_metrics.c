/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/metrics.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *value, *label;
} labels[] = {
    {"plain", "\"plain\""}, {"", "\"\""},          {"a\"b", "\"a\\\"b\""},
    {"a\\b", "\"a\\\\b\""}, {"a\nb", "\"a\\nb\""}, {"ä", "\"ä\""},
};

START_TEST(label_values)
{
    struct sy_str out;
    sy_str_init(&out, 100);
    sy_metrics_label(&out, labels[_i].value);
    ck_assert_str_eq(out.data, labels[_i].label);
    sy_str_done(&out);
}
END_TEST

static void has(const struct sy_str *out, const char *line)
{
    char full[200];
    (void)snprintf(full, sizeof full, "\n%s\n", line);
    ck_assert_msg(strstr(out->data, full) != NULL, "no line '%s'", line);
}

START_TEST(exposition)
{
    static struct sy_metrics metrics;
    struct sy_gauges gauges = {.version = "1.2.3", .nodes = 7, .snapshot_age_s = 1.5};
    struct sy_str out;
    sy_str_init(&out, 1 << 20);
    sy_metrics_request(&metrics, SY_ROUTE_FILTER, 200, 100, 10, 20);
    sy_metrics_request(&metrics, SY_ROUTE_FILTER, 200, 101, 10, 20);
    sy_metrics_request(&metrics, SY_ROUTE_FILTER, 400, 9000000, 1, 2);
    sy_metrics_request(&metrics, SY_ROUTE_NONE, 418, 0, 0, 0);
    sy_count(&metrics.disagreements[SY_ROUTE_FILTER], 3);
    sy_metrics_write(&metrics, &gauges, &out);
    has(&out, "switchyard_count_disagreements_total{verb=\"filter\"} 3");
    has(&out, "switchyard_count_disagreements_total{verb=\"prioritize\"} 0");
    has(&out, "switchyard_build_info{version=\"1.2.3\"} 1");
    has(&out, "switchyard_snapshot_nodes 7");
    has(&out, "switchyard_snapshot_age_seconds 1.500000");
    has(&out, "switchyard_requests_total{verb=\"filter\",code=\"200\"} 2");
    has(&out, "switchyard_requests_total{verb=\"filter\",code=\"400\"} 1");
    has(&out, "switchyard_requests_total{verb=\"other\",code=\"other\"} 1");
    has(&out, "switchyard_request_duration_seconds_bucket{verb=\"filter\",le=\"0.0001\"} 1");
    has(&out, "switchyard_request_duration_seconds_bucket{verb=\"filter\",le=\"0.00025\"} 2");
    has(&out, "switchyard_request_duration_seconds_bucket{verb=\"filter\",le=\"5\"} 2");
    has(&out, "switchyard_request_duration_seconds_bucket{verb=\"filter\",le=\"+Inf\"} 3");
    has(&out, "switchyard_request_duration_seconds_count{verb=\"filter\"} 3");
    has(&out, "switchyard_request_duration_seconds_sum{verb=\"filter\"} 9.000201");
    has(&out, "switchyard_request_body_bytes_total{verb=\"filter\"} 21");
    has(&out, "switchyard_verdicts_total{verb=\"prioritize\",reason=\"unknown-node\"} 0");
    sy_str_done(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tcase = tcase_create("metrics");
    tcase_add_loop_test(tcase, label_values, 0, sizeof labels / sizeof labels[0]);
    tcase_add_test(tcase, exposition);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
