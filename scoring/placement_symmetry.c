/* SPDX-License-Identifier: Apache-2.0 */
/* Which units, switches, sockets can be exchanged without any set changing its value? Candidates
 * for it are siblings in the PCIe tree; each exchange is checked against all that the value
 * function reads, so that what the tree does not tell (overlays, occupancy, requirements) counts
 * too. Classes nest: what is found inside the first block of a class holds inside the others. */
#include "scoring/placement_private.h"

#include <string.h>

struct block {
    uint16_t node; /* of the tree, 0 = a single unit */
    uint16_t size;
    const uint16_t *row; /* its units, ascending */
};

struct finder {
    const struct sy_value_context *c;
    struct sy_symmetry *ret;
    struct sy_arena *arena;
    uint16_t *image; /* scratch: where each unit goes */
};

static bool same_unit(const struct sy_value_context *c, unsigned a, unsigned b)
{
    const struct sy_unit *x = &c->fabric->unit[c->unit[a]], *y = &c->fabric->unit[c->unit[b]];
    bool same = c->eligible[a] == c->eligible[b] && c->memory[a] == c->memory[b] &&
                c->watts[a] == c->watts[b] && c->flags[a] == c->flags[b] &&
                c->degree[a] == c->degree[b] && x->kind == y->kind;
    if (same && c->want == 1)
        same = c->alone_mbps[a] == c->alone_mbps[b] && c->link_mbps[a] == c->link_mbps[b] &&
               (x->place[SY_SCOPE_NUMA] < 0) == (y->place[SY_SCOPE_NUMA] < 0);
    if (same && c->cards_bind)
        same = c->share[a] == c->share[b] && c->card_left[c->card[a]] == c->card_left[c->card[b]];
    return same;
}

static bool same_cell(const struct sy_value_cell *x, const struct sy_value_cell *y)
{
    return x->weights == y->weights && x->mbps == y->mbps && x->flags == y->flags;
}

/* Do a and b share a card as their images do? */
static bool same_cards(const struct finder *f, unsigned a, unsigned b)
{
    const struct sy_value_context *c = f->c;
    unsigned x = f->image[a], y = f->image[b];
    return (c->card[a] == c->card[b]) == (c->card[x] == c->card[y]) &&
           (c->pf[a] == (int)b) == (c->pf[x] == (int)y) &&
           (c->pf[b] == (int)a) == (c->pf[y] == (int)x);
}

static bool same_pairs(const struct finder *f, const struct block *x)
{
    const struct sy_value_context *c = f->c;
    for (unsigned i = 0; i < x->size; i++) {
        unsigned a = x->row[i];
        const struct sy_value_cell *from = sy_value_cell_of(c, a, 0);
        const struct sy_value_cell *to = sy_value_cell_of(c, f->image[a], 0);
        for (unsigned b = 0; b < c->n; b++) {
            if (!same_cell(&from[b], &to[f->image[b]]))
                return false;
            if (c->cards_bind && !same_cards(f, a, b))
                return false;
        }
    }
    return true;
}

/* The set after the exchange; false when it stays what it is. */
static bool exchange(const struct block *x, const struct block *y, const struct sy_devset *set,
                     struct sy_devset *ret)
{
    bool changed = false;
    *ret = *set;
    for (unsigned i = 0; i < x->size; i++) {
        bool in_x = sy_devset_has(set, x->row[i]), in_y = sy_devset_has(set, y->row[i]);
        if (in_x == in_y)
            continue;
        changed = true;
        sy_devset_del(ret, in_x ? x->row[i] : y->row[i]);
        sy_devset_add(ret, in_x ? y->row[i] : x->row[i]);
    }
    return changed;
}

static bool same_nodes(const struct sy_value_context *c, const struct block *x,
                       const struct block *y)
{
    struct sy_devset to;
    for (unsigned e = 1; e < c->nnode; e++) {
        const struct sy_value_node *node = &c->tree[e];
        if (node->share == NULL || !exchange(x, y, &node->below, &to))
            continue;
        unsigned k = 1;
        while (k < c->nnode && !sy_devset_equal(&c->tree[k].below, &to))
            k++;
        if (k == c->nnode || c->tree[k].share == NULL ||
            memcmp(c->tree[k].share + 1, node->share + 1, node->size * sizeof *node->share) != 0)
            return false;
    }
    return true;
}

static bool same_groups(const struct sy_value_context *c, const struct block *x,
                        const struct block *y)
{
    struct sy_devset to;
    for (unsigned g = 0; g < c->ngroup; g++) {
        if (!exchange(x, y, &c->group[g].member, &to))
            continue;
        unsigned k = 0;
        while (k < c->ngroup && !sy_devset_equal(&c->group[k].member, &to))
            k++;
        if (k == c->ngroup || c->group[k].weight != c->group[g].weight)
            return false;
    }
    return true;
}

