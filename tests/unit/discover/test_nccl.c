/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

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

static const char box[] =
    "<!-- two CPUs -->\n"
    "<system version='2'>\n"
    "  <cpu numaid=\"0\" affinity=\"ff\" arch=\"x86_64\" vendor=\"AuthenticAMD\">\n"
    "    <pci busid=\"0000:01:00.0\" class=\"0x060400\" vendor=\"0x1000\" device=\"0xc010\" "
    "link_speed=\"16 GT/s\" link_width=\"16\">\n"
    "      <pci busid=\"0000:03:00.0\" class=\"0x030200\" vendor=\"0x10de\" device=\"0x20b0\" "
    "subsystem_vendor=\"0x10de\" subsystem_device=\"0x134f\" link_speed=\"32.0 GT/s PCIe\" "
    "link_width=\"16\"><gpu dev=\"0\" sm=\"80\" rank=\"0\">\n"
    "        <nvlink target=\"0000:43:00.0\" count=\"4\" tclass=\"0x030200\"/></gpu></pci>\n"
    "      <pci busid=\"0000:04:00.0\" class=\"0x020700\" vendor=\"0x15b3\" device=\"0x101b\">\n"
    "        <nic><net name=\"mlx5_0\" dev=\"0\"/></nic></pci>\n"
    "    </pci>\n"
    "    <nic><net name=\"eth0\"/></nic>\n"
    "  </cpu>\n"
    "  <cpu numaid=\"1\">\n"
    "    <pci busid=\"0000:41:00.0\" class=\"0x060400\">\n"
    "      <pci busid=\"0000:43:00.0\"><gpu sm=\"80\"><nvlink target=\"0000:03:00.0\" count=\"4\" "
    "tclass=\"0x030200\"/></gpu></pci>\n"
    "      <pci busid=\"0000:44:00.0\"><gpu gcn=\"gfx942\" sm=\"94\"/></pci>\n"
    "    </pci>\n"
    "  </cpu>\n"
    "</system>\n";

static enum sy_code load(const char *text, struct sy_inventory *ret, struct sy_err *err)
{
    return sy_discover_xml("f", text, strlen(text), NULL, arena, ret, err);
}

