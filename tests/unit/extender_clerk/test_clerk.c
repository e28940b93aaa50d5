/* SPDX-License-Identifier: Apache-2.0 */
/* The Lease, the touch and the event, call by call; then the thread that makes them. */
#include "extender/live/clerk_private.h"
#include "tests/lib/run.h"
#include "tests/unit/kube/world.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/sys/leases"
#define CAPACITIES "/apis/storage.k8s.io/v1/namespaces/sys/csistoragecapacities"
#define GET_LEASE "GET " LEASES "/switchyard-extender HTTP/1.1"
#define PUT_LEASE "PUT " LEASES "/switchyard-extender HTTP/1.1"
#define POST_LEASE "POST " LEASES " HTTP/1.1"
#define LEASE(holder, time)                                                                        \
    "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"holderIdentity\":\"" holder             \
    "\",\"renewTime\":\"" time "\",\"leaseTransitions\":3}}"
#define NOT_FOUND(path)                                                                            \
    {                                                                                              \
        .expect = path, .status = 404, .body = { "{\"message\":\"not found\"}" }                   \
    }
#define OK(path)                                                                                   \
    {                                                                                              \
        .expect = path, .body = { "{}" }                                                           \
    }
#define S(seconds) ((seconds)*INT64_C(1000000))

struct desk {
    struct world world;
    struct sy_clerk_desk desk;
    struct sy_lease lease;
};

static void desk_open(struct desk *d, const struct server_step *steps)
{
    struct sy_err err = {0};
    memset(d, 0, sizeof *d);
    world_open(&d->world, steps);
    d->desk.namespace_ = "sys";
    d->desk.identity = "me";
    ck_assert_int_eq(sy_kube_client_new(d->world.config, "test", &d->desk.client, &err), SY_OK);
}

static void desk_close(struct desk *d, size_t requests)
{
    ck_assert_uint_eq(server_requests(d->world.server), requests);
    ck_assert_uint_eq(server_surprises(d->world.server), 0);
    sy_kube_client_free(d->desk.client);
    world_close(&d->world);
}

static enum sy_code step(struct desk *d, int64_t mono_us)
{
    struct sy_err err = {0};
    return sy_lease_step(&d->lease, &d->desk, mono_us, S(1700000000), &err);
}

START_TEST(a_lease_is_made_kept_and_given_back)
{
    static const struct server_step steps[] = {NOT_FOUND(GET_LEASE),
                                               OK(POST_LEASE),
                                               {.expect = GET_LEASE, .body = {LEASE("me", "t1")}},
                                               OK(PUT_LEASE),
                                               {.expect = GET_LEASE, .body = {LEASE("me", "t2")}},
                                               OK(PUT_LEASE),
                                               {0}};
    struct desk d;
    desk_open(&d, steps);
    ck_assert_int_eq(step(&d, S(100)), SY_OK);
    ck_assert(d.lease.leads);
    ck_assert_int_eq(d.lease.renew_at_us, S(105));
    ck_assert_int_eq(step(&d, S(105)), SY_OK);
    ck_assert(d.lease.leads);
    sy_lease_release(&d.lease, &d.desk, S(1700000006));
    ck_assert(!d.lease.leads);
    desk_close(&d, 6);
}
END_TEST

START_TEST(the_lease_of_another_is_left_until_it_stands_still)
{
    static const struct server_step steps[] = {{.expect = GET_LEASE, .body = {LEASE("you", "t1")}},
                                               {.expect = GET_LEASE, .body = {LEASE("you", "t2")}},
                                               {.expect = GET_LEASE, .body = {LEASE("you", "t2")}},
                                               {.expect = GET_LEASE, .body = {LEASE("you", "t2")}},
                                               OK(PUT_LEASE),
                                               {0}};
    struct desk d;
    desk_open(&d, steps);
    ck_assert_int_eq(step(&d, S(100)), SY_OK);
    ck_assert_int_eq(step(&d, S(110)), SY_OK); /* it moved: 15 s from here */
    ck_assert_int_eq(step(&d, S(125)), SY_OK);
    ck_assert(!d.lease.leads);
    ck_assert_int_eq(step(&d, S(126)), SY_OK);
    ck_assert(d.lease.leads);
    desk_close(&d, 5);
}
END_TEST

START_TEST(who_is_slower_does_not_lead)
{
    static const struct server_step steps[] = {
        {.expect = GET_LEASE, .body = {LEASE("", "")}},
        {.expect = PUT_LEASE, .status = 409, .body = {"{\"message\":\"changed\"}"}},
        NOT_FOUND(GET_LEASE),
        {.expect = POST_LEASE, .status = 409, .body = {"{\"message\":\"exists\"}"}},
        {0}};
    struct desk d;
    desk_open(&d, steps);
    ck_assert_int_eq(step(&d, S(100)), SY_OK);
    ck_assert(!d.lease.leads);
    ck_assert_int_eq(step(&d, S(105)), SY_OK);
    ck_assert(!d.lease.leads);
    desk_close(&d, 4);
}
END_TEST

