/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/rows.h"

#include <string.h>

static void put(json_t *obj, const char *key, json_t *value, bool *ok)
{
    if (json_object_set_new(obj, key, value) != 0)
        *ok = false;
}

static void put_text(json_t *obj, const char *key, const char *text, bool *ok)
{
    if (text != NULL && text[0] != '\0')
        put(obj, key, json_string(text), ok);
}

/* GB/s, watts: thousandths as they are; nothing of what is unknown. */
static void put_milli(json_t *obj, const char *key, int64_t value, bool known, bool *ok)
{
    if (known)
        put(obj, key, json_real((double)value / 1000), ok);
}

static void append(json_t *list, json_t *value, bool *ok)
{
    if (json_array_append_new(list, value) != 0)
        *ok = false;
}

static json_t *texts(const char *const *text, size_t n, bool *ok)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        append(list, json_string(text[i]), ok);
    return list;
}

static void put_link(json_t *obj, const struct sy_fabric *f, uint16_t i, bool *ok)
{
    struct sy_link_state link = sy_fabric_link_state(f, i);
    put_milli(obj, "linkGBps", link.usable_mbps, link.usable_mbps != 0, ok);
    put_milli(obj, "linkBestGBps", link.best_mbps, link.best_mbps != 0, ok);
    put_milli(obj, "linkReadGBps", link.now_mbps, link.now_mbps != 0, ok);
    if (link.width != 0)
        put(obj, "lanes", json_integer(link.width), ok);
    if (link.assumed)
        put(obj, "linkAssumed", json_true(), ok);
    if (sy_link_is_below(&link) && !sy_fabric_is_vf(f, i))
        put(obj, "linkBelowBest", json_true(), ok);
}

static void put_place(json_t *obj, const struct sy_fabric *f, const struct sy_unit *unit, bool *ok)
{
    static const char *const key[SY_SCOPE_COUNT] = {[SY_SCOPE_SWITCH] = "switch",
                                                    [SY_SCOPE_ROOT] = "hostBridge",
                                                    [SY_SCOPE_NUMA] = "numa",
                                                    [SY_SCOPE_SOCKET] = "socket"};
    for (unsigned scope = 0; scope < SY_SCOPE_COUNT; scope++) {
        char text[SY_PCI_ADDR_TEXT];
        int place = unit->place[scope];
        if (place < 0 || key[scope] == NULL)
            continue;
        const struct sy_obj *at = &f->inv.obj[place];
        if (at->type == SY_OBJ_NUMA || at->type == SY_OBJ_PACKAGE)
            put(obj, key[scope], json_integer(at->os_index), ok);
        else if (at->type == SY_OBJ_BRIDGE)
            put(obj, key[scope], json_string(sy_pci_addr_format(at->addr, text)), ok);
        else if (at->type == SY_OBJ_HOST_BRIDGE)
            put(obj, key[scope], json_sprintf("%04x:%02x", at->addr.domain, at->addr.bus), ok);
    }
}

static json_t *holders(const struct sy_usage *usage, const struct sy_unit_usage *unit, bool *ok)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < unit->holder_count; i++) {
        const struct sy_holder *holder = &usage->holder[unit->holder_first + i];
        json_t *item = json_object();
        put_text(item, "namespace", holder->namespace_, ok);
        put_text(item, "name", holder->name, ok);
        put_text(item, "uid", holder->uid, ok);
        put_text(item, "container", holder->container, ok);
        append(list, item, ok);
    }
    return list;
}

static void put_usage(json_t *obj, const struct sy_node *node, uint16_t u, bool *ok)
{
    const struct sy_unit_usage *unit = &node->usage->unit[u];
    if (node->usage->mode != SY_MODE_COUNTS || unit->held != 0) {
        put(obj, "held", json_integer(unit->held), ok);
        put(obj, "free", json_boolean(sy_devset_has(&node->usage->free, u)), ok);
    }
    if (unit->holder_count != 0)
        put(obj, "holders", holders(node->usage, unit, ok), ok);
    put(obj, "healthy", json_boolean(!unit->unhealthy && !node->fabric->unit[u].broken), ok);
    put_text(obj, "reason", unit->unhealthy ? unit->reason : node->fabric->unit[u].broken_why, ok);
    put_milli(obj, "capWatts", unit->cap_mw, unit->cap_mw >= 0, ok);
    put_milli(obj, "watts", unit->observed_mw, unit->observed_mw >= 0, ok);
}

static json_t *device(const struct sy_drawing *d, uint16_t u, bool *ok)
{
    const struct sy_fabric *f = d->node->fabric;
    const struct sy_unit *unit = &f->unit[u];
    char addr[SY_PCI_ADDR_TEXT];
    json_t *obj = json_object();
    put_text(obj, "id", d->name[u], ok);
    put_text(obj, "kind", sy_kind_name((enum sy_kind)unit->kind), ok);
    put_text(obj, "model", unit->model->model, ok);
    put_text(obj, "name", f->inv.obj[unit->obj].name, ok);
    put_text(obj, "pci", sy_pci_addr_format(unit->addr, addr), ok);
    if (unit->index != 0)
        put(obj, "unit", json_integer(unit->index), ok);
    if (unit->pf >= 0)
        put_text(obj, "physicalFunction", d->name[unit->pf], ok);
    put_place(obj, f, unit, ok);
    if (unit->memory_mib != 0)
        put(obj, "memoryMiB", json_integer(unit->memory_mib), ok);
    put_text(obj, "memoryType", unit->model->memory_type, ok);
    put_link(obj, f, unit->obj, ok);
    put_milli(obj, "tdpWatts", unit->tdp_mw, unit->tdp_mw != 0, ok);
    put_usage(obj, d->node, u, ok);
    return obj;
}

