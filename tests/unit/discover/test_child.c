/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side against children that misbehave. The child is this program again; MODE in the
 * environment says how it fails. */
#define _GNU_SOURCE
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODE "SWITCHYARD_TEST_CHILD"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        abort();
}

/* What a failing child does; its exit status. */
static int misbehave(const char *mode)
{
    if (strcmp(mode, "sleep") == 0) {
        sleep(60);
    } else if (strcmp(mode, "close and sleep") == 0) {
        (void)close(STDOUT_FILENO);
        sleep(60);
    } else if (strcmp(mode, "kill") == 0) {
        (void)raise(SIGKILL);
    } else if (strcmp(mode, "garbage") == 0) {
        say("hello");
    } else if (strcmp(mode, "other json") == 0) {
        say("{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\"}");
    } else if (strcmp(mode, "flood") == 0) {
        for (;;)
            say("0123456789012345678901234567890123456789012345678901234567890123");
    } else if (strcmp(mode, "status") == 0) {
        return 3;
    } else if (strcmp(mode, "refuse") == 0) {
        say("bad\nthing");
        return 32 + (int)SY_EINVAL;
    } else if (strcmp(mode, "no memory") == 0) {
        return 32 + (int)SY_ENOMEM;
    }
    return 0;
}

static const struct {
    const char *mode;
    enum sy_code code;
    const char *message;
} cases[] = {
    {"sleep", SY_EIO, "f: the import took longer than 300 ms and was stopped"},
    {"close and sleep", SY_EIO, "f: the import took longer than 300 ms and was stopped"},
    {"kill", SY_EIO, "f: the import child crashed (signal 9)"},
    {"flood", SY_EIO, "f: the import child's answer is over 4194304 bytes"},
    {"status", SY_EIO, "f: the import child ended with status 3"},
    {"refuse", SY_EINVAL, "f: bad\\x0Athing"},
    {"no memory", SY_ELIMIT, "f: the import needs more than 268435456 bytes of memory"},
    {"garbage", SY_EIO, "f: the import child's answer cannot be read: "},
    {"silence", SY_EIO, "f: the import child's answer cannot be read: "},
    {"other json", SY_EIO, "f: the import child's answer cannot be read: "},
};

static unsigned open_files(void)
{
    unsigned n = 0;
    DIR *folder = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL)
        n++;
    (void)closedir(folder);
    return n;
}

