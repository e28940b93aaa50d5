/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/rows.h"

#include <stdlib.h>
#include <string.h>

/* The tree in the order people read it: by number and address, whatever order the file has. */
struct walk {
    struct sy_draft *draft;
    uint16_t *order; /* objects by parent, then number or address */
    uint16_t *first; /* [nobj + 1] where an object's children begin in it */
};

struct key {
    struct sy_obj obj;
    uint16_t index;
};

static int key_cmp(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->obj.parent != b->obj.parent)
        return a->obj.parent < b->obj.parent ? -1 : 1;
    if (a->obj.type != b->obj.type && (a->obj.type < SY_OBJ_BRIDGE || b->obj.type < SY_OBJ_BRIDGE))
        return a->obj.type < b->obj.type ? -1 : 1;
    if (a->obj.os_index != b->obj.os_index)
        return a->obj.os_index < b->obj.os_index ? -1 : 1;
    int c = sy_pci_addr_cmp(a->obj.addr, b->obj.addr);
    return c != 0 ? c : (int)a->index - (int)b->index;
}

static enum sy_code sort(struct walk *walk, struct sy_err *err)
{
    const struct sy_inventory *inv = &walk->draft->fabric->inv;
    sy_autofree struct key *key = sy_calloc(inv->nobj, sizeof *key);
    if (key == NULL || walk->order == NULL || walk->first == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint16_t i = 0; i < inv->nobj; i++)
        key[i] = (struct key){inv->obj[i], i};
    qsort(key + 1, inv->nobj - 1u, sizeof *key, key_cmp);
    for (uint16_t i = 1; i < inv->nobj; i++)
        walk->order[i] = key[i].index;
    for (uint32_t i = inv->nobj, parent = inv->nobj; parent-- > 0;) {
        while (i > 1 && key[i - 1].obj.parent >= parent)
            i--;
        walk->first[parent] = (uint16_t)i;
    }
    walk->first[inv->nobj] = inv->nobj;
    return SY_OK;
}

static enum sy_row_kind kind_of(const struct sy_fabric *f, uint16_t obj)
{
    switch ((enum sy_obj_type)f->inv.obj[obj].type) {
    case SY_OBJ_MACHINE:
        return SY_ROW_MACHINE;
    case SY_OBJ_PACKAGE:
        return SY_ROW_PACKAGE;
    case SY_OBJ_NUMA:
        return SY_ROW_NUMA;
    case SY_OBJ_HOST_BRIDGE:
        return SY_ROW_ROOT;
    case SY_OBJ_BRIDGE:
        return sy_fabric_bridge_part(f, obj) == SY_BRIDGE_PART_SWITCH ? SY_ROW_SWITCH : SY_ROW_PORT;
    case SY_OBJ_DEVICE:
    case SY_OBJ_TYPE_COUNT:
        break;
    }
    return SY_ROW_FUNCTION;
}

static bool is_shown(const struct sy_draft *draft, uint16_t obj)
{
    enum sy_row_kind kind = kind_of(draft->fabric, obj);
    if (draft->all || kind <= SY_ROW_NUMA)
        return true;
    return (kind == SY_ROW_ROOT || kind == SY_ROW_SWITCH) &&
           !sy_devset_empty(&draft->fabric->under[obj]);
}

static size_t push(struct sy_draft *draft, enum sy_row_kind kind, uint16_t obj, int unit,
                   size_t parent)
{
    struct sy_drawing *d = draft->drawing;
    if (d->nrow == draft->row_room)
        return parent; /* cannot be: there is room for every object and unit */
    size_t row = d->nrow++;
    d->row[row] = (struct sy_draw_row){
        .kind = (uint8_t)kind,
        .leaf = true,
        .depth = (uint16_t)(row == 0 ? 0 : d->row[parent].depth + 1),
        .obj = obj,
        .unit = (int16_t)unit,
        .count = 1,
        .parent = parent,
        .label = "",
    };
    for (unsigned i = 0; i < SY_CELL_COUNT; i++)
        d->row[row].cell[i] = "";
    if (row != 0)
        d->row[parent].leaf = false;
    draft->shown[obj] = true;
    return row;
}

/* The units of one function; virtual ones stand below their physical one. False: there is none. */
static bool push_units(struct sy_draft *draft, uint16_t obj, size_t parent)
{
    const struct sy_fabric *f = draft->fabric;
    bool any = false;
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (f->unit[u].obj != obj)
            continue;
        any = true;
        if (f->unit[u].pf >= 0)
            continue;
        size_t row = push(draft, SY_ROW_UNIT, obj, u, parent);
        for (uint16_t v = 0; v < f->nunit; v++) {
            if (f->unit[v].pf == (int16_t)u)
                (void)push(draft, SY_ROW_UNIT, f->unit[v].obj, v, row);
        }
    }
    return any;
}

/* Nesting is at most 64 (sy_inventory_check). */
static void descend(struct walk *walk, uint16_t obj, size_t parent)
{
    struct sy_draft *draft = walk->draft;
    size_t row = parent;
    bool device = draft->fabric->inv.obj[obj].type == SY_OBJ_DEVICE;
    if (!(device && push_units(draft, obj, parent)) && is_shown(draft, obj))
        row = push(draft, kind_of(draft->fabric, obj), obj, -1, parent);
    for (uint16_t i = walk->first[obj]; i < walk->first[obj + 1]; i++)
        descend(walk, walk->order[i], row);
}

