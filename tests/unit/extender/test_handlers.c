/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"

#include <stdlib.h>
#include <string.h>

static const char *const two[] = {"a", "b", NULL};

static const struct {
    const char *what;
    enum sy_listener listener;
    const char *method, *path, *body;
    unsigned status;
    const char *answer; /* whole */
} loaded[] = {
    {"filter", SY_LISTENER_SCHEDULER, "POST", "/filter",
     WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"b\",\"zz\""), 200,
     "{\"Nodes\":null,\"NodeNames\":[\"b\",\"zz\"],\"FailedNodes\":null,"
     "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}"},
    {"filter without names", SY_LISTENER_SCHEDULER, "POST", "/filter", WORLD_ARGS("", ""), 200,
     "{\"Nodes\":null,\"NodeNames\":[],\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":null,"
     "\"Error\":\"\"}"},
    {"filter of what is wrong", SY_LISTENER_SCHEDULER, "POST", "/filter", "{\"Pod\":[]}", 400,
     "{\"error\":\"/Pod: expected object, got array\"}"},
    {"prioritize of what is wrong", SY_LISTENER_SCHEDULER, "POST", "/prioritize", "{\"Pod\":[]}",
     400, "{\"error\":\"/Pod: expected object, got array\"}"},
    {"prioritize of nothing of ours", SY_LISTENER_SCHEDULER, "POST", "/prioritize",
     WORLD_ARGS("\"cpu\":\"1\"", ""), 200, "[]"},
    {"healthz", SY_LISTENER_ADMIN, "GET", "/healthz", "", 200, "{\"status\":\"alive\"}"},
    {"readyz", SY_LISTENER_ADMIN, "GET", "/readyz", "", 200, "{\"status\":\"ready\",\"nodes\":2}"},
};

START_TEST(answers)
{
    struct world world;
    struct sy_reply reply;
    world_open(&world, two);
    ck_assert_uint_eq(sy_keeper_round(world.app.keeper, true), 0);
    world_ask(&world, loaded[_i].listener, loaded[_i].method, loaded[_i].path, loaded[_i].body,
              &reply);
    ck_assert_uint_eq(reply.status, loaded[_i].status);
    ck_assert_str_eq(world_text(&reply), loaded[_i].answer);
    sy_reply_done(&reply);
    world_close(&world);
}
END_TEST

static const struct {
    enum sy_listener listener;
    const char *method, *path;
    unsigned status;
    const char *answer;
} unloaded[] = {
    {SY_LISTENER_SCHEDULER, "POST", "/filter", 200,
     "{\"Nodes\":null,\"NodeNames\":null,\"FailedNodes\":null,\"FailedAndUnresolvableNodes\":null,"
     "\"Error\":\"switchyard: no snapshot of the nodes is loaded yet\"}"},
    {SY_LISTENER_SCHEDULER, "POST", "/prioritize", 503,
     "{\"error\":\"switchyard: no snapshot of the nodes is loaded yet\"}"},
    {SY_LISTENER_SCHEDULER, "POST", "/preempt", 503,
     "{\"error\":\"switchyard: no snapshot of the nodes is loaded yet\"}"},
    {SY_LISTENER_ADMIN, "POST", "/explain", 503,
     "{\"error\":\"no snapshot of the nodes is loaded yet\"}"},
    {SY_LISTENER_ADMIN, "GET", "/snapshot", 503,
     "{\"error\":\"no snapshot of the nodes is loaded yet\"}"},
    {SY_LISTENER_ADMIN, "GET", "/readyz", 503,
     "{\"error\":\"no snapshot of the nodes is loaded yet\"}"},
    {SY_LISTENER_ADMIN, "GET", "/healthz", 200, "{\"status\":\"alive\"}"},
};

START_TEST(before_the_first_snapshot)
{
    struct world world;
    struct sy_reply reply;
    world_open(&world, two);
    world_ask(&world, unloaded[_i].listener, unloaded[_i].method, unloaded[_i].path,
              WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\""), &reply);
    ck_assert_uint_eq(reply.status, unloaded[_i].status);
    ck_assert_str_eq(world_text(&reply), unloaded[_i].answer);
    sy_reply_done(&reply);
    world_close(&world);
}
END_TEST

