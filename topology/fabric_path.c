/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

#include <string.h>

/* The bridges between a function and an ancestor, both excluded. */
struct climb {
    unsigned plain; /* bridges that are not of a card */
    unsigned chips; /* switch chips other than the ancestor's */
};

static struct climb climb_to(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                             uint16_t from, uint16_t top)
{
    struct climb climb = {0};
    uint16_t last = in->port[top].chip;
    for (uint16_t i = f->inv.obj[from].parent; i != top; i = f->inv.obj[i].parent) {
        const struct sy_port *port = &in->port[i];
        if (port->internal)
            continue;
        climb.plain++;
        if (port->chip != 0 && port->chip != last && port->chip != in->port[top].chip) {
            climb.chips++;
            last = port->chip;
        }
    }
    return climb;
}

static bool has_cpu_side(const struct sy_obj *obj)
{
    return obj->type == SY_OBJ_MACHINE || obj->type == SY_OBJ_PACKAGE || obj->type == SY_OBJ_NUMA;
}

/* Is anything known of where the object is local to? That the machine has one package says nothing.
 */
static bool is_located(const struct sy_fabric *f, const struct sy_local *local)
{
    return local->numa >= 0 || (local->package >= 0 && f->npackage > 1);
}

enum sy_path_class sy_path_cpu(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                               uint16_t a, uint16_t b)
{
    const struct sy_local *x = &in->local[a], *y = &in->local[b];
    if (!is_located(f, x) || !is_located(f, y))
        return SY_PATH_UNKNOWN;
    if (x->numa >= 0 && x->numa == y->numa)
        return SY_PATH_NODE;
    if (x->package >= 0 && x->package == y->package)
        return SY_PATH_SOCKET;
    return SY_PATH_SYS;
}

bool sy_path_same_device(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t a,
                         uint16_t b)
{
    const struct sy_obj *x = &f->inv.obj[a], *y = &f->inv.obj[b];
    return sy_pci_same_slot(x->addr, y->addr) ||
           (x->parent == y->parent && sy_pci_same_slot(in->owner[a], in->owner[b]));
}

enum sy_path_class sy_path_of(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                              uint16_t a, uint16_t b)
{
    uint16_t top = sy_inventory_ancestor(&f->inv, a, b);
    if (a == b)
        return SY_PATH_SLOT;
    if (has_cpu_side(&f->inv.obj[top]))
        return sy_path_cpu(f, in, a, b);
    if (sy_path_same_device(f, in, a, b))
        return SY_PATH_SLOT;
    if (f->inv.obj[top].type == SY_OBJ_HOST_BRIDGE)
        return SY_PATH_PHB;
    if (top == a || top == b)
        return SY_PATH_PIX; /* one is a bridge above the other */
    struct climb up_x = climb_to(f, in, a, top), up_y = climb_to(f, in, b, top);
    const struct sy_port *port = &in->port[top];
    /* Nothing but a card's own bridge in between: one card. Directly below any other bridge,
     * another device number is another device, at a port of its own which the topology left out. */
    if (up_x.plain + up_y.plain == 0 && port->internal)
        return SY_PATH_SLOT;
    unsigned chips = up_x.chips + up_y.chips + (port->chip != 0 && !port->internal);
    return chips <= 1 ? SY_PATH_PIX : SY_PATH_PXB;
}

enum sy_path_class sy_fabric_path(const struct sy_fabric *fabric, uint16_t a, uint16_t b)
{
    return sy_path_of(fabric, fabric->inner, a, b);
}

enum sy_path_class sy_path_smi(enum sy_path_class path)
{
    if (path == SY_PATH_SLOT)
        return SY_PATH_PIX;
    return path == SY_PATH_SOCKET ? SY_PATH_SYS : path;
}

static const char *const path_names[] = {
#define X(id, name) name,
    SY_PATHS(X)
#undef X
};

const char *sy_path_name(enum sy_path_class path)
{
    return (unsigned)path < SY_PATH_COUNT ? path_names[path] : "?";
}

static const char *const scope_names[] = {
#define X(id, name) name,
    SY_SCOPES(X)
#undef X
};

const char *sy_scope_name(enum sy_scope scope)
{
    return (unsigned)scope < SY_SCOPE_COUNT ? scope_names[scope] : "?";
}

int sy_scope_find(const char *name)
{
    for (int i = 0; i < SY_SCOPE_COUNT; i++) {
        if (strcmp(scope_names[i], name) == 0)
            return i;
    }
    return -1;
}
