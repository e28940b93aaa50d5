/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/file.h"
#include "topology/node_json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)256 << 20)
#define REPORT_US INT64_C(1700000000000000)

#define must(call)                                                                                 \
    do {                                                                                           \
        struct sy_err err = {0};                                                                   \
        ck_assert_msg((call) == SY_OK, "%s", err.text);                                            \
    } while (0)

void world_open(struct world *w, const char *policy)
{
    static struct sy_catalogue *catalogue; /* read once */
    memset(w, 0, sizeof *w);
    w->arena = sy_arena_new(ARENA_BYTES);
    w->keep = json_array();
    ck_assert(w->arena != NULL && w->keep != NULL);
    if (catalogue == NULL)
        must(sy_catalogue_load(NULL, 0, &catalogue, &err));
    w->state.arena = w->arena;
    w->state.catalogue = sy_catalogue_ref(catalogue);
    if (policy != NULL)
        must(sy_policy_parse("policy.yaml", policy, strlen(policy), &w->state.policy, &err));
    else
        must(sy_policy_load(NULL, &w->state.policy, &err));
    w->state.now_us = REPORT_US + 10000000;
    w->state.kube_minor = 35;
    w->state.node = w->node;
    w->state.pod = w->pod;
    w->state.source = "test";
}

static void drop_node(struct sy_state_node *node)
{
    sy_node_unref(node->node);
    sy_usage_unref(node->report);
    sy_fabric_unref(node->fabric);
}

void world_close(struct world *w)
{
    for (size_t i = 0; i < WORLD_NODES; i++)
        drop_node(&w->node[i]);
    sy_cluster_unref(w->state.cluster);
    sy_policy_unref(w->state.policy);
    sy_catalogue_unref(w->state.catalogue);
    json_decref(w->keep);
    sy_arena_free(w->arena);
}

static int64_t amount(const char *text)
{
    char *end;
    int64_t n = strtoll(text, &end, 10);
    if (strcmp(end, "Gi") == 0)
        n <<= 30;
    return n;
}

static int by_name(const void *a, const void *b)
{
    const struct sy_amount *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static struct sy_amounts read_amounts(struct world *w, const char *text)
{
    struct sy_amounts amounts = {0};
    struct sy_amount *other = sy_arena_calloc(w->arena, 32, sizeof *other);
    char *copy = sy_arena_printf(w->arena, "%s", text), *rest = NULL;
    ck_assert(other != NULL && copy != NULL);
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(at, '=');
        ck_assert_ptr_nonnull(equals);
        *equals = '\0';
        int64_t n = amount(equals + 1);
        if (strcmp(at, "cpu") == 0)
            amounts.cpu_milli = 1000 * n;
        else if (strcmp(at, "memory") == 0)
            amounts.memory_bytes = n;
        else if (strcmp(at, "pods") == 0)
            amounts.pods = n;
        else
            other[amounts.n++] = (struct sy_amount){at, n};
    }
    if (amounts.n > 1)
        qsort(other, amounts.n, sizeof *other, by_name);
    amounts.other = other;
    return amounts;
}

static struct sy_label *read_labels(struct world *w, const char *text, size_t *ret_n)
{
    struct sy_label *label = sy_arena_calloc(w->arena, 16, sizeof *label);
    char *copy = sy_arena_printf(w->arena, "%s", text != NULL ? text : ""), *rest = NULL;
    *ret_n = 0;
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(at, '=');
        *equals = '\0';
        label[(*ret_n)++] = (struct sy_label){at, equals + 1};
    }
    return label;
}

static void read_machine(struct world *w, const struct world_node *from, struct sy_state_node *to)
{
    char path[1024];
    sy_autofree char *data = NULL;
    size_t len;
    struct sy_node *node;
    (void)snprintf(path, sizeof path, SY_SOURCE_DIR "/deploy/examples/cluster/%s.json",
                   from->machine);
    must(sy_file_read(path, SY_NODE_JSON_MAX, &data, &len, &err));
    json_t *doc = json_loadb(data, len, 0, NULL);
    ck_assert_ptr_nonnull(doc);
    ck_assert_int_eq(json_object_del(json_object_get(doc, "metadata"), "name"), 0);
    (void)json_object_del(doc, "status");
    char *text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    char *status =
        sy_arena_printf(w->arena, "{\"status\":%s}", from->status != NULL ? from->status : "{}");
    must(sy_node_from_bytes(text, strlen(text), status, strlen(status), from->name,
                            w->state.catalogue, &node, &err));
    sy_free(text);
    to->fabric = sy_fabric_ref(node->fabric);
    if (from->status != NULL) {
        to->report = sy_usage_ref(node->usage);
        to->report->observed_us = REPORT_US;
    }
    sy_node_unref(node);
}

static void fill_node(struct world *w, const struct world_node *from, struct sy_state_node *to)
{
    static struct sy_taint taint[WORLD_NODES];
    size_t at = (size_t)(to - w->node) % WORLD_NODES;
    *to = (struct sy_state_node){.name = from->name, .ready = true};
    to->resources_known = from->has != NULL;
    to->allocatable = read_amounts(w, from->has != NULL ? from->has : "");
    to->label = read_labels(w, from->labels, &to->nlabel);
    if (from->taint != NULL) {
        taint[at] = (struct sy_taint){from->taint, "", "NoSchedule"};
        to->taint = &taint[at];
        to->ntaint = 1;
    }
    if (from->machine != NULL)
        read_machine(w, from, to);
}

