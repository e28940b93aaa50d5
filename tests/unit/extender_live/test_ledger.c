/* SPDX-License-Identifier: Apache-2.0 */
/* Ages, predictions, choices, and who is told. */
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"

#include <string.h>

#define ALL_FREE 8

static const struct living_pod two_npus = {
    .uid = "u1", .name = "p1", .node = "a", .limits = "\"" NPU_NAME "\":\"2\""};

static void open_with_node(struct living *l, const char *devices)
{
    living_open(l);
    living_sync_empty(l);
    living_put(l, SY_LIVE_NODES, living_node_object("a", NULL));
    living_put(l, SY_LIVE_FABRICS, living_fabric("a", living_status(l, devices)));
    living_look(l, false);
}

static unsigned mode_of(struct living *l)
{
    living_look(l, false);
    return living_node(l, "a")->usage->mode;
}

START_TEST(a_report_ages)
{
    struct living l;
    open_with_node(&l, "");
    ck_assert_uint_eq(mode_of(&l), SY_MODE_EXACT);
    ck_assert_uint_eq(l.looked.again_ms, 90001);
    living_pass(&l, 90 * SECONDS);
    ck_assert_uint_eq(mode_of(&l), SY_MODE_EXACT);
    living_pass(&l, 1);
    ck_assert_uint_eq(mode_of(&l), SY_MODE_PREDICTED);
    ck_assert_uint_eq(l.looked.again_ms, 210001);
    living_pass(&l, 210 * SECONDS);
    ck_assert_uint_eq(mode_of(&l), SY_MODE_COUNTS);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_EXACT);
    living_close(&l);
}
END_TEST

/* The agent writes, but the kubelet is silent: observedTime stands still. */
START_TEST(a_heartbeat_makes_no_report_young)
{
    struct living l;
    open_with_node(&l, "");
    const char *status = living_status(&l, "");
    for (int i = 0; i < 4; i++) {
        char beat[4096];
        living_pass(&l, 30 * SECONDS);
        (void)snprintf(beat, sizeof beat, "{\"heartbeatTime\":\"2027-01-15T08:00:%02dZ\",%s", i,
                       status + 1);
        living_put(&l, SY_LIVE_FABRICS, living_fabric("a", beat));
    }
    ck_assert_uint_eq(mode_of(&l), SY_MODE_PREDICTED);
    living_close(&l);
}
END_TEST

/* Yesterday's state is old from the start; tomorrow's counts from when we saw it. */
START_TEST(other_clocks)
{
    struct living l;
    open_with_node(&l, "");
    l.unix_us += 86400 * SECONDS;
    const char *tomorrow = living_status(&l, "");
    l.unix_us -= 86400 * SECONDS;
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", tomorrow));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_EXACT);
    living_pass(&l, 91 * SECONDS);
    ck_assert_uint_eq(mode_of(&l), SY_MODE_PREDICTED);
    l.unix_us -= 86400 * SECONDS;
    const char *yesterday = living_status(&l, "");
    l.unix_us += 86400 * SECONDS;
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", yesterday));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_COUNTS);
    living_close(&l);
}
END_TEST

/* A listing says the same again: that makes no report younger. */
START_TEST(a_listing_makes_no_report_young)
{
    struct living l;
    open_with_node(&l, "");
    const char *object = living_fabric("a", living_status(&l, ""));
    living_pass(&l, 91 * SECONDS);
    living_begin(&l, SY_LIVE_FABRICS);
    living_put(&l, SY_LIVE_FABRICS, object);
    living_synced(&l, SY_LIVE_FABRICS);
    ck_assert_uint_eq(mode_of(&l), SY_MODE_PREDICTED);
    living_close(&l);
}
END_TEST

#define BOTH(first, second) HELD(first, "p1", "u1") "," HELD(second, "p1", "u1")

/* What the kubelet then gave, beside what was expected: the pair below one switch. */
static const struct {
    const char *what, *devices, *annotations;
    enum sy_prediction result;
    unsigned events;
} outcomes[] = {
    {"the same", BOTH(NPU0, NPU1), NULL, SY_PREDICTION_SAME, 0},
    {"as good", BOTH(NPU2, NPU3), NULL, SY_PREDICTION_EQUAL, 0},
    {"worse", BOTH(NPU0, NPU3), NULL, SY_PREDICTION_WORSE, 0},
    {"less than asked for", HELD(NPU0, "p1", "u1"), NULL, SY_PREDICTION_UNKNOWN, 0},
    {"worse, and required otherwise", BOTH(NPU0, NPU3), "\"switchyard.dev/require\":\"switch\"",
     SY_PREDICTION_WORSE, 1},
    {"as required", BOTH(NPU2, NPU3), "\"switchyard.dev/require\":\"switch\"", SY_PREDICTION_EQUAL,
     0},
    {"required for a time that was over", BOTH(NPU0, NPU3),
     "\"switchyard.dev/require\":\"switch\",\"switchyard.dev/require-for\":\"1s\"",
     SY_PREDICTION_WORSE, 0},
};

