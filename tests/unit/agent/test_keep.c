/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keep.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent/world.h"

#include <string.h>

static struct sy_arena *arena;
static struct sy_catalogue *cat;

static void setup(void)
{
    arena = sy_arena_new((size_t)16 << 20);
    cat = world_catalogue();
}

static void teardown(void)
{
    sy_catalogue_unref(cat);
    sy_arena_free(arena);
}

static enum sy_code merge(const struct sy_inventory *before, const struct sy_inventory *scan,
                          struct sy_inventory *ret, struct sy_lost *lost)
{
    struct sy_err err = {0};
    enum sy_code code = sy_keep_merge(before, scan, cat, arena, ret, lost, &err);
    ck_assert_msg(code == SY_OK || err.text[0] != '\0', "no text");
    return code;
}

static const struct {
    const char *what;
    const char *boot_before, *boot_now;
    const char *gone[8]; /* from the second scan … */
    const char *here;    /* … and what must be there all the same; NULL = nothing more */
    const char *not_here;
    size_t lost;
} cases[] = {
    {"nothing changed", "b", "b", {NULL}, "0000:19:00.0", NULL, 0},
    {"a device", "b", "b", {"0000:19:00.0"}, "0000:19:00.0", NULL, 1},
    {"with the port above", "b", "b", {"0000:19:00.0", "0000:18:00.0"}, "0000:18:00.0", NULL, 1},
    {"a whole switch",
     "b",
     "b",
     {"0000:19:00.0", "0000:18:00.0", "0000:1a:00.0", "0000:18:01.0", "0000:1b:00.0",
      "0000:18:02.0", "0000:17:00.0"},
     "0000:1a:00.0",
     "0000:1b:00.0",
     2},
    {"both functions of an FPGA",
     "b",
     "b",
     {"0000:34:00.0", "0000:34:00.1"},
     "0000:34:00.1",
     NULL,
     2},
    {"a new boot", "b", "c", {"0000:19:00.0"}, NULL, "0000:19:00.0", 0},
    {"an unknown boot", NULL, NULL, {"0000:19:00.0"}, NULL, "0000:19:00.0", 0},
    {"a disk is none of ours", "b", "b", {"0000:1b:00.0"}, NULL, "0000:1b:00.0", 0},
    {"virtual functions are removed",
     "b",
     "b",
     {"0000:81:00.1", "0000:81:00.2"},
     "0000:81:00.0",
     "0000:81:00.1",
     0},
    {"virtual functions are lost with theirs",
     "b",
     "b",
     {"0000:81:00.0", "0000:81:00.1", "0000:81:00.2"},
     "0000:81:00.2",
     NULL,
     3},
};

START_TEST(losses)
{
    struct sy_inventory first, second, before, now;
    struct sy_lost lost = {.n = 77};
    world_machine(arena, cases[_i].boot_before, NULL, &first);
    ck_assert_int_eq(merge(NULL, &first, &before, &lost), SY_OK);
    ck_assert_uint_eq(lost.n, 0);
    world_machine(arena, cases[_i].boot_now, cases[_i].gone, &second);
    ck_assert_int_eq(merge(&before, &second, &now, &lost), SY_OK);
    ck_assert_uint_eq(lost.n, cases[_i].lost);
    if (cases[_i].here != NULL)
        ck_assert(world_has(&now, cases[_i].here));
    if (cases[_i].not_here != NULL)
        ck_assert(!world_has(&now, cases[_i].not_here));
    /* Once more: what is lost stays lost, nothing piles up. */
    struct sy_inventory again;
    ck_assert_int_eq(merge(&now, &second, &again, &lost), SY_OK);
    ck_assert_uint_eq(lost.n,
                      cases[_i].boot_now != NULL && cases[_i].lost > 0 ? cases[_i].lost : 0);
    ck_assert_uint_eq(again.nobj, now.nobj);
}
END_TEST

/* A device that was lost has the place and the relations that it had. */
START_TEST(a_lost_device_keeps_its_place)
{
    struct sy_inventory scan, before, now;
    struct sy_lost lost;
    world_machine(arena, "b", NULL, &scan);
    ck_assert_int_eq(merge(NULL, &scan, &before, &lost), SY_OK);
    static const char *const gone[] = {"0000:19:00.0", "0000:18:00.0", NULL};
    world_machine(arena, "b", gone, &scan);
    ck_assert_int_eq(merge(&before, &scan, &now, &lost), SY_OK);
    ck_assert_uint_eq(before.nobj, now.nobj);
    for (uint16_t i = 0; i < now.nobj; i++) { /* also in the list: nothing is to be written */
        ck_assert_int_eq(sy_pci_addr_cmp(before.obj[i].addr, now.obj[i].addr), 0);
        ck_assert_uint_eq(before.obj[i].parent, now.obj[i].parent);
    }
    struct sy_fabric *a = world_fabric(&before), *b = world_fabric(&now);
    ck_assert_uint_eq(a->nunit, b->nunit);
    for (uint16_t i = 0; i < a->nunit; i++)
        for (uint16_t k = 0; k < a->nunit; k++) {
            ck_assert_int_eq(sy_fabric_pair(a, i, k)->path, sy_fabric_pair(b, i, k)->path);
            ck_assert_uint_eq(sy_fabric_pair(a, i, k)->mbps, sy_fabric_pair(b, i, k)->mbps);
        }
    sy_fabric_unref(a);
    sy_fabric_unref(b);
}
END_TEST

