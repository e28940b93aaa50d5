/* SPDX-License-Identifier: Apache-2.0 */
/* NodeFabric objects. A spec that is known is not read again: heartbeats come all the time, and
 * most nodes look like others. */
#include "extender/live/live_private.h"

#include "topology/node_json.h"

#include <string.h>

/* One object being taken in; nothing of it is seen before all of it is good. */
struct reading {
    const char *name;
    json_t *spec, *status; /* borrowed; status NULL = none */
    struct sy_digest spec_digest, status_digest;
    bool same; /* as the last good one */
    struct sy_fabric *fabric;
    struct sy_usage *report;
};

static struct sy_digest digest_of(const json_t *value)
{
    struct sy_digest digest = sy_digest_begin();
    sy_live_digest_json(&digest, value);
    return digest;
}

/* What is known already. */
static void recall(struct sy_live *live, struct reading *reading)
{
    pthread_mutex_lock(&live->lock);
    const struct live_node *node = sy_live_node_find(live, reading->name);
    bool same_spec = node != NULL && node->fabric != NULL &&
                     sy_digest_equal(node->spec_digest, reading->spec_digest);
    reading->same = same_spec && sy_digest_equal(node->status_digest, reading->status_digest);
    reading->fabric =
        same_spec ? sy_fabric_ref(node->fabric) : sy_live_fabric_known(live, reading->spec_digest);
    pthread_mutex_unlock(&live->lock);
}

static enum sy_code build_fabric(struct sy_live *live, struct reading *reading, struct sy_err *err)
{
    struct sy_inventory inventory = {0};
    enum sy_code code = sy_inventory_from_json(reading->spec, SY_PATH_KEY(NULL, "spec"),
                                               live->intake, &inventory, err);
    if (code == SY_OK)
        code = sy_fabric_build(&inventory, live->catalogue, &reading->fabric, err);
    sy_arena_reset(live->intake);
    if (code != SY_OK)
        return code;
    pthread_mutex_lock(&live->lock);
    sy_live_fabric_remember(live, reading->spec_digest, reading->fabric);
    pthread_mutex_unlock(&live->lock);
    return SY_OK;
}

static enum sy_code read_object(struct sy_live *live, const json_t *object, struct reading *reading,
                                struct sy_err *err)
{
    enum sy_code code = sy_json_object(object, "spec", SY_JSON_REQUIRED, NULL, &reading->spec, err);
    if (code == SY_OK)
        code = sy_json_object(object, "status", SY_JSON_OPTIONAL, NULL, &reading->status, err);
    if (code != SY_OK)
        return code;
    reading->spec_digest = digest_of(reading->spec);
    reading->status_digest = digest_of(reading->status);
    recall(live, reading);
    if (reading->same)
        return SY_OK;
    if (reading->fabric == NULL)
        code = build_fabric(live, reading, err);
    if (code == SY_OK && reading->status != NULL)
        code = sy_usage_from_json(reading->status, reading->fabric, SY_PATH_KEY(NULL, "status"),
                                  &reading->report, err);
    return code;
}

/* The report, and since when we know what it tells. */
static void take_report(struct sy_live *live, struct live_node *node, struct reading *reading)
{
    int64_t observed_us = reading->report != NULL ? reading->report->observed_us : 0;
    if (node->report == NULL || observed_us == 0 || observed_us != node->observed_us)
        node->received_us = sy_live_steady_us(live);
    node->observed_us = observed_us;
    sy_usage_unref(node->report);
    node->report = SY_TAKE(reading->report);
}

static void take(struct sy_live *live, struct live_node *node, struct reading *reading,
                 int64_t read_us)
{
    bool news = !node->has_object || !reading->same;
    node->has_object = true;
    if (!reading->same) {
        sy_fabric_unref(node->fabric);
        node->fabric = SY_TAKE(reading->fabric);
        node->spec_digest = reading->spec_digest;
        node->status_digest = reading->status_digest;
        take_report(live, node, reading);
    }
    if (news)
        sy_live_dirty(live, node, read_us);
}

/* The last good one stays, and ages. True when it was not said yet. */
static bool refuse(struct sy_live *live, struct live_node *node, const struct sy_err *why,
                   int64_t read_us)
{
    struct sy_digest digest = sy_digest_begin();
    sy_digest_str(&digest, why->text);
    bool said = sy_digest_equal(node->refused, digest);
    node->refused = digest;
    if (!node->has_object)
        sy_live_dirty(live, node, read_us);
    node->has_object = true;
    return !said;
}

static bool is_refused(const struct live_node *node)
{
    return !sy_digest_equal(node->refused, (struct sy_digest){0});
}

enum sy_code sy_live_put_fabric(struct sy_live *live, const json_t *object, int64_t read_us,
                                struct sy_err *err)
{
    struct reading reading = {0};
    struct sy_err why = {0};
    if (sy_live_meta(object, "name", SY_LIVE_NAME_MAX, &reading.name, &why) != SY_OK) {
        (void)sy_live_refuse(live, SY_LIVE_FABRICS, "", &why);
        return SY_OK;
    }
    enum sy_code code = read_object(live, object, &reading, &why);
    bool bad = code != SY_OK && code != SY_ENOMEM, say = false;
    pthread_mutex_lock(&live->lock);
    struct live_node *node = code != SY_ENOMEM ? sy_live_node_get(live, reading.name) : NULL;
    if (node != NULL) {
        node->object_epoch = live->epoch[SY_LIVE_FABRICS];
        say = bad ? refuse(live, node, &why, read_us) : is_refused(node);
        if (!bad) {
            node->refused = (struct sy_digest){0};
            take(live, node, &reading, read_us);
        }
    }
    pthread_mutex_unlock(&live->lock);
    sy_fabric_unref(reading.fabric);
    sy_usage_unref(reading.report);
    if (node == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the NodeFabric %s", reading.name);
    if (bad)
        sy_count(&live->options.metrics->refused[SY_LIVE_FABRICS], 1);
    if (say)
        sy_live_say_object(live, bad ? SY_LEVEL_ERROR : SY_LEVEL_INFO,
                           bad ? "NodeFabric refused, the last good one stays"
                               : "NodeFabric good again",
                           "node", reading.name, bad ? why.text : NULL);
    return SY_OK;
}

enum sy_code sy_live_drop_fabric(struct sy_live *live, const json_t *object, int64_t read_us,
                                 struct sy_err *err)
{
    (void)err;
    const char *name;
    struct sy_err why = {0};
    if (sy_live_meta(object, "name", SY_LIVE_NAME_MAX, &name, &why) != SY_OK)
        return sy_live_refuse(live, SY_LIVE_FABRICS, "", &why);
    pthread_mutex_lock(&live->lock);
    struct live_node *node = sy_live_node_find(live, name);
    if (node != NULL)
        sy_live_object_gone(live, node, read_us);
    pthread_mutex_unlock(&live->lock);
    return SY_OK;
}
