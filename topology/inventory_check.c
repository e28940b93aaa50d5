/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "topology/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* nesting of objects; real machines stay below 16 */

/* Who may hang below whom. */
static bool may_hang(enum sy_obj_type child, enum sy_obj_type parent)
{
    switch (child) {
    case SY_OBJ_MACHINE:
        return false;
    case SY_OBJ_PACKAGE:
        return parent == SY_OBJ_MACHINE;
    case SY_OBJ_NUMA:
        return parent == SY_OBJ_MACHINE || parent == SY_OBJ_PACKAGE;
    case SY_OBJ_HOST_BRIDGE:
        return parent == SY_OBJ_MACHINE || parent == SY_OBJ_PACKAGE || parent == SY_OBJ_NUMA;
    case SY_OBJ_BRIDGE:
    case SY_OBJ_DEVICE:
        return parent == SY_OBJ_HOST_BRIDGE || parent == SY_OBJ_BRIDGE;
    case SY_OBJ_TYPE_COUNT:
        break;
    }
    return false;
}

static bool is_pci(const struct sy_obj *obj)
{
    return obj->type == SY_OBJ_BRIDGE || obj->type == SY_OBJ_DEVICE;
}

/* "object 7 (PCIDev 0000:19:00.0)" */
static const char *show(const struct sy_inventory *inv, size_t i, char *buf, size_t size)
{
    const struct sy_obj *obj = &inv->obj[i];
    char addr[SY_PCI_ADDR_TEXT] = "";
    if (is_pci(obj) || obj->type == SY_OBJ_HOST_BRIDGE)
        (void)sy_pci_addr_format(obj->addr, addr);
    if (obj->type == SY_OBJ_HOST_BRIDGE)
        addr[strlen(addr) - strlen(":00.0")] = '\0';
    (void)snprintf(buf, size, "object %zu (%s%s%s)", i,
                   sy_obj_type_name((enum sy_obj_type)obj->type), addr[0] ? " " : "", addr);
    return buf;
}

static enum sy_code check_buses(const struct sy_inventory *inv, size_t i, struct sy_err *err)
{
    char text[64], above[64];
    const struct sy_obj *obj = &inv->obj[i];
    const struct sy_obj *up = &inv->obj[obj->parent];
    if (obj->bus_first > obj->bus_last)
        return sy_fail(err, SY_EINVAL, "%s: bus range %02x-%02x descends",
                       show(inv, i, text, sizeof text), obj->bus_first, obj->bus_last);
    if (!is_pci(obj))
        return SY_OK;
    /* A bridge of unknown buses may be one that stands for others: the switches of NCCL's files for
     * virtual machines, where every device has a domain of its own. */
    if (up->bus_first == 0 && up->bus_last == 0)
        return SY_OK;
    if (obj->addr.domain != up->addr.domain)
        return sy_fail(err, SY_EINVAL, "%s: another PCI domain than %s",
                       show(inv, i, text, sizeof text),
                       show(inv, obj->parent, above, sizeof above));
    if (obj->addr.bus < up->bus_first || obj->addr.bus > up->bus_last)
        return sy_fail(err, SY_EINVAL, "%s: not on a bus of %s, which has %02x-%02x",
                       show(inv, i, text, sizeof text), show(inv, obj->parent, above, sizeof above),
                       up->bus_first, up->bus_last);
    if (obj->bus_last != 0 && (obj->bus_first < up->bus_first || obj->bus_last > up->bus_last))
        return sy_fail(err, SY_EINVAL, "%s: its buses %02x-%02x lie outside %02x-%02x of %s",
                       show(inv, i, text, sizeof text), obj->bus_first, obj->bus_last,
                       up->bus_first, up->bus_last, show(inv, obj->parent, above, sizeof above));
    return SY_OK;
}

