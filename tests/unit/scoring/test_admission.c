/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet's Topology Manager is documented to do, case by case; and what nobody can know.
 */
#include "scoring/admission.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"

#include <stdio.h>
#include <string.h>

static struct sy_catalogue *cat;
static struct sy_builder b;
static struct sy_request request;
static struct sy_container_ask ask[SY_ASK_MAX];

static void setup(void)
{
    cat = sy_builder_catalogue();
}

static void teardown(void)
{
    sy_catalogue_unref(cat);
}

static const char letters[] = "ngfc"; /* of enum sy_kind */

static enum sy_kind kind_of(char letter)
{
    const char *at = strchr(letters, letter);
    ck_assert_ptr_nonnull(at);
    return (enum sy_kind)(at - letters);
}

/* "g0. g1x": a GPU on NUMA node 0 that is free, one on node 1 that is held; '-' instead of the
 * number: the node is unknown; '!' unhealthy, '#' broken. `nodes`: NUMA nodes 0 … of the machine,
 * which come in falling order, so that the order of objects is not that of numbers. */
static void make_node(const char *devices, unsigned nodes)
{
    uint16_t numa[64];
    sy_builder_init(&b, cat);
    for (unsigned i = nodes; i-- > 0;) {
        numa[i] = sy_builder_object(&b, 0, SY_OBJ_NUMA, 0);
        b.fabric.inv.obj[numa[i]].os_index = i;
    }
    for (const char *p = devices; *p != '\0'; p += p[3] == ' ' ? 4 : 3) {
        unsigned up = p[1] == '-' ? 0 : numa[p[1] - '0'];
        unsigned host = sy_builder_object(&b, up, SY_OBJ_HOST_BRIDGE, 0);
        unsigned u =
            sy_builder_unit(&b, sy_builder_object(&b, host, SY_OBJ_DEVICE, 1000), kind_of(p[0]));
        b.fabric.unit[u].broken = p[2] == '#';
    }
    sy_builder_relate(&b);
    unsigned u = 0;
    for (const char *p = devices; *p != '\0'; p += p[3] == ' ' ? 4 : 3, u++) {
        if (p[2] == 'x')
            sy_builder_hold(&b, u, 1);
        b.usage.unit[u].unhealthy = p[2] == '!';
    }
    sy_builder_finish(&b);
}

/* "ig2 sn1 mg1n1": an init container with two GPUs, a sidecar with an NPU, a container with both.
 */
static void make_pod(const char *pod)
{
    request = (struct sy_request){.asks_known = true, .ask = ask};
    memset(ask, 0, sizeof ask);
    for (unsigned k = 0; k < SY_KIND_COUNT; k++) {
        if (strchr(pod, letters[k]) == NULL)
            continue;
        unsigned resource = sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, k);
        request.entry[request.nentry++] =
            (struct sy_entry){.resource = (uint16_t)resource, .count = 1};
    }
    for (const char *p = pod; *p != '\0'; p += *p == ' ') {
        struct sy_container_ask *one = &ask[request.nask++];
        one->type = *p == 'i'   ? SY_CONTAINER_INIT
                    : *p == 's' ? SY_CONTAINER_SIDECAR
                                : SY_CONTAINER_MAIN;
        for (p++; *p != '\0' && *p != ' '; p += 2) {
            unsigned resource = sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, kind_of(p[0]));
            unsigned e = 0;
            while (request.entry[e].resource != resource)
                e++;
            one->count[e] = (uint16_t)(p[1] - '0');
        }
    }
}

