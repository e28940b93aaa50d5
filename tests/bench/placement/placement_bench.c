/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of a placement: cold (everything computed) and repeated (remembered). With --once every
 * case runs a single time, for callgrind and the like. */
#define _GNU_SOURCE
#include "scoring/memo.h"
#include "tests/lib/fabric_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUDGET 20000u /* as in the built-in policy */
#define STATES 500u

static struct sy_catalogue *cat;
static struct sy_arena *arena;
static struct sy_policy *policy;
static const struct sy_profile *profile;
static bool once;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others' work on the machine does not count */
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct sy_placement place(const struct sy_builder *b, const struct sy_request *request)
{
    struct sy_placement p;
    struct sy_room room = {.known = true, .headroom_mw = 9000000, .limit_mw = 12000000};
    struct sy_err err = {0};
    sy_arena_reset(arena);
    if (sy_placement_find(&b->fabric, &b->usage, request, true, profile, &room, BUDGET, arena, &p,
                          &err) != SY_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return p;
}

/* Median of repeated runs, which is what a quiet machine gives. */
static double median_us(const struct sy_builder *b, const struct sy_request *request)
{
    double took[101];
    unsigned n = 0;
    for (double start = now_us(); n < 101 && (n < 5 || now_us() - start < 50000);) {
        double t = now_us();
        (void)place(b, request);
        took[n++] = now_us() - t;
    }
    for (unsigned i = 1; i < n; i++) {
        for (unsigned k = i; k > 0 && took[k - 1] > took[k]; k--) {
            double x = took[k];
            took[k] = took[k - 1];
            took[k - 1] = x;
        }
    }
    return took[n / 2];
}

static double repeated_us(struct sy_digest key, const struct sy_placement *p)
{
    enum { MANY = 200000 };
    struct sy_memo *memo = sy_memo_new(4096);
    unsigned sum = 0;
    if (memo == NULL)
        return 0;
    sy_memo_put(memo, key, p);
    double t = now_us();
    for (unsigned i = 0; i < MANY; i++)
        sum += sy_memo_find(memo, key)->expected.total;
    t = now_us() - t;
    sy_memo_free(memo);
    return sum != 0 ? t / MANY : 0;
}

static struct sy_request ask(const unsigned count[SY_KIND_COUNT], unsigned chooser)
{
    struct sy_request r = {.expected_mw = SY_UNKNOWN_MW};
    for (unsigned k = 0; k < SY_KIND_COUNT; k++) {
        if (count[k] != 0)
            r.entry[r.nentry++] = (struct sy_entry){(uint16_t)sy_builder_resource(cat, chooser, k),
                                                    (uint16_t)count[k], "x"};
    }
    return r;
}

static void row(const char *name, const struct sy_builder *b, const struct sy_request *r)
{
    struct sy_placement p = place(b, r);
    if (once)
        return;
    printf("%-44s %9.1f %9.3f %7u  %4u %4u %4u%s\n", name, median_us(b, r),
           repeated_us((struct sy_digest){1, 2}, &p), p.steps, p.best.total, p.expected.total,
           p.worst.total, p.best_exact && p.expected_exact ? "" : "  budget used up");
}

static void nvlink(struct sy_builder *b, enum sy_kind kind, unsigned group)
{
    for (unsigned a = 0; a < b->fabric.nunit; a++) {
        for (unsigned c = a + 1; c < b->fabric.nunit; c++) {
            if (b->fabric.unit[a].kind == kind && b->fabric.unit[c].kind == kind &&
                a / group == c / group)
                sy_builder_link(b, a, c, SY_PATH_NVL, 200000);
        }
    }
}

/* Nothing is like anything else: rates differ, so that no symmetry helps. */
static void roughen(struct sy_builder *b)
{
    for (unsigned u = 0; u < b->fabric.nunit; u++) {
        b->fabric.uplink_mbps[b->fabric.unit[u].obj] = 20000 + 37 * u;
        b->fabric.unit[u].link_mbps = 20000 + 37 * u;
    }
}

static void by_count(const char *machine, const struct sy_builder *b, enum sy_kind kind,
                     unsigned chooser)
{
    for (unsigned k = 1; k <= 8; k++) {
        unsigned count[SY_KIND_COUNT] = {0};
        char name[80];
        count[kind] = k;
        struct sy_request r = ask(count, chooser);
        (void)snprintf(name, sizeof name, "%s, %u wanted", machine, k);
        row(name, b, &r);
    }
}

static void single_kind(void)
{
    static const struct {
        const char *name;
        unsigned sockets, switches, per_switch;
        bool rough, linked;
    } machines[] = {
        {"8 free, 4 switches, 2 sockets", 2, 2, 2, false, false},
        {"8 free, each alone, mesh", 2, 4, 1, false, true},
        {"16 free, 4 switches, 2 sockets", 2, 2, 4, false, false},
        {"16 free, 8 switches, mesh", 2, 4, 2, false, true},
        {"16 free, no two alike", 2, 2, 4, true, false},
    };
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        unsigned kinds[SY_KIND_COUNT] = {[SY_KIND_GPU] = machines[i].per_switch};
        struct sy_builder b;
        sy_builder_init(&b, cat);
        sy_builder_regular(&b, machines[i].sockets, machines[i].switches, kinds);
        if (machines[i].linked)
            nvlink(&b, SY_KIND_GPU, 16);
        if (machines[i].rough)
            roughen(&b);
        sy_builder_finish(&b);
        by_count(machines[i].name, &b, SY_KIND_GPU, SY_CHOOSER_ARBITRARY);
        sy_builder_done(&b);
    }
}

