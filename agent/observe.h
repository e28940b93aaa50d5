/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a unit's function in sysfs: is it there, who drives it, its errors and its link. */
#ifndef SY_AGENT_OBSERVE_H
#define SY_AGENT_OBSERVE_H

#include "agent/health.h"
#include "base/hash.h"
#include "topology/fabric.h"

/* The link as it runs now; 0 = unknown. */
struct sy_link_now {
    uint8_t width;
    uint32_t mbps;
};

/* `root`: open folder that holds sys/. What the kubelet says is left for the caller to fill in. */
void sy_observe_unit(int root, const struct sy_fabric *fabric, uint16_t unit,
                     struct sy_look *ret_look, struct sy_link_now *ret_link);
/* Lanes that the link of a unit can have: of its function and the port above. 0 = unknown. */
uint8_t sy_observe_max_width(const struct sy_fabric *fabric, uint16_t unit);
/* Digest of what makes a full scan worthwhile: functions, their drivers and virtual functions, and
 * the present width of their links. SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_observe_digest(int root, struct sy_digest *ret, struct sy_err *err);

#endif
