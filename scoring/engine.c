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

const char *sy_engine_malformed(const struct sy_world *world, const struct sy_request *request,
                                char *buf, size_t size)
{
    if (request->malformed != NULL)
        return request->malformed;
    if (sy_policy_profile(world->policy, request->profile) != NULL)
        return NULL;
    char shown[64];
    (void)sy_quote(shown, sizeof shown, request->profile, strlen(request->profile));
    (void)snprintf(buf, size, "switchyard.dev/profile '%s': the policy has no such profile", shown);
    return buf;
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

/* A victim that the report does not know may hold devices that we cannot name: unless the report is
 * exact and every holder in it has its uid. */
struct victims {
    struct sy_devset freed;
    bool unclear;
};

static bool is_listed(const char *uid, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(uid, list[i]) == 0)
            return true;
    return false;
}

static struct victims free_victims(const struct sy_node *node, const char *const *victim_uid,
                                   size_t nvictim)
{
    const struct sy_usage *usage = node->usage;
    struct victims victims = {.unclear = usage->mode != SY_MODE_EXACT};
    for (unsigned i = 0; i < usage->nunit; i++) {
        const struct sy_unit_usage *unit = &usage->unit[i];
        if (unit->held == 0)
            continue;
        const char *uid = unit->holder > 0 ? usage->holder[unit->holder - 1].uid : NULL;
        if (uid == NULL)
            victims.unclear = true;
        else if (is_listed(uid, victim_uid, nvictim))
            sy_devset_add(&victims.freed, i);
    }
    return victims;
}

static enum sy_code judge_without(struct sy_call *call, const struct sy_node *node,
                                  const char *const *victim_uid, size_t nvictim,
                                  enum sy_reason *ret)
{
    struct victims victims = free_victims(node, victim_uid, nvictim);
    struct sy_usage *usage;
    enum sy_code code = sy_usage_change(node->fabric, node->usage, victims.freed, SY_DEVSET_EMPTY,
                                        &usage, call->err);
    if (code != SY_OK)
        return code;
    enum sy_fit fit;
    code = sy_call_possible(call, node->fabric, usage, &fit);
    sy_usage_unref(usage);
    if (code != SY_OK)
        return code;
    *ret = sy_fit_reason(fit);
    bool uncounted =
        sy_fit_is_count(fit) && !call->must_search && node->usage->mode != SY_MODE_EXACT;
    bool may_free_more = sy_reason_verdict(*ret) == SY_VERDICT_BUSY && victims.unclear;
    if (uncounted || may_free_more)
        *ret = SY_REASON_UNKNOWN_NODE;
    return SY_OK;
}

enum sy_code sy_engine_preempt(const struct sy_world *world, const struct sy_request *request,
                               const struct sy_candidate *candidate, const char *const *victim_uid,
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
    if (call.malformed)
        *ret = SY_REASON_MALFORMED;
    else if (request->nentry == 0)
        *ret = SY_REASON_FITS;
    else if (node == NULL)
        *ret = call.must_search ? SY_REASON_REQUIRE_UNKNOWN : SY_REASON_UNKNOWN_NODE;
    else
        code = judge_without(&call, node, victim_uid, nvictim, ret);
    sy_call_end(&call);
    return code;
}
