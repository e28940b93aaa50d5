/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on one candidate: who may drop it, and what it scores. */
#include "scoring/engine_private.h"
#include "scoring/policy_private.h"

#include <assert.h>
#include <string.h>

#define SCRATCH_MAX ((size_t)256 * 1024 * 1024)

enum sy_reason sy_fit_reason(enum sy_fit fit)
{
    switch (fit) {
    case SY_FIT_YES:
        return SY_REASON_FITS;
    case SY_FIT_NO_RESOURCE:
        return SY_REASON_NO_RESOURCE;
    case SY_FIT_TOO_FEW:
        return SY_REASON_TOO_FEW;
    case SY_FIT_UNHEALTHY:
        return SY_REASON_UNHEALTHY;
    case SY_FIT_HELD:
        return SY_REASON_HELD;
    case SY_FIT_REQUIRE_NEVER:
        return SY_REASON_REQUIRE_NEVER;
    case SY_FIT_REQUIRE_BUSY:
        return SY_REASON_REQUIRE_BUSY;
    case SY_FIT_REQUIRE_UNKNOWN:
        return SY_REASON_REQUIRE_UNKNOWN;
    case SY_FIT_BANDWIDTH_NEVER:
        return SY_REASON_BANDWIDTH_NEVER;
    case SY_FIT_BANDWIDTH_BUSY:
        return SY_REASON_BANDWIDTH_BUSY;
    case SY_FIT_NOT_GUARANTEED_NEVER:
        return SY_REASON_NOT_GUARANTEED_NEVER;
    case SY_FIT_NOT_GUARANTEED_BUSY:
        return SY_REASON_NOT_GUARANTEED_BUSY;
    case SY_FIT_COUNT:
        break;
    }
    assert(fit < SY_FIT_COUNT);
    return SY_REASON_FITS;
}

bool sy_fit_is_count(enum sy_fit fit)
{
    return fit == SY_FIT_NO_RESOURCE || fit == SY_FIT_TOO_FEW || fit == SY_FIT_UNHEALTHY ||
           fit == SY_FIT_HELD;
}

static void digest_digest(struct sy_digest *digest, struct sy_digest part)
{
    sy_digest_u64(digest, part.hi);
    sy_digest_u64(digest, part.lo);
}

/* "switchyard never: " and what is malformed: as long as the pod is, at every attempt. */
static enum sy_code say_malformed(struct sy_call *call)
{
    char buf[160];
    const char *text = sy_engine_malformed(call->world, call->request, buf, sizeof buf);
    if (text == NULL)
        return SY_OK;
    call->malformed = sy_arena_printf(call->arena, "switchyard never: %s", text);
    return call->malformed != NULL ? SY_OK : sy_fail(call->err, SY_ENOMEM, "out of memory");
}

enum sy_code sy_call_begin(struct sy_call *call)
{
    const struct sy_world *world = call->world;
    const struct sy_request *request = call->request;
    if (request->nentry == 0)
        return SY_OK; /* no node will be looked at */
    enum sy_code code = say_malformed(call);
    if (code != SY_OK || call->malformed != NULL)
        return code;
    call->profile = sy_policy_profile(world->policy, request->profile);
    call->strict = sy_request_strict(request, world->now_us);
    call->must_search = sy_placement_must_search(request, call->strict);
    call->key = sy_digest_begin();
    digest_digest(&call->key, sy_request_digest(request, call->strict));
    digest_digest(&call->key, sy_profile_digest(call->profile));
    digest_digest(&call->key, sy_catalogue_digest(world->catalogue));
    sy_digest_u64(&call->key, world->policy->search_budget_steps);
    if (world->cluster == NULL)
        return SY_OK;
    call->of_class =
        sy_arena_calloc(call->arena, world->cluster->nclass, sizeof(struct sy_outlook *));
    return call->of_class != NULL ? SY_OK : sy_fail(call->err, SY_ENOMEM, "out of memory");
}

