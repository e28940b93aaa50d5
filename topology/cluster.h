/* SPDX-License-Identifier: Apache-2.0 */
/* An immutable, ref-counted set of nodes with a name index. A change publishes a new cluster that
 * shares the unchanged nodes: only the pointer array and index are copied. */
#ifndef SY_TOPOLOGY_CLUSTER_H
#define SY_TOPOLOGY_CLUSTER_H

#include "topology/node.h"

struct sy_cluster {
    unsigned refs; /* atomic */
    uint64_t generation;
    uint32_t n;
    struct sy_node **node; /* ascending by name */
    /* Nodes that placement cannot tell apart have the same class: 0 .. nclass-1. */
    uint32_t nclass;
    uint32_t *class_of;  /* [n] */
    uint32_t index_mask; /* open addressing; slots hold node index + 1 */
    uint32_t *index;
};

/* A cluster of these nodes (references are taken). Two nodes of one name: SY_ECONFLICT. */
SY_NODISCARD enum sy_code sy_cluster_new(struct sy_node *const *nodes, size_t n,
                                         uint64_t generation, struct sy_cluster **ret,
                                         struct sy_err *err);
struct sy_cluster *sy_cluster_ref(struct sy_cluster *cluster);
void sy_cluster_unref(struct sy_cluster *cluster);
/* Index of the node with this name, or -1. */
int64_t sy_cluster_find(const struct sy_cluster *cluster, const char *name, size_t len);

#endif
