/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

/* What hangs directly below an object. */
struct below {
    uint16_t count;     /* children that are no virtual functions */
    uint8_t bus, dev;   /* of the first bridge or function */
    bool several_buses; /* not all on one bus */
    bool several_slots; /* several bridges at different device numbers, or functions likewise */
    bool plain_bridge;  /* a bridge that is not of a card */
};

static void find_models(struct sy_fabric *f, struct sy_fabric_inner *in)
{
    for (uint16_t i = 0; i < f->inv.nobj; i++) {
        const struct sy_obj *obj = &f->inv.obj[i];
        if (obj->type != SY_OBJ_DEVICE)
            continue;
        enum sy_role role = SY_ROLE_UNIT;
        in->model[i] = sy_catalogue_match(f->catalogue, obj->id, &role);
        in->role[i] = (uint8_t)role;
        in->vf[i] = obj->is_vf || obj->has_physfn || (in->model[i] != NULL && in->model[i]->is_vf);
    }
}

/* A card's own bridge: nothing but the card's one slot is below it. */
static bool of_card(const struct below *below, enum sy_bridge_role role)
{
    return role == SY_BRIDGE_CARD_INTERNAL && !below->plain_bridge && !below->several_slots &&
           below->count > 0;
}

/* Children stand after their parents: going backwards, a bridge is seen after all that is below. */
static void look_below(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                       struct below *below, enum sy_bridge_role *role, unsigned *chip)
{
    for (uint16_t i = (uint16_t)(f->inv.nobj - 1); i > 0; i--) {
        const struct sy_obj *obj = &f->inv.obj[i];
        role[i] = SY_BRIDGE_PLAIN;
        if (obj->type == SY_OBJ_BRIDGE)
            role[i] = sy_catalogue_bridge(f->catalogue, obj->id, &chip[i]);
        if ((obj->type != SY_OBJ_BRIDGE && obj->type != SY_OBJ_DEVICE) || in->vf[i])
            continue;
        struct below *up = &below[obj->parent];
        if (up->count++ == 0) {
            up->bus = obj->addr.bus;
            up->dev = obj->addr.dev;
        }
        if (obj->addr.bus != up->bus)
            up->several_buses = true;
        if (obj->addr.bus != up->bus || obj->addr.dev != up->dev)
            up->several_slots = true;
        if (obj->type == SY_OBJ_BRIDGE && !of_card(&below[i], role[i]))
            up->plain_bridge = true;
    }
}

/* A port below a host bridge is a root port, unless it behaves as a switch does: a root port has
 * one slot. (Topologies of virtual machines and NCCL's files leave root ports out.) */
static bool is_switch_at_root(const struct below *below, enum sy_bridge_role role)
{
    return role == SY_BRIDGE_SAME_CHIP || below->several_buses ||
           (below->several_slots && below->plain_bridge);
}

/* Is a bridge below an upstream port one of that switch's downstream ports, and not the upstream
 * port of a further switch? Downstream ports sit on the one bus right behind the upstream port and
 * have one slot each; NCCL's files, which leave downstream ports out, tell no bus ranges. */
static bool is_downstream(const struct sy_fabric *f, uint16_t i, const struct below *below)
{
    const struct sy_obj *obj = &f->inv.obj[i], *up = &f->inv.obj[obj->parent];
    if (up->bus_first != 0 || up->bus_last != 0)
        return obj->addr.bus == up->bus_first;
    return !below[obj->parent].several_buses && !below[i].several_buses;
}

static void set_port(const struct sy_fabric *f, struct sy_fabric_inner *in, uint16_t i,
                     const struct below *below, enum sy_bridge_role role, unsigned chip)
{
    const struct sy_obj *obj = &f->inv.obj[i], *up = &f->inv.obj[obj->parent];
    struct sy_port *port = &in->port[i];
    const struct sy_port *above = &in->port[obj->parent];
    if (up->type == SY_OBJ_HOST_BRIDGE && !is_switch_at_root(&below[i], role)) {
        port->kind = SY_PORT_ROOT;
        return;
    }
    if (above->kind == SY_PORT_UP && is_downstream(f, i, below)) {
        *port = *above;
        port->kind = SY_PORT_DOWN;
        return;
    }
    port->kind = SY_PORT_UP;
    port->chip = i;
    port->internal = of_card(&below[i], role);
    if (role == SY_BRIDGE_SAME_CHIP) {
        port->chip_number = chip;
        if (above->chip != 0 && above->chip_number == chip)
            port->chip = above->chip;
    }
}

enum sy_code sy_fabric_find_ports(struct sy_fabric *f, struct sy_fabric_inner *in,
                                  struct sy_err *err)
{
    uint16_t n = f->inv.nobj;
    sy_autofree struct below *below = sy_calloc(n, sizeof *below);
    sy_autofree enum sy_bridge_role *role = sy_calloc(n, sizeof *role);
    sy_autofree unsigned *chip = sy_calloc(n, sizeof *chip);
    if (below == NULL || role == NULL || chip == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    find_models(f, in);
    look_below(f, in, below, role, chip);
    for (uint16_t i = 1; i < n; i++) {
        if (f->inv.obj[i].type == SY_OBJ_BRIDGE)
            set_port(f, in, i, below, role[i], chip[i]);
    }
    return SY_OK;
}
