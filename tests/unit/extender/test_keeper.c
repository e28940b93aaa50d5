/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper over a feed that says what a test wants it to say. */
#define _GNU_SOURCE
#include "extender/keeper.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"
#include "topology/node_json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAMES 4u
#define HEAD "apiVersion: switchyard.dev/v1alpha1\nkind: SchedulingPolicy\n"

struct fake {
    struct sy_feed feed;
    struct sy_node *node[NAMES]; /* of the names a … d; NULL = there is none */
    bool changed[NAMES];         /* not told yet */
    struct sy_node *listed[NAMES];
    struct sy_feed_change change[NAMES];
    struct sy_feed_result result; /* of the next looks */
    bool broken;
    unsigned asked_nodes, asked_changes, published, freed;
    int64_t published_us;
    struct sy_store *store;
    uint64_t met; /* generation that a request met when `published` came */
};

static const char *const names[NAMES] = {"a", "b", "c", "d"};

static struct fake *of(struct sy_feed *feed)
{
    return (struct fake *)(void *)feed;
}

static int fake_fd(const struct sy_feed *feed)
{
    (void)feed;
    return -1;
}

static bool fake_drain(struct sy_feed *feed)
{
    (void)feed;
    return false;
}

static enum sy_code fake_look(struct sy_feed *feed, bool all, struct sy_feed_result *ret,
                              struct sy_err *err)
{
    (void)all;
    if (of(feed)->broken)
        return sy_fail(err, SY_EIO, "broken");
    *ret = of(feed)->result;
    of(feed)->result.changed = false;
    return SY_OK;
}

static enum sy_code fake_nodes(struct sy_feed *feed, struct sy_node ***ret, size_t *ret_n,
                               struct sy_err *err)
{
    (void)err;
    struct fake *fake = of(feed);
    *ret_n = 0;
    for (unsigned i = 0; i < NAMES; i++)
        if (fake->node[i] != NULL)
            fake->listed[(*ret_n)++] = fake->node[i];
    memset(fake->changed, 0, sizeof fake->changed);
    *ret = fake->listed;
    fake->asked_nodes++;
    return SY_OK;
}

static enum sy_code fake_changes(struct sy_feed *feed, struct sy_feed_change **ret, size_t *ret_n,
                                 struct sy_err *err)
{
    (void)err;
    struct fake *fake = of(feed);
    *ret_n = 0;
    for (unsigned i = 0; i < NAMES; i++)
        if (fake->changed[i])
            fake->change[(*ret_n)++] = (struct sy_feed_change){names[i], fake->node[i]};
    memset(fake->changed, 0, sizeof fake->changed);
    *ret = fake->change;
    fake->asked_changes++;
    return SY_OK;
}

static void fake_published(struct sy_feed *feed, int64_t now_us)
{
    struct fake *fake = of(feed);
    struct sy_state *state = sy_store_take(fake->store);
    fake->met = state->cluster->generation;
    fake->published++;
    fake->published_us = now_us;
    sy_state_unref(state);
}

static void fake_free(struct sy_feed *feed)
{
    of(feed)->freed++;
}

static const struct sy_feed_ops telling = {.fd = fake_fd,
                                           .drain = fake_drain,
                                           .look = fake_look,
                                           .nodes = fake_nodes,
                                           .changes = fake_changes,
                                           .published = fake_published,
                                           .free = fake_free};
static const struct sy_feed_ops plain = {
    .fd = fake_fd, .drain = fake_drain, .look = fake_look, .nodes = fake_nodes, .free = fake_free};

static struct sy_catalogue *catalogue;
static struct fake fake;
static struct sy_metrics metrics;
static struct sy_log *sink;
static struct sy_keeper *keeper;
static char folder[64];
static int null;

static void set_up(void)
{
    struct sy_err err = {0};
    struct sy_policy *policy = NULL;
    struct sy_cluster *empty = NULL;
    struct sy_state *first = NULL;
    char path[100];
    memset(&metrics, 0, sizeof metrics);
    fake = (struct fake){.feed.ops = &telling};
    world_folder(folder);
    world_folder_write(folder, "p.yaml", HEAD);
    (void)snprintf(path, sizeof path, "%s/p.yaml", folder);
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct sy_keeper_options options = {.feed = &fake.feed, .metrics = &metrics, .rescan_s = 60};
    ck_assert_int_eq(sy_log_new(null, SY_LOG_JSON, &sink, &err), SY_OK);
    options.log = sink;
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &catalogue, &err), SY_OK);
    ck_assert_int_eq(sy_policy_file_new(path, &options.policy_file, &err), SY_OK);
    ck_assert_int_eq(sy_policy_file_look(options.policy_file, &policy, &err), SY_OK);
    ck_assert_int_eq(sy_cluster_new(NULL, 0, 0, &empty, &err), SY_OK);
    ck_assert_int_eq(sy_state_new(catalogue, policy, empty, false, 0, &first, &err), SY_OK);
    ck_assert_int_eq(sy_store_new(first, &options.store, &err), SY_OK);
    fake.store = options.store;
    ck_assert_int_eq(sy_keeper_new(&options, &keeper, &err), SY_OK);
    sy_cluster_unref(empty);
    sy_policy_unref(policy);
}

