/* SPDX-License-Identifier: Apache-2.0 */
/* hwloc's helpers for common ancestors and subtrees compare depths, which are the same for all I/O
 * objects of a type: they crash or lie. Everything here walks `parent` and child lists itself. */
#include "topology/discover/hwloc_import.h"

#include "topology/discover/build.h"
#include "topology/discover/links.h"
#include "topology/discover/names.h"
#include "topology/discover/rules.h"

#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

/* Where I/O can hang: packages, and NUMA nodes with CPUs of their own. */
struct place {
    hwloc_const_cpuset_t cpuset;
    uint16_t obj;
};

struct import {
    hwloc_topology_t topo;
    struct sy_build build;
    bool renumber; /* packages get their position as number */
    size_t npackage, nnuma;
    struct place package[SY_OBJ_MAX / 4], numa[SY_OBJ_MAX / 4];
};

static enum sy_code add_place(struct import *im, enum sy_obj_type type, uint16_t parent,
                              hwloc_obj_t obj, struct sy_err *err)
{
    bool numa = type == SY_OBJ_NUMA;
    size_t *n = numa ? &im->nnuma : &im->npackage;
    struct place *place = numa ? im->numa : im->package;
    if (*n == SY_OBJ_MAX / 4)
        return sy_fail(err, SY_ELIMIT, "more than %u packages or NUMA nodes", SY_OBJ_MAX / 4);
    struct sy_obj made = {.parent = parent, .type = (uint8_t)type, .os_index = obj->os_index};
    if (!numa && im->renumber)
        made.os_index = (uint32_t)*n;
    if (numa) {
        uint64_t mib = obj->attr->numanode.local_memory >> 20;
        made.memory_mib = mib > UINT32_MAX ? UINT32_MAX : (uint32_t)mib;
    }
    place[*n].cpuset = obj->cpuset;
    return sy_build_obj(&im->build, &made, &place[(*n)++].obj, err);
}

static enum sy_code add_packages(struct import *im, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    hwloc_obj_t obj = NULL;
    /* Some Arm and Itanium kernels number packages by addresses in firmware tables. */
    while ((obj = hwloc_get_next_obj_by_type(im->topo, HWLOC_OBJ_PACKAGE, obj)) != NULL)
        im->renumber = im->renumber || obj->os_index > SY_OS_INDEX_MAX;
    while (code == SY_OK &&
           (obj = hwloc_get_next_obj_by_type(im->topo, HWLOC_OBJ_PACKAGE, obj)) != NULL)
        code = add_place(im, SY_OBJ_PACKAGE, 0, obj, err);
    return code;
}

/* Is this node where its CPUs belong? Not where it has none, and not where another node is at least
 * as near to some of them: of several nodes with the same CPUs (DRAM and HBM) the first counts, and
 * a node that spans others (CXL memory of the whole machine) is no place. */
static bool is_place(const struct import *im, hwloc_obj_t node)
{
    if (node->cpuset == NULL || hwloc_bitmap_iszero(node->cpuset))
        return false;
    hwloc_obj_t other = NULL;
    while ((other = hwloc_get_next_obj_by_type(im->topo, HWLOC_OBJ_NUMANODE, other)) != NULL) {
        if (other == node || other->cpuset == NULL || hwloc_bitmap_iszero(other->cpuset) ||
            !hwloc_bitmap_isincluded(other->cpuset, node->cpuset))
            continue;
        bool same = hwloc_bitmap_isequal(other->cpuset, node->cpuset);
        if (!same || other->os_index < node->os_index)
            return false;
    }
    return true;
}

static enum sy_code add_numa(struct import *im, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    hwloc_obj_t node = NULL;
    while (code == SY_OK &&
           (node = hwloc_get_next_obj_by_type(im->topo, HWLOC_OBJ_NUMANODE, node)) != NULL) {
        if (!is_place(im, node))
            continue;
        uint16_t parent = 0;
        for (size_t i = 0; i < im->npackage && parent == 0; i++)
            if (hwloc_bitmap_isincluded(node->cpuset, im->package[i].cpuset))
                parent = im->package[i].obj;
        code = add_place(im, SY_OBJ_NUMA, parent, node, err);
    }
    return code;
}

