/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keep.h"

#include "topology/discover/build.h"

#include <stdlib.h>
#include <string.h>

struct merge {
    const struct sy_inventory *before, *scan;
    const struct sy_catalogue *cat;
    struct sy_build build;
    bool *wanted;     /* [nobj of before]: is to be kept, or stands above what is … */
    uint16_t *place;  /* … and where it is in the build */
    uint16_t *new_of; /* [nobj of scan]: where it is in the build */
};

static const struct sy_obj *find(const struct sy_inventory *inv, const struct sy_obj *like)
{
    for (uint16_t i = 1; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        bool host = obj->type == SY_OBJ_HOST_BRIDGE;
        if (obj->type < SY_OBJ_HOST_BRIDGE || host != (like->type == SY_OBJ_HOST_BRIDGE))
            continue;
        if (host ? obj->addr.domain == like->addr.domain && obj->addr.bus == like->addr.bus
                 : sy_pci_addr_cmp(obj->addr, like->addr) == 0)
            return obj;
    }
    return NULL;
}

static bool is_ours(const struct merge *m, const struct sy_obj *obj)
{
    enum sy_role role;
    return obj->type == SY_OBJ_DEVICE && sy_catalogue_match(m->cat, obj->id, &role) != NULL;
}

/* A virtual function is removed on purpose, through its physical one. */
static bool was_removed(const struct merge *m, const struct sy_obj *obj)
{
    struct sy_obj physical = {.type = SY_OBJ_DEVICE, .addr = obj->physfn};
    return obj->is_vf && obj->has_physfn && find(m->scan, &physical) != NULL;
}

static bool same_boot(const struct merge *m)
{
    return m->before != NULL && m->before->boot_id != NULL && m->scan->boot_id != NULL &&
           strcmp(m->before->boot_id, m->scan->boot_id) == 0;
}

/* Mark what is gone and to be kept, with all that it hangs on. */
static void mark_lost(struct merge *m, struct sy_lost *lost)
{
    for (uint16_t i = 1; i < m->before->nobj; i++) {
        const struct sy_obj *obj = &m->before->obj[i];
        if (!is_ours(m, obj) || find(m->scan, obj) != NULL || was_removed(m, obj) ||
            lost->n == SY_LOST_MAX)
            continue;
        lost->addr[lost->n++] = obj->addr;
        for (uint16_t up = i; up > 0; up = m->before->obj[up].parent)
            m->wanted[up] = true;
    }
}

/* Objects of the scan that stay: the CPU side, and whole trees below a host bridge's ports that
 * hold a device of ours or one that was lost from there. What stands beside it tells what is a
 * switch and how links are shared. */
static void mark_useful(const struct merge *m, bool *useful)
{
    const struct sy_inventory *scan = m->scan;
    for (uint16_t i = 0; i < scan->nobj; i++) {
        const struct sy_obj *obj = &scan->obj[i];
        useful[i] = obj->type < SY_OBJ_HOST_BRIDGE;
        if (!is_ours(m, obj))
            continue;
        for (uint16_t up = i; up > 0 && scan->obj[up].type >= SY_OBJ_HOST_BRIDGE;
             up = scan->obj[up].parent)
            useful[up] = true;
    }
    for (uint16_t i = 1; m->before != NULL && i < m->before->nobj; i++) {
        const struct sy_obj *same = m->wanted[i] ? find(scan, &m->before->obj[i]) : NULL;
        for (const struct sy_obj *up = same; up != NULL && up->type >= SY_OBJ_HOST_BRIDGE;
             up = &scan->obj[up->parent])
            useful[up - scan->obj] = true;
    }
    for (uint16_t i = 1; i < scan->nobj; i++) { /* parents stand before their children */
        const struct sy_obj *up = &scan->obj[scan->obj[i].parent];
        if (up->type == SY_OBJ_BRIDGE && useful[scan->obj[i].parent])
            useful[i] = true;
    }
}

static enum sy_code add_scan(struct merge *m, const bool *useful, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (uint16_t i = 1; i < m->scan->nobj && code == SY_OK; i++) {
        struct sy_obj obj = m->scan->obj[i];
        if (!useful[i])
            continue;
        obj.parent = m->new_of[obj.parent];
        code = sy_build_obj(&m->build, &obj, &m->new_of[i], err);
    }
    return code;
}

/* Below what the kept object hangs on now. The CPU side does not change within a boot, but for CPUs
 * that are taken offline; then "locality unknown" is the truth. */
static uint16_t parent_of(const struct merge *m, const struct sy_obj *obj)
{
    const struct sy_obj *up = &m->before->obj[obj->parent];
    if (up->type >= SY_OBJ_HOST_BRIDGE)
        return m->place[obj->parent];
    for (size_t i = 0; i < m->build.nobj; i++)
        if (m->build.obj[i].type == up->type && m->build.obj[i].os_index == up->os_index)
            return (uint16_t)i;
    return 0;
}

