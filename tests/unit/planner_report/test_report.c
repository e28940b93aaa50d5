/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of small clusters and of the sample one: sums that must agree, exact tables, hostile
 * names, the same bytes twice, failing memory. */
#include "planner/report/write.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_report/fixture.h"

#include <string.h>

static json_t *make(const struct sy_state *state)
{
    struct sy_report_options options;
    struct sy_err err = {0};
    json_t *report = NULL;
    sy_report_options_init(&options);
    ck_assert_msg(sy_report_make(state, &options, NULL, &report, &err) == SY_OK, "%s", err.text);
    return report;
}

static json_t *small_report(struct sy_state **ret_state)
{
    const char *items[] = {fixture_fabric, fixture_node, fixture_pods, NULL};
    struct sy_err err = {0};
    ck_assert_msg(fixture_state(items, NULL, ret_state, &err) == SY_OK, "%s", err.text);
    return make(*ret_state);
}

#define SUMS                                                                                       \
    "Note: Sums (*, racks, nodes, namespaces, owners) are without NICs, which have a row by kind " \
    "and by model; CLOSED is healthy and nobody's, on nodes that take no pods\n"

static const struct {
    const char *section, *text;
} tables[] = {
    {"totals", "Devices by kind\n"
               "KIND  DELIVERED  HEALTHY  ALLOCATED  FREE  CLOSED  ALLOCATED %\n"
               "*             4        3          2     1       0           50\n"
               "GPU           4        3          2     1       0           50\n"
               "\n" SUMS},
    {"nodes",
     "Devices by node\n"
     "NODE  RACK  STATUS  KNOWN  DELIVERED  HEALTHY  ALLOCATED  FREE  CLOSED  ALLOCATED %\n"
     "n1    r1    ready   exact          4        3          2     1       0           50\n"
     "\n" SUMS},
    {"owners", "Devices by owner\n"
               "NAMESPACE  OWNER KIND  OWNER  PODS  DEVICES  OF KIND  WATTS  PENDING  WANTED\n"
               "a          Job         train     1        2  GPU 2    600 W        0       0\n"
               "b          Pod         wait      0        0  -          0 W        1       1\n"
               "\n" SUMS},
    {"links", "Links that devices share\n"
              "LINKS          TOTAL  IDLE  WITHIN  OVER  UNKNOWN  WORST\n"
              "switch uplink      1     1       0     0        0      0\n"},
    {"links-over", "Links with more demand than capacity: none\n"},
    {"growth", "Growth: when a shape stops fitting: no arrivals given (--arrivals)\n"},
};

START_TEST(table)
{
    struct sy_state *state = NULL;
    json_t *report = small_report(&state);
    struct sy_str text;
    fixture_tables(report, SY_FORMAT_TABLE, 10, tables[_i].section, &text);
    ck_assert_msg(strcmp(text.data, tables[_i].text) == 0, "%s", text.data);
    sy_str_done(&text);
    json_decref(report);
    sy_state_free(state);
}
END_TEST

/* Members of the small cluster's report, by path. */
START_TEST(members)
{
    struct sy_state *state = NULL;
    json_t *report = small_report(&state);
    ck_assert_str_eq(sy_report_text(report, "now"), "2026-11-22T12:00:00Z");
    ck_assert_int_eq(sy_report_int(report, "cluster.podsPending"), 1);
    const json_t *shapes = json_object_get(report, "shapes");
    ck_assert_uint_eq(json_array_size(shapes), 2);
    ck_assert_int_eq(sy_report_int(json_array_get(shapes, 0), "slots"), 0); /* two GPUs */
    ck_assert_int_eq(sy_report_int(json_array_get(shapes, 1), "slots"), 1); /* one */
    ck_assert_int_eq(sy_report_int(report, "stranded.total"), 1);           /* the unhealthy one */
    const json_t *why = json_array_get(sy_report_at(report, "stranded.reasons"), 0);
    ck_assert_str_eq(sy_report_text(why, "reason"), "unhealthy");
    ck_assert_str_eq(sy_report_text(why, "detail"), "XID 79");
    const json_t *node = json_array_get(sy_report_at(report, "power.elements"), 0);
    ck_assert_str_eq(sy_report_text(node, "element"), "n1");
    ck_assert_double_eq(sy_report_number(node, "limitWatts", -1), 2000);
    ck_assert_double_eq(sy_report_number(node, "observedWatts", -1), 900);
    ck_assert_double_eq(sy_report_number(node, "softHeadroomWatts", -1), 1100);
    ck_assert_double_eq(sy_report_number(node, "hardHeadroomWatts", -1),
                        2000 - sy_report_number(node, "provisionedWatts", 0));
    ck_assert_int_eq(sy_report_int(report, "data.modes.exact"), 1);
    ck_assert_int_eq(sy_report_int(report, "data.oldestReportSeconds"), 20);
    json_decref(report);
    sy_state_free(state);
}
END_TEST

