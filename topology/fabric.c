/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/fabric.h"

#include "topology/fabric_private.h"

#include <string.h>

#define FABRIC_BYTES_MAX ((size_t)64 << 20)

static bool copy_text(struct sy_arena *arena, const char **text)
{
    if (*text == NULL)
        return true;
    *text = sy_arena_strndup(arena, *text, strlen(*text));
    return *text != NULL;
}

static bool copy_inventory(struct sy_arena *arena, const struct sy_inventory *from,
                           struct sy_inventory *ret)
{
    *ret = *from;
    ret->obj = sy_arena_calloc(arena, from->nobj, sizeof *ret->obj);
    ret->link = sy_arena_calloc(arena, from->nlink, sizeof *ret->link);
    if (ret->obj == NULL || ret->link == NULL)
        return false;
    memcpy(ret->obj, from->obj, from->nobj * sizeof *ret->obj);
    if (from->nlink > 0)
        memcpy(ret->link, from->link, from->nlink * sizeof *ret->link);
    bool ok = copy_text(arena, &ret->source) && copy_text(arena, &ret->product) &&
              copy_text(arena, &ret->boot_id) && copy_text(arena, &ret->cpu_vendor) &&
              copy_text(arena, &ret->cpu_model);
    for (uint16_t i = 0; i < ret->nobj && ok; i++)
        ok = copy_text(arena, &ret->obj[i].name) && copy_text(arena, &ret->obj[i].uuid) &&
             copy_text(arena, &ret->obj[i].driver);
    return ok;
}

static void digest_addr(struct sy_digest *d, struct sy_pci_addr addr)
{
    sy_digest_u64(d, (uint64_t)addr.domain << 32 | (uint64_t)addr.bus << 16 |
                         (uint64_t)addr.dev << 8 | addr.func);
}

static void digest_obj(struct sy_digest *d, const struct sy_obj *obj)
{
    sy_digest_u64(d, (uint64_t)obj->parent << 48 | (uint64_t)obj->type << 40 |
                         (uint64_t)obj->bus_first << 32 | (uint64_t)obj->bus_last << 24 |
                         (uint64_t)obj->cur_width << 16 | (uint64_t)obj->max_width << 8 |
                         (uint64_t)obj->is_vf << 2 | (uint64_t)obj->driver_known << 1 |
                         (uint64_t)obj->has_physfn);
    sy_digest_u64(d, (uint64_t)obj->os_index << 32 | obj->memory_mib);
    sy_digest_u64(d, (uint64_t)obj->cur_link_mbps << 32 | obj->max_link_mbps);
    digest_addr(d, obj->addr);
    if (obj->has_physfn)
        digest_addr(d, obj->physfn);
    sy_digest_u64(d, (uint64_t)obj->id.class_id << 32 | (uint64_t)obj->id.vendor << 16 |
                         obj->id.device);
    sy_digest_u64(d, (uint64_t)obj->id.subvendor << 16 | obj->id.subdevice);
    sy_digest_str(d, obj->driver);
}

/* All that the fabric is made of and answers print. Not where the inventory comes from, the
 * product's name or the boot: nodes that differ only in these share a fabric. */
static void digest_fabric(struct sy_fabric *f)
{
    struct sy_digest d = sy_digest_begin();
    struct sy_digest catalogue = sy_catalogue_digest(f->catalogue);
    sy_digest_u64(&d, catalogue.hi);
    sy_digest_u64(&d, catalogue.lo);
    sy_digest_str(&d, f->inv.cpu_vendor);
    sy_digest_str(&d, f->inv.cpu_model);
    const struct sy_topology_manager *manager = &f->inv.topology_manager;
    sy_digest_u64(&d, (uint64_t)manager->max_numa << 32 | (uint64_t)manager->policy << 16 |
                          (uint64_t)manager->scope << 8 | (uint64_t)manager->prefer_closest);
    sy_digest_u64(&d, (uint64_t)f->inv.nobj << 32 | f->inv.nlink);
    for (uint16_t i = 0; i < f->inv.nobj; i++)
        digest_obj(&d, &f->inv.obj[i]);
    for (uint32_t i = 0; i < f->inv.nlink; i++) {
        const struct sy_link *link = &f->inv.link[i];
        sy_digest_u64(&d, (uint64_t)link->a << 48 | (uint64_t)link->b << 32 | link->mbps);
        sy_digest_u64(&d, link->type);
    }
    f->shape = d;
    for (uint16_t i = 0; i < f->inv.nobj; i++) {
        sy_digest_str(&d, f->inv.obj[i].name);
        sy_digest_str(&d, f->inv.obj[i].uuid);
    }
    f->digest = d;
}

