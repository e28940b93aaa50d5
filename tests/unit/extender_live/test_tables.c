/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in, nodes out: in every order in which three collections can speak. */
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"

#include <stdio.h>
#include <string.h>

#define ALL_FREE 8 /* four NPUs, two GPUs, two NICs */

static const struct living_pod two_npus = {
    .uid = "u1", .name = "p1", .node = "a", .limits = "\"" NPU_NAME "\":\"2\""};

START_TEST(nothing_before_all_was_listed)
{
    struct living l;
    living_open(&l);
    living_begin(&l, SY_LIVE_FABRICS);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", NULL));
    living_synced(&l, SY_LIVE_FABRICS);
    living_begin(&l, SY_LIVE_NODES);
    living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_synced(&l, SY_LIVE_NODES);
    living_look(&l, true);
    ck_assert(l.looked.incomplete && !l.looked.changed);
    ck_assert_str_eq(sy_live_awaits(l.live), "pods");
    living_begin(&l, SY_LIVE_PODS);
    living_look(&l, true);
    ck_assert(l.looked.incomplete);
    living_synced(&l, SY_LIVE_PODS);
    ck_assert_ptr_null(sy_live_awaits(l.live));
    living_look(&l, false);
    ck_assert(!l.looked.incomplete && l.looked.changed);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    ck_assert_str_eq(sy_node_label(living_node(&l, "a"), "host"), "a");
    living_close(&l);
}
END_TEST

/* A listing that was cut short and began again. */
START_TEST(a_listing_begins_twice)
{
    struct living l;
    living_open(&l);
    living_sync_empty(&l);
    living_begin(&l, SY_LIVE_NODES);
    living_put(&l, SY_LIVE_NODES, living_node_object("gone", NULL));
    living_begin(&l, SY_LIVE_NODES);
    living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_synced(&l, SY_LIVE_NODES);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", NULL));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("gone", NULL));
    living_look(&l, false);
    ck_assert_ptr_nonnull(living_node(&l, "a"));
    ck_assert_ptr_null(living_node(&l, "gone"));
    living_close(&l);
}
END_TEST

enum piece { FABRIC, POD, NODE };
static const enum piece orders[][3] = {{FABRIC, POD, NODE}, {FABRIC, NODE, POD},
                                       {POD, FABRIC, NODE}, {POD, NODE, FABRIC},
                                       {NODE, FABRIC, POD}, {NODE, POD, FABRIC}};

/* Whatever comes first, the end is the same; and looking in between does not change it. */
START_TEST(any_order)
{
    for (int looks = 0; looks < 2; looks++) {
        struct living l;
        living_open(&l);
        living_sync_empty(&l);
        for (int i = 0; i < 3; i++) {
            switch (orders[_i][i]) {
            case FABRIC:
                living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
                break;
            case POD:
                living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
                break;
            case NODE:
                living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL));
                break;
            }
            if (looks == 1)
                living_look(&l, false);
        }
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
        ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_PREDICTED);
        living_close(&l);
    }
}
END_TEST

/* A node with a fresh report, all free. */
static void open_with_node(struct living *l)
{
    living_open(l);
    living_sync_empty(l);
    living_put(l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_put(l, SY_LIVE_FABRICS, living_fabric("a", living_status(l, "")));
    living_look(l, false);
    ck_assert_uint_eq(living_free(l, "a"), ALL_FREE);
}

static const struct {
    const char *what;
    const char *phase;
    unsigned free;
} phases[] = {{"pending", "Pending", ALL_FREE - 2},
              {"running", "Running", ALL_FREE - 2},
              {"unknown to us", "Dreaming", ALL_FREE - 2},
              {"succeeded", "Succeeded", ALL_FREE},
              {"failed: the kubelet refused it", "Failed", ALL_FREE}};

START_TEST(what_a_phase_charges)
{
    struct living l;
    struct living_pod pod = two_npus;
    open_with_node(&l);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    pod.phase = phases[_i].phase;
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_look(&l, false);
    ck_assert_msg(living_free(&l, "a") == phases[_i].free, "%s", phases[_i].what);
    living_close(&l);
}
END_TEST

START_TEST(a_pod_goes)
{
    struct living l;
    open_with_node(&l);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    living_look(&l, false);
    living_gone(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    living_gone(&l, SY_LIVE_PODS, living_pod_object(&two_npus)); /* and again */
    living_look(&l, false);
    ck_assert(l.looked.changed);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    living_begin(&l, SY_LIVE_PODS); /* a listing without it */
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    living_synced(&l, SY_LIVE_PODS);
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    living_close(&l);
}
END_TEST

/* A re-created pod of a StatefulSet is not its predecessor. */
START_TEST(same_name_another_uid)
{
    struct living l;
    struct living_pod again = two_npus;
    again.uid = "u2";
    again.scheduled_s = 10;
    open_with_node(&l);
    living_pass(&l, 5 * SECONDS);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    living_put(
        &l, SY_LIVE_FABRICS,
        living_fabric("a", living_status(&l, HELD(NPU0, "p1", "u1") "," HELD(NPU1, "p1", "u1"))));
    living_look(&l, false);
    ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_EXACT);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&again));
    living_gone(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    living_look(&l, false);
    /* The report still names the first: its devices are held, and the second is charged beside. */
    ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_PREDICTED);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 4);
    living_close(&l);
}
END_TEST

