/* SPDX-License-Identifier: Apache-2.0 */
/* Times, durations and decimals of a pod's metadata. */
#include "scoring/request_private.h"

#include <string.h>

#define US_PER_S INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

__extension__ typedef __int128 wide;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `digits` digits at *p, then `follow` (0 = nothing to follow). */
static bool take_field(const char **p, unsigned digits, char follow, int max, int *ret)
{
    int value = 0;
    for (unsigned i = 0; i < digits; i++, (*p)++) {
        if (!is_digit(**p))
            return false;
        value = value * 10 + (**p - '0');
    }
    if (follow != '\0' && *(*p)++ != follow)
        return false;
    *ret = value;
    return value <= max;
}

/* Days from 1970-01-01 in the Gregorian calendar, years counted from March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    int64_t since_era = y * 365 + y / 4 - y / 100 + y / 400; /* year >= 0 */
    return since_era + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* "Z" or "+hh:mm" → seconds east; nothing may follow. */
static bool take_offset(const char *p, int64_t *ret_s)
{
    *ret_s = 0;
    if (*p == 'Z' || *p == 'z')
        return p[1] == '\0';
    if (*p != '+' && *p != '-')
        return false;
    int sign = *p++ == '-' ? -1 : 1, hour, minute;
    if (!take_field(&p, 2, ':', 23, &hour) || !take_field(&p, 2, '\0', 59, &minute))
        return false;
    *ret_s = sign * (hour * 3600 + minute * 60);
    return *p == '\0';
}

bool sy_pod_time_parse(const char *text, int64_t *ret_us)
{
    int year, month, day, hour, minute, second;
    const char *p = text;
    if (!take_field(&p, 4, '-', 9999, &year) || !take_field(&p, 2, '-', 12, &month) ||
        !take_field(&p, 2, 'T', 31, &day) || !take_field(&p, 2, ':', 23, &hour) ||
        !take_field(&p, 2, ':', 59, &minute) || !take_field(&p, 2, '\0', 60, &second))
        return false;
    if (month == 0 || day == 0)
        return false;
    int64_t us = 0;
    if (*p == '.') {
        if (!is_digit(*++p))
            return false;
        for (int64_t unit = US_PER_S / 10; is_digit(*p); p++, unit /= 10)
            us += unit * (*p - '0');
    }
    int64_t east;
    if (!take_offset(p, &east))
        return false;
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - east;
    *ret_us = seconds * US_PER_S + us;
    return true;
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
