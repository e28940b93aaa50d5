/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "planner/answer/recording.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":"
#define RECORDING HEAD "\"Recording\",\"verb\":\"filter\",\"now\":\"2026-11-22T10:00:00Z\","

static char folder[] = "/tmp/switchyard-answer-XXXXXX";

static const char *path_of(const char *name, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s/%s", folder, name);
    return buf;
}

static void write_file(const char *name, const char *text)
{
    char path[100];
    FILE *file = fopen(path_of(name, path, sizeof path), "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* A snapshot of one node, "a": the service's own test machine. */
static void write_snapshot(void)
{
    struct sy_err err = {0};
    const struct sy_json_limits limits = {.max_bytes = 1 << 20, .max_depth = 64};
    sy_autofree char *text = NULL, *list_text = NULL;
    size_t len = 0;
    sy_autojson json_t *node = NULL;
    ck_assert_int_eq(
        sy_file_read(SY_SOURCE_DIR "/tests/service/node.json", 1 << 20, &text, &len, &err), SY_OK);
    ck_assert_int_eq(sy_json_parse(text, len, &limits, &node, &err), SY_OK);
    (void)json_object_set_new(node, "metadata", json_pack("{ss}", "name", "a"));
    sy_autojson json_t *list = json_pack("{ss ss s[O]}", "apiVersion", "switchyard.dev/v1alpha1",
                                         "kind", "NodeFabricList", "items", node);
    ck_assert_int_eq(sy_json_dump(list, false, &list_text, &len, &err), SY_OK);
    write_file("snapshot.json", list_text);
}

static const struct {
    const char *text;
    enum sy_code code;
    const char *message; /* behind the file's name */
} refused[] = {
    {"", SY_EPARSE, "line 1, column 0: "},
    {"[]", SY_EINVAL, "/: expected object, got array"},
    {"{" HEAD "\"Snapshot\"}", SY_EINVAL,
     "expected a Recording of switchyard.dev/v1alpha1, got Snapshot of switchyard.dev/v1alpha1"},
    {"{\"apiVersion\":\"switchyard.dev/v2\",\"kind\":\"Recording\"}", SY_EINVAL,
     "expected a Recording of switchyard.dev/v1alpha1, got Recording of switchyard.dev/v2"},
    {"{" HEAD "\"Recording\",\"verb\":\"bind\",\"now\":\"\"}", SY_EINVAL,
     "/verb: 'bind': expected filter, prioritize, preempt or explain"},
    {"{" HEAD "\"Recording\",\"verb\":\"filter\",\"now\":\"noon\"}", SY_EPARSE, "/now: "},
    {"{" RECORDING "\"snapshot\":\"s\"}", SY_EINVAL, "/body: required"},
    {"{" RECORDING "\"body\":\"{}\"}", SY_EINVAL, "/snapshot: required"},
    {"{" RECORDING "\"body\":7,\"snapshot\":\"s\"}", SY_EINVAL,
     "/body: expected string, got integer"},
    {"{" RECORDING "\"body\":\"{}\",\"snapshot\":\"s\",\"catalogues\":[1]}", SY_EINVAL,
     "/catalogues/0: expected string, got integer"},
};

START_TEST(refuses_recordings)
{
    char path[100], expected[200];
    struct sy_err err = {0};
    struct sy_recording recording;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(1 << 20);
    write_file("bad.json", refused[_i].text);
    ck_assert_int_eq(
        sy_recording_read(path_of("bad.json", path, sizeof path), arena, &recording, &err),
        refused[_i].code);
    (void)snprintf(expected, sizeof expected, "%s: %s", path, refused[_i].message);
    ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0, "'%s' instead of '%s'",
                  err.text, expected);
}
END_TEST

START_TEST(reads_a_recording)
{
    char path[100], beside[100];
    struct sy_err err = {0};
    struct sy_recording recording;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(1 << 20);
    write_file("good.json",
               "{" RECORDING "\"body\":\"{}\",\"answer\":\"x\",\"snapshot\":\"s.json\","
               "\"policy\":\"/etc/p.yaml\",\"catalogues\":[\"c.yaml\"]}");
    ck_assert_int_eq(
        sy_recording_read(path_of("good.json", path, sizeof path), arena, &recording, &err), SY_OK);
    ck_assert_int_eq(recording.verb, SY_VERB_FILTER);
    ck_assert_int_eq(recording.now_us, INT64_C(1795341600000000));
    ck_assert_str_eq(recording.answer, "x");
    ck_assert_str_eq(recording.snapshot, path_of("s.json", beside, sizeof beside));
    ck_assert_str_eq(recording.policy, "/etc/p.yaml");
    ck_assert_uint_eq(recording.ncatalogue, 1);
    ck_assert_str_eq(recording.catalogue[0], path_of("c.yaml", beside, sizeof beside));
}
END_TEST

static const struct {
    const char *text;
    enum sy_code code;
    const char *message;
} snapshots[] = {
    {"{}", SY_EINVAL, "/kind: required"},
    {"{" HEAD "\"List\",\"items\":[]}", SY_EINVAL,
     "expected a NodeFabricList of switchyard.dev/v1alpha1, as /snapshot of the service gives it; "
     "got List of switchyard.dev/v1alpha1"},
    {"{" HEAD "\"NodeFabricList\",\"items\":[{\"spec\":{}}]}", SY_EINVAL, "items/0: "},
    {"{" HEAD "\"NodeFabricList\",\"items\":[", SY_EPARSE, ""},
};

START_TEST(refuses_snapshots)
{
    char path[100], expected[400];
    struct sy_err err = {0};
    struct sy_answer_world world;
    write_file("list.json", snapshots[_i].text);
    ck_assert_int_eq(
        sy_answer_world_load(path_of("list.json", path, sizeof path), NULL, NULL, 0, &world, &err),
        snapshots[_i].code);
    (void)snprintf(expected, sizeof expected, "%s: %s", path, snapshots[_i].message);
    ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0, "'%s' instead of '%s'",
                  err.text, expected);
}
END_TEST

