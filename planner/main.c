/* SPDX-License-Identifier: Apache-2.0 */
/* switchyard: the table of its commands, in the order of the help. */
#include "planner/cli/cli.h"
#include "topology/discover/discover.h"

/* Each is a constant of the folder that its first word names, but for those said otherwise. */
static const struct sy_command *const commands[] = {
    NULL, /* keeps the table from being empty */
};

int main(int argc, char **argv)
{
    int child = sy_discover_child_main(argc, argv); /* hwloc reads XML in a process of its own */
    if (child >= 0)
        return child;
    sy_mem_init();
    return sy_cli_main(commands + 1, sizeof commands / sizeof commands[0] - 1, argc, argv, stdout,
                       stderr);
}
