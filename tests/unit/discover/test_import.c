/* SPDX-License-Identifier: Apache-2.0 */
/* From hwloc XML to objects, through the import child (which is this program again). */
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"
#include "topology/discover/build.h"
#include "topology/discover/links.h"

#include <stdio.h>
#include <string.h>

static struct sy_arena *arena;

static void set_up(void)
{
    arena = sy_arena_new(8u << 20);
}

static void tear_down(void)
{
    sy_arena_free(arena);
}

static struct sy_inventory load(const char *text)
{
    struct sy_err err = {.code = SY_OK};
    struct sy_inventory inv = {0};
    enum sy_code code = sy_discover_xml("f", text, strlen(text), NULL, arena, &inv, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    return inv;
}

static struct sy_inventory load_edited(const char *from, const char *to)
{
    char *text = edited(good_xml, from, to);
    struct sy_inventory inv = load(text);
    sy_free(text);
    return inv;
}

START_TEST(whole_machine)
{
    struct sy_inventory inv = load(good_xml);
    const struct sy_obj *gpu = &inv.obj[object_at(&inv, "0000:01:00.0")];
    const struct sy_obj *port = &inv.obj[object_at(&inv, "0000:00:01.0")];
    ck_assert_uint_eq(inv.nobj, 8); /* Machine, 2 packages, 2 nodes, host bridge, port, GPU */
    ck_assert_str_eq(inv.source, "hwloc-xml");
    ck_assert_str_eq(inv.product, "Test");
    ck_assert_str_eq(inv.cpu_model, "Fast CPU");
    ck_assert_ptr_null(inv.cpu_vendor);
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:01:00.0")),
                     "Bridge 0000:00:01.0 < HostBridge 0000:00:00.0 < NUMANode 0 < Package 0 < "
                     "Machine");
    ck_assert_uint_eq(gpu->id.class_id, 0x0302);
    ck_assert_uint_eq(gpu->id.vendor, 0x10de);
    ck_assert_uint_eq(gpu->id.device, 0x20b0);
    ck_assert_uint_eq(gpu->id.subvendor, 0x10de);
    ck_assert_uint_eq(gpu->id.subdevice, 0x134f);
    ck_assert_uint_eq(gpu->cur_link_mbps, 15754);
    ck_assert_uint_eq(gpu->max_link_mbps, 31508);
    ck_assert_str_eq(gpu->name, "nvml0");
    ck_assert_str_eq(gpu->uuid, "GPU-1");
    ck_assert(!gpu->is_vf && !gpu->driver_known);
    ck_assert_uint_eq(port->bus_first, 1);
    ck_assert_uint_eq(port->bus_last, 1);
    ck_assert_uint_eq(port->max_link_mbps, 0);
    ck_assert_uint_eq(inv.obj[port->parent].bus_last, 0x10);
}
END_TEST

#define HOST_BRIDGE                                                                                \
    "<object type=\"Bridge\" gp_index=\"20\" bridge_type=\"0-1\" depth=\"0\" "                     \
    "bridge_pci=\"0000:[00-10]\">\n"

START_TEST(no_bridges)
{
    /* Written without bridges: below a host bridge made for the device's bus. */
    struct sy_inventory inv = load_edited(
        "<object type=\"Package\" os_index=\"1\"",
        "<object type=\"PCIDev\" gp_index=\"30\" pci_busid=\"0001:05:00.0\" "
        "pci_type=\"1200 [19e5:d802] [0000:0000] 20\"/>\n<object type=\"Package\" os_index=\"1\"");
    /* local to the Machine, which has two NUMA nodes: unknown */
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0001:05:00.0")),
                     "HostBridge 0001:05:00.0 < Machine");
}
END_TEST

START_TEST(misplaced)
{
    /* A function on no bus of its bridge, whose address another object has, is left out. */
    struct sy_inventory inv = load_edited("0000:01:00.0", "0000:00:01.0");
    ck_assert_uint_eq(inv.nobj, 7);
    ck_assert_uint_eq(inv.obj[object_at(&inv, "0000:00:01.0")].type, SY_OBJ_BRIDGE);
}
END_TEST

START_TEST(os_device_below_host_bridge)
{
    struct sy_inventory inv = load_edited(
        HOST_BRIDGE, HOST_BRIDGE "<object type=\"OSDev\" gp_index=\"31\" name=\"opencl0d0\" "
                                 "osdev_type=\"5\"/>\n");
    ck_assert_uint_eq(inv.nobj, 8);
}
END_TEST

#define NODE(n, cpus, nodes, gp)                                                                   \
    "<object type=\"NUMANode\" os_index=\"" n "\" cpuset=\"" cpus "\" complete_cpuset=\"" cpus     \
    "\" nodeset=\"" nodes "\" complete_nodeset=\"" nodes "\" gp_index=\"" gp                       \
    "\" local_memory=\"1073741824\"/>\n"

