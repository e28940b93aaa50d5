/* SPDX-License-Identifier: Apache-2.0 */
/* Who may be picked, and what is known of each candidate alone and of each pair. */
#include "scoring/value_private.h"

void sy_value_scene_init(const struct sy_fabric *fabric, const struct sy_usage *usage,
                         const struct sy_request *request, struct sy_value_scene *ret)
{
    sy_value_scene_whole(fabric, request, ret);
    ret->free = usage->free;
    ret->ignore_held = false;
    for (unsigned e = 0; e < request->nentry; e++)
        ret->pool[e] = sy_devset_and(ret->pool[e], usage->free);
}

void sy_value_scene_whole(const struct sy_fabric *fabric, const struct sy_request *request,
                          struct sy_value_scene *ret)
{
    *ret = (struct sy_value_scene){.ignore_held = true};
    for (unsigned u = 0; u < fabric->nunit; u++) {
        sy_devset_add(&ret->free, u);
        for (unsigned e = 0; e < request->nentry; e++) {
            if (sy_devset_has(&fabric->unit[u].resources, request->entry[e].resource))
                sy_devset_add(&ret->pool[e], u);
        }
    }
}

int sy_value_local(const struct sy_value_context *c, unsigned unit)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (c->unit[i] == unit)
            return (int)i;
    }
    return -1;
}

enum sy_code sy_value_list_make(struct sy_value_list *list, uint16_t n, const struct sy_devset *set,
                                size_t stride, size_t nset, struct sy_arena *arena,
                                struct sy_err *err)
{
    size_t total = 0;
    const char *bytes = (const char *)set;
    for (size_t i = 0; i < nset; i++)
        total += sy_devset_count((const struct sy_devset *)(const void *)(bytes + i * stride));
    list->first = sy_arena_calloc(arena, (size_t)n + 1, sizeof *list->first);
    list->item = sy_arena_calloc(arena, total, sizeof *list->item);
    uint16_t *fill = sy_arena_calloc(arena, n, sizeof *fill);
    if (list->first == NULL || list->item == NULL || fill == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < nset; i++) {
        const struct sy_devset *one = (const struct sy_devset *)(const void *)(bytes + i * stride);
        SY_DEVSET_EACH(u, one)
        list->first[u + 1]++;
    }
    for (unsigned u = 0; u < n; u++)
        list->first[u + 1] = (uint16_t)(list->first[u + 1] + list->first[u]);
    for (size_t i = 0; i < nset; i++) {
        const struct sy_devset *one = (const struct sy_devset *)(const void *)(bytes + i * stride);
        SY_DEVSET_EACH(u, one)
        list->item[list->first[u] + fill[u]++] = (uint16_t)i;
    }
    return SY_OK;
}

static enum sy_code allocate(struct sy_value_context *c, struct sy_arena *arena, struct sy_err *err)
{
    size_t n = c->n;
    bool ok =
        (c->unit = sy_arena_calloc(arena, n, sizeof *c->unit)) != NULL &&
        (c->eligible = sy_arena_calloc(arena, n, sizeof *c->eligible)) != NULL &&
        (c->node = sy_arena_calloc(arena, n, sizeof *c->node)) != NULL &&
        (c->memory = sy_arena_calloc(arena, n, sizeof *c->memory)) != NULL &&
        (c->card = sy_arena_calloc(arena, n, sizeof *c->card)) != NULL &&
        (c->share = sy_arena_calloc(arena, n, sizeof *c->share)) != NULL &&
        (c->card_left = sy_arena_calloc(arena, c->fabric->ncard, sizeof *c->card_left)) != NULL &&
        (c->pf = sy_arena_calloc(arena, n, sizeof *c->pf)) != NULL &&
        (c->flags = sy_arena_calloc(arena, n, sizeof *c->flags)) != NULL &&
        (c->alone_mbps = sy_arena_calloc(arena, n, sizeof *c->alone_mbps)) != NULL &&
        (c->link_mbps = sy_arena_calloc(arena, n, sizeof *c->link_mbps)) != NULL &&
        (c->degree = sy_arena_calloc(arena, n, sizeof *c->degree)) != NULL &&
        (c->watts = sy_arena_calloc(arena, n, sizeof *c->watts)) != NULL &&
        (c->cell = sy_arena_calloc(arena, n * n, sizeof *c->cell)) != NULL;
    return ok ? SY_OK : sy_fail(err, SY_ENOMEM, "out of memory");
}

