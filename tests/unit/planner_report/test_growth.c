/* SPDX-License-Identifier: Apache-2.0 */
/* Arrivals: their texts, how a number becomes an interval, filling a plan, the ways to more room.
 */
#include "planner/report/growth.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "tests/unit/planner_report/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORM                                                                                       \
    "expected SHAPE=RATE/day (or /hour, /week), with \302\261NUMBER or \302\261N% behind it for "  \
    "how "                                                                                         \
    "uncertain the rate is"

static const struct {
    const char *text, *error; /* NULL: none */
    const char *shape;
    double per_day, spread;
} texts[] = {
    {"1=3/day", NULL, "1", 3, 0},
    {"1=3/day\302\2610.5", NULL, "1", 3, 0.5},
    {"1=3/day+-0.5", NULL, "1", 3, 0.5},
    {"4x nvidia.com/gpu, a=b=14/week+-7", NULL, "4x nvidia.com/gpu, a=b", 2, 1},
    {"x=3/day\302\26150%", NULL, "x", 3, 1.5},
    {"x=14/week+-50%", NULL, "x", 2, 1},
    {"x=0.5/hour", NULL, "x", 12, 0},
    {"x=0/day", NULL, "x", 0, 0},
    {"x=3/day+-3", NULL, "x", 3, 3},
    {"x", "--arrivals 'x': " FORM, NULL, 0, 0},
    {"=3/day", "--arrivals '=3/day': " FORM, NULL, 0, 0},
    {"x=3", "--arrivals 'x=3': " FORM, NULL, 0, 0},
    {"x=/day", "--arrivals 'x=/day': " FORM, NULL, 0, 0},
    {"x=-3/day", "--arrivals 'x=-3/day': " FORM, NULL, 0, 0},
    {"x=1e3/day", "--arrivals 'x=1e3/day': " FORM, NULL, 0, 0},
    {"x=3/month", "--arrivals 'x=3/month': " FORM, NULL, 0, 0},
    {"x=3/days", "--arrivals 'x=3/days': " FORM, NULL, 0, 0},
    {"x=3/day+-", "--arrivals 'x=3/day+-': " FORM, NULL, 0, 0},
    {"x=3/day+-1 ", "--arrivals 'x=3/day+-1 ': " FORM, NULL, 0, 0},
    {"x=99999999999999999999/day", "--arrivals 'x=99999999999999999999/day': " FORM, NULL, 0, 0},
    {"x=3/day%", "--arrivals 'x=3/day%': " FORM, NULL, 0, 0},
    {"x=3/day+-%", "--arrivals 'x=3/day+-%': " FORM, NULL, 0, 0},
    {"x=3/day+-1%%", "--arrivals 'x=3/day+-1%%': " FORM, NULL, 0, 0},
    {"x=3/day+-200%", "--arrivals: a spread of 6 is more than its rate of 3", NULL, 0, 0},
    {"x=3/day+-4", "--arrivals: a spread of 4 is more than its rate of 3", NULL, 0, 0},
};

START_TEST(text)
{
    struct sy_arena *arena = sy_arena_new(10000);
    struct sy_arrival got = {.per_day = -1};
    struct sy_err err = {0};
    enum sy_code code = sy_growth_parse(texts[_i].text, arena, &got, &err);
    if (texts[_i].error != NULL) {
        ck_assert_int_eq(code, SY_EUSAGE);
        ck_assert_str_eq(err.text, texts[_i].error);
        ck_assert_double_eq(got.per_day, -1);
    } else {
        ck_assert_int_eq(code, SY_OK);
        ck_assert_str_eq(got.shape, texts[_i].shape);
        ck_assert_double_eq_tol(got.per_day, texts[_i].per_day, 1e-12);
        ck_assert_double_eq_tol(got.spread, texts[_i].spread, 1e-12);
    }
    sy_arena_free(arena);
}
END_TEST

