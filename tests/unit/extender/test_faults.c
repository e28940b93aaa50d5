/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a whole request fails once: the answer says so, and the next one is right. */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY                                                                                       \
    WORLD_ARGS("\"nvidia.com/gpu\":\"1\",\"npu.huawei.com/ascend910b\":\"2\"", "\"a\",\"b\","      \
                                                                               "\"zz\"")

static const struct request {
    enum sy_listener listener;
    const char *method, *path, *body;
} requests[] = {
    {SY_LISTENER_SCHEDULER, "POST", "/filter", BODY},
    {SY_LISTENER_SCHEDULER, "POST", "/prioritize", BODY},
    {SY_LISTENER_SCHEDULER, "POST", "/preempt",
     "{\"Pod\":" WORLD_POD(
         "\"nvidia.com/gpu\":\"1\"") ",\"NodeNameToMetaVictims\":{\"a\":{\"Pods\":"
                                     "[{\"UID\":\"x\"}],\"NumPDBViolations\":0}}}"},
    {SY_LISTENER_ADMIN, "POST", "/explain", BODY},
    {SY_LISTENER_ADMIN, "GET", "/snapshot", ""},
    {SY_LISTENER_ADMIN, "GET", "/metrics", ""},
    {SY_LISTENER_ADMIN, "GET", "/readyz", ""},
    {SY_LISTENER_ADMIN, "GET", "/version", ""},
};

struct run {
    struct world world;
    const struct request *request;
    char *right; /* the answer when nothing fails */
};

static enum sy_code judge(const struct run *run, const struct sy_reply *reply, struct sy_err *err)
{
    const char *text = world_text(reply);
    bool filter = strcmp(run->request->path, "/filter") == 0;
    if (reply->status == 200 && (!filter || strstr(text, "\"Error\":\"\"") != NULL)) {
        if (run->right != NULL)
            ck_assert_str_eq(text, run->right);
        return SY_OK;
    }
    return sy_fail(err, reply->status == 400 ? SY_EPARSE : SY_ENOMEM, "%s", text);
}

/* With workers of its own, so that no memory of an earlier run helps. */
static enum sy_code serve(void *data, struct sy_err *err)
{
    struct run *run = data;
    struct sy_reply reply;
    struct sy_workers **workers = &run->world.app.workers[run->request->listener];
    struct sy_workers *before = *workers;
    enum sy_code code = sy_workers_new(1, workers, err);
    if (code == SY_OK) {
        world_ask(&run->world, run->request->listener, run->request->method, run->request->path,
                  run->request->body, &reply);
        code = judge(run, &reply, err);
        sy_reply_done(&reply);
        sy_workers_free(*workers);
    }
    *workers = before;
    return code;
}

START_TEST(whole_requests)
{
    static const char *const two[] = {"a", "b", NULL};
    struct run run = {.request = &requests[_i]};
    struct sy_reply reply;
    world_open(&run.world, two);
    ck_assert_uint_eq(sy_keeper_round(run.world.app.keeper, true), 0);
    if (strcmp(run.request->path, "/metrics") != 0) { /* its numbers move */
        world_ask(&run.world, run.request->listener, run.request->method, run.request->path,
                  run.request->body, &reply);
        run.right = strdup(world_text(&reply));
        sy_reply_done(&reply);
    }
    long n = sy_fault_sweep(serve, &run, 0);
    ck_assert_int_gt(n, 0);
    free(run.right);
    world_close(&run.world);
}
END_TEST

/* A keeper whose memory runs out publishes nothing wrong, and comes to it at the next round. */
START_TEST(rounds_of_the_keeper)
{
    static const char *const one[] = {"a", NULL};
    bool done = false;
    for (long granted = 0; !done; granted++) {
        struct world world;
        world_open(&world, one);
        sy_fault_set(granted);
        (void)sy_keeper_round(world.app.keeper, true);
        done = !sy_fault_clear();
        struct sy_state *state = sy_store_take(world.app.store);
        ck_assert(state->cluster->n == 0 || state->loaded);
        sy_state_unref(state);
        (void)sy_keeper_round(world.app.keeper, true);
        state = sy_store_take(world.app.store);
        ck_assert_msg(state->cluster->n == 1, "no node after allocation %ld failed", granted);
        sy_state_unref(state);
        world_close(&world);
        granted += granted / 10; /* each of the first, then ever fewer */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, 250);
    tcase_add_loop_test(tcase, whole_requests, 0, sizeof requests / sizeof requests[0]);
    tcase_add_test(tcase, rounds_of_the_keeper);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
