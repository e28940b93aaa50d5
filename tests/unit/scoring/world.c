/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/scoring/world.h"

#include "base/json.h"
#include "base/str.h"
#include "topology/node_json.h"

#include <check.h>
#include <string.h>

static const char *const addresses[TEST_UNITS] = {"0000:13:00.0", "0000:14:00.0", "0000:15:00.0",
                                                  "0000:1a:00.0", "0000:1b:00.0", "0000:1c:00.0"};

/* One socket: package, NUMA node, host bridge, root port, switch with three devices; `base` is its
 * first bus, `first` the index of its package. */
static void put_socket(struct sy_str *s, unsigned index, unsigned base, unsigned first)
{
    sy_str_printf(s, ",{\"type\":\"Package\",\"parent\":0,\"index\":%u}", index);
    sy_str_printf(s, ",{\"type\":\"NUMANode\",\"parent\":%u,\"index\":%u,\"memoryMiB\":262144}",
                  first, index);
    sy_str_printf(s,
                  ",{\"type\":\"HostBridge\",\"parent\":%u,\"pci\":\"0000:%02x\","
                  "\"buses\":\"%02x-%02x\"}",
                  first + 1, base, base, base + 5);
    sy_str_printf(s,
                  ",{\"type\":\"Bridge\",\"parent\":%u,\"pci\":\"0000:%02x:01.0\","
                  "\"id\":\"8086:347a\",\"class\":\"0604\",\"linkGBps\":31.507,"
                  "\"buses\":\"%02x-%02x\"}",
                  first + 2, base, base + 1, base + 5);
    sy_str_printf(s,
                  ",{\"type\":\"Bridge\",\"parent\":%u,\"pci\":\"0000:%02x:00.0\","
                  "\"id\":\"1000:c010\",\"class\":\"0604\",\"linkGBps\":31.507,"
                  "\"buses\":\"%02x-%02x\"}",
                  first + 3, base + 1, base + 2, base + 5);
    for (unsigned i = 0; i < 3; i++) {
        sy_str_printf(s,
                      ",{\"type\":\"Bridge\",\"parent\":%u,\"pci\":\"0000:%02x:%02x.0\","
                      "\"id\":\"1000:c010\",\"class\":\"0604\",\"linkGBps\":31.507,"
                      "\"buses\":\"%02x-%02x\"}",
                      first + 4, base + 2, 4 * i, base + 3 + i, base + 3 + i);
        sy_str_printf(s,
                      ",{\"type\":\"PCIDev\",\"parent\":%u,\"pci\":\"0000:%02x:00.0\","
                      "\"class\":\"%s\",\"id\":\"%s\",\"linkGBps\":31.507}",
                      first + 5 + 2 * i, base + 3 + i, i < 2 ? "1200" : "0302",
                      i < 2 ? "19e5:d802" : "10de:20b5");
    }
}

#define HOLDER(letter)                                                                             \
    "{\"namespace\":\"ns\",\"name\":\"pod-" letter "\",\"uid\":\"uid-" letter "\"}"

static void put_device(struct sy_str *s, const char *pci, char state)
{
    sy_str_printf(s, "{\"pci\":\"%s\"", pci);
    if (state == 'x')
        sy_str_append(s, ",\"healthy\":false");
    else
        sy_str_append(s, ",\"held\":1000");
    if (state == '2')
        sy_str_append(s, ",\"holders\":[" HOLDER("a") "," HOLDER("b") "]");
    else if (state >= 'A' && state <= 'Z')
        sy_str_printf(s, ",\"holders\":[{\"namespace\":\"ns\",\"name\":\"pod-%c\"}]",
                      state - 'A' + 'a');
    else if (state != 'x' && state != '?')
        sy_str_printf(s, ",\"holders\":[" HOLDER("%c") "]", state, state);
    sy_str_append(s, "}");
}

static void put_topology_manager(struct sy_str *s, const char *manager)
{
    const char *scope = strchr(manager, '/');
    ck_assert_ptr_nonnull(scope);
    sy_str_printf(s, ",\"topologyManager\":{\"policy\":\"%.*s\",\"scope\":\"%s\"}",
                  (int)(scope - manager), manager, scope + 1);
}

static void put_status(struct sy_str *s, const struct test_node *node)
{
    sy_str_printf(s, ",\"status\":{\"mode\":\"%s\",\"devices\":[", node->mode);
    const char *comma = "";
    for (unsigned i = 0; node->held != NULL && node->held[i] != '\0'; i++) {
        if (node->held[i] == '.')
            continue;
        sy_str_append(s, comma);
        put_device(s, addresses[i], node->held[i]);
        comma = ",";
    }
    sy_str_append(s, "]");
    if (node->counted != NULL)
        sy_str_printf(s, ",\"counted\":[%s]", node->counted);
    if (node->limit_watts > 0)
        sy_str_printf(s, ",\"power\":{\"limitWatts\":%d,\"baseWatts\":500}", node->limit_watts);
    sy_str_append(s, "}");
}

