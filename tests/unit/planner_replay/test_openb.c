/* SPDX-License-Identifier: Apache-2.0 */
/* The published protocol: what the published simulator ended with, to the digit. All rows that say
 * something of a policy that draws nothing. */
#include "base/file.h"
#include "planner/replay/csv.h"
#include "planner/replay/load.h"
#include "planner/replay/policies.h"
#include "tests/lib/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES ((size_t)64 << 20)

static const struct {
    const char *published, *policy;
} policies[] = {{"02-DotProd", "dot-product"},
                {"03-GpuClustering", "clustering"},
                {"04-GpuPacking", "packing"},
                {"05-BestFit", "best-fit"},
                {"06-FGD", "fgd"}};

struct golden {
    char folder[256];
    struct sy_load load;
    struct sy_csv csv;
    char *data;
    size_t len;
    char trace_name[64]; /* of what is loaded */
    struct sy_run_trace trace;
    unsigned rows;
};

static const char *cell(const struct golden *g, const char *column)
{
    unsigned at;
    struct sy_err err = {0};
    ck_assert_msg(sy_csv_column(&g->csv, column, &at, &err) == SY_OK, "%s", err.text);
    return g->csv.cell[at].text;
}

/* Equal when rounded to as many digits as the table has. */
static void expect(const struct golden *g, const char *column, double value, double tolerance)
{
    double expected = strtod(cell(g, column), NULL);
    ck_assert_msg(fabs(value - expected) <= tolerance, "%s, %s, seed %s: %s is %.4f, expected %s",
                  cell(g, "trace"), cell(g, "policy"), cell(g, "seed"), column, value,
                  cell(g, column));
}

static void expect_bins(const struct golden *g, const struct sy_run_result *r)
{
    ck_assert_uint_ge(r->nbins, 131);
    expect(g, "exp_alloc100", r->bin[100].allocated_percent, 0.0101);
    expect(g, "exp_alloc110", r->bin[110].allocated_percent, 0.0101);
    expect(g, "exp_alloc120", r->bin[120].allocated_percent, 0.0101);
    expect(g, "exp_alloc130", r->bin[130].allocated_percent, 0.0101);
    expect(g, "exp_fragratio_80", r->bin[80].fragment_ratio_percent, 0.0051);
    expect(g, "exp_fragratio_100", r->bin[100].fragment_ratio_percent, 0.0051);
    expect(g, "exp_fragratio_130", r->bin[130].fragment_ratio_percent, 0.0051);
    expect(g, "exp_fragpct_100", r->bin[100].fragment_percent, 0.0051);
    expect(g, "exp_fragpct_130", r->bin[130].fragment_percent, 0.0051);
}

static void expect_all(const struct golden *g, const struct sy_run_result *r)
{
    static const char *const kinds[SY_POD_KIND_COUNT] = {"replay_fail_cpu",  "replay_fail_share",
                                                         "replay_fail_1gpu", "replay_fail_2gpu",
                                                         "replay_fail_4gpu", "replay_fail_8gpu"};
    expect(g, "replay_pods", (double)r->pods, 0);
    expect(g, "replay_used_milli", (double)r->used_milli, 0);
    expect(g, "replay_gpus_touched", (double)r->touched_devices, 0);
    expect(g, "replay_failed", (double)r->failed, 0);
    expect(g, "replay_failed_gpu", (double)r->failed_milli / 1000, 0.0501);
    for (int k = 0; k < SY_POD_KIND_COUNT; k++)
        expect(g, kinds[k], (double)r->failed_kind[k], 0);
    expect(g, "replay_frag_milli_final", r->fragment_milli, 0.00501);
    expect(g, "replay_first_fail_arrival", r->first_failure_percent, 0.000501);
    expect_bins(g, r);
}

static void load_trace(struct golden *g, const char *name)
{
    char path[512];
    struct sy_err err = {0};
    if (strcmp(g->trace_name, name) == 0)
        return;
    sy_run_trace_done(&g->trace);
    (void)snprintf(path, sizeof path, "%s/openb_pod_list_%s.csv", g->folder, name);
    ck_assert_msg(sy_load_trace(&g->load, path, &g->trace, &err) == SY_OK, "%s", err.text);
    (void)snprintf(g->trace_name, sizeof g->trace_name, "%s", name);
}

static void run_row(struct golden *g, const char *policy)
{
    char order[512], ties[512];
    struct sy_err err = {0};
    struct sy_sequence sequence = {0};
    struct sy_run_result result;
    struct sy_run_options options = {0};
    load_trace(g, cell(g, "trace"));
    (void)snprintf(order, sizeof order, "%s/sequences/%s.%s.pods", g->folder, cell(g, "trace"),
                   cell(g, "seed"));
    (void)snprintf(ties, sizeof ties, "%s/sequences/%s.%s.nodes", g->folder, cell(g, "trace"),
                   cell(g, "seed"));
    ck_assert_msg(sy_load_sequence(&g->load, &g->trace, order, ties, &sequence, &err) == SY_OK,
                  "%s", err.text);
    ck_assert_int_eq(sy_policy_find(policy, &options.ops, &options.argument, &err), SY_OK);
    ck_assert_msg(sy_replay_run(&g->trace, &sequence, &options, &result, &err) == SY_OK, "%s",
                  err.text);
    expect_all(g, &result);
    sy_run_result_done(&result);
    sy_sequence_done(&sequence);
    g->rows++;
}

static bool open_golden(struct golden *g, char *nodes, size_t size)
{
    char path[512];
    struct sy_err err = {0};
    const char *shared = sy_shared_dir(SY_SHARED_DIR);
    *g = (struct golden){0};
    if (shared != NULL)
        (void)snprintf(g->folder, sizeof g->folder, "%s/traces/openb", shared);
    (void)snprintf(path, sizeof path, "%s/expected.csv", g->folder);
    if (shared == NULL || sy_file_read(path, FILE_BYTES, &g->data, &g->len, &err) != SY_OK) {
        sy_skip("the openb traces are not at hand (traces/openb in $SWITCHYARD_SHARED)");
        return false;
    }
    (void)snprintf(nodes, size, "%s/openb_node_list_gpu_node.csv", g->folder);
    g->load = (struct sy_load){.nodes_path = nodes, .typical_percent = 95};
    ck_assert_msg(sy_load_begin(&g->load, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_csv_begin(&g->csv, path, g->data, g->len, &err) == SY_OK, "%s", err.text);
    return true;
}

START_TEST(published)
{
    struct golden g;
    struct sy_err err = {0};
    char nodes[512];
    bool any = true;
    if (!open_golden(&g, nodes, sizeof nodes))
        return;
    while (sy_csv_next(&g.csv, &any, &err) == SY_OK && any)
        for (size_t p = 0; p < sizeof policies / sizeof policies[0]; p++)
            if (strcmp(cell(&g, "policy"), policies[p].published) == 0)
                run_row(&g, policies[p].policy);
    ck_assert_str_eq(err.text, "");
    ck_assert_uint_ge(g.rows, 50);
    sy_run_trace_done(&g.trace);
    sy_load_done(&g.load);
    sy_free(g.data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_openb");
    TCase *tc = tcase_create("openb");
    tcase_add_test(tc, published);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
