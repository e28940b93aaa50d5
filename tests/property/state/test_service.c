/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's state of some objects is the service's snapshot of them: the same nodes, with the
 * same usage, at the same time. And the service's own /snapshot of them, read by the planner, says
 * it a third time. */
#include "base/str.h"
#include "planner/state/state_private.h"
#include "tests/lib/fabric_builder.h"
#include "tests/lib/run.h"
#include "tests/unit/extender_live/living.h"
#include "topology/node_json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NODES = 4, PODS = 10, ROUNDS = 300 };

static const char *const names[NODES] = {"a", "b", "c", "d"};

/* The same text to both: to the service as it is, to the planner with its kind in front. */
struct world {
    struct living l;
    struct sy_str list;
};

static void tell(struct world *w, enum sy_live_collection collection, const char *text)
{
    static const char *const heads[SY_LIVE_COLLECTION_COUNT] = {
        [SY_LIVE_FABRICS] = "\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\",",
        [SY_LIVE_PODS] = "\"apiVersion\":\"v1\",\"kind\":\"Pod\",",
        [SY_LIVE_NODES] = "\"apiVersion\":\"v1\",\"kind\":\"Node\","};
    living_put(&w->l, collection, text);
    sy_str_printf(&w->list, "%s{%s%s", w->list.len > 0 ? "," : "", heads[collection], text + 1);
}

static const char *some_devices(struct sy_dice *dice)
{
    static const char *const devices[] = {
        "",
        HELD(NPU0, "p0", "u0"),
        HELD(NPU0, "p1", "u1") "," HELD(NPU2, "p1", "u1"),
        HELD(GPU0, "p2", "u2") ",{\"pci\":\"" NPU3 "\",\"healthy\":false,\"reason\":\"hot\"}",
        "{\"pci\":\"" NPU1 "\",\"held\":1000,\"holders\":[{\"namespace\":\"ns\",\"name\":\"p3\"}]}",
        "{\"pci\":\"" NPU1 "\",\"capWatts\":300,\"watts\":200.5},{\"pci\":\"0000:77:00.0\"}",
        HELD(NPU0, "p9", "gone"),
    };
    return devices[sy_dice_roll(dice, sizeof devices / sizeof devices[0])];
}

static const char *some_pod(struct sy_dice *dice, unsigned i)
{
    static const char *const limits[] = {
        "\"" NPU_NAME "\":\"1\"", "\"" NPU_NAME "\":\"2\"",
        "\"" GPU_NAME "\":\"1\"", "\"" GPU_NAME "\":\"1\",\"" NPU_NAME "\":\"1\"",
        "\"cpu\":\"1\"",          "\"example.com/unknown\":\"1\"",
        "\"" NPU_NAME "\":\"9\""};
    static const char *const annotations[] = {
        NULL, "\"switchyard.dev/require\":\"switch\"", "\"huawei.com/AscendReal\":\"Ascend910-1\"",
        "\"huawei.com/AscendReal\":\" Ascend910-0, Ascend910-2,\"",
        "\"switchyard.dev/require\":\"nonsense\""};
    static char name[8], uid[8];
    (void)snprintf(name, sizeof name, "p%u", i);
    (void)snprintf(uid, sizeof uid, "u%u", (i * 7) % PODS); /* their order is another one */
    const struct living_pod pod = {
        .uid = uid,
        .name = name,
        .node = sy_dice_chance(dice, 80) ? names[sy_dice_roll(dice, NODES)] : NULL,
        .limits = limits[sy_dice_roll(dice, sizeof limits / sizeof limits[0])],
        .annotations = annotations[sy_dice_roll(dice, 5)],
        .phase = sy_dice_chance(dice, 10) ? "Failed" : NULL,
        .scheduled_s = (int64_t)sy_dice_roll(dice, 3)};
    return living_pod_object(&pod);
}

