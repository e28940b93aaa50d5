/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/holders.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/agent/world.h"

#include <stdio.h>
#include <string.h>

#define GPU "0000:91:00.0"
#define NPU "0000:19:00.0"
#define VF "0000:81:00.1"
#define R "amd.com/gpu" /* its ids are addresses */

static struct sy_arena *arena;
static struct sy_fabric *fabric;
static struct sy_device_ids *ids;
static struct sy_memory memory;
static struct world_tree tree;

static void setup(void)
{
    struct sy_inventory inv;
    struct sy_err err = {0};
    arena = sy_arena_new((size_t)16 << 20);
    world_machine(arena, "b", NULL, &inv);
    fabric = world_fabric(&inv);
    world_tree_init(&tree);
    world_write(&tree, "sys/devices/x", "");
    struct sy_device_ids_options options = {.fabric = fabric, .root = tree.path};
    ck_assert_msg(sy_device_ids_new(&options, &ids, &err) == SY_OK, "%s", err.text);
}

static void teardown(void)
{
    sy_memory_done(&memory);
    sy_device_ids_free(ids);
    sy_fabric_unref(fabric);
    sy_arena_free(arena);
    world_tree_done(&tree);
}

static const struct sy_holdings *map(const struct sy_pod_resources *answer,
                                     const struct sy_checkpoint *uids)
{
    struct sy_holdings *made = NULL;
    struct sy_err err = {0};
    sy_device_ids_learn(ids, answer);
    ck_assert_int_eq(sy_holders_map(fabric, answer, ids, &memory, uids, arena, &made, &err), SY_OK);
    return made;
}

/* "unit held: pod/container(uid) …; …" of the units that are held, then what could not be mapped.
 */
static const char *show(const struct sy_holdings *made)
{
    static char text[2048];
    size_t len = 0;
    char addr[SY_PCI_ADDR_TEXT];
    text[0] = '\0';
    for (uint16_t u = 0; u < fabric->nunit; u++) {
        if (made->held[u] == 0)
            continue;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %u:", len > 0 ? "; " : "",
                                sy_pci_addr_format(fabric->unit[u].addr, addr), made->held[u]);
        for (size_t i = 0; i < made->nholding; i++)
            if (made->holding[i].unit == u)
                len += (size_t)snprintf(text + len, sizeof text - len, " %s/%s(%s)",
                                        made->holding[i].name, made->holding[i].container,
                                        made->holding[i].uid != NULL ? made->holding[i].uid : "");
    }
    if (made->unmapped > 0)
        (void)snprintf(text + len, sizeof text - len, " | %u %s", made->unmapped,
                       made->unmapped_first);
    return text;
}

static const struct {
    const char *what;
    struct sy_pod_device device[4];
    const char *shown;
} cases[] = {
    {"nobody", {{.resource = NULL}}, ""},
    {"one", {{{"a", "p", "c"}, R, GPU, {0}}}, GPU " 1000: p/c(u-p)"},
    {"an id of two containers counts once, both hold it",
     {{{"a", "p", "d"}, R, GPU, {0}}, {{"a", "p", "c"}, R, GPU, {0}}},
     GPU " 1000: p/c(u-p) p/d()"},
    {"told twice",
     {{{"a", "p", "c"}, R, GPU, {0}}, {{"a", "p", "c"}, R, GPU, {0}}},
     GPU " 1000: p/c(u-p)"},
    {"in the order of names",
     {{{"b", "a", "c"}, R, GPU, {0}},
      {{"a", "q", "c"}, R, GPU, {0}},
      {{"a", "p", "c"}, R, NPU, {0}}},
     NPU " 1000: p/c(); " GPU " 1000: q/c(u-p) a/c(u-p)"},
    {"a virtual function by any name",
     {{{"a", "p", "c"}, "example.com/vf", VF, {0}}},
     VF " 1000: p/c()"},
    {"a resource of others", {{{"a", "p", "c"}, "example.com/x", "x-1", {0}}}, ""},
    {"one of ours that cannot be mapped",
     {{{"a", "p", "c"}, R, "0000:77:00.0", {0}}, {{"a", "p", "c"}, R, "0000:66:00.0", {0}}},
     NULL},
};

static size_t count(const struct sy_pod_device *device)
{
    size_t n = 0;
    while (n < 4 && device[n].resource != NULL)
        n++;
    return n;
}

START_TEST(answers)
{
    static const struct sy_checkpoint_entry entry = {R, GPU, "c", "u-p"};
    struct sy_checkpoint uids = {.n = 1, .entry = &entry};
    struct sy_pod_resources answer = {.ndevice = count(cases[_i].device),
                                      .device = cases[_i].device};
    const struct sy_holdings *made = map(&answer, &uids);
    if (cases[_i].shown != NULL) {
        ck_assert_str_eq(show(made), cases[_i].shown);
    } else {
        ck_assert_uint_eq(made->unmapped, 2);
        ck_assert_ptr_nonnull(strstr(made->unmapped_first, R " 0000:66:00.0: "));
    }
}
END_TEST

START_TEST(the_order_does_not_matter)
{
    struct sy_pod_device device[4] = {{{"a", "p", "c"}, R, GPU, {0}},
                                      {{"a", "q", "c"}, R, NPU, {0}},
                                      {{"b", "q", "d"}, R, NPU, {0}},
                                      {{"a", "p", "c"}, R, "0000:66:00.0", {0}}};
    struct sy_pod_resources answer = {.ndevice = 4, .device = device};
    char first[2048];
    (void)snprintf(first, sizeof first, "%s", show(map(&answer, NULL)));
    for (int i = 0; i < 4; i++) {
        struct sy_pod_device moved = device[0];
        memmove(device, device + 1, 3 * sizeof moved);
        device[3] = moved;
        ck_assert_str_eq(show(map(&answer, NULL)), first);
    }
}
END_TEST

