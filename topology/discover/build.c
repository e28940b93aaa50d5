/* SPDX-License-Identifier: Apache-2.0 */
#include "topology/discover/build.h"

#include <stdlib.h>
#include <string.h>

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory");
}

/* Room for one more item in a growing array. */
static bool grow(void **items, size_t n, size_t *size, size_t item)
{
    if (n < *size)
        return true;
    size_t want = *size == 0 ? 64 : *size * 2;
    void *grown = sy_realloc(*items, want * item);
    if (grown == NULL)
        return false;
    *items = grown;
    *size = want;
    return true;
}

enum sy_code sy_build_init(struct sy_build *build, struct sy_arena *arena, struct sy_err *err)
{
    *build = (struct sy_build){.arena = arena};
    uint16_t machine;
    return sy_build_obj(build, &(struct sy_obj){.type = SY_OBJ_MACHINE}, &machine, err);
}

void sy_build_done(struct sy_build *build)
{
    sy_free(build->obj);
    sy_free(build->link);
    *build = (struct sy_build){0};
}

enum sy_code sy_build_obj(struct sy_build *build, const struct sy_obj *obj, uint16_t *ret_index,
                          struct sy_err *err)
{
    if (build->nobj == SY_OBJ_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u objects", SY_OBJ_MAX);
    if (!grow((void **)&build->obj, build->nobj, &build->size, sizeof *build->obj))
        return no_memory(err);
    build->obj[build->nobj] = *obj;
    *ret_index = (uint16_t)build->nobj++;
    return SY_OK;
}

enum sy_code sy_build_host(struct sy_build *build, uint16_t parent, uint32_t domain, uint8_t bus,
                           uint16_t *ret_index, struct sy_err *err)
{
    for (size_t i = 0; i < build->nobj; i++) {
        const struct sy_obj *obj = &build->obj[i];
        if (obj->type == SY_OBJ_HOST_BRIDGE && obj->addr.domain == domain && obj->addr.bus == bus) {
            *ret_index = (uint16_t)i;
            return SY_OK;
        }
    }
    struct sy_obj host = {
        .parent = parent, .type = SY_OBJ_HOST_BRIDGE, .addr = {.domain = domain, .bus = bus}};
    return sy_build_obj(build, &host, ret_index, err);
}

enum sy_code sy_build_link(struct sy_build *build, uint16_t a, uint16_t b, enum sy_link_type type,
                           uint64_t mbps, struct sy_err *err)
{
    if (a == b)
        return SY_OK;
    if (build->nlink == 2 * SY_LINK_MAX)
        return sy_fail(err, SY_ELIMIT, "more than %u links between devices", SY_LINK_MAX);
    if (!grow((void **)&build->link, build->nlink, &build->link_size, sizeof *build->link))
        return no_memory(err);
    build->link[build->nlink++] =
        (struct sy_link){.a = a < b ? a : b,
                         .b = a < b ? b : a,
                         .type = (uint8_t)type,
                         .mbps = mbps > UINT32_MAX ? UINT32_MAX : (uint32_t)mbps};
    return SY_OK;
}

enum sy_code sy_build_text(struct sy_build *build, const char *text, const char **ret,
                           struct sy_err *err)
{
    if (text == NULL || *text == '\0') {
        *ret = NULL;
        return SY_OK;
    }
    *ret = sy_arena_strndup(build->arena, text, strlen(text));
    return *ret != NULL ? SY_OK : no_memory(err);
}

int sy_build_find(const struct sy_build *build, struct sy_pci_addr addr)
{
    for (size_t i = 0; i < build->nobj; i++) {
        const struct sy_obj *obj = &build->obj[i];
        if ((obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE) &&
            sy_pci_addr_cmp(obj->addr, addr) == 0)
            return (int)i;
    }
    return -1;
}

static int link_cmp(const void *left, const void *right)
{
    const struct sy_link *x = left, *y = right;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    if (x->b != y->b)
        return x->b < y->b ? -1 : 1;
    return (x->type > y->type) - (x->type < y->type);
}

/* Sort links, and make one of those between the same two devices. */
static size_t merge_links(struct sy_link *link, size_t n)
{
    if (n > 0)
        qsort(link, n, sizeof *link, link_cmp);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct sy_link *last = kept > 0 ? &link[kept - 1] : NULL;
        if (last == NULL || last->a != link[i].a || last->b != link[i].b)
            link[kept++] = link[i];
        else if (last->mbps == 0 || (link[i].mbps != 0 && link[i].mbps < last->mbps))
            last->mbps = link[i].mbps;
    }
    return kept;
}

enum sy_code sy_build_finish(struct sy_build *build, struct sy_inventory *ret, struct sy_err *err)
{
    size_t nlink = merge_links(build->link, build->nlink);
    if (nlink > SY_LINK_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu links between devices, the limit is %u", nlink,
                       SY_LINK_MAX);
    ret->obj = sy_arena_calloc(build->arena, build->nobj, sizeof *ret->obj);
    ret->link = sy_arena_calloc(build->arena, nlink, sizeof *ret->link);
    if (ret->obj == NULL || ret->link == NULL)
        return no_memory(err);
    memcpy(ret->obj, build->obj, build->nobj * sizeof *ret->obj);
    if (nlink > 0)
        memcpy(ret->link, build->link, nlink * sizeof *ret->link);
    ret->nobj = (uint16_t)build->nobj;
    ret->nlink = (uint32_t)nlink;
    return sy_inventory_check(ret, err);
}
