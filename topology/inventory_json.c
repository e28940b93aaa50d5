/* SPDX-License-Identifier: Apache-2.0 */
/* JSON → inventory. */
#include "topology/json_private.h"
#include "topology/node_json.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Exactly `n` hex digits; false and *text untouched otherwise. */
static bool hex(const char **text, int n, uint32_t *ret)
{
    uint32_t value = 0;
    for (int i = 0; i < n; i++) {
        int digit = hex_digit((*text)[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *text += n;
    *ret = value;
    return true;
}

/* A member of hex numbers of `n` digits each, joined by `join`: "8086:347a", "17-1b", "0604". */
static enum sy_code read_hex(const json_t *obj, const char *key, int n, char join,
                             const char *expected, const struct sy_path *at, uint16_t *ret_first,
                             uint16_t *ret_second, struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(obj, key, SY_JSON_OPTIONAL, SY_NAME_MAX, at, &text, err);
    if (code != SY_OK || text == NULL)
        return code;
    const char *p = text;
    uint32_t first = 0, second = 0;
    bool ok = hex(&p, n, &first);
    if (ok && join != '\0')
        ok = *p++ == join && hex(&p, n, &second);
    if (!ok || *p != '\0')
        return sy_json_fail(SY_PATH_KEY(at, key), SY_EPARSE, err, "expected %s", expected);
    *ret_first = (uint16_t)first;
    if (ret_second != NULL)
        *ret_second = (uint16_t)second;
    return SY_OK;
}

static enum sy_code read_buses(const json_t *obj, const struct sy_path *at, struct sy_obj *ret,
                               struct sy_err *err)
{
    uint16_t first = 0, last = 0;
    enum sy_code code =
        read_hex(obj, "buses", 2, '-', "a bus range as 17-1b", at, &first, &last, err);
    ret->bus_first = (uint8_t)first;
    ret->bus_last = (uint8_t)last;
    return code;
}

static enum sy_code read_uint(const json_t *obj, const char *key, int64_t max,
                              const struct sy_path *at, uint32_t *ret, struct sy_err *err)
{
    int64_t value = *ret;
    enum sy_code code = sy_json_int(obj, key, SY_JSON_OPTIONAL, 0, max, at, &value, err);
    *ret = (uint32_t)value;
    return code;
}

static enum sy_code read_id(const json_t *obj, const struct sy_path *at, struct sy_pci_id *ret,
                            struct sy_err *err)
{
    enum sy_code code =
        read_hex(obj, "class", 4, '\0', "4 hex digits", at, &ret->class_id, NULL, err);
    if (code == SY_OK)
        code = read_hex(obj, "id", 4, ':', "vendor:device as 8086:347a", at, &ret->vendor,
                        &ret->device, err);
    if (code == SY_OK)
        code = read_hex(obj, "subsystem", 4, ':', "vendor:device as 8086:347a", at, &ret->subvendor,
                        &ret->subdevice, err);
    return code;
}

/* "0000:16": domain and root bus. */
static enum sy_code read_root(const json_t *obj, const struct sy_path *at, struct sy_pci_addr *ret,
                              struct sy_err *err)
{
    const char *text = NULL;
    enum sy_code code = sy_json_str(obj, "pci", SY_JSON_REQUIRED, SY_NAME_MAX, at, &text, err);
    if (code != SY_OK)
        return code;
    const char *p = text;
    uint32_t bus, domain;
    int domain_digits = strlen(text) == strlen("00000000:00") ? 8 : 4;
    if (!hex(&p, domain_digits, &domain) || *p++ != ':' || !hex(&p, 2, &bus) || *p != '\0')
        return sy_json_fail(SY_PATH_KEY(at, "pci"), SY_EPARSE, err,
                            "expected domain and root bus as 0000:16");
    *ret = (struct sy_pci_addr){.domain = domain, .bus = (uint8_t)bus};
    return SY_OK;
}

static enum sy_code read_link_state(const json_t *obj, const struct sy_path *at, struct sy_obj *ret,
                                    struct sy_err *err)
{
    uint32_t width = 0, max_width = 0;
    enum sy_code code = sy_read_mbps(obj, "linkGBps", at, &ret->cur_link_mbps, err);
    if (code == SY_OK)
        code = sy_read_mbps(obj, "maxLinkGBps", at, &ret->max_link_mbps, err);
    if (code == SY_OK)
        code = read_uint(obj, "width", 64, at, &width, err);
    if (code == SY_OK)
        code = read_uint(obj, "maxWidth", 64, at, &max_width, err);
    ret->cur_width = (uint8_t)width;
    ret->max_width = (uint8_t)max_width;
    return code;
}

/* What discovery knows of a function beside PCI. */
static enum sy_code read_function(const json_t *obj, const struct sy_path *at,
                                  struct sy_arena *arena, struct sy_obj *ret, struct sy_err *err)
{
    enum sy_code code = sy_read_text(obj, "name", SY_NAME_MAX, at, arena, &ret->name, err);
    if (code == SY_OK)
        code = sy_read_text(obj, "uuid", SY_NAME_MAX, at, arena, &ret->uuid, err);
    if (code == SY_OK)
        code = sy_read_text(obj, "driver", SY_NAME_MAX, at, arena, &ret->driver, err);
    if (code == SY_OK)
        code = sy_json_bool(obj, "vf", SY_JSON_OPTIONAL, at, &ret->is_vf, err);
    if (code == SY_OK)
        code =
            sy_read_addr(obj, "physfn", SY_JSON_OPTIONAL, at, &ret->has_physfn, &ret->physfn, err);
    ret->driver_known = ret->driver != NULL;
    if (ret->driver_known && ret->driver[0] == '\0')
        ret->driver = NULL; /* read, and none is bound */
    return code;
}

static enum sy_code read_attributes(const json_t *obj, const struct sy_path *at,
                                    struct sy_arena *arena, struct sy_obj *ret, struct sy_err *err)
{
    bool present;
    enum sy_code code;
    switch ((enum sy_obj_type)ret->type) {
    case SY_OBJ_PACKAGE:
        return read_uint(obj, "index", UINT32_MAX, at, &ret->os_index, err);
    case SY_OBJ_NUMA:
        code = read_uint(obj, "index", UINT32_MAX, at, &ret->os_index, err);
        if (code == SY_OK)
            code = read_uint(obj, "memoryMiB", UINT32_MAX, at, &ret->memory_mib, err);
        return code;
    case SY_OBJ_HOST_BRIDGE:
        code = read_root(obj, at, &ret->addr, err);
        return code == SY_OK ? read_buses(obj, at, ret, err) : code;
    case SY_OBJ_BRIDGE:
    case SY_OBJ_DEVICE:
        code = sy_read_addr(obj, "pci", SY_JSON_REQUIRED, at, &present, &ret->addr, err);
        if (code == SY_OK)
            code = read_id(obj, at, &ret->id, err);
        if (code == SY_OK)
            code = read_link_state(obj, at, ret, err);
        if (code == SY_OK)
            code = read_buses(obj, at, ret, err);
        return code == SY_OK ? read_function(obj, at, arena, ret, err) : code;
    case SY_OBJ_MACHINE:
    case SY_OBJ_TYPE_COUNT:
        break;
    }
    return SY_OK;
}

/* One object of the document. Objects of a type that we do not know (a newer writer's) are left
 * out: what hangs below them hangs below their parent. `place` maps the document's indices to ours.
 */
static enum sy_code read_obj(const json_t *item, size_t i, const struct sy_path *at,
                             struct sy_arena *arena, uint16_t *place, struct sy_inventory *inv,
                             struct sy_err *err)
{
    const char *type_name = NULL;
    int64_t parent = 0;
    if (!json_is_object(item))
        return sy_json_fail_type(at, "object", item, err);
    enum sy_code code =
        sy_json_str(item, "type", SY_JSON_REQUIRED, SY_NAME_MAX, at, &type_name, err);
    if (code == SY_OK && i > 0)
        code = sy_json_int(item, "parent", SY_JSON_REQUIRED, 0, (int64_t)i - 1, at, &parent, err);
    if (code != SY_OK)
        return code;
    int type = sy_obj_type_find(type_name);
    if (i == 0 && type != SY_OBJ_MACHINE)
        return sy_json_fail(SY_PATH_KEY(at, "type"), SY_EINVAL, err, "the first object must be %s",
                            sy_obj_type_name(SY_OBJ_MACHINE));
    if (type < 0) {
        place[i] = place[parent];
        return SY_OK;
    }
    struct sy_obj *obj = &inv->obj[inv->nobj];
    obj->type = (uint8_t)type;
    obj->parent = place[parent];
    place[i] = inv->nobj++;
    return read_attributes(item, at, arena, obj, err);
}

static enum sy_code read_objects(const json_t *spec, const struct sy_path *at,
                                 struct sy_arena *arena, struct sy_inventory *inv,
                                 struct sy_err *err)
{
    json_t *objects = NULL;
    enum sy_code code =
        sy_json_array(spec, "objects", SY_JSON_REQUIRED, SY_OBJ_MAX, at, &objects, err);
    if (code != SY_OK)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "objects");
    size_t n = json_array_size(objects);
    uint16_t place[SY_OBJ_MAX] = {0};
    inv->obj = sy_arena_calloc(arena, n, sizeof *inv->obj);
    if (inv->obj == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = read_obj(json_array_get(objects, i), i, SY_PATH_AT(here, i), arena, place, inv, err);
    return code;
}

/* Functions by address, to find the ends of links. */
struct by_addr {
    struct sy_pci_addr addr;
    uint16_t obj;
};

static int addr_cmp(const void *left, const void *right)
{
    const struct by_addr *a = left, *b = right;
    return sy_pci_addr_cmp(a->addr, b->addr);
}

static enum sy_code read_end(const json_t *item, const char *key, const struct sy_path *at,
                             const struct by_addr *function, size_t n, uint16_t *ret,
                             struct sy_err *err)
{
    struct by_addr wanted;
    bool present;
    enum sy_code code = sy_read_addr(item, key, SY_JSON_REQUIRED, at, &present, &wanted.addr, err);
    if (code != SY_OK)
        return code;
    const struct by_addr *found =
        n > 0 ? bsearch(&wanted, function, n, sizeof *function, addr_cmp) : NULL;
    if (found == NULL) {
        char text[SY_PCI_ADDR_TEXT];
        return sy_json_fail(SY_PATH_KEY(at, key), SY_EINVAL, err, "no device %s among the objects",
                            sy_pci_addr_format(wanted.addr, text));
    }
    *ret = found->obj;
    return SY_OK;
}

static enum sy_code read_link(const json_t *item, const struct sy_path *at,
                              const struct by_addr *function, size_t n, struct sy_link *ret,
                              struct sy_err *err)
{
    const char *type_name = NULL;
    if (!json_is_object(item))
        return sy_json_fail_type(at, "object", item, err);
    enum sy_code code = read_end(item, "a", at, function, n, &ret->a, err);
    if (code == SY_OK)
        code = read_end(item, "b", at, function, n, &ret->b, err);
    if (code == SY_OK && ret->a == ret->b)
        code = sy_json_fail(at, SY_EINVAL, err, "joins a device with itself");
    if (code == SY_OK)
        code = sy_json_str(item, "type", SY_JSON_REQUIRED, SY_NAME_MAX, at, &type_name, err);
    if (code == SY_OK)
        code = sy_read_mbps(item, "gbps", at, &ret->mbps, err);
    if (code != SY_OK)
        return code;
    int type = sy_link_type_find(type_name);
    ret->type = (uint8_t)(type < 0 ? SY_LINK_OTHER : type); /* a newer writer's */
    if (ret->a > ret->b) {
        uint16_t a = ret->a;
        ret->a = ret->b;
        ret->b = a;
    }
    return SY_OK;
}

static int link_cmp(const void *left, const void *right)
{
    const struct sy_link *a = left, *b = right;
    uint32_t x = (uint32_t)a->a << 16 | a->b, y = (uint32_t)b->a << 16 | b->b;
    return (x > y) - (x < y);
}

static enum sy_code sort_links(struct sy_inventory *inv, const struct sy_path *at,
                               struct sy_err *err)
{
    if (inv->nlink > 1)
        qsort(inv->link, inv->nlink, sizeof *inv->link, link_cmp);
    for (uint32_t i = 1; i < inv->nlink; i++) {
        const struct sy_link *link = &inv->link[i];
        char a[SY_PCI_ADDR_TEXT], b[SY_PCI_ADDR_TEXT];
        if (link_cmp(link - 1, link) == 0)
            return sy_json_fail(at, SY_EINVAL, err, "two links join %s and %s",
                                sy_pci_addr_format(inv->obj[link->a].addr, a),
                                sy_pci_addr_format(inv->obj[link->b].addr, b));
    }
    return SY_OK;
}

static enum sy_code read_links(const json_t *spec, const struct sy_path *at, struct sy_arena *arena,
                               struct sy_inventory *inv, struct sy_err *err)
{
    json_t *links = NULL;
    enum sy_code code =
        sy_json_array(spec, "links", SY_JSON_OPTIONAL, SY_LINK_MAX, at, &links, err);
    if (code != SY_OK || links == NULL || json_array_size(links) == 0)
        return code;
    const struct sy_path *here = SY_PATH_KEY(at, "links");
    sy_autofree struct by_addr *function = sy_calloc(inv->nobj, sizeof *function);
    inv->link = sy_arena_calloc(arena, json_array_size(links), sizeof *inv->link);
    if (function == NULL || inv->link == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    size_t n = 0;
    for (uint16_t i = 0; i < inv->nobj; i++) {
        if (inv->obj[i].type == SY_OBJ_DEVICE)
            function[n++] = (struct by_addr){.addr = inv->obj[i].addr, .obj = i};
    }
    if (n > 1)
        qsort(function, n, sizeof *function, addr_cmp);
    for (size_t i = 0; i < json_array_size(links) && code == SY_OK; i++)
        code = read_link(json_array_get(links, i), SY_PATH_AT(here, i), function, n,
                         &inv->link[inv->nlink++], err);
    return code == SY_OK ? sort_links(inv, here, err) : code;
}

/* A policy or scope that we do not know is a newer kubelet's: unknown, no error. */
static enum sy_code read_topology_manager(const json_t *spec, const struct sy_path *at,
                                          struct sy_topology_manager *ret, struct sy_err *err)
{
    json_t *manager = NULL, *options = NULL;
    const char *policy = "", *scope = "";
    uint32_t max_numa = 0;
    const struct sy_path *here = SY_PATH_KEY(at, "topologyManager");
    const struct sy_path *below = SY_PATH_KEY(here, "options");
    enum sy_code code =
        sy_json_object(spec, "topologyManager", SY_JSON_OPTIONAL, at, &manager, err);
    if (code != SY_OK || manager == NULL)
        return code;
    code = sy_json_str(manager, "policy", SY_JSON_OPTIONAL, SY_NAME_MAX, here, &policy, err);
    if (code == SY_OK)
        code = sy_json_str(manager, "scope", SY_JSON_OPTIONAL, SY_NAME_MAX, here, &scope, err);
    if (code == SY_OK)
        code = sy_json_object(manager, "options", SY_JSON_OPTIONAL, here, &options, err);
    if (code == SY_OK && options != NULL)
        code = sy_json_bool(options, "preferClosestNuma", SY_JSON_OPTIONAL, below,
                            &ret->prefer_closest, err);
    if (code == SY_OK && options != NULL)
        code = read_uint(options, "maxAllowableNuma", UINT16_MAX, below, &max_numa, err);
    ret->policy = (uint8_t)sy_topology_policy_find(policy);
    ret->scope = (uint8_t)sy_topology_scope_find(scope);
    ret->max_numa = (uint16_t)max_numa;
    return code;
}

enum sy_code sy_inventory_from_json(const json_t *spec, const struct sy_path *at,
                                    struct sy_arena *arena, struct sy_inventory *ret,
                                    struct sy_err *err)
{
    struct sy_inventory inv = {.source = "document"};
    if (!json_is_object(spec))
        return sy_json_fail_type(at, "object", spec, err);
    enum sy_code code = sy_read_text(spec, "source", SY_NAME_MAX, at, arena, &inv.source, err);
    if (code == SY_OK)
        code = sy_read_text(spec, "product", SY_TEXT_MAX, at, arena, &inv.product, err);
    if (code == SY_OK)
        code = sy_read_text(spec, "bootID", SY_TEXT_MAX, at, arena, &inv.boot_id, err);
    if (code == SY_OK)
        code = sy_read_text(spec, "cpuVendor", SY_TEXT_MAX, at, arena, &inv.cpu_vendor, err);
    if (code == SY_OK)
        code = sy_read_text(spec, "cpuModel", SY_TEXT_MAX, at, arena, &inv.cpu_model, err);
    if (code == SY_OK)
        code = read_topology_manager(spec, at, &inv.topology_manager, err);
    if (code == SY_OK)
        code = read_objects(spec, at, arena, &inv, err);
    if (code == SY_OK)
        code = read_links(spec, at, arena, &inv, err);
    if (code != SY_OK)
        return code;
    struct sy_err why = {0};
    code = sy_inventory_check(&inv, &why);
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "%s", why.text);
    if (code != SY_OK)
        return sy_json_fail(at, code, err, "%s", why.text);
    *ret = inv;
    return SY_OK;
}
