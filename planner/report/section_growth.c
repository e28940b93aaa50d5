/* SPDX-License-Identifier: Apache-2.0 */
/* Growth: which shape stops fitting when, as an interval; and the ways to move that date. */
#include "planner/report/growth.h"
#include "planner/report/report_private.h"

#include "base/time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A shape by its name, or by its number in the list, from 1. */
static enum sy_code find_shape(const struct sy_report *r, const char *name,
                               const struct sy_capacity_shape **ret, struct sy_err *err)
{
    char shown[120];
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 10);
    for (size_t i = 0; i < r->now.nshape; i++)
        if (strcmp(r->now.shape[i].name, name) == 0 || (*end == '\0' && number == i + 1)) {
            *ret = &r->now.shape[i];
            return SY_OK;
        }
    return sy_fail(err, SY_EINVAL,
                   "--arrivals: no shape '%s': its name or number among the %zu of the report",
                   sy_quote(shown, sizeof shown, name, strlen(name)), r->now.nshape);
}

static void write_date(struct sy_report *r, json_t *row, const char *key, double days)
{
    char text[SY_TIME_TEXT];
    if (days > (double)r->options->horizon_days) {
        sy_write(&r->w, row, key, json_null());
        return;
    }
    (void)sy_time_format(r->state->now_us + (int64_t)(days * 86400) * 1000000, text);
    text[10] = '\0'; /* the day */
    sy_write_text(&r->w, row, key, text);
}

static json_t *days_json(double days, int64_t horizon)
{
    return days > (double)horizon ? json_null()
                                  : json_real((double)(int64_t)(days * 10 + 0.5) / 10);
}

/* null = not within the horizon. */
static void write_interval(struct sy_report *r, json_t *row,
                           const struct sy_growth_arrival *arrival,
                           const struct sy_growth_left *left)
{
    struct sy_growth_interval when = sy_growth_when(arrival, left->pods);
    if (left->at_least)
        when.late_days = INFINITY;
    int64_t horizon = r->options->horizon_days;
    sy_write(&r->w, row, "earlyDays", days_json(when.early_days, horizon));
    sy_write(&r->w, row, "lateDays", days_json(when.late_days, horizon));
    write_date(r, row, "early", when.early_days);
    write_date(r, row, "late", when.late_days);
}

/* The shape that may stop first; growth->n = none arrives. */
static size_t first_to_stop(const struct sy_growth *growth, const struct sy_growth_left *left)
{
    size_t first = growth->n;
    double early = INFINITY;
    for (size_t i = 0; i < growth->n; i++) {
        double days = sy_growth_when(&growth->arrival[i], left[i].pods).early_days;
        if (days < early) {
            first = i;
            early = days;
        }
    }
    return first;
}

/* Of a shape that never comes none was placed: as many as there is room for now. */
static void write_fits(struct sy_report *r, json_t *row, const struct sy_growth_arrival *arrival,
                       const struct sy_growth_left *left)
{
    const struct sy_capacity_slots *now = &r->now.slots[arrival->shape - r->now.shape];
    bool comes = arrival->per_day > 0;
    sy_write_int(&r->w, row, "fits", (int64_t)(comes ? left->pods : now->slots));
    sy_write(&r->w, row, "atLeast", json_boolean(comes ? left->at_least : now->limited));
}

static void write_arrivals(struct sy_report *r, json_t *section, const struct sy_growth *growth,
                           const struct sy_growth_left *left)
{
    size_t first = first_to_stop(growth, left);
    json_t *rows = sy_write_array(&r->w, section, "arrivals");
    for (size_t i = 0; i < growth->n; i++) {
        const struct sy_growth_arrival *arrival = &growth->arrival[i];
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "shape", arrival->shape->name);
        sy_write(&r->w, row, "perDay", json_real(arrival->per_day));
        sy_write(&r->w, row, "spread", json_real(arrival->spread));
        write_fits(r, row, arrival, &left[i]);
        write_interval(r, row, arrival, &left[i]);
        sy_write(&r->w, row, "stopsFirst", json_boolean(i == first));
    }
}

/* Is what is bought there before the shape stops fitting? NULL: nothing is bought, or nobody told
 * how long it takes. */
static const char *in_time(const struct sy_way *way, const struct sy_growth_interval *today)
{
    if (way->lead_days < 0 || today == NULL)
        return NULL;
    double lead = (double)way->lead_days;
    return lead <= today->early_days ? "yes" : lead <= today->late_days ? "perhaps" : "no";
}

