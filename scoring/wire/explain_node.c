/* SPDX-License-Identifier: Apache-2.0 */
/* One node of an explanation. */
#include "scoring/wire/explain_private.h"

static const char *const unknown_texts[] = {
#define X(id, text) text,
    SY_UNKNOWNS(X)
#undef X
};

/* What the score is made of: value and weight of each term of the expected set. */
static json_t *weighted_terms(const struct sy_profile *profile, const struct sy_value *value)
{
    json_t *obj = json_object();
    for (enum sy_term term = 0; term < SY_TERM_COUNT; term++) {
        json_t *one = json_object();
        sy_explain_put(one, "value", json_integer(value->term[term]));
        sy_explain_put(one, "weight", json_integer(profile->term[term]));
        sy_explain_put(obj, sy_term_name(term), one);
    }
    return obj;
}

/* Hard headroom (limit less provisioned) at the tightest element from the node to the root. `value`
 * of the expected set, NULL = none. */
static json_t *power(const struct sy_request *request, const struct sy_verdict *verdict,
                     const struct sy_value *value)
{
    const struct sy_room *room = &verdict->room;
    json_t *obj = json_object();
    bool announced = request->expected_mw != SY_UNKNOWN_MW;
    int64_t watts_mw = value != NULL ? value->watts_mw : SY_UNKNOWN_MW;
    int64_t added_mw = announced ? request->expected_mw : watts_mw;
    sy_explain_put(obj, "headroom", json_string("hard"));
    sy_explain_put(obj, "element", sy_explain_text(room->known ? room->element : NULL));
    sy_explain_put(obj, "limitWatts", room->known ? sy_thousandths(room->limit_mw) : json_null());
    sy_explain_put(obj, "headroomWatts",
                   room->known ? json_real((double)room->headroom_mw / 1000) : json_null());
    sy_explain_put(obj, "estimate", json_boolean(room->known && room->estimate));
    sy_explain_put(obj, "wattsAdded", sy_thousandths(added_mw));
    sy_explain_put(obj, "lowerBound",
                   json_boolean(!announced && value != NULL && sy_explain_part_watts(value)));
    bool both = room->known && added_mw != SY_UNKNOWN_MW;
    sy_explain_put(obj, "headroomAfterWatts",
                   both ? json_real((double)(room->headroom_mw - added_mw) / 1000) : json_null());
    return obj;
}

static json_t *unknowns(const struct sy_candidate *candidate, const struct sy_verdict *verdict)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < SY_UNKNOWN_COUNT; i++)
        if ((verdict->unknown >> i & 1) != 0)
            sy_explain_add(array, json_string(unknown_texts[i]));
    if (candidate->template_error != NULL)
        sy_explain_add(array, json_string(candidate->template_error));
    return array;
}

/* What kube-scheduler has counted and we have not. */
static const char *disagreement(enum sy_fit fit)
{
    switch (fit) {
    case SY_FIT_YES:
        return NULL;
    case SY_FIT_NO_RESOURCE:
        return "kube-scheduler counts devices here that the inventory does not have";
    case SY_FIT_TOO_FEW:
        return "kube-scheduler counts more devices here than the inventory has";
    case SY_FIT_UNHEALTHY:
        return "kube-scheduler counts devices here that are reported unhealthy";
    case SY_FIT_HELD:
        return "kube-scheduler counts devices as free that are held as far as is known";
    case SY_FIT_REQUIRE_NEVER:
    case SY_FIT_REQUIRE_BUSY:
    case SY_FIT_REQUIRE_UNKNOWN:
    case SY_FIT_BANDWIDTH_NEVER:
    case SY_FIT_BANDWIDTH_BUSY:
    case SY_FIT_NOT_GUARANTEED_NEVER:
    case SY_FIT_NOT_GUARANTEED_BUSY:
    case SY_FIT_COUNT:
        break;
    }
    return "the counts allow a set, yet none was found";
}

/* How the kubelet aligns devices, where that is known. */
static void put_topology_manager(json_t *obj, const struct sy_node *node)
{
    if (node == NULL || node->fabric->inv.topology_manager.policy == SY_TOPOLOGY_POLICY_UNKNOWN)
        return;
    const struct sy_topology_manager *manager = &node->fabric->inv.topology_manager;
    bool scoped = manager->scope != SY_TOPOLOGY_SCOPE_UNKNOWN;
    json_t *shown = json_object();
    sy_explain_put(shown, "policy",
                   json_string(sy_topology_policy_name((enum sy_topology_policy)manager->policy)));
    sy_explain_put(
        shown, "scope",
        sy_explain_text(scoped ? sy_topology_scope_name((enum sy_topology_scope)manager->scope)
                               : NULL));
    sy_explain_put(obj, "topologyManager", shown);
}

/* How many devices of the node have this resource. */
static unsigned devices_of(const struct sy_fabric *fabric, unsigned resource)
{
    unsigned n = 0;
    for (unsigned u = 0; u < fabric->nunit; u++)
        n += sy_devset_has(&fabric->unit[u].resources, resource);
    return n;
}

static const char *counted_name(const struct sy_node *node, unsigned i)
{
    const struct sy_catalogue *cat = node->fabric->catalogue;
    return sy_catalogue_resource(cat, node->usage->counted[i].resource)->name;
}

