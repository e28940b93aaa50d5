/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/log.h"

#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)1 << 18) /* of each of the two buffers */
#define WRITE_STEP 4096u /* a pipe that poll() calls writable takes this much without blocking */
#define POLL_MS 100
#define LAST_WORDS_MS 500

struct sy_log {
    int fd;
    enum sy_log_format format;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    uint64_t dropped;
    size_t used; /* of `filling` */
    char *filling, *writing;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Past the deadline (0: none while the log runs) the rest is given up. */
static void write_out(struct sy_log *log, size_t len, int64_t *deadline_ms)
{
    size_t done = 0;
    while (done < len) {
        struct pollfd out = {.fd = log->fd, .events = POLLOUT};
        int ready = poll(&out, 1, POLL_MS);
        if (ready > 0) {
            size_t step = len - done < WRITE_STEP ? len - done : WRITE_STEP;
            ssize_t n = write(log->fd, log->writing + done, step);
            if (n <= 0)
                return; /* nobody to tell */
            done += (size_t)n;
            continue;
        }
        pthread_mutex_lock(&log->lock);
        if (log->stopping && *deadline_ms == 0)
            *deadline_ms = monotonic_ms() + LAST_WORDS_MS;
        pthread_mutex_unlock(&log->lock);
        if (*deadline_ms != 0 && monotonic_ms() > *deadline_ms)
            return;
    }
}

static void *write_lines(void *data)
{
    struct sy_log *log = data;
    int64_t deadline_ms = 0;
    pthread_mutex_lock(&log->lock);
    for (;;) {
        while (log->used == 0 && !log->stopping)
            pthread_cond_wait(&log->wake, &log->lock);
        size_t len = log->used;
        if (len == 0)
            break; /* stopping, and all is written */
        char *full = log->filling;
        log->filling = log->writing;
        log->writing = full;
        log->used = 0;
        pthread_mutex_unlock(&log->lock);
        write_out(log, len, &deadline_ms);
        pthread_mutex_lock(&log->lock);
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

enum sy_code sy_log_new(int fd, enum sy_log_format format, struct sy_log **ret, struct sy_err *err)
{
    struct sy_log *log = sy_calloc(1, sizeof *log);
    if (log != NULL) {
        log->filling = sy_malloc(BUFFER_SIZE);
        log->writing = sy_malloc(BUFFER_SIZE);
    }
    if (log == NULL || log->filling == NULL || log->writing == NULL) {
        if (log != NULL) {
            sy_free(log->filling);
            sy_free(log->writing);
        }
        sy_free(log);
        return sy_fail(err, SY_ENOMEM, "out of memory for the log");
    }
    log->fd = fd;
    log->format = format;
    (void)pthread_mutex_init(&log->lock, NULL);
    (void)pthread_cond_init(&log->wake, NULL);
    int failed = pthread_create(&log->thread, NULL, write_lines, log);
    if (failed != 0) {
        sy_free(log->filling);
        sy_free(log->writing);
        sy_free(log);
        return sy_fail(err, SY_EIO, "cannot start the log's thread: %s", strerror(failed));
    }
    *ret = log;
    return SY_OK;
}

void sy_log_free(struct sy_log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    (void)pthread_join(log->thread, NULL);
    (void)pthread_cond_destroy(&log->wake);
    (void)pthread_mutex_destroy(&log->lock);
    sy_free(log->filling);
    sy_free(log->writing);
    sy_free(log);
}

uint64_t sy_log_dropped(struct sy_log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t dropped = log->dropped;
    pthread_mutex_unlock(&log->lock);
    return dropped;
}

void sy_log_begin_bare(struct sy_log_line *line, struct sy_log *log)
{
    sy_log_line_begin_bare(line, log->format);
    line->log = log;
}

void sy_log_begin(struct sy_log_line *line, struct sy_log *log, enum sy_level level,
                  const char *msg)
{
    sy_log_line_begin(line, log->format, level, msg);
    line->log = log;
}

void sy_log_end(struct sy_log_line *line)
{
    struct sy_log *log = line->log;
    sy_log_line_end(line);
    pthread_mutex_lock(&log->lock);
    if (line->len > BUFFER_SIZE - log->used) {
        log->dropped++;
    } else {
        memcpy(log->filling + log->used, line->text, line->len);
        log->used += line->len;
        if (log->used == line->len) /* it was empty: the writer may sleep */
            pthread_cond_signal(&log->wake);
    }
    pthread_mutex_unlock(&log->lock);
}
