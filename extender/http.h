/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: routes by the table, collects bodies within limits, answers with an exact
 * Content-Length, ends what does not move. The only pair of files that knows libmicrohttpd. One
 * struct sy_http is one listener with its own threads. */
#ifndef SY_EXTENDER_HTTP_H
#define SY_EXTENDER_HTTP_H

#include "extender/router.h"

/* How the listener will speak TLS; text in PEM. None is served yet: give NULL. */
struct sy_http_tls {
    const char *certificate, *key;
    const char *client_ca; /* clients must show a certificate of this authority */
};

/* A finished request, for log and metrics. */
struct sy_http_record {
    uint64_t id;
    enum sy_listener listener;
    const struct sy_route *route; /* NULL = none */
    const char *method, *path;
    unsigned status;               /* 0 = no answer was sent */
    bool aborted;                  /* the connection ended first */
    uint64_t handler_us, total_us; /* total: from head to the last byte sent */
    uint64_t bytes_in, bytes_out;
    const struct sy_note *note; /* NULL = no handler ran */
};

/* Called from the listener's threads. */
struct sy_http_service {
    void *data;
    void (*serve)(void *data, const struct sy_route *route, const char *body, size_t len,
                  struct sy_reply *reply);
    void (*done)(void *data, const struct sy_http_record *record);
    void (*overdue)(void *data); /* a connection was closed for not moving, or being idle */
};

struct sy_http_options {
    int socket; /* listening, non-blocking; taken over, also on failure */
    enum sy_listener listener;
    unsigned threads, connections;
    unsigned idle_s;  /* between two requests of a connection */
    unsigned stall_s; /* within a request: without a byte */
    const struct sy_http_tls *tls;
    struct sy_http_service service;
};

struct sy_http;

/* SY_EIO, SY_ENOMEM, SY_EUNSUPPORTED (TLS). */
SY_NODISCARD enum sy_code sy_http_start(const struct sy_http_options *options, struct sy_http **ret,
                                        struct sy_err *err);
/* Close connections that are overdue, and idle ones when somebody waits for a place. To be called a
 * few times a second by one thread; when it returns true, again soon. */
bool sy_http_sweep(struct sy_http *http);
/* Accept no more; answers from now on close their connection. */
void sy_http_quiesce(struct sy_http *http);
unsigned sy_http_busy(const struct sy_http *http); /* requests under way */
void sy_http_free(struct sy_http *http);           /* stops it; takes NULL */

#endif
