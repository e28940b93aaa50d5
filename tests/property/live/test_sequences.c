/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever happened on the way, and however often it was looked at: the snapshot is the one that a
 * service makes which starts now and lists the same objects. Only what went with a NodeFabric is
 * remembered: its node stays, and its report is worth nothing any more. */
#include "base/json.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"
#include "topology/node_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, PODS = 10, STEPS = 120, SEEDS = 60 };

static const char *const names[NODES] = {"a", "b", "c"};
static const char *const uids[PODS] = {"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"};

/* The objects that there are now, as texts; NULL = none. */
struct truth {
    char *fabric[NODES], *node[NODES], *pod[PODS];
    bool orphan[NODES]; /* its NodeFabric went while its Node stayed */
};

static void set(char **text, const char *value)
{
    free(*text);
    *text = value != NULL ? strdup(value) : NULL;
}

static const char *some_devices(struct sy_dice *dice)
{
    static const char *const devices[] = {
        "",
        HELD(NPU0, "p0", "u0"),
        HELD(NPU0, "p1", "u1") "," HELD(NPU2, "p1", "u1"),
        HELD(GPU0, "p2", "u2") ",{\"pci\":\"" NPU3 "\",\"healthy\":false,\"reason\":\"hot\"}",
        "{\"pci\":\"" NPU1 "\",\"held\":1000,\"holders\":[{\"namespace\":\"ns\",\"name\":\"p3\"}]}",
    };
    return devices[sy_dice_roll(dice, sizeof devices / sizeof devices[0])];
}

static const char *some_fabric(struct living *l, struct sy_dice *dice, unsigned i)
{
    return living_fabric(names[i],
                         sy_dice_chance(dice, 80) ? living_status(l, some_devices(dice)) : NULL);
}

static const char *some_node(struct sy_dice *dice, unsigned i)
{
    return living_node_object(
        names[i], sy_dice_chance(dice, 30) ? "\"switchyard.dev/cordon\":\"" NPU0 "=fan\"" : NULL);
}

static const char *some_pod(struct sy_dice *dice, unsigned i)
{
    static const char *const limits[] = {
        "\"" NPU_NAME "\":\"1\"", "\"" NPU_NAME "\":\"2\"", "\"" GPU_NAME "\":\"1\"",
        "\"" GPU_NAME "\":\"1\",\"" NPU_NAME "\":\"1\"", "\"cpu\":\"1\""};
    static const char *const annotations[] = {NULL, "\"switchyard.dev/require\":\"switch\"",
                                              "\"huawei.com/AscendReal\":\"Ascend910-1\""};
    char name[8];
    (void)snprintf(name, sizeof name, "p%u", i % 7); /* some names come again with another uid */
    const struct living_pod pod = {
        .uid = uids[i],
        .name = name,
        .node = sy_dice_chance(dice, 75) ? names[sy_dice_roll(dice, NODES)] : NULL,
        .limits = limits[sy_dice_roll(dice, 5)],
        .annotations = annotations[sy_dice_roll(dice, 3)],
        .phase = sy_dice_chance(dice, 10) ? "Failed" : NULL,
        .scheduled_s = (int64_t)sy_dice_roll(dice, 5)};
    return living_pod_object(&pod);
}

static char **place_of(struct truth *truth, enum sy_live_collection collection, unsigned i)
{
    return collection == SY_LIVE_FABRICS ? &truth->fabric[i]
           : collection == SY_LIVE_PODS  ? &truth->pod[i]
                                         : &truth->node[i];
}

static unsigned count_of(enum sy_live_collection collection)
{
    return collection == SY_LIVE_PODS ? PODS : NODES;
}

/* The whole collection, as a server lists it; it may be cut short and begin again. */
static void list(struct living *l, struct truth *truth, enum sy_live_collection collection,
                 struct sy_dice *dice)
{
    unsigned cut = dice != NULL && sy_dice_chance(dice, 30) ? 1 : 0;
    for (unsigned round = 0; round <= cut; round++) {
        living_begin(l, collection);
        for (unsigned i = 0; i < count_of(collection); i++) {
            const char *text = *place_of(truth, collection, i);
            if (round < cut && sy_dice_chance(dice, 50))
                break;
            if (text != NULL)
                living_put(l, collection, text);
        }
    }
    living_synced(l, collection);
}