static const char *const pod =
    "{\"Pod\":{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
    "\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"1\"}}}]}},\"NodeNames\":[\"a\",\"b\"]}";

static enum sy_code answer(void *data, struct sy_err *err)
{
    const enum sy_verb *verb = data;
    char path[100];
    struct sy_answer_world world;
    struct sy_str out;
    sy_str_init(&out, 1 << 20);
    enum sy_code code = sy_answer_world_load(path_of("snapshot.json", path, sizeof path), NULL,
                                             NULL, 0, &world, err);
    if (code != SY_OK)
        return code;
    code = sy_answer_make(&world, *verb, pod, strlen(pod), 0, &out, err);
    if (code == SY_OK && *verb == SY_VERB_FILTER)
        ck_assert_str_eq(out.data,
                         "{\"Nodes\":null,\"NodeNames\":[\"a\",\"b\"],\"FailedNodes\":null,"
                         "\"FailedAndUnresolvableNodes\":null,\"Error\":\"\"}");
    sy_str_done(&out);
    sy_answer_world_done(&world);
    return code;
}

START_TEST(answers_and_survives_failing_allocations)
{
    enum sy_verb verb = (enum sy_verb)_i;
    write_snapshot();
    ck_assert_int_gt(sy_fault_sweep(answer, &verb, 0), 10);
}
END_TEST

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    Suite *suite = suite_create("planner_answer");
    TCase *tcase = tcase_create("answer");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, refuses_recordings, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tcase, reads_a_recording);
    tcase_add_loop_test(tcase, refuses_snapshots, 0, sizeof snapshots / sizeof snapshots[0]);
    tcase_add_loop_test(tcase, answers_and_survives_failing_allocations, SY_VERB_FILTER,
                        SY_VERB_COUNT);
    suite_add_tcase(suite, tcase);
    int status = sy_run(suite);
    static const char *const names[] = {"bad.json", "good.json", "list.json", "snapshot.json"};
    char path[100];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(path_of(names[i], path, sizeof path));
    (void)rmdir(folder);
    return status;
}
