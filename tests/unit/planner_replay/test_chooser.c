/* SPDX-License-Identifier: Apache-2.0 */
/* The indexed way gives what a look at every node gives: all policies, random traces. */
#include "planner/replay/policies.h"
#include "small.h"
#include "tests/lib/run.h"

#include <string.h>

#define TRACES 60

static void compare_results(const struct sy_run_result *a, const struct sy_run_result *b,
                            const char *policy, int trace)
{
    ck_assert_msg(a->used_milli == b->used_milli && a->failed == b->failed &&
                      a->power_mw == b->power_mw && a->used_memory_mib == b->used_memory_mib &&
                      memcmp(&a->fragment_milli, &b->fragment_milli, sizeof(double)) == 0,
                  "%s on trace %d: %lld used, %llu failed; plain %lld, %llu", policy, trace,
                  (long long)a->used_milli, (unsigned long long)a->failed, (long long)b->used_milli,
                  (unsigned long long)b->failed);
    ck_assert_mem_eq(a->failed_lack, b->failed_lack, sizeof a->failed_lack);
    ck_assert_uint_eq(a->nbins, b->nbins);
    ck_assert_mem_eq(a->bin, b->bin, a->nbins * sizeof *a->bin);
}

static void compare_ways(const struct sy_run_trace *trace, const struct sy_sequence *sequence,
                         const struct sy_replay_policy_ops *ops, int number)
{
    struct sy_err err = {0};
    struct sy_run_result quick, plain;
    struct sy_run_options options = {.ops = ops, .seed = (uint64_t)number};
    if (strcmp(ops->name, "pwr-fgd") == 0)
        options.argument = number % 2 == 0 ? "200" : "500";
    ck_assert_msg(sy_replay_run(trace, sequence, &options, &quick, &err) == SY_OK, "%s", err.text);
    options.plain = true;
    ck_assert_msg(sy_replay_run(trace, sequence, &options, &plain, &err) == SY_OK, "%s", err.text);
    compare_results(&quick, &plain, ops->name, number);
    sy_run_result_done(&quick);
    sy_run_result_done(&plain);
}

START_TEST(both_ways)
{
    struct sy_run_trace trace;
    struct sy_sequence sequence;
    struct sy_random random;
    struct sy_err err = {0};
    sy_random_init(&random, (uint64_t)_i);
    small_random_trace(&random, &trace);
    ck_assert_int_eq(
        sy_sequence_draw(&trace.nodes, &trace.pods, (uint64_t)_i, 150, &sequence, &err), SY_OK);
    for (size_t p = 0; sy_replay_policies[p] != NULL; p++)
        compare_ways(&trace, &sequence, sy_replay_policies[p], _i);
    sy_sequence_done(&sequence);
    sy_run_trace_done(&trace);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_chooser");
    TCase *tc = tcase_create("chooser");
    tcase_add_loop_test(tc, both_ways, 0, TRACES);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
