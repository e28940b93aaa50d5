/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/kube/grpc.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent_kubelet/grpc_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define METHOD "/v1.PodResourcesLister/List"

static char folder[64], path[96];

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/switchyard-grpc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/kubelet.sock", folder);
}

static void tear_down(void)
{
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static enum sy_code call_with(unsigned timeout_ms, size_t max_bytes, struct sy_grpc_answer *ret,
                              struct sy_err *err)
{
    const struct sy_grpc_call call = {.socket_path = path,
                                      .method = METHOD,
                                      .request = "abc",
                                      .request_len = 3,
                                      .timeout_ms = timeout_ms,
                                      .max_bytes = max_bytes};
    return sy_grpc_call(&call, ret, err);
}

/* The text without the path and the method that it starts with. */
static const char *text_of(const struct sy_err *err)
{
    char start[256];
    (void)snprintf(start, sizeof start, "%s " METHOD ": ", path);
    ck_assert_msg(strncmp(err->text, start, strlen(start)) == 0, "%s", err->text);
    return err->text + strlen(start);
}

#define BODY(text) .body = (text), .len = sizeof(text) - 1

static const struct {
    const char *description;
    struct grpc_script script;
    enum sy_code code;
    const char *message;
    const char *data; /* of the answer, NULL = none */
    size_t status;
    const char *grpc_message;
} answers[] = {
    {"a message", {BODY("\0\0\0\0\3xyz"), .grpc_status = "0"}, SY_OK, "", "xyz", 0, ""},
    {"an empty message", {BODY("\0\0\0\0\0"), .grpc_status = "0"}, SY_OK, "", "", 0, ""},
    {"a frame for each byte",
     {BODY("\0\0\0\0\3xyz"), .piece = 1, .grpc_status = "0"},
     SY_OK,
     "",
     "xyz",
     0,
     ""},
    {"two frames",
     {BODY("\0\0\0\0\3xyz"), .piece = 6, .grpc_status = "0"},
     SY_OK,
     "",
     "xyz",
     0,
     ""},
    {"type with a suffix",
     {BODY("\0\0\0\0\1x"), .content_type = "application/grpc+proto", .grpc_status = "0"},
     SY_OK,
     "",
     "x",
     0,
     ""},
    {"status in the headers alone",
     {.trailers_only = true, .grpc_status = "8", .grpc_message = "rejected by rate limit"},
     SY_OK,
     "",
     NULL,
     SY_GRPC_RESOURCE_EXHAUSTED,
     "rejected by rate limit"},
    {"status after a message",
     {BODY("\0\0\0\0\1x"), .grpc_status = "13", .grpc_message = "50%25 of it%0Agone%zz%"},
     SY_OK,
     "",
     NULL,
     SY_GRPC_INTERNAL,
     "50% of it\\x0Agone%zz%"},
    {"a status of tomorrow",
     {.trailers_only = true, .grpc_status = "77"},
     SY_OK,
     "",
     NULL,
     SY_GRPC_UNKNOWN,
     ""},
    {"a status that is no number",
     {.trailers_only = true, .grpc_status = "1x"},
     SY_EPARSE,
     "grpc-status '1x' is no number",
     NULL,
     0,
     NULL},
    {"a status of many digits",
     {.trailers_only = true, .grpc_status = "4294967296"},
     SY_EPARSE,
     "grpc-status '4294967296' is no number",
     NULL,
     0,
     NULL},
    {"no status",
     {BODY("\0\0\0\0\1x")},
     SY_EPARSE,
     "the answer ended without a gRPC status",
     NULL,
     0,
     NULL},
    {"no message", {.grpc_status = "0"}, SY_EPARSE, "status OK without a message", NULL, 0, NULL},
    {"half a prefix",
     {BODY("\0\0\0"), .grpc_status = "0"},
     SY_EPARSE,
     "status OK without a message",
     NULL,
     0,
     NULL},
    {"half a message",
     {BODY("\0\0\0\0\4xyz"), .grpc_status = "0"},
     SY_EPARSE,
     "a message of 4 bytes ended after 3",
     NULL,
     0,
     NULL},
    {"two messages",
     {BODY("\0\0\0\0\1x\0\0\0\0\1y"), .grpc_status = "0"},
     SY_EPARSE,
     "bytes after the message of 1 bytes",
     NULL,
     0,
     NULL},
    {"compressed",
     {BODY("\1\0\0\0\1x"), .grpc_status = "0"},
     SY_EPARSE,
     "a compressed message, which was not asked for",
     NULL,
     0,
     NULL},
    {"too long",
     {BODY("\0\0\0\x10\1x"), .grpc_status = "0"},
     SY_ELIMIT,
     "an answer of 4097 bytes, at most 4096 are read",
     NULL,
     0,
     NULL},
    {"absurdly long",
     {BODY("\0\xff\xff\xff\xffx"), .grpc_status = "0"},
     SY_ELIMIT,
     "an answer of 4294967295 bytes, at most 4096 are read",
     NULL,
     0,
     NULL},
    {"a web page",
     {BODY("<html>"), .content_type = "text/html"},
     SY_EPARSE,
     "not a gRPC server: content type 'text/html'",
     NULL,
     0,
     NULL},
    {"a type that only begins so",
     {BODY("{}"), .content_type = "application/grpc-web", .grpc_status = "0"},
     SY_EPARSE,
     "not a gRPC server: content type 'application/grpc-web'",
     NULL,
     0,
     NULL},
    {"HTTP error",
     {BODY("gone"), .http_status = "404", .content_type = "text/plain"},
     SY_EPARSE,
     "not a gRPC server: HTTP status 404",
     NULL,
     0,
     NULL},
    {"cut off", {BODY("\0\0\0\0\4x"), .cut = true}, SY_EIO, "broken off: ", NULL, 0, NULL},
    {"reset", {BODY("\0\0\0\0\4x"), .reset = true}, SY_EIO, "broken off: ", NULL, 0, NULL},
    {"another protocol",
     {.raw = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
     SY_EIO,
     "broken off: ",
     NULL,
     0,
     NULL},
    {"silence", {.silent = true}, SY_EIO, "no answer within 300 ms", NULL, 0, NULL},
};

START_TEST(answer)
{
    struct sy_grpc_answer got = {.status = 99}, before = got;
    struct sy_err err = {0};
    const char *wanted = answers[_i].message;
    struct grpc_server *server = grpc_server_start(path, &answers[_i].script, 1);
    enum sy_code code = call_with(answers[_i].script.silent ? 300 : 30000, 4096, &got, &err);
    grpc_server_stop(server, NULL);
    ck_assert_msg(code == answers[_i].code, "%s: %s", answers[_i].description, err.text);
    if (code != SY_OK) {
        size_t len = strcmp(wanted, "broken off: ") == 0 ? strlen(wanted) : strlen(wanted) + 1;
        ck_assert_msg(strncmp(text_of(&err), wanted, len) == 0, "%s", err.text);
        ck_assert_mem_eq(&got, &before, sizeof got);
        return;
    }
    ck_assert_uint_eq(got.status, answers[_i].status);
    ck_assert_str_eq(got.message, answers[_i].grpc_message);
    ck_assert(answers[_i].data != NULL || got.data == NULL);
    if (answers[_i].data != NULL) {
        ck_assert_uint_eq(got.len, strlen(answers[_i].data));
        ck_assert_mem_eq(got.data, answers[_i].data, got.len);
    }
    sy_grpc_answer_done(&got);
}
END_TEST

START_TEST(request)
{
    const struct grpc_script script = {BODY("\0\0\0\0\0"), .grpc_status = "0"};
    struct sy_grpc_answer got = {0};
    struct sy_err err = {0};
    struct grpc_seen seen;
    struct grpc_server *server = grpc_server_start(path, &script, 1);
    ck_assert_msg(call_with(7000, 0, &got, &err) == SY_OK, "%s", err.text);
    grpc_server_stop(server, &seen);
    sy_grpc_answer_done(&got);
    ck_assert_str_eq(seen.method, "POST");
    ck_assert_str_eq(seen.path, METHOD);
    ck_assert_str_eq(seen.content_type, "application/grpc");
    ck_assert_str_eq(seen.te, "trailers");
    ck_assert_str_eq(seen.timeout, "7000m");
    ck_assert_uint_eq(seen.len, 8);
    ck_assert_mem_eq(seen.body, "\0\0\0\0\3abc", 8);
    ck_assert_uint_eq(seen.calls, 1);
}
END_TEST

/* As long as it may be, in many frames: the windows of HTTP/2 must be kept open. */
START_TEST(long_message)
{
    size_t len = SY_GRPC_MESSAGE_MAX;
    unsigned char *body = sy_malloc(len + 5);
    struct sy_grpc_answer got = {0};
    struct sy_err err = {0};
    ck_assert_ptr_nonnull(body);
    memset(body, 'x', len + 5);
    memcpy(body, (const unsigned char[]){0, 1, 0, 0, 0}, 5);
    const struct grpc_script script = {.body = body, .len = len + 5, .grpc_status = "0"};
    struct grpc_server *server = grpc_server_start(path, &script, 1);
    ck_assert_msg(call_with(60000, 0, &got, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(got.len, len);
    ck_assert(got.data[0] == 'x' && got.data[len - 1] == 'x');
    sy_grpc_answer_done(&got);
    body[4] = 1; /* a byte more */
    ck_assert_int_eq(call_with(60000, 0, &got, &err), SY_ELIMIT);
    ck_assert_str_eq(text_of(&err), "an answer of 16777217 bytes, at most 16777216 are read");
    grpc_server_stop(server, NULL);
    sy_free(body);
}
END_TEST

START_TEST(no_server)
{
    struct sy_grpc_answer got;
    struct sy_err err = {0}, no_file = {0}, file = {0}, deep = {0};
    ck_assert_int_eq(call_with(500, 0, &got, &err), SY_ENOENT);
    ck_assert_str_eq(text_of(&err), "no such socket");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    (void)close(fd); /* the socket of a server that ended */
    ck_assert_int_eq(call_with(500, 0, &got, &no_file), SY_EIO);
    ck_assert_str_eq(text_of(&no_file), "cannot connect: Connection refused");
    (void)unlink(path);
    FILE *plain = fopen(path, "w");
    ck_assert_ptr_nonnull(plain);
    (void)fclose(plain);
    ck_assert_int_eq(call_with(500, 0, &got, &file), SY_EINVAL);
    ck_assert_str_eq(text_of(&file), "not a socket");
    char longer[200];
    memset(longer, 'a', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    const struct sy_grpc_call call = {.socket_path = longer, .method = METHOD};
    ck_assert_int_eq(sy_grpc_call(&call, &got, &deep), SY_EINVAL);
    ck_assert_ptr_nonnull(strstr(deep.text, "the path of a socket has at most 107 bytes"));
}
END_TEST

/* A server that accepts and says nothing holds nobody up for longer than was granted. */
START_TEST(deadline)
{
    const struct grpc_script script = {.silent = true};
    struct timespec from, to;
    struct sy_grpc_answer got;
    struct sy_err err = {0};
    struct grpc_server *server = grpc_server_start(path, &script, 1);
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    ck_assert_int_eq(call_with(200, 0, &got, &err), SY_EIO);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    grpc_server_stop(server, NULL);
    double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    ck_assert_msg(s >= 0.19 && s < 5, "%f s", s);
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(sy_grpc_status_name(SY_GRPC_OK), "OK");
    ck_assert_str_eq(sy_grpc_status_name(SY_GRPC_UNAUTHENTICATED), "UNAUTHENTICATED");
    ck_assert_str_eq(sy_grpc_status_name(17), "UNKNOWN");
    ck_assert_str_eq(sy_grpc_status_name(4000000000u), "UNKNOWN");
}
END_TEST

static enum sy_code call_again(void *data, struct sy_err *err)
{
    struct sy_grpc_answer got = {0};
    (void)data;
    enum sy_code code = call_with(30000, 0, &got, err);
    if (code == SY_OK)
        sy_grpc_answer_done(&got);
    return code;
}

START_TEST(memory_runs_out)
{
    const struct grpc_script script = {BODY("\0\0\0\0\3xyz"), .grpc_status = "0"};
    struct grpc_server *server = grpc_server_start(path, &script, 1);
    ck_assert_int_ge(sy_fault_sweep(call_again, NULL, 0), 2);
    grpc_server_stop(server, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube/grpc");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, answer, 0, sizeof answers / sizeof answers[0]);
    tcase_add_test(tcase, request);
    tcase_add_test(tcase, long_message);
    tcase_add_test(tcase, no_server);
    tcase_add_test(tcase, deadline);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
