/* SPDX-License-Identifier: Apache-2.0 */
/* Random reports and pods on the golden machines: what must hold of every ledger. SWITCHYARD_SEED
 * repeats one world. */
#include "base/str.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "tests/unit/occupancy/ledger.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLDS 600u
#define OBSERVED_S 30

static const char *const machines[] = {
    "ascend-910-rings",   "ascend-910c-dies",     "ascend-300i-duo",
    "broadcom-two-level", "flat-virtual-machine", "link-states",
    "lost-die",           "mi250x-cards",         "nps4",
    "parts-of-dies",      "virtual-functions",    "alveo-functions",
};

struct world {
    struct ledger l;
    struct sy_dice dice;
    struct sy_usage *report; /* a reference, NULL */
};

static unsigned roll(struct world *w, unsigned n)
{
    return (unsigned)sy_dice_roll(&w->dice, n);
}

static void put_holder(struct world *w, struct sy_str *s, unsigned pods)
{
    unsigned who = roll(w, pods + 2); /* the last two are strangers */
    sy_str_printf(s, "{\"namespace\":\"ns\",\"name\":\"p%u\"", who);
    if (sy_dice_chance(&w->dice, 70))
        sy_str_printf(s, ",\"uid\":\"u%u\"", who);
    sy_str_append(s, "}");
}

/* Each device: free, held by some, in part or by nobody knows whom, unhealthy. */
static void put_devices(struct world *w, struct sy_str *s, unsigned pods)
{
    const struct sy_fabric *f = w->l.node->fabric;
    unsigned busy = roll(w, 60);
    const char *comma = "";
    for (unsigned u = 0; u < f->nunit; u++) {
        char addr[SY_PCI_ADDR_TEXT];
        bool held = sy_dice_chance(&w->dice, busy), unhealthy = sy_dice_chance(&w->dice, 8);
        if (!held && !unhealthy)
            continue;
        sy_str_printf(s, "%s{\"pci\":\"%s\",\"unit\":%u", comma,
                      sy_pci_addr_format(f->unit[u].addr, addr), f->unit[u].index);
        comma = ",";
        if (unhealthy)
            sy_str_append(s, ",\"healthy\":false,\"reason\":\"hot\"");
        if (held)
            sy_str_printf(s, ",\"held\":%u",
                          sy_dice_chance(&w->dice, 80) ? SY_WHOLE : 1 + roll(w, SY_WHOLE));
        for (unsigned i = 0, n = roll(w, 3); held && i < n; i++) {
            sy_str_append(s, i == 0 ? ",\"holders\":[" : ",");
            put_holder(w, s, pods);
            sy_str_append(s, i + 1 == n ? "]" : "");
        }
        sy_str_append(s, "}");
    }
}

