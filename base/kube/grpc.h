/* SPDX-License-Identifier: Apache-2.0 */
/* One unary gRPC call over a local (unix) socket: HTTP/2 without TLS, one request message, one
 * answer message, status in the trailers. A connection of its own for each call: callers poll. */
#ifndef SY_BASE_KUBE_GRPC_H
#define SY_BASE_KUBE_GRPC_H

#include "base/mem.h"

#include <stdint.h>

#define SY_GRPC_MESSAGE_MAX (16u * 1024u * 1024u) /* bytes of one answer message */
#define SY_GRPC_TIMEOUT_MS 5000u                  /* where the caller asks for none */

/* X(id, number, name): status codes of the gRPC specification (doc/statuscodes.md). */
#define SY_GRPC_STATUSES(X)                                                                        \
    X(OK, 0, "OK")                                                                                 \
    X(CANCELLED, 1, "CANCELLED")                                                                   \
    X(UNKNOWN, 2, "UNKNOWN")                                                                       \
    X(INVALID_ARGUMENT, 3, "INVALID_ARGUMENT")                                                     \
    X(DEADLINE_EXCEEDED, 4, "DEADLINE_EXCEEDED")                                                   \
    X(NOT_FOUND, 5, "NOT_FOUND")                                                                   \
    X(ALREADY_EXISTS, 6, "ALREADY_EXISTS")                                                         \
    X(PERMISSION_DENIED, 7, "PERMISSION_DENIED")                                                   \
    X(RESOURCE_EXHAUSTED, 8, "RESOURCE_EXHAUSTED")                                                 \
    X(FAILED_PRECONDITION, 9, "FAILED_PRECONDITION")                                               \
    X(ABORTED, 10, "ABORTED")                                                                      \
    X(OUT_OF_RANGE, 11, "OUT_OF_RANGE")                                                            \
    X(UNIMPLEMENTED, 12, "UNIMPLEMENTED")                                                          \
    X(INTERNAL, 13, "INTERNAL")                                                                    \
    X(UNAVAILABLE, 14, "UNAVAILABLE")                                                              \
    X(DATA_LOSS, 15, "DATA_LOSS")                                                                  \
    X(UNAUTHENTICATED, 16, "UNAUTHENTICATED")
enum sy_grpc_status {
#define X(id, number, name) SY_GRPC_##id = (number),
    SY_GRPC_STATUSES(X)
#undef X
        SY_GRPC_STATUS_COUNT
};

struct sy_grpc_call {
    const char *socket_path;
    const char *method; /* "/v1.PodResourcesLister/List" */
    const void *request;
    size_t request_len;  /* at most SY_GRPC_MESSAGE_MAX */
    size_t max_bytes;    /* of the answer message, 0 = SY_GRPC_MESSAGE_MAX */
    unsigned timeout_ms; /* of the whole call, 0 = SY_GRPC_TIMEOUT_MS */
};

struct sy_grpc_answer {
    uint8_t status;      /* enum sy_grpc_status; a number that is none of them is UNKNOWN */
    char message[256];   /* grpc-message, printable; "" = none */
    unsigned char *data; /* of status OK: the message's bytes, owned; else NULL */
    size_t len;
};

/* Call and wait. SY_OK: the server answered, with whatever status. Otherwise the text starts with
 * the socket's path and the method: SY_ENOENT (no such socket), SY_EINVAL (not a socket; path too
 * long), SY_EIO (refused, no answer in time, broken off), SY_EPARSE (an answer that is not gRPC's,
 * or compressed), SY_ELIMIT (too long; text names length and limit), SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_grpc_call(const struct sy_grpc_call *call, struct sy_grpc_answer *ret,
                                       struct sy_err *err);
void sy_grpc_answer_done(struct sy_grpc_answer *answer); /* frees the data */
const char *sy_grpc_status_name(unsigned status);        /* never NULL */

#endif