static bool alloc_tables(struct sy_fabric *f, struct sy_fabric_inner *in)
{
    uint16_t n = f->inv.nobj;
    in->port = sy_arena_calloc(f->arena, n, sizeof *in->port);
    in->local = sy_arena_calloc(f->arena, n, sizeof *in->local);
    in->vf = sy_arena_calloc(f->arena, n, sizeof *in->vf);
    in->owner = sy_arena_calloc(f->arena, n, sizeof *in->owner);
    in->model = sy_arena_calloc(f->arena, n, sizeof *in->model);
    in->role = sy_arena_calloc(f->arena, n, sizeof *in->role);
    in->unit_of = sy_arena_calloc(f->arena, n, sizeof *in->unit_of);
    f->under = sy_arena_calloc(f->arena, n, sizeof *f->under);
    f->uplink_mbps = sy_arena_calloc(f->arena, n, sizeof *f->uplink_mbps);
    f->inner = in;
    return in->port != NULL && in->local != NULL && in->vf != NULL && in->owner != NULL &&
           in->model != NULL && in->role != NULL && in->unit_of != NULL && f->under != NULL &&
           f->uplink_mbps != NULL;
}

static enum sy_code fill(struct sy_fabric *f, const struct sy_inventory *inv, struct sy_err *err)
{
    struct sy_fabric_inner *in = sy_arena_calloc(f->arena, 1, sizeof *in);
    if (in == NULL || !copy_inventory(f->arena, inv, &f->inv) || !alloc_tables(f, in))
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_fact socket =
        sy_catalogue_socket_link(f->catalogue, f->inv.cpu_vendor, f->inv.cpu_model);
    f->socket_mbps = socket.known ? socket.value : 0;
    f->socket_assumed = socket.known && !socket.verified;
    enum sy_code code = sy_fabric_find_ports(f, in, err);
    if (code == SY_OK)
        code = sy_fabric_find_locality(f, in, err);
    if (code != SY_OK)
        return code;
    sy_fabric_find_links(f, in);
    code = sy_fabric_find_units(f, in, err);
    if (code == SY_OK)
        code = sy_fabric_find_cards(f, in, err);
    if (code == SY_OK)
        code = sy_fabric_find_pairs(f, in, err);
    if (code != SY_OK)
        return code;
    sy_fabric_find_places(f, in);
    digest_fabric(f);
    return SY_OK;
}

enum sy_code sy_fabric_build(const struct sy_inventory *inv, struct sy_catalogue *cat,
                             struct sy_fabric **ret, struct sy_err *err)
{
    enum sy_code code = sy_inventory_check(inv, err);
    if (code != SY_OK)
        return code;
    struct sy_arena *arena = sy_arena_new(FABRIC_BYTES_MAX);
    struct sy_fabric *f = arena != NULL ? sy_arena_calloc(arena, 1, sizeof *f) : NULL;
    if (f == NULL) {
        sy_arena_free(arena);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    f->refs = 1;
    f->arena = arena;
    f->catalogue = sy_catalogue_ref(cat);
    code = fill(f, inv, err);
    if (code != SY_OK) {
        sy_fabric_unref(f);
        return code;
    }
    *ret = f;
    return SY_OK;
}

struct sy_fabric *sy_fabric_ref(struct sy_fabric *fabric)
{
    __atomic_fetch_add(&fabric->refs, 1, __ATOMIC_RELAXED);
    return fabric;
}

void sy_fabric_unref(struct sy_fabric *fabric)
{
    if (fabric == NULL || __atomic_fetch_sub(&fabric->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    sy_catalogue_unref(fabric->catalogue);
    sy_arena_free(fabric->arena); /* the fabric itself lies in it */
}

int sy_fabric_unit_find(const struct sy_fabric *fabric, struct sy_pci_addr addr, unsigned index)
{
    for (uint16_t i = 1; i < fabric->inv.nobj; i++) {
        const struct sy_obj *obj = &fabric->inv.obj[i];
        if (fabric->inner->unit_of[i] == 0 || obj->type != SY_OBJ_DEVICE ||
            sy_pci_addr_cmp(obj->addr, addr) != 0)
            continue;
        /* Units of one function follow each other. */
        unsigned first = fabric->inner->unit_of[i] - 1u;
        bool there = first + index < fabric->nunit &&
                     fabric->unit[first + index].obj == fabric->unit[first].obj;
        return there ? (int)(first + index) : -1;
    }
    return -1;
}
