/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/observe.h"

#include "topology/discover/link_speed.h"
#include "topology/discover/sysfs_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI_FOLDER "sys/bus/pci/devices"
#define AER_FILE_MAX 2048

static void path_of(const char *addr, const char *file, char path[SY_SYSFS_PATH])
{
    (void)snprintf(path, SY_SYSFS_PATH, PCI_FOLDER "/%.32s/%s", addr, file);
}

/* The total in the last line of a counter file: "TOTAL_ERR_FATAL 0"; -1 where there is none. */
static int64_t read_total(int root, const char *addr, const char *file)
{
    char path[SY_SYSFS_PATH], text[AER_FILE_MAX];
    size_t len;
    path_of(addr, file, path);
    if (!sy_sysfs_bytes(root, path, text, sizeof text, &len))
        return -1;
    const char *at = strstr(text, "TOTAL_ERR_");
    at = at != NULL ? strchr(at, ' ') : NULL;
    if (at == NULL || at[1] < '0' || at[1] > '9')
        return -1;
    return strtoll(at, NULL, 10);
}

static void read_driver(int root, const char *addr, struct sy_look *look)
{
    char path[SY_SYSFS_PATH], link[SY_SYSFS_PATH];
    path_of(addr, "driver", path);
    look->has_driver = sy_sysfs_link(root, path, link, sizeof link);
    look->is_vfio = look->has_driver && strcmp(sy_sysfs_base(link), "vfio-pci") == 0;
}

static uint8_t read_width(int root, const char *addr, const char *file)
{
    char path[SY_SYSFS_PATH], text[64];
    path_of(addr, file, path);
    return sy_sysfs_line(root, path, text, sizeof text) ? sy_link_width(text) : 0;
}

static uint32_t read_mbps(int root, const char *addr, unsigned width)
{
    char path[SY_SYSFS_PATH], text[64];
    path_of(addr, "current_link_speed", path);
    return sy_sysfs_line(root, path, text, sizeof text)
               ? sy_pci_link_mbps(sy_link_mtps(text), width)
               : 0;
}

static bool is_virtual(const struct sy_obj *obj)
{
    return obj->is_vf || obj->has_physfn;
}

void sy_observe_unit(int root, const struct sy_fabric *fabric, uint16_t unit,
                     struct sy_look *ret_look, struct sy_link_now *ret_link)
{
    const struct sy_unit *u = &fabric->unit[unit];
    const struct sy_obj *obj = &fabric->inv.obj[u->obj];
    char addr[SY_PCI_ADDR_TEXT], path[SY_SYSFS_PATH];
    int64_t vendor;
    struct sy_look look = {.fatal = -1, .nonfatal = -1, .correctable = -1};
    struct sy_link_now link = {.width = 0};
    (void)sy_pci_addr_format(u->addr, addr);
    path_of(addr, "vendor", path);
    look.present = sy_sysfs_number(root, path, &vendor);
    /* Virtual NICs are handed out with any driver, vfio-pci too; what the fabric says to be broken
     * has its reason already. */
    bool virtual_nic = is_virtual(obj) && u->kind == SY_KIND_NIC;
    look.driver_matters = !virtual_nic && !u->broken;
    if (look.present)
        read_driver(root, addr, &look);
    if (look.present && !is_virtual(obj)) {
        look.fatal = read_total(root, addr, "aer_dev_fatal");
        look.nonfatal = read_total(root, addr, "aer_dev_nonfatal");
        look.correctable = read_total(root, addr, "aer_dev_correctable");
        look.max_width = read_width(root, addr, "max_link_width");
        look.cur_width = read_width(root, addr, "current_link_width");
        link.width = (uint8_t)look.cur_width;
        link.mbps = read_mbps(root, addr, link.width);
    }
    *ret_look = look;
    *ret_link = link;
}

uint8_t sy_observe_max_width(const struct sy_fabric *fabric, uint16_t unit)
{
    const struct sy_obj *obj = &fabric->inv.obj[fabric->unit[unit].obj];
    const struct sy_obj *port = &fabric->inv.obj[obj->parent];
    uint8_t own = obj->max_width;
    if (port->type != SY_OBJ_BRIDGE || port->max_width == 0)
        return own;
    return own == 0 || port->max_width < own ? port->max_width : own;
}

static void digest_link(int root, const char *addr, const char *file, struct sy_digest *digest)
{
    char path[SY_SYSFS_PATH], link[SY_SYSFS_PATH];
    path_of(addr, file, path);
    bool is_link = sy_sysfs_link(root, path, link, sizeof link);
    sy_digest_str(digest, is_link ? sy_sysfs_base(link) : NULL);
}

enum sy_code sy_observe_digest(int root, struct sy_digest *ret, struct sy_err *err)
{
    struct sy_names names;
    enum sy_code code = sy_sysfs_list(root, PCI_FOLDER, SY_OBJ_MAX, &names, err);
    if (code != SY_OK)
        return code;
    struct sy_digest digest = sy_digest_begin();
    for (size_t i = 0; i < names.n; i++) {
        char path[SY_SYSFS_PATH];
        int64_t device = -1;
        sy_digest_str(&digest, names.name[i]);
        path_of(names.name[i], "device", path);
        (void)sy_sysfs_number(root, path, &device);
        sy_digest_u64(&digest, (uint64_t)device);
        sy_digest_u64(&digest, read_width(root, names.name[i], "current_link_width"));
        digest_link(root, names.name[i], "driver", &digest);
        digest_link(root, names.name[i], "physfn", &digest);
    }
    sy_names_done(&names);
    *ret = digest;
    return SY_OK;
}
