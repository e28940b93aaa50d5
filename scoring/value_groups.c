/* SPDX-License-Identifier: Apache-2.0 */
/* What LEFTOVER counts: groups of units worth keeping whole, and the connectivity of free pairs. */
#include "scoring/value_private.h"

struct groups {
    struct sy_value_context *c;
    struct sy_devset *set; /* of the fabric's units, distinct, each of two or more */
    unsigned nset;
};

/* Equal, looking at the word that differs most often first. */
static bool same(const struct sy_devset *a, const struct sy_devset *b)
{
    return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2] && a->w[3] == b->w[3];
}

static void add_group(struct groups *g, const struct sy_devset *set)
{
    unsigned size = sy_devset_count(set);
    if (size < 2)
        return;
    for (unsigned i = 0; i < g->nset; i++) {
        if (same(&g->set[i], set))
            return;
    }
    g->set[g->nset++] = *set;
    g->c->group_total += size;
}

/* A place counts as a whole, and for each kind of unit in it. */
static void add_place(struct groups *g, const struct sy_devset *set)
{
    struct sy_devset kind[SY_KIND_COUNT] = {0};
    add_group(g, set);
    SY_DEVSET_EACH(u, set)
    sy_devset_add(&kind[g->c->fabric->unit[u].kind], (unsigned)u);
    for (unsigned k = 0; k < SY_KIND_COUNT; k++)
        add_group(g, &kind[k]);
}

static void add_scope(struct groups *g, enum sy_scope scope)
{
    const struct sy_fabric *f = g->c->fabric;
    struct sy_devset left = SY_DEVSET_EMPTY;
    for (unsigned u = 0; u < f->nunit; u++) {
        if (f->unit[u].place[scope] >= 0)
            sy_devset_add(&left, u);
    }
    for (int u = sy_devset_next(&left, 0); u >= 0; u = sy_devset_next(&left, 0)) {
        struct sy_devset set = SY_DEVSET_EMPTY;
        SY_DEVSET_EACH(k, &left)
        {
            if (f->unit[k].place[scope] == f->unit[u].place[scope])
                sy_devset_add(&set, (unsigned)k);
        }
        left = sy_devset_minus(left, set);
        add_place(g, &set);
    }
}

/* Units that are linked to one another and to the same others: meshes, rings, pairs of dies. */
static void add_overlays(struct groups *g)
{
    const struct sy_fabric *f = g->c->fabric;
    struct sy_devset done = SY_DEVSET_EMPTY;
    for (unsigned u = 0; u < f->nunit; u++) {
        if (sy_devset_has(&done, u) || sy_devset_empty(&f->overlay[u]))
            continue;
        struct sy_devset own = f->overlay[u], set = SY_DEVSET_EMPTY;
        sy_devset_add(&own, u);
        SY_DEVSET_EACH(k, &own)
        {
            struct sy_devset theirs = f->overlay[k];
            sy_devset_add(&theirs, (unsigned)k);
            if (same(&own, &theirs))
                sy_devset_add(&set, (unsigned)k);
        }
        done = sy_devset_or(done, set);
        add_group(g, &set);
    }
}

static struct sy_devset to_local(const struct sy_value_context *c, const struct sy_devset *set)
{
    struct sy_devset local = SY_DEVSET_EMPTY;
    for (unsigned i = 0; i < c->n; i++) {
        if (sy_devset_has(set, c->unit[i]))
            sy_devset_add(&local, i);
    }
    return local;
}

/* Keep the groups that are free today and that a pick can break; equal ones count together. */
static void keep_free(struct groups *g)
{
    struct sy_value_context *c = g->c;
    for (unsigned i = 0; i < g->nset; i++) {
        if (!sy_devset_subset(&g->set[i], &c->scene.free))
            continue;
        struct sy_devset member = to_local(c, &g->set[i]);
        if (sy_devset_empty(&member))
            continue;
        unsigned k = 0;
        while (k < c->ngroup && !same(&c->group[k].member, &member))
            k++;
        c->group[k].member = member;
        c->group[k].weight += sy_devset_count(&g->set[i]);
        c->ngroup = (uint16_t)(k == c->ngroup ? k + 1 : c->ngroup);
    }
}

static void find_degrees(struct sy_value_context *c)
{
    const struct sy_fabric *f = c->fabric;
    for (unsigned a = 0; a < f->nunit; a++) {
        for (unsigned b = a + 1; b < f->nunit; b++)
            c->degree_total += c->profile->path[sy_fabric_pair(f, a, b)->path];
    }
    for (unsigned i = 0; i < c->n; i++) {
        SY_DEVSET_EACH(k, &c->scene.free)
        {
            if (k != c->unit[i])
                c->degree[i] += c->profile->path[sy_fabric_pair(f, c->unit[i], (unsigned)k)->path];
        }
    }
}

enum sy_code sy_value_find_groups(struct sy_value_context *c, struct sy_arena *arena,
                                  struct sy_err *err)
{
    struct groups g = {.c = c};
    /* Per scope at most half as many places as units, and as many groups of one kind. */
    g.set = sy_arena_calloc(arena, (size_t)SY_SCOPE_COUNT * c->fabric->nunit, sizeof *g.set);
    if (g.set == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned scope = 0; scope < SY_SCOPE_ANY; scope++)
        add_scope(&g, (enum sy_scope)scope);
    add_overlays(&g);
    c->group = sy_arena_calloc(arena, g.nset, sizeof *c->group);
    if (c->group == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    keep_free(&g);
    find_degrees(c);
    return sy_value_list_make(&c->group_of, c->n, &c->group[0].member, sizeof *c->group, c->ngroup,
                              arena, err);
}
