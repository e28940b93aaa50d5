/* SPDX-License-Identifier: Apache-2.0 */
/* Watches, keeper, /bind and people at the same time: for the thread sanitizer. */
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"

#include "base/json.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 300 };

struct shared {
    struct living l;
    atomic_bool done;
};

static void *keep(void *data)
{
    struct shared *shared = data;
    struct sy_feed *feed = sy_live_feed(shared->l.live);
    while (!shared->done) {
        struct sy_err err = {0};
        struct sy_feed_result result;
        struct sy_feed_change *change;
        size_t n;
        (void)feed->ops->drain(feed);
        ck_assert_int_eq(feed->ops->look(feed, true, &result, &err), SY_OK);
        ck_assert_int_eq(feed->ops->changes(feed, &change, &n, &err), SY_OK);
        for (size_t i = 0; i < n; i++)
            if (change[i].node != NULL)
                ck_assert_int_eq(sy_node_check(change[i].node, &err), SY_OK);
        feed->ops->published(feed, 1);
    }
    return NULL;
}

static void *ask(void *data)
{
    struct shared *shared = data;
    while (!shared->done) {
        struct sy_err err = {0};
        json_t *ledger = NULL;
        struct sy_str out;
        const struct sy_bind_args args = {
            .name = "p9", .namespace_ = "ns", .uid = "u9", .node = "a"};
        ck_assert(sy_live_assume(shared->l.live, &args));
        ck_assert_int_eq(sy_live_explain(shared->l.live, "a", &ledger, &err), SY_OK);
        json_decref(ledger);
        sy_str_init(&out, 1 << 20);
        sy_live_write_metrics(shared->l.live, &out);
        sy_str_done(&out);
        (void)sy_live_awaits(shared->l.live);
        sy_live_forget(shared->l.live, &args);
    }
    return NULL;
}

START_TEST(at_the_same_time)
{
    static struct shared shared;
    static const struct living_pod pod = {
        .uid = "u1", .name = "p1", .node = "a", .limits = "\"" NPU_NAME "\":\"2\""};
    pthread_t keeper, people;
    struct living *l = &shared.l;
    living_open(l);
    living_sync_empty(l);
    ck_assert_int_eq(pthread_create(&keeper, NULL, keep, &shared), 0);
    ck_assert_int_eq(pthread_create(&people, NULL, ask, &shared), 0);
    for (int i = 0; i < ROUNDS; i++) {
        living_put(l, SY_LIVE_NODES, living_node_object("a", NULL));
        living_put(l, SY_LIVE_FABRICS, living_fabric("a", living_status(l, "")));
        living_put(l, SY_LIVE_PODS, living_pod_object(&pod));
        if (i % 3 == 0)
            living_gone(l, SY_LIVE_NODES, living_node_object("a", NULL));
        if (i % 5 == 0)
            living_gone(l, SY_LIVE_FABRICS, living_fabric("a", NULL));
        if (i % 2 == 0)
            living_gone(l, SY_LIVE_PODS, living_pod_object(&pod));
    }
    shared.done = true;
    (void)pthread_join(keeper, NULL);
    (void)pthread_join(people, NULL);
    living_close(l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, at_the_same_time);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
