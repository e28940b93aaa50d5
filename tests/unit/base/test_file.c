/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/switchyard-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    FILE *file = fopen(in_folder("ten"), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs("0123456789", file) >= 0, 1);
    ck_assert_int_eq(fclose(file), 0);
    file = fopen(in_folder("empty"), "w");
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(symlink("ten", in_folder("link")), 0);
}

static void remove_folder(void)
{
    static const char *const names[] = {"ten", "empty", "fifo", "link"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(names[i]));
    (void)rmdir(folder);
}

static const struct {
    const char *name;
    size_t max_bytes;
    enum sy_code code;
    const char *message; /* after the path */
    size_t len;
} cases[] = {
    {"ten", 10, SY_OK, NULL, 10},
    {"ten", SIZE_MAX, SY_OK, NULL, 10},
    {"link", 10, SY_OK, NULL, 10},
    {"empty", 0, SY_OK, NULL, 0},
    {"ten", 9, SY_ELIMIT, ": longer than 9 bytes", 0},
    {"none", 10, SY_ENOENT, ": not found", 0},
    {"ten/below", 10, SY_ENOENT, ": not found", 0},
    {"fifo", 10, SY_EINVAL, ": not a regular file", 0},
    {".", 10, SY_EINVAL, ": not a regular file", 0},
};

START_TEST(reads_regular_files)
{
    char *data = NULL;
    size_t len = 99;
    struct sy_err err = {0};
    const char *path = in_folder(cases[_i].name);
    ck_assert_int_eq(sy_file_read(path, cases[_i].max_bytes, &data, &len, &err), cases[_i].code);
    if (cases[_i].code == SY_OK) {
        ck_assert_uint_eq(len, cases[_i].len);
        ck_assert_uint_eq(strlen(data), len);
    } else {
        ck_assert_int_eq(strncmp(err.text, path, strlen(path)), 0);
        ck_assert_str_eq(err.text + strlen(path), cases[_i].message);
        ck_assert_ptr_null(data);
        ck_assert_uint_eq(len, 99);
    }
    sy_free(data);
}
END_TEST

/* Files of procfs say that they are empty. */
START_TEST(length_is_not_believed)
{
    char *data = NULL;
    size_t len = 0;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_file_read("/proc/self/maps", 1 << 24, &data, &len, &err), SY_OK);
    ck_assert_uint_gt(len, 100);
    sy_free(data);
    ck_assert_int_eq(sy_file_read("/proc/self/maps", 10, &data, &len, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "/proc/self/maps: longer than 10 bytes");
}
END_TEST

static enum sy_code read_maps(void *data, struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len;
    (void)data;
    return sy_file_read("/proc/self/maps", 1 << 24, &text, &len, err);
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(sy_fault_sweep(read_maps, NULL, 0), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_loop_test(tcase, reads_regular_files, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, length_is_not_believed);
    tcase_add_test(tcase, every_allocation_may_fail);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
