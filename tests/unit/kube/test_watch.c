/* SPDX-License-Identifier: Apache-2.0 */
/* The story that a handler hears, for each way in which a server can go wrong. */
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/kube/listener.h"

#include <stdio.h>
#include <string.h>

#define STEPS 10

/* A first listing that is not taken: nothing is gone for it, and the next one is. */
#define REFUSED_LIST(what, text, heard, why)                                                       \
    {                                                                                              \
        what, .paged = true,                                                                       \
              .step = {{"?limit", .body = {text}},                                                 \
                       {"?limit", .body = {LIST(META("a", "1"), "5")}},                            \
                       {"&resourceVersion=5 ", .end = SERVER_HOLD}},                               \
              .story = heard "[+a1]", .notes = why, .lists = 2, .watches = 1, .failures = 1        \
    }

static const struct {
    const char *description;
    bool paged;
    unsigned silence_s, fail_puts, fail_synced, max_objects;
    struct server_step step[STEPS];
    const char *story;
    const char *notes; /* a part of them */
    unsigned lists, watches, failures, refused;
} cases[] = {
    {"streamed list, then its events",
     .step = {{STREAMED,
               .body = {EVENT("ADDED", "a", "1") EVENT("ADDED", "b", "2"), END_MARK("5"),
                        EVENT("MODIFIED", "a", "6") EVENT("DELETED", "b", "7")},
               .end = SERVER_HOLD}},
     .story = "[+a1+b2]+a6-b7", .notes = "", .lists = 1, .watches = 1},
    {"byte by byte",
     .step = {{STREAMED,
               .body = {EVENT("ADDED", "a", "1") END_MARK("5") EVENT("DELETED", "a", "7")},
               .by_byte = true, .end = SERVER_HOLD}},
     .story = "[+a1]-a7", .notes = "", .lists = 1, .watches = 1},
    {"no streaming: pages, then a watch, resumed after its proper end",
     .step = {{STREAMED, .status = 422, .body = {STATUS("sendInitialEvents is forbidden")}},
              {"?limit=2 ", .body = {PAGE(META("a", "1") "," META("b", "2"), "5", "x=/1")}},
              {"?limit=2&continue=x%3D%2F1 ", .body = {PAGE(META("c", "3"), "5", "")}},
              {"&resourceVersion=5 ", .body = {EVENT("ADDED", "d", "6"), BOOKMARK("9")},
               .pause_ms = 600},
              {"&resourceVersion=9 ", .body = {EVENT("DELETED", "a", "10")}, .end = SERVER_HOLD}},
     .story = "[+a1+b2+c3]+d6-a10", .notes = "", .lists = 2, .watches = 2},
    {"items null", .paged = true,
     .step = {{"?limit", .body = {"{\"items\":null,\"metadata\":{\"resourceVersion\":\"4\"}}"}},
              {"&resourceVersion=4 ", .body = {EVENT("ADDED", "a", "5")}, .end = SERVER_HOLD}},
     .story = "[]+a5", .notes = "", .lists = 1, .watches = 1},
    {"an old server takes the parameter for nothing",
     .step = {{STREAMED, .body = {EVENT("ADDED", "a", "1") BOOKMARK("4")}, .end = SERVER_HOLD},
              {"?limit", .body = {LIST(META("a", "1"), "4")}},
              {"&resourceVersion=4 ", .body = {EVENT("ADDED", "b", "5")}, .end = SERVER_HOLD}},
     .story = "[+a1[+a1]+b5", .notes = "", .lists = 2, .watches = 1},
    {"a streamed list breaks off: it is listed anew, in pages",
     .step = {{STREAMED, .body = {EVENT("ADDED", "a", "1")}, .end = SERVER_CUT},
              {"?limit", .body = {LIST(META("b", "2"), "4")}},
              {"&resourceVersion=4 ", .body = {EVENT("ADDED", "c", "5")}, .end = SERVER_HOLD}},
     .story = "[+a1[+b2]+c5", .notes = "BAD /apis/x: 127.0.0.1:", .lists = 2, .watches = 1,
     .failures = 1},
    {"a watch is cut in mid-event: the rest is dropped, and the event comes again",
     .step = {{STREAMED,
               .body = {END_MARK("5"), EVENT("ADDED", "a", "6"),
                        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"b\","},
               .end = SERVER_CUT},
              {"&resourceVersion=6 ", .body = {EVENT("ADDED", "b", "7")}, .end = SERVER_HOLD}},
     .story = "[]+a6+b7", .notes = "all is well again", .lists = 1, .watches = 2, .failures = 1},
    {"a proper end in mid-event is none",
     .step = {{STREAMED, .body = {END_MARK("5") EVENT("ADDED", "a", "6"), "{\"type\":\"ADD"}},
              {"&resourceVersion=6 ", .body = {EVENT("ADDED", "b", "7")}, .end = SERVER_HOLD}},
     .story = "[]+a6+b7", .notes = "the stream ends within a document", .lists = 1, .watches = 2,
     .failures = 1},
    {"410 as an event: listed anew",
     .step = {{STREAMED, .body = {EVENT("ADDED", "a", "1") END_MARK("5"), ERROR("410", "too old")},
               .end = SERVER_HOLD},
              {STREAMED, .body = {EVENT("ADDED", "b", "8") END_MARK("9")}, .end = SERVER_HOLD}},
     .story = "[+a1][+b8]", .notes = "/apis/x: the server ends the watch: 410 too old\n",
     .lists = 2, .watches = 2, .failures = 1},
    {"410 as a status: listed anew", .paged = true,
     .step = {{"?limit", .body = {LIST(META("a", "1"), "5")}},
              {"&resourceVersion=5 ", .status = 410, .body = {STATUS("too old")}},
              {"?limit", .body = {LIST("", "9")}},
              {"&resourceVersion=9 ", .end = SERVER_HOLD}},
     .story = "[+a1][]", .notes = "/apis/x: the server answers 410: too old\n", .lists = 2,
     .watches = 2, .failures = 1},
    {"410 between pages: the listing begins again, in one page", .paged = true,
     .step = {{"?limit", .body = {PAGE(META("a", "1"), "5", "more")}},
              {"&continue=more ", .status = 410, .body = {STATUS("expired")}},
              {"/apis/x? ", .body = {LIST(META("b", "2"), "7")}},
              {"&resourceVersion=7 ", .end = SERVER_HOLD}},
     .story = "[+a1[+b2]", .notes = "410: expired", .lists = 2, .watches = 1, .failures = 1},
    {"ERROR 500: tried again, not listed",
     .step = {{STREAMED, .body = {END_MARK("5"), ERROR("500", "Too large resource version")},
               .end = SERVER_HOLD},
              {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}, .end = SERVER_HOLD}},
     .story = "[]+a6", .notes = "BAD /apis/x: the server ends the watch: 500 Too large", .lists = 1,
     .watches = 2, .failures = 1},
    {"one version is refused again and again: listed anew",
     .step = {{STREAMED, .body = {END_MARK("5")}},
              {"&resourceVersion=5 ", .status = 504},
              {"&resourceVersion=5 ", .status = 504},
              {"&resourceVersion=5 ", .status = 504},
              {"&resourceVersion=5 ", .status = 504},
              {"&resourceVersion=5 ", .status = 504},
              {STREAMED, .body = {END_MARK("2")}, .end = SERVER_HOLD}},
     .story = "[][]", .notes = "the server answers 504", .lists = 2, .watches = 7, .failures = 6},
    {"a put fails: listed anew", .fail_puts = 1,
     .step = {{STREAMED, .body = {EVENT("ADDED", "a", "1")}, .end = SERVER_HOLD},
              {STREAMED, .body = {EVENT("ADDED", "a", "1") END_MARK("4")}, .end = SERVER_HOLD}},
     .story = "[+a1[+a1]", .notes = "an object cannot be taken: no room", .lists = 2, .watches = 1,
     .failures = 1},
    {"synced fails: listed anew", .fail_synced = 1, .paged = true,
     .step = {{"?limit", .body = {LIST(META("a", "1"), "4")}},
              {"?limit", .body = {LIST(META("a", "1"), "4")}},
              {"&resourceVersion=4 ", .end = SERVER_HOLD}},
     .story = "[+a1][+a1]", .notes = "the list cannot be taken", .lists = 2, .watches = 1,
     .failures = 1},
    {"silence: the connection is given up", .silence_s = 1,
     .step = {{STREAMED, .body = {END_MARK("5")}, .end = SERVER_HOLD},
              {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}, .end = SERVER_HOLD}},
     .story = "[]+a6", .notes = "BAD /apis/x: nothing heard for 1 s", .lists = 1, .watches = 2,
     .failures = 1},
    {"garbage in the stream",
     .step = {{STREAMED, .body = {END_MARK("5") EVENT("ADDED", "a", "6") "<html>"},
               .end = SERVER_HOLD},
              {"&resourceVersion=6 ", .body = {EVENT("ADDED", "b", "7")}, .end = SERVER_HOLD}},
     .story = "[]+a6+b7", .notes = "the answer cannot be read: byte 192: expected a value",
     .lists = 1, .watches = 2, .failures = 1},
    {"no HTTP at all",
     .step = {{STREAMED, .body = {"220 mail.example ESMTP\r\n"}, .end = SERVER_RAW},
              {STREAMED, .body = {END_MARK("5")}, .end = SERVER_HOLD}},
     .story = "[]", .notes = "BAD /apis/x: 127.0.0.1:", .lists = 2, .watches = 1, .failures = 1},
    {"a list without a version", .paged = true,
     .step = {{"?limit", .body = {"{\"items\":[]}"}},
              {"?limit", .body = {LIST("", "4")}},
              {"&resourceVersion=4 ", .end = SERVER_HOLD}},
     .story = "[[]", .notes = "no usable resourceVersion", .lists = 2, .watches = 1, .failures = 1},
    {"a redirect is not followed",
     .step = {{STREAMED, .status = 302, .headers = "Location: /elsewhere\r\n"},
              {STREAMED, .body = {END_MARK("5")}, .end = SERVER_HOLD}},
     .story = "[]", .notes = "BAD /apis/x: the server answers 302", .lists = 2, .watches = 1,
     .failures = 1},
    {"an object over the limits is noted, the rest goes on",
     .step =
         {{STREAMED,
           .body = {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"h\",\"namespace\":"
                    "\"n\",\"resourceVersion\":\"1\"},\"spec\":{\"y\":\"",
                    "\",\"x\":[9223372036854775808]}}}" EVENT("ADDED", "a", "2") END_MARK("5")},
           .fill = 3000000, .end = SERVER_HOLD}},
     .story = "[?h1+a2]", .notes = "BAD /apis/x: an object is not taken (n/h): byte 3000",
     .lists = 1, .watches = 1, .refused = 1},
    {"what is not wanted may be as large as it likes", .paged = true,
     .step = {{"?limit",
               .body = {"{\"items\":[{\"metadata\":{\"name\":\"a\",\"z\":\"",
                        "\"}}],\"metadata\":{\"resourceVersion\":\"5\"}}"},
               .fill = 3000000},
              {"&resourceVersion=5 ", .end = SERVER_HOLD}},
     .story = "[+a]", .notes = "", .lists = 1, .watches = 1},
    {"no watch, but JSON", .paged = true,
     .step = {{"?limit", .body = {LIST("", "5")}},
              {"&resourceVersion=5 ", .body = {"[1,2,", "3]"}},
              {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}, .end = SERVER_HOLD}},
     .story = "[]+a6", .notes = "BAD /apis/x: the answer is no watch: an event is no object\n",
     .lists = 1, .watches = 2, .failures = 1},
    REFUSED_LIST("no items", "{\"metadata\":{\"resourceVersion\":\"4\"}}", "[",
                 "the answer is no list: no items"),
    REFUSED_LIST("a Status",
                 "{\"kind\":\"Status\",\"items\":[],\"metadata\":{\"resourceVersion\":\"4\"}}", "[",
                 "the answer is no list: kind 'Status'"),
    REFUSED_LIST("a kind that is no text",
                 "{\"items\":[],\"metadata\":{\"resourceVersion\":\"4\"},\"kind\":7}", "[",
                 "the answer is no list: kind ''"),
    REFUSED_LIST("a list, but no object", "[1,2,3]", "[", "byte 1: expected an object"),
    REFUSED_LIST("a number among the items", LIST(META("b", "1") ",7", "4"), "[+b1",
                 "the list holds an item that is no object"),
    REFUSED_LIST("null among the items", LIST("null," META("b", "1"), "4"), "[",
                 "the list holds an item that is no object"),
    REFUSED_LIST("a number that is refused among the items", LIST("1e999", "4"), "[",
                 "the list holds an item that is no object"),
    REFUSED_LIST("a list among the items", LIST("[{}]", "4"), "[",
                 "the list holds an item that is no object"),
    REFUSED_LIST("an object without metadata", LIST(META("b", "1") ",{}", "4"), "[+b1",
                 "the list holds an object without metadata.name"),
    REFUSED_LIST("an object whose name is no text",
                 LIST("{\"metadata\":{\"name\":7,\"uid\":\"u\"}}", "4"), "[",
                 "the list holds an object without metadata.name"),
    {"a number among the items of a streamed list",
     .step = {{STREAMED, .body = {"{\"type\":\"ADDED\",\"object\":7}" END_MARK("5")}},
              {"?limit", .body = {LIST(META("a", "1"), "4")}},
              {"&resourceVersion=4 ", .end = SERVER_HOLD}},
     .story = "[[+a1]", .notes = "the list holds an item that is no object", .lists = 2,
     .watches = 1, .failures = 1},
    {"a list says its kind", .paged = true,
     .step = {{"?limit", .body = {"{\"kind\":\"PodList\",\"items\":null,"
                                  "\"metadata\":{\"resourceVersion\":\"4\"}}"}},
              {"&resourceVersion=4 ", .end = SERVER_HOLD}},
     .story = "[]", .notes = "", .lists = 1, .watches = 1},
    {"a page that continues with itself", .paged = true,
     .step = {{"?limit=2 ", .body = {PAGE(META("a", "1"), "5", "x")}},
              {"&continue=x ", .body = {PAGE(META("b", "2"), "5", "x")}},
              {"?limit=2 ", .body = {LIST(META("c", "3"), "5")}},
              {"&resourceVersion=5 ", .end = SERVER_HOLD}},
     .story = "[+a1+b2[+c3]", .notes = "BAD /apis/x: the list continues with the same page",
     .lists = 2, .watches = 1, .failures = 1},
    {"pages without an end", .paged = true, .max_objects = 4,
     .step = {{"?limit=2 ", .body = {PAGE("", "5", "x")}},
              {"&continue=x ", .body = {PAGE("", "5", "y")}},
              {"&continue=y ", .body = {PAGE("", "5", "x")}},
              {"?limit=2 ", .body = {PAGE("", "5", "x")}},
              {"&continue=x ", .body = {PAGE("", "5", "y")}},
              {"&continue=y ", .body = {LIST(META("c", "3"), "5")}},
              {"&resourceVersion=5 ", .end = SERVER_HOLD}},
     .story = "[[+c3]", .notes = "the list has more than 3 pages", .lists = 2, .watches = 1,
     .failures = 1},
    {"more objects than a list may have", .paged = true, .max_objects = 2,
     .step = {{"?limit=2 ", .body = {PAGE(META("a", "1") "," META("b", "2"), "5", "x")}},
              {"&continue=x ", .body = {LIST(META("c", "3"), "5")}},
              {"?limit=2 ", .body = {PAGE(META("a", "1"), "5", "x")}},
              {"&continue=x ", .body = {LIST(META("b", "2"), "5")}},
              {"&resourceVersion=5 ", .end = SERVER_HOLD}},
     .story = "[+a1+b2[+a1+b2]", .notes = "the list has more than 2 objects", .lists = 2,
     .watches = 1, .failures = 1},
    {"more objects than a streamed list may have: the watch behind it has no such limit",
     .max_objects = 2,
     .step = {{STREAMED, .body = {EVENT("ADDED", "a", "1") EVENT("ADDED", "b", "2"),
                                  EVENT("ADDED", "c", "3")}},
              {"?limit", .body = {LIST(META("a", "1"), "5")}},
              {"&resourceVersion=5 ",
               .body = {EVENT("ADDED", "b", "6") EVENT("ADDED", "c", "7") EVENT("ADDED", "d", "8")},
               .end = SERVER_HOLD}},
     .story = "[+a1+b2[+a1]+b6+c7+d8", .notes = "the list has more than 2 objects", .lists = 2,
     .watches = 1, .failures = 1},
    {"unknown events and objects without metadata",
     .step = {{STREAMED,
               .body = {END_MARK("5") "{\"type\":\"NEWS\",\"object\":{}}"
                                      "{\"type\":\"ADDED\",\"object\":7}" EVENT("ADDED", "a", "6")},
               .end = SERVER_HOLD}},
     .story = "[]?+a6", .notes = "BAD /apis/x: an event of unknown type 'NEWS' is ignored\n",
     .lists = 1, .watches = 1, .refused = 1},
};

