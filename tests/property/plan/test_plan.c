/* SPDX-License-Identifier: Apache-2.0 */
/* A plan that went through random steps says what a plan says that is made anew of a state which
 * has the outcome; copies do not hear of each other; what is taken back was never there. */
#include "base/str.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 120
#define STEPS 30
#define NODES 6u
#define PODS 24u
#define UNITS 8u
#define NPU "npu.huawei.com/ascend910b"
#define GPU "nvidia.com/gpu"
#define BASE_US INT64_C(1700000000000000)

#define ok(call)                                                                                   \
    do {                                                                                           \
        struct sy_err err = {0};                                                                   \
        ck_assert_msg((call) == SY_OK, "%s", err.text);                                            \
    } while (0)

/* Devices of the machine, in the order of its units. */
static const char *const pci[UNITS] = {"0000:13:00.0", "0000:14:00.0", "0000:15:00.0",
                                       "0000:16:00.0", "0000:1a:00.0", "0000:1b:00.0",
                                       "0000:1c:00.0", "0000:1d:00.0"};
static const char *const names[NODES] = {"n0", "n1", "n2", "n3", "n4", "n5"};

struct start_pod {
    char name[16];
    int node; /* -1 = pending */
    unsigned npu, gpu;
    const char *require;
    uint32_t units; /* that the node's report names for it */
};
struct start {
    bool reported[NODES], sick[NODES][UNITS];
    struct start_pod pod[PODS];
};

/* What is to be made of a node: held and sick devices as the report tells them. */
struct picture {
    bool there, cordoned, reported;
    bool sick[UNITS];
    int holder[UNITS]; /* pod, -1 */
    int64_t limit_w;
};

static bool is_npu(unsigned unit)
{
    return unit == 0 || unit == 1 || unit == 4 || unit == 5;
}

static bool is_gpu(unsigned unit)
{
    return unit == 2 || unit == 6;
}

static void draw_start(struct sy_dice *dice, struct start *s)
{
    bool taken[NODES][UNITS] = {{false}};
    memset(s, 0, sizeof *s);
    for (unsigned n = 0; n < NODES; n++) {
        s->reported[n] = !sy_dice_chance(dice, 20);
        for (unsigned u = 0; u < UNITS; u++)
            s->sick[n][u] = s->reported[n] && sy_dice_chance(dice, 5);
    }
    for (unsigned i = 0; i < PODS; i++) {
        struct start_pod *pod = &s->pod[i];
        (void)snprintf(pod->name, sizeof pod->name, "p%02u", i);
        pod->node =
            sy_dice_chance(dice, 40) ? (int)sy_dice_roll(dice, NODES - 1) : -1; /* n5: none */
        pod->npu = (unsigned)sy_dice_roll(dice, 3);
        pod->gpu = (unsigned)sy_dice_roll(dice, 2);
        pod->require = sy_dice_chance(dice, 20) ? "switch" : NULL;
        if (pod->node < 0 || !s->reported[pod->node] || sy_dice_chance(dice, 30))
            continue; /* no report has it yet */
        unsigned npu = 0, gpu = 0;
        for (unsigned u = 0; u < UNITS; u++) {
            bool wanted = (is_npu(u) && npu < pod->npu) || (is_gpu(u) && gpu < pod->gpu);
            if (!wanted || taken[pod->node][u])
                continue;
            taken[pod->node][u] = true;
            pod->units |= 1u << u;
            npu += is_npu(u);
            gpu += is_gpu(u);
        }
    }
}

static const char *status_of(struct world *w, const struct start *s, const struct picture *p)
{
    struct sy_str text;
    bool first = true;
    sy_str_init(&text, 1 << 20);
    sy_str_append(&text, "{\"mode\":\"exact\",\"devices\":[");
    for (unsigned u = 0; u < UNITS; u++) {
        if (!p->sick[u] && p->holder[u] < 0)
            continue;
        sy_str_printf(&text, "%s{\"pci\":\"%s\"", first ? "" : ",", pci[u]);
        first = false;
        if (p->sick[u])
            sy_str_append(&text, ",\"healthy\":false,\"reason\":\"sick\"");
        if (p->holder[u] >= 0) {
            const char *name = s->pod[p->holder[u]].name;
            sy_str_printf(&text,
                          ",\"held\":1000,\"holders\":[{\"namespace\":\"default\",\"name\":\"%s\","
                          "\"uid\":\"u-%s\"}]",
                          name, name);
        }
        sy_str_append(&text, "}");
    }
    sy_str_printf(&text, "],\"power\":{\"limitWatts\":%lld,\"baseWatts\":900}}",
                  (long long)p->limit_w);
    const char *kept = sy_arena_printf(w->arena, "%s", text.data);
    sy_str_done(&text);
    return kept;
}

