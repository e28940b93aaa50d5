/* SPDX-License-Identifier: Apache-2.0 */
#include "extender/router.h"
#include "tests/lib/run.h"

static const struct {
    enum sy_listener listener;
    const char *method, *path;
    unsigned status;
    enum sy_route_id id;
} cases[] = {
    {SY_LISTENER_SCHEDULER, "POST", "/filter", 200, SY_ROUTE_FILTER},
    {SY_LISTENER_SCHEDULER, "POST", "/prioritize", 200, SY_ROUTE_PRIORITIZE},
    {SY_LISTENER_SCHEDULER, "POST", "/preempt", 200, SY_ROUTE_PREEMPT},
    {SY_LISTENER_SCHEDULER, "HEAD", "/filter", 405, SY_ROUTE_FILTER},
    {SY_LISTENER_SCHEDULER, "post", "/filter", 405, SY_ROUTE_FILTER},
    {SY_LISTENER_SCHEDULER, "GET", "/metrics", 404, SY_ROUTE_NONE},
    {SY_LISTENER_SCHEDULER, "POST", "/explain", 404, SY_ROUTE_NONE},
    {SY_LISTENER_SCHEDULER, "POST", "filter", 404, SY_ROUTE_NONE},
    {SY_LISTENER_SCHEDULER, "POST", "", 404, SY_ROUTE_NONE},
    {SY_LISTENER_SCHEDULER, "POST", "/other", 404, SY_ROUTE_NONE},
    {SY_LISTENER_SCHEDULER, "POST", "/filter/x", 404, SY_ROUTE_NONE},
    {SY_LISTENER_ADMIN, "POST", "/filter", 404, SY_ROUTE_NONE},
    {SY_LISTENER_ADMIN, "POST", "/explain", 200, SY_ROUTE_EXPLAIN},
    {SY_LISTENER_ADMIN, "GET", "/explain", 405, SY_ROUTE_EXPLAIN},
    {SY_LISTENER_ADMIN, "GET", "/snapshot", 200, SY_ROUTE_SNAPSHOT},
    {SY_LISTENER_ADMIN, "HEAD", "/readyz", 200, SY_ROUTE_READYZ},
    {SY_LISTENER_ADMIN, "GET", "/version", 200, SY_ROUTE_VERSION},
    {SY_LISTENER_ADMIN, "GET", "/healthz", 200, SY_ROUTE_HEALTHZ},
    {SY_LISTENER_ADMIN, "GET", "/metrics", 200, SY_ROUTE_METRICS},
};

START_TEST(routes)
{
    const struct sy_route *route;
    ck_assert_uint_eq(sy_router_find(cases[_i].listener, cases[_i].method, cases[_i].path, &route),
                      cases[_i].status);
    if (cases[_i].id == SY_ROUTE_NONE)
        ck_assert_ptr_null(route);
    else
        ck_assert_int_eq(route->id, cases[_i].id);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router");
    TCase *tcase = tcase_create("router");
    tcase_add_loop_test(tcase, routes, 0, sizeof cases / sizeof cases[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
