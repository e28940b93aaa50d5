/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates in the order of the tree: siblings one after the other, and inside each the same
 * things in the same order, whatever their PCI addresses are. */
#include "scoring/placement_private.h"

struct child {
    uint16_t node;    /* 0 = a single unit */
    uint16_t first;   /* its lowest unit */
    uint16_t linked;  /* lowest unit that an overlay links to one of its own: hives together */
    uint64_t content; /* how many of which: equal for those that could be alike */
};

struct order {
    const struct sy_value_context *c;
    struct sy_arena *arena;
    uint16_t *unit; /* the result, of the fabric's units */
    unsigned n;
};

static uint64_t content_of(const struct sy_value_context *c, const struct sy_devset *member)
{
    struct sy_digest d = sy_digest_begin();
    uint32_t kinds[SY_KIND_COUNT] = {0}, eligible = 0;
    SY_DEVSET_EACH(u, member)
    {
        kinds[c->fabric->unit[c->unit[u]].kind]++;
        eligible += c->eligible[u];
    }
    for (unsigned k = 0; k < SY_KIND_COUNT; k++)
        sy_digest_u64(&d, kinds[k]);
    sy_digest_u64(&d, eligible);
    return d.lo;
}

static uint16_t lowest_linked(const struct sy_value_context *c, const struct sy_devset *member)
{
    int lowest = UINT16_MAX;
    SY_DEVSET_EACH(u, member)
    {
        int linked = sy_devset_next(&c->fabric->overlay[c->unit[u]], 0);
        if (linked >= 0 && linked > (int)c->unit[u])
            linked = c->unit[u];
        if (linked >= 0 && linked < lowest)
            lowest = linked;
    }
    return (uint16_t)lowest;
}

static bool before(const struct child *a, const struct child *b)
{
    if (a->content != b->content)
        return a->content < b->content;
    return a->linked != b->linked ? a->linked < b->linked : a->first < b->first;
}

static void insert(struct child *list, unsigned n, struct child child)
{
    for (; n > 0 && before(&child, &list[n - 1]); n--)
        list[n] = list[n - 1];
    list[n] = child;
}

static bool put_node(struct order *o, uint16_t node)
{
    const struct sy_value_context *c = o->c;
    struct sy_devset left = c->tree[node].below;
    struct child *child = sy_arena_calloc(o->arena, c->tree[node].size, sizeof *child);
    unsigned n = 0;
    if (child == NULL)
        return false;
    for (int u = sy_devset_next(&left, 0); u >= 0; u = sy_devset_next(&left, 0)) {
        uint16_t at = c->node[u];
        struct sy_devset member = SY_DEVSET_EMPTY;
        while (at != node && c->tree[at].parent != node)
            at = c->tree[at].parent;
        if (at != node)
            member = c->tree[at].below;
        else
            sy_devset_add(&member, (unsigned)u);
        insert(child, n++,
               (struct child){.node = at != node ? at : 0,
                              .first = (uint16_t)u,
                              .linked = lowest_linked(c, &member),
                              .content = content_of(c, &member)});
        left = sy_devset_minus(left, member);
    }
    for (unsigned i = 0; i < n; i++) {
        if (child[i].node == 0)
            o->unit[o->n++] = c->unit[child[i].first];
        else if (!put_node(o, child[i].node))
            return false;
    }
    return true;
}

const uint16_t *sy_order_by_tree(const struct sy_value_context *c, struct sy_arena *arena)
{
    struct order o = {.c = c, .arena = arena};
    o.unit = sy_arena_calloc(arena, c->n, sizeof *o.unit);
    return o.unit != NULL && put_node(&o, 0) ? o.unit : NULL;
}
