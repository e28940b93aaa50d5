/* SPDX-License-Identifier: Apache-2.0 */
/* Counting without a search: are there devices enough, and places that hold enough of them? */
#include "scoring/placement_private.h"

#define FILL_MOVES 5000u   /* units kept or dropped, which only cards of several units need */
#define PLACE_MOVES 20000u /* combinations of places, for pods with many requirements */

/* Disjoint sets for entries whose resources share units: augmenting paths. */
struct matching {
    const struct sy_pools *pools;
    int16_t owner[SY_UNIT_MAX]; /* entry, -1 */
    struct sy_devset seen;
};

static bool augment(struct matching *m, unsigned entry)
{
    SY_DEVSET_EACH(u, &m->pools->pool[entry])
    {
        if (sy_devset_has(&m->seen, (unsigned)u))
            continue;
        sy_devset_add(&m->seen, (unsigned)u);
        if (m->owner[u] < 0 || (m->owner[u] != (int)entry && augment(m, (unsigned)m->owner[u]))) {
            m->owner[u] = (int16_t)entry;
            return true;
        }
    }
    return false;
}

static bool match(const struct sy_pools *pools)
{
    struct matching m = {.pools = pools};
    for (unsigned u = 0; u < SY_UNIT_MAX; u++)
        m.owner[u] = -1;
    for (unsigned e = 0; e < pools->request->nentry; e++) {
        for (unsigned i = 0; i < pools->request->entry[e].count; i++) {
            m.seen = SY_DEVSET_EMPTY;
            if (!augment(&m, e))
                return false;
        }
    }
    return true;
}

/* Cards whose units cannot all be picked: which of them to keep, with a limit past which they are
 * taken to fit. */
struct fill {
    struct sy_pools pools;
    struct sy_devset kept, bound; /* bound: units of such cards */
    uint16_t card_left[SY_UNIT_MAX];
    unsigned moves;
};

static void cards_left(struct fill *f)
{
    const struct sy_fabric *fabric = f->pools.fabric;
    for (unsigned k = 0; k < fabric->ncard; k++)
        f->card_left[k] = fabric->card[k].capacity;
    for (unsigned u = 0; u < fabric->nunit && f->pools.usage != NULL; u++) {
        uint16_t *left = &f->card_left[fabric->unit[u].card];
        unsigned part = (unsigned)fabric->unit[u].share * f->pools.usage->unit[u].held;
        part = (part + SY_WHOLE - 1) / SY_WHOLE;
        *left = (uint16_t)(*left > part ? *left - part : 0);
    }
}

/* Units of cards that the pools' units could ask more of than there is. */
static void find_bound(struct fill *f)
{
    const struct sy_fabric *fabric = f->pools.fabric;
    uint32_t asked[SY_UNIT_MAX] = {0};
    bool binds[SY_UNIT_MAX] = {false};
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned e = 0; e < f->pools.request->nentry; e++)
        all = sy_devset_or(all, f->pools.pool[e]);
    SY_DEVSET_EACH(u, &all)
    {
        const struct sy_unit *unit = &fabric->unit[u];
        asked[unit->card] += unit->share;
        binds[unit->card] |= asked[unit->card] > f->card_left[unit->card];
        if (unit->pf >= 0 && sy_devset_has(&all, (unsigned)unit->pf))
            binds[unit->card] = binds[fabric->unit[unit->pf].card] = true;
    }
    f->bound = SY_DEVSET_EMPTY;
    SY_DEVSET_EACH(k, &all)
    {
        if (binds[fabric->unit[k].card])
            sy_devset_add(&f->bound, (unsigned)k);
    }
}

static bool card_allows(const struct fill *f, unsigned unit)
{
    const struct sy_fabric *fabric = f->pools.fabric;
    const struct sy_unit *u = &fabric->unit[unit];
    if (f->card_left[u->card] < u->share)
        return false;
    SY_DEVSET_EACH(k, &f->kept)
    {
        if (u->pf == k || fabric->unit[k].pf == (int)unit)
            return false;
    }
    return true;
}

