/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes out of files of every form, and what is wrong with those that have none. */
#include "base/str.h"
#include "planner/draw/source.h"
#include "tests/lib/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES SY_SOURCE_DIR "/tests/unit/planner_draw/files"
#define MADE SY_SOURCE_DIR "/tests/machines/made"

static struct sy_catalogue *catalogue;
static char folder[64];

static void setup(void)
{
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
    (void)snprintf(folder, sizeof folder, "/tmp/sy-draw-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    sy_catalogue_unref(catalogue);
}

/* What was read, a line each: "node NAME: UNITS, held UNITS", "bad TEXT". */
struct heard {
    struct sy_str text;
};

static enum sy_code hear(void *data, struct sy_node *node, struct sy_err *err)
{
    struct heard *heard = data;
    char held[64];
    struct sy_devset set = SY_DEVSET_EMPTY;
    (void)err;
    for (uint16_t u = 0; u < node->usage->nunit; u++) {
        if (node->usage->unit[u].held != 0)
            sy_devset_add(&set, u);
    }
    (void)sy_devset_format(&set, held, sizeof held);
    sy_str_printf(&heard->text, "node %s: %u, held %s\n", node->name, node->fabric->nunit, held);
    return SY_OK;
}

static void hear_bad(void *data, const char *text)
{
    struct heard *heard = data;
    sy_str_printf(&heard->text, "bad %s\n", text);
}

static enum sy_code read_all(const char *path, struct sy_draw_reader *reader, struct heard *heard,
                             struct sy_err *err)
{
    static const struct sy_discover_options patient = {.timeout_ms = 20000};
    sy_str_init(&heard->text, 1 << 20);
    sy_str_append(&heard->text, "");
    *reader = (struct sy_draw_reader){
        .catalogue = catalogue, .discover = &patient, .node = hear, .bad = hear_bad, .data = heard};
    return sy_draw_read(reader, path, err);
}

static const struct {
    const char *path, *heard;
    size_t nother;
} good[] = {
    {MADE "/vm-flat-p4d-like.xml", "node vm-flat-p4d-like: 12, held \n", 0},
    {FILES "/list.yaml", "node list-0: 2, held 0\nnode list-1: 0, held \n", 1},
    {FILES "/z0.xml", "node z0: 1, held \n", 0},
    {FILES "/n0.json", "node n0: 1, held \n", 0},
    {FILES,
     "node list-0: 2, held 0\nnode list-1: 0, held \nnode n0: 1, held 0\nnode z0: 1, held \n", 2},
    {MADE,
     "node atlas-800t-a2-like: 8, held \nnode dgx-a100-like: 20, held \n"
     "node mixed-4npu-2gpu-2fpga: 10, held \nnode vm-flat-p4d-like: 12, held \n",
     1},
};

START_TEST(reads)
{
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    ck_assert_msg(read_all(good[_i].path, &reader, &heard, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(heard.text.data, good[_i].heard);
    ck_assert_uint_eq(reader.nother, good[_i].nother);
    ck_assert_uint_eq(reader.nbad, 0);
    sy_str_done(&heard.text);
}
END_TEST

static const struct {
    const char *path;
    enum sy_code code;
    const char *text;
} absent[] = {
    {"/nowhere/at/all.xml", SY_ENOENT, "/nowhere/at/all.xml: not found"},
    {"/dev/zero", SY_EINVAL, "/dev/zero: neither a file nor a pipe"},
    {"/dev/null", SY_EINVAL, "/dev/null: neither a file nor a pipe"},
};

START_TEST(is_none)
{
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    ck_assert_int_eq(read_all(absent[_i].path, &reader, &heard, &err), absent[_i].code);
    ck_assert_str_eq(err.text, absent[_i].text);
    sy_str_done(&heard.text);
}
END_TEST

#define HEAD "\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\""
#define SPEC "\"spec\":{\"source\":\"document\",\"objects\":[{\"type\":\"Machine\"}]}"

/* File `x` of this content; %s in `text` is its path. */
static const struct {
    const char *content;
    enum sy_code code; /* SY_OK: it is read, and `text` is what was heard */
    const char *text;
} contents[] = {
    {"", SY_EPARSE, "%s: empty"},
    {" \n\t", SY_EPARSE, "%s: empty"},
    {"\xef\xbb\xbf", SY_EPARSE, "%s: empty"},
    {"<", SY_EPARSE, NULL},
    {"<html></html>", SY_EPARSE, NULL},
    {"<!DOCTYPE topology [<!ENTITY a \"b\">]><topology/>", SY_EPARSE, NULL},
    {"{", SY_EPARSE, "%s: line 1, column 1: string or '}' expected near end of file"},
    {"{}", SY_EINVAL, "%s: /apiVersion: required"},
    {"[]", SY_EINVAL, "%s:1: expected an object of kind NodeFabric, got array"},
    {"hello", SY_EINVAL, "%s:1: expected an object of kind NodeFabric, got string"},
    {"{\"kind\":\"Pod\"}", SY_EINVAL, "%s: no NodeFabric in it"},
    {"{\"kind\":7}", SY_EINVAL, "%s: /apiVersion: required"},
    {"{\"items\":7}", SY_EINVAL, "%s: /items: expected array, got integer"},
    {"{\"items\":null}", SY_EINVAL, "%s: no NodeFabric in it"},
    {"{\"items\":[]}", SY_EINVAL, "%s: no NodeFabric in it"},
    {"{" HEAD "," SPEC "}", SY_EINVAL, "%s: /metadata/name: required"},
    {"{" HEAD ",\"metadata\":{\"name\":\"a\"}}", SY_EINVAL, "%s: /spec: required"},
    {"{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC "}", SY_OK, "node a: 0, held \n"},
    {"\xef\xbb\xbf{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC "}", SY_OK, "node a: 0, held \n"},
    {"{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC ",\"status\":7}", SY_EINVAL,
     "%s: /status: expected object, got integer"},
    {"{\"apiVersion\":\"switchyard.dev/v9\",\"kind\":\"NodeFabric\"}", SY_EUNSUPPORTED,
     "%s: /apiVersion: expected 'switchyard.dev/v1alpha1', got 'switchyard.dev/v9'"},
    {"{\"items\":[7,{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC "}]}", SY_OK,
     "bad %s: items/0: expected object, got integer\nnode a: 0, held \n"},
    {"a: &x 1\nb: *x\n", SY_EPARSE, NULL},
    {"kind: Pod\n---\nkind: NodeFabric\n", SY_EINVAL, "%s:3: /apiVersion: required"},
    {"{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC "}\n{" HEAD
     ",\"metadata\":{\"name\":\"b\"}," SPEC "}",
     SY_OK, "node a: 0, held \nnode b: 0, held \n"},
    {"items:\n- 7\n- kind: Pod\n", SY_OK, "bad %s:2: expected object, got integer\n"},
    {"\x1b[2J", SY_EPARSE, NULL},
};