static void tear_down(void)
{
    sy_keeper_free(keeper);
    ck_assert_uint_eq(fake.freed, 1);
    sy_store_free(fake.store);
    for (unsigned i = 0; i < NAMES; i++)
        sy_node_unref(fake.node[i]);
    sy_log_free(sink);
    sy_catalogue_unref(catalogue);
    (void)close(null);
    world_folder_remove(folder);
}

/* "+a -b": these nodes are there now (others each time), or not. */
static void feed_says(const char *what)
{
    struct sy_err err = {0};
    for (const char *at = what; *at != '\0'; at++) {
        unsigned i = (unsigned)(at[*at == '+' || *at == '-' ? 1 : 0] - 'a');
        if (*at != '+' && *at != '-')
            continue;
        sy_node_unref(fake.node[i]);
        fake.node[i] = NULL;
        fake.changed[i] = fake.result.changed = true;
        if (*at == '-')
            continue;
        char *text = world_document(names[i], NULL);
        ck_assert_msg(sy_node_from_bytes(text, strlen(text), NULL, 0, names[i], catalogue,
                                         &fake.node[i], &err) == SY_OK,
                      "%s", err.text);
        free(text);
    }
}

/* The published nodes are those of the feed. */
static void published_is(uint64_t generation)
{
    struct sy_state *state = sy_store_take(fake.store);
    uint32_t n = 0;
    ck_assert_uint_eq(state->cluster->generation, generation);
    for (unsigned i = 0; i < NAMES; i++) {
        int64_t at = sy_cluster_find(state->cluster, names[i], 1);
        ck_assert_int_eq(at >= 0, fake.node[i] != NULL);
        if (at >= 0)
            ck_assert_ptr_eq(state->cluster->node[at], fake.node[i]);
        n += at >= 0;
    }
    ck_assert_uint_eq(state->cluster->n, n);
    ck_assert_uint_eq(state->power->nnode, n);
    ck_assert(state->loaded);
    sy_state_unref(state);
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

START_TEST(all_nodes_once_then_changes)
{
    feed_says("+b +c");
    int64_t from_us = monotonic_us();
    ck_assert_uint_eq(sy_keeper_round(keeper, true), 0);
    published_is(1);
    ck_assert_uint_eq(fake.asked_nodes, 1);
    ck_assert_uint_eq(fake.asked_changes, 0);
    ck_assert_uint_eq(fake.published, 1);
    ck_assert_uint_eq(fake.met, 1);
    ck_assert(fake.published_us >= from_us && fake.published_us <= monotonic_us());
    static const char *const steps[] = {"+b", "+a", "-c +d", "-a -b -d", "+a +b +c +d"};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        feed_says(steps[i]);
        ck_assert_uint_eq(sy_keeper_round(keeper, i % 2 == 0), 0);
        published_is(i + 2);
        ck_assert_uint_eq(fake.asked_changes, i + 1);
        ck_assert_uint_eq(fake.published, i + 2);
    }
    ck_assert_uint_eq(fake.asked_nodes, 1);
    ck_assert_uint_eq(sy_keeper_round(keeper, true), 0); /* nothing new: nothing is published */
    published_is(6);
    ck_assert_uint_eq(fake.published, 6);
}
END_TEST

START_TEST(a_feed_that_cannot_tell_is_asked_for_all)
{
    fake.feed.ops = &plain;
    feed_says("+a +b");
    (void)sy_keeper_round(keeper, true);
    feed_says("-a +c");
    (void)sy_keeper_round(keeper, false);
    published_is(2);
    ck_assert_uint_eq(fake.asked_nodes, 2);
}
END_TEST

START_TEST(an_incomplete_feed_publishes_nothing)
{
    fake.result.incomplete = true;
    feed_says("+a");
    (void)sy_keeper_round(keeper, true);
    (void)sy_keeper_round(keeper, false);
    struct sy_state *state = sy_store_take(fake.store);
    ck_assert(!state->loaded);
    ck_assert_uint_eq(state->cluster->n, 0);
    sy_state_unref(state);
    ck_assert_uint_eq(fake.published, 0);
    fake.result.incomplete = false;
    (void)sy_keeper_round(keeper, false);
    published_is(1);
}
END_TEST

START_TEST(another_policy_takes_nothing_of_the_feed)
{
    feed_says("+a");
    (void)sy_keeper_round(keeper, true);
    world_folder_write(folder, "p.yaml", HEAD "unknownNodeScore: 7\n");
    (void)sy_keeper_round(keeper, false);
    published_is(1); /* the same cluster */
    struct sy_state *state = sy_store_take(fake.store);
    ck_assert_uint_eq(state->policy->unknown_node_score, 7);
    ck_assert_ptr_eq(state->power->policy, state->policy);
    sy_state_unref(state);
    ck_assert_uint_eq(fake.published, 1);
    ck_assert_uint_eq(fake.asked_changes, 0);
}
END_TEST

