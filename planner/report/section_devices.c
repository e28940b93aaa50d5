/* SPDX-License-Identifier: Apache-2.0 */
/* Devices by kind, model, node and rack: delivered, healthy, allocated, free. */
#include "planner/report/report_private.h"

#include <stdlib.h>
#include <string.h>

/* NICs are not what a node is bought for: they are in rows of their own and in no sum. */
static struct sy_tally accelerators(const struct sy_tally *kind)
{
    struct sy_tally sum = {0};
    for (unsigned k = 0; k < SY_KIND_COUNT; k++)
        if (k != SY_KIND_NIC)
            sy_tally_add(&sum, &kind[k]);
    return sum;
}

static void write_totals(struct sy_report *r, json_t *devices, const struct sy_tally *kind)
{
    json_t *rows = sy_write_array(&r->w, devices, "totals");
    struct sy_tally all = accelerators(kind);
    for (unsigned k = 0; k <= SY_KIND_COUNT; k++) {
        const struct sy_tally *tally = k == 0 ? &all : &kind[k - 1];
        if (k > 0 && tally->delivered == 0 && tally->parts == 0)
            continue;
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "kind", k == 0 ? "*" : sy_kind_name(k - 1));
        sy_write_tally(&r->w, row, tally);
        sy_write_int(&r->w, row, "parts", tally->parts);
    }
}

/* Devices of a group of nodes: of a model, or of a rack. */
struct group {
    const char *name, *sub; /* model and kind; rack */
    int64_t nodes;
    struct sy_tally tally, kind[SY_KIND_COUNT];
};

static int by_name(const void *pa, const void *pb)
{
    const struct group *a = pa, *b = pb;
    int order = strcmp(a->sub, b->sub);
    return order != 0 ? order : strcmp(a->name, b->name);
}

/* Add up neighbours of one name; *n groups stay. */
static void merge(struct group *group, size_t *n)
{
    if (*n == 0)
        return;
    qsort(group, *n, sizeof *group, by_name);
    size_t last = 0;
    for (size_t i = 1; i < *n; i++) {
        if (by_name(&group[last], &group[i]) != 0) {
            group[++last] = group[i];
            continue;
        }
        group[last].nodes += group[i].nodes;
        sy_tally_add(&group[last].tally, &group[i].tally);
        for (unsigned k = 0; k < SY_KIND_COUNT; k++)
            sy_tally_add(&group[last].kind[k], &group[i].kind[k]);
    }
    *n = last + 1;
}

