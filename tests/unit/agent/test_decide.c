/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/decide.h"
#include "tests/lib/run.h"

#define SECOND INT64_C(1000000)
#define HEARTBEAT (30 * SECOND)
#define WRITTEN_AT (1000 * SECOND)

static struct sy_digest digest(const char *text)
{
    struct sy_digest made = sy_digest_begin();
    sy_digest_str(&made, text);
    return made;
}

static struct sy_content content(const char *spec, const char *status, int64_t mw)
{
    return (struct sy_content){
        .spec = digest(spec), .status = digest(status), .nwatts = 1, .watts = {mw}};
}

/* Both were written at WRITTEN_AT; what differs now, how much later it is, what is done, and when
 * otherwise. */
static const struct {
    const char *what, *spec, *status;
    int64_t mw, later_us;
    enum sy_action action;
    int64_t again_us;
} cases[] = {
    {"nothing", "a", "a", 100000, 5 * SECOND, SY_WRITE_NOTHING, 30 * SECOND},
    {"heartbeat", "a", "a", 100000, 30 * SECOND, SY_WRITE_STATUS, 30 * SECOND},
    {"the object", "b", "a", 100000, 0, SY_WRITE_SPEC, 0},
    {"the object before its status", "b", "b", 100000, 5 * SECOND, SY_WRITE_SPEC, 0},
    {"the status", "a", "b", 100000, 1 * SECOND, SY_WRITE_STATUS, 1 * SECOND},
    {"the status, too soon", "a", "b", 100000, SECOND - 1, SY_WRITE_NOTHING, 1 * SECOND},
    {"watts", "a", "a", 120000, 10 * SECOND, SY_WRITE_STATUS, 10 * SECOND},
    {"watts, too soon", "a", "a", 120000, 9 * SECOND, SY_WRITE_NOTHING, 10 * SECOND},
    {"few watts", "a", "a", 104000, 20 * SECOND, SY_WRITE_NOTHING, 30 * SECOND},
    {"watts that are not known any more", "a", "a", -1, 10 * SECOND, SY_WRITE_STATUS, 10 * SECOND},
};

START_TEST(decisions)
{
    struct sy_written written = {0};
    struct sy_content before = content("a", "a", 100000);
    sy_decide_done(&written, SY_WRITE_SPEC, &before, WRITTEN_AT);
    sy_decide_done(&written, SY_WRITE_STATUS, &before, WRITTEN_AT);
    struct sy_content now = content(cases[_i].spec, cases[_i].status, cases[_i].mw);
    int64_t again_us = -1;
    enum sy_action action =
        sy_decide(&written, &now, HEARTBEAT, WRITTEN_AT + cases[_i].later_us, &again_us);
    ck_assert_msg(action == cases[_i].action, "%s: %d", cases[_i].what, (int)action);
    if (cases[_i].again_us != 0)
        ck_assert_int_eq(again_us, WRITTEN_AT + cases[_i].again_us);
}
END_TEST

static const struct {
    int64_t before_mw, now_mw;
    bool differ;
} watts[] = {
    {100000, 100000, false},
    {100000, 104999, false},
    {100000, 110000, true},
    {100000, 109999, false},
    {5600000, 5610000, false},
    {5600000, 5300000, true},
    {5600000, 5330000, false},
    {60000, 50001, false},
    {60000, 50000, true},
    {0, 9999, false},
    {0, 10000, true},
    {-1, -1, false},
    {-1, 0, true},
    {0, -1, true},
    {10000000000, 9000000000, true},
};

START_TEST(watts_that_matter)
{
    ck_assert_int_eq(sy_watts_differ(watts[_i].before_mw, watts[_i].now_mw), watts[_i].differ);
    ck_assert_int_eq(sy_watts_differ(watts[_i].now_mw, watts[_i].before_mw), watts[_i].differ);
}
END_TEST

START_TEST(the_first_writes)
{
    struct sy_written written = {0};
    struct sy_content now = content("a", "a", -1);
    int64_t again_us, now_us = 17; /* a machine that has just started */
    ck_assert_int_eq(sy_decide(&written, &now, HEARTBEAT, now_us, &again_us), SY_WRITE_SPEC);
    sy_decide_done(&written, SY_WRITE_SPEC, &now, now_us);
    ck_assert_int_eq(sy_decide(&written, &now, HEARTBEAT, now_us, &again_us), SY_WRITE_STATUS);
    sy_decide_done(&written, SY_WRITE_STATUS, &now, now_us);
    ck_assert_int_eq(sy_decide(&written, &now, HEARTBEAT, now_us, &again_us), SY_WRITE_NOTHING);
    ck_assert_int_eq(again_us, now_us + HEARTBEAT);
}
END_TEST

START_TEST(failures_wait_longer_and_longer)
{
    static const int64_t whole[] = {1, 2, 4, 6, 6, 6};
    struct sy_written written = {0};
    struct sy_content now = content("a", "a", -1);
    int64_t again_us, now_us = WRITTEN_AT;
    for (unsigned i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct sy_written low = written, high = written;
        sy_decide_failed(&low, 0, 0, now_us);
        sy_decide_failed(&high, 0, (uint32_t)(whole[i] * SECOND / 2), now_us);
        ck_assert_int_eq(low.not_before_us, now_us + whole[i] * SECOND / 2);
        ck_assert_int_eq(high.not_before_us, now_us + whole[i] * SECOND);
        written = high;
        ck_assert_int_eq(sy_decide(&written, &now, HEARTBEAT, now_us, &again_us), SY_WRITE_NOTHING);
        now_us = again_us;
        ck_assert_int_eq(sy_decide(&written, &now, HEARTBEAT, now_us, &again_us), SY_WRITE_SPEC);
    }
    sy_decide_done(&written, SY_WRITE_SPEC, &now, now_us);
    ck_assert_uint_eq(written.failures, 0);
    ck_assert_int_eq(sy_decide(&written, &now, HEARTBEAT, now_us, &again_us), SY_WRITE_STATUS);
}
END_TEST

/* What the server wants, and what it gets of that. */
static const struct {
    int64_t wish_us, wait_us;
} wishes[] = {
    {0, SECOND / 2},
    {SECOND / 4, SECOND / 2},
    {4 * SECOND, 4 * SECOND},
    {30 * SECOND, 30 * SECOND},
    {30 * SECOND + 1, 30 * SECOND},
    {300 * SECOND, 30 * SECOND},
    {INT64_MAX, 30 * SECOND},
};

START_TEST(the_server_s_wish)
{
    struct sy_written written = {0};
    sy_decide_failed(&written, wishes[_i].wish_us, 0, WRITTEN_AT);
    ck_assert_int_eq(written.not_before_us, WRITTEN_AT + wishes[_i].wait_us);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decide");
    TCase *tcase = tcase_create("decide");
    tcase_add_loop_test(tcase, decisions, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tcase, watts_that_matter, 0, sizeof watts / sizeof watts[0]);
    tcase_add_test(tcase, the_first_writes);
    tcase_add_test(tcase, failures_wait_longer_and_longer);
    tcase_add_loop_test(tcase, the_server_s_wish, 0, sizeof wishes / sizeof wishes[0]);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
