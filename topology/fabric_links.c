/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

/* 0 = unknown, in and out. */
static uint32_t min_known(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0)
        return a | b;
    return a < b ? a : b;
}

static uint32_t scale(uint32_t mbps, unsigned width, unsigned full_width)
{
    return (uint32_t)((uint64_t)mbps * width / full_width);
}

/* Is this the rate of a link that runs at 2.5 or 5 GT/s? Links are slowed to these when idle, at
 * full width; without a known width, a rate is one of them times a power of two lanes. Rates read
 * from hwloc's files are rounded: one in 100 is the same rate. */
static bool is_idle_rate(uint32_t mbps, unsigned width)
{
    for (unsigned lanes = 1; lanes <= 32; lanes *= 2) {
        if (width != 0 && lanes != width)
            continue;
        uint32_t gen1 = sy_pci_link_mbps(2500, lanes), gen2 = sy_pci_link_mbps(5000, lanes);
        uint64_t scaled = (uint64_t)mbps * 200;
        if ((scaled >= gen1 * 199u && scaled <= gen1 * 201u) ||
            (scaled >= gen2 * 199u && scaled <= gen2 * 201u))
            return true;
    }
    return false;
}

/* What one end of the link can do over `width` lanes (0 = unknown). */
static uint32_t end_max(const struct sy_obj *end, unsigned width)
{
    if (end == NULL)
        return 0;
    if (width != 0 && end->max_width > width)
        return scale(end->max_link_mbps, width, end->max_width);
    return end->max_link_mbps;
}

/* The present rate: both ends tell of one link, yet may have been read at different moments. The
 * lower one counts (a link that lost lanes), unless it is an idle one. */
static uint32_t present(const struct sy_obj *obj, const struct sy_obj *port)
{
    uint32_t a = obj->cur_link_mbps, b = port != NULL ? port->cur_link_mbps : 0;
    uint32_t low = min_known(a, b), high = a > b ? a : b;
    unsigned width = low == a ? obj->cur_width : port->cur_width;
    return is_idle_rate(low, width) ? high : low;
}

uint32_t sy_link_usable(const struct sy_obj *obj, const struct sy_obj *port, uint32_t usual)
{
    unsigned width = obj->cur_width;
    if (width == 0 && port != NULL)
        width = port->cur_width;
    unsigned full_width = min_known(obj->max_width, port != NULL ? port->max_width : 0);
    uint32_t now = present(obj, port);
    uint32_t max = min_known(end_max(obj, full_width), end_max(port, full_width));
    if (max == 0) {
        /* An idle rate tells nothing about what the link can do; the model does. */
        bool idle = now == 0 || (is_idle_rate(now, width) && usual > now);
        return idle && usual != 0 ? usual : now;
    }
    if (width != 0 && width < full_width)
        max = scale(max, width, full_width);
    /* Two readings of one rate may differ in the last digit. */
    bool full = (uint64_t)now * 100 >= (uint64_t)max * 99;
    return now == 0 || full || is_idle_rate(now, width) ? max : now;
}

/* The port whose link an object hangs on, when the port's own rates are those of that link: root
 * and downstream ports report the link below them. */
static bool leads_down(const struct sy_port *port)
{
    return port->kind == SY_PORT_ROOT || port->kind == SY_PORT_DOWN;
}

static bool all_unknown(const struct sy_obj *obj)
{
    return obj->cur_link_mbps == 0 && obj->max_link_mbps == 0;
}

/* The host link that a device of this model usually has, 0 = unknown. For a card's own upstream
 * port, which is the one that trains down when the card is idle: the card's. */
static uint32_t usual_mbps(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t i)
{
    uint16_t device = i;
    if (in->port[i].internal && in->port[i].kind == SY_PORT_UP) {
        while (device < f->inv.nobj && in->model[device] == NULL)
            device++;
        if (device == f->inv.nobj || sy_inventory_ancestor(&f->inv, i, device) != i)
            return 0;
    }
    const struct sy_model *model = in->model[device];
    return model != NULL && model->link_mbps.known ? model->link_mbps.value : 0;
}

bool sy_fabric_is_assumed(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t i)
{
    const struct sy_obj *obj = &f->inv.obj[i];
    const struct sy_obj *port =
        leads_down(&in->port[obj->parent]) ? &f->inv.obj[obj->parent] : NULL;
    bool told = sy_link_usable(obj, port, 0) == f->uplink_mbps[i];
    return f->uplink_mbps[i] != 0 && !told && f->uplink_mbps[i] == usual_mbps(f, in, i);
}

static void find_link(struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t i)
{
    const struct sy_obj *obj = &f->inv.obj[i];
    const struct sy_port *port = &in->port[i], *above = &in->port[obj->parent];
    if (obj->type == SY_OBJ_BRIDGE && (leads_down(port) || port->chip != i))
        return; /* inside one chip: no limit of its own */
    bool own_port = leads_down(above);
    uint32_t mbps =
        sy_link_usable(obj, own_port ? &f->inv.obj[obj->parent] : NULL, usual_mbps(f, in, i));
    f->uplink_mbps[i] = mbps;
    /* All functions of a slot share the port's link: the port's edge carries its rate too. */
    if (own_port && mbps > f->uplink_mbps[obj->parent])
        f->uplink_mbps[obj->parent] = mbps;
}

/* A virtual function that tells no rate has the link of its physical function. */
static void find_vf_link(struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t i)
{
    const struct sy_obj *obj = &f->inv.obj[i];
    uint32_t mbps = f->uplink_mbps[obj->parent];
    if (!leads_down(&in->port[obj->parent]))
        mbps = 0;
    else if (mbps == 0)
        mbps = sy_link_usable(obj, &f->inv.obj[obj->parent], 0);
    for (uint16_t k = 0; mbps == 0 && obj->has_physfn && k < f->inv.nobj; k++) {
        const struct sy_obj *pf = &f->inv.obj[k];
        if (pf->type == SY_OBJ_DEVICE && sy_pci_addr_cmp(pf->addr, obj->physfn) == 0)
            mbps = f->uplink_mbps[k];
    }
    f->uplink_mbps[i] = mbps != 0 ? mbps : usual_mbps(f, in, i);
}

void sy_fabric_find_links(struct sy_fabric *f, const struct sy_fabric_inner *in)
{
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        const struct sy_obj *obj = &f->inv.obj[i];
        bool linked = obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE;
        if (linked && !(in->vf[i] && all_unknown(obj)))
            find_link(f, in, i);
    }
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        if (in->vf[i] && all_unknown(&f->inv.obj[i]))
            find_vf_link(f, in, i);
    }
}