/* May the two be exchanged, row by row? Rows ascend from x to y, so that the first of equal sets
 * has its units in the first block. */
static bool exchangeable(struct finder *f, const struct block *x, const struct block *y)
{
    if (x->size != y->size)
        return false;
    for (unsigned i = 0; i < x->size; i++) {
        if (x->row[i] > y->row[i] || !same_unit(f->c, x->row[i], y->row[i]))
            return false;
    }
    for (unsigned i = 0; i < x->size; i++) {
        f->image[x->row[i]] = y->row[i];
        f->image[y->row[i]] = x->row[i];
    }
    bool same =
        same_pairs(f, x) && same_pairs(f, y) && same_nodes(f->c, x, y) && same_groups(f->c, x, y);
    for (unsigned i = 0; i < x->size; i++) {
        f->image[x->row[i]] = x->row[i];
        f->image[y->row[i]] = y->row[i];
    }
    return same;
}

/* The blocks directly below a node, by their first unit. Returns how many; NULL array: no memory.
 */
static struct block *find_blocks(struct finder *f, uint16_t node, unsigned *ret_n)
{
    const struct sy_value_context *c = f->c;
    struct sy_devset left = c->tree[node].below;
    struct block *block = sy_arena_calloc(f->arena, c->tree[node].size, sizeof *block);
    uint16_t *row = sy_arena_calloc(f->arena, c->tree[node].size, sizeof *row);
    if (block == NULL || row == NULL)
        return NULL;
    unsigned n = 0;
    for (int u = sy_devset_next(&left, 0); u >= 0; u = sy_devset_next(&left, 0)) {
        uint16_t child = c->node[u];
        while (child != node && c->tree[child].parent != node)
            child = c->tree[child].parent;
        struct sy_devset member = SY_DEVSET_EMPTY;
        if (child != node)
            member = c->tree[child].below;
        else
            sy_devset_add(&member, (unsigned)u);
        block[n] = (struct block){.node = child != node ? child : 0, .row = row};
        SY_DEVSET_EACH(k, &member)
        row[block[n].size++] = (uint16_t)k;
        row += block[n++].size;
        left = sy_devset_minus(left, member);
    }
    *ret_n = n;
    return block;
}

/* What holds inside the first block (slots from … to) holds inside this one. */
static void copy_inner(struct finder *f, const struct block *first, const struct block *other,
                       uint32_t from, uint32_t to, uint32_t blocks)
{
    struct sy_symmetry *ret = f->ret;
    uint32_t shift = ret->nslot - from, block_shift = ret->nblock - blocks;
    for (unsigned i = 0; i < first->size; i++)
        f->image[first->row[i]] = other->row[i];
    for (uint32_t i = from; i < to; i++) {
        struct sy_slot slot = ret->slot[i];
        slot.unit = f->image[slot.unit];
        slot.before = f->image[slot.before];
        slot.block = (uint16_t)(slot.block + block_shift);
        if (slot.above >= 0)
            slot.above += (int32_t)shift;
        ret->slot[ret->nslot++] = slot;
    }
    for (unsigned i = 0; i < first->size; i++)
        f->image[first->row[i]] = first->row[i];
}

static void add_class(struct finder *f, const struct block *const *block, unsigned n)
{
    struct sy_symmetry *ret = f->ret;
    for (unsigned k = 1; k < n; k++) {
        for (unsigned i = 0; i < block[k]->size; i++) {
            ret->slot[ret->nslot] = (struct sy_slot){
                .unit = block[k]->row[i],
                .before = block[k - 1]->row[i],
                .above = i == 0 ? -1 : (int32_t)ret->nslot - 1,
                .order = (uint16_t)k,
                .block = (uint16_t)(ret->nblock + k),
                .last = i + 1u == block[k]->size,
            };
            ret->nslot++;
        }
    }
    ret->nblock += n;
}

static enum sy_code refine(struct finder *f, uint16_t node, struct sy_err *err);

static enum sy_code refine_class(struct finder *f, const struct block *const *block, unsigned n,
                                 struct sy_err *err)
{
    uint32_t from = f->ret->nslot, blocks = f->ret->nblock;
    if (block[0]->node != 0) {
        enum sy_code code = refine(f, block[0]->node, err);
        if (code != SY_OK)
            return code;
    }
    uint32_t to = f->ret->nslot, inner_blocks = f->ret->nblock - blocks;
    for (unsigned k = 1; k < n; k++) {
        copy_inner(f, block[0], block[k], from, to, blocks);
        f->ret->nblock += inner_blocks;
    }
    if (n > 1)
        add_class(f, block, n);
    return SY_OK;
}

/* Blocks that may be exchanged with one another, and all of them as one block. */
struct class
{
    const struct block **member;
    unsigned n;
    bool done;
    struct block whole;
};

