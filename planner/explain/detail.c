/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/explain/detail.h"

#include <string.h>

enum sy_code sy_detail_of(struct sy_plan *plan, const struct sy_state_pod *pod, uint32_t node,
                          struct sy_arena *arena, struct sy_detail *ret, struct sy_err *err)
{
    struct sy_detail detail = {0};
    const struct sy_plan_node at = sy_plan_node(plan, node);
    enum sy_code code = sy_plan_world(plan, &detail.world, err);
    if (code != SY_OK)
        return code;
    detail.candidate.name = at.object->name;
    detail.candidate.len = strlen(at.object->name);
    sy_engine_resolve(detail.world.cluster, &detail.candidate, 1);
    code = sy_engine_explain(&detail.world, &pod->request, &detail.candidate, 1, arena,
                             &detail.verdict, err);
    if (code != SY_OK)
        return code;
    if (detail.candidate.index >= 0)
        detail.node = detail.world.cluster->node[detail.candidate.index];
    *ret = detail;
    return SY_OK;
}

json_t *sy_detail_units(struct sy_form *form, const struct sy_node *node, struct sy_devset units)
{
    json_t *array = json_array();
    SY_DEVSET_EACH(id, &units)
    {
        const struct sy_unit *unit = &node->fabric->unit[id];
        char pci[SY_PCI_ADDR_TEXT];
        (void)sy_pci_addr_format(unit->addr, pci);
        sy_form_add(form, array,
                    unit->index > 0 ? sy_form_format("%s.%u", pci, (unsigned)unit->index)
                                    : json_string(pci));
    }
    return array;
}

static struct sy_devset all_of(const struct sy_request *request, const struct sy_outcome *outcome)
{
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned i = 0; i < request->nentry; i++)
        all = sy_devset_or(all, outcome->pick[i]);
    return all;
}

/* The class of path that the explain object names for the best set. */
static json_t *path_of(const json_t *explained)
{
    const json_t *nodes = json_object_get(explained, "nodes");
    json_t *path = json_object_get(json_object_get(json_array_get(nodes, 0), "best"), "path");
    return path != NULL ? json_incref(path) : json_null();
}

static void put_power(struct sy_form *form, json_t *row, const struct sy_detail *detail,
                      const struct sy_state_pod *pod, const struct sy_value *value)
{
    const struct sy_room *room = &detail->verdict.room;
    int64_t added = pod->request.expected_mw != SY_UNKNOWN_MW ? pod->request.expected_mw
                    : value != NULL                           ? value->watts_mw
                                                              : SY_UNKNOWN_MW;
    bool both = room->known && added != SY_UNKNOWN_MW;
    sy_form_put(form, row, "wattsAdded", sy_form_watts(added));
    sy_form_put(form, row, "headroomAfterWatts",
                both ? sy_form_signed_watts(room->headroom_mw - added) : json_null());
    sy_form_put(form, row, "element", sy_form_text(room->known ? room->element : NULL));
}

void sy_detail_note(const struct sy_detail *detail, const struct sy_state_pod *pod,
                    struct sy_question *question)
{
    if (!sy_detail_placed(detail) || pod->request.nentry == 0)
        return;
    const struct sy_placement *placement = detail->verdict.placement;
    if (placement->best.value.min_mbps != placement->expected.value.min_mbps)
        sy_question_note(question,
                         "PATH and GB/S are those of the best set of devices; SCORE is of "
                         "what is expected of the kubelet's choice, which may be slower");
}

enum sy_code sy_detail_put(const struct sy_detail *detail, const struct sy_state_pod *pod,
                           struct sy_form *form, json_t *row, struct sy_err *err)
{
    sy_autojson json_t *explained = NULL;
    const struct sy_outcome *best =
        sy_detail_placed(detail) ? &detail->verdict.placement->best : NULL;
    enum sy_code code = sy_explain_to_json(&detail->world, &pod->request, &detail->candidate,
                                           &detail->verdict, 1, &explained, err);
    if (code != SY_OK)
        return code;
    bool ours = best != NULL && pod->request.nentry > 0;
    sy_form_put(form, row, "devices",
                ours ? sy_detail_units(form, detail->node, all_of(&pod->request, best))
                     : json_array());
    sy_form_put(form, row, "path", path_of(explained));
    sy_form_put(form, row, "minBandwidthGBps", sy_form_gbps(ours ? best->value.min_mbps : 0));
    sy_form_put(form, row, "score", ours ? json_integer(detail->verdict.score) : json_null());
    put_power(form, row, detail, pod, ours ? &best->value : NULL);
    return SY_OK;
}
