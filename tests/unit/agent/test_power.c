/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/power.h"
#include "tests/lib/run.h"
#include "tests/unit/agent/world.h"

#include <string.h>

#define SECOND UINT64_C(1000000)

/* Readings of a counter, a second apart (two with `slow`), and what they say. */
static const struct {
    const char *what;
    uint64_t uj[3], range_uj;
    int64_t step_us, mw[3];
} counters[] = {
    {"100 W", {0, 100 * SECOND, 200 * SECOND}, 0, 1000000, {-1, 100000, 100000}},
    {"half a watt in 2 s", {5, SECOND + 5, SECOND + 5}, 0, 2000000, {-1, 500, 0}},
    {"wraps", {260 * SECOND, 10 * SECOND, 60 * SECOND}, 262 * SECOND, 1000000, {-1, 12000, 50000}},
    {"begins anew", {260 * SECOND, 10 * SECOND, 60 * SECOND}, 0, 1000000, {-1, -1, 50000}},
    {"past its own range",
     {300 * SECOND, 10 * SECOND, 20 * SECOND},
     262 * SECOND,
     1000000,
     {-1, -1, 10000}},
    {"too soon", {0, 100 * SECOND, 200 * SECOND}, 0, 50000, {-1, -1, 2000000}},
    {"absurd", {0, UINT64_MAX / 2, UINT64_MAX / 2 + SECOND}, 0, 1000000, {-1, -1, 1000}},
    {"more than 10 MW", {0, 20000000 * SECOND, 20000001 * SECOND}, 0, 1000000, {-1, -1, 1000}},
};

START_TEST(energy)
{
    struct sy_energy counter = {0};
    int64_t now_us = 5;
    for (int i = 0; i < 3; i++, now_us += counters[_i].step_us) {
        int64_t mw = sy_energy_mw(&counter, counters[_i].uj[i], counters[_i].range_uj, now_us);
        if (strcmp(counters[_i].what, "too soon") == 0 && i < 2)
            ck_assert_int_le(mw, 0); /* nothing to tell yet */
        else
            ck_assert_msg(mw == counters[_i].mw[i], "%s: %d: %lld", counters[_i].what, i,
                          (long long)mw);
    }
}
END_TEST

START_TEST(a_clock_that_stands)
{
    struct sy_energy counter = {0};
    ck_assert_int_eq(sy_energy_mw(&counter, 0, 0, 10), -1);
    ck_assert_int_le(sy_energy_mw(&counter, 100 * SECOND, 0, 10), 0);
    ck_assert_int_eq(sy_energy_mw(&counter, 100 * SECOND, 0, 5), -1);
}
END_TEST

/* Units' watts (two of them), meter, its cap, RAPL, what was said; then limit, base and all. */
static const struct {
    const char *what;
    int64_t unit[2], meter, cap, rapl, said_limit, said_base, limit, base, all;
    const char *limit_source, *base_source, *source;
} nodes[] = {
    {"nothing", {-1, -1}, -1, -1, -1, -1, -1, -1, -1, -1, NULL, NULL, NULL},
    {"meter",
     {-1, -1},
     900,
     3000,
     -1,
     -1,
     -1,
     3000,
     -1,
     900,
     "hwmon power_meter",
     NULL,
     "hwmon power_meter"},
    {"meter without a cap",
     {-1, -1},
     900,
     0,
     -1,
     -1,
     -1,
     -1,
     -1,
     900,
     NULL,
     NULL,
     "hwmon power_meter"},
    {"said goes first",
     {-1, -1},
     900,
     3000,
     -1,
     2500,
     400,
     2500,
     400,
     900,
     "flag",
     "flag",
     "hwmon power_meter"},
    {"meter less devices",
     {100, 200},
     900,
     -1,
     300,
     -1,
     -1,
     -1,
     600,
     900,
     NULL,
     "hwmon power_meter less devices",
     "hwmon power_meter"},
    {"a meter that is behind",
     {600, 600},
     900,
     -1,
     300,
     -1,
     -1,
     -1,
     300,
     900,
     NULL,
     "RAPL",
     "hwmon power_meter"},
    {"devices and CPUs",
     {100, 200},
     -1,
     -1,
     300,
     -1,
     -1,
     -1,
     300,
     600,
     NULL,
     "RAPL",
     "devices and RAPL"},
    {"one device unknown", {100, -1}, -1, -1, 300, -1, -1, -1, 300, -1, NULL, "RAPL", NULL},
};

static void check_text(const char *found, const char *expected)
{
    ck_assert_str_eq(found != NULL ? found : "NULL", expected != NULL ? expected : "NULL");
}

START_TEST(combine)
{
    struct sy_power power = {.unit = {{.mw = nodes[_i].unit[0]}, {.mw = nodes[_i].unit[1]}}};
    struct sy_power_said said = {
        .limit_mw = nodes[_i].said_limit, .base_mw = nodes[_i].said_base, .limit_source = "flag"};
    struct sy_power_read read = {
        .meter_mw = nodes[_i].meter, .meter_cap_mw = nodes[_i].cap, .rapl_mw = nodes[_i].rapl};
    sy_power_combine(&said, &read, 2, &power);
    ck_assert_int_eq(power.limit_mw, nodes[_i].limit);
    ck_assert_int_eq(power.base_mw, nodes[_i].base);
    ck_assert_int_eq(power.mw, nodes[_i].all);
    check_text(power.limit_source, nodes[_i].limit_source);
    check_text(power.base_source, nodes[_i].base_source);
    check_text(power.source, nodes[_i].source);
}
END_TEST

