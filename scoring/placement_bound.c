/* SPDX-License-Identifier: Apache-2.0 */
/* The best set where there are too many to visit: the same walk, leaving out what cannot beat the
 * best found. What is admissible: the pairs still to come are worth no more than each unit's best
 * partners; the lowest link, memory and what is left for others only get worse with more units. */
#include "scoring/placement_private.h"

#include <string.h>

struct bounder {
    struct sy_search *x;
    uint64_t *partners; /* [unit * (want + 1) + k]: worth of its k best pairs */
    uint64_t *promise;  /* scratch: the most promising units */
    uint64_t open;      /* highest bound of what was left unvisited */
    bool provisional;   /* the best comes from elsewhere: an equal earlier set replaces it */
    bool first, done;   /* first: that is all that is wanted */
    uint64_t power;     /* POWER at most */
};

/* A pair's worth to AFFINITY and CPU together. */
static uint64_t worth(const struct sy_value_context *c, uint64_t weights)
{
    return c->profile->term[SY_TERM_AFFINITY] * sy_value_path(weights) +
           c->profile->term[SY_TERM_CPU] * sy_value_cpu(weights);
}

/* Insert into a falling list of at most `most`. */
static void insert(uint64_t *list, unsigned *n, unsigned most, uint64_t value)
{
    unsigned k = *n;
    if (most == 0 || (k == most && list[k - 1] >= value))
        return;
    if (k < most)
        *n = k + 1;
    else
        k--;
    for (; k > 0 && list[k - 1] < value; k--)
        list[k] = list[k - 1];
    list[k] = value;
}

static void find_partners(struct bounder *b)
{
    const struct sy_value_context *c = b->x->c;
    for (unsigned u = 0; u < c->n; u++) {
        unsigned n = 0;
        for (unsigned v = 0; v < c->n; v++) {
            if (v != u)
                insert(b->promise, &n, c->want, worth(c, sy_value_cell_of(c, u, v)->weights));
        }
        uint64_t *row = &b->partners[(size_t)u * (c->want + 1)];
        for (unsigned k = 0; k < c->want; k++)
            row[k + 1] = row[k] + (k < n ? b->promise[k] : 0);
    }
}

/* Twice what the pairs of the whole set can be worth, at most, when the rest comes from `from` on.
 */
static uint64_t twice_pairs(struct bounder *b, unsigned from)
{
    const struct sy_value_context *c = b->x->c;
    const struct sy_value_state *s = b->x->s;
    unsigned n = 0, left = b->x->left;
    uint64_t sum = 2 * worth(c, s->sum[s->npick].weights);
    for (unsigned u = from; u < c->n && left != 0; u++) {
        uint64_t own = b->partners[(size_t)u * (c->want + 1) + left - 1];
        for (unsigned i = 0; i < s->npick; i++)
            own += 2 * worth(c, sy_value_cell_of(c, u, s->unit[i])->weights);
        insert(b->promise, &n, left, own);
    }
    for (unsigned k = 0; k < n; k++)
        sum += b->promise[k];
    return sum;
}

/* No set that continues the present picks with units from `from` on has a higher key. */
static uint64_t upper(struct bounder *b, unsigned from)
{
    const struct sy_value_context *c = b->x->c;
    const struct sy_value_state *s = b->x->s;
    const uint16_t *weight = c->profile->term;
    uint64_t pairs = (uint64_t)c->want * (c->want - 1) / 2, both = 0;
    uint64_t most = UINT64_C(1000) * (weight[SY_TERM_AFFINITY] + weight[SY_TERM_CPU]);
    if (pairs != 0) /* each of the two terms is rounded by at most a half */
        both = (twice_pairs(b, from) + 2 * pairs - 1) / (2 * pairs) +
               (weight[SY_TERM_AFFINITY] + weight[SY_TERM_CPU] + 1u) / 2;
    uint64_t total = pairs != 0 && both < most ? both : most;
    uint32_t low = s->npick >= 2 ? sy_value_lowest(c, s) : SY_VALUE_NO_LIMIT;
    total += (uint64_t)weight[SY_TERM_LINK] * sy_value_scaled(low, c->profile->link_reference_mbps);
    total += (uint64_t)weight[SY_TERM_MEMORY] * (c->memory_differs ? 1000 : c->memory_term);
    const struct sy_value_sum *sum = &s->sum[s->npick];
    uint32_t kept = sy_value_kept(c, s->lost, sum->degree - sy_value_path(sum->weights));
    total += (uint64_t)weight[SY_TERM_LEFTOVER] * sy_value_leftover(c, kept);
    total += weight[SY_TERM_POWER] * b->power;
    return total << 32 | kept;
}

static bool hopeless(const struct bounder *b, uint64_t key)
{
    const struct sy_found *best = &b->x->best;
    return best->any && (b->provisional ? key < best->key : key <= best->key);
}

static void leaf(struct bounder *b)
{
    struct sy_value value;
    struct sy_search *x = b->x;
    uint64_t key = sy_value_finish(x->c, x->s, &value);
    if ((x->strict && !sy_value_meets(x->c, x->s)) || hopeless(b, key))
        return;
    b->provisional = false;
    b->done = b->first;
    (void)sy_search_keep(x, &x->best, key);
}

static void descend(struct bounder *b, unsigned unit);

/* Go on with the present picks, unless nothing better can come of them. */
static void consider(struct bounder *b, unsigned from)
{
    struct sy_search *x = b->x;
    if (b->done)
        return;
    if (x->left == 0 && x->steps < x->budget) {
        x->steps++;
        leaf(b);
        return;
    }
    uint64_t key = upper(b, from);
    if (hopeless(b, key))
        return;
    if (x->steps >= x->budget) {
        b->open = key > b->open ? key : b->open;
        return;
    }
    x->steps++;
    descend(b, from);
}

