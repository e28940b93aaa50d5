/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

/* What hangs directly below an object. */
struct below {
    uint16_t count;     /* children that are no virtual functions */
    uint16_t first;     /* of these, or of the virtual functions where there are no others */
    bool several_buses; /* not all on one bus */
    bool several_slots; /* several bridges at different device numbers, or several devices */
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

/* The physical function of a virtual one, where sysfs does not name it: of the same vendor below
 * the same bridge. What is alone of its device (given to a virtual machine) is a device of its own.
 */
static struct sy_pci_addr find_owner(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                                     uint16_t vf)
{
    const struct sy_obj *obj = &f->inv.obj[vf];
    if (obj->has_physfn)
        return obj->physfn;
    if (f->inv.obj[obj->parent].type != SY_OBJ_BRIDGE)
        return obj->addr;
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        const struct sy_obj *pf = &f->inv.obj[i];
        if (pf->parent == obj->parent && pf->type == SY_OBJ_DEVICE && !in->vf[i] &&
            pf->id.vendor == obj->id.vendor && pf->addr.domain == obj->addr.domain)
            return pf->addr;
    }
    return obj->addr;
}

static void find_owners(const struct sy_fabric *f, struct sy_fabric_inner *in)
{
    for (uint16_t i = 1; i < f->inv.nobj; i++)
        in->owner[i] = in->vf[i] ? find_owner(f, in, i) : f->inv.obj[i].addr;
}

/* A card's own bridge: nothing but the card's one slot is below it. */
static bool of_card(const struct below *below, enum sy_bridge_role role)
{
    return role == SY_BRIDGE_CARD_INTERNAL && !below->plain_bridge && !below->several_slots &&
           below->count > 0;
}

static bool is_pci(const struct sy_obj *obj)
{
    return obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE;
}

static void find_first(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                       struct below *below)
{
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        struct below *up = &below[f->inv.obj[i].parent];
        if (is_pci(&f->inv.obj[i]) && (up->first == 0 || (in->vf[up->first] && !in->vf[i])))
            up->first = i;
    }
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
        if (!is_pci(obj))
            continue;
        struct below *up = &below[obj->parent];
        const struct sy_pci_addr *first = &f->inv.obj[up->first].addr;
        if (!sy_path_same_device(f, in, i, up->first))
            up->several_slots = true;
        if (in->vf[i])
            continue;
        up->count++;
        if (obj->addr.bus != first->bus || obj->addr.domain != first->domain)
            up->several_buses = true;
        if (obj->type == SY_OBJ_BRIDGE && !of_card(&below[i], role[i]))
            up->plain_bridge = true;
    }
}

/* A port below a host bridge is a root port, unless it behaves as a switch does: a root port has
 * one slot. (Topologies of virtual machines and NCCL's files leave root ports out; the latter may
 * put all that is below a switch on one bus.) */
static bool is_switch_at_root(const struct below *below, enum sy_bridge_role role)
{
    return role == SY_BRIDGE_SAME_CHIP || below->several_buses || below->several_slots;
}

/* Is a bridge below an upstream port one of that switch's downstream ports, and not the upstream
 * port of a further switch? Downstream ports sit on the one bus right behind the upstream port and
 * have one slot each; NCCL's files, which leave downstream ports out, tell no bus ranges, or
 * guessed ones for switches that hold switches. */
static bool is_downstream(const struct sy_fabric *f, uint16_t i, const struct below *below)
{
    const struct sy_obj *obj = &f->inv.obj[i], *up = &f->inv.obj[obj->parent];
    bool told = obj->bus_first != 0 || obj->bus_last != 0;
    if (!told && below[i].several_slots)
        return false;
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
    find_owners(f, in);
    find_first(f, in, below);
    look_below(f, in, below, role, chip);
    for (uint16_t i = 1; i < n; i++) {
        if (f->inv.obj[i].type == SY_OBJ_BRIDGE)
            set_port(f, in, i, below, role[i], chip[i]);
    }
    return SY_OK;
}