static void make_report(struct world *w, unsigned pods)
{
    struct sy_str s;
    struct sy_err err = {0};
    sy_autojson json_t *status = NULL;
    const struct sy_json_limits limits = {.max_bytes = 1 << 20, .max_depth = 16};
    static const char *const modes[] = {"exact", "exact", "exact", "predicted", "counts"};
    sy_str_init(&s, 1 << 20);
    sy_str_printf(&s, "{\"mode\":\"%s\",\"observedTime\":\"1970-01-01T00:00:%uZ\",\"devices\":[",
                  modes[roll(w, 5)], OBSERVED_S);
    put_devices(w, &s, pods);
    sy_str_append(&s, "]}");
    ck_assert(!sy_str_failed(&s));
    ck_assert_msg(sy_json_parse(s.data, s.len, &limits, &status, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_usage_from_json(status, w->l.node->fabric, NULL, &w->report, &err) == SY_OK,
                  "%s", err.text);
    sy_str_done(&s);
    w->l.in.report = w->report;
}

/* "RESOURCE=N" of a random device's names, or one that the machine does not have. */
static const char *some_ask(struct world *w)
{
    const struct sy_fabric *f = w->l.node->fabric;
    char *all = sy_arena_printf(w->l.arena, "%s", "");
    unsigned first = roll(w, f->nunit), n = 1 + roll(w, 1 + f->nunit / 2);
    int name = sy_devset_next(&f->unit[first].resources, 0);
    int second = sy_devset_next(&f->unit[roll(w, f->nunit)].resources, 0);
    if (name >= 0)
        all = sy_arena_printf(w->l.arena, "%s=%u",
                              sy_catalogue_resource(f->catalogue, (size_t)name)->name, n);
    if (second >= 0 && second != name && sy_dice_chance(&w->dice, 40))
        all = sy_arena_printf(w->l.arena, "%s %s=1", all,
                              sy_catalogue_resource(f->catalogue, (size_t)second)->name);
    if (sy_dice_chance(&w->dice, 5))
        all = sy_arena_printf(w->l.arena, "%s xilinx.com/fpga-xilinx_u280_a=1", all);
    return all;
}

static const char *some_names(struct world *w, unsigned n)
{
    char *all = sy_arena_printf(w->l.arena, "Ascend910-%u", roll(w, 9));
    for (unsigned i = 1; i < n; i++)
        all = sy_arena_printf(w->l.arena, "%s,Ascend910-%u", all, roll(w, 9));
    return all;
}

static void add_pod(struct world *w, unsigned i, int at_s, bool named)
{
    static const char *const scopes[] = {"switch", "numa", "socket"};
    struct ledger_pod pod = {.name = sy_arena_printf(w->l.arena, "p%u", i),
                             .uid = sy_arena_printf(w->l.arena, "u%u", i),
                             .at_s = at_s,
                             .ask = some_ask(w)};
    if (named)
        pod.named = some_names(w, 1 + roll(w, 3));
    if (sy_dice_chance(&w->dice, 20))
        pod.require = scopes[roll(w, 3)];
    ledger_add(&w->l, &pod);
}

/* Cordons of random devices. */
static void add_cordons(struct world *w)
{
    const struct sy_fabric *f = w->l.node->fabric;
    struct sy_cordon *cordon = sy_arena_calloc(w->l.arena, 4, sizeof *cordon);
    while (w->l.in.ncordon < 4 && sy_dice_chance(&w->dice, 20)) {
        struct sy_pci_addr addr = f->unit[roll(w, f->nunit)].addr;
        cordon[w->l.in.ncordon++] = (struct sy_cordon){addr, "test"};
    }
    w->l.in.cordon = cordon;
}

static void world_open(struct world *w, unsigned seed, bool plugins)
{
    memset(w, 0, sizeof *w);
    w->dice.state = seed * UINT64_C(2654435761);
    ledger_open(&w->l, machines[roll(w, sizeof machines / sizeof *machines)], NULL);
    unsigned pods = roll(w, 8);
    if (sy_dice_chance(&w->dice, 90))
        make_report(w, pods);
    for (unsigned i = 0; i < pods; i++)
        add_pod(w, i, OBSERVED_S - 10 + (int)roll(w, 20), plugins && sy_dice_chance(&w->dice, 30));
    add_cordons(w);
    w->l.in.age = (enum sy_report_age)(sy_dice_chance(&w->dice, 60) ? 0u : roll(w, 3));
    w->l.in.pods_known = sy_dice_chance(&w->dice, 70);
    w->l.in.budget_steps = 500;
}

static void world_close(struct world *w)
{
    sy_usage_unref(w->report);
    ledger_close(&w->l);
}

/* All that a usage says, as text. Caller frees with sy_free. */
static char *text_of(const struct world *w, struct sy_usage *usage)
{
    struct sy_err err = {0};
    struct sy_node *node = NULL;
    sy_autojson json_t *root = NULL;
    char *text = NULL;
    size_t len;
    ck_assert_int_eq(sy_node_new("n", w->l.node->fabric, usage, NULL, 0, &node, &err), SY_OK);
    ck_assert_int_eq(sy_node_to_json(node, &root, &err), SY_OK);
    ck_assert_int_eq(sy_json_dump(json_object_get(root, "status"), false, &text, &len, &err),
                     SY_OK);
    sy_node_unref(node);
    return text;
}

static void shuffle(struct world *w)
{
    for (size_t i = w->l.in.npod; i > 1; i--) {
        size_t k = roll(w, (unsigned)i);
        struct sy_bound_pod pod = w->l.pod[i - 1];
        w->l.pod[i - 1] = w->l.pod[k];
        w->l.pod[k] = pod;
    }
}

static const struct sy_charge *charge_of(const struct world *w, const char *uid)
{
    for (size_t i = 0; i < w->l.in.npod; i++) {
        if (strcmp(w->l.pod[i].uid, uid) == 0)
            return &w->l.charge[i];
    }
    ck_abort_msg("no pod %s", uid);
}

/* A restart lists the same pods in another order. */
static void check_order(unsigned seed)
{
    struct world w;
    struct sy_charge before[LEDGER_PODS];
    struct sy_bound_pod pod[LEDGER_PODS];
    world_open(&w, seed, true);
    struct sy_usage *first = ledger_run(&w.l);
    memcpy(before, w.l.charge, sizeof before);
    memcpy(pod, w.l.pod, sizeof pod);
    shuffle(&w);
    struct sy_usage *second = ledger_run(&w.l);
    sy_autofree char *a = text_of(&w, first), *b = text_of(&w, second);
    ck_assert_msg(strcmp(a, b) == 0, "seed %u: %s\n%s", seed, a, b);
    ck_assert(sy_digest_equal(first->digest, second->digest));
    for (size_t i = 0; i < w.l.in.npod; i++) {
        const struct sy_charge *again = charge_of(&w, pod[i].uid);
        ck_assert_msg(before[i].cover == again->cover &&
                          sy_devset_equal(&before[i].units, &again->units),
                      "seed %u: pod %s", seed, pod[i].uid);
    }
    sy_usage_unref(first);
    sy_usage_unref(second);
    world_close(&w);
}

static unsigned part_of(const struct sy_fabric *f, const struct sy_usage *usage, unsigned unit)
{
    return ((unsigned)f->unit[unit].share * usage->unit[unit].held + SY_WHOLE - 1) / SY_WHOLE;
}

/* A unit that was predicted: whole, nobody else's, and nothing that it overlaps with is held. */
static void check_predicted(const struct world *w, const struct sy_usage *usage, unsigned unit,
                            unsigned seed)
{
    const struct sy_fabric *f = w->l.node->fabric;
    unsigned sum = 0;
    for (unsigned k = 0; k < f->nunit; k++) {
        bool related = f->unit[k].pf == (int)unit || f->unit[unit].pf == (int)k;
        ck_assert_msg(!related || usage->unit[k].held == 0, "seed %u: %u beside %u", seed, unit, k);
        if (f->unit[k].card == f->unit[unit].card)
            sum += part_of(f, usage, k);
    }
    ck_assert_msg(sum <= SY_WHOLE, "seed %u: card of unit %u: %u", seed, unit, sum);
    ck_assert_msg(usage->unit[unit].held == SY_WHOLE && usage->unit[unit].holder_count == 1 &&
                      !usage->unit[unit].unhealthy && !f->unit[unit].broken,
                  "seed %u: unit %u", seed, unit);
}

static unsigned asked_on_node(const struct world *w, const struct sy_request *request,
                              bool *ret_lacks, bool *ret_left, const struct sy_devset *free)
{
    unsigned n = 0;
    *ret_lacks = *ret_left = false;
    for (unsigned e = 0; e < request->nentry; e++) {
        unsigned there = 0, left = 0;
        for (unsigned u = 0; u < w->l.node->fabric->nunit; u++) {
            bool serves =
                sy_devset_has(&w->l.node->fabric->unit[u].resources, request->entry[e].resource);
            there += serves;
            left += serves && sy_devset_has(free, u);
        }
        n += there != 0 ? request->entry[e].count : 0;
        *ret_lacks |= there == 0 || left == 0;
        *ret_left |= left != 0;
    }
    return n;
}

/* Every pod covered or charged, no unit charged twice. */
static void check_charges(unsigned seed)
{
    struct world w;
    world_open(&w, seed, false);
    struct sy_usage *usage = ledger_run(&w.l);
    struct sy_devset taken = SY_DEVSET_EMPTY;
    bool known = usage->mode != SY_MODE_COUNTS, all_covered = true;
    for (size_t i = 0; i < w.l.in.npod; i++) {
        const struct sy_charge *charge = &w.l.charge[i];
        bool lacks, left, predicted;
        unsigned asked = asked_on_node(&w, w.l.pod[i].request, &lacks, &left, &usage->free);
        unsigned got = sy_devset_count(&charge->units);
        predicted = charge->cover == SY_COVER_PREDICTED || charge->cover == SY_COVER_SHORT;
        all_covered = all_covered && !predicted;
        ck_assert_msg(charge->cover != SY_COVER_NOTHING || asked == 0, "seed %u: pod %zu", seed, i);
        ck_assert_msg((charge->cover == SY_COVER_COUNTED) == (!known && asked != 0),
                      "seed %u: pod %zu", seed, i);
        ck_assert_msg(charge->cover != SY_COVER_PREDICTED || got == asked,
                      "seed %u: pod %zu: %u of %u", seed, i, got, asked);
        ck_assert_msg(charge->cover != SY_COVER_SHORT || lacks, "seed %u: pod %zu", seed, i);
        SY_DEVSET_EACH(u, &charge->units)
        {
            ck_assert_uint_ne(usage->unit[u].held, 0);
            if (!predicted)
                continue;
            ck_assert_msg(!sy_devset_has(&taken, (unsigned)u), "seed %u: unit %d", seed, u);
            sy_devset_add(&taken, (unsigned)u);
            check_predicted(&w, usage, (unsigned)u, seed);
        }
    }
    /* What the report says of the rest stays as it is, or was given back. */
    for (unsigned u = 0; u < usage->nunit && w.report != NULL; u++) {
        unsigned held = usage->unit[u].held, was = w.report->unit[u].held;
        bool may_go = !known || (w.l.in.age == SY_REPORT_OLD && w.l.in.pods_known);
        if (!sy_devset_has(&taken, u))
            ck_assert_msg(held == was || (held == 0 && may_go), "seed %u: unit %u", seed, u);
        else
            ck_assert_msg(was == 0 || may_go, "seed %u: unit %u", seed, u);
    }
    bool exact = w.report != NULL && w.report->mode == SY_MODE_EXACT &&
                 w.l.in.age == SY_REPORT_FRESH && all_covered;
    ck_assert_msg((usage->mode == SY_MODE_EXACT) == exact, "seed %u", seed);
    sy_usage_unref(usage);
    world_close(&w);
}

/* The report then says exactly what was predicted: nothing changes but the mode. */
static void check_confirmed(unsigned seed)
{
    struct world w;
    world_open(&w, seed, false);
    struct sy_usage *first = ledger_run(&w.l);
    if (first->mode != SY_MODE_COUNTS) {
        first->mode = SY_MODE_EXACT;
        first->observed_us += 3600 * INT64_C(1000000);
        w.l.in.report = first;
        w.l.in.age = SY_REPORT_FRESH;
        struct sy_usage *second = ledger_run(&w.l);
        second->mode = SY_MODE_EXACT;
        sy_autofree char *a = text_of(&w, first), *b = text_of(&w, second);
        ck_assert_msg(strcmp(a, b) == 0, "seed %u:\n%s\n%s", seed, a, b);
        for (size_t i = 0; i < w.l.in.npod; i++)
            ck_assert_msg(w.l.charge[i].cover != SY_COVER_PREDICTED, "seed %u: pod %zu", seed, i);
        sy_usage_unref(second);
    }
    sy_usage_unref(first);
    world_close(&w);
}

static bool units_overlap(const struct sy_fabric *f)
{
    bool overlap = f->ncard != f->nunit;
    for (unsigned u = 0; u < f->nunit; u++)
        overlap = overlap || f->unit[u].pf >= 0;
    return overlap;
}

/* One more pod frees nothing: the last one no device, an earlier one no number of them. */
static void check_one_more(unsigned seed, bool last)
{
    struct world w;
    world_open(&w, seed, true);
    struct sy_usage *before = ledger_run(&w.l);
    add_pod(&w, 60, last ? OBSERVED_S + 100 : OBSERVED_S - 20 + (int)roll(&w, 40), false);
    struct sy_usage *after = ledger_run(&w.l);
    struct sy_devset freed = sy_devset_minus(after->free, before->free);
    if (last)
        ck_assert_msg(sy_devset_empty(&freed), "seed %u: %s", seed, ledger_show(&w.l, &freed));
    else if (!units_overlap(w.l.node->fabric))
        ck_assert_msg(sy_devset_count(&after->free) <= sy_devset_count(&before->free), "seed %u",
                      seed);
    sy_usage_unref(before);
    sy_usage_unref(after);
    world_close(&w);
}

/* Without pods and cordons a fresh report is taken at its word. */
static void check_identity(unsigned seed)
{
    struct world w;
    world_open(&w, seed, false);
    w.l.in.npod = w.l.in.ncordon = 0;
    w.l.in.age = SY_REPORT_FRESH;
    struct sy_usage *usage = ledger_run(&w.l);
    if (usage->mode != SY_MODE_COUNTS) {
        sy_autofree char *a = text_of(&w, w.report), *b = text_of(&w, usage);
        ck_assert_msg(strcmp(a, b) == 0, "seed %u:\n%s\n%s", seed, a, b);
        ck_assert(sy_digest_equal(w.report->digest, usage->digest));
    }
    sy_usage_unref(usage);
    world_close(&w);
}

static void check_all(unsigned seed)
{
    check_order(seed);
    check_charges(seed);
    check_confirmed(seed);
    check_one_more(seed, true);
    check_one_more(seed, false);
    check_identity(seed);
}

START_TEST(random_worlds)
{
    const char *only = getenv("SWITCHYARD_SEED");
    if (only != NULL) {
        check_all((unsigned)strtoul(only, NULL, 10));
        return;
    }
    for (unsigned seed = 1; seed <= WORLDS; seed++)
        check_all(seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("occupancy_property");
    TCase *tcase = tcase_create("property");
    tcase_add_test(tcase, random_worlds);
    tcase_set_timeout(tcase, 600);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
