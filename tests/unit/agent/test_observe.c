/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/observe.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent/world.h"

#define NPU "sys/bus/pci/devices/0000:19:00.0"
#define VF "sys/bus/pci/devices/0000:81:00.2"

static struct sy_arena *arena;
static struct sy_fabric *fabric;
static struct world_tree tree;

static void setup(void)
{
    struct sy_inventory inv;
    arena = sy_arena_new((size_t)4 << 20);
    world_machine(arena, "b", NULL, &inv);
    fabric = world_fabric(&inv);
    world_tree_init(&tree);
    world_write(&tree, NPU "/vendor", "0x19e5\n");
    world_write(&tree, NPU "/current_link_width", "8\n");
    world_write(&tree, NPU "/max_link_width", "16\n");
    world_write(&tree, NPU "/current_link_speed", "16.0 GT/s PCIe\n");
    world_write(&tree, NPU "/aer_dev_fatal", "Undefined 0\nDLP 1\nTOTAL_ERR_FATAL 2\n");
    world_write(&tree, NPU "/aer_dev_nonfatal", "TOTAL_ERR_NONFATAL 3\n");
    world_link(&tree, NPU "/driver", "../../../bus/pci/drivers/devdrv");
}

static void teardown(void)
{
    sy_fabric_unref(fabric);
    sy_arena_free(arena);
    world_tree_done(&tree);
}

static struct sy_look look_at(const char *addr, struct sy_link_now *link)
{
    struct sy_look look;
    sy_observe_unit(tree.fd, fabric, (uint16_t)world_unit(fabric, addr), &look, link);
    return look;
}

START_TEST(a_device)
{
    struct sy_link_now link;
    struct sy_look look = look_at("0000:19:00.0", &link);
    ck_assert(look.present && look.driver_matters && look.has_driver && !look.is_vfio);
    ck_assert_int_eq(look.fatal, 2);
    ck_assert_int_eq(look.nonfatal, 3);
    ck_assert_int_eq(look.correctable, -1);
    ck_assert_uint_eq(look.cur_width, 8);
    ck_assert_uint_eq(look.max_width, 16);
    ck_assert_uint_eq(link.mbps, 15754);
    ck_assert_uint_eq(sy_observe_max_width(fabric, (uint16_t)world_unit(fabric, "0000:19:00.0")),
                      16);
}
END_TEST

START_TEST(a_device_that_is_not_there)
{
    struct sy_link_now link;
    struct sy_look look = look_at("0000:1a:00.0", &link);
    ck_assert(!look.present && !look.has_driver);
    ck_assert_int_eq(look.fatal, -1);
    ck_assert_uint_eq(link.mbps, 0);
}
END_TEST

START_TEST(drivers)
{
    struct sy_link_now link;
    world_link(&tree, NPU "/driver", "../../../bus/pci/drivers/vfio-pci");
    ck_assert(look_at("0000:19:00.0", &link).is_vfio);
    world_remove(&tree, NPU "/driver");
    ck_assert(!look_at("0000:19:00.0", &link).has_driver);
    world_write(&tree, VF "/vendor", "0x15b3\n");
    ck_assert(!look_at("0000:81:00.2", &link).driver_matters); /* a virtual NIC */
}
END_TEST

/* Files of a hostile tree. */
static const char *const counters[] = {
    "", "TOTAL_ERR_FATAL", "TOTAL_ERR_FATAL x", "TOTAL_ERR_FATAL -1", "TOTAL_ERR_\n", "DLP 3",
};

START_TEST(counters_that_are_none)
{
    struct sy_link_now link;
    world_write(&tree, NPU "/aer_dev_fatal", counters[_i]);
    world_write(&tree, NPU "/current_link_speed", "Unknown\n");
    ck_assert_int_eq(look_at("0000:19:00.0", &link).fatal, -1);
    ck_assert_uint_eq(link.mbps, 0);
}
END_TEST

static struct sy_digest digest(void)
{
    struct sy_digest made;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_observe_digest(tree.fd, &made, &err), SY_OK);
    return made;
}

START_TEST(the_digest_sees_changes)
{
    struct sy_digest a = digest(), b = digest();
    ck_assert(sy_digest_equal(a, b));
    world_write(&tree, NPU "/current_link_speed", "2.5 GT/s PCIe\n");
    ck_assert(sy_digest_equal(a, digest())); /* idle */
    world_write(&tree, NPU "/current_link_width", "4\n");
    b = digest();
    ck_assert(!sy_digest_equal(a, b));
    world_remove(&tree, NPU "/driver");
    a = digest();
    ck_assert(!sy_digest_equal(a, b));
    world_write(&tree, VF "/vendor", "0x15b3\n");
    ck_assert(!sy_digest_equal(a, digest()));
}
END_TEST

static enum sy_code digest_once(void *data, struct sy_err *err)
{
    struct sy_digest made;
    (void)data;
    return sy_observe_digest(tree.fd, &made, err);
}

START_TEST(out_of_memory)
{
    ck_assert_int_gt(sy_fault_sweep(digest_once, NULL, 0), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("observe");
    TCase *tcase = tcase_create("observe");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_device);
    tcase_add_test(tcase, a_device_that_is_not_there);
    tcase_add_test(tcase, drivers);
    tcase_add_loop_test(tcase, counters_that_are_none, 0, sizeof counters / sizeof counters[0]);
    tcase_add_test(tcase, the_digest_sees_changes);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
