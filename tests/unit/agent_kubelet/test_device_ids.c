/* SPDX-License-Identifier: Apache-2.0 */
/* One machine with a device of every vendor, as a fake tree of sysfs and proc. */
#define _GNU_SOURCE
#include "agent/kubelet/device_ids.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[64];
static struct sy_arena *arena;
static struct sy_catalogue *catalogue;
static struct sy_fabric *fabric;
static struct sy_device_ids *ids;

static void put(const char *path, const char *text)
{
    char full[512];
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    write_file(full, text);
}

static void link_to(const char *path, const char *target)
{
    char full[512], above[512];
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    (void)snprintf(above, sizeof above, "%.*s", (int)(strrchr(full, '/') - full), full);
    make_folders(above);
    ck_assert_int_eq(symlink(target, full), 0);
}

/* A function directly below its root bus: "0000:07:00.0", "10de:20b0", "1000:134f". */
static void function(const char *addr, const char *id, const char *subsystem, const char *class_id)
{
    char path[128], text[256];
    const struct {
        const char *name, *digits;
    } files[] = {{"vendor", id},
                 {"device", id + 5},
                 {"subsystem_vendor", subsystem},
                 {"subsystem_device", subsystem + 5},
                 {"class", class_id}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "sys/devices/pci%.7s/%s/%s", addr, addr, files[i].name);
        (void)snprintf(text, sizeof text, "0x%.*s\n", i < 4 ? 4 : 6, files[i].digits);
        put(path, text);
    }
    (void)snprintf(path, sizeof path, "sys/bus/pci/devices/%s", addr);
    (void)snprintf(text, sizeof text, "../../../devices/pci%.7s/%s", addr, addr);
    link_to(path, text);
}

static void nvidia(void)
{
    function("0000:07:00.0", "10de:20b0", "10de:134f", "030200");
    function("0000:47:00.0", "10de:20b0", "10de:134f", "030200");
    function("0000:4e:00.0", "10de:20b0", "10de:134f", "030200");
    put("proc/driver/nvidia/gpus/0000:07:00.0/information",
        "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 36\nGPU UUID: \t GPU-aaaa-1\n"
        "Video BIOS: \t 92.00\nBus Type: \t PCIe\nBus Location: \t 0000:07:00.0\n");
    /* other spaces and letters, no line of the location */
    put("proc/driver/nvidia/gpus/0000:47:00.0/information", "\n\ngpu uuid:GPU-BBBB-2  \t\r\n");
    put("proc/driver/nvidia/gpus/0000:4e:00.0/information",
        "GPU UUID: \t GPU-????????\x2d????\nBus Location: \t 0000:4e:00.0\n");
    put("proc/driver/nvidia/gpus/not-one/information", "GPU UUID: GPU-cccc\n");
    put("proc/driver/nvidia/gpus/0000:5f:00.0/other", "");
}

static void amd(void)
{
    function("0000:c1:00.0", "1002:74a1", "1002:74a1", "120000");
    put("sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 64\nlocation_id 0\n"
                                                         "drm_render_minor 0\n");
    /* 0xc100, and the second partition's number in the upper bits */
    put("sys/class/kfd/kfd/topology/nodes/1/properties",
        "location_id 49408\ndomain 0\ndrm_render_minor 128\n");
    put("sys/class/kfd/kfd/topology/nodes/2/properties",
        "location_id 268484864\ndomain 0\ndrm_render_minor 129\n");
    put("sys/class/kfd/kfd/topology/nodes/3/properties", "location_id rubbish\ndomain 0\n"
                                                         "drm_render_minor 130\n");
    put("sys/devices/platform/amdgpu_xcp_1/drm/renderD129/dev", "226:129\n");
}

