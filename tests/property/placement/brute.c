/* SPDX-License-Identifier: Apache-2.0 */
#include "brute.h"

#include <string.h>

enum pass { BEST, OWN, COUNT };

struct walk {
    const struct brute_case *b;
    struct brute_answer *ret;
    struct sy_devset pick[SY_ENTRY_MAX];
    enum pass pass;
    uint64_t own; /* the most that preferred entries can have */
    bool any_worst;
};

static unsigned chooser(const struct brute_case *b, unsigned entry)
{
    if (b->usage->mode == SY_MODE_COUNTS) /* any set may be what is left */
        return SY_CHOOSER_ARBITRARY;
    return sy_catalogue_resource(b->fabric->catalogue, b->request->entry[entry].resource)->chooser;
}

static bool usable(const struct walk *w, unsigned unit, unsigned entry)
{
    const struct brute_case *b = w->b;
    if (!b->whole && !sy_devset_has(&b->usage->free, unit))
        return false;
    return sy_devset_has(&b->fabric->unit[unit].resources, b->request->entry[entry].resource);
}

static bool cards_allow(const struct walk *w)
{
    const struct sy_fabric *f = w->b->fabric;
    unsigned used[SY_UNIT_MAX] = {0};
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned e = 0; e < w->b->request->nentry; e++)
        all = sy_devset_or(all, w->pick[e]);
    for (unsigned u = 0; u < f->nunit; u++) {
        unsigned held = w->b->whole ? 0 : w->b->usage->unit[u].held;
        used[f->unit[u].card] += (f->unit[u].share * held + 999u) / 1000u;
        if (!sy_devset_has(&all, u))
            continue;
        used[f->unit[u].card] += f->unit[u].share;
        if (f->unit[u].pf >= 0 && sy_devset_has(&all, (unsigned)f->unit[u].pf))
            return false;
    }
    for (unsigned u = 0; u < f->nunit; u++) {
        if (sy_devset_has(&all, u) && used[f->unit[u].card] > f->card[f->unit[u].card].capacity)
            return false;
    }
    return true;
}

enum verdict { FAILS, UNKNOWN, MEETS };

static enum verdict lower_of(enum verdict a, enum verdict b)
{
    return a < b ? a : b;
}

static bool spoken_of(const struct walk *w, const struct sy_require *r, unsigned unit)
{
    for (unsigned e = 0; e < w->b->request->nentry; e++) {
        if (sy_devset_has(&w->pick[e], unit))
            return r->match == 0 || (r->match == 1 && w->b->fabric->unit[unit].kind == r->kind) ||
                   (r->match == 2 && e == r->entry);
    }
    return false;
}

/* Do the units lie in one place of this scope? */
static enum verdict in_one(const struct walk *w, const unsigned *unit, unsigned n, unsigned scope)
{
    bool unknown = false;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < i; k++) {
            int a = w->b->fabric->unit[unit[i]].place[scope];
            int c = w->b->fabric->unit[unit[k]].place[scope];
            if (a >= 0 && c >= 0 && a != c)
                return FAILS;
            unknown |= a < 0 || c < 0;
        }
    }
    return unknown ? UNKNOWN : MEETS;
}

/* One unit lies within anything, and what shares a place shares all wider ones. Nobody knows of a
 * NUMA node or package that was not told; what else is missing is not there. */
static enum verdict lies_in(const struct walk *w, const struct sy_require *r)
{
    unsigned unit[SY_UNIT_MAX], n = 0;
    for (unsigned u = 0; u < w->b->fabric->nunit; u++) {
        if (spoken_of(w, r, u))
            unit[n++] = u;
    }
    for (unsigned s = 0; s <= r->scope; s++) {
        if (in_one(w, unit, n, s) == MEETS)
            return MEETS;
    }
    bool told = r->scope != SY_SCOPE_NUMA && r->scope != SY_SCOPE_SOCKET;
    return told ? FAILS : in_one(w, unit, n, r->scope);
}

static enum verdict lies(const struct walk *w)
{
    enum verdict all = MEETS;
    for (unsigned r = 0; w->b->strict && r < w->b->request->nrequire; r++)
        all = lower_of(all, lies_in(w, &w->b->request->require[r]));
    return all;
}

static enum verdict meets(const struct walk *w, const struct brute_value *value)
{
    const uint32_t wanted = w->b->request->min_mbps;
    enum verdict rate = MEETS;
    if (w->b->strict && wanted != 0 && value->low_mbps < wanted)
        rate = FAILS;
    else if (w->b->strict && wanted != 0 && value->min_mbps == 0)
        rate = UNKNOWN;
    return lower_of(rate, lies(w));
}

static unsigned state(const struct walk *w, const struct sy_devset *pick, unsigned unit)
{
    for (unsigned e = 0; e < w->b->request->nentry; e++) {
        if (sy_devset_has(&pick[e], unit))
            return e;
    }
    return SY_ENTRY_MAX;
}