static int64_t sum_of(const json_t *report, const char *rows, const char *member)
{
    int64_t sum = 0;
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach((json_t *)sy_report_at(report, rows), i, row)
    {
        sum += sy_report_int(row, member);
    }
    return sum;
}

/* The same devices counted by kind, model, rack and node, and by who holds them. */
START_TEST(sums_agree)
{
    static const char *const member[] = {"delivered", "healthy", "allocated", "free", "closed"};
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    ck_assert_msg(fixture_sample(&state, &err) == SY_OK, "%s", err.text);
    json_t *report = make(state);
    int64_t nic = 0;
    for (size_t m = 0; m < 5; m++) {
        const json_t *totals = sy_report_at(report, "devices.totals");
        int64_t all = sy_report_int(json_array_get(totals, 0), member[m]);
        ck_assert_int_gt(all, 0);
        nic = sy_report_int(json_array_get(totals, json_array_size(totals) - 1), member[m]);
        ck_assert_int_eq(sum_of(report, "devices.totals", member[m]), 2 * all + nic);
        ck_assert_int_eq(sum_of(report, "devices.nodes", member[m]), all);
        ck_assert_int_eq(sum_of(report, "devices.racks", member[m]), all);
        ck_assert_int_eq(sum_of(report, "devices.models", member[m]), all + nic);
        if (m == 2) {
            ck_assert_int_eq(sum_of(report, "namespaces", "devices"), all);
            ck_assert_int_eq(sum_of(report, "owners", "devices"), all);
        }
    }
    json_t *row = NULL;
    size_t i = 0;
    json_array_foreach(sy_report_at(report, "devices.models"), i, row)
    {
        ck_assert_int_eq(sy_report_int(row, "healthy"), sy_report_int(row, "allocated") +
                                                            sy_report_int(row, "free") +
                                                            sy_report_int(row, "closed"));
    }
    ck_assert_int_eq(sum_of(report, "namespaces", "wanted"), 23);
    ck_assert_int_eq(sum_of(report, "stranded.reasons", "devices"),
                     sy_report_int(report, "stranded.total"));
    ck_assert_uint_eq(json_array_size(sy_report_at(report, "stranded.devices")),
                      (size_t)sy_report_int(report, "stranded.total"));
    json_decref(report);
    sy_state_free(state);
}
END_TEST

/* What the sample's README says of it. */
static const struct {
    const char *section, *text;
} sample_tables[] = {
    {"totals", "Devices by kind\n"
               "KIND  DELIVERED  HEALTHY  ALLOCATED  FREE  CLOSED  ALLOCATED %\n"
               "*            64       62         31    30       1         48.4\n"
               "NPU          30       29         16    13       0         53.3\n"
               "GPU          29       29         13    16       0         44.8\n"
               "FPGA          5        4          2     1       1           40\n"
               "NIC          12       12          0    12       0            0\n"
               "\n" SUMS},
    {"racks", "Devices by rack\n"
              "RACK    NODES  DELIVERED  HEALTHY  ALLOCATED  FREE  CLOSED  ALLOCATED %\n"
              "rack-a      3         18       18          5    13       0         27.8\n"
              "rack-b      2         16       15         12     3       0           75\n"
              "rack-c      3         20       20         10    10       0           50\n"
              "rack-d      4         10        9          4     4       1           40\n"
              "\n" SUMS},
    {"links-over",
     "Links with more demand than capacity\n"
     "NODE     LINK             PCI           GB/S  DEVICES  CROSSING  GB/S EACH  DEMAND/CAPACITY\n"
     "npu-b1   between sockets  -               10       10         8        1.2            25.21\n"
     "fpga-d2  between sockets  -               10        3         2          5              6.3\n"
     "npu-b1   switch uplink    0000:11:00.0  31.5        5         4        7.9                4\n"
     "npu-b1   switch uplink    0000:19:00.0  31.5        5         4        7.9                4\n"
     "gpu-c1   switch uplink    0000:11:00.0  31.5        5         2       15.8                "
     "2\n"},
    {"stranded",
     "Stranded devices: held by nobody, and no shape can use them\n"
     "REASON                                                DETAIL                           KIND  "
     "MODEL        DEVICES  NODES   WATTS\n"
     "unhealthy                                             HBM: uncorrectable ECC errors    NPU   "
     "Ascend 910B        1      1   400 W\n"
     "unhealthy                                             cordoned: card is being flashed  FPGA  "
     "Alveo U250         1      1   225 W\n"
     "its node takes no such pod (cordon, taint, selector)  node(s) were unschedulable       FPGA  "
     "Alveo U250         1      1   225 W\n"
     "no CPU left on its node                               -                                NPU   "
     "Ascend 910B        3      1  1.2 kW\n"},
};