static enum sy_code check_obj(const struct sy_inventory *inv, size_t i, uint8_t *depth,
                              struct sy_err *err)
{
    char text[64], above[64];
    const struct sy_obj *obj = &inv->obj[i];
    if (obj->type >= SY_OBJ_TYPE_COUNT)
        return sy_fail(err, SY_EINVAL, "object %zu: unknown type %u", i, obj->type);
    if (i == 0) {
        if (obj->type != SY_OBJ_MACHINE || obj->parent != 0)
            return sy_fail(err, SY_EINVAL, "object 0: must be the Machine and its own parent");
        return SY_OK;
    }
    if (obj->parent >= i)
        return sy_fail(err, SY_EINVAL, "%s: parent %u does not stand before it",
                       show(inv, i, text, sizeof text), obj->parent);
    if (!may_hang((enum sy_obj_type)obj->type, (enum sy_obj_type)inv->obj[obj->parent].type))
        return sy_fail(err, SY_EINVAL, "%s: cannot hang below %s", show(inv, i, text, sizeof text),
                       show(inv, obj->parent, above, sizeof above));
    depth[i] = (uint8_t)(depth[obj->parent] + 1);
    if (depth[i] > DEPTH_MAX)
        return sy_fail(err, SY_EINVAL, "%s: nested deeper than %d", show(inv, i, text, sizeof text),
                       DEPTH_MAX);
    if (obj->addr.dev > 31 || obj->addr.func > 7)
        return sy_fail(err, SY_EINVAL, "object %zu: PCI device %u or function %u out of range", i,
                       obj->addr.dev, obj->addr.func);
    if (obj->type == SY_OBJ_HOST_BRIDGE && (obj->addr.dev != 0 || obj->addr.func != 0))
        return sy_fail(err, SY_EINVAL, "%s: has a device number", show(inv, i, text, sizeof text));
    if ((obj->type == SY_OBJ_DEVICE) && (obj->bus_first != 0 || obj->bus_last != 0))
        return sy_fail(err, SY_EINVAL, "%s: a device has no buses",
                       show(inv, i, text, sizeof text));
    return check_buses(inv, i, err);
}

struct key {
    struct sy_pci_addr addr;
    uint16_t obj;
    bool root;
};

static int key_cmp(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->root != b->root)
        return a->root ? -1 : 1;
    int c = sy_pci_addr_cmp(a->addr, b->addr);
    return c != 0 ? c : (a->obj > b->obj) - (a->obj < b->obj);
}

/* No two functions of one address, no two host bridges of one root bus, no two packages or NUMA
 * nodes of one number. */
static enum sy_code check_unique(const struct sy_inventory *inv, struct sy_err *err)
{
    char text[64];
    sy_autofree struct key *key = sy_calloc(inv->nobj, sizeof *key);
    if (key == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    size_t n = 0;
    for (uint16_t i = 1; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        bool root = !is_pci(obj);
        struct sy_pci_addr addr = obj->addr;
        if (root && obj->type != SY_OBJ_HOST_BRIDGE)
            continue;
        key[n++] = (struct key){.addr = addr, .obj = i, .root = root};
    }
    qsort(key, n, sizeof *key, key_cmp);
    for (size_t i = 1; i < n; i++) {
        if (key[i].root == key[i - 1].root && sy_pci_addr_cmp(key[i].addr, key[i - 1].addr) == 0)
            return sy_fail(err, SY_EINVAL, "%s: address already taken by object %u",
                           show(inv, key[i].obj, text, sizeof text), key[i - 1].obj);
    }
    return SY_OK;
}

static enum sy_code check_numbers(const struct sy_inventory *inv, struct sy_err *err)
{
    char text[64];
    enum { KERNEL_MAX = 4096 }; /* packages and NUMA nodes that the kernel can number */
    uint64_t seen[2][KERNEL_MAX / 64] = {{0}};
    for (size_t i = 1; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        if (obj->type != SY_OBJ_PACKAGE && obj->type != SY_OBJ_NUMA)
            continue;
        if (obj->os_index >= KERNEL_MAX)
            return sy_fail(err, SY_EINVAL, "%s: index %u is not below %d",
                           show(inv, i, text, sizeof text), obj->os_index, KERNEL_MAX);
        uint64_t *word = &seen[obj->type == SY_OBJ_NUMA][obj->os_index / 64];
        uint64_t bit = UINT64_C(1) << obj->os_index % 64;
        if (*word & bit)
            return sy_fail(err, SY_EINVAL, "%s: index %u already taken",
                           show(inv, i, text, sizeof text), obj->os_index);
        *word |= bit;
    }
    return SY_OK;
}

static enum sy_code check_links(const struct sy_inventory *inv, struct sy_err *err)
{
    for (uint32_t i = 0; i < inv->nlink; i++) {
        const struct sy_link *link = &inv->link[i];
        if (link->a >= inv->nobj || link->b >= inv->nobj ||
            inv->obj[link->a].type != SY_OBJ_DEVICE || inv->obj[link->b].type != SY_OBJ_DEVICE)
            return sy_fail(err, SY_EINVAL, "link %u: %u and %u are not both devices", i, link->a,
                           link->b);
        if (link->a >= link->b)
            return sy_fail(err, SY_EINVAL, "link %u: %u and %u do not ascend", i, link->a, link->b);
        if (link->mbps > SY_LINK_MBPS_MAX)
            return sy_fail(err, SY_EINVAL, "link %u: faster than %u MB/s", i, SY_LINK_MBPS_MAX);
        if (link->type == SY_LINK_NONE || link->type >= SY_LINK_TYPE_COUNT)
            return sy_fail(err, SY_EINVAL, "link %u: unknown type %u", i, link->type);
        const struct sy_link *last = i > 0 ? link - 1 : NULL;
        if (last != NULL && (last->a > link->a || (last->a == link->a && last->b >= link->b)))
            return sy_fail(err, SY_EINVAL, "link %u: not in ascending order of its devices", i);
    }
    return SY_OK;
}

/* Length of the UTF-8 sequence at p, which ends in a NUL; 0 when there is none or it is a control
 * character. */
static size_t utf8_step(const unsigned char *p)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Neither overlong, nor a surrogate, nor past the last code point. */
    unsigned next = p[1];
    if ((p[0] == 0xe0 && next < 0xa0) || (p[0] == 0xed && next > 0x9f) ||
        (p[0] == 0xf0 && next < 0x90) || (p[0] == 0xf4 && next > 0x8f))
        return 0;
    return n;
}

