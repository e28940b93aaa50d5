/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time from one changed node to the published state, freeing the state before it included: all
 * made anew (sy_cluster_new, sy_state_new) against what changed (builder, sy_state_next). Between
 * two changes the caches are filled with something else, as they are when changes come every few
 * milliseconds. With --once few rounds and no table. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/str.h"
#include "extender/store.h"
#include "topology/cluster_builder.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 400u
#define RACK_NODES 40u /* nodes of one power domain */
#define FILL_BYTES ((size_t)32 << 20)

struct bench {
    struct sy_catalogue *catalogue;
    struct sy_policy *policy;
    struct sy_node *model;
    struct sy_node **node;
    uint32_t n, changed;
    struct sy_cluster_builder *builder;
    struct sy_store *store;
    char *fill;
    unsigned rounds;
};

static void check(enum sy_code code, const struct sy_err *err)
{
    if (code == SY_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others' work on the machine does not count */
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double resident_mib(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    char line[128] = "";
    if (file != NULL && fgets(line, sizeof line, file) != NULL)
        pages = strtoul(line + strcspn(line, " "), NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* Node `i` of the cluster, some of its devices held: which, `state` says. */
static struct sy_node *make_node(const struct bench *b, uint32_t i, unsigned state)
{
    struct sy_err err = {0};
    struct sy_devset held = SY_DEVSET_EMPTY;
    struct sy_usage *usage = NULL;
    struct sy_node *node = NULL;
    char name[32], rack[16];
    for (unsigned u = 0; u < b->model->fabric->nunit; u++)
        if ((state >> u & 1) != 0)
            sy_devset_add(&held, u);
    (void)snprintf(name, sizeof name, "node-%06u", i);
    (void)snprintf(rack, sizeof rack, "r%u", i / RACK_NODES);
    struct sy_label label = {"example.com/rack", rack};
    check(sy_usage_change(b->model->fabric, b->model->usage, SY_DEVSET_EMPTY, held, &usage, &err),
          &err);
    check(sy_node_new(name, b->model->fabric, usage, &label, 1, &node, &err), &err);
    sy_usage_unref(usage);
    return node;
}

/* A hall with a rack for every RACK_NODES nodes. */
static void make_policy(struct bench *b)
{
    struct sy_err err = {0};
    struct sy_str text;
    sy_str_init(&text, 1u << 20);
    sy_str_append(&text, "powerDomains:\n- {name: hall, limitWatts: 90000000}\n");
    for (uint32_t i = 0; i * RACK_NODES < b->n; i++)
        sy_str_printf(&text,
                      "- {name: r%u, parent: hall, limitWatts: 200000, nodeSelector: {matchLabels: "
                      "{example.com/rack: r%u}}}\n",
                      i, i);
    check(sy_policy_parse("bench", text.data, text.len, &b->policy, &err), &err);
    sy_str_done(&text);
}

static void set_up(struct bench *b, uint32_t n)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    struct sy_state *state = NULL;
    b->n = n;
    make_policy(b);
    b->node = sy_calloc(n, sizeof(struct sy_node *));
    b->builder = sy_cluster_builder_new();
    if (b->node == NULL || b->builder == NULL)
        exit(1);
    for (uint32_t i = 0; i < n; i++) {
        b->node[i] = make_node(b, i, i * 7);
        check(sy_cluster_builder_put(b->builder, b->node[i], &err), &err);
    }
    check(sy_cluster_builder_publish(b->builder, 1, &cluster, &err), &err);
    check(sy_state_new(b->catalogue, b->policy, cluster, true, 0, &state, &err), &err);
    sy_cluster_unref(cluster);
    check(sy_store_new(state, &b->store, &err), &err);
}

static void tear_down(struct bench *b)
{
    sy_store_free(b->store);
    sy_cluster_builder_free(b->builder);
    for (uint32_t i = 0; i < b->n; i++)
        sy_node_unref(b->node[i]);
    sy_free(b->node);
    sy_policy_unref(b->policy);
}

static void publish_anew(struct bench *b, const struct sy_state *current)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    struct sy_state *next = NULL;
    check(sy_cluster_new(b->node, b->n, current->cluster->generation + 1, &cluster, &err), &err);
    check(sy_state_new(b->catalogue, b->policy, cluster, true, 0, &next, &err), &err);
    sy_cluster_unref(cluster);
    sy_store_publish(b->store, next);
}

static void publish_change(struct bench *b, const struct sy_state *current)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    struct sy_state *next = NULL;
    check(sy_cluster_builder_put(b->builder, b->node[b->changed], &err), &err);
    check(sy_cluster_builder_publish(b->builder, current->cluster->generation + 1, &cluster, &err),
          &err);
    check(sy_state_next(current, b->policy, cluster, true, 0, &next, &err), &err);
    sy_cluster_unref(cluster);
    sy_store_publish(b->store, next);
}

/* One name goes, or comes back. */
static void publish_name(struct bench *b, const struct sy_state *current)
{
    if (current->cluster->n == b->n)
        sy_cluster_builder_remove(b->builder, b->node[b->n / 2]->name);
    b->changed = b->n / 2 + (current->cluster->n == b->n);
    publish_change(b, current);
}

static int by_value(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

struct times {
    double median_us, p99_us;
};

static struct times measure(struct bench *b, void publish(struct bench *, const struct sy_state *))
{
    static double took[ROUNDS];
    for (unsigned round = 0; round < b->rounds; round++) {
        b->changed = (round * 37) % b->n;
        struct sy_node *before = b->node[b->changed];
        b->node[b->changed] = make_node(b, b->changed, b->changed * 7 + round);
        sy_node_unref(before);
        memset(b->fill, (int)round, FILL_BYTES);
        double from_us = now_us();
        struct sy_state *current = sy_store_take(b->store);
        publish(b, current);
        sy_state_unref(current);
        took[round] = now_us() - from_us;
    }
    qsort(took, b->rounds, sizeof *took, by_value);
    return (struct times){took[b->rounds / 2], took[b->rounds - 1 - b->rounds / 100]};
}

static void row(struct bench *b, uint32_t n)
{
    set_up(b, n);
    struct times change = measure(b, publish_change);
    double mib = resident_mib() - (double)FILL_BYTES / 1048576;
    struct times anew = measure(b, publish_anew);
    for (uint32_t i = 0; i < n; i++) {
        struct sy_err err = {0};
        check(sy_cluster_builder_put(b->builder, b->node[i], &err), &err);
    }
    struct times name = measure(b, publish_name);
    if (b->rounds == ROUNDS)
        printf("%7u %9.0f %9.0f %9.0f %9.0f %7.1f %9.0f %9.0f %8.1f\n", n, anew.median_us,
               anew.p99_us, change.median_us, change.p99_us, anew.median_us / change.median_us,
               name.median_us, name.p99_us, mib);
    tear_down(b);
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {100, 1000, 5000};
    struct sy_err err = {0};
    static const char status[] = "{\"status\":{\"devices\":[]}}"; /* exact: all are free */
    struct bench b = {.rounds = argc > 1 && strcmp(argv[1], "--once") == 0 ? 4 : ROUNDS};
    sy_autofree char *data = NULL;
    size_t len;
    check(sy_catalogue_load(NULL, 0, &b.catalogue, &err), &err);
    check(
        sy_file_read(SY_SOURCE_DIR "/tests/service/node.json", SY_NODE_JSON_MAX, &data, &len, &err),
        &err);
    check(
        sy_node_from_bytes(data, len, status, strlen(status), "model", b.catalogue, &b.model, &err),
        &err);
    b.fill = sy_malloc(FILL_BYTES);
    if (b.fill == NULL)
        return 1;
    if (b.rounds == ROUNDS)
        printf("%7s %19s %19s %7s %19s %8s\n%7s %9s %9s %9s %9s %7s %9s %9s %8s\n", "",
               "all anew us", "one node us", "", "a name comes, goes", "resident", "nodes",
               "median", "p99", "median", "p99", "ratio", "median", "p99", "MiB");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        row(&b, sizes[i]);
    sy_free(b.fill);
    sy_node_unref(b.model);
    sy_catalogue_unref(b.catalogue);
    return 0;
}