static size_t count_steps(const struct server_step *step)
{
    size_t n = 0;
    while (n < STEPS && (step[n].expect != NULL || step[n].body[0] != NULL))
        n++;
    return n;
}

START_TEST(stories)
{
    struct world world;
    struct listener listener = {.fail_puts = cases[_i].fail_puts,
                                .fail_synced = cases[_i].fail_synced};
    char story[STORY], notes[STORY];
    struct sy_err err = {0};
    pthread_mutex_init(&listener.lock, NULL);
    world_open(&world, cases[_i].step);
    const struct sy_kube_collection collection = listener_collection(&listener);
    struct sy_kube_watch_options options = listener_options(&world);
    options.silence_s = cases[_i].silence_s;
    options.max_objects = cases[_i].max_objects;
    options.no_streaming_list = cases[_i].paged;
    struct sy_kube_watches *watches;
    ck_assert_int_eq(sy_kube_watches_new(&options, &collection, 1, &watches, &err), SY_OK);
    ck_assert_int_eq(sy_kube_watches_start(watches, &err), SY_OK);
    listener_wait(&listener, world.server, cases[_i].story, count_steps(cases[_i].step), story,
                  notes);
    listener_sleep_ms(50); /* anything more would be wrong */
    listener_copy(&listener, story, notes);
    ck_assert_msg(strcmp(story, cases[_i].story) == 0, "%s: got %s, notes:\n%s",
                  cases[_i].description, story, notes);
    ck_assert_msg(strstr(notes, cases[_i].notes) != NULL, "%s: %s", cases[_i].description, notes);
    ck_assert_msg(cases[_i].notes[0] != '\0' || notes[0] == '\0', "%s: %s", cases[_i].description,
                  notes);
    const struct sy_kube_watch_stats *stats = sy_kube_watches_stats(watches, 0);
    ck_assert_msg(stats->lists == cases[_i].lists, "%s: %u lists", cases[_i].description,
                  (unsigned)stats->lists);
    ck_assert_msg(stats->watches == cases[_i].watches, "%s: %u watches", cases[_i].description,
                  (unsigned)stats->watches);
    ck_assert_msg(stats->failures == cases[_i].failures, "%s: %u failures", cases[_i].description,
                  (unsigned)stats->failures);
    ck_assert_msg(stats->refused == cases[_i].refused, "%s: %u refused", cases[_i].description,
                  (unsigned)stats->refused);
    ck_assert_msg(stats->synced, "%s", cases[_i].description);
    ck_assert_msg(stats->heard_us > 0 && stats->bytes > 0, "%s", cases[_i].description);
    sy_kube_watches_free(watches);
    ck_assert_msg(server_surprises(world.server) == 0, "%s", cases[_i].description);
    world_close(&world);
    pthread_mutex_destroy(&listener.lock);
}
END_TEST

