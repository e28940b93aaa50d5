/* SPDX-License-Identifier: Apache-2.0 */
/* A gRPC server of one thread on a unix socket that answers as it is told to, rightly or wrongly.
 * The frames are nghttp2's, so client and server share no code of ours. */
#ifndef SY_TESTS_UNIT_AGENT_KUBELET_GRPC_SERVER_H
#define SY_TESTS_UNIT_AGENT_KUBELET_GRPC_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* What is answered to one method. Zeroed: HTTP status 200, type application/grpc, an empty body, no
 * status at the end. */
struct grpc_script {
    const char *path;         /* NULL = every other one */
    const char *http_status;  /* NULL = "200" */
    const char *content_type; /* NULL = "application/grpc" */
    const void *body;         /* as it goes over the wire, prefix of the message included */
    size_t len;
    size_t piece;             /* bytes of one DATA frame, 0 = as many as fit */
    const char *grpc_status;  /* in the trailers; NULL = none */
    const char *grpc_message; /* NULL = none */
    bool trailers_only;       /* the status comes in the headers and nothing after it */
    bool silent;              /* read the request and never answer */
    bool cut;                 /* close the connection after the body */
    bool reset;               /* end the stream with INTERNAL_ERROR after the body */
    const char *raw;          /* these bytes at once, instead of HTTP/2 */
};

/* What the last request of a connection looked like. */
struct grpc_seen {
    char method[16], path[128], content_type[64], te[32], timeout[32];
    unsigned char body[64];
    size_t len;
    unsigned calls;
};

struct grpc_server;

/* Listen at `path`. `script`: `n` answers, borrowed; the first that fits is given. */
struct grpc_server *grpc_server_start(const char *path, const struct grpc_script *script, size_t n);
/* Stop, and tell what was seen (may be NULL). */
void grpc_server_stop(struct grpc_server *server, struct grpc_seen *ret);

#endif
