/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/fleet/run.h"
#include "planner/fleet/world.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <string.h>

#define HEAD "apiVersion: switchyard.dev/v1alpha1\nkind: Fleet\n"
#define PARTS                                                                                      \
    "parts:\n  a100: {class: \"0302\", id: \"10de:20b5\", subsystem: \"10de:1533\", gbps: 31.5}\n"
#define MACHINES                                                                                   \
    "machines:\n- {name: m, weight: 1, cpuMilli: 8000, memoryMiB: 64, sockets: [[[a100, a100], "   \
    "a100]]}\n"
#define JOBS                                                                                       \
    "jobs:\n- {name: j, weight: 1, cpuMilli: 1000, memoryMiB: 8, hours: 1, anyOf: "                \
    "[{nvidia.com/gpu: 2}]}\n"

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "f.yaml:1:1: no document"},
    {HEAD, "f.yaml:1:1: 'parts' is required"},
    {"apiVersion: v1\nkind: Fleet\n", "f.yaml:1:1: expected a Fleet of switchyard.dev/v1alpha1"},
    {HEAD "nodes: 0\n", "f.yaml:3:8: 0 is not within 1..10000"},
    {HEAD "colour: red\n", "f.yaml:3:1: unknown key 'colour'"},
    {HEAD "parts: {x: {class: \"03g2\", id: \"10de:20b5\", gbps: 1}}\n",
     "f.yaml:3:20: expected hexadecimal digits like '0302'"},
    {HEAD "parts: {x: {class: \"0302\", id: \"10de20b5\", gbps: 1}}\n",
     "f.yaml:3:32: expected hexadecimal digits like '10de:20b5'"},
    {HEAD PARTS "machines: []\n", "f.yaml:5:11: 0 items, expected 1..64"},
    {HEAD PARTS "machines:\n- {name: m, weight: 1, cpuMilli: 1, memoryMiB: 1, sockets: [[b200]]}\n",
     "f.yaml:6:62: no part 'b200'"},
    {HEAD PARTS
     "machines:\n- {name: m, weight: 1, cpuMilli: 1, memoryMiB: 1, sockets: [[[a100]]]}\n",
     "f.yaml:6:62: a switch with one part below it: leave the brackets out"},
    {HEAD PARTS MACHINES
     "jobs:\n- {name: j, weight: 1, cpuMilli: 1, memoryMiB: 1, anyOf: [{nvidia.com/gpu: 1}]}\n",
     "f.yaml:8:3: expected either 'hours' or 'images'"},
    {HEAD PARTS MACHINES
     "jobs:\n- {name: j, weight: 1, cpuMilli: 1, memoryMiB: 1, hours: 1, anyOf: [{cpu: 1}]}\n",
     "f.yaml:8:70: the catalogue has no resource 'cpu'"},
    {HEAD PARTS MACHINES
     "jobs:\n- {name: j, weight: 1, cpuMilli: 1, memoryMiB: 1, images: 9, anyOf: "
     "[{nvidia.com/gpu: 1}]}\n",
     "f.yaml:8:3: job 'j': no 'rates' entry for a device of alternative 1"},
};

static struct sy_catalogue *catalogue;

START_TEST(refuses)
{
    struct sy_err err = {0};
    struct sy_fleet *fleet = NULL;
    enum sy_code code = sy_fleet_parse("f.yaml", refused[_i].text, strlen(refused[_i].text),
                                       catalogue, &fleet, &err);
    ck_assert_int_ne(code, SY_OK);
    ck_assert_msg(strncmp(err.text, refused[_i].message, strlen(refused[_i].message)) == 0,
                  "'%s' instead of '%s'", err.text, refused[_i].message);
}
END_TEST

