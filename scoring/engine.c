/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/engine.h"

#include "base/str.h"
#include "scoring/engine_private.h"

#include <stdio.h>
#include <string.h>

void sy_engine_resolve(const struct sy_cluster *cluster, struct sy_candidate *candidate, size_t n)
{
    for (size_t i = 0; i < n; i++)
        candidate[i].index =
            cluster != NULL ? sy_cluster_find(cluster, candidate[i].name, candidate[i].len) : -1;
}

const char *sy_engine_no_profile(const struct sy_world *world, const struct sy_request *request,
                                 char *buf, size_t size)
{
    if (sy_policy_profile(world->policy, request->profile) != NULL)
        return NULL;
    char shown[64];
    (void)sy_quote(shown, sizeof shown, request->profile, strlen(request->profile));
    (void)snprintf(buf, size, "switchyard.dev/profile '%s': the policy has no such profile", shown);
    return buf;
}

const char *sy_engine_malformed(const struct sy_world *world, const struct sy_request *request,
                                char *buf, size_t size)
{
    if (request->malformed != NULL)
        return request->malformed;
    return sy_engine_no_profile(world, request, buf, size);
}

const char *sy_verdict_text(const struct sy_verdict *verdict)
{
    return verdict->detail != NULL ? verdict->detail
                                   : sy_reason_text((enum sy_reason)verdict->reason);
}

static enum sy_code judge_all(struct sy_call *call, const struct sy_candidate *candidate, size_t n,
                              struct sy_verdict *verdict)
{
    enum sy_code code = sy_call_begin(call);
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = sy_call_judge(call, &candidate[i], &verdict[i]);
    sy_call_end(call);
    if (code == SY_OK && call->scored)
        sy_engine_wire(call->world->policy, verdict, n, NULL);
    return code;
}

enum sy_code sy_engine_filter(const struct sy_world *world, const struct sy_request *request,
                              const struct sy_candidate *candidate, size_t n,
                              struct sy_arena *arena, struct sy_verdict *verdict,
                              struct sy_err *err)
{
    struct sy_call call = {.world = world, .request = request, .arena = arena, .err = err};
    return judge_all(&call, candidate, n, verdict);
}

enum sy_code sy_engine_prioritize(const struct sy_world *world, const struct sy_request *request,
                                  const struct sy_candidate *candidate, size_t n,
                                  struct sy_arena *arena, struct sy_verdict *verdict,
                                  struct sy_err *err)
{
    struct sy_call call = {
        .world = world, .request = request, .arena = arena, .scored = true, .err = err};
    return judge_all(&call, candidate, n, verdict);
}

enum sy_code sy_engine_explain(const struct sy_world *world, const struct sy_request *request,
                               const struct sy_candidate *candidate, size_t n,
                               struct sy_arena *arena, struct sy_verdict *verdict,
                               struct sy_err *err)
{
    struct sy_call call = {.world = world,
                           .request = request,
                           .arena = arena,
                           .scored = true,
                           .explained = true,
                           .err = err};
    return judge_all(&call, candidate, n, verdict);
}

/* What the victims leave free; `unclear`: more of them may hold devices than we can name. */
struct freed {
    struct sy_devset units;
    bool unclear;
};

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* 1 = the holder is a victim, 0 = it is none, -1 = nobody can tell. */
static int is_victim(const struct sy_holder *holder, const struct sy_victim *victim, size_t n)
{
    int answer = 0;
    for (size_t i = 0; i < n; i++) {
        const struct sy_victim *v = &victim[i];
        if (holder->uid != NULL && v->uid != NULL) {
            if (strcmp(holder->uid, v->uid) == 0)
                return 1;
        } else if (v->namespace_ == NULL || v->name == NULL) {
            answer = -1;
        } else if (same_text(holder->namespace_, v->namespace_) &&
                   same_text(holder->name, v->name)) {
            return 1;
        }
    }
    return answer;
}

/* A unit is free once all who hold it are gone. */
static struct freed free_victims(const struct sy_node *node, const struct sy_victim *victim,
                                 size_t nvictim)
{
    const struct sy_usage *usage = node->usage;
    struct freed freed = {.unclear = usage->mode != SY_MODE_EXACT};
    for (unsigned i = 0; i < usage->nunit; i++) {
        const struct sy_unit_usage *unit = &usage->unit[i];
        if (unit->held == 0)
            continue;
        bool gone = unit->holder_count > 0;
        freed.unclear = freed.unclear || unit->holder_count == 0;
        for (unsigned k = 0; k < unit->holder_count; k++) {
            int answer = is_victim(&usage->holder[unit->holder_first + k], victim, nvictim);
            gone = gone && answer == 1;
            freed.unclear = freed.unclear || answer < 0;
        }
        if (gone)
            sy_devset_add(&freed.units, i);
    }
    return freed;
}

/* No eviction makes a topology known, nor lets one meet what it never can. */
static bool is_helped_by_eviction(enum sy_reason reason)
{
    return sy_reason_verdict(reason) == SY_VERDICT_BUSY && reason != SY_REASON_REQUIRE_UNKNOWN;
}

static enum sy_code judge_without(struct sy_call *call, const struct sy_node *node,
                                  const struct sy_victim *victim, size_t nvictim,
                                  enum sy_reason *ret)
{
    struct freed freed = free_victims(node, victim, nvictim);
    struct sy_usage *usage;
    enum sy_code code =
        sy_usage_change(node->fabric, node->usage, freed.units, SY_DEVSET_EMPTY, &usage, call->err);
    if (code != SY_OK)
        return code;
    enum sy_fit fit;
    enum sy_reason affinity = SY_REASON_FITS;
    code = sy_call_possible(call, node->fabric, usage, &fit);
    if (code == SY_OK)
        code = sy_call_affinity(call, node->fabric, usage, &affinity);
    sy_usage_unref(usage);
    if (code != SY_OK)
        return code;
    bool exact = node->usage->mode == SY_MODE_EXACT;
    bool uncounted = sy_fit_is_count(fit) && !call->must_search && !exact;
    *ret = uncounted ? SY_REASON_UNKNOWN_NODE : sy_fit_reason(fit);
    *ret = sy_reason_with_affinity(*ret, affinity, exact);
    bool may_free_more = freed.unclear && is_helped_by_eviction(*ret);
    if (may_free_more)
        *ret = SY_REASON_UNKNOWN_NODE;
    return SY_OK;
}

enum sy_code sy_engine_preempt(const struct sy_world *world, const struct sy_request *request,
                               const struct sy_candidate *candidate, const struct sy_victim *victim,
                               size_t nvictim, struct sy_arena *arena, enum sy_reason *ret,
                               struct sy_err *err)
{
    struct sy_call call = {.world = world, .request = request, .arena = arena, .err = err};
    enum sy_code code = sy_call_begin(&call);
    const struct sy_node *node = candidate->index >= 0 && world->cluster != NULL
                                     ? world->cluster->node[candidate->index]
                                     : candidate->template_;
    if (code != SY_OK)
        return code;
    if (request->nentry == 0)
        *ret = SY_REASON_FITS;
    else if (call.malformed != NULL)
        *ret = SY_REASON_MALFORMED;
    else if (node == NULL)
        *ret = call.must_search ? SY_REASON_REQUIRE_UNKNOWN : SY_REASON_UNKNOWN_NODE;
    else
        code = judge_without(&call, node, victim, nvictim, ret);
    sy_call_end(&call);
    return code;
}