START_TEST(memory_without_cpus)
{
    /* Memory without CPUs (a GPU's, CXL) and a second node of the same CPUs (HBM) are no places. */
    char *one = edited(good_xml, "<object type=\"Package\" os_index=\"1\"",
                       "<object type=\"Package\" os_index=\"1\"");
    char *two =
        edited(one, "<info name=\"DMIProductName\" value=\"Test\"/>\n",
               "<info name=\"DMIProductName\" value=\"Test\"/>\n"
               "<object type=\"Group\" cpuset=\"0x0\" complete_cpuset=\"0x0\" "
               "nodeset=\"0x00000008\" complete_nodeset=\"0x00000008\" gp_index=\"40\">\n" NODE(
                   "3", "0x0", "0x00000008", "41") "</object>\n");
    char *three = edited(two, "<info name=\"CPUModel\" value=\"Fast CPU\"/>\n",
                         "<info name=\"CPUModel\" value=\"Fast CPU\"/>\n" NODE("2", "0x00000003",
                                                                               "0x00000004", "42"));
    struct sy_inventory inv = load(three);
    unsigned nodes = 0;
    for (uint16_t i = 0; i < inv.nobj; i++)
        nodes += inv.obj[i].type == SY_OBJ_NUMA;
    ck_assert_uint_eq(nodes, 2);
    ck_assert_str_eq(place_of(&inv, object_at(&inv, "0000:01:00.0")),
                     "Bridge 0000:00:01.0 < HostBridge 0000:00:00.0 < NUMANode 0 < Package 0 < "
                     "Machine");
    sy_free(one);
    sy_free(two);
    sy_free(three);
}
END_TEST

START_TEST(strange_package_numbers)
{
    struct sy_inventory inv =
        load_edited("type=\"Package\" os_index=\"1\"", "type=\"Package\" os_index=\"131072\"");
    ck_assert_uint_eq(inv.obj[1].os_index, 0);
    ck_assert_uint_eq(inv.obj[2].os_index, 1);
}
END_TEST

START_TEST(texts_are_data)
{
    struct sy_inventory inv = load_edited("value=\"Test\"", "value=\"&quot;&lt;&amp;\xc3\xa9\"");
    ck_assert_str_eq(inv.product, "\"<&\xc3\xa9");
}
END_TEST

/* Matrices without hwloc: which links come of them. */
static void matrix_links(const struct sy_matrix *matrix, const char *want)
{
    struct sy_build build;
    struct sy_err err = {.code = SY_OK};
    struct sy_inventory inv = {0};
    uint16_t host, index;
    ck_assert_int_eq(sy_build_init(&build, arena, &err), SY_OK);
    ck_assert_int_eq(sy_build_host(&build, 0, 0, 0, &host, &err), SY_OK);
    for (uint8_t i = 0; i < 4; i++) {
        struct sy_obj obj = {.parent = host, .type = SY_OBJ_DEVICE, .addr = {.dev = i}};
        ck_assert_int_eq(sy_build_obj(&build, &obj, &index, &err), SY_OK);
    }
    ck_assert_int_eq(sy_links_from_matrix(&build, matrix, &err), SY_OK);
    ck_assert_int_eq(sy_build_finish(&build, &inv, &err), SY_OK);
    char got[256] = "";
    for (uint32_t i = 0; i < inv.nlink; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%u-%u %s %u",
                       i > 0 ? ", " : "", inv.link[i].a, inv.link[i].b,
                       sy_link_type_name((enum sy_link_type)inv.link[i].type), inv.link[i].mbps);
    ck_assert_str_eq(got, want);
    sy_build_done(&build);
}

START_TEST(links)
{
    /* objects 2..5 are devices; the last two stand for switches where is_switch says so */
    struct sy_matrix_node direct[] = {{2, false}, {3, false}, {-1, false}, {5, false}};
    const uint64_t asymmetric[] = {1000000, 20,      40,      0, /* the diagonal is not read */
                                   10,      1000000, 40,      0, /* the lower direction counts */
                                   40,      40,      1000000, 0, /* a CPU is no device */
                                   30,      0,       0,       1000000}; /* one direction known */
    matrix_links(&(struct sy_matrix){SY_LINK_HCCS, 4, direct, asymmetric, false},
                 "2-3 HCCS 10, 2-5 HCCS 30");
    matrix_links(&(struct sy_matrix){SY_LINK_XGMI, 4, direct, asymmetric, true},
                 "2-3 XGMI 0, 2-5 XGMI 0");
    struct sy_matrix_node switched[] = {{2, false}, {3, false}, {4, true}, {5, true}};
    const uint64_t fabric[] = {0, 0, 25, 25, 0, 0, 25, 0, 25, 25, 0, 99, 25, 0, 99, 0};
    matrix_links(&(struct sy_matrix){SY_LINK_NVL, 4, switched, fabric, false}, "2-3 NVL 25");
    struct sy_matrix_node same[] = {{2, false}, {2, false}};
    const uint64_t self[] = {0, 7, 7, 0};
    matrix_links(&(struct sy_matrix){SY_LINK_SIO, 2, same, self, false}, "");
    ck_assert_int_eq(sy_links_type("XeLinkBandwidth"), SY_LINK_XELINK);
    ck_assert_int_eq(sy_links_type("NUMALatency"), SY_LINK_NONE);
    ck_assert_int_eq(sy_links_type(NULL), SY_LINK_NONE);
}
END_TEST

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("discover/import");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, whole_machine);
    tcase_add_test(tcase, no_bridges);
    tcase_add_test(tcase, misplaced);
    tcase_add_test(tcase, os_device_below_host_bridge);
    tcase_add_test(tcase, memory_without_cpus);
    tcase_add_test(tcase, strange_package_numbers);
    tcase_add_test(tcase, texts_are_data);
    tcase_add_test(tcase, links);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
