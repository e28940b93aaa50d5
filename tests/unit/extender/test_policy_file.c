/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/policy_file.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define HEAD "apiVersion: switchyard.dev/v1alpha1\nkind: SchedulingPolicy\n"

START_TEST(built_in)
{
    struct sy_policy_file *file;
    struct sy_policy *policy;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_policy_file_new(NULL, &file, &err), SY_OK);
    ck_assert_int_eq(sy_policy_file_fd(file), -1);
    ck_assert(!sy_policy_file_drain(file));
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_OK);
    ck_assert_ptr_nonnull(policy);
    sy_policy_unref(policy);
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_OK);
    ck_assert_ptr_null(policy);
    sy_policy_file_free(file);
}
END_TEST

START_TEST(each_content_counts_once)
{
    char folder[64], path[100];
    struct sy_policy_file *file;
    struct sy_policy *policy;
    struct sy_err err = {0};
    world_folder(folder);
    world_folder_write(folder, "p.yaml", HEAD "unknownNodeScore: 7\n");
    (void)snprintf(path, sizeof path, "%s/p.yaml", folder);
    ck_assert_int_eq(sy_policy_file_new(path, &file, &err), SY_OK);
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_OK);
    ck_assert_uint_eq(policy->unknown_node_score, 7);
    sy_policy_unref(policy);
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_OK);
    ck_assert_ptr_null(policy);
    world_folder_write(folder, "p.yaml", HEAD "unheard: 7\n");
    struct pollfd in = {.fd = sy_policy_file_fd(file), .events = POLLIN};
    ck_assert_int_eq(poll(&in, 1, 5000), 1);
    ck_assert(sy_policy_file_drain(file));
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "p.yaml:3:1: "));
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_OK); /* refused once */
    ck_assert_ptr_null(policy);
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_ENOENT);
    err = (struct sy_err){0};
    ck_assert_int_eq(sy_policy_file_look(file, &policy, &err), SY_OK);
    sy_policy_file_free(file);
    world_folder_remove(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_file");
    TCase *tcase = tcase_create("policy_file");
    tcase_add_test(tcase, built_in);
    tcase_add_test(tcase, each_content_counts_once);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
