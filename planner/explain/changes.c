/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/changes.h"

#include "planner/explain/variant.h"

#include <stdlib.h>
#include <string.h>

#define TAINTS_MAX 8u /* keys tried */
#define RAISES_MAX 4u /* elements raised one above the other */

static const char *const kind_names[] = {
#define X(id, name, unit) name,
    SY_CHANGES(X)
#undef X
};
static const char *const kind_units[] = {
#define X(id, name, unit) unit,
    SY_CHANGES(X)
#undef X
};

const char *sy_changes_node(const struct sy_changes *changes, uint32_t node)
{
    return sy_plan_node(changes->plan, node).object->name;
}

enum sy_code sy_changes_try(struct sy_changes *changes, struct sy_plan *plan,
                            const struct sy_state_pod *pod, bool explain,
                            struct sy_change_trial *ret, struct sy_err *err)
{
    ret->tried = changes->trials < SY_CHANGES_TRIALS_MAX;
    ret->answer = (struct sy_plan_answer){.best = UINT32_MAX, .sound = UINT32_MAX};
    if (!ret->tried) {
        changes->cut = true;
        return SY_OK;
    }
    changes->trials++;
    sy_arena_reset(changes->scratch);
    return sy_plan_try(plan, pod, explain, changes->scratch, &ret->answer, err);
}

static bool takes(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS &&
           !sy_plan_in_vain(verdict);
}

bool sy_changes_fits_on(const struct sy_plan_answer *answer, uint32_t node)
{
    for (uint32_t i = 0; i < answer->n; i++)
        if (answer->verdict[i].node == node)
            return takes(&answer->verdict[i]);
    return false;
}

enum sy_code sy_changes_add(struct sy_changes *changes, enum sy_change_kind kind, int64_t cost,
                            uint32_t node, json_t *detail, struct sy_err *err)
{
    if (changes->n == changes->size) {
        size_t size = changes->size == 0 ? 16 : changes->size * 2;
        struct sy_change *more = sy_realloc(changes->change, size * sizeof *more);
        if (more == NULL) {
            json_decref(detail);
            return sy_fail(err, SY_ENOMEM, "out of memory for the changes");
        }
        changes->change = more;
        changes->size = size;
    }
    changes->change[changes->n++] = (struct sy_change){kind, cost, node, detail};
    return detail != NULL ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory for the changes");
}

/* --- Cordons and taints: the pod that tolerates them sees what their removal would give. */

static enum sy_code try_tolerating(struct sy_changes *c, const char *key, enum sy_stage stage,
                                   struct sy_err *err)
{
    struct sy_variant variant;
    struct sy_change_trial trial;
    enum sy_code code = sy_variant_tolerating(c->pod, key, &variant, err);
    if (code != SY_OK)
        return code;
    code = sy_changes_try(c, c->plan, &variant.pod, false, &trial, err);
    for (uint32_t i = 0; i < trial.answer.n && code == SY_OK; i++) {
        const struct sy_plan_verdict *was = &c->answer->verdict[i];
        if (was->stage.stage != stage || !takes(&trial.answer.verdict[i]) ||
            (stage == SY_STAGE_TAINT && strcmp(was->stage.name, key) != 0))
            continue;
        const char *node = sy_changes_node(c, was->node);
        json_t *detail = json_object();
        bool taint = stage == SY_STAGE_TAINT;
        sy_form_put(c->form, detail, "text",
                    taint ? sy_form_format("remove taint %s from %s, or tolerate it", key, node)
                          : sy_form_format("uncordon %s", node));
        if (taint)
            sy_form_put(c->form, detail, "taint", json_string(key));
        code = sy_changes_add(c, taint ? SY_CHANGE_UNTAINT : SY_CHANGE_UNCORDON, 1, was->node,
                              detail, err);
    }
    sy_variant_done(&variant);
    return code;
}