START_TEST(note_and_counters)
{
    struct world world;
    struct sy_reply reply;
    world_open(&world, two);
    (void)sy_keeper_round(world.app.keeper, true);
    world_ask(&world, SY_LISTENER_SCHEDULER, "POST", "/prioritize",
              WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\",\"b\",\"zz\""), &reply);
    ck_assert_str_eq(reply.note.namespace_, "ns");
    ck_assert_str_eq(reply.note.name, "p");
    ck_assert_str_eq(reply.note.uid, "u");
    ck_assert_uint_eq(reply.note.nodes_in, 3);
    ck_assert_uint_eq(reply.note.nodes_out, 3);
    sy_reply_done(&reply);
    const struct sy_metrics *metrics = &world.app.metrics;
    ck_assert_uint_eq(metrics->verdicts[SY_ROUTE_PRIORITIZE][SY_REASON_FITS], 2);
    ck_assert_uint_eq(metrics->verdicts[SY_ROUTE_PRIORITIZE][SY_REASON_UNKNOWN_NODE], 1);
    ck_assert_uint_eq(metrics->pairs_lost_calls, 1);
    world_close(&world);
}
END_TEST

/* The document of a node of which it is known that 3 of its NPUs are held, not which. */
static void write_counted(const struct world *world, const char *file)
{
    char *text = world_document("c", NULL);
    sy_autojson json_t *root = json_loads(text, 0, NULL);
    (void)json_object_set_new(root, "status",
                              json_pack("{s:s, s:[{s:s, s:i}]}", "mode", "counts", "counted",
                                        "resource", "npu.huawei.com/ascend910b", "count", 3));
    char *changed = json_dumps(root, JSON_COMPACT);
    ck_assert_ptr_nonnull(changed);
    world_write(world, file, changed);
    sy_free(changed);
    free(text);
}

START_TEST(contradicting_counts)
{
    struct world world;
    struct sy_reply reply;
    world_open(&world, two);
    write_counted(&world, "c.json");
    (void)sy_keeper_round(world.app.keeper, true);
    static const char *const paths[] = {"/filter", "/prioritize"};
    static const enum sy_route_id routes[] = {SY_ROUTE_FILTER, SY_ROUTE_PRIORITIZE};
    const struct sy_metrics *metrics = &world.app.metrics;
    for (unsigned i = 0; i < 2; i++) {
        world_ask(&world, SY_LISTENER_SCHEDULER, "POST", paths[i],
                  WORLD_ARGS("\"npu.huawei.com/ascend910b\":\"2\"", "\"a\",\"c\",\"zz\""), &reply);
        ck_assert_uint_eq(reply.note.nodes_out, 3);
        sy_reply_done(&reply);
        ck_assert_uint_eq(metrics->disagreements[routes[i]], 1);
    }
    world_ask(&world, SY_LISTENER_SCHEDULER, "POST", "/filter",
              WORLD_ARGS("\"npu.huawei.com/ascend910b\":\"1\"", "\"a\",\"c\",\"zz\""), &reply);
    sy_reply_done(&reply);
    ck_assert_uint_eq(metrics->disagreements[SY_ROUTE_FILTER], 1);
    world_close(&world);
}
END_TEST

