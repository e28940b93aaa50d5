/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once: what was there stays, what failed is given again, and in the end the
 * node is what it would have been. */
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"

#include <stdio.h>
#include <string.h>

#define ALL_FREE 8
#define CORDONED "\"switchyard.dev/cordon\":\"" GPU0 "=fan\""
#define ANNOTATED                                                                                  \
    "\"huawei.com/AscendReal\":\"Ascend910-0,Ascend910-1\",\"switchyard.dev/require\":\"switch\""
#define RUNS_MAX 20000

static const struct living_pod pod = {.uid = "u1",
                                      .name = "p1",
                                      .node = "a",
                                      .limits = "\"" NPU_NAME "\":\"2\"",
                                      .annotations = ANNOTATED};

static const char *object_of(const struct living *l, enum sy_live_collection collection)
{
    switch (collection) {
    case SY_LIVE_FABRICS:
        return living_fabric("a", living_status(l, HELD(NPU3, "p2", "u2")));
    case SY_LIVE_PODS:
        return living_pod_object(&pod);
    case SY_LIVE_NODES:
    case SY_LIVE_COLLECTION_COUNT:
        break;
    }
    return living_node_object("a", CORDONED);
}

/* Tables that have all but the last object. */
static void open_without(struct living *l, enum sy_live_collection last)
{
    living_open(l);
    living_sync_empty(l);
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        if (i != last)
            living_put(l, i, object_of(l, i));
    living_look(l, false);
    (void)living_node(l, "a");
}

static enum sy_code take_changes(struct living *l, struct sy_err *err)
{
    struct sy_feed *feed = sy_live_feed(l->live);
    struct sy_feed_change *change;
    size_t n;
    enum sy_code code = feed->ops->look(feed, false, &l->looked, err);
    return code == SY_OK ? feed->ops->changes(feed, &change, &n, err) : code;
}

static bool run(struct living *l, enum sy_live_collection last, const char *object, long granted)
{
    struct sy_err err = {0};
    struct sy_kube_handler handler = sy_live_handler(l->live, last);
    sy_autojson json_t *parsed = json_loads(object, 0, NULL);
    ck_assert_ptr_nonnull(parsed);
    sy_fault_set(granted);
    enum sy_code code = handler.put(handler.data, parsed, l->steady_us, &err);
    if (code == SY_OK)
        code = take_changes(l, &err);
    bool failed = sy_fault_clear();
    ck_assert_msg(code == SY_OK || (failed && code == SY_ENOMEM && err.text[0] != '\0'),
                  "allocation %ld: %s '%s'", granted, sy_code_text(code), err.text);
    return failed;
}

START_TEST(the_last_object)
{
    enum sy_live_collection last = (enum sy_live_collection)_i;
    bool failed = true;
    long granted = 0;
    for (; failed && granted < RUNS_MAX; granted++) {
        struct living l;
        open_without(&l, last);
        const char *object = object_of(&l, last);
        failed = run(&l, last, object, granted);
        living_put(&l, last, object); /* as a listing would */
        living_look(&l, false);
        ck_assert_uint_eq(living_free(&l, "a"),
                          ALL_FREE - 4); /* two named, one held, one cordoned */
        ck_assert(living_is_free(&l, "a", NPU2));
        ck_assert_uint_eq(l.metrics.refused[last], 0);
        living_close(&l);
    }
    ck_assert_msg(!failed && granted > 3, "%ld runs", granted);
}
END_TEST

START_TEST(a_choice)
{
    const struct sy_bind_args args = {
        .name = "p9", .namespace_ = "ns", .uid = "u9", .node = "new-node"};
    struct living l;
    living_open(&l);
    living_sync_empty(&l);
    for (long granted = 0; granted < 4; granted++) {
        sy_fault_set(granted);
        bool ok = sy_live_assume(l.live, &args);
        ck_assert(ok != sy_fault_clear());
    }
    ck_assert_uint_eq(l.metrics.assumed, 1);
    living_close(&l);
}
END_TEST

START_TEST(new_feeds)
{
    struct living l;
    living_open(&l);
    struct sy_live_options options = {.catalogue = l.catalogue, .metrics = &l.metrics};
    bool failed = true;
    for (long granted = 0; failed; granted++) {
        struct sy_live *live = NULL;
        struct sy_err err = {0};
        sy_fault_set(granted);
        enum sy_code code = sy_live_new(&options, &live, &err);
        failed = sy_fault_clear();
        ck_assert_int_eq(code, failed ? SY_ENOMEM : SY_OK);
        sy_live_free(live);
    }
    living_close(&l);
}
END_TEST

START_TEST(the_ledger_shown)
{
    struct living l;
    open_without(&l, SY_LIVE_COLLECTION_COUNT);
    bool failed = true;
    for (long granted = 0; failed; granted++) {
        json_t *ledger = NULL;
        struct sy_err err = {0};
        sy_fault_set(granted);
        enum sy_code code = sy_live_explain(l.live, "a", &ledger, &err);
        failed = sy_fault_clear();
        ck_assert_int_eq(code, failed ? SY_ENOMEM : SY_OK);
        ck_assert((ledger != NULL) == (code == SY_OK));
        json_decref(ledger);
    }
    living_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, the_last_object, 0, SY_LIVE_COLLECTION_COUNT);
    tcase_add_test(tcase, a_choice);
    tcase_add_test(tcase, new_feeds);
    tcase_add_test(tcase, the_ledger_shown);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
