/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard whatif -f scenario.yaml`. */
#ifndef SY_PLANNER_WHATIF_SCENARIO_COMMAND_H
#define SY_PLANNER_WHATIF_SCENARIO_COMMAND_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_whatif;

#endif
