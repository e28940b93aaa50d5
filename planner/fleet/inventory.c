/* SPDX-License-Identifier: Apache-2.0 */
/* A sketch of a machine → the objects that discovery would have found on it. */
#include "planner/fleet/fleet_private.h"

#include <string.h>

/* Parts of the machines drawn, all with the link rates of the parts themselves. */
static const struct sy_pci_id root_port = {.class_id = 0x0604, .vendor = 0x8086, .device = 0x347a};
static const struct sy_pci_id switch_port = {
    .class_id = 0x0604, .vendor = 0x1000, .device = 0xc010};

struct builder {
    const struct sy_fleet *fleet;
    struct sy_inventory *inv;
    struct sy_arena *arena;
    uint32_t domain;
    unsigned bus;                   /* next free one */
    unsigned number;                /* of devices so far */
    struct sy_devset linked;        /* by number of device: those of the overlay */
    uint16_t obj_of[SY_DEVSET_MAX]; /* object of a device */
};

static struct sy_obj *add(struct builder *b, unsigned parent, enum sy_obj_type type)
{
    struct sy_obj *obj = &b->inv->obj[b->inv->nobj++];
    *obj = (struct sy_obj){.parent = (uint16_t)parent, .type = (uint8_t)type};
    return obj;
}

static uint16_t last(const struct builder *b)
{
    return (uint16_t)(b->inv->nobj - 1);
}

static struct sy_obj *add_pci(struct builder *b, unsigned parent, enum sy_obj_type type,
                              unsigned bus, unsigned dev, unsigned func)
{
    struct sy_obj *obj = add(b, parent, type);
    obj->addr = (struct sy_pci_addr){
        .domain = b->domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev, .func = (uint8_t)func};
    return obj;
}

static void add_device(struct builder *b, unsigned parent, unsigned part_index, unsigned bus,
                       const struct sy_fleet_machine *machine)
{
    const struct sy_fleet_part *part = &b->fleet->part[part_index];
    for (unsigned func = 0; func < (part->second != 0 ? 2u : 1u); func++) {
        struct sy_obj *obj = add_pci(b, parent, SY_OBJ_DEVICE, bus, 0, func);
        obj->id = part->id;
        if (func == 1)
            obj->id.device = part->second;
        obj->cur_link_mbps = obj->max_link_mbps = part->mbps;
    }
    struct sy_obj *obj = &b->inv->obj[last(b) - (part->second != 0)];
    obj->name = sy_arena_printf(b->arena, "%s-%u", part->name, b->number);
    if (b->number < SY_DEVSET_MAX && machine->link_type != SY_LINK_NONE &&
        machine->link_part == part_index) {
        sy_devset_add(&b->linked, b->number);
        b->obj_of[b->number] = (uint16_t)(obj - b->inv->obj);
    }
    b->number++;
}

/* The fastest part below a switch is what the links above it are made for. */
static uint32_t rate_of(const struct builder *b, const struct sy_fleet_slot *slot)
{
    uint32_t mbps = 0;
    for (unsigned i = 0; i < slot->n; i++)
        if (b->fleet->part[slot->part[i]].mbps > mbps)
            mbps = b->fleet->part[slot->part[i]].mbps;
    return mbps;
}

static void add_switch(struct builder *b, unsigned port, const struct sy_fleet_slot *slot,
                       const struct sy_fleet_machine *machine)
{
    unsigned up_bus = b->bus++, inner = b->bus++;
    struct sy_obj *up = add_pci(b, port, SY_OBJ_BRIDGE, up_bus, 0, 0);
    uint16_t up_index = last(b);
    up->id = switch_port;
    up->cur_link_mbps = up->max_link_mbps = rate_of(b, slot);
    up->bus_first = (uint8_t)inner;
    up->bus_last = (uint8_t)(inner + slot->n);
    for (unsigned i = 0; i < slot->n; i++) {
        unsigned bus = b->bus++;
        struct sy_obj *down = add_pci(b, up_index, SY_OBJ_BRIDGE, inner, i, 0);
        down->id = switch_port;
        down->cur_link_mbps = down->max_link_mbps = b->fleet->part[slot->part[i]].mbps;
        down->bus_first = down->bus_last = (uint8_t)bus;
        add_device(b, last(b), slot->part[i], bus, machine);
    }
}