/* The smallest of NUMA node, package and machine that holds all CPUs an I/O object is local to. */
static uint16_t locality(const struct import *im, hwloc_const_cpuset_t cpus)
{
    uint16_t found = 0;
    size_t hits = 0;
    for (size_t i = 0; i < im->nnuma; i++) {
        if (hwloc_bitmap_intersects(im->numa[i].cpuset, cpus)) {
            found = im->numa[i].obj;
            hits++;
        }
    }
    if (hits == 1)
        return found;
    for (size_t i = 0; i < im->npackage; i++)
        if (hwloc_bitmap_isincluded(cpus, im->package[i].cpuset))
            return im->package[i].obj;
    return 0;
}

static void set_pci(struct sy_obj *made, const struct hwloc_pcidev_attr_s *pci)
{
    made->addr = (struct sy_pci_addr){
        .domain = pci->domain, .bus = pci->bus, .dev = pci->dev, .func = pci->func};
    made->id = (struct sy_pci_id){.class_id = pci->class_id,
                                  .vendor = pci->vendor_id,
                                  .device = pci->device_id,
                                  .subvendor = pci->subvendor_id,
                                  .subdevice = pci->subdevice_id};
    /* GB/s with six decimals; the validator allows no number that overflows this. */
    double mbps = (double)pci->linkspeed * 1000.0 + 0.5;
    made->cur_link_mbps = mbps > 4e9 ? UINT32_MAX : (uint32_t)mbps;
}

/* "MaxLinkSpeed" in GB/s, as Switchyard's agent exports it: hwloc itself knows only the current
 * speed. */
static uint32_t max_link(hwloc_obj_t obj)
{
    const char *text = hwloc_obj_get_info_by_name(obj, "MaxLinkSpeed");
    if (text == NULL || !sy_rule_decimal(text))
        return 0;
    double mbps = strtod(text, NULL) * 1000.0 + 0.5; /* the child stays in the C locale */
    return mbps > 4e9 ? UINT32_MAX : (uint32_t)mbps;
}

/* Name and vendor's id from the OS devices of a PCI device, sub-devices included: the best name
 * wins, the first id. */
static enum sy_code name_device(struct import *im, hwloc_obj_t parent, struct sy_obj *made,
                                unsigned *rank, struct sy_err *err)
{
    static const char *const ids[] = {"NVIDIAUUID", "AMDUUID", "LevelZeroUUID", "UUID"};
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && code == SY_OK && made->uuid == NULL; i++)
        code =
            sy_build_text(&im->build, hwloc_obj_get_info_by_name(parent, ids[i]), &made->uuid, err);
    hwloc_obj_t child = parent->io_first_child;
    for (; child != NULL && code == SY_OK; child = child->next_sibling) {
        if (child->type != HWLOC_OBJ_OS_DEVICE)
            continue;
        unsigned r = sy_name_rank(child->name);
        if (r < *rank) {
            *rank = r;
            code = sy_build_text(&im->build, child->name, &made->name, err);
        }
        if (code == SY_OK)
            code = name_device(im, child, made, rank, err);
    }
    return code;
}

static enum sy_code add_io(struct import *im, hwloc_obj_t obj, uint16_t parent, struct sy_err *err);

static enum sy_code add_children(struct import *im, hwloc_obj_t obj, uint16_t parent,
                                 struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (hwloc_obj_t child = obj->io_first_child; child != NULL && code == SY_OK;
         child = child->next_sibling)
        code = add_io(im, child, parent, err);
    return code;
}

static enum sy_code add_host_bridge(struct import *im, hwloc_obj_t obj, uint16_t parent,
                                    struct sy_err *err)
{
    struct sy_obj made = {.parent = parent, .type = SY_OBJ_HOST_BRIDGE};
    made.bus_first = obj->attr->bridge.downstream.pci.secondary_bus;
    made.bus_last = obj->attr->bridge.downstream.pci.subordinate_bus;
    made.addr.domain = obj->attr->bridge.downstream.pci.domain;
    made.addr.bus = made.bus_first;
    uint16_t index;
    enum sy_code code = sy_build_obj(&im->build, &made, &index, err);
    return code == SY_OK ? add_children(im, obj, index, err) : code;
}

static bool is_misplaced(const struct sy_obj *bridge, struct sy_pci_addr addr)
{
    return bridge->bus_last != 0 && (addr.domain != bridge->addr.domain ||
                                     addr.bus < bridge->bus_first || addr.bus > bridge->bus_last);
}