START_TEST(sample_table)
{
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    struct sy_str text;
    ck_assert_msg(fixture_sample(&state, &err) == SY_OK, "%s", err.text);
    json_t *report = make(state);
    fixture_tables(report, SY_FORMAT_TABLE, 10, sample_tables[_i].section, &text);
    ck_assert_msg(strcmp(text.data, sample_tables[_i].text) == 0, "%s", text.data);
    sy_str_done(&text);
    json_decref(report);
    sy_state_free(state);
}
END_TEST

/* Without a node there is nothing to report, and that is no report of zeros. */
START_TEST(of_nothing)
{
    const char *items[2][2] = {{fixture_empty, NULL}, {fixture_pods, NULL}};
    static const char *const end[] = {" (0 pods are there)", " (2 pods are there)"};
    for (size_t i = 0; i < 2; i++) {
        struct sy_report_options options;
        struct sy_state *state = NULL;
        struct sy_err err = {0};
        json_t *report = NULL;
        char want[200];
        ck_assert_msg(fixture_state(items[i], NULL, &state, &err) == SY_OK, "%s", err.text);
        sy_report_options_init(&options);
        ck_assert_int_eq(sy_report_make(state, &options, NULL, &report, &err), SY_EINVAL);
        ck_assert_ptr_null(report);
        (void)snprintf(want, sizeof want, "no node in %s: a report needs Nodes or NodeFabrics%s",
                       state->source, end[i]);
        ck_assert_str_eq(err.text, want);
        sy_state_free(state);
    }
}
END_TEST

