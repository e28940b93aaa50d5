/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept up to date change by change against what is made anew: the builder's clusters
 * against sy_cluster_new, sy_power_update against sy_power_new. SWITCHYARD_SEED and
 * SWITCHYARD_ROUNDS as for the placement search. */
#include "base/file.h"
#include "base/str.h"
#include "scoring/power.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "topology/cluster_builder.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 150u
#define STEPS 400u
#define RACKS 4u
#define DOMAINS 10u

static uint64_t seed = 20261122, rounds = 400;
static struct sy_catalogue *cat;
static struct sy_node *model[3];

/* The nodes as they should be, the last published snapshot, and the policy. */
struct world {
    struct sy_dice dice;
    struct sy_node *node[NAMES]; /* by name; NULL = there is none */
    struct sy_cluster_builder *builder;
    struct sy_policy *policy;
    struct sy_cluster *cluster;
    struct sy_power *power;
    uint64_t generation;
};

static void setup(void)
{
    static const char *const files[] = {"link-states", "mi250x-cards", "ascend-910c-dies"};
    struct sy_err err = {0};
    ck_assert_int_eq(sy_catalogue_load(NULL, 0, &cat, &err), SY_OK);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        sy_autofree char *data = NULL;
        size_t len;
        (void)snprintf(path, sizeof path, "%s/tests/golden/nodes/%s.json", SY_SOURCE_DIR, files[i]);
        ck_assert_int_eq(sy_file_read(path, SY_NODE_JSON_MAX, &data, &len, &err), SY_OK);
        ck_assert_msg(sy_node_from_bytes(data, len, NULL, 0, NULL, cat, &model[i], &err) == SY_OK,
                      "%s", err.text);
    }
}

static void teardown(void)
{
    for (size_t i = 0; i < sizeof model / sizeof model[0]; i++)
        sy_node_unref(model[i]);
    sy_catalogue_unref(cat);
}

static void name_of(unsigned i, char name[16])
{
    (void)snprintf(name, 16, "n%u", i); /* not in the order of the numbers */
}

static int64_t random_mw(struct sy_dice *dice)
{
    if (sy_dice_chance(dice, 30))
        return SY_UNKNOWN_MW;
    if (sy_dice_roll(dice, 200) == 0)
        return INT64_MAX / 2 - (int64_t)sy_dice_roll(dice, 3); /* sums run over */
    return (int64_t)sy_dice_roll(dice, 3000000);
}

static struct sy_usage *random_usage(struct sy_dice *dice, const struct sy_node *like)
{
    struct sy_err err = {0};
    struct sy_devset taken = SY_DEVSET_EMPTY;
    struct sy_usage *usage = NULL;
    for (unsigned u = 0; u < like->fabric->nunit; u++)
        if (sy_dice_chance(dice, 20))
            sy_devset_add(&taken, u);
    ck_assert_int_eq(
        sy_usage_change(like->fabric, like->usage, SY_DEVSET_EMPTY, taken, &usage, &err), SY_OK);
    usage->mode = (uint8_t)sy_dice_roll(dice, SY_MODE_COUNT);
    usage->base_mw = random_mw(dice);
    usage->limit_mw = random_mw(dice);
    for (unsigned u = 0; u < usage->nunit; u++)
        usage->unit[u].cap_mw = random_mw(dice);
    return usage;
}

static struct sy_node *random_node(struct world *w, unsigned i)
{
    struct sy_err err = {0};
    struct sy_dice *dice = &w->dice;
    const struct sy_node *like = model[sy_dice_roll(dice, sizeof model / sizeof model[0])];
    struct sy_usage *usage =
        sy_dice_chance(dice, 20) ? sy_usage_ref(like->usage) : random_usage(dice, like);
    char name[16], rack[16] = "r0";
    /* Mostly in the rack of its number. */
    uint64_t number = sy_dice_chance(dice, 10) ? sy_dice_roll(dice, RACKS) : i % RACKS;
    (void)snprintf(rack, sizeof rack, "r%u", (unsigned)number);
    struct sy_label label[] = {{"rack", rack}, {"zone", number % 2 == 0 ? "a" : "b"}};
    struct sy_node *node = NULL;
    name_of(i, name);
    ck_assert_int_eq(sy_node_new(name, like->fabric, usage, label, sy_dice_chance(dice, 95) ? 2 : 0,
                                 &node, &err),
                     SY_OK);
    sy_usage_unref(usage);
    return node;
}

