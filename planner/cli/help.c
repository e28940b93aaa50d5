/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/cli_private.h"

#include <string.h>

size_t sy_cli_tables(const struct sy_command *command, struct sy_option_table table[3])
{
    size_t n = 0;
    table[n++] = (struct sy_option_table){command->option, command->noption};
    if (command->state)
        table[n++] = sy_cli_state;
    table[n++] = sy_cli_common;
    return n;
}

static void print_summary(const struct sy_command *command, FILE *out)
{
    (void)fprintf(out, "  %-22s %s\n", command->name, command->summary);
}

void sy_cli_help_program(const struct sy_commands *commands, FILE *out)
{
    (void)fputs("usage: " SY_PROGRAM_NAME " COMMAND [argument ...] [option ...]\n"
                "What fits where on a cluster's accelerators, and what if: answered by the engine "
                "that answers kube-scheduler.\n\n",
                out);
    for (size_t i = 0; i < commands->n; i++)
        if (!commands->command[i]->hidden)
            print_summary(commands->command[i], out);
    (void)fputs(
        "  completion             print the completion script of bash, zsh or fish\n"
        "  version                print the version\n"
        "\nA cluster is read from --snapshot FILE|DIR|- or, without it, from the API server "
        "of the kubeconfig.\n"
        "Exit status: 0 done or fits, 1 does not fit now, 2 can never fit, 64 and up: "
        "usage, bad input, internal.\n"
        "'" SY_PROGRAM_NAME " COMMAND --help' says more.\n",
        out);
}

void sy_cli_help_group(const struct sy_commands *commands, const char *group, FILE *out)
{
    size_t len = strlen(group);
    (void)fprintf(out, "usage: " SY_PROGRAM_NAME " %s COMMAND [argument ...] [option ...]\n\n",
                  group);
    for (size_t i = 0; i < commands->n; i++)
        if (strncmp(commands->command[i]->name, group, len) == 0 &&
            (commands->command[i]->name[len] == ' ' || commands->command[i]->name[len] == '\0'))
            print_summary(commands->command[i], out);
    for (size_t i = 0; i < commands->n; i++)
        if (strcmp(commands->command[i]->name, group) == 0) {
            (void)fputs("\nor ", out);
            sy_cli_help_command(commands->command[i], out);
        }
}

#define WIDTH 100

/* Lines broken at blanks; one that begins with a blank stays as it is. */
static void print_text(const char *text, FILE *out)
{
    while (*text != '\0') {
        size_t line = strcspn(text, "\n"), len = line;
        if (line > WIDTH && text[0] != ' ') {
            len = WIDTH;
            while (len > 0 && text[len] != ' ')
                len--;
            len = len > 0 ? len : line;
        }
        (void)fprintf(out, "%.*s\n", (int)len, text);
        text += len + (text[len] != '\0');
    }
}

void sy_cli_help_command(const struct sy_command *command, FILE *out)
{
    (void)fprintf(out, "usage: " SY_PROGRAM_NAME " %s %s\n%s.\n", command->name, command->synopsis,
                  command->summary);
    if (command->details != NULL) {
        (void)fputs("\n", out);
        print_text(command->details, out);
    }
    struct sy_option_table table[3];
    size_t n = sy_cli_tables(command, table);
    (void)fputs("\noptions:\n", out);
    for (size_t i = 0; i < n; i++)
        sy_options_help(&table[i], out);
    (void)fprintf(out, "\nformats of -o: %s\n", command->formats);
    (void)fprintf(out, "\nexample: %s\n", command->example);
}