/* Three units on two cards. */
START_TEST(divide)
{
    struct sy_unit unit[3] = {{.card = 0, .pf = -1}, {.card = 0, .pf = -1}, {.card = 1, .pf = -1}};
    struct sy_card card[2] = {{.units = {{3}}}, {.units = {{4}}}};
    struct sy_fabric fabric = {.nunit = 3, .ncard = 2, .unit = unit, .card = card};
    struct sy_power power = {.unit = {{.mw = 400, .cap_mw = 560, .source = "hwmon"},
                                      {.mw = 0, .cap_mw = -1},
                                      {.mw = 300, .cap_mw = -1, .source = "hwmon"}}};
    sy_power_divide(&fabric, &power);
    ck_assert_int_eq(power.unit[0].mw, 200);
    ck_assert_int_eq(power.unit[1].mw, 200);
    ck_assert_int_eq(power.unit[1].cap_mw, 280);
    ck_assert_str_eq(power.unit[1].source, "hwmon");
    ck_assert_int_eq(power.unit[2].mw, 300);
    ck_assert_int_eq(power.unit[2].cap_mw, -1);
    sy_power_divide(&fabric, &power); /* each tells its own now */
    ck_assert_int_eq(power.unit[0].mw, 200);
}
END_TEST

#define NPU "sys/bus/pci/devices/0000:19:00.0/hwmon/hwmon3"
#define CARD "sys/bus/pci/devices/0000:34:00.0/hwmon/hwmon4"

START_TEST(files)
{
    struct world_tree tree;
    struct sy_err err = {0};
    struct sy_inventory inv;
    struct sy_vendor *vendor = NULL;
    struct sy_sensors *sensors = NULL;
    char note[64];
    static struct sy_power power;
    struct sy_power_read node;
    struct sy_arena *arena = sy_arena_new((size_t)4 << 20);
    world_machine(arena, "b", NULL, &inv);
    struct sy_fabric *fabric = world_fabric(&inv);
    world_tree_init(&tree);
    ck_assert_int_eq(sy_vendor_new(NULL, NULL, note, sizeof note, &vendor, &err), SY_OK);
    ck_assert_int_eq(sy_sensors_new(tree.path, vendor, &sensors, &err), SY_OK);
    world_write(&tree, NPU "/energy1_input", "1000000\n");
    world_write(&tree, NPU "/power1_max", "400000000\n");
    world_write(&tree, CARD "/power1_average", "25500000\n"); /* at the management function */
    world_write(&tree, "sys/class/hwmon/hwmon0/name", "power_meter\n");
    world_write(&tree, "sys/class/hwmon/hwmon0/power1_average", "-5\n");
    world_write(&tree, "sys/class/hwmon/hwmon1/name", "coretemp\n");
    world_write(&tree, "sys/class/hwmon/hwmon1/power1_average", "1\n");
    world_write(&tree, "sys/class/powercap/intel-rapl:0/name", "package-0\n");
    world_write(&tree, "sys/class/powercap/intel-rapl:0/energy_uj", "260000000\n");
    world_write(&tree, "sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262000000\n");
    world_write(&tree, "sys/class/powercap/intel-rapl:0:0/name", "core\n");
    world_write(&tree, "sys/class/powercap/intel-rapl:0:0/energy_uj", "x\n");
    world_write(&tree, "sys/class/powercap/intel-rapl-mmio:0/name", "package-0\n");
    sy_sensors_read(sensors, fabric, 1000000, &power, &node);
    int npu = world_unit(fabric, "0000:19:00.0"), fpga = world_unit(fabric, "0000:34:00.1");
    ck_assert_int_eq(power.unit[npu].mw, -1);
    ck_assert_int_eq(power.unit[npu].cap_mw, 400000);
    ck_assert_int_eq(power.unit[fpga].mw, 25500);
    ck_assert_str_eq(power.unit[fpga].source, "hwmon");
    ck_assert_int_eq(node.meter_mw, -1);
    ck_assert_int_eq(node.rapl_mw, -1);
    world_write(&tree, NPU "/energy1_input", "301000000\n");
    world_write(&tree, "sys/class/hwmon/hwmon0/power1_average", "900000000\n");
    world_write(&tree, "sys/class/powercap/intel-rapl:0/energy_uj", "98000000\n");
    sy_sensors_read(sensors, fabric, 2000000, &power, &node);
    ck_assert_int_eq(power.unit[npu].mw, 300000);
    ck_assert_int_eq(node.meter_mw, 900000);
    ck_assert_int_eq(node.rapl_mw, 100000);
    world_write(&tree, CARD "/power1_average", "99999999999999999999\n");
    sy_sensors_read(sensors, fabric, 3000000, &power, &node);
    ck_assert_int_eq(power.unit[fpga].mw, -1);
    sy_sensors_free(sensors);
    sy_vendor_free(vendor);
    sy_fabric_unref(fabric);
    sy_arena_free(arena);
    world_tree_done(&tree);
}
END_TEST

START_TEST(no_root)
{
    struct sy_err err = {0};
    struct sy_sensors *sensors;
    ck_assert_int_eq(sy_sensors_new("/nowhere/at/all", NULL, &sensors, &err), SY_ENOENT);
    ck_assert_str_eq(err.text, "/nowhere/at/all: No such file or directory");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("power");
    TCase *tcase = tcase_create("power");
    tcase_add_loop_test(tcase, energy, 0, sizeof counters / sizeof counters[0]);
    tcase_add_test(tcase, a_clock_that_stands);
    tcase_add_loop_test(tcase, combine, 0, sizeof nodes / sizeof nodes[0]);
    tcase_add_test(tcase, divide);
    tcase_add_test(tcase, files);
    tcase_add_test(tcase, no_root);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
