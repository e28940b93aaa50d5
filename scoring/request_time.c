/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and decimals of a pod's annotations. */
#include "scoring/request_private.h"

#include <string.h>

#define NS_PER_S INT64_C(1000000000)

__extension__ typedef __int128 wide;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The unit at `p`, in nanoseconds; returns its length, 0 = none. */
static size_t unit_at(const char *p, int64_t *ret_ns)
{
    static const struct {
        const char *text;
        int64_t ns;
    } units[] = {
        /* longer ones first */
        {"ns", 1},           {"us", 1000},    {"\xC2\xB5s", 1000}, /* micro sign */
        {"\xCE\xBCs", 1000},                                       /* Greek mu */
        {"ms", 1000000},     {"s", NS_PER_S}, {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].text);
        if (strncmp(p, units[i].text, len) == 0) {
            *ret_ns = units[i].ns;
            return len;
        }
    }
    return 0;
}

/* One "12.5m": added to *ns. Returns what follows, NULL when it is none or too large. */
static const char *take_span(const char *p, int64_t *ns)
{
    int64_t whole = 0, unit = 0, fraction = 0, scale = 1;
    bool any = false;
    for (; is_digit(*p); p++, any = true)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, *p - '0', &whole))
            return NULL;
    if (*p == '.')
        for (p++; is_digit(*p); p++, any = true)
            if (scale < NS_PER_S) { /* finer digits are below a nanosecond, or nearly */
                fraction = fraction * 10 + (*p - '0');
                scale *= 10;
            }
    size_t len = unit_at(p, &unit);
    if (!any || len == 0 || __builtin_mul_overflow(whole, unit, &whole))
        return NULL;
    int64_t part = (int64_t)((wide)fraction * unit / scale);
    if (__builtin_add_overflow(*ns, whole, ns) || __builtin_add_overflow(*ns, part, ns))
        return NULL;
    return p + len;
}

bool sy_pod_duration_parse(const char *text, int64_t *ret_us)
{
    const char *p = *text == '+' ? text + 1 : text;
    int64_t ns = 0;
    if (strcmp(p, "0") != 0) {
        if (*p == '\0')
            return false;
        while (p != NULL && *p != '\0')
            p = take_span(p, &ns);
        if (p == NULL)
            return false;
    }
    *ret_us = ns / 1000;
    return true;
}

bool sy_thousandths_parse(const char *text, int64_t max, int64_t *ret)
{
    const char *p = text;
    int64_t value = 0;
    unsigned decimals = 0;
    if (!is_digit(*p))
        return false;
    bool fraction = false;
    for (; is_digit(*p) || (*p == '.' && !fraction && is_digit(p[1])); p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (value > max || (fraction && ++decimals > 3))
            return false;
        value = value * 10 + (*p - '0');
    }
    for (; decimals < 3 && value <= max; decimals++)
        value *= 10;
    if (*p != '\0' || value > max)
        return false;
    *ret = value;
    return true;
}
