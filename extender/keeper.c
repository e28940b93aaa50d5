/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/keeper.h"

#include "topology/cluster_builder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MS 10 /* events that come so close together are one change */
#define FAILED_AGAIN_MS 1000u
#define SAY_AGAIN_US INT64_C(10000000)

struct sy_keeper {
    struct sy_keeper_options options;
    int64_t looked_us; /* monotonic: end of the last look */
    int64_t said_us;   /* monotonic: of the last line about a snapshot */
    uint64_t unsaid;   /* snapshots since then */
    int wake;          /* eventfd */
    bool running;
    pthread_t thread;
    _Atomic bool stopping, rescan;
    bool unreadable;   /* said so */
    unsigned again_ms; /* 0 = nothing waits */
    /* The nodes as the feed gave them; NULL: ask it for all of them. */
    struct sy_cluster_builder *builder;
    /* Changes of a round that could not publish: the next one does. */
    bool nodes_owed;
    struct sy_policy *policy_owed; /* a reference */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void say(struct sy_keeper *keeper, enum sy_level level, const char *msg, const char *error)
{
    struct sy_log_line line;
    sy_log_begin(&line, keeper->options.log, level, msg);
    sy_log_str(&line, "error", error);
    sy_log_end(&line);
}

/* The next policy when there is one: a new reference; else the current one's. */
static struct sy_policy *look_at_policy(struct sy_keeper *keeper, const struct sy_state *current,
                                        bool *changed)
{
    struct sy_err err = {0};
    struct sy_policy *policy = NULL;
    if (sy_policy_file_look(keeper->options.policy_file, &policy, &err) != SY_OK) {
        sy_count(&keeper->options.metrics->policy_refused, 1);
        say(keeper, SY_LEVEL_ERROR, "policy refused, the one before stays", err.text);
    }
    if (policy != NULL) {
        sy_count(&keeper->options.metrics->policy_taken, 1);
        say(keeper, SY_LEVEL_INFO, "policy taken", NULL);
        sy_policy_unref(SY_TAKE(keeper->policy_owed));
    }
    *changed = policy != NULL || keeper->policy_owed != NULL;
    if (policy == NULL)
        policy = SY_TAKE(keeper->policy_owed);
    return policy != NULL ? policy : sy_policy_ref(current->policy);
}

/* True when the nodes changed, or when they were read for the first time. */
static bool look_at_feed(struct sy_keeper *keeper, bool all, bool loaded)
{
    struct sy_err err = {0};
    struct sy_feed_result result = {0};
    struct sy_metrics *metrics = keeper->options.metrics;
    struct sy_feed *feed = keeper->options.feed;
    keeper->again_ms = 0;
    if (feed->ops->look(feed, all, &result, &err) != SY_OK) {
        if (!keeper->unreadable)
            say(keeper, SY_LEVEL_ERROR, "feed cannot be read, its nodes stay", err.text);
        keeper->unreadable = true;
        sy_gauge(&metrics->feed_unreadable, 1);
        keeper->again_ms = FAILED_AGAIN_MS;
        return false;
    }
    keeper->unreadable = false;
    keeper->again_ms = result.again_ms;
    sy_gauge(&metrics->feed_unreadable, 0);
    sy_gauge(&metrics->feed_files_good, result.good);
    sy_gauge(&metrics->feed_files_bad, result.bad);
    sy_count(&metrics->feed_refused, result.refused);
    return !result.incomplete && (result.changed || !loaded);
}

static enum sy_code take_all_nodes(struct sy_keeper *keeper, struct sy_err *err)
{
    struct sy_feed *feed = keeper->options.feed;
    struct sy_node **node;
    size_t n;
    enum sy_code code = feed->ops->nodes(feed, &node, &n, err);
    if (code != SY_OK)
        return code;
    SY_AUTO(sy_cluster_builder) struct sy_cluster_builder *builder = sy_cluster_builder_new();
    if (builder == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    for (size_t i = 0; i < n && code == SY_OK; i++)
        code = sy_cluster_builder_put(builder, node[i], err);
    if (code == SY_OK)
        keeper->builder = SY_TAKE(builder);
    return code;
}

static enum sy_code take_changes(struct sy_keeper *keeper, struct sy_err *err)
{
    struct sy_feed *feed = keeper->options.feed;
    struct sy_feed_change *change;
    size_t n;
    enum sy_code code = feed->ops->changes(feed, &change, &n, err);
    for (size_t i = 0; code == SY_OK && i < n; i++) {
        if (change[i].node != NULL)
            code = sy_cluster_builder_put(keeper->builder, change[i].node, err);
        else
            sy_cluster_builder_remove(keeper->builder, change[i].name);
    }
    return code;
}

static void drop_builder(struct sy_keeper *keeper)
{
    sy_cluster_builder_free(SY_TAKE(keeper->builder));
}

/* What the feed has to tell goes into the builder; one that missed something is of no use. */
static enum sy_code take_nodes(struct sy_keeper *keeper, struct sy_err *err)
{
    if (keeper->options.feed->ops->changes == NULL)
        drop_builder(keeper);
    if (keeper->builder == NULL)
        return take_all_nodes(keeper, err);
    enum sy_code code = take_changes(keeper, err);
    if (code != SY_OK)
        drop_builder(keeper);
    return code;
}

static enum sy_code make_state(struct sy_keeper *keeper, const struct sy_state *current,
                               struct sy_policy *policy, bool nodes_changed, struct sy_state **ret,
                               struct sy_err *err)
{
    struct sy_cluster *cluster = NULL;
    enum sy_code code = SY_OK;
    if (nodes_changed) {
        code = take_nodes(keeper, err);
        if (code == SY_OK)
            code = sy_cluster_builder_publish(keeper->builder, current->cluster->generation + 1,
                                              &cluster, err);
    } else {
        cluster = sy_cluster_ref(current->cluster);
    }
    if (code == SY_OK)
        code = sy_state_next(current, policy, cluster, current->loaded || nodes_changed,
                             clock_us(CLOCK_REALTIME), ret, err);
    sy_cluster_unref(cluster);
    return code;
}

/* A cluster with churn publishes fifty times a second: one line stands for all of ten seconds. */
static void report_snapshot(struct sy_keeper *keeper, const struct sy_state *state, int64_t took_us)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);
    struct sy_log_line line;
    keeper->unsaid++;
    if (keeper->said_us != 0 && now - keeper->said_us < SAY_AGAIN_US)
        return;
    sy_log_begin(&line, keeper->options.log, SY_LEVEL_INFO, "snapshot published");
    sy_log_u64(&line, "generation", state->cluster->generation);
    sy_log_u64(&line, "nodes", state->cluster->n);
    sy_log_u64(&line, "us", (uint64_t)took_us);
    sy_log_u64(&line, "since", keeper->unsaid);
    sy_log_end(&line);
    keeper->said_us = now;
    keeper->unsaid = 0;
}

