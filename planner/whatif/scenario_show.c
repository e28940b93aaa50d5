/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a scenario's answer, each a view of its JSON. */
#include "planner/explain/reasons.h"
#include "planner/whatif/scenario_answer.h"

#define PENDING_SHOWN 10u /* pending pods whose reasons people are shown */
#define PODS_SHOWN 60u    /* of the placements; -o json has all */

static enum sy_code show_steps(struct sy_result *result, const json_t *answer, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "STEP", .right = true},    {.name = "DO"},
        {.name = "PLACED", .right = true},  {.name = "MOVED", .right = true},
        {.name = "BLOCKED", .right = true}, {.name = "PENDING", .right = true},
    };
    static const char *const keys[] = {"step", "do", "nplaced", "nmoved", "nblocked", "npending"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    return sy_view_table(result, NULL, &view, json_object_get(answer, "steps"), err);
}

/* Rows of all steps, each with its step's number; a new reference. */
static json_t *gather(const json_t *answer, const char *key, size_t most, size_t *ret_left)
{
    json_t *all = json_array();
    const json_t *steps = json_object_get(answer, "steps");
    *ret_left = 0;
    for (size_t s = 0; all != NULL && s < json_array_size(steps); s++) {
        const json_t *step = json_array_get(steps, s);
        const json_t *rows = json_object_get(step, key);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            if (json_array_size(all) == most) {
                ++*ret_left;
                continue;
            }
            json_t *row = json_copy(json_array_get(rows, i));
            if (json_object_set(row, "step", json_object_get(step, "step")) != 0 ||
                json_array_append_new(all, row) != 0) {
                json_decref(all);
                return NULL;
            }
        }
    }
    return all;
}

