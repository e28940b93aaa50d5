/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of objects, listed and then watched for ever: one thread for all of them. Through
 * outages, expired versions and full servers the handler sees a consistent story: what is there,
 * what changed, what is gone; never a gap. */
#ifndef SY_BASE_KUBE_WATCH_H
#define SY_BASE_KUBE_WATCH_H

#include "base/kube/config.h"
#include "base/kube/extract.h"

#include <stdatomic.h>

/* What becomes of the objects of one collection; called in the watches' thread. `object` holds the
 * wanted fields, borrowed; metadata.name, .namespace, .uid and .resourceVersion are always among
 * them. `read_us`: CLOCK_MONOTONIC when the last byte of it was read. A failure (SY_ENOMEM) makes
 * the collection be listed anew. */
struct sy_kube_handler {
    /* A full listing begins: what is not put before `synced` is gone. */
    void (*begin)(void *data);
    enum sy_code (*put)(void *data, const json_t *object, int64_t read_us, struct sy_err *err);
    enum sy_code (*gone)(void *data, const json_t *object, int64_t read_us, struct sy_err *err);
    /* The listing is complete. */
    enum sy_code (*synced)(void *data, struct sy_err *err);
    /* Something for the log: an outage began, a list was refused, all is well again. */
    void (*note)(void *data, bool bad, const char *text);
    /* An object that cannot be taken: over a limit of extract.h, or no text. It is noted and
     * counted as well. `object` holds what was read before (NULL = nothing): mostly its metadata. A
     * watch leaves what was put before in place, a listing does not put it. NULL = nothing to do.
     */
    void (*refused)(void *data, const json_t *object, const char *why);
    void *data;
};

struct sy_kube_collection {
    const char *path;     /* "/apis/switchyard.dev/v1alpha1/nodefabrics" */
    const char *selector; /* query part, escaped: "fieldSelector=status.phase%21%3DFailed"; NULL */
    const struct sy_kube_field *fields; /* of one object */
    struct sy_kube_handler handler;
};

/* Counters and state of one collection; read by any thread. */
struct sy_kube_watch_stats {
    atomic_bool synced;        /* complete at least once */
    atomic_bool connected;     /* a watch (or list) is open now */
    _Atomic uint64_t lists;    /* listings begun, the first included */
    _Atomic uint64_t watches;  /* watches begun */
    _Atomic uint64_t events;   /* events read, bookmarks included */
    _Atomic uint64_t failures; /* requests that failed, or streams that broke */
    _Atomic uint64_t refused;  /* objects that could not be taken */
    _Atomic uint64_t bytes;
    _Atomic int64_t heard_us; /* CLOCK_MONOTONIC of the last sign of life of the server */
};

/* Objects of one listing: a cluster is made for 150,000 pods (Kubernetes, "Considerations for large
 * clusters"); a list that goes on for longer has no end. */
#define SY_KUBE_OBJECTS_MAX 1000000u

struct sy_kube_watch_options {
    const struct sy_kube_config *config; /* borrowed */
    const char *user_agent;
    unsigned page_size; /* of a paged list, 0 = 500 */
    unsigned timeout_s; /* a watch asks to be ended after this to twice this, 0 = 300 */
    unsigned silence_s; /* no byte for so long: the connection counts as dead, 0 = 90
                           (bookmarks come about every minute) */
    unsigned backoff_ms, backoff_max_ms; /* 0 = 800 and 30,000 (client-go's), with jitter */
    bool no_streaming_list;              /* page even where the server could stream */
    unsigned max_objects; /* of one listing, 0 = SY_KUBE_OBJECTS_MAX; and pages: as many as hold
                             these */
    uint64_t seed;        /* of the jitter */
};

struct sy_kube_watches;

/* SY_ENOMEM, SY_EIO, SY_ELIMIT (more than 16 collections). No thread yet. */
SY_NODISCARD enum sy_code sy_kube_watches_new(const struct sy_kube_watch_options *options,
                                              const struct sy_kube_collection *collections,
                                              size_t n, struct sy_kube_watches **ret,
                                              struct sy_err *err);
SY_NODISCARD enum sy_code sy_kube_watches_start(struct sy_kube_watches *watches,
                                                struct sy_err *err);
const struct sy_kube_watch_stats *sy_kube_watches_stats(const struct sy_kube_watches *watches,
                                                        size_t i);
void sy_kube_watches_free(struct sy_kube_watches *watches); /* stops the thread; takes NULL */

#endif
