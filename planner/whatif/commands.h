/* SPDX-License-Identifier: Apache-2.0 */
/* The single questions, each a row of the program's table of commands. */
#ifndef SY_PLANNER_WHATIF_COMMANDS_H
#define SY_PLANNER_WHATIF_COMMANDS_H

#include "planner/cli/cli.h"

extern const struct sy_command sy_command_whatif_fit;
extern const struct sy_command sy_command_whatif_satisfiable;
extern const struct sy_command sy_command_whatif_how_many;
extern const struct sy_command sy_command_whatif_add_nodes;
extern const struct sy_command sy_command_whatif_remove_nodes;
extern const struct sy_command sy_command_whatif_drain;
extern const struct sy_command sy_command_whatif_power;
extern const struct sy_command sy_command_whatif_survive;
extern const struct sy_command sy_command_whatif_compare;

#endif
