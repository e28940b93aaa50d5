/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"

#include "base/str.h"
#include "planner/replay/power.h"

#include <string.h>

static enum sy_code parse(char *nodes, char *pods, struct sy_run_trace *trace, struct sy_err *err)
{
    enum sy_code code = sy_trace_models_init(&trace->models, err);
    if (code == SY_OK)
        code = sy_trace_nodes_parse("nodes.csv", nodes, strlen(nodes), &trace->models,
                                    &trace->nodes, err);
    if (code == SY_OK)
        code = sy_trace_pods_parse("pods.csv", pods, strlen(pods), false, &trace->models,
                                   &trace->pods, err);
    return code;
}

enum sy_code small_trace(const char *nodes, const char *pods, struct sy_run_trace *ret,
                         struct sy_err *err)
{
    struct sy_power_table power = {0};
    struct sy_run_trace trace = {0};
    char *nodes_copy = sy_strdup(nodes), *pods_copy = sy_strdup(pods);
    enum sy_code code = nodes_copy == NULL || pods_copy == NULL
                            ? sy_fail(err, SY_ENOMEM, "out of memory")
                            : sy_power_table_init(&power, NULL, NULL, 0, err);
    if (code == SY_OK)
        code = parse(nodes_copy, pods_copy, &trace, err);
    if (code == SY_OK) {
        sy_power_apply(&power, &trace.models, &trace.nodes, &trace.unknown_power);
        code = sy_run_trace_prepare(&trace, 95, err);
    }
    sy_power_table_done(&power);
    sy_free(nodes_copy);
    sy_free(pods_copy);
    if (code != SY_OK) {
        sy_run_trace_done(&trace);
        return code;
    }
    *ret = trace;
    ret->world.model = ret->models.name;
    return SY_OK;
}

static const char *const models[] = {"T4", "G2", "P100", "Other"};

static void random_nodes(struct sy_random *random, struct sy_str *text)
{
    static const unsigned devices[] = {0, 1, 2, 4, 8};
    sy_str_append(text, SMALL_NODES_HEAD "n,8000,4096,1,T4\n");
    for (uint64_t n = sy_random_below(random, 30); n > 0; n--)
        sy_str_printf(text, "n,%u,%u,%u,%s\n", (unsigned)(1 + sy_random_below(random, 6)) * 16000,
                      (unsigned)(1 + sy_random_below(random, 8)) * 4096,
                      devices[sy_random_below(random, 5)], models[sy_random_below(random, 4)]);
}

static void random_pods(struct sy_random *random, struct sy_str *text)
{
    static const char *const spec[] = {"", "", "", "T4", "G2|P100", "Missing"};
    static const unsigned devices[] = {0, 1, 1, 1, 1, 2, 4, 8};
    sy_str_append(text, SMALL_PODS_HEAD "p,1000,1024,1,500,\n");
    for (uint64_t n = sy_random_below(random, 120); n > 0; n--) {
        unsigned num = devices[sy_random_below(random, 8)];
        unsigned milli = num == 1 ? (unsigned)(1 + sy_random_below(random, 10)) * 100 : 1000;
        sy_str_printf(text, "p,%u,%u,%u,%u,%s\n", (unsigned)sy_random_below(random, 5) * 2000,
                      (unsigned)sy_random_below(random, 5) * 1024, num, num > 0 ? milli : 0,
                      spec[sy_random_below(random, 6)]);
    }
}

void small_random_trace(struct sy_random *random, struct sy_run_trace *ret)
{
    struct sy_err err = {0};
    struct sy_str nodes, pods;
    sy_str_init(&nodes, 1u << 20);
    sy_str_init(&pods, 1u << 20);
    random_nodes(random, &nodes);
    random_pods(random, &pods);
    ck_assert_msg(small_trace(nodes.data, pods.data, ret, &err) == SY_OK, "%s", err.text);
    sy_str_done(&nodes);
    sy_str_done(&pods);
}

void small_sequence(const struct sy_run_trace *trace, struct sy_sequence *ret)
{
    *ret = (struct sy_sequence){.pod = sy_calloc(trace->pods.n, sizeof *ret->pod),
                                .n = trace->pods.n,
                                .rank = sy_calloc(trace->nodes.n, sizeof *ret->rank)};
    ck_assert(ret->pod != NULL && ret->rank != NULL);
    for (uint32_t i = 0; i < trace->pods.n; i++)
        ret->pod[i] = i;
    for (uint32_t i = 0; i < trace->nodes.n; i++)
        ret->rank[i] = i;
}
