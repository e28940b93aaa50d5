/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: the groups and changes, one node's breakdown; and how a running pod sits. */
#include "planner/explain/explain.h"

#include <string.h>

/* --- A running pod. */

/* The units it holds, given to the entries of its request: each takes of those that are left what
 * it asks for. */
static void split(const struct sy_node *node, const struct sy_request *request,
                  struct sy_devset held, struct sy_devset pick[SY_ENTRY_MAX])
{
    for (unsigned i = 0; i < request->nentry; i++) {
        unsigned n = 0;
        pick[i] = SY_DEVSET_EMPTY;
        SY_DEVSET_EACH(u, &held)
        {
            if (n == request->entry[i].count ||
                !sy_devset_has(&node->fabric->unit[u].resources, request->entry[i].resource))
                continue;
            sy_devset_add(&pick[i], (unsigned)u);
            n++;
        }
        held = sy_devset_minus(held, pick[i]);
    }
}

/* What the set it holds is worth on its node, without itself. */
static enum sy_code held_value(struct sy_explaining *e, const struct sy_detail *detail,
                               struct sy_value *ret, uint16_t *ret_total, struct sy_err *err)
{
    struct sy_devset pick[SY_ENTRY_MAX];
    struct sy_value_context *context;
    const struct sy_request *request = &e->pod->request;
    const struct sy_profile *profile = sy_policy_profile(detail->world.policy, request->profile);
    enum sy_code code = sy_value_context_new(detail->node->fabric, detail->node->usage, request,
                                             profile, e->q.arena, &context, err);
    if (code != SY_OK)
        return code;
    split(detail->node, request, e->held, pick);
    sy_value_of(context, pick, ret);
    ret->term[SY_TERM_POWER] = sy_value_power_of(profile, &detail->verdict.room, ret);
    *ret_total = sy_value_total(profile, ret->term);
    return SY_OK;
}

enum sy_code sy_explain_running(struct sy_explaining *e, json_t **ret, struct sy_err *err)
{
    struct sy_detail detail;
    struct sy_form *form = &e->q.form;
    const struct sy_plan_answer *a = &e->answer;
    if (e->was == UINT32_MAX)
        return SY_OK;
    enum sy_code code = sy_detail_of(e->q.plan, e->pod, e->was, e->q.arena, &detail, err);
    if (code != SY_OK)
        return code;
    json_t *obj = json_object();
    bool known = detail.node != NULL && !sy_devset_empty(&e->held) &&
                 sy_policy_profile(detail.world.policy, e->pod->request.profile) != NULL;
    struct sy_value value = {0};
    uint16_t total = 0;
    if (known)
        code = held_value(e, &detail, &value, &total, err);
    const struct sy_plan_verdict *best = a->best != UINT32_MAX ? &a->verdict[a->best] : NULL;
    sy_form_put(form, obj, "node", sy_form_text(sy_node_text(e->q.plan, e->was)));
    sy_form_put(form, obj, "devices",
                known ? sy_detail_units(form, detail.node, e->held) : json_array());
    sy_form_put(form, obj, "score", known ? json_integer(total) : json_null());
    sy_form_put(form, obj, "minBandwidthGBps", sy_form_gbps(known ? value.min_mbps : 0));
    sy_form_put(form, obj, "bestHere",
                sy_detail_placed(&detail) && e->pod->request.nentry > 0
                    ? json_integer(detail.verdict.placement->best.total)
                    : json_null());
    sy_form_put(form, obj, "bestNode",
                sy_form_text(best != NULL ? sy_node_text(e->q.plan, best->node) : NULL));
    sy_form_put(form, obj, "bestNodeScore",
                best != NULL && e->pod->request.nentry > 0 ? json_integer(best->ours.score)
                                                           : json_null());
    *ret = obj;
    return code;
}

static void running_text(const json_t *running, struct sy_str *out)
{
    const json_t *score = json_object_get(running, "score");
    const json_t *best = json_object_get(running, "bestNode");
    const json_t *best_score = json_object_get(running, "bestNodeScore");
    sy_str_printf(out, "it runs on %s", json_string_value(json_object_get(running, "node")));
    if (json_is_integer(score))
        sy_str_printf(out, " with a set of score %lld (best set there: %lld)",
                      (long long)json_integer_value(score),
                      (long long)json_integer_value(json_object_get(running, "bestHere")));
    if (json_is_string(best))
        sy_str_printf(out, "; placed anew it would go to %s", json_string_value(best));
    if (json_is_string(best) && json_is_integer(best_score))
        sy_str_printf(out, ", score %lld", (long long)json_integer_value(best_score));
    sy_str_append(out, "\n");
}