static enum sy_code add_lost(struct merge *m, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (uint16_t i = 1; i < m->before->nobj && code == SY_OK; i++) {
        struct sy_obj obj = m->before->obj[i];
        if (!m->wanted[i] || obj.type < SY_OBJ_HOST_BRIDGE)
            continue;
        const struct sy_obj *there = find(m->scan, &obj);
        if (there != NULL) {
            m->place[i] = m->new_of[there - m->scan->obj];
            continue;
        }
        obj.parent = parent_of(m, &obj);
        code = sy_build_obj(&m->build, &obj, &m->place[i], err);
    }
    return code;
}

/* Where an object stands: how deep, and what it is. */
struct rank {
    uint16_t index, depth;
    struct sy_obj obj;
};

static int rank_cmp(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    if (a->obj.type != b->obj.type)
        return a->obj.type < b->obj.type ? -1 : 1;
    if (a->obj.os_index != b->obj.os_index)
        return a->obj.os_index < b->obj.os_index ? -1 : 1;
    int order = sy_pci_addr_cmp(a->obj.addr, b->obj.addr);
    return order != 0 ? order : (int)a->index - (int)b->index;
}

/* One order for equal trees: a device that is lost, and one that comes back, moves no other. */
static enum sy_code reorder(struct merge *m, struct sy_arena *arena, struct sy_err *err)
{
    size_t n = m->build.nobj;
    struct rank *rank = sy_arena_calloc(arena, n, sizeof *rank);
    uint16_t *place = sy_arena_calloc(arena, n, sizeof *place);
    if (rank == NULL || place == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the inventory");
    for (size_t i = 0; i < n; i++) {
        const struct sy_obj *obj = &m->build.obj[i];
        uint16_t depth = i == 0 ? 0 : (uint16_t)(rank[obj->parent].depth + 1);
        rank[i] = (struct rank){.index = (uint16_t)i, .depth = depth, .obj = *obj};
    }
    qsort(rank, n, sizeof *rank, rank_cmp);
    for (size_t i = 0; i < n; i++)
        place[rank[i].index] = (uint16_t)i;
    for (size_t i = 0; i < n; i++) {
        m->build.obj[i] = rank[i].obj;
        m->build.obj[i].parent = place[rank[i].obj.parent];
    }
    return SY_OK;
}

static enum sy_code add_links(struct merge *m, const struct sy_inventory *from, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (uint32_t i = 0; i < from->nlink && code == SY_OK; i++) {
        const struct sy_link *link = &from->link[i];
        int a = sy_build_find(&m->build, from->obj[link->a].addr);
        int b = sy_build_find(&m->build, from->obj[link->b].addr);
        if (a >= 0 && b >= 0)
            code = sy_build_link(&m->build, (uint16_t)a, (uint16_t)b, (enum sy_link_type)link->type,
                                 link->mbps, err);
    }
    return code;
}

static enum sy_code merge(struct merge *m, struct sy_arena *arena, struct sy_inventory *ret,
                          struct sy_lost *lost, struct sy_err *err)
{
    struct sy_inventory made = *m->scan;
    if (!same_boot(m))
        m->before = NULL;
    size_t nbefore = m->before != NULL ? m->before->nobj : 0;
    m->wanted = sy_arena_calloc(arena, nbefore + 1, sizeof *m->wanted);
    m->place = sy_arena_calloc(arena, nbefore + 1, sizeof *m->place);
    m->new_of = sy_arena_calloc(arena, m->scan->nobj, sizeof *m->new_of);
    bool *useful = sy_arena_calloc(arena, m->scan->nobj, sizeof *useful);
    if (m->wanted == NULL || m->place == NULL || m->new_of == NULL || useful == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the inventory");
    if (m->before != NULL)
        mark_lost(m, lost);
    mark_useful(m, useful);
    enum sy_code code = sy_build_init(&m->build, arena, err);
    if (code == SY_OK)
        code = add_scan(m, useful, err);
    if (code == SY_OK && m->before != NULL)
        code = add_lost(m, err);
    if (code == SY_OK)
        code = reorder(m, arena, err);
    if (code == SY_OK)
        code = add_links(m, m->scan, err);
    if (code == SY_OK && m->before != NULL && lost->n > 0)
        code = add_links(m, m->before, err);
    if (code == SY_OK)
        code = sy_build_finish(&m->build, &made, err);
    if (code == SY_OK)
        *ret = made;
    return code;
}

static int addr_cmp(const void *left, const void *right)
{
    const struct sy_pci_addr *a = left, *b = right;
    return sy_pci_addr_cmp(*a, *b);
}

enum sy_code sy_keep_merge(const struct sy_inventory *before, const struct sy_inventory *scan,
                           const struct sy_catalogue *cat, struct sy_arena *arena,
                           struct sy_inventory *ret, struct sy_lost *ret_lost, struct sy_err *err)
{
    struct merge m = {.before = before, .scan = scan, .cat = cat};
    struct sy_lost lost = {.n = 0};
    enum sy_code code = merge(&m, arena, ret, &lost, err);
    sy_build_done(&m.build);
    if (code != SY_OK)
        return code;
    if (lost.n > 0)
        qsort(lost.addr, lost.n, sizeof lost.addr[0], addr_cmp);
    *ret_lost = lost;
    return SY_OK;
}
