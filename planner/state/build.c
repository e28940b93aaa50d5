/* SPDX-License-Identifier: Apache-2.0 */
/* From what was read to the state: nodes and pods in their places, and who holds what by the rule
 * that the service's ledger follows. */
#include "planner/state/state_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define NAMES_SHOWN 5u
#define SCRATCH_MAX ((size_t)1 << 30) /* of one node's occupancy */

struct building {
    struct sy_intake *intake;
    struct sy_state *state;
    struct sy_arena *scratch;
    struct sy_intake_object **fabric; /* of node i; NULL = none */
    struct sy_err *err;
};

/* --- Notes: "3 nodes have no NodeFabric: a, b, c". */

struct names {
    size_t n;
    char text[512];
};

static void name(struct names *names, const char *namespace_, const char *one)
{
    size_t used = strlen(names->text);
    if (names->n++ < NAMES_SHOWN)
        (void)snprintf(names->text + used, sizeof names->text - used, "%s%s%s%s",
                       used > 0 ? ", " : "", namespace_, namespace_[0] != '\0' ? "/" : "", one);
}

static enum sy_code note_names(struct building *b, const struct names *names, const char *one,
                               const char *many)
{
    if (names->n == 0)
        return SY_OK;
    return sy_intake_note(b->intake, b->err, "%zu %s: %s%s", names->n, names->n == 1 ? one : many,
                          names->text, names->n > NAMES_SHOWN ? ", …" : "");
}

/* --- Times. */

static int64_t newest_time(const struct sy_intake *intake, const struct sy_state *state)
{
    const struct sy_intake_list *fabrics = &intake->list[SY_STATE_FABRIC];
    int64_t newest = 0;
    if (intake->taken_us > 0)
        return intake->taken_us;
    for (size_t i = 0; i < fabrics->n; i++) {
        const struct sy_usage *report = fabrics->object[i].report;
        if (report != NULL && report->observed_us > newest)
            newest = report->observed_us;
        if (report != NULL && report->heartbeat_us > newest)
            newest = report->heartbeat_us;
    }
    for (size_t i = 0; newest == 0 && i < state->npod; i++) {
        if (state->pod[i].created_us > newest)
            newest = state->pod[i].created_us;
        if (state->pod[i].scheduled_us > newest)
            newest = state->pod[i].scheduled_us;
    }
    return newest;
}

static void set_age(struct sy_state_node *node, int64_t now_us)
{
    int64_t observed_us = node->report != NULL ? node->report->observed_us : 0;
    node->age_us = observed_us > 0 && now_us > observed_us ? now_us - observed_us : 0;
    node->age = node->age_us > SY_STATE_EXPIRED_S * SECOND_US ? SY_REPORT_EXPIRED
                : node->age_us > SY_STATE_OLD_S * SECOND_US   ? SY_REPORT_OLD
                                                              : SY_REPORT_FRESH;
}

/* --- Nodes. */

static enum sy_code add_node(struct building *b, const struct sy_intake_object *object,
                             struct sy_intake_object *fabric)
{
    struct sy_state_node *node = &b->state->node[b->state->nnode];
    const char *wrong = NULL;
    struct sy_err why = {0};
    enum sy_code code = SY_OK;
    assert(object != NULL || fabric != NULL);
    if (object != NULL) {
        code = sy_state_node_take(object->object, b->intake->catalogue, b->intake->share,
                                  b->state->arena, node, &wrong, &why);
        if (code != SY_OK)
            return sy_fail(b->err, code, "%s: %s", object->where, why.text);
        (void)json_incref(object->object);
    } else {
        *node = (struct sy_state_node){.name = fabric->name, .ready = true};
        node->label = fabric->label;
        node->nlabel = fabric->nlabel;
    }
    b->fabric[b->state->nnode++] = fabric;
    if (wrong != NULL)
        code = sy_intake_note(b->intake, b->err, "node %s: %s", node->name, wrong);
    if (fabric == NULL)
        return code;
    sy_fabric_unref(node->fabric);
    node->fabric = sy_fabric_ref(fabric->fabric);
    node->report = fabric->report != NULL ? sy_usage_ref(fabric->report) : NULL;
    node->decided = fabric->ledger != NULL && node->report != NULL;
    return code;
}