START_TEST(whole)
{
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK};
    ck_assert_msg(load(box, &inv, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(inv.source, "nccl-xml");
    ck_assert_str_eq(inv.cpu_vendor, "AuthenticAMD");
    uint16_t gpu = object_at(&inv, "0000:03:00.0"), peer = object_at(&inv, "0000:43:00.0");
    const struct sy_obj *nic = &inv.obj[object_at(&inv, "0000:04:00.0")];
    ck_assert_str_eq(place_of(&inv, gpu), "Bridge 0000:01:00.0 < HostBridge 0000:01:00.0 < "
                                          "NUMANode 0 < Package 0 < Machine");
    ck_assert_str_eq(place_of(&inv, peer), "Bridge 0000:41:00.0 < HostBridge 0000:41:00.0 < "
                                           "NUMANode 1 < Package 1 < Machine");
    ck_assert_uint_eq(inv.obj[gpu].id.class_id, 0x0302);
    ck_assert_uint_eq(inv.obj[gpu].id.subdevice, 0x134f);
    ck_assert_uint_eq(inv.obj[gpu].max_link_mbps, 63015);
    ck_assert_uint_eq(inv.obj[gpu].max_width, 16);
    ck_assert_uint_eq(inv.obj[gpu].cur_link_mbps, 0);
    ck_assert_str_eq(nic->name, "mlx5_0");
    /* ids that nobody wrote down */
    ck_assert_uint_eq(inv.obj[peer].id.vendor, 0x10de);
    ck_assert_uint_eq(inv.obj[peer].id.class_id, 0x0302);
    ck_assert_uint_eq(inv.obj[object_at(&inv, "0000:44:00.0")].id.vendor, 0x1002);
    ck_assert_uint_eq(inv.nlink, 1);
    ck_assert(inv.link[0].a == gpu && inv.link[0].b == peer && inv.link[0].mbps == 0 &&
              inv.link[0].type == SY_LINK_NVL);
}
END_TEST

#define SYSTEM(inside) "<system version=\"1\"><cpu numaid=\"0\">" inside "</cpu></system>"
#define BRIDGE(busid, inside) "<pci busid=\"" busid "\" class=\"0x060400\">" inside "</pci>"
#define GPU(busid, inside)                                                                         \
    "<pci busid=\"" busid "\" class=\"0x030200\"><gpu sm=\"80\">" inside "</gpu></pci>"
#define TO_SWITCH "<nvlink target=\"fffffff:ffff:ff\" count=\"6\" tclass=\"0x068000\"/>"

/* What stands above the function `of`. */
static const struct {
    const char *name, *text, *of, *place;
    unsigned links;
} shapes[] = {
    {"endpoint below the CPU", SYSTEM(GPU("0001:00:00.0", "")), "0001:00:00.0",
     "HostBridge 0001:00:00.0 < NUMANode 0 < Package 0 < Machine", 0},
    {"functions of one bus share its host bridge",
     SYSTEM(GPU("0000:10:1c.0", "") GPU("0000:10:1d.0", "")), "0000:10:1d.0",
     "HostBridge 0000:10:00.0 < NUMANode 0 < Package 0 < Machine", 0},
    {"one bus at two CPUs",
     "<system><cpu numaid=\"0\">" GPU("0000:00:01.0", "") "</cpu><cpu numaid=\"1\">" GPU(
         "0000:00:02.0", "") "</cpu></system>",
     "0000:00:02.0", "HostBridge 80000000:00:00.0 < NUMANode 1 < Package 1 < Machine", 0},
    {"locality unknown", "<system><cpu numaid=\"-1\">" GPU("0000:10:1c.0", "") "</cpu></system>",
     "0000:10:1c.0", "HostBridge 0000:10:00.0 < Machine", 0},
    {"a CPU in two parts",
     "<system><cpu numaid=\"3\"/><cpu numaid=\"3\">" GPU("0000:10:1c.0", "") "</cpu></system>",
     "0000:10:1c.0", "HostBridge 0000:10:00.0 < NUMANode 3 < Package 3 < Machine", 0},
    {"virtual switches, devices of several domains",
     SYSTEM(BRIDGE("ffff:ff:01.0", GPU("0003:00:00.0", ""))
                BRIDGE("ffff:ff:02.0", GPU("0004:00:00.0", "") GPU("0005:00:00.0", ""))),
     "0005:00:00.0",
     "Bridge ffff:ff:02.0 < HostBridge 80000001:00:00.0 < NUMANode 0 < Package 0 < Machine", 0},
    {"one switch named twice",
     SYSTEM(BRIDGE("0000:c5:00.0", GPU("0000:cf:00.0", ""))
                BRIDGE("0000:c5:00.0", GPU("0000:d0:00.0", ""))),
     "0000:d0:00.0",
     "Bridge 0000:c5:01.0 < HostBridge 0000:c5:00.0 < NUMANode 0 < Package 0 < Machine", 0},
    {"switch whose class is missing",
     SYSTEM("<pci busid=\"0000:c5:00.0\">" GPU("0000:d0:00.0", "") "</pci>"), "0000:d0:00.0",
     "Bridge 0000:c5:00.0 < HostBridge 0000:c5:00.0 < NUMANode 0 < Package 0 < Machine", 0},
    {"NVSwitches join all that reach them",
     SYSTEM(GPU("0000:01:00.0", TO_SWITCH TO_SWITCH) GPU("0000:02:00.0", TO_SWITCH)
                GPU("0000:03:00.0", TO_SWITCH) GPU("0000:04:00.0", "")),
     "0000:04:00.0", "HostBridge 0000:04:00.0 < NUMANode 0 < Package 0 < Machine", 3},
    {"link to itself, and to what is not there",
     SYSTEM(GPU("0000:01:00.0", "<nvlink target=\"0000:01:00.0\" tclass=\"0x030200\"/>"
                                "<xgmi target=\"0000:09:00.0\"/><xgmi/>")),
     "0000:01:00.0", "HostBridge 0000:01:00.0 < NUMANode 0 < Package 0 < Machine", 0},
    {"elements of other versions",
     SYSTEM("<c2c bw=\"1\"/>" GPU("0000:01:00.0", "<x><y z=\"1\"/></x>")), "0000:01:00.0",
     "HostBridge 0000:01:00.0 < NUMANode 0 < Package 0 < Machine", 0},
};

START_TEST(places)
{
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK};
    ck_assert_msg(load(shapes[_i].text, &inv, &err) == SY_OK, "%s: %s", shapes[_i].name, err.text);
    ck_assert_msg(strcmp(place_of(&inv, object_at(&inv, shapes[_i].of)), shapes[_i].place) == 0,
                  "%s: %s", shapes[_i].name, place_of(&inv, object_at(&inv, shapes[_i].of)));
    ck_assert_uint_eq(inv.nlink, shapes[_i].links);
}
END_TEST