/* What a device plugin counts: the healthy ones. Without a report nobody knows of sick ones. */
static const char *has_of(struct world *w, const struct picture *p)
{
    unsigned npu = 0, gpu = 0;
    for (unsigned u = 0; u < UNITS; u++) {
        npu += is_npu(u) && !p->sick[u];
        gpu += is_gpu(u) && !p->sick[u];
    }
    return sy_arena_printf(w->arena, "cpu=32 memory=256Gi pods=9 " NPU "=%u " GPU "=%u", npu, gpu);
}

static const char *asks_of(struct world *w, const struct start_pod *pod)
{
    return sy_arena_printf(w->arena, "cpu=3 memory=4Gi " NPU "=%u " GPU "=%u", pod->npu, pod->gpu);
}

static void make_nodes(struct world *w, const struct start *s, const struct picture *picture)
{
    for (unsigned n = 0; n < NODES; n++) {
        const struct picture *p = &picture[n];
        if (!p->there)
            continue;
        world_add_node(w, &(struct world_node){
                              .name = names[n],
                              .machine = "trio-1",
                              .status = p->reported ? status_of(w, s, p) : NULL,
                              .has = has_of(w, p),
                              .labels = n % 2 == 0 ? "rack=even" : "rack=odd",
                          });
        w->node[w->state.nnode - 1].unschedulable = p->cordoned;
    }
}

static const char *const policy =
    "power: {hard: true}\n"
    "powerDomains:\n"
    "- {name: even, limitWatts: 9000, nodeSelector: {matchLabels: {rack: even}}}\n";

static void picture_start(const struct start *s, struct picture *picture)
{
    for (unsigned n = 0; n < NODES; n++) {
        picture[n] = (struct picture){.there = n < NODES - 1, .reported = s->reported[n]};
        picture[n].limit_w = 4000;
        for (unsigned u = 0; u < UNITS; u++) {
            picture[n].sick[u] = picture[n].there && s->sick[n][u];
            picture[n].holder[u] = -1;
        }
    }
    for (unsigned i = 0; i < PODS; i++)
        for (unsigned u = 0; u < UNITS; u++)
            if ((s->pod[i].units >> u & 1) != 0)
                picture[s->pod[i].node].holder[u] = (int)i;
}

static void open_start(struct world *w, const struct start *s)
{
    struct picture picture[NODES];
    picture_start(s, picture);
    world_open(w, policy);
    make_nodes(w, s, picture);
    for (unsigned i = 0; i < PODS; i++) {
        const struct start_pod *pod = &s->pod[i];
        world_add_pod(w, &(struct world_pod){pod->name, pod->node >= 0 ? names[pod->node] : NULL,
                                             asks_of(w, pod), pod->require, NULL});
    }
    world_ready(w);
}

/* No report names the pod any more. */
static void forget(struct picture *picture, uint32_t pod)
{
    for (unsigned n = 0; n < NODES; n++)
        for (unsigned u = 0; u < UNITS; u++)
            if (picture[n].holder[u] == (int)pod)
                picture[n].holder[u] = -1;
}

static void step_pod(struct sy_dice *dice, struct sy_plan *plan, struct picture *picture)
{
    uint32_t pod = (uint32_t)sy_dice_roll(dice, PODS), to;
    enum sy_pod_phase phase = sy_plan_pod_phase(plan, pod);
    switch (sy_dice_roll(dice, 6)) {
    case 0:
    case 1:
    case 2:
        if (phase == SY_POD_PENDING)
            ok(sy_plan_place(plan, pod, &to, &err));
        break;
    case 3:
    case 4:
        ok(sy_plan_unbind(plan, pod, &err));
        forget(picture, pod);
        break;
    default:
        if (phase == SY_POD_REMOVED || sy_dice_chance(dice, 70))
            break;
        ok(sy_plan_remove_pod(plan, pod, &err));
        forget(picture, pod);
    }
}

