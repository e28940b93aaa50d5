/* SPDX-License-Identifier: Apache-2.0 */
/* The mutable world: what a change does, and that nothing else does anything. */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "world.h"

#include <string.h>

#define NPU "npu.huawei.com/ascend910b"
#define GPU "nvidia.com/gpu"
#define TRIO "cpu=64 memory=256Gi pods=20 " NPU "=4 " GPU "=2"
#define EMPTY                                                                                      \
    "{\"mode\":\"exact\",\"devices\":[],\"power\":{\"limitWatts\":4000,\"baseWatts\":900}}"
#define HELD(pci, name)                                                                            \
    "{\"pci\":\"" pci "\",\"held\":1000,\"holders\":[{\"namespace\":\"default\",\"name\":\"" name  \
    "\",\"uid\":\"u-" name "\"}]}"
#define STATUS(devices)                                                                            \
    "{\"mode\":\"exact\",\"devices\":[" devices                                                    \
    "],\"power\":{\"limitWatts\":4000,\"baseWatts\":900}}"

#define ok(call)                                                                                   \
    do {                                                                                           \
        struct sy_err err = {0};                                                                   \
        ck_assert_msg((call) == SY_OK, "%s", err.text);                                            \
    } while (0)

/* a and b: trio machines with a report; c: no devices told; d: devices told, no report. */
static void open_four(struct world *w, const char *policy)
{
    world_open(w, policy);
    world_add_node(
        w, &(struct world_node){"a", "trio-1",
                                STATUS(HELD("0000:13:00.0", "old") "," HELD("0000:14:00.0", "old")),
                                TRIO, "rack=r1", NULL});
    world_add_node(w, &(struct world_node){"b", "trio-2", EMPTY, TRIO, "rack=r1", NULL});
    world_add_node(
        w, &(struct world_node){"c", NULL, NULL, "cpu=8 memory=16Gi pods=10", "rack=r2", NULL});
    world_add_node(w, &(struct world_node){"d", "trio-3", NULL, TRIO, "rack=r2", "dedicated"});
    world_add_pod(w, &(struct world_pod){"old", "a", "cpu=4 memory=8Gi " NPU "=2", NULL, NULL});
    world_add_pod(w, &(struct world_pod){"wait", NULL, "cpu=4 memory=8Gi " NPU "=2", NULL, NULL});
    world_ready(w);
}

static const char *show_units(struct world *w, struct sy_devset set)
{
    char *text = sy_arena_calloc(w->arena, 64, 1);
    (void)sy_devset_format(&set, text, 64);
    return text;
}

/* All that decisions read of a plan's nodes, in one digest. */
static struct sy_digest digest_of(const struct sy_plan *plan)
{
    struct sy_digest d = sy_digest_begin();
    for (uint32_t i = 0; i < sy_plan_nodes(plan); i++) {
        struct sy_plan_node node = sy_plan_node(plan, i);
        sy_digest_u64(&d, node.gone);
        sy_digest_u64(&d, node.cordoned);
        sy_digest_u64(&d, (uint64_t)node.taken->cpu_milli);
        sy_digest_u64(&d, (uint64_t)node.taken->pods);
        for (size_t k = 0; k < node.taken->n; k++)
            sy_digest_u64(&d, (uint64_t)node.taken->other[k].value);
        if (node.node != NULL) {
            sy_digest_u64(&d, node.node->state.lo);
            sy_digest_u64(&d, node.node->state.hi);
            sy_digest_u64(&d, (uint64_t)node.node->usage->limit_mw);
        }
    }
    return d;
}

