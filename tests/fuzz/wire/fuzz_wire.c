/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes that a scheduler sends, through filter, prioritize, explain and preempt, over a small
 * cluster. An answer is JSON and speaks of every candidate. */
#include "base/json.h"
#include "scoring/wire/explain.h"
#include "scoring/wire/names.h"
#include "topology/node_json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One node with a switch, an NPU and a GPU below it; the GPU is held. */
static const char document[] =
    "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\","
    "\"metadata\":{\"name\":\"a\"},\"spec\":{\"source\":\"document\",\"objects\":["
    "{\"type\":\"Machine\"},{\"type\":\"Package\",\"parent\":0,\"index\":0},"
    "{\"type\":\"NUMANode\",\"parent\":1,\"index\":0},"
    "{\"type\":\"HostBridge\",\"parent\":2,\"pci\":\"0000:10\",\"buses\":\"10-14\"},"
    "{\"type\":\"Bridge\",\"parent\":3,\"pci\":\"0000:10:01.0\",\"id\":\"8086:347a\","
    "\"class\":\"0604\",\"buses\":\"11-11\"},"
    "{\"type\":\"PCIDev\",\"parent\":4,\"pci\":\"0000:11:00.0\",\"class\":\"1200\","
    "\"id\":\"19e5:d802\"},{\"type\":\"Bridge\",\"parent\":3,\"pci\":\"0000:10:02.0\","
    "\"id\":\"8086:347a\",\"class\":\"0604\",\"buses\":\"12-12\"},"
    "{\"type\":\"PCIDev\",\"parent\":6,\"pci\":\"0000:12:00.0\",\"class\":\"0302\","
    "\"id\":\"10de:20b5\"}]},\"status\":{\"mode\":\"exact\",\"devices\":[{\"pci\":\"0000:12:00.0\","
    "\"held\":1000,\"holders\":[{\"namespace\":\"n\",\"name\":\"p\",\"uid\":\"u\"}]}]}}";

static struct sy_world world;
static struct sy_catalogue *catalogue;

/* Made once; what it holds stays reachable until the end. */
static void make_world(void)
{
    static struct sy_policy *policy;
    static struct sy_cluster *cluster;
    static struct sy_power *power;
    struct sy_node *node;
    struct sy_err err = {0};
    if (catalogue != NULL)
        return;
    sy_mem_init();
    enum sy_code code = sy_catalogue_load(NULL, 0, &catalogue, &err);
    if (code == SY_OK)
        code = sy_policy_load(NULL, &policy, &err);
    if (code == SY_OK)
        code =
            sy_node_from_bytes(document, strlen(document), NULL, 0, NULL, catalogue, &node, &err);
    if (code == SY_OK)
        code = sy_cluster_new(&node, 1, 1, &cluster, &err);
    if (code == SY_OK)
        code = sy_power_new(cluster, policy, &power, &err);
    if (code != SY_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        abort();
    }
    sy_node_unref(node);
    world = (struct sy_world){.cluster = cluster,
                              .power = power,
                              .policy = policy,
                              .catalogue = catalogue,
                              .now_us = INT64_C(1700000000) * 1000000};
}

static json_t *reread(const struct sy_str *out)
{
    const struct sy_json_limits limits = {.max_bytes = SIZE_MAX, .max_depth = 128};
    json_t *root = NULL;
    struct sy_err err = {0};
    enum sy_code code = sy_json_parse(out->data, out->len, &limits, &root, &err);
    assert(code == SY_OK);
    return root;
}

static void check_filter(const struct sy_args *args, const struct sy_verdict *verdict)
{
    struct sy_str out;
    struct sy_err err = {0};
    size_t passed = 0;
    for (size_t i = 0; i < args->n; i++)
        passed += sy_reason_verdict((enum sy_reason)verdict[i].reason) == SY_VERDICT_FITS;
    sy_str_init(&out, (size_t)1 << 26);
    enum sy_code code = sy_wire_filter(args, verdict, &out, &err);
    assert(code == SY_OK);
    json_t *root = reread(&out);
    const json_t *names = json_object_get(root, "NodeNames");
    const json_t *items = json_object_get(json_object_get(root, "Nodes"), "items");
    assert(json_array_size(args->names_mode ? names : items) == passed);
    json_decref(root);
    sy_str_done(&out);
}

static void check_prioritize(const struct sy_args *args, const struct sy_verdict *verdict)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_str_init(&out, (size_t)1 << 26);
    enum sy_code code = sy_wire_prioritize(args, verdict, &out, &err);
    assert(code == SY_OK);
    json_t *root = reread(&out);
    assert(json_array_size(root) == args->n);
    json_decref(root);
    sy_str_done(&out);
}

static void try_args(const char *body, size_t size, struct sy_arena *arena)
{
    struct sy_args args;
    struct sy_err err = {0};
    if (sy_args_parse(body, size, world.cluster, catalogue, arena, &args, &err) != SY_OK) {
        assert(err.text[0] != '\0');
        return;
    }
    struct sy_verdict *verdict = sy_arena_calloc(arena, args.n, sizeof *verdict);
    assert(verdict != NULL);
    enum sy_code code =
        sy_engine_filter(&world, &args.request, args.candidate, args.n, arena, verdict, &err);
    assert(code == SY_OK);
    check_filter(&args, verdict);
    code = sy_engine_explain(&world, &args.request, args.candidate, args.n, arena, verdict, &err);
    assert(code == SY_OK);
    check_prioritize(&args, verdict);
    json_t *explained;
    code = sy_explain_to_json(&world, &args.request, args.candidate, verdict, args.n, &explained,
                              &err);
    assert(code == SY_OK);
    assert(json_array_size(json_object_get(explained, "nodes")) == args.n);
    json_decref(explained);
    sy_args_done(&args);
}

static void try_preempt(const char *body, size_t size, struct sy_arena *arena)
{
    struct sy_str out;
    struct sy_err err = {0};
    sy_str_init(&out, (size_t)1 << 26);
    if (sy_wire_preempt(body, size, &world, catalogue, arena, &out, &err) == SY_OK)
        json_decref(reread(&out));
    sy_str_done(&out);
}

/* What the reader of bytes takes, the parser reads alike. */
static void compare_readers(const char *body, size_t size, struct sy_arena *arena)
{
    const struct sy_json_limits limits = {.max_bytes = size, .max_depth = SY_WIRE_DEPTH_MAX};
    struct sy_names names;
    json_t *root;
    enum sy_code code = sy_names_scan((struct sy_slice){body, size}, arena, &names, NULL);
    assert(code == SY_OK);
    if (names.at.data == NULL || sy_json_parse(body, size, &limits, &root, NULL) != SY_OK)
        return;
    const json_t *array = sy_json_get_ci(root, "NodeNames");
    assert(json_is_array(array) && json_array_size(array) == names.n);
    for (size_t i = 0; i < names.n; i++)
        assert(strcmp(json_string_value(json_array_get(array, i)), names.candidate[i].name) == 0);
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_world();
    struct sy_arena *arena = sy_arena_new((size_t)1 << 28);
    assert(arena != NULL);
    compare_readers((const char *)data, size, arena);
    try_args((const char *)data, size, arena);
    try_preempt((const char *)data, size, arena);
    sy_arena_free(arena);
    return 0;
}