static bool keep_from(struct fill *f, unsigned from)
{
    int unit = sy_devset_next(&f->bound, from);
    if (f->moves++ >= FILL_MOVES || unit < 0)
        return true; /* what was dropped left enough each time */
    uint16_t *left = &f->card_left[f->pools.fabric->unit[unit].card];
    uint16_t share = f->pools.fabric->unit[unit].share;
    unsigned next = (unsigned)unit + 1;
    if (card_allows(f, (unsigned)unit)) {
        *left = (uint16_t)(*left - share);
        sy_devset_add(&f->kept, (unsigned)unit);
        if (keep_from(f, next))
            return true;
        sy_devset_del(&f->kept, (unsigned)unit);
        *left = (uint16_t)(*left + share);
    }
    struct sy_pools before = f->pools;
    for (unsigned e = 0; e < before.request->nentry; e++)
        sy_devset_del(&f->pools.pool[e], (unsigned)unit);
    bool found = match(&f->pools) && keep_from(f, next);
    f->pools = before;
    return found;
}

bool sy_pools_fill(const struct sy_pools *pools)
{
    for (unsigned e = 0; e < pools->request->nentry; e++) {
        if (sy_devset_count(&pools->pool[e]) < pools->request->entry[e].count)
            return false;
    }
    if (pools->request->nentry > 1 && !match(pools))
        return false;
    struct fill f = {.pools = *pools};
    cards_left(&f);
    find_bound(&f);
    return keep_from(&f, 0);
}

/* The entry's units that the requirement speaks of. */
static struct sy_devset subject(const struct sy_pools *pools, const struct sy_require *r,
                                unsigned entry)
{
    struct sy_devset set = SY_DEVSET_EMPTY;
    if (r->match == 2 && r->entry != entry)
        return set;
    if (r->match != 1)
        return pools->pool[entry];
    SY_DEVSET_EACH(u, &pools->pool[entry])
    {
        if (pools->fabric->unit[u].kind == r->kind)
            sy_devset_add(&set, (unsigned)u);
    }
    return set;
}

/* Leave of the requirement's subjects only these. */
static void narrow(struct sy_pools *pools, const struct sy_require *r, const struct sy_devset *keep)
{
    for (unsigned e = 0; e < pools->request->nentry; e++) {
        struct sy_devset set = subject(pools, r, e);
        pools->pool[e] = sy_devset_minus(pools->pool[e], sy_devset_minus(set, *keep));
    }
}

static bool counts_suffice(const struct sy_pools *pools)
{
    for (unsigned e = 0; e < pools->request->nentry; e++) {
        if (sy_devset_count(&pools->pool[e]) < pools->request->entry[e].count)
            return false;
    }
    return true;
}

static bool lie_from(const struct sy_pools *pools, unsigned require, unsigned *moves);

static bool lie_with(const struct sy_pools *pools, unsigned require, const struct sy_devset *keep,
                     unsigned *moves)
{
    struct sy_pools in = *pools;
    narrow(&in, &pools->request->require[require], keep);
    return counts_suffice(&in) && lie_from(&in, require + 1, moves);
}

/* The units of the set in the place of one of them; the unknown ones too when they may be in it. */
static struct sy_devset together(const struct sy_pools *pools, const struct sy_devset *set,
                                 unsigned unit, unsigned scope, bool maybe)
{
    struct sy_devset in = SY_DEVSET_EMPTY;
    int place = pools->fabric->unit[unit].place[scope];
    SY_DEVSET_EACH(u, set)
    {
        int own = pools->fabric->unit[u].place[scope];
        if (own == place || (maybe && own < 0))
            sy_devset_add(&in, (unsigned)u);
    }
    return in;
}

/* Are all of them in one known place of a scope from … to: has a wider place been tried? */
static bool was_tried(const struct sy_pools *pools, const struct sy_devset *set, unsigned from,
                      unsigned to)
{
    for (unsigned s = from; s <= to; s++) {
        int first = sy_devset_next(set, 0), place = pools->fabric->unit[first].place[s];
        bool same = place >= 0;
        SY_DEVSET_EACH(u, set)
        same = same && pools->fabric->unit[u].place[s] == place;
        if (same)
            return true;
    }
    return false;
}

/* Try the subjects of each place of a scope; a unit of unknown place may be alone. */
static bool lie_in_scope(const struct sy_pools *pools, unsigned require, unsigned scope,
                         const struct sy_devset *subjects, unsigned *moves)
{
    unsigned asked = pools->request->require[require].scope;
    bool maybe = pools->maybe && scope == asked && scope >= SY_SCOPE_NUMA;
    struct sy_devset left = *subjects;
    for (int u = sy_devset_next(&left, 0); u >= 0; u = sy_devset_next(&left, 0)) {
        struct sy_devset in = SY_DEVSET_EMPTY;
        sy_devset_add(&in, (unsigned)u);
        bool alone = !maybe && pools->fabric->unit[u].place[scope] < 0;
        if (!alone)
            in = together(pools, subjects, (unsigned)u, scope, maybe);
        if (!was_tried(pools, &in, scope + 1, asked) && lie_with(pools, require, &in, moves))
            return true;
        sy_devset_del(&left, (unsigned)u);
        if (!alone)
            left = sy_devset_minus(left, together(pools, &left, (unsigned)u, scope, false));
    }
    return false;
}