START_TEST(retry_after_is_heeded)
{
    const struct server_step script[] = {
        {STREAMED, .status = 429, .headers = "Retry-After: 1\r\n"},
        {STREAMED, .body = {END_MARK("5"), "{\"type\":\"ERROR\",\"object\":{\"code\":504,"
                                           "\"details\":{\"retryAfterSeconds\":1}}}"}},
        {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}, .end = SERVER_HOLD},
        {0}};
    struct world world;
    struct listener listener = {.story = ""};
    uint64_t failures;
    world_open(&world, script);
    int64_t took_ms = listener_tell(&world, &listener, 20, "[]+a6", 3, &failures);
    ck_assert_int_ge(took_ms, 2000); /* else the backoff: 60 ms at most */
    ck_assert_uint_eq(failures, 2);
    world_close(&world);
}
END_TEST

static void note_time(void *data)
{
    *(int64_t *)data = listener_now_ms();
}

/* An API server that comes back knows no old versions: that is no reason to wait. */
START_TEST(expired_after_an_outage)
{
    int64_t refused_ms = 0, listed_ms = 0;
    const struct server_step script[] = {
        {STREAMED, .body = {END_MARK("5")}, .end = SERVER_CUT},
        {"&resourceVersion=5 ", .status = 503},
        {"&resourceVersion=5 ", .status = 410, .before = note_time, .data = &refused_ms},
        {STREAMED, .body = {END_MARK("9")}, .end = SERVER_HOLD, .before = note_time,
         .data = &listed_ms},
        {0}};
    struct world world;
    struct listener listener = {.story = ""};
    uint64_t failures;
    world_open(&world, script);
    (void)listener_tell(&world, &listener, 500, "[][]", 4, &failures);
    ck_assert_ptr_nonnull(
        strstr(listener.notes, "outstanding read data")); /* one after the other: */
    ck_assert_ptr_nonnull(strstr(listener.notes, "the server answers 503"));
    ck_assert_ptr_nonnull(strstr(listener.notes, "the server answers 410"));
    ck_assert_int_lt(listed_ms - refused_ms, 700); /* the third wait in a row: 1000 ms at least */
    ck_assert_uint_eq(failures, 3);
    world_close(&world);
}
END_TEST