static void add_last(struct world *w, struct sy_plan *plan, struct picture *p)
{
    uint32_t id;
    struct world_node node = {.name = names[NODES - 1],
                              .machine = "trio-1",
                              .status = "{\"mode\":\"exact\",\"devices\":[],\"power\":{"
                                        "\"limitWatts\":4000,\"baseWatts\":900}}",
                              .has = has_of(w, p),
                              .labels = "rack=odd"};
    if (p->there)
        return;
    p->there = p->reported = true;
    ok(sy_plan_add_node(plan, world_new_node(w, &node), &id, &err));
}

static void step_node(struct sy_dice *dice, struct world *w, struct sy_plan *plan,
                      struct picture *picture)
{
    uint32_t node = (uint32_t)sy_dice_roll(dice, NODES), unit = (uint32_t)sy_dice_roll(dice, UNITS);
    uint64_t what = sy_dice_roll(dice, 4);
    struct picture *p = &picture[node];
    if (node == NODES - 1) {
        add_last(w, plan, p);
    } else if (!p->there) {
        return;
    } else if (what == 0) {
        p->cordoned = !p->cordoned;
        ok(sy_plan_cordon(plan, node, p->cordoned, &err));
    } else if (what == 1 && p->reported) {
        p->sick[unit] = !p->sick[unit];
        ok(sy_plan_fail_unit(plan, node, unit, "sick", p->sick[unit], &err));
    } else if (what == 2 && p->reported) {
        p->limit_w = 2000 + (int64_t)sy_dice_roll(dice, 3000);
        ok(sy_plan_cap_node(plan, node, p->limit_w * 1000, &err));
    } else if (what == 3 && sy_dice_chance(dice, 15)) {
        ok(sy_plan_remove_node(plan, node, &err));
        p->there = false;
        for (unsigned u = 0; u < UNITS; u++)
            p->holder[u] = -1;
    }
}

/* One random change, noted in the picture of the outcome. */
static void step(struct sy_dice *dice, struct world *w, struct sy_plan *plan,
                 struct picture *picture)
{
    if (sy_dice_chance(dice, 60))
        step_pod(dice, plan, picture);
    else
        step_node(dice, w, plan, picture);
}

/* A state that has the outcome: reports as they would be, pods where they are. */
static void open_outcome(struct world *w, const struct start *s, struct sy_plan *plan,
                         const struct picture *picture)
{
    world_open(w, policy);
    make_nodes(w, s, picture);
    for (unsigned i = 0; i < PODS; i++) {
        const struct start_pod *pod = &s->pod[i];
        uint32_t node = sy_plan_pod_node(plan, i);
        const char *at = node != UINT32_MAX ? sy_plan_node(plan, node).object->name : NULL;
        world_add_pod(w, &(struct world_pod){pod->name, at, asks_of(w, pod), pod->require, NULL});
    }
    /* Bound in the order of the plan; who was there before keeps its time. */
    for (uint32_t n = 0; n < sy_plan_nodes(plan); n++) {
        size_t count;
        const uint32_t *pods = sy_plan_node_pods(plan, n, w->arena, &count);
        for (size_t i = 0; i < count; i++)
            w->pod[pods[i]].scheduled_us = BASE_US + 1000000 + (int64_t)i;
    }
    world_ready(w);
}

