/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that nothing covers yet: each is charged with the set that the engine gives first on what
 * those before it left. */
#include "scoring/occupancy/occupancy_private.h"

#define SEARCH_BYTES_MAX ((size_t)64 << 20) /* of one search */

static bool is_on_node(const struct sy_fabric *fabric, const struct sy_entry *entry)
{
    for (unsigned u = 0; u < fabric->nunit; u++) {
        if (sy_devset_has(&fabric->unit[u].resources, entry->resource))
            return true;
    }
    return false;
}

/* What the pod asks for beside what is known; *ret_lacks: some of it the node does not have at all.
 * Requirements are about the whole set: a part of it is searched without them. */
static struct sy_request rest_of(const struct sy_fabric *fabric, const struct sy_claim *claim,
                                 bool *ret_lacks)
{
    const struct sy_request *all = claim->pod->request;
    struct sy_request rest = *all;
    rest.nentry = 0;
    rest.guaranteed = false; /* the first set is wanted, not what may come instead */
    *ret_lacks = false;
    for (unsigned e = 0; e < all->nentry; e++) {
        bool there = is_on_node(fabric, &all->entry[e]);
        *ret_lacks |= !there;
        if (there && (claim->served >> e & 1) == 0)
            rest.entry[rest.nentry++] = all->entry[e];
    }
    if (rest.nentry != all->nentry) {
        rest.nrequire = 0;
        rest.min_mbps = 0;
    }
    return rest;
}

static enum sy_code search(struct sy_ledger *ledger, const struct sy_request *request, bool strict,
                           struct sy_placement *ret)
{
    const struct sy_occupancy_input *in = ledger->in;
    if (ledger->search == NULL)
        ledger->search = sy_arena_new(SEARCH_BYTES_MAX);
    else
        sy_arena_reset(ledger->search);
    if (ledger->search == NULL)
        return sy_fail(ledger->err, SY_ENOMEM, "out of memory");
    return sy_placement_find(in->fabric, ledger->usage, request, strict, in->profile, NULL,
                             in->budget_steps, ledger->search, ret, ledger->err);
}

/* The best set; requirements that nothing free meets were given up, or never were in force. */
static enum sy_code find_best(struct sy_ledger *ledger, const struct sy_request *request,
                              bool *ret_found, struct sy_devset *ret)
{
    struct sy_placement placement;
    bool strict = sy_placement_must_search(request, true);
    *ret_found = false;
    if (sy_placement_count(ledger->in->fabric, ledger->usage, request) != SY_FIT_YES)
        return SY_OK;
    enum sy_code code = search(ledger, request, strict, &placement);
    if (code == SY_OK && strict && placement.fit != SY_FIT_YES)
        code = search(ledger, request, false, &placement);
    if (code != SY_OK || placement.fit != SY_FIT_YES)
        return code;
    for (unsigned e = 0; e < request->nentry; e++)
        *ret = sy_devset_or(*ret, placement.best.pick[e]);
    *ret_found = true;
    return SY_OK;
}

static void refresh(struct sy_ledger *ledger)
{
    struct sy_usage *usage = ledger->usage;
    sy_usage_sets(ledger->in->fabric, usage, &usage->free, &usage->healthy);
}

/* All that is left of each resource, up to what is asked for, the lowest first. Is it enough? */
static bool take_left(struct sy_ledger *ledger, const struct sy_request *request,
                      struct sy_devset *ret)
{
    struct sy_usage *usage = ledger->usage;
    bool enough = true;
    for (unsigned e = 0; e < request->nentry; e++) {
        unsigned left = request->entry[e].count;
        for (unsigned u = 0; u < usage->nunit && left > 0; u++) {
            const struct sy_unit *unit = &ledger->in->fabric->unit[u];
            if (!sy_devset_has(&usage->free, u) ||
                !sy_devset_has(&unit->resources, request->entry[e].resource))
                continue;
            usage->unit[u].held = SY_WHOLE;
            refresh(ledger); /* it may have been the last that its card had left */
            sy_devset_add(ret, u);
            left--;
        }
        enough = enough && left == 0;
    }
    return enough;
}

static enum sy_code charge(struct sy_ledger *ledger, struct sy_claim *claim,
                           const struct sy_devset *units)
{
    struct sy_holder holder = sy_ledger_holder(claim->pod);
    enum sy_code code = SY_OK;
    SY_DEVSET_EACH(u, units)
    {
        ledger->usage->unit[u].held = SY_WHOLE;
        if (code == SY_OK)
            code = sy_ledger_hold(ledger, (unsigned)u, &holder);
    }
    claim->charge->units = sy_devset_or(claim->charge->units, *units);
    refresh(ledger);
    return code;
}

static enum sy_code predict_one(struct sy_ledger *ledger, struct sy_claim *claim,
                                const struct sy_request *rest, bool lacks)
{
    struct sy_devset units = SY_DEVSET_EMPTY;
    bool found;
    enum sy_code code = find_best(ledger, rest, &found, &units);
    if (code != SY_OK)
        return code;
    if (!found)
        found = take_left(ledger, rest, &units);
    claim->charge->cover = found && !lacks ? SY_COVER_PREDICTED : SY_COVER_SHORT;
    return charge(ledger, claim, &units);
}

/* Where nobody knows which devices are held, how many are is known. */
static void count(struct sy_ledger *ledger, struct sy_claim *claim, const struct sy_request *rest)
{
    claim->charge->cover = SY_COVER_COUNTED;
    for (unsigned e = 0; e < rest->nentry; e++) {
        uint16_t *to = &ledger->counted[rest->entry[e].resource];
        *to = sy_counted_add(*to, rest->entry[e].count);
    }
}

enum sy_code sy_ledger_predict(struct sy_ledger *ledger)
{
    enum sy_code code = SY_OK;
    refresh(ledger);
    for (size_t i = 0; i < ledger->nclaim && code == SY_OK; i++) {
        struct sy_claim *claim = &ledger->claim[i];
        bool lacks;
        if (claim->reported)
            continue;
        struct sy_request rest = rest_of(ledger->in->fabric, claim, &lacks);
        if (rest.nentry == 0)
            continue;
        if (ledger->holders_known)
            code = predict_one(ledger, claim, &rest, lacks);
        else
            count(ledger, claim, &rest);
    }
    if (code == SY_OK)
        code = sy_usage_set_counted(ledger->usage, ledger->counted, ledger->err);
    sy_arena_free(ledger->search);
    ledger->search = NULL;
    return code;
}