void sy_call_end(struct sy_call *call)
{
    sy_arena_free(call->scratch);
    call->scratch = NULL;
}

enum sy_code sy_call_scratch(struct sy_call *call)
{
    if (call->scratch == NULL)
        call->scratch = sy_arena_new(SCRATCH_MAX);
    else
        sy_arena_reset(call->scratch);
    return call->scratch != NULL ? SY_OK : sy_fail(call->err, SY_ENOMEM, "out of memory");
}

/* What was remembered under a key: into call->placement. */
static bool recall(struct sy_call *call, struct sy_digest key)
{
    if (call->world->memo == NULL)
        return false;
    const struct sy_placement *known = sy_memo_find(call->world->memo, key);
    if (known != NULL)
        call->placement = *known;
    return known != NULL;
}

static void remember(struct sy_call *call, struct sy_digest key)
{
    if (call->world->memo != NULL)
        sy_memo_put(call->world->memo, key, &call->placement);
}

enum key_kind { KEY_FEASIBLE, KEY_PLACEMENT, KEY_PLACEMENT_IN_ROOM };

static struct sy_digest key_of(const struct sy_call *call, const struct sy_node *node,
                               enum key_kind kind)
{
    struct sy_digest key = call->key;
    digest_digest(&key, node->state);
    sy_digest_u64(&key, kind);
    return key;
}

/* The placement of the request on a node, into call->placement. `room` NULL: power is left out. */
static enum sy_code place(struct sy_call *call, const struct sy_node *node,
                          const struct sy_room *room)
{
    static const struct sy_room no_room = {0};
    struct sy_digest key = key_of(call, node, room != NULL ? KEY_PLACEMENT_IN_ROOM : KEY_PLACEMENT);
    if (room != NULL) {
        sy_digest_u64(&key, (uint64_t)room->headroom_mw);
        sy_digest_u64(&key, (uint64_t)room->limit_mw);
    }
    if (recall(call, key))
        return SY_OK;
    enum sy_code code = sy_call_scratch(call);
    if (code == SY_OK)
        code = sy_placement_find(node->fabric, node->usage, call->request, call->strict,
                                 call->profile, room != NULL ? room : &no_room,
                                 call->world->policy->search_budget_steps, call->scratch,
                                 &call->placement, call->err);
    if (code == SY_OK)
        remember(call, key);
    return code;
}

static enum sy_fit count_once(struct sy_call *call, const struct sy_node *node,
                              struct sy_outlook *outlook)
{
    if (!outlook->counted) {
        outlook->count = (uint8_t)sy_placement_count(node->fabric, node->usage, call->request);
        outlook->counted = true;
    }
    return (enum sy_fit)outlook->count;
}

static enum sy_code search_once(struct sy_call *call, const struct sy_node *node,
                                struct sy_outlook *outlook)
{
    if (outlook->searched)
        return SY_OK;
    struct sy_digest key = key_of(call, node, KEY_FEASIBLE);
    if (!recall(call, key)) {
        enum sy_fit fit;
        enum sy_code code = sy_call_possible(call, node->fabric, node->usage, &fit);
        if (code != SY_OK)
            return code;
        call->placement = (struct sy_placement){.fit = (uint8_t)fit};
        remember(call, key);
    }
    outlook->possible = call->placement.fit;
    outlook->searched = true;
    return SY_OK;
}

enum sy_code sy_call_possible(struct sy_call *call, const struct sy_fabric *fabric,
                              const struct sy_usage *usage, enum sy_fit *ret)
{
    *ret = sy_placement_count(fabric, usage, call->request);
    bool never = *ret == SY_FIT_NO_RESOURCE || *ret == SY_FIT_TOO_FEW;
    if (never || !call->must_search)
        return SY_OK;
    /* Too few free devices hide no requirement that all of them could never meet. */
    enum sy_code code = sy_call_scratch(call);
    if (code == SY_OK)
        code = sy_placement_feasible(fabric, usage, call->request, call->profile,
                                     call->world->policy->search_budget_steps, call->scratch, ret,
                                     call->err);
    return code;
}

