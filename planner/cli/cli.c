/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/cli/cli_private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct sy_option common[] = {
    {.name = "output", .letter = 'o', .arg = "FORMAT", .help = "form of the answer"},
    {.name = "no-headers", .help = "leave the tables' first lines out"},
    {.name = "verbose", .letter = 'v', .help = "say more on standard error"},
    {.name = "help", .letter = 'h', .help = "print this text and exit"},
};
const struct sy_option_table sy_cli_common = {common, sizeof common / sizeof common[0]};

static const struct sy_option state[] = {
    {.name = "snapshot",
     .letter = 's',
     .arg = "FILE|DIR|-",
     .repeats = true,
     .help = "the cluster as files: a snapshot, kubectl's or the service's lists, node documents, "
             "or a directory of these; several are joined"},
    {.name = "kubeconfig", .arg = "FILE", .help = "the cluster as its API server tells it"},
    {.name = "context", .arg = "NAME", .help = "context of the kubeconfig (its current one)"},
    {.name = "in-cluster", .help = "the API server of the cluster that this runs in as a pod"},
    {.name = "namespace",
     .letter = 'n',
     .arg = "NAME",
     .help = "of pods that do not say theirs (default)"},
    {.name = "policy", .arg = "FILE", .help = "policy file (built-in default)"},
    {.name = "catalogue",
     .arg = "FILE",
     .repeats = true,
     .help = "extends or overrides the device catalogue; may be repeated"},
    {.name = "now",
     .arg = "TIME",
     .help =
         "the time that ages are reckoned from, RFC 3339 (the snapshot's own; live: the clock)"},
    {.name = "kube-scheduler-version",
     .arg = "VERSION",
     .values = "1.35|1.36",
     .help = "whose filters and scores are modelled: 1.35 or 1.36 (1.36)"},
};
const struct sy_option_table sy_cli_state = {state, sizeof state / sizeof state[0]};

/* "whatif fit" of the arguments `whatif fit …`: the longest name that they begin with. */
static const struct sy_command *find_command(const struct sy_commands *commands, int argc,
                                             char *const *argv, int *ret_words)
{
    const struct sy_command *found = NULL;
    for (size_t i = 0; i < commands->n; i++) {
        const char *name = commands->command[i]->name;
        int words = 0;
        bool same = true;
        while (same && *name != '\0' && words < argc) {
            size_t len = strcspn(name, " ");
            same = strlen(argv[words]) == len && memcmp(argv[words], name, len) == 0;
            name += len + (name[len] == ' ');
            words++;
        }
        if (same && *name == '\0' && (found == NULL || words > *ret_words)) {
            found = commands->command[i];
            *ret_words = words;
        }
    }
    return found;
}

static bool is_group(const struct sy_commands *commands, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < commands->n; i++)
        if (strncmp(commands->command[i]->name, word, len) == 0 &&
            commands->command[i]->name[len] == ' ')
            return true;
    return false;
}

static enum sy_code find_format(const struct sy_command *command, const char *text,
                                enum sy_format *ret, struct sy_err *err)
{
    char shown[40];
    size_t wanted = text != NULL ? strlen(text) : strcspn(command->formats, "|");
    const char *name = text != NULL ? text : command->formats;
    for (const char *at = command->formats; at != NULL; at = strchr(at, '|')) {
        at += at != command->formats;
        if (strcspn(at, "|") != wanted || memcmp(at, name, wanted) != 0)
            continue;
        for (unsigned i = 0; i < SY_FORMAT_COUNT; i++)
            if (strlen(sy_format_name(i)) == wanted && memcmp(sy_format_name(i), at, wanted) == 0) {
                *ret = (enum sy_format)i;
                return SY_OK;
            }
    }
    return sy_fail(err, SY_EUSAGE, "-o '%s': expected one of %s",
                   sy_quote(shown, sizeof shown, name, wanted), command->formats);
}

static enum sy_code run_parsed(const struct sy_command *command, struct sy_cli *cli,
                               struct sy_err *err)
{
    if (sy_options_flag(cli->options, "help")) {
        sy_cli_help_command(command, cli->out);
        return SY_OK;
    }
    cli->verbose = sy_options_flag(cli->options, "verbose");
    cli->headers = !sy_options_flag(cli->options, "no-headers");
    enum sy_code code =
        find_format(command, sy_options_str(cli->options, "output"), &cli->format, err);
    if (code == SY_OK)
        code = command->run(cli, err);
    if (code != SY_OK)
        return code;
    errno = 0;
    code = sy_result_print(cli->result, cli->format, cli->headers, cli->out, err);
    if (code == SY_EIO && errno == EPIPE)
        err->text[0] = '\0'; /* whoever read it has seen enough */
    return code;
}