START_TEST(predictions)
{
    struct living l;
    struct living_pod pod = two_npus;
    pod.annotations = outcomes[_i].annotations;
    pod.scheduled_s = 1;
    open_with_node(&l, "");
    living_pass(&l, SECONDS);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_PREDICTED);
    ck_assert(!living_is_free(&l, "a", NPU0) && !living_is_free(&l, "a", NPU1));
    living_pass(&l, SECONDS);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, outcomes[_i].devices)));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_EXACT);
    for (unsigned i = 0; i < SY_PREDICTION_COUNT; i++)
        ck_assert_msg(l.metrics.predictions[i] == (i == outcomes[_i].result), "%s: %u",
                      outcomes[_i].what, i);
    ck_assert_uint_eq(l.events, outcomes[_i].events);
    ck_assert_uint_eq(l.metrics.violated, outcomes[_i].events);
    if (outcomes[_i].events > 0) {
        ck_assert_str_eq(l.reason, "RequirementViolated");
        ck_assert_str_eq(l.note, "node a gave it " NPU0 " " NPU3 ", expected was " NPU0 " " NPU1
                                 "; that does not meet what the pod requires");
    }
    living_pass(&l, SECONDS); /* said once */
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, outcomes[_i].devices)));
    living_look(&l, true);
    ck_assert_uint_eq(l.events, outcomes[_i].events);
    living_close(&l);
}
END_TEST

/* First its report names one device, then both. */
START_TEST(a_violation_seen_in_parts)
{
    struct living l;
    struct living_pod pod = two_npus;
    pod.annotations = "\"switchyard.dev/require\":\"switch\"";
    open_with_node(&l, HELD(NPU0, "p1", "u1"));
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_look(&l, false);
    ck_assert_uint_eq(l.events, 0);
    living_pass(&l, SECONDS);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, BOTH(NPU0, NPU3))));
    living_look(&l, false);
    ck_assert_uint_eq(l.events, 1);
    ck_assert_str_eq(l.note, "node a gave it " NPU0 " " NPU3
                             ", nothing was predicted; that does not meet what the pod requires");
    living_close(&l);
}
END_TEST

static void hear(struct living *l, bool bad)
{
    struct sy_kube_handler handler = sy_live_handler(l->live, SY_LIVE_PODS);
    handler.note(handler.data, bad, "text");
}

START_TEST(bound_while_we_were_cut_off)
{
    static const struct {
        int64_t scheduled_s;
        const char *annotations;
        unsigned events;
    } cases[] = {
        {5, "\"switchyard.dev/require\":\"switch\"", 0}, /* before */
        {15, "\"switchyard.dev/require\":\"switch\"", 1},
        {15, NULL, 0},                                    /* it requires nothing */
        {25, "\"switchyard.dev/require\":\"switch\"", 0}, /* after */
    };
    struct living l;
    struct living_pod pod = two_npus;
    pod.scheduled_s = cases[_i].scheduled_s;
    pod.annotations = cases[_i].annotations;
    open_with_node(&l, "");
    living_pass(&l, 10 * SECONDS);
    hear(&l, true);
    living_pass(&l, 10 * SECONDS);
    hear(&l, false);
    living_pass(&l, 10 * SECONDS);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_look(&l, false);
    ck_assert_uint_eq(l.events, 0); /* what it got is not known yet */
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, BOTH(NPU2, NPU3))));
    living_look(&l, false);
    ck_assert_uint_eq(l.events, cases[_i].events);
    ck_assert_uint_eq(l.metrics.unseen, cases[_i].events);
    if (cases[_i].events > 0)
        ck_assert_str_eq(l.reason, "BoundUnseen");
    living_close(&l);
}
END_TEST