static enum sy_code add_pci(struct import *im, hwloc_obj_t obj, uint16_t parent, struct sy_err *err)
{
    bool bridge = obj->type == HWLOC_OBJ_BRIDGE;
    struct sy_obj made = {.parent = parent, .type = bridge ? SY_OBJ_BRIDGE : SY_OBJ_DEVICE};
    set_pci(&made, bridge ? &obj->attr->bridge.upstream.pci : &obj->attr->pcidev);
    made.max_link_mbps = max_link(obj);
    if (is_misplaced(&im->build.obj[parent], made.addr))
        return SY_OK; /* the validator has seen to it that its address is another object's */
    if (bridge) {
        made.bus_first = obj->attr->bridge.downstream.pci.secondary_bus;
        made.bus_last = obj->attr->bridge.downstream.pci.subordinate_bus;
    }
    unsigned rank = SY_NAME_RANK_NONE;
    enum sy_code code = bridge ? SY_OK : name_device(im, obj, &made, &rank, err);
    /* A file written without bridges: the device's root bus is not known, its own bus stands in. */
    if (code == SY_OK && im->build.obj[parent].type < SY_OBJ_HOST_BRIDGE)
        code =
            sy_build_host(&im->build, parent, made.addr.domain, made.addr.bus, &made.parent, err);
    uint16_t index = 0;
    if (code == SY_OK)
        code = sy_build_obj(&im->build, &made, &index, err);
    if (code != SY_OK)
        return code;
    /* hwloc objects carry their index + 1 for the distance matrices. */
    obj->userdata = (void *)(uintptr_t)(index + 1u);
    return bridge ? add_children(im, obj, index, err) : SY_OK;
}

static enum sy_code add_io(struct import *im, hwloc_obj_t obj, uint16_t parent, struct sy_err *err)
{
    if (obj->type == HWLOC_OBJ_OS_DEVICE)
        return SY_OK; /* read with its PCI device; below a bridge it says nothing about one */
    if (obj->type == HWLOC_OBJ_BRIDGE && obj->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_HOST)
        return add_host_bridge(im, obj, parent, err);
    return add_pci(im, obj, parent, err);
}

/* I/O below `obj` and all that hangs below it; the depth is what the validator let through. */
static enum sy_code walk(struct import *im, hwloc_obj_t obj, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    if (obj->io_first_child != NULL)
        code = add_children(im, obj, locality(im, obj->cpuset), err);
    for (hwloc_obj_t child = obj->first_child; child != NULL && code == SY_OK;
         child = child->next_sibling)
        code = walk(im, child, err);
    return code;
}

/* The PCI object that a distance matrix means by `obj`: itself, or what an OS device belongs to. */
static hwloc_obj_t pci_of(hwloc_obj_t obj)
{
    while (obj != NULL && obj->type == HWLOC_OBJ_OS_DEVICE)
        obj = obj->parent;
    return obj != NULL && obj->type == HWLOC_OBJ_PCI_DEVICE ? obj : NULL;
}

/* NVSwitches stand in the matrix as PCI devices, the devices that they join as OS devices. */
static bool is_switch(hwloc_obj_t obj)
{
    return obj != NULL && obj->type == HWLOC_OBJ_PCI_DEVICE &&
           ((obj->subtype != NULL && strcmp(obj->subtype, "NVSwitch") == 0) ||
            obj->attr->pcidev.class_id == 0x0680);
}

