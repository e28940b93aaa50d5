/* SPDX-License-Identifier: Apache-2.0 */
/* A growable text buffer born with its maximum. A failure (memory, or the limit) is sticky: later
 * appends do nothing, and sy_str_failed() says so once at the end. */
#ifndef SY_BASE_STR_H
#define SY_BASE_STR_H

#include "base/mem.h"

struct sy_str {
    char *data;   /* NUL-terminated when not NULL */
    size_t len;   /* bytes, without the NUL */
    size_t size;  /* allocated */
    size_t limit; /* len never exceeds it */
    bool failed;
};

void sy_str_init(struct sy_str *str, size_t limit);
void sy_str_done(struct sy_str *str); /* frees; leaves an empty buffer with the same limit */
bool sy_str_failed(const struct sy_str *str);
void sy_str_append(struct sy_str *str, const char *text);
void sy_str_append_n(struct sy_str *str, const char *data, size_t len);
void sy_str_printf(struct sy_str *str, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Make room for `extra` more bytes beforehand; false (and failed) when that cannot be. */
bool sy_str_reserve(struct sy_str *str, size_t extra);
/* Append a JSON string literal, quotes included, escaped exactly as jansson does by default with
 * JSON_COMPACT (proved equal in the tests). `text` must be valid UTF-8. */
void sy_str_append_json(struct sy_str *str, const char *text, size_t len);
void sy_str_append_u64(struct sy_str *str, unsigned long long value);
/* Give the text away (caller frees with sy_free); NULL when failed. Empty text gives "". */
char *sy_str_take(struct sy_str *str, size_t *ret_len);

/* Copy `text` into buf (size > 0) for an error message: at most `size` - 1 bytes, always UTF-8:
 * control characters, quotes and bytes that are no UTF-8 are shown as \xNN, a longer text is cut
 * and ends in "...". Returns buf. */
const char *sy_quote(char *buf, size_t size, const char *text, size_t len);

#endif