/* As in the service, a NodeFabric whose Node is gone is no node; without any Nodes each is one. */
static enum sy_code add_nodes(struct building *b)
{
    struct sy_intake_list *nodes = &b->intake->list[SY_STATE_NODE];
    struct sy_intake_list *fabrics = &b->intake->list[SY_STATE_FABRIC];
    bool nodes_known = nodes->n > 0 || b->intake->listed[SY_STATE_NODE];
    struct names bare = {0}, orphans = {0};
    enum sy_code code = SY_OK;
    size_t room = nodes->n + fabrics->n;
    b->state->node = sy_arena_calloc(b->state->arena, room, sizeof *b->state->node);
    b->fabric = sy_arena_calloc(b->state->arena, room, sizeof(struct sy_intake_object *));
    if (b->state->node == NULL || b->fabric == NULL)
        return sy_fail(b->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0, k = 0; code == SY_OK && (i < nodes->n || k < fabrics->n);) {
        struct sy_intake_object *node = i < nodes->n ? &nodes->object[i] : NULL;
        struct sy_intake_object *fabric = k < fabrics->n ? &fabrics->object[k] : NULL;
        int order = node == NULL ? 1 : fabric == NULL ? -1 : strcmp(node->name, fabric->name);
        i += order <= 0;
        k += order >= 0;
        if (order > 0 && fabric != NULL && nodes_known)
            name(&orphans, "", fabric->name);
        else
            code = add_node(b, order <= 0 ? node : NULL, order >= 0 ? fabric : NULL);
        if (code == SY_OK && order < 0 && node != NULL &&
            b->state->node[b->state->nnode - 1].fabric == NULL)
            name(&bare, "", node->name);
    }
    if (code == SY_OK && b->state->nnode == 0)
        code = sy_intake_note(b->intake, b->err, "the input holds no node");
    if (code == SY_OK)
        code = note_names(b, &orphans, "NodeFabric without its Node is left out",
                          "NodeFabrics without their Nodes are left out");
    if (code == SY_OK)
        code = note_names(b, &bare, "node has no NodeFabric, its devices are not known",
                          "nodes have no NodeFabric, their devices are not known");
    return code;
}

/* --- Pods. */

static enum sy_code add_pod(struct building *b, const struct sy_intake_object *object)
{
    struct sy_state_pod *pod = &b->state->pod[b->state->npod];
    struct sy_err why = {0};
    if (object->object == NULL) {
        *pod = sy_state_ledger_pod(object);
        b->state->npod++;
        return SY_OK;
    }
    enum sy_code code = sy_state_pod_read(object->object, object->where, object->namespace_,
                                          b->state->catalogue, b->state->arena, pod, &why);
    if (code == SY_OK) {
        (void)json_incref(object->object);
        b->state->npod++;
        return SY_OK;
    }
    if (b->intake->lenient && (code == SY_EINVAL || code == SY_EPARSE))
        return sy_intake_note(b->intake, b->err, "passed over: %s", why.text);
    return sy_fail(b->err, code, "%s", why.text);
}

static enum sy_code add_pods(struct building *b)
{
    const struct sy_intake_list *list = &b->intake->list[SY_STATE_POD];
    struct names elsewhere = {0};
    enum sy_code code = SY_OK;
    b->state->pod = sy_arena_calloc(b->state->arena, list->n, sizeof *b->state->pod);
    if (b->state->pod == NULL)
        return sy_fail(b->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < list->n && code == SY_OK; i++)
        code = add_pod(b, &list->object[i]);
    for (size_t i = 0; i < b->state->npod && code == SY_OK; i++) {
        struct sy_state_pod *pod = &b->state->pod[i];
        int64_t node = pod->node_name != NULL ? sy_state_find_node(b->state, pod->node_name) : -1;
        pod->node = node >= 0 ? (uint32_t)node : UINT32_MAX;
        if (pod->node_name != NULL && node < 0)
            name(&elsewhere, pod->namespace_, pod->name);
    }
    if (code == SY_OK)
        code = note_names(b, &elsewhere, "pod is bound to a node that the input does not have",
                          "pods are bound to nodes that the input does not have");
    return code;
}

static enum sy_code add_budgets(struct building *b)
{
    const struct sy_intake_list *list = &b->intake->list[SY_STATE_BUDGET];
    enum sy_code code = SY_OK;
    b->state->budget = sy_arena_calloc(b->state->arena, list->n, sizeof *b->state->budget);
    if (b->state->budget == NULL)
        return sy_fail(b->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < list->n && code == SY_OK; i++) {
        const struct sy_intake_object *object = &list->object[i];
        struct sy_state_budget *budget = &b->state->budget[b->state->nbudget];
        struct sy_err why = {0};
        code = sy_state_budget_read(object->object, budget, &why);
        if (code != SY_OK)
            return sy_fail(b->err, code, "%s: %s", object->where, why.text);
        budget->namespace_ = object->namespace_;
        budget->name = object->name;
        (void)json_incref(object->object);
        b->state->nbudget++;
    }
    return code;
}

/* --- Who holds what. */

static int by_node(const void *a, const void *b)
{
    const struct sy_state_pod *x = *(struct sy_state_pod *const *)a;
    const struct sy_state_pod *y = *(struct sy_state_pod *const *)b;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x < y ? -1 : x > y;
}

static enum sy_code make_node(struct building *b, struct sy_state_node *node,
                              struct sy_intake_object *fabric, struct sy_state_pod **pod, size_t n)
{
    struct sy_usage *usage = NULL;
    enum sy_code code = SY_OK;
    if (node->fabric == NULL)
        return SY_OK;
    if (node->decided) {
        usage = sy_usage_ref(node->report);
        sy_state_ledger_charge(fabric->ledger, node, pod, n);
    } else {
        code = sy_state_occupy(b->state, node, pod, n, b->intake->listed[SY_STATE_POD], b->scratch,
                               &usage, b->err);
        sy_arena_reset(b->scratch);
    }
    if (code == SY_OK)
        code = sy_node_new(node->name, node->fabric, usage, node->label, node->nlabel, &node->node,
                           b->err);
    sy_usage_unref(usage);
    return code == SY_OK ? code : (sy_wrap(b->err, "node %s", node->name), code);
}

