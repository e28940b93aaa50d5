/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/client.h"
#include "base/kube/status.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/kube/world.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *description;
    struct server_step step;
    struct sy_kube_call call;
    enum sy_code code;
    unsigned status, retry_after_ms;
    const char *body;    /* its member "a", when it is a text */
    const char *message; /* of the answer, or a part of the error's */
} cases[] = {
    {"an object",
     {"GET /a?b=c HTTP/1.1\r\n", .body = {"{\"a\":\"x\"}"}},
     {.method = "GET", .path = "/a?b=c"},
     .status = 200,
     .body = "x",
     .message = ""},
    {"who we are",
     {"User-Agent: test/1\r\n", .body = {"{}"}},
     {.method = "GET", .path = "/"},
     .status = 200,
     .message = ""},
    {"the token",
     {"Authorization: Bearer first\r\n", .body = {"{}"}},
     {.method = "GET", .path = "/"},
     .status = 200,
     .message = ""},
    {"a body",
     {"\r\n\r\n{\"b\":1}", .body = {"{}"}, .status = 201},
     {.method = "POST", .path = "/", .body = "{\"b\":1}", .body_len = 7},
     .status = 201,
     .message = ""},
    {"its type",
     {"Content-Type: application/apply-patch+yaml\r\n", .body = {"{}"}},
     {.method = "PATCH",
      .path = "/",
      .body = "{}",
      .body_len = 2,
      .content_type = "application/apply-patch+yaml"},
     .status = 200,
     .message = ""},
    {"a body's usual type",
     {"Content-Type: application/json\r\n", .body = {"{}"}},
     {.method = "PUT", .path = "/", .body = "{}", .body_len = 2},
     .status = 200,
     .message = ""},
    {"nothing to read",
     {"DELETE / ", .status = 200},
     {.method = "DELETE", .path = "/"},
     .status = 200,
     .message = ""},
    {"no JSON",
     {NULL, .body = {"<html>"}},
     {.method = "GET", .path = "/"},
     .status = 200,
     .message = ""},
    {"a refusal, as it is said",
     {NULL, .status = 404,
      .body = {"{\"kind\":\"Status\",\"message\":\"pods \\\"a\\\" not\\nfound\"}"}},
     {.method = "GET", .path = "/"},
     .status = 404,
     .message = "pods \"a\" not found"},
    {"a refusal in HTML",
     {NULL, .status = 502, .body = {"<html>"}},
     {.method = "GET", .path = "/"},
     .status = 502,
     .message = ""},
    {"come back later",
     {NULL, .status = 429, .headers = "Retry-After: 7\r\n"},
     {.method = "GET", .path = "/"},
     .status = 429,
     .retry_after_ms = 7000,
     .message = ""},
    {"come back much later",
     {NULL, .status = 503, .headers = "Retry-After: 31\r\n"},
     {.method = "GET", .path = "/"},
     .status = 503,
     .retry_after_ms = 30000,
     .message = ""},
    {"come back in three thousand years",
     {NULL, .status = 503, .headers = "Retry-After: 99999999999\r\n"},
     {.method = "GET", .path = "/"},
     .status = 503,
     .retry_after_ms = 30000,
     .message = ""},
    {"a redirect is an answer",
     {NULL, .status = 302, .headers = "Location: /x\r\n"},
     {.method = "GET", .path = "/"},
     .status = 302,
     .message = ""},
    {"cut",
     {NULL, .body = {"{"}, .end = SERVER_CUT},
     {.method = "GET", .path = "/"},
     SY_EIO,
     .message = "127.0.0.1:"},
    {"no HTTP",
     {NULL, .body = {"hello\r\n"}, .end = SERVER_RAW},
     {.method = "GET", .path = "/"},
     SY_EIO,
     .message = "HTTP/0.9"},
    {"too slow",
     {NULL, .end = SERVER_HOLD, .body = {"{"}},
     {.method = "GET", .path = "/", .timeout_ms = 100},
     SY_EIO,
     .message = "timed out"},
    {"too long",
     {NULL, .body = {"["}, .fill = SY_KUBE_ANSWER_MAX},
     {.method = "GET", .path = "/"},
     SY_ELIMIT,
     .message = "an answer of more than 4194304 bytes"},
    {"a path with a line break",
     {NULL, .body = {"x"}},
     {.method = "GET", .path = "/\r\nX: y"},
     SY_EINVAL,
     .message = "a path holds a character that no URL has"},
    {"a path without a slash",
     {NULL, .body = {"x"}},
     {.method = "GET", .path = "@elsewhere/"},
     SY_EINVAL,
     .message = "a path holds a character that no URL has"},
    {"a type with a line break",
     {NULL, .body = {"x"}},
     {.method = "PUT", .path = "/", .content_type = "a\r\nX: y", .body = "x", .body_len = 1},
     SY_EINVAL,
     .message = "a header holds a character that none may have"},
};

START_TEST(calls)
{
    const struct server_step script[] = {cases[_i].step, {0}};
    struct world world;
    struct sy_kube_client *client;
    struct sy_kube_answer answer = {0};
    struct sy_err err = {0};
    world_open(&world, script);
    ck_assert_int_eq(sy_kube_client_new(world.config, "test/1", &client, &err), SY_OK);
    enum sy_code code = sy_kube_call(client, &cases[_i].call, NULL, &answer, &err);
    ck_assert_msg(code == cases[_i].code, "%s: %s", cases[_i].description, err.text);
    ck_assert_uint_eq(answer.status, cases[_i].status);
    ck_assert_uint_eq(answer.retry_after_ms, cases[_i].retry_after_ms);
    if (cases[_i].body != NULL)
        ck_assert_str_eq(json_string_value(json_object_get(answer.body, "a")), cases[_i].body);
    if (code == SY_OK)
        ck_assert_str_eq(answer.message, cases[_i].message);
    else
        ck_assert_msg(strstr(err.text, cases[_i].message) != NULL, "%s: %s", cases[_i].description,
                      err.text);
    sy_kube_answer_clear(&answer);
    sy_kube_client_free(client);
    ck_assert_msg(server_surprises(world.server) == 0, "%s", cases[_i].description);
    world_close(&world);
}
END_TEST

