/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/run.h"
#include "topology/fabric.h"
#include "topology/inventory.h"

#include <string.h>

/* Machine > package > NUMA node > host bridge 10 > root port > two functions; a second package. */
enum { MACHINE, PACKAGE, NODE, HOST, PORT, FUNCTION, SECOND, PACKAGE_B, NODE_B, COUNT };

static struct sy_obj obj[COUNT + 1];
static struct sy_link link_[3];
static struct sy_inventory inv;

static void setup(void)
{
    static const struct sy_obj good[COUNT] = {
        [MACHINE] = {.type = SY_OBJ_MACHINE},
        [PACKAGE] = {.type = SY_OBJ_PACKAGE, .parent = MACHINE},
        [NODE] = {.type = SY_OBJ_NUMA, .parent = PACKAGE},
        [HOST] = {.type = SY_OBJ_HOST_BRIDGE,
                  .parent = NODE,
                  .addr = {.bus = 0x10},
                  .bus_first = 0x10,
                  .bus_last = 0x12},
        [PORT] = {.type = SY_OBJ_BRIDGE,
                  .parent = HOST,
                  .addr = {.bus = 0x10, .dev = 1},
                  .bus_first = 0x11,
                  .bus_last = 0x11},
        [FUNCTION] = {.type = SY_OBJ_DEVICE, .parent = PORT, .addr = {.bus = 0x11}},
        [SECOND] = {.type = SY_OBJ_DEVICE, .parent = PORT, .addr = {.bus = 0x11, .func = 1}},
        [PACKAGE_B] = {.type = SY_OBJ_PACKAGE, .parent = MACHINE, .os_index = 1},
        [NODE_B] = {.type = SY_OBJ_NUMA, .parent = PACKAGE_B, .os_index = 1},
    };
    memcpy(obj, good, sizeof good);
    link_[0] = (struct sy_link){.a = FUNCTION, .b = SECOND, .type = SY_LINK_NVL, .mbps = 50000};
    inv = (struct sy_inventory){
        .source = "test", .nobj = COUNT, .obj = obj, .nlink = 1, .link = link_};
}

#define CHANGE(name, what)                                                                         \
    static void name(void)                                                                         \
    {                                                                                              \
        what;                                                                                      \
    }
CHANGE(nothing, (void)0)
CHANGE(no_objects, inv.nobj = 0)
CHANGE(too_many, inv.nobj = SY_OBJ_MAX + 1)
CHANGE(too_many_links, inv.nlink = SY_LINK_MAX + 1)
CHANGE(bad_type, obj[PORT].type = SY_OBJ_TYPE_COUNT)
CHANGE(first_not_machine, obj[0].type = SY_OBJ_PACKAGE)
CHANGE(parent_after, obj[PORT].parent = FUNCTION)
CHANGE(parent_self, obj[PORT].parent = PORT)
CHANGE(below_device, obj[SECOND].parent = FUNCTION)
CHANGE(device_below_node, obj[FUNCTION].parent = NODE)
CHANGE(second_machine, obj[PACKAGE_B].type = SY_OBJ_MACHINE)
CHANGE(host_below_host, obj[PORT].type = SY_OBJ_HOST_BRIDGE; obj[PORT].addr.dev = 0)
CHANGE(range_descends, obj[HOST].bus_last = 0x0f)
CHANGE(off_the_bus, obj[FUNCTION].addr.bus = 0x12)
CHANGE(range_outside, obj[PORT].bus_last = 0x13)
CHANGE(range_unknown, obj[PORT].bus_first = obj[PORT].bus_last = 0; obj[FUNCTION].addr.bus = 0x77)
CHANGE(other_domain, obj[FUNCTION].addr.domain = 1)
CHANGE(same_address, obj[SECOND].addr.func = 0)
CHANGE(device_number, obj[FUNCTION].addr.dev = 32)
CHANGE(host_device, obj[HOST].addr.dev = 1)
CHANGE(device_buses, obj[FUNCTION].bus_last = 0x11)
CHANGE(same_package, obj[PACKAGE_B].os_index = 0)
CHANGE(same_node, obj[NODE_B].os_index = 0)
CHANGE(huge_node, obj[NODE_B].os_index = 4096)
CHANGE(link_to_bridge, link_[0].a = PORT)
CHANGE(link_beyond, link_[0].b = COUNT)
CHANGE(link_to_itself, link_[0].b = FUNCTION)
CHANGE(link_type, link_[0].type = SY_LINK_NONE)
CHANGE(link_rate, link_[0].mbps = SY_LINK_MBPS_MAX + 1)
CHANGE(link_twice, link_[1] = link_[0]; inv.nlink = 2)
CHANGE(policy, inv.topology_manager.policy = SY_TOPOLOGY_POLICY_COUNT)
CHANGE(policy_scope, inv.topology_manager.scope = SY_TOPOLOGY_SCOPE_COUNT)
CHANGE(every_policy, inv.topology_manager.policy = SY_TOPOLOGY_POLICY_COUNT - 1;
       inv.topology_manager.scope = SY_TOPOLOGY_SCOPE_COUNT - 1)
