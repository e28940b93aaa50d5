/* SPDX-License-Identifier: Apache-2.0 */
/* What is still whole: nodes, sockets, NUMA nodes, host bridges and switches, by kind of device,
 * and the largest set of free devices that one of them holds. */
#include "planner/report/report_private.h"

static const unsigned sizes[] = {1, 2, 4, 8, 16};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* X(name, scope) */
static const struct {
    const char *name;
    int scope; /* enum sy_scope; -1: the node itself */
} levels[] = {
    {"node", -1},
    {"socket", SY_SCOPE_SOCKET},
    {"numa", SY_SCOPE_NUMA},
    {"root", SY_SCOPE_ROOT},
    {"switch", SY_SCOPE_SWITCH},
};
#define LEVELS (sizeof levels / sizeof levels[0])

struct level {
    int64_t places, whole, partly, full;
    int64_t sets[SIZES]; /* disjoint sets of free devices of this size, each within one place */
    uint32_t largest;
    const char *where; /* node of the largest */
};

/* Place of a unit, -1 = unknown or none of this sort. A slot that stands for a switch that is not
 * there is no switch. */
static int place_of(const struct sy_fabric *f, unsigned unit, int scope)
{
    int place = scope < 0 ? 0 : f->unit[unit].place[scope];
    if (place >= 0 && scope == SY_SCOPE_SWITCH && f->inv.obj[place].type != SY_OBJ_BRIDGE)
        return -1;
    return place;
}

static void count_place(struct level *level, const char *node, uint32_t devices, uint32_t free)
{
    level->places++;
    level->whole += free == devices;
    level->partly += free > 0 && free < devices;
    level->full += free == 0;
    for (size_t s = 0; s < SIZES; s++)
        level->sets[s] += free / sizes[s];
    if (free > level->largest) {
        level->largest = free;
        level->where = node;
    }
}

/* Devices of one kind in every place of a node. `left` is the kind's free devices where nobody
 * knows which they are: no place has more. */
static void count_node(const struct sy_state_node *node, unsigned kind, int scope, uint32_t left,
                       struct level *level)
{
    const struct sy_fabric *f = node->node->fabric;
    struct sy_devset done = SY_DEVSET_EMPTY;
    for (unsigned u = 0; u < f->nunit; u++) {
        int place = place_of(f, u, scope);
        uint32_t devices = 0, free = 0;
        if (f->unit[u].kind != kind || f->unit[u].pf >= 0 || place < 0 || sy_devset_has(&done, u))
            continue;
        for (unsigned v = u; v < f->nunit; v++) {
            struct sy_tally one;
            if (f->unit[v].kind != kind || f->unit[v].pf >= 0 || place_of(f, v, scope) != place)
                continue;
            sy_devset_add(&done, v);
            sy_tally_unit(node, v, &one);
            devices++;
            free += one.free > 0;
        }
        count_place(level, node->name, devices, free < left ? free : left);
    }
}

static void write_level(struct sy_writer *w, json_t *rows, const char *name, unsigned kind,
                        const struct level *level)
{
    char key[12];
    json_t *row = sy_write_row(w, rows);
    sy_write_text(w, row, "place", name);
    sy_write_text(w, row, "kind", sy_kind_name(kind));
    sy_write_int(w, row, "places", level->places);
    sy_write_int(w, row, "whole", level->whole);
    sy_write_int(w, row, "partly", level->partly);
    sy_write_int(w, row, "full", level->full);
    sy_write_int(w, row, "largestSet", level->largest);
    sy_write_text(w, row, "largestNode", level->where);
    json_t *sets = sy_write_object(w, row, "sets");
    for (size_t s = 0; s < SIZES; s++) {
        (void)snprintf(key, sizeof key, "%u", sizes[s]);
        sy_write_int(w, sets, key, level->sets[s]);
    }
}

enum sy_code sy_report_section_places(struct sy_report *r, struct sy_err *err)
{
    struct level level[LEVELS][SY_KIND_COUNT] = {0};
    (void)err;
    for (size_t i = 0; i < r->state->nnode; i++) {
        const struct sy_state_node *node = &r->state->node[i];
        struct sy_tally kind[SY_KIND_COUNT];
        if (node->node == NULL)
            continue;
        sy_tally_node(node, kind);
        for (unsigned k = 0; k < SY_KIND_COUNT; k++)
            for (size_t l = 0; l < LEVELS && kind[k].delivered > 0; l++)
                count_node(node, k, levels[l].scope, (uint32_t)kind[k].free, &level[l][k]);
    }
    json_t *rows = sy_write_array(&r->w, r->root, "places");
    for (size_t l = 0; l < LEVELS; l++)
        for (unsigned k = 0; k < SY_KIND_COUNT; k++)
            if (level[l][k].places > 0)
                write_level(&r->w, rows, levels[l].name, k, &level[l][k]);
    return SY_OK;
}
