/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/probe.h"
#include "tests/lib/run.h"
#include "tests/unit/kube/server.h"

#include <stdio.h>
#include <string.h>

static const struct {
    struct server_step step;
    const char *error; /* NULL = healthy */
} cases[] = {
    {{.expect = "GET /readyz HTTP/1.1", .body = {"ok\n"}}, NULL},
    {{.expect = "GET /readyz HTTP/1.1",
      .body = {"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\nnot loaded\nmore\n"},
      .end = SERVER_RAW},
     "/readyz: not loaded"},
    {{.expect = "GET /readyz", .body = {"garbage"}, .end = SERVER_RAW}, "/readyz: garbage"},
    {{.expect = "GET /readyz", .end = SERVER_RAW, .pause_ms = 5000, .body = {"late"}},
     "127.0.0.1:"},
};

static struct sy_address address_of(unsigned port)
{
    struct sy_address address;
    struct sy_err err = {0};
    char text[32];
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    ck_assert_int_eq(sy_address_parse(text, &address, &err), SY_OK);
    return address;
}

START_TEST(tells_healthy_from_not)
{
    const struct server_step steps[] = {cases[_i].step, {0}};
    struct server *server = server_start(steps);
    struct sy_address admin = address_of(server_port(server));
    struct sy_err err = {0};
    enum sy_code code = sy_probe(&admin, "readyz", &err);
    ck_assert_int_eq(code, cases[_i].error == NULL ? SY_OK : SY_EIO);
    if (cases[_i].error != NULL)
        ck_assert_msg(strncmp(err.text, cases[_i].error, strlen(cases[_i].error)) == 0, "%s",
                      err.text);
    server_stop(server);
}
END_TEST

START_TEST(nobody_listens)
{
    struct sy_address admin = address_of(1);
    struct sy_err err = {0};
    ck_assert_int_eq(sy_probe(&admin, "healthz", &err), SY_EIO);
    ck_assert_str_eq(err.text, "127.0.0.1:1: Connection refused");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("extender_probe");
    TCase *tcase = tcase_create("probe");
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, tells_healthy_from_not, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, nobody_listens);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
