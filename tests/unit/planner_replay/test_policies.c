/* SPDX-License-Identifier: Apache-2.0 */
/* Every policy's price on examples worked out by hand: a node of two T4 and 16 vCPU, free or with
 * half of its first device taken; half of the workload asks for half a device, half for two. */
#include "planner/replay/policies.h"
#include "planner/replay/power.h"
#include "small.h"
#include "tests/lib/run.h"

#include <string.h>

enum node { FREE, HALF, MIXED };
enum pod { PART, SMALL_PART, WHOLE, CPU };

static const struct {
    const char *policy;
    enum node node;
    enum pod pod;
    int32_t value;
    unsigned device;
} cases[] = {
    /* F: 0 -> 0.5 x 1500; 100 x sigmoid(-0.75) = 32.08 */
    {"fgd", FREE, PART, 32, 0},
    /* F: 750 -> 500 on either device; sigmoid(0.25) = 0.5622; the first */
    {"fgd", HALF, PART, 56, 0},
    /* 300 milli: first device F = 0.5 x 200 + 0.5 x 1200, second 0.5 x 1200; sigmoid(0.15) */
    {"fgd", HALF, SMALL_PART, 53, 1},
    /* F: 750 -> 0.5 x 0 (500 fit) + 0.5 x 500; sigmoid(0.5) = 0.6225 */
    {"fgd", HALF, WHOLE, 62, 0},
    /* CPU 16000 -> 8000: no kind loses anything; sigmoid(0) */
    {"fgd", FREE, CPU, 50, 0},
    /* 35 W -> 120 + 70 + 10 */
    {"pwr", FREE, PART, -165, 0},
    {"pwr", HALF, PART, 0, 0},
    {"pwr", HALF, WHOLE, -60, 0},
    {"pwr", FREE, CPU, -105, 0},
    /* 1 - 0.5 x 12000/128000 - 0.5 x 1500/8000 */
    {"best-fit", FREE, PART, 85, 0},
    {"best-fit", HALF, PART, 90, 0},
    {"best-fit", HALF, WHOLE, 93, 1},
    {"best-fit", FREE, CPU, 84, 0},
    /* 1 - (0.125 x 0.03125 + 0.25 x 0.0625) / 2 */
    {"dot-product", FREE, PART, 99, 0},
    {"dot-product", HALF, WHOLE, 98, 1},
    {"packing", FREE, PART, 31, 0},  /* a free node of 2 */
    {"packing", HALF, PART, 95, 0},  /* a device with 50 % left */
    {"packing", HALF, WHOLE, 49, 1}, /* one free device of a used node */
    {"packing", HALF, CPU, 0, 0},
    {"clustering", FREE, PART, 43, 0},  /* 25 x 6000/8000 + 25 */
    {"clustering", HALF, PART, 95, 0},  /* 25 x 6500/8000 + 75: this kind alone */
    {"clustering", HALF, WHOLE, 20, 1}, /* others alone */
    {"clustering", MIXED, PART, 73, 0}, /* 25 x 7500/8000 + 50 */
    {"clustering", MIXED, CPU, 0, 0},
    {"random", HALF, PART, 0, 0},
    /* (75 + 87)/2 + 50 + (50 + 93 - 100)/2 */
    {"kube-default", FREE, PART, 152, 0},
    {"kube-default:1.36", FREE, PART, 152, 0},
    {"kube-default:1.35", FREE, PART, 174, 0}, /* 81 + 93 */
    {"kube-default", MIXED, PART, 134, 0}, /* (50 + 75)/2 = 62; 50 + (50 + 87 - 93)/2; 72 + 62 */
};

struct bench {
    struct sy_run_trace trace;
    const struct sy_replay_policy_ops *ops;
    void *self;
    struct sy_replay_state state;
};

static void set_up(struct bench *b, const char *policy, enum node node)
{
    struct sy_err err = {0};
    const char *argument = NULL;
    *b = (struct bench){0};
    ck_assert_msg(small_trace(SMALL_NODES_HEAD "n,16000,8192,2,T4\n",
                              SMALL_PODS_HEAD "a,4000,1024,1,500,\nb,8000,1024,2,1000,\n",
                              &b->trace, &err) == SY_OK,
                  "%s", err.text);
    ck_assert_msg(sy_policy_find(policy, &b->ops, &argument, &err) == SY_OK, "%s", err.text);
    if (b->ops->make != NULL)
        ck_assert_msg(b->ops->make(&b->trace.world, argument, &b->self, &err) == SY_OK, "%s",
                      err.text);
    b->state = (struct sy_replay_state){
        .cpu_left = 16000, .memory_left = 8192, .left = {1000, 1000}, .total_left = 2000};
    const struct sy_replay_class half = {
        .cpu_milli = 4000, .memory_mib = 1024, .devices = 1, .device_milli = 500};
    const struct sy_replay_class whole = {
        .cpu_milli = 0, .memory_mib = 0, .devices = 1, .device_milli = 1000};
    if (node >= HALF) {
        sy_replay_take(&half, 0, &b->state);
        b->state.tags |= SY_REPLAY_SHARED;
    }
    if (node == MIXED) {
        sy_replay_take(&whole, 0, &b->state);
        b->state.tags |= SY_REPLAY_1_DEVICE;
    }
    const struct sy_replay_shape *shape = &b->trace.nodes.shape[0];
    b->state.fragment = sy_fragment_of(b->trace.fragment, shape, &b->state);
    b->state.power_mw = sy_power_of(shape, &b->state);
    if (b->ops->potential != NULL)
        b->state.potential = b->ops->potential(b->self, shape, &b->state);
}

