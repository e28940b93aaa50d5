/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

/* What the CPU side below one object holds. */
struct cpu_side {
    uint16_t nnode; /* NUMA nodes that count */
    int16_t node;   /* one of them */
    bool any_node, any_bus;
};

/* Memory without CPUs (CXL expanders, a GPU's own) hangs below the Machine beside packages that
 * have nodes of their own, and no bus is local to it: it is nobody's NUMA node. */
static void count_nodes(struct sy_fabric *f, struct cpu_side *side)
{
    const struct sy_inventory *inv = &f->inv;
    for (uint16_t i = 1; i < inv->nobj; i++) {
        uint8_t type = inv->obj[i].type;
        side[inv->obj[i].parent].any_bus |= type == SY_OBJ_HOST_BRIDGE;
        side[inv->obj[i].parent].any_node |= type == SY_OBJ_NUMA;
        f->npackage = (uint16_t)(f->npackage + (type == SY_OBJ_PACKAGE));
    }
    bool package_without_node = f->npackage == 0;
    for (uint16_t i = 1; i < inv->nobj; i++)
        package_without_node |= inv->obj[i].type == SY_OBJ_PACKAGE && !side[i].any_node;

    for (uint16_t i = 1; i < inv->nobj; i++) {
        uint16_t parent = inv->obj[i].parent;
        if (inv->obj[i].type != SY_OBJ_NUMA ||
            (parent == 0 && !side[i].any_bus && !package_without_node))
            continue;
        side[0].nnode++;
        side[0].node = (int16_t)i;
        if (parent != 0) {
            side[parent].nnode++;
            side[parent].node = (int16_t)i;
        }
    }
    f->nnuma = side[0].nnode;
}

/* The only package there is; the Machine where none is described and nothing speaks for several;
 * -1. */
static int16_t only_package(const struct sy_fabric *f)
{
    if (f->npackage == 0)
        return f->nnuma <= 1 ? 0 : -1;
    for (uint16_t i = 1; f->npackage == 1 && i < f->inv.nobj; i++) {
        if (f->inv.obj[i].type == SY_OBJ_PACKAGE)
            return (int16_t)i;
    }
    return -1;
}

static struct sy_local of_cpu_object(const struct sy_fabric *f, const struct cpu_side *side,
                                     int16_t lone_package, uint16_t i)
{
    const struct sy_obj *obj = &f->inv.obj[i];
    struct sy_local local = {.numa = -1, .package = lone_package};
    if (obj->type == SY_OBJ_NUMA) {
        local.numa = (int16_t)i;
        if (obj->parent != 0)
            local.package = (int16_t)obj->parent;
        return local;
    }
    if (obj->type == SY_OBJ_PACKAGE)
        local.package = (int16_t)i;
    if (side[i].nnode == 1)
        local.numa = side[i].node;
    else if (f->nnuma == 1)
        local.numa = side[0].node;
    else if (f->nnuma == 0 && f->npackage <= 1)
        local.numa = 0; /* a machine described without NUMA nodes has one */
    return local;
}

enum sy_code sy_fabric_find_locality(struct sy_fabric *f, struct sy_fabric_inner *in,
                                     struct sy_err *err)
{
    sy_autofree struct cpu_side *side = sy_calloc(f->inv.nobj, sizeof *side);
    if (side == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    count_nodes(f, side);
    int16_t lone_package = only_package(f);
    for (uint16_t i = 0; i < f->inv.nobj; i++) {
        const struct sy_obj *obj = &f->inv.obj[i];
        bool cpu =
            obj->type == SY_OBJ_MACHINE || obj->type == SY_OBJ_PACKAGE || obj->type == SY_OBJ_NUMA;
        in->local[i] = cpu ? of_cpu_object(f, side, lone_package, i) : in->local[obj->parent];
    }
    return SY_OK;
}
