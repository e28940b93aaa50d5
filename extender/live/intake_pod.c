/* SPDX-License-Identifier: Apache-2.0 */
/* Pods: only those that ask for devices of the catalogue and are not finished. One that is bound
 * nowhere yet is kept for what it asks: a binding names only its uid. A bound one is kept as well
 * when it may hold a device by a name that the catalogue does not know, or by a resource claim: as
 * long as it is there, what a report says it holds is not free. */
#include "extender/live/live_private.h"

#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define NAMED_MAX 16384u /* bytes of a plugin's annotation */
#define SECOND_US INT64_C(1000000)

struct reading {
    const char *uid, *namespace_, *name;
    const char *node;  /* it is bound to, NULL = none */
    const char *named; /* NULL = none */
    bool misnamed;     /* there is one, and no plugin writes such */
    bool finished;
    bool may_hold; /* a device of whatever name */
    int64_t scheduled_us;
    struct sy_request request; /* in the intake arena */
    struct live_request *shared;
    char *named_copy;
};

/* When it was scheduled: its PodScheduled condition; 0 = it does not say. */
static enum sy_code read_scheduled(const json_t *status, const struct sy_path *at, int64_t *ret_us,
                                   struct sy_err *err)
{
    json_t *conditions = NULL;
    enum sy_code code =
        sy_json_array(status, "conditions", SY_JSON_OPTIONAL, 1000, at, &conditions, err);
    const struct sy_path *here = SY_PATH_KEY(at, "conditions");
    for (size_t i = 0; code == SY_OK && i < json_array_size(conditions); i++) {
        const json_t *condition = json_array_get(conditions, i);
        const char *type = "", *met = "", *time = NULL;
        const struct sy_path *item = SY_PATH_AT(here, i);
        code = sy_json_str(condition, "type", SY_JSON_OPTIONAL, 1024, item, &type, err);
        if (code == SY_OK)
            code = sy_json_str(condition, "status", SY_JSON_OPTIONAL, 64, item, &met, err);
        if (code == SY_OK)
            code = sy_json_str(condition, "lastTransitionTime", SY_JSON_OPTIONAL, 64, item, &time,
                               err);
        if (code != SY_OK || strcmp(type, "PodScheduled") != 0 || strcmp(met, "True") != 0)
            continue;
        if (time != NULL && sy_time_parse(time, ret_us, NULL) != SY_OK)
            *ret_us = 0;
    }
    return code;
}

/* Pods' owners can write it too: one that is too long is passed over, the pod is charged all the
 * same. */
static void read_named(const json_t *annotations, struct reading *reading)
{
    const char *text = json_string_value(json_object_get(annotations, SY_NAMED_ANNOTATION));
    reading->misnamed = text != NULL && strlen(text) > NAMED_MAX;
    reading->named = reading->misnamed ? NULL : text;
}

static enum sy_code read_where(const json_t *object, struct reading *reading, struct sy_err *err)
{
    json_t *spec = NULL, *status = NULL, *metadata = NULL, *annotations = NULL;
    const struct sy_path *at_meta = SY_PATH_KEY(NULL, "metadata");
    const char *phase = "";
    enum sy_code code = sy_json_object(object, "spec", SY_JSON_OPTIONAL, NULL, &spec, err);
    if (code == SY_OK)
        code = sy_json_object(object, "status", SY_JSON_OPTIONAL, NULL, &status, err);
    if (code == SY_OK)
        code = sy_json_object(object, "metadata", SY_JSON_OPTIONAL, NULL, &metadata, err);
    if (code == SY_OK)
        code =
            sy_json_object(metadata, "annotations", SY_JSON_OPTIONAL, at_meta, &annotations, err);
    if (code == SY_OK)
        read_named(annotations, reading);
    if (code == SY_OK)
        code = sy_json_str(spec, "nodeName", SY_JSON_OPTIONAL, SY_LIVE_NAME_MAX,
                           SY_PATH_KEY(NULL, "spec"), &reading->node, err);
    if (code == SY_OK)
        code = sy_json_str(status, "phase", SY_JSON_OPTIONAL, 64, SY_PATH_KEY(NULL, "status"),
                           &phase, err);
    if (code == SY_OK)
        code = read_scheduled(status, SY_PATH_KEY(NULL, "status"), &reading->scheduled_us, err);
    if (code != SY_OK)
        return code;
    if (reading->node != NULL && reading->node[0] == '\0')
        reading->node = NULL;
    reading->may_hold = reading->node != NULL && sy_occupancy_may_hold(spec);
    reading->finished = strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
    return SY_OK;
}