/* Does this pick come before the other among equals? */
static bool before(const struct walk *w, const struct sy_devset *other)
{
    for (unsigned u = 0; u < w->b->fabric->nunit; u++) {
        unsigned x = state(w, w->pick, u), y = state(w, other, u);
        if (x != y)
            return x < y;
    }
    return false;
}

/* By weighted sum, then by what is left for others. */
static int compare(const struct brute_value *a, const struct brute_value *b)
{
    if (a->sum != b->sum)
        return a->sum > b->sum ? 1 : -1;
    return (a->kept > b->kept) - (a->kept < b->kept);
}

static void see_best(struct walk *w)
{
    struct brute_answer *ret = w->ret;
    struct brute_value value;
    brute_value(w->b, w->pick, &value);
    ret->sets++;
    if (ret->sets == 1 || value.watts_mw < ret->least_mw)
        ret->least_mw = value.watts_mw;
    if (ret->sets == 1 || value.watts_mw > ret->most_mw)
        ret->most_mw = value.watts_mw;
    if ((value.unknown >> SY_UNKNOWN_DEVICE_POWER & 1) != 0)
        ret->watts_partial = true;
    else
        ret->watts_whole = true;
    ret->lies |= lies(w) == MEETS;
    ret->may_lie |= lies(w) != FAILS;
    ret->may_meet |= meets(w, &value) != FAILS;
    if (meets(w, &value) != MEETS)
        return;
    int order = ret->any ? compare(&value, &ret->best_value) : 1;
    if (order > 0 || (order == 0 && before(w, ret->best))) {
        memcpy(ret->best, w->pick, sizeof ret->best);
        ret->best_value = value;
    }
    ret->any = true;
}

/* Worth of the preferred entries' own pairs. */
static uint64_t own_pairs(const struct walk *w)
{
    uint64_t sum = 0;
    for (unsigned e = 0; e < w->b->request->nentry; e++) {
        if (chooser(w->b, e) != SY_CHOOSER_PREFERRED)
            continue;
        for (unsigned a = 0; a < w->b->fabric->nunit; a++) {
            for (unsigned c = 0; c < a; c++) {
                if (sy_devset_has(&w->pick[e], a) && sy_devset_has(&w->pick[e], c))
                    sum += w->b->profile->path[sy_fabric_pair(w->b->fabric, a, c)->path];
            }
        }
    }
    return sum;
}

static bool steered_as_best(const struct walk *w)
{
    for (unsigned e = 0; e < w->b->request->nentry; e++) {
        if (chooser(w->b, e) == SY_CHOOSER_STEERED &&
            !sy_devset_equal(&w->pick[e], &w->ret->best[e]))
            return false;
    }
    return true;
}

static void see_given(struct walk *w)
{
    struct brute_answer *ret = w->ret;
    struct brute_value value;
    brute_value(w->b, w->pick, &value);
    ret->given++;
    ret->meeting += meets(w, &value) == MEETS;
    ret->unknown |= value.unknown;
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        ret->term[t] += value.term[t];
    ret->mbps += value.min_mbps;
    ret->with_mbps += value.min_mbps != 0;
    ret->watts += value.watts_mw;
    int order = w->any_worst ? compare(&value, &ret->worst_value) : -1;
    if (order < 0 || (order == 0 && before(w, ret->worst))) {
        memcpy(ret->worst, w->pick, sizeof ret->worst);
        ret->worst_value = value;
    }
    w->any_worst = true;
}

static void see(struct walk *w)
{
    if (!cards_allow(w))
        return;
    if (w->pass == BEST) {
        see_best(w);
        return;
    }
    if (!steered_as_best(w))
        return;
    uint64_t own = own_pairs(w);
    if (w->pass == OWN)
        w->own = own > w->own ? own : w->own;
    else if (own == w->own)
        see_given(w);
}

static void choose(struct walk *w, unsigned entry, unsigned from, unsigned left)
{
    if (entry == w->b->request->nentry) {
        see(w);
        return;
    }
    if (left == 0) {
        unsigned next = entry + 1;
        choose(w, next, 0, next < w->b->request->nentry ? w->b->request->entry[next].count : 0);
        return;
    }
    for (unsigned u = from; u < w->b->fabric->nunit; u++) {
        if (!usable(w, u, entry) || state(w, w->pick, u) != SY_ENTRY_MAX)
            continue;
        sy_devset_add(&w->pick[entry], u);
        choose(w, entry, u + 1, left - 1);
        sy_devset_del(&w->pick[entry], u);
    }
}

void brute_solve(const struct brute_case *b, struct brute_answer *ret)
{
    struct walk w = {.b = b, .ret = ret};
    memset(ret, 0, sizeof *ret);
    for (unsigned pass = BEST; pass <= COUNT; pass++) {
        w.pass = (enum pass)pass;
        if (pass == BEST || ret->any)
            choose(&w, 0, 0, b->request->entry[0].count);
    }
}
