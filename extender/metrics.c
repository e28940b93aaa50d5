/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/metrics.h"

#include <stdio.h>

static const uint32_t bounds_us[SY_BUCKET_COUNT] = {
#define X(us, text) us,
    SY_BUCKETS(X)
#undef X
};
static const char *const bounds_text[SY_BUCKET_COUNT] = {
#define X(us, text) text,
    SY_BUCKETS(X)
#undef X
};

static enum sy_status_index status_index(unsigned status)
{
    switch (status) {
#define X(number)                                                                                  \
    case number:                                                                                   \
        return SY_STATUS_##number;
        SY_STATUSES(X)
#undef X
    default:
        return SY_STATUS_OTHER;
    }
}

void sy_histogram_add(struct sy_histogram *histogram, uint64_t us)
{
    size_t i = 0;
    while (i < SY_BUCKET_COUNT && us > bounds_us[i])
        i++;
    sy_count(&histogram->bucket[i], 1);
    sy_count(&histogram->sum_us, us);
}

void sy_metrics_request(struct sy_metrics *metrics, enum sy_route_id route, unsigned status,
                        uint64_t handler_us, uint64_t bytes_in, uint64_t bytes_out)
{
    sy_histogram_add(&metrics->duration[route], handler_us);
    sy_count(&metrics->requests[route][status_index(status)], 1);
    sy_count(&metrics->bytes_in[route], bytes_in);
    sy_count(&metrics->bytes_out[route], bytes_out);
}

void sy_metrics_label(struct sy_str *out, const char *value)
{
    sy_str_append_n(out, "\"", 1);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n')
            sy_str_append(out, "\\n");
        else if (*c == '"' || *c == '\\')
            sy_str_append_n(out, (char[]){'\\', *c}, 2);
        else
            sy_str_append_n(out, c, 1);
    }
    sy_str_append_n(out, "\"", 1);
}