static void compare_nodes(struct sy_plan *plan, struct sy_plan *fresh)
{
    for (uint32_t i = 0; i < sy_plan_nodes(fresh); i++) {
        struct sy_plan_node b = sy_plan_node(fresh, i);
        int64_t at = sy_plan_find_node(plan, b.object->name);
        ck_assert_int_ge(at, 0);
        struct sy_plan_node a = sy_plan_node(plan, (uint32_t)at);
        ck_assert_int_eq(a.node->usage->mode, b.node->usage->mode);
        ck_assert(sy_digest_equal(a.node->state, b.node->state));
        ck_assert_int_eq(a.node->usage->limit_mw, b.node->usage->limit_mw);
        ck_assert_int_eq(a.taken->cpu_milli, b.taken->cpu_milli);
        ck_assert_uint_eq(a.object->allocatable.n, b.object->allocatable.n);
        for (size_t k = 0; k < a.object->allocatable.n; k++)
            ck_assert_int_eq(a.object->allocatable.other[k].value,
                             b.object->allocatable.other[k].value);
    }
    for (uint32_t i = 0; i < PODS; i++) {
        struct sy_devset a = sy_plan_pod_units(plan, i), b = sy_plan_pod_units(fresh, i);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
}

static void compare_verdicts(struct world *w, struct sy_plan *plan, struct sy_plan *fresh,
                             const struct sy_state_pod *pod)
{
    struct sy_plan_answer a, b;
    ok(sy_plan_try(plan, pod, false, w->arena, &a, &err));
    ok(sy_plan_try(fresh, pod, false, w->arena, &b, &err));
    ck_assert_uint_eq(a.n, b.n);
    ck_assert_uint_eq(a.nfeasible, b.nfeasible);
    ck_assert_uint_eq(a.best, b.best);
    ck_assert_uint_eq(a.nties, b.nties);
    for (uint32_t i = 0; i < a.n; i++) {
        const struct sy_plan_verdict *x = &a.verdict[i], *y = &b.verdict[i];
        ck_assert_str_eq(sy_plan_node(plan, x->node).object->name,
                         sy_plan_node(fresh, y->node).object->name);
        ck_assert_uint_eq(x->stage.stage, y->stage.stage);
        ck_assert_uint_eq(x->ours.reason, y->ours.reason);
        ck_assert_uint_eq(x->ours.score, y->ours.score);
        ck_assert_uint_eq(x->ours.wire, y->ours.wire);
        ck_assert_int_eq(x->ours.room.headroom_mw, y->ours.room.headroom_mw);
        ck_assert_int_eq(x->score.total, y->score.total);
    }
}

static void compare(struct world *w, struct sy_plan *plan, struct sy_plan *fresh)
{
    static const struct world_pod probes[] = {
        {"x0", NULL, "cpu=1 " NPU "=2 " GPU "=1", "switch", NULL},
        {"x1", NULL, "cpu=1 " NPU "=1", NULL, "rack=even"},
        {"x2", NULL, "cpu=2 memory=1Gi", NULL, NULL},
        {"x3", NULL, "cpu=1 " GPU "=2", NULL, NULL},
    };
    compare_nodes(plan, fresh);
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        compare_verdicts(w, plan, fresh, world_new_pod(w, &probes[i]));
}

START_TEST(outcome_is_a_state)
{
    struct sy_dice dice = {(uint64_t)_i + 1};
    struct start s;
    struct picture picture[NODES];
    struct world before, after;
    draw_start(&dice, &s);
    picture_start(&s, picture);
    open_start(&before, &s);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&before), *untouched = NULL;
    SY_AUTO(sy_plan) struct sy_plan *first = NULL, *fresh = NULL;
    ok(sy_plan_copy(plan, &untouched, &err));
    for (unsigned i = 0; i < STEPS; i++)
        step(&dice, &before, plan, picture);
    open_outcome(&after, &s, plan, picture);
    fresh = world_plan(&after);
    compare(&after, plan, fresh);
    /* The copy has heard of nothing. */
    first = world_plan(&before);
    compare(&before, untouched, first);
    sy_plan_free(SY_TAKE(plan));
    sy_plan_free(SY_TAKE(untouched));
    sy_plan_free(SY_TAKE(first));
    sy_plan_free(SY_TAKE(fresh));
    world_close(&after);
    world_close(&before);
}
END_TEST

START_TEST(taken_back_was_never_there)
{
    struct sy_dice dice = {(uint64_t)_i + 1000};
    struct start s;
    struct world w;
    uint32_t bound[PODS], n = 0, node;
    draw_start(&dice, &s);
    open_start(&w, &s);
    SY_AUTO(sy_plan) struct sy_plan *plan = world_plan(&w), *first = world_plan(&w);
    for (uint32_t i = 0; i < PODS; i++) {
        if (sy_plan_pod_phase(plan, i) != SY_POD_PENDING)
            continue;
        ok(sy_plan_place(plan, i, &node, &err));
        bound[n] = i;
        n += node != UINT32_MAX;
    }
    while (n > 0) { /* in any order */
        uint32_t at = (uint32_t)sy_dice_roll(&dice, n);
        ok(sy_plan_unbind(plan, bound[at], &err));
        bound[at] = bound[--n];
    }
    compare(&w, plan, first);
    sy_plan_free(SY_TAKE(plan));
    sy_plan_free(SY_TAKE(first));
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("property_plan");
    TCase *tcase = tcase_create("plan");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, outcome_is_a_state, 0, SEEDS);
    tcase_add_loop_test(tcase, taken_back_was_never_there, 0, SEEDS / 4);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