/* The same before this process: what is there at the first listing may have come then. */
START_TEST(bound_while_no_service_lived)
{
    static const struct {
        int64_t scheduled_s;
        unsigned events;
    } cases[] = {{5, 0}, {15, 1}, {35, 0}};
    struct living l;
    struct living_pod pod = two_npus;
    pod.scheduled_s = cases[_i].scheduled_s;
    pod.annotations = "\"switchyard.dev/require\":\"switch\"";
    living_open(&l);
    living_pass(&l, 30 * SECONDS);
    sy_live_was_away(l.live, (LIVING_START_S + 10) * SECONDS);
    living_pass(&l, 10 * SECONDS);
    for (enum sy_live_collection c = 0; c < SY_LIVE_COLLECTION_COUNT; c++)
        living_begin(&l, c);
    living_put(&l, SY_LIVE_NODES, living_node_object("a", ""));
    living_put(&l, SY_LIVE_PODS, living_pod_object(&pod));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, BOTH(NPU2, NPU3))));
    for (enum sy_live_collection c = 0; c < SY_LIVE_COLLECTION_COUNT; c++)
        living_synced(&l, c);
    living_look(&l, true);
    ck_assert_uint_eq(l.metrics.unseen, cases[_i].events);
    ck_assert_uint_eq(l.events, cases[_i].events);
    living_close(&l);
}
END_TEST

static struct sy_bind_args choice_of(const struct living_pod *pod)
{
    return (struct sy_bind_args){
        .name = pod->name, .namespace_ = "ns", .uid = pod->uid, .node = "a"};
}

START_TEST(a_choice_counts_at_once)
{
    struct living l;
    struct living_pod waits = two_npus;
    waits.node = NULL;
    open_with_node(&l, "");
    living_put(&l, SY_LIVE_PODS, living_pod_object(&waits));
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    const struct sy_bind_args args = choice_of(&waits);
    ck_assert(sy_live_assume(l.live, &args));
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    if (_i == 0) { /* taken back */
        sy_live_forget(l.live, &args);
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    } else if (_i == 1) {                                        /* never confirmed */
        living_put(&l, SY_LIVE_PODS, living_pod_object(&waits)); /* still unbound, says the watch */
        ck_assert_uint_eq(l.looked.again_ms, 60001);
        living_pass(&l, 59 * SECONDS);
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
        living_pass(&l, SECONDS);
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
        ck_assert_uint_eq(l.metrics.assumed_lapsed, 1);
    } else { /* confirmed: what is taken back or lapses afterwards changes nothing */
        living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
        sy_live_forget(l.live, &args);
        living_pass(&l, 61 * SECONDS);
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
        ck_assert_uint_eq(l.metrics.assumed_lapsed, 0);
    }
    living_close(&l);
}
END_TEST

/* kube-scheduler may know of a pod before our watch does. */
START_TEST(a_choice_for_a_pod_not_seen_yet)
{
    struct living l;
    struct living_pod waits = two_npus;
    waits.node = NULL;
    open_with_node(&l, "");
    const struct sy_bind_args args = choice_of(&waits);
    ck_assert(sy_live_assume(l.live, &args));
    living_look(&l, false);
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE);
    living_begin(&l, SY_LIVE_PODS); /* a listing that does not have it yet */
    living_synced(&l, SY_LIVE_PODS);
    if (_i == 0) {
        living_put(&l, SY_LIVE_PODS, living_pod_object(&waits));
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE - 2);
    } else {
        living_pass(&l, 60 * SECONDS);
        living_look(&l, false);
        ck_assert_uint_eq(l.metrics.assumed_lapsed, 1);
        ck_assert(!living_ledger_has(&l, "a", "u1"));
    }
    living_close(&l);
}
END_TEST

START_TEST(waking)
{
    struct living l;
    struct living_pod waits = {.uid = "w", .name = "w", .limits = "\"" NPU_NAME "\":\"4\""};
    open_with_node(&l, HELD(NPU0, "p1", "u1"));
    living_pass(&l, SECONDS);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    living_look(&l, false);
    for (unsigned i = 0; i < SY_WAKE_WHY_COUNT; i++)
        ck_assert_uint_eq(l.wakes[i], 0); /* nobody waits */
    living_put(&l, SY_LIVE_PODS, living_pod_object(&waits));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, HELD(NPU0, "p", "u"))));
    living_look(&l, false);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_FREED], 0); /* it became less */
    living_put(&l, SY_LIVE_FABRICS,
               living_fabric("a", living_status(&l, "{\"pci\":\"" NPU1 "\",\"healthy\":false}")));
    living_look(&l, false);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_FREED], 1);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_HEALTH], 0);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    living_look(&l, false);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_FREED], 1);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_HEALTH], 1);
    living_put(&l, SY_LIVE_NODES, living_node_object("b", NULL));
    living_put(&l, SY_LIVE_FABRICS, living_fabric("b", NULL));
    living_look(&l, false);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_NODE], 1);
    struct sy_policy *other = NULL;
    static const char text[] = "apiVersion: switchyard.dev/v1alpha1\nkind: SchedulingPolicy\n"
                               "searchBudgetSteps: 1000\n";
    struct sy_err err = {0};
    enum sy_code code = sy_policy_parse("p", text, strlen(text), &other, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    sy_policy_unref(l.policy);
    l.policy = other;
    living_look(&l, false);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_POLICY], 1);
    living_gone(&l, SY_LIVE_PODS, living_pod_object(&waits));
    living_put(&l, SY_LIVE_FABRICS,
               living_fabric("a", living_status(&l, "{\"pci\":\"" NPU1 "\",\"healthy\":false}")));
    living_look(&l, false);
    living_put(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, "")));
    living_look(&l, false);
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_HEALTH], 1); /* nobody waits any more */
    living_close(&l);
}
END_TEST

