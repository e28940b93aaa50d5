/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/scan.h"

#define NOT_UTF8 "a string is no valid UTF-8"
#define NOT_UNICODE "a string holds half a surrogate pair"

static void bad(struct sy_scan_string *s, const char *why)
{
    if (s->bad == NULL)
        s->bad = why;
}

/* A first half must be followed at once by \u and its second half. */
static void drop_half(struct sy_scan_string *s)
{
    if (s->surrogate != 0)
        bad(s, NOT_UNICODE);
    s->surrogate = 0;
}

/* The first byte of a character: how many follow, and the range of the next (RFC 3629). */
static void lead(struct sy_scan_string *s, unsigned char c)
{
    s->low = 0x80;
    s->high = 0xBF;
    if (c >= 0xC2 && c <= 0xDF) {
        s->rest = 1;
    } else if (c >= 0xE0 && c <= 0xEF) {
        s->rest = 2;
        s->low = c == 0xE0 ? 0xA0 : 0x80;
        s->high = c == 0xED ? 0x9F : 0xBF;
    } else if (c >= 0xF0 && c <= 0xF4) {
        s->rest = 3;
        s->low = c == 0xF0 ? 0x90 : 0x80;
        s->high = c == 0xF4 ? 0x8F : 0xBF;
    } else {
        bad(s, NOT_UTF8);
    }
}

static void check_utf8(struct sy_scan_string *s, unsigned char c)
{
    if (s->rest > 0 && c >= s->low && c <= s->high) {
        s->rest--;
        s->low = 0x80;
        s->high = 0xBF;
        return;
    }
    if (s->rest > 0)
        bad(s, NOT_UTF8);
    s->rest = 0;
    if (c >= 0x80)
        lead(s, c);
}

/* A run of bytes that stand for themselves; stops at a quote, a backslash or a control character.
 * All but the letters of ASCII are looked at one by one. */
static size_t plain(struct sy_scan_string *s, const char *data, size_t len)
{
    size_t i = 0;
    for (; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        if (c >= 0x80 || s->rest > 0)
            check_utf8(s, c);
    }
    return i;
}