static void fill_pod(struct world *w, const struct world_pod *from, struct sy_state_pod *to)
{
    struct sy_amounts asks = read_amounts(w, from->asks);
    json_t *resources = json_object();
    for (size_t i = 0; i < asks.n; i++)
        (void)json_object_set_new(resources, asks.other[i].name,
                                  json_integer((json_int_t)asks.other[i].value));
    json_t *pod = json_pack("{s{s:s,s:s,s{}},s{s[{s:s,s{s:O}}]}}", "metadata", "namespace",
                            "default", "name", from->name, "annotations", "spec", "containers",
                            "name", "main", "resources", "requests", resources);
    json_decref(resources);
    ck_assert_ptr_nonnull(pod);
    (void)json_array_append_new(w->keep, pod);
    if (from->require != NULL)
        (void)json_object_set_new(json_object_get(json_object_get(pod, "metadata"), "annotations"),
                                  "switchyard.dev/require", json_string(from->require));
    size_t n;
    struct sy_label *selector = read_labels(w, from->selector, &n);
    if (n > 0)
        (void)json_object_set_new(json_object_get(pod, "spec"), "nodeSelector",
                                  json_pack("{s:s}", selector[0].key, selector[0].value));
    *to = (struct sy_state_pod){.namespace_ = "default",
                                .name = from->name,
                                .node_name = from->node,
                                .object = pod,
                                .created_us = REPORT_US - 1000000,
                                .scheduled_us = from->node != NULL ? REPORT_US + 1000000 : 0,
                                .requests = asks,
                                .nonzero_cpu_milli = asks.cpu_milli > 0 ? asks.cpu_milli : 100,
                                .nonzero_memory_bytes =
                                    asks.memory_bytes > 0 ? asks.memory_bytes : 200 << 20,
                                .node = UINT32_MAX};
    to->uid = sy_arena_printf(w->arena, "u-%s", from->name);
    must(sy_request_from_pod(pod, w->state.catalogue, NULL, w->arena, &to->request, &err));
}

void world_add_node(struct world *w, const struct world_node *node)
{
    ck_assert_uint_lt(w->state.nnode, WORLD_NODES);
    fill_node(w, node, &w->node[w->state.nnode++]);
}

void world_add_pod(struct world *w, const struct world_pod *pod)
{
    ck_assert_uint_lt(w->state.npod, WORLD_PODS);
    struct sy_state_pod *to = &w->pod[w->state.npod++];
    fill_pod(w, pod, to);
    for (uint32_t i = 0; pod->node != NULL && i < w->state.nnode; i++)
        if (strcmp(w->node[i].name, pod->node) == 0)
            to->node = i;
}

static void make_node(struct world *w, struct sy_state_node *node, uint32_t at)
{
    struct sy_bound_pod bound[WORLD_PODS];
    struct sy_charge charge[WORLD_PODS];
    uint32_t of[WORLD_PODS], n = 0;
    struct sy_usage *usage;
    for (uint32_t i = 0; i < w->state.npod; i++) {
        const struct sy_state_pod *pod = &w->pod[i];
        if (pod->node != at)
            continue;
        of[n] = i;
        bound[n++] = (struct sy_bound_pod){.uid = pod->uid,
                                           .namespace_ = pod->namespace_,
                                           .name = pod->name,
                                           .scheduled_us = pod->scheduled_us,
                                           .request = &pod->request};
    }
    struct sy_occupancy_input input = {.fabric = node->fabric,
                                       .report = node->report,
                                       .age = node->age,
                                       .pod = bound,
                                       .npod = n,
                                       .pods_known = true,
                                       .profile = sy_policy_profile(w->state.policy, NULL),
                                       .budget_steps = w->state.policy->search_budget_steps};
    must(sy_occupancy_of(&input, w->arena, &usage, charge, &err));
    must(
        sy_node_new(node->name, node->fabric, usage, node->label, node->nlabel, &node->node, &err));
    sy_usage_unref(usage);
    for (uint32_t i = 0; i < n; i++)
        w->pod[of[i]].charge = charge[i];
}

void world_ready(struct world *w)
{
    struct sy_node *node[WORLD_NODES];
    size_t n = 0;
    for (uint32_t i = 0; i < w->state.nnode; i++) {
        if (w->node[i].fabric == NULL)
            continue;
        make_node(w, &w->node[i], i);
        node[n++] = w->node[i].node;
    }
    must(sy_cluster_new(node, n, 1, &w->state.cluster, &err));
}

const struct sy_state_pod *world_new_pod(struct world *w, const struct world_pod *pod)
{
    struct sy_state_pod *to = sy_arena_calloc(w->arena, 1, sizeof *to);
    ck_assert_ptr_nonnull(to);
    fill_pod(w, pod, to);
    return to;
}

const struct sy_state_node *world_new_node(struct world *w, const struct world_node *node)
{
    struct sy_state_node *to = &w->node[WORLD_NODES - 1];
    while (to->name != NULL) /* from the end, so that world_close finds them */
        to--;
    ck_assert(to > &w->node[w->state.nnode]);
    fill_node(w, node, to);
    return to;
}

struct sy_plan *world_plan(struct world *w)
{
    static const struct sy_plan_options options = {.weight = 10};
    struct sy_plan *plan;
    must(sy_plan_new(&w->state, &options, &plan, &err));
    return plan;
}
