/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

#define NODE "n,96000,393216,8,G2\n"
#define POD "p,6000,12288,1,460,\n"

static const struct {
    const char *description, *nodes, *pods;
    enum sy_code code;
    const char *error;
} cases[] = {
    {"good", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD POD, SY_OK, ""},
    {"columns in another order, one more",
     "model,gpu,x,memory_mib,cpu_milli\nG2,8,?,393216,96000\n",
     "gpu_milli,num_gpu,memory_mib,cpu_milli\n460,1,12288,6000\n", SY_OK, ""},
    {"no nodes' column", "sn,cpu_milli,memory_mib,model\n", SMALL_PODS_HEAD POD, SY_EPARSE,
     "nodes.csv:1: no column 'gpu'"},
    {"no device", SMALL_NODES_HEAD "n,96000,393216,0,\n", SMALL_PODS_HEAD POD, SY_EINVAL,
     "nodes.csv: no node has a device"},
    {"too many devices", SMALL_NODES_HEAD NODE "n,96000,393216,9,G2\n", SMALL_PODS_HEAD POD,
     SY_ELIMIT, "nodes.csv:3: column 'gpu': 9 is not in 0..8"},
    {"negative CPU", SMALL_NODES_HEAD "n,-1,393216,8,G2\n", SMALL_PODS_HEAD POD, SY_ELIMIT,
     "nodes.csv:2: column 'cpu_milli': -1 is not in 0..1073741824"},
    {"memory that is no number", SMALL_NODES_HEAD "n,1,lots,8,G2\n", SMALL_PODS_HEAD POD, SY_EPARSE,
     "nodes.csv:2: column 'memory_mib': 'lots' is not a whole number"},
    {"no pods' column", SMALL_NODES_HEAD NODE, "name,cpu_milli,memory_mib,num_gpu\n", SY_EPARSE,
     "pods.csv:1: no column 'gpu_milli'"},
    {"no pods", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD, SY_EINVAL,
     "pods.csv: no pods below the header"},
    {"empty file of pods", SMALL_NODES_HEAD NODE, "", SY_EPARSE,
     "pods.csv: empty, expected a header and rows"},
    {"nine devices", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD POD "p,1,1,9,1000,\n", SY_ELIMIT,
     "pods.csv:3: column 'num_gpu': 9 is not in 0..8"},
    {"huge number of devices", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD "p,1,1,4294967297,1000,\n",
     SY_ELIMIT, "pods.csv:2: column 'num_gpu': 4294967297 is not in 0..8"},
    {"negative devices", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD "p,1,1,-1,1000,\n", SY_ELIMIT,
     "pods.csv:2: column 'num_gpu': -1 is not in 0..8"},
    {"nothing of a device", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD "p,1,1,1,0,\n", SY_EINVAL,
     "pods.csv:2: column 'gpu_milli': 0 of 1 device"},
    {"cells missing", SMALL_NODES_HEAD NODE, SMALL_PODS_HEAD "p,1,1\n", SY_EPARSE,
     "pods.csv:2: 3 cells, the header has 6"},
};

START_TEST(parsing)
{
    struct sy_run_trace trace = {0};
    struct sy_err err = {0};
    enum sy_code code = small_trace(cases[_i].nodes, cases[_i].pods, &trace, &err);
    ck_assert_msg(code == cases[_i].code && strcmp(err.text, cases[_i].error) == 0,
                  "%s: expected '%s', got '%s'", cases[_i].description, cases[_i].error, err.text);
    if (code == SY_OK) {
        ck_assert_uint_eq(trace.nodes.n, 1);
        ck_assert_int_eq(trace.nodes.total_milli, 8000);
        ck_assert_int_eq(trace.nodes.shape[0].cpu_milli, 96000);
        ck_assert_int_eq(trace.nodes.shape[0].memory_mib, 393216);
        ck_assert_int_eq(trace.nodes.shape[0].device_full_mw, 150000);
        ck_assert_int_eq(trace.pods.pod_class[0].device_milli, 460);
        ck_assert_int_eq(trace.pods.total_milli, 460);
    }
    sy_run_trace_done(&trace);
}
END_TEST

