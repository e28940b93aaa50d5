/* SPDX-License-Identifier: Apache-2.0 */
/* Fake sysfs trees: folders, small files and links below a temporary root. */
#define _GNU_SOURCE
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[64];
static struct sy_arena *arena;

static void put(const char *path, const char *text)
{
    char full[640];
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    write_file(full, text);
}

static void link_to(const char *path, const char *target)
{
    char full[640], folder[640];
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(full, '/') - full), full);
    make_folders(folder);
    ck_assert_int_eq(symlink(target, full), 0);
}

/* A function at sys/devices/PATH (its last component is the address) with its usual files. */
static void device(const char *path, const char *class_id, const char *numa)
{
    char text[512], target[512];
    const char *addr = strrchr(path, '/') + 1;
    const char *const files[][2] = {{"class", class_id},
                                    {"vendor", "0x10de\n"},
                                    {"device", "0x20b0\n"},
                                    {"subsystem_vendor", "0x10de\n"},
                                    {"subsystem_device", "0x134f\n"},
                                    {"numa_node", numa},
                                    {"current_link_speed", "2.5 GT/s PCIe\n"},
                                    {"current_link_width", "16\n"},
                                    {"max_link_speed", "16.0 GT/s PCIe\n"},
                                    {"max_link_width", "16\n"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(text, sizeof text, "sys/devices/%s/%s", path, files[i][0]);
        put(text, files[i][1]);
    }
    (void)snprintf(text, sizeof text, "sys/bus/pci/devices/%s", addr);
    (void)snprintf(target, sizeof target, "../../../devices/%s", path);
    link_to(text, target);
}

static void cpu(unsigned n, const char *package)
{
    char path[128];
    (void)snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/topology/physical_package_id",
                   n);
    put(path, package);
}

static void node(unsigned n, const char *cpus)
{
    char path[128], text[128];
    (void)snprintf(path, sizeof path, "sys/devices/system/node/node%u/cpulist", n);
    put(path, cpus);
    (void)snprintf(path, sizeof path, "sys/devices/system/node/node%u/meminfo", n);
    (void)snprintf(text, sizeof text, "Node %u MemTotal:       2097152 kB\nNode %u MemFree: 1 kB\n",
                   n, n);
    put(path, text);
}

/* Two sockets of one node each, a node of memory alone; a GPU behind a switch on the first, one
 * with virtual functions on the second, a root bus that knows only its CPUs, one that knows
 * nothing. */
static void make_tree(void)
{
    cpu(0, "0\n");
    cpu(1, "0\n");
    cpu(2, "1\n");
    cpu(3, "1\n");
    node(0, "0-1\n");
    node(1, "2-3\n");
    node(2, "\n");
    device("pci0000:00/0000:00:01.0", "0x060400\n", "0\n");
    put("sys/devices/pci0000:00/0000:00:01.0/secondary_bus_number", "1\n");
    put("sys/devices/pci0000:00/0000:00:01.0/subordinate_bus_number", "3\n");
    device("pci0000:00/0000:00:01.0/0000:01:00.0", "0x060400\n", "0\n");
    device("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0", "0x060400\n", "0\n");
    device("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0", "0x030200\n", "0\n");
    put("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0/drm/card1/x",
        "");
    link_to("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0/driver",
            "../../../../../bus/pci/drivers/nvidia");
    device("pci0000:80/0000:80:01.0", "0x020000\n", "1\n");
    device("pci0000:80/0000:80:02.3", "0x020000\n", "1\n");
    link_to("sys/devices/pci0000:80/0000:80:02.3/physfn", "../0000:80:01.0");
    device("pci0000:c0/0000:c0:01.0", "0x120000\n", "-1\n");
    put("sys/devices/pci0000:c0/0000:c0:01.0/local_cpulist", "2-3\n");
    device("pci0000:80/0000:80:05.5/pci10000:00/10000:00:02.0", "0x010802\n", "-1\n");
    put("sys/class/dmi/id/product_name", "Box \xff 1\t \n");
    put("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: A CPU\n");
    put("proc/sys/kernel/random/boot_id", "0b6e-1\n");
}