static const char *judge(bool empty)
{
    enum sy_admission ret;
    struct sy_err err = {0};
    struct sy_arena *arena = sy_arena_new(1 << 20);
    ck_assert_ptr_nonnull(arena);
    enum sy_code code =
        sy_admission_check(&b.fabric, empty ? NULL : &b.usage, &request, arena, &ret, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    sy_arena_free(arena);
    return sy_admission_name(ret);
}

#define EIGHT "g0. g0. g0. g0. g1. g1. g1. g1."

/* Expected of restricted/container, restricted/pod, single-numa-node/container and /pod: Admitted,
 * Refused, Unknown. */
static const struct {
    const char *what, *devices, *pod, *expected;
} cases[] = {
    {"one device", EIGHT, "mg1", "AAAA"},
    {"all of one node", EIGHT, "mg4", "AAAA"},
    {"more than a node ever has", EIGHT, "mg5", "AARR"},
    {"all there are", EIGHT, "mg8", "AARR"},
    {"more than there are", EIGHT, "mg9", "RRRR"},
    {"free ones lie apart", "g0. g0x g1. g1x", "mg2", "RRRR"},
    {"free ones lie apart, and no node has two", "g0. g1.", "mg2", "AARR"},
    {"an unhealthy device counts for what a node could have", "g0. g0! g1.", "mg2", "RRRR"},
    {"a broken device may not be listed", "g0. g0# g1.", "mg2", "UURR"},
    {"a broken device that changes nothing", "g0. g0. g1#", "mg2", "AAAA"},
    {"a node unknown gives no hint", "g-. g-.", "mg2", "AAAA"},
    {"too few of unknown nodes", "g-. g-x", "mg2", "RRRR"},
    {"a device of unknown node serves no hint", "g0. g-. g-.", "mg2", "RRRR"},
    {"two resources on one node", "g0. n0. g1. n1.", "mg1n1", "AAAA"},
    {"two resources on two nodes", "g0. n0x g1x n1.", "mg1n1", "RRRR"},
    {"two resources that never share a node", "g0. n1.", "mg1n1", "RRRR"},
    {"one resource without nodes follows the other", "g0. n-. g1.", "mg1n1", "AAAA"},
    {"hints of different sizes are not one", "g0. g1. n0. n0. n1.", "mg2n2", "RRRR"},
    {"two nodes for both", "g0. g1. n0. n1.", "mg2n2", "AARR"},
    {"two containers on two nodes", "g0. g1.", "mg1 mg1", "AAAR"},
    {"two containers, one is too large for what is left", "g0. g0. g0. g1.", "mg1 mg3", "RARR"},
    {"the same, asked in the other order", "g0. g0. g0. g1.", "mg3 mg1", "AAAR"},
    {"the lowest number, not the first object", "g1. g1. g1. g0.", "mg1 mg3", "AAAR"},
    {"an init container's devices are used again", "g0. g0.", "ig2 mg2", "AAAA"},
    {"and kept by those who need fewer", "g0. g0. g1.", "ig2 mg1 mg1", "AAAA"},
    {"what is kept for reuse binds its node", "g0. g1. g1.", "ig1 mg2", "RARA"},
    {"a sidecar keeps its own", "g0. g0. g1.", "sg1 mg2", "RARR"},
    {"a sidecar takes from an init container before it", "g0. g0. g0.", "ig2 sg1 mg2", "AAAA"},
    {"which of two nodes gave is open", "g0. g0. g0. g1. g1. g1.", "mg4 mg2", "UARR"},
    {"the same whatever was given", "g0. g0. g1. g1.", "mg3 mg1", "AARR"},
};

START_TEST(tables)
{
    static const uint8_t policies[] = {SY_TOPOLOGY_POLICY_RESTRICTED,
                                       SY_TOPOLOGY_POLICY_SINGLE_NUMA};
    static const uint8_t scopes[] = {SY_TOPOLOGY_SCOPE_CONTAINER, SY_TOPOLOGY_SCOPE_POD};
    make_node(cases[_i].devices, 2);
    make_pod(cases[_i].pod);
    char got[5] = "";
    for (unsigned i = 0; i < 4; i++) {
        b.fabric.inv.topology_manager =
            (struct sy_topology_manager){.policy = policies[i / 2], .scope = scopes[i % 2]};
        got[i] = (char)(judge(false)[0] - 'a' + 'A');
    }
    ck_assert_msg(strcmp(got, cases[_i].expected) == 0, "%s: %s, not %s", cases[_i].what, got,
                  cases[_i].expected);
    sy_builder_done(&b);
}
END_TEST

static void restrict_to(uint8_t policy, uint8_t scope)
{
    b.fabric.inv.topology_manager = (struct sy_topology_manager){.policy = policy, .scope = scope};
}

START_TEST(policies_that_refuse_nobody)
{
    static const struct {
        uint8_t policy;
        const char *expected;
    } lax[] = {{SY_TOPOLOGY_POLICY_UNKNOWN, "unknown"},
               {SY_TOPOLOGY_POLICY_NONE, "admitted"},
               {SY_TOPOLOGY_POLICY_BEST_EFFORT, "admitted"}};
    make_node("g0. g1.", 2);
    make_pod("mg9");
    for (unsigned i = 0; i < 3; i++) {
        restrict_to(lax[i].policy, SY_TOPOLOGY_SCOPE_POD);
        ck_assert(!sy_admission_may_refuse(&b.fabric));
        ck_assert_str_eq(judge(false), lax[i].expected);
    }
    restrict_to(SY_TOPOLOGY_POLICY_RESTRICTED, SY_TOPOLOGY_SCOPE_UNKNOWN);
    ck_assert(sy_admission_may_refuse(&b.fabric));
    ck_assert_str_eq(judge(false), "unknown");
    sy_builder_done(&b);
}
END_TEST

/* Refused now; never, or only now. */
START_TEST(empty)
{
    static const struct {
        const char *devices, *pod, *now, *ever;
    } worlds[] = {
        {"g0. g0x g1. g1x", "mg2", "refused", "admitted"},
        {"g0. g1.", "mg2", "refused", "refused"},
        {"g0. g0! g1x", "mg2", "refused", "admitted"},
        {"g0. g0# g1.", "mg2", "refused", "unknown"},
        /* The kubelet takes node 0 first, and the second container is too large for node 1: but
         * with the NPU of node 0 held it would take node 1, so this is no "never". */
        {"g0. g0. g0. n0. g1. n1.", "mg1n1 mg3", "refused", "unknown"},
    };
    for (unsigned i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
        make_node(worlds[i].devices, 2);
        make_pod(worlds[i].pod);
        restrict_to(SY_TOPOLOGY_POLICY_SINGLE_NUMA, SY_TOPOLOGY_SCOPE_CONTAINER);
        ck_assert_msg(strcmp(judge(false), worlds[i].now) == 0, "%s", worlds[i].devices);
        ck_assert_msg(strcmp(judge(true), worlds[i].ever) == 0, "%s", worlds[i].devices);
        sy_builder_done(&b);
    }
}
END_TEST

/* CPUs may want the other node: then nobody knows which one it becomes. */
START_TEST(others_have_a_say)
{
    make_node("g0. g0. g0. g1.", 2);
    restrict_to(SY_TOPOLOGY_POLICY_SINGLE_NUMA, SY_TOPOLOGY_SCOPE_CONTAINER);
    make_pod("mg1 mg3");
    ck_assert_str_eq(judge(false), "refused");
    request.other_hints = true;
    ck_assert_str_eq(judge(false), "unknown");
    make_pod("mg2 mg3");
    request.other_hints = true;
    ck_assert_str_eq(judge(false), "refused");
    sy_builder_done(&b);
}
END_TEST

START_TEST(distances_are_unknown)
{
    make_node("g0. g1. g2.", 3);
    make_pod("mg2 mg1");
    restrict_to(SY_TOPOLOGY_POLICY_RESTRICTED, SY_TOPOLOGY_SCOPE_CONTAINER);
    ck_assert_str_eq(judge(false), "admitted");
    sy_builder_done(&b);
    /* Nodes 0 and 1 leave an NPU beside the last GPU, nodes 0 and 2 do not. */
    make_node("g0. g1. g2. n2.", 3);
    make_pod("mg2 mg1n1");
    restrict_to(SY_TOPOLOGY_POLICY_RESTRICTED, SY_TOPOLOGY_SCOPE_CONTAINER);
    ck_assert_str_eq(judge(false), "admitted");
    b.fabric.inv.topology_manager.prefer_closest = true;
    ck_assert_str_eq(judge(false), "unknown");
    sy_builder_done(&b);
}
END_TEST

START_TEST(what_cannot_be_followed)
{
    make_node("g0. g1.", 2);
    restrict_to(SY_TOPOLOGY_POLICY_RESTRICTED, SY_TOPOLOGY_SCOPE_CONTAINER);
    make_pod("mg1");
    ck_assert_str_eq(judge(false), "admitted");
    request.asks_known = false;
    ck_assert_str_eq(judge(false), "unknown");
    make_pod("mg1");
    /* Two resources that share a device: the kubelet counts it twice. */
    sy_devset_add(&b.fabric.unit[0].resources,
                  sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, SY_KIND_NPU));
    make_pod("mg1n1");
    ck_assert_str_eq(judge(false), "unknown");
    sy_builder_done(&b);
    /* More NUMA nodes than the kubelet runs with. */
    make_node("g0.", 9);
    make_pod("mg2");
    restrict_to(SY_TOPOLOGY_POLICY_RESTRICTED, SY_TOPOLOGY_SCOPE_CONTAINER);
    ck_assert_str_eq(judge(false), "unknown");
    b.fabric.inv.topology_manager.max_numa = 9;
    ck_assert_str_eq(judge(false), "refused");
    sy_builder_done(&b);
}
END_TEST