static enum sy_code read_object(struct sy_live *live, const json_t *object, struct reading *reading,
                                struct sy_err *err)
{
    enum sy_code code = sy_live_meta(object, "uid", SY_LIVE_UID_MAX, &reading->uid, err);
    if (code == SY_OK)
        code = sy_live_meta(object, "namespace", SY_LIVE_NAME_MAX, &reading->namespace_, err);
    if (code == SY_OK)
        code = sy_live_meta(object, "name", SY_LIVE_NAME_MAX, &reading->name, err);
    if (code == SY_OK)
        code = read_where(object, reading, err);
    if (code == SY_OK && !reading->finished)
        code = sy_request_from_pod(object, live->catalogue, NULL, live->intake, &reading->request,
                                   err);
    if (code == SY_OK && reading->scheduled_us <= 0)
        reading->scheduled_us = reading->request.created_us;
    return code;
}

/* Bound while nobody could tell us: by whom, and with what knowledge, is not known. */
static bool is_unseen(const struct sy_live *live, const struct reading *reading)
{
    int64_t at_us = reading->scheduled_us;
    bool away = live->away_since_us > 0 && at_us > live->away_since_us + SECOND_US &&
                at_us <= live->away_until_us;
    bool cut = live->cut_since_us > 0 && live->synced[SY_LIVE_PODS] &&
               at_us + SECOND_US > live->cut_since_us &&
               (live->cut_until_us == 0 || at_us <= live->cut_until_us);
    return (away || cut) && sy_live_has_demand(&reading->request);
}

/* The moment at which what it requires no longer counts is one at which to try again. */
static void note_relaxing(struct sy_live *live, const struct live_pod *pod)
{
    int64_t end_us;
    if (pod->node != NULL || pod->request->request.require_for_us == 0 || pod->created_us == 0 ||
        __builtin_add_overflow(pod->created_us, pod->request->request.require_for_us, &end_us) ||
        end_us >= live->relax_due_us || end_us <= sy_live_unix_us(live))
        return;
    live->relax_due_us = end_us;
    if (live->options.out.wake_at != NULL)
        live->options.out.wake_at(live->options.out.data, end_us);
    sy_live_notify(live); /* the keeper's next look comes in time for it */
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What is known of the pod becomes what was read. */
static void take(struct sy_live *live, struct live_pod *pod, struct live_node *node,
                 struct reading *reading, int64_t read_us)
{
    bool fresh = pod->request == NULL;
    bool differs = fresh || pod->request != reading->shared ||
                   !same_text(pod->named, reading->named) ||
                   (node != NULL && pod->scheduled_us != reading->scheduled_us);
    pod->epoch = live->epoch[SY_LIVE_PODS];
    pod->created_us = reading->request.created_us;
    sy_live_request_drop(live, pod->request);
    pod->request = SY_TAKE(reading->shared);
    if (!same_text(pod->named, reading->named)) {
        sy_free(pod->named);
        pod->named = SY_TAKE(reading->named_copy);
    }
    if (node != NULL) {
        if (pod->node == NULL)
            pod->unseen = is_unseen(live, reading);
        sy_live_pod_unassume(live, pod);
        pod->scheduled_us = reading->scheduled_us;
        sy_live_pod_move(live, pod, node, read_us);
    } else if (pod->assumed_until_us == 0) {
        sy_live_pod_move(live, pod, NULL, read_us);
    }
    if (differs && pod->node != NULL)
        sy_live_dirty(live, pod->node, read_us);
    note_relaxing(live, pod);
}

/* The lock is held. False: out of memory. */
static bool put(struct sy_live *live, struct reading *reading, int64_t read_us)
{
    struct live_pod *pod = sy_live_pod_find(live, reading->uid);
    if (reading->finished || (reading->request.nentry == 0 && !reading->may_hold)) {
        if (pod != NULL)
            sy_live_pod_drop(live, pod, read_us);
        return true;
    }
    struct live_node *node = reading->node != NULL ? sy_live_node_get(live, reading->node) : NULL;
    reading->shared = sy_live_request_share(live, &reading->request);
    reading->named_copy = reading->named != NULL ? sy_strdup(reading->named) : NULL;
    bool ok = reading->shared != NULL && (reading->node == NULL || node != NULL) &&
              (reading->named == NULL || reading->named_copy != NULL);
    if (ok && pod == NULL)
        pod = sy_live_pod_add(live, reading->uid, reading->namespace_, reading->name);
    ok = ok && pod != NULL;
    if (ok)
        take(live, pod, node, reading, read_us);
    sy_live_request_drop(live, reading->shared);
    sy_free(reading->named_copy);
    return ok;
}

/* Who is meant, for messages. */
static const char *called(const struct reading *reading, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s/%s", reading->namespace_ != NULL ? reading->namespace_ : "",
                   reading->name != NULL ? reading->name : "");
    return buf;
}