START_TEST(pods_of_no_concern)
{
    struct living l;
    struct living_pod pod = two_npus;
    open_with_node(&l);
    pod.limits = "\"cpu\":\"2\",\"memory\":\"1Gi\"";
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_look(&l, false);
    ck_assert(!l.looked.changed);
    ck_assert(!living_ledger_has(&l, "a", "u1"));
    living_close(&l);
}
END_TEST

/* What an old report says is free once its pod is gone, and a pod that asks for nothing of the
 * catalogue may hold a device all the same. */
START_TEST(devices_by_names_of_others)
{
    struct living l;
    struct living_pod pod = two_npus;
    open_with_node(&l);
    pod.limits = _i == 0 ? "\"vendor.example/vf\":\"1\"" : "\"cpu\":\"2\"";
    living_pass(&l, 5 * SECONDS);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, HELD(NPU0, "p1", "u1"))));
    living_pass(&l, 91 * SECONDS);
    living_look(&l, true);
    ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_PREDICTED);
    ck_assert_int_eq(living_is_free(&l, "a", NPU0), _i == 1);
    living_gone(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_look(&l, false);
    ck_assert(living_is_free(&l, "a", NPU0));
    living_close(&l);
}
END_TEST

START_TEST(the_fabric_object_goes)
{
    struct living l;
    open_with_node(&l);
    living_put(&l, SY_LIVE_FABRICS,
               living_fabric("a", living_status(&l, "{\"pci\":\"" NPU0 "\",\"healthy\":false}")));
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 1);
    living_gone(&l, SY_LIVE_FABRICS, living_fabric("a", NULL));
    living_look(&l, false);
    ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_COUNTS);
    ck_assert(!living_is_free(&l, "a", NPU0)); /* what was sick stays sick */
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    living_look(&l, false);
    ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_EXACT);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    living_close(&l);
}
END_TEST

START_TEST(the_node_goes)
{
    struct living l;
    open_with_node(&l);
    living_gone(&l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_look(&l, false);
    ck_assert(l.looked.changed);
    ck_assert_ptr_null(living_node(&l, "a"));
    living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL)); /* its NodeFabric stayed */
    living_look(&l, false);
    ck_assert_uint_eq(living_node(&l, "a")->usage->mode, SY_MODE_EXACT);
    living_gone(&l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_gone(&l, SY_LIVE_FABRICS, living_fabric("a", NULL));
    living_look(&l, true);
    living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_look(&l, true);
    ck_assert_ptr_null(living_node(&l, "a")); /* what was known of it went with both */
    living_close(&l);
}
END_TEST

#define NOTHING_ANNOTATED                                                                          \
    "\"switchyard.dev/fabric\":\"{\\\"apiVersion\\\":\\\"switchyard.dev/v1alpha1\\\","             \
    "\\\"kind\\\":\\\"NodeFabric\\\",\\\"spec\\\":{\\\"objects\\\":[{\\\"type\\\":"                \
    "\\\"Machine\\\"}"                                                                             \
    "]}}\""

START_TEST(a_node_that_carries_its_document)
{
    struct living l;
    living_open(&l);
    living_sync_empty(&l);
    living_put(&l, SY_LIVE_NODES, living_node_object("t", NOTHING_ANNOTATED));
    living_put(&l, SY_LIVE_NODES, living_node_object("bad", "\"switchyard.dev/fabric\":\"{}\""));
    living_look(&l, false);
    ck_assert_uint_eq(living_node(&l, "t")->usage->mode, SY_MODE_COUNTS);
    ck_assert_uint_eq(living_free(&l, "t"), 0);
    ck_assert_ptr_null(living_node(&l, "bad"));
    ck_assert_uint_eq(l.metrics.refused[SY_LIVE_NODES], 1);
    living_put(&l, SY_LIVE_FABRICS,
               living_fabric("t", living_status(&l, ""))); /* it knows better */
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "t"), ALL_FREE);
    living_close(&l);
}
END_TEST

START_TEST(cordoned_devices)
{
    struct living l;
    open_with_node(&l);
    living_put(&l, SY_LIVE_NODES,
               living_node_object("a", "\"switchyard.dev/cordon\":\"" NPU0 "=fan; x\""));
    living_look(&l, false);
    ck_assert(l.looked.changed);
    ck_assert(!living_is_free(&l, "a", NPU0));
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 1);
    living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_look(&l, false);
    ck_assert(living_is_free(&l, "a", NPU0));
    living_close(&l);
}
END_TEST

