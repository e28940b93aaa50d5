/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)

/* Days since 1970-01-01 of a date of the Gregorian calendar (years counted from March, so that the
 * leap day is a year's last, and from 400 years early, so that none is negative). */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year += month <= 2 ? 399 : 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 865565;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

/* `n` digits, then `end` (0 = nothing). -1 when they are not there. */
static int64_t digits(const char **text, int n, char end)
{
    int64_t value = 0;
    for (int i = 0; i < n; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        value = value * 10 + (**text - '0');
    }
    if (end != '\0') {
        if (**text != end && !(end == 'T' && **text == 't'))
            return -1;
        (*text)++;
    }
    return value;
}

/* Microseconds of ".123…", finer digits dropped; -1 when it is malformed. */
static int64_t fraction(const char **text)
{
    int64_t us = 0, unit = 100000;
    if (**text != '.')
        return 0;
    (*text)++;
    if (**text < '0' || **text > '9')
        return -1;
    for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        us += (**text - '0') * unit;
    return us;
}

/* Minutes east of UTC of "Z" or "+hh:mm"; false when malformed. */
static bool offset(const char **text, int64_t *ret_minutes)
{
    char sign = **text;
    if (sign != '\0')
        (*text)++;
    *ret_minutes = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    if (sign != '+' && sign != '-')
        return false;
    int64_t hours = digits(text, 2, ':'), minutes = digits(text, 2, '\0');
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static bool parse(const char *text, int64_t *ret_us)
{
    const char *p = text;
    int64_t year = digits(&p, 4, '-');
    int64_t month = year < 0 ? -1 : digits(&p, 2, '-');
    int64_t day = month < 0 ? -1 : digits(&p, 2, 'T');
    int64_t hour = day < 0 ? -1 : digits(&p, 2, ':');
    int64_t minute = hour < 0 ? -1 : digits(&p, 2, ':');
    int64_t second = minute < 0 ? -1 : digits(&p, 2, '\0');
    int64_t us = second < 0 ? -1 : fraction(&p);
    int64_t east;
    if (us < 0 || !offset(&p, &east) || *p != '\0')
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    int64_t seconds = ((hour * 60 + minute - east) * 60) + second;
    *ret_us = days_of(year, month, day) * DAY_US + seconds * 1000000 + us;
    return *ret_us < days_of(10000, 1, 1) * DAY_US;
}

enum sy_code sy_time_parse(const char *text, int64_t *ret_us, struct sy_err *err)
{
    int64_t us;
    if (!parse(text, &us)) {
        char shown[64];
        return sy_fail(err, SY_EPARSE, "time '%s': expected RFC 3339, as 2026-01-31T12:00:00Z",
                       sy_quote(shown, sizeof shown, text, strlen(text)));
    }
    *ret_us = us;
    return SY_OK;
}

const char *sy_time_format(int64_t us, char *buf)
{
    int64_t days = us / DAY_US, rest = us % DAY_US;
    int64_t year = 1970 + days / 366; /* never past the right one */
    while (days_of(year + 1, 1, 1) <= days)
        year++;
    int64_t month = 1;
    while (month < 12 && days_of(year, month + 1, 1) <= days)
        month++;
    int64_t day = days - days_of(year, month, 1) + 1;
    int64_t second = rest / 1000000, micro = rest % 1000000;
    int n =
        snprintf(buf, SY_TIME_TEXT,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64,
                 year, month, day, second / 3600, second / 60 % 60, second % 60);
    if (micro != 0)
        (void)snprintf(buf + n, SY_TIME_TEXT - (size_t)n, ".%06" PRId64 "Z", micro);
    else
        (void)snprintf(buf + n, SY_TIME_TEXT - (size_t)n, "Z");
    return buf;
}
