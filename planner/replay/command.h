/* SPDX-License-Identifier: Apache-2.0 */
/* switchyard replay, switchyard replay merge. */
#ifndef SY_PLANNER_REPLAY_COMMAND_H
#define SY_PLANNER_REPLAY_COMMAND_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_replay;
extern const struct sy_command sy_command_replay_merge;

#endif
