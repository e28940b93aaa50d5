/* SPDX-License-Identifier: Apache-2.0 */
/* Which running pods stand in the way: could they move (tried, place and all), or must they end? */
#include "planner/explain/changes.h"
#include "planner/explain/leave.h"

#include <stdlib.h>
#include <string.h>

struct resident {
    const struct sy_state_pod *pod;
    uint32_t id;
};

/* Pods of one node, least important first. */
struct residents {
    size_t n;
    struct resident *one;
    uint32_t node;
};

static int by_importance(const void *a, const void *b)
{
    return -sy_pod_compare(((const struct resident *)a)->pod, ((const struct resident *)b)->pod);
}

static enum sy_code residents_of(struct sy_changes *c, uint32_t node, struct residents *ret,
                                 struct sy_err *err)
{
    size_t n = 0;
    *ret = (struct residents){.node = node};
    const uint32_t *id = sy_plan_node_pods(c->plan, node, c->arena, &n);
    ret->one = sy_arena_calloc(c->arena, n, sizeof *ret->one);
    if (id == NULL || ret->one == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods of a node");
    for (size_t i = 0; i < n; i++) {
        const struct sy_state_pod *pod = sy_plan_pod(c->plan, id[i]);
        if (sy_leaves(pod) && pod != c->pod)
            ret->one[ret->n++] = (struct resident){pod, id[i]};
    }
    if (ret->n > 1)
        qsort(ret->one, ret->n, sizeof *ret->one, by_importance);
    return SY_OK;
}

static enum sy_code fits_there(struct sy_changes *c, struct sy_plan *plan, uint32_t node, bool *ret,
                               struct sy_err *err)
{
    struct sy_change_trial trial;
    enum sy_code code = sy_changes_try(c, plan, c->pod, false, &trial, err);
    *ret = code == SY_OK && trial.tried && sy_changes_fits_on(&trial.answer, node);
    return code;
}

/* May all of these be evicted at once? Else *ret_by is the budget that says no. The budgets are
 * left as they were. */
static bool may_go(struct sy_changes *c, const struct resident *gone, size_t n,
                   const struct sy_state_budget **ret_by)
{
    bool several;
    size_t went = 0;
    while (went < n && sy_budgets_evict(&c->budgets, gone[went].pod, ret_by, &several))
        went++;
    for (size_t i = 0; i < went; i++)
        sy_budgets_ready(&c->budgets, gone[i].pod);
    return went == n;
}

/* "move …" where they have places and may be evicted, else "wait for …". */
static json_t *text_of(struct sy_changes *c, const char *list, uint32_t node, bool moves,
                       const struct sy_state_budget *by)
{
    const char *at = sy_changes_node(c, node);
    if (moves)
        return sy_form_format("move %s: it fits on %s", list, at);
    if (by == NULL)
        return sy_form_format("wait for %s on %s", list, at);
    return sy_form_format(
        "wait for %s on %s: PodDisruptionBudget %s/%s does not let them move at once", list, at,
        by->namespace_, by->name);
}

/* The pods that leave (in `plan` they have), as a change. Where all of them have a place once the
 * pod stands on the node, and their disruption budgets let them go at once, they move; else they
 * have to end. */
static enum sy_code tell(struct sy_changes *c, struct sy_plan *plan, uint32_t node,
                         const struct resident *gone, size_t n, struct sy_err *err)
{
    sy_autojson json_t *pods = json_array();
    struct sy_str text;
    uint32_t own, to = 0;
    bool moves = true;
    const struct sy_state_budget *by = NULL;
    enum sy_code code = sy_plan_add_pod(plan, c->pod, &own, err);
    if (code == SY_OK)
        code = sy_plan_bind(plan, own, node, err);
    sy_str_init(&text, SY_OUTPUT_MAX);
    for (size_t i = n; i-- > 0 && code == SY_OK;) { /* the most important chooses first */
        json_t *row = json_object();
        code = sy_plan_place(plan, gone[i].id, &to, err);
        moves &= to != UINT32_MAX;
        sy_form_put(c->form, row, "namespace", json_string(gone[i].pod->namespace_));
        sy_form_put(c->form, row, "name", json_string(gone[i].pod->name));
        sy_form_put(c->form, row, "to",
                    to != UINT32_MAX ? json_string(sy_changes_node(c, to)) : json_null());
        sy_form_add(c->form, pods, row);
    }
    if (!moves || may_go(c, gone, n, &by))
        by = NULL; /* not for a budget */
    moves &= by == NULL;
    for (size_t i = 0; i < json_array_size(pods); i++) {
        json_t *row = json_array_get(pods, i);
        if (!moves)
            (void)json_object_del(row, "to");
        sy_str_printf(&text, "%s%s/%s", i > 0 ? ", " : "",
                      json_string_value(json_object_get(row, "namespace")),
                      json_string_value(json_object_get(row, "name")));
        const char *name = json_string_value(json_object_get(row, "to"));
        if (moves && name != NULL)
            sy_str_printf(&text,
                          strcmp(name, sy_changes_node(c, node)) == 0 ? " to other devices of %s"
                                                                      : " to %s",
                          name);
    }
    const char *list = sy_str_failed(&text) || text.data == NULL ? "" : text.data;
    if (code == SY_OK) {
        json_t *detail = json_object();
        sy_form_put(c->form, detail, "text", text_of(c, list, node, moves, by));
        sy_form_put(c->form, detail, "pods", json_incref(pods));
        code = sy_changes_add(c, moves ? SY_CHANGE_MOVE : SY_CHANGE_WAIT, (int64_t)n, node, detail,
                              err);
    }
    sy_str_done(&text);
    return code;
}

/* Each pod alone. */
static enum sy_code try_singles(struct sy_changes *c, const struct residents *r, bool *ret_any,
                                struct sy_err *err)
{
    enum sy_code code = SY_OK;
    size_t told = 0;
    for (size_t i = 0; i < r->n && i < SY_CHANGES_PODS_MAX && code == SY_OK; i++) {
        SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
        bool fits = false;
        code = sy_plan_copy(c->plan, &plan, err);
        if (code == SY_OK)
            code = sy_plan_unbind(plan, r->one[i].id, err);
        if (code == SY_OK)
            code = fits_there(c, plan, r->node, &fits, err);
        if (code == SY_OK && fits)
            code = tell(c, plan, r->node, &r->one[i], 1, err);
        told += fits;
        if (told == SY_CHANGES_PER_KIND)
            break;
    }
    c->cut |= r->n > SY_CHANGES_PODS_MAX;
    *ret_any = told > 0;
    return code;
}

/* Several: the least important leave until the pod fits, then whoever need not leave comes back,
 * the most important first. */
static enum sy_code try_several(struct sy_changes *c, const struct residents *r, bool *ret_any,
                                struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    struct resident gone[SY_CHANGES_PODS_MAX];
    size_t n = 0, kept = 0;
    bool fits = false;
    enum sy_code code = sy_plan_copy(c->plan, &plan, err);
    while (code == SY_OK && !fits && n < r->n && n < SY_CHANGES_PODS_MAX) {
        code = sy_plan_unbind(plan, r->one[n].id, err);
        gone[n] = r->one[n];
        n++;
        if (code == SY_OK && n > 1) /* one alone was tried */
            code = fits_there(c, plan, r->node, &fits, err);
    }
    *ret_any = code == SY_OK && fits;
    if (!*ret_any)
        return code;
    bool stays[SY_CHANGES_PODS_MAX] = {false};
    for (size_t i = n; i-- > 0 && code == SY_OK;) {
        code = sy_plan_bind(plan, gone[i].id, r->node, err);
        if (code == SY_OK)
            code = fits_there(c, plan, r->node, &stays[i], err);
        if (code == SY_OK && !stays[i])
            code = sy_plan_unbind(plan, gone[i].id, err);
    }
    for (size_t i = 0; i < n; i++)
        if (!stays[i])
            gone[kept++] = gone[i];
    return code == SY_OK && kept > 0 ? tell(c, plan, r->node, gone, kept, err) : code;
}

/* First of those whom their budgets let go together, then of all. */
static enum sy_code try_sets(struct sy_changes *c, const struct residents *r, struct sy_err *err)
{
    const struct sy_state_budget *by;
    struct residents free_ = {.node = r->node};
    bool any = false, several;
    enum sy_code code = SY_OK;
    free_.one = sy_arena_calloc(c->arena, r->n, sizeof *free_.one);
    if (free_.one == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods of a node");
    for (size_t i = 0; i < r->n; i++)
        if (sy_budgets_evict(&c->budgets, r->one[i].pod, &by, &several))
            free_.one[free_.n++] = r->one[i];
    for (size_t i = 0; i < free_.n; i++)
        sy_budgets_ready(&c->budgets, free_.one[i].pod);
    if (free_.n > 1 && free_.n < r->n)
        code = try_several(c, &free_, &any, err);
    return code == SY_OK && !any ? try_several(c, r, &any, err) : code;
}

/* Would fewer pods on the node help? */
static bool waiting_helps(const struct sy_plan_verdict *verdict)
{
    if (verdict->stage.stage != SY_STAGE_PASSED)
        return !verdict->stage.never &&
               (verdict->stage.stage == SY_STAGE_RESOURCE || verdict->stage.stage == SY_STAGE_PODS);
    return sy_reason_verdict((enum sy_reason)verdict->ours.reason) == SY_VERDICT_BUSY &&
           verdict->ours.reason != SY_REASON_REQUIRE_UNKNOWN;
}

/* A node whose pods are looked at. */
struct site {
    struct residents residents;
    struct sy_why why;
    uint32_t at; /* in the answer: by name */
};

/* Nodes with fewer pods first: less has to move. */
static int by_size(const void *left, const void *right)
{
    const struct site *a = left, *b = right;
    if (a->residents.n != b->residents.n)
        return a->residents.n < b->residents.n ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

static bool alike(const struct site *a, const struct site *b)
{
    return a->residents.n == b->residents.n && a->why.stage == b->why.stage &&
           a->why.reason == b->why.reason && a->why.short_by == b->why.short_by;
}

static enum sy_code find_sites(struct sy_changes *c, struct site **ret, size_t *ret_n,
                               struct sy_err *err)
{
    size_t n = 0;
    enum sy_code code = SY_OK;
    struct site *site = sy_arena_calloc(c->arena, c->answer->n, sizeof *site);
    if (site == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (uint32_t i = 0; i < c->answer->n && code == SY_OK; i++) {
        const struct sy_plan_verdict *verdict = &c->answer->verdict[i];
        if (!waiting_helps(verdict))
            continue;
        site[n].at = i;
        site[n].why = sy_why_of(c->pod, verdict);
        code = residents_of(c, verdict->node, &site[n].residents, err);
        n += site[n].residents.n > 0;
    }
    if (n > 1)
        qsort(site, n, sizeof *site, by_size);
    *ret = site;
    *ret_n = n;
    return code;
}

enum sy_code sy_changes_pods(struct sy_changes *c, struct sy_err *err)
{
    struct site *site = NULL;
    size_t n = 0, nodes = 0;
    enum sy_code code = find_sites(c, &site, &n, err);
    for (size_t i = 0; i < n && code == SY_OK; i++) {
        bool any = false;
        size_t same = 0; /* of its kind, some are enough to tell */
        for (size_t k = 0; k < i && same < SY_CHANGES_PER_KIND; k++)
            same += alike(&site[k], &site[i]);
        if (same == SY_CHANGES_PER_KIND)
            continue;
        if (nodes++ == SY_CHANGES_NODES_MAX) {
            c->cut = true;
            break;
        }
        code = try_singles(c, &site[i].residents, &any, err);
        if (code == SY_OK && !any && site[i].residents.n > 1)
            code = try_sets(c, &site[i].residents, err);
    }
    return code;
}
