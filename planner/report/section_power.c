/* SPDX-License-Identifier: Apache-2.0 */
/* Power by level: limit, provisioned, observed, and the two headrooms; watts that nothing can use;
 * which element binds first. */
#include "planner/report/report_private.h"

#include <stdlib.h>

static int64_t add_known(int64_t sum, int64_t mw)
{
    return sum == SY_UNKNOWN_MW || mw == SY_UNKNOWN_MW ? SY_UNKNOWN_MW : sum + mw;
}

static void write_element(struct sy_report *r, json_t *rows, const struct sy_capacity_element *e,
                          bool first)
{
    const struct sy_policy *policy = r->state->policy;
    bool limited = e->limit_mw != SY_UNKNOWN_MW, observed = e->observed_mw != SY_UNKNOWN_MW;
    json_t *row = sy_write_row(&r->w, rows);
    sy_write_text(&r->w, row, "element", e->name);
    sy_write_text(&r->w, row, "level", e->domain ? "domain" : "node");
    sy_write_text(&r->w, row, "parent", e->parent >= 0 ? policy->domain[e->parent].name : NULL);
    sy_write_milli(&r->w, row, "limitWatts", e->limit_mw);
    sy_write_milli(&r->w, row, "provisionedWatts", e->provisioned_mw);
    sy_write_milli(&r->w, row, "emptyWatts", e->empty_mw);
    sy_write_milli(&r->w, row, "observedWatts", e->observed_mw);
    sy_write_signed(&r->w, row, "hardHeadroomWatts", limited, e->limit_mw - e->provisioned_mw);
    sy_write_signed(&r->w, row, "softHeadroomWatts", limited && observed,
                    e->limit_mw - e->observed_mw);
    sy_write_milli(&r->w, row, "demandWatts", e->demand_mw);
    sy_write_milli(&r->w, row, "strandedWatts", e->stranded_mw);
    sy_write_int(&r->w, row, "unknownNodes", e->unknown);
    sy_write(&r->w, row, "bindsFirst", json_boolean(first));
}

/* All devices together: what they may draw, what the held ones may, what they were seen to draw. */
static void write_devices(struct sy_report *r, json_t *section)
{
    int64_t limit = 0, provisioned = 0, observed = 0, unknown = 0;
    for (size_t i = 0; i < r->state->nnode; i++) {
        const struct sy_node *node = r->state->node[i].node;
        for (unsigned u = 0; node != NULL && u < node->fabric->nunit; u++) {
            const struct sy_unit *unit = &node->fabric->unit[u];
            int64_t mw = sy_report_unit_mw(node, u);
            if (unit->pf >= 0)
                continue;
            limit += mw;
            provisioned += node->usage->unit[u].held > 0 ? mw : unit->idle_mw;
            observed = add_known(observed, node->usage->unit[u].observed_mw);
            unknown += mw == 0;
        }
    }
    json_t *row = sy_write_object(&r->w, section, "devices");
    sy_write_milli(&r->w, row, "limitWatts", limit);
    sy_write_milli(&r->w, row, "provisionedWatts", provisioned);
    sy_write_milli(&r->w, row, "observedWatts", observed);
    sy_write_int(&r->w, row, "unknownDevices", unknown);
}

static int64_t headroom(const struct sy_capacity_element *e)
{
    return e->limit_mw != SY_UNKNOWN_MW ? e->limit_mw - e->provisioned_mw : INT64_MAX;
}

/* Domains as the policy has them, then nodes: those with the least headroom first. */
static int by_headroom(const void *pa, const void *pb)
{
    const struct sy_capacity_element *a = *(const struct sy_capacity_element *const *)pa;
    const struct sy_capacity_element *b = *(const struct sy_capacity_element *const *)pb;
    if (a->domain != b->domain)
        return a->domain ? -1 : 1;
    if (!a->domain && headroom(a) != headroom(b))
        return headroom(a) < headroom(b) ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Of the domains alone: the least headroom for its demand, headroom < demand; NULL = none binds. */
static const char *first_domain(const struct sy_capacity *now)
{
    const struct sy_capacity_element *first = NULL;
    double least = 1;
    for (size_t i = 0; i < now->nelement; i++) {
        const struct sy_capacity_element *e = &now->element[i];
        if (!e->domain || e->limit_mw == SY_UNKNOWN_MW || e->demand_mw <= 0)
            continue;
        double part = (double)headroom(e) / (double)e->demand_mw;
        if (part < least) {
            first = e;
            least = part;
        }
    }
    return first != NULL ? first->name : NULL;
}

enum sy_code sy_report_section_power(struct sy_report *r, struct sy_err *err)
{
    const struct sy_capacity *now = &r->now;
    json_t *section = sy_write_object(&r->w, r->root, "power");
    int64_t stranded = 0;
    const struct sy_capacity_element **order =
        sy_arena_calloc(r->arena, now->nelement, sizeof(struct sy_capacity_element *));
    if (order == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < now->nelement; i++)
        order[i] = &now->element[i];
    if (now->nelement > 0)
        qsort(order, now->nelement, sizeof *order, by_headroom);
    sy_write_text(&r->w, section, "decides",
                  r->state->policy->power_hard ? "hard headroom" : "score");
    sy_write_text(&r->w, section, "bindsFirst",
                  now->first >= 0 ? now->element[now->first].name : NULL);
    sy_write_text(&r->w, section, "domainBindsFirst", first_domain(now));
    write_devices(r, section);
    json_t *rows = sy_write_array(&r->w, section, "elements");
    for (size_t i = 0; i < now->nelement; i++) {
        bool first = now->first >= 0 && order[i] == &now->element[now->first];
        write_element(r, rows, order[i], first);
        if (!order[i]->domain && order[i]->stranded_mw != SY_UNKNOWN_MW)
            stranded += order[i]->stranded_mw;
    }
    sy_write_milli(&r->w, section, "strandedOnNodesWatts", stranded);
    return SY_OK;
}