/* Expected by hand: x² ∓ 1.645·x = n + 1 with x² the mean. */
START_TEST(interval)
{
    const struct sy_growth_arrival ten = {.per_day = 10}, spread = {.per_day = 10, .spread = 10};
    const struct sy_growth_arrival never = {.per_day = 0};
    struct sy_growth_interval when = sy_growth_when(&ten, 99);
    ck_assert_double_eq_tol(when.early_days, 8.485, 0.01);
    ck_assert_double_eq_tol(when.late_days, 11.786, 0.01);
    ck_assert_double_lt(when.early_days, 10); /* the bare date lies within */
    ck_assert_double_gt(when.late_days, 10);
    when = sy_growth_when(&ten, 0); /* it does not fit now */
    ck_assert_double_eq(when.early_days, 0);
    ck_assert_double_eq(when.late_days, 0);
    when = sy_growth_when(&never, 0); /* nor does it come */
    ck_assert(isinf(when.early_days) && isinf(when.late_days));
    when = sy_growth_when(&spread, 99); /* nothing may come at all */
    ck_assert_double_eq_tol(when.early_days, 4.24, 0.01);
    ck_assert(isinf(when.late_days));
}
END_TEST

struct scene {
    struct sy_state *state;
    struct sy_plan *plan;
    struct sy_arena *arena;
    struct sy_capacity_shape *shape;
    size_t nshape;
};

/* `policy`: a file's path, NULL = the built-in one. */
static void begin_with(struct scene *s, const char *policy)
{
    const char *items[] = {fixture_fabric, fixture_node, fixture_pods, NULL};
    const struct sy_plan_options options = {.weight = 10};
    struct sy_err err = {0};
    *s = (struct scene){.arena = sy_arena_new((size_t)1 << 30)};
    ck_assert_msg(fixture_state(items, policy, &s->state, &err) == SY_OK, "%s", err.text);
    ck_assert_int_eq(sy_plan_new(s->state, &options, &s->plan, &err), SY_OK);
    ck_assert_int_eq(sy_capacity_shapes(s->plan, 8, s->arena, &s->shape, &s->nshape, &err), SY_OK);
    ck_assert_uint_eq(s->nshape, 2);
}

static void begin(struct scene *s)
{
    begin_with(s, NULL);
}

static void end(struct scene *s)
{
    sy_plan_free(s->plan);
    sy_state_free(s->state);
    sy_arena_free(s->arena);
}

/* One GPU is left: one pod of one, none of two; who never arrives never stops. */
START_TEST(fill)
{
    struct scene s;
    begin(&s);
    const struct sy_growth_arrival arrival[] = {
        {&s.shape[0], 1, 0}, {&s.shape[1], 2, 0}, {&s.shape[1], 0, 0}};
    const struct sy_growth growth = {arrival, 3, 365};
    struct sy_growth_left left[3];
    struct sy_err err = {0};
    ck_assert_int_eq(sy_growth_fill(s.plan, &growth, s.arena, left, &err), SY_OK);
    ck_assert_uint_eq(left[0].pods, 0);
    ck_assert(!left[0].at_least);
    ck_assert_uint_eq(left[1].pods, 1);
    ck_assert(!left[1].at_least);
    ck_assert_uint_eq(left[2].pods, 0);
    ck_assert(left[2].at_least);
    /* The plan was not changed. */
    ck_assert_int_eq(sy_growth_fill(s.plan, &growth, s.arena, left, &err), SY_OK);
    ck_assert_uint_eq(left[1].pods, 1);
    end(&s);
}
END_TEST

/* A node like n1, whose kubelet offers three GPUs: one more slot of two. */
START_TEST(buy)
{
    struct scene s;
    begin(&s);
    struct sy_template template_;
    struct sy_capacity now;
    struct sy_ways ways;
    struct sy_err err = {0};
    const struct sy_growth_arrival arrival = {&s.shape[0], 1, 0.5};
    const struct sy_growth growth = {&arrival, 1, 365};
    ck_assert_int_eq(sy_template_like(s.state, "n1", s.arena, &template_, &err), SY_OK);
    template_.price_milli = 90000000;
    ck_assert_int_eq(sy_capacity_of(s.plan, s.shape, s.nshape, s.arena, &now, &err), SY_OK);
    ck_assert_uint_eq(now.slots[0].slots, 0);
    ck_assert_msg(sy_ways_find(s.plan, &now, 0, &growth, &template_, 1, s.arena, &ways, &err) ==
                      SY_OK,
                  "%s", err.text);
    ck_assert_uint_eq(ways.n, 1); /* there is nowhere to move to */
    ck_assert_str_eq(ways.way[0].kind, "buy-node");
    ck_assert_str_eq(ways.way[0].what, "buy n1");
    ck_assert_uint_eq(ways.way[0].slots, 1);
    ck_assert_uint_eq(ways.way[0].left[0].pods, 1);
    ck_assert_int_eq(ways.way[0].price_milli, 90000000);
    sy_template_done(&template_);
    end(&s);
}
END_TEST

