/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/rules.h"

#include "tests/lib/run.h"
#include "topology/discover/link_speed.h"
#include "topology/discover/names.h"
#include "topology/discover/sysfs_cpu.h"

START_TEST(sets)
{
    struct sy_rule_set set;
    ck_assert(sy_rule_set("0x00000001", &set) && !set.empty && sy_rule_set_only(&set, 0));
    ck_assert(sy_rule_set("0x00000010,,0x0", &set) && sy_rule_set_only(&set, 68));
    ck_assert(!sy_rule_set_only(&set, 4));
    ck_assert(sy_rule_set("0x0", &set) && set.empty);
    ck_assert(sy_rule_set("0x3", &set) && !sy_rule_set_only(&set, 0));
    static const char *const bad[] = {"",     "0x",   "1",         "0x1,", "0xf...f", "0x000000001",
                                      "0x1 ", "-0x1", "0x1,,,0xg", ",",    " 0x1",    "0x1,x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!sy_rule_set(bad[i], &set), "'%s'", bad[i]);
}
END_TEST

START_TEST(numbers)
{
    uint64_t value = 7;
    ck_assert(sy_rule_uint("0", 0, &value) && value == 0);
    ck_assert(sy_rule_uint("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
    ck_assert(!sy_rule_uint("18446744073709551616", UINT64_MAX, &value));
    ck_assert(!sy_rule_uint("4096", 4095, &value));
    ck_assert(!sy_rule_uint("", 9, &value) && !sy_rule_uint("-1", 9, &value));
    ck_assert(!sy_rule_uint("1x", 9, &value) && !sy_rule_uint("+1", 9, &value));
    ck_assert(sy_rule_decimal("15.753846") && sy_rule_decimal("0") && sy_rule_decimal("4."));
    ck_assert(!sy_rule_decimal("") && !sy_rule_decimal(".5") && !sy_rule_decimal("1e9") &&
              !sy_rule_decimal("nan") && !sy_rule_decimal("-1") &&
              !sy_rule_decimal("1234567890123"));
}
END_TEST

START_TEST(pci)
{
    struct sy_pci_addr addr;
    uint32_t domain;
    unsigned first, last;
    ck_assert(sy_rule_busid("10000:3f:1F.7", &addr));
    ck_assert(addr.domain == 0x10000 && addr.bus == 0x3f && addr.dev == 0x1f && addr.func == 7);
    static const char *const bad[] = {"0000:00:20.0",
                                      "0000:00:00.8",
                                      "0000:100:00.0",
                                      "00:00.0",
                                      "0000:00:00",
                                      "0000:00:00.0 ",
                                      "",
                                      "000000000:00:00.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!sy_rule_busid(bad[i], &addr), "'%s'", bad[i]);
    ck_assert(sy_rule_pci_type("0302 [10de:20b0] [10de:134f] a1"));
    ck_assert(sy_rule_pci_type("0502 [8086:0d93] [1af4:1100] 01 10"));
    ck_assert(!sy_rule_pci_type("0302 [10de:20b0] [10de:134f]"));
    ck_assert(!sy_rule_pci_type("0302 [10de:20b0][10de:134f] a1"));
    ck_assert(!sy_rule_pci_type("10302 [10de:20b0] [10de:134f] a1"));
    ck_assert(sy_rule_bridge_pci("0000:[16-1b]", &domain, &first, &last) && domain == 0 &&
              first == 0x16 && last == 0x1b);
    ck_assert(!sy_rule_bridge_pci("0000:[1b-16]", &domain, &first, &last));
    ck_assert(!sy_rule_bridge_pci("0000:[16-1b", &domain, &first, &last));
}
END_TEST

START_TEST(nesting)
{
    ck_assert(sy_rule_nesting(2, SY_KIND_NORMAL, SY_KIND_BRIDGE));
    ck_assert(sy_rule_nesting(1, SY_KIND_NUMA, SY_KIND_PU));
    ck_assert(!sy_rule_nesting(2, SY_KIND_NUMA, SY_KIND_PU));
    ck_assert(!sy_rule_nesting(2, SY_KIND_PCIDEV, SY_KIND_PCIDEV));
    ck_assert(!sy_rule_nesting(2, SY_KIND_BRIDGE, SY_KIND_PU));
    ck_assert(!sy_rule_nesting(2, SY_KIND_NORMAL, SY_KIND_MACHINE));
    ck_assert(!sy_rule_nesting(2, SY_KIND_MISC, SY_KIND_OSDEV));
    ck_assert(sy_rule_nesting(2, SY_KIND_OSDEV, SY_KIND_MISC));
}
END_TEST

START_TEST(link_words)
{
    ck_assert_uint_eq(sy_link_mtps("2.5 GT/s PCIe"), 2500);
    ck_assert_uint_eq(sy_link_mtps("8 GT/s"), 8000);
    ck_assert_uint_eq(sy_link_mtps("16.0 GT/s PCIe"), 16000);
    ck_assert_uint_eq(sy_link_mtps("32 GT/s PCIe/s"), 32000);
    ck_assert_uint_eq(sy_link_mtps("Unknown"), 0);
    ck_assert_uint_eq(sy_link_mtps("Unknown speed"), 0);
    ck_assert_uint_eq(sy_link_mtps(""), 0);
    ck_assert_uint_eq(sy_link_mtps("16"), 0);
    ck_assert_uint_eq(sy_link_mtps("99999999 GT/s"), 0);
    ck_assert_uint_eq(sy_link_width("16"), 16);
    ck_assert_uint_eq(sy_link_width("255"), 0);
    ck_assert_uint_eq(sy_link_width("63"), 0);
    ck_assert_uint_eq(sy_link_width(""), 0);
}
END_TEST

START_TEST(best_names)
{
    ck_assert_uint_lt(sy_name_rank("nvml0"), sy_name_rank("cuda0"));
    ck_assert_uint_lt(sy_name_rank("npu3"), sy_name_rank("card0"));
    ck_assert_uint_lt(sy_name_rank("mlx5_0"), sy_name_rank("ib0"));
    ck_assert_uint_lt(sy_name_rank("eth0"), sy_name_rank("renderD128"));
    ck_assert_uint_lt(sy_name_rank("card0"), sy_name_rank("renderD128"));
    ck_assert_uint_eq(sy_name_rank("venet"), sy_name_rank("eth0")); /* not a vector engine */
    ck_assert_uint_eq(sy_name_rank(""), SY_NAME_RANK_NONE);
    ck_assert_uint_eq(sy_name_rank(NULL), SY_NAME_RANK_NONE);
}
END_TEST

START_TEST(cpu_lists)
{
    struct sy_cpus cpus;
    ck_assert(sy_cpus_parse("0-2,64", &cpus) && cpus.word[0] == 7 && cpus.word[1] == 1);
    ck_assert(sy_cpus_parse("", &cpus) && cpus.word[0] == 0);
    ck_assert(!sy_cpus_parse("0-", &cpus) && !sy_cpus_parse("a", &cpus) &&
              !sy_cpus_parse("8192", &cpus) && !sy_cpus_parse("0 1", &cpus));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discover/rules");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, sets);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, pci);
    tcase_add_test(tcase, nesting);
    tcase_add_test(tcase, link_words);
    tcase_add_test(tcase, best_names);
    tcase_add_test(tcase, cpu_lists);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