static const struct {
    const char *what;
    enum sy_listener listener;
    const char *path, *body;
    const char *uid; /* "" = nothing is known of the pod */
    bool has_nodes;
    size_t nodes_in, nodes_out;
} notes[] = {
    {"explain", SY_LISTENER_ADMIN, "/explain",
     WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\",\"b\""), "u", true, 2, 2},
    {"preempt", SY_LISTENER_SCHEDULER, "/preempt",
     "{\"pod\":" WORLD_POD("\"nvidia.com/gpu\":\"1\"") ",\"nodeNameToMetaVictims\":"
                                                       "{\"a\":{\"Pods\":[]},\"b\":{}}}",
     "u", true, 2, 2},
    {"preempt with whole pods", SY_LISTENER_SCHEDULER, "/preempt",
     "{\"Pod\":" WORLD_POD("\"nvidia.com/gpu\":\"1\"") ",\"NodeNameToVictims\":"
                                                       "{\"a\":{\"Pods\":[]}}}",
     "u", true, 1, 1},
    {"preempt without nodes", SY_LISTENER_SCHEDULER, "/preempt",
     "{\"Pod\":" WORLD_POD("\"nvidia.com/gpu\":\"1\"") "}", "u", true, 0, 0},
    {"preempt with wrong victims", SY_LISTENER_SCHEDULER, "/preempt",
     "{\"Pod\":" WORLD_POD("\"nvidia.com/gpu\":\"1\"") ",\"NodeNameToMetaVictims\":7}", "u", false,
     0, 0},
    {"preempt for no pod", SY_LISTENER_SCHEDULER, "/preempt", "{\"Pod\":7}", "", false, 0, 0},
    {"preempt by no JSON", SY_LISTENER_SCHEDULER, "/preempt", "no", "", false, 0, 0},
};

START_TEST(what_the_log_is_told)
{
    struct world world;
    struct sy_reply reply;
    world_open(&world, two);
    (void)sy_keeper_round(world.app.keeper, true);
    world_ask(&world, notes[_i].listener, "POST", notes[_i].path, notes[_i].body, &reply);
    ck_assert_str_eq(reply.note.uid, notes[_i].uid);
    ck_assert_str_eq(reply.note.name, notes[_i].uid[0] != '\0' ? "p" : "");
    ck_assert_str_eq(reply.note.namespace_, notes[_i].uid[0] != '\0' ? "ns" : "");
    ck_assert_int_eq(reply.note.has_nodes, notes[_i].has_nodes);
    ck_assert_uint_eq(reply.note.nodes_in, notes[_i].nodes_in);
    ck_assert_uint_eq(reply.note.nodes_out, notes[_i].nodes_out);
    sy_reply_done(&reply);
    world_close(&world);
}
END_TEST

START_TEST(snapshot_lists_the_documents)
{
    struct world world;
    struct sy_reply reply;
    world_open(&world, two);
    (void)sy_keeper_round(world.app.keeper, true);
    world_ask(&world, SY_LISTENER_ADMIN, "GET", "/snapshot", "", &reply);
    json_t *root = json_loads(world_text(&reply), JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    ck_assert_str_eq(json_string_value(json_object_get(root, "kind")), "NodeFabricList");
    const json_t *items = json_object_get(root, "items");
    ck_assert_uint_eq(json_array_size(items), 2);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(json_array_get(items, 1), "metadata"), "name")),
                     "b");
    json_decref(root);
    sy_reply_done(&reply);
    world_close(&world);
}
END_TEST

START_TEST(an_error_text_of_any_bytes_is_json)
{
    struct sy_reply reply;
    sy_reply_init(&reply);
    sy_reply_error(&reply, 400, "bad \xff \"quoted\"\n");
    json_t *root = json_loads(world_text(&reply), 0, NULL);
    ck_assert_ptr_nonnull(root);
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(root, "error")), "bad"));
    json_decref(root);
    sy_reply_done(&reply);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handlers");
    TCase *tcase = tcase_create("handlers");
    tcase_add_loop_test(tcase, answers, 0, sizeof loaded / sizeof loaded[0]);
    tcase_add_loop_test(tcase, before_the_first_snapshot, 0, sizeof unloaded / sizeof unloaded[0]);
    tcase_add_test(tcase, note_and_counters);
    tcase_add_test(tcase, contradicting_counts);
    tcase_add_loop_test(tcase, what_the_log_is_told, 0, sizeof notes / sizeof notes[0]);
    tcase_add_test(tcase, snapshot_lists_the_documents);
    tcase_add_test(tcase, an_error_text_of_any_bytes_is_json);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
