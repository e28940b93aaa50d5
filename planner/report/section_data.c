/* SPDX-License-Identifier: Apache-2.0 */
/* How old the data is, and what of it was unknown: said, never guessed away. */
#include "planner/report/report_private.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define OFFERED_MAX 64u /* different resources that notes are made of */

struct ages {
    int64_t mode[SY_MODE_COUNT], age[SY_REPORT_AGE_COUNT];
    int64_t no_fabric, no_report;
    int64_t oldest_us, newest_us; /* heartbeats; 0 = none */
};

static void look(const struct sy_state_node *node, struct ages *ages)
{
    ages->no_fabric += node->node == NULL;
    if (node->node != NULL)
        ages->mode[node->node->usage->mode]++;
    if (node->node != NULL && node->report == NULL)
        ages->no_report++;
    if (node->report == NULL)
        return;
    ages->age[node->age]++;
    int64_t at = node->report->heartbeat_us;
    if (at > 0 && (ages->oldest_us == 0 || at < ages->oldest_us))
        ages->oldest_us = at;
    if (at > ages->newest_us)
        ages->newest_us = at;
}

/* One thing that is unknown, on so many nodes (or of so many devices). */
struct unknown {
    const char *what, *unit;
    int64_t n;
    const char *first; /* the first node */
};
#define X_UNKNOWNS(X)                                                                              \
    X(NO_FABRIC, "devices nobody told of (no NodeFabric): the node's resources alone count",       \
      "nodes")                                                                                     \
    X(COUNTS, "who holds which device is not known: slots are an estimate", "nodes")               \
    X(PREDICTED, "part of who holds what is predicted, not reported", "nodes")                     \
    X(OLD, "the report is old", "nodes")                                                           \
    X(RESOURCES, "allocatable not told: kube-scheduler's resources are taken as enough", "nodes")  \
    X(LIMIT, "no power limit told, nor one in the policy", "nodes")                                \
    X(BASE, "power of what is no device not told, nor one in the policy", "nodes")                 \
    X(DRAW, "observed power not told", "nodes")                                                    \
    X(UNMAPPED, "device ids of the kubelet that match no device", "ids")                           \
    X(STRAY, "devices of a report that the node does not have", "devices")                         \
    X(KUBELET, "the kubelet does not tell who holds what", "nodes")                                \
    X(MODEL, "model unknown", "devices")                                                           \
    X(TDP, "power of the model unknown: counts as nothing", "devices")                             \
    X(LINK, "link rate unknown, the model's usual one assumed or none", "devices")                 \
    X(HOLDER, "held by a pod that is not in the input", "devices")
enum unknown_id {
#define X(id, what, unit) UNKNOWN_##id,
    X_UNKNOWNS(X)
#undef X
        UNKNOWN_COUNT
};

static void found(struct unknown *unknown, int64_t n, const char *node)
{
    if (n > 0 && unknown->n == 0)
        unknown->first = node;
    unknown->n += n;
}

static void look_at_units(const struct sy_node *node, struct unknown *unknown)
{
    for (unsigned u = 0; u < node->fabric->nunit; u++) {
        const struct sy_unit *unit = &node->fabric->unit[u];
        const struct sy_unit_usage *usage = &node->usage->unit[u];
        if (unit->pf >= 0)
            continue;
        found(&unknown[UNKNOWN_MODEL], unit->model->generic, node->name);
        found(&unknown[UNKNOWN_TDP], unit->tdp_mw == 0 && usage->cap_mw == SY_UNKNOWN_MW,
              node->name);
        found(&unknown[UNKNOWN_LINK], unit->link_mbps == 0 || unit->link_assumed, node->name);
        found(&unknown[UNKNOWN_HOLDER], usage->held > 0 && usage->holder == 0, node->name);
    }
}