/* --- One node. */

static const char *text_of(const json_t *obj, const char *key)
{
    const char *text = json_string_value(json_object_get(obj, key));
    return text != NULL ? text : "-";
}

static enum sy_code show_terms(struct sy_explaining *e, const json_t *node, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "TERM"}, {.name = "VALUE", .right = true}, {.name = "WEIGHT", .right = true}};
    static const char *const keys[] = {"term", "value", "weight"};
    static const struct sy_view view = {columns, keys, 3};
    sy_autojson json_t *rows = json_array();
    const char *name;
    json_t *term, *terms = json_object_get(node, "terms");
    if (json_object_size(terms) == 0)
        return SY_OK;
    json_object_foreach(terms, name, term)
    {
        json_t *row = json_copy(term);
        sy_form_put(&e->q.form, row, "term", json_string(name));
        sy_form_add(&e->q.form, rows, row);
    }
    return sy_view_table(e->q.cli->result, "terms of the expected set (0..1000)", &view, rows, err);
}

static enum sy_code show_plugins(struct sy_explaining *e, const json_t *node, struct sy_err *err)
{
    static const struct sy_column columns[] = {{.name = "PLUGIN"},
                                               {.name = "SCORE", .right = true}};
    static const char *const keys[] = {"plugin", "score"};
    static const struct sy_view view = {columns, keys, 2};
    sy_autojson json_t *rows = json_array();
    const char *name;
    json_t *score, *scheduler = json_object_get(node, "scheduler");
    struct sy_form *form = &e->q.form;
    if (!json_is_object(scheduler))
        return SY_OK;
    json_object_foreach(json_object_get(scheduler, "plugins"), name, score)
    {
        json_t *row = json_object();
        sy_form_put(form, row, "plugin", json_string(name));
        sy_form_put(form, row, "score", json_incref(score));
        sy_form_add(form, rows, row);
    }
    static const char *const sums[][2] = {{"extender", "our extender, weighted"},
                                          {"total", "total, plugins weighted"}};
    for (size_t i = 0; i < 2; i++) {
        json_t *row = json_object();
        sy_form_put(form, row, "plugin", json_string(sums[i][1]));
        sy_form_put(form, row, "score", json_incref(json_object_get(scheduler, sums[i][0])));
        sy_form_add(form, rows, row);
    }
    return sy_view_table(e->q.cli->result, "kube-scheduler's scores (0..100 each)", &view, rows,
                         err);
}

static enum sy_code show_sets(struct sy_explaining *e, const json_t *node, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "SET"},
        {.name = "SCORE", .right = true},
        {.name = "PATH"},
        {.name = "GB/S", .right = true},
        {.name = "WATTS", .right = true},
        {.name = "DEVICES"},
    };
    static const char *const keys[] = {"set",        "score",  "path", "minBandwidthGBps",
                                       "wattsAdded", "devices"};
    static const struct sy_view view = {columns, keys, 6};
    static const char *const sets[] = {"best", "expected", "worst"};
    sy_autojson json_t *rows = json_array();
    struct sy_form *form = &e->q.form;
    for (size_t s = 0; s < 3; s++) {
        const json_t *set = json_object_get(node, sets[s]);
        if (!json_is_object(set))
            continue;
        json_t *row = json_copy((json_t *)(uintptr_t)set), *devices = json_array(), *one;
        size_t i;
        json_array_foreach(json_object_get(set, "devices"), i, one)
        {
            long long index = json_integer_value(json_object_get(one, "index"));
            sy_form_add(form, devices,
                        index > 0 ? sy_form_format("%s.%lld", text_of(one, "pci"), index)
                                  : json_string(text_of(one, "pci")));
        }
        sy_form_put(form, row, "set", json_string(sets[s]));
        sy_form_put(form, row, "devices", devices);
        sy_form_add(form, rows, row);
    }
    if (json_array_size(rows) == 0)
        return SY_OK;
    return sy_view_table(e->q.cli->result, "sets of devices", &view, rows, err);
}

static void list_texts(struct sy_str *out, const char *title, const json_t *array)
{
    size_t i;
    json_t *text;
    json_array_foreach(array, i, text)
    {
        if (i == 0)
            sy_str_printf(out, "\n%s:\n", title);
        sy_str_append(out, "  ");
        sy_str_append(out, json_string_value(text));
        sy_str_append(out, "\n");
    }
}