static uint16_t memory_score(const struct sy_value_context *c, const struct sy_unit *unit)
{
    uint32_t reference = c->profile->memory_reference_mbps[unit->kind];
    if (reference == 0)
        return SY_NO_MEMORY;
    if (unit->memory_bw_mbps == 0)
        return c->profile->neutral;
    return sy_value_scaled(unit->memory_bw_mbps, reference);
}

/* What taking it adds: its cap, else its TDP, in place of its idle power. Unknown power adds
 * nothing that is known; unknown idle power is none. The pod's own number needs neither. */
static int64_t watts_of(const struct sy_unit *unit, const struct sy_unit_usage *usage,
                        uint32_t *flags)
{
    int64_t full = usage->cap_mw != SY_UNKNOWN_MW ? usage->cap_mw : (int64_t)unit->tdp_mw;
    if (full == 0)
        *flags |= UINT32_C(1) << SY_UNKNOWN_DEVICE_POWER;
    else if (unit->idle_mw == 0)
        *flags |= UINT32_C(1) << SY_UNKNOWN_IDLE_POWER;
    return full > unit->idle_mw ? full - unit->idle_mw : 0;
}

static void describe_unit(struct sy_value_context *c, unsigned local)
{
    unsigned u = c->unit[local];
    const struct sy_unit *unit = &c->fabric->unit[u];
    uint32_t flags = 0;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        if (sy_devset_has(&c->scene.pool[e], u))
            c->eligible[local] |= (uint16_t)(1u << e);
    }
    c->memory[local] = memory_score(c, unit);
    if (c->memory[local] != SY_NO_MEMORY && unit->memory_bw_mbps == 0)
        flags |= UINT32_C(1) << SY_UNKNOWN_MEMORY;
    if (c->request->expected_mw == SY_UNKNOWN_MW)
        c->watts[local] = watts_of(unit, &c->usage->unit[u], &flags);
    if (unit->model == NULL || unit->model->generic)
        flags |= UINT32_C(1) << SY_UNKNOWN_MODEL;
    if (unit->link_assumed)
        flags |= UINT32_C(1) << SY_UNKNOWN_LINK_RATE;
    if (c->usage->mode == SY_MODE_COUNTS)
        flags |= UINT32_C(1) << SY_UNKNOWN_OCCUPANCY;
    c->flags[local] = flags;
    c->card[local] = unit->card;
    c->share[local] = unit->share;
    c->pf[local] = -1;
}

/* The places that two units share, as far as requirements read them. */
static uint32_t shared_places(const struct sy_value_context *c, const struct sy_unit *a,
                              const struct sy_unit *b)
{
    uint32_t flags = 0;
    for (int s = 0; s <= c->widest; s++) {
        bool known = a->place[s] >= 0 && b->place[s] >= 0, same = a->place[s] == b->place[s];
        if (known && same)
            flags |= SY_VALUE_SHARES(s);
        if (c->scene.maybe && (s == SY_SCOPE_NUMA || s == SY_SCOPE_SOCKET) && (!known || same))
            flags |= SY_VALUE_MAY_SHARE(s);
    }
    return flags;
}

static void describe_pair(struct sy_value_context *c, unsigned a, unsigned b)
{
    const struct sy_pair *pair = sy_fabric_pair(c->fabric, c->unit[a], c->unit[b]);
    struct sy_value_cell *cell = &c->cell[(size_t)a * c->n + b];
    bool overlay = pair->path >= SY_PATH_FIRST_OVERLAY;
    uint32_t mbps = overlay ? pair->mbps : pair->pcie_mbps;
    cell->weights = c->profile->path[pair->path] | (uint64_t)c->profile->cpu[pair->cpu] << 32;
    cell->mbps = mbps != 0 ? mbps : SY_VALUE_NO_LIMIT;
    cell->flags = overlay ? SY_VALUE_OVERLAY : SY_VALUE_PCIE;
    if (mbps == 0)
        cell->flags |= UINT32_C(1) << SY_UNKNOWN_LINK;
    if (pair->path == SY_PATH_UNKNOWN || pair->cpu == SY_PATH_UNKNOWN)
        cell->flags |= UINT32_C(1) << SY_UNKNOWN_LOCALITY;
    if (!overlay && pair->pcie == SY_PATH_SYS && c->fabric->socket_assumed)
        cell->flags |= UINT32_C(1) << SY_UNKNOWN_SOCKET_RATE;
    cell->flags |= shared_places(c, &c->fabric->unit[c->unit[a]], &c->fabric->unit[c->unit[b]]);
    c->has_overlay |= overlay;
    c->cell[(size_t)b * c->n + a] = *cell;
}