static void mixed(void)
{
    static const struct {
        const char *name;
        unsigned sockets, switches, kinds[SY_KIND_COUNT], count[SY_KIND_COUNT], chooser;
    } cases[] = {
        {"2 NPU 1 GPU 1 FPGA 1 NIC of 8 4 4 4", 2, 2, {2, 1, 1, 1}, {2, 1, 1, 1}, 0},
        {"2 NPU 1 GPU of 8 4 4 4", 2, 2, {2, 1, 1, 1}, {2, 1, 0, 0}, 0},
        {"8 GPU 8 NIC of 8 8, one pair a switch", 2, 4, {0, 1, 0, 1}, {0, 8, 0, 8}, 0},
        {"4 GPU 4 NIC of 8 8, one pair a switch", 2, 4, {0, 1, 0, 1}, {0, 4, 0, 4}, 0},
        {"4 GPU 4 NIC of 8 8, preferred", 2, 4, {0, 1, 0, 1}, {0, 4, 0, 4}, 1},
        {"4 GPU 4 NIC of 8 8, steered", 2, 4, {0, 1, 0, 1}, {0, 4, 0, 4}, 2},
        {"8 GPU 8 NIC of 16 16, 8 switches", 2, 4, {0, 2, 0, 2}, {0, 8, 0, 8}, 0},
        {"4 GPU 4 NIC of 16 16, one pair a switch", 4, 4, {0, 1, 0, 1}, {0, 4, 0, 4}, 0},
        {"8 GPU 8 NIC of 16 16, one pair a switch", 4, 4, {0, 1, 0, 1}, {0, 8, 0, 8}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sy_builder b;
        sy_builder_init(&b, cat);
        sy_builder_regular(&b, cases[i].sockets, cases[i].switches, cases[i].kinds);
        if (cases[i].kinds[SY_KIND_GPU] != 0)
            nvlink(&b, SY_KIND_GPU, SY_UNIT_MAX);
        sy_builder_finish(&b);
        struct sy_request r = ask(cases[i].count, cases[i].chooser);
        row(cases[i].name, &b, &r);
        sy_builder_done(&b);
    }
}

/* One pod shape over nodes none of which is like another. */
static void states(const char *name, unsigned sockets, unsigned switches,
                   const unsigned kinds[SY_KIND_COUNT], const unsigned count[SY_KIND_COUNT])
{
    struct sy_dice dice = {.state = 7};
    struct sy_request r = ask(count, SY_CHOOSER_ARBITRARY);
    double total = 0, most = 0;
    unsigned fits = 0, exact = 0;
    for (unsigned i = 0; i < (once ? 20 : STATES); i++) {
        struct sy_builder b;
        sy_builder_init(&b, cat);
        sy_builder_regular(&b, sockets, switches, kinds);
        unsigned held = (unsigned)sy_dice_roll(&dice, b.fabric.nunit / 2u);
        for (unsigned k = 0; k < held; k++)
            sy_builder_hold(&b, (unsigned)sy_dice_roll(&dice, b.fabric.nunit),
                            (uint16_t)(1 + sy_dice_roll(&dice, 3)));
        sy_builder_finish(&b);
        double t = now_us();
        struct sy_placement p = place(&b, &r);
        t = now_us() - t;
        total += t;
        most = t > most ? t : most;
        fits += p.fit == SY_FIT_YES;
        exact += p.fit == SY_FIT_YES && p.expected_exact;
        sy_builder_done(&b);
    }
    if (!once)
        printf("%-44s %9.1f %9.1f %7u  %u of them exact, %.1f ms in all\n", name, total / STATES,
               most, fits, exact, total / 1000);
}

static void all_states(void)
{
    static const unsigned npu[] = {2, 1, 1, 1}, one[] = {2, 1, 0, 0}, five[] = {2, 1, 1, 1};
    static const unsigned gpu[] = {0, 2, 0, 0}, gpu4[] = {0, 4, 0, 0}, gpu8[] = {0, 8, 0, 0};
    static const unsigned pair[] = {0, 2, 0, 1}, gpu4nic2[] = {0, 4, 0, 2};
    if (!once)
        printf("\n%-44s %9s %9s %7s\n", "500 states, random occupancy", "mean us", "most us",
               "fit");
    states("2 NPU 1 GPU of 8 4 4 4", 2, 2, npu, one);
    states("2 NPU 1 GPU 1 FPGA 1 NIC of 8 4 4 4", 2, 2, npu, five);
    states("2 GPU of 16", 2, 4, gpu, gpu);
    states("4 GPU of 16", 2, 4, gpu, gpu4);
    states("8 GPU of 16", 2, 4, gpu, gpu8);
    states("4 GPU 2 NIC of 8 4", 2, 2, pair, gpu4nic2);
    states("4 GPU 2 NIC of 16 8", 2, 4, pair, gpu4nic2);
}

int main(int argc, char **argv)
{
    struct sy_err err = {0};
    once = argc > 1 && strcmp(argv[1], "--once") == 0;
    cat = sy_builder_catalogue();
    arena = sy_arena_new((size_t)256 << 20);
    if (arena == NULL || sy_policy_load(NULL, &policy, &err) != SY_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    profile = sy_policy_profile(policy, NULL);
    if (!once)
        printf("%-44s %9s %9s %7s  %s\n", "placement", "cold us", "again us", "sets",
               "best mean worst");
    single_kind();
    mixed();
    all_states();
    sy_policy_unref(policy);
    sy_arena_free(arena);
    sy_catalogue_unref(cat);
    return 0;
}
