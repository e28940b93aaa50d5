/* SPDX-License-Identifier: Apache-2.0 */
/* Every NAME.VERB.request.json of this folder gets NAME.VERB.response.json, byte for byte, from the
 * world below. SWITCHYARD_UPDATE_GOLDEN=1 writes the responses instead; read the difference before
 * keeping it. */
#include "base/file.h"
#include "scoring/wire/wire.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER SY_SOURCE_DIR "/tests/golden/wire"
#define REQUEST ".request.json"

static const struct test_node nodes[] = {
    {.name = "free", .mode = "exact"},
    {.name = "split", .mode = "exact", .held = "a...a."}, /* one NPU left on each socket */
    {.name = "held", .mode = "exact", .held = "aabaa."},
    {.name = "sick", .mode = "exact", .held = "xxxx.."},
    {.name = "small", .mode = "exact", .small = true},
    {.name = "foreseen", .mode = "predicted", .held = "aabaa."},
    {.name = "silent"},
    {.name = "no-uid", .mode = "exact", .held = "A...B."}, /* who holds is told by name alone */
};
static struct test_world w;

/* Order among nodes of different worth shows in one level of ten: a policy whose numbers stand
 * here. */
static const char policy[] =
    "wire: {mapping: stretch, leastSpan: 1}\n"
    "profiles:\n"
    "  balanced:\n"
    "    terms: {affinity: 0, cpu: 1000, linkBandwidth: 0, memoryBandwidth: 0, leftover: 0,\n"
    "            powerHeadroom: 0}\n"
    "    cpu: {NODE: 1000, SOCKET: 800, SYS: 400, UNKNOWN: 500}\n"
    "unknownNodeScore: 100\n";

static enum sy_code call(const char *verb, const char *body, size_t len, struct sy_str *out,
                         struct sy_err *err)
{
    if (strcmp(verb, "preempt") == 0)
        return sy_wire_preempt(body, len, &w.world, w.catalogue, w.arena, out, err);
    struct sy_args args;
    bool filter = strcmp(verb, "filter") == 0;
    enum sy_code code = sy_args_parse(body, len, w.cluster, w.catalogue, w.arena, &args, err);
    if (code != SY_OK)
        return code;
    struct sy_verdict *verdict = sy_arena_calloc(w.arena, args.n, sizeof *verdict);
    code = filter ? sy_engine_filter(&w.world, &args.request, args.candidate, args.n, w.arena,
                                     verdict, err)
                  : sy_engine_prioritize(&w.world, &args.request, args.candidate, args.n, w.arena,
                                         verdict, err);
    if (code == SY_OK)
        code = filter ? sy_wire_filter(&args, verdict, out, err)
                      : sy_wire_prioritize(&args, verdict, out, err);
    sy_args_done(&args);
    return code;
}

static void write_response(const char *path, const struct sy_str *out)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(out->data, 1, out->len, file), out->len);
    ck_assert_int_eq(fclose(file), 0);
}

static void check_one(const char *name)
{
    char stem[256], path[1024];
    char *body, *expected;
    size_t len, expected_len;
    struct sy_err err = {0};
    struct sy_str out;
    (void)snprintf(stem, sizeof stem, "%.*s", (int)(strlen(name) - strlen(REQUEST)), name);
    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    ck_assert_msg(sy_file_read(path, 1 << 20, &body, &len, &err) == SY_OK, "%s", err.text);
    sy_str_init(&out, 1 << 20);
    if (call(strrchr(stem, '.') + 1, body, len, &out, &err) != SY_OK) {
        sy_str_done(&out);
        sy_str_append(&out, err.text); /* a refusal is golden as well */
    }
    sy_free(body);
    (void)snprintf(path, sizeof path, FOLDER "/%s.response.json", stem);
    sy_str_append(&out, "\n");
    if (getenv("SWITCHYARD_UPDATE_GOLDEN") != NULL)
        write_response(path, &out);
    struct sy_err none = {0};
    ck_assert_msg(sy_file_read(path, 1 << 20, &expected, &expected_len, &none) == SY_OK, "%s",
                  none.text);
    ck_assert_msg(expected_len == out.len && memcmp(expected, out.data, out.len) == 0,
                  "%s\nexpected %s\ngot      %s", stem, expected, out.data);
    sy_free(expected);
    sy_str_done(&out);
}

START_TEST(pairs)
{
    DIR *folder = opendir(FOLDER);
    ck_assert_ptr_nonnull(folder);
    test_world_make(&w, nodes, sizeof nodes / sizeof nodes[0], policy);
    unsigned seen = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strstr(entry->d_name, REQUEST) == NULL)
            continue;
        check_one(entry->d_name);
        seen++;
    }
    (void)closedir(folder);
    test_world_free(&w);
    ck_assert_uint_gt(seen, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden_wire");
    TCase *tc = tcase_create("golden_wire");
    tcase_add_test(tc, pairs);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
