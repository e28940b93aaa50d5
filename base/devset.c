/* SPDX-License-Identifier: Apache-2.0 */
#include "base/devset.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Decimal digits without a needless zero in front; a number too large is read as SY_DEVSET_MAX. */
static bool read_id(const char **p, unsigned *ret_id)
{
    const char *at = *p;
    unsigned id = 0;
    if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
        return false;
    for (; *at >= '0' && *at <= '9'; at++)
        id = id < SY_DEVSET_MAX ? id * 10 + (unsigned)(*at - '0') : SY_DEVSET_MAX;
    *p = at;
    *ret_id = id;
    return true;
}

enum sy_code sy_devset_parse(const char *text, struct sy_devset *ret_set, struct sy_err *err)
{
    struct sy_devset set = SY_DEVSET_EMPTY;
    unsigned least = 0;
    char shown[64];
    (void)sy_quote(shown, sizeof shown, text, strlen(text));
    for (const char *p = text; *text != '\0';) {
        unsigned lo, hi;
        if (!read_id(&p, &lo))
            return sy_fail(err, SY_EPARSE, "device set '%s': number expected at column %td", shown,
                           p - text + 1);
        hi = lo;
        if (*p == '-' && (p++, !read_id(&p, &hi)))
            return sy_fail(err, SY_EPARSE, "device set '%s': number expected at column %td", shown,
                           p - text + 1);
        if (lo < least || hi < lo || hi >= SY_DEVSET_MAX)
            return sy_fail(err, SY_ELIMIT, "device set '%s': ids must ascend and stay below %u",
                           shown, SY_DEVSET_MAX);
        for (unsigned id = lo; id <= hi; id++)
            sy_devset_add(&set, id);
        least = hi + 1;
        if (*p == '\0')
            break;
        if (*p != ',')
            return sy_fail(err, SY_EPARSE, "device set '%s': ',' expected at column %td", shown,
                           p - text + 1);
        p++;
    }
    *ret_set = set;
    return SY_OK;
}

size_t sy_devset_format(const struct sy_devset *set, char *buf, size_t size)
{
    size_t len = 0;
    if (size > 0)
        buf[0] = '\0';
    for (int lo = sy_devset_next(set, 0); lo >= 0;) {
        int hi = lo;
        while ((unsigned)hi + 1 < SY_DEVSET_MAX && sy_devset_has(set, (unsigned)hi + 1))
            hi++;
        char range[16];
        int n = hi > lo ? snprintf(range, sizeof range, "%s%d-%d", len > 0 ? "," : "", lo, hi)
                        : snprintf(range, sizeof range, "%s%d", len > 0 ? "," : "", lo);
        if (len < size)
            (void)snprintf(buf + len, size - len, "%s", range);
        len += (size_t)n;
        lo = sy_devset_next(set, (unsigned)hi + 1);
    }
    return len;
}