static void write_way(struct sy_report *r, json_t *rows, const struct sy_way *way, uint64_t slots,
                      const struct sy_growth_interval *today,
                      const struct sy_growth_arrival *arrival, size_t index)
{
    json_t *row = sy_write_row(&r->w, rows);
    sy_write_text(&r->w, row, "way", way->kind);
    sy_write_text(&r->w, row, "what", way->what);
    sy_write_int(&r->w, row, "slots", (int64_t)way->slots);
    sy_write_int(&r->w, row, "gained", (int64_t)way->slots - (int64_t)slots);
    if (arrival != NULL)
        write_interval(r, row, arrival, &way->left[index]);
    sy_write(&r->w, row, "kilowatts",
             way->watts_mw >= 0 ? json_real((double)way->watts_mw / 1e6) : json_null());
    sy_write_milli(&r->w, row, "newLimitWatts", way->limit_mw);
    sy_write_milli(&r->w, row, "price", way->price_milli);
    sy_write_text(&r->w, row, "currency", *way->currency != '\0' ? way->currency : NULL);
    bool per_slot = way->price_milli >= 0 && way->slots > slots;
    sy_write_milli(&r->w, row, "pricePerSlot",
                   per_slot ? way->price_milli / (int64_t)(way->slots - slots) : -1);
    sy_write(&r->w, row, "rackUnits",
             way->rack_units >= 0 ? json_integer(way->rack_units) : json_null());
    sy_write(&r->w, row, "leadTimeDays",
             way->lead_days >= 0 ? json_integer(way->lead_days) : json_null());
    sy_write_text(&r->w, row, "inTime", in_time(way, today));
    json_t *moves = sy_write_array(&r->w, row, "moves");
    for (uint32_t i = 0; i < way->moves; i++)
        sy_write_item(&r->w, moves, json_string(way->move[i]));
}

/* The templates of all files, each released with sy_template_done. */
static enum sy_code read_templates(const struct sy_report *r, struct sy_template *to, size_t *n,
                                   struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (size_t f = 0; f < r->options->ntemplate && code == SY_OK; f++) {
        struct sy_template *more = NULL;
        size_t nmore = 0;
        const char *path = r->options->template_[f];
        code = sy_templates_read(path, r->state, r->arena, &more, &nmore, err);
        for (size_t i = 0; i < nmore && code == SY_OK; i++) {
            if (*n == SY_REPORT_TEMPLATES_MAX) {
                code = sy_fail(err, SY_ELIMIT, "%s: more than %u templates in all", path,
                               SY_REPORT_TEMPLATES_MAX);
                while (i < nmore)
                    sy_template_done(&more[i++]);
                break;
            }
            to[(*n)++] = more[i];
        }
    }
    return code;
}

static enum sy_code write_ways_for(struct sy_report *r, json_t *rows, size_t shape,
                                   const struct sy_growth *growth, size_t first,
                                   const struct sy_growth_interval *today, struct sy_err *err)
{
    struct sy_template *template_ =
        sy_arena_calloc(r->arena, SY_REPORT_TEMPLATES_MAX, sizeof *template_);
    struct sy_ways ways = {0};
    size_t n = 0;
    if (template_ == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = read_templates(r, template_, &n, err);
    if (code == SY_OK)
        code = sy_ways_find(r->plan, &r->now, shape, growth, template_, n, r->arena, &ways, err);
    for (size_t i = 0; i < ways.n && code == SY_OK; i++)
        write_way(r, rows, &ways.way[i], r->now.slots[shape].slots, today,
                  first < growth->n ? &growth->arrival[first] : NULL, first);
    for (size_t i = 0; i < n; i++)
        sy_template_done(&template_[i]);
    return code;
}

/* For the shape that stops first; without arrivals, the largest of the shapes. */
static enum sy_code write_ways(struct sy_report *r, json_t *section, const struct sy_growth *growth,
                               const struct sy_growth_left *left, struct sy_err *err)
{
    size_t first = first_to_stop(growth, left), shape = 0;
    bool wanted = r->now.nshape > 0 && (first < growth->n || r->options->ntemplate > 0);
    if (first < growth->n)
        shape = (size_t)(growth->arrival[first].shape - r->now.shape);
    sy_write_text(&r->w, section, "waysFor", wanted ? r->now.shape[shape].name : NULL);
    json_t *rows = sy_write_array(&r->w, section, "ways");
    struct sy_growth_interval today = {0};
    if (first < growth->n)
        today = sy_growth_when(&growth->arrival[first], left[first].pods);
    return wanted ? write_ways_for(r, rows, shape, growth, first, first < growth->n ? &today : NULL,
                                   err)
                  : SY_OK;
}

enum sy_code sy_report_section_growth(struct sy_report *r, struct sy_err *err)
{
    size_t n = r->options->narrival;
    struct sy_growth_arrival *arrival = sy_arena_calloc(r->arena, n, sizeof *arrival);
    struct sy_growth_left *left = sy_arena_calloc(r->arena, n, sizeof *left);
    if (arrival == NULL || left == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    const struct sy_growth growth = {arrival, n, r->options->horizon_days};
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        arrival[i].per_day = r->options->arrival[i].per_day;
        arrival[i].spread = r->options->arrival[i].spread;
        code = find_shape(r, r->options->arrival[i].shape, &arrival[i].shape, err);
    }
    if (code == SY_OK)
        code = sy_growth_fill(r->plan, &growth, r->arena, left, err);
    if (code != SY_OK)
        return code;
    json_t *section = sy_write_object(&r->w, r->root, "growth");
    sy_write_text(
        &r->w, section, "assumes",
        "Poisson arrivals at a rate within its spread, nothing leaves, pods that wait now "
        "are not counted; between early and late with 90 %");
    sy_write_int(&r->w, section, "horizonDays", r->options->horizon_days);
    write_arrivals(r, section, &growth, left);
    return write_ways(r, section, &growth, left, err);
}