static void mark_last(struct sy_drawing *d)
{
    for (size_t i = d->nrow; i-- > 0;) {
        size_t k = i + 1;
        while (k < d->nrow && d->row[k].depth > d->row[i].depth)
            k++;
        d->row[i].last = k == d->nrow || d->row[k].depth < d->row[i].depth;
    }
}

enum sy_code sy_draft_rows(struct sy_draft *draft, struct sy_err *err)
{
    const struct sy_fabric *f = draft->fabric;
    sy_autofree uint16_t *order = sy_calloc(f->inv.nobj, sizeof *order);
    sy_autofree uint16_t *first = sy_calloc(f->inv.nobj + 1u, sizeof *first);
    struct walk walk = {draft, order, first};
    draft->row_room = (size_t)f->inv.nobj + f->nunit;
    draft->drawing->row = sy_draft_calloc(draft, draft->row_room, sizeof *draft->drawing->row);
    draft->shown = sy_draft_calloc(draft, f->inv.nobj, sizeof *draft->shown);
    if (draft->words.failed)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sort(&walk, err);
    if (code != SY_OK)
        return code;
    descend(&walk, 0, 0);
    mark_last(draft->drawing);
    return SY_OK;
}

/* Of one kind, and the same in all but address and label: what stands there several times. */
static bool is_equal(const struct sy_drawing *d, size_t a, size_t b)
{
    const struct sy_draw_row *x = &d->row[a], *y = &d->row[b];
    const struct sy_fabric *f = d->node->fabric;
    if (x->parent != y->parent || x->kind != y->kind || !x->leaf || !y->leaf || x->held ||
        y->held || x->bad || y->bad || x->below || y->below)
        return false;
    if (x->kind == SY_ROW_UNIT && (!sy_fabric_is_vf(f, x->obj) || !sy_fabric_is_vf(f, y->obj) ||
                                   f->unit[x->unit].kind != f->unit[y->unit].kind))
        return false;
    if (x->kind >= SY_ROW_ROOT && x->kind != SY_ROW_UNIT && strcmp(x->label, y->label) != 0)
        return false;
    const struct sy_obj *p = &f->inv.obj[x->obj], *q = &f->inv.obj[y->obj];
    if (p->id.class_id != q->id.class_id || p->id.vendor != q->id.vendor ||
        p->id.device != q->id.device)
        return false;
    for (unsigned i = SY_CELL_ADDRESS + 1; i < SY_CELL_COUNT; i++) {
        if (strcmp(x->cell[i], y->cell[i]) != 0)
            return false;
    }
    return true;
}

/* "NIC3-9", "NUMA 1-3", "NUMA 1 to 9 x3" when numbers are missing. */
static const char *run_label(struct sy_draft *draft, size_t first, size_t last)
{
    const struct sy_drawing *d = draft->drawing;
    const struct sy_draw_row *a = &d->row[first], *b = &d->row[last];
    const struct sy_obj *obj = d->node->fabric->inv.obj;
    size_t n = last - first + 1;
    if (a->kind == SY_ROW_UNIT)
        return sy_words(&draft->words, "%s-%s", d->name[a->unit],
                        d->name[b->unit] + strcspn(d->name[b->unit], "0123456789"));
    if (obj[b->obj].os_index - obj[a->obj].os_index == n - 1)
        return sy_words(&draft->words, "%s-%u", a->label, obj[b->obj].os_index);
    return sy_words(&draft->words, "%s to %u x%zu", a->label, obj[b->obj].os_index, n);
}

static void fold(struct sy_draft *draft, size_t first, size_t last, struct sy_draw_row *ret)
{
    const struct sy_drawing *d = draft->drawing;
    const struct sy_draw_row *a = &d->row[first], *b = &d->row[last];
    *ret = *a;
    ret->count = (uint16_t)(last - first + 1);
    ret->last = b->last;
    if (a->kind == SY_ROW_PACKAGE || a->kind == SY_ROW_NUMA || a->kind == SY_ROW_UNIT)
        ret->label = run_label(draft, first, last);
    else
        ret->label = sy_words(&draft->words, "%s x%u", a->label, ret->count);
    if (a->kind == SY_ROW_UNIT)
        ret->cell[SY_CELL_DEVICE] =
            sy_words(&draft->words, "%u x %s", ret->count, a->cell[SY_CELL_DEVICE]);
}

void sy_draft_runs(struct sy_draft *draft)
{
    struct sy_drawing *d = draft->drawing;
    size_t kept = 0;
    size_t *moved = sy_draft_calloc(draft, d->nrow, sizeof *moved);
    for (size_t i = 0; i < d->nrow && moved != NULL;) {
        size_t end = i + 1;
        while (end < d->nrow && is_equal(d, i, end))
            end++;
        struct sy_draw_row row = d->row[i];
        size_t n = end - i >= 3 ? end - i : 1;
        if (n > 1)
            fold(draft, i, end - 1, &row);
        row.parent = moved[row.parent];
        moved[i] = kept;
        d->row[kept++] = row;
        i += n;
    }
    d->nrow = kept;
}
