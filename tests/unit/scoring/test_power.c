/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioned power: what is held counts at caps or TDP, at every element up to the root. */
#include "scoring/power.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"
#include "topology/cluster_builder.h"

#include <string.h>

static int64_t tdp_of(const struct sy_node *node, unsigned unit)
{
    return node->fabric->unit[unit].tdp_mw;
}

static int64_t idle_of(const struct sy_node *node, unsigned unit)
{
    return node->fabric->unit[unit].idle_mw;
}

static int64_t all_idle(const struct sy_node *node)
{
    int64_t mw = 0;
    for (unsigned i = 0; i < TEST_UNITS; i++)
        mw += idle_of(node, i);
    return mw;
}

START_TEST(of_node)
{
    static const struct test_node nodes[] = {
        {.name = "a", .mode = "exact", .limit_watts = 4000},
        {.name = "b", .mode = "exact", .held = "a.....", .limit_watts = 4000},
        {.name = "c"},
    };
    struct test_world w;
    test_world_make(&w, nodes, 3, NULL);
    const struct sy_node *a = w.cluster->node[0];
    ck_assert_int_gt(tdp_of(a, NPU0), 0);
    ck_assert_int_gt(idle_of(a, NPU0), 0);
    ck_assert_int_gt(idle_of(a, GPU0), 0);
    ck_assert_int_eq(w.power->node[0].limit_mw, 4000000);
    ck_assert_int_eq(w.power->node[0].provisioned_mw, 500000 + all_idle(a));
    ck_assert(!w.power->node[0].unknown);
    ck_assert_int_eq(w.power->node[1].provisioned_mw,
                     500000 + all_idle(a) + tdp_of(a, NPU0) - idle_of(a, NPU0));
    ck_assert_int_eq(w.power->node[2].limit_mw, SY_UNKNOWN_MW); /* no report, no default */
    ck_assert(w.power->node[2].unknown);
    struct sy_room room = sy_power_room(w.power, 0);
    ck_assert(room.known);
    ck_assert_str_eq(room.element, "node");
    ck_assert_int_eq(room.headroom_mw, 4000000 - w.power->node[0].provisioned_mw);
    ck_assert(!sy_power_room(w.power, 2).known);
    struct sy_room alone = sy_power_room_alone(a, w.policy);
    ck_assert_int_eq(alone.headroom_mw, room.headroom_mw);
    /* The most there can ever be: nothing held. */
    ck_assert_int_eq(sy_power_most(w.power, 0), room.headroom_mw);
    ck_assert_int_eq(sy_power_most(w.power, 1), room.headroom_mw);
    ck_assert_int_lt(sy_power_room(w.power, 1).headroom_mw, room.headroom_mw);
    ck_assert_int_eq(sy_power_most(w.power, 2), INT64_MAX);
    ck_assert_int_eq(sy_power_most_alone(w.cluster->node[1], w.policy), room.headroom_mw);
    test_world_free(&w);
}
END_TEST

#define DOMAINS                                                                                    \
    "power: {nodeLimitWatts: 3000, nodeBaseWatts: 100}\n"                                          \
    "powerDomains:\n"                                                                              \
    "- {name: hall, limitWatts: 9000}\n"                                                           \
    "- {name: r1, parent: hall, limitWatts: 5000, nodeSelector: {matchLabels: {example.com/rack: " \
    "r1}}}\n"                                                                                      \
    "- {name: shelf, parent: r1, limitWatts: 2000, nodeNames: [c],\n"                              \
    "   nodeSelector: {matchLabels: {zone: z, example.com/rack: r3}}}\n"                           \
    "- {name: zone, limitWatts: 8000, nodeSelector: {matchLabels: {zone: z}}}\n"