START_TEST(equal_machines_share_a_fabric)
{
    struct living l;
    open_with_node(&l);
    living_put(&l, SY_LIVE_NODES, living_node_object("b", NULL));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("b", NULL));
    living_look(&l, true);
    const struct sy_fabric *fabric = living_node(&l, "a")->fabric;
    ck_assert_ptr_eq(fabric, living_node(&l, "b")->fabric);
    living_close(&l);
}
END_TEST

/* Heartbeats move times alone: no snapshot is made for them, yet the next one has them. */
START_TEST(heartbeats)
{
    struct living l;
    open_with_node(&l);
    (void)living_node(&l, "a");
    living_pass(&l, 30 * SECONDS);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    living_look(&l, false);
    ck_assert(!l.looked.changed);
    living_look(&l, true);
    ck_assert(l.looked.changed);
    ck_assert_int_eq(living_node(&l, "a")->usage->observed_us, l.unix_us);
    living_put(&l, SY_LIVE_NODES, living_node_object("a", NULL)); /* a kubelet's heartbeat */
    living_look(&l, true);
    ck_assert(!l.looked.changed);
    living_close(&l);
}
END_TEST

/* Changes as the keeper takes them: each once, none lost by a look that nobody asked about. */
START_TEST(changes_are_told_once)
{
    struct living l;
    struct sy_err err = {0};
    struct sy_feed_change *change;
    size_t n;
    living_open(&l);
    living_sync_empty(&l);
    struct sy_feed *feed = sy_live_feed(l.live);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"a", "b", "c"};
        living_put(&l, SY_LIVE_NODES, living_node_object(names[i], NULL));
        living_put(&l, SY_LIVE_FABRICS, living_fabric(names[i], NULL));
        living_look(&l, false);
    }
    ck_assert_int_eq(feed->ops->changes(feed, &change, &n, &err), SY_OK);
    ck_assert_uint_eq(n, 3);
    feed->ops->published(feed, l.steady_us + 1500);
    ck_assert_uint_eq(l.metrics.lag.sum_us, 4500);
    ck_assert_int_eq(feed->ops->changes(feed, &change, &n, &err), SY_OK);
    ck_assert_uint_eq(n, 0);
    living_gone(&l, SY_LIVE_NODES, living_node_object("b", NULL));
    living_look(&l, true);
    ck_assert_int_eq(feed->ops->changes(feed, &change, &n, &err), SY_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(change->name, "b");
    ck_assert_ptr_null(change->node);
    living_close(&l);
}
END_TEST

static const struct {
    const char *what;
    enum sy_live_collection collection;
    const char *json;
} bad[] = {
    {"fabric without metadata", SY_LIVE_FABRICS, "{}"},
    {"fabric with an empty name", SY_LIVE_FABRICS, "{\"metadata\":{\"name\":\"\"}}"},
    {"fabric without spec", SY_LIVE_FABRICS, "{\"metadata\":{\"name\":\"a\"}}"},
    {"fabric whose spec is a list", SY_LIVE_FABRICS, "{\"metadata\":{\"name\":\"a\"},\"spec\":[]}"},
    {"fabric without objects", SY_LIVE_FABRICS, "{\"metadata\":{\"name\":\"a\"},\"spec\":{}}"},
    {"fabric whose status is a word", SY_LIVE_FABRICS,
     "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"objects\":[{\"type\":\"Machine\"}]},"
     "\"status\":\"x\"}"},
    {"fabric with a wrong time", SY_LIVE_FABRICS,
     "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"objects\":[{\"type\":\"Machine\"}]},"
     "\"status\":{\"observedTime\":\"noon\"}}"},
    {"pod without uid", SY_LIVE_PODS, "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"}}"},
    {"pod with a number for a node", SY_LIVE_PODS,
     "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u1\"},"
     "\"spec\":{\"nodeName\":1}}"},
    {"pod that asks for a broken number", SY_LIVE_PODS,
     "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u1\"},\"spec\":{\"nodeName\":"
     "\"a\",\"containers\":[{\"resources\":{\"limits\":{\"" GPU_NAME "\":\"many\"}}}]}}"},
    {"pod whose conditions are words", SY_LIVE_PODS,
     "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u1\"},\"status\":"
     "{\"conditions\":{\"a\":1}}}"},
    {"node without a name", SY_LIVE_NODES, "{\"metadata\":{}}"},
    {"node whose labels are numbers", SY_LIVE_NODES,
     "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":1}}}"},
    {"node whose cordon is a list", SY_LIVE_NODES,
     "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"switchyard.dev/cordon\":[]}}}"},
};