/* Kinds are joined, more than a whole device is one, models are bits. */
START_TEST(classes)
{
    struct sy_run_trace trace;
    struct sy_err err = {0};
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD NODE "m,8000,8192,2,T4\n",
                                 SMALL_PODS_HEAD POD "p,6000,12288,1,1460,T4|A10\n" POD
                                                     "p,6000,4096,1,460,\np,1,1,0,500,\n",
                                 &trace, &err),
                     SY_OK);
    ck_assert_uint_eq(trace.pods.nclasses, 4);
    ck_assert_uint_eq(trace.pods.pod_class[0].count, 2);
    ck_assert_int_eq(trace.pods.pod_class[1].device_milli, 1000);
    ck_assert_uint_eq(trace.pods.pod_class[1].models, 2 | 4); /* G2, T4, A10 */
    ck_assert_str_eq(trace.models.name[2], "A10");
    ck_assert_int_eq(trace.pods.pod_class[3].device_milli, 0); /* of no device */
    ck_assert_int_eq(trace.pods.total_milli, 460 + 1000 + 460 + 460);
    /* Typical: memory aside, the most frequent first, 95 % of five rows are all five. */
    ck_assert_uint_eq(trace.ntypical, 3);
    ck_assert_uint_eq(trace.typical[0].pod.count, 3);
    ck_assert_double_eq_tol(trace.typical[0].share, 0.6, 1e-12);
    ck_assert_int_eq(trace.typical[1].pod.device_milli, 1000); /* of ties, the larger first */
    sy_run_trace_done(&trace);
}
END_TEST

static enum sy_code parse_times(const char *rows, struct sy_trace_pods *pods, struct sy_err *err)
{
    char text[512];
    struct sy_trace_models models = {0};
    (void)snprintf(text, sizeof text,
                   "cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time,"
                   "scheduled_time\n%s",
                   rows);
    enum sy_code code = sy_trace_models_init(&models, err);
    if (code == SY_OK)
        code = sy_trace_pods_parse("pods.csv", text, strlen(text), true, &models, pods, err);
    sy_trace_models_done(&models);
    return code;
}

START_TEST(times)
{
    struct sy_trace_pods pods = {0};
    struct sy_err err = {0}, early = {0}, missing = {0};
    ck_assert_int_eq(parse_times("1,1,1,1000,10,50,20\n1,1,1,1000,10,50,\n", &pods, &err), SY_OK);
    ck_assert_int_eq(pods.time[0].created_s, 10);
    ck_assert_int_eq(pods.time[0].duration_s, 30);
    ck_assert_int_eq(pods.time[1].duration_s, 40);
    sy_trace_pods_done(&pods);
    ck_assert_int_eq(parse_times("1,1,1,1000,10,50,60\n", &pods, &early), SY_EINVAL);
    ck_assert_str_eq(early.text,
                     "pods.csv:2: column 'deletion_time': 50 is before the pod's start at 60");
    ck_assert_int_eq(parse_times("1,1,1,1000,10,,\n", &pods, &missing), SY_EPARSE);
    ck_assert_str_eq(missing.text, "pods.csv:2: column 'deletion_time': '' is not a whole number");
}
END_TEST

static enum sy_code run_sweep(void *data, struct sy_err *err)
{
    struct sy_run_trace trace;
    enum sy_code code =
        small_trace(SMALL_NODES_HEAD NODE "m,8000,8192,2,T4\n",
                    SMALL_PODS_HEAD POD "p,6000,12288,1,1460,T4|A10\n", &trace, err);
    (void)data;
    if (code == SY_OK)
        sy_run_trace_done(&trace);
    return code;
}

START_TEST(failing_allocations)
{
    ck_assert_int_gt(sy_fault_sweep(run_sweep, NULL, 0), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_trace");
    TCase *tc = tcase_create("trace");
    tcase_add_loop_test(tc, parsing, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tc, classes);
    tcase_add_test(tc, times);
    tcase_add_test(tc, failing_allocations);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