static enum sy_code show_places(struct sy_result *result, const json_t *answer, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "STEP", .right = true},
        {.name = "NAMESPACE"},
        {.name = "POD"},
        {.name = "FROM"},
        {.name = "NODE"},
        {.name = "DEVICES", .wide = true},
        {.name = "PATH"},
        {.name = "GB/S", .right = true},
        {.name = "WATTS", .right = true},
        {.name = "SCORE", .right = true},
        {.name = "TOTAL", .right = true},
        {.name = "TIES", .right = true},
        {.name = "FEASIBLE", .wide = true, .right = true},
    };
    static const char *const keys[] = {"step",         "namespace", "name",  "from",
                                       "node",         "devices",   "path",  "minBandwidthGBps",
                                       "wattsAdded",   "score",     "total", "ties",
                                       "feasibleNodes"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    size_t left;
    sy_autojson json_t *rows = gather(answer, "placed", PODS_SHOWN, &left);
    if (rows == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    if (left > 0)
        sy_str_printf(&result->after, "\n%zu more pods were placed: -o json lists them\n", left);
    return json_array_size(rows) > 0 ? sy_view_table(result, "PLACES", &view, rows, err) : SY_OK;
}

static enum sy_code show_blocked(struct sy_result *result, const json_t *answer, struct sy_err *err)
{
    static const struct sy_column columns[] = {{.name = "STEP", .right = true},
                                               {.name = "NAMESPACE"},
                                               {.name = "POD"},
                                               {.name = "NODE"},
                                               {.name = "PODDISRUPTIONBUDGET"}};
    static const char *const keys[] = {"step", "namespace", "name", "node", "budget"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    size_t left;
    sy_autojson json_t *rows = gather(answer, "blocked", PODS_SHOWN, &left);
    if (rows == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return json_array_size(rows) > 0 ? sy_view_table(result, "NOT EVICTED", &view, rows, err)
                                     : SY_OK;
}

/* Of the last step: what is pending then stays so. */
static enum sy_code show_pending(struct sy_result *result, const json_t *answer, struct sy_err *err)
{
    static const struct sy_column columns[] = {{.name = "PODS", .right = true},
                                               {.name = "NAMESPACE"},
                                               {.name = "FIRST"},
                                               {.name = "NODES", .right = true},
                                               {.name = "REASON"}};
    static const char *const keys[] = {"pods", "namespace", "name", "nodes", "reason"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    const json_t *steps = json_object_get(answer, "steps");
    const json_t *last =
        json_array_size(steps) > 0 ? json_array_get(steps, json_array_size(steps) - 1) : NULL;
    const json_t *rows = json_object_get(last, "pending");
    for (size_t i = 0; i < json_array_size(rows) && i < PENDING_SHOWN; i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *reasons = json_object_get(row, "reasons");
        if (json_array_size(reasons) < 2) /* the table says it */
            continue;
        sy_str_printf(&result->after, "\nwhy %s/%s fits nowhere:\n",
                      json_string_value(json_object_get(row, "namespace")),
                      json_string_value(json_object_get(row, "name")));
        sy_reasons_text(reasons, &result->after);
    }
    return json_array_size(rows) > 0 ? sy_view_table(result, "STAYS PENDING", &view, rows, err)
                                     : SY_OK;
}

static enum sy_code show_shapes(struct sy_result *result, const json_t *capacity,
                                struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "SHAPE"},
        {.name = "SLOTS", .right = true},
        {.name = "AFTER", .right = true},
        {.name = "FREE", .right = true},
        {.name = "AFTER", .right = true},
        {.name = "FRAGMENTATION", .right = true},
        {.name = "AFTER", .right = true},
    };
    static const char *const keys[] = {
        "shape",     "slotsBefore",         "slotsAfter",        "freeBefore",
        "freeAfter", "fragmentationBefore", "fragmentationAfter"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    const json_t *rows = json_object_get(capacity, "shapes");
    return json_array_size(rows) > 0 ? sy_view_table(result, "CAPACITY", &view, rows, err) : SY_OK;
}

static enum sy_code show_stranded(struct sy_result *result, const json_t *capacity,
                                  struct sy_err *err)
{
    static const struct sy_column columns[] = {{.name = "STRANDED DEVICES", .right = true},
                                               {.name = "AFTER", .right = true},
                                               {.name = "WHY"}};
    static const char *const keys[] = {"before", "after", "reason"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    const json_t *rows = json_object_get(capacity, "stranded");
    return json_array_size(rows) > 0 ? sy_view_table(result, NULL, &view, rows, err) : SY_OK;
}

static enum sy_code show_power(struct sy_result *result, const json_t *capacity, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "ELEMENT"},
        {.name = "KIND", .wide = true},
        {.name = "LIMIT W", .right = true},
        {.name = "AFTER", .right = true},
        {.name = "PROVISIONED W", .right = true},
        {.name = "AFTER", .right = true},
        {.name = "HEADROOM W", .right = true},
        {.name = "AFTER", .right = true},
    };
    static const char *const keys[] = {"element",
                                       "kind",
                                       "before/limitWatts",
                                       "after/limitWatts",
                                       "before/provisionedWatts",
                                       "after/provisionedWatts",
                                       "before/headroomWatts",
                                       "after/headroomWatts"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    const json_t *rows = json_object_get(capacity, "power");
    return json_array_size(rows) > 0 ? sy_view_table(result, "WATTS", &view, rows, err) : SY_OK;
}

static long long number(const json_t *obj, const char *key)
{
    return (long long)json_integer_value(json_object_get(obj, key));
}

enum sy_code sy_run_show(struct sy_result *result, const json_t *answer, struct sy_err *err)
{
    const json_t *outcome = json_object_get(answer, "result");
    const json_t *capacity = json_object_get(answer, "capacity");
    const json_t *cost = json_object_get(answer, "cost");
    sy_str_printf(&result->before, "%s: %lld pods asked for, %lld placed, %lld pending",
                  json_string_value(json_object_get(answer, "scenario")), number(outcome, "asked"),
                  number(outcome, "placed"), number(outcome, "pending"));
    if (number(outcome, "never") > 0)
        sy_str_printf(&result->before, " (%lld could never fit)", number(outcome, "never"));
    if (number(outcome, "blocked") > 0)
        sy_str_printf(&result->before, ", %lld may not be evicted", number(outcome, "blocked"));
    if (number(outcome, "ownPending") > 0)
        sy_str_printf(&result->before, "; %lld of the cluster's own wait%s too",
                      number(outcome, "ownPending"), number(outcome, "ownPending") == 1 ? "s" : "");
    sy_str_append(&result->before, "\n");
    if (json_is_object(cost)) {
        sy_str_printf(&result->before, "%lld node%s added: ", number(cost, "nodes"),
                      number(cost, "nodes") == 1 ? "" : "s");
        if (json_is_real(json_object_get(cost, "price")))
            sy_str_printf(&result->before, "%.15g %s, ",
                          json_real_value(json_object_get(cost, "price")),
                          json_is_string(json_object_get(cost, "currency"))
                              ? json_string_value(json_object_get(cost, "currency"))
                              : "(no currency told)");
        sy_str_printf(&result->before, "%.15g W at most, %lld rack units, %lld days\n",
                      json_number_value(json_object_get(cost, "watts")), number(cost, "rackUnits"),
                      number(cost, "leadTimeDays"));
    }
    sy_str_append(&result->before, "\n");
    enum sy_code code = show_steps(result, answer, err);
    if (code == SY_OK)
        code = show_places(result, answer, err);
    if (code == SY_OK)
        code = show_blocked(result, answer, err);
    if (code == SY_OK)
        code = show_pending(result, answer, err);
    if (code == SY_OK)
        code = show_shapes(result, capacity, err);
    if (code == SY_OK)
        code = show_stranded(result, capacity, err);
    return code == SY_OK ? show_power(result, capacity, err) : code;
}
