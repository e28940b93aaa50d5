/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one cluster after another while nodes change: what a change costs does not grow with the
 * cluster, what publishing costs is the copy of two arrays and a reference to each node; names that
 * come or go make it sort and index anew. For one thread; what it publishes is for all. */
#ifndef SY_TOPOLOGY_CLUSTER_BUILDER_H
#define SY_TOPOLOGY_CLUSTER_BUILDER_H

#include "topology/cluster.h"

struct sy_cluster_builder;

/* No nodes yet. NULL when out of memory. */
struct sy_cluster_builder *sy_cluster_builder_new(void) SY_NODISCARD;
void sy_cluster_builder_free(struct sy_cluster_builder *builder); /* takes NULL */
SY_DEFINE_AUTO(struct sy_cluster_builder, sy_cluster_builder, sy_cluster_builder_free)

/* This node instead of the one of its name, or beside the others; a reference is taken. On failure
 * all stays as it was: SY_ENOMEM; SY_ELIMIT past SY_CLUSTER_NODES_MAX names. */
SY_NODISCARD enum sy_code sy_cluster_builder_put(struct sy_cluster_builder *builder,
                                                 struct sy_node *node, struct sy_err *err);
/* No node of this name any more; nothing when there is none. */
void sy_cluster_builder_remove(struct sy_cluster_builder *builder, const char *name);
/* The cluster of the nodes now, equal to what sy_cluster_new makes of them but for the order of
 * class numbers. Shares the index with the one published before while the names are the same. On
 * failure (SY_ENOMEM) nothing is lost, and the next call may succeed. */
SY_NODISCARD enum sy_code sy_cluster_builder_publish(struct sy_cluster_builder *builder,
                                                     uint64_t generation, struct sy_cluster **ret,
                                                     struct sy_err *err);

#endif
