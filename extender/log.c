/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/log.h"

#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)1 << 18) /* of each of the two buffers */
#define WRITE_STEP 4096u /* a pipe that poll() calls writable takes this much without blocking */
#define POLL_MS 100
#define LAST_WORDS_MS 500
#define SHOWN_MAX 768u /* bytes of one value, escapes included */
#define ESCAPED_MAX 8u /* of one character, with its NUL */

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

/* Two bytes are kept free for the end of the line. */
static bool has_room(const struct sy_log_line *line, size_t extra)
{
    return extra <= sizeof line->text - 2 - line->len;
}

static void put(struct sy_log_line *line, const char *text, size_t len)
{
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_key(struct sy_log_line *line, const char *key)
{
    bool json = line->log->format == SY_LOG_JSON;
    if (!line->first)
        put(line, json ? "," : " ", 1);
    line->first = false;
    if (json)
        put(line, "\"", 1);
    put(line, key, strlen(key));
    put(line, json ? "\":" : "=", json ? 2 : 1);
}

/* One character as it stands in a quoted value; what is no text is shown as \xNN. Returns how many
 * bytes of `p` it is. */
static size_t escape(enum sy_log_format format, const char *p, size_t len, char out[ESCAPED_MAX])
{
    unsigned char c = (unsigned char)*p;
    bool json = format == SY_LOG_JSON;
    size_t n = 1;
    if (c == '"' || c == '\\' || c == '\n') {
        (void)snprintf(out, ESCAPED_MAX, "\\%c", c == '\n' ? 'n' : c);
    } else if (c < 0x20 || c == 0x7F) {
        (void)snprintf(out, ESCAPED_MAX, json ? "\\u%04X" : "\\x%02X", c);
    } else {
        char judged[4 * 4 + 1] = ""; /* the quotation knows UTF-8 */
        if (c >= 0x80)
            (void)sy_quote(judged, sizeof judged, p, len < 4 ? len : 4);
        if (judged[0] == '\\') {
            (void)snprintf(out, ESCAPED_MAX, json ? "\\\\x%02X" : "\\x%02X", c);
            return 1;
        }
        n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0x80 ? 2 : 1;
        memcpy(out, p, n);
        out[n] = '\0';
    }
    return n;
}

/* The whole value, or its begin and "...". False when it does not read as one plain word. */
static bool escape_all(enum sy_log_format format, const char *value, char shown[SHOWN_MAX + 4])
{
    size_t len = strlen(value), used = 0;
    bool plain = len > 0;
    for (size_t i = 0; i < len;) {
        char one[ESCAPED_MAX];
        size_t n = escape(format, value + i, len - i, one), size = strlen(one);
        plain = plain && size == 1 && strchr(" ='", one[0]) == NULL;
        if (used + size > SHOWN_MAX) {
            memcpy(shown + used, "...", 4);
            return plain;
        }
        memcpy(shown + used, one, size);
        used += size;
        i += n;
    }
    shown[used] = '\0';
    return plain;
}

void sy_log_str(struct sy_log_line *line, const char *key, const char *value)
{
    char shown[SHOWN_MAX + 4];
    if (value == NULL)
        return;
    enum sy_log_format format = line->log->format;
    bool quotes = !escape_all(format, value, shown) || format == SY_LOG_JSON;
    size_t len = strlen(shown);
    if (!has_room(line, strlen(key) + len + 6))
        return;
    put_key(line, key);
    if (quotes)
        put(line, "\"", 1);
    put(line, shown, len);
    if (quotes)
        put(line, "\"", 1);
}

void sy_log_u64(struct sy_log_line *line, const char *key, uint64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, value);
    if (!has_room(line, strlen(key) + (size_t)len + 4))
        return;
    put_key(line, key);
    put(line, digits, (size_t)len);
}

void sy_log_begin_bare(struct sy_log_line *line, struct sy_log *log)
{
    line->log = log;
    line->len = 0;
    line->first = true;
    if (log->format == SY_LOG_JSON)
        put(line, "{", 1);
}

void sy_log_begin(struct sy_log_line *line, struct sy_log *log, enum sy_level level,
                  const char *msg)
{
    static const char *const names[] = {"info", "warn", "error"};
    sy_log_begin_bare(line, log);
    struct timespec now;
    struct tm utc;
    char date[32], text[64];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    (void)snprintf(text, sizeof text, "%s.%06ldZ", date, now.tv_nsec / 1000);
    sy_log_str(line, "time", text);
    sy_log_str(line, "level", names[level]);
    sy_log_str(line, "msg", msg);
}

void sy_log_end(struct sy_log_line *line)
{
    struct sy_log *log = line->log;
    if (log->format == SY_LOG_JSON)
        line->text[line->len++] = '}';
    line->text[line->len++] = '\n';
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