/* Trees of domains that take nodes by name, rack or zone. */
static struct sy_policy *random_policy(struct sy_dice *dice)
{
    struct sy_err err = {0};
    struct sy_policy *policy = NULL;
    struct sy_str text;
    sy_str_init(&text, 65536);
    sy_str_printf(&text, "power: {nodeBaseWatts: %u}\n", (unsigned)sy_dice_roll(dice, 500));
    unsigned n = (unsigned)sy_dice_roll(dice, DOMAINS + 1);
    sy_str_append(&text, n > 0 ? "powerDomains:\n" : "");
    for (unsigned i = 0; i < n; i++) {
        sy_str_printf(&text, "- {name: d%u, limitWatts: %u", i,
                      1 + (unsigned)sy_dice_roll(dice, 100000));
        if (i > 0 && sy_dice_chance(dice, 60))
            sy_str_printf(&text, ", parent: d%u", (unsigned)sy_dice_roll(dice, i));
        if (sy_dice_chance(dice, 40))
            sy_str_printf(&text, ", nodeNames: [n%u, n%u]", 2 * i, 2 * i + 1);
        if (sy_dice_chance(dice, 40))
            sy_str_printf(&text, ", nodeSelector: {matchLabels: {rack: r%u}}",
                          (unsigned)sy_dice_roll(dice, RACKS));
        else if (sy_dice_chance(dice, 40))
            sy_str_append(&text, ", nodeSelector: {matchLabels: {zone: a}}");
        sy_str_append(&text, "}\n");
    }
    ck_assert_msg(sy_policy_parse("random", text.data, text.len, &policy, &err) == SY_OK, "%s\n%s",
                  err.text, text.data);
    sy_str_done(&text);
    return policy;
}

static void same_cluster(const struct sy_cluster *got, const struct sy_cluster *want)
{
    static uint32_t to[NAMES], from[NAMES];
    ck_assert_uint_eq(got->n, want->n);
    ck_assert_uint_eq(got->generation, want->generation);
    ck_assert_uint_eq(got->nunit, want->nunit);
    ck_assert_uint_eq(got->nclass, want->nclass);
    memset(to, 0xff, sizeof to);
    memset(from, 0xff, sizeof from);
    for (uint32_t i = 0; i < want->n; i++) {
        uint32_t a = got->class_of[i], b = want->class_of[i];
        if (got->node[i] != want->node[i] || a >= got->nclass ||
            (to[a] != UINT32_MAX && to[a] != b) || (from[b] != UINT32_MAX && from[b] != a))
            ck_abort_msg("node %u or its class differs", i);
        to[a] = b;
        from[b] = a;
    }
    for (unsigned i = 0; i < NAMES; i++) {
        char name[16];
        name_of(i, name);
        if (sy_cluster_find(got, name, strlen(name)) != sy_cluster_find(want, name, strlen(name)))
            ck_abort_msg("%s is found elsewhere", name);
    }
}

static bool same_element(const struct sy_power_element *got, const struct sy_power_element *want)
{
    return got->limit_mw == want->limit_mw && got->provisioned_mw == want->provisioned_mw &&
           got->empty_mw == want->empty_mw && got->unknown == want->unknown;
}

static void same_power(const struct sy_power *got, const struct sy_power *want)
{
    ck_assert_uint_eq(got->nnode, want->nnode);
    ck_assert_uint_eq(got->ndomain, want->ndomain);
    ck_assert_ptr_eq(got->policy, want->policy);
    for (uint32_t i = 0; i < want->nnode; i++)
        if (got->domain_of[i] != want->domain_of[i] || !same_element(&got->node[i], &want->node[i]))
            ck_abort_msg("node %u differs", i);
    for (uint16_t i = 0; i < want->ndomain; i++)
        if (!same_element(&got->domain[i], &want->domain[i]))
            ck_abort_msg("domain %u differs", i);
}

