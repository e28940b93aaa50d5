/* SPDX-License-Identifier: Apache-2.0 */
/* What people and monitoring see of it. */
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

static void open_with_pods(struct living *l)
{
    static const struct living_pod covered = {
        .uid = "u1", .name = "p1", .node = "a", .limits = "\"" NPU_NAME "\":\"1\""};
    static const struct living_pod predicted = {
        .uid = "u2", .name = "p2", .node = "a", .limits = "\"" GPU_NAME "\":\"1\""};
    static const struct living_pod waits = {
        .uid = "u3", .name = "p3", .limits = "\"" GPU_NAME "\":\"1\""};
    living_open(l);
    living_sync_empty(l);
    living_put(l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_put(l, SY_LIVE_NODES, living_node_object("b", NULL));
    living_put(l, SY_LIVE_FABRICS, living_fabric("a", living_status(l, HELD(NPU0, "p1", "u1"))));
    living_put(l, SY_LIVE_FABRICS, living_fabric("b", NULL));
    living_put(l, SY_LIVE_PODS, living_pod_object(&covered));
    living_put(l, SY_LIVE_PODS, living_pod_object(&predicted));
    living_put(l, SY_LIVE_PODS, living_pod_object(&waits));
    living_pass(l, 1500000);
    living_look(l, false);
}

START_TEST(one_node)
{
    struct living l;
    open_with_pods(&l);
    struct sy_err err = {0};
    json_t *ledger = NULL;
    ck_assert_int_eq(sy_live_explain(l.live, "a", &ledger, &err), SY_OK);
    sy_autofree char *text = NULL;
    size_t len;
    ck_assert_int_eq(sy_json_dump(ledger, false, &text, &len, &err), SY_OK);
    ck_assert_str_eq(
        text,
        "{\"report\":{\"age\":\"fresh\",\"seconds\":1.5,\"observedTime\":\"2027-01-15T08:00:00Z\","
        "\"deleted\":false,\"refused\":false},\"pods\":[{\"namespace\":\"ns\",\"name\":\"p1\","
        "\"uid\":\"u1\",\"assumed\":false,\"cover\":\"report\",\"devices\":[\"" NPU0 "\"]},"
        "{\"namespace\":\"ns\",\"name\":\"p2\",\"uid\":\"u2\",\"assumed\":false,"
        "\"cover\":\"predicted\",\"devices\":[\"" GPU0 "\"]}],\"predictions\":{\"same\":0,"
        "\"equal\":0,\"worse\":0,\"better\":0,\"unknown\":0}}");
    json_decref(ledger);
    ck_assert(living_ledger_has(&l, "b", "\"report\":null"));
    ck_assert_int_eq(sy_live_explain(l.live, "nowhere", &ledger, &err), SY_OK);
    ck_assert_ptr_null(ledger);
    living_close(&l);
}
END_TEST

static void has(const struct sy_str *out, const char *line)
{
    char full[200];
    (void)snprintf(full, sizeof full, "\n%s\n", line);
    ck_assert_msg(strstr(out->data, full) != NULL, "no line '%s' in %s", line, out->data);
}

START_TEST(all_nodes)
{
    struct living l;
    struct sy_str out;
    open_with_pods(&l);
    (void)living_node(&l, "a");
    struct sy_feed *feed = sy_live_feed(l.live);
    feed->ops->published(feed, l.steady_us + 1);
    sy_str_init(&out, 1 << 20);
    sy_live_write_metrics(l.live, &out);
    ck_assert(!sy_str_failed(&out));
    has(&out, "switchyard_watch_lag_seconds_bucket{le=\"1\"} 0");
    has(&out, "switchyard_watch_lag_seconds_bucket{le=\"2.5\"} 2");
    has(&out, "switchyard_watch_lag_seconds_count 2");
    has(&out, "switchyard_nodes{mode=\"exact\"} 0");
    has(&out, "switchyard_nodes{mode=\"predicted\"} 1");
    has(&out, "switchyard_nodes{mode=\"counts\"} 1");
    has(&out, "switchyard_reports{age=\"fresh\"} 1");
    has(&out, "switchyard_reports{age=\"none\"} 1");
    has(&out, "switchyard_report_age_seconds 1.500000");
    has(&out, "switchyard_node_report_age_seconds{node=\"a\"} 1.500");
    has(&out, "switchyard_pods_charged{cover=\"report\"} 1");
    has(&out, "switchyard_pods_charged{cover=\"predicted\"} 1");
    has(&out, "switchyard_pods_waiting 1");
    has(&out, "switchyard_fabrics 1");
    has(&out, "switchyard_prediction_total{result=\"same\"} 0");
    has(&out, "switchyard_objects_refused_total{collection=\"pods\"} 0");
    sy_str_done(&out);
    living_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live view");
    TCase *tcase = tcase_create("view");
    tcase_add_test(tcase, one_node);
    tcase_add_test(tcase, all_nodes);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