/* What is wrong with a text, NULL when nothing. Answers show these texts. */
static const char *text_fault(const char *text, size_t max_len)
{
    if (text == NULL)
        return NULL;
    if (strnlen(text, max_len + 1) > max_len)
        return "is too long";
    const unsigned char *p = (const unsigned char *)text;
    while (*p != '\0') {
        size_t step = utf8_step(p);
        if (step == 0)
            return "is not printable UTF-8";
        p += step;
    }
    return NULL;
}

static enum sy_code check_texts(const struct sy_inventory *inv, struct sy_err *err)
{
    const char *const texts[] = {inv->source, inv->product, inv->boot_id, inv->cpu_vendor,
                                 inv->cpu_model};
    static const char *const names[] = {"source", "product", "boot id", "CPU vendor", "CPU model"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *fault = text_fault(texts[i], i == 0 ? SY_OBJ_NAME_MAX : SY_OBJ_TEXT_MAX);
        if (fault != NULL)
            return sy_fail(err, SY_EINVAL, "%s %s", names[i], fault);
    }
    return SY_OK;
}

static enum sy_code check_attributes(const struct sy_inventory *inv, size_t i, struct sy_err *err)
{
    char where[64];
    const struct sy_obj *obj = &inv->obj[i];
    const char *const texts[] = {obj->name, obj->uuid, obj->driver};
    static const char *const names[] = {"name", "uuid", "driver"};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        const char *fault = text_fault(texts[k], SY_OBJ_NAME_MAX);
        if (fault != NULL)
            return sy_fail(err, SY_EINVAL, "%s: its %s %s", show(inv, i, where, sizeof where),
                           names[k], fault);
    }
    if (obj->cur_width > 64 || obj->max_width > 64)
        return sy_fail(err, SY_EINVAL, "%s: more than 64 lanes", show(inv, i, where, sizeof where));
    if (obj->cur_link_mbps > SY_LINK_MBPS_MAX || obj->max_link_mbps > SY_LINK_MBPS_MAX)
        return sy_fail(err, SY_EINVAL, "%s: link faster than %u MB/s",
                       show(inv, i, where, sizeof where), SY_LINK_MBPS_MAX);
    return SY_OK;
}

static enum sy_code check_topology_manager(const struct sy_topology_manager *manager,
                                           struct sy_err *err)
{
    if (manager->policy >= SY_TOPOLOGY_POLICY_COUNT)
        return sy_fail(err, SY_EINVAL, "Topology Manager: unknown policy %u", manager->policy);
    if (manager->scope >= SY_TOPOLOGY_SCOPE_COUNT)
        return sy_fail(err, SY_EINVAL, "Topology Manager: unknown scope %u", manager->scope);
    return SY_OK;
}

enum sy_code sy_inventory_check(const struct sy_inventory *inv, struct sy_err *err)
{
    if (inv->nobj == 0)
        return sy_fail(err, SY_EINVAL, "no objects: a Machine is needed");
    if (inv->nobj > SY_OBJ_MAX)
        return sy_fail(err, SY_ELIMIT, "%u objects, at most %u are supported", inv->nobj,
                       SY_OBJ_MAX);
    if (inv->nlink > SY_LINK_MAX)
        return sy_fail(err, SY_ELIMIT, "%u links, at most %u are supported", inv->nlink,
                       SY_LINK_MAX);
    uint8_t depth[SY_OBJ_MAX] = {0};
    for (size_t i = 0; i < inv->nobj; i++) {
        enum sy_code code = check_obj(inv, i, depth, err);
        if (code == SY_OK)
            code = check_attributes(inv, i, err);
        if (code != SY_OK)
            return code;
    }
    enum sy_code code = check_texts(inv, err);
    if (code == SY_OK)
        code = check_numbers(inv, err);
    if (code == SY_OK)
        code = check_unique(inv, err);
    if (code == SY_OK)
        code = check_links(inv, err);
    if (code == SY_OK)
        code = check_topology_manager(&inv->topology_manager, err);
    return code;
}