START_TEST(swapped_token)
{
    struct world world;
    const struct server_step script[] = {
        {"Bearer first\r\n", .status = 401, .before = world_second_token, .data = &world},
        {"Bearer second\r\n", .body = {END_MARK("5") EVENT("ADDED", "a", "6")}},
        {"Bearer second\r\n", .status = 401},
        {"Bearer second\r\n", .status = 401},
        {"Bearer second\r\n", .body = {EVENT("ADDED", "b", "7")}, .end = SERVER_HOLD},
        {0}};
    struct listener listener = {.story = ""};
    uint64_t failures;
    world_open(&world, script);
    (void)listener_tell(&world, &listener, 20, "[]+a6+b7", 5, &failures);
    ck_assert_uint_eq(failures, 4); /* a watch that ends at once is one */
    ck_assert_ptr_nonnull(strstr(listener.notes, "BAD /apis/x: the server answers 401"));
    ck_assert_uint_eq(server_surprises(world.server), 0);
    world_close(&world);
}
END_TEST

/* "items" of a list, compressed as a server does it with long ones. */
START_TEST(asks_for_compression)
{
    const struct server_step script[] = {
        {STREAMED, .status = 400},
        {"Accept-Encoding: gzip\r\n", .body = {LIST("", "5")}},
        {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}, .end = SERVER_HOLD},
        {0}};
    struct world world;
    struct listener listener = {.story = ""};
    uint64_t failures;
    world_open(&world, script);
    (void)listener_tell(&world, &listener, 20, "[]+a6", 3, &failures);
    ck_assert_uint_eq(failures, 0);
    ck_assert_ptr_null(strstr(server_request(world.server, 2), "gzip"));
    ck_assert_uint_eq(server_surprises(world.server), 0);
    world_close(&world);
}
END_TEST

