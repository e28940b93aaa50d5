/* SPDX-License-Identifier: Apache-2.0 */
/* Two outcomes of one scenario side by side: what one policy does otherwise than another. */
#include "planner/whatif/scenario_answer.h"

#include <string.h>

static const char *place_of(const struct sy_run *run, uint32_t pod)
{
    switch (sy_plan_pod_phase(run->plan, pod)) {
    case SY_POD_BOUND:
        return sy_node_text(run->plan, sy_plan_pod_node(run->plan, pod));
    case SY_POD_PENDING:
        return "(pending)";
    case SY_POD_REMOVED:
        return "(deleted)";
    case SY_POD_ELSEWHERE:
        break;
    }
    return "(elsewhere)";
}

/* Both runs made the same pods in the same order: ids are the same. */
static json_t *pods_json(struct sy_run *a, struct sy_run *b, size_t *ret_same)
{
    struct sy_form *form = &a->q->form;
    json_t *rows = json_array();
    uint32_t n = sy_plan_pods(a->plan);
    *ret_same = 0;
    for (uint32_t i = 0; i < n && i < sy_plan_pods(b->plan); i++) {
        const char *here = place_of(a, i), *there = place_of(b, i);
        if (strcmp(here, there) == 0) {
            ++*ret_same;
            continue;
        }
        json_t *row = json_object();
        sy_form_add(form, rows, row);
        sy_run_put_pod(a, row, i);
        sy_form_put(form, row, "a", sy_form_text(here));
        sy_form_put(form, row, "b", sy_form_text(there));
    }
    return rows;
}

static json_t *slots_json(struct sy_form *form, const struct sy_before_after *a,
                          const struct sy_before_after *b)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < a->nshape; i++)
        for (size_t k = 0; k < b->nshape; k++) {
            if (strcmp(a->shape[i].name, b->shape[k].name) != 0 ||
                a->shape[i].pod->object != b->shape[k].pod->object)
                continue;
            json_t *row = json_object();
            sy_form_add(form, rows, row);
            sy_form_put(form, row, "shape", sy_form_text(a->shape[i].name));
            sy_form_put(form, row, "a", json_integer((json_int_t)a->after.slots[i].slots));
            sy_form_put(form, row, "b", json_integer((json_int_t)b->after.slots[k].slots));
        }
    return rows;
}

static const struct sy_capacity_element *element_named(const struct sy_capacity *c,
                                                       const char *name, bool domain)
{
    for (size_t i = 0; i < c->nelement; i++)
        if (c->element[i].domain == domain && strcmp(c->element[i].name, name) == 0)
            return &c->element[i];
    return NULL;
}

static json_t *watts_json(struct sy_form *form, const struct sy_capacity *a,
                          const struct sy_capacity *b)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < a->nelement; i++) {
        const struct sy_capacity_element *one = &a->element[i];
        const struct sy_capacity_element *other = element_named(b, one->name, one->domain);
        if (other == NULL ||
            (one->provisioned_mw == other->provisioned_mw && one->limit_mw == other->limit_mw))
            continue;
        json_t *row = json_object();
        sy_form_add(form, rows, row);
        sy_form_put(form, row, "element", sy_form_text(one->name));
        sy_form_put(form, row, "aLimitWatts", sy_form_watts(one->limit_mw));
        sy_form_put(form, row, "bLimitWatts", sy_form_watts(other->limit_mw));
        sy_form_put(form, row, "aProvisionedWatts", sy_form_watts(one->provisioned_mw));
        sy_form_put(form, row, "bProvisionedWatts", sy_form_watts(other->provisioned_mw));
    }
    return rows;
}

enum sy_code sy_run_diff(struct sy_run *a, const struct sy_before_after *capacity_a,
                         struct sy_run *b, const struct sy_before_after *capacity_b, json_t **ret,
                         struct sy_err *err)
{
    struct sy_form *form = &a->q->form;
    json_t *diff = json_object();
    size_t same = 0;
    json_t *pods = pods_json(a, b, &same);
    sy_form_put(form, diff, "samePlace", json_integer((json_int_t)same));
    sy_form_put(form, diff, "pods", pods);
    sy_form_put(form, diff, "slots", slots_json(form, capacity_a, capacity_b));
    sy_form_put(form, diff, "power", watts_json(form, &capacity_a->after, &capacity_b->after));
    enum sy_code code = sy_form_end(form, err);
    if (code == SY_OK)
        *ret = diff;
    else
        json_decref(diff);
    return code;
}

enum sy_code sy_run_show_diff(struct sy_result *result, const json_t *diff, struct sy_err *err)
{
    static const struct sy_column pod_columns[] = {
        {.name = "NAMESPACE"}, {.name = "POD"}, {.name = "NODE"}, {.name = "WITH THE OTHER"}};
    static const char *const pod_keys[] = {"namespace", "name", "a", "b"};
    static const struct sy_view pod_view = {pod_columns, pod_keys, 4};
    static const struct sy_column slot_columns[] = {{.name = "SHAPE"},
                                                    {.name = "SLOTS AFTER", .right = true},
                                                    {.name = "WITH THE OTHER", .right = true}};
    static const char *const slot_keys[] = {"shape", "a", "b"};
    static const struct sy_view slot_view = {slot_columns, slot_keys, 3};
    static const struct sy_column watt_columns[] = {{.name = "ELEMENT"},
                                                    {.name = "LIMIT W", .right = true},
                                                    {.name = "OTHER", .right = true},
                                                    {.name = "PROVISIONED W", .right = true},
                                                    {.name = "OTHER", .right = true}};
    static const char *const watt_keys[] = {"element", "aLimitWatts", "bLimitWatts",
                                            "aProvisionedWatts", "bProvisionedWatts"};
    static const struct sy_view watt_view = {watt_columns, watt_keys, 5};
    static const struct {
        const char *key, *title;
        const struct sy_view *view;
    } parts[] = {
        {"pods", NULL, &pod_view}, {"slots", NULL, &slot_view}, {"power", NULL, &watt_view}};
    const char *policy = json_string_value(json_object_get(diff, "policy"));
    const json_t *outcome = json_object_get(diff, "result");
    sy_str_printf(&result->after,
                  "\nwith %s: %lld placed, %lld pending; %lld pods have the same place\n", policy,
                  (long long)json_integer_value(json_object_get(outcome, "placed")),
                  (long long)json_integer_value(json_object_get(outcome, "pending")),
                  (long long)json_integer_value(json_object_get(diff, "samePlace")));
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && code == SY_OK; i++) {
        const json_t *rows = json_object_get(diff, parts[i].key);
        if (json_array_size(rows) > 0)
            code =
                sy_view_table(result, i == 0 ? policy : parts[i].title, parts[i].view, rows, err);
    }
    return code;
}
