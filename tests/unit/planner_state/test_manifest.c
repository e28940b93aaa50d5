/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "planner/state/manifest.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_state/files.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *description, *name, *text;
    const char *expected; /* "WHERE KIND;…" behind the file's name, NULL = a failure */
    enum sy_code code;
    const char *message; /* behind the file's name */
} cases[] = {
    {"YAML", "m.yaml", "# one\nkind: Pod\n---\nkind: Job\n", ":2 Pod;:4 Job;", SY_OK, ""},
    {"YAML list", "m.yaml",
     "kind: List\nitems:\n- kind: Pod\n- kind: List\n  items: [{kind: Job}]\n",
     ":3 Pod;:4/items/0 Job;", SY_OK, ""},
    {"JSON", "m.json", " {\"kind\":\"Pod\"} ", " Pod;", SY_OK, ""},
    {"JSON documents", "m.json", "{\"kind\":\"Pod\",\"a\":\"}{\\\"\"}\n{\"kind\":\"Job\"}",
     ": document 1 Pod;: document 2 Job;", SY_OK, ""},
    {"JSON list", "m.json",
     "{\"kind\":\"PodList\",\"items\":[{\"kind\":\"Pod\"},{\"kind\":\"Pod\"}]}",
     ": items/0 Pod;: items/1 Pod;", SY_OK, ""},
    {"items null", "m.json", "{\"kind\":\"List\",\"items\":null}", "", SY_OK, ""},
    {"a kind of its own with items", "m.yaml", "kind: Menu\nitems: 7\n", ":1 Menu;", SY_OK, ""},
    {"byte order mark", "m.json", "\xEF\xBB\xBF{\"kind\":\"Pod\"}", " Pod;", SY_OK, ""},
    {"JSON named YAML", "m.yaml", "{\"kind\":\"Pod\"}", " Pod;", SY_OK, ""},
    {"nothing", "m.yaml", "", NULL, SY_EPARSE, ":1:1: no document"},
    {"a list of objects", "m.yaml", "- kind: Pod\n", NULL, SY_EINVAL,
     ":1: expected object, got array"},
    {"no kind", "m.yaml", "a: 1\n---\nb: 1\n", NULL, SY_EINVAL, ":1: /kind: required"},
    {"a kind that is a number", "m.yaml", "kind: 7\n", NULL, SY_EINVAL, ":1: /kind: required"},
    {"items no list", "m.json", "{\"kind\":\"List\",\"items\":7}", NULL, SY_EINVAL,
     ": /items: expected array, got integer"},
    {"an item no object", "m.json", "{\"kind\":\"List\",\"items\":[null]}", NULL, SY_EINVAL,
     ": items/0: expected object, got null"},
    {"anchors", "m.yaml", "kind: Pod\na: &x [*x]\n", NULL, SY_EPARSE,
     ":2:4: anchors are not allowed"},
    {"duplicate keys", "m.yaml", "kind: Pod\nspec: {a: 1, a: 2}\n", NULL, SY_EPARSE,
     ":2:14: key 'a' repeats the one at 2:8"},
    {"JSON that ends", "m.json", "{\"kind\":\"Pod\"", NULL, SY_EPARSE, NULL},
    {"JSON duplicates", "m.json", "{\"kind\":\"Pod\",\"kind\":\"Pod\"}", NULL, SY_EPARSE, NULL},
    {"not a number", "m.json", "{\"kind\":NaN}", NULL, SY_EPARSE, NULL},
};

START_TEST(read_table)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)8 << 20);
    struct sy_manifest *manifest = NULL;
    size_t n = 0, skip;
    struct sy_err err = {0};
    char heard[500] = "";
    const char *path = files_write(cases[_i].name, cases[_i].text);
    enum sy_code code = sy_manifests_read(path, arena, &manifest, &n, &err);
    skip = strlen(path);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s %s;",
                       manifest[i].where + skip,
                       json_string_value(json_object_get(manifest[i].object, "kind")));
    ck_assert_msg(code == cases[_i].code, "%s: %s", cases[_i].description, err.text);
    if (code == SY_OK)
        ck_assert_msg(strcmp(heard, cases[_i].expected) == 0, "%s: %s", cases[_i].description,
                      heard);
    else
        ck_assert_msg(strncmp(err.text, path, skip) == 0, "%s", err.text);
    if (code != SY_OK && cases[_i].message != NULL)
        ck_assert_str_eq(err.text + skip, cases[_i].message);
    sy_manifests_done(manifest, n);
}
END_TEST

START_TEST(numbers_as_kubernetes_reads_them)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)8 << 20);
    struct sy_manifest *manifest = NULL;
    size_t n = 0;
    struct sy_err err = {0};
    const char *path =
        files_write("n.yaml", "kind: Pod\na: 1e3\nb: 0x10\nc: 'yes'\nd: yes\ne: 1.5\nf: |\n  x\n");
    ck_assert_msg(sy_manifests_read(path, arena, &manifest, &n, &err) == SY_OK, "%s", err.text);
    char *text = json_dumps(manifest[0].object, JSON_COMPACT);
    ck_assert_str_eq(text,
                     "{\"kind\":\"Pod\",\"a\":1000,\"b\":16,\"c\":\"yes\",\"d\":true,\"e\":1.5,"
                     "\"f\":\"x\\n\"}");
    sy_free(text);
    sy_manifests_done(manifest, n);
}
END_TEST

START_TEST(lists_in_lists_have_an_end)
{
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)8 << 20);
    struct sy_manifest *manifest = NULL;
    size_t n = 0;
    struct sy_err err = {0};
    struct sy_str text;
    sy_str_init(&text, 100000);
    for (unsigned i = 0; i < 20; i++)
        sy_str_append(&text, "{\"kind\":\"List\",\"items\":[");
    for (unsigned i = 0; i < 20; i++)
        sy_str_append(&text, "]}");
    ck_assert_int_eq(
        sy_manifests_read(files_write("l.json", text.data), arena, &manifest, &n, &err), SY_ELIMIT);
    ck_assert_msg(strstr(err.text, "more than 16 lists within each other") != NULL, "%s", err.text);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_manifests_read("/nowhere/x.yaml", arena, &manifest, &n, &err), SY_ENOENT);
    ck_assert_str_eq(err.text, "/nowhere/x.yaml: not found");
    sy_str_done(&text);
}
END_TEST

static enum sy_code one_run(void *data, struct sy_err *err)
{
    struct sy_manifest *manifest = NULL;
    size_t n = 0;
    struct sy_arena *arena = sy_arena_new((size_t)8 << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_manifests_read(data, arena, &manifest, &n, err);
    if (code == SY_OK)
        sy_manifests_done(manifest, n);
    sy_arena_free(arena);
    return code;
}

START_TEST(no_memory)
{
    const char *path =
        files_write("f.yaml", "kind: List\nitems: [{kind: Pod, a: b}]\n---\nkind: Job\n");
    ck_assert_int_gt(sy_fault_sweep(one_run, (void *)(uintptr_t)path, 0), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner manifests");
    TCase *tcase = tcase_create("manifests");
    tcase_add_loop_test(tcase, read_table, 0, (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tcase, numbers_as_kubernetes_reads_them);
    tcase_add_test(tcase, lists_in_lists_have_an_end);
    tcase_add_test(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
