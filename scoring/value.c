/* SPDX-License-Identifier: Apache-2.0 */
/* The terms, from sums that a set gathers unit by unit. Definitions: scoring/PLACEMENT.md. */
#include "scoring/value_state.h"

#include <string.h>

#define FULL 1000u
#define PPM UINT64_C(1000000)

/* Mean, rounded half up. */
static uint16_t mean_of(uint64_t sum, uint64_t n)
{
    return (uint16_t)((2 * sum + n) / (2 * n));
}

uint16_t sy_value_scaled(uint32_t mbps, uint32_t reference_mbps)
{
    if (mbps >= reference_mbps)
        return FULL;
    return (uint16_t)((uint64_t)mbps * FULL / reference_mbps);
}

static uint32_t min_mbps(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

enum sy_code sy_value_state_new(const struct sy_value_context *c, struct sy_arena *arena,
                                struct sy_value_state **ret, struct sy_err *err)
{
    struct sy_value_state *s = sy_arena_calloc(arena, 1, sizeof *s);
    if (s == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    s->unit = sy_arena_calloc(arena, c->n, sizeof *s->unit);
    s->entry = sy_arena_calloc(arena, c->n, sizeof *s->entry);
    s->sum = sy_arena_calloc(arena, (size_t)c->n + 1, sizeof *s->sum);
    s->far = sy_arena_calloc(arena, SY_VALUE_POSITIONS, sizeof *s->far);
    s->inside = sy_arena_calloc(arena, c->nnode, sizeof *s->inside);
    s->below = sy_arena_calloc(arena, c->nnode, sizeof *s->below);
    s->hit = sy_arena_calloc(arena, c->ngroup, sizeof *s->hit);
    if (s->unit == NULL || s->entry == NULL || s->sum == NULL || s->far == NULL ||
        s->inside == NULL || s->below == NULL || s->hit == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    s->sum[0].mbps = SY_VALUE_NO_LIMIT;
    *ret = s;
    return SY_OK;
}

/* Remember which earlier picks the new one reaches over PCIe only. */
static void push_far(const struct sy_value_context *c, struct sy_value_state *s, unsigned unit)
{
    unsigned at = s->npick;
    const struct sy_value_cell *row = sy_value_cell_of(c, unit, 0);
    uint64_t far = 0;
    for (unsigned i = 0; i < at; i++) {
        uint64_t pcie = (row[s->unit[i]].flags & SY_VALUE_PCIE) != 0;
        far |= pcie << i;
        s->far[i] |= pcie << at;
    }
    s->far[at] = far;
}

void sy_value_push(const struct sy_value_context *c, struct sy_value_state *s, unsigned unit,
                   unsigned entry)
{
    const struct sy_value_cell *row = sy_value_cell_of(c, unit, 0);
    struct sy_value_sum sum = s->sum[s->npick];
    for (unsigned i = 0; i < s->npick; i++) {
        const struct sy_value_cell *cell = &row[s->unit[i]];
        sum.weights += cell->weights;
        sum.mbps = min_mbps(sum.mbps, cell->mbps);
        sum.flags |= cell->flags;
    }
    for (unsigned i = 0; i < s->npick && (c->preferred >> entry & 1) != 0; i++) {
        if (s->entry[i] == entry)
            sum.own += sy_value_path(row[s->unit[i]].weights);
    }
    sum.degree += c->degree[unit];
    sum.watts += c->watts[unit];
    sum.flags |= c->flags[unit];
    if (c->has_overlay && s->npick < SY_VALUE_POSITIONS)
        push_far(c, s, unit);
    for (unsigned i = c->node_of.first[unit]; i < c->node_of.first[unit + 1]; i++) {
        s->below[c->node_of.item[i]]++;
        if (s->npick < SY_VALUE_POSITIONS)
            s->inside[c->node_of.item[i]] |= UINT64_C(1) << s->npick;
    }
    for (unsigned i = c->group_of.first[unit]; i < c->group_of.first[unit + 1]; i++) {
        unsigned g = c->group_of.item[i];
        if (s->hit[g]++ == 0)
            s->lost += c->group[g].weight;
    }
    s->unit[s->npick] = (uint16_t)unit;
    s->entry[s->npick] = (uint8_t)entry;
    s->sum[++s->npick] = sum;
}

void sy_value_pop(const struct sy_value_context *c, struct sy_value_state *s)
{
    unsigned at = --s->npick, unit = s->unit[at];
    if (c->has_overlay && at < SY_VALUE_POSITIONS) {
        for (unsigned i = 0; i < at; i++)
            s->far[i] &= ~(UINT64_C(1) << at);
    }
    for (unsigned i = c->node_of.first[unit]; i < c->node_of.first[unit + 1]; i++) {
        s->below[c->node_of.item[i]]--;
        if (at < SY_VALUE_POSITIONS)
            s->inside[c->node_of.item[i]] &= ~(UINT64_C(1) << at);
    }
    for (unsigned i = c->group_of.first[unit]; i < c->group_of.first[unit + 1]; i++) {
        unsigned g = c->group_of.item[i];
        if (--s->hit[g] == 0)
            s->lost -= c->group[g].weight;
    }
}

/* Picks of node `e` that reach a pick outside it over PCIe: each pick by pair, any size of set. */
static unsigned crossing_slow(const struct sy_value_context *c, const struct sy_value_state *s,
                              const struct sy_devset *below)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->npick; i++) {
        const struct sy_value_cell *row = sy_value_cell_of(c, s->unit[i], 0);
        bool crosses = false;
        for (unsigned k = 0; k < s->npick && !crosses && sy_devset_has(below, s->unit[i]); k++)
            crosses =
                !sy_devset_has(below, s->unit[k]) && (row[s->unit[k]].flags & SY_VALUE_PCIE) != 0;
        n += crosses;
    }
    return n;
}

static unsigned crossing(const struct sy_value_context *c, const struct sy_value_state *s,
                         unsigned e)
{
    if ((s->sum[s->npick].flags & SY_VALUE_OVERLAY) == 0)
        return s->below[e];
    if (s->npick > SY_VALUE_POSITIONS)
        return crossing_slow(c, s, &c->tree[e].below);
    uint64_t inside = s->inside[e];
    unsigned n = 0;
    for (uint64_t left = inside; left != 0; left &= left - 1)
        n += (s->far[__builtin_ctzll(left)] & ~inside) != 0;
    return n;
}

uint32_t sy_value_lowest(const struct sy_value_context *c, const struct sy_value_state *s)
{
    const struct sy_value_sum *sum = &s->sum[s->npick];
    if (s->npick == 1)
        return c->alone_mbps[s->unit[0]];
    uint32_t low = sum->mbps;
    if ((sum->flags & SY_VALUE_PCIE) == 0)
        return low;
    for (unsigned e = 1; e < c->nnode; e++) {
        if (c->tree[e].share == NULL || s->below[e] == 0 || s->below[e] == s->npick)
            continue;
        unsigned n = crossing(c, s, e);
        if (n != 0)
            low = min_mbps(low, c->tree[e].share[n]);
    }
    return low;
}

static bool link_unknown(const struct sy_value_state *s, uint32_t lowest)
{
    if (s->npick <= 1)
        return lowest == SY_VALUE_NO_LIMIT;
    return (s->sum[s->npick].flags & UINT32_C(1) << SY_UNKNOWN_LINK) != 0;
}

static void finish_link(const struct sy_value_context *c, const struct sy_value_state *s,
                        struct sy_value *ret)
{
    uint32_t low = sy_value_lowest(c, s);
    bool unknown = link_unknown(s, low);
    /* One device sends nothing to another: what others leave it of its uplink is told, but does not
     * drive it away from them to where it would break a whole group. */
    uint32_t worth = s->npick == 1 ? c->link_mbps[s->unit[0]] : low;
    uint16_t term = sy_value_scaled(worth, c->profile->link_reference_mbps);
    if (unknown && term > c->profile->neutral)
        term = c->profile->neutral;
    if (unknown)
        ret->unknown |= UINT32_C(1) << SY_UNKNOWN_LINK;
    ret->term[SY_TERM_LINK] = term;
    ret->min_mbps = unknown ? 0 : low;
}

static uint16_t finish_memory(const struct sy_value_context *c, const struct sy_value_state *s)
{
    uint16_t low[SY_ENTRY_MAX];
    if (!c->memory_differs)
        return c->memory_term;
    memset(low, 0xff, sizeof low);
    for (unsigned i = 0; i < s->npick; i++) {
        uint16_t score = c->memory[s->unit[i]];
        if (score < low[s->entry[i]])
            low[s->entry[i]] = score;
    }
    uint64_t sum = 0, n = 0;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        if (low[e] != SY_NO_MEMORY) {
            sum += low[e];
            n++;
        }
    }
    return n != 0 ? mean_of(sum, n) : FULL;
}

