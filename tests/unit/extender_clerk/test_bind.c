/* SPDX-License-Identifier: Apache-2.0 */
/* /bind's way: the request read, the choice recorded, the binding posted, the refusal handed on. */
#include "extender/live/bind.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/kube/world.h"

#include <string.h>

#define ARGS "{\"PodName\":\"p\",\"PodNamespace\":\"ns\",\"PodUID\":\"u-1\",\"Node\":\"n-1\"}"

static const struct {
    const char *body;
    const char *error; /* NULL = read */
} requests[] = {
    {ARGS, NULL},
    {"{\"podname\":\"p\",\"PODNAMESPACE\":\"ns\",\"podUID\":\"u-1\",\"node\":\"n-1\"}", NULL},
    {"{\"Node\":\"x\",\"PodName\":\"p\",\"PodNamespace\":\"ns\",\"PodUID\":\"u-1\",\"Node\":\"n-"
     "1\"}",
     NULL},
    {"[]", "/: expected object, got array"},
    {"{}", "/PodName: expected string, got nothing"},
    {"{\"PodName\":7}", "/PodName: expected string, got integer"},
    {"{\"PodName\":\"\"}", "/PodName: '' is no name of a Kubernetes object"},
    {"{\"PodName\":\"a/b\"}", "/PodName: 'a/b' is no name of a Kubernetes object"},
    {"{\"PodName\":\"..\"}", "/PodName: '..' is no name of a Kubernetes object"},
    {"{\"PodName\":\"p\",\"PodNamespace\":\"a?b\"}",
     "/PodNamespace: 'a?b' is no name of a Kubernetes object"},
    {"{\"PodName\":\"p\",\"PodNamespace\":\"ns\",\"PodUID\":null}",
     "/PodUID: expected string, got null"},
    {"{\"PodName\":\"p\",\"PodNamespace\":\"ns\",\"PodUID\":\"u\",\"Node\":\"N\"}",
     "/Node: 'N' is no name of a Kubernetes object"},
};

START_TEST(reads_requests)
{
    struct sy_err err = {0};
    json_t *root = NULL;
    struct sy_bind_args args = {0};
    const char *body = requests[_i].body;
    enum sy_code code = sy_bind_args_parse(body, strlen(body), &root, &args, &err);
    if (requests[_i].error != NULL) {
        ck_assert_int_ne(code, SY_OK);
        ck_assert_str_eq(err.text, requests[_i].error);
        ck_assert_ptr_null(root);
        return;
    }
    ck_assert_int_eq(code, SY_OK);
    ck_assert_str_eq(args.name, "p");
    ck_assert_str_eq(args.namespace_, "ns");
    ck_assert_str_eq(args.uid, "u-1");
    ck_assert_str_eq(args.node, "n-1");
    json_decref(root);
}
END_TEST

START_TEST(refuses_what_is_no_request)
{
    struct sy_err err = {0};
    json_t *root = NULL;
    struct sy_bind_args args;
    ck_assert_int_eq(sy_bind_args_parse("{\"PodName\":", 11, &root, &args, &err), SY_EPARSE);
    static char large[(64u << 10) + 1];
    memset(large, ' ', sizeof large);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_bind_args_parse(large, sizeof large, &root, &args, &err), SY_ELIMIT);
}
END_TEST

struct book {
    unsigned assumed, forgotten;
    struct server *server;
    size_t requests_when_assumed;
};

static void assume(void *data, const struct sy_bind_args *args)
{
    struct book *book = data;
    ck_assert_str_eq(args->node, "n-1");
    book->assumed++;
    book->requests_when_assumed = server_requests(book->server);
}

static void forget(void *data, const struct sy_bind_args *args)
{
    struct book *book = data;
    ck_assert_str_eq(args->uid, "u-1");
    book->forgotten++;
}

#define POST_BINDING "POST /api/v1/namespaces/ns/pods/p/binding HTTP/1.1"
#define STATUS(text) "{\"kind\":\"Status\",\"message\":\"" text "\"}"

