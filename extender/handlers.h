/* SPDX-License-Identifier: Apache-2.0 */
/* What each route answers: bytes in, status and bytes out. Nothing here knows HTTP beyond a status
 * number, so every handler is tested without a socket. A handler always leaves an answer. */
#ifndef SY_EXTENDER_HANDLERS_H
#define SY_EXTENDER_HANDLERS_H

#include "base/str.h"

#include <stdint.h>

struct sy_app;
struct sy_request;
struct sy_state;
struct sy_worker;

/* One request, complete. All borrowed for the call. */
struct sy_call {
    const char *body;
    size_t len;
    int64_t now_us; /* Unix time, read once */
    const struct sy_state *state;
    struct sy_worker *worker; /* memory and memo of this thread */
};

/* What the request's log line says. */
struct sy_note {
    char namespace_[64], name[254], uid[64]; /* of the pod, "" = none or unknown */
    bool has_nodes;
    size_t nodes_in, nodes_out;
};

struct sy_reply {
    unsigned status;
    const char *type;  /* media type, static */
    const char *fixed; /* static text that stands in for `body` when memory ran out */
    struct sy_str body;
    struct sy_note note;
};

typedef void sy_handler_fn(struct sy_app *app, const struct sy_call *call, struct sy_reply *reply);

sy_handler_fn sy_handle_filter, sy_handle_prioritize, sy_handle_preempt, sy_handle_bind;
sy_handler_fn sy_handle_explain, sy_handle_snapshot, sy_handle_metrics;
sy_handler_fn sy_handle_healthz, sy_handle_readyz, sy_handle_version;

/* Whose request it was. */
void sy_note_pod(struct sy_note *note, const struct sy_request *request);

void sy_reply_init(struct sy_reply *reply);
void sy_reply_done(struct sy_reply *reply);
/* Replaces what is in the answer by {"error": text}. */
void sy_reply_error(struct sy_reply *reply, unsigned status, const char *text);
/* The same for a failed call: 400 for what the caller sent, 500 for what we could not do. */
void sy_reply_fail(struct sy_reply *reply, const struct sy_err *err);

#endif