/* A NodeFabric that is deleted frees nothing: which devices are held is forgotten, how many is not.
 */
START_TEST(a_deleted_report_frees_nothing)
{
    struct living l;
    struct living_pod waits = {.uid = "w", .name = "w", .limits = "\"" NPU_NAME "\":\"4\""};
    open_with_node(&l, BOTH(NPU0, NPU1));
    living_put(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    living_put(&l, SY_LIVE_PODS, living_pod_object(&waits));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_EXACT);
    ck_assert_uint_eq(living_node(&l, "a")->usage->ncounted, 0);
    living_gone(&l, SY_LIVE_FABRICS, living_fabric("a", living_status(&l, BOTH(NPU0, NPU1))));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_COUNTS);
    const struct sy_usage *usage = living_node(&l, "a")->usage;
    ck_assert_uint_eq(usage->ncounted, 1);
    ck_assert_uint_eq(usage->counted[0].count, 2);
    ck_assert_int_eq(usage->counted[0].resource, sy_catalogue_resource_find(l.catalogue, NPU_NAME));
    ck_assert_uint_eq(living_free(&l, "a"), ALL_FREE); /* any of them may be */
    ck_assert_uint_eq(l.wakes[SY_WAKE_WHY_FREED], 0);
    living_gone(&l, SY_LIVE_PODS, living_pod_object(&two_npus));
    ck_assert_uint_eq(mode_of(&l), SY_MODE_COUNTS);
    ck_assert_uint_eq(living_node(&l, "a")->usage->ncounted, 0);
    living_close(&l);
}
END_TEST

START_TEST(the_end_of_a_requirement)
{
    struct living l;
    struct living_pod first = {.uid = "w1",
                               .name = "w1",
                               .limits = "\"" NPU_NAME "\":\"4\"",
                               .annotations = "\"switchyard.dev/require\":\"switch\","
                                              "\"switchyard.dev/require-for\":\"20s\""};
    struct living_pod second = first;
    second.uid = second.name = "w2";
    second.annotations = "\"switchyard.dev/require\":\"switch\","
                         "\"switchyard.dev/require-for\":\"10s\"";
    open_with_node(&l, "");
    living_put(&l, SY_LIVE_PODS, living_pod_object(&first));
    ck_assert_int_eq(l.wake_at_us, (LIVING_START_S + 20) * SECONDS);
    living_put(&l, SY_LIVE_PODS, living_pod_object(&second));
    ck_assert_int_eq(l.wake_at_us, (LIVING_START_S + 10) * SECONDS);
    living_look(&l, false);
    ck_assert_uint_eq(l.looked.again_ms, 10001);
    living_pass(&l, 10 * SECONDS);
    living_look(&l, false);
    ck_assert_int_eq(l.wake_at_us, (LIVING_START_S + 20) * SECONDS);
    living_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_add_test(tcase, a_report_ages);
    tcase_add_test(tcase, a_heartbeat_makes_no_report_young);
    tcase_add_test(tcase, other_clocks);
    tcase_add_test(tcase, a_listing_makes_no_report_young);
    tcase_add_loop_test(tcase, predictions, 0, sizeof outcomes / sizeof outcomes[0]);
    tcase_add_test(tcase, a_violation_seen_in_parts);
    tcase_add_loop_test(tcase, bound_while_we_were_cut_off, 0, 4);
    tcase_add_loop_test(tcase, a_choice_counts_at_once, 0, 3);
    tcase_add_loop_test(tcase, a_choice_for_a_pod_not_seen_yet, 0, 2);
    tcase_add_test(tcase, waking);
    tcase_add_test(tcase, a_deleted_report_frees_nothing);
    tcase_add_test(tcase, the_end_of_a_requirement);
    tcase_add_loop_test(tcase, bound_while_no_service_lived, 0, 3);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
