/* SPDX-License-Identifier: Apache-2.0 */
/* 20,000 random nodes and pods: the model answers as the kubelet's rules do. */
#include "scoring/admission.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "tests/property/admission/kubelet.h"

#include <string.h>

#define WORLDS 20000u
#define SEED 20261122u
#define DEVICES_MAX 5u /* of one resource, where there are several */

struct world {
    struct sy_builder b;
    struct sy_request request;
    struct sy_container_ask ask[SY_ASK_MAX];
    struct kubelet kubelet;
    struct kubelet_state state;
    unsigned broken[KUBELET_RESOURCES]; /* a bit per device: a plugin may or may not list it */
};

static struct sy_catalogue *cat;

static void setup(void)
{
    cat = sy_builder_catalogue();
}

static void teardown(void)
{
    sy_catalogue_unref(cat);
}

/* Nodes with numbers in no order. */
static void make_nodes(struct world *w, struct sy_dice *dice, uint16_t object[KUBELET_NODES])
{
    struct kubelet *k = &w->kubelet;
    bool taken[KUBELET_NUMBERS] = {false};
    k->nnode = 1 + (unsigned)sy_dice_roll(dice, KUBELET_NODES);
    for (unsigned i = 0; i < k->nnode; i++) {
        unsigned number = (unsigned)sy_dice_roll(dice, KUBELET_NUMBERS);
        while (taken[number])
            number = (number + 1) % KUBELET_NUMBERS;
        taken[number] = true;
        k->node[i] = number;
        object[i] = sy_builder_object(&w->b, 0, SY_OBJ_NUMA, 0);
        w->b.fabric.inv.obj[object[i]].os_index = number;
    }
    for (unsigned a = 0; a < KUBELET_NUMBERS; a++) {
        k->distance[a][a] = 10;
        for (unsigned c = 0; c < a; c++)
            k->distance[a][c] = k->distance[c][a] = 11 + (unsigned)sy_dice_roll(dice, 20);
    }
}

static void make_device(struct world *w, struct sy_dice *dice, unsigned r,
                        const uint16_t object[KUBELET_NODES])
{
    struct kubelet *k = &w->kubelet;
    unsigned i = (unsigned)sy_dice_roll(dice, k->nnode), d = k->ndevice[r]++;
    bool nowhere = sy_dice_chance(dice, 8);
    unsigned host = sy_builder_object(&w->b, nowhere ? 0 : object[i], SY_OBJ_HOST_BRIDGE, 0);
    unsigned u = sy_builder_unit(&w->b, sy_builder_object(&w->b, host, SY_OBJ_DEVICE, 31500),
                                 (enum sy_kind)r);
    k->numa[r][d] = nowhere ? -1 : (int)k->node[i];
    w->b.fabric.unit[u].broken = sy_dice_chance(dice, 3);
    if (w->b.fabric.unit[u].broken)
        w->broken[r] |= 1u << d;
}

/* Devices of a resource follow each other, as units do. */
static void make_usage(struct world *w, struct sy_dice *dice)
{
    unsigned u = 0, held = (unsigned)sy_dice_roll(dice, 40);
    for (unsigned r = 0; r < w->kubelet.nresource; r++) {
        for (unsigned d = 0; d < w->kubelet.ndevice[r]; d++, u++) {
            if (sy_dice_chance(dice, held))
                sy_builder_hold(&w->b, u, 1);
            w->b.usage.unit[u].unhealthy = sy_dice_chance(dice, 5);
        }
    }
    sy_builder_finish(&w->b);
    u = 0;
    for (unsigned r = 0; r < w->kubelet.nresource; r++) {
        for (unsigned d = 0; d < w->kubelet.ndevice[r]; d++, u++) {
            if (sy_devset_has(&w->b.usage.free, u))
                w->state.available[r] |= 1u << d;
        }
    }
}

static void make_pod(struct world *w, struct sy_dice *dice)
{
    struct kubelet *k = &w->kubelet;
    struct sy_request *request = &w->request;
    request->nentry = (uint8_t)k->nresource;
    request->asks_known = true;
    request->other_hints = k->others_have_a_say = sy_dice_chance(dice, 30);
    for (unsigned r = 0; r < k->nresource; r++) {
        unsigned resource = sy_builder_resource(cat, SY_CHOOSER_ARBITRARY, r);
        request->entry[r] = (struct sy_entry){.resource = (uint16_t)resource, .count = 1};
    }
    k->ncontainer = 1 + (unsigned)sy_dice_roll(dice, KUBELET_CONTAINERS);
    unsigned inits = (unsigned)sy_dice_roll(dice, k->ncontainer + 1);
    for (unsigned i = 0; i < k->ncontainer; i++) {
        bool init = i < inits && !sy_dice_chance(dice, 40);
        enum kubelet_type type = init ? KUBELET_INIT : i < inits ? KUBELET_SIDECAR : KUBELET_MAIN;
        static const uint8_t same[] = {SY_CONTAINER_INIT, SY_CONTAINER_SIDECAR, SY_CONTAINER_MAIN};
        k->container[i].type = type;
        w->ask[i].type = same[type];
        for (unsigned r = 0; r < k->nresource; r++) {
            unsigned count = sy_dice_chance(dice, 35) ? 0 : (unsigned)sy_dice_roll(dice, 4);
            k->container[i].count[r] = count;
            w->ask[i].count[r] = (uint16_t)count;
        }
    }
    request->nask = (uint8_t)k->ncontainer;
    request->ask = w->ask;
}

