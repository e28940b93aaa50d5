/* SPDX-License-Identifier: Apache-2.0 */
/* A set of devices on a node: who they are, how they are joined, what they are worth. */
#include "scoring/wire/explain_private.h"

#define PAIR_DEVICES_MAX 16u /* more devices: their pairs are too many to read */

static json_t *numa_of(const struct sy_inventory *inv, uint16_t obj)
{
    for (; inv->obj[obj].parent != obj; obj = inv->obj[obj].parent)
        if (inv->obj[obj].type == SY_OBJ_NUMA)
            return json_integer(inv->obj[obj].os_index);
    return json_null();
}

static json_t *device(const struct sy_node *node, const struct sy_entry *entry, unsigned id)
{
    const struct sy_unit *unit = &node->fabric->unit[id];
    char pci[SY_PCI_ADDR_TEXT];
    json_t *obj = json_object();
    sy_explain_put(obj, "pci", json_string(sy_pci_addr_format(unit->addr, pci)));
    sy_explain_put(obj, "index", json_integer(unit->index));
    sy_explain_put(obj, "kind", json_string(sy_kind_name((enum sy_kind)unit->kind)));
    sy_explain_put(obj, "model", sy_explain_text(unit->model != NULL ? unit->model->model : NULL));
    sy_explain_put(obj, "resource", json_string(entry->name));
    sy_explain_put(obj, "numa", numa_of(&node->fabric->inv, unit->obj));
    sy_explain_put(obj, "linkGBps", sy_known_thousandths(unit->link_mbps));
    sy_explain_put(obj, "memoryGBps", sy_known_thousandths(unit->memory_bw_mbps));
    sy_explain_put(obj, "tdpWatts", sy_known_thousandths(unit->tdp_mw));
    sy_explain_put(obj, "idleWatts", sy_known_thousandths(unit->idle_mw));
    sy_explain_put(obj, "capWatts", sy_thousandths(node->usage->unit[id].cap_mw));
    return obj;
}

json_t *sy_explain_devices(const struct sy_node *node, const struct sy_request *request,
                           const struct sy_devset *pick)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < request->nentry; i++)
        SY_DEVSET_EACH(id, &pick[i])
    sy_explain_add(array, device(node, &request->entry[i], (unsigned)id));
    return array;
}

static struct sy_devset all_of(const struct sy_request *request, const struct sy_devset *pick)
{
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned i = 0; i < request->nentry; i++)
        all = sy_devset_or(all, pick[i]);
    return all;
}

json_t *sy_explain_pairs(const struct sy_node *node, const struct sy_request *request,
                         const struct sy_devset *pick)
{
    struct sy_devset all = all_of(request, pick);
    json_t *array = json_array();
    if (sy_devset_count(&all) > PAIR_DEVICES_MAX)
        return array;
    SY_DEVSET_EACH(a, &all)
    {
        SY_DEVSET_EACH(b, &all)
        {
            if (b <= a)
                continue;
            const struct sy_pair *pair = sy_fabric_pair(node->fabric, (unsigned)a, (unsigned)b);
            char pci[SY_PCI_ADDR_TEXT];
            json_t *obj = json_object();
            sy_explain_put(obj, "a",
                           json_string(sy_pci_addr_format(node->fabric->unit[a].addr, pci)));
            sy_explain_put(obj, "b",
                           json_string(sy_pci_addr_format(node->fabric->unit[b].addr, pci)));
            sy_explain_put(obj, "path", json_string(sy_path_name((enum sy_path_class)pair->path)));
            sy_explain_put(obj, "gbps", sy_known_thousandths(pair->mbps));
            sy_explain_add(array, obj);
        }
    }
    return array;
}

/* The class that the profile values least; NULL for a single device. */
static const char *lowest_path(const struct sy_fabric *fabric, const struct sy_profile *profile,
                               struct sy_devset all)
{
    int lowest = -1;
    SY_DEVSET_EACH(a, &all)
    {
        SY_DEVSET_EACH(b, &all)
        {
            unsigned path = sy_fabric_pair(fabric, (unsigned)a, (unsigned)b)->path;
            if (a != b && (lowest < 0 || profile->path[path] < profile->path[lowest]))
                lowest = (int)path;
        }
    }
    return lowest < 0 ? NULL : sy_path_name((enum sy_path_class)lowest);
}

/* The slowest memory of the set in MB/s, NICs left out; 0 = unknown. */
static uint32_t lowest_memory(const struct sy_fabric *fabric, struct sy_devset all)
{
    uint32_t lowest = 0;
    bool any = false;
    SY_DEVSET_EACH(id, &all)
    {
        const struct sy_unit *unit = &fabric->unit[id];
        if (unit->kind == SY_KIND_NIC)
            continue;
        if (!any || unit->memory_bw_mbps < lowest)
            lowest = unit->memory_bw_mbps;
        any = true;
    }
    return lowest;
}

static json_t *terms(const struct sy_value *value)
{
    json_t *obj = json_object();
    for (enum sy_term term = 0; term < SY_TERM_COUNT; term++)
        sy_explain_put(obj, sy_term_name(term), json_integer(value->term[term]));
    return obj;
}

json_t *sy_explain_outcome(const struct sy_node *node, const struct sy_request *request,
                           const struct sy_profile *profile, const struct sy_placement *placement,
                           enum sy_explain_set set)
{
    const struct sy_outcome *outcome = set == SY_EXPLAIN_BEST    ? &placement->best
                                       : set == SY_EXPLAIN_WORST ? &placement->worst
                                                                 : &placement->expected;
    bool exact = set == SY_EXPLAIN_BEST    ? placement->best_exact
                 : set == SY_EXPLAIN_WORST ? placement->worst_exact
                                           : placement->expected_exact;
    json_t *obj = json_object();
    sy_explain_put(obj, "score", json_integer(outcome->total));
    sy_explain_put(obj, "terms", terms(&outcome->value));
    sy_explain_put(obj, "minBandwidthGBps", sy_known_thousandths(outcome->value.min_mbps));
    sy_explain_put(obj, "wattsAdded", sy_thousandths(outcome->value.watts_mw));
    sy_explain_put(obj, "lowerBound", json_boolean(sy_explain_part_watts(&outcome->value)));
    sy_explain_put(obj, "exact", json_boolean(exact));
    if (set == SY_EXPLAIN_BEST)
        sy_explain_put(obj, "bound", json_integer(placement->bound));
    if (set == SY_EXPLAIN_EXPECTED) {
        sy_explain_put(obj, "likely", sy_thousandths(placement->likely));
        return obj;
    }
    struct sy_devset all = all_of(request, outcome->pick);
    sy_explain_put(obj, "path", sy_explain_text(lowest_path(node->fabric, profile, all)));
    sy_explain_put(obj, "memoryGBps", sy_known_thousandths(lowest_memory(node->fabric, all)));
    sy_explain_put(obj, "devices", sy_explain_devices(node, request, outcome->pick));
    return obj;
}