static void write_file(const char *name, const char *data, size_t len, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(content)
{
    char path[256], expected[1024];
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    write_file("x", contents[_i].content, strlen(contents[_i].content), path, sizeof path);
    enum sy_code code = read_all(path, &reader, &heard, &err);
    ck_assert_msg(code == contents[_i].code, "%s: %s", sy_code_text(code), err.text);
    const char *got = code == SY_OK ? heard.text.data : err.text;
    const char *place = contents[_i].text != NULL ? strstr(contents[_i].text, "%s") : NULL;
    if (place != NULL) {
        (void)snprintf(expected, sizeof expected, "%.*s%s%s", (int)(place - contents[_i].text),
                       contents[_i].text, path, place + 2);
        ck_assert_str_eq(got, expected);
    } else if (contents[_i].text != NULL) {
        ck_assert_str_eq(got, contents[_i].text);
    } else {
        ck_assert_msg(strncmp(got, path, strlen(path)) == 0, "no place: %s", got);
    }
    sy_str_done(&heard.text);
}
END_TEST

START_TEST(nul_byte)
{
    char path[256];
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    write_file("x", "{\0}", 3, path, sizeof path);
    ck_assert_int_eq(read_all(path, &reader, &heard, &err), SY_EPARSE);
    ck_assert_ptr_nonnull(strstr(err.text, "a NUL byte: neither XML, JSON nor YAML"));
    sy_str_done(&heard.text);
}
END_TEST

/* Bad files among good ones, a pipe, a link to nowhere, names that a terminal would obey. */
START_TEST(hostile_directory)
{
    char path[256], expected[2048];
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    static const char one[] = "{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC "}";
    write_file("a.json", one, sizeof one - 1, path, sizeof path);
    write_file("b\x1b[31m.yaml", "7", 1, path, sizeof path);
    write_file(".hidden.json", "7", 1, path, sizeof path);
    write_file("lone.status.json", "7", 1, path, sizeof path);
    (void)snprintf(path, sizeof path, "%s/pipe.json", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    (void)snprintf(path, sizeof path, "%s/link.xml", folder);
    ck_assert_int_eq(symlink("/nowhere", path), 0);
    (void)snprintf(path, sizeof path, "%s/folder.json", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_msg(read_all(folder, &reader, &heard, &err) == SY_OK, "%s", err.text);
    (void)snprintf(expected, sizeof expected,
                   "node a: 0, held \n"
                   "bad %s/b\\x1B[31m.yaml:1: expected an object of kind NodeFabric, got integer\n"
                   "bad %s/folder.json: not a regular file\n"
                   "bad %s/link.xml: not found\n"
                   "bad %s/pipe.json: not a regular file\n",
                   folder, folder, folder, folder);
    ck_assert_str_eq(heard.text.data, expected);
    ck_assert_uint_eq(reader.nbad, 4);
    ck_assert_int_eq(reader.bad_code, SY_EINVAL);
    sy_str_done(&heard.text);
}
END_TEST

static enum sy_code refuse(void *data, struct sy_node *node, struct sy_err *err)
{
    (void)data;
    return sy_fail(err, SY_ELIMIT, "no room for %s", node->name);
}

/* Who takes the nodes ends the reading, whatever else the List or the directory holds. */
START_TEST(taker_stops)
{
    static const char *const paths[] = {FILES "/list.yaml", FILES};
    static const char *const texts[] = {FILES "/list.yaml:5: no room for list-0",
                                        FILES "/list.yaml:5: no room for list-0"};
    struct sy_err err = {0};
    struct heard heard;
    struct sy_draw_reader reader = {
        .catalogue = catalogue, .node = refuse, .bad = hear_bad, .data = &heard};
    sy_str_init(&heard.text, 1 << 16);
    ck_assert_int_eq(sy_draw_read(&reader, paths[_i], &err), SY_ELIMIT);
    ck_assert_msg(strstr(err.text, texts[_i]) != NULL, "%s", err.text);
    ck_assert_uint_eq(reader.nbad, 0);
    sy_str_done(&heard.text);
}
END_TEST

START_TEST(empty_directory)
{
    char expected[256];
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    ck_assert_int_eq(read_all(folder, &reader, &heard, &err), SY_EINVAL);
    (void)snprintf(expected, sizeof expected, "%s: no .xml, .json or .yaml file with a node in it",
                   folder);
    ck_assert_str_eq(err.text, expected);
    sy_str_done(&heard.text);
}
END_TEST

START_TEST(large_directory)
{
    char path[256], name[32];
    struct sy_err err = {0};
    struct sy_draw_reader reader;
    struct heard heard;
    static const char one[] = "{" HEAD ",\"metadata\":{\"name\":\"a\"}," SPEC "}";
    for (unsigned i = 0; i < 3000; i++) {
        (void)snprintf(name, sizeof name, "n%04u.json", i);
        write_file(name, one, sizeof one - 1, path, sizeof path);
    }
    ck_assert_msg(read_all(folder, &reader, &heard, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(reader.nnode, 3000);
    sy_str_done(&heard.text);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof *(table)))

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("draw source");
    TCase *tcase = tcase_create("source");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 110);
    LOOP(tcase, reads, good);
    LOOP(tcase, is_none, absent);
    LOOP(tcase, content, contents);
    tcase_add_test(tcase, nul_byte);
    tcase_add_test(tcase, hostile_directory);
    tcase_add_loop_test(tcase, taker_stops, 0, 2);
    tcase_add_test(tcase, empty_directory);
    tcase_add_test(tcase, large_directory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