/* What is left of each card, and whether the candidates could ask more of one than that. */
static void find_cards(struct sy_value_context *c)
{
    uint32_t asked[SY_UNIT_MAX] = {0};
    for (unsigned k = 0; k < c->fabric->ncard; k++)
        c->card_left[k] = c->fabric->card[k].capacity;
    for (unsigned u = 0; u < c->fabric->nunit && !c->scene.ignore_held; u++) {
        const struct sy_unit *unit = &c->fabric->unit[u];
        unsigned part = (unsigned)unit->share * c->usage->unit[u].held;
        part = (part + SY_WHOLE - 1) / SY_WHOLE;
        uint16_t *left = &c->card_left[unit->card];
        *left = (uint16_t)(*left > part ? *left - part : 0);
    }
    for (unsigned i = 0; i < c->n; i++) {
        asked[c->card[i]] += c->share[i];
        c->cards_bind |= asked[c->card[i]] > c->card_left[c->card[i]];
        int16_t pf = c->fabric->unit[c->unit[i]].pf;
        if (pf >= 0)
            c->pf[i] = (int16_t)sy_value_local(c, (unsigned)pf);
        c->cards_bind |= c->pf[i] >= 0;
    }
}

/* Entry by entry: do candidates differ in memory, in watts? */
static void find_differences(struct sy_value_context *c)
{
    uint32_t sum = 0, n = 0;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        int first = -1;
        for (unsigned i = 0; i < c->n; i++) {
            if ((c->eligible[i] >> e & 1) == 0)
                continue;
            if (first < 0)
                first = (int)i;
            c->memory_differs |= c->memory[i] != c->memory[first];
            uint32_t differ = c->flags[i] ^ c->flags[first];
            c->watts_differ |= c->watts[i] != c->watts[first] ||
                               (differ & UINT32_C(1) << SY_UNKNOWN_DEVICE_POWER) != 0;
        }
        if (first >= 0 && c->memory[first] != SY_NO_MEMORY) {
            sum += c->memory[first];
            n++;
        }
    }
    c->memory_term = (uint16_t)(n != 0 ? (2 * sum + n) / (2 * n) : 1000);
}

static enum sy_code describe(struct sy_value_context *c, struct sy_arena *arena, struct sy_err *err)
{
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned e = 0; e < c->request->nentry; e++) {
        all = sy_devset_or(all, c->scene.pool[e]);
        c->want += c->request->entry[e].count;
    }
    for (unsigned t = 0; t < SY_TERM_COUNT; t++)
        c->weight += c->profile->term[t];
    c->widest = -1;
    for (unsigned r = 0; r < c->request->nrequire; r++) {
        if (c->request->require[r].scope > c->widest)
            c->widest = c->request->require[r].scope;
    }
    c->n = (uint16_t)sy_devset_count(&all);
    enum sy_code code = allocate(c, arena, err);
    if (code != SY_OK)
        return code;
    unsigned n = 0;
    SY_DEVSET_EACH(u, &all)
    {
        c->unit[n] = c->scene.order != NULL ? c->scene.order[n] : (uint16_t)u;
        n++;
    }
    for (unsigned i = 0; i < n; i++)
        describe_unit(c, i);
    for (unsigned a = 0; a < n; a++) {
        for (unsigned b = a + 1; b < n; b++)
            describe_pair(c, a, b);
    }
    find_cards(c);
    find_differences(c);
    return SY_OK;
}

enum sy_code sy_value_context_build(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                    const struct sy_request *request,
                                    const struct sy_profile *profile,
                                    const struct sy_value_scene *scene, struct sy_arena *arena,
                                    struct sy_value_context **ret, struct sy_err *err)
{
    struct sy_value_context *c = sy_arena_calloc(arena, 1, sizeof *c);
    if (c == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    c->fabric = fabric;
    c->usage = usage;
    c->request = request;
    c->profile = profile;
    c->scene = *scene;
    enum sy_code code = describe(c, arena, err);
    if (code == SY_OK)
        code = sy_value_find_links(c, arena, err);
    if (code == SY_OK)
        code = sy_value_find_groups(c, arena, err);
    if (code == SY_OK)
        *ret = c;
    return code;
}

enum sy_code sy_value_context_new(const struct sy_fabric *fabric, const struct sy_usage *usage,
                                  const struct sy_request *request,
                                  const struct sy_profile *profile, struct sy_arena *arena,
                                  struct sy_value_context **ret, struct sy_err *err)
{
    struct sy_value_scene scene;
    sy_value_scene_init(fabric, usage, request, &scene);
    return sy_value_context_build(fabric, usage, request, profile, &scene, arena, ret, err);
}
