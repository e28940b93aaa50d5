/* SPDX-License-Identifier: Apache-2.0 */
/* The expected set where there are too many to count: terms that are sums over pairs exactly, the
 * others from a sample that is the same on every machine. The first unit of each sampled set goes
 * through the candidates in turn. */
#include "scoring/placement_private.h"

#include <string.h>

/* splitmix64 from a constant: a sequence, not chance. */
static uint64_t next_number(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool picked(const struct sy_search *x, unsigned unit)
{
    for (unsigned i = 0; i < x->s->npick; i++) {
        if (x->s->unit[i] == unit)
            return true;
    }
    return false;
}

/* The entry's next unit, the n-th allowed one counted round from a number. */
static bool draw(struct sy_search *x, unsigned entry, uint64_t number)
{
    const struct sy_value_context *c = x->c;
    unsigned start = (unsigned)(number % c->n), n = 0;
    uint16_t allowed[SY_UNIT_MAX];
    for (unsigned u = 0; u < c->n; u++) {
        if ((c->eligible[u] >> entry & 1) != 0 && !picked(x, u))
            allowed[n++] = (uint16_t)u;
    }
    for (unsigned i = 0; i < n; i++) {
        if (sy_search_take(x, allowed[(start + i) % n], entry))
            return true;
    }
    return false;
}

/* What a preferred entry would have: the unit that adds most to its own pairs. */
static bool draw_preferred(struct sy_search *x, unsigned entry)
{
    const struct sy_value_context *c = x->c;
    int chosen = -1;
    uint64_t most = 0;
    for (unsigned u = 0; u < c->n; u++) {
        if ((c->eligible[u] >> entry & 1) == 0 || picked(x, u))
            continue;
        if (!sy_search_take(x, u, entry))
            continue;
        /* Before its first pair: how well it is joined to all. */
        uint64_t own = x->s->sum[x->s->npick].own << 32 | c->degree[u];
        sy_search_drop(x);
        if (chosen < 0 || own > most) {
            chosen = (int)u;
            most = own;
        }
    }
    return chosen >= 0 && sy_search_take(x, (unsigned)chosen, entry);
}

static bool draw_set(struct sy_search *x, uint32_t i, uint64_t *state)
{
    const struct sy_value_context *c = x->c;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        for (unsigned k = 0; k < c->request->entry[e].count; k++) {
            uint64_t number = next_number(state);
            if (x->s->npick == 0)
                number = i;
            if ((c->preferred >> e & 1) != 0 ? !draw_preferred(x, e) : !draw(x, e, number))
                return false;
        }
    }
    return true;
}

/* Do entries choose from units of their own, each freely? Only then sums over pairs are counted. */
static bool is_plain(const struct sy_value_context *c)
{
    bool plain = c->preferred == 0 && !c->cards_bind;
    for (unsigned u = 0; u < c->n && plain; u++)
        plain = (c->eligible[u] & (c->eligible[u] - 1u)) == 0;
    return plain;
}

/* Sum over all pairs of sets' weights, divided by how often: a pair within an entry of n candidates
 * is in k(k-1) of n(n-1) sets, one between entries in kj of nm. In millionths. */
static uint64_t mean_pairs(const struct sy_value_context *c, unsigned shift)
{
    sy_wide sum = 0;
    for (unsigned a = 0; a < c->n; a++) {
        for (unsigned b = a + 1; b < c->n; b++) {
            unsigned e = (unsigned)__builtin_ctz(c->eligible[a]);
            unsigned f = (unsigned)__builtin_ctz(c->eligible[b]);
            uint64_t k = c->request->entry[e].count, n = sy_devset_count(&c->scene.pool[e]);
            uint64_t j = c->request->entry[f].count, m = sy_devset_count(&c->scene.pool[f]);
            uint64_t weight = sy_value_cell_of(c, a, b)->weights >> shift & UINT32_MAX;
            uint64_t often = e == f ? k * (k - 1) : k * j, of = e == f ? n * (n - 1) : n * m;
            sum += (sy_wide)weight * often * 1000000 / of;
        }
    }
    return (uint64_t)(sum / (c->want * (c->want - 1) / 2));
}

