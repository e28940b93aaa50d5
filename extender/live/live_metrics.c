/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/live/live_metrics.h"

static void write_counters(const struct sy_live_metrics *metrics, struct sy_str *out)
{
    static const char *const predictions[] = {
#define X(id, name) name,
        SY_PREDICTIONS(X)
#undef X
    };
    static const char name[] = "switchyard_prediction_total";
    sy_metrics_describe(out, name, "counter",
                        "Predicted sets beside what the kubelet then gave, by result.");
    for (unsigned i = 0; i < SY_PREDICTION_COUNT; i++)
        sy_metrics_sample(out, name, "result", predictions[i], NULL, NULL, metrics->predictions[i]);
    static const char refused[] = "switchyard_objects_refused_total";
    sy_metrics_describe(out, refused, "counter",
                        "Objects that could not be read; the last good one stayed.");
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        sy_metrics_sample(out, refused, "collection", sy_live_collection_name(i), NULL, NULL,
                          metrics->refused[i]);
    sy_metrics_single(out, "switchyard_require_violated_total", "counter",
                      "Pods whose devices do not meet what they require.", metrics->violated);
    sy_metrics_single(out, "switchyard_bound_unseen_total", "counter",
                      "Pods with a requirement bound while the API server could not be heard.",
                      metrics->unseen);
    sy_metrics_single(out, "switchyard_assumed_total", "counter",
                      "Choices recorded before the API server had them.", metrics->assumed);
    sy_metrics_single(out, "switchyard_assumed_lapsed_total", "counter",
                      "Of these, choices that no watch confirmed in time.",
                      metrics->assumed_lapsed);
}

static void write_tables(const struct sy_live_stats *stats, struct sy_str *out)
{
    static const char *const ages[] = {
#define X(id, name) name,
        SY_REPORT_AGES(X)
#undef X
    };
    static const char *const covers[] = {
#define X(id, name) name,
        SY_COVERS(X)
#undef X
    };
    static const char nodes[] = "switchyard_nodes", reports[] = "switchyard_reports";
    static const char pods[] = "switchyard_pods_charged";
    sy_metrics_describe(out, nodes, "gauge", "Nodes of the ledger, by mode of knowledge.");
    for (unsigned i = 0; i < SY_MODE_COUNT; i++)
        sy_metrics_sample(out, nodes, "mode", sy_mode_name((enum sy_mode)i), NULL, NULL,
                          stats->nodes[i]);
    sy_metrics_describe(out, reports, "gauge", "Nodes by the age of their report.");
    for (unsigned i = 0; i < SY_REPORT_AGE_COUNT; i++)
        sy_metrics_sample(out, reports, "age", ages[i], NULL, NULL, stats->reports[i]);
    sy_metrics_sample(out, reports, "age", "none", NULL, NULL, stats->unreported);
    sy_metrics_real(out, "switchyard_report_age_seconds", "Age of the oldest report of a node.",
                    stats->oldest_s);
    sy_metrics_describe(out, pods, "gauge",
                        "Bound pods that ask for devices, by how it is known what they hold.");
    for (unsigned i = 0; i < SY_COVER_COUNT; i++)
        sy_metrics_sample(out, pods, "cover", covers[i], NULL, NULL, stats->pods[i]);
    sy_metrics_single(out, "switchyard_pods_waiting", "gauge",
                      "Pods that ask for devices and are bound nowhere.", stats->waiting);
    sy_metrics_single(out, "switchyard_pods_assumed", "gauge",
                      "Choices that no watch has confirmed yet.", stats->assumed);
    sy_metrics_single(out, "switchyard_fabrics", "gauge", "Different inventories in memory.",
                      stats->fabrics);
}

void sy_live_metrics_write(const struct sy_live_metrics *metrics, const struct sy_live_stats *stats,
                           struct sy_str *out)
{
    sy_metrics_histogram(out, "switchyard_watch_lag_seconds",
                         "From the last byte of an object read to its node in the snapshot.",
                         &metrics->lag);
    write_counters(metrics, out);
    write_tables(stats, out);
}
