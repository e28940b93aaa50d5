/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/extender_live/living.h"

#include "base/json.h"
#include "base/time.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int64_t steady_us(void *data)
{
    return ((struct living *)data)->steady_us;
}

static int64_t unix_us(void *data)
{
    return ((struct living *)data)->unix_us;
}

static struct sy_policy *policy_of(void *data)
{
    return sy_policy_ref(((struct living *)data)->policy);
}

static void wake(void *data, enum sy_wake_why why, const char *node)
{
    (void)node;
    ((struct living *)data)->wakes[why]++;
}

static void wake_at(void *data, int64_t at_us)
{
    ((struct living *)data)->wake_at_us = at_us;
}

static void event(void *data, const struct sy_clerk_event *told)
{
    struct living *l = data;
    l->events++;
    (void)snprintf(l->reason, sizeof l->reason, "%s", told->reason);
    (void)snprintf(l->note, sizeof l->note, "%s", told->note);
}

void living_open(struct living *l)
{
    struct sy_err err = {0};
    memset(l, 0, sizeof *l);
    l->steady_us = 1000 * SECONDS;
    l->unix_us = LIVING_START_S * SECONDS;
    ck_assert_msg(sy_catalogue_load(NULL, 0, &l->catalogue, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_policy_load(NULL, &l->policy, &err) == SY_OK, "%s", err.text);
    const struct sy_live_options options = {
        .catalogue = l->catalogue,
        .policy = policy_of,
        .policy_data = l,
        .clock = {.steady_us = steady_us, .unix_us = unix_us, .data = l},
        .out = {.data = l, .wake = wake, .wake_at = wake_at, .event = event},
        .metrics = &l->metrics};
    ck_assert_msg(sy_live_new(&options, &l->live, &err) == SY_OK, "%s", err.text);
}

void living_close(struct living *l)
{
    sy_live_free(l->live);
    sy_policy_unref(l->policy);
    sy_catalogue_unref(l->catalogue);
}

void living_pass(struct living *l, int64_t us)
{
    l->steady_us += us;
    l->unix_us += us;
}

void living_begin(struct living *l, enum sy_live_collection collection)
{
    struct sy_kube_handler handler = sy_live_handler(l->live, collection);
    handler.begin(handler.data);
}

void living_synced(struct living *l, enum sy_live_collection collection)
{
    struct sy_kube_handler handler = sy_live_handler(l->live, collection);
    ck_assert_int_eq(handler.synced(handler.data, NULL), SY_OK);
}

void living_sync_empty(struct living *l)
{
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++) {
        living_begin(l, i);
        living_synced(l, i);
    }
}

static json_t *parse(const char *json)
{
    json_error_t at;
    json_t *object = json_loads(json, 0, &at);
    ck_assert_msg(object != NULL, "%s in %s", at.text, json);
    return object;
}

enum sy_code living_try(struct living *l, enum sy_live_collection collection, const char *json,
                        struct sy_err *err)
{
    struct sy_kube_handler handler = sy_live_handler(l->live, collection);
    sy_autojson json_t *object = parse(json);
    return handler.put(handler.data, object, l->steady_us, err);
}

void living_put(struct living *l, enum sy_live_collection collection, const char *json)
{
    struct sy_err err = {0};
    ck_assert_msg(living_try(l, collection, json, &err) == SY_OK, "%s", err.text);
    ck_assert_str_eq(err.text, "");
}

void living_gone(struct living *l, enum sy_live_collection collection, const char *json)
{
    struct sy_err err = {0};
    struct sy_kube_handler handler = sy_live_handler(l->live, collection);
    sy_autojson json_t *object = parse(json);
    ck_assert_int_eq(handler.gone(handler.data, object, l->steady_us, &err), SY_OK);
    ck_assert_str_eq(err.text, "");
}

static const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *fmt, ...)
{
    static char texts[16][32768];
    static unsigned next;
    char *buf = texts[next++ % 16];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(buf, sizeof texts[0], fmt, args);
    va_end(args);
    ck_assert(len >= 0 && (size_t)len < sizeof texts[0]);
    return buf;
}

const char *living_node_object(const char *name, const char *annotations)
{
    return text("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"zone\":\"z\",\"host\":\"%s\"},"
                "\"annotations\":{%s}}}",
                name, name, annotations != NULL ? annotations : "");
}