static enum sy_code find_closed(struct sy_changes *c, struct sy_err *err)
{
    const char *key[TAINTS_MAX];
    size_t n = 0;
    bool cordoned = false;
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < c->answer->n; i++) {
        const struct sy_stage_verdict *stage = &c->answer->verdict[i].stage;
        cordoned |= stage->stage == SY_STAGE_UNSCHEDULABLE;
        if (stage->stage != SY_STAGE_TAINT || stage->name == NULL)
            continue;
        size_t k = 0;
        while (k < n && strcmp(key[k], stage->name) != 0)
            k++;
        if (k == n && n == TAINTS_MAX)
            c->cut = true;
        else if (k == n)
            key[n++] = stage->name;
    }
    if (cordoned)
        code = try_tolerating(c, SY_TAINT_UNSCHEDULABLE, SY_STAGE_UNSCHEDULABLE, err);
    for (size_t k = 0; k < n && code == SY_OK; k++)
        code = try_tolerating(c, key[k], SY_STAGE_TAINT, err);
    return code;
}

/* --- Caps. */

static bool for_power(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           (verdict->ours.reason == SY_REASON_POWER_BUSY ||
            verdict->ours.reason == SY_REASON_POWER_NEVER);
}

/* Raise the element that binds on the node by what lacks there: what was raised, and by how much;
 * nothing when that cannot be known. */
static enum sy_code raise_one(struct sy_changes *c, struct sy_plan *plan, uint32_t node,
                              json_t *raises, int64_t *ret_mw, struct sy_err *err)
{
    struct sy_detail detail;
    sy_arena_reset(c->scratch);
    enum sy_code code = sy_detail_of(plan, c->pod, node, c->scratch, &detail, err);
    if (code != SY_OK)
        return code;
    const struct sy_plan_verdict verdict = {.node = node, .ours = detail.verdict};
    const struct sy_room room = detail.verdict.room;
    struct sy_why why = sy_why_of(c->pod, &verdict);
    *ret_mw = 0;
    if (!for_power(&verdict) || !why.short_known || !room.known ||
        strcmp(room.element, "device") == 0)
        return SY_OK;
    int64_t to = room.limit_mw + why.short_by;
    bool is_node = strcmp(room.element, "node") == 0;
    json_t *row = json_object();
    sy_form_put(c->form, row, "element",
                json_string(is_node ? sy_changes_node(c, node) : room.element));
    sy_form_put(c->form, row, "fromWatts", sy_form_watts(room.limit_mw));
    sy_form_put(c->form, row, "toWatts", sy_form_watts(to));
    sy_form_add(c->form, raises, row);
    *ret_mw = why.short_by;
    return is_node ? sy_plan_cap_node(plan, node, to, err)
                   : sy_plan_cap_domain(plan, room.element, to, err);
}

static json_t *raise_text(struct sy_changes *c, const json_t *raises, uint32_t node)
{
    struct sy_str text;
    size_t i;
    json_t *row;
    char number[SY_NUMBER_TEXT];
    sy_str_init(&text, SY_OUTPUT_MAX);
    json_array_foreach(raises, i, row)
    {
        double from = json_number_value(json_object_get(row, "fromWatts"));
        double to = json_number_value(json_object_get(row, "toWatts"));
        sy_str_printf(&text, "%s%s ", i > 0 ? ", then that of " : "raise the limit of ",
                      json_string_value(json_object_get(row, "element")));
        sy_str_printf(&text, "from %s ", sy_thousandths_text((int64_t)(from * 1000 + 0.5), number));
        sy_str_printf(&text, "to %s W", sy_thousandths_text((int64_t)(to * 1000 + 0.5), number));
    }
    sy_str_printf(&text, ": it fits on %s", sy_changes_node(c, node));
    json_t *value = sy_str_failed(&text) ? NULL : json_string(text.data);
    sy_str_done(&text);
    return value;
}

static enum sy_code try_raising(struct sy_changes *c, uint32_t node, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    sy_autojson json_t *raises = json_array();
    struct sy_change_trial trial = {.tried = true};
    int64_t sum = 0, more = 1;
    bool fits = false;
    enum sy_code code = sy_plan_copy(c->plan, &plan, err);
    for (unsigned i = 0; i < RAISES_MAX && code == SY_OK && more > 0 && !fits && trial.tried; i++) {
        code = raise_one(c, plan, node, raises, &more, err);
        sum += code == SY_OK ? more : 0;
        if (code == SY_OK && more > 0)
            code = sy_changes_try(c, plan, c->pod, false, &trial, err);
        fits = code == SY_OK && more > 0 && sy_changes_fits_on(&trial.answer, node);
    }
    if (code != SY_OK || !fits)
        return code;
    json_t *detail = json_object();
    sy_form_put(c->form, detail, "text", raise_text(c, raises, node));
    sy_form_put(c->form, detail, "raise", json_incref(raises));
    return sy_changes_add(c, SY_CHANGE_RAISE_CAP, sum, node, detail, err);
}

