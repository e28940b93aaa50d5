/* SPDX-License-Identifier: Apache-2.0 */
/* The program's frame: a table of commands, options that all have in common, help, completions.
 * A command reads what it was given, fills a result, and says with which status to end. */
#ifndef SY_PLANNER_CLI_CLI_H
#define SY_PLANNER_CLI_CLI_H

#include "base/options.h"
#include "planner/cli/output.h"

#define SY_PROGRAM_NAME "switchyard"
#define SY_INPUT_MAX ((size_t)256 << 20) /* bytes of one file */

/* Exit status of an answer; errors are sy_code_exit's, 64 and up. */
enum sy_exit {
    SY_EXIT_YES = 0,   /* done, or it fits */
    SY_EXIT_NOW = 1,   /* does not fit now */
    SY_EXIT_NEVER = 2, /* can never fit */
};

struct sy_cli {
    FILE *out, *err;
    bool terminal; /* err is one: progress is shown */
    bool verbose;
    enum sy_format format;
    bool headers;
    const struct sy_options *options;
    struct sy_result *result; /* printed when the command returns SY_OK */
    int exit_status;          /* enum sy_exit, 0 at first */
};

/* A word or two ("topology", "whatif fit"), and what it does. */
struct sy_command {
    const char *name;
    const char *summary;            /* one line, no full stop */
    const char *synopsis;           /* what stands behind the name: "FILE|DIR|NODE [option ...]" */
    const char *details;            /* paragraphs for --help and the man page; NULL */
    const char *example;            /* a whole command line that works in the repository's root */
    const char *formats;            /* of -o, the first is the default: "table|wide|json|yaml" */
    const struct sy_option *option; /* its own */
    size_t noption;
    bool state; /* it reads a cluster: the options of SY_STATE_OPTIONS belong to it (state/) */
    bool hidden;
    enum sy_code (*run)(struct sy_cli *cli, struct sy_err *err);
};

/* Options of every command: -o, --no-headers, -v, -h. */
extern const struct sy_option_table sy_cli_common;
/* Options of every command that reads a cluster: --snapshot FILE|DIR|-, --kubeconfig FILE,
 * --context NAME, --in-cluster, -n, --namespace NAME, --policy FILE, --catalogue FILE (repeats),
 * --now TIME, --kube-scheduler-version 1.35|1.36. */
extern const struct sy_option_table sy_cli_state;

/* Run the program (sy_mem_init was called); returns the exit status. Errors are one line on `err`:
 * "switchyard COMMAND: text". `commands` in the order of the help. */
int sy_cli_main(const struct sy_command *const *commands, size_t n, int argc, char *const *argv,
                FILE *out, FILE *err);

/* Read a whole file, a pipe or (path "-") standard input, of at most `max_bytes`; not a directory
 * or a device. As sy_file_read otherwise. */
SY_NODISCARD enum sy_code sy_input_read(const char *path, size_t max_bytes, char **ret_data,
                                        size_t *ret_len, struct sy_err *err);

/* A line on standard error that grows ("whatif survive: 37 of 300"), shown when that is a terminal
 * and the work has lasted a second; wiped by the last call (done == total). Clocks decide only when
 * it is shown. */
struct sy_progress {
    const struct sy_cli *cli;
    const char *what;
    int64_t started_ms, shown_ms;
};
void sy_progress_begin(struct sy_progress *progress, const struct sy_cli *cli, const char *what);
void sy_progress_step(struct sy_progress *progress, uint64_t done, uint64_t total);
/* Something to say to people, on standard error: "switchyard: note: …". */
void sy_cli_note(const struct sy_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
