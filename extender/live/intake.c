/* SPDX-License-Identifier: Apache-2.0 */
/* What all handlers share, and the story of a collection: a listing begins, and is complete. */
#include "extender/live/live_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SAID_MAX 200u /* lines about objects in a span of time: nobody can fill the log */
#define SAID_SPAN_US INT64_C(10000000)

enum sy_code sy_live_meta(const json_t *object, const char *key, size_t max, const char **ret,
                          struct sy_err *err)
{
    json_t *metadata = NULL;
    const char *text = NULL;
    const struct sy_path *at = SY_PATH_KEY(NULL, "metadata");
    enum sy_code code = sy_json_object(object, "metadata", SY_JSON_REQUIRED, NULL, &metadata, err);
    if (code == SY_OK)
        code = sy_json_str(metadata, key, SY_JSON_REQUIRED, max, at, &text, err);
    if (code == SY_OK && text[0] == '\0')
        code = sy_json_fail(SY_PATH_KEY(at, key), SY_EINVAL, err, "empty");
    if (code == SY_OK)
        *ret = text;
    return code;
}

/* Is there room for one more line, or one left? Else it is counted. When a span of time is over,
 * *ret_unsaid is what was left out in it (0 = nothing to tell). */
static bool may_say(struct sy_live *live, bool wanted, uint64_t *ret_unsaid)
{
    int64_t now_us = sy_live_steady_us(live);
    *ret_unsaid = 0;
    pthread_mutex_lock(&live->lock);
    if (now_us - live->said_since_us >= SAID_SPAN_US) {
        *ret_unsaid = live->unsaid;
        live->unsaid = 0;
        live->said = 0;
        live->said_since_us = now_us;
    }
    bool may = wanted && live->said < SAID_MAX;
    live->said += may;
    live->unsaid += wanted && !may;
    pthread_mutex_unlock(&live->lock);
    return may;
}

static void say_unsaid(struct sy_live *live, uint64_t unsaid)
{
    char n[24];
    if (unsaid == 0)
        return;
    (void)snprintf(n, sizeof n, "%" PRIu64, unsaid);
    sy_live_say(live, SY_LEVEL_WARN, "lines about objects left out", "lines", n, NULL);
}

void sy_live_say_object(struct sy_live *live, enum sy_level level, const char *msg, const char *key,
                        const char *value, const char *text)
{
    uint64_t unsaid;
    bool may = may_say(live, true, &unsaid);
    say_unsaid(live, unsaid);
    if (may)
        sy_live_say(live, level, msg, key, value, text);
}

/* With each object that comes: the number left out does not wait for the next bad one. */
static void catch_up(struct sy_live *live)
{
    uint64_t unsaid;
    (void)may_say(live, false, &unsaid);
    say_unsaid(live, unsaid);
}

enum sy_code sy_live_refuse(struct sy_live *live, enum sy_live_collection collection,
                            const char *name, struct sy_err *err)
{
    if (err->code == SY_ENOMEM)
        return SY_ENOMEM;
    struct sy_digest digest = sy_digest_begin();
    sy_digest_str(&digest, name);
    sy_digest_str(&digest, err->text);
    sy_count(&live->options.metrics->refused[collection], 1);
    pthread_mutex_lock(&live->lock);
    bool known = sy_digest_equal(live->refused[collection], digest);
    live->refused[collection] = digest;
    pthread_mutex_unlock(&live->lock);
    if (!known)
        sy_live_say_object(live, SY_LEVEL_ERROR, "object refused, the last good one stays",
                           sy_live_collection_name(collection), name, err->text);
    *err = (struct sy_err){0};
    return SY_OK;
}

static void begin(struct sy_live *live, enum sy_live_collection collection)
{
    pthread_mutex_lock(&live->lock);
    live->epoch[collection]++;
    pthread_mutex_unlock(&live->lock);
}

/* What the listing did not show is gone. */
static void sweep_pods(struct sy_live *live)
{
    uint32_t epoch = live->epoch[SY_LIVE_PODS];
    for (size_t i = 0; i < live->pods.size;) {
        struct live_pod *pod = live->pods.slot[i].record;
        if (pod != NULL && pod->request != NULL && pod->epoch != epoch)
            sy_live_pod_drop(live, pod, 0);
        else
            i++;
    }
}

static void sweep_nodes(struct sy_live *live, enum sy_live_collection collection)
{
    uint32_t epoch = live->epoch[collection];
    for (size_t i = 0; i < live->nodes.size; i++) {
        struct live_node *node = live->nodes.slot[i].record;
        if (node == NULL)
            continue;
        if (collection == SY_LIVE_NODES && node->node_epoch != epoch)
            sy_live_node_gone(live, node, 0);
        if (collection == SY_LIVE_FABRICS && node->object_epoch != epoch)
            sy_live_object_gone(live, node, 0);
    }
}

static enum sy_code synced(struct sy_live *live, enum sy_live_collection collection)
{
    pthread_mutex_lock(&live->lock);
    if (collection == SY_LIVE_PODS)
        sweep_pods(live);
    else
        sweep_nodes(live, collection);
    live->synced[collection] = true;
    pthread_mutex_unlock(&live->lock);
    sy_live_notify(live);
    return SY_OK;
}

