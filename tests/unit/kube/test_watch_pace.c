/* SPDX-License-Identifier: Apache-2.0 */
/* How often a server is asked that answers as it should, only too fast. */
#include "tests/lib/run.h"
#include "tests/unit/kube/listener.h"

#include <check.h>
#include <string.h>

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void note_time(void *data)
{
    *(int64_t *)data = listener_now_ms();
}

#define UNKNOWN "{\"type\":\"NEWS\",\"object\":{}}\n"

/* What a watch brings before it ends at once, eight times: it is followed, no faster than after
 * failures, and said once. */
static const struct {
    const char *description, *text, *version, *story;
    unsigned notes; /* in all, of those that are bad */
} brief[] = {
    {"nothing", "", "5", "[]+z9", 1},
    {"a bookmark", BOOKMARK("6"), "6", "[]+z9", 1},
    {"an event of unknown type", UNKNOWN, "5", "[]+z9", 3}, /* each kind at most every 10 s */
    {"an object that is refused", "{\"type\":\"ADDED\",\"object\":7}", "5", "[]????????+z9", 3},
    {"a change", EVENT("MODIFIED", "a", "6"), "6", "[]+a6+a6+a6+a6+a6+a6+a6+a6+z9", 1},
};

START_TEST(brief_watches)
{
    enum { TIMES = 8 };
    struct server_step script[TIMES + 3] = {{STREAMED, .body = {END_MARK("5")}}};
    for (size_t i = 1; i <= TIMES; i++)
        script[i] = (struct server_step){"&resourceVersion=", .body = {brief[_i].text, " "}};
    script[TIMES + 1] = (struct server_step){
        "&resourceVersion=", .body = {EVENT("ADDED", "z", "9")}, .end = SERVER_HOLD};
    struct world world;
    struct listener listener = {.story = ""};
    uint64_t failures;
    world_open(&world, script);
    int64_t took_ms = listener_tell(&world, &listener, 50, brief[_i].story, TIMES + 2, &failures);
    ck_assert_msg(took_ms >= 25 + 50 + 7 * 75, "%s: %d ms", brief[_i].description, (int)took_ms);
    ck_assert_msg(failures == TIMES + 1, "%s: %u", brief[_i].description, (unsigned)failures);
    ck_assert_msg(count_of(listener.notes, "the watch ended at once") == 1, "%s: %s",
                  brief[_i].description, listener.notes);
    ck_assert_msg(count_of(listener.notes, "BAD ") <= brief[_i].notes, "%s: %s",
                  brief[_i].description, listener.notes);
    ck_assert_msg(strstr(server_request(world.server, TIMES + 1), brief[_i].version) != NULL, "%s",
                  brief[_i].description);
    ck_assert_uint_eq(server_surprises(world.server), 0);
    world_close(&world);
}
END_TEST

/* One that lived is resumed at once, and the next wait is the first again. */
START_TEST(watch_that_lived)
{
    int64_t at_ms[4] = {0};
    const struct server_step script[] = {
        {STREAMED, .body = {END_MARK("5")}},
        {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}},
        {"&resourceVersion=6 ", .body = {EVENT("ADDED", "b", "7")}},
        {"&resourceVersion=7 ", .body = {EVENT("ADDED", "c", "8"), " "}, .pause_ms = 700,
         .before = note_time, .data = &at_ms[0]},
        {"&resourceVersion=8 ", .body = {EVENT("ADDED", "d", "9")}, .before = note_time,
         .data = &at_ms[1]},
        {"&resourceVersion=9 ", .body = {EVENT("ADDED", "e", "10")}, .end = SERVER_HOLD,
         .before = note_time, .data = &at_ms[2]},
        {0}};
    struct world world;
    struct listener listener = {.story = ""};
    uint64_t failures;
    world_open(&world, script);
    (void)listener_tell(&world, &listener, 1000, "[]+a6+b7+c8+d9+e10", 6, &failures);
    ck_assert_int_lt(at_ms[1] - at_ms[0], 1400 + 450); /* no wait: 500 ms is the shortest */
    ck_assert_int_ge(at_ms[2] - at_ms[1], 500);
    ck_assert_int_lt(at_ms[2] - at_ms[1], 1400); /* the fourth in a row: 1500 ms at least */
    ck_assert_uint_eq(failures, 4);
    ck_assert_uint_eq(count_of(listener.notes, "the watch ended at once"), 2);
    ck_assert_uint_eq(count_of(listener.notes, "all is well again"), 1);
    world_close(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_watch_pace");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, brief_watches, 0, sizeof brief / sizeof brief[0]);
    tcase_add_test(all, watch_that_lived);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