static void publish(struct sy_keeper *keeper, struct sy_state *next, bool nodes_changed,
                    int64_t from_us)
{
    struct sy_feed *feed = keeper->options.feed;
    report_snapshot(keeper, next, clock_us(CLOCK_MONOTONIC) - from_us);
    sy_store_publish(keeper->options.store, next);
    if (nodes_changed && feed->ops->published != NULL)
        feed->ops->published(feed, clock_us(CLOCK_MONOTONIC));
}

unsigned sy_keeper_round(struct sy_keeper *keeper, bool all)
{
    struct sy_err err = {0};
    int64_t from_us = clock_us(CLOCK_MONOTONIC);
    __attribute__((cleanup(sy_state_unrefp))) struct sy_state *current =
        sy_store_take(keeper->options.store);
    bool policy_changed = false;
    struct sy_policy *policy = look_at_policy(keeper, current, &policy_changed);
    bool nodes_changed = look_at_feed(keeper, all, current->loaded);
    nodes_changed = nodes_changed || keeper->nodes_owed;
    keeper->nodes_owed = false;
    if (policy_changed || nodes_changed) {
        struct sy_state *next = NULL;
        if (make_state(keeper, current, policy, nodes_changed, &next, &err) == SY_OK) {
            publish(keeper, next, nodes_changed, from_us);
            /* A feed may make its nodes by the policy in force: it is asked again now. */
            if (policy_changed && keeper->again_ms == 0)
                keeper->again_ms = 1;
        } else {
            sy_count(&keeper->options.metrics->publish_failed, 1);
            say(keeper, SY_LEVEL_ERROR, "snapshot cannot be made, the one before stays", err.text);
            keeper->nodes_owed = nodes_changed;
            keeper->policy_owed = policy_changed ? sy_policy_ref(policy) : NULL;
            if (keeper->again_ms == 0)
                keeper->again_ms = FAILED_AGAIN_MS;
        }
    }
    sy_policy_unref(policy);
    return keeper->again_ms;
}