START_TEST(domains)
{
    static const struct test_node nodes[] = {
        {.name = "a", .mode = "exact", .held = "aab...", .rack = "r1"},
        {.name = "b", .mode = "exact", .rack = "r2"},
        {.name = "c", .mode = "exact", .held = "a.....", .rack = "r1"},
        {.name = "d", .rack = "r3"},
        {.name = "e"},
    };
    struct test_world w;
    test_world_make(&w, nodes, 5, DOMAINS);
    const struct sy_power *p = w.power;
    /* In the policy: hall, zone, r1, shelf. */
    ck_assert_str_eq(w.policy->domain[2].name, "r1");
    ck_assert_int_eq(p->domain_of[0], 2); /* deeper than zone */
    ck_assert_int_eq(p->domain_of[1], 1);
    ck_assert_int_eq(p->domain_of[2], 3); /* by name, deepest */
    ck_assert_int_eq(p->domain_of[3], 3); /* both labels */
    ck_assert_int_eq(p->domain_of[4], -1);
    int64_t a = p->node[0].provisioned_mw, c = p->node[2].provisioned_mw;
    int64_t d = p->node[3].provisioned_mw;
    ck_assert_int_eq(p->domain[3].provisioned_mw, c + d);
    ck_assert_int_eq(p->domain[2].provisioned_mw, a + c + d); /* what is in a child counts above */
    ck_assert_int_eq(p->domain[0].provisioned_mw, a + c + d);
    ck_assert_int_eq(p->domain[1].provisioned_mw, p->node[1].provisioned_mw);
    struct sy_room room = sy_power_room(p, 2);
    ck_assert_str_eq(room.element, "shelf"); /* 2000 W for two nodes is the tightest */
    ck_assert_int_eq(room.headroom_mw, 2000000 - c - d);
    ck_assert_int_eq(room.limit_mw, 2000000);
    ck_assert_str_eq(sy_power_room(p, 4).element, "node");
    ck_assert_int_eq(p->domain[3].empty_mw, p->node[2].empty_mw + p->node[3].empty_mw);
    ck_assert_int_eq(sy_power_most(p, 2),
                     2000000 - p->domain[3].empty_mw); /* not of "node" alone */
    ck_assert_int_eq(sy_power_most(p, 4), 3000000 - p->node[4].empty_mw);
    sy_power_unref(sy_power_ref(w.power));
    test_world_free(&w);
}
END_TEST

static enum sy_code power_under_fault(void *data, struct sy_err *err)
{
    struct test_world *w = data;
    struct sy_power *power;
    enum sy_code code = sy_power_new(w->cluster, w->policy, &power, err);
    if (code == SY_OK)
        sy_power_unref(power);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    static const struct test_node nodes[] = {{.name = "a", .rack = "r1"}};
    struct test_world w;
    test_world_make(&w, nodes, 1, DOMAINS);
    (void)sy_fault_sweep(power_under_fault, &w, 0);
    test_world_free(&w);
}
END_TEST

static const struct test_node three[] = {
    {.name = "a", .mode = "exact", .held = "aab...", .rack = "r1"},
    {.name = "b", .mode = "exact", .rack = "r1"},
    {.name = "c", .rack = "r1"},
};

/* Two clusters of the nodes of `w`; in the second one all devices of node 0 are given back. */
static void two_clusters(const struct test_world *w, struct sy_cluster *ret[2])
{
    struct sy_err err = {0};
    SY_AUTO(sy_cluster_builder) struct sy_cluster_builder *builder = sy_cluster_builder_new();
    struct sy_node *a = w->cluster->node[0], *idle = NULL;
    struct sy_usage *usage = NULL;
    for (uint32_t i = 0; i < w->cluster->n; i++)
        ck_assert_int_eq(sy_cluster_builder_put(builder, w->cluster->node[i], &err), SY_OK);
    ck_assert_int_eq(sy_cluster_builder_publish(builder, 1, &ret[0], &err), SY_OK);
    ck_assert_int_eq(
        sy_usage_change(a->fabric, a->usage, a->usage->healthy, SY_DEVSET_EMPTY, &usage, &err),
        SY_OK);
    ck_assert_int_eq(sy_node_new("a", a->fabric, usage, a->label, a->nlabel, &idle, &err), SY_OK);
    ck_assert_int_eq(sy_cluster_builder_put(builder, idle, &err), SY_OK);
    ck_assert_int_eq(sy_cluster_builder_publish(builder, 2, &ret[1], &err), SY_OK);
    sy_usage_unref(usage);
    sy_node_unref(idle);
}