/* The subtree of row *next, which is moved behind it. Rows nest at most 65 deep. */
static json_t *subtree(const struct sy_drawing *d, size_t *next, bool *ok)
{
    static const char *const kinds[] = {
#define X(id, name) name,
        SY_ROWS(X)
#undef X
    };
    const struct sy_draw_row *row = &d->row[(*next)++];
    json_t *obj = json_object();
    put_text(obj, "kind", kinds[row->kind], ok);
    put_text(obj, "label", row->label, ok);
    if (row->count > 1)
        put(obj, "count", json_integer(row->count), ok);
    if (row->unit >= 0)
        put_text(obj, "device", d->name[row->unit], ok);
    put_text(obj, "pci", row->cell[SY_CELL_ADDRESS], ok);
    if (row->unit < 0)
        put_text(obj, "id", row->cell[SY_CELL_DEVICE], ok);
    if (row->unit < 0 && sy_draw_has_link(d->node->fabric, row))
        put_link(obj, d->node->fabric, row->obj, ok);
    if (row->leaf)
        return obj;
    json_t *below = json_array();
    while (*next < d->nrow && d->row[*next].depth > row->depth)
        append(below, subtree(d, next, ok), ok);
    put(obj, "below", below, ok);
    return obj;
}

static json_t *rows_of(const struct sy_drawing *d, bool rates, bool *ok)
{
    json_t *rows = json_array();
    for (uint16_t i = 0; i < d->nshown; i++) {
        json_t *row = json_array();
        for (uint16_t k = 0; k < d->nshown; k++) {
            const struct sy_pair *pair = sy_fabric_pair(d->node->fabric, d->shown[i], d->shown[k]);
            if (i == k)
                append(row, json_null(), ok);
            else if (!rates)
                append(row, json_string(sy_path_name((enum sy_path_class)pair->path)), ok);
            else
                append(row, pair->mbps != 0 ? json_real(pair->mbps / 1000.0) : json_null(), ok);
        }
        append(rows, row, ok);
    }
    return rows;
}

static json_t *matrices(const struct sy_drawing *d, enum sy_matrix matrix, bool *ok)
{
    json_t *obj = json_object(), *order = json_array();
    for (uint16_t i = 0; i < d->nshown; i++)
        append(order, json_string(d->name[d->shown[i]]), ok);
    put(obj, "devices", order, ok);
    if (matrix != SY_MATRIX_GBPS)
        put(obj, "class", rows_of(d, false, ok), ok);
    if (matrix != SY_MATRIX_CLASS)
        put(obj, "GBps", rows_of(d, true, ok), ok);
    return obj;
}

static void put_node(json_t *root, const struct sy_drawing *d, bool *ok)
{
    const struct sy_inventory *inv = &d->node->fabric->inv;
    const struct sy_usage *usage = d->node->usage;
    put_text(root, "node", d->title, ok);
    put_text(root, "source", inv->source, ok);
    put_text(root, "product", inv->product, ok);
    put_text(root, "cpuModel", inv->cpu_model, ok);
    put_text(root, "mode", sy_mode_name((enum sy_mode)usage->mode), ok);
    put_milli(root, "limitWatts", usage->limit_mw, usage->limit_mw >= 0, ok);
    put_milli(root, "baseWatts", usage->base_mw, usage->base_mw >= 0, ok);
    put_milli(root, "watts", usage->observed_mw, usage->observed_mw >= 0, ok);
    put_milli(root, "socketGBps", d->node->fabric->socket_mbps,
              d->node->fabric->socket_mbps != 0 && d->node->fabric->npackage > 1, ok);
}

enum sy_code sy_draw_json(const struct sy_drawing *drawing, enum sy_matrix matrix, json_t **ret,
                          struct sy_err *err)
{
    bool ok = true;
    size_t next = 0;
    sy_mem_watch_begin();
    sy_autojson json_t *root =
        json_pack("{ssss}", "apiVersion", "switchyard.dev/v1alpha1", "kind", "Topology");
    json_t *devices = json_array();
    put_node(root, drawing, &ok);
    for (uint16_t u = 0; u < drawing->node->fabric->nunit; u++)
        append(devices, device(drawing, u, &ok), &ok);
    put(root, "devices", devices, &ok);
    put(root, "tree", subtree(drawing, &next, &ok), &ok);
    if (matrix != SY_MATRIX_NONE)
        put(root, "matrix", matrices(drawing, matrix, &ok), &ok);
    put(root, "remarks", texts(drawing->remark, drawing->nremark, &ok), &ok);
    put(root, "notDrawn", texts(drawing->omitted, drawing->nomitted, &ok), &ok);
    if (sy_mem_watch_end() || !ok)
        return sy_fail(err, SY_ENOMEM, "out of memory while writing JSON");
    *ret = SY_TAKE(root);
    return SY_OK;
}
