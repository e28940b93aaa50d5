/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the service, and their text in Prometheus' exposition format 0.0.4. Every counter is
 * added to by any thread without a lock. */
#ifndef SY_EXTENDER_METRICS_H
#define SY_EXTENDER_METRICS_H

#include "base/str.h"
#include "extender/router.h"
#include "scoring/reason.h"

#include <stdatomic.h>

/* X(status): statuses counted one by one; others are "other" */
#define SY_STATUSES(X) X(200) X(400) X(404) X(405) X(413) X(500) X(503)
enum sy_status_index {
#define X(status) SY_STATUS_##status,
    SY_STATUSES(X)
#undef X
        SY_STATUS_OTHER,
    SY_STATUS_COUNT
};

/* X(upper bound in microseconds, the same in seconds) */
#define SY_BUCKETS(X)                                                                              \
    X(100, "0.0001")                                                                               \
    X(250, "0.00025")                                                                              \
    X(500, "0.0005")                                                                               \
    X(1000, "0.001")                                                                               \
    X(2000, "0.002")                                                                               \
    X(4000, "0.004")                                                                               \
    X(10000, "0.01")                                                                               \
    X(20000, "0.02")                                                                               \
    X(50000, "0.05")                                                                               \
    X(100000, "0.1")                                                                               \
    X(200000, "0.2")                                                                               \
    X(500000, "0.5")                                                                               \
    X(1000000, "1")                                                                                \
    X(2500000, "2.5")                                                                              \
    X(5000000, "5")
#define X(us, text) +1
enum { SY_BUCKET_COUNT = 0 SY_BUCKETS(X) };
#undef X

struct sy_histogram {
    _Atomic uint64_t bucket[SY_BUCKET_COUNT + 1]; /* the last: above all bounds */
    _Atomic uint64_t sum_us;
};

struct sy_metrics {
    struct sy_histogram duration[SY_ROUTE_COUNT];
    _Atomic uint64_t requests[SY_ROUTE_COUNT][SY_STATUS_COUNT];
    _Atomic uint64_t aborted; /* requests whose connection ended before the answer */
    _Atomic uint64_t bytes_in[SY_ROUTE_COUNT], bytes_out[SY_ROUTE_COUNT];
    _Atomic uint64_t verdicts[SY_ROUTE_COUNT][SY_REASON_COUNT];
    _Atomic uint64_t disagreements[SY_ROUTE_COUNT]; /* verdicts with `disagrees` */
    _Atomic uint64_t pairs_lost_thousandths, pairs_lost_calls;
    _Atomic uint64_t overdue; /* connections closed for not moving, or idle */
    _Atomic uint64_t feed_files_good, feed_files_bad; /* now */
    _Atomic uint64_t feed_refused;                    /* contents refused since start */
    _Atomic uint64_t feed_unreadable;                 /* 1 while the directory cannot be read */
    _Atomic uint64_t policy_taken, policy_refused;
    _Atomic uint64_t publish_failed;
};

/* Values that are read when the text is made. */
struct sy_gauges {
    bool ready;
    uint64_t generation, nodes, classes, devices;
    double snapshot_age_s; /* since it was published */
    uint64_t memo_hits, memo_misses, memo_entries;
    uint64_t log_dropped;
    uint64_t resident_bytes;
    double start_time_s; /* Unix time */
    const char *version;
};

void sy_metrics_request(struct sy_metrics *metrics, enum sy_route_id route, unsigned status,
                        uint64_t handler_us, uint64_t bytes_in, uint64_t bytes_out);
void sy_metrics_write(const struct sy_metrics *metrics, const struct sy_gauges *gauges,
                      struct sy_str *out);
/* A label's value, quotes included: backslash, quote and line end escaped. */
void sy_metrics_label(struct sy_str *out, const char *value);
/* HELP and TYPE. */
void sy_metrics_describe(struct sy_str *out, const char *name, const char *type, const char *help);
/* name{key="value"[,key2="value2"]} number; a key that is NULL is left out. */
void sy_metrics_sample(struct sy_str *out, const char *name, const char *key, const char *value,
                       const char *key2, const char *value2, uint64_t number);
/* Described, and without labels; the real one is a gauge. */
void sy_metrics_single(struct sy_str *out, const char *name, const char *type, const char *help,
                       uint64_t number);
void sy_metrics_real(struct sy_str *out, const char *name, const char *help, double number);
void sy_metrics_histogram(struct sy_str *out, const char *name, const char *help,
                          const struct sy_histogram *histogram);
void sy_histogram_add(struct sy_histogram *histogram, uint64_t us);

static inline void sy_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
static inline void sy_gauge(_Atomic uint64_t *gauge, uint64_t value)
{
    atomic_store_explicit(gauge, value, memory_order_relaxed);
}

#endif