static void descend(struct bounder *b, unsigned unit)
{
    struct sy_search *x = b->x;
    unsigned nentry = x->c->request->nentry;
    if (!sy_search_supplied(x, unit))
        return;
    for (unsigned e = 0; e < nentry; e++) {
        if (x->need[e] == 0 || (x->c->eligible[unit] >> e & 1) == 0 ||
            sy_search_settle(x, unit, nentry - e, 1) == 0 || !sy_search_take(x, unit, e))
            continue;
        if (!x->strict || sy_value_meets(x->c, x->s))
            consider(b, unit + 1);
        sy_search_drop(x);
    }
    (void)sy_search_settle(x, unit, 0, 1);
    consider(b, unit + 1);
}

/* A set as plain picks, to climb from. */
struct climb {
    uint16_t unit[SY_UNIT_MAX];
    uint8_t entry[SY_UNIT_MAX];
    unsigned n;
};

static bool climb_start(struct sy_search *x, struct climb *ret)
{
    const struct sy_value_context *c = x->c;
    for (unsigned u = 0; u < c->n; u++) {
        for (unsigned e = 0; e < c->request->nentry; e++) {
            if (x->need[e] != 0 && (c->eligible[u] >> e & 1) != 0 && sy_search_take(x, u, e))
                break;
        }
    }
    bool whole = x->left == 0;
    ret->n = x->s->npick;
    memcpy(ret->unit, x->s->unit, ret->n * sizeof *ret->unit);
    memcpy(ret->entry, x->s->entry, ret->n);
    while (x->s->npick != 0)
        sy_search_drop(x);
    return whole;
}

/* The set's key, 0 when its cards do not allow it. Keeps it when it is the best so far. */
static uint64_t climb_try(struct sy_search *x, const struct climb *set)
{
    struct sy_value value;
    uint64_t key = 0;
    unsigned i = 0;
    while (i < set->n && sy_search_take(x, set->unit[i], set->entry[i]))
        i++;
    if (i == set->n) {
        key = sy_value_finish(x->c, x->s, &value);
        if (!x->best.any || key > x->best.key)
            (void)sy_search_keep(x, &x->best, key);
    }
    while (x->s->npick != 0)
        sy_search_drop(x);
    x->steps++;
    return key;
}

/* The best single exchange for pick `i`. */
static bool climb_step(struct sy_search *x, struct climb *set, unsigned i, uint32_t most_steps)
{
    uint16_t old = set->unit[i], chosen = old;
    for (unsigned u = 0; u < x->c->n && x->steps < most_steps; u++) {
        bool taken = (x->c->eligible[u] >> set->entry[i] & 1) == 0;
        for (unsigned k = 0; k < set->n && !taken; k++)
            taken = set->unit[k] == u;
        if (taken)
            continue;
        uint64_t before = x->best.key;
        set->unit[i] = (uint16_t)u;
        if (climb_try(x, set) > before)
            chosen = (uint16_t)u;
    }
    set->unit[i] = chosen;
    return chosen != old;
}

/* A good set to measure others by: from the lowest units, exchange one by one while it helps. */
static void climb(struct bounder *b)
{
    struct sy_search *x = b->x;
    uint32_t most_steps = x->budget / 4;
    struct climb set;
    if (x->strict || !climb_start(x, &set))
        return;
    (void)climb_try(x, &set);
    b->provisional = true;
    for (bool better = true; better && x->steps < most_steps;) {
        better = false;
        for (unsigned i = 0; i < set.n; i++)
            better |= climb_step(x, &set, i, most_steps);
    }
}

static enum sy_code prepare(struct bounder *b, struct sy_arena *arena, struct sy_err *err)
{
    const struct sy_value_context *c = b->x->c;
    b->power = 1000;
    b->partners = sy_arena_calloc(arena, (size_t)c->n * (c->want + 1), sizeof *b->partners);
    b->promise = sy_arena_calloc(arena, (size_t)c->want + 1, sizeof *b->promise);
    if (b->partners == NULL || b->promise == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    find_partners(b);
    return SY_OK;
}

static void know_power(struct bounder *b)
{
    struct sy_value value;
    if (!b->x->best.any || b->x->c->watts_differ)
        return;
    sy_value_of(b->x->c, b->x->best.pick, &value);
    b->power = value.term[SY_TERM_POWER];
}

enum sy_code sy_bound_run(struct sy_search *x, struct sy_arena *arena, uint64_t *ret_bound,
                          struct sy_err *err)
{
    struct bounder b = {.x = x};
    enum sy_code code = prepare(&b, arena, err);
    if (code != SY_OK)
        return code;
    climb(&b);
    know_power(&b);
    consider(&b, 0);
    x->stopped = b.open != 0; /* what was left could not have been better */
    uint64_t bound = x->best.any ? x->best.key : 0;
    *ret_bound = (bound > b.open ? bound : b.open) >> 32;
    return SY_OK;
}

enum sy_code sy_bound_first(struct sy_search *x, struct sy_arena *arena, struct sy_err *err)
{
    struct bounder b = {.x = x, .provisional = true, .first = true};
    enum sy_code code = prepare(&b, arena, err);
    if (code != SY_OK)
        return code;
    know_power(&b);
    consider(&b, 0);
    x->stopped = !b.done;
    return SY_OK;
}
