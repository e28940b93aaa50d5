/* SPDX-License-Identifier: Apache-2.0 */
/* What the live feed counts. Added to without a lock. */
#ifndef SY_EXTENDER_LIVE_LIVE_METRICS_H
#define SY_EXTENDER_LIVE_LIVE_METRICS_H

#include "extender/live/fields.h"
#include "extender/metrics.h"
#include "scoring/occupancy/occupancy.h"

#define SY_NODE_SERIES_MAX 200u /* nodes up to which each has a series of its own */

struct sy_live_metrics {
    struct sy_histogram lag; /* from the last byte of an object read to its node published */
    _Atomic uint64_t refused[SY_LIVE_COLLECTION_COUNT]; /* objects */
    _Atomic uint64_t predictions[SY_PREDICTION_COUNT];
    _Atomic uint64_t violated; /* pods whose devices do not meet what they require */
    _Atomic uint64_t unseen;   /* pods with a requirement that were bound while we were cut off */
    _Atomic uint64_t assumed, assumed_lapsed;
};

/* The tables, counted when the text is made. */
struct sy_live_stats {
    uint64_t nodes[SY_MODE_COUNT]; /* of the snapshot */
    uint64_t reports[SY_REPORT_AGE_COUNT], unreported;
    double oldest_s; /* age of the oldest report of a node */
    uint64_t pods[SY_COVER_COUNT], assumed, waiting;
    uint64_t fabrics, requests; /* different ones */
};

void sy_live_metrics_write(const struct sy_live_metrics *metrics, const struct sy_live_stats *stats,
                           struct sy_str *out);

#endif