/* Where each element lacks least. */
static enum sy_code find_caps(struct sy_changes *c, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < c->answer->n && code == SY_OK; i++) {
        if (!for_power(&c->answer->verdict[i]))
            continue;
        struct sy_why why = sy_why_of(c->pod, &c->answer->verdict[i]);
        size_t less = 0; /* nodes of the element that lack less, or as much and come before */
        for (uint32_t k = 0; k < c->answer->n && why.short_known; k++) {
            if (k == i || !for_power(&c->answer->verdict[k]))
                continue;
            struct sy_why other = sy_why_of(c->pod, &c->answer->verdict[k]);
            less += other.short_known && strcmp(other.name, why.name) == 0 &&
                    (other.short_by < why.short_by || (other.short_by == why.short_by && k < i));
        }
        if (why.short_known && less < SY_CHANGES_PER_KIND)
            code = try_raising(c, c->answer->verdict[i].node, err);
    }
    return code;
}

/* --- All of them. */

static int by_cost(const void *left, const void *right)
{
    const struct sy_change *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    int order = strcmp(json_string_value(json_object_get(a->detail, "at")),
                       json_string_value(json_object_get(b->detail, "at")));
    return order != 0 ? order
                      : strcmp(json_string_value(json_object_get(a->detail, "text")),
                               json_string_value(json_object_get(b->detail, "text")));
}

/* The node's name into the detail, for the order and for people. */
static enum sy_code sort(struct sy_changes *c, struct sy_err *err)
{
    size_t of_kind[SY_CHANGE_KIND_COUNT] = {0}, n = 0;
    for (size_t i = 0; i < c->n; i++)
        sy_form_put(c->form, c->change[i].detail, "at",
                    json_string(sy_changes_node(c, c->change[i].node)));
    enum sy_code code = sy_form_end(c->form, err);
    if (code != SY_OK)
        return code;
    if (c->n > 1)
        qsort(c->change, c->n, sizeof *c->change, by_cost);
    for (size_t i = 0; i < c->n; i++) {
        if (of_kind[c->change[i].kind]++ < SY_CHANGES_PER_KIND)
            c->change[n++] = c->change[i];
        else
            json_decref(c->change[i].detail);
    }
    c->n = n;
    return SY_OK;
}

enum sy_code sy_changes_find(struct sy_changes *changes, struct sy_err *err)
{
    enum sy_code code =
        sy_budgets_of(changes->plan, changes->state, changes->arena, &changes->budgets, err);
    if (code == SY_OK)
        code = find_caps(changes, err);
    if (code == SY_OK)
        code = find_closed(changes, err);
    if (code == SY_OK)
        code = sy_changes_relax(changes, err);
    if (code == SY_OK)
        code = sy_changes_pods(changes, err);
    return code == SY_OK ? sort(changes, err) : code;
}

void sy_changes_done(struct sy_changes *changes)
{
    for (size_t i = 0; i < changes->n; i++)
        json_decref(changes->change[i].detail);
    sy_free(changes->change);
    changes->change = NULL;
    changes->n = 0;
    changes->size = 0;
}

json_t *sy_changes_json(struct sy_changes *changes)
{
    struct sy_form *form = changes->form;
    json_t *array = json_array();
    for (size_t i = 0; i < changes->n; i++) {
        const struct sy_change *change = &changes->change[i];
        json_t *row = json_object();
        const char *key;
        json_t *value;
        sy_form_put(form, row, "kind", json_string(kind_names[change->kind]));
        sy_form_put(form, row, "node", json_string(sy_changes_node(changes, change->node)));
        sy_form_put(form, row, "cost",
                    change->kind == SY_CHANGE_RAISE_CAP ? sy_form_signed_watts(change->cost)
                                                        : json_integer(change->cost));
        sy_form_put(form, row, "costUnit", json_string(kind_units[change->kind]));
        sy_form_put(form, row, "verified", json_true());
        json_object_foreach(change->detail, key, value)
        {
            if (strcmp(key, "at") != 0)
                sy_form_put(form, row, key, json_incref(value));
        }
        sy_form_add(form, array, row);
    }
    return array;
}
