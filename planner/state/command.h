/* SPDX-License-Identifier: Apache-2.0 */
/* `switchyard snapshot`. */
#ifndef SY_PLANNER_STATE_COMMAND_H
#define SY_PLANNER_STATE_COMMAND_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_snapshot;

#endif