static void make_world(struct world *w, struct sy_dice *dice)
{
    memset(w, 0, sizeof *w);
    sy_builder_init(&w->b, cat);
    uint16_t object[KUBELET_NODES];
    struct kubelet *k = &w->kubelet;
    struct sy_topology_manager *manager = &w->b.fabric.inv.topology_manager;
    make_nodes(w, dice, object);
    unsigned resources = 1 + (unsigned)sy_dice_roll(dice, KUBELET_RESOURCES);
    k->nresource = sy_dice_chance(dice, 50) ? 1 : resources;
    for (unsigned r = 0; r < k->nresource; r++) {
        for (unsigned i = 1 + (unsigned)sy_dice_roll(dice, k->nresource == 1 ? KUBELET_DEVICES
                                                                             : DEVICES_MAX);
             i > 0; i--)
            make_device(w, dice, r, object);
    }
    sy_builder_relate(&w->b);
    k->single_numa = sy_dice_chance(dice, 30);
    k->pod_scope = sy_dice_chance(dice, 25);
    k->prefer_closest = sy_dice_chance(dice, 20);
    k->only_device_nodes = sy_dice_chance(dice, 50);
    manager->policy =
        k->single_numa ? SY_TOPOLOGY_POLICY_SINGLE_NUMA : SY_TOPOLOGY_POLICY_RESTRICTED;
    manager->scope = k->pod_scope ? SY_TOPOLOGY_SCOPE_POD : SY_TOPOLOGY_SCOPE_CONTAINER;
    manager->prefer_closest = k->prefer_closest;
    make_usage(w, dice);
    make_pod(w, dice);
}

/* A world without its broken devices. */
static void unlist(const struct world *w, struct kubelet *k, struct kubelet_state *s)
{
    for (unsigned r = 0; r < k->nresource; r++) {
        unsigned n = 0, available = 0;
        for (unsigned d = 0; d < k->ndevice[r]; d++) {
            if ((w->broken[r] >> d & 1) != 0)
                continue;
            available |= (s->available[r] >> d & 1) << n;
            k->numa[r][n++] = k->numa[r][d];
        }
        k->ndevice[r] = n;
        s->available[r] = available;
    }
}

static enum sy_admission answer(const struct kubelet *k)
{
    if (k->admitted && k->refused)
        return SY_ADMISSION_UNKNOWN;
    return k->admitted ? SY_ADMISSION_ADMITTED : SY_ADMISSION_REFUSED;
}

/* What the rules say; false: too much to follow. */
static bool by_the_rules(const struct world *w, bool empty, enum sy_admission *ret)
{
    struct kubelet k = w->kubelet, without = w->kubelet;
    struct kubelet_state s = w->state;
    k.others_have_a_say |= empty;
    for (unsigned r = 0; r < k.nresource && empty; r++)
        s.available[r] = (1u << k.ndevice[r]) - 1;
    without = k;
    struct kubelet_state rest = s;
    unlist(w, &without, &rest);
    if (!kubelet_admit(&k, &s) || !kubelet_admit(&without, &rest))
        return false;
    *ret = answer(&k) == answer(&without) ? answer(&k) : SY_ADMISSION_UNKNOWN;
    return true;
}

static enum sy_admission by_the_model(const struct world *w, bool empty)
{
    enum sy_admission ret;
    struct sy_err err = {0};
    struct sy_arena *arena = sy_arena_new(1 << 20);
    ck_assert_ptr_nonnull(arena);
    enum sy_code code = sy_admission_check(&w->b.fabric, empty ? NULL : &w->b.usage, &w->request,
                                           arena, &ret, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    sy_arena_free(arena);
    return ret;
}

/* Distances are not ours to know: then the model may say less, never something else. */
static bool agrees(const struct world *w, enum sy_admission model, enum sy_admission rules)
{
    return model == rules ||
           (w->kubelet.prefer_closest && !w->kubelet.single_numa && model == SY_ADMISSION_UNKNOWN);
}

START_TEST(as_the_kubelet)
{
    struct sy_dice dice = {.state = SEED};
    unsigned seen[2][SY_ADMISSION_COUNT] = {{0}}, skipped = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        static struct world w;
        enum sy_admission rules[2] = {SY_ADMISSION_UNKNOWN, SY_ADMISSION_UNKNOWN}, model[2];
        make_world(&w, &dice);
        for (unsigned empty = 0; empty < 2; empty++) {
            model[empty] = by_the_model(&w, empty == 1);
            bool followed = by_the_rules(&w, empty == 1, &rules[empty]);
            skipped += !followed;
            seen[empty][model[empty]]++;
            ck_assert_msg(!followed || agrees(&w, model[empty], rules[empty]),
                          "world %u%s: the model says %s, the rules %s", i, empty ? ", empty" : "",
                          sy_admission_name(model[empty]), sy_admission_name(rules[empty]));
            if (!followed)
                rules[empty] = SY_ADMISSION_UNKNOWN;
        }
        /* What is refused when all is free is admitted in no other state. */
        ck_assert_msg(model[1] != SY_ADMISSION_REFUSED || rules[0] != SY_ADMISSION_ADMITTED,
                      "world %u: never, and yet admitted", i);
        sy_builder_done(&w.b);
    }
    /* Of each answer there is enough for the comparison to mean something. */
    for (unsigned empty = 0; empty < 2; empty++)
        for (unsigned a = 0; a < SY_ADMISSION_COUNT; a++)
            ck_assert_msg(seen[empty][a] > WORLDS / 200, "%s: %u",
                          sy_admission_name((enum sy_admission)a), seen[empty][a]);
    ck_assert_msg(skipped < WORLDS / 20, "%u too large to follow", skipped);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission_property");
    TCase *tcase = tcase_create("as_the_kubelet");
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, as_the_kubelet);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
