/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements made weaker, one at a time and no further than needed, with what that costs in
 * GB/s. */
#include "planner/explain/changes.h"

#include "base/time.h"
#include "planner/explain/variant.h"

static uint32_t best_mbps(const struct sy_plan_verdict *verdict)
{
    const struct sy_placement *placement = verdict->ours.placement;
    return placement != NULL && placement->fit == SY_FIT_YES ? placement->best.value.min_mbps : 0;
}

/* The node that fits and whose best set is the fastest; -1 = none fits. */
static int64_t fastest(const struct sy_plan_answer *answer)
{
    int64_t best = -1;
    for (uint32_t i = 0; i < answer->n; i++) {
        const struct sy_plan_verdict *verdict = &answer->verdict[i];
        if (verdict->stage.stage != SY_STAGE_PASSED ||
            sy_reason_verdict((enum sy_reason)verdict->ours.reason) != SY_VERDICT_FITS ||
            sy_plan_in_vain(verdict))
            continue;
        if (best < 0 || best_mbps(verdict) > best_mbps(&answer->verdict[best]))
            best = i;
    }
    return best;
}

/* The slowest link of the set that the pod would get as it asks, on the best node of the empty
 * cluster; 0 = unknown, or none ever would do. */
static enum sy_code mbps_as_asked(struct sy_changes *c, uint32_t *ret, struct sy_err *err)
{
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL;
    struct sy_plan_answer empty;
    struct sy_detail detail;
    size_t n = 0;
    *ret = 0;
    sy_arena_reset(c->scratch);
    enum sy_code code = sy_plan_try_empty(c->plan, c->pod, c->scratch, &empty, err);
    if (code != SY_OK || empty.best == UINT32_MAX)
        return code;
    uint32_t node = empty.verdict[empty.best].node;
    code = sy_plan_copy(c->plan, &plan, err);
    if (code != SY_OK)
        return code;
    const uint32_t *pod = sy_plan_node_pods(plan, node, c->scratch, &n);
    if (pod == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods of a node");
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = sy_plan_remove_pod(plan, pod[i], err);
    if (code == SY_OK)
        code = sy_detail_of(plan, c->pod, node, c->scratch, &detail, err);
    if (code == SY_OK && sy_detail_placed(&detail))
        *ret = detail.verdict.placement->best.value.min_mbps;
    return code;
}

struct relaxation {
    struct sy_state_pod pod; /* the weaker one */
    char what[96];           /* "require from switch to numa" */
    const char *to;          /* of `require`, for JSON; NULL */
};

static enum sy_code told(struct sy_changes *c, const struct relaxation *r, uint32_t node,
                         uint32_t got_mbps, struct sy_err *err)
{
    uint32_t asked_mbps = 0;
    char got[SY_NUMBER_TEXT], asked[SY_NUMBER_TEXT];
    enum sy_code code = SY_OK;
    if (c->pod->request.min_mbps > 0 && r->pod.request.min_mbps < c->pod->request.min_mbps)
        asked_mbps = c->pod->request.min_mbps;
    else
        code = mbps_as_asked(c, &asked_mbps, err);
    if (code != SY_OK)
        return code;
    (void)sy_thousandths_text(got_mbps, got);
    (void)sy_thousandths_text(asked_mbps, asked);
    json_t *detail = json_object();
    const char *at = sy_changes_node(c, node);
    json_t *text =
        got_mbps == 0
            ? sy_form_format("relax %s: it fits on %s, its slowest link is unknown", r->what, at)
        : asked_mbps == 0 ? sy_form_format("relax %s: it fits on %s with %s GB/s at its slowest "
                                           "link",
                                           r->what, at, got)
                          : sy_form_format("relax %s: it fits on %s with %s instead of %s GB/s at "
                                           "its slowest link",
                                           r->what, at, got, asked);
    sy_form_put(c->form, detail, "text", text);
    sy_form_put(c->form, detail, "relax", json_string(r->what));
    sy_form_put(c->form, detail, "to", sy_form_text(r->to));
    sy_form_put(c->form, detail, "minBandwidthGBps", sy_form_gbps(got_mbps));
    sy_form_put(c->form, detail, "askedMinBandwidthGBps", sy_form_gbps(asked_mbps));
    int64_t cost = asked_mbps > got_mbps && got_mbps > 0 ? asked_mbps - got_mbps : 0;
    return sy_changes_add(c, SY_CHANGE_RELAX, cost, node, detail, err);
}

/* *ret: the weaker pod has a place (and then it was told). */
static enum sy_code try_relaxed(struct sy_changes *c, const struct relaxation *r, bool *ret,
                                struct sy_err *err)
{
    struct sy_change_trial trial;
    enum sy_code code = sy_changes_try(c, c->plan, &r->pod, true, &trial, err);
    *ret = false;
    if (code != SY_OK || !trial.tried)
        return code;
    int64_t at = fastest(&trial.answer);
    if (at < 0)
        return SY_OK;
    *ret = true;
    return told(c, r, trial.answer.verdict[at].node, best_mbps(&trial.answer.verdict[at]), err);
}

/* The most bandwidth with which it has a place. */
static enum sy_code relax_bandwidth(struct sy_changes *c, struct sy_err *err)
{
    struct relaxation r = {.pod = *c->pod};
    struct sy_change_trial trial;
    char from[SY_NUMBER_TEXT], to[SY_NUMBER_TEXT];
    if (c->pod->request.min_mbps == 0)
        return SY_OK;
    r.pod.request.min_mbps = 0;
    enum sy_code code = sy_changes_try(c, c->plan, &r.pod, true, &trial, err);
    int64_t at = code == SY_OK ? fastest(&trial.answer) : -1;
    if (at < 0)
        return code;
    uint32_t most = best_mbps(&trial.answer.verdict[at]);
    r.pod.request.min_mbps = most < c->pod->request.min_mbps ? most : 0;
    (void)snprintf(r.what, sizeof r.what, "min-bandwidth from %s to %s GB/s",
                   sy_thousandths_text(c->pod->request.min_mbps, from),
                   sy_thousandths_text(r.pod.request.min_mbps, to));
    bool fits;
    code = try_relaxed(c, &r, &fits, err); /* what is told was tried as it is told */
    if (code != SY_OK || fits)
        return code;
    r.pod.request.min_mbps = 0;
    (void)snprintf(r.what, sizeof r.what, "min-bandwidth of %s GB/s to none", from);
    return try_relaxed(c, &r, &fits, err);
}

/* One requirement's place made wider, step by step; `any` leaves it out. */
static enum sy_code widen(struct sy_changes *c, unsigned item, struct sy_err *err)
{
    const struct sy_request *asked = &c->pod->request;
    bool fits = false;
    enum sy_code code = SY_OK;
    for (unsigned scope = asked->require[item].scope + 1u;
         scope < SY_SCOPE_COUNT && !fits && code == SY_OK; scope++) {
        struct relaxation r = {.pod = *c->pod, .to = sy_scope_name((enum sy_scope)scope)};
        struct sy_request *request = &r.pod.request;
        request->require[item].scope = (uint8_t)scope;
        if (scope == SY_SCOPE_ANY) {
            for (unsigned i = item; i + 1 < request->nrequire; i++)
                request->require[i] = request->require[i + 1];
            request->nrequire--;
        }
        (void)snprintf(r.what, sizeof r.what, "require from %s to %s",
                       sy_scope_name((enum sy_scope)asked->require[item].scope), r.to);
        code = try_relaxed(c, &r, &fits, err);
    }
    return code;
}

static enum sy_code relax_guarantee(struct sy_changes *c, struct sy_err *err)
{
    struct relaxation r = {.pod = *c->pod, .what = "require-guaranteed"};
    bool fits;
    if (!c->pod->request.guaranteed)
        return SY_OK;
    r.pod.request.guaranteed = false;
    return try_relaxed(c, &r, &fits, err);
}

/* When one alone is not enough. */
static enum sy_code relax_all(struct sy_changes *c, struct sy_err *err)
{
    struct relaxation r = {.pod = *c->pod, .what = "require and min-bandwidth", .to = "any"};
    bool fits;
    if (c->pod->request.nrequire + (c->pod->request.min_mbps > 0) < 2)
        return SY_OK;
    r.pod.request.nrequire = 0;
    r.pod.request.guaranteed = false;
    r.pod.request.min_mbps = 0;
    return try_relaxed(c, &r, &fits, err);
}

/* It lapses by itself. */
static enum sy_code relax_in_time(struct sy_changes *c, struct sy_err *err)
{
    const struct sy_request *request = &c->pod->request;
    struct sy_change_trial trial;
    struct sy_state_pod later = *c->pod;
    char time[SY_TIME_TEXT];
    int64_t until;
    if (request->require_for_us <= 0 || request->created_us <= 0 ||
        __builtin_add_overflow(request->created_us, request->require_for_us, &until) ||
        until > INT64_C(253402300799000000)) /* the end of year 9999 */
        return SY_OK;
    later.request.nrequire = 0;
    later.request.guaranteed = false;
    enum sy_code code = sy_changes_try(c, c->plan, &later, false, &trial, err);
    if (code != SY_OK || trial.answer.sound == UINT32_MAX)
        return code;
    uint32_t node = trial.answer.verdict[trial.answer.sound].node;
    json_t *detail = json_object();
    sy_form_put(c->form, detail, "text",
                sy_form_format("wait until %s, when require lapses (require-for): it fits on %s",
                               sy_time_format(until, time), sy_changes_node(c, node)));
    sy_form_put(c->form, detail, "until", json_string(time));
    return sy_changes_add(c, SY_CHANGE_WAIT, 0, node, detail, err);
}

/* Nodes that the pod itself shuts out. */
static enum sy_code relax_selector(struct sy_changes *c, struct sy_err *err)
{
    struct sy_variant anywhere;
    struct sy_change_trial trial = {.answer = {.sound = UINT32_MAX}};
    bool any;
    enum sy_code code = sy_variant_anywhere(c->pod, &any, &anywhere, err);
    if (code == SY_OK && any)
        code = sy_changes_try(c, c->plan, &anywhere.pod, false, &trial, err);
    if (code == SY_OK && trial.answer.sound != UINT32_MAX) {
        uint32_t node = trial.answer.verdict[trial.answer.sound].node;
        json_t *detail = json_object();
        sy_form_put(c->form, detail, "text",
                    sy_form_format("drop the pod's node selector and required node affinity: it "
                                   "fits on %s",
                                   sy_changes_node(c, node)));
        sy_form_put(c->form, detail, "relax", json_string("nodeSelector"));
        code = sy_changes_add(c, SY_CHANGE_RELAX, 0, node, detail, err);
    }
    sy_variant_done(&anywhere);
    return code;
}

static enum sy_code relax_request(struct sy_changes *c, struct sy_err *err)
{
    const struct sy_request *request = &c->pod->request;
    if (request->nrequire == 0 && request->min_mbps == 0)
        return SY_OK;
    size_t before = c->n;
    enum sy_code code = relax_bandwidth(c, err);
    for (unsigned i = 0; i < request->nrequire && code == SY_OK; i++)
        code = widen(c, i, err);
    if (code == SY_OK)
        code = relax_guarantee(c, err);
    if (code == SY_OK && c->n == before)
        code = relax_all(c, err);
    return code == SY_OK ? relax_in_time(c, err) : code;
}

enum sy_code sy_changes_relax(struct sy_changes *c, struct sy_err *err)
{
    enum sy_code code = relax_request(c, err);
    return code == SY_OK ? relax_selector(c, err) : code;
}
