/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "extender/record.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/extender/world.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define BODY WORLD_ARGS("\"nvidia.com/gpu\":\"1\"", "\"a\",\"zz\"")

static const char *const one[] = {"a", NULL};

struct recording {
    struct world world;
    char folder[64];
    struct sy_reply reply; /* of BODY */
    struct sy_state *state;
    struct sy_call call;
};

static void begin(struct recording *r)
{
    world_open(&r->world, one);
    ck_assert_uint_eq(sy_keeper_round(r->world.app.keeper, true), 0);
    world_ask(&r->world, SY_LISTENER_SCHEDULER, "POST", "/filter", BODY, &r->reply);
    r->state = sy_store_take(r->world.app.store);
    r->call = (struct sy_call){
        .body = BODY, .len = strlen(BODY), .now_us = INT64_C(1700000000000000), .state = r->state};
    world_folder(r->folder);
}

static void end(struct recording *r)
{
    world_folder_remove(r->folder);
    sy_state_unref(r->state);
    sy_reply_done(&r->reply);
    world_close(&r->world);
}

static enum sy_code record(struct recording *r, unsigned max, unsigned times, struct sy_err *err)
{
    const struct sy_recorder_options options = {
        .folder = r->folder, .max = max, .log = r->world.app.log};
    struct sy_recorder *recorder = NULL;
    enum sy_code code = sy_recorder_new(&options, &recorder, err);
    for (unsigned i = 0; code == SY_OK && i < times; i++)
        sy_record(recorder, SY_ROUTE_FILTER, &r->call, &r->reply);
    sy_recorder_free(recorder);
    return code;
}

static unsigned count_files(const char *folder)
{
    unsigned n = 0;
    DIR *entries = opendir(folder);
    ck_assert_ptr_nonnull(entries);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        n += entry->d_name[0] != '.';
    (void)closedir(entries);
    return n;
}

START_TEST(one_snapshot_for_many_calls)
{
    struct recording r;
    struct sy_err err = {0};
    begin(&r);
    ck_assert_int_eq(record(&r, 3, 5, &err), SY_OK);
    ck_assert_uint_eq(count_files(r.folder), 4); /* three calls and their snapshot */
    ck_assert_int_eq(record(&r, 3, 1, &err), SY_ECONFLICT);
    end(&r);
}
END_TEST

START_TEST(passes_over_what_is_no_decision)
{
    struct recording r;
    struct sy_err err = {0};
    begin(&r);
    const struct sy_recorder_options options = {
        .folder = r.folder, .max = 10, .log = r.world.app.log};
    struct sy_recorder *recorder = NULL;
    ck_assert_int_eq(sy_recorder_new(&options, &recorder, &err), SY_OK);
    sy_record(recorder, SY_ROUTE_EXPLAIN, &r.call, &r.reply);
    r.reply.status = 400;
    sy_record(recorder, SY_ROUTE_FILTER, &r.call, &r.reply);
    r.reply.status = 200;
    sy_record(NULL, SY_ROUTE_FILTER, &r.call, &r.reply);
    ck_assert_uint_eq(count_files(r.folder), 0);
    sy_recorder_free(recorder);
    end(&r);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct recording *r = data;
    world_folder_remove(r->folder);
    world_folder(r->folder);
    return record(r, 10, 1, err);
}

START_TEST(survives_failing_allocations)
{
    struct recording r;
    begin(&r);
    ck_assert_int_gt(sy_fault_sweep(sweep, &r, 0), 10);
    ck_assert_uint_eq(count_files(r.folder), 2);
    end(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("extender_record");
    TCase *tcase = tcase_create("record");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, one_snapshot_for_many_calls);
    tcase_add_test(tcase, passes_over_what_is_no_decision);
    tcase_add_test(tcase, survives_failing_allocations);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