static void intel(void)
{
    function("0000:03:00.0", "8086:0bd5", "8086:0000", "038000");
    link_to("sys/class/drm/card0", "../../devices/pci0000:03/0000:03:00.0/drm/card0");
    link_to("sys/devices/pci0000:03/0000:03:00.0/drm/card0/device", "../../../0000:03:00.0");
    link_to("sys/class/drm/card1", "../../devices/platform/simple-framebuffer.0/drm/card1");
    function("0000:5e:00.0", "8086:09c4", "8086:0000", "120000");
    link_to("sys/bus/platform/devices/dfl-port.0",
            "../../../devices/pci0000:5e/0000:5e:00.0/fpga_region/region0/dfl-port.0");
    put("sys/devices/pci0000:5e/0000:5e:00.0/fpga/intel-fpga-dev.0/intel-fpga-port.1/x", "");
    link_to("sys/class/fpga/intel-fpga-dev.0",
            "../../devices/pci0000:5e/0000:5e:00.0/fpga/intel-fpga-dev.0");
    /* a virtual function that the catalogue does not know */
    function("0000:5e:01.0", "8086:ffff", "8086:0000", "088000");
    link_to("sys/devices/pci0000:5e/0000:5e:01.0/physfn", "../0000:5e:00.0");
}

static void others(void)
{
    function("0000:3b:00.0", "10ee:5000", "10ee:000e", "120000");
    function("0000:3b:00.1", "10ee:5001", "10ee:000e", "120000");
    function("0000:9a:00.0", "15b3:101d", "15b3:0000", "020000");
    function("0000:9a:00.2", "15b3:101e", "15b3:0000", "020000");
    link_to("sys/devices/pci0000:9a/0000:9a:00.2/physfn", "../0000:9a:00.0");
    function("10000:9b:00.0", "15b3:101d", "15b3:0000", "020000");
    function("0000:81:00.0", "19e5:d802", "19e5:0000", "120000");
    link_to("sys/class/davinci/davinci0", "../../devices/pci0000:81/0000:81:00.0/davinci0");
    function("0000:82:00.0", "19e5:d802", "19e5:0000", "120000");
    function("0000:83:00.0", "19e5:d500", "19e5:0110", "120000");
    link_to("sys/class/davinci/davinci4", "../../devices/pci0000:83/0000:83:00.0/davinci4");
    function("0000:00:1f.0", "8086:a2c9", "8086:0000", "060100");
}

static struct sy_obj *object(struct sy_inventory *inv, const char *addr)
{
    return &inv->obj[object_at(inv, addr)];
}

