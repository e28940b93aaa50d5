/* SPDX-License-Identifier: Apache-2.0 */
/* switchyard topology: a node, or every node of a file or directory, drawn. */
#ifndef SY_PLANNER_DRAW_COMMAND_H
#define SY_PLANNER_DRAW_COMMAND_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_topology;

#endif
