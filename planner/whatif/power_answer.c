/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/detail.h"
#include "planner/whatif/power.h"

static json_t *action(struct sy_falling *f, json_t *rows, const char *what,
                      const struct sy_drawer *drawer, int64_t frees_mw, int64_t after_mw)
{
    struct sy_form *form = &f->q.form;
    json_t *row = json_object();
    sy_form_put(form, row, "order", json_integer((json_int_t)json_array_size(rows) + 1));
    sy_form_put(form, row, "action", json_string(what));
    sy_form_put(form, row, "namespace", sy_form_text(drawer->pod->namespace_));
    sy_form_put(form, row, "name", sy_form_text(drawer->pod->name));
    sy_form_put(form, row, "priority", json_integer(drawer->pod->priority));
    sy_form_put(form, row, "node", sy_form_text(sy_node_text(f->q.plan, drawer->node)));
    sy_form_put(form, row, "freesWatts", sy_form_signed_watts(frees_mw));
    sy_form_put(form, row, "provisionedAfterWatts", sy_form_signed_watts(after_mw));
    sy_form_add(form, rows, row);
    return row;
}

static json_t *actions_of(struct sy_falling *f)
{
    struct sy_form *form = &f->q.form;
    json_t *rows = json_array();
    for (const struct sy_cap *cap = f->cap; cap != NULL; cap = cap->next) {
        struct sy_devset one = SY_DEVSET_EMPTY;
        sy_devset_add(&one, cap->unit);
        json_t *row = action(f, rows, "cap", cap->drawer, cap->frees_mw, cap->after_mw);
        sy_autojson json_t *units =
            sy_detail_units(form, sy_plan_node(f->q.plan, cap->drawer->node).node, one);
        sy_form_put(form, row, "device", json_incref(json_array_get(units, 0)));
        sy_form_put(form, row, "fromWatts", sy_form_watts(cap->from_mw));
        sy_form_put(form, row, "toWatts", sy_form_watts(cap->to_mw));
        sy_form_put(form, row, "to", json_null());
    }
    for (size_t i = 0; i < f->ndrawer; i++) {
        const struct sy_drawer *drawer = &f->drawer[i];
        if (!drawer->stopped)
            continue;
        json_t *row = action(f, rows, "stop", drawer, drawer->frees_mw, drawer->after_mw);
        sy_form_put(form, row, "device", json_null());
        sy_form_put(form, row, "to", sy_form_text(sy_node_text(f->q.plan, drawer->to)));
    }
    return rows;
}

static void put_numbers(struct sy_falling *f, json_t *answer)
{
    struct sy_form *form = &f->q.form;
    const char *kind = f->domain != NULL ? "domain" : f->unit >= 0 ? "device" : "node";
    sy_form_put(form, answer, "element", sy_form_text(f->targets.name));
    sy_form_put(form, answer, "elementKind", json_string(kind));
    sy_form_put(form, answer, "nodes", json_integer((json_int_t)f->targets.n));
    sy_form_put(form, answer, "limitBeforeWatts", sy_form_watts(f->before.limit_mw));
    sy_form_put(form, answer, "limitWatts", sy_form_watts(f->limit_mw));
    sy_form_put(form, answer, "provisionedWatts", sy_form_signed_watts(f->before.provisioned_mw));
    sy_form_put(form, answer, "emptyWatts", sy_form_signed_watts(f->before.empty_mw));
    sy_form_put(form, answer, "provisionedAfterWatts", sy_form_signed_watts(f->after_mw));
    sy_form_put(form, answer, "lowerBound", json_boolean(f->before.unknown > 0));
    sy_form_put(form, answer, "reached", json_boolean(f->reached));
    sy_form_put(form, answer, "stopped", json_integer((json_int_t)f->nstopped));
    sy_form_put(form, answer, "withoutPlace", json_integer((json_int_t)f->nowhere));
}

static void put_title(struct sy_falling *f, struct sy_str *before)
{
    char limit[SY_NUMBER_TEXT], now[SY_NUMBER_TEXT], after[SY_NUMBER_TEXT];
    (void)sy_thousandths_text(f->limit_mw, limit);
    (void)sy_thousandths_text(f->before.provisioned_mw, now);
    (void)sy_thousandths_text(f->after_mw, after);
    if (f->before.provisioned_mw <= f->limit_mw) {
        sy_str_printf(before, "%s: %s W are provisioned, within %s W: nothing is to be done\n",
                      f->targets.name, now, limit);
        return;
    }
    sy_str_printf(before, "%s: %s W are provisioned, over %s W; ", f->targets.name, now, limit);
    if (!f->reached)
        sy_str_printf(
            before,
            "with every pod stopped whose devices are known %s W are left: the limit is not kept\n",
            after);
    else if (f->nstopped == 0)
        sy_str_printf(before, "%s W after these steps, no pod is stopped\n", after);
    else
        sy_str_printf(before, "%s W after these steps, %zu of %zu stopped pods have no place\n",
                      after, f->nowhere, f->nstopped);
}

enum sy_code sy_falling_answer(struct sy_falling *f, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "ORDER", .right = true},
        {.name = "ACTION"},
        {.name = "NAMESPACE"},
        {.name = "POD"},
        {.name = "PRIORITY", .right = true},
        {.name = "NODE"},
        {.name = "DEVICE"},
        {.name = "CAP-WATTS", .right = true},
        {.name = "FREES", .right = true},
        {.name = "LEFT", .right = true},
        {.name = "TO"},
    };
    static const char *const keys[] = {
        "order", "action", "namespace", "name",       "priority",
        "node",  "device", "toWatts",   "freesWatts", "provisionedAfterWatts",
        "to"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_question *q = &f->q;
    json_t *answer;
    enum sy_code code = sy_question_answer(q, "WhatIfPower", &answer, err);
    if (code != SY_OK)
        return code;
    put_numbers(f, answer);
    json_t *rows = actions_of(f);
    sy_form_put(&q->form, answer, "actions", rows);
    put_title(f, &q->cli->result->before);
    if (f->before.unknown > 0)
        sy_question_note(q,
                         "part of what is provisioned is unknown on %u node%s: the watts are a "
                         "lower bound",
                         f->before.unknown, f->before.unknown == 1 ? "" : "s");
    if (f->floor_percent == 0 && f->before.provisioned_mw > f->limit_mw)
        sy_question_note(q, "the catalogue tells no range of caps: pods are stopped; --cap-floor "
                            "says how far devices can be capped");
    q->cli->exit_status = f->before.empty_mw > f->limit_mw ? SY_EXIT_NEVER
                          : !f->reached || f->nowhere > 0  ? SY_EXIT_NOW
                                                           : SY_EXIT_YES;
    if (json_array_size(rows) > 0) {
        sy_str_append(&q->cli->result->before, "\n");
        code = sy_view_table(q->cli->result, NULL, &view, rows, err);
    }
    return code == SY_OK ? sy_question_end(q, err) : code;
}