static void set_up(void)
{
    struct sy_inventory inv;
    struct sy_err err = {0};
    (void)snprintf(root, sizeof root, "/tmp/switchyard-ids-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    arena = sy_arena_new((size_t)8 << 20);
    put("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
    nvidia();
    amd();
    intel();
    others();
    ck_assert_msg(sy_discover_sysfs(root, arena, &inv, &err) == SY_OK, "%s", err.text);
    object(&inv, "0000:82:00.0")->name = "npu1";
    object(&inv, "0000:9a:00.0")->name = "mlx5_0";
    object(&inv, "0000:4e:00.0")->uuid = "GPU-dddd-3";
    ck_assert_msg(sy_catalogue_load(NULL, 0, &catalogue, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_fabric_build(&inv, catalogue, &fabric, &err) == SY_OK, "%s", err.text);
    const struct sy_device_ids_options options = {.fabric = fabric, .root = root};
    ck_assert_msg(sy_device_ids_new(&options, &ids, &err) == SY_OK, "%s", err.text);
}

static void tear_down(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(shell(command), 0);
    sy_device_ids_free(ids);
    sy_fabric_unref(fabric);
    sy_catalogue_unref(catalogue);
    sy_arena_free(arena);
}

#define ADDRESS SY_DEVICE_WAY_ADDRESS
#define UUID SY_DEVICE_WAY_UUID
#define SYSFS SY_DEVICE_WAY_SYSFS
#define NAME SY_DEVICE_WAY_NAME
#define NOWHERE SY_DEVICE_WAY_NONE

static const struct {
    const char *id;
    enum sy_device_way way;
    const char *addr; /* of the function that is found */
    const char *unit; /* address of the unit, NULL = none */
    size_t share;
    const char *why;
} forms[] = {
    /* NVIDIA */
    {"GPU-aaaa-1", UUID, "0000:07:00.0", "0000:07:00.0", 1000, ""},
    {"gpu-AAAA-1", UUID, "0000:07:00.0", "0000:07:00.0", 1000, ""},
    {"GPU-bbbb-2", UUID, "0000:47:00.0", "0000:47:00.0", 1000, ""},
    {"GPU-dddd-3", UUID, "0000:4e:00.0", "0000:4e:00.0", 1000, ""},
    {"GPU-aaaa-1::0", UUID, "0000:07:00.0", "0000:07:00.0", 0, ""},
    {"GPU-aaaa-1::12", UUID, "0000:07:00.0", "0000:07:00.0", 0, ""},
    {"GPU-aaaa-1::x", NOWHERE, NULL, NULL, 0,
     "neither the inventory nor NVIDIA's driver knows this GPU"},
    {"GPU-aaaa-1::1000000", NOWHERE, NULL, NULL, 0,
     "neither the inventory nor NVIDIA's driver knows this GPU"},
    {"GPU-????????\x2d????", NOWHERE, NULL, NULL, 0,
     "neither the inventory nor NVIDIA's driver knows this GPU"},
    {"MIG-GPU-aaaa-1/1/0", UUID, "0000:07:00.0", "0000:07:00.0", 0, ""},
    {"MIG-eeee", NOWHERE, NULL, NULL, 0,
     "only NVIDIA's library knows which GPU a MIG device is a part of, and it is not at hand"},
    /* addresses */
    {"0000:3b:00.1", ADDRESS, "0000:3b:00.1", "0000:3b:00.1", 1000, ""},
    {"0000:3b:00.0", ADDRESS, "0000:3b:00.0", "0000:3b:00.1", 1000, ""}, /* its companion */
    {"0000:3B:00.1-3", ADDRESS, "0000:3b:00.1", "0000:3b:00.1", 0, ""},
    {"00000000:07:00.0", ADDRESS, "0000:07:00.0", "0000:07:00.0", 1000, ""},
    {"00010000:9B:00.0", ADDRESS, "00010000:9b:00.0", "00010000:9b:00.0", 1000, ""},
    {"0000:9a:00.2", ADDRESS, "0000:9a:00.2", "0000:9a:00.2", 1000, ""}, /* a unit of its own */
    {"0000:5e:01.0", ADDRESS, "0000:5e:01.0", "0000:5e:00.0", 0, ""},    /* a part of another */
    {"0000:00:1f.0", ADDRESS, "0000:00:1f.0", NULL, 1000,
     "0000:00:1f.0 is no device that the catalogue knows"},
    {"0000:ff:1f.0", ADDRESS, "0000:ff:1f.0", NULL, 1000, "0000:ff:1f.0 is not in the inventory"},
    {"3b:00.1", NOWHERE, NULL, NULL, 0,
     "'3b:00.1' of example.org/device is in no form that is known"},
    {"0000:3b:00.9", NOWHERE, NULL, NULL, 0,
     "'0000:3b:00.9' of example.org/device is in no form that is known"},
    {"0000:3b:00.1 ", NOWHERE, NULL, NULL, 0,
     "'0000:3b:00.1 ' of example.org/device is in no form that is known"},
    /* AMD: two partitions, the first of which goes by the GPU's address */
    {"0000:c1:00.0", ADDRESS, "0000:c1:00.0", "0000:c1:00.0", 500, ""},
    {"amdgpu_xcp_1", SYSFS, "0000:c1:00.0", "0000:c1:00.0", 500, ""},
    {"amdgpu_xcp_7", NOWHERE, NULL, NULL, 0,
     "no node of sys/class/kfd has the render device of amdgpu_xcp_7"},
    /* Intel */
    {"card0-0", SYSFS, "0000:03:00.0", "0000:03:00.0", 0, ""},
    {"card0", SYSFS, "0000:03:00.0", "0000:03:00.0", 1000, ""},
    {"card1-0", NOWHERE, NULL, NULL, 0, "there is no PCI function behind sys/class/drm/card1"},
    {"card0-x", NOWHERE, NULL, NULL, 0,
     "'card0-x' of example.org/device is in no form that is known"},
    {"dfl-port.0", SYSFS, "0000:5e:00.0", "0000:5e:00.0", 1000, ""},
    {"intel-fpga-port.1", SYSFS, "0000:5e:00.0", "0000:5e:00.0", 1000, ""},
    {"dfl-fme.0", NOWHERE, NULL, NULL, 0, "there is no PCI function above dfl-fme.0 in sys/"},
    {"dfl-port./../x", NOWHERE, NULL, NULL, 0,
     "'dfl-port./../x' of example.org/device is in no form that is known"},
    /* Huawei */
    {"Ascend910-0", SYSFS, "0000:81:00.0", "0000:81:00.0", 1000, ""},
    {"Ascend910-2c-100-0", SYSFS, "0000:81:00.0", "0000:81:00.0", 0, ""},
    {"Ascend310P-1", NAME, "0000:82:00.0", "0000:82:00.0", 1000, ""},
    {"npu-1", NAME, "0000:82:00.0", "0000:82:00.0", 1000, ""},
    {"davinci1", NAME, "0000:82:00.0", "0000:82:00.0", 1000, ""},
    {"Ascend310P-4", SYSFS, "0000:83:00.0", NULL, 1000,
     "which of the 2 chips behind 0000:83:00.0 it is is not known"},
    {"Ascend910-9", NOWHERE, NULL, NULL, 0,
     "only Huawei's library knows the address of davinci9, and it is not at hand"},
    {"Ascend910", NOWHERE, NULL, NULL, 0,
     "'Ascend910' of example.org/device is in no form that is known"},
    /* the rest */
    {"mlx5_0", NAME, "0000:9a:00.0", "0000:9a:00.0", 1000, ""},
    {"0", NOWHERE, NULL, NULL, 0, "'0' of example.org/device is in no form that is known"},
    {"", NOWHERE, NULL, NULL, 0, "'' of example.org/device is in no form that is known"},
    {"::1", NOWHERE, NULL, NULL, 0, "'' of example.org/device is in no form that is known"},
};

static void check_place(const struct sy_device_place *got, enum sy_device_way way, const char *addr,
                        const char *unit, size_t share, const char *why)
{
    char text[SY_PCI_ADDR_TEXT];
    ck_assert_str_eq(got->why, why);
    ck_assert_str_eq(sy_device_way_name(got->way), sy_device_way_name(way));
    if (addr == NULL)
        return;
    ck_assert_str_eq(sy_pci_addr_format(got->addr, text), addr);
    ck_assert((got->unit >= 0) == (unit != NULL));
    if (unit != NULL)
        ck_assert_str_eq(sy_pci_addr_format(fabric->unit[got->unit].addr, text), unit);
    ck_assert_uint_eq(got->share, share);
}

/* All in one test: making the tree takes longer than asking. */
START_TEST(ids_of_all_forms)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct sy_device_place got;
        sy_device_ids_find(ids, "example.org/device", forms[i].id, &got);
        check_place(&got, forms[i].way, forms[i].addr, forms[i].unit, forms[i].share, forms[i].why);
    }
}
END_TEST

START_TEST(hostile_ids)
{
    char longest[400];
    struct sy_device_place got;
    memset(longest, '7', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    sy_device_ids_find(ids, "r", longest, &got);
    check_place(&got, NOWHERE, NULL, NULL, 0, "an id of 399 bytes, at most 255 are looked at");
    longest[255] = '\0';
    sy_device_ids_find(ids, longest, longest, &got);
    ck_assert_uint_eq(got.way, NOWHERE);
    ck_assert_uint_lt(strlen(got.why), sizeof got.why);
    sy_device_ids_find(ids, "r\n", "a\x01'\xff", &got);
    check_place(&got, NOWHERE, NULL, NULL, 0,
                "'a\\x01\\x27\\xFF' of r\\x0A is in no form that is known");
    memcpy(longest, "card", 4);
    sy_device_ids_find(ids, "r", longest, &got);
    ck_assert_uint_eq(got.way, NOWHERE);
    memcpy(longest, "dfl-port.", 9);
    sy_device_ids_find(ids, "r", longest, &got);
    ck_assert_uint_eq(got.way, NOWHERE);
}
END_TEST

/* How many parts a plugin makes of a device is what it offers, over all of its resources. */
START_TEST(shares)
{
    const struct sy_allocatable_device offered[] = {
        {.resource = "nvidia.com/gpu", .device_id = "GPU-aaaa-1::0"},
        {.resource = "nvidia.com/gpu", .device_id = "GPU-aaaa-1::1"},
        {.resource = "nvidia.com/gpu", .device_id = "GPU-aaaa-1::2"},
        {.resource = "nvidia.com/gpu", .device_id = "GPU-bbbb-2"},
        {.resource = "gpu.intel.com/i915", .device_id = "card0-0"},
        {.resource = "unknown", .device_id = "x::1"},
        {.resource = "other", .device_id = "0000:00:1f.0-1"}};
    const struct sy_pod_resources resources = {
        .has_allocatable = true, .nallocatable = 7, .allocatable = offered};
    const struct sy_pod_resources nothing = {0};
    struct sy_device_place got;
    sy_device_ids_learn(ids, &resources);
    sy_device_ids_find(ids, "nvidia.com/gpu", "GPU-aaaa-1::7", &got);
    ck_assert_uint_eq(got.share, 333);
    sy_device_ids_find(ids, "nvidia.com/gpu", "GPU-aaaa-1", &got);
    ck_assert_uint_eq(got.share, 1000);
    sy_device_ids_find(ids, "nvidia.com/gpu", "GPU-bbbb-2", &got);
    ck_assert_uint_eq(got.share, 1000);
    sy_device_ids_find(ids, "gpu.intel.com/i915", "card0-0", &got);
    ck_assert_uint_eq(got.share, 1000);
    sy_device_ids_learn(ids, &nothing); /* a kubelet that does not tell */
    sy_device_ids_find(ids, "gpu.intel.com/i915", "card0-0", &got);
    ck_assert_uint_eq(got.share, 0);
}
END_TEST

/* Vendors' libraries: one GPU's MIG devices, and the chips of a card by number. */
static bool nvidia_find(void *data, const char *uuid, struct sy_pci_addr *ret_addr,
                        uint16_t *ret_share)
{
    ++*(unsigned *)data;
    if (strcmp(uuid, "MIG-eeee") != 0 && strcmp(uuid, "GPU-ffff") != 0 &&
        strcmp(uuid, "MIG-odd") != 0)
        return false;
    *ret_share = strcmp(uuid, "MIG-odd") == 0 ? 4000 : 142;
    return sy_pci_addr_parse("0000:47:00.0", ret_addr, NULL) == SY_OK;
}

static bool ascend_find(void *data, unsigned number, struct sy_pci_addr *ret_addr,
                        uint8_t *ret_index)
{
    ++*(unsigned *)data;
    if (number > 5)
        return false;
    *ret_index = number == 5 ? 1 : 0;
    return sy_pci_addr_parse(number < 4 ? "0000:82:00.0" : "0000:83:00.0", ret_addr, NULL) == SY_OK;
}

START_TEST(vendors)
{
    static const char no_gpu[] = "only NVIDIA's library knows which GPU a MIG device is a part of, "
                                 "and it does not know this one";
    unsigned calls = 0;
    struct sy_err err = {0};
    struct sy_device_ids *with;
    struct sy_device_place got;
    const struct sy_device_ids_options options = {
        .fabric = fabric, .root = root, .vendor = {nvidia_find, ascend_find, &calls}};
    ck_assert_int_eq(sy_device_ids_new(&options, &with, &err), SY_OK);
    sy_device_ids_find(with, "r", "MIG-eeee", &got);
    check_place(&got, UUID, "0000:47:00.0", "0000:47:00.0", 142, "");
    sy_device_ids_find(with, "r", "MIG-odd", &got);
    check_place(&got, UUID, "0000:47:00.0", "0000:47:00.0", 0, "");
    sy_device_ids_find(with, "r", "GPU-ffff", &got);
    check_place(&got, UUID, "0000:47:00.0", "0000:47:00.0", 1000, "");
    sy_device_ids_find(with, "r", "MIG-none", &got);
    check_place(&got, NOWHERE, NULL, NULL, 0, no_gpu);
    ck_assert_uint_eq(calls, 4);
    sy_device_ids_find(with, "r", "Ascend910-0", &got); /* its word goes before sysfs */
    check_place(&got, SY_DEVICE_WAY_NUMBER, "0000:82:00.0", "0000:82:00.0", 1000, "");
    sy_device_ids_find(with, "r", "Ascend310P-4", &got);
    check_place(&got, SY_DEVICE_WAY_NUMBER, "0000:83:00.0", "0000:83:00.0", 1000, "");
    ck_assert_uint_eq(fabric->unit[got.unit].index, 0);
    sy_device_ids_find(with, "r", "Ascend310P-5", &got);
    check_place(&got, SY_DEVICE_WAY_NUMBER, "0000:83:00.0", "0000:83:00.0", 1000, "");
    ck_assert_uint_eq(fabric->unit[got.unit].index, 1);
    sy_device_ids_find(with, "r", "Ascend910-9", &got);
    check_place(&got, NOWHERE, NULL, NULL, 0,
                "only Huawei's library knows the address of davinci9, and it does not tell");
    sy_device_ids_free(with);
}
END_TEST

START_TEST(roots)
{
    char sys[128];
    struct sy_device_place got;
    struct sy_device_ids *other;
    struct sy_err err = {0}, none = {0};
    (void)snprintf(sys, sizeof sys, "%s/sys", root);
    struct sy_device_ids_options options = {.fabric = fabric, .root = sys};
    ck_assert_int_eq(sy_device_ids_new(&options, &other, &err), SY_OK);
    sy_device_ids_find(other, "r", "GPU-bbbb-2", &got);
    check_place(&got, UUID, "0000:47:00.0", "0000:47:00.0", 1000, "");
    sy_device_ids_free(other);
    sy_device_ids_free(NULL);
    options.root = "/nonexistent";
    ck_assert_int_eq(sy_device_ids_new(&options, &other, &none), SY_ENOENT);
    ck_assert_str_eq(none.text, "/nonexistent: No such file or directory");
    ck_assert_str_eq(sy_device_way_name(99), "unknown");
}
END_TEST

static enum sy_code new_again(void *data, struct sy_err *err)
{
    struct sy_device_ids *made = NULL;
    const struct sy_device_ids_options options = {.fabric = fabric, .root = root};
    (void)data;
    enum sy_code code = sy_device_ids_new(&options, &made, err);
    if (code == SY_OK)
        sy_device_ids_free(made);
    return code;
}

START_TEST(memory_runs_out)
{
    ck_assert_int_ge(sy_fault_sweep(new_again, NULL, 0), 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/kubelet/device_ids");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, ids_of_all_forms);
    tcase_add_test(tcase, hostile_ids);
    tcase_add_test(tcase, shares);
    tcase_add_test(tcase, vendors);
    tcase_add_test(tcase, roots);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
