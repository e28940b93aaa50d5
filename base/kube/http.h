/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to an API server through libcurl, many at a time in one thread. HTTP/1.1, a connection
 * for each request under way: one that breaks or hangs takes no other with it. Redirects are not
 * followed, and no proxy is used but the kubeconfig's. */
#ifndef SY_BASE_KUBE_HTTP_H
#define SY_BASE_KUBE_HTTP_H

#include "base/kube/config_private.h"

struct sy_kube_http;          /* of one thread */
struct sy_kube_http_transfer; /* one request after the other */

struct sy_kube_http_request {
    const struct sy_kube_config *config;
    const char *token;  /* NULL = none */
    const char *method; /* "GET" … */
    const char *path;   /* with the query, from the root of the server's URL */
    const char *user_agent, *content_type;
    const char *body; /* NULL = none; borrowed until the end, like all that is named here */
    size_t body_len;
    unsigned timeout_ms; /* of the whole request, 0 = none */
    bool fresh;          /* over a new connection */
    bool gzip;           /* the answer may come compressed */
    /* Bytes of the body as they come. False breaks the request off. */
    bool (*take)(void *data, const char *bytes, size_t len);
    void *data;
};

struct sy_kube_http_result {
    unsigned status; /* 0 = no answer came */
    unsigned retry_after_ms;
    bool whole;         /* the answer came to its proper end */
    bool broken_off;    /* `take` returned false */
    char why[256 + 64]; /* when not whole: "HOST:PORT: what went wrong", printable */
};

/* SY_ENOMEM, SY_EIO. */
SY_NODISCARD enum sy_code sy_kube_http_new(struct sy_kube_http **ret, struct sy_err *err);
void sy_kube_http_free(struct sy_kube_http *http); /* takes NULL; its transfers must be gone */
SY_NODISCARD enum sy_code sy_kube_http_transfer_new(struct sy_kube_http *http, void *owner,
                                                    struct sy_kube_http_transfer **ret,
                                                    struct sy_err *err);
void sy_kube_http_transfer_free(struct sy_kube_http_transfer *transfer); /* takes NULL */

/* Begin a request; nothing is under way on this transfer. SY_ENOMEM, SY_EIO, SY_EINVAL: the path
 * or a header holds what cannot stand there. */
SY_NODISCARD enum sy_code sy_kube_http_start(struct sy_kube_http_transfer *transfer,
                                             const struct sy_kube_http_request *request,
                                             struct sy_err *err);
/* Break off; the connection is closed. Does nothing when nothing is under way. */
void sy_kube_http_cancel(struct sy_kube_http_transfer *transfer);
unsigned
sy_kube_http_status(const struct sy_kube_http_transfer *transfer); /* so far; 0 = no headers yet */

/* Wait for news of any request, at most so long or until woken up; take them in. */
void sy_kube_http_turn(struct sy_kube_http *http, unsigned wait_ms);
/* The owner of a request that has ended since, and how; NULL = no more. */
void *sy_kube_http_ended(struct sy_kube_http *http, struct sy_kube_http_result *ret);
void sy_kube_http_wake(struct sy_kube_http *http); /* by another thread: ends the wait */

int64_t sy_kube_http_now_us(void); /* CLOCK_MONOTONIC */

#endif
