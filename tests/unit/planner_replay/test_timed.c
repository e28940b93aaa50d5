/* SPDX-License-Identifier: Apache-2.0 */
/* Two devices, pods of one device each, worked out by hand. */
#include "planner/replay/policies.h"
#include "planner/replay/power.h"
#include "planner/replay/timed.h"
#include "planner/replay/waiting.h"
#include "small.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

/* created and how long, in hours */
static const struct sy_trace_time hours[] = {{0, 10}, {0, 4}, {1, 5}, {2, 1}, {4, 1}};
#define N (sizeof hours / sizeof hours[0])

static void make_trace(struct sy_run_trace *trace)
{
    struct sy_err err = {0};
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD "n,16000,8192,2,T4\n",
                                 SMALL_PODS_HEAD "a,1000,1,1,1000,\nb,1000,1,1,1000,\n"
                                                 "c,2000,1,1,1000,\nd,1000,1,1,1000,\n"
                                                 "e,1000,1,1,1000,\n",
                                 trace, &err),
                     SY_OK);
    trace->pods.time = sy_calloc(N, sizeof *trace->pods.time);
    for (size_t i = 0; i < N; i++)
        trace->pods.time[i] =
            (struct sy_trace_time){hours[i].created_s * 3600, hours[i].duration_s * 3600};
}

static const uint32_t rank[] = {0};

static void run(bool queue, struct sy_timed_result *ret)
{
    struct sy_run_trace trace;
    struct sy_err err = {0};
    const struct sy_run_options options = {.ops = &sy_policy_best_fit};
    make_trace(&trace);
    ck_assert_msg(sy_timed_run(&trace, rank, &options, queue, ret, &err) == SY_OK, "%s", err.text);
    sy_run_trace_done(&trace);
}

/* a 0-10, b 0-4; c at 1 and d at 2 fail; e takes b's device at 4. */
START_TEST(dropped)
{
    struct sy_timed_result r;
    run(false, &r);
    ck_assert_uint_eq(r.pods, 5);
    ck_assert_uint_eq(r.failed, 2);
    ck_assert_uint_eq(r.failed_lack[SY_LACK_DEVICES], 2);
    ck_assert_uint_eq(r.finished, 3);
    ck_assert_uint_eq(r.waited, 0);
    ck_assert_double_eq_tol(r.gpu_hours, 15, 1e-9);
    ck_assert_double_eq_tol(r.core_hours, 15, 1e-9);
    /* CPU 120 W all the time; devices 140 W for 5 h, 80 W for 5 h */
    ck_assert_double_eq_tol(r.energy_kwh, (120 * 10 + 140 * 5 + 80 * 5) / 1000.0, 1e-9);
    ck_assert_double_eq_tol(r.peak_allocated_percent, 100, 1e-9);
    ck_assert_int_eq(r.until_s, 36000);
    const struct sy_timed_point *last = &r.point[r.npoints - 1];
    ck_assert_double_eq_tol(last->gpu_hours, 15, 1e-9);
    ck_assert_double_eq_tol(last->allocated_percent, 50, 1e-9);
    ck_assert_double_eq_tol(r.point[0].allocated_percent, 100, 1e-9);
    ck_assert_double_eq_tol(r.point[0].power_w, 260, 1e-9);
    ck_assert_uint_eq(last->failed, 2);
    sy_timed_result_done(&r);
}
END_TEST

/* b leaves at 4: c, which waits longest, runs 4-9; d and e wait until 9 and 10. */
START_TEST(queued)
{
    struct sy_timed_result r;
    run(true, &r);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(r.finished, 5);
    ck_assert_uint_eq(r.waited, 3);
    ck_assert_double_eq_tol(r.waited_hours, 3 + 7 + 6, 1e-9);
    ck_assert_double_eq_tol(r.longest_wait_hours, 7, 1e-9);
    ck_assert_double_eq_tol(r.gpu_hours, 21, 1e-9);
    ck_assert_double_eq_tol(r.core_hours, 26, 1e-9);
    ck_assert_int_eq(r.until_s, 11 * 3600);
    sy_timed_result_done(&r);
}
END_TEST