START_TEST(machines_are_dealt_by_weight)
{
    struct sy_err err = {0};
    SY_AUTO(sy_fleet) struct sy_fleet *fleet = NULL;
    ck_assert_int_eq(sy_fleet_load(NULL, catalogue, &fleet, &err), SY_OK);
    static const uint32_t nodes[] = {1, 7, 12, 48, 10000};
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        uint32_t count[8] = {0};
        size_t before = 0;
        for (uint32_t n = 0; n < nodes[i]; n++) {
            size_t machine = sy_fleet_machine_of(fleet, n, nodes[i]);
            ck_assert_uint_ge(machine, before);
            before = machine;
            count[machine]++;
        }
        for (size_t m = 0; m < fleet->nmachine; m++) {
            double share = fleet->machine[m].weight / 12.0 * nodes[i];
            ck_assert_double_le(share - 1, count[m]);
            ck_assert_double_ge(share + 1, count[m]);
        }
    }
}
END_TEST

START_TEST(every_machine_becomes_a_fabric)
{
    struct sy_err err = {0};
    SY_AUTO(sy_fleet) struct sy_fleet *fleet = NULL;
    ck_assert_int_eq(sy_fleet_load(NULL, catalogue, &fleet, &err), SY_OK);
    static const struct {
        const char *name;
        unsigned units, overlay;
    } expected[] = {{"npu8", 12, 28}, {"gpu8", 10, 0}, {"mixed", 9, 0}, {"inference", 6, 0}};
    for (size_t m = 0; m < fleet->nmachine; m++) {
        SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(1 << 24);
        struct sy_inventory inv;
        struct sy_fabric *fabric = NULL;
        ck_assert_int_eq(sy_fleet_inventory(fleet, &fleet->machine[m], arena, &inv, &err), SY_OK);
        ck_assert_int_eq(sy_fabric_build(&inv, catalogue, &fabric, &err), SY_OK);
        ck_assert_str_eq(fleet->machine[m].name, expected[m].name);
        ck_assert_uint_eq(fabric->nunit, expected[m].units);
        ck_assert_uint_eq(inv.nlink, expected[m].overlay);
        sy_fabric_unref(fabric);
    }
}
END_TEST

static struct sy_fleet_options options_of(enum sy_fleet_policy policy, struct sy_policy *scoring)
{
    return (struct sy_fleet_options){.policy = policy,
                                     .seed = 7,
                                     .nodes = 6,
                                     .hours = 12,
                                     .scoring = scoring,
                                     .catalogue = catalogue};
}

/* What the engine calls the best set is the best of all sets, whoever runs there already. */
START_TEST(the_engines_set_is_the_best_of_all)
{
    struct sy_err err = {0};
    SY_AUTO(sy_fleet) struct sy_fleet *fleet = NULL;
    struct sy_policy *scoring = NULL;
    struct fleet_world world;
    ck_assert_int_eq(sy_fleet_load(NULL, catalogue, &fleet, &err), SY_OK);
    ck_assert_int_eq(sy_policy_load(NULL, &scoring, &err), SY_OK);
    const struct sy_fleet_options options = options_of(SY_FLEET_RANDOM, scoring);
    ck_assert_int_eq(fleet_world_init(&world, fleet, &options, &err), SY_OK);
    unsigned compared = 0;
    for (uint32_t i = 0; i < 60; i++) {
        const struct sy_fleet_job *job = &fleet->job[sy_random_below(&world.random, fleet->njob)];
        struct fleet_choice choice;
        ck_assert_int_eq(fleet_choose(&world, job, &job->any[0], &choice, &err), SY_OK);
        if (!choice.found)
            continue;
        struct fleet_pick best, brute;
        struct sy_value value;
        uint16_t total = 0;
        enum sy_code code;
        ck_assert(fleet_pick_brute(&world, choice.node, &job->any[0], &brute, &total, &code, &err));
        ck_assert_int_eq(fleet_pick_best(&world, choice.node, &job->any[0], &best, &err), SY_OK);
        ck_assert_int_eq(fleet_value(&world, choice.node, &job->any[0], &best, &value, &err),
                         SY_OK);
        ck_assert_uint_eq(sy_value_total(world.profile, value.term), total);
        ck_assert_uint_eq(sy_devset_count(&brute.all), sy_devset_count(&best.all));
        compared++;
        const struct fleet_running running = {.job = job,
                                              .request = &job->any[0],
                                              .node = choice.node,
                                              .pick = choice.pick,
                                              .number = i};
        ck_assert_int_eq(fleet_world_start(&world, &running, &err), SY_OK);
        ck_assert_int_eq(sy_node_check(world.node[choice.node].node, &err), SY_OK);
        if (i % 3 == 2)
            ck_assert_int_eq(fleet_world_end(&world, world.nrunning / 2, &err), SY_OK);
    }
    ck_assert_uint_gt(compared, 20);
    fleet_world_done(&world);
    sy_policy_unref(scoring);
}
END_TEST

