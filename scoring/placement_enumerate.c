/* SPDX-License-Identifier: Apache-2.0 */
/* Every set once per class of interchangeable ones, with how many there are of it. */
#include "scoring/placement_private.h"

#include <string.h>

#define MOVES_PER_STEP 64u /* dead ends are bounded as well */

static uint64_t choose(uint64_t n, uint64_t k)
{
    uint64_t r = 1;
    if (k > n)
        return 0;
    for (uint64_t i = 1; i <= k; i++) {
        sy_wide next = (sy_wide)r * (n - k + i) / i;
        if (next > SY_SETS_MAX)
            return UINT64_MAX;
        r = (uint64_t)next;
    }
    return r;
}

uint64_t sy_search_sets(const struct sy_value_context *c)
{
    uint64_t sets = 1;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        uint64_t own = choose(sy_devset_count(&c->scene.pool[e]), c->request->entry[e].count);
        if (own == UINT64_MAX || (sy_wide)sets * own > SY_SETS_MAX)
            return UINT64_MAX;
        sets *= own;
    }
    return sets;
}

enum sy_code sy_search_init(struct sy_search *x, const struct sy_value_context *c, bool strict,
                            uint32_t budget, struct sy_arena *arena, struct sy_err *err)
{
    bool many = sy_search_sets(c) > 24; /* below, looking for symmetry costs more than it saves */
    strict = strict && (c->request->nrequire != 0 || c->request->min_mbps != 0);
    *x = (struct sy_search){.c = c,
                            .strict = strict,
                            .budget = budget,
                            .left = c->want,
                            .most_moves = (uint64_t)budget * MOVES_PER_STEP + 1024,
                            .visit = sy_search_weigh};
    enum sy_code code = sy_value_state_new(c, arena, &x->s, err);
    if (code == SY_OK)
        code = sy_symmetry_find(c, many, arena, &x->symmetry, err);
    if (code != SY_OK)
        return code;
    x->supply = sy_arena_calloc(arena, ((size_t)c->n + 1) * SY_ENTRY_MAX, sizeof *x->supply);
    x->choice = sy_arena_calloc(arena, c->n, sizeof *x->choice);
    x->tied = sy_arena_calloc(arena, x->symmetry.nslot, sizeof *x->tied);
    x->sure = sy_arena_calloc(arena, x->symmetry.nslot, sizeof *x->sure);
    x->most = sy_arena_calloc(arena, c->n, sizeof *x->most);
    x->run = sy_arena_calloc(arena, x->symmetry.nblock, sizeof *x->run);
    x->card_left = sy_arena_calloc(arena, c->fabric->ncard, sizeof *x->card_left);
    if (x->supply == NULL || x->choice == NULL || x->tied == NULL || x->run == NULL ||
        x->sure == NULL || x->most == NULL || x->card_left == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned e = 0; e < c->request->nentry; e++) {
        x->need[e] = c->request->entry[e].count;
        for (unsigned u = c->n; u-- > 0;)
            x->supply[u * SY_ENTRY_MAX + e] =
                (uint16_t)(x->supply[(u + 1) * SY_ENTRY_MAX + e] + (c->eligible[u] >> e & 1));
    }
    for (uint32_t b = 0; b < x->symmetry.nblock; b++)
        x->run[b] = 1;
    memcpy(x->card_left, c->card_left, c->fabric->ncard * sizeof *x->card_left);
    return SY_OK;
}

/* Has its physical function, or a virtual one of it, been picked? */
static bool clashes(const struct sy_search *x, unsigned unit)
{
    const struct sy_value_context *c = x->c;
    for (unsigned i = 0; i < x->s->npick; i++) {
        if (c->pf[unit] == (int)x->s->unit[i] || c->pf[x->s->unit[i]] == (int)unit)
            return true;
    }
    return false;
}

bool sy_search_take(struct sy_search *x, unsigned unit, unsigned entry)
{
    const struct sy_value_context *c = x->c;
    if (c->cards_bind) {
        uint16_t *left = &x->card_left[c->card[unit]];
        if (*left < c->share[unit] || clashes(x, unit))
            return false;
        *left = (uint16_t)(*left - c->share[unit]);
    }
    sy_value_push(c, x->s, unit, entry);
    x->need[entry]--;
    x->left--;
    return true;
}

