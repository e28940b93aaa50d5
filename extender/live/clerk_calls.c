/* SPDX-License-Identifier: Apache-2.0 */
/* The three things that the clerk writes: Lease, touch, event. */
#include "base/hash.h"
#include "base/time.h"
#include "extender/live/clerk_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MERGE_PATCH "application/merge-patch+json"
#define PATH_MAX_LEN 640
#define FIRST_LOOK_MS 2000u
#define EVENT_POD_MAX 230 /* bytes of the pod's name in the event's, of 253 */

enum sy_code sy_desk_call(const struct sy_clerk_desk *desk, const char *method, const char *path,
                          const char *type, json_t *body, unsigned *ret_status, json_t **body_ret,
                          struct sy_err *err)
{
    sy_autofree char *text = NULL;
    size_t len = 0;
    *ret_status = 0;
    enum sy_code code = SY_OK;
    if (body != NULL)
        code = sy_json_dump(body, false, &text, &len, err);
    json_decref(body);
    if (code != SY_OK)
        return code;
    struct sy_kube_call call = {.method = method,
                                .path = path,
                                .content_type = type,
                                .body = text,
                                .body_len = len,
                                .timeout_ms = SY_CLERK_CALL_MS};
    struct sy_kube_answer answer = {0};
    code = sy_kube_call(desk->client, &call, desk->stopping, &answer, err);
    if (code != SY_OK)
        return code;
    *ret_status = answer.status;
    if (answer.status >= 300)
        code = sy_fail(err, SY_EIO, "%s %s: %u %s", method, path, answer.status, answer.message);
    else if (body_ret != NULL)
        *body_ret = json_incref(answer.body);
    sy_kube_answer_clear(&answer);
    return code;
}

static enum sy_code no_memory(struct sy_err *err)
{
    return sy_fail(err, SY_ENOMEM, "out of memory for a request");
}

static json_t *lease_spec(const char *holder, int64_t unix_us, json_int_t transitions)
{
    char now[SY_TIME_TEXT];
    return json_pack("{s:s, s:i, s:s, s:s, s:I}", "holderIdentity", holder, "leaseDurationSeconds",
                     SY_LEASE_S, "acquireTime", sy_time_format(unix_us, now), "renewTime", now,
                     "leaseTransitions", transitions);
}

static json_t *lease_object(const struct sy_clerk_desk *desk, const char *version, json_t *spec)
{
    if (spec == NULL)
        return NULL;
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:s*}, s:o}", "apiVersion", "coordination.k8s.io/v1",
                     "kind", "Lease", "metadata", "name", SY_LEASE_NAME, "namespace",
                     desk->namespace_, "resourceVersion", version, "spec", spec);
}

static void lease_path(const struct sy_clerk_desk *desk, const char *name, char *buf, size_t size)
{
    (void)snprintf(buf, size, "/apis/coordination.k8s.io/v1/namespaces/%s/leases%s%s",
                   desk->namespace_, name[0] != '\0' ? "/" : "", name);
}

static enum sy_code lease_write(struct sy_lease *lease, const struct sy_clerk_desk *desk,
                                const char *version, const char *holder, json_int_t transitions,
                                int64_t mono_us, int64_t unix_us, struct sy_err *err)
{
    char path[PATH_MAX_LEN];
    unsigned status;
    lease_path(desk, version != NULL ? SY_LEASE_NAME : "", path, sizeof path);
    json_t *body = lease_object(desk, version, lease_spec(holder, unix_us, transitions));
    if (body == NULL)
        return no_memory(err);
    struct sy_err why = {0};
    enum sy_code code =
        sy_desk_call(desk, version != NULL ? "PUT" : "POST", path, NULL, body, &status, NULL, &why);
    if (code == SY_OK) {
        lease->leads = holder[0] != '\0';
        lease->renewed_at_us = mono_us;
        return SY_OK;
    }
    if (status == 409) { /* another replica was faster */
        lease->leads = false;
        return SY_OK;
    }
    return sy_fail(err, code, "%s", why.text);
}

/* What stands in a Lease that was read. */
struct lease_seen {
    const char *version, *holder, *renewed;
    json_int_t transitions;
};

static bool look_at(const json_t *object, struct lease_seen *ret)
{
    const json_t *spec = json_object_get(object, "spec");
    const char *holder = json_string_value(json_object_get(spec, "holderIdentity"));
    const char *renewed = json_string_value(json_object_get(spec, "renewTime"));
    ret->version =
        json_string_value(json_object_get(json_object_get(object, "metadata"), "resourceVersion"));
    ret->holder = holder != NULL ? holder : "";
    ret->renewed = renewed != NULL ? renewed : "";
    ret->transitions = json_integer_value(json_object_get(spec, "leaseTransitions"));
    return ret->version != NULL;
}