/* `nodes` NUMA nodes with `each` GPUs. */
static void make_large(unsigned nodes, unsigned each)
{
    sy_builder_init(&b, cat);
    for (unsigned i = 0; i < nodes; i++) {
        uint16_t numa = sy_builder_object(&b, 0, SY_OBJ_NUMA, 0);
        b.fabric.inv.obj[numa].os_index = i;
        for (unsigned k = 0; k < each; k++) {
            unsigned host = sy_builder_object(&b, numa, SY_OBJ_HOST_BRIDGE, 0);
            sy_builder_unit(&b, sy_builder_object(&b, host, SY_OBJ_DEVICE, 1000), SY_KIND_GPU);
        }
    }
    sy_builder_relate(&b);
    sy_builder_finish(&b);
    b.fabric.inv.topology_manager =
        (struct sy_topology_manager){.policy = SY_TOPOLOGY_POLICY_RESTRICTED,
                                     .scope = SY_TOPOLOGY_SCOPE_CONTAINER,
                                     .max_numa = 64};
}

START_TEST(limits)
{
    /* As many containers as are read, each with one device: one state after the other. */
    make_large(16, 4);
    make_pod("mg1");
    request.nask = SY_ASK_MAX;
    for (unsigned i = 0; i < SY_ASK_MAX; i++)
        ask[i] = ask[0];
    ck_assert_str_eq(judge(false), "admitted");
    ask[SY_ASK_MAX - 1].count[0] = 2;
    ck_assert_str_eq(judge(false), "refused");
    /* Too many ways to give eight of 16 nodes. */
    make_pod("mg9 mg9 mg9 mg9");
    request.other_hints = true;
    for (unsigned i = 0; i < 4; i++)
        ask[i].count[0] = 14;
    ck_assert_str_eq(judge(false), "unknown");
    ask[0].count[0] = SY_COUNT_MAX + 1;
    ck_assert_str_eq(judge(false), "refused");
    sy_builder_done(&b);
    make_large(17, 1);
    make_pod("mg1");
    ck_assert_str_eq(judge(false), "unknown");
    sy_builder_done(&b);
}
END_TEST

static enum sy_code check_under_fault(void *data, struct sy_err *err)
{
    (void)data;
    enum sy_admission ret;
    struct sy_arena *arena = sy_arena_new(1 << 20);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = sy_admission_check(&b.fabric, &b.usage, &request, arena, &ret, err);
    sy_arena_free(arena);
    return code;
}

START_TEST(memory_may_fail_anywhere)
{
    make_large(4, 4);
    make_pod("mg5 mg5 mg1");
    ck_assert_int_gt(sy_fault_sweep(check_under_fault, NULL, 0), 1);
    sy_builder_done(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tc = tcase_create("admission");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, tables, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tc, policies_that_refuse_nobody);
    tcase_add_test(tc, empty);
    tcase_add_test(tc, others_have_a_say);
    tcase_add_test(tc, distances_are_unknown);
    tcase_add_test(tc, what_cannot_be_followed);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, memory_may_fail_anywhere);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