static void note_orphans(struct truth *truth, bool went, unsigned i)
{
    if (truth->fabric[i] != NULL || truth->node[i] == NULL)
        truth->orphan[i] = false;
    else if (went)
        truth->orphan[i] = true;
}

static void change(struct living *l, struct truth *truth, struct sy_dice *dice)
{
    enum sy_live_collection collection =
        (enum sy_live_collection)sy_dice_roll(dice, SY_LIVE_COLLECTION_COUNT);
    unsigned i = (unsigned)sy_dice_roll(dice, count_of(collection));
    char **place = place_of(truth, collection, i);
    bool told = sy_dice_chance(dice, 85); /* else the next listing tells */
    bool goes = sy_dice_chance(dice, 30);
    if (goes && *place != NULL && told)
        living_gone(l, collection, *place);
    bool went = goes && *place != NULL && collection == SY_LIVE_FABRICS;
    if (goes)
        set(place, NULL);
    else
        set(place, collection == SY_LIVE_FABRICS ? some_fabric(l, dice, i)
                   : collection == SY_LIVE_PODS  ? some_pod(dice, i)
                                                 : some_node(dice, i));
    if (!goes && told)
        living_put(l, collection, *place);
    if (!told)
        list(l, truth, collection, dice);
    if (collection != SY_LIVE_PODS)
        note_orphans(truth, went, i);
}

static char *text_of(const struct sy_node *node)
{
    struct sy_err err = {0};
    json_t *document = NULL;
    ck_assert_int_eq(sy_node_to_json(node, &document, &err), SY_OK);
    char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(document);
    return text;
}

static void compare(struct living *l, struct truth *truth, int seed)
{
    struct living fresh;
    living_open(&fresh);
    fresh.steady_us = l->steady_us;
    fresh.unix_us = l->unix_us;
    for (enum sy_live_collection i = 0; i < SY_LIVE_COLLECTION_COUNT; i++)
        list(&fresh, truth, i, NULL);
    living_look(&fresh, true);
    living_look(l, true);
    for (unsigned i = 0; i < NODES; i++) {
        const struct sy_node *had = living_node(l, names[i]), *now = living_node(&fresh, names[i]);
        if (truth->orphan[i]) {
            ck_assert_ptr_null(now);
            ck_assert(had == NULL || had->usage->mode == SY_MODE_COUNTS);
            continue;
        }
        ck_assert_msg((had != NULL) == (now != NULL), "seed %d, node %s", seed, names[i]);
        if (had == NULL)
            continue;
        char *a = text_of(had), *b = text_of(now);
        ck_assert_msg(strcmp(a, b) == 0, "seed %d:\n%.1500s\n%.1500s", seed, a, b);
        ck_assert(sy_digest_equal(had->state, now->state));
        sy_free(a);
        sy_free(b);
    }
    living_close(&fresh);
}

START_TEST(a_life_and_a_restart)
{
    struct living l;
    struct truth truth = {0};
    struct sy_dice dice = {.state = (uint64_t)_i * 7919 + 1};
    living_open(&l);
    living_sync_empty(&l);
    for (unsigned step = 0; step < STEPS; step++) {
        change(&l, &truth, &dice);
        if (sy_dice_chance(&dice, 40))
            living_look(&l, sy_dice_chance(&dice, 20));
        if (sy_dice_chance(&dice, 30))
            living_pass(&l, (int64_t)sy_dice_roll(&dice, 40) * SECONDS / 4);
        if (step % 10 == 9)
            compare(&l, &truth, _i);
    }
    for (unsigned i = 0; i < PODS; i++)
        set(&truth.pod[i], NULL);
    for (unsigned i = 0; i < NODES; i++) {
        set(&truth.fabric[i], NULL);
        set(&truth.node[i], NULL);
    }
    living_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live sequences");
    TCase *tcase = tcase_create("sequences");
    tcase_set_timeout(tcase, 250);
    tcase_add_loop_test(tcase, a_life_and_a_restart, 0, SEEDS);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