/* True when the Lease is ours to write. */
static bool may_take(struct sy_lease *lease, const struct sy_clerk_desk *desk,
                     const struct lease_seen *seen, int64_t mono_us)
{
    char now[sizeof lease->seen];
    if (seen->holder[0] == '\0' || strcmp(seen->holder, desk->identity) == 0)
        return true;
    (void)snprintf(now, sizeof now, "%.80s %.40s", seen->holder, seen->renewed);
    if (strcmp(now, lease->seen) != 0) {
        (void)snprintf(lease->seen, sizeof lease->seen, "%s", now);
        lease->changed_at_us = mono_us;
        return false;
    }
    return mono_us - lease->changed_at_us > (int64_t)SY_LEASE_S * 1000000;
}

enum sy_code sy_lease_step(struct sy_lease *lease, const struct sy_clerk_desk *desk,
                           int64_t mono_us, int64_t unix_us, struct sy_err *err)
{
    char path[PATH_MAX_LEN];
    unsigned status;
    sy_autojson json_t *object = NULL;
    struct lease_seen seen;
    struct sy_err why = {0};
    lease->renew_at_us = mono_us + (int64_t)SY_LEASE_RENEW_S * 1000000;
    lease_path(desk, SY_LEASE_NAME, path, sizeof path);
    enum sy_code code = sy_desk_call(desk, "GET", path, NULL, NULL, &status, &object, &why);
    if (code == SY_OK && !look_at(object, &seen))
        code = sy_fail(&why, SY_EPARSE, "GET %s: the answer is no Lease", path);
    if (code != SY_OK && status == 404)
        code = lease_write(lease, desk, NULL, desk->identity, 0, mono_us, unix_us, err);
    else if (code == SY_OK && may_take(lease, desk, &seen, mono_us))
        code = lease_write(lease, desk, seen.version, desk->identity,
                           seen.transitions + (strcmp(seen.holder, desk->identity) != 0), mono_us,
                           unix_us, err);
    else if (code == SY_OK)
        lease->leads = false;
    else
        code = sy_fail(err, code, "%s", why.text);
    /* Well before another replica may take it, one that cannot renew must stop to speak. */
    if (mono_us - lease->renewed_at_us > (int64_t)(SY_LEASE_S - SY_LEASE_RENEW_S) * 1000000)
        lease->leads = false;
    return code;
}

int64_t sy_lease_last_alive(const struct sy_clerk_desk *desk)
{
    char path[PATH_MAX_LEN];
    struct sy_kube_answer answer = {0};
    struct lease_seen seen;
    int64_t us = 0;
    lease_path(desk, SY_LEASE_NAME, path, sizeof path);
    const struct sy_kube_call call = {.method = "GET", .path = path, .timeout_ms = FIRST_LOOK_MS};
    if (sy_kube_call(desk->client, &call, NULL, &answer, NULL) == SY_OK && answer.status == 200 &&
        look_at(answer.body, &seen) && sy_time_parse(seen.renewed, &us, NULL) == SY_OK &&
        seen.holder[0] != '\0') /* one that was killed would have renewed it so much later */
        us += (int64_t)SY_LEASE_RENEW_S * 1000000;
    sy_kube_answer_clear(&answer);
    return us;
}

void sy_lease_release(struct sy_lease *lease, const struct sy_clerk_desk *desk, int64_t unix_us)
{
    char path[PATH_MAX_LEN];
    unsigned status;
    sy_autojson json_t *object = NULL;
    struct lease_seen seen;
    struct sy_err ignored = {0};
    if (!lease->leads)
        return;
    lease_path(desk, SY_LEASE_NAME, path, sizeof path);
    if (sy_desk_call(desk, "GET", path, NULL, NULL, &status, &object, &ignored) == SY_OK &&
        look_at(object, &seen) && strcmp(seen.holder, desk->identity) == 0)
        (void)lease_write(lease, desk, seen.version, "", seen.transitions, 0, unix_us, &ignored);
    lease->leads = false;
}

static json_t *touch_patch(int64_t unix_us)
{
    char now[SY_TIME_TEXT];
    return json_pack("{s:{s:{s:s}}}", "metadata", "annotations", SY_WAKE_ANNOTATION,
                     sy_time_format(unix_us, now));
}

