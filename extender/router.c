/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/router.h"

#include <string.h>

/* With whole nodes on the wire, 1,000 nodes are about 5 MB. */
#define BODY_MAX ((size_t)64 << 20)

#define POST_ROUTE(ID, LISTENER, function)                                                         \
    {                                                                                              \
        SY_ROUTE_##ID, SY_LISTENER_##LISTENER, "POST", "POST", BODY_MAX, function                  \
    }
#define GET_ROUTE(ID, LISTENER, function)                                                          \
    {                                                                                              \
        SY_ROUTE_##ID, SY_LISTENER_##LISTENER, "GET", "GET, HEAD", 0, function                     \
    }

static const struct sy_route routes[] = {
    POST_ROUTE(FILTER, SCHEDULER, sy_handle_filter),
    POST_ROUTE(PRIORITIZE, SCHEDULER, sy_handle_prioritize),
    POST_ROUTE(PREEMPT, SCHEDULER, sy_handle_preempt),
    POST_ROUTE(BIND, SCHEDULER, sy_handle_bind),
    POST_ROUTE(EXPLAIN, ADMIN, sy_handle_explain),
    GET_ROUTE(SNAPSHOT, ADMIN, sy_handle_snapshot),
    GET_ROUTE(METRICS, ADMIN, sy_handle_metrics),
    GET_ROUTE(HEALTHZ, ADMIN, sy_handle_healthz),
    GET_ROUTE(READYZ, ADMIN, sy_handle_readyz),
    GET_ROUTE(VERSION, ADMIN, sy_handle_version),
};

unsigned sy_router_find(enum sy_listener listener, const char *method, const char *path,
                        const struct sy_route **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct sy_route *route = &routes[i];
        if (route->listener != listener || path[0] != '/' ||
            strcmp(path + 1, sy_route_name(route->id)) != 0)
            continue;
        *ret = route;
        bool head = strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0;
        return head || strcmp(method, route->method) == 0 ? 200 : 405;
    }
    return 404;
}

const char *sy_route_name(enum sy_route_id id)
{
    static const char *const names[SY_ROUTE_COUNT] = {
#define X(id, name) [SY_ROUTE_##id] = name,
        SY_ROUTES(X)
#undef X
            [SY_ROUTE_NONE] = "other",
    };
    return names[id];
}
