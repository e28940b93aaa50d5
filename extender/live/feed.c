/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's side: what is dirty is made anew, and handed over. */
#define _GNU_SOURCE
#include "extender/live/live_private.h"

#include <string.h>
#include <unistd.h>

#define BREATH 16u /* nodes made with the lock held in one go: others wait for no more */

static struct sy_live *of(struct sy_feed *feed)
{
    return (struct sy_live *)(void *)feed; /* its first member */
}

static int feed_fd(const struct sy_feed *feed)
{
    return ((const struct sy_live *)(const void *)feed)->notice;
}

static bool feed_drain(struct sy_feed *feed)
{
    uint64_t count;
    return read(of(feed)->notice, &count, sizeof count) > 0;
}

/* Another policy may predict other sets. */
static void look_at_policy(struct sy_live *live)
{
    struct sy_policy *policy = live->options.policy(live->options.policy_data);
    bool same = live->policy != NULL && sy_digest_equal(live->policy->digest, policy->digest);
    bool first = live->policy == NULL;
    sy_policy_unref(live->policy);
    live->policy = policy;
    if (same || first)
        return;
    for (size_t i = 0; i < live->nodes.size; i++) {
        struct live_node *node = live->nodes.slot[i].record;
        if (node != NULL && node->pod != NULL)
            sy_live_dirty(live, node, 0);
    }
    if (live->nwaiting > 0 && live->options.out.wake != NULL)
        live->options.out.wake(live->options.out.data, SY_WAKE_WHY_POLICY, NULL);
}

/* Reports that have become older than their class. */
static void look_at_ages(struct sy_live *live, bool all)
{
    int64_t steady_us = sy_live_steady_us(live), unix_us = sy_live_unix_us(live);
    if (!all && steady_us < live->age_due_us)
        return;
    live->age_due_us = INT64_MAX;
    for (size_t i = 0; i < live->nodes.size; i++) {
        struct live_node *node = live->nodes.slot[i].record;
        int64_t age_us;
        if (node == NULL || node->report == NULL)
            continue;
        enum sy_report_age age =
            sy_live_age(live, node, steady_us, unix_us, &age_us, &node->age_due_us);
        if (age != (enum sy_report_age)node->age)
            sy_live_dirty(live, node, 0);
        if (node->age_due_us < live->age_due_us)
            live->age_due_us = node->age_due_us;
    }
}

static void look_at_choices(struct sy_live *live)
{
    int64_t now_us = sy_live_steady_us(live);
    if (now_us < live->assumed_due_us)
        return;
    live->assumed_due_us = INT64_MAX;
    for (size_t i = 0; i < live->pods.size && live->nassumed > 0;) {
        struct live_pod *pod = live->pods.slot[i++].record;
        if (pod == NULL || pod->assumed_until_us == 0)
            continue;
        if (pod->assumed_until_us > now_us) {
            if (pod->assumed_until_us < live->assumed_due_us)
                live->assumed_due_us = pod->assumed_until_us;
            continue;
        }
        i -= pod->request == NULL; /* it leaves the table, another may take its slot */
        sy_live_pod_release(live, pod);
        sy_count(&live->options.metrics->assumed_lapsed, 1);
    }
}

/* The next end of a requirement, when the one that was waited for has come. */
static void look_at_relaxing(struct sy_live *live)
{
    int64_t now_us = sy_live_unix_us(live);
    if (now_us < live->relax_due_us)
        return;
    live->relax_due_us = INT64_MAX;
    for (size_t i = 0; i < live->pods.size; i++) {
        const struct live_pod *pod = live->pods.slot[i].record;
        int64_t end_us;
        if (pod == NULL || pod->node != NULL || pod->request == NULL || pod->created_us == 0 ||
            pod->request->request.require_for_us == 0 ||
            __builtin_add_overflow(pod->created_us, pod->request->request.require_for_us, &end_us))
            continue;
        if (end_us > now_us && end_us < live->relax_due_us)
            live->relax_due_us = end_us;
    }
    if (live->relax_due_us != INT64_MAX && live->options.out.wake_at != NULL)
        live->options.out.wake_at(live->options.out.data, live->relax_due_us);
}

static enum sy_code rebuild_dirty(struct sy_live *live, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    for (unsigned n = 1; live->dirty != NULL; n++) {
        struct live_node *node = live->dirty;
        live->dirty = node->dirty_next;
        node->dirty = false;
        code = sy_live_rebuild(live, node, err);
        if (code != SY_OK) {
            sy_live_dirty(live, node, 0); /* it is owed */
            break;
        }
        if (n % BREATH == 0) {
            pthread_mutex_unlock(&live->lock);
            pthread_mutex_lock(&live->lock);
        }
    }
    return code;
}

static const char *awaits(const struct sy_live *live)
{
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        if (!live->synced[i])
            return sy_live_collection_name(i);
    return NULL;
}

static unsigned until_ms(int64_t now_us, int64_t due_us)
{
    if (due_us == INT64_MAX || due_us - now_us > INT64_C(86400000000))
        return 0;
    return due_us <= now_us ? 1 : (unsigned)((due_us - now_us) / 1000) + 1;
}

