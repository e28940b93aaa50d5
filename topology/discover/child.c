/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of the import child: start it, feed it, wait for its answer but not for long.
 * posix_spawn, because a fork of a program with threads may not allocate; a memory file as its
 * input, because a pipe that it does not read would stop us or raise SIGPIPE; waitpid on its number
 * alone, because other children belong to others. */
#define _GNU_SOURCE
#include "topology/discover/child.h"

#include "base/json.h"
#include "base/str.h"
#include "topology/node_json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct import {
    const char *file;
    struct sy_discover_options options; /* filled in */
    int input, output;                  /* memory file; read end of the answer's pipe */
    pid_t pid;                          /* 0 = none */
    int64_t deadline_ms;
    struct sy_str answer;
    int status; /* as waitpid tells it, -1 = unknown (someone ignores SIGCHLD) */
};

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum sy_code io_fail(const struct import *im, const char *what, int error,
                            struct sy_err *err)
{
    char text[128];
    return sy_fail(err, SY_EIO, "%s: import child: %s: %s", im->file, what,
                   strerror_r(error, text, sizeof text));
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* A descriptor above the standard ones, which a daemon may have closed: dup2 in the child must not
 * overwrite one of ours. */
static int above_stdio(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(fd);
    return moved;
}

static enum sy_code make_input(struct import *im, const char *data, size_t len, struct sy_err *err)
{
    im->input = above_stdio(memfd_create("switchyard-topology", MFD_CLOEXEC));
    if (im->input < 0)
        return io_fail(im, "memory file", errno, err);
    while (len > 0) {
        ssize_t n = write(im->input, data, len);
        if (n < 0 && errno != EINTR)
            return io_fail(im, "memory file", errno, err);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return lseek(im->input, 0, SEEK_SET) == 0 ? SY_OK : io_fail(im, "memory file", errno, err);
}

/* The environment without hwloc's 68 variables, any of which could send it elsewhere, and with
 * ours: no plugins (their loading takes most of the time of a small import), hwloc's built-in XML
 * parser, for whose subset the validator is made, no talk on standard error. */
static char **make_environment(void)
{
    static char *const ours[] = {"HWLOC_PLUGINS_PATH=/nonexistent", "HWLOC_LIBXML=0",
                                 "HWLOC_HIDE_ERRORS=2"};
    size_t n = 0, kept = 0;
    while (environ[n] != NULL)
        n++;
    char **made = sy_calloc(n + sizeof ours / sizeof ours[0] + 1, sizeof *made);
    if (made == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "HWLOC_", 6) != 0)
            made[kept++] = environ[i];
    memcpy(made + kept, ours, sizeof ours);
    return made;
}

/* A signal mask and dispositions of its own, whatever this thread blocks or ignores. */
static int set_signals(posix_spawnattr_t *attr)
{
    sigset_t none, usual;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    static const int signals[] = {SIGPIPE, SIGTERM, SIGINT,  SIGHUP,  SIGCHLD, SIGALRM,
                                  SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGSEGV, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)sigaddset(&usual, signals[i]);
    int error = posix_spawnattr_setsigmask(attr, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attr, &usual);
    if (error == 0)
        error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

static int spawn(struct import *im, int answer, char **environment)
{
    char memory[32], seconds[16], arg[] = SY_IMPORT_CHILD_ARG;
    char *argv[] = {(char *)(uintptr_t)im->options.self, arg, memory, seconds, NULL};
    (void)snprintf(memory, sizeof memory, "%zu", im->options.memory_bytes);
    (void)snprintf(seconds, sizeof seconds, "%u", (im->options.timeout_ms + 999) / 1000);
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attr);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = set_signals(&attr);
        if (error == 0)
            error = posix_spawn_file_actions_adddup2(&actions, im->input, STDIN_FILENO);
        if (error == 0)
            error = posix_spawn_file_actions_adddup2(&actions, answer, STDOUT_FILENO);
        if (error == 0)
            error = posix_spawn(&im->pid, im->options.self, &actions, &attr, argv, environment);
        if (error != 0)
            im->pid = 0;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)posix_spawnattr_destroy(&attr);
    return error;
}

