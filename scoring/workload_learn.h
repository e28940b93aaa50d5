/* SPDX-License-Identifier: Apache-2.0 */
/* The workload of a cluster as a snapshot of it shows: what its pods hold. A pure function of the
 * snapshot, so that every replica, and who reads a recorded one, comes to the same. Groups are
 * resource names; a device that can be asked for by several counts under the first of the
 * catalogue. CPU and memory are not in a snapshot and do not bind; devices are given whole. */
#ifndef SY_SCORING_WORKLOAD_LEARN_H
#define SY_SCORING_WORKLOAD_LEARN_H

#include "scoring/workload.h"
#include "topology/cluster.h"

#define SY_WORKLOAD_LEARNT 4096u /* different kinds of pods that are told apart */

/* The typical pods among those that hold devices, by SY_WORKLOAD_PERCENT. Nodes that only count
 * what is held say nothing of pods; pods with a resource beyond the SY_WORKLOAD_GROUPS most held,
 * and kinds beyond SY_WORKLOAD_LEARNT, take no part. SY_ELIMIT, SY_ENOMEM as sy_workload_new. */
SY_NODISCARD enum sy_code sy_workload_learn(const struct sy_cluster *cluster,
                                            struct sy_workload **ret, struct sy_err *err);
/* A node of which the units of `left` are free, as a learnt workload sees it. Units past
 * SY_WORKLOAD_KINDS different sorts take no part. */
void sy_workload_node_of(const struct sy_workload *workload, const struct sy_fabric *fabric,
                         const struct sy_devset *left, struct sy_workload_node *ret);

#endif
