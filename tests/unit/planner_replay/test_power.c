/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/power.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

static enum sy_code read_table(const char *text, struct sy_power_table *table, struct sy_err *err)
{
    return sy_power_table_init(table, "p.yaml", text, text != NULL ? strlen(text) : 0, err);
}

static const struct sy_power_device *find(const struct sy_power_table *table, const char *model)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->device[i].model, model) == 0)
            return &table->device[i];
    return NULL;
}

START_TEST(built_in)
{
    struct sy_power_table table;
    struct sy_err err = {0};
    ck_assert_msg(read_table(NULL, &table, &err) == SY_OK, "%s", err.text);
    ck_assert_int_eq(table.cpu_cores, 16);
    ck_assert_int_eq(table.cpu_full_mw, 120000);
    ck_assert_int_eq(find(&table, "T4")->idle_mw, 10000);
    ck_assert_int_eq(find(&table, "G3")->full_mw, 400000);
    ck_assert_ptr_null(find(&table, "X"));
    sy_power_table_done(&table);
}
END_TEST

START_TEST(overridden)
{
    struct sy_power_table table;
    struct sy_err err = {0};
    ck_assert_msg(read_table("cpu: {cores: 24, idle-watts: 20.5, full-watts: 165}\n"
                             "devices:\n"
                             "  - {model: T4, idle-watts: 11, full-watts: 71}\n"
                             "  - {model: X, idle-watts: 0, full-watts: 9.999, source: me}\n",
                             &table, &err) == SY_OK,
                  "%s", err.text);
    ck_assert_int_eq(table.cpu_cores, 24);
    ck_assert_int_eq(table.cpu_idle_mw, 20500);
    ck_assert_int_eq(find(&table, "T4")->full_mw, 71000);
    ck_assert_int_eq(find(&table, "X")->full_mw, 9999);
    ck_assert_int_eq(find(&table, "P100")->full_mw, 250000);
    sy_power_table_done(&table);
}
END_TEST

static const struct {
    const char *text, *error;
} bad[] = {
    {"[", "p.yaml:2:1: "},
    {"- 1\n", "p.yaml:1:1: expected a map"},
    {"gpus: []\n", "p.yaml:1:1: unknown key 'gpus' (known: apiVersion, kind, cpu, devices)"},
    {"devices: 1\n", "p.yaml:1:10: 'devices' must be a list"},
    {"devices: [{model: A, idle-watts: 1}]\n", "p.yaml:1:11: 'full-watts' is missing"},
    {"devices: [{idle-watts: 1, full-watts: 1}]\n", "p.yaml:1:11: 'model' is missing"},
    {"devices: [{model: A, idle-watts: -1, full-watts: 1}]\n", "p.yaml:1:34: "},
    {"devices:\n - {model: T4, idle-watts: 1, full-watts: 1}\n"
     " - {model: T4, idle-watts: 1, full-watts: 1}\n",
     "p.yaml:3:4: model 'T4' twice"},
    {"cpu: {cores: 0, idle-watts: 1, full-watts: 1}\n", "p.yaml:1:14: "},
    {"cpu: {idle-watts: 1, full-watts: 1}\n", "p.yaml:1:6: 'cores' is missing"},
};

START_TEST(refused)
{
    struct sy_power_table table = {0};
    struct sy_err err = {0};
    ck_assert_int_ne(read_table(bad[_i].text, &table, &err), SY_OK);
    ck_assert_msg(strncmp(err.text, bad[_i].error, strlen(bad[_i].error)) == 0,
                  "expected '%s', got '%s'", bad[_i].error, err.text);
    ck_assert_ptr_null(table.arena);
}
END_TEST

/* 8 devices of G2 on 96 vCPU: 48 cores, 3 packages. */
static const struct {
    int32_t cpu_left;
    int16_t left[SY_REPLAY_DEVICES];
    int64_t watts;
} nodes[] = {
    {96000, {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}, 3 * 15 + 8 * 30},
    {95000, {999, 1000, 1000, 1000, 1000, 1000, 1000, 1000}, 120 + 2 * 15 + 150 + 7 * 30},
    {64000, {0, 0, 1000, 1000, 1000, 1000, 1000, 1000}, 120 + 2 * 15 + 2 * 150 + 6 * 30},
    {63999, {0, 0, 1000, 1000, 1000, 1000, 1000, 1000}, 2 * 120 + 15 + 2 * 150 + 6 * 30},
    {0, {0, 0, 0, 0, 0, 0, 0, 0}, 3 * 120 + 8 * 150},
};

START_TEST(watts)
{
    const struct sy_replay_shape shape = {.cpu_milli = 96000,
                                          .devices = 8,
                                          .device_idle_mw = 30000,
                                          .device_full_mw = 150000,
                                          .cpu_cores = 16,
                                          .cpu_idle_mw = 15000,
                                          .cpu_full_mw = 120000};
    struct sy_replay_state state = {.cpu_left = nodes[_i].cpu_left};
    memcpy(state.left, nodes[_i].left, sizeof state.left);
    ck_assert_int_eq(sy_power_of(&shape, &state), nodes[_i].watts * 1000);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct sy_power_table table;
    enum sy_code code = read_table(data, &table, err);
    if (code == SY_OK)
        sy_power_table_done(&table);
    return code;
}

START_TEST(failing_allocations)
{
    char text[] = "devices: [{model: X, idle-watts: 1, full-watts: 2}]\n";
    ck_assert_int_gt(sy_fault_sweep(sweep, text, 0), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_power");
    TCase *tc = tcase_create("power");
    tcase_add_test(tc, built_in);
    tcase_add_test(tc, overridden);
    tcase_add_loop_test(tc, refused, 0, sizeof bad / sizeof bad[0]);
    tcase_add_loop_test(tc, watts, 0, sizeof nodes / sizeof nodes[0]);
    tcase_add_test(tc, failing_allocations);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