/* Nodes without a NodeFabric that offer devices: unknown, with the counts by resource. */
START_TEST(offered)
{
    static const char bare[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"bare\"},"
        "\"status\":{\"allocatable\":{\"cpu\":\"8\",\"memory\":\"8Gi\",\"pods\":\"110\","
        "\"nvidia.com/gpu\":\"2k\",\"example.com/nothing\":\"3\"}}}";
    const char *items[] = {fixture_fabric, fixture_node, bare, fixture_pods, NULL};
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    struct sy_str text;
    ck_assert_msg(fixture_state(items, NULL, &state, &err) == SY_OK, "%s", err.text);
    json_t *report = make(state);
    fixture_tables(report, SY_FORMAT_WIDE, 10, "nodes", &text);
    ck_assert_msg(
        strcmp(text.data,
               "Devices by node\n"
               "NODE  RACK  STATUS  KNOWN  DELIVERED  HEALTHY  ALLOCATED  FREE  CLOSED  "
               "ALLOCATED %  OFFERED ONLY\n"
               "bare  -     ready   none           ?        ?          ?     ?       ?           "
               " ?  nvidia.com/gpu 2000\n"
               "n1    r1    ready   exact          4        3          2     1       0           "
               "50  -\n"
               "\n" SUMS) == 0,
        "%s", text.data);
    sy_str_done(&text);
    fixture_tables(report, SY_FORMAT_TABLE, 10, NULL, &text);
    ck_assert_ptr_nonnull(strstr(text.data, "Note: nvidia.com/gpu: 2000 offered by 1 node without "
                                            "a NodeFabric (bare), in no sum\n"));
    sy_str_done(&text);
    json_decref(report);
    sy_state_free(state);
}
END_TEST

/* Nobody tells which of two models the counted ones are: they are told as one, and it adds up. */
START_TEST(counted)
{
    struct sy_str fabric;
    const char *status = strstr(fixture_fabric, ",\"status\":");
    const char *second = strstr(strstr(fixture_fabric, "10de:20b5") + 1, "10de:20b5");
    ck_assert(status != NULL && second != NULL);
    sy_str_init(&fabric, (size_t)1 << 20);
    sy_str_append_n(&fabric, fixture_fabric, (size_t)(second - fixture_fabric));
    sy_str_append(&fabric, "10de:27b8"); /* an L4 among A100s */
    sy_str_append_n(&fabric, second + 9, (size_t)(status - second - 9));
    sy_str_append(&fabric, "}");
    const char *items[] = {fabric.data, fixture_node, fixture_pods, NULL};
    struct sy_state *state = NULL;
    struct sy_err err = {0};
    struct sy_str text;
    ck_assert_msg(fixture_state(items, NULL, &state, &err) == SY_OK, "%s", err.text);
    json_t *report = make(state);
    fixture_tables(report, SY_FORMAT_TABLE, 10, "models", &text);
    ck_assert_msg(strcmp(text.data,
                         "Devices by model\n"
                         "KIND  MODEL                                NODES  DELIVERED  HEALTHY  "
                         "ALLOCATED  FREE  CLOSED  ALLOCATED %\n"
                         "GPU   unknown model: A100 PCIe 80GB or L4      1          4        4  "
                         "        2     2       0           50\n") == 0,
                  "%s", text.data);
    sy_str_done(&text);
    json_decref(report);
    sy_state_free(state);
    sy_str_done(&fabric);
}
END_TEST

/* Names that would be markup; the same bytes twice; nothing asked of the network. */
START_TEST(page)
{
    struct sy_state *state = NULL;
    json_t *report = small_report(&state);
    struct sy_err err = {0};
    struct sy_str a, b;
    json_t *owner = json_array_get(json_object_get(report, "owners"), 0);
    json_object_set_new(report, "source", json_string("</title><script>alert(1)</script>"));
    json_object_set_new(owner, "owner", json_string("\"><img src=x onerror=alert(1)>"));
    sy_str_init(&a, (size_t)1 << 24);
    sy_str_init(&b, (size_t)1 << 24);
    ck_assert_int_eq(sy_report_html(report, 10, &a, &err), SY_OK);
    ck_assert_int_eq(sy_report_html(report, 10, &b, &err), SY_OK);
    ck_assert_str_eq(a.data, b.data);
    static const char *const never[] = {
        "<script", "<img", "onerror=alert(1)>", "http://", "https://", "@import", "url("};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        ck_assert_msg(strstr(a.data, never[i]) == NULL, "%s", never[i]);
    ck_assert_ptr_nonnull(strstr(a.data, "&lt;script&gt;alert(1)"));
    sy_str_done(&a);
    sy_str_done(&b);
    json_decref(report);
    sy_state_free(state);
}
END_TEST

START_TEST(csv)
{
    struct sy_state *state = NULL;
    json_t *report = small_report(&state);
    struct sy_str text;
    fixture_tables(report, SY_FORMAT_CSV, 10, "totals", &text);
    ck_assert_str_eq(text.data, "KIND,DELIVERED,HEALTHY,ALLOCATED,FREE,CLOSED,ALLOCATED %,PARTS\n"
                                "*,4,3,2,1,0,50,0\nGPU,4,3,2,1,0,50,0\n");
    sy_str_done(&text);
    fixture_tables(report, SY_FORMAT_CSV, 10, NULL, &text);
    ck_assert_ptr_nonnull(strstr(text.data, "SECTION,KIND,DELIVERED"));
    ck_assert_ptr_nonnull(strstr(text.data, "\ntotals,GPU,4,3,2,1,0,50,0\n"));
    ck_assert_ptr_nonnull(strstr(text.data, ",LIMIT W,PROVISIONED W,"));
    sy_str_done(&text);
    json_decref(report);
    sy_state_free(state);
}
END_TEST

static enum sy_code all_of_it(void *data, struct sy_err *err)
{
    struct sy_report_options options;
    struct sy_result result;
    json_t *report = NULL;
    sy_report_options_init(&options);
    options.arrival[0] = (struct sy_arrival){.shape = "2", .per_day = 1};
    options.narrival = 1;
    sy_result_init(&result);
    enum sy_code code = sy_report_make(data, &options, NULL, &report, err);
    if (code == SY_OK)
        code = sy_report_tables(report, SY_FORMAT_TABLE, 10, NULL, 0, &result, err);
    if (code == SY_OK)
        code = sy_report_html(report, 10, &result.document, err);
    sy_result_done(&result);
    json_decref(report);
    return code;
}

START_TEST(out_of_memory)
{
    struct sy_state *state = NULL;
    json_decref(small_report(&state));
    ck_assert_int_gt(sy_fault_sweep(all_of_it, state, 0), 500);
    sy_state_free(state);
}
END_TEST

START_TEST(no_such_shape)
{
    struct sy_state *state = NULL;
    json_t *report = small_report(&state);
    struct sy_report_options options;
    struct sy_err err = {0};
    json_decref(report);
    report = NULL;
    sy_report_options_init(&options);
    options.arrival[0] = (struct sy_arrival){.shape = "3", .per_day = 1};
    options.narrival = 1;
    ck_assert_int_eq(sy_report_make(state, &options, NULL, &report, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, "--arrivals: no shape '3': its name or number among the 2 of the "
                               "report");
    ck_assert_ptr_null(report);
    sy_state_free(state);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_report");
    TCase *tc = tcase_create("report");
    tcase_set_timeout(tc, 100);
    tcase_add_loop_test(tc, table, 0, sizeof tables / sizeof tables[0]);
    tcase_add_test(tc, members);
    tcase_add_loop_test(tc, sample_table, 0, sizeof sample_tables / sizeof sample_tables[0]);
    tcase_add_test(tc, sums_agree);
    tcase_add_test(tc, of_nothing);
    tcase_add_test(tc, offered);
    tcase_add_test(tc, counted);
    tcase_add_test(tc, page);
    tcase_add_test(tc, csv);
    tcase_add_test(tc, no_such_shape);
    tcase_add_test(tc, out_of_memory);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