static enum sy_code place_once(struct sy_call *call, const struct sy_node *node,
                               struct sy_outlook *outlook)
{
    if (outlook->placed)
        return SY_OK;
    enum sy_code code = place(call, node, NULL);
    if (code == SY_OK && call->placement.fit == SY_FIT_YES)
        code = sy_call_pack(call, node, outlook);
    if (code != SY_OK)
        return code;
    const struct sy_placement *placement = &call->placement;
    outlook->fit = placement->fit;
    outlook->certain = placement->certain;
    outlook->power_varies = placement->power_varies;
    outlook->least_mw = placement->fit == SY_FIT_YES ? placement->least_mw : SY_UNKNOWN_MW;
    outlook->expected = placement->expected.value;
    outlook->expected.unknown &= ~(UINT32_C(1) << SY_UNKNOWN_NODE_POWER); /* left out here */
    outlook->total = placement->expected.total;
    outlook->placed = true;
    return SY_OK;
}

static bool same_room(const struct sy_room *a, const struct sy_room *b)
{
    return a->known == b->known && a->headroom_mw == b->headroom_mw && a->limit_mw == b->limit_mw;
}

/* Total of the expected set under the node's room. Where sets differ in watts, the room is part of
 * the search; else only the term changes. */
static enum sy_code score_in_room(struct sy_call *call, const struct sy_node *node,
                                  struct sy_outlook *outlook, const struct sy_room *room)
{
    if (outlook->roomed && same_room(&outlook->room, room))
        return SY_OK;
    outlook->room_total = outlook->total;
    outlook->room_certain = outlook->certain;
    outlook->room_unknown = outlook->expected.unknown;
    if (room->known && outlook->power_varies) {
        enum sy_code code = place(call, node, room);
        if (code != SY_OK)
            return code;
        if (outlook->packed)
            sy_placement_apply_leftover(&call->placement, call->profile, outlook->leftover);
        outlook->room_total = call->placement.expected.total;
        outlook->room_certain = call->placement.certain;
        outlook->room_unknown = call->placement.expected.value.unknown;
    } else if (room->known) {
        uint16_t term[SY_TERM_COUNT];
        memcpy(term, outlook->expected.term, sizeof term);
        term[SY_TERM_POWER] = sy_value_power_of(call->profile, room, &outlook->expected);
        outlook->room_total = sy_value_total(call->profile, term);
    }
    outlook->room = *room;
    outlook->roomed = true;
    return SY_OK;
}

/* The placement that explain shows, in the arena, with the terms of its own room. */
static enum sy_code keep_placement(struct sy_call *call, const struct sy_node *node,
                                   const struct sy_outlook *outlook, struct sy_verdict *verdict)
{
    struct sy_placement *kept = sy_arena_calloc(call->arena, 1, sizeof *kept);
    if (kept == NULL)
        return sy_fail(call->err, SY_ENOMEM, "out of memory");
    bool in_room = verdict->room.known && outlook->fit == SY_FIT_YES;
    enum sy_code code = place(call, node, in_room && outlook->power_varies ? &verdict->room : NULL);
    if (code != SY_OK)
        return code;
    *kept = call->placement;
    if (outlook->packed)
        sy_placement_apply_leftover(kept, call->profile, outlook->leftover);
    if (in_room && !outlook->power_varies)
        sy_placement_apply_room(kept, call->profile, &verdict->room);
    verdict->placement = kept;
    return SY_OK;
}

/* Where the policy makes caps hard: the least that any set is known to add, or what the pod
 * announces. Never, when the emptied node and domains could not carry it either. */