void sy_search_drop(struct sy_search *x)
{
    const struct sy_value_context *c = x->c;
    unsigned unit = x->s->unit[x->s->npick - 1], entry = x->s->entry[x->s->npick - 1];
    sy_value_pop(c, x->s);
    x->need[entry]++;
    x->left++;
    if (c->cards_bind)
        x->card_left[c->card[unit]] = (uint16_t)(x->card_left[c->card[unit]] + c->share[unit]);
}

uint64_t sy_search_settle(struct sy_search *x, unsigned unit, unsigned choice, uint64_t weight)
{
    const struct sy_symmetry *sym = &x->symmetry;
    x->choice[unit] = (uint8_t)choice;
    for (uint32_t i = sym->first[unit]; i < sym->first[unit + 1]; i++) {
        const struct sy_slot *slot = &sym->slot[sym->of[i]];
        bool tied = slot->above < 0 || x->tied[slot->above];
        if (tied && choice > x->choice[slot->before])
            return 0;
        tied = tied && choice == x->choice[slot->before];
        x->tied[sym->of[i]] = tied;
        if (!slot->last)
            continue;
        uint16_t run = (uint16_t)(tied ? x->run[slot->block - 1] + 1 : 1);
        x->run[slot->block] = run;
        weight = weight * (slot->order + 1u) / run;
    }
    return weight;
}

static void leaf(struct sy_search *x, unsigned from, uint64_t weight)
{
    for (unsigned u = from; u < x->c->n; u++)
        weight = sy_search_settle(x, u, 0, weight);
    if (x->steps == x->budget) {
        x->stopped = true;
        return;
    }
    x->steps++;
    x->visit(x, weight);
}

bool sy_search_supplied(const struct sy_search *x, unsigned from)
{
    for (unsigned e = 0; e < x->c->request->nentry; e++) {
        if (x->need[e] > x->supply[from * SY_ENTRY_MAX + e])
            return false;
    }
    return true;
}

/* The most that a unit after `from` may still be chosen as, given the blocks before its own: what
 * stands behind an empty block is empty. */
static unsigned most_choice(struct sy_search *x, unsigned unit, unsigned from)
{
    const struct sy_symmetry *sym = &x->symmetry;
    unsigned most = x->c->request->nentry;
    for (uint32_t i = sym->first[unit]; i < sym->first[unit + 1]; i++) {
        const struct sy_slot *slot = &sym->slot[sym->of[i]];
        bool tied = slot->above < 0;
        if (!tied)
            tied = sym->slot[slot->above].unit < from ? x->tied[slot->above] : x->sure[slot->above];
        unsigned before = slot->before < from ? x->choice[slot->before] : x->most[slot->before];
        if (tied && before < most)
            most = before;
        x->sure[sym->of[i]] = tied && before == 0;
    }
    return most;
}

/* Can the rest be met by units that the blocks before them leave free to be chosen? */
static bool reachable(struct sy_search *x, unsigned from)
{
    unsigned nentry = x->c->request->nentry, lacking = x->left;
    uint16_t need[SY_ENTRY_MAX];
    if (x->symmetry.nslot == 0)
        return true;
    memcpy(need, x->need, nentry * sizeof *need);
    for (unsigned u = from; u < x->c->n && lacking != 0; u++) {
        unsigned most = most_choice(x, u, from);
        x->most[u] = (uint8_t)most;
        for (unsigned e = nentry - most; e < nentry; e++) {
            if ((x->c->eligible[u] >> e & 1) != 0 && need[e] != 0) {
                need[e]--;
                lacking--;
            }
        }
    }
    return lacking == 0;
}

static void walk(struct sy_search *x, unsigned unit, uint64_t weight);

