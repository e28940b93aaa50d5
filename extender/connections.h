/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of a listener, and until when each has to move. The HTTP library has one timeout,
 * which bytes that drip reset, and does not say what it has buffered of a request line: so every
 * connection has a deadline here, and a sweep shuts down the sockets that are overdue. */
#ifndef SY_EXTENDER_CONNECTIONS_H
#define SY_EXTENDER_CONNECTIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sy_connections_options {
    int socket;       /* listening; borrowed */
    unsigned limit;   /* so many are accepted */
    unsigned idle_s;  /* between two requests */
    unsigned stall_s; /* within a request: without a byte */
};

struct sy_connections;
struct sy_connection;

/* NULL when out of memory. */
struct sy_connections *
sy_connections_new(const struct sy_connections_options *options) SY_NODISCARD;
void sy_connections_free(struct sy_connections *all); /* all are closed; takes NULL */

/* All below are thread-safe, and one connection is used by one thread at a time. They take NULL: a
 * connection that there was no memory for is served without deadlines. */
struct sy_connection *sy_connection_open(struct sy_connections *all, int fd) SY_NODISCARD;
/* Before the socket is closed: the sweep must not meet a descriptor that is used anew. */
void sy_connection_close(struct sy_connections *all, struct sy_connection *connection);
void sy_connection_moved(struct sy_connection *connection); /* request line, or a part of a body */
void sy_connection_hold(struct sy_connection *connection);  /* our turn: no deadline */
void sy_connection_send(struct sy_connection *connection, unsigned within_s);
void sy_connection_end(struct sy_connection *connection); /* the request is over: idle */

/* Shut down what is overdue; and when all places are taken and somebody waits for one, those that
 * are idle longest. Adds how many to *closed. True when somebody waits: sweep again soon. For one
 * thread. */
bool sy_connections_sweep(struct sy_connections *all, unsigned *closed);

#endif