static const struct {
    struct server_step step;
    enum sy_code code;
    const char *error; /* the beginning; NULL = bound */
    unsigned forgotten;
} posts[] = {
    {{.expect = POST_BINDING, .status = 201, .body = {STATUS("")}}, SY_OK, NULL, 0},
    {{.expect = POST_BINDING,
      .status = 409,
      .body = {STATUS("pod p is already assigned to node \\\"n-2\\\"")}},
     SY_ECONFLICT,
     "the API server: 409 pod p is already assigned to node \"n-2\"",
     1},
    {{.expect = POST_BINDING, .status = 404, .body = {STATUS("pods \\\"p\\\" not found")}},
     SY_ECONFLICT,
     "the API server: 404 pods \"p\" not found",
     1},
    {{.expect = POST_BINDING, .status = 503, .body = {STATUS("etcd is away")}},
     SY_EIO,
     "the API server: 503 etcd is away",
     0},
    {{.expect = POST_BINDING, .status = 201, .body = {"{\"ki"}, .end = SERVER_CUT}, SY_EIO, "", 0},
};

START_TEST(binds)
{
    const struct server_step steps[] = {posts[_i].step, {0}};
    struct world world;
    struct book book = {0};
    struct sy_bind_metrics metrics = {0};
    struct sy_binder *binder = NULL;
    struct sy_err err = {0};
    world_open(&world, steps);
    book.server = world.server;
    const struct sy_bind_ledger ledger = {&book, assume, forget};
    const struct sy_bind_args args = {"p", "ns", "u-1", "n-1"};
    ck_assert_int_eq(sy_binder_new(world.config, &ledger, &metrics, &binder, &err), SY_OK);
    ck_assert_int_eq(sy_binder_bind(binder, &args, &err), posts[_i].code);
    if (posts[_i].error != NULL)
        ck_assert_int_eq(strncmp(err.text, posts[_i].error, strlen(posts[_i].error)), 0);
    ck_assert_uint_eq(book.assumed, 1);
    ck_assert_uint_eq(book.requests_when_assumed, 0);
    ck_assert_uint_eq(book.forgotten, posts[_i].forgotten);
    ck_assert_uint_eq(metrics.bound, posts[_i].code == SY_OK);
    ck_assert_uint_eq(metrics.refused, posts[_i].code == SY_ECONFLICT);
    ck_assert_uint_eq(metrics.unknown, posts[_i].code == SY_EIO);
    ck_assert_uint_eq(server_surprises(world.server), 0);
    sy_binder_free(binder);
    world_close(&world);
}
END_TEST

START_TEST(answers)
{
    static const struct {
        const char *error, *answer;
    } cases[] = {{NULL, "{\"Error\":\"\"}"},
                 {"no", "{\"Error\":\"no\"}"},
                 {"a \"b\"\n", "{\"Error\":\"a \\\"b\\\"\\n\"}"},
                 {"\xff", "{\"Error\":\"\\\\xFF\"}"}};
    struct sy_str out;
    sy_str_init(&out, 4096);
    sy_bind_answer(cases[_i].error, &out);
    ck_assert_str_eq(out.data, cases[_i].answer);
    sy_str_done(&out);
}
END_TEST

static enum sy_code read_once(void *data, struct sy_err *err)
{
    json_t *root = NULL;
    struct sy_bind_args args;
    (void)data;
    enum sy_code code = sy_bind_args_parse(ARGS, strlen(ARGS), &root, &args, err);
    json_decref(root);
    return code;
}

START_TEST(survives_failing_allocations)
{
    ck_assert_int_gt(sy_fault_sweep(read_once, NULL, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("extender_bind");
    TCase *tcase = tcase_create("bind");
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, reads_requests, 0, sizeof requests / sizeof requests[0]);
    tcase_add_test(tcase, refuses_what_is_no_request);
    tcase_add_loop_test(tcase, binds, 0, sizeof posts / sizeof posts[0]);
    tcase_add_loop_test(tcase, answers, 0, 4);
    tcase_add_test(tcase, survives_failing_allocations);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
