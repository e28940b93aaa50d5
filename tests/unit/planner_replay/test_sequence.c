/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

static const struct {
    const char *description, *text;
    enum sy_code code;
    const char *error;
} orders[] = {
    {"good", "2\n0\n0\n1\n", SY_OK, ""},
    {"CRLF, empty line, no newline", "2\r\n\n0\n0\n1", SY_OK, ""},
    {"empty", "\n", SY_EPARSE, "o.pods: empty, expected a row of the pods on each line"},
    {"a row too far", "2\n3\n", SY_ELIMIT, "o.pods:2: 3 is not in 0..2"},
    {"negative", "-1\n", SY_ELIMIT, "o.pods:1: -1 is not in 0..2"},
    {"no number", "1\nx\n", SY_EPARSE, "o.pods:2: 'x' is not a whole number"},
};

START_TEST(order)
{
    struct sy_sequence sequence = {0};
    struct sy_err err = {0};
    enum sy_code code = sy_sequence_read_pods("o.pods", orders[_i].text, strlen(orders[_i].text), 3,
                                              &sequence, &err);
    ck_assert_msg(code == orders[_i].code && strcmp(err.text, orders[_i].error) == 0,
                  "%s: expected '%s', got '%s'", orders[_i].description, orders[_i].error,
                  err.text);
    if (code == SY_OK) {
        const uint32_t expected[] = {2, 0, 0, 1};
        ck_assert_uint_eq(sequence.n, 4);
        ck_assert_mem_eq(sequence.pod, expected, sizeof expected);
    }
    sy_sequence_done(&sequence);
}
END_TEST

static const struct {
    const char *description, *text;
    enum sy_code code;
    const char *error;
} ranks[] = {
    {"good", "2\n0\n1\n", SY_OK, ""},
    {"too few", "2\n0\n", SY_EPARSE, "t.nodes: 2 ranks for 3 nodes"},
    {"too many", "2\n0\n1\n1\n", SY_ELIMIT, "t.nodes:4: more than 3 lines"},
    {"twice", "2\n0\n2\n", SY_ECONFLICT, "t.nodes: rank 2 twice"},
    {"too high", "2\n0\n3\n", SY_ELIMIT, "t.nodes:3: 3 is not in 0..2"},
};

START_TEST(ties)
{
    struct sy_sequence sequence = {0};
    struct sy_err err = {0};
    enum sy_code code = sy_sequence_read_ranks("t.nodes", ranks[_i].text, strlen(ranks[_i].text), 3,
                                               &sequence, &err);
    ck_assert_msg(code == ranks[_i].code && strcmp(err.text, ranks[_i].error) == 0,
                  "%s: expected '%s', got '%s'", ranks[_i].description, ranks[_i].error, err.text);
    sy_sequence_done(&sequence);
}
END_TEST

/* Ten devices; pods of half a device. */
static void make_trace(struct sy_run_trace *trace)
{
    struct sy_err err = {0};
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD "n,8000,8192,2,T4\nm,8000,8192,8,T4\n",
                                 SMALL_PODS_HEAD "p,1000,1024,1,500,\np,2000,1024,1,500,\n"
                                                 "p,3000,1024,1,500,\np,4000,1024,0,0,\n",
                                 trace, &err),
                     SY_OK);
}

static int64_t asked(const struct sy_run_trace *trace, const struct sy_sequence *sequence)
{
    int64_t sum = 0;
    for (size_t i = 0; i < sequence->n; i++)
        sum += sy_trace_demand(&trace->pods.pod_class[trace->pods.pod[sequence->pod[i]]]);
    return sum;
}

/* Filled up to as much as fits, or thinned out to no more. */
START_TEST(drawn)
{
    static const unsigned percents[] = {1, 10, 14, 15, 50, 130, 999};
    struct sy_run_trace trace;
    struct sy_sequence sequence;
    struct sy_err err = {0};
    make_trace(&trace);
    for (uint64_t seed = 0; seed < 20; seed++) {
        int64_t target = (int64_t)percents[_i] * 100;
        ck_assert_int_eq(
            sy_sequence_draw(&trace.nodes, &trace.pods, seed, percents[_i], &sequence, &err),
            SY_OK);
        int64_t sum = asked(&trace, &sequence);
        ck_assert_int_le(sum, target);
        ck_assert_int_gt(sum, target - 500);
        ck_assert_uint_eq(sequence.rank[0] + sequence.rank[1], 1);
        sy_sequence_done(&sequence);
    }
    sy_run_trace_done(&trace);
}
END_TEST

START_TEST(drawn_alike)
{
    struct sy_run_trace trace;
    struct sy_sequence a, b, c;
    struct sy_err err = {0};
    make_trace(&trace);
    ck_assert_int_eq(sy_sequence_draw(&trace.nodes, &trace.pods, 7, 500, &a, &err), SY_OK);
    ck_assert_int_eq(sy_sequence_draw(&trace.nodes, &trace.pods, 7, 500, &b, &err), SY_OK);
    ck_assert_int_eq(sy_sequence_draw(&trace.nodes, &trace.pods, 8, 500, &c, &err), SY_OK);
    ck_assert_uint_eq(a.n, b.n);
    ck_assert_mem_eq(a.pod, b.pod, a.n * sizeof *a.pod);
    ck_assert(a.n != c.n || memcmp(a.pod, c.pod, a.n * sizeof *a.pod) != 0);
    sy_sequence_done(&a);
    sy_sequence_done(&b);
    sy_sequence_done(&c);
    sy_run_trace_done(&trace);
}
END_TEST

/* Pods that ask for no device cannot fill anything: all come once. */
START_TEST(nothing_asked)
{
    struct sy_run_trace trace;
    struct sy_sequence sequence;
    struct sy_err err = {0};
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD "n,8000,8192,2,T4\n",
                                 SMALL_PODS_HEAD "p,1000,1024,0,0,\np,1000,1,0,0,\n", &trace, &err),
                     SY_OK);
    ck_assert_int_eq(sy_sequence_draw(&trace.nodes, &trace.pods, 1, 130, &sequence, &err), SY_OK);
    ck_assert_uint_eq(sequence.n, 2);
    sy_sequence_done(&sequence);
    sy_run_trace_done(&trace);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    const struct sy_run_trace *trace = data;
    struct sy_sequence sequence;
    enum sy_code code = sy_sequence_draw(&trace->nodes, &trace->pods, 7, 500, &sequence, err);
    if (code == SY_OK)
        sy_sequence_done(&sequence);
    return code;
}

START_TEST(failing_allocations)
{
    struct sy_run_trace trace;
    make_trace(&trace);
    ck_assert_int_gt(sy_fault_sweep(sweep, &trace, 0), 0);
    sy_run_trace_done(&trace);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_sequence");
    TCase *tc = tcase_create("sequence");
    tcase_add_loop_test(tc, order, 0, sizeof orders / sizeof orders[0]);
    tcase_add_loop_test(tc, ties, 0, sizeof ranks / sizeof ranks[0]);
    tcase_add_loop_test(tc, drawn, 0, 7);
    tcase_add_test(tc, drawn_alike);
    tcase_add_test(tc, nothing_asked);
    tcase_add_test(tc, failing_allocations);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