START_TEST(starts_as_the_state)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    ck_assert_uint_eq(sy_plan_nodes(plan), 4);
    ck_assert_uint_eq(sy_plan_pods(plan), 2);
    ck_assert_int_eq(sy_plan_find_node(plan, "c"), 2);
    ck_assert_int_eq(sy_plan_find_node(plan, "e"), -1);
    ck_assert_ptr_eq(sy_plan_node(plan, 1).node, w.node[1].node);
    ck_assert_ptr_eq(sy_plan_node(plan, 1).object, &w.node[1]);
    ck_assert_uint_eq(sy_plan_pod_node(plan, 0), 0);
    ck_assert_uint_eq(sy_plan_pod_node(plan, 1), UINT32_MAX);
    ck_assert_int_eq(sy_plan_pod_phase(plan, 0), SY_POD_BOUND);
    ck_assert_int_eq(sy_plan_pod_phase(plan, 1), SY_POD_PENDING);
    ck_assert_str_eq(show_units(&w, sy_plan_pod_units(plan, 0)), "0-1");
    ck_assert_int_eq(sy_plan_node(plan, 0).taken->cpu_milli, 4000);
    struct sy_world world;
    ok(sy_plan_world(plan, &world, &err));
    ck_assert_uint_eq(world.cluster->n, 3);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(tries_as_the_two_schedulers)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_plan_answer answer;
    ok(sy_plan_try(plan, sy_plan_pod(plan, 1), true, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.n, 4);
    ck_assert_uint_eq(answer.nfeasible, 2);
    ck_assert_int_eq(answer.verdict[0].stage.stage, SY_STAGE_PASSED);
    ck_assert_int_eq(answer.verdict[2].stage.stage, SY_STAGE_RESOURCE);
    ck_assert_str_eq(answer.verdict[2].stage.name, NPU);
    ck_assert_int_eq(answer.verdict[3].stage.stage, SY_STAGE_TAINT);
    ck_assert_ptr_nonnull(answer.verdict[1].ours.placement);
    ck_assert_uint_lt(answer.best, 2);
    ck_assert_uint_eq(answer.nties, 1);
    /* Ours is what the engine says when it is asked for these two alone. */
    struct sy_world world;
    ok(sy_plan_world(plan, &world, &err));
    struct sy_candidate candidate[2] = {{.name = "a", .len = 1}, {.name = "b", .len = 1}};
    struct sy_verdict filter[2], score[2];
    sy_engine_resolve(world.cluster, candidate, 2);
    ok(sy_engine_filter(&world, &sy_plan_pod(plan, 1)->request, candidate, 2, w.arena, filter,
                        &err));
    ok(sy_engine_prioritize(&world, &sy_plan_pod(plan, 1)->request, candidate, 2, w.arena, score,
                            &err));
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(filter[i].reason, answer.verdict[i].ours.reason);
        ck_assert_uint_eq(score[i].score, answer.verdict[i].ours.score);
        ck_assert_uint_eq(score[i].wire, answer.verdict[i].ours.wire);
        ck_assert_int_eq(answer.verdict[i].score.extender, 100 * score[i].wire);
    }
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(asks_us_only_about_our_devices)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    const struct sy_state_pod *web =
        world_new_pod(&w, &(struct world_pod){"web", NULL, "cpu=2 memory=1Gi", NULL, NULL});
    struct sy_plan_answer answer;
    ok(sy_plan_try(plan, web, false, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 3);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(answer.verdict[i].score.extender, 0);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(binds_and_takes_back)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_digest before = digest_of(plan);
    uint32_t node;
    ok(sy_plan_place(plan, 1, &node, &err));
    ck_assert_uint_lt(node, 2);
    ck_assert_uint_eq(sy_plan_pod_node(plan, 1), node);
    struct sy_devset units = sy_plan_pod_units(plan, 1);
    ck_assert_uint_eq(sy_devset_count(&units), 2);
    ck_assert_int_eq(sy_plan_node(plan, node).node->usage->mode, SY_MODE_PREDICTED);
    ck_assert(!sy_digest_equal(before, digest_of(plan)));
    struct sy_world world;
    ok(sy_plan_world(plan, &world, &err));
    ck_assert_ptr_eq(world.cluster->node[node], sy_plan_node(plan, node).node);
    ok(sy_plan_unbind(plan, 1, &err));
    ck_assert(sy_digest_equal(before, digest_of(plan)));
    ck_assert_int_eq(sy_plan_pod_phase(plan, 1), SY_POD_PENDING);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(frees_what_the_report_names)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    ok(sy_plan_unbind(plan, 0, &err));
    const struct sy_node *node = sy_plan_node(plan, 0).node;
    ck_assert(sy_devset_has(&node->usage->free, 0) && sy_devset_has(&node->usage->free, 1));
    ck_assert_int_eq(node->usage->mode, SY_MODE_EXACT);
    ck_assert_int_eq(sy_plan_node(plan, 0).taken->pods, 0);
    /* Where it comes to it is predicted anew, also where it was. */
    ok(sy_plan_bind(plan, 0, 0, &err));
    ck_assert_int_eq(sy_plan_node(plan, 0).node->usage->mode, SY_MODE_PREDICTED);
    ok(sy_plan_remove_pod(plan, 0, &err));
    ck_assert_int_eq(sy_plan_pod_phase(plan, 0), SY_POD_REMOVED);
    struct sy_err why = {0};
    ck_assert_int_eq(sy_plan_bind(plan, 0, 0, &why), SY_EINTERNAL);
    ck_assert_str_eq(why.text, "pod default/old cannot be bound to node 'a'");
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(copies_go_their_own_way)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_digest before = digest_of(plan);
    for (int warm = 0; warm < 2; warm++) { /* with and without a world to share */
        SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
        struct sy_world world;
        uint32_t node;
        if (warm == 1)
            ok(sy_plan_world(plan, &world, &err));
        ok(sy_plan_copy(plan, &copy, &err));
        ck_assert(sy_digest_equal(before, digest_of(copy)));
        ok(sy_plan_place(copy, 1, &node, &err));
        ok(sy_plan_remove_node(copy, 0, &err));
        ok(sy_plan_cordon(copy, 1, true, &err));
        ok(sy_plan_cap_node(copy, 1, 1000000, &err));
        ck_assert(sy_digest_equal(before, digest_of(plan)));
        ck_assert_int_eq(sy_plan_pod_phase(plan, 1), SY_POD_PENDING);
        ck_assert_int_eq(sy_plan_pod_phase(plan, 0), SY_POD_BOUND);
        ok(sy_plan_world(plan, &world, &err));
        ck_assert_uint_eq(world.cluster->n, 3);
        ok(sy_plan_world(copy, &world, &err));
        ck_assert_uint_eq(world.cluster->n, 2);
    }
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(nodes_come_and_go)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_plan_answer answer;
    uint32_t added;
    ok(sy_plan_remove_node(plan, 0, &err));
    ck_assert_int_eq(sy_plan_pod_phase(plan, 0), SY_POD_PENDING);
    ck_assert_int_eq(sy_plan_find_node(plan, "a"), -1);
    const struct sy_state_node *again =
        world_new_node(&w, &(struct world_node){"a", "split-1", NULL, TRIO, NULL, NULL});
    const struct sy_state_node *between =
        world_new_node(&w, &(struct world_node){"bb", "trio-1", EMPTY, TRIO, NULL, NULL});
    ok(sy_plan_add_node(plan, again, &added, &err));
    ck_assert_uint_eq(added, 4);
    ck_assert_int_eq(sy_plan_find_node(plan, "a"), 4);
    ok(sy_plan_add_node(plan, between, &added, &err));
    ok(sy_plan_try(plan, sy_plan_pod(plan, 0), false, w.arena, &answer, &err));
    const uint32_t order[] = {4, 1, 5, 2, 3};
    ck_assert_uint_eq(answer.n, 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_uint_eq(answer.verdict[i].node, order[i]);
    struct sy_err why = {0};
    ck_assert_int_eq(sy_plan_add_node(plan, between, &added, &why), SY_ECONFLICT);
    ck_assert_str_eq(why.text, "there is a node 'bb' already");
    /* A node of which nobody tells devices, in place of one of which somebody did. */
    struct sy_world world;
    ok(sy_plan_world(plan, &world, &err));
    ck_assert_int_eq(sy_cluster_find(world.cluster, "bb", 2), 2);
    ok(sy_plan_remove_node(plan, 5, &err));
    const struct sy_state_node *plain =
        world_new_node(&w, &(struct world_node){"bb", NULL, NULL, TRIO, NULL, NULL});
    ok(sy_plan_add_node(plan, plain, &added, &err));
    ok(sy_plan_world(plan, &world, &err));
    ck_assert_int_eq(sy_cluster_find(world.cluster, "bb", 2), -1);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(cordoned_nodes_take_none)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_plan_answer answer;
    ok(sy_plan_cordon(plan, 0, true, &err));
    ok(sy_plan_try(plan, sy_plan_pod(plan, 1), false, w.arena, &answer, &err));
    ck_assert_int_eq(answer.verdict[0].stage.stage, SY_STAGE_UNSCHEDULABLE);
    ck_assert(sy_plan_node(plan, 0).cordoned);
    ok(sy_plan_cordon(plan, 0, false, &err));
    ok(sy_plan_try(plan, sy_plan_pod(plan, 1), false, w.arena, &answer, &err));
    ck_assert_int_eq(answer.verdict[0].stage.stage, SY_STAGE_PASSED);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(devices_fail_and_recover)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_digest before = digest_of(plan);
    ok(sy_plan_fail_unit(plan, 1, 0, "fell off", true, &err));
    struct sy_plan_node node = sy_plan_node(plan, 1);
    ck_assert(!sy_devset_has(&node.node->usage->healthy, 0));
    ck_assert_str_eq(node.node->usage->unit[0].reason, "fell off");
    ck_assert_int_eq(node.object->allocatable.other[0].value, 3);
    ck_assert_int_eq(node.object->allocatable.other[1].value, 2); /* nvidia.com/gpu */
    /* Also where nobody reports: counts stay unknown, health does not. */
    ok(sy_plan_fail_unit(plan, 3, 1, NULL, true, &err));
    node = sy_plan_node(plan, 3);
    ck_assert_int_eq(node.node->usage->mode, SY_MODE_COUNTS);
    ck_assert_str_eq(node.node->usage->unit[1].reason, "failed");
    ok(sy_plan_fail_unit(plan, 1, 0, NULL, false, &err));
    ok(sy_plan_fail_unit(plan, 3, 1, NULL, false, &err));
    ck_assert(sy_digest_equal(before, digest_of(plan)));
    ck_assert_int_eq(sy_plan_node(plan, 1).object->allocatable.other[0].value, 4);
    struct sy_err why = {0};
    ck_assert_int_eq(sy_plan_fail_unit(plan, 1, 99, NULL, true, &why), SY_EINVAL);
    ck_assert_str_eq(why.text, "node 'b' has 8 devices, there is none of number 99");
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(links_degrade)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    const struct sy_fabric *given = sy_plan_node(plan, 1).node->fabric;
    uint32_t root_mbps = sy_fabric_root_mbps(given, 0);
    ck_assert_int_eq(sy_fabric_pair(given, 0, 1)->path, SY_PATH_HCCS);
    ok(sy_plan_degrade_link(plan, 1, 0, UINT32_MAX, 4000, &err));
    const struct sy_fabric *now = sy_plan_node(plan, 1).node->fabric;
    ck_assert_uint_eq(sy_fabric_root_mbps(now, 0), 4000);
    ck_assert_uint_eq(sy_fabric_root_mbps(given, 0), root_mbps);
    ok(sy_plan_degrade_link(plan, 1, 1, 0, 7000, &err));
    now = sy_plan_node(plan, 1).node->fabric;
    ck_assert_uint_eq(sy_fabric_pair(now, 0, 1)->mbps, 7000);
    ck_assert_uint_eq(sy_fabric_root_mbps(now, 0), 4000);
    ok(sy_plan_degrade_link(plan, 1, 0, 1, 0, &err)); /* the other way round: the same link */
    now = sy_plan_node(plan, 1).node->fabric;
    ck_assert_int_ne(sy_fabric_pair(now, 0, 1)->path, SY_PATH_HCCS);
    ok(sy_plan_degrade_link(plan, 1, 0, UINT32_MAX, 0, &err));
    ck_assert_str_eq(sy_plan_node(plan, 1).node->usage->unit[0].reason, "its link is gone");
    struct sy_err why = {0};
    ck_assert_int_eq(sy_plan_degrade_link(plan, 1, 0, 2, 5, &why), SY_EINVAL);
    ck_assert_str_eq(why.text, "node 'b': no link is told between 0000:13:00.0 and 0000:15:00.0");
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

static const char *const domains =
    "powerDomains:\n"
    "- {name: hall, limitWatts: 20000}\n"
    "- {name: r1, limitWatts: 9000, parent: hall, nodeSelector: {matchLabels: {rack: r1}}}\n";

START_TEST(caps_change)
{
    struct world w;
    open_four(&w, domains);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w), *copy = NULL;
    const struct sy_power *power;
    ok(sy_plan_power(plan, &power, &err));
    ck_assert_uint_eq(power->ndomain, 2);
    int64_t held_mw = power->domain[1].provisioned_mw;
    ok(sy_plan_copy(plan, &copy, &err));
    ok(sy_plan_cap_domain(plan, "r1", 5000000, &err));
    ok(sy_plan_power(plan, &power, &err));
    ck_assert_int_eq(power->domain[1].limit_mw, 5000000);
    ck_assert_int_eq(power->domain[1].provisioned_mw, held_mw);
    ok(sy_plan_cap_node(plan, 0, 3000000, &err));
    ok(sy_plan_power(plan, &power, &err));
    ck_assert_int_eq(power->node[0].limit_mw, 3000000);
    ok(sy_plan_cap_unit(plan, 0, 0, 100000, &err)); /* of one that is held */
    ok(sy_plan_power(plan, &power, &err));
    ck_assert_int_lt(power->domain[1].provisioned_mw, held_mw);
    struct sy_err why = {0};
    ck_assert_int_eq(sy_plan_cap_domain(plan, "r9", 1, &why), SY_EINVAL);
    ck_assert_str_eq(why.text, "the policy has no power domain 'r9'");
    ok(sy_plan_power(copy, &power, &err));
    ck_assert_int_eq(power->domain[1].limit_mw, 9000000);
    ck_assert_int_eq(power->domain[1].provisioned_mw, held_mw);
    sy_plan_free(SY_TAKE(copy));
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(policies_change)
{
    static const char text[] = "wire: {mapping: absolute}\n";
    struct world w;
    struct sy_policy *policy;
    open_four(&w, domains);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct sy_digest before = digest_of(plan);
    struct sy_world world;
    uint32_t node;
    ok(sy_policy_parse("p.yaml", text, sizeof text - 1, &policy, &err));
    ok(sy_plan_set_policy(plan, policy, &err));
    sy_policy_unref(policy);
    ok(sy_plan_world(plan, &world, &err));
    ck_assert_int_eq(world.policy->wire_mapping, SY_WIRE_ABSOLUTE);
    ck_assert_uint_eq(world.policy->ndomain, 0);
    ck_assert(sy_digest_equal(before, digest_of(plan)));
    ok(sy_plan_place(plan, 1, &node, &err));
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

START_TEST(profile_is_the_options)
{
    struct world w;
    open_four(&w, NULL);
    struct sy_plan_options options = {.weight = 10, .profile = "no-such"};
    struct sy_plan *plan = NULL;
    struct sy_err why = {0};
    ck_assert_int_eq(sy_plan_new(&w.state, &options, &plan, &why), SY_EINVAL);
    ck_assert_str_eq(why.text, "the policy has no profile 'no-such'");
    options.profile = w.state.policy->profile[w.state.policy->nprofile - 1].name;
    ok(sy_plan_new(&w.state, &options, &plan, &err));
    struct sy_world world;
    ok(sy_plan_world(plan, &world, &err));
    ck_assert_str_eq(sy_policy_profile(world.policy, NULL)->name, options.profile);
    sy_plan_free(plan);
    world_close(&w);
}
END_TEST

START_TEST(empty_cluster_tells_never)
{
    struct world w;
    open_four(&w, NULL);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    const struct sy_state_pod *four =
        world_new_pod(&w, &(struct world_pod){"four", NULL, "cpu=1 " NPU "=4", NULL, "rack=r1"});
    const struct sy_state_pod *eight =
        world_new_pod(&w, &(struct world_pod){"eight", NULL, "cpu=1 " NPU "=8", NULL, NULL});
    struct sy_plan_answer answer;
    uint32_t node;
    ok(sy_plan_bind(plan, 1, 1, &err));
    struct sy_digest before = digest_of(plan);
    ok(sy_plan_try(plan, four, false, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 0);
    ck_assert_uint_eq(answer.best, UINT32_MAX);
    ok(sy_plan_try_empty(plan, four, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 2);
    ok(sy_plan_try_empty(plan, eight, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 0);
    ck_assert(sy_digest_equal(before, digest_of(plan)));
    /* A node more is a node more there too. */
    const struct sy_state_node *more =
        world_new_node(&w, &(struct world_node){"e", "trio-1", EMPTY, TRIO, "rack=r1", NULL});
    ok(sy_plan_add_node(plan, more, &node, &err));
    ok(sy_plan_try_empty(plan, four, w.arena, &answer, &err));
    ck_assert_uint_eq(answer.nfeasible, 3);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

struct sweep {
    struct world *w;
    const struct sy_state_node *node;
};

/* Every function that changes something; a failure leaves the plan as it was. */
static enum sy_code run_all(void *data, struct sy_err *err)
{
    struct sweep *s = data;
    static const struct sy_plan_options options = {.weight = 10};
    SY_AUTO(sy_plan) struct sy_plan *plan = NULL, *copy = NULL;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(1 << 24);
    struct sy_plan_answer answer;
    uint32_t id;
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_plan_new(&s->w->state, &options, &plan, err);
    if (code == SY_OK)
        code = sy_plan_copy(plan, &copy, err);
    if (code == SY_OK)
        code = sy_plan_place(copy, 1, &id, err);
    if (code == SY_OK)
        code = sy_plan_unbind(copy, 0, err);
    if (code == SY_OK)
        code = sy_plan_add_pod(copy, &s->w->pod[1], &id, err);
    if (code == SY_OK)
        code = sy_plan_add_node(copy, s->node, &id, err);
    if (code == SY_OK)
        code = sy_plan_fail_unit(copy, 1, 1, "x", true, err);
    if (code == SY_OK)
        code = sy_plan_degrade_link(copy, 1, 0, 1, 5000, err);
    if (code == SY_OK)
        code = sy_plan_cap_domain(copy, "r1", 5000, err);
    if (code == SY_OK)
        code = sy_plan_try_empty(copy, &s->w->pod[1], arena, &answer, err);
    if (code == SY_OK)
        code = sy_plan_remove_node(copy, 1, err);
    if (code == SY_OK)
        code = sy_plan_set_policy(copy, s->w->state.policy, err);
    if (code == SY_OK)
        code = sy_plan_try(copy, &s->w->pod[1], true, arena, &answer, err);
    return code;
}

START_TEST(survives_failing_allocations)
{
    struct world w;
    open_four(&w, domains);
    struct sweep s = {
        &w, world_new_node(&w, &(struct world_node){"e", "trio-1", EMPTY, TRIO, NULL, NULL})};
    ck_assert_int_gt(sy_fault_sweep(run_all, &s, 0), 100);
    world_close(&w);
}
END_TEST

struct change {
    struct sy_plan *plan;
    const struct sy_state_node *node;
    struct sy_policy *policy;
    int which;
};

static enum sy_code change_once(struct sy_plan *plan, const struct change *c, struct sy_err *err)
{
    uint32_t id;
    switch (c->which) {
    case 0:
        return sy_plan_bind(plan, 1, 1, err);
    case 1:
        return sy_plan_unbind(plan, 0, err);
    case 2:
        return sy_plan_add_node(plan, c->node, &id, err);
    case 3:
        return sy_plan_remove_node(plan, 0, err);
    case 4:
        return sy_plan_fail_unit(plan, 1, 0, "x", true, err);
    default:
        return sy_plan_set_policy(plan, c->policy, err);
    }
}

static enum sy_code change_or_nothing(void *data, struct sy_err *err)
{
    struct change *c = data;
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    struct sy_digest before = digest_of(c->plan);
    enum sy_code code = sy_plan_copy(c->plan, &copy, err);
    if (code != SY_OK)
        return code;
    uint32_t nodes = sy_plan_nodes(copy);
    code = change_once(copy, c, err);
    if (code != SY_OK) {
        ck_assert(sy_digest_equal(before, digest_of(copy)));
        ck_assert_uint_eq(sy_plan_nodes(copy), nodes);
        ck_assert_int_eq(sy_plan_pod_phase(copy, 0), SY_POD_BOUND);
        ck_assert_int_eq(sy_plan_pod_phase(copy, 1), SY_POD_PENDING);
    }
    return code;
}

START_TEST(a_failure_changes_nothing)
{
    struct world w;
    open_four(&w, domains);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w);
    struct change c = {
        plan, world_new_node(&w, &(struct world_node){"e", "trio-1", EMPTY, TRIO, NULL, NULL}),
        w.state.policy, _i};
    (void)sy_fault_sweep(change_or_nothing, &c, 0);
    sy_plan_free(SY_TAKE(plan));
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_plan");
    TCase *tcase = tcase_create("plan");
    tcase_add_test(tcase, starts_as_the_state);
    tcase_add_test(tcase, tries_as_the_two_schedulers);
    tcase_add_test(tcase, asks_us_only_about_our_devices);
    tcase_add_test(tcase, binds_and_takes_back);
    tcase_add_test(tcase, frees_what_the_report_names);
    tcase_add_test(tcase, copies_go_their_own_way);
    tcase_add_test(tcase, nodes_come_and_go);
    tcase_add_test(tcase, cordoned_nodes_take_none);
    tcase_add_test(tcase, devices_fail_and_recover);
    tcase_add_test(tcase, links_degrade);
    tcase_add_test(tcase, caps_change);
    tcase_add_test(tcase, policies_change);
    tcase_add_test(tcase, profile_is_the_options);
    tcase_add_test(tcase, empty_cluster_tells_never);
    tcase_add_test(tcase, survives_failing_allocations);
    tcase_add_loop_test(tcase, a_failure_changes_nothing, 0, 6);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
