/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as k8s.io/apimachinery/pkg/api/resource reads them, of things that come in wholes. */
#include "base/str.h"
#include "scoring/request_private.h"

#include <string.h>

#define DIGITS_MAX 19   /* significant ones: below 2^64 */
#define EXPONENT_MAX 99 /* beyond, the value is 0 or past every limit */

__extension__ typedef unsigned __int128 wide; /* 2^64 times 1024^6 fits */

/* mantissa * 10^exponent * 1024^binary */
struct number {
    uint64_t mantissa;
    int exponent;
    unsigned binary;
    bool negative, lost; /* lost: more digits than fit, not all 0 */
};

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Take the digits [p, end) into the mantissa; each counts 10^-1 more when `fraction`. */
static unsigned take_digits(struct number *n, unsigned used, const char *p, const char *end,
                            bool fraction)
{
    for (; p < end; p++) {
        if (used == 0 && *p == '0') {
            n->exponent -= fraction;
        } else if (used < DIGITS_MAX) {
            n->mantissa = n->mantissa * 10 + (uint64_t)(*p - '0');
            n->exponent -= fraction;
            used++;
        } else {
            n->lost = n->lost || *p != '0';
            n->exponent += !fraction;
        }
    }
    return used;
}

static bool read_exponent(const char *p, struct number *n)
{
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (*p == '\0' || *skip_digits(p) != '\0')
        return false;
    int value = 0;
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
    *n = (struct number){.negative = *p == '-'};
    if (*p == '-' || *p == '+')
        p++;
    const char *end = skip_digits(p);
    bool any = end > p;
    unsigned used = take_digits(n, 0, p, end, false);
    p = end;
    if (*p == '.') {
        end = skip_digits(++p);
        any = any || end > p;
        (void)take_digits(n, used, p, end, true);
        p = end;
    }
    return any && read_suffix(p, n);
}

/* False when the value is not whole. */
static bool to_whole(struct number n, int64_t *ret)
{
    while (n.mantissa > 0 && n.mantissa % 10 == 0) {
        n.mantissa /= 10;
        n.exponent++;
    }
    wide value = n.mantissa;
    for (unsigned i = 0; i < n.binary; i++)
        value *= 1024;
    for (; n.exponent < 0 && value > 0; n.exponent++) {
        if (value % 10 != 0)
            return false;
        value /= 10;
    }
    for (; n.exponent > 0 && value > 0 && value <= INT64_MAX; n.exponent--)
        value *= 10;
    *ret = value > INT64_MAX ? INT64_MAX : (int64_t)value;
    return !n.lost || *ret == INT64_MAX;
}

enum sy_code sy_quantity_whole(const json_t *value, const struct sy_path *at, int64_t *ret,
                               struct sy_err *err)
{
    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0)
            return sy_json_fail(at, SY_EINVAL, err, "%lld is negative",
                                (long long)json_integer_value(value));
        *ret = json_integer_value(value);
        return SY_OK;
    }
    if (!json_is_string(value))
        return sy_json_fail_type(at, "string or integer", value, err);
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    char shown[64];
    (void)sy_quote(shown, sizeof shown, text, len);
    struct number n;
    int64_t whole = 0;
    if (memchr(text, '\0', len) != NULL || !read_number(text, &n))
        return sy_json_fail(at, SY_EINVAL, err, "'%s' is not a quantity", shown);
    if (!to_whole(n, &whole))
        return sy_json_fail(at, SY_EINVAL, err, "'%s' is not a whole number", shown);
    if (n.negative && whole > 0)
        return sy_json_fail(at, SY_EINVAL, err, "'%s' is negative", shown);
    *ret = whole;
    return SY_OK;
}
