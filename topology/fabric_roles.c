/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_roles.h"

#include "topology/fabric_private.h"

static const char *const part_names[] = {
#define X(id, name) name,
    SY_BRIDGE_PARTS(X)
#undef X
};

const char *sy_bridge_part_name(enum sy_bridge_part part)
{
    return (unsigned)part < SY_BRIDGE_PART_COUNT ? part_names[part] : "?";
}

enum sy_bridge_part sy_fabric_bridge_part(const struct sy_fabric *fabric, uint16_t obj)
{
    const struct sy_port *port = &fabric->inner->port[obj];
    if (port->kind == SY_PORT_NONE)
        return SY_BRIDGE_PART_NONE;
    if (port->internal)
        return SY_BRIDGE_PART_CARD;
    if (port->kind == SY_PORT_ROOT)
        return SY_BRIDGE_PART_ROOT_PORT;
    return port->kind == SY_PORT_UP && port->chip == obj ? SY_BRIDGE_PART_SWITCH
                                                         : SY_BRIDGE_PART_INNER;
}

bool sy_fabric_is_vf(const struct sy_fabric *fabric, uint16_t obj)
{
    return fabric->inner->vf[obj];
}

/* 0 = unknown, in and out. */
static uint32_t min_known(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0)
        return a | b;
    return a < b ? a : b;
}

/* What an end can do over so many lanes (0 = unknown). */
static uint32_t end_best(const struct sy_obj *end, unsigned width)
{
    if (width == 0 || end->max_width <= width)
        return end->max_link_mbps;
    return (uint32_t)((uint64_t)end->max_link_mbps * width / end->max_width);
}

/* The port that an object hangs on, when it tells of the link between them; else the object. */
static const struct sy_obj *other_end(const struct sy_fabric *f, uint16_t obj)
{
    uint16_t up = f->inv.obj[obj].parent;
    const struct sy_port *port = &f->inner->port[up];
    bool leads_down = port->kind == SY_PORT_ROOT || port->kind == SY_PORT_DOWN;
    return &f->inv.obj[leads_down ? up : obj];
}

static struct sy_link_state one_link(const struct sy_fabric *f, uint16_t obj)
{
    const struct sy_obj *low = &f->inv.obj[obj], *high = other_end(f, obj);
    unsigned width = min_known(low->max_width, high->max_width);
    return (struct sy_link_state){
        .usable_mbps = f->uplink_mbps[obj],
        .best_mbps = min_known(end_best(low, width), end_best(high, width)),
        .now_mbps = min_known(low->cur_link_mbps, high->cur_link_mbps),
        .width = (uint8_t)(low->cur_width != 0 ? low->cur_width : high->cur_width),
        .best_width = (uint8_t)width,
    };
}

struct sy_link_state sy_fabric_link_state(const struct sy_fabric *fabric, uint16_t obj)
{
    const struct sy_fabric *f = fabric;
    struct sy_link_state link = one_link(f, obj);
    const struct sy_model *model = f->inner->model[obj];
    for (uint16_t up = f->inv.obj[obj].parent; f->inner->port[up].internal;
         up = f->inv.obj[up].parent) {
        struct sy_link_state above = one_link(f, up);
        if (f->inner->port[up].kind != SY_PORT_UP || above.usable_mbps == 0)
            continue;
        if (link.usable_mbps == 0 || above.usable_mbps < link.usable_mbps)
            link = above;
    }
    if (link.best_mbps == 0 && model != NULL && model->link_mbps.known) {
        link.best_mbps = model->link_mbps.value;
        link.best_is_usual = true;
    }
    link.assumed = model != NULL && sy_fabric_is_assumed(f, f->inner, obj);
    if (link.width == 0)
        link.width = link.best_width;
    return link;
}