START_TEST(who_cannot_renew_stops_before_another_begins)
{
    static const struct server_step steps[] = {
        {.expect = GET_LEASE, .body = {LEASE("me", "t1")}},
        OK(PUT_LEASE),
        {.expect = GET_LEASE, .status = 500, .body = {"{\"message\":\"etcd is away\"}"}},
        {.expect = GET_LEASE, .status = 403, .body = {"{\"message\":\"forbidden\"}"}},
        {.expect = GET_LEASE, .body = {"[]"}},
        {0}};
    struct desk d;
    struct sy_err err = {0};
    desk_open(&d, steps);
    ck_assert_int_eq(step(&d, S(100)), SY_OK);
    ck_assert_int_eq(step(&d, S(105)), SY_EIO);
    ck_assert(d.lease.leads);
    ck_assert_int_eq(sy_lease_step(&d.lease, &d.desk, S(111), S(1700000000), &err), SY_EIO);
    ck_assert_str_eq(err.text, "GET " LEASES "/switchyard-extender: 403 forbidden");
    ck_assert(!d.lease.leads);
    ck_assert_int_eq(step(&d, S(116)), SY_EPARSE);
    desk_close(&d, 5);
}
END_TEST

START_TEST(touches)
{
    static const struct server_step steps[] = {
        OK("PATCH " CAPACITIES "/switchyard-wake HTTP/1.1"),
        NOT_FOUND("PATCH " CAPACITIES "/switchyard-wake HTTP/1.1"),
        OK("POST " CAPACITIES " HTTP/1.1"),
        OK("PATCH /api/v1/nodes/n-1 HTTP/1.1"),
        NOT_FOUND("PATCH /api/v1/nodes/n-2 HTTP/1.1"),
        {.expect = "PATCH " CAPACITIES, .status = 403, .body = {"{\"message\":\"no\"}"}},
        {0}};
    struct desk d;
    struct sy_err err = {0};
    desk_open(&d, steps);
    int64_t now = S(1700000000);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_CAPACITY, NULL, now, &err), SY_OK);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_CAPACITY, NULL, now, &err), SY_OK);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_NODE, "n-1", now, &err), SY_OK);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_NODE, "n-2", now, &err), SY_OK);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_NODE, "", now, &err), SY_OK);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_OFF, "n-1", now, &err), SY_OK);
    ck_assert_int_eq(sy_wake_touch(&d.desk, SY_WAKE_CAPACITY, NULL, now, &err), SY_EIO);
    ck_assert_str_eq(err.text, "PATCH " CAPACITIES "/switchyard-wake: 403 no");
    desk_close(&d, 6);
}
END_TEST

START_TEST(writes_events)
{
    static const struct server_step steps[] = {
        {.expect = "POST /api/v1/namespaces/ns/events HTTP/1.1", .status = 201, .body = {"{}"}},
        {.expect = "POST /api/v1/namespaces/ns/events HTTP/1.1",
         .status = 409,
         .body = {"{\"message\":\"exists\"}"}}, /* said before a restart */
        {.expect = "POST /api/v1/namespaces/ns/events HTTP/1.1",
         .status = 403,
         .body = {"{\"message\":\"no\"}"}},
        {0}};
    struct desk d;
    struct sy_err err = {0};
    desk_open(&d, steps);
    const struct sy_event event = {.namespace_ = "ns",
                                   .name = "p",
                                   .uid = "u-1",
                                   .reason = "RequirementViolated",
                                   .note = "it has A, predicted was B"};
    ck_assert_int_eq(sy_event_write(&d.desk, &event, S(1700000000), &err), SY_OK);
    ck_assert_int_eq(sy_event_write(&d.desk, &event, S(1700000000), &err), SY_OK);
    ck_assert_int_eq(sy_event_write(&d.desk, &event, S(1700000000), &err), SY_EIO);
    ck_assert_str_eq(err.text, "POST /api/v1/namespaces/ns/events: 403 no");
    desk_close(&d, 3);
}
END_TEST

START_TEST(tells_until_when_a_replica_lived)
{
    static const struct server_step steps[] = {
        {.expect = GET_LEASE, .body = {LEASE("you", "2023-11-14T22:13:20.000000Z")}},
        {.expect = GET_LEASE, .body = {LEASE("", "2023-11-14T22:13:20.000000Z")}}, /* given back */
        {.expect = GET_LEASE, .body = {LEASE("you", "yesterday")}},
        NOT_FOUND(GET_LEASE),
        {.expect = GET_LEASE, .body = {"[1"}},
        {0}};
    struct desk d;
    desk_open(&d, steps);
    ck_assert_int_eq(sy_lease_last_alive(&d.desk), S(1700000005));
    ck_assert_int_eq(sy_lease_last_alive(&d.desk), S(1700000000));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sy_lease_last_alive(&d.desk), 0);
    desk_close(&d, 5);
}
END_TEST