char *test_node_document(const struct test_node *node)
{
    struct sy_str s;
    sy_str_init(&s, 65536);
    sy_str_printf(&s,
                  "{\"apiVersion\":\"switchyard.dev/v1alpha1\",\"kind\":\"NodeFabric\","
                  "\"metadata\":{\"name\":\"%s\"",
                  node->name);
    if (node->rack != NULL)
        sy_str_printf(&s, ",\"labels\":{\"example.com/rack\":\"%s\",\"zone\":\"z\"}", node->rack);
    sy_str_append(&s, "},\"spec\":{\"source\":\"document\",\"objects\":[{\"type\":\"Machine\"}");
    put_socket(&s, 0, 0x10, 1);
    if (!node->small)
        put_socket(&s, 1, 0x17, 12);
    sy_str_append(&s, "]");
    if (node->topology_manager != NULL)
        put_topology_manager(&s, node->topology_manager);
    sy_str_append(&s, "}");
    if (node->mode != NULL)
        put_status(&s, node);
    sy_str_append(&s, "}");
    size_t len;
    char *text = sy_str_take(&s, &len);
    ck_assert_ptr_nonnull(text);
    return text;
}

static void make_cluster(struct test_world *w, const struct test_node *node, size_t n)
{
    struct sy_err err = {0};
    struct sy_node **nodes = sy_calloc(n, sizeof *nodes);
    ck_assert_ptr_nonnull(nodes);
    for (size_t i = 0; i < n; i++) {
        char *text = test_node_document(&node[i]);
        enum sy_code code =
            sy_node_from_bytes(text, strlen(text), NULL, 0, NULL, w->catalogue, &nodes[i], &err);
        ck_assert_msg(code == SY_OK, "%s: %s", node[i].name, err.text);
        ck_assert_msg(sy_node_check(nodes[i], &err) == SY_OK, "%s", err.text);
        sy_free(text);
    }
    ck_assert_msg(sy_cluster_new(nodes, n, 1, &w->cluster, &err) == SY_OK, "%s", err.text);
    for (size_t i = 0; i < n; i++)
        sy_node_unref(nodes[i]);
    sy_free(nodes);
}

void test_world_make(struct test_world *w, const struct test_node *node, size_t n,
                     const char *policy)
{
    struct sy_err err = {0};
    *w = (struct test_world){0};
    ck_assert_msg(sy_catalogue_load(NULL, 0, &w->catalogue, &err) == SY_OK, "%s", err.text);
    enum sy_code code = policy == NULL
                            ? sy_policy_load(NULL, &w->policy, &err)
                            : sy_policy_parse("test", policy, strlen(policy), &w->policy, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    make_cluster(w, node, n);
    ck_assert_msg(sy_power_new(w->cluster, w->policy, &w->power, &err) == SY_OK, "%s", err.text);
    w->memo = sy_memo_new(64);
    w->arena = sy_arena_new((size_t)64 << 20);
    ck_assert(w->memo != NULL && w->arena != NULL);
    w->world = (struct sy_world){.cluster = w->cluster,
                                 .power = w->power,
                                 .policy = w->policy,
                                 .catalogue = w->catalogue,
                                 .now_us = TEST_NOW_US,
                                 .memo = w->memo};
}

void test_world_free(struct test_world *w)
{
    sy_arena_free(w->arena);
    sy_memo_free(w->memo);
    sy_power_unref(w->power);
    sy_cluster_unref(w->cluster);
    sy_policy_unref(w->policy);
    sy_catalogue_unref(w->catalogue);
}

struct sy_request test_request(struct test_world *w, const char *pod)
{
    const struct sy_json_limits limits = {.max_bytes = 1 << 20, .max_depth = 64};
    struct sy_err err = {0};
    json_t *root;
    struct sy_request request;
    ck_assert_msg(sy_json_parse(pod, strlen(pod), &limits, &root, &err) == SY_OK, "%s", err.text);
    enum sy_code code = sy_request_from_pod(root, w->catalogue, &(struct sy_path){.key = "Pod"},
                                            w->arena, &request, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
    json_decref(root);
    return request;
}

struct sy_request test_request_of(struct test_world *w, const char *limits, const char *annotations)
{
    char *pod = sy_arena_printf(w->arena,
                                "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p\","
                                "\"uid\":\"u\",\"creationTimestamp\":\"2023-11-14T22:13:20Z\","
                                "\"annotations\":{%s}},\"spec\":{\"containers\":[{\"resources\":"
                                "{\"limits\":{%s}}}]}}",
                                annotations, limits);
    ck_assert_ptr_nonnull(pod);
    return test_request(w, pod);
}

struct sy_candidate *test_candidates(struct test_world *w, const char *const *name, size_t n)
{
    struct sy_candidate *candidate = sy_arena_calloc(w->arena, n, sizeof *candidate);
    ck_assert_ptr_nonnull(candidate);
    for (size_t i = 0; i < n; i++)
        candidate[i] = (struct sy_candidate){.name = name[i], .len = strlen(name[i]), .index = -1};
    sy_engine_resolve(w->cluster, candidate, n);
    return candidate;
}
