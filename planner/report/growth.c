/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/report/growth.h"

#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE_MAX 1e9

/* Days until a Poisson process has made `n` arrivals: the mean of its count there is x² with
 * x² ± z·x = n; with +z the count may be n this early, with −z it is n at the latest. */
static double days_until(double n, double per_day, double z)
{
    if (per_day <= 0)
        return INFINITY;
    double x = (-z + sqrt(z * z + 4 * n)) / 2;
    return x * x / per_day;
}

struct sy_growth_interval sy_growth_when(const struct sy_growth_arrival *arrival, uint64_t pods)
{
    if (arrival->per_day + arrival->spread <= 0) /* who never comes never finds it full */
        return (struct sy_growth_interval){INFINITY, INFINITY};
    if (pods == 0)
        return (struct sy_growth_interval){0, 0};
    double next = (double)pods + 1; /* the first that does not fit */
    return (struct sy_growth_interval){
        .early_days = days_until(next, arrival->per_day + arrival->spread, SY_GROWTH_Z),
        .late_days = days_until(next, arrival->per_day - arrival->spread, -SY_GROWTH_Z),
    };
}

/* So many arrive within the horizon at most. */
static double most_within(const struct sy_growth_arrival *arrival, int64_t days)
{
    double mean = (arrival->per_day + arrival->spread) * (double)days;
    return mean + SY_GROWTH_Z * sqrt(mean) + 1;
}

struct filling {
    const struct sy_growth *growth;
    struct sy_growth_left *left;
    bool *over; /* by arrival: it does not fit any more, or the horizon is reached */
    uint32_t placed;
};

/* The next to come: by the mean times of arrivals, ties to the first; growth->n = none. */
static size_t next_arrival(const struct filling *f)
{
    size_t best = f->growth->n;
    double when = INFINITY;
    for (size_t i = 0; i < f->growth->n; i++) {
        double rate = f->growth->arrival[i].per_day;
        double at = rate > 0 ? (double)(f->left[i].pods + 1) / rate : INFINITY;
        if (!f->over[i] && at < when) {
            best = i;
            when = at;
        }
    }
    return best;
}

static enum sy_code place_next(struct sy_plan *plan, struct filling *f, size_t i,
                               struct sy_err *err)
{
    uint32_t pod = 0, node = UINT32_MAX;
    const struct sy_growth_arrival *arrival = &f->growth->arrival[i];
    enum sy_code code = sy_plan_add_pod(plan, arrival->shape->pod, &pod, err);
    if (code == SY_OK)
        code = sy_plan_place(plan, pod, &node, err);
    if (code != SY_OK)
        return code;
    if (node == UINT32_MAX) {
        f->over[i] = true;
        return SY_OK;
    }
    f->placed++;
    f->left[i].pods++;
    if ((double)f->left[i].pods > most_within(arrival, f->growth->horizon_days))
        f->over[i] = f->left[i].at_least = true;
    return SY_OK;
}

enum sy_code sy_growth_fill(struct sy_plan *plan, const struct sy_growth *growth,
                            struct sy_arena *arena, struct sy_growth_left *left, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    struct filling f = {.growth = growth, .left = left};
    f.over = sy_arena_calloc(arena, growth->n, sizeof *f.over);
    if (f.over == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    memset(left, 0, growth->n * sizeof *left);
    enum sy_code code = sy_plan_copy(plan, &copy, err);
    for (size_t i = 0; i < growth->n; i++)
        if (growth->arrival[i].per_day <= 0)
            f.over[i] = left[i].at_least = true;
    size_t i = 0;
    while (code == SY_OK && (i = next_arrival(&f)) < growth->n) {
        if (f.placed == SY_GROWTH_PLACED_MAX) {
            for (size_t k = 0; k < growth->n; k++)
                left[k].at_least |= !f.over[k];
            break;
        }
        code = place_next(copy, &f, i, err);
    }
    return code;
}

static enum sy_code bad(const char *text, struct sy_err *err)
{
    char shown[120];
    return sy_fail(
        err, SY_EUSAGE,
        "--arrivals '%s': expected SHAPE=RATE/day (or /hour, /week), with ±NUMBER or ±N%% "
        "behind it for how uncertain the rate is",
        sy_quote(shown, sizeof shown, text, strlen(text)));
}

/* A decimal number; no sign, no exponent, no locale. */
static bool read_number(const char **at, double *ret)
{
    const char *p = *at;
    double value = 0, scale = 1;
    size_t digits = 0;
    for (; *p >= '0' && *p <= '9' && value <= RATE_MAX; p++, digits++)
        value = value * 10 + (*p - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9' && scale < 1e9; p++, digits++) {
            scale *= 10;
            value = value * 10 + (*p - '0');
        }
    *at = p;
    *ret = value / scale;
    return digits > 0 && *ret <= RATE_MAX;
}

static bool skip(const char **at, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0)
        return false;
    *at += len;
    return true;
}

enum sy_code sy_growth_parse(const char *text, struct sy_arena *arena, struct sy_arrival *ret,
                             struct sy_err *err)
{
    const char *equals = strrchr(text, '='), *at = NULL;
    double rate = 0, spread = 0, times = 0;
    if (equals == NULL || equals == text)
        return bad(text, err);
    at = equals + 1;
    if (!read_number(&at, &rate))
        return bad(text, err);
    times = skip(&at, "/day") ? 1 : skip(&at, "/week") ? 1.0 / 7 : skip(&at, "/hour") ? 24 : 0;
    if (times == 0)
        return bad(text, err);
    if (skip(&at, "\u00b1") || skip(&at, "+-")) {
        if (!read_number(&at, &spread))
            return bad(text, err);
        if (skip(&at, "%"))
            spread = rate * spread / 100;
    }
    if (*at != '\0')
        return bad(text, err);
    if (spread > rate)
        return sy_fail(err, SY_EUSAGE, "--arrivals: a spread of %g is more than its rate of %g",
                       spread, rate);
    const char *shape = sy_arena_strndup(arena, text, (size_t)(equals - text));
    if (shape == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *ret = (struct sy_arrival){.shape = shape, .per_day = rate * times, .spread = spread * times};
    return SY_OK;
}