/* A switch below a switch is another chip: the upper one's ports are on the bus after its own. */
START_TEST(nested_switches)
{
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK};
    ck_assert_int_eq(
        load(SYSTEM(BRIDGE("0000:c1:00.0", BRIDGE("0000:c3:00.0", GPU("0000:c9:00.0", ""))
                                               GPU("0000:ca:00.0", ""))),
             &inv, &err),
        SY_OK);
    const struct sy_obj *top = &inv.obj[object_at(&inv, "0000:c1:00.0")];
    ck_assert(top->bus_first == 0xc2 && top->bus_last == 0xca);
    const struct sy_obj *low = &inv.obj[object_at(&inv, "0000:c3:00.0")];
    ck_assert(low->bus_first == 0 && low->bus_last == 0);
}
END_TEST

static const struct {
    const char *name, *text, *message;
} wrong[] = {
    {"no busid", SYSTEM("<pci class=\"0x030200\"/>"), "f:1: <pci> without busid"},
    {"busid", SYSTEM("<pci busid=\"0000:01:00\"/>"),
     "f:1: busid \"0000:01:00\" is not a PCI address"},
    {"numaid", "<system><cpu numaid=\"x\"/></system>",
     "f:1: numaid \"x\" is not a number up to 4095"},
    {"endpoint twice", SYSTEM(GPU("0000:01:00.0", "") "\n" GPU("0000:01:00.0", "")),
     "f:2: busid 0000:01:00.0 was already used"},
    {"below an endpoint",
     SYSTEM("<pci busid=\"0000:01:00.0\" class=\"0x030200\">" GPU("0000:02:00.0", "") "</pci>"),
     "f:1: <pci> below one of class 0x0302"},
    {"pci outside", "<system><pci busid=\"0000:01:00.0\"/></system>",
     "f:1: <pci> stands below <cpu> or <pci> only"},
    {"text", SYSTEM("hello"), "f:1: text where only elements can stand"},
    {"cut", "<system><cpu numaid=\"0\">", "f:1: the file ends inside <cpu>"},
    {"entity", SYSTEM("<pci busid=\"&x;\"/>"), "f:1: unknown reference '&x;\\x22/></cpu></system'"},
};

START_TEST(errors)
{
    struct sy_inventory inv;
    struct sy_err err = {.code = SY_OK};
    ck_assert_int_ne(load(wrong[_i].text, &inv, &err), SY_OK);
    ck_assert_msg(strcmp(err.text, wrong[_i].message) == 0, "%s: %s", wrong[_i].name, err.text);
    struct sy_err again = {.code = SY_OK};
    ck_assert_int_eq(sy_discover_validate("f", wrong[_i].text, strlen(wrong[_i].text), &again),
                     err.code);
    ck_assert_str_eq(again.text, err.text);
}
END_TEST

static enum sy_code load_box(void *data, struct sy_err *err)
{
    (void)data;
    return sy_discover_validate("f", box, strlen(box), err);
}

START_TEST(memory_runs_out)
{
    ck_assert_int_gt(sy_fault_sweep(load_box, NULL, 0), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discover/nccl");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, whole);
    tcase_add_loop_test(tcase, places, 0, sizeof shapes / sizeof shapes[0]);
    tcase_add_test(tcase, nested_switches);
    tcase_add_loop_test(tcase, errors, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(tcase, memory_runs_out);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
