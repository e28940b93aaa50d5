/* SPDX-License-Identifier: Apache-2.0 */
/* On real machines the budget is never used up, empty or with devices held at random. */
#include "base/file.h"
#include "scoring/placement.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "topology/discover/discover.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static struct sy_policy *policy;
static struct sy_catalogue *cat;
static struct sy_arena *arena;
static uint32_t most_steps;
static char most_what[256];
static unsigned machines, placements;

struct kind_of_unit {
    unsigned resource, units;
};

static void place(const char *name, const struct sy_fabric *fabric, const struct sy_usage *usage,
                  const struct sy_request *request)
{
    struct sy_placement p;
    struct sy_err err = {0};
    struct sy_room room = {.known = true, .headroom_mw = 9000000, .limit_mw = 12000000};
    sy_arena_reset(arena);
    enum sy_code code =
        sy_placement_find(fabric, usage, request, true, sy_policy_profile(policy, NULL), &room,
                          policy->search_budget_steps, arena, &p, &err);
    ck_assert_msg(code == SY_OK, "%s: %s", name, err.text);
    placements++;
    if (p.fit != SY_FIT_YES)
        return;
    char what[256];
    int at = snprintf(what, sizeof what, "%s:", name);
    for (unsigned e = 0; e < request->nentry && at < 200; e++)
        at += snprintf(what + at, sizeof what - (size_t)at, " %u %.40s", request->entry[e].count,
                       request->entry[e].name);
    bool exact = p.best_exact && p.expected_exact && p.worst_exact;
    ck_assert_msg(exact, "%s: budget used up", what);
    if (p.steps > most_steps) {
        most_steps = p.steps;
        (void)snprintf(most_what, sizeof most_what, "%s", what);
    }
}

static void ask(struct sy_request *r, const struct kind_of_unit *k, unsigned count)
{
    r->entry[r->nentry++] = (struct sy_entry){(uint16_t)k->resource, (uint16_t)count,
                                              sy_catalogue_resource(cat, k->resource)->name};
}

static void each_request(const char *name, const struct sy_fabric *fabric,
                         const struct sy_usage *usage, const struct kind_of_unit *kind, unsigned n)
{
    for (unsigned a = 0; a < n; a++) {
        for (unsigned k = 1; k <= 8 && k <= kind[a].units; k++) {
            struct sy_request one = {.expected_mw = SY_UNKNOWN_MW};
            ask(&one, &kind[a], k);
            place(name, fabric, usage, &one);
        }
        for (unsigned c = a + 1; c < n; c++) {
            for (unsigned k = 1; k <= 8 && k <= kind[a].units; k++) {
                struct sy_request two = {.expected_mw = SY_UNKNOWN_MW};
                ask(&two, &kind[a], k);
                ask(&two, &kind[c], k < kind[c].units ? k : kind[c].units);
                place(name, fabric, usage, &two);
            }
        }
    }
    struct sy_request all = {.expected_mw = SY_UNKNOWN_MW};
    for (unsigned a = 0; a < n && a < 4; a++)
        ask(&all, &kind[a], a == 0 && kind[a].units > 1 ? 2 : 1);
    if (n != 0)
        place(name, fabric, usage, &all);
}

/* One resource for each different set of units, up to 16 units: more is no machine of 8 to 16. */
static unsigned find_kinds(const struct sy_fabric *fabric, struct kind_of_unit *kind, unsigned most)
{
    struct sy_devset seen[16];
    unsigned n = 0;
    for (unsigned r = 0; r < sy_catalogue_resource_count(cat) && n < most; r++) {
        struct sy_devset set = SY_DEVSET_EMPTY;
        for (unsigned u = 0; u < fabric->nunit; u++) {
            if (sy_devset_has(&fabric->unit[u].resources, r))
                sy_devset_add(&set, u);
        }
        bool known = sy_devset_empty(&set) || sy_devset_count(&set) > 16;
        for (unsigned k = 0; k < n && !known; k++)
            known = sy_devset_equal(&seen[k], &set);
        if (known)
            continue;
        seen[n] = set;
        kind[n++] = (struct kind_of_unit){r, sy_devset_count(&set)};
    }
    return n;
}