void sy_metrics_describe(struct sy_str *out, const char *name, const char *type, const char *help)
{
    sy_str_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void sy_metrics_sample(struct sy_str *out, const char *name, const char *key, const char *value,
                       const char *key2, const char *value2, uint64_t number)
{
    sy_str_append(out, name);
    if (key != NULL) {
        sy_str_printf(out, "{%s=", key);
        sy_metrics_label(out, value);
        if (key2 != NULL) {
            sy_str_printf(out, ",%s=", key2);
            sy_metrics_label(out, value2);
        }
        sy_str_append_n(out, "}", 1);
    }
    sy_str_append_n(out, " ", 1);
    sy_str_append_u64(out, number);
    sy_str_append_n(out, "\n", 1);
}

void sy_metrics_single(struct sy_str *out, const char *name, const char *type, const char *help,
                       uint64_t number)
{
    sy_metrics_describe(out, name, type, help);
    sy_metrics_sample(out, name, NULL, NULL, NULL, NULL, number);
}

/* Prometheus reads a value as text for a float: no locale, six decimals. */
void sy_metrics_real(struct sy_str *out, const char *name, const char *help, double number)
{
    sy_metrics_describe(out, name, "gauge", help);
    int64_t micro = (int64_t)(number * 1e6);
    sy_str_printf(out, "%s %lld.%06lld\n", name, (long long)(micro / 1000000),
                  (long long)(micro % 1000000));
}

/* The samples of one histogram; `label` is `verb="filter"`, or "". */
static void write_histogram(struct sy_str *out, const char *name, const char *label,
                            const struct sy_histogram *histogram)
{
    bool has = label[0] != '\0';
    uint64_t total = 0;
    for (size_t i = 0; i <= SY_BUCKET_COUNT; i++) {
        total += atomic_load_explicit(&histogram->bucket[i], memory_order_relaxed);
        sy_str_printf(out, "%s_bucket{%s%sle=\"%s\"} %llu\n", name, label, has ? "," : "",
                      i < SY_BUCKET_COUNT ? bounds_text[i] : "+Inf", (unsigned long long)total);
    }
    uint64_t sum_us = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    const char *open = has ? "{" : "", *close = has ? "}" : "";
    sy_str_printf(out, "%s_sum%s%s%s %llu.%06llu\n", name, open, label, close,
                  (unsigned long long)(sum_us / 1000000), (unsigned long long)(sum_us % 1000000));
    sy_str_printf(out, "%s_count%s%s%s %llu\n", name, open, label, close,
                  (unsigned long long)total);
}

void sy_metrics_histogram(struct sy_str *out, const char *name, const char *help,
                          const struct sy_histogram *histogram)
{
    sy_metrics_describe(out, name, "histogram", help);
    write_histogram(out, name, "", histogram);
}

static void write_durations(const struct sy_metrics *metrics, struct sy_str *out)
{
    static const char name[] = "switchyard_request_duration_seconds";
    sy_metrics_describe(out, name, "histogram",
                        "Time from the complete request to the answer, by verb.");
    for (enum sy_route_id route = 0; route < SY_ROUTE_COUNT; route++) {
        char label[64];
        (void)snprintf(label, sizeof label, "verb=\"%s\"", sy_route_name(route));
        write_histogram(out, name, label, &metrics->duration[route]);
    }
}

static void write_requests(const struct sy_metrics *metrics, struct sy_str *out)
{
    static const char *const codes[SY_STATUS_COUNT] = {
#define X(status) #status,
        SY_STATUSES(X)
#undef X
            "other"};
    static const char requests[] = "switchyard_requests_total";
    sy_metrics_describe(out, requests, "counter", "Requests answered, by verb and HTTP status.");
    for (enum sy_route_id route = 0; route < SY_ROUTE_COUNT; route++)
        for (size_t i = 0; i < SY_STATUS_COUNT; i++) {
            uint64_t n = atomic_load_explicit(&metrics->requests[route][i], memory_order_relaxed);
            if (n > 0 || i == SY_STATUS_200)
                sy_metrics_sample(out, requests, "verb", sy_route_name(route), "code", codes[i], n);
        }
    static const char in[] = "switchyard_request_body_bytes_total";
    sy_metrics_describe(out, in, "counter", "Bytes of request bodies, by verb.");
    for (enum sy_route_id route = 0; route < SY_ROUTE_COUNT; route++)
        sy_metrics_sample(out, in, "verb", sy_route_name(route), NULL, NULL,
                          metrics->bytes_in[route]);
    static const char bytes_out[] = "switchyard_response_body_bytes_total";
    sy_metrics_describe(out, bytes_out, "counter", "Bytes of answers' bodies, by verb.");
    for (enum sy_route_id route = 0; route < SY_ROUTE_COUNT; route++)
        sy_metrics_sample(out, bytes_out, "verb", sy_route_name(route), NULL, NULL,
                          metrics->bytes_out[route]);
    sy_metrics_single(out, "switchyard_requests_aborted_total", "counter",
                      "Requests whose connection ended before their answer was sent.",
                      metrics->aborted);
    sy_metrics_single(out, "switchyard_connections_overdue_total", "counter",
                      "Connections closed because they did not move or were idle.",
                      metrics->overdue);
}

static void write_verdicts(const struct sy_metrics *metrics, struct sy_str *out)
{
    static const char name[] = "switchyard_verdicts_total";
    sy_metrics_describe(out, name, "counter", "Verdicts on nodes, by verb and reason.");
    for (enum sy_route_id route = SY_ROUTE_FILTER; route <= SY_ROUTE_PRIORITIZE; route++)
        for (enum sy_reason reason = 0; reason < SY_REASON_COUNT; reason++)
            sy_metrics_sample(out, name, "verb", sy_route_name(route), "reason",
                              sy_reason_name(reason), metrics->verdicts[route][reason]);
    static const char disagree[] = "switchyard_count_disagreements_total";
    sy_metrics_describe(out, disagree, "counter",
                        "Nodes that pass though our count contradicts kube-scheduler's, by verb.");
    for (enum sy_route_id route = SY_ROUTE_FILTER; route <= SY_ROUTE_PRIORITIZE; route++)
        sy_metrics_sample(out, disagree, "verb", sy_route_name(route), NULL, NULL,
                          metrics->disagreements[route]);
    static const char lost[] = "switchyard_score_pairs_lost_ratio";
    sy_metrics_describe(
        out, lost, "summary",
        "Share of node pairs with different scores that are equal in 0..10, by call.");
    uint64_t thousandths = metrics->pairs_lost_thousandths;
    sy_str_printf(out, "%s_sum %llu.%03llu\n", lost, (unsigned long long)(thousandths / 1000),
                  (unsigned long long)(thousandths % 1000));
    sy_str_printf(out, "%s_count %llu\n", lost, (unsigned long long)metrics->pairs_lost_calls);
}

static void write_feed(const struct sy_metrics *metrics, struct sy_str *out)
{
    static const char files[] = "switchyard_feed_files";
    sy_metrics_describe(out, files, "gauge", "Files of the feed, by what they are worth now.");
    sy_metrics_sample(out, files, "state", "good", NULL, NULL, metrics->feed_files_good);
    sy_metrics_sample(out, files, "state", "bad", NULL, NULL, metrics->feed_files_bad);
    sy_metrics_single(out, "switchyard_feed_refused_total", "counter",
                      "Contents of files refused since start.", metrics->feed_refused);
    sy_metrics_single(out, "switchyard_feed_unreadable", "gauge",
                      "1 while the feed cannot be read.", metrics->feed_unreadable);
    static const char reloads[] = "switchyard_policy_reloads_total";
    sy_metrics_describe(out, reloads, "counter",
                        "Contents of the policy file since start, by what became of them.");
    sy_metrics_sample(out, reloads, "result", "taken", NULL, NULL, metrics->policy_taken);
    sy_metrics_sample(out, reloads, "result", "refused", NULL, NULL, metrics->policy_refused);
    sy_metrics_single(out, "switchyard_publish_failed_total", "counter",
                      "Snapshots that could not be made; the one before stayed.",
                      metrics->publish_failed);
}

static void write_gauges(const struct sy_gauges *gauges, struct sy_str *out)
{
    sy_metrics_describe(out, "switchyard_build_info", "gauge",
                        "Always 1; the labels say what runs.");
    sy_metrics_sample(out, "switchyard_build_info", "version", gauges->version, NULL, NULL, 1);
    sy_metrics_single(out, "switchyard_ready", "gauge", "1 when a snapshot is loaded.",
                      gauges->ready);
    sy_metrics_single(out, "switchyard_snapshot_generation", "gauge",
                      "Number of the snapshot in use.", gauges->generation);
    sy_metrics_single(out, "switchyard_snapshot_nodes", "gauge", "Nodes of the snapshot.",
                      gauges->nodes);
    sy_metrics_single(out, "switchyard_snapshot_classes", "gauge",
                      "Nodes of the snapshot that differ for placement.", gauges->classes);
    sy_metrics_single(out, "switchyard_snapshot_devices", "gauge", "Devices of the snapshot.",
                      gauges->devices);
    sy_metrics_real(out, "switchyard_snapshot_age_seconds",
                    "Time since the snapshot was published.", gauges->snapshot_age_s);
    sy_metrics_single(out, "switchyard_memo_hits_total", "counter", "Placements found in memory.",
                      gauges->memo_hits);
    sy_metrics_single(out, "switchyard_memo_misses_total", "counter",
                      "Placements that had to be computed.", gauges->memo_misses);
    sy_metrics_single(out, "switchyard_memo_entries", "gauge", "Placements in memory.",
                      gauges->memo_entries);
    sy_metrics_single(out, "switchyard_log_dropped_total", "counter",
                      "Log lines dropped because nobody read them.", gauges->log_dropped);
    sy_metrics_single(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
                      gauges->resident_bytes);
    sy_metrics_real(out, "process_start_time_seconds", "Unix time of the start.",
                    gauges->start_time_s);
}

void sy_metrics_write(const struct sy_metrics *metrics, const struct sy_gauges *gauges,
                      struct sy_str *out)
{
    write_gauges(gauges, out);
    write_requests(metrics, out);
    write_durations(metrics, out);
    write_verdicts(metrics, out);
    write_feed(metrics, out);
}