static void look_for_unknown(const struct sy_state *state, const struct sy_state_node *node,
                             struct unknown *unknown)
{
    const struct sy_policy *policy = state->policy;
    found(&unknown[UNKNOWN_NO_FABRIC], node->node == NULL, node->name);
    found(&unknown[UNKNOWN_RESOURCES], !node->resources_known, node->name);
    if (node->node == NULL)
        return;
    const struct sy_usage *usage = node->node->usage;
    found(&unknown[UNKNOWN_COUNTS], usage->mode == SY_MODE_COUNTS, node->name);
    found(&unknown[UNKNOWN_PREDICTED], usage->mode == SY_MODE_PREDICTED, node->name);
    found(&unknown[UNKNOWN_OLD], node->report != NULL && node->age != SY_REPORT_FRESH, node->name);
    found(&unknown[UNKNOWN_LIMIT],
          usage->limit_mw == SY_UNKNOWN_MW && policy->default_node_limit_mw == SY_UNKNOWN_MW,
          node->name);
    found(&unknown[UNKNOWN_BASE],
          usage->base_mw == SY_UNKNOWN_MW && policy->default_node_base_mw == SY_UNKNOWN_MW,
          node->name);
    found(&unknown[UNKNOWN_DRAW], usage->observed_mw == SY_UNKNOWN_MW, node->name);
    found(&unknown[UNKNOWN_UNMAPPED], usage->unmapped, node->name);
    found(&unknown[UNKNOWN_STRAY], usage->stray, node->name);
    found(&unknown[UNKNOWN_KUBELET], usage->kubelet_message != NULL, node->name);
    look_at_units(node->node, unknown);
}

static void write_unknown(struct sy_report *r, json_t *section, const struct unknown *unknown)
{
    static const char *const what[] = {
#define X(id, text, unit) text,
        X_UNKNOWNS(X)
#undef X
    };
    static const char *const unit[] = {
#define X(id, text, unit) unit,
        X_UNKNOWNS(X)
#undef X
    };
    json_t *rows = sy_write_array(&r->w, section, "unknown");
    for (unsigned i = 0; i < UNKNOWN_COUNT; i++) {
        if (unknown[i].n == 0)
            continue;
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "what", what[i]);
        sy_write_int(&r->w, row, "count", unknown[i].n);
        sy_write_text(&r->w, row, "of", unit[i]);
        sy_write_text(&r->w, row, "first", unknown[i].first);
    }
}

static void write_age(struct sy_report *r, json_t *section, const struct ages *ages)
{
    char text[SY_TIME_TEXT];
    int64_t now = r->state->now_us;
    json_t *modes = sy_write_object(&r->w, section, "modes");
    for (unsigned m = 0; m < SY_MODE_COUNT; m++)
        sy_write_int(&r->w, modes, sy_mode_name(m), ages->mode[m]);
    sy_write_int(&r->w, modes, "none", ages->no_fabric);
    json_t *reports = sy_write_object(&r->w, section, "reports");
    static const char *const names[] = {
#define X(id, name) name,
        SY_REPORT_AGES(X)
#undef X
    };
    for (unsigned a = 0; a < SY_REPORT_AGE_COUNT; a++)
        sy_write_int(&r->w, reports, names[a], ages->age[a]);
    sy_write_int(&r->w, reports, "missing", ages->no_report);
    sy_write_text(&r->w, section, "oldestReport",
                  ages->oldest_us > 0 ? sy_time_format(ages->oldest_us, text) : NULL);
    sy_write(&r->w, section, "oldestReportSeconds",
             ages->oldest_us > 0 ? json_integer((now - ages->oldest_us) / 1000000) : json_null());
    sy_write(&r->w, section, "newestReportSeconds",
             ages->newest_us > 0 ? json_integer((now - ages->newest_us) / 1000000) : json_null());
}