/* The server goes away, and another comes up at its port. */
START_TEST(gone_and_back)
{
    const struct server_step before[] = {{STREAMED, .body = {END_MARK("5")}, .end = SERVER_HOLD},
                                         {0}};
    const struct server_step after[] = {
        {"&resourceVersion=5 ", .body = {EVENT("ADDED", "a", "6")}, .end = SERVER_HOLD}, {0}};
    struct world world;
    struct listener listener = {.story = ""};
    char story[STORY], notes[STORY];
    struct sy_kube_watches *watches;
    struct sy_err err = {0};
    pthread_mutex_init(&listener.lock, NULL);
    world_open(&world, before);
    const struct sy_kube_collection collection = listener_collection(&listener);
    const struct sy_kube_watch_options options = listener_options(&world);
    ck_assert_int_eq(sy_kube_watches_new(&options, &collection, 1, &watches, &err), SY_OK);
    ck_assert_int_eq(sy_kube_watches_start(watches, &err), SY_OK);
    listener_wait(&listener, world.server, "[]", 1, story, notes);
    const struct sy_kube_watch_stats *stats = sy_kube_watches_stats(watches, 0);
    ck_assert(stats->connected);
    unsigned port = server_port(world.server);
    server_stop(world.server);
    for (unsigned waited = 0; waited < 20000 && stats->failures < 3; waited += 10)
        listener_sleep_ms(10);
    ck_assert(!stats->connected);
    world.server = server_start_at(port, after);
    listener_wait(&listener, world.server, "[]+a6", 1, story, notes);
    ck_assert_msg(strcmp(story, "[]+a6") == 0, "%s\n%s", story, notes);
    ck_assert_uint_ge(stats->failures, 3);
    sy_kube_watches_free(watches);
    world_close(&world);
    pthread_mutex_destroy(&listener.lock);
}
END_TEST