/* The storage class does not exist: no volume is ever placed by this object. */
static json_t *new_capacity(const struct sy_clerk_desk *desk)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:s}", "apiVersion", "storage.k8s.io/v1", "kind",
                     "CSIStorageCapacity", "metadata", "name", SY_WAKE_NAME, "namespace",
                     desk->namespace_, "storageClassName", SY_WAKE_NAME);
}

static enum sy_code touch_capacity(const struct sy_clerk_desk *desk, int64_t unix_us,
                                   struct sy_err *err)
{
    char folder[PATH_MAX_LEN], path[PATH_MAX_LEN + sizeof SY_WAKE_NAME + 1];
    unsigned status;
    struct sy_err why = {0};
    (void)snprintf(folder, sizeof folder,
                   "/apis/storage.k8s.io/v1/namespaces/%s/csistoragecapacities", desk->namespace_);
    (void)snprintf(path, sizeof path, "%s/" SY_WAKE_NAME, folder);
    json_t *patch = touch_patch(unix_us);
    if (patch == NULL)
        return no_memory(err);
    enum sy_code code = sy_desk_call(desk, "PATCH", path, MERGE_PATCH, patch, &status, NULL, &why);
    if (code == SY_OK || status != 404)
        return code == SY_OK ? SY_OK : sy_fail(err, code, "%s", why.text);
    json_t *object = new_capacity(desk); /* that it is added wakes as well */
    if (object == NULL)
        return no_memory(err);
    return sy_desk_call(desk, "POST", folder, NULL, object, &status, NULL, err);
}

enum sy_code sy_wake_touch(const struct sy_clerk_desk *desk, enum sy_wake wake, const char *node,
                           int64_t unix_us, struct sy_err *err)
{
    char path[PATH_MAX_LEN];
    unsigned status;
    if (wake == SY_WAKE_CAPACITY)
        return touch_capacity(desk, unix_us, err);
    if (wake == SY_WAKE_OFF || node == NULL || node[0] == '\0')
        return SY_OK;
    (void)snprintf(path, sizeof path, "/api/v1/nodes/%s", node);
    json_t *patch = touch_patch(unix_us);
    if (patch == NULL)
        return no_memory(err);
    struct sy_err why = {0};
    enum sy_code code = sy_desk_call(desk, "PATCH", path, MERGE_PATCH, patch, &status, NULL, &why);
    if (status == 404) /* the node is gone, and that woke them */
        return SY_OK;
    return code == SY_OK ? SY_OK : sy_fail(err, code, "%s", why.text);
}

enum sy_code sy_event_write(const struct sy_clerk_desk *desk, const struct sy_event *event,
                            int64_t unix_us, struct sy_err *err)
{
    char path[PATH_MAX_LEN], now[SY_TIME_TEXT], name[254];
    unsigned status;
    struct sy_err why = {0};
    struct sy_digest what = sy_digest_begin();
    sy_digest_str(&what, event->uid);
    sy_digest_str(&what, event->reason);
    int len = (int)strnlen(event->name, EVENT_POD_MAX);
    while (len > 0 && (event->name[len - 1] == '-' || event->name[len - 1] == '.'))
        len--; /* where a long name was cut */
    (void)snprintf(name, sizeof name, "%.*s.%016" PRIx64, len, event->name, what.hi ^ what.lo);
    (void)snprintf(path, sizeof path, "/api/v1/namespaces/%s/events", event->namespace_);
    (void)sy_time_format(unix_us, now);
    json_t *body = json_pack(
        "{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}, s:s, s:s, s:s, s:{s:s}, s:s, s:s, "
        "s:i, s:s, s:s}",
        "apiVersion", "v1", "kind", "Event", "metadata", "name", name, "namespace",
        event->namespace_, "involvedObject", "apiVersion", "v1", "kind", "Pod", "namespace",
        event->namespace_, "name", event->name, "uid", event->uid, "reason", event->reason,
        "message", event->note, "type", "Warning", "source", "component", "switchyard-extender",
        "firstTimestamp", now, "lastTimestamp", now, "count", 1, "reportingComponent",
        "switchyard.dev/extender", "reportingInstance", desk->identity);
    if (body == NULL)
        return no_memory(err);
    enum sy_code code = sy_desk_call(desk, "POST", path, NULL, body, &status, NULL, &why);
    if (status == 409) /* said before a restart, or by another replica */
        return SY_OK;
    return code == SY_OK ? SY_OK : sy_fail(err, code, "%s", why.text);
}
