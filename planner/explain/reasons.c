/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/reasons.h"

#include <stdlib.h>
#include <string.h>

/* Watts that the node lacks for the pod. */
static bool short_watts(const struct sy_state_pod *pod, const struct sy_verdict *verdict,
                        int64_t *ret)
{
    int64_t asked = pod->request.expected_mw;
    if (asked == SY_UNKNOWN_MW && verdict->placement != NULL &&
        verdict->placement->fit == SY_FIT_YES)
        asked = verdict->placement->least_mw;
    if (asked == SY_UNKNOWN_MW || !verdict->room.known || asked <= verdict->room.headroom_mw)
        return false;
    *ret = asked - verdict->room.headroom_mw;
    return true;
}

struct sy_why sy_why_of(const struct sy_state_pod *pod, const struct sy_plan_verdict *verdict)
{
    struct sy_why why = {.n = 1, .node = {verdict->node}};
    const struct sy_stage_verdict *stage = &verdict->stage;
    why.stage = stage->stage;
    if (stage->stage != SY_STAGE_PASSED) {
        why.never = stage->never && stage->stage != SY_STAGE_UNSCHEDULABLE; /* not for ever */
        why.name = stage->name;
        why.short_known = stage->stage == SY_STAGE_RESOURCE && stage->asked > stage->left;
        why.short_by = why.short_known ? stage->asked - stage->left : 0;
        return why;
    }
    why.reason = verdict->ours.reason;
    why.never = sy_reason_verdict((enum sy_reason)why.reason) == SY_VERDICT_NEVER;
    why.detail = verdict->ours.detail;
    if (why.reason == SY_REASON_POWER_BUSY || why.reason == SY_REASON_POWER_NEVER) {
        why.name = verdict->ours.room.known ? verdict->ours.room.element : NULL;
        why.short_known = short_watts(pod, &verdict->ours, &why.short_by);
    }
    return why;
}

static int compare_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

/* How far it is to mend. */
static unsigned rank(const struct sy_why *why)
{
    static const uint8_t of_stage[SY_STAGE_COUNT] = {
        [SY_STAGE_UNSCHEDULABLE] = 1, [SY_STAGE_TAINT] = 2,    [SY_STAGE_PODS] = 4,
        [SY_STAGE_RESOURCE] = 5,      [SY_STAGE_AFFINITY] = 7, [SY_STAGE_NODE_NAME] = 8,
        [SY_STAGE_NAMES] = 8,
    };
    unsigned never = why->never ? 20 : 0;
    switch ((enum sy_stage)why->stage) {
    case SY_STAGE_UNSCHEDULABLE:
    case SY_STAGE_TAINT:
        return of_stage[why->stage]; /* an empty node has them too, and yet they are soon mended */
    case SY_STAGE_PASSED:
        break;
    case SY_STAGE_NAMES:
    case SY_STAGE_NODE_NAME:
    case SY_STAGE_AFFINITY:
    case SY_STAGE_PODS:
    case SY_STAGE_RESOURCE:
        return never + of_stage[why->stage];
    case SY_STAGE_COUNT:
        break;
    }
    bool power = why->reason == SY_REASON_POWER_BUSY || why->reason == SY_REASON_POWER_NEVER;
    return never + (power ? 0 : why->reason == SY_REASON_HELD ? 3 : 6);
}

static int compare_whys(const void *left, const void *right)
{
    const struct sy_why *a = left, *b = right;
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    if (a->short_known != b->short_known)
        return a->short_known ? -1 : 1;
    if (a->short_by != b->short_by)
        return a->short_by < b->short_by ? -1 : 1;
    if (a->stage != b->stage)
        return (int)a->stage - (int)b->stage;
    if (a->reason != b->reason)
        return (int)a->reason - (int)b->reason;
    int name = compare_text(a->name, b->name);
    return name != 0 ? name : (int)a->never - (int)b->never;
}

static bool same(const struct sy_why *a, const struct sy_why *b)
{
    return a->stage == b->stage && a->reason == b->reason && a->never == b->never &&
           compare_text(a->name, b->name) == 0;
}

static void join(struct sy_why *into, const struct sy_why *one)
{
    if (into->n < SY_REASON_NODES)
        into->node[into->n] = one->node[0];
    into->n++;
    if (one->short_known && (!into->short_known || one->short_by < into->short_by)) {
        into->short_known = true;
        into->short_by = one->short_by;
    }
}

static bool takes(const struct sy_plan_verdict *verdict)
{
    return verdict->stage.stage == SY_STAGE_PASSED &&
           sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_FITS;
}

enum sy_code sy_reasons_of(const struct sy_state_pod *pod, const struct sy_plan_answer *answer,
                           struct sy_arena *arena, struct sy_reasons *ret, struct sy_err *err)
{
    size_t n = 0, size = 0;
    struct sy_why *list = NULL;
    for (uint32_t i = 0; i < answer->n; i++) {
        if (takes(&answer->verdict[i]))
            continue;
        struct sy_why why = sy_why_of(pod, &answer->verdict[i]);
        size_t at = 0;
        while (at < n && !same(&list[at], &why))
            at++;
        if (at < n) {
            join(&list[at], &why);
            continue;
        }
        if (n == size) { /* few: grown in the arena */
            size = size == 0 ? 8 : size * 2;
            struct sy_why *more = sy_arena_calloc(arena, size, sizeof *more);
            if (more == NULL)
                return sy_fail(err, SY_ENOMEM, "out of memory for the reasons");
            if (n > 0)
                memcpy(more, list, n * sizeof *more);
            list = more;
        }
        list[n++] = why;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, compare_whys);
    *ret = (struct sy_reasons){n, list};
    return SY_OK;
}