/* Many collections share the thread; freed while all of them wait. */
START_TEST(many_collections)
{
    enum { N = 16 };
    struct server_step script[N + 1] = {{0}};
    struct sy_kube_collection collections[N + 1];
    struct listener listener[N + 1];
    struct sy_kube_watches *watches;
    char story[STORY], notes[STORY];
    struct world world;
    struct sy_err err = {0};
    for (size_t i = 0; i <= N; i++) {
        listener[i] = (struct listener){.story = ""};
        pthread_mutex_init(&listener[i].lock, NULL);
        collections[i] = listener_collection(&listener[i]);
    }
    for (size_t i = 0; i < N; i++)
        script[i] = (struct server_step){STREAMED, .body = {EVENT("ADDED", "a", "1") END_MARK("5")},
                                         .end = SERVER_HOLD};
    world_open(&world, script);
    const struct sy_kube_watch_options options = listener_options(&world);
    ck_assert_int_eq(sy_kube_watches_new(&options, collections, N + 1, &watches, &err), SY_ELIMIT);
    ck_assert_str_eq(err.text, "17 collections to watch, more than 16");
    ck_assert_int_eq(sy_kube_watches_new(&options, collections, N, &watches, NULL), SY_OK);
    ck_assert_int_eq(sy_kube_watches_start(watches, NULL), SY_OK);
    for (size_t i = 0; i < N; i++) {
        listener_wait(&listener[i], world.server, "[+a1]", N, story, notes);
        ck_assert_msg(strcmp(story, "[+a1]") == 0, "%s\n%s", story, notes);
    }
    int64_t from_ms = listener_now_ms();
    sy_kube_watches_free(watches);
    ck_assert_int_lt(listener_now_ms() - from_ms, 1500); /* woken up, not by a timer of seconds */
    world_close(&world);
    for (size_t i = 0; i <= N; i++)
        pthread_mutex_destroy(&listener[i].lock);
}
END_TEST

static enum sy_code sweep(void *data, struct sy_err *err)
{
    struct listener listener = {.story = ""};
    const struct sy_kube_collection collection = listener_collection(&listener);
    const struct sy_kube_watch_options options = {.config = data, .user_agent = "test/1"};
    struct sy_kube_watches *watches;
    enum sy_code code = sy_kube_watches_new(&options, &collection, 1, &watches, err);
    if (code == SY_OK)
        sy_kube_watches_free(watches);
    return code;
}

START_TEST(out_of_memory)
{
    const struct server_step script[] = {{0}};
    struct world world;
    world_open(&world, script);
    ck_assert_int_gt(sy_fault_sweep(sweep, world.config, 0), 5);
    world_close(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kube_watch");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, stories, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(all, retry_after_is_heeded);
    tcase_add_test(all, expired_after_an_outage);
    tcase_add_test(all, swapped_token);
    tcase_add_test(all, asks_for_compression);
    tcase_add_test(all, gone_and_back);
    tcase_add_test(all, many_collections);
    tcase_add_test(all, out_of_memory);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
