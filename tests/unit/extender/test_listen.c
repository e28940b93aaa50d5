/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/listen.h"
#include "tests/lib/run.h"

#include <string.h>
#include <unistd.h>

static const struct {
    const char *text;
    const char *formatted; /* NULL = refused */
    bool loopback;
} cases[] = {
    {"127.0.0.1:0", "127.0.0.1:0", true},
    {"127.255.0.9:65535", "127.255.0.9:65535", true},
    {"localhost:80", "127.0.0.1:80", true},
    {"0.0.0.0:80", "0.0.0.0:80", false},
    {"128.0.0.1:80", "128.0.0.1:80", false},
    {"[::1]:0", "[::1]:0", true},
    {"[::]:9", "[::]:9", false},
    {"[FE80:0::1]:9", "[fe80::1]:9", false},
    {"", NULL, false},
    {":80", NULL, false},
    {"127.0.0.1", NULL, false},
    {"127.0.0.1:", NULL, false},
    {"127.0.0.1:65536", NULL, false},
    {"127.0.0.1:-1", NULL, false},
    {"127.0.0.1:+1", NULL, false},
    {"127.0.0.1:000001", NULL, false},
    {"127.0.0.1:1 ", NULL, false},
    {"::1:80", NULL, false},
    {"[::1:80", NULL, false},
    {"[]:80", NULL, false},
    {"[127.0.0.1]:80", NULL, false},
    {"host:80", NULL, false},
    {"1111111111111111111111111111111111111111111111111111111111111:80", NULL, false},
};

START_TEST(texts)
{
    struct sy_address address = {.len = 77};
    struct sy_err err = {0};
    char text[SY_ADDRESS_TEXT];
    enum sy_code code = sy_address_parse(cases[_i].text, &address, &err);
    if (cases[_i].formatted == NULL) {
        ck_assert_int_eq(code, SY_EUSAGE);
        ck_assert_uint_eq(address.len, 77);
        return;
    }
    ck_assert_int_eq(code, SY_OK);
    ck_assert_str_eq(sy_address_format(&address, text), cases[_i].formatted);
    ck_assert_int_eq(sy_address_is_loopback(&address), cases[_i].loopback);
}
END_TEST

START_TEST(port_zero_and_a_taken_port)
{
    struct sy_address address;
    struct sy_err err = {0};
    int fd, other;
    ck_assert_int_eq(sy_address_parse("127.0.0.1:0", &address, &err), SY_OK);
    ck_assert_int_eq(sy_address_listen(&address, &fd, &err), SY_OK);
    ck_assert_uint_ne(address.at.v4.sin_port, 0);
    ck_assert_int_eq(sy_address_listen(&address, &other, &err), SY_EIO);
    ck_assert_ptr_nonnull(strstr(err.text, "Address already in use"));
    (void)close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("listen");
    TCase *tcase = tcase_create("listen");
    tcase_add_loop_test(tcase, texts, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, port_zero_and_a_taken_port);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
