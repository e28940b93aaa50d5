/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/log_line.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SHOWN_MAX 768u /* bytes of one value, escapes included */
#define ESCAPED_MAX 8u /* of one character, with its NUL */

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
    bool json = line->format == SY_LOG_JSON;
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
    enum sy_log_format format = line->format;
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

void sy_log_line_begin_bare(struct sy_log_line *line, enum sy_log_format format)
{
    line->log = NULL;
    line->format = format;
    line->len = 0;
    line->first = true;
    if (format == SY_LOG_JSON)
        put(line, "{", 1);
}

void sy_log_line_begin(struct sy_log_line *line, enum sy_log_format format, enum sy_level level,
                       const char *msg)
{
    static const char *const names[] = {"info", "warn", "error"};
    sy_log_line_begin_bare(line, format);
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

void sy_log_line_end(struct sy_log_line *line)
{
    if (line->format == SY_LOG_JSON)
        line->text[line->len++] = '}';
    line->text[line->len++] = '\n';
}