CHANGE(name_bytes, obj[FUNCTION].name = "gpu\xff")
CHANGE(name_newline, obj[FUNCTION].name = "gpu\n")
CHANGE(name_overlong, obj[FUNCTION].uuid = "\xc0\xaf")
CHANGE(name_surrogate, obj[FUNCTION].driver = "\xed\xa0\x80")
CHANGE(name_utf8, obj[FUNCTION].name = "gpu\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80")
CHANGE(product_bytes, inv.product = "\x80")
CHANGE(lanes, obj[FUNCTION].max_width = 65)
CHANGE(fast, obj[FUNCTION].cur_link_mbps = SY_LINK_MBPS_MAX + 1)

static const struct {
    const char *description;
    void (*change)(void);
    enum sy_code code;
    const char *message;
} cases[] = {
    {"good", nothing, SY_OK, ""},
    {"no objects", no_objects, SY_EINVAL, "no objects: a Machine is needed"},
    {"too many objects", too_many, SY_ELIMIT, "4097 objects, at most 4096 are supported"},
    {"too many links", too_many_links, SY_ELIMIT, "16385 links, at most 16384 are supported"},
    {"type", bad_type, SY_EINVAL, "object 4: unknown type 6"},
    {"first", first_not_machine, SY_EINVAL, "object 0: must be the Machine and its own parent"},
    {"parent after", parent_after, SY_EINVAL,
     "object 4 (Bridge 0000:10:01.0): parent 5 does not stand before it"},
    {"own parent", parent_self, SY_EINVAL,
     "object 4 (Bridge 0000:10:01.0): parent 4 does not stand before it"},
    {"below a device", below_device, SY_EINVAL,
     "object 6 (PCIDev 0000:11:00.1): cannot hang below object 5 (PCIDev 0000:11:00.0)"},
    {"device below a NUMA node", device_below_node, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): cannot hang below object 2 (NUMANode)"},
    {"second machine", second_machine, SY_EINVAL,
     "object 7 (Machine): cannot hang below object 0 (Machine)"},
    {"host bridge below a host bridge", host_below_host, SY_EINVAL,
     "object 4 (HostBridge 0000:10): cannot hang below object 3 (HostBridge 0000:10)"},
    {"range descends", range_descends, SY_EINVAL,
     "object 3 (HostBridge 0000:10): bus range 10-0f descends"},
    {"off the bus", off_the_bus, SY_EINVAL,
     "object 5 (PCIDev 0000:12:00.0): not on a bus of object 4 (Bridge 0000:10:01.0), which has "
     "11-11"},
    {"range outside", range_outside, SY_EINVAL,
     "object 4 (Bridge 0000:10:01.0): its buses 11-13 lie outside 10-12 of object 3 (HostBridge "
     "0000:10)"},
    {"unknown range", range_unknown, SY_OK, ""},
    {"other domain", other_domain, SY_EINVAL,
     "object 5 (PCIDev 0001:11:00.0): another PCI domain than object 4 (Bridge 0000:10:01.0)"},
    {"same address", same_address, SY_EINVAL,
     "object 6 (PCIDev 0000:11:00.0): address already taken by object 5"},
    {"device number", device_number, SY_EINVAL,
     "object 5: PCI device 32 or function 0 out of range"},
    {"host bridge with a device", host_device, SY_EINVAL,
     "object 3 (HostBridge 0000:10): has a device number"},
    {"device with buses", device_buses, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): a device has no buses"},
    {"package twice", same_package, SY_EINVAL, "object 7 (Package): index 0 already taken"},
    {"NUMA node twice", same_node, SY_EINVAL, "object 8 (NUMANode): index 0 already taken"},
    {"NUMA node number", huge_node, SY_EINVAL, "object 8 (NUMANode): index 4096 is not below 4096"},
    {"link to a bridge", link_to_bridge, SY_EINVAL, "link 0: 4 and 6 are not both devices"},
    {"link beyond", link_beyond, SY_EINVAL, "link 0: 5 and 9 are not both devices"},
    {"link to itself", link_to_itself, SY_EINVAL, "link 0: 5 and 5 do not ascend"},
    {"link type", link_type, SY_EINVAL, "link 0: unknown type 0"},
    {"link rate", link_rate, SY_EINVAL, "link 0: faster than 100000000 MB/s"},
    {"link twice", link_twice, SY_EINVAL, "link 1: not in ascending order of its devices"},
    {"policy", policy, SY_EINVAL, "Topology Manager: unknown policy 5"},
    {"scope of the policy", policy_scope, SY_EINVAL, "Topology Manager: unknown scope 3"},
    {"the last policy and scope", every_policy, SY_OK, ""},
    {"name of bytes", name_bytes, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): its name is not printable UTF-8"},
    {"name with a newline", name_newline, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): its name is not printable UTF-8"},
    {"overlong UTF-8", name_overlong, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): its uuid is not printable UTF-8"},
    {"surrogate", name_surrogate, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): its driver is not printable UTF-8"},
    {"name in UTF-8", name_utf8, SY_OK, ""},
    {"product of bytes", product_bytes, SY_EINVAL, "product is not printable UTF-8"},
    {"lanes", lanes, SY_EINVAL, "object 5 (PCIDev 0000:11:00.0): more than 64 lanes"},
    {"fast link", fast, SY_EINVAL,
     "object 5 (PCIDev 0000:11:00.0): link faster than 100000000 MB/s"},
};

