/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/run.h"
#include "topology/json_private.h"
#include "topology/pci.h"

#include <string.h>

static const struct {
    const char *description, *text;
    enum sy_code code;
    const char *message;
    const char *canonical;
} addresses[] = {
    {"usual", "0000:19:00.0", SY_OK, "", "0000:19:00.0"},
    {"upper case", "0000:AB:1F.7", SY_OK, "", "0000:ab:1f.7"},
    {"without domain", "19:00.1", SY_OK, "", "0000:19:00.1"},
    {"domain of 32 bits", "00010000:e1:00.0", SY_OK, "", "00010000:e1:00.0"},
    {"eight digits needlessly", "00000001:02:03.4", SY_OK, "", "0001:02:03.4"},
    {"five digits", "10000:e1:00.0", SY_OK, "", "00010000:e1:00.0"},
    {"empty", "", SY_EPARSE, "PCI address '': expected dddd:bb:dd.f", NULL},
    {"device past 31", "0000:19:20.0", SY_EPARSE,
     "PCI address '0000:19:20.0': expected dddd:bb:dd.f", NULL},
    {"function past 7", "0000:19:00.8", SY_EPARSE,
     "PCI address '0000:19:00.8': expected dddd:bb:dd.f", NULL},
    {"trailing text", "0000:19:00.0 ", SY_EPARSE,
     "PCI address '0000:19:00.0 ': expected dddd:bb:dd.f", NULL},
    {"short bus", "0000:9:00.0", SY_EPARSE, "PCI address '0000:9:00.0': expected dddd:bb:dd.f",
     NULL},
    {"no function", "0000:19:00", SY_EPARSE, "PCI address '0000:19:00': expected dddd:bb:dd.f",
     NULL},
    {"nine digits", "000000000:19:00.0", SY_EPARSE,
     "PCI address '000000000:19:00.0': expected dddd:bb:dd.f", NULL},
    {"no hex", "0000:xx:00.0", SY_EPARSE, "PCI address '0000:xx:00.0': expected dddd:bb:dd.f",
     NULL},
    {"control character", "0000:19:00.\n", SY_EPARSE,
     "PCI address '0000:19:00.\\x0A': expected dddd:bb:dd.f", NULL},
};

START_TEST(address)
{
    struct sy_pci_addr before = {1, 2, 3, 4}, addr = before;
    struct sy_err err = {0};
    char text[SY_PCI_ADDR_TEXT];
    ck_assert_int_eq(sy_pci_addr_parse(addresses[_i].text, &addr, &err), addresses[_i].code);
    ck_assert_str_eq(err.text, addresses[_i].message);
    if (addresses[_i].code != SY_OK)
        ck_assert_int_eq(sy_pci_addr_cmp(addr, before), 0);
    else
        ck_assert_str_eq(sy_pci_addr_format(addr, text), addresses[_i].canonical);
}
END_TEST

START_TEST(order)
{
    static const char *const ascending[] = {"0000:00:00.0", "0000:00:00.1", "0000:00:01.0",
                                            "0000:01:00.0", "0001:00:00.0", "00010000:00:00.0"};
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        for (size_t k = 0; k < sizeof ascending / sizeof *ascending; k++) {
            struct sy_pci_addr a, b;
            ck_assert_int_eq(sy_pci_addr_parse(ascending[i], &a, NULL), SY_OK);
            ck_assert_int_eq(sy_pci_addr_parse(ascending[k], &b, NULL), SY_OK);
            ck_assert_int_eq(sy_pci_addr_cmp(a, b), (i > k) - (i < k));
        }
    }
}
END_TEST

/* MB/s of x1, x4, x8, x16, computed by hand from the encodings. */
static const struct {
    uint32_t mtps;
    uint32_t mbps[4];
} rates[] = {
    {2500, {250, 1000, 2000, 4000}},
    {5000, {500, 2000, 4000, 8000}},
    {8000, {985, 3938, 7877, 15754}},
    {16000, {1969, 7877, 15754, 31508}},
    {32000, {3938, 15754, 31508, 63015}},
    {64000, {7563, 30250, 60500, 121000}},
    {0, {0, 0, 0, 0}},
};

