/* SPDX-License-Identifier: Apache-2.0 */
/* An immutable, ref-counted set of nodes with a name index. A change publishes a new cluster that
 * shares the unchanged nodes, and the index while the names are the same (cluster_builder.h). */
#ifndef SY_TOPOLOGY_CLUSTER_H
#define SY_TOPOLOGY_CLUSTER_H

#include "topology/node.h"

#define SY_CLUSTER_NODES_MAX (UINT32_C(1) << 24)

struct sy_name_index; /* opaque, immutable, ref-counted */

struct sy_cluster {
    unsigned refs; /* atomic */
    uint64_t generation;
    uint64_t nunit; /* of all nodes */
    uint32_t n;
    struct sy_node **node; /* ascending by name */
    /* Nodes that placement cannot tell apart have the same class: 0 .. nclass-1. */
    uint32_t nclass;
    uint32_t *class_of; /* [n] */
    /* The same object in two clusters: they have the same names, in the same places. */
    struct sy_name_index *index;
};

/* A cluster of these nodes (references are taken), in whatever order. Two nodes of one name:
 * SY_ECONFLICT. More than SY_CLUSTER_NODES_MAX: SY_ELIMIT. */
SY_NODISCARD enum sy_code sy_cluster_new(struct sy_node *const *nodes, size_t n,
                                         uint64_t generation, struct sy_cluster **ret,
                                         struct sy_err *err);
struct sy_cluster *sy_cluster_ref(struct sy_cluster *cluster);
void sy_cluster_unref(struct sy_cluster *cluster);
/* Index of the node with this name, or -1. */
int64_t sy_cluster_find(const struct sy_cluster *cluster, const char *name, size_t len);

#endif