START_TEST(check)
{
    struct sy_err err = {0};
    cases[_i].change();
    enum sy_code code = sy_inventory_check(&inv, &err);
    ck_assert_str_eq(err.text, cases[_i].message);
    ck_assert_int_eq(code, cases[_i].code);
}
END_TEST

START_TEST(deep_nesting)
{
    static struct sy_obj deep[80];
    for (uint16_t i = 0; i < 80; i++)
        deep[i] = (struct sy_obj){.type = i == 0   ? SY_OBJ_MACHINE
                                          : i == 1 ? SY_OBJ_HOST_BRIDGE
                                                   : SY_OBJ_BRIDGE,
                                  .parent = (uint16_t)(i > 0 ? i - 1 : 0),
                                  .addr = {.bus = (uint8_t)i}};
    struct sy_inventory chain = {.nobj = 80, .obj = deep};
    struct sy_err err = {0};
    ck_assert_int_eq(sy_inventory_check(&chain, &err), SY_EINVAL);
    ck_assert_str_eq(err.text, "object 65 (Bridge 0000:41:00.0): nested deeper than 64");
}
END_TEST

START_TEST(ancestor)
{
    ck_assert_uint_eq(sy_inventory_ancestor(&inv, FUNCTION, SECOND), PORT);
    ck_assert_uint_eq(sy_inventory_ancestor(&inv, SECOND, SECOND), SECOND);
    ck_assert_uint_eq(sy_inventory_ancestor(&inv, FUNCTION, HOST), HOST);
    ck_assert_uint_eq(sy_inventory_ancestor(&inv, FUNCTION, NODE_B), MACHINE);
}
END_TEST

START_TEST(names)
{
    for (int i = 0; i < SY_OBJ_TYPE_COUNT; i++)
        ck_assert_int_eq(sy_obj_type_find(sy_obj_type_name((enum sy_obj_type)i)), i);
    for (int i = 1; i < SY_LINK_TYPE_COUNT; i++)
        ck_assert_int_eq(sy_link_type_find(sy_link_type_name((enum sy_link_type)i)), i);
    ck_assert_int_eq(sy_obj_type_find("Group"), -1);
    ck_assert_int_eq(sy_link_type_find(""), -1);
    for (int i = 0; i < SY_SCOPE_COUNT; i++)
        ck_assert_int_eq(sy_scope_find(sy_scope_name((enum sy_scope)i)), i);
    ck_assert_int_eq(sy_scope_find("rack"), -1);
    ck_assert_str_eq(sy_path_name(sy_path_smi(SY_PATH_SLOT)), "PIX");
    ck_assert_str_eq(sy_path_name(sy_path_smi(SY_PATH_SOCKET)), "SYS");
    ck_assert_str_eq(sy_path_name(sy_path_smi(SY_PATH_PXB)), "PXB");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inventory");
    TCase *tcase = tcase_create("inventory");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, check, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, deep_nesting);
    tcase_add_test(tcase, ancestor);
    tcase_add_test(tcase, names);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
