/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/cluster.h"

#include "topology/cluster_private.h"

#include <stdlib.h>
#include <string.h>

static int node_cmp(const void *left, const void *right)
{
    const struct sy_node *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* Ascending by name; a cluster made from another one is so already, but for what changed. */
static enum sy_code sort_nodes(struct sy_cluster *cluster, struct sy_err *err)
{
    bool sorted = true;
    for (uint32_t i = 1; i < cluster->n && sorted; i++)
        sorted = node_cmp(&cluster->node[i - 1], &cluster->node[i]) < 0;
    if (!sorted)
        qsort(cluster->node, cluster->n, sizeof(struct sy_node *), node_cmp);
    for (uint32_t i = 1; i < cluster->n && !sorted; i++) {
        if (node_cmp(&cluster->node[i - 1], &cluster->node[i]) == 0)
            return sy_fail(err, SY_ECONFLICT, "two nodes are named '%s'", cluster->node[i]->name);
    }
    return SY_OK;
}

static void index_names(struct sy_cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->n; i++)
        sy_name_index_add(cluster->index, cluster->node[i], i);
}

/* Number the distinct states. Equal digests are taken for equal states: with 128 bits, a cluster of
 * a million states meets a false match once in about 10^26 builds. */
static enum sy_code find_classes(struct sy_cluster *cluster, struct sy_err *err)
{
    uint32_t mask = sy_table_size(cluster->n) - 1;
    sy_autofree uint32_t *first = sy_calloc((size_t)mask + 1, sizeof *first); /* node index + 1 */
    if (first == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < cluster->n; i++) {
        struct sy_digest state = cluster->node[i]->state;
        uint32_t slot = (uint32_t)(state.lo ^ state.hi >> 32) & mask;
        while (first[slot] != 0 && !sy_digest_equal(cluster->node[first[slot] - 1]->state, state))
            slot = (slot + 1) & mask;
        if (first[slot] == 0) {
            first[slot] = i + 1;
            cluster->class_of[i] = cluster->nclass++;
        } else {
            cluster->class_of[i] = cluster->class_of[first[slot] - 1];
        }
    }
    return SY_OK;
}

static void free_cluster(struct sy_cluster *cluster)
{
    sy_free(cluster->node);
    sy_free(cluster->class_of);
    sy_name_index_unref(cluster->index);
    sy_free(cluster);
}

struct sy_cluster *sy_cluster_alloc(uint32_t n, uint64_t generation)
{
    struct sy_cluster *cluster = sy_calloc(1, sizeof *cluster);
    if (cluster == NULL)
        return NULL;
    cluster->refs = 1;
    cluster->generation = generation;
    cluster->n = n;
    cluster->node = sy_calloc((size_t)n + 1, sizeof(struct sy_node *));
    cluster->class_of = sy_calloc((size_t)n + 1, sizeof *cluster->class_of);
    if (cluster->node == NULL || cluster->class_of == NULL) {
        free_cluster(cluster);
        return NULL;
    }
    return cluster;
}

enum sy_code sy_cluster_new(struct sy_node *const *nodes, size_t n, uint64_t generation,
                            struct sy_cluster **ret, struct sy_err *err)
{
    if (n > SY_CLUSTER_NODES_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu nodes, at most %u are supported", n,
                       SY_CLUSTER_NODES_MAX);
    struct sy_cluster *cluster = sy_cluster_alloc((uint32_t)n, generation);
    if (cluster == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    cluster->index = sy_name_index_new((uint32_t)n);
    enum sy_code code = SY_OK;
    if (cluster->index == NULL)
        code = sy_fail(err, SY_ENOMEM, "out of memory");
    if (code == SY_OK && n > 0)
        memcpy(cluster->node, nodes, n * sizeof(struct sy_node *));
    if (code == SY_OK)
        code = sort_nodes(cluster, err);
    if (code == SY_OK)
        code = find_classes(cluster, err);
    if (code != SY_OK) {
        free_cluster(cluster);
        return code;
    }
    index_names(cluster);
    for (uint32_t i = 0; i < cluster->n; i++) {
        (void)sy_node_ref(cluster->node[i]);
        cluster->nunit += cluster->node[i]->fabric->nunit;
    }
    *ret = cluster;
    return SY_OK;
}

struct sy_cluster *sy_cluster_ref(struct sy_cluster *cluster)
{
    __atomic_fetch_add(&cluster->refs, 1, __ATOMIC_RELAXED);
    return cluster;
}

void sy_cluster_unref(struct sy_cluster *cluster)
{
    if (cluster == NULL || __atomic_fetch_sub(&cluster->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    for (uint32_t i = 0; i < cluster->n; i++)
        sy_node_unref(cluster->node[i]);
    free_cluster(cluster);
}

int64_t sy_cluster_find(const struct sy_cluster *cluster, const char *name, size_t len)
{
    return sy_name_index_find(cluster->index, cluster->node, name, len);
}