/* What is left out changes nothing for what stays. */
START_TEST(pruning_changes_no_relation)
{
    struct sy_inventory scan, pruned;
    struct sy_lost lost;
    world_machine(arena, "b", NULL, &scan);
    ck_assert_int_eq(merge(NULL, &scan, &pruned, &lost), SY_OK);
    ck_assert_uint_lt(pruned.nobj, scan.nobj);
    ck_assert(!world_has(&pruned, "0000:00:05.0"));
    ck_assert(world_has(&pruned, "0000:1b:00.0")); /* shares the switch */
    struct sy_fabric *a = world_fabric(&scan), *b = world_fabric(&pruned);
    ck_assert_uint_eq(a->nunit, b->nunit);
    for (uint16_t i = 0; i < a->nunit; i++)
        for (uint16_t k = 0; k < a->nunit; k++)
            ck_assert_int_eq(sy_fabric_pair(a, i, k)->path, sy_fabric_pair(b, i, k)->path);
    for (uint16_t i = 0; i < a->nunit; i++)
        ck_assert_uint_eq(a->unit[i].link_mbps, b->unit[i].link_mbps);
    sy_fabric_unref(a);
    sy_fabric_unref(b);
}
END_TEST

START_TEST(a_new_device_is_there_at_once)
{
    struct sy_inventory scan, before, now;
    struct sy_lost lost;
    static const char *const without[] = {"0000:1a:00.0", NULL};
    world_machine(arena, "b", without, &scan);
    ck_assert_int_eq(merge(NULL, &scan, &before, &lost), SY_OK);
    world_machine(arena, "b", NULL, &scan);
    ck_assert_int_eq(merge(&before, &scan, &now, &lost), SY_OK);
    ck_assert(world_has(&now, "0000:1a:00.0"));
    ck_assert_uint_eq(lost.n, 0);
}
END_TEST

/* The switch has other buses now: the lost device's bridge does not fit below it. */
START_TEST(what_does_not_fit_is_an_error)
{
    struct sy_inventory scan, before, now;
    struct sy_lost lost = {.n = 9};
    world_machine(arena, "b", NULL, &scan);
    ck_assert_int_eq(merge(NULL, &scan, &before, &lost), SY_OK);
    static const char *const gone[] = {"0000:19:00.0",
                                       "0000:18:00.0",
                                       "0000:18:01.0",
                                       "0000:1a:00.0",
                                       "0000:18:02.0",
                                       "0000:1b:00.0",
                                       NULL};
    world_machine(arena, "b", gone, &scan);
    for (uint16_t i = 0; i < scan.nobj; i++)
        if (scan.obj[i].type == SY_OBJ_BRIDGE && scan.obj[i].addr.bus == 0x17)
            scan.obj[i].bus_first = scan.obj[i].bus_last = 0x1b;
    lost.n = 9;
    ck_assert_int_eq(merge(&before, &scan, &now, &lost), SY_EINVAL);
    ck_assert_uint_eq(lost.n, 9);
}
END_TEST

static enum sy_code merge_once(void *data, struct sy_err *err)
{
    struct sy_inventory *both = data, now;
    struct sy_lost lost;
    struct sy_arena *own = sy_arena_new((size_t)4 << 20);
    if (own == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_keep_merge(&both[0], &both[1], cat, own, &now, &lost, err);
    sy_arena_free(own);
    return code;
}

START_TEST(out_of_memory)
{
    struct sy_inventory both[2];
    static const char *const gone[] = {"0000:19:00.0", NULL};
    world_machine(arena, "b", NULL, &both[0]);
    world_machine(arena, "b", gone, &both[1]);
    ck_assert_int_gt(sy_fault_sweep(merge_once, both, 0), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keep");
    TCase *tcase = tcase_create("keep");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, losses, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, a_lost_device_keeps_its_place);
    tcase_add_test(tcase, pruning_changes_no_relation);
    tcase_add_test(tcase, a_new_device_is_there_at_once);
    tcase_add_test(tcase, what_does_not_fit_is_an_error);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
