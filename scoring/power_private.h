/* SPDX-License-Identifier: Apache-2.0 */
/* Private to scoring: which power domain a node belongs to. */
#ifndef SY_SCORING_POWER_PRIVATE_H
#define SY_SCORING_POWER_PRIVATE_H

#include "scoring/power.h"

/* Fill domain_of[] of every node: the deepest domain that names it or matches its labels; of
 * equally deep ones the first of the policy; -1 = none. */
SY_NODISCARD enum sy_code sy_power_members(const struct sy_cluster *cluster,
                                           const struct sy_policy *policy, int32_t *domain_of,
                                           struct sy_err *err);

#endif
