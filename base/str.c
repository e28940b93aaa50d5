/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST ((size_t)64)

void sy_str_init(struct sy_str *str, size_t limit)
{
    /* One byte less than all memory, so that limit + 1 cannot overflow. */
    *str = (struct sy_str){.limit = limit < SIZE_MAX / 2 ? limit : SIZE_MAX / 2};
}

void sy_str_done(struct sy_str *str)
{
    sy_free(str->data);
    sy_str_init(str, str->limit);
}

bool sy_str_failed(const struct sy_str *str)
{
    return str->failed;
}

bool sy_str_reserve(struct sy_str *str, size_t extra)
{
    if (str->failed || extra > str->limit - str->len) {
        str->failed = true;
        return false;
    }
    size_t need = str->len + extra + 1;
    if (need <= str->size)
        return true;
    size_t size = str->size < str->limit / 2 ? 2 * str->size : str->limit + 1;
    if (size < SMALLEST)
        size = SMALLEST;
    if (size < need)
        size = need;
    char *data = sy_realloc(str->data, size);
    if (data == NULL) {
        str->failed = true;
        return false;
    }
    data[str->len] = '\0';
    str->data = data;
    str->size = size;
    return true;
}

void sy_str_append(struct sy_str *str, const char *text)
{
    sy_str_append_n(str, text, strlen(text));
}

void sy_str_append_n(struct sy_str *str, const char *data, size_t len)
{
    if (!sy_str_reserve(str, len) || len == 0)
        return;
    memcpy(str->data + str->len, data, len);
    str->len += len;
    str->data[str->len] = '\0';
}

void sy_str_printf(struct sy_str *str, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        str->failed = true;
    if (len < 0 || !sy_str_reserve(str, (size_t)len))
        return;
    va_start(args, fmt);
    (void)vsnprintf(str->data + str->len, (size_t)len + 1, fmt, args);
    va_end(args);
    str->len += (size_t)len;
}

static void append_json_escape(struct sy_str *str, unsigned char c)
{
    static const char with_letter[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                          {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    for (size_t i = 0; i < sizeof with_letter / sizeof with_letter[0]; i++)
        if (with_letter[i][0] == (char)c) {
            sy_str_append_n(str, (char[]){'\\', with_letter[i][1]}, 2);
            return;
        }
    sy_str_printf(str, "\\u%04X", c);
}

void sy_str_append_json(struct sy_str *str, const char *text, size_t len)
{
    sy_str_append_n(str, "\"", 1);
    size_t plain = 0; /* start of what needs no escape */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        sy_str_append_n(str, text + plain, i - plain);
        append_json_escape(str, c);
        plain = i + 1;
    }
    sy_str_append_n(str, text + plain, len - plain);
    sy_str_append_n(str, "\"", 1);
}

void sy_str_append_u64(struct sy_str *str, unsigned long long value)
{
    char digits[3 * sizeof value];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    sy_str_append_n(str, digits + at, sizeof digits - at);
}

char *sy_str_take(struct sy_str *str, size_t *ret_len)
{
    if (!sy_str_reserve(str, 0))
        return NULL;
    *ret_len = str->len;
    char *text = SY_TAKE(str->data);
    sy_str_init(str, str->limit);
    return text;
}

/* Length of the UTF-8 character at `p` (1..4); 0 when these bytes are none. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : 0;
    if (p[0] >= 0xF0 && p[0] <= 0xF4)
        n = 4;
    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : n;
}

/* One character of a quotation: as it is where it can do no harm, else its first byte as \xNN.
 * Returns how many bytes of `p` it stands for. */
static size_t quote_one(const unsigned char *p, size_t len, char out[5], size_t *ret_out_len)
{
    size_t n = utf8_length(p, len);
    bool c1_control = n == 2 && p[0] == 0xC2 && p[1] < 0xA0;
    bool c0_control = p[0] < 0x20 || p[0] == 0x7F;
    if (n == 0 || c0_control || c1_control || p[0] == '"' || p[0] == '\'') {
        (void)snprintf(out, 5, "\\x%02X", p[0]);
        *ret_out_len = 4;
        return 1;
    }
    memcpy(out, p, n);
    *ret_out_len = n;
    return n;
}

const char *sy_quote(char *buf, size_t size, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    const size_t mark = strlen("...");
    size_t used = 0, cut = 0; /* cut: where the mark still fits */
    size_t i = 0;
    while (i < len) {
        char out[5];
        size_t out_len;
        size_t n = quote_one(p + i, len - i, out, &out_len);
        if (used + out_len >= size)
            break;
        memcpy(buf + used, out, out_len);
        used += out_len;
        i += n;
        if (used + mark < size)
            cut = used;
    }
    if (i < len) {
        size_t dots = size - 1 < mark ? size - 1 : mark;
        memcpy(buf + cut, "...", dots);
        used = cut + dots;
    }
    buf[used] = '\0';
    return buf;
}