uint32_t sy_value_kept(const struct sy_value_context *c, uint64_t lost_groups, uint64_t lost_degree)
{
    uint64_t kept = 2 * PPM;
    if (c->group_total != 0)
        kept -= lost_groups * PPM / c->group_total;
    if (c->degree_total != 0)
        kept -= lost_degree * PPM / c->degree_total;
    return (uint32_t)kept;
}

uint16_t sy_value_leftover(const struct sy_value_context *c, uint32_t kept)
{
    bool reported = c->usage->mode != SY_MODE_COUNTS; /* else nobody knows what is whole */
    return reported ? (uint16_t)((kept + FULL) / (2 * FULL)) : c->profile->neutral;
}

static void finish_power(const struct sy_value_context *c, const struct sy_value_sum *sum,
                         struct sy_value *ret)
{
    ret->watts_mw = sum->watts;
    if (c->request->expected_mw != SY_UNKNOWN_MW)
        ret->watts_mw = c->request->expected_mw;
    ret->term[SY_TERM_POWER] = c->profile->neutral;
    if (c->room != NULL)
        ret->term[SY_TERM_POWER] = sy_value_power_of(c->profile, c->room, ret);
    if (c->room != NULL && !c->room->known)
        ret->unknown |= UINT32_C(1) << SY_UNKNOWN_NODE_POWER;
}

