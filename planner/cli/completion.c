/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts, made of the same tables as the help: words of the commands, their options,
 * the values of options that have a fixed set; files otherwise. */
#include "planner/cli/cli_private.h"

#include <errno.h>
#include <string.h>

static bool is_group_head(const struct sy_commands *commands, size_t i)
{
    const char *name = commands->command[i]->name;
    size_t len = strcspn(name, " ");
    for (size_t j = 0; j < i; j++)
        if (strncmp(commands->command[j]->name, name, len) == 0 &&
            (commands->command[j]->name[len] == ' ' || commands->command[j]->name[len] == '\0'))
            return false;
    return true;
}

/* The first words of all commands. */
static void print_first_words(const struct sy_commands *commands, FILE *out)
{
    for (size_t i = 0; i < commands->n; i++) {
        const char *name = commands->command[i]->name;
        if (!commands->command[i]->hidden && is_group_head(commands, i))
            (void)fprintf(out, "%.*s ", (int)strcspn(name, " "), name);
    }
    (void)fputs("completion version", out);
}

/* The second words of the commands that begin with `group`; false when there is none. */
static bool print_second_words(const struct sy_commands *commands, const char *group, size_t len,
                               FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < commands->n; i++) {
        const char *name = commands->command[i]->name;
        if (strncmp(name, group, len) != 0 || name[len] != ' ')
            continue;
        (void)fprintf(out, "%s%s", any ? " " : "", name + len + 1);
        any = true;
    }
    return any;
}

static void print_values(const struct sy_option *option, const char *formats, FILE *out)
{
    const char *values = strcmp(option->name, "output") == 0 ? formats : option->values;
    for (const char *at = values; at != NULL && *at != '\0'; at++)
        (void)fputc(*at == '|' ? ' ' : *at, out);
}

static bool has_values(const struct sy_option *option)
{
    return option->values != NULL || strcmp(option->name, "output") == 0;
}

/* --- bash */
static void bash_command(const struct sy_command *command, FILE *out)
{
    struct sy_option_table table[3];
    size_t n = sy_cli_tables(command, table);
    (void)fprintf(out, "    '%s')\n        case $prev in\n", command->name);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table[i].n; j++) {
            const struct sy_option *option = &table[i].option[j];
            if (option->arg == NULL)
                continue;
            (void)fprintf(out, "        --%s", option->name);
            if (option->letter != 0)
                (void)fprintf(out, " | -%c", option->letter);
            (void)fputs(has_values(option) ? ") values='" : ") files=yes", out);
            if (has_values(option)) {
                print_values(option, command->formats, out);
                (void)fputc('\'', out);
            }
            (void)fputs(" ;;\n", out);
        }
    (void)fputs("        esac\n        options='", out);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table[i].n; j++)
            (void)fprintf(out, "%s--%s", i + j > 0 ? " " : "", table[i].option[j].name);
    (void)fputs("'\n        ;;\n", out);
}

static void bash_groups(const struct sy_commands *commands, FILE *out)
{
    for (size_t i = 0; i < commands->n; i++) {
        const char *name = commands->command[i]->name;
        size_t len = strcspn(name, " ");
        if (!is_group_head(commands, i))
            continue;
        bool group = false;
        for (size_t j = 0; j < commands->n; j++)
            group |= strncmp(commands->command[j]->name, name, len) == 0 &&
                     commands->command[j]->name[len] == ' ';
        if (!group)
            continue;
        (void)fprintf(out, "    %.*s)\n        second='", (int)len, name);
        (void)print_second_words(commands, name, len, out);
        (void)fputs("'\n        ;;\n", out);
    }
}

