/* SPDX-License-Identifier: Apache-2.0 */
/* Private to planner/cli: the program's parts. */
#ifndef SY_PLANNER_CLI_PRIVATE_H
#define SY_PLANNER_CLI_PRIVATE_H

#include "planner/cli/cli.h"

struct sy_commands {
    const struct sy_command *const *command;
    size_t n;
};

/* The tables of options of a command, its own first; at most 3. */
size_t sy_cli_tables(const struct sy_command *command, struct sy_option_table table[3]);
/* --help: of the program, of a group ("whatif"), or of one command. */
void sy_cli_help_program(const struct sy_commands *commands, FILE *out);
void sy_cli_help_group(const struct sy_commands *commands, const char *group, FILE *out);
void sy_cli_help_command(const struct sy_command *command, FILE *out);
/* `switchyard completion bash|zsh|fish`: a script made of the tables. SY_EUSAGE for another shell,
 * SY_EIO. */
SY_NODISCARD enum sy_code sy_cli_completion(const struct sy_commands *commands, const char *shell,
                                            FILE *out, struct sy_err *err);

#endif
