/* SPDX-License-Identifier: Apache-2.0 */
/* switchyard: the table of its commands, in the order of the help. */
#include "planner/cli/cli.h"

static const struct sy_command *const commands[] = {
    NULL, /* keeps the table from being empty */
};

int main(int argc, char **argv)
{
    return sy_cli_main(commands + 1, sizeof commands / sizeof commands[0] - 1, argc, argv, stdout,
                       stderr);
}
