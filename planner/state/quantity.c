/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as k8s.io/apimachinery/pkg/api/resource reads them: a sign, digits with a point, and a
 * suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei) or an exponent; less than a billionth is rounded
 * away from zero, more than int64 is its greatest value. */
#include "base/str.h"
#include "planner/state/state_private.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES 256u
#define EXPONENT_MAX 1000 /* beyond, the value is 0 or past every limit */
#define GREATEST ((sy_nano)INT64_MAX * SY_NANO)

/* digits * 10^exponent * 1024^binary */
struct number {
    sy_nano digits;
    unsigned used; /* digits taken, leading zeros not counted */
    int exponent;
    unsigned binary;
    bool negative, lost; /* lost: digits that did not fit, not all 0 */
};

static const char *skip_digits(const char *p)
{
    return p + strspn(p, "0123456789");
}

static void take_digits(struct number *n, unsigned most, const char *p, const char *end,
                        bool fraction)
{
    for (; p < end; p++) {
        bool zero = *p == '0';
        if (n->used == 0 && zero) {
            n->exponent -= fraction;
        } else if (n->used < most) {
            n->digits = n->digits * 10 + (*p - '0');
            n->exponent -= fraction;
            n->used++;
        } else {
            n->lost = n->lost || !zero;
            n->exponent += !fraction;
        }
    }
}

static bool read_exponent(const char *p, struct number *n)
{
    bool negative = *p == '-';
    int value = 0;
    p += *p == '-' || *p == '+';
    if (*p == '\0' || *skip_digits(p) != '\0')
        return false;
    for (; *p != '\0'; p++)
        value = value > EXPONENT_MAX ? value : value * 10 + (*p - '0');
    n->exponent += negative ? -value : value;
    return true;
}

static bool read_suffix(const char *p, struct number *n)
{
    static const struct {
        const char *text;
        int exponent;
        unsigned binary;
    } suffixes[] = {{"", 0, 0},   {"n", -9, 0}, {"u", -6, 0}, {"m", -3, 0},
                    {"k", 3, 0},  {"M", 6, 0},  {"G", 9, 0},  {"T", 12, 0},
                    {"P", 15, 0}, {"E", 18, 0}, {"Ki", 0, 1}, {"Mi", 0, 2},
                    {"Gi", 0, 3}, {"Ti", 0, 4}, {"Pi", 0, 5}, {"Ei", 0, 6}};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (strcmp(p, suffixes[i].text) == 0) {
            n->exponent += suffixes[i].exponent;
            n->binary = suffixes[i].binary;
            return true;
        }
    return (*p == 'e' || *p == 'E') && read_exponent(p + 1, n);
}

static bool read_number(const char *p, struct number *n)
{
    n->negative = *p == '-';
    p += *p == '-' || *p == '+';
    const char *end = skip_digits(p);
    bool any = end > p;
    /* As many as a value has, in billionths; of binary ones as many as times 1024^6 fit. */
    unsigned most = strchr(p, 'i') != NULL ? 20 : 28;
    take_digits(n, most, p, end, false);
    if (*end == '.') {
        p = end + 1;
        end = skip_digits(p);
        any = any || end > p;
        take_digits(n, most, p, end, true);
    }
    return any && read_suffix(end, n);
}

static sy_nano to_nano(struct number n)
{
    sy_nano value = n.digits;
    bool rest = n.lost;
    n.exponent += 9;
    for (unsigned i = 0; i < n.binary; i++)
        value *= 1024;
    for (; n.exponent < 0 && value > 0; n.exponent++) {
        rest = rest || value % 10 != 0;
        value /= 10;
    }
    for (; n.exponent > 0 && value > 0 && value <= GREATEST; n.exponent--)
        value *= 10;
    value += rest;
    if (value > GREATEST)
        value = GREATEST;
    return n.negative ? -value : value;
}

enum sy_code sy_nano_parse(const char *text, size_t len, sy_nano *ret, struct sy_err *err)
{
    struct number n = {0};
    char shown[64];
    if (len > TEXT_MAX_BYTES || memchr(text, '\0', len) != NULL || !read_number(text, &n))
        return sy_fail(err, SY_EINVAL, "'%s' is not a quantity",
                       sy_quote(shown, sizeof shown, text, len));
    *ret = to_nano(n);
    return SY_OK;
}

/* Numbers are what their JSON text says. */
enum sy_code sy_nano_read(const json_t *value, const struct sy_path *at, sy_nano *ret,
                          struct sy_err *err)
{
    char text[64];
    struct sy_err why = {0};
    enum sy_code code;
    if (json_is_string(value)) {
        code = sy_nano_parse(json_string_value(value), json_string_length(value), ret, &why);
    } else if (json_is_number(value)) {
        double real = json_number_value(value);
        (void)snprintf(text, sizeof text, "%.15g", real);
        if (json_is_integer(value))
            (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else if (strtod(text, NULL) != real)
            (void)snprintf(text, sizeof text, "%.17g", real);
        code = sy_nano_parse(text, strlen(text), ret, &why);
    } else {
        return sy_json_fail_type(at, "quantity", value, err);
    }
    return code == SY_OK ? code : sy_json_fail(at, code, err, "%s", why.text);
}

/* Towards the greatest and the least int64, away from zero. */
static int64_t scaled(sy_nano nano, sy_nano unit)
{
    sy_nano value = nano / unit, rest = nano % unit;
    value += rest > 0 ? 1 : rest < 0 ? -1 : 0;
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t sy_nano_milli(sy_nano nano)
{
    return scaled(nano, SY_NANO / 1000);
}

int64_t sy_nano_whole(sy_nano nano)
{
    return scaled(nano, SY_NANO);
}

enum sy_code sy_amount_milli(const char *text, int64_t *ret, struct sy_err *err)
{
    sy_nano nano;
    enum sy_code code = sy_nano_parse(text, strlen(text), &nano, err);
    if (code == SY_OK)
        *ret = sy_nano_milli(nano);
    return code;
}

enum sy_code sy_amount_whole(const char *text, int64_t *ret, struct sy_err *err)
{
    sy_nano nano;
    enum sy_code code = sy_nano_parse(text, strlen(text), &nano, err);
    if (code == SY_OK)
        *ret = sy_nano_whole(nano);
    return code;
}
