/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger shows: of one node to people, of all to monitoring. */
#include "extender/live/live_private.h"

#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cover_names[] = {
#define X(id, name) name,
    SY_COVERS(X)
#undef X
};
static const char *const age_names[] = {
#define X(id, name) name,
    SY_REPORT_AGES(X)
#undef X
};
static const char *const prediction_names[] = {
#define X(id, name) name,
    SY_PREDICTIONS(X)
#undef X
};

/* The reference goes over; memory is watched by the caller. */
static void put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static json_t *report_json(const struct sy_live *live, const struct live_node *node)
{
    int64_t age_us, due_us;
    char text[SY_TIME_TEXT];
    if (node->report == NULL)
        return json_null();
    enum sy_report_age age =
        sy_live_age(live, node, sy_live_steady_us(live), sy_live_unix_us(live), &age_us, &due_us);
    json_t *report = json_object();
    put(report, "age", json_string(age_names[age]));
    int64_t age_ms = age_us / 1000;
    put(report, "seconds", json_real((double)age_ms / 1000));
    put(report, "observedTime",
        node->observed_us > 0 ? json_string(sy_time_format(node->observed_us, text)) : json_null());
    put(report, "deleted", json_boolean(!node->has_object));
    put(report, "refused", json_boolean(!sy_digest_equal(node->refused, (struct sy_digest){0})));
    return report;
}

static json_t *units_json(const struct sy_fabric *fabric, const struct sy_devset *units)
{
    json_t *array = json_array();
    SY_DEVSET_EACH(u, units)
    {
        char addr[SY_PCI_ADDR_TEXT], text[SY_PCI_ADDR_TEXT + 8];
        const struct sy_unit *unit = &fabric->unit[u];
        (void)sy_pci_addr_format(unit->addr, addr);
        if (unit->index != 0)
            (void)snprintf(text, sizeof text, "%s/%u", addr, (unsigned)unit->index);
        else
            (void)snprintf(text, sizeof text, "%s", addr);
        (void)json_array_append_new(array, json_string(text));
    }
    return array;
}

static json_t *pod_json(const struct live_node *node, const struct live_pod *pod)
{
    json_t *one = json_object();
    put(one, "namespace", json_string(pod->namespace_));
    put(one, "name", json_string(pod->name));
    put(one, "uid", json_string(pod->uid));
    put(one, "assumed", json_boolean(pod->assumed_until_us != 0));
    put(one, "cover", pod->looked ? json_string(cover_names[pod->cover]) : json_null());
    put(one, "devices",
        pod->looked && node->built != NULL ? units_json(node->built->fabric, &pod->units)
                                           : json_array());
    return one;
}

static int pod_cmp(const void *left, const void *right)
{
    const struct live_pod *a = *(const struct live_pod *const *)left;
    const struct live_pod *b = *(const struct live_pod *const *)right;
    if (a->scheduled_us != b->scheduled_us)
        return a->scheduled_us < b->scheduled_us ? -1 : 1;
    return strcmp(a->uid, b->uid);
}

/* In the order in which they are charged, so that every replica shows the same text. */
static json_t *pods_json(const struct live_node *node)
{
    json_t *array = json_array();
    size_t n = 0;
    sy_autofree const struct live_pod **all =
        sy_calloc(node->npod + 1, sizeof(const struct live_pod *));
    for (const struct live_pod *pod = node->pod; all != NULL && pod != NULL; pod = pod->next)
        all[n++] = pod;
    if (n > 0)
        qsort(all, n, sizeof *all, pod_cmp);
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(array, pod_json(node, all[i]));
    return array;
}

static json_t *node_json(const struct sy_live *live, const struct live_node *node)
{
    json_t *object = json_object(), *predictions = json_object();
    put(object, "report", report_json(live, node));
    put(object, "pods", pods_json(node));
    for (unsigned i = 0; i < SY_PREDICTION_COUNT; i++)
        put(predictions, prediction_names[i], json_integer(node->predictions[i]));
    put(object, "predictions", predictions);
    return object;
}

