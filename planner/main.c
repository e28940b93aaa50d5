/* SPDX-License-Identifier: Apache-2.0 */
/* switchyard: the table of its commands, in the order of the help. */
#include "planner/answer/answer.h"
#include "planner/check/check.h"
#include "planner/cli/cli.h"
#include "planner/draw/command.h"
#include "planner/explain/explain.h"
#include "planner/fleet/command.h"
#include "planner/replay/command.h"
#include "planner/report/report.h"
#include "planner/state/command.h"
#include "planner/whatif/commands.h"
#include "planner/whatif/scenario_command.h"
#include "topology/discover/discover.h"

static const struct sy_command *const commands[] = {
    &sy_command_topology,
    &sy_command_check,
    &sy_command_explain,
    &sy_command_snapshot,
    &sy_command_whatif,
    &sy_command_whatif_fit,
    &sy_command_whatif_satisfiable,
    &sy_command_whatif_how_many,
    &sy_command_whatif_add_nodes,
    &sy_command_whatif_remove_nodes,
    &sy_command_whatif_drain,
    &sy_command_whatif_power,
    &sy_command_whatif_survive,
    &sy_command_whatif_compare,
    &sy_command_fleet_generate,
    &sy_command_fleet_compare,
    &sy_command_report,
    &sy_command_replay,
    &sy_command_replay_merge,
    &sy_command_answer,
};

int main(int argc, char **argv)
{
    int child = sy_discover_child_main(argc, argv); /* hwloc reads XML in a process of its own */
    if (child >= 0)
        return child;
    sy_mem_init();
    return sy_cli_main(commands, sizeof commands / sizeof commands[0], argc, argv, stdout, stderr);
}