struct capped {
    struct scene scene;
    struct sy_capacity now;
};

static enum sy_code raise_all(void *data, struct sy_err *err)
{
    struct capped *c = data;
    struct sy_way way = {0};
    SY_AUTO(sy_plan) struct sy_plan *copy = NULL;
    return sy_ways_cap(c->scene.plan, &c->now, c->scene.shape[1].pod, -1, 0, &copy, &way, err);
}

static uint64_t slots_under(struct capped *c, int64_t limit_mw)
{
    struct sy_capacity_slots slots;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_plan_cap_node(c->scene.plan, 0, limit_mw, &err), SY_OK);
    ck_assert_int_eq(
        sy_capacity_slots(c->scene.plan, c->scene.shape[1].pod, 0, c->scene.arena, &slots, &err),
        SY_OK);
    return slots.slots;
}

/* A node whose cap leaves no watts for the one free GPU: the new limit fits it, a watt less does
 * not. */
START_TEST(raise_cap)
{
    char policy[] = "/tmp/sy_policy_XXXXXX.yaml";
    struct capped c;
    struct sy_err err = {0};
    int fd = mkstemps(policy, 5);
    ck_assert_int_ge(fd, 0);
    static const char hard[] = "power: {hard: true}\n";
    ck_assert_int_eq(write(fd, hard, sizeof hard - 1), (int)sizeof hard - 1);
    (void)close(fd);
    begin_with(&c.scene, policy);
    (void)unlink(policy);
    ck_assert_int_eq(sy_plan_cap_node(c.scene.plan, 0, 1300000, &err), SY_OK);
    ck_assert_int_eq(
        sy_capacity_of(c.scene.plan, c.scene.shape, c.scene.nshape, c.scene.arena, &c.now, &err),
        SY_OK);
    ck_assert_uint_eq(c.now.slots[1].slots, 0);
    struct sy_way way = {0};
    struct sy_plan *copy = NULL;
    ck_assert_int_eq(
        sy_ways_cap(c.scene.plan, &c.now, c.scene.shape[1].pod, -1, 0, &copy, &way, &err), SY_OK);
    ck_assert_ptr_nonnull(copy);
    sy_plan_free(copy);
    ck_assert_uint_eq(way.slots, 1);
    ck_assert_int_gt(way.watts_mw, 0);
    ck_assert_int_eq(way.limit_mw, 1300000 + way.watts_mw);
    ck_assert_int_gt(sy_fault_sweep(raise_all, &c, 0), 10);
    ck_assert_uint_eq(slots_under(&c, way.limit_mw), 1);
    ck_assert_uint_eq(slots_under(&c, way.limit_mw - 1000), 0);
    /* Where nothing is gained there is no plan. */
    copy = NULL;
    ck_assert_int_eq(
        sy_ways_cap(c.scene.plan, &c.now, c.scene.shape[0].pod, -1, 0, &copy, &way, &err), SY_OK);
    ck_assert_ptr_null(copy);
    ck_assert_uint_eq(way.slots, 0);
    end(&c.scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_report_growth");
    TCase *tc = tcase_create("growth");
    tcase_add_loop_test(tc, text, 0, sizeof texts / sizeof texts[0]);
    tcase_add_test(tc, interval);
    tcase_add_test(tc, fill);
    tcase_add_test(tc, buy);
    tcase_add_test(tc, raise_cap);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
