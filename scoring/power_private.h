/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scoring: power without its numbers, and which power domain a node belongs to. */
#ifndef SY_SCORING_POWER_PRIVATE_H
#define SY_SCORING_POWER_PRIVATE_H

#include "scoring/power.h"

/* Arrays of zeros for so many nodes and the policy's domains; a reference to the policy is taken.
 * NULL when out of memory. */
struct sy_power *sy_power_alloc(uint32_t nnode, struct sy_policy *policy) SY_NODISCARD;

/* Fill domain_of[] of every node: the deepest domain that names it or matches its labels; of
 * equally deep ones the first of the policy; -1 = none. */
SY_NODISCARD enum sy_code sy_power_members(const struct sy_cluster *cluster,
                                           const struct sy_policy *policy, int32_t *domain_of,
                                           struct sy_err *err);

#endif
