/* SPDX-License-Identifier: Apache-2.0 */
/* Eleven levels: both mappings, and what they lose. */
#include "scoring/engine.h"
#include "tests/lib/run.h"

#include <string.h>

#define CANDIDATES 6
#define REFUSED (-1) /* a candidate that does not fit */
#define END (-2)

static const struct {
    const char *what;
    uint8_t mapping;
    uint16_t span;
    int score[CANDIDATES];
    uint8_t wire[CANDIDATES];
    uint16_t lost;
} cases[] = {
    {"absolute rounds half up",
     SY_WIRE_ABSOLUTE,
     300,
     {0, 49, 50, 949, 950, 1000},
     {0, 0, 1, 9, 10, 10},
     133},
    {"stretched over all", SY_WIRE_STRETCH, 100, {0, 500, 1000, 250, END}, {0, 5, 10, 2}, 0},
    {"over the candidates only", SY_WIRE_STRETCH, 100, {600, 700, 800, END}, {0, 5, 10}, 0},
    {"never further than the least span",
     SY_WIRE_STRETCH,
     300,
     {700, 730, 760, END},
     {8, 9, 10},
     0},
    {"trifles vanish", SY_WIRE_STRETCH, 300, {700, 710, END}, {10, 10}, 1000},
    {"all equal", SY_WIRE_STRETCH, 300, {5, 5, 5, END}, {10, 10, 10}, 0},
    {"the refused have no part in it",
     SY_WIRE_STRETCH,
     100,
     {REFUSED, 600, 800, END},
     {0, 0, 10},
     0},
    {"all refused", SY_WIRE_STRETCH, 100, {REFUSED, REFUSED, END}, {0, 0}, 0},
    {"one of three pairs lost", SY_WIRE_STRETCH, 300, {500, 505, 800, END}, {0, 0, 10}, 333},
    {"equal scores are no loss", SY_WIRE_STRETCH, 300, {500, 500, 800, END}, {0, 0, 10}, 0},
};

START_TEST(mapping)
{
    struct sy_verdict verdict[CANDIDATES];
    struct sy_policy policy = {.wire_mapping = cases[_i].mapping,
                               .wire_least_span = cases[_i].span};
    size_t n = 0;
    memset(verdict, 0, sizeof verdict);
    for (; n < CANDIDATES && cases[_i].score[n] != END; n++) {
        bool refused = cases[_i].score[n] == REFUSED;
        verdict[n].reason = refused ? SY_REASON_HELD : SY_REASON_FITS;
        verdict[n].score = refused ? 0 : (uint16_t)cases[_i].score[n];
    }
    uint16_t lost = 7;
    sy_engine_wire(&policy, verdict, n, &lost);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(verdict[i].wire == cases[_i].wire[i], "%s: candidate %zu is %u",
                      cases[_i].what, i, verdict[i].wire);
    ck_assert_msg(lost == cases[_i].lost, "%s: lost %u", cases[_i].what, lost);
}
END_TEST

/* Of all pairs of scores: order is never turned round, and the range is kept. */
START_TEST(order)
{
    struct sy_policy policy = {.wire_mapping = (uint8_t)_i, .wire_least_span = 300};
    struct sy_verdict verdict[1001];
    memset(verdict, 0, sizeof verdict);
    for (unsigned step = 1; step <= 1000; step += 37) {
        size_t n = 0;
        for (unsigned score = step % 90; score <= 1000; score += step)
            verdict[n++] = (struct sy_verdict){.score = (uint16_t)score};
        sy_engine_wire(&policy, verdict, n, NULL);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_le(verdict[i].wire, 10);
            ck_assert(i == 0 || verdict[i - 1].wire <= verdict[i].wire);
        }
    }
}
END_TEST

START_TEST(reasons)
{
    static const char *const kinds[] = {"fits", "busy", "never"};
    for (enum sy_reason r = 0; r < SY_REASON_COUNT; r++) {
        const char *text = sy_reason_text(r), *kind = sy_verdict_name(sy_reason_verdict(r));
        ck_assert_int_eq(strncmp(text, "switchyard", 10), 0);
        ck_assert_str_eq(kind, kinds[sy_reason_verdict(r)]);
        ck_assert_ptr_nonnull(strstr(text, kind));
        ck_assert_uint_lt(strlen(text), 90);
        /* A number in it would change between attempts. */
        ck_assert_uint_eq(strcspn(text, "0123456789"), strlen(text));
        for (enum sy_reason other = 0; other < r; other++) {
            ck_assert_str_ne(text, sy_reason_text(other));
            ck_assert_str_ne(sy_reason_name(r), sy_reason_name(other));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine_wire");
    TCase *tc = tcase_create("engine_wire");
    tcase_add_loop_test(tc, mapping, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tc, order, SY_WIRE_ABSOLUTE, SY_WIRE_STRETCH + 1);
    tcase_add_test(tc, reasons);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