static void put_counted(json_t *obj, const struct sy_node *node)
{
    if (node == NULL || node->usage->ncounted == 0)
        return;
    json_t *array = json_array();
    for (unsigned i = 0; i < node->usage->ncounted; i++) {
        json_t *one = json_object();
        sy_explain_put(one, "resource", json_string(counted_name(node, i)));
        sy_explain_put(one, "count", json_integer(node->usage->counted[i].count));
        sy_explain_add(array, one);
    }
    sy_explain_put(obj, "counted", array);
}

static void add_counted(json_t *array, const struct sy_node *node)
{
    for (unsigned i = 0; i < node->usage->ncounted; i++) {
        const struct sy_counted *counted = &node->usage->counted[i];
        sy_explain_add(array, json_sprintf("%s: %u of %u devices are held, nobody knows which",
                                           counted_name(node, i), (unsigned)counted->count,
                                           devices_of(node->fabric, counted->resource)));
    }
}

static void add_unhealthy(json_t *array, const struct sy_node *node)
{
    for (uint16_t u = 0; u < node->usage->nunit; u++) {
        const struct sy_unit_usage *usage = &node->usage->unit[u];
        char addr[SY_PCI_ADDR_TEXT];
        if (usage->unhealthy)
            sy_explain_add(
                array, json_sprintf("%s takes no new pods: %s",
                                    sy_pci_addr_format(node->fabric->unit[u].addr, addr),
                                    usage->reason != NULL ? usage->reason : "no reason is given"));
    }
}

static json_t *node_notes(const struct sy_node *node, const struct sy_verdict *verdict)
{
    json_t *array = json_array();
    const char *text = disagreement((enum sy_fit)verdict->disagrees);
    if (text != NULL)
        sy_explain_add(array, json_string(text));
    if (verdict->may_refuse && text == NULL)
        sy_explain_add(array, json_string("the kubelet's Topology Manager would refuse the devices "
                                          "that are free as far as is known"));
    unsigned stray = node != NULL ? node->usage->stray : 0;
    if (stray == 1)
        sy_explain_add(array, json_sprintf("the report names a device that the inventory does not "
                                           "have: %s",
                                           node->usage->stray_first));
    else if (stray > 1)
        sy_explain_add(array, json_sprintf("the report names %u devices that the inventory does "
                                           "not have, the first is %s",
                                           stray, node->usage->stray_first));
    if (node != NULL) {
        add_counted(array, node);
        add_unhealthy(array, node);
    }
    return array;
}

static void put_placement(json_t *obj, const struct sy_node *node, const struct sy_request *request,
                          const struct sy_profile *profile, const struct sy_verdict *verdict)
{
    const struct sy_placement *p = verdict->placement;
    bool has_set = p != NULL && p->fit == SY_FIT_YES && node != NULL && profile != NULL;
    sy_explain_put(obj, "certain", json_boolean(has_set && p->certain));
    sy_explain_put(obj, "likely", has_set ? sy_thousandths(p->likely) : json_null());
    sy_explain_put(obj, "power", power(request, verdict, has_set ? &p->expected.value : NULL));
    if (!has_set) {
        static const char *const keys[] = {"best", "expected", "worst", "terms"};
        sy_explain_put(obj, "devices", json_array());
        sy_explain_put(obj, "pairs", json_array());
        for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++)
            sy_explain_put(obj, keys[i], json_null());
        return;
    }
    sy_explain_put(obj, "devices", sy_explain_devices(node, request, p->best.pick));
    sy_explain_put(obj, "pairs", sy_explain_pairs(node, request, p->best.pick));
    sy_explain_put(obj, "best", sy_explain_outcome(node, request, profile, p, SY_EXPLAIN_BEST));
    sy_explain_put(obj, "expected",
                   sy_explain_outcome(node, request, profile, p, SY_EXPLAIN_EXPECTED));
    sy_explain_put(obj, "worst", sy_explain_outcome(node, request, profile, p, SY_EXPLAIN_WORST));
    sy_explain_put(obj, "terms", weighted_terms(profile, &p->expected.value));
}

json_t *sy_explain_node(const struct sy_world *world, const struct sy_request *request,
                        const struct sy_profile *profile, const struct sy_candidate *candidate,
                        const struct sy_verdict *verdict)
{
    const struct sy_node *node = candidate->template_;
    if (candidate->index >= 0 && world->cluster != NULL)
        node = world->cluster->node[candidate->index];
    enum sy_reason reason = (enum sy_reason)verdict->reason;
    json_t *obj = json_object();
    sy_explain_put(obj, "node", json_stringn(candidate->name, candidate->len));
    sy_explain_put(obj, "verdict", json_string(sy_verdict_name(sy_reason_verdict(reason))));
    sy_explain_put(obj, "reason", json_string(sy_verdict_text(verdict)));
    sy_explain_put(obj, "reasonId", json_string(sy_reason_name(reason)));
    sy_explain_put(obj, "score", json_integer(verdict->score));
    sy_explain_put(obj, "wireScore", json_integer(verdict->wire));
    sy_explain_put(obj, "mode",
                   node != NULL ? json_string(sy_mode_name((enum sy_mode)verdict->mode))
                                : json_null());
    put_counted(obj, node);
    put_topology_manager(obj, node);
    put_placement(obj, node, request, profile, verdict);
    sy_explain_put(obj, "unknown", unknowns(candidate, verdict));
    sy_explain_put(obj, "notes", node_notes(node, verdict));
    return obj;
}
