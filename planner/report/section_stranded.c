/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that nobody holds and no shape can use: by reason and model, and each one. */
#include "planner/report/report_private.h"

#include <stdlib.h>
#include <string.h>

struct group {
    uint8_t why, kind;
    const char *model, *detail; /* detail: "" = nothing to say */
    int64_t devices, nodes;
    uint32_t node;    /* of the last one counted */
    int64_t watts_mw; /* what they could draw, of what is known */
};

static int by_reason(const void *pa, const void *pb)
{
    const struct group *a = pa, *b = pb;
    if (a->why != b->why)
        return a->why < b->why ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = strcmp(a->model, b->model);
    if (order == 0)
        order = strcmp(a->detail, b->detail);
    if (order == 0 && a->node != b->node)
        return a->node < b->node ? -1 : 1;
    return order;
}

static bool same(const struct group *a, const struct group *b)
{
    return a->why == b->why && a->kind == b->kind && strcmp(a->model, b->model) == 0 &&
           strcmp(a->detail, b->detail) == 0;
}

static size_t merge(struct group *group, size_t n)
{
    size_t last = 0;
    if (n == 0)
        return 0;
    qsort(group, n, sizeof *group, by_reason);
    for (size_t i = 1; i < n; i++) {
        struct group *to = &group[last];
        if (!same(to, &group[i])) {
            group[++last] = group[i];
            continue;
        }
        to->devices++;
        to->nodes += to->node != group[i].node;
        to->node = group[i].node;
        to->watts_mw += group[i].watts_mw;
    }
    return last + 1;
}

static void write_groups(struct sy_report *r, json_t *section, const struct group *group, size_t n)
{
    json_t *rows = sy_write_array(&r->w, section, "reasons");
    for (size_t i = 0; i < n; i++) {
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "reason", sy_strand_name(group[i].why));
        sy_write_text(&r->w, row, "text", sy_strand_text(group[i].why));
        sy_write_text(&r->w, row, "detail", *group[i].detail != '\0' ? group[i].detail : NULL);
        sy_write_text(&r->w, row, "kind", sy_kind_name(group[i].kind));
        sy_write_text(&r->w, row, "model", group[i].model);
        sy_write_int(&r->w, row, "devices", group[i].devices);
        sy_write_int(&r->w, row, "nodes", group[i].nodes);
        sy_write_milli(&r->w, row, "watts", group[i].watts_mw);
    }
}

static void write_devices(struct sy_report *r, json_t *section)
{
    char address[SY_PCI_ADDR_TEXT];
    json_t *rows = sy_write_array(&r->w, section, "devices");
    for (size_t i = 0; i < r->now.nstranded; i++) {
        const struct sy_capacity_stranded *one = &r->now.stranded[i];
        struct sy_plan_node node = sy_plan_node(r->plan, one->node);
        const struct sy_unit *unit = &node.node->fabric->unit[one->unit];
        json_t *row = sy_write_row(&r->w, rows);
        sy_write_text(&r->w, row, "node", node.object->name);
        sy_write_text(&r->w, row, "pci", sy_pci_addr_format(unit->addr, address));
        sy_write_text(&r->w, row, "kind", sy_kind_name(unit->kind));
        sy_write_text(&r->w, row, "model", sy_report_model(unit));
        sy_write_text(&r->w, row, "reason", sy_strand_name(one->why));
        sy_write_text(&r->w, row, "detail", one->detail);
    }
}

enum sy_code sy_report_section_stranded(struct sy_report *r, struct sy_err *err)
{
    json_t *section = sy_write_object(&r->w, r->root, "stranded");
    sy_autofree struct group *group = sy_calloc(r->now.nstranded + 1, sizeof *group);
    if (group == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < r->now.nstranded; i++) {
        const struct sy_capacity_stranded *one = &r->now.stranded[i];
        struct sy_plan_node node = sy_plan_node(r->plan, one->node);
        const struct sy_unit *unit = &node.node->fabric->unit[one->unit];
        group[i] = (struct group){.why = one->why,
                                  .kind = unit->kind,
                                  .model = sy_report_model(unit),
                                  .detail = one->detail != NULL ? one->detail : "",
                                  .devices = 1,
                                  .nodes = 1,
                                  .node = one->node,
                                  .watts_mw = sy_report_unit_mw(node.node, one->unit)};
    }
    sy_write_int(&r->w, section, "total", (int64_t)r->now.nstranded);
    sy_write_int(&r->w, section, "nodesNotKnown", r->now.counted_nodes);
    write_groups(r, section, group, merge(group, r->now.nstranded));
    write_devices(r, section);
    return SY_OK;
}