static void bash(const struct sy_commands *commands, FILE *out)
{
    (void)fputs("# bash completion for " SY_PROGRAM_NAME "; source it, or put it into "
                "/etc/bash_completion.d\n"
                "_" SY_PROGRAM_NAME "() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    local first=${COMP_WORDS[1]} command options='' values='' files='' second=''\n"
                "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W '",
                out);
    print_first_words(commands, out);
    (void)fputs("' -- \"$cur\")\n        return\n    fi\n    case $first in\n"
                "    completion) second='bash zsh fish' ;;\n",
                out);
    bash_groups(commands, out);
    (void)fputs("    esac\n"
                "    command=$first\n"
                "    if [ -n \"$second\" ]; then\n"
                "        if [ \"$COMP_CWORD\" -eq 2 ] && [[ $cur != -* ]]; then\n"
                "            mapfile -t COMPREPLY < <(compgen -W \"$second\" -- \"$cur\")\n"
                "            return\n"
                "        fi\n"
                "        [[ \" $second \" != *\" ${COMP_WORDS[2]} \"* ]] || "
                "command=\"$first ${COMP_WORDS[2]}\"\n"
                "    fi\n"
                "    case $command in\n",
                out);
    for (size_t i = 0; i < commands->n; i++)
        bash_command(commands->command[i], out);
    (void)fputs("    esac\n"
                "    if [ -n \"$values\" ]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")\n"
                "    elif [ -z \"$files\" ] && [[ $cur == -* ]]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
                "    else\n"
                "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                "    fi\n"
                "}\n"
                "complete -o filenames -F _" SY_PROGRAM_NAME " " SY_PROGRAM_NAME
                " kubectl-" SY_PROGRAM_NAME "\n",
                out);
}

/* --- zsh runs bash's completions */
static void zsh(const struct sy_commands *commands, FILE *out)
{
    (void)fputs("#compdef " SY_PROGRAM_NAME "\n"
                "# zsh completion for " SY_PROGRAM_NAME "; source it after compinit\n"
                "autoload -U +X bashcompinit && bashcompinit\n"
                "mapfile() { local -a lines; lines=(\"${(@f)$(cat)}\"); "
                "[[ -z ${lines[1]} ]] && lines=(); COMPREPLY=(\"${lines[@]}\"); }\n",
                out);
    bash(commands, out);
}

/* --- fish */
static void fish_text(const char *text, FILE *out)
{
    (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
    (void)fputc('\'', out);
}

static void fish_option(const struct sy_command *command, const struct sy_option *option, FILE *out)
{
    const char *second = strchr(command->name, ' ');
    (void)fprintf(out, "complete -c " SY_PROGRAM_NAME " -n '__fish_seen_subcommand_from %.*s",
                  (int)strcspn(command->name, " "), command->name);
    if (second != NULL)
        (void)fprintf(out, "; and __fish_seen_subcommand_from %s", second + 1);
    (void)fprintf(out, "' -l %s", option->name);
    if (option->letter != 0)
        (void)fprintf(out, " -s %c", option->letter);
    if (option->arg != NULL)
        (void)fputs(" -r", out);
    if (has_values(option)) {
        (void)fputs(" -f -a '", out);
        print_values(option, command->formats, out);
        (void)fputc('\'', out);
    }
    (void)fputs(" -d ", out);
    fish_text(option->help, out);
    (void)fputc('\n', out);
}

static void fish(const struct sy_commands *commands, FILE *out)
{
    (void)fputs("# fish completion for " SY_PROGRAM_NAME "; put it into "
                "~/.config/fish/completions/" SY_PROGRAM_NAME ".fish\n"
                "complete -c " SY_PROGRAM_NAME " -n __fish_use_subcommand -f -a '",
                out);
    print_first_words(commands, out);
    (void)fputs("'\n", out);
    for (size_t i = 0; i < commands->n; i++) {
        const struct sy_command *command = commands->command[i];
        const char *second = strchr(command->name, ' ');
        if (second != NULL) {
            (void)fprintf(out,
                          "complete -c " SY_PROGRAM_NAME
                          " -n '__fish_seen_subcommand_from %.*s' -f -a %s -d ",
                          (int)(second - command->name), command->name, second + 1);
            fish_text(command->summary, out);
            (void)fputc('\n', out);
        }
        struct sy_option_table table[3];
        size_t n = sy_cli_tables(command, table);
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < table[j].n; k++)
                fish_option(command, &table[j].option[k], out);
    }
}

enum sy_code sy_cli_completion(const struct sy_commands *commands, const char *shell, FILE *out,
                               struct sy_err *err)
{
    char shown[40];
    if (strcmp(shell, "bash") == 0)
        bash(commands, out);
    else if (strcmp(shell, "zsh") == 0)
        zsh(commands, out);
    else if (strcmp(shell, "fish") == 0)
        fish(commands, out);
    else
        return sy_fail(err, SY_EUSAGE, "'%s': expected bash, zsh or fish",
                       sy_quote(shown, sizeof shown, shell, strlen(shell)));
    if (fflush(out) != 0 || ferror(out))
        return sy_fail(err, SY_EIO, "standard output: %s", strerror(errno));
    return SY_OK;
}
