/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric_private.h"

#include <stdlib.h>
#include <string.h>

static const char no_user_function[] = "no user function: the card runs its golden image or "
                                       "answers only through its management function";
static const char bound_to_vfio[] = "bound to vfio-pci: given to a virtual machine";

/* Unit-role function of the slot that a management function belongs to: one of its own model, else
 * the first one of its kind; 0 = none. */
static uint16_t user_function(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                              uint16_t mgmt)
{
    uint16_t found = 0;
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        const struct sy_model *model = in->model[i];
        if (model == NULL || in->role[i] != SY_ROLE_UNIT || in->vf[i] ||
            !sy_pci_same_slot(f->inv.obj[i].addr, f->inv.obj[mgmt].addr))
            continue;
        if (model == in->model[mgmt])
            return i;
        if (found == 0 && model->kind == in->model[mgmt]->kind)
            found = i;
    }
    return found;
}

/* First management function of the same model in the slot. */
static uint16_t first_companion(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                                uint16_t mgmt)
{
    uint16_t first = mgmt;
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        if (in->model[i] == in->model[mgmt] && in->role[i] == SY_ROLE_COMPANION &&
            sy_pci_same_slot(f->inv.obj[i].addr, f->inv.obj[mgmt].addr) &&
            sy_pci_addr_cmp(f->inv.obj[i].addr, f->inv.obj[first].addr) < 0)
            first = i;
    }
    return first;
}

/* For each function the function that is its unit's primary one (itself for most), 0 = no unit. */
static void find_primaries(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                           uint16_t *primary)
{
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        if (in->model[i] == NULL)
            continue;
        primary[i] = i;
        if (in->role[i] != SY_ROLE_COMPANION)
            continue;
        primary[i] = user_function(f, in, i);
        if (primary[i] == 0 && in->model[i]->needs_user_function)
            primary[i] = first_companion(f, in, i);
    }
}

static uint32_t value(const struct sy_fact *fact)
{
    return fact->known ? fact->value : 0;
}

/* Network functions for DPDK are bound to vfio-pci and given to pods nevertheless. */
static bool is_given_away(const struct sy_obj *obj, bool network_vf)
{
    return obj->driver_known && obj->driver != NULL && strcmp(obj->driver, "vfio-pci") == 0 &&
           !network_vf;
}

/* Units behind one function; a card without its user function counts as one. */
static unsigned parts_of(const struct sy_fabric_inner *in, uint16_t i)
{
    bool several = in->role[i] == SY_ROLE_UNIT && in->model[i]->units_per_function > 1;
    return several ? in->model[i]->units_per_function : 1;
}

static void fill_unit(const struct sy_fabric *f, const struct sy_fabric_inner *in, uint16_t i,
                      unsigned index, struct sy_unit *unit)
{
    const struct sy_obj *obj = &f->inv.obj[i];
    const struct sy_model *model = in->model[i];
    *unit = (struct sy_unit){
        .obj = i,
        .kind = model->kind,
        .model = model,
        .addr = obj->addr,
        .index = (uint8_t)index,
        .resources = model->resources,
        .memory_bw_mbps = value(&model->memory_bw_mbps),
        .memory_mib = value(&model->memory_mib),
        .tdp_mw = value(&model->tdp_mw),
        .idle_mw = value(&model->idle_mw),
        .pf = -1,
    };
    if (in->role[i] == SY_ROLE_COMPANION)
        unit->broken_why = no_user_function;
    else if (is_given_away(obj, in->vf[i] && model->kind == SY_KIND_NIC))
        unit->broken_why = bound_to_vfio;
    unit->broken = unit->broken_why != NULL;
    /* A card's own bridges stand between the function and the slot: their link is the host link. */
    unit->link_mbps = f->uplink_mbps[i];
    unit->link_assumed = sy_fabric_is_assumed(f, in, i);
    for (uint16_t up = obj->parent; in->port[up].internal; up = f->inv.obj[up].parent) {
        uint32_t mbps = f->uplink_mbps[up];
        if (mbps != 0 && (unit->link_mbps == 0 || mbps < unit->link_mbps))
            unit->link_mbps = mbps;
    }
}

static int unit_cmp(const void *left, const void *right)
{
    const struct sy_unit *a = left, *b = right;
    int c = sy_pci_addr_cmp(a->addr, b->addr);
    return c != 0 ? c : (int)a->index - (int)b->index;
}

/* Unit of the physical function of a VF unit, which hangs on the same port: by sysfs, else of the
 * same device and kind; -1. */
static int find_pf(const struct sy_fabric *f, const struct sy_fabric_inner *in,
                   const struct sy_unit *vf)
{
    const struct sy_obj *obj = &f->inv.obj[vf->obj];
    if (obj->has_physfn) {
        int u = sy_fabric_unit_find(f, obj->physfn, 0);
        if (u < 0 || in->vf[f->unit[u].obj] || f->inv.obj[f->unit[u].obj].parent != obj->parent)
            return -1;
        return u;
    }
    for (uint16_t u = 0; u < f->nunit; u++) {
        uint16_t pf = f->unit[u].obj;
        if (!in->vf[pf] && f->unit[u].kind == vf->kind && f->inv.obj[pf].parent == obj->parent &&
            sy_path_same_device(f, in, pf, vf->obj))
            return u;
    }
    return -1;
}

static enum sy_code make_units(struct sy_fabric *f, struct sy_fabric_inner *in,
                               const uint16_t *primary, struct sy_err *err)
{
    size_t n = 0;
    for (uint16_t i = 1; i < f->inv.nobj; i++)
        n += primary[i] == i ? parts_of(in, i) : 0;
    if (n > SY_UNIT_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu allocatable devices, at most %u are supported", n,
                       SY_UNIT_MAX);
    f->unit = sy_arena_calloc(f->arena, n, sizeof *f->unit);
    if (f->unit == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        for (unsigned k = 0; primary[i] == i && k < parts_of(in, i); k++)
            fill_unit(f, in, i, k, &f->unit[f->nunit++]);
    }
    if (f->nunit > 1)
        qsort(f->unit, f->nunit, sizeof *f->unit, unit_cmp);
    return SY_OK;
}

enum sy_code sy_fabric_find_units(struct sy_fabric *f, struct sy_fabric_inner *in,
                                  struct sy_err *err)
{
    sy_autofree uint16_t *primary = sy_calloc(f->inv.nobj, sizeof *primary);
    if (primary == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    find_primaries(f, in, primary);
    enum sy_code code = make_units(f, in, primary, err);
    if (code != SY_OK)
        return code;
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (f->unit[u].index == 0)
            in->unit_of[f->unit[u].obj] = (uint16_t)(u + 1);
        for (uint16_t i = f->unit[u].obj; i != 0; i = f->inv.obj[i].parent)
            sy_devset_add(&f->under[i], u);
        sy_devset_add(&f->under[0], u);
    }
    for (uint16_t i = 1; i < f->inv.nobj; i++) {
        if (primary[i] != 0)
            in->unit_of[i] = in->unit_of[primary[i]];
    }
    for (uint16_t u = 0; u < f->nunit; u++) {
        if (in->vf[f->unit[u].obj])
            f->unit[u].pf = (int16_t)find_pf(f, in, &f->unit[u]);
    }
    return SY_OK;
}