START_TEST(link_rate)
{
    static const unsigned width[] = {1, 4, 8, 16};
    for (size_t k = 0; k < 4; k++)
        ck_assert_uint_eq(sy_pci_link_mbps(rates[_i].mtps, width[k]), rates[_i].mbps[k]);
    ck_assert_uint_eq(sy_pci_link_mbps(rates[_i].mtps, 0), 0);
}
END_TEST

static const struct {
    const char *text;
    int64_t us; /* -1 = refused */
    const char *canonical;
} times[] = {
    {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
    {"2026-11-22T13:09:00Z", INT64_C(1795352940000000), "2026-11-22T13:09:00Z"},
    {"2026-11-22T14:09:00.5+01:00", INT64_C(1795352940500000), "2026-11-22T13:09:00.500000Z"},
    {"2024-02-29T23:59:59.123456789Z", INT64_C(1709251199123456), "2024-02-29T23:59:59.123456Z"},
    {"2100-03-01T00:00:00Z", INT64_C(4107542400000000), "2100-03-01T00:00:00Z"},
    {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
    {"2026-11-22t13:09:00z", INT64_C(1795352940000000), "2026-11-22T13:09:00Z"},
    {"2025-02-29T00:00:00Z", -1, NULL},
    {"2100-02-29T00:00:00Z", -1, NULL},
    {"2026-13-01T00:00:00Z", -1, NULL},
    {"2026-00-01T00:00:00Z", -1, NULL},
    {"2026-04-31T00:00:00Z", -1, NULL},
    {"2026-01-01T24:00:00Z", -1, NULL},
    {"2026-01-01T00:00:00", -1, NULL},
    {"2026-01-01T00:00:00.Z", -1, NULL},
    {"2026-01-01T00:00:00+1:00", -1, NULL},
    {"2026-01-01T00:00:00Zjunk", -1, NULL},
    {"1970-01-01T00:00:00+01:00", -1, NULL}, /* before 1970 */
    {"1969-12-31T23:59:59Z", -1, NULL},
    {"", -1, NULL},
};

START_TEST(rfc3339)
{
    struct sy_err err = {0};
    char text[SY_TIME_TEXT];
    int64_t us = -7;
    enum sy_code code = sy_time_parse(times[_i].text, &us, &err);
    if (times[_i].us < 0) {
        ck_assert_int_eq(code, SY_EPARSE);
        ck_assert_int_eq(us, -7);
        ck_assert_ptr_nonnull(strstr(err.text, "expected RFC 3339, as 2026-01-31T12:00:00Z"));
        return;
    }
    ck_assert_msg(code == SY_OK, "%s", err.text);
    ck_assert_int_eq(us, times[_i].us);
    ck_assert_str_eq(sy_time_format(us, text), times[_i].canonical);
}
END_TEST

START_TEST(every_day_comes_back)
{
    char text[SY_TIME_TEXT];
    for (int64_t day = 0; day < 2932897; day += 13) {
        int64_t us;
        ck_assert_int_eq(sy_time_parse(sy_time_format(day * INT64_C(86400000000), text), &us, NULL),
                         SY_OK);
        ck_assert_int_eq(us, day * INT64_C(86400000000));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pci");
    TCase *tcase = tcase_create("pci");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, address, 0, (int)(sizeof addresses / sizeof *addresses));
    tcase_add_test(tcase, order);
    tcase_add_loop_test(tcase, link_rate, 0, (int)(sizeof rates / sizeof *rates));
    tcase_add_loop_test(tcase, rfc3339, 0, (int)(sizeof times / sizeof *times));
    tcase_add_test(tcase, every_day_comes_back);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