/* Scopes nest: what is in one place of a narrower scope is in one of the wider, known or not. */
static bool lie_from(const struct sy_pools *pools, unsigned require, unsigned *moves)
{
    if (require == pools->request->nrequire)
        return sy_pools_fill(pools);
    if (++*moves > PLACE_MOVES)
        return true;
    const struct sy_require *r = &pools->request->require[require];
    struct sy_devset subjects = SY_DEVSET_EMPTY, none = SY_DEVSET_EMPTY;
    for (unsigned e = 0; e < pools->request->nentry; e++)
        subjects = sy_devset_or(subjects, subject(pools, r, e));
    for (unsigned s = r->scope + 1u; s-- > 0;) {
        if (lie_in_scope(pools, require, s, &subjects, moves))
            return true;
    }
    /* A set without such units lies anywhere. */
    return lie_with(pools, require, &none, moves);
}

bool sy_pools_lie(const struct sy_pools *pools)
{
    unsigned moves = 0;
    return lie_from(pools, 0, &moves);
}

/* The request, and what is counted as held as if it were asked for as well: each takes devices that
 * the other cannot have. Past SY_ENTRY_MAX names the rest is left out: less is then known. */
static struct sy_request with_counted(const struct sy_usage *usage,
                                      const struct sy_request *request)
{
    struct sy_request all = *request;
    for (unsigned i = 0; i < usage->ncounted; i++) {
        const struct sy_counted *counted = &usage->counted[i];
        unsigned e = 0;
        while (e < all.nentry && all.entry[e].resource != counted->resource)
            e++;
        if (e == SY_ENTRY_MAX)
            continue;
        if (e == all.nentry)
            all.entry[all.nentry++] = (struct sy_entry){.resource = counted->resource};
        all.entry[e].count = (uint16_t)(all.entry[e].count + counted->count);
    }
    return all;
}

/* Is there enough beside what is held nobody knows where? */
static bool fills_beside_counted(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                 const struct sy_request *request)
{
    if (usage->ncounted == 0)
        return true;
    struct sy_request joint = with_counted(usage, request);
    struct sy_pools free = {.fabric = fabric, .usage = usage, .request = &joint};
    struct sy_value_scene scene;
    sy_value_scene_whole(fabric, &joint, &scene);
    for (unsigned e = 0; e < joint.nentry; e++)
        free.pool[e] = sy_devset_and(scene.pool[e], usage->free);
    return sy_pools_fill(&free);
}

enum sy_fit sy_placement_count(const struct sy_fabric *fabric, const struct sy_usage *usage,
                               const struct sy_request *request)
{
    enum sy_fit fit = sy_placement_count_named(fabric, usage, request);
    if (fit == SY_FIT_YES && !fills_beside_counted(fabric, usage, request))
        return SY_FIT_HELD;
    return fit;
}

enum sy_fit sy_placement_count_named(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                     const struct sy_request *request)
{
    struct sy_value_scene scene;
    struct sy_pools all = {.fabric = fabric, .request = request}, healthy, free;
    sy_value_scene_whole(fabric, request, &scene);
    for (unsigned e = 0; e < request->nentry; e++) {
        if (sy_devset_empty(&scene.pool[e]))
            return SY_FIT_NO_RESOURCE;
        all.pool[e] = scene.pool[e];
    }
    healthy = free = all;
    free.usage = usage;
    for (unsigned e = 0; e < request->nentry; e++) {
        healthy.pool[e] = sy_devset_and(all.pool[e], usage->healthy);
        free.pool[e] = sy_devset_and(all.pool[e], usage->free);
    }
    if (sy_pools_fill(&free))
        return SY_FIT_YES;
    if (!sy_pools_fill(&all))
        return SY_FIT_TOO_FEW;
    return sy_pools_fill(&healthy) ? SY_FIT_HELD : SY_FIT_UNHEALTHY;
}