static const char *spec(void)
{
    static char *kept;
    if (kept != NULL)
        return kept;
    json_error_t at;
    sy_autojson json_t *root = json_load_file(SY_SOURCE_DIR "/tests/service/node.json", 0, &at);
    ck_assert_msg(root != NULL, "%s", at.text);
    static char room[16384];
    size_t len = json_dumpb(json_object_get(root, "spec"), room, sizeof room - 1, JSON_COMPACT);
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_lt(len, sizeof room);
    kept = room;
    return kept;
}

const char *living_fabric(const char *name, const char *status)
{
    return text("{\"metadata\":{\"name\":\"%s\",\"uid\":\"f-%s\"},\"spec\":%s%s%s}", name, name,
                spec(), status != NULL ? ",\"status\":" : "", status != NULL ? status : "");
}

const char *living_status(const struct living *l, const char *devices)
{
    char time[SY_TIME_TEXT];
    return text("{\"mode\":\"exact\",\"observedTime\":\"%s\",\"devices\":[%s]}",
                sy_time_format(l->unix_us, time), devices);
}

const char *living_pod_object(const struct living_pod *pod)
{
    char created[SY_TIME_TEXT], scheduled[SY_TIME_TEXT];
    const char *phase = pod->phase != NULL ? pod->phase : pod->node != NULL ? "Running" : "Pending";
    return text("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\",\"uid\":\"%s\","
                "\"creationTimestamp\":\"%s\",\"annotations\":{%s}},\"spec\":{%s%s%s"
                "\"containers\":[{\"name\":\"c\",\"resources\":{\"limits\":{%s}}}]},"
                "\"status\":{\"phase\":\"%s\",\"conditions\":[{\"type\":\"PodScheduled\","
                "\"status\":\"%s\",\"lastTransitionTime\":\"%s\"}]}}",
                pod->name, pod->uid, sy_time_format(LIVING_START_S * SECONDS, created),
                pod->annotations != NULL ? pod->annotations : "",
                pod->node != NULL ? "\"nodeName\":\"" : "", pod->node != NULL ? pod->node : "",
                pod->node != NULL ? "\"," : "", pod->limits, phase,
                pod->node != NULL ? "True" : "False",
                sy_time_format((LIVING_START_S + pod->scheduled_s) * SECONDS, scheduled));
}

void living_look(struct living *l, bool all)
{
    struct sy_err err = {0};
    struct sy_feed *feed = sy_live_feed(l->live);
    (void)feed->ops->drain(feed);
    ck_assert_msg(feed->ops->look(feed, all, &l->looked, &err) == SY_OK, "%s", err.text);
}

const struct sy_node *living_node(struct living *l, const char *name)
{
    struct sy_err err = {0};
    struct sy_feed *feed = sy_live_feed(l->live);
    struct sy_node **node;
    size_t n;
    ck_assert_int_eq(feed->ops->nodes(feed, &node, &n, &err), SY_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(sy_node_check(node[i], &err) == SY_OK, "%s", err.text);
        if (strcmp(node[i]->name, name) == 0)
            return node[i];
    }
    return NULL;
}

unsigned living_free(struct living *l, const char *name)
{
    const struct sy_node *node = living_node(l, name);
    ck_assert_ptr_nonnull(node);
    return sy_devset_count(&node->usage->free);
}

bool living_is_free(struct living *l, const char *name, const char *pci)
{
    const struct sy_node *node = living_node(l, name);
    struct sy_pci_addr addr;
    ck_assert_ptr_nonnull(node);
    ck_assert_int_eq(sy_pci_addr_parse(pci, &addr, NULL), SY_OK);
    int unit = sy_fabric_unit_find(node->fabric, addr, 0);
    ck_assert_int_ge(unit, 0);
    return sy_devset_has(&node->usage->free, (unsigned)unit);
}

bool living_ledger_has(struct living *l, const char *name, const char *wanted)
{
    struct sy_err err = {0};
    sy_autojson json_t *ledger = NULL;
    sy_autofree char *dumped = NULL;
    size_t len;
    ck_assert_int_eq(sy_live_explain(l->live, name, &ledger, &err), SY_OK);
    ck_assert_ptr_nonnull(ledger);
    ck_assert_int_eq(sy_json_dump(ledger, false, &dumped, &len, &err), SY_OK);
    return strstr(dumped, wanted) != NULL;
}
