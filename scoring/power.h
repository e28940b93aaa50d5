/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioned power of a snapshot under a policy: what is held, at its caps, at every element from
 * device and node up through the policy's power domains; and the room left for one more set. */
#ifndef SY_SCORING_POWER_H
#define SY_SCORING_POWER_H

#include "scoring/value.h"
#include "topology/cluster.h"

struct sy_power_element {
    int64_t limit_mw;       /* SY_UNKNOWN_MW */
    int64_t provisioned_mw; /* what is known of it */
    int64_t empty_mw;       /* the same with no device held: base and idle */
    uint32_t unknown;       /* nodes of which part of what is provisioned is unknown */
};

struct sy_power {
    unsigned refs; /* atomic */
    uint32_t nnode;
    struct sy_power_element *node; /* by node index of the cluster */
    int32_t *domain_of;            /* by node: its innermost domain, -1 */
    uint16_t ndomain;
    struct sy_power_element *domain;
    struct sy_policy *policy; /* a reference */
};

SY_NODISCARD enum sy_code sy_power_new(const struct sy_cluster *cluster, struct sy_policy *policy,
                                       struct sy_power **ret, struct sy_err *err);
/* What sy_power_new gives for `cluster`, made of `before`, which is the power of `earlier`: only
 * nodes that are other objects than in `earlier` are looked at. Where that cannot be (other names,
 * other labels, another policy, a sum past INT64_MAX) all are. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_power_update(struct sy_power *before, const struct sy_cluster *earlier,
                                          const struct sy_cluster *cluster,
                                          struct sy_policy *policy, struct sy_power **ret,
                                          struct sy_err *err);
struct sy_power *sy_power_ref(struct sy_power *power);
void sy_power_unref(struct sy_power *power); /* thread-safe; takes NULL */

/* The least headroom on the node's path to the root. `node` by index. */
struct sy_room sy_power_room(const struct sy_power *power, uint32_t node);
/* The same for a node that is not in the cluster (a template): its own element only. */
struct sy_room sy_power_room_alone(const struct sy_node *node, const struct sy_policy *policy);
/* The most headroom that the way to the root can ever have: with no device held anywhere on it.
 * INT64_MAX = no limit is known. What is unknown counts as nothing. */
int64_t sy_power_most(const struct sy_power *power, uint32_t node);
int64_t sy_power_most_alone(const struct sy_node *node, const struct sy_policy *policy);
/* Provisioned power of one node: base plus, per unit, cap or TDP when held and idle otherwise. A
 * node that does not report who holds what is charged as if all of its units were held, and marked.
 */
struct sy_power_element sy_power_of_node(const struct sy_node *node,
                                         const struct sy_policy *policy);

#endif
