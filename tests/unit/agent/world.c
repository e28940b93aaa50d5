/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/agent/world.h"

#include "topology/discover/build.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sy_catalogue *world_catalogue(void)
{
    struct sy_catalogue *cat = NULL;
    struct sy_err err = {0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &cat, &err) == SY_OK, "%s", err.text);
    return cat;
}

struct sy_pci_addr world_addr(const char *text)
{
    struct sy_pci_addr addr;
    ck_assert_int_eq(sy_pci_addr_parse(text, &addr, NULL), SY_OK);
    return addr;
}

/* What stands in the machine, parents before children; `parent` is an address, a root bus or a NUMA
 * node's number. */
static const struct {
    const char *addr, *parent;
    uint8_t type;
    uint8_t bus_first, bus_last;
    uint16_t class_id, vendor, device;
    const char *physfn, *driver;
} parts[] = {
    {"0000:00:05.0", "host0", SY_OBJ_DEVICE, 0, 0, 0x0880, 0x8086, 0x09a2, NULL, NULL},
    {"0000:00:1f.0", "host0", SY_OBJ_DEVICE, 0, 0, 0x0601, 0x8086, 0xa1c1, NULL, NULL},
    {"0000:16:02.0", "host16", SY_OBJ_BRIDGE, 0x17, 0x1b, 0x0604, 0x8086, 0x347a, NULL, NULL},
    {"0000:17:00.0", "0000:16:02.0", SY_OBJ_BRIDGE, 0x18, 0x1b, 0x0604, 0x10b5, 0x8747, NULL, NULL},
    {"0000:18:00.0", "0000:17:00.0", SY_OBJ_BRIDGE, 0x19, 0x19, 0x0604, 0x10b5, 0x8747, NULL, NULL},
    {"0000:19:00.0", "0000:18:00.0", SY_OBJ_DEVICE, 0, 0, 0x1200, 0x19e5, 0xd802, NULL, "devdrv"},
    {"0000:18:01.0", "0000:17:00.0", SY_OBJ_BRIDGE, 0x1a, 0x1a, 0x0604, 0x10b5, 0x8747, NULL, NULL},
    {"0000:1a:00.0", "0000:18:01.0", SY_OBJ_DEVICE, 0, 0, 0x1200, 0x19e5, 0xd802, NULL, "devdrv"},
    {"0000:18:02.0", "0000:17:00.0", SY_OBJ_BRIDGE, 0x1b, 0x1b, 0x0604, 0x10b5, 0x8747, NULL, NULL},
    {"0000:1b:00.0", "0000:18:02.0", SY_OBJ_DEVICE, 0, 0, 0x0108, 0x144d, 0xa808, NULL, "nvme"},
    {"0000:30:02.0", "host30", SY_OBJ_BRIDGE, 0x34, 0x34, 0x0604, 0x8086, 0x347a, NULL, NULL},
    {"0000:34:00.0", "0000:30:02.0", SY_OBJ_DEVICE, 0, 0, 0x1200, 0x10ee, 0x5004, NULL, "xclmgmt"},
    {"0000:34:00.1", "0000:30:02.0", SY_OBJ_DEVICE, 0, 0, 0x1200, 0x10ee, 0x5005, NULL, "xocl"},
    {"0000:80:02.0", "host80", SY_OBJ_BRIDGE, 0x81, 0x81, 0x0604, 0x8086, 0x347a, NULL, NULL},
    {"0000:81:00.0", "0000:80:02.0", SY_OBJ_DEVICE, 0, 0, 0x0200, 0x15b3, 0x101b, NULL, "mlx5"},
    {"0000:81:00.1", "0000:80:02.0", SY_OBJ_DEVICE, 0, 0, 0x0200, 0x15b3, 0x101c, "0000:81:00.0",
     "mlx5"},
    {"0000:81:00.2", "0000:80:02.0", SY_OBJ_DEVICE, 0, 0, 0x0200, 0x15b3, 0x101c, "0000:81:00.0",
     "vfio-pci"},
    {"0000:90:02.0", "host80", SY_OBJ_BRIDGE, 0x91, 0x91, 0x0604, 0x8086, 0x347a, NULL, NULL},
    {"0000:91:00.0", "0000:90:02.0", SY_OBJ_DEVICE, 0, 0, 0x0302, 0x10de, 0x20b5, NULL, "nvidia"},
};

static bool is_without(const char *const *without, const char *addr)
{
    for (; without != NULL && *without != NULL; without++)
        if (strcmp(*without, addr) == 0)
            return true;
    return false;
}