static void set_up(void)
{
    (void)snprintf(root, sizeof root, "/tmp/switchyard-sysfs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    arena = sy_arena_new(8u << 20);
}

static void tear_down(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(shell(command), 0);
    sy_arena_free(arena);
}

static struct sy_inventory load(void)
{
    struct sy_inventory inv = {0};
    struct sy_err err = {.code = SY_OK};
    ck_assert_msg(sy_discover_sysfs(root, arena, &inv, &err) == SY_OK, "%s", err.text);
    return inv;
}

START_TEST(tree)
{
    make_tree();
    struct sy_inventory inv = load();
    ck_assert_str_eq(inv.source, "sysfs");
    ck_assert_str_eq(inv.product, "Box ? 1");
    ck_assert_str_eq(inv.boot_id, "0b6e-1");
    ck_assert_str_eq(inv.cpu_vendor, "GenuineIntel");
    ck_assert_str_eq(inv.cpu_model, "A CPU");
    uint16_t gpu = object_at(&inv, "0000:03:00.0");
    ck_assert_str_eq(place_of(&inv, gpu),
                     "Bridge 0000:02:00.0 < Bridge 0000:01:00.0 < Bridge 0000:00:01.0 < HostBridge "
                     "0000:00:00.0 < NUMANode 0 < Package 0 < Machine");
    const struct sy_obj *obj = &inv.obj[gpu];
    ck_assert_uint_eq(obj->cur_link_mbps, 4000);
    ck_assert_uint_eq(obj->max_link_mbps, 31508);
    ck_assert(obj->cur_width == 16 && obj->max_width == 16 && obj->id.class_id == 0x0302);
    ck_assert_str_eq(obj->driver, "nvidia");
    ck_assert_str_eq(obj->name, "card1");
    const struct sy_obj *port = &inv.obj[object_at(&inv, "0000:00:01.0")];
    ck_assert(port->bus_first == 1 && port->bus_last == 3);
    ck_assert_uint_eq(inv.obj[port->parent].bus_last, 3);
    ck_assert_uint_eq(inv.obj[1].os_index, 0);
    ck_assert_uint_eq(inv.obj[3].memory_mib, 2048);
}
END_TEST

START_TEST(functions_and_locality)
{
    make_tree();
    struct sy_inventory inv = load();
    const struct sy_obj *pf = &inv.obj[object_at(&inv, "0000:80:01.0")];
    const struct sy_obj *vf = &inv.obj[object_at(&inv, "0000:80:02.3")];
    ck_assert(!pf->is_vf && vf->is_vf && vf->has_physfn);
    ck_assert_int_eq(sy_pci_addr_cmp(vf->physfn, pf->addr), 0);
    ck_assert(pf->driver == NULL && pf->driver_known);
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:80:01.0")),
                     "HostBridge 0000:80:00.0 < NUMANode 1 < Package 1 < Machine");
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:c0:01.0")),
                     "HostBridge 0000:c0:00.0 < NUMANode 1 < Package 1 < Machine");
    /* a root bus behind a VMD controller, in a 32-bit domain; it does not say where it is */
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "00010000:00:02.0")),
                     "HostBridge 00010000:00:00.0 < Machine");
}
END_TEST

START_TEST(one_node)
{
    /* no NUMA in the kernel, a device that does not know where it is */
    cpu(0, "36\n");
    device("pci0000:00/0000:00:01.0", "0x030200\n", "-1\n");
    struct sy_inventory inv = load();
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:00:01.0")),
                     "HostBridge 0000:00:00.0 < NUMANode 0 < Package 36 < Machine");
}
END_TEST

START_TEST(odd_files)
{
    cpu(0, "0\n");
    cpu(1, "6040\n"); /* numbered by a firmware table */
    device("pci0000:00/0000:00:01.0", "rubbish\n", "x\n");
    put("sys/devices/pci0000:00/0000:00:01.0/current_link_speed", "Unknown\n");
    put("sys/devices/pci0000:00/0000:00:01.0/current_link_width", "0\n");
    put("sys/devices/pci0000:00/0000:00:01.0/max_link_speed", "8 GT/s\n");
    put("sys/devices/pci0000:00/0000:00:01.0/max_link_width", "255\n");
    put("sys/bus/pci/devices/not-a-device/class", "0x030200\n");
    put("sys/bus/pci/devices/0000:05:00.0/class", "0x030200\n"); /* a folder, no link */
    struct sy_inventory inv = load();
    const struct sy_obj *obj = &inv.obj[object_at(&inv, "0000:00:01.0")];
    ck_assert(obj->cur_link_mbps == 0 && obj->max_link_mbps == 0 && obj->max_width == 0 &&
              obj->id.class_id == 0);
    ck_assert_uint_eq(inv.obj[2].os_index, 1);
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:05:00.0")),
                     "HostBridge 0000:05:00.0 < NUMANode 0 < Machine");
}
END_TEST

