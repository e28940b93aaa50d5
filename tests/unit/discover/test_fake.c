/* SPDX-License-Identifier: Apache-2.0 */
/* The fake sysfs trees of the cluster tests: what is discovered in the tree of a machine is what is
 * imported from the file that the tree was made from. */
#define _GNU_SOURCE
#include "base/file.h"
#include "tests/lib/run.h"
#include "tests/unit/discover/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const machines[] = {"mixed-4npu-2gpu-2fpga", "atlas-800t-a2-like",
                                       "dgx-a100-like", "vm-flat-p4d-like"};

static char root[64];
static struct sy_arena *arena;

static void set_up(void)
{
    (void)snprintf(root, sizeof root, "/tmp/switchyard-fake-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    arena = sy_arena_new(32u << 20);
}

static void tear_down(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(shell(command), 0);
    sy_arena_free(arena);
}

/* The object of `inv` that stands where `like` stands in its own inventory; none is a failure. */
static const struct sy_obj *find(const struct sy_inventory *inv, const struct sy_obj *like)
{
    for (uint16_t i = 0; i < inv->nobj; i++) {
        const struct sy_obj *obj = &inv->obj[i];
        if (obj->type == like->type && obj->os_index == like->os_index &&
            sy_pci_addr_cmp(obj->addr, like->addr) == 0)
            return obj;
    }
    ck_abort_msg("no object of type %u at bus %x", like->type, like->addr.bus);
}

static void compare(const struct sy_inventory *file, const struct sy_inventory *tree)
{
    ck_assert_uint_eq(tree->nobj, file->nobj);
    for (uint16_t i = 0; i < file->nobj; i++) {
        const struct sy_obj *want = &file->obj[i], *got = find(tree, want);
        uint16_t at = (uint16_t)(got - tree->obj);
        char place[1024];
        (void)snprintf(place, sizeof place, "%s", place_of(file, i));
        ck_assert_str_eq(place_of(tree, at), place);
        ck_assert_msg(memcmp(&got->id, &want->id, sizeof got->id) == 0, "%s: ids", place);
        ck_assert_msg(got->cur_link_mbps == want->cur_link_mbps, "%s: %u, not %u MB/s", place,
                      got->cur_link_mbps, want->cur_link_mbps);
        if (want->max_link_mbps != 0) /* hwloc does not know it; some files add it */
            ck_assert_msg(got->max_link_mbps == want->max_link_mbps, "%s: maximum", place);
        ck_assert_msg(got->memory_mib == want->memory_mib, "%s: memory", place);
        ck_assert_msg(got->bus_first == want->bus_first && got->bus_last == want->bus_last,
                      "%s: buses %x-%x, not %x-%x", place, got->bus_first, got->bus_last,
                      want->bus_first, want->bus_last);
    }
}

START_TEST(same_machine)
{
    char path[512], command[1024];
    sy_autofree char *data = NULL;
    size_t len = 0;
    struct sy_inventory file = {0}, tree = {0};
    struct sy_err err = {.code = SY_OK};
    if (shell("python3 -c pass") != 0) {
        sy_skip("python3 is not at hand");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/tests/machines/made/%s.xml", SY_SOURCE_DIR, machines[_i]);
    ck_assert_msg(sy_file_read(path, SY_XML_MAX, &data, &len, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_discover_xml(path, data, len, NULL, arena, &file, &err) == SY_OK, "%s",
                  err.text);
    (void)snprintf(command, sizeof command, "python3 -B %s/tests/cluster/sysfs.py %s %s",
                   SY_SOURCE_DIR, path, root);
    ck_assert_int_eq(shell(command), 0);
    ck_assert_msg(sy_discover_sysfs(root, arena, &tree, &err) == SY_OK, "%s", err.text);
    compare(&file, &tree);
}
END_TEST

int main(int argc, char **argv)
{
    int status = sy_discover_child_main(argc, argv);
    if (status >= 0)
        return status;
    Suite *suite = suite_create("discover/fake");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, same_machine, 0, sizeof machines / sizeof machines[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
