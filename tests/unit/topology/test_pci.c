/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/run.h"
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

int main(void)
{
    Suite *suite = suite_create("pci");
    TCase *tcase = tcase_create("pci");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, address, 0, (int)(sizeof addresses / sizeof *addresses));
    tcase_add_test(tcase, order);
    tcase_add_loop_test(tcase, link_rate, 0, (int)(sizeof rates / sizeof *rates));
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
