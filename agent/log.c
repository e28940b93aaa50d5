/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/log.h"

#include "base/hash.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192

struct line {
    size_t len;
    char text[LINE_MAX_BYTES];
};

/* What does not fit is left out; a byte stays for the line's end. */
static void put(struct line *line, const char *text)
{
    size_t len = strlen(text);
    if (len >= sizeof line->text - 1 - line->len)
        return;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static bool is_plain(const char *text)
{
    if (text[0] == '\0')
        return false;
    for (const char *p = text; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || strchr("=\"'\\", *p) != NULL)
            return false;
    return true;
}

/* In double quotes: a quote and a backslash have a backslash before them, what is no text is \xNN,
 * and a long value is cut. */
static void put_quoted(struct line *line, const char *value)
{
    size_t from = line->len;
    put(line, "\"");
    while (*value != '\0' && line->len - from < SY_AGENT_LOG_VALUE_MAX) {
        char shown[SY_AGENT_LOG_VALUE_MAX], sign[3] = {'\\', *value, '\0'};
        size_t len = strcspn(value, "\"'\\");
        if (len > 0)
            put(line, sy_quote(shown, sizeof shown, value, len));
        else
            put(line, *value == '\'' ? "'" : sign);
        value += len > 0 ? len : 1;
    }
    put(line, "\"");
}

static void put_pair(struct line *line, const char *key, const char *value)
{
    put(line, line->len > 0 ? " " : "");
    put(line, key);
    put(line, "=");
    if (is_plain(value) && strlen(value) < SY_AGENT_LOG_VALUE_MAX)
        put(line, value);
    else
        put_quoted(line, value);
}

void sy_agent_log(enum sy_agent_level level, const char *msg, const struct sy_agent_pair *pairs)
{
    static const char *const names[] = {"info", "warn", "error"};
    struct line line = {.len = 0};
    struct timespec now;
    struct tm utc;
    char date[32], text[64];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    (void)snprintf(text, sizeof text, "%s.%06ldZ", date, now.tv_nsec / 1000);
    put_pair(&line, "time", text);
    put_pair(&line, "level", names[level]);
    put_pair(&line, "msg", msg);
    for (; pairs != NULL && pairs->key != NULL; pairs++)
        if (pairs->value != NULL)
            put_pair(&line, pairs->key, pairs->value);
    line.text[line.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.len);
    (void)written; /* nobody to tell */
}

void sy_agent_say(struct sy_agent_said *said, enum sy_agent_level level, const char *msg,
                  const char *why, const char *well)
{
    uint64_t text = why != NULL ? sy_hash_name(why, strlen(why)) | 1 : 0;
    if (text == said->text)
        return;
    said->text = text;
    if (why != NULL)
        sy_agent_log(level, msg, SY_AGENT_PAIRS({"error", why}));
    else if (well != NULL)
        sy_agent_log(SY_AGENT_INFO, well, NULL);
}