/* Locality of one unit: a pair's is in its weights. */
static uint16_t cpu_alone(const struct sy_value_context *c, const struct sy_value_state *s,
                          struct sy_value *ret)
{
    if (s->npick == 0 || c->fabric->unit[c->unit[s->unit[0]]].place[SY_SCOPE_NUMA] >= 0)
        return FULL;
    ret->unknown |= UINT32_C(1) << SY_UNKNOWN_LOCALITY;
    return c->profile->neutral;
}

uint64_t sy_value_finish(const struct sy_value_context *c, const struct sy_value_state *s,
                         struct sy_value *ret)
{
    const struct sy_value_sum *sum = &s->sum[s->npick];
    uint64_t path = sy_value_path(sum->weights), n = s->npick, pairs = n * (n - (n != 0)) / 2;
    ret->unknown = sum->flags & SY_VALUE_UNKNOWNS;
    if (pairs == 0) {
        ret->term[SY_TERM_AFFINITY] = FULL;
        ret->term[SY_TERM_CPU] = cpu_alone(c, s, ret);
    } else {
        ret->term[SY_TERM_AFFINITY] = mean_of(path, pairs);
        ret->term[SY_TERM_CPU] = mean_of(sy_value_cpu(sum->weights), pairs);
    }
    finish_link(c, s, ret);
    ret->term[SY_TERM_MEMORY] = finish_memory(c, s);
    /* Pairs within the set were counted at both ends. */
    uint32_t kept = sy_value_kept(c, s->lost, sum->degree - path);
    ret->term[SY_TERM_LEFTOVER] = sy_value_leftover(c, kept);
    finish_power(c, sum, ret);
    uint64_t total = 0;
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        total += (uint64_t)c->profile->term[t] * ret->term[t];
    return total << 32 | kept;
}

/* Is the pick one that the requirement speaks of? */
static bool matches(const struct sy_value_context *c, const struct sy_require *r, unsigned unit,
                    unsigned entry)
{
    if (r->match == 1)
        return c->fabric->unit[c->unit[unit]].kind == r->kind;
    return r->match == 0 || r->entry == entry;
}

/* Bits of a pair that lies within the scope: scopes nest. */
static uint32_t pairs_within(const struct sy_value_context *c, unsigned scope)
{
    uint32_t bits = 0;
    for (unsigned s = 0; s <= scope; s++)
        bits |= SY_VALUE_SHARES(s);
    return c->scene.maybe ? bits | SY_VALUE_MAY_SHARE(scope) : bits;
}