/* It is still there, as far as we know it. */
static void keep(struct sy_live *live, const struct reading *reading)
{
    pthread_mutex_lock(&live->lock);
    struct live_pod *pod = reading->uid != NULL ? sy_live_pod_find(live, reading->uid) : NULL;
    if (pod != NULL)
        pod->epoch = live->epoch[SY_LIVE_PODS];
    pthread_mutex_unlock(&live->lock);
}

enum sy_code sy_live_put_pod(struct sy_live *live, const json_t *object, int64_t read_us,
                             struct sy_err *err)
{
    struct reading reading = {0};
    struct sy_err why = {0};
    char name[2 * SY_LIVE_NAME_MAX + 2];
    enum sy_code code = read_object(live, object, &reading, &why);
    if (code == SY_OK) {
        pthread_mutex_lock(&live->lock);
        if (!put(live, &reading, read_us))
            code = sy_fail(&why, SY_ENOMEM, "out of memory");
        pthread_mutex_unlock(&live->lock);
    }
    sy_arena_reset(live->intake);
    if (code == SY_OK && reading.misnamed)
        sy_live_say_object(live, SY_LEVEL_WARN, "annotation " SY_NAMED_ANNOTATION " is too long",
                           "pod", called(&reading, name, sizeof name), NULL);
    if (code == SY_OK)
        return SY_OK;
    if (code == SY_ENOMEM)
        return sy_fail(err, code, "out of memory for the pod %s",
                       called(&reading, name, sizeof name));
    keep(live, &reading);
    return sy_live_refuse(live, SY_LIVE_PODS, called(&reading, name, sizeof name), &why);
}

enum sy_code sy_live_drop_pod(struct sy_live *live, const json_t *object, int64_t read_us,
                              struct sy_err *err)
{
    (void)err;
    const char *uid;
    struct sy_err why = {0};
    if (sy_live_meta(object, "uid", SY_LIVE_UID_MAX, &uid, &why) != SY_OK)
        return sy_live_refuse(live, SY_LIVE_PODS, "", &why);
    pthread_mutex_lock(&live->lock);
    struct live_pod *pod = sy_live_pod_find(live, uid);
    if (pod != NULL)
        sy_live_pod_drop(live, pod, read_us);
    pthread_mutex_unlock(&live->lock);
    return SY_OK;
}

/* --- Choices of ours that no watch has shown yet. */

static bool assume(struct sy_live *live, const struct sy_bind_args *args)
{
    struct live_pod *pod = sy_live_pod_find(live, args->uid);
    if (pod != NULL && pod->node != NULL && pod->assumed_until_us == 0)
        return true; /* the watch was faster */
    if (pod == NULL && live->nassumed >= SY_LIVE_ASSUMED_MAX)
        return false;
    struct live_node *node = sy_live_node_get(live, args->node);
    if (node != NULL && pod == NULL)
        pod = sy_live_pod_add(live, args->uid, args->namespace_, args->name);
    if (node == NULL || pod == NULL)
        return false;
    int64_t until_us = sy_live_steady_us(live) + SY_ASSUMED_S * SECOND_US;
    live->nassumed += pod->assumed_until_us == 0;
    pod->assumed_until_us = until_us;
    if (until_us < live->assumed_due_us)
        live->assumed_due_us = until_us;
    pod->scheduled_us = sy_live_unix_us(live);
    sy_live_pod_move(live, pod, node, sy_live_steady_us(live));
    return true;
}

bool sy_live_assume(struct sy_live *live, const struct sy_bind_args *args)
{
    pthread_mutex_lock(&live->lock);
    bool ok = assume(live, args);
    pthread_mutex_unlock(&live->lock);
    if (ok)
        sy_count(&live->options.metrics->assumed, 1);
    return ok;
}

void sy_live_forget(struct sy_live *live, const struct sy_bind_args *args)
{
    pthread_mutex_lock(&live->lock);
    struct live_pod *pod = sy_live_pod_find(live, args->uid);
    if (pod != NULL && pod->assumed_until_us != 0)
        sy_live_pod_release(live, pod);
    pthread_mutex_unlock(&live->lock);
}

static void ledger_assume(void *data, const struct sy_bind_args *args)
{
    (void)sy_live_assume(data, args);
}

static void ledger_forget(void *data, const struct sy_bind_args *args)
{
    sy_live_forget(data, args);
}

struct sy_bind_ledger sy_live_ledger(struct sy_live *live)
{
    return (struct sy_bind_ledger){.data = live, .assume = ledger_assume, .forget = ledger_forget};
}