/* The same names, without asking their index. */
static bool same_names(const struct sy_cluster *a, const struct sy_cluster *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (strcmp(a->node[i]->name, b->node[i]->name) != 0)
            return false;
    return true;
}

static void publish(struct world *w)
{
    struct sy_err err = {0};
    struct sy_node *list[NAMES];
    size_t n = 0;
    struct sy_cluster *got = NULL, *want = NULL;
    struct sy_power *power = NULL, *anew = NULL;
    for (unsigned i = 0; i < NAMES; i++)
        if (w->node[i] != NULL)
            list[n++] = w->node[i];
    w->generation++;
    ck_assert_int_eq(sy_cluster_new(list, n, w->generation, &want, &err), SY_OK);
    ck_assert_int_eq(sy_cluster_builder_publish(w->builder, w->generation, &got, &err), SY_OK);
    same_cluster(got, want);
    ck_assert_int_eq(sy_power_new(want, w->policy, &anew, &err), SY_OK);
    if (w->cluster == NULL) {
        ck_assert_int_eq(sy_power_new(got, w->policy, &power, &err), SY_OK);
    } else {
        ck_assert(got->index != w->cluster->index || same_names(got, w->cluster));
        ck_assert_int_eq(sy_power_update(w->power, w->cluster, got, w->policy, &power, &err),
                         SY_OK);
    }
    same_power(power, anew);
    sy_power_unref(anew);
    sy_cluster_unref(want);
    sy_power_unref(w->power);
    sy_cluster_unref(w->cluster);
    w->power = power;
    w->cluster = got;
}

/* Whole rounds without names that come or go let power be updated many times over. */
static void step(struct world *w, bool names_may_change)
{
    struct sy_err err = {0};
    unsigned i = (unsigned)sy_dice_roll(&w->dice, NAMES);
    char name[16];
    name_of(i, name);
    if (sy_dice_chance(&w->dice, 20)) {
        publish(w);
    } else if (sy_dice_chance(&w->dice, 1)) {
        sy_policy_unref(w->policy);
        w->policy = random_policy(&w->dice);
    } else if (names_may_change && sy_dice_chance(&w->dice, 30)) {
        sy_node_unref(w->node[i]);
        w->node[i] = NULL;
        sy_cluster_builder_remove(w->builder, name);
    } else if (names_may_change || w->node[i] != NULL) {
        sy_node_unref(w->node[i]);
        w->node[i] = random_node(w, i);
        ck_assert_int_eq(sy_cluster_builder_put(w->builder, w->node[i], &err), SY_OK);
    }
}

START_TEST(equals_what_is_made_anew)
{
    for (uint64_t round = 0; round < rounds; round++) {
        struct world w = {.dice = {.state = seed * 31 + round}};
        w.builder = sy_cluster_builder_new();
        w.policy = random_policy(&w.dice);
        ck_assert_ptr_nonnull(w.builder);
        for (unsigned i = 0; i < STEPS; i++)
            step(&w, i < STEPS / 2 || round % 2 == 0);
        publish(&w);
        sy_cluster_builder_free(w.builder);
        for (unsigned i = 0; i < NAMES; i++)
            sy_node_unref(w.node[i]);
        sy_power_unref(w.power);
        sy_cluster_unref(w.cluster);
        sy_policy_unref(w.policy);
    }
}
END_TEST

int main(void)
{
    const char *text = getenv("SWITCHYARD_SEED"), *many = getenv("SWITCHYARD_ROUNDS");
    if (text != NULL)
        seed = strtoull(text, NULL, 10);
    if (many != NULL)
        rounds = strtoull(many, NULL, 10);
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");
    tcase_set_timeout(tcase, 280);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, equals_what_is_made_anew);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