START_TEST(no_tree)
{
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK}, none = {.code = SY_OK};
    char want[128];
    ck_assert_int_eq(sy_discover_sysfs(root, arena, &inv, &err), SY_ENOENT);
    (void)snprintf(want, sizeof want, "%s: holds no sys/devices", root);
    ck_assert_str_eq(err.text, want);
    ck_assert_int_eq(sy_discover_sysfs("/nonexistent", arena, &inv, &none), SY_ENOENT);
    ck_assert_str_eq(none.text, "/nonexistent: No such file or directory");
}
END_TEST

/* Four sockets and 30 functions, from hwloc's own tests. */
START_TEST(real_tree)
{
    char command[1024], archive[512];
    const char *folder = sy_shared_dir(SY_SHARED_DIR);
    (void)snprintf(archive, sizeof archive, "%s/topologies/hwloc/fakepcilocalities.tar.bz2",
                   folder != NULL ? folder : "");
    if (access(archive, R_OK) != 0) {
        sy_skip("fakepcilocalities.tar.bz2 is not at hand (SWITCHYARD_SHARED)");
        return;
    }
    (void)snprintf(command, sizeof command,
                   "tar -xjf '%s' -C %s --strip-components=1 --no-same-owner", archive, root);
    if (shell(command) != 0) {
        sy_skip("tar cannot unpack bzip2 here");
        return;
    }
    struct sy_inventory inv = load();
    ck_assert_str_eq(inv.product, "PowerEdge R910");
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:43:00.0")),
                     "Bridge 0000:40:03.0 < HostBridge 0000:40:00.0 < NUMANode 1 < Package 1 < "
                     "Machine");
    ck_assert_str_eq(inv.obj[object_at(&inv, "0000:43:00.0")].name, "qib0");
    ck_assert_str_eq(inv.obj[object_at(&inv, "0000:43:00.0")].driver, "ib_qib");
    ck_assert_uint_eq(inv.obj[object_at(&inv, "0000:43:00.0")].cur_link_mbps, 3938);
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:c0:09.0")),
                     "HostBridge 0000:c0:00.0 < NUMANode 3 < Package 3 < Machine");
    ck_assert_uint_eq(inv.obj[object_at(&inv, "0000:00:1e.0")].bus_first, 9);
}
END_TEST

START_TEST(live)
{
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK};
    ck_assert_msg(sy_discover_live(arena, &inv, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(inv.source, "live");
    ck_assert_uint_ge(inv.nobj, 2);
    uint16_t nobj = inv.nobj;
    ck_assert_msg(sy_discover_sysfs("/sys", arena, &inv, &err) == SY_OK, "%s", err.text);
    ck_assert_uint_eq(inv.nobj, nobj);
    ck_assert_str_eq(inv.source, "sysfs");
}
END_TEST

static enum sy_code load_again(void *data, struct sy_err *err)
{
    struct sy_inventory inv;
    (void)data;
    SY_AUTO(sy_arena) struct sy_arena *own = sy_arena_new(8u << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    return sy_discover_sysfs(root, own, &inv, err);
}

START_TEST(memory_runs_out)
{
    make_tree();
    ck_assert_int_gt(sy_fault_sweep(load_again, NULL, 0), 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discover/sysfs");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, tree);
    tcase_add_test(tcase, functions_and_locality);
    tcase_add_test(tcase, one_node);
    tcase_add_test(tcase, odd_files);
    tcase_add_test(tcase, no_tree);
    tcase_add_test(tcase, real_tree);
    tcase_add_test(tcase, live);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