static void on_machine(const char *name, const struct sy_inventory *inv)
{
    struct sy_fabric *fabric = NULL;
    struct sy_usage *empty = NULL, *usage = NULL;
    struct kind_of_unit kind[16];
    struct sy_dice dice = {.state = 11};
    struct sy_err err = {0};
    ck_assert_msg(sy_fabric_build(inv, cat, &fabric, &err) == SY_OK, "%s: %s", name, err.text);
    ck_assert_int_eq(sy_usage_new_unreported(fabric, &empty, &err), SY_OK);
    unsigned n = find_kinds(fabric, kind, 16);
    machines++;
    for (unsigned round = 0; round < 4; round++) {
        struct sy_devset taken = SY_DEVSET_EMPTY;
        for (unsigned u = 0; u < fabric->nunit; u++) {
            if (sy_dice_chance(&dice, round * 12))
                sy_devset_add(&taken, u);
        }
        ck_assert_int_eq(sy_usage_change(fabric, empty, SY_DEVSET_EMPTY, taken, &usage, &err),
                         SY_OK);
        usage->mode = SY_MODE_EXACT; /* with the choosers that the catalogue names */
        each_request(name, fabric, usage, kind, n);
        sy_usage_unref(usage);
    }
    sy_usage_unref(empty);
    sy_fabric_unref(fabric);
}

/* Every topology file of a folder that loads. */
static void folder(const char *root, const char *sub)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", root, sub);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".xml") != 0)
            continue;
        sy_autofree char *data = NULL;
        size_t len = 0;
        struct sy_inventory inv;
        struct sy_err err = {0};
        struct sy_arena *own = sy_arena_new((size_t)64 << 20);
        (void)snprintf(path, sizeof path, "%s/%s/%s", root, sub, entry->d_name);
        if (sy_file_read(path, SY_XML_MAX, &data, &len, &err) == SY_OK &&
            sy_discover_xml(entry->d_name, data, len, NULL, own, &inv, &err) == SY_OK)
            on_machine(entry->d_name, &inv);
        sy_arena_free(own);
    }
    closedir(dir);
}

START_TEST(test_budget_is_never_used_up)
{
    static const char *const folders[] = {
        "hwloc", "mpibind", "made", "nccl-topo/rccl", "nccl-topo/azhpc", "nccl-topo/aws-ofi-nccl"};
    const char *shared = sy_shared_dir(SY_SHARED_DIR);
    struct sy_err err = {0};
    char root[512] = "";
    arena = sy_arena_new((size_t)256 << 20);
    ck_assert_msg(sy_policy_load(NULL, &policy, &err) == SY_OK, "%s", err.text);
    ck_assert_msg(sy_catalogue_load(NULL, 0, &cat, &err) == SY_OK, "%s", err.text);
    if (shared != NULL)
        (void)snprintf(root, sizeof root, "%s/topologies", shared);
    else
        sy_skip("no folder of real machines: only the hand-made ones are placed on");
    for (size_t i = 0; shared != NULL && i < sizeof folders / sizeof *folders; i++)
        folder(root, folders[i]);
    if (shared == NULL)
        folder(SY_SOURCE_DIR "/tests/machines", "made");
    printf("%u machines, %u placements, at most %u sets visited (%s)\n", machines, placements,
           most_steps, most_what);
    ck_assert_uint_gt(machines, 3);
    sy_catalogue_unref(cat);
    sy_policy_unref(policy);
    sy_arena_free(arena);
}
END_TEST

int main(int argc, char **argv)
{
    int child = sy_discover_child_main(argc, argv);
    if (child >= 0)
        return child;
    Suite *suite = suite_create("placement on real machines");
    TCase *tc = tcase_create("machines");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, test_budget_is_never_used_up);
    suite_add_tcase(suite, tc);
    return sy_run(suite);
}
