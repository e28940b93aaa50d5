/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/config.h"
#include "tests/lib/run.h"

#include <string.h>

static const struct {
    const char *what;
    const char *argv[8];
    enum sy_code code;
    const char *text;
} cases[] = {
    {"feed alone", {"--feed", "d"}, SY_OK, ""},
    {"value behind =", {"--feed=d", "--log=json"}, SY_OK, ""},
    {"help needs no feed", {"--help"}, SY_OK, ""},
    {"kubeconfig alone", {"--kubeconfig", "k"}, SY_OK, ""},
    {"in the cluster", {"--in-cluster", "--report-old=10", "--report-expired=20"}, SY_OK, ""},
    {"nothing",
     {NULL},
     SY_EUSAGE,
     "one of --feed DIR, --kubeconfig FILE and --in-cluster is required (--help lists the "
     "options)"},
    {"two sources",
     {"--feed", "d", "--in-cluster"},
     SY_EUSAGE,
     "only one of --feed DIR, --kubeconfig FILE and --in-cluster can be given"},
    {"two ways to one source",
     {"--kubeconfig", "k", "--in-cluster"},
     SY_EUSAGE,
     "only one of --feed DIR, --kubeconfig FILE and --in-cluster can be given"},
    {"check of a cluster",
     {"--in-cluster", "--check"},
     SY_EUSAGE,
     "--check looks at --feed DIR, which is not given"},
    {"expired before it is old",
     {"--in-cluster", "--report-old", "301"},
     SY_EUSAGE,
     "--report-old 301 is more than --report-expired 300: a report is old before it expires"},
    {"age of zero",
     {"--in-cluster", "--report-old", "0"},
     SY_EUSAGE,
     "--report-old '0': expected a number 1..86400"},
    {"with all that speaks",
     {"--in-cluster", "--bind", "--wake", "node", "--namespace", "sys-1"},
     SY_OK,
     ""},
    {"binding for a directory",
     {"--feed", "d", "--bind"},
     SY_EUSAGE,
     "--bind posts bindings: it needs --kubeconfig FILE or --in-cluster"},
    {"wake",
     {"--in-cluster", "--wake", "pods"},
     SY_EUSAGE,
     "--wake 'pods': expected csistoragecapacity, node or off"},
    {"namespace",
     {"--in-cluster", "--namespace", "a/b"},
     SY_EUSAGE,
     "--namespace 'a/b' is no name of a namespace"},
    {"namespace with a dash",
     {"--in-cluster", "--namespace", "a-"},
     SY_EUSAGE,
     "--namespace 'a-' is no name of a namespace"},
    {"probe", {"--probe", "readyz"}, SY_OK, ""},
    {"probe of nothing",
     {"--probe", "metrics"},
     SY_EUSAGE,
     "--probe 'metrics': expected healthz or readyz"},
    {"unknown", {"--fed", "d"}, SY_EUSAGE, "unknown argument '--fed' (--help lists the options)"},
    {"stray word", {"d"}, SY_EUSAGE, "unknown argument 'd' (--help lists the options)"},
    {"no value", {"--feed"}, SY_EUSAGE, "--feed wants a value: DIR"},
    {"empty value", {"--feed="}, SY_EUSAGE, "--feed wants a value: DIR"},
    {"value for a flag", {"--check=1"}, SY_EUSAGE, "--check takes no value"},
    {"log", {"--feed", "d", "--log", "x"}, SY_EUSAGE, "--log 'x': expected text or json"},
    {"number",
     {"--feed", "d", "--rescan", "0"},
     SY_EUSAGE,
     "--rescan '0': expected a number 1..86400"},
    {"number with a tail",
     {"--feed", "d", "--stall-timeout", "10s"},
     SY_EUSAGE,
     "--stall-timeout '10s': expected a number 1..3600"},
    {"address",
     {"--feed", "d", "--listen", "host:1"},
     SY_EUSAGE,
     "--listen: 'host:1' is no address: expected A.B.C.D:PORT or [IPv6]:PORT"},
    {"not loopback",
     {"--feed", "d", "--admin", "10.0.0.1:80"},
     SY_EUSAGE,
     "--admin 10.0.0.1:80 is not loopback, and the service speaks plain HTTP: --allow-remote "
     "accepts "
     "that pods are readable on the network"},
    {"not loopback, allowed",
     {"--feed", "d", "--admin", "10.0.0.1:80", "--allow-remote"},
     SY_OK,
     ""},
    {"quoted", {"\n"}, SY_EUSAGE, "unknown argument '\\x0A' (--help lists the options)"},
};

static int parse(const char *const *arguments, struct sy_config *config, struct sy_err *err)
{
    char *argv[10] = {(char *)(uintptr_t) "x"};
    int argc = 1;
    for (; arguments[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    return (int)sy_config_parse(argc, argv, config, err);
}

START_TEST(command_lines)
{
    struct sy_config config = {.idle_s = 77};
    struct sy_err err = {0};
    ck_assert_int_eq(parse(cases[_i].argv, &config, &err), (int)cases[_i].code);
    ck_assert_str_eq(err.text, cases[_i].text);
    if (cases[_i].code != SY_OK)
        ck_assert_uint_eq(config.idle_s, 77); /* untouched */
}
END_TEST

START_TEST(values)
{
    struct sy_config config;
    struct sy_err err = {0};
    char text[SY_ADDRESS_TEXT];
    const char *argv[] = {"--feed=f", "--catalogue",      "a",       "--catalogue",
                          "b",        "--listen=[::1]:7", "--check", NULL};
    ck_assert_int_eq(parse(argv, &config, &err), SY_OK);
    ck_assert_str_eq(config.feed, "f");
    ck_assert_uint_eq(config.ncatalogue, 2);
    ck_assert_str_eq(config.catalogue[1], "b");
    ck_assert_str_eq(sy_address_format(&config.listen, text), "[::1]:7");
    ck_assert_str_eq(sy_address_format(&config.admin, text), "127.0.0.1:9481");
    ck_assert_int_eq(config.action, SY_ACTION_CHECK);
    ck_assert_int_eq(config.log, SY_LOG_TEXT);
    ck_assert_uint_gt(config.idle_s, 90);
    ck_assert_uint_eq(config.report_old_s, 90);
    ck_assert_uint_eq(config.report_expired_s, 300);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    tcase_add_loop_test(tcase, command_lines, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, values);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