static void tear_down(struct bench *b)
{
    if (b->ops->free != NULL)
        b->ops->free(b->self);
    sy_run_trace_done(&b->trace);
}

static const struct sy_replay_class pods[] = {
    [PART] = {.cpu_milli = 4000, .memory_mib = 1024, .devices = 1, .device_milli = 500},
    [SMALL_PART] = {.cpu_milli = 4000, .memory_mib = 1024, .devices = 1, .device_milli = 300},
    [WHOLE] = {.cpu_milli = 4000, .memory_mib = 1024, .devices = 1, .device_milli = 1000},
    [CPU] = {.cpu_milli = 8000, .memory_mib = 1024},
};

START_TEST(prices)
{
    struct bench b;
    struct sy_replay_score score = {.value = -999};
    set_up(&b, cases[_i].policy, cases[_i].node);
    b.ops->score(b.self, &b.trace.nodes.shape[0], &b.state, &pods[cases[_i].pod], &score);
    ck_assert_msg(score.value == cases[_i].value, "case %d, %s: expected %d, got %d", _i,
                  cases[_i].policy, cases[_i].value, score.value);
    if (cases[_i].pod <= SMALL_PART)
        ck_assert_uint_eq(score.device, cases[_i].device);
    tear_down(&b);
}
END_TEST

/* 0..100 over the range; a weight of 200 of 1000. */
START_TEST(weighed)
{
    const struct sy_replay_range range = {-165, 0}, flat = {-5, -5};
    struct sy_replay_score score = {0};
    struct bench b;
    set_up(&b, "pwr-fgd:200", HALF);
    b.ops->score(b.self, &b.trace.nodes.shape[0], &b.state, &pods[PART], &score);
    ck_assert_int_eq(score.value, 0);
    ck_assert_int_eq(score.second, 56);
    ck_assert_int_eq(b.ops->combine(b.self, &score, &range), 200 * 100 + 800 * 56);
    score.value = -100;
    ck_assert_int_eq(b.ops->combine(b.self, &score, &range), 200 * 39 + 800 * 56);
    ck_assert_int_eq(b.ops->combine(b.self, &score, &flat), 200 * 100 + 800 * 56);
    ck_assert_int_eq(sy_policy_pwr.combine(NULL, &score, &range), 39);
    tear_down(&b);
}
END_TEST

static const struct {
    const char *text, *error;
} names[] = {
    {"fdg", "unknown policy 'fdg' (known: fgd, best-fit, pwr, pwr-fgd, random, kube-default, "
            "dot-product, packing, clustering"},
    {"", "unknown policy ''"},
    {"fgd:1", "policy 'fgd' takes no argument"},
    {"best-fit:1", "policy 'best-fit' takes no argument"},
    {"pwr-fgd", "policy 'pwr-fgd' needs the weight of power, 0 to 1000, as in pwr-fgd:200"},
    {"pwr-fgd:1001", "policy 'pwr-fgd' needs the weight"},
    {"pwr-fgd:-1", "policy 'pwr-fgd' needs the weight"},
    {"pwr-fgd:99999999999", "policy 'pwr-fgd' needs the weight"},
    {"pwr-fgd:2x", "policy 'pwr-fgd' needs the weight"},
    {"kube-default:1.34", "policy 'kube-default' takes 1.35 or 1.36 after the colon"},
};

START_TEST(refused)
{
    struct sy_run_trace trace;
    struct sy_err err = {0};
    const struct sy_replay_policy_ops *ops = NULL;
    const char *argument = NULL;
    void *self = NULL;
    ck_assert_int_eq(small_trace(SMALL_NODES_HEAD "n,16000,8192,2,T4\n",
                                 SMALL_PODS_HEAD "a,4000,1024,1,500,\n", &trace, &err),
                     SY_OK);
    enum sy_code code = sy_policy_find(names[_i].text, &ops, &argument, &err);
    if (code == SY_OK)
        code = ops->make(&trace.world, argument, &self, &err);
    ck_assert_int_eq(code, SY_EUSAGE);
    ck_assert_msg(strncmp(err.text, names[_i].error, strlen(names[_i].error)) == 0,
                  "expected '%s', got '%s'", names[_i].error, err.text);
    sy_run_trace_done(&trace);
}
END_TEST

/* All devices that fit are drawn, others never. */
START_TEST(random_device)
{
    struct bench b;
    struct sy_random random;
    unsigned seen = 0;
    set_up(&b, "random", HALF);
    sy_random_init(&random, 1);
    for (int i = 0; i < 100; i++)
        seen |= 1u << b.ops->device(b.self, &b.state, &pods[PART], &random);
    ck_assert_uint_eq(seen, 3);
    b.state.left[0] = 499;
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(b.ops->device(b.self, &b.state, &pods[PART], &random), 1);
    tear_down(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_policies");
    TCase *tc = tcase_create("policies");
    tcase_add_loop_test(tc, prices, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tc, weighed);
    tcase_add_loop_test(tc, refused, 0, sizeof names / sizeof names[0]);
    tcase_add_test(tc, random_device);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
