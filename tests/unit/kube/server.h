/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP server on loopback that plays a script: the n-th request gets the n-th answer. Made
 * for breaking rules: answers can be cut, slow, silent or garbage. */
#ifndef SY_TESTS_UNIT_KUBE_SERVER_H
#define SY_TESTS_UNIT_KUBE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum server_end {
    SERVER_WHOLE, /* as HTTP wants it; the connection stays */
    SERVER_CUT,   /* the connection is closed in the middle */
    SERVER_HOLD,  /* nothing more comes, the connection stays */
    SERVER_RAW    /* the body is all that is sent, then the connection is closed */
};

#define SERVER_PIECES 8

struct server_step {
    const char *expect;              /* text that the request's head must hold; NULL = any */
    unsigned status;                 /* 0 = 200 */
    const char *headers;             /* more of them, each with "\r\n" */
    const char *body[SERVER_PIECES]; /* sent piece by piece */
    enum server_end end;
    unsigned pause_ms;          /* before each piece */
    bool by_byte;               /* a packet for each byte of the body */
    size_t fill;                /* so many more bytes 'x' behind the first piece */
    void (*before)(void *data); /* called before it is answered */
    void *data;
};

struct server;

/* Steps end with one that is all zero; later requests are held. */
struct server *server_start(const struct server_step *steps);
struct server *server_start_at(unsigned port, const struct server_step *steps);
unsigned server_port(const struct server *server);
/* Number of requests so far, and how many of them were not as expected (said on stderr). */
size_t server_requests(struct server *server);
size_t server_surprises(struct server *server);
/* The head of the n-th request; NULL when it did not come. Valid until stop. */
const char *server_request(struct server *server, size_t i);
void server_stop(struct server *server);

#endif
