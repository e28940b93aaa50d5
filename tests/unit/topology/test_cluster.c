/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "topology/cluster.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES 5000u
#define STATES 7u

static struct sy_catalogue *catalogue;
static struct sy_node *model[STATES]; /* one machine in STATES states of use */
static struct sy_node *nodes[NODES];

static struct sy_node *like(const struct sy_node *from, const char *name)
{
    struct sy_node *node = NULL;
    struct sy_err err = {0};
    ck_assert_msg(sy_node_new(name, from->fabric, from->usage, NULL, 0, &node, &err) == SY_OK, "%s",
                  err.text);
    return node;
}

static void setup(void)
{
    struct sy_err err = {0};
    sy_autofree char *data = NULL;
    size_t len;
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
    ck_assert_int_eq(sy_file_read(SY_SOURCE_DIR "/tests/golden/nodes/link-states.json",
                                  SY_NODE_JSON_MAX, &data, &len, &err),
                     SY_OK);
    for (unsigned s = 0; s < STATES; s++) {
        char status[256];
        (void)snprintf(status, sizeof status,
                       "{\"status\":{\"devices\":[{\"pci\":\"0000:%02x:00.0\",\"held\":1000}]}}",
                       0x11 + s);
        ck_assert_msg(sy_node_from_bytes(data, len, status, strlen(status), NULL, catalogue,
                                         &model[s], &err) == SY_OK,
                      "%s", err.text);
    }
    for (unsigned i = 0; i < NODES; i++) {
        char name[32];
        /* Not in the order of the names. */
        (void)snprintf(name, sizeof name, "node-%05u", (i * 3571u) % NODES);
        nodes[i] = like(model[i % STATES], name);
    }
}

static void teardown(void)
{
    for (unsigned i = 0; i < NODES; i++)
        sy_node_unref(nodes[i]);
    for (unsigned s = 0; s < STATES; s++)
        sy_node_unref(model[s]);
    sy_catalogue_unref(catalogue);
}

START_TEST(order_index_and_classes)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    ck_assert_int_eq(sy_cluster_new(nodes, NODES, 42, &cluster, &err), SY_OK);
    ck_assert_uint_eq(cluster->n, NODES);
    ck_assert_uint_eq(cluster->generation, 42);
    ck_assert_uint_eq(cluster->nclass, STATES);
    for (uint32_t i = 0; i < NODES; i++) {
        ck_assert(i == 0 || strcmp(cluster->node[i - 1]->name, cluster->node[i]->name) < 0);
        ck_assert_uint_lt(cluster->class_of[i], cluster->nclass);
        ck_assert_int_eq(sy_cluster_find(cluster, cluster->node[i]->name, 10), i);
    }
    for (uint32_t i = 0; i < NODES; i += 97) {
        for (uint32_t k = 0; k < NODES; k++)
            ck_assert((cluster->class_of[i] == cluster->class_of[k]) ==
                      sy_digest_equal(cluster->node[i]->state, cluster->node[k]->state));
    }
    ck_assert_int_eq(sy_cluster_find(cluster, "node-05000", 10), -1);
    ck_assert_int_eq(sy_cluster_find(cluster, "node-0000", 9), -1);
    ck_assert_int_eq(sy_cluster_find(cluster, "", 0), -1);
    sy_cluster_unref(sy_cluster_ref(cluster));
    sy_cluster_unref(cluster);
}
END_TEST

START_TEST(a_change_shares_the_rest)
{
    struct sy_err err = {0};
    struct sy_cluster *before = NULL, *after = NULL;
    sy_autofree struct sy_node **list = sy_calloc(NODES, sizeof(struct sy_node *));
    ck_assert_int_eq(sy_cluster_new(nodes, NODES, 1, &before, &err), SY_OK);
    memcpy(list, before->node, NODES * sizeof(struct sy_node *));
    struct sy_node *changed = like(model[3], before->node[123]->name);
    list[123] = changed;
    ck_assert_int_eq(sy_cluster_new(list, NODES, 2, &after, &err), SY_OK);
    for (uint32_t i = 0; i < NODES; i++)
        ck_assert((before->node[i] == after->node[i]) == (i != 123));
    sy_cluster_unref(before);
    sy_node_unref(changed);
    ck_assert_uint_eq(changed->refs, 1); /* the new cluster's */
    sy_cluster_unref(after);
}
END_TEST

START_TEST(name_twice)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    struct sy_node *two[] = {nodes[0], nodes[1], nodes[0]};
    ck_assert_int_eq(sy_cluster_new(two, 3, 1, &cluster, &err), SY_ECONFLICT);
    ck_assert_str_eq(err.text, "two nodes are named 'node-00000'");
    ck_assert_ptr_null(cluster);
    ck_assert_uint_eq(nodes[0]->refs, 1);
}
END_TEST

START_TEST(empty)
{
    struct sy_err err = {0};
    struct sy_cluster *cluster = NULL;
    ck_assert_int_eq(sy_cluster_new(NULL, 0, 1, &cluster, &err), SY_OK);
    ck_assert_int_eq(sy_cluster_find(cluster, "a", 1), -1);
    ck_assert_uint_eq(cluster->nclass, 0);
    sy_cluster_unref(cluster);
    sy_cluster_unref(NULL);
}
END_TEST

static enum sy_code build(void *data, struct sy_err *err)
{
    (void)data;
    struct sy_cluster *cluster = NULL;
    enum sy_code code = sy_cluster_new(nodes, 50, 1, &cluster, err);
    if (code == SY_OK)
        sy_cluster_unref(cluster);
    return code;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_eq(sy_fault_sweep(build, NULL, 0), 5);
}
END_TEST

/* 5,000 nodes in any order; a sanitizer makes it several times slower. */
START_TEST(fast_enough)
{
    struct sy_err err = {0};
    double best_ms = 1e9;
    for (int run = 0; run < 20; run++) {
        struct timespec t0, t1;
        struct sy_cluster *cluster = NULL;
        clock_gettime(CLOCK_MONOTONIC, &t0);
        ck_assert_int_eq(sy_cluster_new(nodes, NODES, 1, &cluster, &err), SY_OK);
        clock_gettime(CLOCK_MONOTONIC, &t1);
        double ms = (double)(t1.tv_sec - t0.tv_sec) * 1e3 + (double)(t1.tv_nsec - t0.tv_nsec) / 1e6;
        if (ms < best_ms)
            best_ms = ms;
        sy_cluster_unref(cluster);
    }
    printf("# cluster of %u nodes: %.2f ms\n", NODES, best_ms);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    ck_assert_double_lt(best_ms, 50);
#else
    ck_assert_double_lt(best_ms, 5);
#endif
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster");
    TCase *tcase = tcase_create("cluster");
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, order_index_and_classes);
    tcase_add_test(tcase, a_change_shares_the_rest);
    tcase_add_test(tcase, name_twice);
    tcase_add_test(tcase, empty);
    tcase_add_test(tcase, every_allocation_may_fail);
    tcase_add_test(tcase, fast_enough);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