static int by_text(const void *pa, const void *pb)
{
    return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

/* "unknown model: A or B" of the models that are told as model[sum]; the one's own name. */
static const char *name_of(struct sy_arena *arena, const struct sy_tally_model *model, size_t n,
                           size_t sum)
{
    size_t several = 0;
    const char **name = sy_arena_calloc(arena, n, sizeof *name);
    for (size_t i = 0; name != NULL && i < n; i++)
        if (model[i].sum == sum)
            name[several++] = model[i].name;
    if (several < 2)
        return name != NULL ? model[sum].name : NULL;
    qsort(name, several, sizeof *name, by_text);
    const char *text = sy_arena_printf(arena, "unknown model: %s", name[0]);
    for (size_t i = 1; i < several && text != NULL; i++)
        text = sy_arena_printf(arena, "%s or %s", text, name[i]);
    return text;
}

/* One group for each model of a node, behind the others. */
static enum sy_code models_of(struct sy_report *r, const struct sy_state_node *node,
                              struct sy_tally_model *model, struct group *group, size_t *n,
                              struct sy_err *err)
{
    size_t nmodel = sy_tally_models(node, model);
    for (size_t i = 0; i < nmodel; i++) {
        if (model[i].sum != i)
            continue;
        const char *name = name_of(r->arena, model, nmodel, i);
        if (name == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        group[(*n)++] = (struct group){
            .name = name, .sub = sy_kind_name(model[i].kind), .nodes = 1, .tally = model[i].tally};
    }
    return SY_OK;
}

static enum sy_code write_models(struct sy_report *r, json_t *devices, struct sy_err *err)
{
    const struct sy_state *state = r->state;
    size_t size = 0, most = 0, n = 0;
    for (size_t i = 0; i < state->nnode; i++) {
        size_t units = state->node[i].node != NULL ? state->node[i].node->fabric->nunit : 0;
        size += units;
        most = units > most ? units : most;
    }
    sy_autofree struct group *group = sy_calloc(size + 1, sizeof *group);
    sy_autofree struct sy_tally_model *model = sy_calloc(most + 1, sizeof *model);
    if (group == NULL || model == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < state->nnode && code == SY_OK; i++)
        code = models_of(r, &state->node[i], model, group, &n, err);
    if (code != SY_OK)
        return code;
    merge(group, &n);
    json_t *rows = sy_write_array(&r->w, devices, "models");
    for (size_t i = 0; i < n; i++) {
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "kind", group[i].sub);
        sy_write_text(&r->w, row, "model", group[i].name);
        sy_write_int(&r->w, row, "nodes", group[i].nodes);
        sy_write_tally(&r->w, row, &group[i].tally);
    }
    return SY_OK;
}

static void write_kinds(struct sy_writer *w, json_t *row, const struct sy_tally *kind)
{
    json_t *obj = sy_write_object(w, row, "kinds");
    for (unsigned k = 0; k < SY_KIND_COUNT; k++) {
        if (kind[k].delivered == 0)
            continue;
        json_t *one = sy_write_object(w, obj, sy_kind_name(k));
        sy_write_int(w, one, "delivered", kind[k].delivered);
        sy_write_int(w, one, "allocated", kind[k].allocated);
        sy_write_int(w, one, "free", kind[k].free);
        sy_write_int(w, one, "closed", kind[k].closed);
    }
}

static const char *status_of(const struct sy_state_node *node)
{
    if (!node->ready)
        return "not ready";
    return node->unschedulable ? "cordoned" : "ready";
}

/* Devices that a node without a NodeFabric offers, by resource: are there any? */
static bool write_offered(struct sy_report *r, json_t *row, const struct sy_state_node *node)
{
    json_t *offered = sy_write_object(&r->w, row, "offered");
    bool any = false;
    for (size_t i = 0; i < node->allocatable.n; i++) {
        const struct sy_amount *amount = &node->allocatable.other[i];
        if (!sy_report_offers(r->state, node, amount))
            continue;
        sy_write_int(&r->w, offered, amount->name, amount->value);
        any = true;
    }
    return any;
}

static void write_node(struct sy_report *r, json_t *rows, size_t i, const struct sy_tally *kind)
{
    const struct sy_state_node *node = &r->state->node[i];
    struct sy_tally sum = accelerators(kind);
    json_t *row = sy_write_row(&r->w, rows);
    sy_write_text(&r->w, row, "node", node->name);
    sy_write_text(&r->w, row, "rack", r->rack[i]);
    sy_write_text(&r->w, row, "status", status_of(node));
    sy_write_text(&r->w, row, "mode",
                  node->node != NULL ? sy_mode_name(node->node->usage->mode) : "none");
    bool offers = write_offered(r, row, node);
    sy_write_tally(&r->w, row, offers ? NULL : &sum);
    write_kinds(&r->w, row, kind);
}

static void write_racks(struct sy_report *r, json_t *devices, struct group *group, size_t n)
{
    merge(group, &n);
    json_t *rows = sy_write_array(&r->w, devices, "racks");
    for (size_t i = 0; i < n; i++) {
        struct sy_tally sum = accelerators(group[i].kind);
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "rack", *group[i].name != '\0' ? group[i].name : NULL);
        sy_write_int(&r->w, row, "nodes", group[i].nodes);
        sy_write_tally(&r->w, row, &sum);
        write_kinds(&r->w, row, group[i].kind);
    }
}

enum sy_code sy_report_section_devices(struct sy_report *r, struct sy_err *err)
{
    json_t *devices = sy_write_object(&r->w, r->root, "devices");
    struct sy_tally all[SY_KIND_COUNT] = {0};
    sy_autofree struct group *rack = sy_calloc(r->state->nnode + 1, sizeof *rack);
    if (rack == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    json_t *nodes = json_array();
    for (size_t i = 0; i < r->state->nnode; i++) {
        rack[i] =
            (struct group){.name = r->rack[i] != NULL ? r->rack[i] : "", .sub = "", .nodes = 1};
        sy_tally_node(&r->state->node[i], rack[i].kind);
        write_node(r, nodes, i, rack[i].kind);
        for (unsigned k = 0; k < SY_KIND_COUNT; k++)
            sy_tally_add(&all[k], &rack[i].kind[k]);
    }
    write_totals(r, devices, all);
    enum sy_code code = write_models(r, devices, err);
    write_racks(r, devices, rack, r->state->nnode);
    sy_write(&r->w, devices, "nodes", nodes);
    return code;
}