static enum sy_reason power_reason(const struct sy_call *call, const struct sy_candidate *candidate,
                                   const struct sy_node *node, const struct sy_outlook *outlook,
                                   const struct sy_verdict *verdict)
{
    const struct sy_room *room = &verdict->room;
    if (!call->world->policy->power_hard || !room->known)
        return SY_REASON_FITS;
    int64_t mw = call->request->expected_mw;
    if (mw == SY_UNKNOWN_MW)
        mw = outlook->least_mw;
    if (mw == SY_UNKNOWN_MW)
        mw = 0; /* at least */
    if (mw <= room->headroom_mw)
        return SY_REASON_FITS;
    int64_t most_mw = candidate->index < 0
                          ? sy_power_most_alone(node, call->world->policy)
                          : sy_power_most(call->world->power, (uint32_t)candidate->index);
    return mw > most_mw ? SY_REASON_POWER_NEVER : SY_REASON_POWER_BUSY;
}

static const struct sy_node *node_of(const struct sy_call *call,
                                     const struct sy_candidate *candidate)
{
    if (candidate->index >= 0 && call->world->cluster != NULL)
        return call->world->cluster->node[candidate->index];
    return candidate->template_;
}

static struct sy_room room_of(const struct sy_call *call, const struct sy_candidate *candidate,
                              const struct sy_node *node)
{
    if (candidate->index < 0)
        return sy_power_room_alone(node, call->world->policy);
    if (call->world->power == NULL)
        return (struct sy_room){0};
    return sy_power_room(call->world->power, (uint32_t)candidate->index);
}

/* A template belongs to no class. */
static enum sy_code outlook_of(struct sy_call *call, const struct sy_candidate *candidate,
                               struct sy_outlook **ret)
{
    struct sy_outlook **slot = NULL;
    if (candidate->index >= 0)
        slot = &call->of_class[call->world->cluster->class_of[candidate->index]];
    *ret = slot != NULL ? *slot : NULL;
    if (*ret == NULL)
        *ret = sy_arena_calloc(call->arena, 1, sizeof **ret);
    if (*ret == NULL)
        return sy_fail(call->err, SY_ENOMEM, "out of memory");
    if (slot != NULL)
        *slot = *ret;
    return SY_OK;
}

/* Is there a set at all? Counts are a reason only on an exact report: kube-scheduler has counted
 * already, with pods that we have not seen. A requirement is ours to keep in any mode; devices that
 * are held nobody knows where hide none that meet it. */
static enum sy_code judge_fit(struct sy_call *call, const struct sy_node *node,
                              struct sy_outlook *outlook, struct sy_verdict *verdict)
{
    enum sy_fit count = count_once(call, node, outlook), fit = count;
    if (call->must_search) {
        enum sy_code code = search_once(call, node, outlook);
        if (code != SY_OK)
            return code;
        fit = (enum sy_fit)outlook->possible;
    }
    bool judged = call->must_search && fit != SY_FIT_YES;
    if (count != SY_FIT_YES && node->usage->mode != SY_MODE_EXACT && !judged) {
        verdict->disagrees = (uint8_t)count;
        verdict->reason = SY_REASON_UNKNOWN_NODE;
        return SY_OK;
    }
    verdict->reason = (uint8_t)sy_fit_reason(fit);
    return SY_OK;
}

/* Would the kubelet refuse it? "Never" is the inventory's word and holds in any mode. */
static enum sy_code judge_affinity(struct sy_call *call, const struct sy_node *node,
                                   struct sy_outlook *outlook, struct sy_verdict *verdict)
{
    enum sy_reason affinity = (enum sy_reason)outlook->affinity;
    enum sy_code code = SY_OK;
    if (!outlook->asked)
        code = sy_call_affinity(call, node->fabric, node->usage, &affinity);
    if (code != SY_OK)
        return code;
    outlook->affinity = (uint8_t)affinity;
    outlook->asked = true;
    bool exact = node->usage->mode == SY_MODE_EXACT;
    enum sy_reason reason =
        sy_reason_with_affinity((enum sy_reason)verdict->reason, affinity, exact);
    verdict->may_refuse = affinity == SY_REASON_AFFINITY_BUSY && reason == SY_REASON_UNKNOWN_NODE;
    verdict->reason = (uint8_t)reason;
    return SY_OK;
}

