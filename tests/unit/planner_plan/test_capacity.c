/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, stranded devices and watts, on clusters small enough to count by hand. */
#include "planner/plan/capacity.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "world.h"

#include <string.h>

#define NPU "npu.huawei.com/ascend910b"
#define GPU "nvidia.com/gpu"
#define STATUS(devices)                                                                            \
    "{\"mode\":\"exact\",\"devices\":[" devices                                                    \
    "],\"power\":{\"limitWatts\":4000,\"baseWatts\":900}}"
#define SICK(pci) "{\"pci\":\"" pci "\",\"healthy\":false,\"reason\":\"ECC errors\"}"

#define ok(call)                                                                                   \
    do {                                                                                           \
        struct sy_err err = {0};                                                                   \
        ck_assert_msg((call) == SY_OK, "%s", err.text);                                            \
    } while (0)

struct machine {
    const char *status, *has, *taint;
};
struct row {
    const char *what, *policy;
    struct machine node[2]; /* trio machines: 4 NPUs and 2 GPUs on two switches */
    const char *asks, *require;
    unsigned slots, nodes;
    unsigned devices, held, free, used;
    enum sy_strand why; /* of what is left of the free ones */
    unsigned left;
};

#define ALL "cpu=64 memory=256Gi pods=20 " NPU "=4 " GPU "=2"
static const struct row rows[] = {
    {"one NPU each",
     NULL,
     {{STATUS(""), ALL, NULL}, {STATUS(""), ALL, NULL}},
     NPU "=1",
     NULL,
     8,
     2,
     8,
     0,
     8,
     8,
     SY_STRAND_NOT,
     0},
    {"three NPUs leave one",
     NULL,
     {{STATUS(""), ALL, NULL}},
     NPU "=3",
     NULL,
     1,
     1,
     4,
     0,
     4,
     3,
     SY_STRAND_PARTNER,
     1},
    {"a sick one",
     NULL,
     {{STATUS(SICK("0000:13:00.0")), "cpu=64 memory=256Gi pods=20 " NPU "=3", NULL}},
     NPU "=2",
     NULL,
     1,
     1,
     4,
     0,
     3,
     2,
     SY_STRAND_PARTNER,
     1},
    {"behind one switch",
     NULL,
     {{STATUS(SICK("0000:13:00.0")), ALL, NULL}},
     NPU "=2 " GPU "=1",
     "switch",
     1,
     1,
     6,
     0,
     5,
     3,
     SY_STRAND_PARTNER,
     2},
    {"no CPU",
     NULL,
     {{STATUS(""), ALL, NULL}},
     "cpu=40 " NPU "=1",
     NULL,
     1,
     1,
     4,
     0,
     4,
     1,
     SY_STRAND_CPU,
     3},
    {"no memory",
     NULL,
     {{STATUS(""), ALL, NULL}},
     "memory=200Gi " NPU "=1",
     NULL,
     1,
     1,
     4,
     0,
     4,
     1,
     SY_STRAND_MEMORY,
     3},
    {"no pods",
     NULL,
     {{STATUS(""), "cpu=9 memory=9Gi pods=2 " NPU "=4", NULL}},
     NPU "=1",
     NULL,
     2,
     1,
     4,
     0,
     4,
     2,
     SY_STRAND_PODS,
     2},
    {"another resource",
     NULL,
     {{STATUS(""), "cpu=9 memory=9Gi pods=9 example.com/disk=1 " NPU "=4", NULL}},
     NPU "=1 example.com/disk=1",
     NULL,
     1,
     1,
     4,
     0,
     4,
     1,
     SY_STRAND_RESOURCE,
     3},
    {"a taint",
     NULL,
     {{STATUS(""), ALL, "no"}, {STATUS(""), ALL, NULL}},
     NPU "=4",
     NULL,
     1,
     1,
     8,
     0,
     8,
     4,
     SY_STRAND_CLOSED,
     4},
    {"no watts on the node",
     "power: {hard: true}\n",
     {{"{\"mode\":\"exact\",\"devices\":[],\"power\":{\"limitWatts\":2100,\"baseWatts\":900}}", ALL,
       NULL}},
     NPU "=1",
     NULL,
     2,
     1,
     4,
     0,
     4,
     2,
     SY_STRAND_WATTS,
     2},
    {"no watts of the rack, node by node",
     "power: {hard: true}\npowerDomains:\n- {name: r, limitWatts: 3700, nodeSelector: "
     "{matchLabels: {rack: r}}}\n",
     {{STATUS(""), ALL, NULL}, {STATUS(""), ALL, NULL}},
     NPU "=1",
     NULL,
     3,
     1,
     8,
     0,
     8,
     3,
     SY_STRAND_WATTS,
     5},
    {"no devices are asked for",
     NULL,
     {{STATUS(""), "cpu=10 memory=9Gi pods=4", NULL}},
     "cpu=3",
     NULL,
     3,
     1,
     0,
     0,
     0,
     0,
     SY_STRAND_NOT,
     0},
    {"nobody reports: counts alone",
     NULL,
     {{NULL, ALL, NULL}},
     NPU "=3",
     NULL,
     1,
     1,
     4,
     0,
     4,
     3,
     SY_STRAND_PARTNER,
     1},
};