/* Each way to pick this unit, and all that follows. False: there is none. */
static bool walk_picks(struct sy_search *x, unsigned unit, uint64_t weight)
{
    unsigned nentry = x->c->request->nentry;
    bool picked = false;
    for (unsigned e = 0; e < nentry && !x->stopped; e++) {
        if (x->need[e] == 0 || (x->c->eligible[unit] >> e & 1) == 0)
            continue;
        uint64_t next = sy_search_settle(x, unit, nentry - e, weight);
        if (next == 0 || !sy_search_take(x, unit, e))
            continue;
        picked = true;
        if (!x->prune || sy_value_meets(x->c, x->s))
            walk(x, unit + 1, next);
        sy_search_drop(x);
    }
    return picked;
}

static void walk(struct sy_search *x, unsigned unit, uint64_t weight)
{
    if (x->left == 0) {
        leaf(x, unit, weight);
        return;
    }
    for (; sy_search_supplied(x, unit) && !x->stopped; unit++) {
        if (x->moves++ == x->most_moves)
            x->stopped = true;
        bool picked = walk_picks(x, unit, weight);
        weight = sy_search_settle(x, unit, 0, weight);
        /* A unit that could not be picked anyway takes nothing away. */
        if (picked && !reachable(x, unit + 1))
            return;
    }
}

void sy_search_run(struct sy_search *x)
{
    if (sy_search_sets(x->c) != UINT64_MAX || x->prune)
        walk(x, 0, 1);
    else
        x->stopped = true;
}

bool sy_search_keep(const struct sy_search *x, struct sy_found *found, uint64_t key)
{
    found->any = true;
    found->key = key;
    memset(found->pick, 0, sizeof found->pick[0] * x->c->request->nentry);
    for (unsigned i = 0; i < x->s->npick; i++)
        sy_devset_add(&found->pick[x->s->entry[i]], x->c->unit[x->s->unit[i]]);
    return true;
}

void sy_search_stop(struct sy_search *x, uint64_t weight)
{
    (void)weight;
    x->stopped = sy_search_keep(x, &x->best, 0);
}

static void count(struct sy_search *x, const struct sy_value *value, uint64_t key, uint64_t weight,
                  bool meets)
{
    struct sy_tally *t = &x->tally;
    uint64_t own = x->s->sum[x->s->npick].own;
    if (t->any && own < t->own)
        return;
    if (t->any && own > t->own)
        memset(t, 0, sizeof *t);
    t->any = true;
    t->own = own;
    t->sets += weight;
    t->meeting += meets ? weight : 0;
    t->unknown |= value->unknown;
    for (unsigned i = 0; i < SY_TERM_COUNT; i++)
        t->term[i] += (sy_wide)value->term[i] * weight;
    if (value->min_mbps != 0) {
        t->mbps += (sy_wide)value->min_mbps * weight;
        t->with_mbps += weight;
    }
    t->watts += (sy_wide)(uint64_t)value->watts_mw * weight;
    if (!t->worst.any || key < t->worst.key)
        (void)sy_search_keep(x, &t->worst, key);
}

static void note_watts(struct sy_search *x, const struct sy_value *value)
{
    bool first = !x->watts_whole && !x->watts_partial;
    if (first || value->watts_mw < x->least_mw)
        x->least_mw = value->watts_mw;
    if (first || value->watts_mw > x->most_mw)
        x->most_mw = value->watts_mw;
    bool partial = (value->unknown & UINT32_C(1) << SY_UNKNOWN_DEVICE_POWER) != 0;
    x->watts_partial |= partial;
    x->watts_whole |= !partial;
}

void sy_search_weigh(struct sy_search *x, uint64_t weight)
{
    struct sy_value value;
    uint64_t key = sy_value_finish(x->c, x->s, &value);
    bool meets =
        !x->strict || (sy_value_lies(x->c, x->s) && value.min_mbps >= x->c->request->min_mbps);
    if (meets && (!x->best.any || key > x->best.key))
        (void)sy_search_keep(x, &x->best, key);
    if (x->c->watts_differ || !(x->watts_whole || x->watts_partial))
        note_watts(x, &value);
    if (x->count_tally)
        count(x, &value, key, weight, meets);
}