static enum sy_code load(const struct sy_discover_options *options, struct sy_err *err)
{
    struct sy_inventory inv;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(8u << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_discover_xml("f", good_xml, strlen(good_xml), options, arena, &inv, err);
}

START_TEST(failures)
{
    struct sy_err err = {.code = SY_OK};
    struct sy_discover_options options = {.timeout_ms = _i < 2 ? 300 : 0};
    unsigned before = open_files();
    ck_assert_int_eq(setenv(MODE, cases[_i].mode, 1), 0);
    enum sy_code code = load(&options, &err);
    ck_assert_int_eq(unsetenv(MODE), 0);
    ck_assert_msg(strncmp(err.text, cases[_i].message, strlen(cases[_i].message)) == 0,
                  "%s: got %s", cases[_i].mode, err.text);
    ck_assert_int_eq(code, cases[_i].code);
    ck_assert_uint_eq(open_files(), before);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left behind */
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(no_program)
{
    struct sy_err err = {.code = SY_OK};
    struct sy_discover_options options = {.self = "/nonexistent/program"};
    ck_assert_int_eq(load(&options, &err), SY_EIO);
    ck_assert_str_eq(err.text, "f: import child: /nonexistent/program: No such file or directory");
}
END_TEST

START_TEST(memory_limit)
{
    struct sy_err err = {.code = SY_OK};
    struct sy_discover_options options = {.memory_bytes = 5u << 20};
    if (SANITIZED) {
        sy_skip("the child's memory limit: sanitizers need the address space");
        return;
    }
    enum sy_code code = load(&options, &err);
    ck_assert_msg(code == SY_ELIMIT || code == SY_EIO, "%d %s", code, err.text);
    options.memory_bytes = 64u << 20;
    err.code = SY_OK;
    ck_assert_int_eq(load(&options, &err), SY_OK);
}
END_TEST

/* hwloc's variables could send the import anywhere: they do not reach the child. */
START_TEST(environment)
{
    struct sy_err err = {.code = SY_OK};
    ck_assert_int_eq(setenv("HWLOC_XMLFILE", "/nonexistent.xml", 1), 0);
    ck_assert_int_eq(setenv("HWLOC_SYNTHETIC", "pack:9 pu:9", 1), 0);
    ck_assert_int_eq(load(NULL, &err), SY_OK);
    (void)unsetenv("HWLOC_XMLFILE");
    (void)unsetenv("HWLOC_SYNTHETIC");
}
END_TEST

/* Another child of the program keeps its status for whoever waits for it; SIGCHLD may be ignored.
 */
START_TEST(other_children)
{
    struct sy_err err = {.code = SY_OK};
    int status = 0;
    pid_t other = fork();
    if (other == 0)
        _exit(7);
    ck_assert_int_eq(load(NULL, &err), SY_OK);
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    ck_assert_int_eq(sigaction(SIGCHLD, &ignore, &before), 0);
    ck_assert_int_eq(load(NULL, &err), SY_OK);
    ck_assert_int_eq(sigaction(SIGCHLD, &before, NULL), 0);
}
END_TEST

static void *load_many(void *failed)
{
    for (int i = 0; i < 5; i++) {
        struct sy_err err = {.code = SY_OK};
        if (load(NULL, &err) != SY_OK)
            *(bool *)failed = true;
    }
    return NULL;
}

START_TEST(threads)
{
    pthread_t thread[4];
    bool failed[4] = {false};
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, load_many, &failed[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert(!failed[i]);
    }
}
END_TEST

/* The smallest machine, so that the sweep is short. */
static enum sy_code load_small(void *data, struct sy_err *err)
{
    static const char small[] =
        "<topology>\n<object type=\"Machine\" os_index=\"0\" cpuset=\"0x1\" "
        "complete_cpuset=\"0x1\">\n<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" "
        "complete_cpuset=\"0x1\"/>\n</object>\n</topology>\n";
    struct sy_inventory inv;
    (void)data;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(8u << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_discover_xml("f", small, strlen(small), NULL, arena, &inv, err);
}

START_TEST(memory_runs_out)
{
    ck_assert_int_gt(sy_fault_sweep(load_small, NULL, 0), 5);
}
END_TEST

START_TEST(started_by_hand)
{
    char none[] = "program", other[] = "--help", self[256] = "", command[512];
    ck_assert_int_eq(sy_discover_child_main(1, (char *[]){none, NULL}), -1);
    ck_assert_int_eq(sy_discover_child_main(2, (char *[]){none, other, NULL}), -1);
    ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof self - 1), 0);
    (void)snprintf(command, sizeof command, "%s %s </dev/null >/dev/null", self,
                   SY_IMPORT_CHILD_ARG);
    ck_assert_int_eq(shell(command), 32 + (int)SY_EIO);
}
END_TEST

int main(int argc, char **argv)
{
    const char *mode = getenv(MODE);
    if (mode != NULL && argc > 1 && strcmp(argv[1], SY_IMPORT_CHILD_ARG) == 0)
        return misbehave(mode);
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("discover/child");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, failures, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, no_program);
    tcase_add_test(tcase, memory_limit);
    tcase_add_test(tcase, environment);
    tcase_add_test(tcase, other_children);
    tcase_add_test(tcase, threads);
    tcase_add_test(tcase, memory_runs_out);
    tcase_add_test(tcase, started_by_hand);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
