/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/answer/answer.h"

#include "base/time.h"
#include "planner/answer/recording.h"

#include <string.h>

#define RECORDING_ARENA ((size_t)256 << 20)

static enum sy_code answer_body(struct sy_cli *cli, struct sy_err *err)
{
    const char *verb = sy_options_str(cli->options, "verb");
    const char *body_path = sy_options_str(cli->options, "file");
    const char *snapshot = sy_options_str(cli->options, "snapshot");
    const char *now = sy_options_str(cli->options, "now");
    if (verb == NULL || body_path == NULL || snapshot == NULL)
        return sy_fail(err, SY_EUSAGE,
                       "expected a RECORDING, or --verb, -f BODY and --snapshot FILE");
    int64_t now_us = 0;
    if (now != NULL && sy_time_parse(now, &now_us, err) != SY_OK) {
        err->code = SY_EUSAGE;
        return sy_wrap(err, "--now");
    }
    struct sy_answer_world world = {0};
    size_t ncatalogue = 0, len = 0;
    const char *const *catalogue = sy_options_list(cli->options, "catalogue", &ncatalogue);
    sy_autofree char *body = NULL;
    enum sy_code code = sy_input_read(body_path, SY_INPUT_MAX, &body, &len, err);
    if (code == SY_OK)
        code = sy_answer_world_load(snapshot, sy_options_str(cli->options, "policy"), catalogue,
                                    ncatalogue, &world, err);
    if (code != SY_OK)
        return code;
    code =
        sy_answer_make(&world, sy_verb_find(verb), body, len, now_us, &cli->result->document, err);
    sy_answer_world_done(&world);
    return code == SY_OK ? SY_OK : sy_wrap(err, "%s", body_path);
}

static bool same_world(const struct sy_recording *a, const struct sy_recording *b)
{
    bool same = a->snapshot != NULL && strcmp(a->snapshot, b->snapshot) == 0 &&
                (a->policy == NULL) == (b->policy == NULL) &&
                (a->policy == NULL || strcmp(a->policy, b->policy) == 0) &&
                a->ncatalogue == b->ncatalogue;
    for (size_t i = 0; same && i < a->ncatalogue; i++)
        same = strcmp(a->catalogue[i], b->catalogue[i]) == 0;
    return same;
}

/* Recordings of one snapshot follow each other: it is kept until another one is needed. */
struct kept {
    struct sy_arena *arena;
    struct sy_recording of;
    struct sy_answer_world world;
};

static enum sy_code answer_recording(struct kept *kept, const char *path, struct sy_recording *ret,
                                     struct sy_str *out, struct sy_err *err)
{
    enum sy_code code = sy_recording_read(path, kept->arena, ret, err);
    if (code != SY_OK)
        return code;
    if (!same_world(&kept->of, ret)) {
        sy_answer_world_done(&kept->world);
        kept->of = (struct sy_recording){0};
        code = sy_answer_world_load(ret->snapshot, ret->policy, ret->catalogue, ret->ncatalogue,
                                    &kept->world, err);
        if (code != SY_OK)
            return code;
        kept->of = *ret;
    }
    if (sy_answer_make(&kept->world, ret->verb, ret->body, ret->body_len, ret->now_us, out, err) !=
        SY_OK)
        return sy_wrap(err, "%s", path);
    return SY_OK;
}

/* Where two texts part, from 0. */
static size_t first_difference(const char *a, size_t na, const char *b, size_t nb)
{
    size_t i = 0;
    while (i < na && i < nb && a[i] == b[i])
        i++;
    return i;
}

static enum sy_code check_one(struct sy_cli *cli, struct kept *kept, const char *path,
                              struct sy_err *err)
{
    struct sy_recording recording;
    struct sy_str out;
    sy_str_init(&out, SY_OUTPUT_MAX);
    enum sy_code code = answer_recording(kept, path, &recording, &out, err);
    if (code == SY_OK && recording.answer == NULL)
        code = sy_fail(err, SY_EINVAL, "%s: /answer: required by --check", path);
    if (code == SY_OK) {
        bool same = out.len == recording.answer_len &&
                    (out.len == 0 || memcmp(out.data, recording.answer, out.len) == 0);
        if (!same) {
            cli->exit_status = SY_EXIT_NOW;
            sy_str_printf(
                &cli->result->document, "%s: differs from byte %zu on\n", path,
                first_difference(out.data, out.len, recording.answer, recording.answer_len));
        } else
            sy_str_printf(&cli->result->document, "%s: the same %zu bytes\n", path, out.len);
    }
    sy_str_done(&out);
    return code;
}

static enum sy_code run(struct sy_cli *cli, struct sy_err *err)
{
    size_t n = 0;
    const char *const *path = sy_options_rest(cli->options, &n);
    bool check = sy_options_flag(cli->options, "check");
    if (n == 0)
        return check ? sy_fail(err, SY_EUSAGE, "--check: expected a RECORDING")
                     : answer_body(cli, err);
    if (n > 1 && !check)
        return sy_fail(err, SY_EUSAGE, "more than one RECORDING: --check compares them");
    struct kept kept = {.arena = sy_arena_new(RECORDING_ARENA)};
    enum sy_code code = kept.arena != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_recording recording;
    if (code == SY_OK && !check)
        code = answer_recording(&kept, path[0], &recording, &cli->result->document, err);
    for (size_t i = 0; check && i < n && code == SY_OK; i++)
        code = check_one(cli, &kept, path[i], err);
    sy_answer_world_done(&kept.world);
    sy_arena_free(kept.arena);
    return code;
}

static const struct sy_option options[] = {
    {.name = "verb",
     .arg = "VERB",
     .values = "filter|prioritize|preempt|explain",
     .help = "what is asked: filter, prioritize, preempt or explain"},
    {.name = "file", .letter = 'f', .arg = "BODY", .help = "the body as kube-scheduler sent it"},
    {.name = "snapshot", .letter = 's', .arg = "FILE", .help = "the service's /snapshot"},
    {.name = "policy", .arg = "FILE", .help = "the service's policy file (built-in default)"},
    {.name = "catalogue",
     .arg = "FILE",
     .repeats = true,
     .help = "the service's catalogue files, in its order"},
    {.name = "now", .arg = "TIME", .help = "the time of the call, RFC 3339 (1970)"},
    {.name = "check",
     .help = "compare the answers with the recorded ones; exit status 1 when one differs"},
};

const struct sy_command sy_command_answer = {
    .name = "answer",
    .summary = "give the service's answer to a recorded call, byte for byte",
    .synopsis = "RECORDING | --check RECORDING ... | --verb VERB -f BODY --snapshot FILE",
    .details = "A RECORDING is what switchyard-extender --record DIR writes of a call: verb, body, "
               "time, snapshot,\npolicy, catalogue and answer. A decision depends on nothing else.",
    .example = "switchyard answer --check deploy/examples/recordings/0*.json",
    .formats = "text",
    .option = options,
    .noption = sizeof options / sizeof options[0],
    .run = run,
};
