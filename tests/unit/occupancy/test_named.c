/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"
#include "tests/lib/run.h"

static const struct {
    const char *machine, *id;
    int unit;
} cases[] = {
    {"ascend-910-rings", "Ascend910-0", 0},
    {"ascend-910-rings", "Ascend910-7", 7},
    {"ascend-910-rings", "Ascend910-8", -1},
    {"ascend-910-rings", "Ascend910-07", 7},
    {"ascend-910-rings", "Ascend910-2c-100-3", 3}, /* a virtual NPU */
    {"ascend-910-rings", "npu-5", 5},
    {"ascend-910-rings", "Ascend910", -1},
    {"ascend-910-rings", "Ascend910-", -1},
    {"ascend-910-rings", "Ascend910-x", -1},
    {"ascend-910-rings", "Ascend910-x3", -1},
    {"ascend-910-rings", "Ascend910-3 ", -1},
    {"ascend-910-rings", "-3", -1},
    {"ascend-910-rings", "3", -1},
    {"ascend-910-rings", "", -1},
    {"ascend-910-rings", "Ascend910-99999999999999999999", -1},
    {"ascend-910-rings", "Ascend910-4294967296", -1},
    {"ascend-910-rings", "0000:14:00.0", 1},
    {"ascend-910-rings", "0000:14:00.0-2", 1},
    {"ascend-910-rings", "0000:14:00.0::1", 1},
    {"ascend-910-rings", "14:00.0", 1},
    {"ascend-910-rings", "0000:14:00.1", -1},
    {"ascend-910-rings", "0000:99:00.0", -1},
    {"ascend-910-rings", "0000:14:00.", -1},
    {"ascend-910-rings", "0000:14:00.0x", -1},
    {"ascend-910-rings", "gpu.0-3", 3},
    {"alveo-functions", "0000:17:00.1", 0},
    {"alveo-functions", "0000:17:00.1-4", 0},
    {"ascend-300i-duo", "0000:17:00.0", -1}, /* two chips behind it */
    {"ascend-300i-duo", "Ascend310P-0", -1},
    {"broadcom-two-level", "Ascend910-0", 1},
    {"broadcom-two-level", "Ascend910-1", -1},
    {"mi250x-cards", "Ascend910-0", -1}, /* no NPU */
};

START_TEST(names)
{
    struct ledger l;
    ledger_open(&l, cases[_i].machine, "{}");
    int unit = sy_occupancy_named_unit(l.node->fabric, cases[_i].id);
    ck_assert_msg(unit == cases[_i].unit, "%s on %s: expected %d, got %d", cases[_i].id,
                  cases[_i].machine, cases[_i].unit, unit);
    ledger_close(&l);
}
END_TEST

/* Two NPUs that end in one number, and one without a name. */
START_TEST(doubtful_names)
{
    struct ledger l;
    ledger_open(&l, "ascend-910-rings", "{}");
    struct sy_fabric *f = l.node->fabric;
    f->inv.obj[f->unit[4].obj].name = "npu3";
    f->inv.obj[f->unit[5].obj].name = NULL;
    f->inv.obj[f->unit[6].obj].name = "davinci";
    ck_assert_int_eq(sy_occupancy_named_unit(f, "Ascend910-3"), -1);
    ck_assert_int_eq(sy_occupancy_named_unit(f, "Ascend910-5"), -1);
    ck_assert_int_eq(sy_occupancy_named_unit(f, "Ascend910-6"), -1);
    ck_assert_int_eq(sy_occupancy_named_unit(f, "Ascend910-7"), 7);
    ledger_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("occupancy_named");
    TCase *tcase = tcase_create("named");
    tcase_add_loop_test(tcase, names, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, doubtful_names);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