/* All matching picks share one place. Sharing is told by the first of them; that they may share is
 * told by every pair. */
static bool lies_within(const struct sy_value_context *c, const struct sy_value_state *s,
                        const struct sy_require *r)
{
    uint32_t bits = pairs_within(c, r->scope);
    unsigned n = 0, seen[SY_UNIT_MAX];
    for (unsigned i = 0; i < s->npick; i++) {
        if (!matches(c, r, s->unit[i], s->entry[i]))
            continue;
        const struct sy_value_cell *row = sy_value_cell_of(c, s->unit[i], 0);
        for (unsigned k = 0; k < n; k++)
            bits &= row[seen[k]].flags;
        if (bits == 0)
            return false;
        if (n == 0 || c->scene.maybe)
            seen[n++] = s->unit[i];
    }
    return true;
}

bool sy_value_lies(const struct sy_value_context *c, const struct sy_value_state *s)
{
    for (unsigned r = 0; r < c->request->nrequire; r++) {
        if (!lies_within(c, s, &c->request->require[r]))
            return false;
    }
    return true;
}

bool sy_value_meets(const struct sy_value_context *c, const struct sy_value_state *s)
{
    if (!sy_value_lies(c, s))
        return false;
    /* One pick of several to come is no pair yet. */
    if (c->request->min_mbps == 0 || s->npick == 0 || (s->npick == 1 && c->want > 1))
        return true;
    uint32_t low = sy_value_lowest(c, s);
    return (c->scene.maybe || !link_unknown(s, low)) && low >= c->request->min_mbps;
}

void sy_value_of(const struct sy_value_context *c, const struct sy_devset *pick,
                 struct sy_value *ret)
{
    /* As sy_value_state_new makes one, on the stack: a caller's few evaluations need no arena. */
    uint16_t unit[SY_UNIT_MAX], below[2 * SY_UNIT_MAX] = {0}, hit[SY_VALUE_GROUP_MAX] = {0};
    uint8_t entry[SY_UNIT_MAX];
    uint64_t far[SY_VALUE_POSITIONS] = {0}, inside[2 * SY_UNIT_MAX] = {0};
    struct sy_value_sum sum[SY_UNIT_MAX + 1];
    struct sy_value_state s = {.unit = unit,
                               .entry = entry,
                               .sum = sum,
                               .far = far,
                               .inside = inside,
                               .below = below,
                               .hit = hit};
    memset(&sum[0], 0, sizeof sum[0]);
    sum[0].mbps = SY_VALUE_NO_LIMIT;
    for (unsigned u = 0; u < c->n; u++) {
        unsigned e = 0;
        while (e < c->request->nentry && !sy_devset_has(&pick[e], c->unit[u]))
            e++;
        if (e < c->request->nentry)
            sy_value_push(c, &s, u, e);
    }
    (void)sy_value_finish(c, &s, ret);
}

uint16_t sy_value_power(const struct sy_profile *profile, const struct sy_room *room,
                        int64_t watts_mw)
{
    if (!room->known || watts_mw == SY_UNKNOWN_MW)
        return profile->neutral;
    if (room->limit_mw <= 0 || room->headroom_mw <= watts_mw)
        return 0;
    int64_t left = room->headroom_mw - watts_mw;
    if (left >= room->limit_mw)
        return FULL;
    if (left > INT64_MAX / FULL)
        return (uint16_t)(left / (room->limit_mw / FULL));
    return (uint16_t)(left * FULL / room->limit_mw);
}

uint16_t sy_value_power_of(const struct sy_profile *profile, const struct sy_room *room,
                           const struct sy_value *value)
{
    uint16_t term = sy_value_power(profile, room, value->watts_mw);
    bool least = (value->unknown & UINT32_C(1) << SY_UNKNOWN_DEVICE_POWER) != 0;
    return least && term > profile->neutral ? profile->neutral : term;
}

uint16_t sy_value_total(const struct sy_profile *profile, const uint16_t term[SY_TERM_COUNT])
{
    uint64_t sum = 0, weight = 0;
    for (unsigned t = 0; t < SY_TERM_COUNT; t++) {
        sum += (uint64_t)profile->term[t] * term[t];
        weight += profile->term[t];
    }
    return weight != 0 ? mean_of(sum, weight) : 0;
}