/* What manifests use and kube-scheduler's model does not have, by how many pods. */
static enum sy_code write_unmodelled(struct sy_report *r, json_t *section, struct sy_err *err)
{
    json_t *counts = sy_write_object(&r->w, section, "notModelled");
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(SY_REPORT_BYTES_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < r->state->npod; i++) {
        const char *const *text = NULL;
        size_t n = 0;
        sy_arena_reset(arena);
        enum sy_code code = sy_scheduler_unmodelled(&r->state->pod[i], arena, &text, &n, err);
        if (code != SY_OK)
            return code;
        for (size_t k = 0; k < n; k++)
            sy_write_int(&r->w, counts, text[k],
                         sy_report_int(json_object_get(counts, text[k]), "") + 1);
    }
    return SY_OK;
}

/* Devices of one resource that nodes without NodeFabrics offer. */
struct offered {
    const char *name, *first; /* first: node */
    int64_t nodes, devices;
};

static int by_resource(const void *pa, const void *pb)
{
    return strcmp(((const struct offered *)pa)->name, ((const struct offered *)pb)->name);
}

static void offer(struct offered *offered, size_t *n, const struct sy_amount *amount,
                  const char *node)
{
    size_t i = 0;
    while (i < *n && strcmp(offered[i].name, amount->name) != 0)
        i++;
    if (i == OFFERED_MAX)
        return;
    if (i == *n)
        offered[(*n)++] = (struct offered){.name = amount->name, .first = node};
    offered[i].nodes++;
    if (__builtin_add_overflow(offered[i].devices, amount->value, &offered[i].devices))
        offered[i].devices = INT64_MAX;
}

/* One note for each of these resources: their devices are in no table. */
static enum sy_code note_offered(struct sy_report *r, json_t *notes, struct sy_err *err)
{
    struct offered offered[OFFERED_MAX];
    size_t n = 0;
    for (size_t i = 0; i < r->state->nnode; i++) {
        const struct sy_state_node *node = &r->state->node[i];
        for (size_t a = 0; a < node->allocatable.n; a++)
            if (sy_report_offers(r->state, node, &node->allocatable.other[a]))
                offer(offered, &n, &node->allocatable.other[a], node->name);
    }
    if (n > 0)
        qsort(offered, n, sizeof *offered, by_resource);
    for (size_t i = 0; i < n; i++) {
        bool one = offered[i].nodes == 1;
        const char *text = sy_arena_printf(
            r->arena, "%s: %lld offered by %lld %s without a NodeFabric (%s%s), in no sum",
            offered[i].name, (long long)offered[i].devices, (long long)offered[i].nodes,
            one ? "node" : "nodes", offered[i].first, one ? "" : ", ...");
        if (text == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
        sy_write_item(&r->w, notes, json_string(text));
    }
    return SY_OK;
}

enum sy_code sy_report_section_data(struct sy_report *r, struct sy_err *err)
{
    struct ages ages = {0};
    struct unknown unknown[UNKNOWN_COUNT] = {0};
    json_t *section = sy_write_object(&r->w, r->root, "data");
    for (size_t i = 0; i < r->state->nnode; i++) {
        look(&r->state->node[i], &ages);
        look_for_unknown(r->state, &r->state->node[i], unknown);
    }
    write_age(r, section, &ages);
    write_unknown(r, section, unknown);
    json_t *notes = sy_write_array(&r->w, section, "notes");
    for (size_t i = 0; i < r->state->nnote; i++)
        sy_write_item(&r->w, notes, json_string(r->state->note[i]));
    for (size_t f = 0; f < r->nread; f++)
        for (size_t i = 0; i < r->read[f].nnote; i++)
            sy_write_item(&r->w, notes, json_string(r->read[f].note[i]));
    sy_write(&r->w, section, "notRead",
             r->state->others != NULL ? json_deep_copy(r->state->others) : json_array());
    enum sy_code code = note_offered(r, notes, err);
    return code == SY_OK ? write_unmodelled(r, section, err) : code;
}