START_TEST(names_of_wakes)
{
    ck_assert_int_eq(sy_wake_find("off"), SY_WAKE_OFF);
    ck_assert_int_eq(sy_wake_find("csistoragecapacity"), SY_WAKE_CAPACITY);
    ck_assert_int_eq(sy_wake_find("node"), SY_WAKE_NODE);
    ck_assert_int_eq(sy_wake_find("Node"), -1);
}
END_TEST

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Waits until the server has met `n` requests, for at most 10 s. */
static void wait_for(struct server *server, size_t n)
{
    for (int i = 0; i < 1000 && server_requests(server) < n; i++)
        pause_ms(10);
    ck_assert_uint_ge(server_requests(server), n);
}

START_TEST(the_thread_wakes_and_writes_what_was_said_before_it_led)
{
    static const struct server_step steps[] = {
        NOT_FOUND(GET_LEASE),
        OK(POST_LEASE),
        OK("PATCH " CAPACITIES),
        OK("POST /api/v1/namespaces/ns/events"),
        OK("PATCH " CAPACITIES), /* at the time that was said, though nothing wakes it */
        {.expect = GET_LEASE, .body = {LEASE("me", "t1")}},
        OK(PUT_LEASE), /* given back */
        {0}};
    struct world world;
    struct sy_clerk_metrics metrics = {0};
    struct sy_err err = {0};
    struct sy_clerk *clerk = NULL;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    world_open(&world, steps);
    struct sy_clerk_options options = {.config = world.config,
                                       .namespace_ = "sys",
                                       .identity = "me",
                                       .wake = SY_WAKE_CAPACITY,
                                       .wake_every_ms = 50,
                                       .metrics = &metrics};
    ck_assert_int_eq(sy_log_new(null, SY_LOG_TEXT, &options.log, &err), SY_OK);
    ck_assert_int_eq(sy_clerk_new(&options, &clerk, &err), SY_OK);
    const struct sy_clerk_event event = {"ns", "p", "u-1", "RequirementViolated", "text"};
    sy_clerk_event(clerk, &event);
    sy_clerk_event(clerk, &event); /* said once */
    for (int i = 0; i < 20; i++)
        sy_clerk_wake(clerk, SY_WAKE_WHY_FREED, "n-1"); /* one touch */
    ck_assert_int_eq(sy_clerk_start(clerk, &err), SY_OK);
    wait_for(world.server, 4);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t now_us = S(now.tv_sec) + now.tv_nsec / 1000;
    sy_clerk_wake_at(clerk, now_us + 100000);
    sy_clerk_wake_at(clerk, now_us + S(3600)); /* the earliest stays */
    wait_for(world.server, 5);
    pause_ms(100);
    sy_clerk_free(clerk);
    ck_assert_uint_eq(server_requests(world.server), 7);
    ck_assert_uint_eq(server_surprises(world.server), 0);
    ck_assert_uint_eq(metrics.wakes_wanted[SY_WAKE_WHY_FREED], 20);
    ck_assert_uint_eq(metrics.wakes_wanted[SY_WAKE_WHY_RELAXED], 1);
    ck_assert_uint_eq(metrics.wakes_done, 2);
    ck_assert_uint_eq(metrics.events_written, 1);
    sy_log_free(options.log);
    world_close(&world);
    (void)close(null);
}
END_TEST

START_TEST(nobody_is_told_anything_without_a_clerk)
{
    const struct sy_clerk_event event = {"ns", "p", "u-1", "Reason", "text"};
    sy_clerk_wake(NULL, SY_WAKE_WHY_NODE, NULL);
    sy_clerk_wake_at(NULL, 1);
    sy_clerk_event(NULL, &event);
    sy_clerk_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("extender_clerk");
    TCase *tcase = tcase_create("clerk");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_lease_is_made_kept_and_given_back);
    tcase_add_test(tcase, the_lease_of_another_is_left_until_it_stands_still);
    tcase_add_test(tcase, who_is_slower_does_not_lead);
    tcase_add_test(tcase, who_cannot_renew_stops_before_another_begins);
    tcase_add_test(tcase, touches);
    tcase_add_test(tcase, writes_events);
    tcase_add_test(tcase, tells_until_when_a_replica_lived);
    tcase_add_test(tcase, names_of_wakes);
    tcase_add_test(tcase, the_thread_wakes_and_writes_what_was_said_before_it_led);
    tcase_add_test(tcase, nobody_is_told_anything_without_a_clerk);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
