/* SPDX-License-Identifier: Apache-2.0 */
/* One collection's way through listings, watches and failures. Driven by watch.c, in its thread. */
#ifndef SY_BASE_KUBE_WATCH_PRIVATE_H
#define SY_BASE_KUBE_WATCH_PRIVATE_H

#include "base/arena.h"
#include "base/kube/http.h"
#include "base/kube/watch.h"
#include "base/str.h"

#define SY_KUBE_VERSION_MAX 256u   /* bytes of a resourceVersion: a number of 20 digits at most */
#define SY_KUBE_CONTINUE_MAX 4096u /* bytes of a continue token: some hundred */

enum sy_stream_phase {
    SY_STREAM_LIST, /* the server streams the list, and goes on as a watch */
    SY_STREAM_PAGES,
    SY_STREAM_WATCH
};

/* How the request under way is to end, decided while its bytes come. */
enum sy_stream_fate {
    SY_FATE_NONE,    /* as the connection says */
    SY_FATE_FAILED,  /* try again after a while */
    SY_FATE_LIST,    /* what the handler holds is not to be trusted: list anew after a while */
    SY_FATE_EXPIRED, /* the version is too old: list anew */
    SY_FATE_PAGES    /* the server does not stream lists */
};

struct sy_stream {
    const struct sy_kube_watch_options *options;
    struct sy_kube_collection collection;
    struct sy_kube_watch_stats stats;
    struct sy_kube_login *login;
    struct sy_arena *arena; /* of the lists of fields */
    struct sy_kube_http_transfer *transfer;
    struct sy_kube_extract *events, *page;

    enum sy_stream_phase phase;
    bool running;
    int64_t due_us; /* when not running: start then */
    char version[SY_KUBE_VERSION_MAX];
    char next[SY_KUBE_CONTINUE_MAX]; /* continue; "" = the first page, or no more */
    bool begun;                      /* the handler knows of the listing */
    bool no_streaming;               /* the server cannot stream lists */
    bool paged, unpaged;             /* this listing: not streamed; in one page */
    uint64_t objects, pages;         /* of this listing, so far */

    /* The request under way. */
    int64_t began_us, heard_us;
    bool answered; /* a status of success came */
    bool told;     /* it is a watch, and an event that we know came */
    enum sy_stream_fate fate;
    unsigned retry_ms;
    char why[320];
    struct sy_str refusal; /* body of an answer that is no success */

    /* What went before. */
    unsigned attempt, refusals;
    bool fresh, token_tried, bad;
    bool brief;                   /* the last watch ended at once, and it was said */
    bool expired;                 /* the last failure was a version too old */
    unsigned status, said_status; /* of the last answer (0 = none), and of the last failure noted:
                                     another one is no repetition */
    int64_t noted_us;
    uint64_t unnoted, random;
};

/* SY_ENOMEM. The login is shared by the streams of a thread. */
SY_NODISCARD enum sy_code sy_stream_init(struct sy_stream *stream,
                                         const struct sy_kube_watch_options *options,
                                         const struct sy_kube_collection *collection,
                                         struct sy_kube_login *login, struct sy_kube_http *http,
                                         uint64_t seed, struct sy_err *err);
void sy_stream_done(struct sy_stream *stream);
/* Start what is due, give up what is silent. Returns when it wants to be called again. */
int64_t sy_stream_step(struct sy_stream *stream, int64_t now_us);
void sy_stream_ended(struct sy_stream *stream, const struct sy_kube_http_result *result,
                     int64_t now_us);

/* stream_event.c: the readers of events and of pages. */
SY_NODISCARD enum sy_code sy_stream_readers(struct sy_stream *stream, struct sy_err *err);
/* The request is to end so, and why; returns SY_EIO for the reader. The first one counts. */
enum sy_code sy_stream_fate(struct sy_stream *stream, enum sy_stream_fate fate, struct sy_err *err,
                            const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The listing is complete, at `version`. */
SY_NODISCARD enum sy_code sy_stream_listed(struct sy_stream *stream, const char *version,
                                           struct sy_err *err);
/* Tell the handler: at once, or (`rarely`) at most every ten seconds. */
void sy_stream_note(struct sy_stream *stream, bool bad, bool rarely, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