static enum sy_code make_nodes(struct building *b)
{
    struct sy_state *state = b->state;
    enum sy_code code = SY_OK;
    size_t at = 0;
    sy_autofree struct sy_state_pod **pod =
        sy_calloc(state->npod + 1, sizeof(struct sy_state_pod *));
    if (pod == NULL)
        return sy_fail(b->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < state->npod; i++)
        pod[i] = &state->pod[i];
    qsort(pod, state->npod, sizeof *pod, by_node);
    for (size_t i = 0; i < state->nnode && code == SY_OK; i++) {
        size_t first = at;
        while (at < state->npod && pod[at]->node == i)
            at++;
        set_age(&state->node[i], state->now_us);
        code = make_node(b, &state->node[i], b->fabric[i], &pod[first], at - first);
    }
    return code;
}

static enum sy_code note_ages(struct building *b)
{
    struct names none = {0}, old = {0}, expired = {0};
    for (size_t i = 0; i < b->state->nnode; i++) {
        const struct sy_state_node *node = &b->state->node[i];
        if (node->fabric != NULL && node->report == NULL)
            name(&none, "", node->name);
        else if (node->report != NULL && !node->decided && node->age == SY_REPORT_OLD)
            name(&old, "", node->name);
        else if (node->report != NULL && !node->decided && node->age == SY_REPORT_EXPIRED)
            name(&expired, "", node->name);
    }
    enum sy_code code =
        note_names(b, &none, "node has no report of who holds what, pods are only counted there",
                   "nodes have no report of who holds what, pods are only counted there");
    if (code == SY_OK)
        code = note_names(b, &old, "node's report is older than 90 s",
                          "nodes' reports are older than 90 s");
    if (code == SY_OK)
        code = note_names(b, &expired, "node's report is older than 300 s, it goes for nothing",
                          "nodes' reports are older than 300 s, they go for nothing");
    if (code == SY_OK && b->state->nnode > 0 && !b->intake->listed[SY_STATE_POD])
        code = sy_intake_note(b->intake, b->err,
                              "the input lists no pods: who runs where is known "
                              "from the nodes' reports alone");
    return code;
}

static enum sy_code make_cluster(struct building *b)
{
    struct sy_state *state = b->state;
    size_t n = 0;
    sy_autofree struct sy_node **node = sy_calloc(state->nnode + 1, sizeof(struct sy_node *));
    if (node == NULL)
        return sy_fail(b->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < state->nnode; i++)
        if (state->node[i].node != NULL)
            node[n++] = state->node[i].node;
    return sy_cluster_new(node, n, b->intake->generation, &state->cluster, b->err);
}

static int other_cmp(const void *a, const void *b)
{
    return strcmp(((const struct sy_intake_other *)a)->kind,
                  ((const struct sy_intake_other *)b)->kind);
}

/* "Service: 3". */
static enum sy_code give_notes(struct building *b)
{
    struct sy_state *state = b->state;
    struct sy_intake *intake = b->intake;
    char text[512];
    if (intake->nother > 1)
        qsort(intake->other, intake->nother, sizeof *intake->other, other_cmp);
    state->others = json_array();
    bool ok = state->others != NULL;
    for (size_t i = 0; ok && i < intake->nother; i++) {
        (void)snprintf(text, sizeof text, "%s: %llu", intake->other[i].kind,
                       (unsigned long long)intake->other[i].n);
        ok = json_array_append_new(state->others, json_string(text)) == 0;
    }
    state->note = sy_arena_calloc(state->arena, intake->nnote, sizeof(const char *));
    if (!ok || state->note == NULL)
        return sy_fail(b->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < intake->nnote; i++)
        state->note[state->nnote++] = intake->note[i];
    return SY_OK;
}

enum sy_code sy_state_build(struct sy_intake *intake, struct sy_state *state, struct sy_err *err)
{
    struct building b = {.intake = intake, .state = state, .err = err};
    SY_AUTO(sy_arena) struct sy_arena *scratch = sy_arena_new(SCRATCH_MAX);
    if (scratch == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    b.scratch = scratch;
    enum sy_code code = sy_intake_sort(intake, err);
    if (code == SY_OK)
        code = sy_state_ledger_pods(intake, err);
    if (code == SY_OK)
        code = add_nodes(&b);
    if (code == SY_OK)
        code = add_pods(&b);
    if (code == SY_OK)
        code = add_budgets(&b);
    if (code == SY_OK && state->now_us == 0)
        state->now_us = newest_time(intake, state);
    if (code == SY_OK)
        code = make_nodes(&b);
    if (code == SY_OK)
        code = make_cluster(&b);
    if (code == SY_OK)
        code = note_ages(&b);
    return code == SY_OK ? give_notes(&b) : code;
}
