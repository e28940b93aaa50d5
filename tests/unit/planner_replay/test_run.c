/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/policies.h"
#include "small.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static void run_small(const char *nodes, const char *pods, const char *policy,
                      struct sy_run_result *ret)
{
    struct sy_run_trace trace;
    struct sy_sequence sequence;
    struct sy_err err = {0};
    struct sy_run_options options = {.seed = 1};
    ck_assert_msg(small_trace(nodes, pods, &trace, &err) == SY_OK, "%s", err.text);
    small_sequence(&trace, &sequence);
    ck_assert_int_eq(sy_policy_find(policy, &options.ops, &options.argument, &err), SY_OK);
    ck_assert_msg(sy_replay_run(&trace, &sequence, &options, ret, &err) == SY_OK, "%s", err.text);
    sy_sequence_done(&sequence);
    sy_run_trace_done(&trace);
}

/* Why the last of the pods fails on one node of 2 T4, 16 vCPU, 8 GiB. */
static const struct {
    const char *description, *pods;
    enum sy_lack lack;
    enum sy_pod_kind kind;
} failures[] = {
    {"another model", "p,1000,1024,1,500,G2\n", SY_LACK_MODEL, SY_POD_SHARED},
    {"a model that no node has", "p,1000,1024,1,1000,X\n", SY_LACK_MODEL, SY_POD_ONE},
    {"devices", "p,1000,1024,4,1000,\n", SY_LACK_DEVICES, SY_POD_FOUR},
    {"parts of devices", "p,1000,1024,1,600,\np,1,1,1,600,\np,1000,1024,1,600,T4\n",
     SY_LACK_DEVICES, SY_POD_SHARED},
    {"whole devices", "p,1000,1024,1,1,\np,1000,1024,2,1000,\n", SY_LACK_DEVICES, SY_POD_TWO},
    {"CPU", "p,12000,1024,1,1000,\np,4001,1024,1,1000,\n", SY_LACK_CPU, SY_POD_ONE},
    {"CPU and memory", "p,16001,8193,0,0,\n", SY_LACK_CPU, SY_POD_CPU},
    {"memory", "p,16000,8193,0,0,\n", SY_LACK_MEMORY, SY_POD_CPU},
};

START_TEST(reasons)
{
    char pods[256];
    struct sy_run_result r;
    (void)snprintf(pods, sizeof pods, SMALL_PODS_HEAD "%s", failures[_i].pods);
    run_small(SMALL_NODES_HEAD "n,16000,8192,2,T4\n", pods, "best-fit", &r);
    ck_assert_msg(r.failed == 1 && r.failed_lack[failures[_i].lack] == 1 &&
                      r.failed_kind[failures[_i].kind] == 1,
                  "%s", failures[_i].description);
    sy_run_result_done(&r);
}
END_TEST

/* Everything fits exactly, then nothing does. */
START_TEST(counted)
{
    struct sy_run_result r;
    run_small(SMALL_NODES_HEAD "n,16000,8192,2,T4\n",
              SMALL_PODS_HEAD "p,8000,4096,1,1000,\np,4000,4096,1,250,\np,4000,0,1,750,\n"
                              "p,0,0,1,1,\n",
              "fgd", &r);
    ck_assert_uint_eq(r.pods, 4);
    ck_assert_uint_eq(r.failed, 1);
    ck_assert_int_eq(r.used_milli, 2000);
    ck_assert_int_eq(r.arrived_milli, 2001);
    ck_assert_int_eq(r.failed_milli, 1);
    ck_assert_int_eq(r.used_cpu_milli, 16000);
    ck_assert_int_eq(r.used_memory_mib, 8192);
    ck_assert_int_eq(r.touched_devices, 2);
    ck_assert_int_eq(r.power_mw, 120000 + 140000);
    ck_assert_double_eq_tol(r.first_failure_percent, 100.05, 1e-9);
    ck_assert_uint_eq(r.nbins, 101);
    ck_assert_uint_eq(r.bin[50].samples, 1);
    ck_assert_uint_eq(r.bin[62].samples, 1); /* 62.5, half to even */
    ck_assert_uint_eq(r.bin[100].samples, 2);
    ck_assert_double_eq_tol(r.bin[50].allocated_percent, 50, 1e-9);
    ck_assert_double_eq_tol(r.bin[62].allocated_percent, 62.5, 1e-9);
    ck_assert_double_eq_tol(r.bin[51].allocated_percent, 50, 1e-9); /* of the bin beside it */
    ck_assert_double_eq_tol(r.bin[61].allocated_percent, 62.5, 1e-9);
    ck_assert_double_eq_tol(r.bin[55].allocated_percent, 50, 1e-9); /* of the last one */
    ck_assert_uint_eq(r.bin[100].failed, 1);
    ck_assert_uint_eq(r.bin[100].served, 3);
    ck_assert_int_eq(r.bin[100].used_cpu_milli, 16000);
    sy_run_result_done(&r);
}
END_TEST

/* Ranks decide ties: all free, best-fit prices both nodes alike. */
START_TEST(ties)
{
    struct sy_run_trace trace;
    struct sy_sequence sequence;
    struct sy_err err = {0};
    struct sy_run_options options = {.ops = &sy_policy_best_fit};
    struct sy_run_result r;
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD "a,16000,8192,1,T4\nb,16000,8192,1,G3\n",
                                 SMALL_PODS_HEAD "p,1000,1,1,1000,\n", &trace, &err),
                     SY_OK);
    small_sequence(&trace, &sequence);
    for (int first = 0; first < 2; first++) {
        sequence.rank[0] = (uint32_t)first;
        sequence.rank[1] = (uint32_t)!first;
        ck_assert_int_eq(sy_replay_run(&trace, &sequence, &options, &r, &err), SY_OK);
        int64_t idle = 2 * 15000 + 10000 + 50000 + 105000;
        ck_assert_int_eq(r.power_mw, idle + (first == 0 ? 60000 : 350000));
        sy_run_result_done(&r);
    }
    sy_sequence_done(&sequence);
    sy_run_trace_done(&trace);
}
END_TEST

struct sweep {
    struct sy_run_trace trace;
    struct sy_sequence sequence;
    struct sy_run_options options;
};

static enum sy_code sweep(void *data, struct sy_err *err)
{
    const struct sweep *s = data;
    struct sy_run_result r;
    enum sy_code code = sy_replay_run(&s->trace, &s->sequence, &s->options, &r, err);
    if (code == SY_OK)
        sy_run_result_done(&r);
    return code;
}

START_TEST(failing_allocations)
{
    struct sweep s = {.options = {.ops = sy_replay_policies[_i]}};
    struct sy_err err = {0};
    if (strcmp(s.options.ops->name, "pwr-fgd") == 0)
        s.options.argument = "200";
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD "a,16000,8192,1,T4\nb,16000,8192,1,G3\n",
                                 SMALL_PODS_HEAD "p,1000,1,1,500,\np,1,1,0,0,\n", &s.trace, &err),
                     SY_OK);
    small_sequence(&s.trace, &s.sequence);
    ck_assert_int_gt(sy_fault_sweep(sweep, &s, 0), 10);
    sy_sequence_done(&s.sequence);
    sy_run_trace_done(&s.trace);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_run");
    TCase *tc = tcase_create("run");
    int n = 0;
    while (sy_replay_policies[n] != NULL)
        n++;
    tcase_add_loop_test(tc, reasons, 0, sizeof failures / sizeof failures[0]);
    tcase_add_test(tc, counted);
    tcase_add_test(tc, ties);
    tcase_add_loop_test(tc, failing_allocations, 0, n);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
