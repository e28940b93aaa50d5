/* SPDX-License-Identifier: Apache-2.0 */
/* Inventory → JSON. */
#include "topology/json_private.h"
#include "topology/node_json.h"

#include <stdio.h>

static void put_pair(json_t *obj, const char *key, const char *join, unsigned width, unsigned a,
                     unsigned b, bool *ok)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%0*x%s%0*x", (int)width, a, join, (int)width, b);
    sy_put(obj, key, json_string(text), ok);
}

static void put_buses(json_t *ret, const struct sy_obj *obj, bool *ok)
{
    if (obj->bus_first != 0 || obj->bus_last != 0)
        put_pair(ret, "buses", "-", 2, obj->bus_first, obj->bus_last, ok);
}

static void put_id(json_t *ret, const struct sy_obj *obj, bool *ok)
{
    char text[8];
    const struct sy_pci_id *id = &obj->id;
    (void)snprintf(text, sizeof text, "%04x", id->class_id);
    if (id->class_id != 0)
        sy_put(ret, "class", json_string(text), ok);
    if (id->vendor != 0 || id->device != 0)
        put_pair(ret, "id", ":", 4, id->vendor, id->device, ok);
    if (id->subvendor != 0 || id->subdevice != 0)
        put_pair(ret, "subsystem", ":", 4, id->subvendor, id->subdevice, ok);
}

static void put_function(json_t *ret, const struct sy_obj *obj, bool *ok)
{
    sy_put_text(ret, "name", obj->name, ok);
    sy_put_text(ret, "uuid", obj->uuid, ok);
    if (obj->driver_known)
        sy_put_text(ret, "driver", obj->driver != NULL ? obj->driver : "", ok);
    if (obj->is_vf)
        sy_put(ret, "vf", json_true(), ok);
    if (obj->has_physfn)
        sy_put_addr(ret, "physfn", obj->physfn, ok);
}

static json_t *obj_to_json(const struct sy_obj *obj, bool machine, bool *ok)
{
    json_t *ret = json_object();
    sy_put_text(ret, "type", sy_obj_type_name((enum sy_obj_type)obj->type), ok);
    if (!machine)
        sy_put(ret, "parent", json_integer(obj->parent), ok);
    switch ((enum sy_obj_type)obj->type) {
    case SY_OBJ_PACKAGE:
    case SY_OBJ_NUMA:
        sy_put(ret, "index", json_integer(obj->os_index), ok);
        sy_put_uint(ret, "memoryMiB", obj->memory_mib, ok);
        break;
    case SY_OBJ_HOST_BRIDGE: {
        char text[16];
        (void)snprintf(text, sizeof text, obj->addr.domain > 0xffff ? "%08x:%02x" : "%04x:%02x",
                       obj->addr.domain, obj->addr.bus);
        sy_put_text(ret, "pci", text, ok);
        put_buses(ret, obj, ok);
        break;
    }
    case SY_OBJ_BRIDGE:
    case SY_OBJ_DEVICE:
        sy_put_addr(ret, "pci", obj->addr, ok);
        put_id(ret, obj, ok);
        put_buses(ret, obj, ok);
        sy_put_mbps(ret, "linkGBps", obj->cur_link_mbps, ok);
        sy_put_mbps(ret, "maxLinkGBps", obj->max_link_mbps, ok);
        sy_put_uint(ret, "width", obj->cur_width, ok);
        sy_put_uint(ret, "maxWidth", obj->max_width, ok);
        put_function(ret, obj, ok);
        break;
    case SY_OBJ_MACHINE:
    case SY_OBJ_TYPE_COUNT:
        break;
    }
    return ret;
}

static json_t *link_to_json(const struct sy_inventory *inv, const struct sy_link *link, bool *ok)
{
    json_t *ret = json_object();
    sy_put_addr(ret, "a", inv->obj[link->a].addr, ok);
    sy_put_addr(ret, "b", inv->obj[link->b].addr, ok);
    sy_put_text(ret, "type", sy_link_type_name((enum sy_link_type)link->type), ok);
    sy_put_mbps(ret, "gbps", link->mbps, ok);
    return ret;
}

/* What is unknown is left out, and all of it where nothing is known. */
static void put_topology_manager(json_t *spec, const struct sy_topology_manager *manager, bool *ok)
{
    json_t *ret = json_object(), *options = json_object();
    if (manager->policy != SY_TOPOLOGY_POLICY_UNKNOWN)
        sy_put_text(ret, "policy",
                    sy_topology_policy_name((enum sy_topology_policy)manager->policy), ok);
    if (manager->scope != SY_TOPOLOGY_SCOPE_UNKNOWN)
        sy_put_text(ret, "scope", sy_topology_scope_name((enum sy_topology_scope)manager->scope),
                    ok);
    if (manager->prefer_closest)
        sy_put(options, "preferClosestNuma", json_true(), ok);
    sy_put_uint(options, "maxAllowableNuma", manager->max_numa, ok);
    if (options == NULL || json_object_size(options) > 0)
        sy_put(ret, "options", options, ok);
    else
        json_decref(options);
    if (ret == NULL || json_object_size(ret) > 0)
        sy_put(spec, "topologyManager", ret, ok);
    else
        json_decref(ret);
}

enum sy_code sy_inventory_to_json(const struct sy_inventory *inv, json_t **ret, struct sy_err *err)
{
    bool ok = true;
    sy_autojson json_t *spec = json_object();
    sy_autojson json_t *objects = json_array();
    sy_autojson json_t *links = json_array();
    sy_put_text(spec, "source", inv->source, &ok);
    sy_put_text(spec, "product", inv->product, &ok);
    sy_put_text(spec, "bootID", inv->boot_id, &ok);
    sy_put_text(spec, "cpuVendor", inv->cpu_vendor, &ok);
    sy_put_text(spec, "cpuModel", inv->cpu_model, &ok);
    put_topology_manager(spec, &inv->topology_manager, &ok);
    for (uint16_t i = 0; i < inv->nobj && ok; i++)
        sy_append(objects, obj_to_json(&inv->obj[i], i == 0, &ok), &ok);
    for (uint32_t i = 0; i < inv->nlink && ok; i++)
        sy_append(links, link_to_json(inv, &inv->link[i], &ok), &ok);
    sy_put(spec, "objects", SY_TAKE(objects), &ok);
    if (json_array_size(links) > 0)
        sy_put(spec, "links", SY_TAKE(links), &ok);
    if (!ok)
        return sy_fail(err, SY_ENOMEM, "out of memory while writing JSON");
    *ret = SY_TAKE(spec);
    return SY_OK;
}
