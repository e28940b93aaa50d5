/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"
#include "tests/lib/run.h"

#include <stdint.h>
#include <string.h>

static const struct {
    const char *what;
    const char *argv[10];
    enum sy_code code;
    const char *text;
} cases[] = {
    {"once", {"--node", "n", "--once"}, SY_OK, ""},
    {"in a cluster", {"--node=n.example", "--in-cluster"}, SY_OK, ""},
    {"short output", {"--node=n", "--once", "-o", "json"}, SY_OK, ""},
    {"help needs nothing", {"--help"}, SY_OK, ""},
    {"nothing", {NULL}, SY_EUSAGE, "--node NAME is required (--help lists the options)"},
    {"unknown", {"--nod", "n"}, SY_EUSAGE, "unknown argument '--nod' (--help lists the options)"},
    {"stray word", {"n"}, SY_EUSAGE, "unknown argument 'n' (--help lists the options)"},
    {"no value", {"--node"}, SY_EUSAGE, "--node wants a value: NAME"},
    {"value for a flag", {"--once=1"}, SY_EUSAGE, "--once takes no value"},
    {"a name with a slash",
     {"--node", "a/b", "--once"},
     SY_EUSAGE,
     "--node 'a/b': expected lower-case letters, digits, '-' and '.', at most 253"},
    {"no server",
     {"--node", "n"},
     SY_EUSAGE,
     "one of --kubeconfig FILE, --in-cluster and --once is required"},
    {"two servers",
     {"--node", "n", "--in-cluster", "--kubeconfig", "f"},
     SY_EUSAGE,
     "--kubeconfig and --in-cluster exclude each other"},
    {"output for ever",
     {"--node", "n", "--in-cluster", "-o", "yaml"},
     SY_EUSAGE,
     "--output needs --once"},
    {"output",
     {"--node", "n", "--once", "-o", "xml"},
     SY_EUSAGE,
     "--output 'xml': expected yaml or json"},
    {"number",
     {"--node", "n", "--once", "--poll", "0"},
     SY_EUSAGE,
     "--poll '0': expected a number 1..3600"},
    {"watts",
     {"--node", "n", "--once", "--power-limit", "5kW"},
     SY_EUSAGE,
     "--power-limit '5kW': expected watts, 0..10000000"},
    {"two limits",
     {"--node", "n", "--once", "--power-limit", "5", "--power-limit-file", "f"},
     SY_EUSAGE,
     "--power-limit and --power-limit-file exclude each other"},
    {"quoted", {"\n"}, SY_EUSAGE, "unknown argument '\\x0A' (--help lists the options)"},
};

static enum sy_code parse(const char *const *arguments, struct sy_agent_config *config,
                          struct sy_err *err)
{
    char *argv[12] = {(char *)(uintptr_t) "x"};
    int argc = 1;
    for (; arguments[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    return sy_agent_config_parse(argc, argv, config, err);
}

START_TEST(command_lines)
{
    struct sy_agent_config config = {.scan_s = 77};
    struct sy_err err = {0};
    ck_assert_int_eq(parse(cases[_i].argv, &config, &err), cases[_i].code);
    ck_assert_str_eq(err.text, cases[_i].text);
    if (cases[_i].code != SY_OK)
        ck_assert_uint_eq(config.scan_s, 77); /* untouched */
}
END_TEST

START_TEST(values)
{
    struct sy_agent_config config;
    struct sy_err err = {0};
    const char *argv[] = {"--node=n",
                          "--once",
                          "--sysfs-root=/x",
                          "--kubelet-socket",
                          "none",
                          "--power-limit=5600.5",
                          "--catalogue=a",
                          "--poll=2",
                          "--nvml=none",
                          NULL};
    ck_assert_int_eq(parse(argv, &config, &err), SY_OK);
    ck_assert_ptr_null(config.kubelet_socket);
    ck_assert_str_eq(config.root, "/x");
    ck_assert_ptr_null(config.nvml);
    ck_assert_ptr_null(config.dcmi); /* another root than ours */
    ck_assert_int_eq(config.limit_mw, 5600500);
    ck_assert_int_eq(config.base_mw, -1);
    ck_assert_uint_eq(config.poll_ms, 2000);
    ck_assert_uint_eq(config.heartbeat_s, 30);
    ck_assert_uint_eq(config.ncatalogue, 1);
}
END_TEST

START_TEST(libraries_of_this_machine)
{
    struct sy_agent_config config;
    struct sy_err err = {0};
    const char *argv[] = {"--node=n", "--once", "--dcmi=/opt/d.so", NULL};
    ck_assert_int_eq(parse(argv, &config, &err), SY_OK);
    ck_assert_str_eq(config.nvml, "libnvidia-ml.so.1");
    ck_assert_str_eq(config.dcmi, "/opt/d.so");
}
END_TEST

static const struct {
    const char *text;
    int64_t mw; /* -1 = refused */
} watts[] = {
    {"0", 0},
    {"5600", 5600000},
    {" 5600.5 \n", 5600500},
    {"0.001", 1},
    {"0.0009", 0},
    {"10000000", 10000000000},
    {"10000001", -1},
    {"99999999999999999999", -1},
    {"", -1},
    {"-1", -1},
    {"1e3", -1},
    {"5.", -1},
    {".5", -1},
    {"5 W", -1},
    {"0x10", -1},
    {"5 6", -1},
};

START_TEST(watts_of_people)
{
    int64_t mw = -7;
    bool ok = sy_agent_watts_parse(watts[_i].text, &mw);
    ck_assert_msg(ok == (watts[_i].mw >= 0), "'%s'", watts[_i].text);
    ck_assert_int_eq(mw, ok ? watts[_i].mw : -7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    tcase_add_loop_test(tcase, command_lines, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, values);
    tcase_add_test(tcase, libraries_of_this_machine);
    tcase_add_loop_test(tcase, watts_of_people, 0, sizeof watts / sizeof watts[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