static void append_utf8(struct sy_str *out, uint32_t c)
{
    char text[4];
    size_t n = 0;
    if (out == NULL)
        return;
    if (c < 0x80) {
        text[n++] = (char)c;
    } else if (c < 0x800) {
        text[n++] = (char)(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        text[n++] = (char)(0xE0 | c >> 12);
        text[n++] = (char)(0x80 | (c >> 6 & 0x3F));
    } else {
        text[n++] = (char)(0xF0 | c >> 18);
        text[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        text[n++] = (char)(0x80 | (c >> 6 & 0x3F));
    }
    if (c >= 0x80)
        text[n++] = (char)(0x80 | (c & 0x3F));
    sy_str_append_n(out, text, n);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void unicode(struct sy_scan_string *s, struct sy_str *out)
{
    bool second = s->hex >= 0xDC00 && s->hex <= 0xDFFF;
    if (second && s->surrogate != 0) {
        append_utf8(out, 0x10000 + (((uint32_t)s->surrogate - 0xD800) << 10) +
                             ((uint32_t)s->hex - 0xDC00));
        s->surrogate = 0;
        return;
    }
    drop_half(s);
    if (second)
        bad(s, NOT_UNICODE);
    else if (s->hex >= 0xD800 && s->hex <= 0xDBFF)
        s->surrogate = s->hex;
    else
        append_utf8(out, s->hex);
    s->has_nul = s->has_nul || s->hex == 0;
}

/* The character behind a backslash; false when there is no such escape. */
static bool escape(struct sy_scan_string *s, char c, struct sy_str *out)
{
    static const char letters[] = "\"\\/bfnrt", stand_for[] = "\"\\/\b\f\n\r\t";
    s->state = SY_SCAN_PLAIN;
    if (c == 'u') {
        s->state = SY_SCAN_HEX;
        s->digits = 0;
        s->hex = 0;
        return true;
    }
    drop_half(s);
    for (size_t i = 0; i < sizeof letters - 1; i++)
        if (letters[i] == c) {
            append_utf8(out, (unsigned char)stand_for[i]);
            return true;
        }
    return false;
}

static bool hex(struct sy_scan_string *s, char c, struct sy_str *out)
{
    int digit = hex_digit(c);
    if (digit < 0)
        return false;
    s->hex = (uint16_t)(s->hex << 4 | digit);
    if (++s->digits == 4) {
        s->state = SY_SCAN_PLAIN;
        unicode(s, out);
    }
    return true;
}

enum sy_scan_end sy_scan_string(struct sy_scan_string *s, const char *data, size_t len,
                                struct sy_str *out, size_t *ret_taken, const char **why)
{
    for (size_t i = 0; i < len; i++) {
        *ret_taken = i;
        if (s->state == SY_SCAN_PLAIN) {
            size_t run = plain(s, data + i, len - i);
            if (run > 0 && s->surrogate != 0)
                drop_half(s);
            if (run > 0 && out != NULL)
                sy_str_append_n(out, data + i, run);
            *ret_taken = i += run;
            if (i == len)
                return SY_SCAN_MORE;
            if (s->rest > 0)
                bad(s, NOT_UTF8);
            s->rest = 0;
            if (data[i] == '"') {
                drop_half(s);
                *ret_taken = i + 1;
                return SY_SCAN_DONE;
            }
            *why = "control character in a string";
            if (data[i] != '\\')
                return SY_SCAN_BROKEN;
            s->state = SY_SCAN_ESCAPE;
            continue;
        }
        *why = "invalid escape in a string";
        if (s->state == SY_SCAN_ESCAPE ? !escape(s, data[i], out) : !hex(s, data[i], out))
            return SY_SCAN_BROKEN;
    }
    *ret_taken = len;
    return SY_SCAN_MORE;
}

bool sy_scan_number(enum sy_scan_number *state, char c)
{
    static const enum sy_scan_number after_digit[] = {
        [SY_SCAN_NUMBER_START] = SY_SCAN_NUMBER_INT,
        [SY_SCAN_NUMBER_MINUS] = SY_SCAN_NUMBER_INT,
        [SY_SCAN_NUMBER_ZERO] = SY_SCAN_NUMBER_START, /* none: "01" */
        [SY_SCAN_NUMBER_INT] = SY_SCAN_NUMBER_INT,
        [SY_SCAN_NUMBER_POINT] = SY_SCAN_NUMBER_FRACTION,
        [SY_SCAN_NUMBER_FRACTION] = SY_SCAN_NUMBER_FRACTION,
        [SY_SCAN_NUMBER_E] = SY_SCAN_NUMBER_EXPONENT,
        [SY_SCAN_NUMBER_SIGN] = SY_SCAN_NUMBER_EXPONENT,
        [SY_SCAN_NUMBER_EXPONENT] = SY_SCAN_NUMBER_EXPONENT,
    };
    enum sy_scan_number now = *state, next = SY_SCAN_NUMBER_START;
    bool first = now == SY_SCAN_NUMBER_START || now == SY_SCAN_NUMBER_MINUS;
    bool integer = now == SY_SCAN_NUMBER_ZERO || now == SY_SCAN_NUMBER_INT;
    if (c >= '0' && c <= '9')
        next = first && c == '0' ? SY_SCAN_NUMBER_ZERO : after_digit[now];
    else if (c == '-' && now == SY_SCAN_NUMBER_START)
        next = SY_SCAN_NUMBER_MINUS;
    else if (c == '.' && integer)
        next = SY_SCAN_NUMBER_POINT;
    else if ((c == 'e' || c == 'E') && (integer || now == SY_SCAN_NUMBER_FRACTION))
        next = SY_SCAN_NUMBER_E;
    else if ((c == '+' || c == '-') && now == SY_SCAN_NUMBER_E)
        next = SY_SCAN_NUMBER_SIGN;
    if (next == SY_SCAN_NUMBER_START)
        return false;
    *state = next;
    return true;
}

bool sy_scan_number_whole(enum sy_scan_number state)
{
    return state == SY_SCAN_NUMBER_ZERO || state == SY_SCAN_NUMBER_INT ||
           state == SY_SCAN_NUMBER_FRACTION || state == SY_SCAN_NUMBER_EXPONENT;
}

bool sy_scan_number_real(enum sy_scan_number state)
{
    return state > SY_SCAN_NUMBER_INT;
}