/* The workload is of the cluster that it is published with, and of none where nobody wants it. */
START_TEST(a_policy_may_want_the_workload)
{
    feed_says("+a");
    (void)sy_keeper_round(keeper, true);
    struct sy_state *state = sy_store_take(fake.store);
    ck_assert_ptr_null(state->workload);
    sy_state_unref(state);
    world_folder_write(folder, "p.yaml", HEAD "workload: learn\n");
    (void)sy_keeper_round(keeper, false);
    state = sy_store_take(fake.store);
    ck_assert_ptr_nonnull(state->workload);
    sy_state_unref(state);
    feed_says("+b");
    (void)sy_keeper_round(keeper, false);
    state = sy_store_take(fake.store);
    ck_assert_ptr_nonnull(state->workload);
    sy_state_unref(state);
    world_folder_write(folder, "p.yaml", HEAD "workload: off\n");
    (void)sy_keeper_round(keeper, false);
    state = sy_store_take(fake.store);
    ck_assert_ptr_null(state->workload);
    sy_state_unref(state);
}
END_TEST

START_TEST(a_broken_feed_keeps_its_nodes)
{
    feed_says("+a");
    (void)sy_keeper_round(keeper, true);
    fake.broken = true;
    feed_says("+b");
    ck_assert_uint_gt(sy_keeper_round(keeper, true), 0);
    struct sy_state *state = sy_store_take(fake.store);
    ck_assert_uint_eq(state->cluster->n, 1);
    sy_state_unref(state);
    fake.broken = false;
    ck_assert_uint_eq(sy_keeper_round(keeper, true), 0);
    published_is(2);
}
END_TEST

/* Each allocation of a round fails once; what was told in it is in the next one all the same, with
 * nothing new to tell. */
START_TEST(what_a_failed_round_was_told_is_not_lost)
{
    bool done = false;
    unsigned failures = 0;
    feed_says("+a");
    (void)sy_keeper_round(keeper, true);
    for (long granted = 0; !done; granted++) {
        struct sy_state *before = sy_store_take(fake.store);
        feed_says(granted % 2 == 0 ? "+a +b -c" : "+a -b +c");
        sy_fault_set(granted);
        unsigned again_ms = sy_keeper_round(keeper, false);
        done = !sy_fault_clear();
        struct sy_state *after = sy_store_take(fake.store);
        if (after == before) {
            failures++;
            ck_assert_uint_gt(again_ms, 0);
        }
        sy_state_unref(after);
        ck_assert_uint_eq(sy_keeper_round(keeper, false), 0);
        published_is(before->cluster->generation + 1);
        sy_state_unref(before);
    }
    ck_assert_uint_gt(failures, 5);
    ck_assert_uint_eq(metrics.publish_failed, failures);
    ck_assert_uint_gt(fake.asked_nodes, 1); /* whoever missed a change asks for all */
}
END_TEST

START_TEST(a_policy_that_could_not_be_published_is_not_lost)
{
    unsigned failures = 0;
    feed_says("+a");
    (void)sy_keeper_round(keeper, true);
    for (unsigned granted = 0; granted < 400; granted++) {
        char text[200];
        (void)snprintf(text, sizeof text, HEAD "unknownNodeScore: %u\n", 1 + granted);
        world_folder_write(folder, "p.yaml", text);
        uint64_t taken = metrics.policy_taken;
        sy_fault_set(granted);
        (void)sy_keeper_round(keeper, false);
        (void)sy_fault_clear();
        if (metrics.policy_taken == taken)
            continue; /* it could not even be read */
        struct sy_state *state = sy_store_take(fake.store);
        failures += state->policy->unknown_node_score != 1 + granted;
        sy_state_unref(state);
        ck_assert_uint_le(sy_keeper_round(keeper, false), 1); /* 1: the feed is asked with it */
        state = sy_store_take(fake.store);
        ck_assert_uint_eq(state->policy->unknown_node_score, 1 + granted);
        sy_state_unref(state);
    }
    ck_assert_uint_gt(failures, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keeper");
    TCase *tcase = tcase_create("keeper");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, all_nodes_once_then_changes);
    tcase_add_test(tcase, a_feed_that_cannot_tell_is_asked_for_all);
    tcase_add_test(tcase, an_incomplete_feed_publishes_nothing);
    tcase_add_test(tcase, another_policy_takes_nothing_of_the_feed);
    tcase_add_test(tcase, a_policy_may_want_the_workload);
    tcase_add_test(tcase, a_broken_feed_keeps_its_nodes);
    tcase_add_test(tcase, what_a_failed_round_was_told_is_not_lost);
    tcase_add_test(tcase, a_policy_that_could_not_be_published_is_not_lost);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