static uint16_t parent_of(struct sy_build *build, const char *parent)
{
    uint16_t index = 0;
    if (strncmp(parent, "host", 4) != 0)
        return (uint16_t)sy_build_find(build, world_addr(parent));
    uint8_t bus = (uint8_t)strtol(parent + 4, NULL, 16);
    uint16_t numa = bus < 0x80 ? 2 : 4;
    ck_assert_int_eq(sy_build_host(build, numa, 0, bus, &index, NULL), SY_OK);
    build->obj[index].bus_first = bus;
    build->obj[index].bus_last = bus == 0 ? 0x0f : bus == 0x16 ? 0x1f : bus == 0x30 ? 0x3f : 0xff;
    return index;
}

void world_machine(struct sy_arena *arena, const char *boot_id, const char *const *without,
                   struct sy_inventory *ret)
{
    struct sy_build build;
    struct sy_err err = {0};
    uint16_t index;
    struct sy_inventory made = {.source = "sysfs", .boot_id = boot_id};
    ck_assert_int_eq(sy_build_init(&build, arena, NULL), SY_OK);
    for (uint16_t i = 0; i < 2; i++) {
        struct sy_obj package = {.type = SY_OBJ_PACKAGE, .os_index = i};
        ck_assert_int_eq(sy_build_obj(&build, &package, &index, NULL), SY_OK);
        struct sy_obj numa = {.type = SY_OBJ_NUMA, .parent = index, .os_index = i};
        ck_assert_int_eq(sy_build_obj(&build, &numa, &index, NULL), SY_OK);
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (is_without(without, parts[i].addr))
            continue;
        struct sy_obj obj = {.type = parts[i].type,
                             .addr = world_addr(parts[i].addr),
                             .bus_first = parts[i].bus_first,
                             .bus_last = parts[i].bus_last,
                             .id = {.class_id = parts[i].class_id,
                                    .vendor = parts[i].vendor,
                                    .device = parts[i].device},
                             .cur_width = 16,
                             .max_width = 16,
                             .cur_link_mbps = 31508,
                             .max_link_mbps = 31508,
                             .driver_known = parts[i].type == SY_OBJ_DEVICE,
                             .driver = parts[i].driver,
                             .is_vf = parts[i].physfn != NULL,
                             .has_physfn = parts[i].physfn != NULL};
        if (obj.is_vf) {
            obj.physfn = world_addr(parts[i].physfn);
            obj.cur_width = obj.max_width = 0;
            obj.cur_link_mbps = obj.max_link_mbps = 0;
        }
        obj.parent = parent_of(&build, parts[i].parent);
        ck_assert_int_eq(sy_build_obj(&build, &obj, &index, NULL), SY_OK);
    }
    ck_assert_msg(sy_build_finish(&build, &made, &err) == SY_OK, "%s", err.text);
    sy_build_done(&build);
    *ret = made;
}

struct sy_fabric *world_fabric(const struct sy_inventory *inv)
{
    struct sy_err err = {0};
    struct sy_fabric *fabric = NULL;
    struct sy_catalogue *cat = world_catalogue();
    ck_assert_msg(sy_fabric_build(inv, cat, &fabric, &err) == SY_OK, "%s", err.text);
    sy_catalogue_unref(cat);
    return fabric;
}

int world_unit(const struct sy_fabric *fabric, const char *addr)
{
    int u = sy_fabric_unit_find(fabric, world_addr(addr), 0);
    ck_assert_msg(u >= 0, "no unit %s", addr);
    return u;
}

bool world_has(const struct sy_inventory *inv, const char *addr)
{
    for (uint16_t i = 1; i < inv->nobj; i++)
        if (inv->obj[i].type >= SY_OBJ_BRIDGE &&
            sy_pci_addr_cmp(inv->obj[i].addr, world_addr(addr)) == 0)
            return true;
    return false;
}

void world_tree_init(struct world_tree *tree)
{
    (void)snprintf(tree->path, sizeof tree->path, "/tmp/agent-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tree->path));
    tree->fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(tree->fd, 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void world_tree_done(struct world_tree *tree)
{
    (void)close(tree->fd);
    (void)nftw(tree->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folders(struct world_tree *tree, const char *path)
{
    char folder[512];
    for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(p - path), path);
        (void)mkdirat(tree->fd, folder, 0700);
    }
}

void world_write(struct world_tree *tree, const char *path, const char *text)
{
    make_folders(tree, path);
    int fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    (void)close(fd);
}

void world_link(struct world_tree *tree, const char *path, const char *target)
{
    make_folders(tree, path);
    (void)unlinkat(tree->fd, path, 0);
    ck_assert_int_eq(symlinkat(target, tree->fd, path), 0);
}

void world_remove(struct world_tree *tree, const char *path)
{
    ck_assert_int_eq(unlinkat(tree->fd, path, 0), 0);
}
