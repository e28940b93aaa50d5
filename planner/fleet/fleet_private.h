/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/fleet. */
#ifndef SY_PLANNER_FLEET_PRIVATE_H
#define SY_PLANNER_FLEET_PRIVATE_H

#include "planner/fleet/fleet.h"

extern const unsigned char sy_fleet_default[]; /* default.yaml, compiled in */
extern const size_t sy_fleet_default_len;

/* The slowest rate of the request's devices that train (others only help), NULL = none of them
 * does. */
const struct sy_fleet_rate *sy_fleet_rate_of(const struct sy_fleet *fleet,
                                             const struct sy_request *request);

#endif
