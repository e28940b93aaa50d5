/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioned power: what is held counts at caps or TDP, at every element up to the root. */
#include "scoring/power.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/scoring/world.h"

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

int main(void)
{
    Suite *suite = suite_create("power");
    TCase *tc = tcase_create("power");
    tcase_add_test(tc, of_node);
    tcase_add_test(tc, domains);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