/* It is counted, is no reason to list anew, and what was there stays, also through a listing. */
START_TEST(bad_objects)
{
    struct living l;
    open_with_node(&l);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    for (int times = 0; times < 2; times++)
        living_put(&l, bad[_i].collection, bad[_i].json);
    ck_assert_msg(l.metrics.refused[bad[_i].collection] == 2, "%s", bad[_i].what);
    living_look(&l, true);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    bool named = strstr(bad[_i].json, "\"a\"") != NULL || strstr(bad[_i].json, "u1") != NULL;
    living_begin(&l, bad[_i].collection);
    living_put(&l, bad[_i].collection, bad[_i].json);
    living_synced(&l, bad[_i].collection);
    living_look(&l, true);
    if (named && bad[_i].collection != SY_LIVE_NODES)
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    living_close(&l);
}
END_TEST

/* `key` with a text of `len` bytes, as a member of annotations. */
static void long_annotation(char *buf, const char *key, size_t len)
{
    size_t at = (size_t)sprintf(buf, "\"%s\":\"", key);
    memset(buf + at, 'x', len);
    memcpy(buf + at + len, "\"", 2);
}

/* They cost their own effect, and nothing else: the node is known, the pod is charged. */
START_TEST(annotations_too_long)
{
    static char note[70100], json[70400];
    struct living l;
    living_open(&l);
    living_sync_empty(&l);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    long_annotation(note, _i == 0 ? "switchyard.dev/cordon" : "switchyard.dev/fabric", 65537);
    (void)snprintf(json, sizeof json, "{\"metadata\":{\"name\":\"a\",\"annotations\":{%s}}}", note);
    living_put(&l, SY_LIVE_NODES, json);
    ck_assert_uint_eq(l.metrics.refused[SY_LIVE_NODES], 1);
    long_annotation(note, "huawei.com/AscendReal", 16385);
    (void)snprintf(json, sizeof json,
                   "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u1\","
                   "\"annotations\":{%s}},\"spec\":{\"nodeName\":\"a\",\"containers\":[{"
                   "\"resources\":{\"limits\":{\"" NPU_NAME "\":\"2\"}}}]}}",
                   note);
    living_put(&l, SY_LIVE_PODS, json);
    ck_assert_uint_eq(l.metrics.refused[SY_LIVE_PODS], 0);
    living_look(&l, true);
    ck_assert_ptr_nonnull(living_node(&l, "a"));
    ck_assert(living_ledger_has(&l, "a", "\"uid\":\"u1\""));
    ck_assert(living_ledger_has(&l, "a", NPU0));
    living_close(&l);
}
END_TEST

/* What the watch itself refuses is not put, yet it is there. */
START_TEST(refused_by_the_watch)
{
    struct living l;
    open_with_node(&l);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++) {
        struct sy_kube_handler handler = sy_live_handler(l.live, i);
        sy_autojson json_t *object =
            json_loads(i == SY_LIVE_PODS ? "{\"metadata\":{\"name\":\"p1\",\"uid\":\"u1\"}}"
                                         : "{\"metadata\":{\"name\":\"a\"}}",
                       0, NULL);
        living_begin(&l, i);
        handler.refused(handler.data, object, "too long");
        handler.refused(handler.data, NULL, "too long");
        living_synced(&l, i);
        ck_assert_uint_eq(l.metrics.refused[i], 2);
    }
    living_look(&l, true);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    ck_assert(living_ledger_has(&l, "a", "\"refused\":true"));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    ck_assert(living_ledger_has(&l, "a", "\"refused\":false"));
    living_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live tables");
    TCase *tcase = tcase_create("tables");
    tcase_add_test(tcase, nothing_before_all_was_listed);
    tcase_add_test(tcase, a_listing_begins_twice);
    tcase_add_loop_test(tcase, any_order, 0, sizeof orders / sizeof orders[0]);
    tcase_add_loop_test(tcase, what_a_phase_charges, 0, sizeof phases / sizeof phases[0]);
    tcase_add_test(tcase, a_pod_goes);
    tcase_add_test(tcase, same_name_another_uid);
    tcase_add_test(tcase, pods_of_no_concern);
    tcase_add_loop_test(tcase, devices_by_names_of_others, 0, 2);
    tcase_add_test(tcase, the_fabric_object_goes);
    tcase_add_test(tcase, the_node_goes);
    tcase_add_test(tcase, a_node_that_carries_its_document);
    tcase_add_test(tcase, cordoned_devices);
    tcase_add_loop_test(tcase, annotations_too_long, 0, 2);
    tcase_add_test(tcase, equal_machines_share_a_fabric);
    tcase_add_test(tcase, heartbeats);
    tcase_add_test(tcase, changes_are_told_once);
    tcase_add_loop_test(tcase, bad_objects, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tcase, refused_by_the_watch);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