START_TEST(only_what_changed_is_looked_at)
{
    struct test_world w;
    struct sy_err err = {0};
    struct sy_cluster *cluster[2];
    struct sy_power *before = NULL, *after = NULL, *anew = NULL;
    test_world_make(&w, three, 3, DOMAINS);
    two_clusters(&w, cluster);
    ck_assert_int_eq(sy_power_new(cluster[0], w.policy, &before, &err), SY_OK);
    int64_t rack_mw = before->domain[2].provisioned_mw, b_mw = before->node[1].provisioned_mw;
    ck_assert_uint_eq(before->domain[2].unknown, 1); /* c */
    before->node[1].provisioned_mw = 7;              /* not true: nobody looks */
    ck_assert_int_eq(sy_power_update(before, cluster[0], cluster[1], w.policy, &after, &err),
                     SY_OK);
    int64_t given_back_mw = before->node[0].provisioned_mw - after->node[0].provisioned_mw;
    ck_assert_int_eq(after->node[0].provisioned_mw, after->node[0].empty_mw);
    ck_assert_int_gt(given_back_mw, 0);
    ck_assert_int_eq(after->node[1].provisioned_mw, 7);
    ck_assert_int_eq(after->domain[2].provisioned_mw, rack_mw - given_back_mw);
    ck_assert_int_eq(after->domain[0].provisioned_mw, rack_mw - given_back_mw); /* the hall */
    ck_assert_uint_eq(after->domain[2].unknown, 1);
    sy_power_unref(after);
    /* The same cluster: the same object. Other names: all are looked at. */
    ck_assert_int_eq(sy_power_update(before, cluster[0], cluster[0], w.policy, &after, &err),
                     SY_OK);
    ck_assert_ptr_eq(after, before);
    sy_power_unref(after);
    ck_assert_int_eq(sy_power_update(before, cluster[0], w.cluster, w.policy, &anew, &err), SY_OK);
    ck_assert_int_eq(anew->node[1].provisioned_mw, b_mw);
    sy_power_unref(anew);
    sy_power_unref(before);
    sy_cluster_unref(cluster[0]);
    sy_cluster_unref(cluster[1]);
    test_world_free(&w);
}
END_TEST

struct update {
    struct test_world w;
    struct sy_cluster *cluster[2];
    struct sy_power *before;
};

static enum sy_code update_under_fault(void *data, struct sy_err *err)
{
    struct update *u = data;
    struct sy_power *after;
    enum sy_code code =
        sy_power_update(u->before, u->cluster[0], u->cluster[1], u->w.policy, &after, err);
    if (code == SY_OK)
        sy_power_unref(after);
    return code;
}

START_TEST(memory_may_fail_in_an_update)
{
    struct update u;
    struct sy_err err = {0};
    test_world_make(&u.w, three, 3, DOMAINS);
    two_clusters(&u.w, u.cluster);
    ck_assert_int_eq(sy_power_new(u.cluster[0], u.w.policy, &u.before, &err), SY_OK);
    ck_assert_int_eq(sy_fault_sweep(update_under_fault, &u, 0), 4);
    sy_power_unref(u.before);
    sy_cluster_unref(u.cluster[0]);
    sy_cluster_unref(u.cluster[1]);
    test_world_free(&u.w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("power");
    TCase *tc = tcase_create("power");
    tcase_add_test(tc, of_node);
    tcase_add_test(tc, domains);
    tcase_add_test(tc, memory_may_fail_anywhere);
    tcase_add_test(tc, only_what_changed_is_looked_at);
    tcase_add_test(tc, memory_may_fail_in_an_update);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
