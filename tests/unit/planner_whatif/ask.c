/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/planner_whatif/ask.h"

#include "planner/explain/explain.h"
#include "planner/whatif/commands.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 40
#define FILES SY_SOURCE_DIR "/tests/unit/planner_whatif/files/"
#define SAMPLE SY_SOURCE_DIR "/deploy/examples/planner/"
#define POD SY_SOURCE_DIR "/deploy/examples/pods/"

static const struct sy_command *const commands[] = {
    &sy_command_explain,         &sy_command_whatif_fit,       &sy_command_whatif_satisfiable,
    &sy_command_whatif_how_many, &sy_command_whatif_add_nodes, &sy_command_whatif_remove_nodes,
    &sy_command_whatif_drain,    &sy_command_whatif_power,     &sy_command_whatif_survive,
    &sy_command_whatif_compare,
};

struct line {
    int n;
    char *word[WORDS];
};

static void add(struct line *line, const char *before, const char *text)
{
    size_t len = strlen(before) + strlen(text) + 1;
    ck_assert_int_lt(line->n, WORDS);
    line->word[line->n] = malloc(len);
    ck_assert_ptr_nonnull(line->word[line->n]);
    (void)snprintf(line->word[line->n++], len, "%s%s", before, text);
}

static void add_word(struct line *line, const char *word)
{
    static const char *const roots[][2] = {{"FILES/", FILES}, {"SAMPLE/", SAMPLE}, {"POD/", POD}};
    for (size_t i = 0; i < 3; i++)
        if (strncmp(word, roots[i][0], strlen(roots[i][0])) == 0) {
            add(line, roots[i][1], word + strlen(roots[i][0]));
            return;
        }
    if (strcmp(word, "SMALL") == 0) {
        add(line, "--snapshot=" FILES, "small.yaml");
    } else if (strcmp(word, "LARGE") == 0) {
        add(line, "--snapshot=" SAMPLE, "snapshot.json");
        add(line, "--policy=" SAMPLE, "policy.yaml");
    } else {
        add(line, "", word);
    }
}

/* Our files' folder is "FILES/" in what is said, too. */
static void shorten(char *text)
{
    for (char *at = strstr(text, FILES); at != NULL; at = strstr(at, FILES)) {
        memcpy(at, "FILES/", 6);
        memmove(at + 6, at + strlen(FILES), strlen(at + strlen(FILES)) + 1);
    }
}

struct asked ask(const char *text)
{
    struct asked asked = {0};
    struct line line = {0};
    size_t nout, nerr;
    char *copy = strdup(text), *save = NULL;
    add(&line, "", "switchyard");
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        add_word(&line, word);
    FILE *out = open_memstream(&asked.out, &nout), *err = open_memstream(&asked.err, &nerr);
    asked.status =
        sy_cli_main(commands, sizeof commands / sizeof commands[0], line.n, line.word, out, err);
    (void)fclose(out);
    (void)fclose(err);
    shorten(asked.err);
    for (int i = 0; i < line.n; i++)
        free(line.word[i]);
    free(copy);
    return asked;
}

void asked_done(struct asked *asked)
{
    free(asked->out);
    free(asked->err);
}

json_t *ask_json(const char *line, int status)
{
    char text[600];
    (void)snprintf(text, sizeof text, "%s -o json", line);
    struct asked asked = ask(text);
    ck_assert_msg(asked.status == status, "%s: status %d: %s", text, asked.status, asked.err);
    json_t *json = json_loads(asked.out, 0, NULL);
    ck_assert_msg(json != NULL, "%s: not JSON: %s", text, asked.out);
    asked_done(&asked);
    return json;
}

void ask_expect(const char *line, int status, const char *out, const char *err)
{
    struct asked asked = ask(line);
    ck_assert_msg(asked.status == status, "%s: status %d: %s%s", line, asked.status, asked.out,
                  asked.err);
    if (out != NULL)
        ck_assert_msg(strcmp(asked.out, out) == 0, "%s:\n%s", line, asked.out);
    ck_assert_msg(strcmp(asked.err, err) == 0, "%s:\n%s", line, asked.err);
    asked_done(&asked);
}

void ask_contains(const char *line, int status, const char *part)
{
    struct asked asked = ask(line);
    ck_assert_msg(asked.status == status, "%s: status %d: %s%s", line, asked.status, asked.out,
                  asked.err);
    ck_assert_msg(strstr(asked.out, part) != NULL, "%s: no '%s' in\n%s", line, part, asked.out);
    asked_done(&asked);
}

void ask_sweep(const char *line, long from, long step)
{
    struct asked whole = ask(line);
    bool failed = true;
    size_t runs = 0;
    ck_assert_int_le(whole.status, 2);
    for (long n = from; failed; n += step) {
        sy_fault_set(n);
        struct asked asked = ask(line);
        failed = sy_fault_clear();
        runs += failed;
        if (asked.status == 71)
            ck_assert_msg(asked.err[0] != '\0' && asked.out[0] == '\0', "%s: %ld", line, n);
        else
            ck_assert_msg(asked.status == whole.status && strcmp(asked.out, whole.out) == 0,
                          "%s: allocation %ld: status %d\n%s%s", line, n, asked.status, asked.out,
                          asked.err);
        asked_done(&asked);
    }
    ck_assert_uint_gt(runs, 10); /* there was something to fail */
    asked_done(&whole);
}