static unsigned sooner(unsigned a, unsigned b)
{
    return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

static enum sy_code look(struct sy_live *live, bool all, struct sy_feed_result *result,
                         struct sy_err *err)
{
    if (awaits(live) != NULL) {
        result->incomplete = true;
        return SY_OK;
    }
    look_at_policy(live);
    look_at_ages(live, all);
    look_at_choices(live);
    look_at_relaxing(live);
    enum sy_code code = rebuild_dirty(live, err);
    if (all) {
        sy_live_sweep_nodes(live);
        sy_live_fabrics_sweep(live);
    }
    result->changed = live->loud || (all && live->changed != NULL);
    result->again_ms = sooner(until_ms(sy_live_steady_us(live), live->age_due_us),
                              sooner(until_ms(sy_live_steady_us(live), live->assumed_due_us),
                                     until_ms(sy_live_unix_us(live), live->relax_due_us)));
    return code;
}

static enum sy_code feed_look(struct sy_feed *feed, bool all, struct sy_feed_result *ret,
                              struct sy_err *err)
{
    struct sy_live *live = of(feed);
    struct sy_feed_result result = {0};
    pthread_mutex_lock(&live->lock);
    enum sy_code code = look(live, all, &result, err);
    pthread_mutex_unlock(&live->lock);
    if (code == SY_OK)
        *ret = result;
    return code;
}

/* What is in the list was given away; when each of it was read is kept until it is published. */
static void give_away(struct sy_live *live)
{
    live->nread = 0;
    live->loud = false;
    while (live->changed != NULL) {
        struct live_node *node = live->changed;
        live->changed = node->changed_next;
        node->changed = false;
        if (node->owed_us > 0)
            live->read_us[live->nread++] = node->owed_us;
        node->owed_us = 0;
    }
}

static size_t count_changed(const struct sy_live *live)
{
    size_t n = 0;
    for (const struct live_node *node = live->changed; node != NULL; node = node->changed_next)
        n++;
    return n;
}

/* Room for the times of as many nodes. */
static bool make_room(struct sy_live *live, size_t n)
{
    int64_t *grown = sy_realloc(live->read_us, (n + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    live->read_us = grown;
    return true;
}

static enum sy_code feed_nodes(struct sy_feed *feed, struct sy_node ***ret, size_t *ret_n,
                               struct sy_err *err)
{
    struct sy_live *live = of(feed);
    size_t n = 0;
    pthread_mutex_lock(&live->lock);
    sy_free(live->node);
    live->node = sy_calloc(live->nodes.n + 1, sizeof(struct sy_node *));
    bool ok = live->node != NULL && make_room(live, count_changed(live));
    for (size_t i = 0; ok && i < live->nodes.size; i++) {
        const struct live_node *node = live->nodes.slot[i].record;
        if (node != NULL && node->built != NULL)
            live->node[n++] = node->built;
    }
    if (ok)
        give_away(live);
    pthread_mutex_unlock(&live->lock);
    if (!ok)
        return sy_fail(err, SY_ENOMEM, "out of memory for the nodes");
    *ret = live->node;
    *ret_n = n;
    return SY_OK;
}

static enum sy_code feed_changes(struct sy_feed *feed, struct sy_feed_change **ret, size_t *ret_n,
                                 struct sy_err *err)
{
    struct sy_live *live = of(feed);
    pthread_mutex_lock(&live->lock);
    size_t n = count_changed(live), i = 0;
    sy_free(live->change);
    live->change = sy_calloc(n + 1, sizeof *live->change);
    bool ok = live->change != NULL && make_room(live, n);
    for (const struct live_node *node = live->changed; ok && node != NULL;
         node = node->changed_next)
        live->change[i++] = (struct sy_feed_change){.name = node->name, .node = node->built};
    if (ok)
        give_away(live);
    pthread_mutex_unlock(&live->lock);
    if (!ok)
        return sy_fail(err, SY_ENOMEM, "out of memory for %zu changes", n);
    *ret = live->change;
    *ret_n = n;
    return SY_OK;
}

static void feed_published(struct sy_feed *feed, int64_t now_us)
{
    struct sy_live *live = of(feed);
    for (size_t i = 0; i < live->nread; i++)
        sy_histogram_add(&live->options.metrics->lag,
                         now_us > live->read_us[i] ? (uint64_t)(now_us - live->read_us[i]) : 0);
    live->nread = 0;
}

/* The keeper lets go of its handle; the tables live on with whoever made them. */
static void feed_free(struct sy_feed *feed)
{
    (void)feed;
}

const struct sy_feed_ops sy_live_feed_ops = {.fd = feed_fd,
                                             .drain = feed_drain,
                                             .look = feed_look,
                                             .nodes = feed_nodes,
                                             .changes = feed_changes,
                                             .published = feed_published,
                                             .free = feed_free};

const char *sy_live_awaits(struct sy_live *live)
{
    pthread_mutex_lock(&live->lock);
    const char *name = awaits(live);
    pthread_mutex_unlock(&live->lock);
    return name;
}
