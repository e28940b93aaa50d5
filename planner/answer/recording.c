/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/answer/recording.h"

#include "base/json.h"
#include "base/time.h"
#include "planner/cli/cli.h"

#include <string.h>

#define PATH_MAX_LEN 4096u

static enum sy_code take_text(const json_t *root, const char *key, enum sy_json_need need,
                              struct sy_arena *arena, const char **ret, size_t *ret_len,
                              struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(root, key, need, SY_RECORDING_MAX, NULL, &text, err);
    if (code != SY_OK || text == NULL)
        return code;
    *ret_len = strlen(text);
    *ret = sy_arena_strndup(arena, text, *ret_len);
    return *ret != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

/* A file named beside the recording. */
static enum sy_code beside(const char *recording, const char *name, struct sy_arena *arena,
                           const char **ret, struct sy_err *err)
{
    const char *slash = strrchr(recording, '/');
    int folder = name[0] != '/' && slash != NULL ? (int)(slash + 1 - recording) : 0;
    *ret = sy_arena_printf(arena, "%.*s%s", folder, recording, name);
    return *ret != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static enum sy_code take_path(const json_t *root, const char *key, enum sy_json_need need,
                              const char *recording, struct sy_arena *arena, const char **ret,
                              struct sy_err *err)
{
    const char *name = NULL;
    enum sy_code code = sy_json_str(root, key, need, PATH_MAX_LEN, NULL, &name, err);
    return code != SY_OK || name == NULL ? code : beside(recording, name, arena, ret, err);
}

static enum sy_code take_catalogues(const json_t *root, const char *recording,
                                    struct sy_arena *arena, struct sy_recording *ret,
                                    struct sy_err *err)
{
    json_t *list = NULL;
    enum sy_code code = sy_json_array(root, "catalogues", SY_JSON_OPTIONAL,
                                      SY_RECORDING_CATALOGUES_MAX, NULL, &list, err);
    const struct sy_path *at = SY_PATH_KEY(NULL, "catalogues");
    for (size_t i = 0; code == SY_OK && i < json_array_size(list); i++) {
        const json_t *name = json_array_get(list, i);
        if (!json_is_string(name))
            return sy_json_fail_type(SY_PATH_AT(at, i), "string", name, err);
        code = beside(recording, json_string_value(name), arena, &ret->catalogue[i], err);
        ret->ncatalogue = i + 1;
    }
    return code;
}

static enum sy_code take_head(const json_t *root, struct sy_recording *ret, struct sy_err *err)
{
    const char *kind = "", *version = "", *verb = "", *now = "";
    char shown[80];
    enum sy_code code = sy_json_str(root, "kind", SY_JSON_REQUIRED, 100, NULL, &kind, err);
    if (code == SY_OK)
        code = sy_json_str(root, "apiVersion", SY_JSON_REQUIRED, 100, NULL, &version, err);
    if (code == SY_OK &&
        (strcmp(kind, "Recording") != 0 || strcmp(version, "switchyard.dev/v1alpha1") != 0))
        return sy_fail(err, SY_EINVAL,
                       "expected a Recording of switchyard.dev/v1alpha1, got %s of %s", kind,
                       version);
    if (code == SY_OK)
        code = sy_json_str(root, "verb", SY_JSON_REQUIRED, 100, NULL, &verb, err);
    if (code == SY_OK)
        code = sy_json_str(root, "now", SY_JSON_REQUIRED, 100, NULL, &now, err);
    if (code != SY_OK)
        return code;
    ret->verb = sy_verb_find(verb);
    if (ret->verb == SY_VERB_COUNT)
        return sy_json_fail(SY_PATH_KEY(NULL, "verb"), SY_EINVAL, err,
                            "'%s': expected filter, prioritize, preempt or explain",
                            sy_quote(shown, sizeof shown, verb, strlen(verb)));
    if (sy_time_parse(now, &ret->now_us, err) != SY_OK)
        return sy_wrap(err, "/now");
    return SY_OK;
}

static enum sy_code take_all(const json_t *root, const char *path, struct sy_arena *arena,
                             struct sy_recording *ret, struct sy_err *err)
{
    enum sy_code code = take_head(root, ret, err);
    if (code == SY_OK)
        code = take_text(root, "body", SY_JSON_REQUIRED, arena, &ret->body, &ret->body_len, err);
    if (code == SY_OK)
        code =
            take_text(root, "answer", SY_JSON_OPTIONAL, arena, &ret->answer, &ret->answer_len, err);
    if (code == SY_OK)
        code = take_path(root, "snapshot", SY_JSON_REQUIRED, path, arena, &ret->snapshot, err);
    if (code == SY_OK)
        code = take_path(root, "policy", SY_JSON_OPTIONAL, path, arena, &ret->policy, err);
    return code != SY_OK ? code : take_catalogues(root, path, arena, ret, err);
}

enum sy_code sy_recording_read(const char *path, struct sy_arena *arena, struct sy_recording *ret,
                               struct sy_err *err)
{
    const struct sy_json_limits limits = {
        .max_bytes = SY_RECORDING_MAX, .max_depth = 8, .reject_duplicates = true};
    struct sy_recording recording = {0};
    sy_autofree char *text = NULL;
    sy_autojson json_t *root = NULL;
    size_t len = 0;
    enum sy_code code = sy_input_read(path, SY_RECORDING_MAX, &text, &len, err);
    if (code != SY_OK)
        return code;
    code = sy_json_parse(text, len, &limits, &root, err);
    if (code == SY_OK)
        code = take_all(root, path, arena, &recording, err);
    if (code != SY_OK)
        return sy_wrap(err, "%s", path);
    *ret = recording;
    return SY_OK;
}