/* Every policy: the same result again, nothing held twice, no device-hour that is not there. */
START_TEST(runs_add_up)
{
    struct sy_err err = {0};
    SY_AUTO(sy_fleet) struct sy_fleet *fleet = NULL;
    struct sy_policy *scoring = NULL;
    ck_assert_int_eq(sy_fleet_load(NULL, catalogue, &fleet, &err), SY_OK);
    ck_assert_int_eq(sy_policy_load(NULL, &scoring, &err), SY_OK);
    const struct sy_fleet_options options = options_of((enum sy_fleet_policy)_i, scoring);
    struct sy_fleet_result first, second;
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    ck_assert_int_eq(sy_fleet_run(fleet, &options, &first, &err), SY_OK);
    ck_assert_int_eq(sy_fleet_run(fleet, &options, &second, &err), SY_OK);
    ck_assert_mem_eq(&first, &second, sizeof first);
    ck_assert_uint_gt(first.placed, 5);
    ck_assert_uint_eq(first.arrived, first.placed + first.waiting);
    ck_assert_uint_le(first.finished, first.placed);
    ck_assert_double_gt(first.allocated, 0.05);
    ck_assert_double_le(first.allocated, 1);
    sy_policy_unref(scoring);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    static const char text[] = HEAD PARTS MACHINES JOBS;
    struct sy_policy *scoring = data;
    SY_AUTO(sy_fleet) struct sy_fleet *fleet = NULL;
    struct sy_fleet_result result;
    struct sy_fleet_options options = options_of(SY_FLEET_SWITCHYARD, scoring);
    options.nodes = 1;
    options.hours = 0.7;
    enum sy_code code = sy_fleet_parse("f.yaml", text, sizeof text - 1, catalogue, &fleet, err);
    return code != SY_OK ? code : sy_fleet_run(fleet, &options, &result, err);
}

START_TEST(survives_failing_allocations)
{
    struct sy_err err = {0};
    struct sy_policy *scoring = NULL;
    ck_assert_int_eq(sy_policy_load(NULL, &scoring, &err), SY_OK);
    ck_assert_int_gt(sy_fault_sweep(sweep, scoring, 0), 30);
    sy_policy_unref(scoring);
}
END_TEST

int main(void)
{
    struct sy_err err = {0};
    if (sy_catalogue_load(NULL, 0, &catalogue, &err) != SY_OK)
        return 1;
    Suite *suite = suite_create("planner_fleet");
    TCase *tcase = tcase_create("fleet");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tcase, machines_are_dealt_by_weight);
    tcase_add_test(tcase, every_machine_becomes_a_fabric);
    tcase_add_test(tcase, the_engines_set_is_the_best_of_all);
    tcase_add_loop_test(tcase, runs_add_up, 0, SY_FLEET_POLICY_COUNT);
    tcase_add_test(tcase, survives_failing_allocations);
    suite_add_tcase(suite, tcase);
    int status = sy_run(suite);
    sy_catalogue_unref(catalogue);
    return status;
}
