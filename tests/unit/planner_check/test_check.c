/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/check/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define V1 "apiVersion: switchyard.dev/v1alpha1\n"

static char path[] = "/tmp/switchyard-check-XXXXXX";
static struct sy_catalogue *catalogue;

struct heard {
    unsigned n;
    char first[600];
};

static void hear(void *data, const char *text)
{
    struct heard *heard = data;
    if (heard->n++ == 0)
        (void)snprintf(heard->first, sizeof heard->first, "%s", text);
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static const struct {
    const char *text;
    enum sy_file_kind kind;
    const char *message; /* behind the file's name; NULL = it is good */
    size_t count;
} cases[] = {
    {"", SY_FILE_KIND_COUNT, ": empty", 0},
    {" \n\t", SY_FILE_KIND_COUNT, ": empty", 0},
    {"colour: red\n", SY_FILE_KIND_COUNT, ": neither a topology's XML nor a document with a 'kind'",
     0},
    {"{\"colour\": 7}", SY_FILE_KIND_COUNT,
     ": neither a topology's XML nor a document with a 'kind'", 0},
    {"a: &b 1\nc: *b\n", SY_FILE_KIND_COUNT, ":1:4: ", 0},
    {"<colour/>", SY_FILE_TOPOLOGY, "", 0},
    {"{", SY_FILE_OBJECTS, "", 0},
    {V1 "kind: SchedulingPolicy\ndefaultProfile: io-heavy\n", SY_FILE_POLICY, NULL, 5},
    {V1 "kind: \"SchedulingPolicy\" # by hand\nnope: 1\n", SY_FILE_POLICY, ":3:1: unknown key", 0},
    {"unknownNodeScore: 3\n", SY_FILE_POLICY, NULL, 5},
    {V1 "kind: DeviceCatalogue\ndevices: 3\n", SY_FILE_CATALOGUE, ":3:10: ", 0},
    {V1 "kind: Fleet\n", SY_FILE_FLEET, ":1:1: 'parts' is required", 0},
    {V1 "kind: Scenario\nsteps:\n- dance: {}\n", SY_FILE_SCENARIO, ":4:3: ", 0},
    {"{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"Recording\"}", SY_FILE_RECORDING,
     ": /verb: required", 0},
    {"{\"items\":[],\"kind\":\"List\",\"apiVersion\":\"v1\"}", SY_FILE_OBJECTS, NULL, 0},
    {"{\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}],"
     "\"kind\":\"List\",\"apiVersion\":\"v1\"}",
     SY_FILE_OBJECTS, NULL, 1},
    {"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c}]}\n",
     SY_FILE_OBJECTS, NULL, 1},
    {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  parallelism: 3\n  template:\n"
     "    spec: {containers: [{name: c}]}\n",
     SY_FILE_OBJECTS, NULL, 3},
    {V1 "kind: NodeTemplate\nmetadata: {name: t}\nlike: a\n", SY_FILE_TEMPLATE, NULL, 1},
};

START_TEST(says_what_is_wrong)
{
    struct sy_err err = {0};
    struct heard heard = {0};
    struct sy_check check = {.catalogue = catalogue, .bad = hear, .data = &heard};
    enum sy_file_kind kind;
    char expected[200];
    write_text(cases[_i].text);
    ck_assert_int_eq(sy_check_file(&check, path, &kind, &err), SY_OK);
    ck_assert_uint_eq(check.nbad, heard.n);
    ck_assert_int_eq(kind, cases[_i].kind);
    if (cases[_i].message == NULL) {
        ck_assert_str_eq(heard.first, "");
        if (cases[_i].kind != SY_FILE_POLICY)
            ck_assert_uint_eq(check.count, cases[_i].count);
        else
            ck_assert_uint_ge(check.count, cases[_i].count);
        return;
    }
    (void)snprintf(expected, sizeof expected, "%s%s", path, cases[_i].message);
    ck_assert_msg(strncmp(heard.first, expected, strlen(expected)) == 0, "'%s' instead of '%s'",
                  heard.first, expected);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct heard heard = {0};
    struct sy_check check = {.catalogue = data, .bad = hear, .data = &heard};
    enum sy_file_kind kind;
    enum sy_code code = sy_check_file(&check, path, &kind, err);
    if (code == SY_OK)
        ck_assert_str_eq(heard.first, "");
    return code;
}

START_TEST(survives_failing_allocations)
{
    write_text(cases[_i].text);
    (void)sy_fault_sweep(sweep, catalogue, 0);
}
END_TEST

int main(void)
{
    struct sy_err err = {0};
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0 || sy_catalogue_load(NULL, 0, &catalogue, &err) != SY_OK)
        return EXIT_FAILURE;
    const int n = sizeof cases / sizeof cases[0];
    Suite *suite = suite_create("planner_check");
    TCase *tcase = tcase_create("check");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, says_what_is_wrong, 0, n);
    tcase_add_loop_test(tcase, survives_failing_allocations, n - 4, n);
    suite_add_tcase(suite, tcase);
    int status = sy_run(suite);
    sy_catalogue_unref(catalogue);
    (void)unlink(path);
    return status;
}