START_TEST(offers)
{
    static const struct sy_allocatable_device offered[] = {{R, GPU, {0}},
                                                           {"nvidia.com/gpu", "GPU-unknown", {0}},
                                                           {"example.com/x", "x", {0}},
                                                           {"example.com/vf", VF, {0}},
                                                           {R, NPU, {0}}};
    struct sy_pod_resources answer = {
        .has_allocatable = true, .nallocatable = 5, .allocatable = offered};
    const struct sy_holdings *made = map(&answer, NULL);
    ck_assert(made->knows_offered);
    ck_assert_uint_eq(made->noffer, 3);
    ck_assert_str_eq(made->offer[0].resource, R);
    ck_assert_uint_eq(made->offer[0].allocatable, 2);
    ck_assert_str_eq(made->offer[1].resource, "example.com/vf");
    ck_assert_str_eq(made->offer[2].resource, "nvidia.com/gpu");
    ck_assert_uint_eq(sy_devset_count(&made->offered), 3);
    ck_assert(sy_devset_has(&made->offered, (unsigned)world_unit(fabric, GPU)));
    answer.has_allocatable = false;
    ck_assert(!map(&answer, NULL)->knows_offered);
}
END_TEST

/* Half of a device, held by two containers of one pod, is half of it. */
START_TEST(parts)
{
    static const struct sy_allocatable_device offered[] = {{R, GPU "-0", {0}}, {R, GPU "-1", {0}}};
    static const struct sy_pod_device device[] = {{{"a", "p", "c"}, R, GPU "-0", {0}},
                                                  {{"a", "p", "d"}, R, GPU "-0", {0}},
                                                  {{"a", "q", "c"}, R, GPU "-1", {0}}};
    struct sy_pod_resources answer = {.ndevice = 2,
                                      .device = device,
                                      .has_allocatable = true,
                                      .nallocatable = 2,
                                      .allocatable = offered};
    ck_assert_str_eq(show(map(&answer, NULL)), GPU " 500: p/c() p/d()");
    answer.ndevice = 3;
    ck_assert_str_eq(show(map(&answer, NULL)), GPU " 1000: p/c() p/d() q/c()");
}
END_TEST

START_TEST(more_holders_than_are_told)
{
    static struct sy_pod_device device[80];
    static char name[80][16];
    for (int i = 0; i < 80; i++) {
        (void)snprintf(name[i], sizeof name[i], "p%02d", i);
        device[i] = (struct sy_pod_device){{"a", name[i], "c"}, R, GPU, {0}};
    }
    struct sy_pod_resources answer = {.ndevice = 80, .device = device};
    const struct sy_holdings *made = map(&answer, NULL);
    ck_assert_uint_eq(made->nholding, SY_UNIT_HOLDERS_MAX);
    ck_assert_uint_eq(made->unmapped, 80 - SY_UNIT_HOLDERS_MAX);
    ck_assert_str_eq(made->unmapped_first, GPU " p64: more holders than are told");
}
END_TEST

/* The kernel's name of the device goes with it; what it stood for is remembered. */
START_TEST(a_lost_device_is_still_held)
{
    static const struct sy_pod_device device = {
        {"a", "p", "c"}, "huawei.com/Ascend910", "Ascend910-0", {0}};
    struct sy_pod_resources answer = {.ndevice = 1, .device = &device};
    ck_assert_uint_eq(map(&answer, NULL)->unmapped, 1);
    world_link(&tree, "sys/bus/pci/devices/" NPU, "../../../devices/" NPU);
    world_write(&tree, "sys/devices/" NPU "/vendor", "0x19e5\n");
    world_write(&tree, "sys/class/davinci/davinci0/dev", "1:1\n");
    world_link(&tree, "sys/class/davinci/davinci0/device", "../../../devices/" NPU);
    ck_assert_str_eq(show(map(&answer, NULL)), NPU " 1000: p/c()");
    world_remove(&tree, "sys/class/davinci/davinci0/device");
    ck_assert_str_eq(show(map(&answer, NULL)), NPU " 1000: p/c()");
}
END_TEST

static enum sy_code map_once(void *data, struct sy_err *err)
{
    struct sy_holdings *made;
    struct sy_memory own = {0};
    struct sy_arena *mine = sy_arena_new((size_t)4 << 20);
    if (mine == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_holders_map(fabric, data, ids, &own, NULL, mine, &made, err);
    sy_memory_done(&own);
    sy_arena_free(mine);
    return code;
}

START_TEST(out_of_memory)
{
    static const struct sy_pod_device device[] = {{{"a", "p", "c"}, R, GPU, {0}},
                                                  {{"a", "p", "c"}, R, "0000:66:00.0", {0}}};
    struct sy_pod_resources answer = {.ndevice = 2, .device = device};
    ck_assert_int_gt(sy_fault_sweep(map_once, &answer, 0), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("holders");
    TCase *tcase = tcase_create("holders");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, answers, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tcase, the_order_does_not_matter);
    tcase_add_test(tcase, offers);
    tcase_add_test(tcase, parts);
    tcase_add_test(tcase, more_holders_than_are_told);
    tcase_add_test(tcase, a_lost_device_is_still_held);
    tcase_add_test(tcase, out_of_memory);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
