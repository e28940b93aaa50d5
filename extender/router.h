/* SPDX-License-Identifier: Apache-2.0 */
/* Which method and path lead to which handler: one constant table. */
#ifndef SY_EXTENDER_ROUTER_H
#define SY_EXTENDER_ROUTER_H

#include "extender/handlers.h"

enum sy_listener { SY_LISTENER_SCHEDULER, SY_LISTENER_ADMIN };

/* X(id, name in metrics, path is "/" name) */
#define SY_ROUTES(X)                                                                               \
    X(FILTER, "filter")                                                                            \
    X(PRIORITIZE, "prioritize")                                                                    \
    X(PREEMPT, "preempt")                                                                          \
    X(BIND, "bind")                                                                                \
    X(EXPLAIN, "explain")                                                                          \
    X(SNAPSHOT, "snapshot")                                                                        \
    X(METRICS, "metrics")                                                                          \
    X(HEALTHZ, "healthz")                                                                          \
    X(READYZ, "readyz")                                                                            \
    X(VERSION, "version")
enum sy_route_id {
#define X(id, name) SY_ROUTE_##id,
    SY_ROUTES(X)
#undef X
        SY_ROUTE_NONE, /* no such path: "other" in metrics */
    SY_ROUTE_COUNT
};

struct sy_route {
    enum sy_route_id id;
    enum sy_listener listener;
    const char *method; /* "POST", or "GET", which includes HEAD */
    const char *allow;  /* value of the Allow header */
    size_t max_body;    /* bytes; 0 = the route takes no body */
    sy_handler_fn *handle;
};

/* 200: *ret is the route. 404: no such path there, *ret is NULL. 405: *ret is the route that the
 * path has for another method. */
unsigned sy_router_find(enum sy_listener listener, const char *method, const char *path,
                        const struct sy_route **ret);
const char *sy_route_name(enum sy_route_id id);

#endif