static const struct sy_kube_call get = {.method = "GET", .path = "/"};

/* A 401 makes the token be read anew, once; and the connection is used again. */
START_TEST(swapped_token)
{
    struct world world;
    const struct server_step script[] = {
        {"Bearer first\r\n", .body = {"{}"}},
        {"Bearer first\r\n", .status = 401, .before = world_second_token, .data = &world},
        {"Bearer second\r\n", .body = {"{}"}},
        {"Bearer second\r\n", .status = 401},
        {"Bearer second\r\n", .status = 401, .body = {"{\"message\":\"who?\"}"}},
        {0}};
    struct sy_kube_client *client;
    struct sy_kube_answer answer;
    struct sy_err err = {0};
    world_open(&world, script);
    ck_assert_int_eq(sy_kube_client_new(world.config, "test/1", &client, &err), SY_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(sy_kube_call(client, &get, NULL, &answer, &err) == SY_OK, "%s", err.text);
        ck_assert_uint_eq(answer.status, i < 2 ? 200 : 401);
        ck_assert_str_eq(answer.message, i < 2 ? "" : "who?");
        sy_kube_answer_clear(&answer);
    }
    ck_assert_uint_eq(server_requests(world.server), 5);
    ck_assert_uint_eq(server_surprises(world.server), 0);
    sy_kube_client_free(client);
    world_close(&world);
}
END_TEST

START_TEST(nobody_there)
{
    struct world world;
    const struct server_step script[] = {{0}};
    struct sy_kube_client *client;
    struct sy_kube_answer answer;
    char peer[64];
    struct sy_err err = {0};
    world_open(&world, script);
    ck_assert_int_eq(sy_kube_client_new(world.config, "test/1", &client, &err), SY_OK);
    struct server *gone = world.server;
    (void)snprintf(peer, sizeof peer, "127.0.0.1:%u: ", server_port(gone));
    server_stop(gone);
    ck_assert_int_eq(sy_kube_call(client, &get, NULL, &answer, &err), SY_EIO);
    ck_assert_msg(strncmp(err.text, peer, strlen(peer)) == 0, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "onnect"));
    sy_kube_client_free(client);
    world.server = server_start(script);
    world_close(&world);
}
END_TEST

static void *stop_soon(void *data)
{
    const struct timespec wait = {.tv_nsec = 50 * 1000000L};
    (void)nanosleep(&wait, NULL);
    *(atomic_bool *)data = true;
    return NULL;
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(told_to_stop)
{
    struct world world;
    const struct server_step script[] = {{NULL, .body = {"{"}, .end = SERVER_HOLD}, {0}};
    struct sy_kube_client *client;
    struct sy_kube_answer answer;
    atomic_bool stop = false;
    pthread_t thread;
    struct sy_err err = {0};
    world_open(&world, script);
    ck_assert_int_eq(sy_kube_client_new(world.config, "test/1", &client, &err), SY_OK);
    int64_t from_ms = now_ms();
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, &stop), 0);
    ck_assert_int_eq(sy_kube_call(client, &get, &stop, &answer, &err), SY_EIO);
    ck_assert_ptr_nonnull(strstr(err.text, "told to stop"));
    ck_assert_int_lt(now_ms() - from_ms, 5000); /* of 10 s; 150 ms where the machine is not busy */
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    sy_kube_client_free(client);
    world_close(&world);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct sy_kube_client *client;
    struct sy_kube_answer answer;
    enum sy_code code = sy_kube_client_new(data, "test/1", &client, err);
    if (code != SY_OK)
        return code;
    code = sy_kube_call(client, &get, NULL, &answer, err);
    if (code == SY_OK)
        sy_kube_answer_clear(&answer);
    sy_kube_client_free(client);
    return code;
}

START_TEST(out_of_memory)
{
    struct server_step script[60] = {{0}};
    for (size_t i = 0; i + 1 < sizeof script / sizeof script[0]; i++)
        script[i].body[0] = "{\"a\":[1,{\"b\":\"c\"}]}";
    struct world world;
    world_open(&world, script);
    ck_assert_int_gt(sy_fault_sweep(sweep, world.config, 0), 10);
    world_close(&world);
}
END_TEST

/* What a Status asks for is believed as little as what a header does. */
START_TEST(retry_after_of_a_status)
{
    static const struct {
        const char *seconds;
        unsigned ms;
    } waits[] = {{"7", 7000}, {"30", 30000}, {"31", 30000}, {"99999999999", 30000},
                 {"0", 0},    {"-5", 0},     {"2.5", 0},    {"\"7\"", 0},
                 {"null", 0}};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        char text[96];
        (void)snprintf(text, sizeof text, "{\"details\":{\"retryAfterSeconds\":%s}}",
                       waits[i].seconds);
        sy_autojson json_t *status = json_loads(text, 0, NULL);
        ck_assert_ptr_nonnull(status);
        ck_assert_uint_eq(sy_kube_status_retry_after_ms(status), waits[i].ms);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_client");
    TCase *all = tcase_create("all");
    tcase_add_test(all, retry_after_of_a_status);
    tcase_add_loop_test(all, calls, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(all, swapped_token);
    tcase_add_test(all, nobody_there);
    tcase_add_test(all, told_to_stop);
    tcase_add_test(all, out_of_memory);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