enum sy_code sy_live_explain(struct sy_live *live, const char *name, json_t **ret,
                             struct sy_err *err)
{
    json_t *object = NULL;
    pthread_mutex_lock(&live->lock);
    sy_mem_watch_begin();
    const struct live_node *node = sy_live_node_find(live, name);
    if (node != NULL)
        object = node_json(live, node);
    bool failed = sy_mem_watch_end();
    pthread_mutex_unlock(&live->lock);
    if (failed) {
        json_decref(object);
        return sy_fail(err, SY_ENOMEM, "out of memory while explaining");
    }
    *ret = object;
    return SY_OK;
}

static void count_nodes(const struct sy_live *live, struct sy_live_stats *stats)
{
    int64_t steady_us = sy_live_steady_us(live), unix_us = sy_live_unix_us(live), age_us, due_us;
    for (size_t i = 0; i < live->nodes.size; i++) {
        const struct live_node *node = live->nodes.slot[i].record;
        if (node == NULL || node->built == NULL)
            continue;
        stats->nodes[node->built->usage->mode]++;
        if (node->report == NULL) {
            stats->unreported++;
            continue;
        }
        stats->reports[sy_live_age(live, node, steady_us, unix_us, &age_us, &due_us)]++;
        if ((double)age_us / 1e6 > stats->oldest_s)
            stats->oldest_s = (double)age_us / 1e6;
    }
}

static void count_pods(const struct sy_live *live, struct sy_live_stats *stats)
{
    for (size_t i = 0; i < live->pods.size; i++) {
        const struct live_pod *pod = live->pods.slot[i].record;
        if (pod != NULL && pod->node != NULL && pod->looked)
            stats->pods[pod->cover]++;
    }
    stats->assumed = live->nassumed;
    stats->waiting = live->nwaiting;
}

/* One series for each node, while they are few. */
static void write_nodes(const struct sy_live *live, struct sy_str *out)
{
    static const char name[] = "switchyard_node_report_age_seconds";
    int64_t steady_us = sy_live_steady_us(live), unix_us = sy_live_unix_us(live), age_us, due_us;
    if (live->nodes.n > SY_NODE_SERIES_MAX)
        return;
    sy_metrics_describe(out, name, "gauge",
                        "Age of the node's report; only while there are few nodes.");
    for (size_t i = 0; i < live->nodes.size; i++) {
        const struct live_node *node = live->nodes.slot[i].record;
        if (node == NULL || node->built == NULL || node->report == NULL)
            continue;
        (void)sy_live_age(live, node, steady_us, unix_us, &age_us, &due_us);
        sy_str_printf(out, "%s{node=", name);
        sy_metrics_label(out, node->name);
        sy_str_printf(out, "} %lld.%03lld\n", (long long)(age_us / 1000000),
                      (long long)(age_us / 1000 % 1000));
    }
}

static void write_watches(const struct sy_live *live, struct sy_str *out)
{
#define EACH_COUNTER(X)                                                                            \
    X(lists, "switchyard_watch_lists_total", "counter", "Listings begun, by collection.")          \
    X(watches, "switchyard_watch_watches_total", "counter", "Watches begun, by collection.")       \
    X(events, "switchyard_watch_events_total", "counter", "Events read, bookmarks included.")      \
    X(failures, "switchyard_watch_failures_total", "counter", "Requests failed, streams broken.")  \
    X(bytes, "switchyard_watch_bytes_total", "counter", "Bytes read, by collection.")              \
    X(connected, "switchyard_watch_connected", "gauge", "1 while a watch or a list is open.")
#define X(field, name, type, help)                                                                 \
    sy_metrics_describe(out, name, type, help);                                                    \
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)                         \
        if (live->watched[i] != NULL)                                                              \
            sy_metrics_sample(out, name, "collection", sy_live_collection_name(i), NULL, NULL,     \
                              (uint64_t)live->watched[i]->field);
    EACH_COUNTER(X)
#undef X
#undef EACH_COUNTER
}

void sy_live_write_metrics(struct sy_live *live, struct sy_str *out)
{
    struct sy_live_stats stats = {0};
    pthread_mutex_lock(&live->lock);
    count_nodes(live, &stats);
    count_pods(live, &stats);
    stats.fabrics = live->fabrics.n;
    stats.requests = live->requests.n;
    write_nodes(live, out);
    pthread_mutex_unlock(&live->lock);
    write_watches(live, out);
    sy_live_metrics_write(live->options.metrics, &stats, out);
}