static bool join(struct finder *f, struct class *class)
{
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned k = 0; k < class->n; k++) {
        for (unsigned i = 0; i < class->member[k]->size; i++)
            sy_devset_add(&all, class->member[k]->row[i]);
    }
    uint16_t *row = sy_arena_calloc(f->arena, sy_devset_count(&all), sizeof *row);
    if (row == NULL)
        return false;
    class->whole.row = row;
    SY_DEVSET_EACH(u, &all)
    row[class->whole.size++] = (uint16_t)u;
    return true;
}

/* Sort the blocks below a node into classes. NULL: no memory. */
static struct class *find_classes(struct finder *f, uint16_t node, unsigned *ret_n)
{
    unsigned n = 0, nclass = 0;
    struct block *block = find_blocks(f, node, &n);
    const struct block **member = sy_arena_calloc(f->arena, n, sizeof(struct block *));
    bool *done = sy_arena_calloc(f->arena, n, sizeof *done);
    struct class *class = sy_arena_calloc(f->arena, n, sizeof *class);
    if (block == NULL || member == NULL || done == NULL || class == NULL)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        if (done[i])
            continue;
        struct class *c = &class[nclass++];
        c->member = member;
        c->member[c->n++] = &block[i];
        for (unsigned k = i + 1; k < n; k++) {
            if (done[k] || !exchangeable(f, c->member[c->n - 1], &block[k]))
                continue;
            done[k] = true;
            c->member[c->n++] = &block[k];
        }
        member += c->n;
        if (!join(f, c))
            return NULL;
    }
    *ret_n = nclass;
    return class;
}

/* Classes may be exchanged as a whole too: the hives below one switch. */
static enum sy_code refine(struct finder *f, uint16_t node, struct sy_err *err)
{
    unsigned n = 0;
    struct class *class = find_classes(f, node, &n);
    const struct block **whole = sy_arena_calloc(f->arena, n, sizeof(struct block *));
    if (class == NULL || whole == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned i = 0; i < n; i++) {
        if (class[i].done)
            continue;
        uint32_t from = f->ret->nslot, blocks = f->ret->nblock;
        enum sy_code code = refine_class(f, class[i].member, class[i].n, err);
        if (code != SY_OK)
            return code;
        uint32_t to = f->ret->nslot, inner_blocks = f->ret->nblock - blocks;
        unsigned size = 0;
        whole[size++] = &class[i].whole;
        for (unsigned k = i + 1; k<n &&class[i].n> 1; k++) {
            if (class[k].done || class[k].n != class[i].n ||
                !exchangeable(f, whole[size - 1], &class[k].whole))
                continue;
            class[k].done = true;
            copy_inner(f, whole[0], &class[k].whole, from, to, blocks);
            f->ret->nblock += inner_blocks;
            whole[size++] = &class[k].whole;
        }
        if (size > 1)
            add_class(f, whole, size);
    }
    return SY_OK;
}

/* Slots by unit. A row's slots stand before those of the rows below it: their units ascend. */
static enum sy_code index_slots(struct finder *f, struct sy_err *err)
{
    struct sy_symmetry *ret = f->ret;
    unsigned n = f->c->n;
    ret->first = sy_arena_calloc(f->arena, (size_t)n + 2, sizeof *ret->first);
    ret->of = sy_arena_calloc(f->arena, ret->nslot, sizeof *ret->of);
    if (ret->first == NULL || ret->of == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < ret->nslot; i++)
        ret->first[ret->slot[i].unit + 2]++;
    for (unsigned u = 0; u < n; u++)
        ret->first[u + 2] += ret->first[u + 1];
    for (uint32_t i = 0; i < ret->nslot; i++)
        ret->of[ret->first[ret->slot[i].unit + 1]++] = i;
    return SY_OK;
}

enum sy_code sy_symmetry_find(const struct sy_value_context *c, bool wanted, struct sy_arena *arena,
                              struct sy_symmetry *ret, struct sy_err *err)
{
    struct finder f = {.c = c, .ret = ret, .arena = arena};
    *ret = (struct sy_symmetry){0};
    unsigned depth = 2;
    for (unsigned i = 0; i < c->n && wanted; i++) {
        unsigned levels = 2; /* per node: a class, and a class of classes */
        for (uint16_t e = c->node[i]; e != 0; e = c->tree[e].parent)
            levels += 2;
        depth = levels > depth ? levels : depth;
    }
    f.image = sy_arena_calloc(arena, c->n, sizeof *f.image);
    ret->slot = sy_arena_calloc(arena, (size_t)c->n * depth, sizeof *ret->slot);
    if (f.image == NULL || ret->slot == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (unsigned i = 0; i < c->n; i++)
        f.image[i] = (uint16_t)i;
    if (wanted) {
        enum sy_code code = refine(&f, 0, err);
        if (code != SY_OK)
            return code;
    }
    return index_slots(&f, err);
}