static void add_slot(struct builder *b, unsigned numa, const struct sy_fleet_slot *slot,
                     const struct sy_fleet_machine *machine)
{
    unsigned buses = slot->n > 1 ? slot->n + 3u : 2u;
    if (b->bus + buses > 256) {
        b->domain++;
        b->bus = 0;
    }
    unsigned root = b->bus++;
    struct sy_obj *bridge = add_pci(b, numa, SY_OBJ_HOST_BRIDGE, root, 0, 0);
    bridge->bus_first = (uint8_t)root;
    bridge->bus_last = (uint8_t)(root + buses - 1);
    struct sy_obj *port = add_pci(b, last(b), SY_OBJ_BRIDGE, root, 1, 0);
    port->id = root_port;
    port->cur_link_mbps = port->max_link_mbps = rate_of(b, slot);
    port->bus_first = (uint8_t)(root + 1);
    port->bus_last = (uint8_t)(root + buses - 1);
    if (slot->n > 1)
        add_switch(b, last(b), slot, machine);
    else
        add_device(b, last(b), slot->part[0], b->bus++, machine);
}

/* Links among all devices of the overlay. */
static enum sy_code add_links(struct builder *b, const struct sy_fleet_machine *machine,
                              struct sy_err *err)
{
    size_t n = sy_devset_count(&b->linked);
    if (n < 2)
        return SY_OK;
    b->inv->link = sy_arena_calloc(b->arena, n * (n - 1) / 2, sizeof *b->inv->link);
    if (b->inv->link == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    SY_DEVSET_EACH(a, &b->linked)
    SY_DEVSET_EACH(c, &b->linked)
    if (a < c)
        b->inv->link[b->inv->nlink++] = (struct sy_link){.a = b->obj_of[a],
                                                         .b = b->obj_of[c],
                                                         .type = machine->link_type,
                                                         .mbps = machine->link_mbps};
    return SY_OK;
}

enum sy_code sy_fleet_inventory(const struct sy_fleet *fleet,
                                const struct sy_fleet_machine *machine, struct sy_arena *arena,
                                struct sy_inventory *ret, struct sy_err *err)
{
    struct sy_inventory inv = {.source = "document", .product = machine->name};
    struct builder b = {.fleet = fleet, .inv = &inv, .arena = arena, .bus = 16};
    inv.obj = sy_arena_calloc(arena, SY_OBJ_MAX, sizeof *inv.obj);
    if (inv.obj == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    (void)add(&b, 0, SY_OBJ_MACHINE);
    for (unsigned s = 0; s < machine->nsocket; s++) {
        add(&b, 0, SY_OBJ_PACKAGE)->os_index = s;
        struct sy_obj *numa = add(&b, last(&b), SY_OBJ_NUMA);
        uint16_t numa_index = last(&b);
        int64_t memory = machine->memory_mib / machine->nsocket;
        numa->os_index = s;
        numa->memory_mib = memory < UINT32_MAX ? (uint32_t)memory : UINT32_MAX;
        for (unsigned i = 0; i < machine->nslot[s]; i++) {
            if (inv.nobj + 5u + 3u * SY_FLEET_BELOW_MAX > SY_OBJ_MAX)
                return sy_fail(err, SY_ELIMIT, "machine '%s': more than %u objects", machine->name,
                               SY_OBJ_MAX);
            add_slot(&b, numa_index, &machine->slot[s][i], machine);
        }
    }
    enum sy_code code = add_links(&b, machine, err);
    if (code == SY_OK)
        code = sy_inventory_check(&inv, err);
    if (code != SY_OK)
        return sy_wrap(err, "machine '%s'", machine->name);
    *ret = inv;
    return SY_OK;
}

size_t sy_fleet_machine_of(const struct sy_fleet *fleet, uint32_t i, uint32_t n)
{
    uint64_t weights = 0, sum = 0;
    for (size_t m = 0; m < fleet->nmachine; m++)
        weights += fleet->machine[m].weight;
    for (size_t m = 0; m + 1 < fleet->nmachine; m++) {
        sum += fleet->machine[m].weight;
        if (i < (sum * n + weights / 2) / weights)
            return m;
    }
    return fleet->nmachine - 1;
}

const struct sy_fleet_rate *sy_fleet_rate_of(const struct sy_fleet *fleet,
                                             const struct sy_request *request)
{
    const struct sy_fleet_rate *slowest = NULL;
    for (size_t e = 0; e < request->nentry; e++)
        for (size_t i = 0; i < fleet->nrate; i++)
            if (fleet->rate[i].resource == request->entry[e].resource &&
                (slowest == NULL || fleet->rate[i].images_per_s < slowest->images_per_s))
                slowest = &fleet->rate[i];
    return slowest;
}
