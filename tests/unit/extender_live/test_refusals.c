/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever may write objects cannot fill the log with them. */
#define _GNU_SOURCE
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct logged {
    struct living l;
    struct sy_log *log;
    int fd;
    char text[1 << 16];
};

static int64_t steady_us(void *data)
{
    return ((struct living *)data)->steady_us;
}

static struct sy_policy *policy_of(void *data)
{
    return sy_policy_ref(((struct living *)data)->policy);
}

static void open_logged(struct logged *logged)
{
    struct living *l = &logged->l;
    living_open(l);
    sy_live_free(l->live);
    logged->fd = memfd_create("log", MFD_CLOEXEC);
    ck_assert_int_ge(logged->fd, 0);
    ck_assert_int_eq(sy_log_new(logged->fd, SY_LOG_TEXT, &logged->log, NULL), SY_OK);
    const struct sy_live_options options = {.catalogue = l->catalogue,
                                            .policy = policy_of,
                                            .policy_data = l,
                                            .clock = {.steady_us = steady_us, .data = l},
                                            .log = logged->log,
                                            .metrics = &l->metrics};
    ck_assert_int_eq(sy_live_new(&options, &l->live, NULL), SY_OK);
}

/* No more is written; the text is in `text`. */
static void close_logged(struct logged *logged)
{
    living_close(&logged->l);
    sy_log_free(logged->log);
    ssize_t n = pread(logged->fd, logged->text, sizeof logged->text - 1, 0);
    ck_assert_int_ge(n, 0);
    logged->text[n] = '\0';
    (void)close(logged->fd);
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

#define GOOD "{\"metadata\":{\"name\":\"good\"}}"
#define TIMES 5000u

/* Objects that are refused, each with a number in its name. */
static const struct {
    enum sy_live_collection collection;
    const char *before, *behind, *msg;
} bad[] = {
    {SY_LIVE_PODS, "{\"metadata\":{\"name\":\"p",
     "\",\"namespace\":\"n\",\"uid\":\"u\"},\"spec\":{\"nodeName\":1}"
     "}",
     "object refused, the last good one stays"},
    {SY_LIVE_NODES, "{\"metadata\":{\"name\":\"n", "\",\"labels\":{\"x\":1}}}",
     "object refused, the last good one stays"},
    {SY_LIVE_NODES, "{\"metadata\":{\"name\":\"n",
     "\",\"annotations\":{\"switchyard.dev/fabric\":\"{\"}}}",
     "annotation switchyard.dev/fabric refused"},
    {SY_LIVE_FABRICS, "{\"metadata\":{\"name\":\"n", "\"},\"spec\":7}",
     "NodeFabric refused, the last good one stays"},
};

START_TEST(refused_objects)
{
    static struct logged logged;
    char json[256], left_out[64];
    struct living *l = &logged.l;
    open_logged(&logged);
    for (unsigned i = 0; i < TIMES; i++) {
        (void)snprintf(json, sizeof json, "%s%u%s", bad[_i].before, i, bad[_i].behind);
        living_put(l, bad[_i].collection, json);
    }
    ck_assert_uint_eq(l->metrics.refused[bad[_i].collection], TIMES); /* counted all the same */
    living_pass(l, 9 * SECONDS);
    living_put(l, SY_LIVE_NODES, GOOD); /* not yet */
    living_pass(l, 1 * SECONDS);
    for (int times = 0; times < 2; times++)
        living_put(l, SY_LIVE_NODES, GOOD); /* said once */
    (void)snprintf(json, sizeof json, "%s%u%s", bad[_i].before, TIMES, bad[_i].behind);
    living_put(l, bad[_i].collection, json);
    close_logged(&logged);
    (void)snprintf(left_out, sizeof left_out, "lines=%u\n", TIMES - 200);
    ck_assert_msg(count_of(logged.text, bad[_i].msg) == 201, "%u: %s",
                  count_of(logged.text, bad[_i].msg), logged.text);
    ck_assert_msg(count_of(logged.text, left_out) == 1, "%s", logged.text);
    ck_assert_msg(count_of(logged.text, "lines about objects left out") == 1, "%s", logged.text);
    ck_assert_msg(count_of(logged.text, "\n") == 202, "%s", logged.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_refusals");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, refused_objects, 0, sizeof bad / sizeof bad[0]);
    suite_add_tcase(suite, all);
    return sy_run(suite);
}
