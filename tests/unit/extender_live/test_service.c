/* SPDX-License-Identifier: Apache-2.0 */
/* The service over a live feed, asked without sockets. */
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"
#include "tests/unit/extender_live/living.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KUBECONFIG                                                                                 \
    "{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"current-context\":\"c\",\"clusters\":[{"         \
    "\"name\":"                                                                                    \
    "\"k\",\"cluster\":{\"server\":\"http://"                                                      \
    "127.0.0.1:1\"}}],\"users\":[{\"name\":\"u\",\"user\":{"                                       \
    "\"token\":\"t\"}}],\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"k\",\"user\":"    \
    "\"u\"}}]}"

static void open_service(struct world *world)
{
    struct sy_err err = {0};
    struct sy_config config;
    char path[96];
    memset(world, 0, sizeof *world);
    world_folder(world->folder);
    world_write(world, "kubeconfig", KUBECONFIG);
    (void)snprintf(path, sizeof path, "%s/kubeconfig", world->folder);
    world->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const char *argv[] = {SY_PROGRAM, "--kubeconfig", path};
    ck_assert_int_eq(sy_config_parse(3, (char *const *)(uintptr_t)argv, &config, &err), SY_OK);
    config.log_fd = world->null;
    ck_assert_msg(sy_app_init(&world->app, &config, &err) == SY_OK, "%s", err.text);
    world->app.config.kubeconfig = NULL; /* the text of it goes */
}

/* By hand what watches would put. */
static void put(struct world *world, enum sy_live_collection collection, const char *text)
{
    struct sy_err err = {0};
    struct sy_kube_handler handler = sy_live_handler(world->app.live, collection);
    handler.begin(handler.data);
    if (text != NULL) {
        sy_autojson json_t *object = json_loads(text, 0, NULL);
        ck_assert_int_eq(handler.put(handler.data, object, 1, &err), SY_OK);
    }
    ck_assert_int_eq(handler.synced(handler.data, &err), SY_OK);
}

static void expect(struct world *world, const char *method, const char *path, const char *body,
                   unsigned status, const char *part)
{
    struct sy_reply reply;
    world_ask(world, SY_LISTENER_ADMIN, method, path, body, &reply);
    ck_assert_msg(reply.status == status && strstr(world_text(&reply), part) != NULL, "%u %s",
                  reply.status, world_text(&reply));
    sy_reply_done(&reply);
}

START_TEST(ready_when_all_was_listed)
{
    struct world world;
    open_service(&world);
    (void)sy_keeper_round(world.app.keeper, true);
    expect(&world, "GET", "/readyz", "", 503,
           "no snapshot of the nodes is loaded yet, not listed: nodefabrics");
    put(&world, SY_LIVE_FABRICS, living_fabric("a", NULL));
    put(&world, SY_LIVE_NODES, living_node_object("a", NULL));
    (void)sy_keeper_round(world.app.keeper, true);
    expect(&world, "GET", "/readyz", "", 503, "not listed: pods");
    put(&world, SY_LIVE_PODS, NULL);
    (void)sy_keeper_round(world.app.keeper, false);
    expect(&world, "GET", "/readyz", "", 200, "\"nodes\":1");
    world.app.draining = true;
    expect(&world, "GET", "/readyz", "", 503, "draining");
    world.app.draining = false;
    world_close(&world);
}
END_TEST

START_TEST(what_answers_show)
{
    static const struct living_pod pod = {
        .uid = "u1", .name = "p1", .node = "a", .limits = "\"" NPU_NAME "\":\"1\""};
    static const char shown[] = "\"cover\":\"counted\"";
    struct world world;
    open_service(&world);
    put(&world, SY_LIVE_FABRICS, living_fabric("a", NULL));
    put(&world, SY_LIVE_NODES, living_node_object("a", NULL));
    put(&world, SY_LIVE_PODS, living_pod_object(&pod));
    (void)sy_keeper_round(world.app.keeper, false);
    expect(&world, "GET", "/snapshot", "", 200, shown);
    expect(&world, "POST", "/explain", WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\",\"b\""), 200,
           shown);
    expect(&world, "POST", "/explain", WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\",\"b\""), 200,
           "\"mode\":\"counts\"");
    expect(&world, "GET", "/metrics", "", 200, "switchyard_pods_charged{cover=\"counted\"} 1");
    world_close(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live service");
    TCase *tcase = tcase_create("service");
    tcase_add_test(tcase, ready_when_all_was_listed);
    tcase_add_test(tcase, what_answers_show);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