static void count_linear(struct sy_search *x)
{
    const struct sy_value_context *c = x->c;
    struct sy_tally *t = &x->tally;
    if (c->want < 2 || !is_plain(c))
        return;
    t->term[SY_TERM_AFFINITY] = (sy_wide)mean_pairs(c, 0) * t->sets / 1000000;
    t->term[SY_TERM_CPU] = (sy_wide)mean_pairs(c, 32) * t->sets / 1000000;
}

/* Where even drawing fails (units shared by entries, full cards), the best set stands for all. */
static void push_best(struct sy_search *x)
{
    for (unsigned e = 0; e < x->c->request->nentry; e++) {
        SY_DEVSET_EACH(u, &x->best.pick[e])
        {
            int local = sy_value_local(x->c, (unsigned)u);
            if (local >= 0 && !sy_search_take(x, (unsigned)local, e))
                return;
        }
    }
}

static void drop_all(struct sy_search *x)
{
    while (x->s->npick != 0)
        sy_search_drop(x);
}

enum sy_code sy_sample_run(struct sy_search *x, uint32_t samples, struct sy_arena *arena,
                           struct sy_err *err)
{
    uint64_t state = 1;
    struct sy_found *best = sy_arena_calloc(arena, 1, sizeof *best);
    if (best == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    *best = x->best; /* the sample is no proof of a better one */
    x->count_tally = true;
    memset(&x->tally, 0, sizeof x->tally);
    samples = samples < 64 ? 64 : samples > 4096 ? 4096 : samples;
    for (uint32_t i = 0; i < samples; i++) {
        if (draw_set(x, i, &state))
            sy_search_weigh(x, 1);
        drop_all(x);
        x->steps++;
    }
    if (x->tally.sets == 0) {
        push_best(x);
        sy_search_weigh(x, 1);
        drop_all(x);
    }
    x->best = *best;
    count_linear(x);
    return SY_OK;
}

/* Sum of an entry's k lowest (or highest) watts. */
static int64_t watts_of(const struct sy_value_context *c, unsigned entry, bool highest)
{
    struct sy_devset used = SY_DEVSET_EMPTY;
    int64_t sum = 0;
    for (unsigned k = 0; k < c->request->entry[entry].count; k++) {
        int chosen = -1;
        for (unsigned u = 0; u < c->n; u++) {
            if ((c->eligible[u] >> entry & 1) == 0 || sy_devset_has(&used, u))
                continue;
            if (chosen < 0 ||
                (highest ? c->watts[u] > c->watts[chosen] : c->watts[u] < c->watts[chosen]))
                chosen = (int)u;
        }
        if (chosen < 0)
            break;
        sy_devset_add(&used, (unsigned)chosen);
        sum += c->watts[chosen];
    }
    return sum;
}

/* Can the entry have units whose power is unknown; can it do without? */
static void watts_known(const struct sy_value_context *c, unsigned entry, bool *partial,
                        bool *whole)
{
    unsigned known = 0;
    for (unsigned u = 0; u < c->n; u++) {
        if ((c->eligible[u] >> entry & 1) == 0)
            continue;
        bool unknown = (c->flags[u] & UINT32_C(1) << SY_UNKNOWN_DEVICE_POWER) != 0;
        *partial |= unknown;
        known += !unknown;
    }
    *whole &= known >= c->request->entry[entry].count;
}

void sy_sample_watts(struct sy_search *x)
{
    const struct sy_value_context *c = x->c;
    x->watts_partial = false;
    x->watts_whole = true;
    x->least_mw = x->most_mw = 0;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        x->least_mw += watts_of(c, e, false);
        x->most_mw += watts_of(c, e, true);
        watts_known(c, e, &x->watts_partial, &x->watts_whole);
    }
    if (c->request->expected_mw != SY_UNKNOWN_MW)
        x->least_mw = x->most_mw = c->request->expected_mw;
}