static enum sy_code add_matrix(struct import *im, const struct hwloc_distances_s *distances,
                               enum sy_link_type type, struct sy_err *err)
{
    unsigned n = distances->nbobjs;
    sy_autofree struct sy_matrix_node *node = sy_calloc(n, sizeof *node);
    sy_autofree uint64_t *mbps = sy_calloc((size_t)n * n, sizeof *mbps);
    if (node == NULL || mbps == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    /* hwloc's RSMI backend writes this for every pair of a hive: presence, not a rate. */
    enum { RSMI_FLAT = 100000 };
    bool flat = type == SY_LINK_XGMI;
    for (unsigned i = 0; i < n; i++) {
        hwloc_obj_t pci = pci_of(distances->objs[i]);
        node[i].obj = pci != NULL ? (int)(uintptr_t)pci->userdata - 1 : -1;
        node[i].is_switch = is_switch(distances->objs[i]);
        for (unsigned j = 0; j < n; j++) {
            uint64_t value = distances->values[(size_t)i * n + j];
            mbps[(size_t)i * n + j] = value;
            flat = flat && (i == j || value == 0 || value == RSMI_FLAT);
        }
    }
    struct sy_matrix matrix = {
        .type = type, .n = n, .node = node, .mbps = mbps, .rate_unknown = flat};
    return sy_links_from_matrix(&im->build, &matrix, err);
}

static enum sy_code add_links(struct import *im, struct sy_err *err)
{
    struct hwloc_distances_s *distances[64];
    unsigned n = sizeof distances / sizeof distances[0];
    if (hwloc_distances_get(im->topo, &n, distances, 0, 0) < 0)
        return sy_fail(err, SY_ENOMEM, "hwloc's distances: out of memory");
    enum sy_code code = SY_OK;
    unsigned max = sizeof distances / sizeof distances[0];
    for (unsigned i = 0; i < n && i < max; i++) {
        enum sy_link_type type = sy_links_type(hwloc_distances_get_name(im->topo, distances[i]));
        if (code == SY_OK && type != SY_LINK_NONE)
            code = add_matrix(im, distances[i], type, err);
        hwloc_distances_release(im->topo, distances[i]);
    }
    return code;
}

static enum sy_code add_texts(struct import *im, struct sy_inventory *ret, struct sy_err *err)
{
    hwloc_obj_t root = hwloc_get_root_obj(im->topo);
    hwloc_obj_t package = hwloc_get_next_obj_by_type(im->topo, HWLOC_OBJ_PACKAGE, NULL);
    const char *product = hwloc_obj_get_info_by_name(root, "DMIProductName");
    if (product == NULL)
        product = hwloc_obj_get_info_by_name(root, "PlatformModel");
    hwloc_obj_t cpu = package != NULL ? package : root;
    const char *vendor = hwloc_obj_get_info_by_name(cpu, "CPUVendor");
    const char *model = hwloc_obj_get_info_by_name(cpu, "CPUModel");
    enum sy_code code = sy_build_text(&im->build, product, &ret->product, err);
    if (code == SY_OK)
        code = sy_build_text(&im->build, vendor, &ret->cpu_vendor, err);
    if (code == SY_OK)
        code = sy_build_text(&im->build, model, &ret->cpu_model, err);
    return code;
}

static enum sy_code convert(struct import *im, struct sy_arena *arena, struct sy_inventory *ret,
                            struct sy_err *err)
{
    struct sy_inventory made = {.source = "hwloc-xml"};
    enum sy_code code = sy_build_init(&im->build, arena, err);
    if (code == SY_OK)
        code = add_packages(im, err);
    if (code == SY_OK)
        code = add_numa(im, err);
    if (code == SY_OK)
        code = walk(im, hwloc_get_root_obj(im->topo), err);
    if (code == SY_OK)
        code = add_links(im, err);
    if (code == SY_OK)
        code = add_texts(im, &made, err);
    if (code == SY_OK)
        code = sy_build_finish(&im->build, &made, err);
    if (code == SY_OK)
        *ret = made;
    sy_build_done(&im->build);
    return code;
}

/* I/O in full: an empty port is the evidence of a lost device. Of the CPU side what locality needs:
 * a cache or a core that a NUMA node hangs on stays (KEEP_STRUCTURE), or the node would move up and
 * take its new parent's CPUs; disallowed CPUs stay, or a dump made inside a container would lose
 * their NUMA nodes. */
static int configure(hwloc_topology_t topo, const char *data, size_t len)
{
    unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED;
#if HWLOC_API_VERSION >= 0x00020800
    flags |= HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS | HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS;
#endif
    if (hwloc_topology_set_xmlbuffer(topo, data, (int)len) < 0 ||
        hwloc_topology_set_flags(topo, flags) < 0 ||
        hwloc_topology_set_io_types_filter(topo, HWLOC_TYPE_FILTER_KEEP_ALL) < 0 ||
        hwloc_topology_set_cache_types_filter(topo, HWLOC_TYPE_FILTER_KEEP_STRUCTURE) < 0 ||
        hwloc_topology_set_icache_types_filter(topo, HWLOC_TYPE_FILTER_KEEP_NONE) < 0 ||
        hwloc_topology_set_type_filter(topo, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_STRUCTURE) < 0)
        return -1;
    return hwloc_topology_load(topo);
}

enum sy_code sy_hwloc_import(const char *data, size_t len, struct sy_arena *arena,
                             struct sy_inventory *ret, struct sy_err *err)
{
    struct import *im = sy_calloc(1, sizeof *im);
    if (im == NULL || hwloc_topology_init(&im->topo) < 0) {
        sy_free(im);
        return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    enum sy_code code = configure(im->topo, data, len) < 0
                            ? sy_fail(err, SY_EINVAL, "hwloc cannot load this topology")
                            : convert(im, arena, ret, err);
    hwloc_topology_destroy(im->topo);
    sy_free(im);
    return code;
}