/* A node whose counts contradict kube-scheduler's ranks below one that is merely unknown. */
static uint16_t doubtful_score(const struct sy_call *call)
{
    return call->world->policy->unknown_node_score / 2;
}

static enum sy_code judge_score(struct sy_call *call, const struct sy_node *node,
                                struct sy_outlook *outlook, struct sy_verdict *verdict)
{
    if (outlook->fit != SY_FIT_YES) { /* counts allow a set, the search found none */
        verdict->disagrees = outlook->fit;
        verdict->reason = SY_REASON_UNKNOWN_NODE;
        verdict->score = doubtful_score(call);
        return SY_OK;
    }
    enum sy_code code = score_in_room(call, node, outlook, &verdict->room);
    if (code != SY_OK)
        return code;
    verdict->score = outlook->room_total;
    verdict->certain = outlook->room_certain;
    verdict->unknown |= outlook->room_unknown;
    return SY_OK;
}

/* A node of which we know the shape. */
static enum sy_code judge_known(struct sy_call *call, const struct sy_candidate *candidate,
                                const struct sy_node *node, struct sy_verdict *verdict)
{
    struct sy_outlook *outlook;
    enum sy_code code = outlook_of(call, candidate, &outlook);
    if (code != SY_OK)
        return code;
    if (node->usage->mode == SY_MODE_COUNTS)
        verdict->unknown |= UINT32_C(1) << SY_UNKNOWN_OCCUPANCY;
    verdict->room = room_of(call, candidate, node);
    if (!verdict->room.known)
        verdict->unknown |= UINT32_C(1) << SY_UNKNOWN_NODE_POWER;
    if (verdict->room.estimate)
        verdict->unknown |= UINT32_C(1) << SY_UNKNOWN_PROVISIONED;
    code = judge_fit(call, node, outlook, verdict);
    if (code == SY_OK)
        code = judge_affinity(call, node, outlook, verdict);
    bool fits = verdict->reason == SY_REASON_FITS;
    bool hard = call->world->policy->power_hard && verdict->room.known;
    if (code == SY_OK && (call->explained || (fits && (hard || call->scored))))
        code = place_once(call, node, outlook);
    if (code == SY_OK && fits)
        verdict->reason = (uint8_t)power_reason(call, candidate, node, outlook, verdict);
    fits = verdict->reason == SY_REASON_FITS;
    if (code == SY_OK && call->scored && fits)
        code = judge_score(call, node, outlook, verdict);
    bool passes = sy_reason_verdict((enum sy_reason)verdict->reason) == SY_VERDICT_FITS;
    if (call->scored && passes && (verdict->disagrees != SY_FIT_YES || verdict->may_refuse))
        verdict->score = doubtful_score(call);
    if (code == SY_OK && call->explained)
        code = keep_placement(call, node, outlook, verdict);
    return code;
}

enum sy_code sy_call_judge(struct sy_call *call, const struct sy_candidate *candidate,
                           struct sy_verdict *ret)
{
    const struct sy_node *node = node_of(call, candidate);
    *ret = (struct sy_verdict){.reason = SY_REASON_FITS, .mode = SY_MODE_COUNTS};
    if (node != NULL)
        ret->mode = node->usage->mode;
    else
        ret->unknown = UINT32_C(1) << SY_UNKNOWN_NODE;
    if (call->request->nentry == 0) /* nothing of ours: one score for all */
        return SY_OK;
    if (call->malformed != NULL) {
        ret->reason = SY_REASON_MALFORMED;
        ret->detail = call->malformed;
        return SY_OK;
    }
    if (node != NULL)
        return judge_known(call, candidate, node, ret);
    ret->reason = call->must_search ? SY_REASON_REQUIRE_UNKNOWN : SY_REASON_UNKNOWN_NODE;
    if (call->scored && !call->must_search)
        ret->score = call->world->policy->unknown_node_score;
    return SY_OK;
}