static int run(const struct sy_command *command, size_t argc, char *const *argv, FILE *out,
               FILE *err_out)
{
    struct sy_err err = {0};
    struct sy_option_table table[3];
    size_t ntable = sy_cli_tables(command, table);
    SY_AUTO(sy_options) struct sy_options *options = NULL;
    struct sy_result result;
    sy_result_init(&result);
    struct sy_cli cli = {
        .out = out, .err = err_out, .terminal = isatty(fileno(err_out)) == 1, .result = &result};
    enum sy_code code = sy_options_parse(table, ntable, argc, argv, &options, &err);
    cli.options = options;
    if (code == SY_OK)
        code = run_parsed(command, &cli, &err);
    sy_result_done(&result);
    if (code == SY_OK)
        return cli.exit_status;
    if (err.text[0] != '\0')
        (void)fprintf(err_out, SY_PROGRAM_NAME " %s: %s\n", command->name, err.text);
    return sy_code_exit(code);
}

/* `group`: " whatif", or "". */
static int unknown_command(const char *group, const char *word, FILE *err_out)
{
    char shown[80];
    (void)fprintf(err_out,
                  SY_PROGRAM_NAME "%s: no command '%s'; see " SY_PROGRAM_NAME "%s --help\n", group,
                  sy_quote(shown, sizeof shown, word, strlen(word)), group);
    return sy_code_exit(SY_EUSAGE);
}

/* The first word of several commands, and perhaps (`found`) a command by itself: that takes options
 * alone, so that a word behind it is a command's. */
static int run_group(const struct sy_commands *commands, const struct sy_command *found, int argc,
                     char *const *argv, FILE *out, FILE *err_out)
{
    bool asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (asked || argc == 1) {
        sy_cli_help_group(commands, argv[0], asked ? out : err_out);
        return asked ? SY_EXIT_YES : sy_code_exit(SY_EUSAGE);
    }
    char group[40];
    (void)snprintf(group, sizeof group, " %s", argv[0]);
    if (found == NULL || argv[1][0] != '-')
        return unknown_command(group, argv[1], err_out);
    return run(found, (size_t)(argc - 1), argv + 1, out, err_out);
}

static int complete(const struct sy_commands *commands, int argc, char *const *argv, FILE *out,
                    FILE *err_out)
{
    struct sy_err err = {0};
    if (argc == 1 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        (void)fputs("usage: " SY_PROGRAM_NAME " completion bash|zsh|fish\n"
                    "Prints a script that completes commands, options and their values; for "
                    "bash: source <(" SY_PROGRAM_NAME " completion bash)\n",
                    out);
        return SY_EXIT_YES;
    }
    enum sy_code code = argc == 1 ? sy_cli_completion(commands, argv[0], out, &err)
                                  : sy_fail(&err, SY_EUSAGE, "expected bash, zsh or fish");
    if (code != SY_OK)
        (void)fprintf(err_out, SY_PROGRAM_NAME " completion: %s\n", err.text);
    return sy_code_exit(code);
}

/* `help`, `help whatif`, `help whatif fit`. */
static int help_about(const struct sy_commands *commands, int argc, char *const *argv, FILE *out,
                      FILE *err_out)
{
    int words = 0;
    const struct sy_command *found = find_command(commands, argc, argv, &words);
    if (argc == 0)
        sy_cli_help_program(commands, out);
    else if (argc == 1 && is_group(commands, argv[0]))
        sy_cli_help_group(commands, argv[0], out);
    else if (found != NULL && words == argc)
        sy_cli_help_command(found, out);
    else
        return unknown_command("", argv[0], err_out);
    return SY_EXIT_YES;
}

int sy_cli_main(const struct sy_command *const *command, size_t n, int argc, char *const *argv,
                FILE *out, FILE *err_out)
{
    const struct sy_commands commands = {command, n};
    int words = 0;
    (void)signal(SIGPIPE, SIG_IGN); /* `| head` ends the writing */
    argc--;
    argv++;
    if (argc < 1) {
        sy_cli_help_program(&commands, err_out);
        return sy_code_exit(SY_EUSAGE);
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
        strcmp(argv[0], "help") == 0)
        return help_about(&commands, argc - 1, argv + 1, out, err_out);
    if (strcmp(argv[0], "version") == 0 || strcmp(argv[0], "--version") == 0) {
        (void)fprintf(out, SY_PROGRAM_NAME " " SY_VERSION "\n");
        return SY_EXIT_YES;
    }
    if (strcmp(argv[0], "completion") == 0)
        return complete(&commands, argc - 1, argv + 1, out, err_out);
    const struct sy_command *found = find_command(&commands, argc, argv, &words);
    if ((found == NULL || words == 1) && is_group(&commands, argv[0]))
        return run_group(&commands, found, argc, argv, out, err_out);
    if (found == NULL)
        return unknown_command("", argv[0], err_out);
    return run(found, (size_t)(argc - words), argv + words, out, err_out);
}
