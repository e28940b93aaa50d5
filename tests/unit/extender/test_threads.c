/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding, publishing, logging and counting at the same time; meant for the thread sanitizer. */
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 200

static const char *const two[] = {"a", "b", NULL};

struct caller {
    struct world *world;
    unsigned failed;
};

static void *call(void *data)
{
    static const struct {
        enum sy_listener listener;
        const char *method, *path;
    } kinds[] = {{SY_LISTENER_SCHEDULER, "POST", "/filter"},
                 {SY_LISTENER_SCHEDULER, "POST", "/prioritize"},
                 {SY_LISTENER_ADMIN, "GET", "/metrics"},
                 {SY_LISTENER_ADMIN, "GET", "/snapshot"}};
    struct caller *caller = data;
    for (int i = 0; i < CALLS; i++) {
        struct sy_reply reply;
        const struct sy_route *route;
        const char *body = WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\",\"b\"");
        (void)sy_router_find(kinds[i % 4].listener, kinds[i % 4].method, kinds[i % 4].path, &route);
        sy_app_serve(&caller->world->app, route, body, strlen(body), &reply);
        /* Two workers at the admin's side, four callers: 503 says so. */
        if (reply.status != 200 && reply.status != 503)
            caller->failed++;
        sy_reply_done(&reply);
        struct sy_log_line line;
        sy_log_begin(&line, caller->world->app.log, SY_LEVEL_INFO, "called");
        sy_log_end(&line);
    }
    return NULL;
}

START_TEST(callers_and_keeper)
{
    struct world world;
    pthread_t thread[4];
    struct caller caller[4];
    world_open(&world, two);
    (void)sy_keeper_round(world.app.keeper, true);
    for (int i = 0; i < 4; i++) {
        caller[i] = (struct caller){.world = &world};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, call, &caller[i]), 0);
    }
    for (int i = 0; i < 50; i++) {
        char *text = world_document("a", i % 2 ? "0000:13:00.0" : NULL);
        world_write(&world, "a.json", text);
        free(text);
        (void)sy_keeper_round(world.app.keeper, true);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(thread[i], NULL);
        ck_assert_uint_eq(caller[i].failed, 0);
    }
    world_close(&world);
}
END_TEST

START_TEST(keeper_of_its_own)
{
    struct world world;
    struct sy_err err = {0};
    world_open(&world, two);
    ck_assert_int_eq(sy_keeper_start(world.app.keeper, &err), SY_OK);
    for (int i = 0; i < 30; i++) {
        char *text = world_document("a", i % 2 ? "0000:13:00.0" : NULL);
        world_write(&world, "a.json", text);
        free(text);
        sy_keeper_rescan(world.app.keeper);
        struct sy_state *state = sy_store_take(world.app.store);
        ck_assert_uint_le(state->cluster->n, 2);
        sy_state_unref(state);
    }
    world_close(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 110);
    tcase_add_test(tcase, callers_and_keeper);
    tcase_add_test(tcase, keeper_of_its_own);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
