/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* End a text that did not fit in "...", not in half a UTF-8 character. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - sizeof "...";
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    memcpy(text + end, "...", sizeof "...");
}

enum sy_code(sy_fail)(struct sy_err *err, enum sy_code code, const char *fmt, ...)
{
    assert(code > SY_OK && code < SY_CODE_COUNT);
    if (err == NULL || err->code != SY_OK)
        return code;
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    if (len < 0)
        (void)snprintf(err->text, sizeof err->text, "%s", sy_code_text(code));
    else if ((size_t)len >= sizeof err->text)
        mark_cut(err->text, sizeof err->text);
    err->code = code;
    return code;
}

enum sy_code sy_wrap(struct sy_err *err, const char *fmt, ...)
{
    if (err == NULL || err->code == SY_OK)
        return SY_OK;
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len < 0)
        return err->code;
    size_t used = (size_t)len;
    if (used < sizeof text)
        used += (size_t)snprintf(text + used, sizeof text - used, ": %s", err->text);
    if (used >= sizeof text)
        mark_cut(text, sizeof text);
    memcpy(err->text, text, sizeof text);
    return err->code;
}

const char *sy_code_text(enum sy_code code)
{
    static const char *const texts[] = {
#define X(id, exit_status, text) [SY_##id] = text,
        SY_CODES(X)
#undef X
    };
    return (unsigned)code < SY_CODE_COUNT ? texts[code] : "unknown error";
}

int sy_code_exit(enum sy_code code)
{
    static const int statuses[] = {
#define X(id, exit_status, text) [SY_##id] = exit_status,
        SY_CODES(X)
#undef X
    };
    return (unsigned)code < SY_CODE_COUNT ? statuses[code] : statuses[SY_EINTERNAL];
}
