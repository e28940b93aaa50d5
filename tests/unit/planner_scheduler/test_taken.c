/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of what pods take: added, removed, copied, past every bound. */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_scheduler/world.h"

#include <stdio.h>
#include <string.h>

static const char *shown(const struct sy_taken *taken, char *buf, size_t size)
{
    int at = snprintf(buf, size, "%ld %ld %ld %ld (%ld %ld)", (long)taken->cpu_milli,
                      (long)taken->memory_bytes, (long)taken->storage_bytes, (long)taken->pods,
                      (long)taken->nonzero_cpu_milli, (long)taken->nonzero_memory_bytes);
    for (size_t i = 0; i < taken->n; i++)
        at += snprintf(buf + at, size - (size_t)at, " %s=%ld", taken->other[i].name,
                       (long)taken->other[i].value);
    return buf;
}

START_TEST(adding_and_removing)
{
    struct world world;
    struct sy_taken taken = {0}, copy = {0};
    struct sy_err err = {0};
    char buf[256];
    world_init(&world);
    struct sy_state_pod a = world_pod(
        &world, "{'requests': {'cpu': 5, 'memory': 6, 'ephemeral-storage': 7, 'x/b': 1, 'x/d': 2}, "
                "'nonzero': [100, 200]}");
    struct sy_state_pod b =
        world_pod(&world, "{'requests': {'x/a': 10, 'x/b': 20, 'x/e': 30}, 'nonzero': [1, 2]}");
    ck_assert_int_eq(sy_taken_add(&taken, &a, &err), SY_OK);
    ck_assert_str_eq(shown(&taken, buf, sizeof buf), "5 6 7 1 (100 200) x/b=1 x/d=2");
    ck_assert_int_eq(sy_taken_add(&taken, &b, &err), SY_OK);
    ck_assert_str_eq(shown(&taken, buf, sizeof buf),
                     "5 6 7 2 (101 202) x/a=10 x/b=21 x/d=2 x/e=30");
    ck_assert_int_eq(sy_taken_copy(&taken, &copy, &err), SY_OK);
    sy_taken_remove(&taken, &a);
    ck_assert_str_eq(shown(&taken, buf, sizeof buf), "0 0 0 1 (1 2) x/a=10 x/b=20 x/d=0 x/e=30");
    ck_assert_str_eq(shown(&copy, buf, sizeof buf), "5 6 7 2 (101 202) x/a=10 x/b=21 x/d=2 x/e=30");
    sy_taken_done(&taken);
    ck_assert_str_eq(shown(&taken, buf, sizeof buf), "0 0 0 0 (0 0)");
    ck_assert_int_eq(sy_taken_copy(&taken, &taken, &err), SY_OK);
    sy_taken_done(&copy);
    world_done(&world);
}
END_TEST

START_TEST(sums_wrap_and_come_back)
{
    struct world world;
    struct sy_taken taken = {0};
    struct sy_err err = {0};
    char buf[256];
    world_init(&world);
    struct sy_state_pod a =
        world_pod(&world, "{'requests': {'cpu': 9223372036854775807, 'x/a': 9223372036854775807}, "
                          "'nonzero': [9223372036854775807, 9223372036854775807]}");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sy_taken_add(&taken, &a, &err), SY_OK);
    for (int i = 0; i < 3; i++)
        sy_taken_remove(&taken, &a);
    ck_assert_str_eq(shown(&taken, buf, sizeof buf), "0 0 0 0 (0 0) x/a=0");
    sy_taken_done(&taken);
    world_done(&world);
}
END_TEST

static enum sy_code add_and_copy(void *data, struct sy_err *err)
{
    struct sy_taken taken = {0}, copy = {0};
    char before[256], after[256];
    const struct sy_state_pod *pod = data;
    enum sy_code code = sy_taken_add(&taken, &pod[0], err);
    (void)shown(&taken, before, sizeof before);
    if (code == SY_OK && (code = sy_taken_add(&taken, &pod[1], err)) != SY_OK)
        ck_assert_str_eq(shown(&taken, after, sizeof after), before);
    if (code == SY_OK)
        code = sy_taken_copy(&taken, &copy, err);
    sy_taken_done(&copy);
    sy_taken_done(&taken);
    return code;
}

START_TEST(out_of_memory)
{
    struct world world;
    world_init(&world);
    struct sy_state_pod pods[2] = {world_pod(&world, "{'requests': {'cpu': 5, 'x/b': 1}}"),
                                   world_pod(&world, "{'requests': {'cpu': 5, 'x/a': 1}}")};
    ck_assert_int_eq(sy_fault_sweep(add_and_copy, pods, 0), 3);
    world_done(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_scheduler_taken");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, adding_and_removing);
    tcase_add_test(tcase, sums_wrap_and_come_back);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