/* Sleep until something is to be looked at. The first notice after a quiet time is looked at once:
 * the next pod may be decided in a moment. Those that come soon after it are gathered until
 * BATCH_MS after that look. */
static void wait_for_notice(struct sy_keeper *keeper, int64_t rescan_at_us)
{
    struct sy_feed *feed = keeper->options.feed;
    struct pollfd fds[] = {
        {.fd = keeper->wake, .events = POLLIN},
        {.fd = feed->ops->fd(feed), .events = POLLIN},
        {.fd = sy_policy_file_fd(keeper->options.policy_file), .events = POLLIN}};
    int64_t now = clock_us(CLOCK_MONOTONIC), until = rescan_at_us;
    if (keeper->again_ms > 0 && now + keeper->again_ms * INT64_C(1000) < until)
        until = now + keeper->again_ms * INT64_C(1000);
    while (now < until && !keeper->stopping) {
        int ready = poll(fds, 3, (int)((until - now) / 1000 + 1));
        now = clock_us(CLOCK_MONOTONIC);
        if (ready <= 0)
            continue;
        uint64_t count;
        bool any = read(keeper->wake, &count, sizeof count) > 0;
        any = feed->ops->drain(feed) || any;
        any = sy_policy_file_drain(keeper->options.policy_file) || any;
        if (any && until > keeper->looked_us + BATCH_MS * 1000)
            until = keeper->looked_us + BATCH_MS * 1000;
    }
}

static void *keep(void *data)
{
    struct sy_keeper *keeper = data;
    int64_t rescan_us = (int64_t)keeper->options.rescan_s * 1000000, rescan_at_us = 0;
    while (!keeper->stopping) {
        bool all = atomic_exchange(&keeper->rescan, false);
        int64_t now = clock_us(CLOCK_MONOTONIC);
        if (now >= rescan_at_us)
            all = true;
        if (all)
            rescan_at_us = now + rescan_us;
        (void)sy_keeper_round(keeper, all);
        keeper->looked_us = clock_us(CLOCK_MONOTONIC);
        wait_for_notice(keeper, rescan_at_us);
    }
    return NULL;
}

enum sy_code sy_keeper_new(const struct sy_keeper_options *options, struct sy_keeper **ret,
                           struct sy_err *err)
{
    struct sy_keeper *keeper = sy_calloc(1, sizeof *keeper);
    int wake = keeper != NULL ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    if (wake < 0) {
        int failed = errno;
        options->feed->ops->free(options->feed);
        sy_policy_file_free(options->policy_file);
        bool out_of_memory = keeper == NULL;
        sy_free(keeper);
        return out_of_memory ? sy_fail(err, SY_ENOMEM, "out of memory for the keeper")
                             : sy_fail(err, SY_EIO, "eventfd: %s", strerror(failed));
    }
    keeper->options = *options;
    keeper->wake = wake;
    *ret = keeper;
    return SY_OK;
}

enum sy_code sy_keeper_start(struct sy_keeper *keeper, struct sy_err *err)
{
    int failed = pthread_create(&keeper->thread, NULL, keep, keeper);
    if (failed != 0)
        return sy_fail(err, SY_EIO, "cannot start the keeper's thread: %s", strerror(failed));
    keeper->running = true;
    return SY_OK;
}

static void wake_up(struct sy_keeper *keeper)
{
    const uint64_t one = 1;
    if (write(keeper->wake, &one, sizeof one) < 0)
        return; /* the counter is full: it is awake */
}

void sy_keeper_rescan(struct sy_keeper *keeper)
{
    keeper->rescan = true;
    wake_up(keeper);
}

void sy_keeper_free(struct sy_keeper *keeper)
{
    if (keeper == NULL)
        return;
    keeper->stopping = true;
    wake_up(keeper);
    if (keeper->running)
        (void)pthread_join(keeper->thread, NULL);
    (void)close(keeper->wake);
    keeper->options.feed->ops->free(keeper->options.feed);
    sy_policy_file_free(keeper->options.policy_file);
    sy_cluster_builder_free(keeper->builder);
    sy_policy_unref(keeper->policy_owed);
    sy_free(keeper);
}
