/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/links.h"

#include <stdlib.h>
#include <string.h>

/* 0 = unknown, in and out. */
static uint32_t min_known(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0)
        return a | b;
    return a < b ? a : b;
}

static bool is_link_port(const struct sy_obj *port)
{
    return port != NULL && port->type == SY_OBJ_BRIDGE && port->max_width != 0;
}

static uint8_t full_width(const struct sy_obj *obj, const struct sy_obj *port)
{
    return (uint8_t)min_known(obj->max_width, is_link_port(port) ? port->max_width : 0);
}

/* What one end can do over `width` lanes. */
static uint32_t end_mbps(const struct sy_obj *end, unsigned width)
{
    if (end->max_width == 0)
        return 0;
    return (uint32_t)((uint64_t)end->max_link_mbps * width / end->max_width);
}

static uint32_t full_mbps(const struct sy_obj *obj, const struct sy_obj *port, unsigned width)
{
    return min_known(end_mbps(obj, width), is_link_port(port) ? end_mbps(port, width) : 0);
}

void sy_link_state(const struct sy_obj *obj, const struct sy_obj *port, uint8_t *ret_width,
                   uint32_t *ret_mbps)
{
    uint8_t full = full_width(obj, port);
    uint8_t width = obj->cur_width;
    if (full == 0 || width == 0) { /* nothing to compare with: as it stands */
        *ret_width = width;
        *ret_mbps = obj->cur_link_mbps;
        return;
    }
    if (width > full)
        width = full;
    uint32_t mbps = full_mbps(obj, port, width);
    bool idle = obj->cur_link_mbps <= sy_pci_link_mbps(5000, obj->cur_width);
    *ret_width = width;
    *ret_mbps = mbps == 0 || (!idle && obj->cur_link_mbps < mbps) ? obj->cur_link_mbps : mbps;
}

bool sy_link_degraded(const struct sy_obj *obj, const struct sy_obj *port, uint8_t width,
                      uint32_t mbps)
{
    uint8_t full = full_width(obj, port);
    if (full == 0 || width == 0)
        return false;
    /* Two readings of one rate may differ in the last digit. */
    return width < full || (uint64_t)mbps * 100 < (uint64_t)full_mbps(obj, port, full) * 99;
}

static int end_cmp(const void *left, const void *right)
{
    const struct sy_link_end *a = left, *b = right;
    return sy_pci_addr_cmp(a->addr, b->addr);
}

static bool has_link(const struct sy_obj *obj)
{
    return obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE;
}

/* The end as it counts after this scan. */
static struct sy_link_end settle(const struct sy_link_end *known, const struct sy_obj *obj,
                                 const struct sy_obj *port)
{
    struct sy_link_end seen = {.addr = obj->addr};
    sy_link_state(obj, port, &seen.width, &seen.mbps);
    if (known == NULL || (known->width == seen.width && known->mbps == seen.mbps))
        return seen;
    struct sy_link_end ret = *known;
    bool again = ret.next_scans > 0 && ret.next_width == seen.width && ret.next_mbps == seen.mbps;
    ret.next_scans = again ? (uint8_t)(ret.next_scans + 1) : 1;
    ret.next_width = seen.width;
    ret.next_mbps = seen.mbps;
    return ret.next_scans >= SY_LINK_SCANS ? seen : ret;
}

enum sy_code sy_links_settle(struct sy_links *links, struct sy_inventory *inv, struct sy_err *err)
{
    struct sy_link_end *made = sy_calloc((size_t)inv->nobj + 1, sizeof *made);
    size_t n = 0;
    if (made == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the links");
    for (uint16_t i = 1; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        const struct sy_link_end key = {.addr = obj->addr};
        if (!has_link(obj))
            continue;
        const struct sy_link_end *known =
            links->n > 0 ? bsearch(&key, links->end, links->n, sizeof key, end_cmp) : NULL;
        made[n++] = settle(known, obj, &inv->obj[obj->parent]);
    }
    if (n > 0)
        qsort(made, n, sizeof *made, end_cmp);
    for (uint16_t i = 1; i < inv->nobj; i++) {
        struct sy_obj *obj = &inv->obj[i];
        const struct sy_link_end key = {.addr = obj->addr};
        const struct sy_link_end *end =
            has_link(obj) ? bsearch(&key, made, n, sizeof key, end_cmp) : NULL;
        if (end == NULL)
            continue;
        obj->cur_width = end->width;
        obj->cur_link_mbps = end->mbps;
    }
    sy_free(links->end);
    *links = (struct sy_links){.n = n, .size = n, .end = made};
    return SY_OK;
}

void sy_links_done(struct sy_links *links)
{
    sy_free(links->end);
    *links = (struct sy_links){0};
}