static void power_line(const json_t *node, struct sy_str *out)
{
    const json_t *power = json_object_get(node, "power");
    const json_t *limit = json_object_get(power, "limitWatts");
    char number[3][SY_NUMBER_TEXT];
    if (!json_is_number(limit))
        return;
    double left = json_number_value(json_object_get(power, "headroomWatts"));
    double after = json_number_value(json_object_get(power, "headroomAfterWatts"));
    double of = json_number_value(limit);
    sy_str_printf(out, "power: %s W of %s W left at %s, %s W with the pod\n",
                  sy_thousandths_text((int64_t)(left * 1000), number[0]),
                  sy_thousandths_text((int64_t)(of * 1000), number[1]), text_of(power, "element"),
                  json_is_number(json_object_get(power, "headroomAfterWatts"))
                      ? sy_thousandths_text((int64_t)(after * 1000), number[2])
                      : "unknown");
}

enum sy_code sy_explain_show_node(struct sy_explaining *e, const json_t *node, struct sy_err *err)
{
    struct sy_result *result = e->q.cli->result;
    const json_t *score = json_object_get(node, "score");
    sy_str_printf(&result->before, "node %s: %s", text_of(node, "node"), text_of(node, "verdict"));
    if (json_is_string(json_object_get(node, "stage")))
        sy_str_printf(&result->before, ", %s: %s", text_of(node, "stage"), text_of(node, "reason"));
    if (json_is_integer(score))
        sy_str_printf(&result->before, ", score %lld of 1000, %lld of 10 on the wire, mode %s",
                      (long long)json_integer_value(score),
                      (long long)json_integer_value(json_object_get(node, "wireScore")),
                      text_of(node, "mode"));
    sy_str_append(&result->before, "\n");
    power_line(node, &result->before);
    sy_str_append(&result->before, "\n");
    enum sy_code code = show_sets(e, node, err);
    if (code == SY_OK)
        code = show_terms(e, node, err);
    if (code == SY_OK)
        code = show_plugins(e, node, err);
    list_texts(&result->after, "unknown", json_object_get(node, "unknown"));
    list_texts(&result->after, "about the node", json_object_get(node, "notes"));
    return code;
}

/* --- All nodes. */

static void title(struct sy_explaining *e, struct sy_str *out)
{
    const json_t *answer = e->q.cli->result->json;
    const json_t *tied = json_object_get(answer, "tied");
    sy_str_printf(out, "pod %s/%s: ", e->pod->namespace_, e->pod->name);
    if (json_is_string(json_object_get(answer, "best"))) {
        sy_str_printf(out, "fits on %u of %u nodes, best %s", e->answer.nfeasible, e->answer.n,
                      text_of(answer, "best"));
        if (json_array_size(tied) > 1)
            sy_str_printf(out, " (%zu nodes tie)", json_array_size(tied));
        sy_str_append(out, "\n");
    } else {
        sy_str_printf(out, "fits on none of %u nodes, %s\n", e->answer.n,
                      e->q.cli->exit_status == SY_EXIT_NEVER ? "nor would it on the empty cluster"
                                                             : "as things are");
    }
    if (json_object_get(answer, "running") != NULL)
        running_text(json_object_get(answer, "running"), out);
    sy_str_append(out, "\n");
}

enum sy_code sy_explain_show(struct sy_explaining *e, struct sy_err *err)
{
    static const struct sy_column columns[] = {
        {.name = "NODES", .right = true},
        {.name = "VERDICT"},
        {.name = "STAGE"},
        {.name = "SCORE", .right = true},
        {.name = "TOTAL", .right = true},
        {.name = "REASON"},
        {.name = "FIRST"},
    };
    static const char *const keys[] = {"nodes", "verdict", "stage", "score",
                                       "total", "text",    "first"};
    static const struct sy_view view = {columns, keys, sizeof keys / sizeof keys[0]};
    struct sy_result *result = e->q.cli->result;
    const json_t *answer = result->json;
    const json_t *changes = json_object_get(answer, "changes");
    size_t i;
    json_t *change;
    title(e, &result->before);
    if (e->only >= 0)
        return sy_explain_show_node(e, json_array_get(json_object_get(answer, "nodes"), 0), err);
    json_array_foreach(changes, i, change)
    {
        sy_str_printf(&result->after, "%s  ",
                      i == 0 ? "\nwhat would place it, cheapest first:\n" : "");
        sy_str_append(&result->after, text_of(change, "text"));
        sy_str_append(&result->after, "\n");
    }
    if (e->answer.nfeasible == 0 && json_array_size(changes) == 0)
        sy_str_append(&result->after, "\nno change that was tried would place it\n");
    return sy_view_table(result, NULL, &view, json_object_get(answer, "groups"), err);
}
