/* SPDX-License-Identifier: Apache-2.0 */
/* switchyard: the table of its commands, in the order of the help. */
#include "planner/answer/answer.h"
#include "planner/cli/cli.h"
#include "planner/fleet/command.h"
#include "topology/discover/discover.h"

static const struct sy_command *const commands[] = {
    &sy_command_fleet_generate,
    &sy_command_fleet_compare,
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