/* The quick way and the plain one, with pods that come and go. */
START_TEST(both_ways)
{
    struct sy_run_trace trace;
    struct sy_random random;
    struct sy_err err = {0};
    struct sy_sequence sequence;
    sy_random_init(&random, (uint64_t)_i + 1000);
    small_random_trace(&random, &trace);
    small_sequence(&trace, &sequence);
    trace.pods.time = sy_calloc(trace.pods.n, sizeof *trace.pods.time);
    for (size_t i = 0; i < trace.pods.n; i++)
        trace.pods.time[i] = (struct sy_trace_time){(int64_t)sy_random_below(&random, 100),
                                                    (int64_t)sy_random_below(&random, 100)};
    for (size_t p = 0; sy_replay_policies[p] != NULL; p++) {
        struct sy_timed_result quick, plain;
        struct sy_run_options options = {.ops = sy_replay_policies[p], .seed = 5};
        if (strcmp(options.ops->name, "pwr-fgd") == 0)
            options.argument = "300";
        ck_assert_int_eq(sy_timed_run(&trace, sequence.rank, &options, _i % 2 == 0, &quick, &err),
                         SY_OK);
        options.plain = true;
        ck_assert_int_eq(sy_timed_run(&trace, sequence.rank, &options, _i % 2 == 0, &plain, &err),
                         SY_OK);
        ck_assert_uint_eq(quick.npoints, plain.npoints);
        ck_assert_msg(quick.failed == plain.failed && quick.waited == plain.waited &&
                          memcmp(quick.point, plain.point, quick.npoints * sizeof *quick.point) ==
                              0,
                      "%s on trace %d", options.ops->name, _i);
        ck_assert_uint_eq(quick.finished + quick.failed, trace.pods.n);
        sy_timed_result_done(&quick);
        sy_timed_result_done(&plain);
    }
    sy_sequence_done(&sequence);
    sy_run_trace_done(&trace);
}
END_TEST

/* Order of arrival across classes; a class that was tried is left out until a pod leaves. */
START_TEST(waiting_line)
{
    struct sy_waiting w;
    struct sy_err err = {0};
    uint32_t of = 99;
    ck_assert_int_eq(sy_waiting_init(&w, 3, 10, &err), SY_OK);
    sy_waiting_add(&w, 2, 1);
    sy_waiting_add(&w, 0, 3);
    sy_waiting_add(&w, 2, 4);
    ck_assert_uint_eq(sy_waiting_first(&w, &of), SY_WAITING_NONE);
    sy_waiting_freed(&w);
    ck_assert_uint_eq(sy_waiting_first(&w, &of), 1);
    ck_assert_uint_eq(of, 2);
    sy_waiting_remove(&w, 2);
    ck_assert_uint_eq(sy_waiting_first(&w, &of), 3);
    w.of[0].tried = true;
    ck_assert_uint_eq(sy_waiting_first(&w, &of), 4);
    sy_waiting_remove(&w, 2);
    ck_assert_uint_eq(sy_waiting_first(&w, &of), SY_WAITING_NONE);
    ck_assert_uint_eq(w.n, 1);
    ck_assert_uint_eq(w.nactive, 1);
    sy_waiting_done(&w);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    const struct sy_run_options options = {.ops = &sy_policy_best_fit};
    struct sy_timed_result r;
    enum sy_code code = sy_timed_run(data, rank, &options, true, &r, err);
    if (code == SY_OK)
        sy_timed_result_done(&r);
    return code;
}

START_TEST(failing_allocations)
{
    struct sy_run_trace trace;
    make_trace(&trace);
    ck_assert_int_gt(sy_fault_sweep(sweep, &trace, 0), 10);
    sy_run_trace_done(&trace);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_timed");
    TCase *tc = tcase_create("timed");
    tcase_add_test(tc, dropped);
    tcase_add_test(tc, queued);
    tcase_add_loop_test(tc, both_ways, 0, 40);
    tcase_add_test(tc, waiting_line);
    tcase_add_test(tc, failing_allocations);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
