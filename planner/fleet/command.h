/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard fleet generate` and `switchyard fleet compare`. */
#ifndef SY_PLANNER_FLEET_COMMAND_H
#define SY_PLANNER_FLEET_COMMAND_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_fleet_generate;
extern const struct sy_command sy_command_fleet_compare;

#endif