static void open_row(struct world *w, const struct row *row)
{
    static const char *const names[] = {"a", "b"};
    world_open(w, row->policy);
    for (unsigned i = 0; i < 2; i++)
        if (row->node[i].has != NULL)
            world_add_node(w, &(struct world_node){names[i], "trio-1", row->node[i].status,
                                                   row->node[i].has, "rack=r", row->node[i].taint});
    world_ready(w);
}

START_TEST(counts_slots)
{
    const struct row *row = &rows[_i];
    struct world w;
    open_row(&w, row);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_capacity_slots slots;
    struct world_pod shape = {"shape", NULL, row->asks, row->require, NULL};
    const struct sy_state_pod *pod = world_new_pod(&w, &shape);
    ok(sy_capacity_slots(plan, pod, 0, w.arena, &slots, &err));
    ck_assert_msg(slots.slots == row->slots, "%s: %llu slots", row->what,
                  (unsigned long long)slots.slots);
    ck_assert_uint_eq(slots.nodes, row->nodes);
    ck_assert_uint_eq(slots.devices, row->devices);
    ck_assert_uint_eq(slots.held, row->held);
    ck_assert_uint_eq(slots.free, row->free);
    ck_assert_uint_eq(slots.used, row->used);
    ck_assert(!slots.limited);
    ck_assert_msg(row->left == 0 || slots.left[row->why] == row->left, "%s: %llu left for that",
                  row->what, (unsigned long long)slots.left[row->why]);
    /* It stops where it is told to, and placing one after the other comes to the same. */
    struct sy_capacity_slots some;
    ok(sy_capacity_slots(plan, pod, 1, w.arena, &some, &err));
    ck_assert_uint_eq(some.slots, row->slots > 0);
    unsigned placed = 0;
    for (uint32_t id, node = 0; node != UINT32_MAX; placed += node != UINT32_MAX) {
        ok(sy_plan_add_pod(plan, pod, &id, &err));
        ok(sy_plan_place(plan, id, &node, &err));
    }
    ck_assert_uint_eq(placed, row->slots);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(tells_stranded_devices)
{
    struct world w;
    world_open(&w, NULL);
    world_add_node(
        &w, &(struct world_node){"a", "trio-1", STATUS(SICK("0000:13:00.0")), ALL, NULL, NULL});
    world_add_node(&w, &(struct world_node){"b", "trio-1", STATUS(""),
                                            "cpu=2 memory=256Gi pods=20 " NPU "=4 " GPU "=2", NULL,
                                            NULL});
    world_ready(&w);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct world_pod pair = {"pair", NULL, "cpu=1 " NPU "=2", "switch", NULL};
    struct world_pod four = {"four", NULL, "cpu=4 " NPU "=4", NULL, NULL};
    struct sy_capacity_shape shape[2] = {{.pod = world_new_pod(&w, &four)},
                                         {.pod = world_new_pod(&w, &pair)}};
    struct sy_capacity capacity;
    ok(sy_capacity_of(plan, shape, 2, w.arena, &capacity, &err));
    ck_assert_uint_eq(capacity.slots[0].slots, 0);
    ck_assert_uint_eq(capacity.slots[1].slots, 3);
    ck_assert_uint_eq(capacity.devices, 16);
    ck_assert_uint_eq(capacity.unhealthy, 1);
    ck_assert_uint_eq(capacity.free, 15);
    /* The sick one, and its neighbour behind the switch, which no pair can use. */
    ck_assert_uint_eq(capacity.nstranded, 2);
    ck_assert_uint_eq(capacity.stranded[0].unit, 0);
    ck_assert_int_eq(capacity.stranded[0].why, SY_STRAND_UNHEALTHY);
    ck_assert_str_eq(capacity.stranded[0].detail, "ECC errors");
    ck_assert_uint_eq(capacity.stranded[1].unit, 1);
    ck_assert_int_eq(capacity.stranded[1].why, SY_STRAND_PARTNER);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(tells_watts)
{
    struct world w;
    world_open(&w, "powerDomains:\n"
                   "- {name: hall, limitWatts: 6000}\n"
                   "- {name: r, limitWatts: 9000, parent: hall, nodeSelector: {matchLabels: {rack: "
                   "r}}}\n");
    world_add_node(&w, &(struct world_node){"a", "trio-1", STATUS(""), ALL, "rack=r", NULL});
    world_add_node(&w, &(struct world_node){"b", "trio-1", STATUS(""), ALL, "rack=r", NULL});
    world_ready(&w);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_capacity c;
    ok(sy_capacity_of(plan, NULL, 0, w.arena, &c, &err));
    ck_assert_uint_eq(c.nelement, 4);
    ck_assert_str_eq(c.element[0].name, "hall");
    ck_assert(c.element[0].domain && !c.element[2].domain);
    ck_assert_str_eq(c.element[2].name, "a");
    ck_assert_int_eq(c.element[2].parent, 1);
    ck_assert_int_eq(c.element[1].parent, 0);
    ck_assert_int_eq(c.element[0].demand_mw, c.element[2].demand_mw + c.element[3].demand_mw);
    ck_assert_int_eq(c.element[1].provisioned_mw,
                     c.element[2].provisioned_mw + c.element[3].provisioned_mw);
    ck_assert_int_eq(c.element[0].observed_mw, SY_UNKNOWN_MW);
    /* The rack's headroom is more than the hall has: what is over is stranded. */
    int64_t hall = c.element[0].limit_mw - c.element[0].provisioned_mw;
    int64_t rack = c.element[1].limit_mw - c.element[1].provisioned_mw;
    int64_t used = c.element[1].demand_mw < hall ? c.element[1].demand_mw : hall;
    ck_assert_int_eq(c.element[1].stranded_mw, rack - used);
    ck_assert_int_ge(c.first, 0);
    ck_assert_str_eq(c.element[c.first].name, "hall");
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(finds_shapes)
{
    struct world w;
    world_open(&w, NULL);
    world_add_node(&w, &(struct world_node){"a", "trio-1", STATUS(""), ALL, NULL, NULL});
    world_add_pod(&w, &(struct world_pod){"p1", "a", "cpu=2 memory=3Gi " NPU "=1", NULL, NULL});
    world_add_pod(&w, &(struct world_pod){"p2", NULL, "cpu=2 memory=3Gi " NPU "=1", NULL, NULL});
    world_add_pod(&w, &(struct world_pod){"p3", NULL, NPU "=2 " GPU "=1", "switch", NULL});
    world_add_pod(&w, &(struct world_pod){"p4", NULL, "cpu=2 memory=3Gi " NPU "=1", NULL, "a=b"});
    world_add_pod(&w, &(struct world_pod){"p5", "a", "cpu=2", NULL, NULL});
    world_ready(&w);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_capacity_shape *shape;
    size_t n;
    ok(sy_capacity_shapes(plan, 64, w.arena, &shape, &n, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(shape[0].name, "2x " NPU ", 1x " GPU ", require switch");
    ck_assert_str_eq(shape[1].name, "1x " NPU ", 2 CPU, 3 GiB");
    ck_assert_uint_eq(shape[1].bound, 1);
    ck_assert_uint_eq(shape[1].pending, 1);
    ck_assert_str_eq(shape[2].name, "1x " NPU ", 2 CPU, 3 GiB, a=b");
    ok(sy_capacity_shapes(plan, 1, w.arena, &shape, &n, &err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(shape[0].bound, 1); /* the most frequent */
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

static enum sy_code capacity_once(void *data, struct sy_err *err)
{
    struct sy_plan *plan = data;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(1 << 24);
    struct sy_capacity_shape *shape;
    struct sy_capacity capacity;
    size_t n;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_capacity_shapes(plan, 64, arena, &shape, &n, err);
    return code == SY_OK ? sy_capacity_of(plan, shape, n, arena, &capacity, err) : code;
}

START_TEST(survives_failing_allocations)
{
    struct world w;
    world_open(&w, NULL);
    world_add_node(&w, &(struct world_node){"a", "trio-1", STATUS(""), ALL, NULL, NULL});
    world_add_pod(&w, &(struct world_pod){"p1", "a", NPU "=1", NULL, NULL});
    world_add_pod(&w, &(struct world_pod){"p2", NULL, NPU "=2", NULL, NULL});
    world_ready(&w);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    ck_assert_int_gt(sy_fault_sweep(capacity_once, plan, 0), 50);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_plan_capacity");
    TCase *tcase = tcase_create("capacity");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, counts_slots, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tcase, tells_stranded_devices);
    tcase_add_test(tcase, tells_watts);
    tcase_add_test(tcase, finds_shapes);
    tcase_add_test(tcase, survives_failing_allocations);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