void sy_live_was_away(struct sy_live *live, int64_t since_us)
{
    pthread_mutex_lock(&live->lock);
    live->away_since_us = since_us;
    live->away_until_us = sy_live_unix_us(live);
    pthread_mutex_unlock(&live->lock);
}

/* An outage is what lies between the first bad word about a collection and the last good one. */
static void note(struct sy_live *live, enum sy_live_collection collection, bool bad,
                 const char *text)
{
    pthread_mutex_lock(&live->lock);
    bool was_cut = false, is_cut = false;
    for (unsigned i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        was_cut = was_cut || live->cut[i];
    const struct sy_kube_watch_stats *watched = live->watched[collection];
    bool heard = watched != NULL && watched->connected; /* then only one object is bad */
    live->cut[collection] = bad ? live->cut[collection] || !heard : false;
    for (unsigned i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        is_cut = is_cut || live->cut[i];
    if (is_cut && !was_cut) {
        int64_t silent_us = watched != NULL && watched->heard_us > 0
                                ? sy_live_steady_us(live) - watched->heard_us
                                : 0;
        live->cut_since_us = sy_live_unix_us(live) - silent_us;
        live->cut_until_us = 0;
    }
    if (!is_cut && was_cut)
        live->cut_until_us = sy_live_unix_us(live);
    pthread_mutex_unlock(&live->lock);
    sy_live_say(live, bad ? SY_LEVEL_WARN : SY_LEVEL_INFO, "watch", "collection",
                sy_live_collection_name(collection), text);
}

/* An object that the watch itself could not take: what we had of it stays, also through a listing.
 */
static void refused(struct sy_live *live, enum sy_live_collection collection, const json_t *object,
                    const char *why)
{
    const json_t *metadata = json_object_get(object, "metadata");
    const char *name = json_string_value(json_object_get(metadata, "name"));
    const char *uid = json_string_value(json_object_get(metadata, "uid"));
    sy_count(&live->options.metrics->refused[collection], 1);
    pthread_mutex_lock(&live->lock);
    struct live_node *node = name != NULL ? sy_live_node_find(live, name) : NULL;
    struct live_pod *pod = uid != NULL ? sy_live_pod_find(live, uid) : NULL;
    if (collection == SY_LIVE_PODS && pod != NULL) {
        pod->epoch = live->epoch[collection];
    } else if (collection == SY_LIVE_NODES && node != NULL) {
        node->node_epoch = live->epoch[collection];
    } else if (collection == SY_LIVE_FABRICS && node != NULL) {
        node->object_epoch = live->epoch[collection];
        node->refused = sy_digest_begin();
        sy_digest_str(&node->refused, why);
    }
    pthread_mutex_unlock(&live->lock);
}

/* A handler has one pointer: one set of functions for each collection. */
#define HANDLERS(X) X(FABRICS, fabric) X(PODS, pod) X(NODES, node)
#define X(id, what)                                                                                \
    static void begin_##what(void *data)                                                           \
    {                                                                                              \
        begin(data, SY_LIVE_##id);                                                                 \
    }                                                                                              \
    static enum sy_code put_##what(void *data, const json_t *object, int64_t read_us,              \
                                   struct sy_err *err)                                             \
    {                                                                                              \
        catch_up(data);                                                                            \
        return sy_live_put_##what(data, object, read_us, err);                                     \
    }                                                                                              \
    static enum sy_code gone_##what(void *data, const json_t *object, int64_t read_us,             \
                                    struct sy_err *err)                                            \
    {                                                                                              \
        return sy_live_drop_##what(data, object, read_us, err);                                    \
    }                                                                                              \
    static enum sy_code synced_##what(void *data, struct sy_err *err)                              \
    {                                                                                              \
        (void)err;                                                                                 \
        return synced(data, SY_LIVE_##id);                                                         \
    }                                                                                              \
    static void refused_##what(void *data, const json_t *object, const char *why)                  \
    {                                                                                              \
        refused(data, SY_LIVE_##id, object, why);                                                  \
    }                                                                                              \
    static void note_##what(void *data, bool bad, const char *text)                                \
    {                                                                                              \
        catch_up(data);                                                                            \
        note(data, SY_LIVE_##id, bad, text);                                                       \
    }
HANDLERS(X)
#undef X

struct sy_kube_handler sy_live_handler(struct sy_live *live, enum sy_live_collection collection)
{
    static const struct sy_kube_handler handlers[SY_LIVE_COLLECTION_COUNT] = {
#define X(id, what)                                                                                \
    [SY_LIVE_##id] = {.begin = begin_##what,                                                       \
                      .put = put_##what,                                                           \
                      .gone = gone_##what,                                                         \
                      .synced = synced_##what,                                                     \
                      .note = note_##what,                                                         \
                      .refused = refused_##what},
        HANDLERS(X)
#undef X
    };
    struct sy_kube_handler handler = handlers[collection];
    handler.data = live;
    return handler;
}