static enum sy_code start(struct import *im, struct sy_err *err)
{
    int both[2];
    sy_autofree char **environment = make_environment();
    if (environment == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    if (pipe2(both, O_CLOEXEC) < 0)
        return io_fail(im, "pipe", errno, err);
    im->output = above_stdio(both[0]);
    int answer = above_stdio(both[1]);
    int error = im->output < 0 || answer < 0 ? EMFILE : spawn(im, answer, environment);
    close_fd(&answer);
    if (error != 0)
        return io_fail(im, im->options.self, error, err);
    return SY_OK;
}

/* Read until the child closes its side. SY_EIO: the time is over. */
static enum sy_code read_answer(struct import *im, struct sy_err *err)
{
    char chunk[16384];
    for (;;) {
        int64_t left = im->deadline_ms - now_ms();
        struct pollfd poll_fd = {.fd = im->output, .events = POLLIN};
        int ready = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return io_fail(im, "poll", errno, err);
        if (ready == 0)
            return sy_fail(err, SY_EIO, "%s: the import took longer than %u ms and was stopped",
                           im->file, im->options.timeout_ms);
        ssize_t n = read(im->output, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_fail(im, "read", errno, err);
        if (n == 0)
            return SY_OK;
        if (im->answer.len + (size_t)n > SY_CHILD_ANSWER_MAX)
            return sy_fail(err, SY_EIO, "%s: the import child's answer is over %u bytes", im->file,
                           SY_CHILD_ANSWER_MAX);
        sy_str_append_n(&im->answer, chunk, (size_t)n);
        if (sy_str_failed(&im->answer))
            return sy_fail(err, SY_ENOMEM, "%s: out of memory", im->file);
    }
}

/* Wait for the child, which has closed its output, until the deadline; then end it. */
static enum sy_code reap(struct import *im, bool kill_now, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    while (im->pid != 0) {
        if (kill_now)
            (void)kill(im->pid, SIGKILL);
        pid_t got = waitpid(im->pid, &im->status, kill_now ? 0 : WNOHANG);
        if (got == im->pid || (got < 0 && errno != EINTR)) {
            im->status = got < 0 ? -1 : im->status;
            im->pid = 0;
        } else if (got == 0 && now_ms() >= im->deadline_ms) {
            kill_now = true;
            code = sy_fail(err, SY_EIO, "%s: the import took longer than %u ms and was stopped",
                           im->file, im->options.timeout_ms);
        } else if (got == 0) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        }
    }
    return code;
}

static enum sy_code read_document(struct import *im, struct sy_arena *arena,
                                  struct sy_inventory *ret, struct sy_err *err)
{
    const struct sy_json_limits limits = {
        .max_bytes = SY_CHILD_ANSWER_MAX, .max_depth = 16, .reject_duplicates = true};
    sy_autojson json_t *root = NULL;
    struct sy_node_doc doc = {0};
    struct sy_err why = {.code = SY_OK};
    const char *text = im->answer.data != NULL ? im->answer.data : "";
    enum sy_code code = sy_json_parse(text, im->answer.len, &limits, &root, &why);
    if (code == SY_OK)
        code = sy_node_doc_from_json(root, arena, &doc, &why);
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "%s", why.text);
    if (code != SY_OK || !doc.has_spec)
        return sy_fail(err, SY_EIO, "%s: the import child's answer cannot be read: %.300s",
                       im->file, code != SY_OK ? why.text : "it has no spec");
    *ret = doc.inv;
    ret->source = "hwloc-xml";
    return SY_OK;
}

/* Why the child did not end with 0. */
static enum sy_code explain(const struct import *im, struct sy_err *err)
{
    int status = im->status;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return sy_fail(err, SY_EIO, "%s: the import used up its CPU time", im->file);
    if (WIFSIGNALED(status))
        return sy_fail(err, SY_EIO, "%s: the import child crashed (signal %d)", im->file,
                       WTERMSIG(status));
    enum sy_code code = (enum sy_code)(WEXITSTATUS(status) - SY_CHILD_FAILED);
    if (WEXITSTATUS(status) <= SY_CHILD_FAILED ||
        WEXITSTATUS(status) >= SY_CHILD_FAILED + (int)SY_CODE_COUNT)
        return sy_fail(err, SY_EIO, "%s: the import child ended with status %d", im->file,
                       WEXITSTATUS(status));
    /* The child's memory is limited, ours is not what ran out. */
    if (code == SY_ENOMEM)
        return sy_fail(err, SY_ELIMIT, "%s: the import needs more than %zu bytes of memory",
                       im->file, im->options.memory_bytes);
    char text[400];
    return sy_fail(err, code, "%s: %s", im->file,
                   im->answer.data == NULL
                       ? sy_code_text(code)
                       : sy_quote(text, sizeof text, im->answer.data, im->answer.len));
}

enum sy_code sy_child_import(const char *file, const char *data, size_t len,
                             const struct sy_discover_options *options, struct sy_arena *arena,
                             struct sy_inventory *ret, struct sy_err *err)
{
    struct import im = {.file = file, .input = -1, .output = -1, .status = -1};
    if (options != NULL)
        im.options = *options;
    if (im.options.timeout_ms == 0)
        im.options.timeout_ms = SY_CHILD_TIMEOUT_MS;
    if (im.options.memory_bytes == 0)
        im.options.memory_bytes = SY_CHILD_MEMORY;
    if (im.options.self == NULL)
        im.options.self = "/proc/self/exe";
    im.deadline_ms = now_ms() + im.options.timeout_ms;
    sy_str_init(&im.answer, SY_CHILD_ANSWER_MAX);
    enum sy_code code = make_input(&im, data, len, err);
    if (code == SY_OK)
        code = start(&im, err);
    if (code == SY_OK)
        code = read_answer(&im, err);
    enum sy_code reaped = reap(&im, code != SY_OK, err);
    code = code == SY_OK ? reaped : code;
    if (code == SY_OK && im.status > 0)
        code = explain(&im, err);
    if (code == SY_OK)
        code = read_document(&im, arena, ret, err);
    sy_str_done(&im.answer);
    close_fd(&im.input);
    close_fd(&im.output);
    return code;
}