const struct sy_why *sy_reasons_main(const struct sy_reasons *reasons)
{
    for (size_t i = 0; i < reasons->n; i++)
        if (reasons->why[i].stage != SY_STAGE_UNSCHEDULABLE &&
            reasons->why[i].stage != SY_STAGE_TAINT)
            return &reasons->why[i];
    return reasons->n > 0 ? &reasons->why[0] : NULL;
}

static void append_amount(const struct sy_why *why, struct sy_str *out)
{
    char number[SY_NUMBER_TEXT];
    long long by = why->short_by, mib = 1 << 20;
    if (why->stage == SY_STAGE_PASSED)
        sy_str_printf(out, "%s W", sy_thousandths_text(by, number));
    else if (strcmp(why->name, "cpu") == 0)
        sy_str_printf(out, "%s CPU", sy_thousandths_text(by, number));
    else if (strcmp(why->name, "memory") == 0 || strcmp(why->name, "ephemeral-storage") == 0)
        sy_str_printf(out, "%lld MiB", by / mib + (by % mib != 0));
    else
        sy_str_printf(out, "%lld", by);
}

static void append_stage(const struct sy_why *why, struct sy_str *out)
{
    const char *name = why->name != NULL ? why->name : "";
    switch ((enum sy_stage)why->stage) {
    case SY_STAGE_UNSCHEDULABLE:
        sy_str_append(out, "cordoned (unschedulable)");
        break;
    case SY_STAGE_NAMES:
    case SY_STAGE_NODE_NAME:
        sy_str_append(out, "the pod names another node");
        break;
    case SY_STAGE_TAINT:
        sy_str_printf(out, "untolerated taint %s", name);
        break;
    case SY_STAGE_AFFINITY:
        sy_str_append(out, "node selector or required node affinity does not match");
        break;
    case SY_STAGE_PODS:
        sy_str_append(out, "too many pods");
        break;
    case SY_STAGE_RESOURCE:
        sy_str_printf(out, why->never ? "never enough %s" : "not enough %s left", name);
        break;
    case SY_STAGE_PASSED:
    case SY_STAGE_COUNT:
        break;
    }
}

void sy_why_text(const struct sy_why *why, struct sy_str *out)
{
    if (why->stage != SY_STAGE_PASSED) {
        append_stage(why, out);
    } else {
        const char *text =
            why->detail != NULL ? why->detail : sy_reason_text((enum sy_reason)why->reason);
        const char *rest = strstr(text, ": ");
        if (why->never && why->detail == NULL)
            sy_str_append(out, "never: ");
        sy_str_append(out, rest != NULL ? rest + 2 : text);
        if (why->name != NULL)
            sy_str_printf(out, " (%s)", why->name);
    }
    if (why->short_known) {
        sy_str_append(out, ", short by ");
        append_amount(why, out);
    }
}

const char *sy_why_stage(const struct sy_why *why)
{
    return why->stage == SY_STAGE_PASSED ? "Extender" : sy_stage_plugin((enum sy_stage)why->stage);
}

/* Unit of shortBy. */
static const char *unit_of(const struct sy_why *why)
{
    if (why->stage == SY_STAGE_PASSED)
        return "W";
    if (strcmp(why->name, "cpu") == 0)
        return "milliCPU";
    bool bytes = strcmp(why->name, "memory") == 0 || strcmp(why->name, "ephemeral-storage") == 0;
    return bytes ? "bytes" : "count";
}

json_t *sy_why_json(struct sy_form *form, const struct sy_plan *plan, const struct sy_why *why)
{
    struct sy_str text;
    bool ours = why->stage == SY_STAGE_PASSED;
    json_t *obj = json_object(), *first = json_array();
    sy_str_init(&text, SY_OUTPUT_MAX);
    sy_why_text(why, &text);
    sy_form_put(form, obj, "nodes", json_integer(why->n));
    sy_form_put(form, obj, "verdict",
                json_string(sy_verdict_name(why->never ? SY_VERDICT_NEVER : SY_VERDICT_BUSY)));
    sy_form_put(form, obj, "stage", json_string(sy_why_stage(why)));
    sy_form_put(form, obj, "reasonId",
                sy_form_text(ours ? sy_reason_name((enum sy_reason)why->reason) : NULL));
    sy_form_put(form, obj, "text", sy_str_failed(&text) ? NULL : json_string(text.data));
    sy_form_put(form, obj, "name", sy_form_text(why->name));
    json_t *lack = !why->short_known ? json_null()
                   : ours            ? sy_form_signed_watts(why->short_by)
                                     : json_integer(why->short_by);
    sy_form_put(form, obj, "shortBy", lack);
    sy_form_put(form, obj, "unit", sy_form_text(why->short_known ? unit_of(why) : NULL));
    for (uint32_t i = 0; i < why->n && i < SY_REASON_NODES; i++)
        sy_form_add(form, first, json_string(sy_plan_node(plan, why->node[i]).object->name));
    sy_form_put(form, obj, "first", first);
    sy_str_done(&text);
    return obj;
}

json_t *sy_reasons_json(struct sy_form *form, const struct sy_plan *plan,
                        const struct sy_reasons *reasons)
{
    json_t *array = json_array();
    for (size_t i = 0; i < reasons->n; i++)
        sy_form_add(form, array, sy_why_json(form, plan, &reasons->why[i]));
    return array;
}

void sy_reasons_text(const json_t *reasons, struct sy_str *out)
{
    size_t i;
    json_t *one;
    json_array_foreach(reasons, i, one)
    {
        long long n = json_integer_value(json_object_get(one, "nodes"));
        sy_str_printf(out, "  %lld node%s: ", n, n == 1 ? "" : "s");
        sy_str_append(out, json_string_value(json_object_get(one, "text")));
        sy_str_append(out, "\n");
    }
}
