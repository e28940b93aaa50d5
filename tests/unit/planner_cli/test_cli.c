/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "planner/cli/cli.h"
#include "tests/lib/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sy_code run_fit(struct sy_cli *cli, struct sy_err *err)
{
    size_t n = 0;
    const char *const *rest = sy_options_rest(cli->options, &n);
    if (n > 0 && strcmp(rest[0], "bad") == 0)
        return sy_fail(err, SY_EINVAL, "pod.yaml:3: no");
    cli->exit_status = n > 0 ? SY_EXIT_NEVER : SY_EXIT_YES;
    sy_str_printf(&cli->result->before, "%s%s%s\n", sy_format_name(cli->format),
                  cli->headers ? "" : " bare", cli->verbose ? " loud" : "");
    return SY_OK;
}

static const struct sy_option fit_options[] = {
    {.name = "file", .letter = 'f', .arg = "FILE", .repeats = true, .help = "the pods"}};
static const struct sy_command whatif = {.name = "whatif",
                                         .summary = "Steps, one after the other",
                                         .synopsis = "-f FILE",
                                         .example = "switchyard whatif -f s.yaml",
                                         .formats = "table|json",
                                         .run = run_fit};
static const struct sy_command fit = {.name = "whatif fit",
                                      .summary = "Does it fit now",
                                      .synopsis = "-f FILE",
                                      .details = "Of all pods.",
                                      .example = "switchyard whatif fit -f pod.yaml",
                                      .formats = "table|wide|json",
                                      .option = fit_options,
                                      .noption = 1,
                                      .state = true,
                                      .run = run_fit};
static const struct sy_command *const commands[] = {&whatif, &fit};

struct said {
    int status;
    char *out, *err;
};

#define ARGS_MAX 8

static struct said say(const char *const *argv)
{
    struct said said = {0};
    size_t len = 0, err_len = 0;
    const char *full[ARGS_MAX + 1] = {"switchyard"};
    int argc = 1;
    for (; argc < ARGS_MAX && argv[argc - 1] != NULL; argc++)
        full[argc] = argv[argc - 1];
    FILE *out = open_memstream(&said.out, &len);
    FILE *err = open_memstream(&said.err, &err_len);
    ck_assert(out != NULL && err != NULL);
    said.status = sy_cli_main(commands, 2, argc, (char *const *)(uintptr_t)full, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return said;
}

static const struct {
    const char *argv[ARGS_MAX];
    int status;
    const char *out, *err; /* how they begin */
} cases[] = {
    {{"whatif", "fit"}, 0, "table\n", ""},
    {{"whatif", "fit", "x"}, 2, "table\n", ""},
    {{"whatif", "fit", "-o", "wide", "--no-headers", "-v"}, 0, "wide bare loud\n", ""},
    {{"whatif", "fit", "-oyaml"},
     64,
     "",
     "switchyard whatif fit: -o 'yaml': expected one of table|wide|json\n"},
    {{"whatif", "fit", "-o", "tab"},
     64,
     "",
     "switchyard whatif fit: -o 'tab': expected one of table|wide|json\n"},
    {{"whatif", "fit", "bad"}, 65, "", "switchyard whatif fit: pod.yaml:3: no\n"},
    {{"whatif", "fit", "--bad"},
     64,
     "",
     "switchyard whatif fit: unknown option '--bad'; see --help\n"},
    {{"whatif", "-o", "table"}, 0, "table\n", ""},
    {{"whatif"}, 64, "", "usage: switchyard whatif COMMAND"},
    {{"whatif", "--help"}, 0, "usage: switchyard whatif COMMAND", ""},
    {{"whatif", "fi"},
     64,
     "",
     "switchyard whatif: no command 'fi'; see switchyard whatif --help\n"},
    {{"whatif", "fit", "--help"},
     0,
     "usage: switchyard whatif fit -f FILE\nDoes it fit now.\n",
     ""},
    {{NULL}, 64, "", "usage: switchyard COMMAND"},
    {{"--help"}, 0, "usage: switchyard COMMAND", ""},
    {{"version"}, 0, "switchyard " SY_VERSION "\n", ""},
    {{"what"}, 64, "", "switchyard: no command 'what'; see switchyard --help\n"},
    {{"completion", "tcsh"}, 64, "", "switchyard completion: 'tcsh': expected bash, zsh or fish\n"},
    {{"help"}, 0, "usage: switchyard COMMAND", ""},
    {{"help", "whatif"}, 0, "usage: switchyard whatif COMMAND", ""},
    {{"help", "whatif", "fit"}, 0, "usage: switchyard whatif fit -f FILE\nDoes it fit now.\n", ""},
    {{"help", "nope"}, 64, "", "switchyard: no command 'nope'; see switchyard --help\n"},
    {{"completion", "--help"}, 0, "usage: switchyard completion bash|zsh|fish\n", ""},
    {{"completion"}, 64, "", "switchyard completion: expected bash, zsh or fish\n"},
    {{"completion", "bash"}, 0, "# bash completion for switchyard", ""},
    {{"completion", "zsh"}, 0, "#compdef switchyard", ""},
    {{"completion", "fish"}, 0, "# fish completion for switchyard", ""},
};

static void begins(const char *text, const char *with)
{
    if (*with == '\0')
        ck_assert_str_eq(text, "");
    else if (strncmp(text, with, strlen(with)) != 0)
        ck_assert_str_eq(text, with);
}

START_TEST(answers)
{
    struct said said = say(cases[_i].argv);
    begins(said.err, cases[_i].err);
    begins(said.out, cases[_i].out);
    ck_assert_int_eq(said.status, cases[_i].status);
    free(said.out);
    free(said.err);
}
END_TEST

/* Every option of every table is in the help and in all three completions. */
START_TEST(help_and_completions_know_every_option)
{
    static const char *const asked[][ARGS_MAX] = {{"whatif", "fit", "--help"},
                                                  {"completion", "bash"},
                                                  {"completion", "zsh"},
                                                  {"completion", "fish"}};
    struct said said = say(asked[_i]);
    const struct sy_option_table all[] = {{fit_options, 1}, sy_cli_state, sy_cli_common};
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < all[t].n; i++) {
            char *text = NULL;
            ck_assert_int_gt(asprintf(&text, _i == 3 ? "-l %s" : "--%s", all[t].option[i].name), 0);
            ck_assert_msg(strstr(said.out, text) != NULL, "%s is not in:\n%s", text, said.out);
            free(text);
        }
    free(said.out);
    free(said.err);
}
END_TEST

START_TEST(input_of_every_sort)
{
    struct sy_err err = {0};
    char *data = NULL;
    size_t len = 0;
    ck_assert_int_eq(sy_input_read("/no/such", 100, &data, &len, &err), SY_ENOENT);
    ck_assert_str_eq(err.text, "/no/such: not found");
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_input_read("/dev/zero", 100, &data, &len, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, "/dev/zero: neither a file nor a pipe");
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_input_read("/", 100, &data, &len, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, "/: neither a file nor a pipe");
    int pipes[2];
    char path[32];
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(write(pipes[1], "abc", 3), 3);
    (void)close(pipes[1]);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", pipes[0]);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_input_read(path, 3, &data, &len, &err), SY_OK);
    ck_assert_uint_eq(len, 3);
    ck_assert_str_eq(data, "abc");
    sy_free(data);
    (void)close(pipes[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_cli");
    TCase *tcase = tcase_create("cli");
    tcase_add_loop_test(tcase, answers, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tcase, help_and_completions_know_every_option, 0, 4);
    tcase_add_test(tcase, input_of_every_sort);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