static void tell_all(struct world *w, struct sy_dice *dice)
{
    for (enum sy_live_collection c = 0; c < SY_LIVE_COLLECTION_COUNT; c++)
        living_begin(&w->l, c);
    for (unsigned i = 0; i < NODES; i++) {
        const char *status =
            sy_dice_chance(dice, 80) ? living_status(&w->l, some_devices(dice)) : NULL;
        if (sy_dice_chance(dice, 85))
            tell(w, SY_LIVE_FABRICS, living_fabric(names[i], status));
        if (sy_dice_chance(dice, 85))
            tell(w, SY_LIVE_NODES,
                 living_node_object(names[i], sy_dice_chance(dice, 30)
                                                  ? "\"switchyard.dev/cordon\":\"" NPU0 "=fan; x\""
                                                  : NULL));
        living_pass(&w->l, (int64_t)sy_dice_roll(dice, 200) * SECONDS);
    }
    for (unsigned i = 0; i < PODS; i++)
        if (sy_dice_chance(dice, 80))
            tell(w, SY_LIVE_PODS, some_pod(dice, i));
    for (enum sy_live_collection c = 0; c < SY_LIVE_COLLECTION_COUNT; c++)
        living_synced(&w->l, c);
    living_look(&w->l, true);
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

/* The service's answer to GET /snapshot. */
static void service_snapshot(struct world *w, struct sy_str *out)
{
    sy_str_append(out, "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabricList\","
                       "\"metadata\":{\"resourceVersion\":\"42\"},\"items\":[");
    bool any = false;
    for (unsigned i = 0; i < NODES; i++) {
        const struct sy_node *node = living_node(&w->l, names[i]);
        json_t *document = NULL, *ledger = NULL;
        if (node == NULL)
            continue;
        ck_assert_int_eq(sy_node_to_json(node, &document, NULL), SY_OK);
        ck_assert_int_eq(sy_live_explain(w->l.live, names[i], &ledger, NULL), SY_OK);
        ck_assert_int_eq(json_object_set_new(document, "ledger", ledger), 0);
        char *text = json_dumps(document, JSON_COMPACT);
        sy_str_printf(out, "%s%s", any ? "," : "", text);
        any = true;
        sy_free(text);
        json_decref(document);
    }
    sy_str_append(out, "]}");
}

static void compare(struct world *w, const struct sy_state *state, int seed, const char *what)
{
    for (unsigned i = 0; i < NODES; i++) {
        const struct sy_node *theirs = living_node(&w->l, names[i]);
        int64_t at = sy_state_find_node(state, names[i]);
        const struct sy_node *ours = at >= 0 ? state->node[at].node : NULL;
        ck_assert_msg((ours != NULL) == (theirs != NULL), "%s, seed %d, node %s", what, seed,
                      names[i]);
        if (ours == NULL)
            continue;
        char *a = text_of(ours), *b = text_of(theirs);
        ck_assert_msg(strcmp(a, b) == 0, "%s, seed %d:\n%s\n%s", what, seed,
                      strstr(a, "\"status\""), strstr(b, "\"status\""));
        ck_assert(sy_digest_equal(ours->state, theirs->state));
        sy_free(a);
        sy_free(b);
    }
}

/* What the pods hold is what the service's ledger says of them. */
static void compare_pods(struct world *w, const struct sy_state *state)
{
    for (size_t p = 0; p < state->npod; p++) {
        const struct sy_state_pod *pod = &state->pod[p];
        char wanted[300];
        static const char *const covers[] = {
#define X(id, name) name,
            SY_COVERS(X)
#undef X
        };
        if (pod->node == UINT32_MAX || state->node[pod->node].node == NULL ||
            pod->request.nentry == 0)
            continue;
        (void)snprintf(wanted, sizeof wanted, "\"uid\":\"%s\",\"assumed\":false,\"cover\":\"%s\"",
                       pod->uid, covers[pod->charge.cover]);
        ck_assert_msg(living_ledger_has(&w->l, state->node[pod->node].name, wanted), "%s", wanted);
    }
}

START_TEST(the_service_and_the_planner)
{
    struct world w;
    struct sy_dice dice = {.state = (uint64_t)_i * 6007 + 3};
    struct sy_str text, snapshot;
    struct sy_err err = {0};
    struct sy_state *state = NULL, *third = NULL;
    sy_str_init(&w.list, (size_t)16 << 20);
    sy_str_init(&text, (size_t)16 << 20);
    sy_str_init(&snapshot, (size_t)16 << 20);
    living_open(&w.l);
    tell_all(&w, &dice);
    sy_str_printf(&text,
                  "{\"apiVersion\":\"switchyard.dev/"
                  "v1alpha1\",\"kind\":\"Snapshot\",\"metadata\":{\"lists\":[\"Node\",\"Pod\"]},"
                  "\"items\":[%s]}",
                  w.list.data != NULL ? w.list.data : "");
    ck_assert_msg(sy_state_from_bytes("f.json", text.data, text.len, w.l.catalogue, w.l.policy,
                                      w.l.unix_us, NULL, &state, &err) == SY_OK,
                  "%s", err.text);
    compare(&w, state, _i, "objects");
    compare_pods(&w, state);
    service_snapshot(&w, &snapshot);
    ck_assert_msg(sy_state_from_bytes("s.json", snapshot.data, snapshot.len, w.l.catalogue,
                                      w.l.policy, w.l.unix_us, NULL, &third, &err) == SY_OK,
                  "%s", err.text);
    compare(&w, third, _i, "/snapshot");
    ck_assert_uint_eq(third->cluster->generation, 42);
    sy_state_free(state);
    sy_state_free(third);
    living_close(&w.l);
    sy_str_done(&w.list);
    sy_str_done(&text);
    sy_str_done(&snapshot);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the planner's state and the service's");
    TCase *tcase = tcase_create("states");
    tcase_set_timeout(tcase, 250);
    tcase_add_loop_test(tcase, the_service_and_the_planner, 0, ROUNDS);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
