/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/draw/rows.h"

#include <string.h>

static const char *label_of(struct sy_draft *draft, const struct sy_draw_row *row)
{
    struct sy_words *w = &draft->words;
    const struct sy_inventory *inv = &draft->fabric->inv;
    const struct sy_obj *obj = &inv->obj[row->obj];
    const char *name = sy_words_clean(w, obj->name);
    const char *gap = name[0] != '\0' ? " " : "";
    switch ((enum sy_row_kind)row->kind) {
    case SY_ROW_MACHINE:
        return inv->product != NULL ? sy_words_clean(w, inv->product) : "machine";
    case SY_ROW_PACKAGE:
        return sy_words(w, "socket %u", obj->os_index);
    case SY_ROW_NUMA:
        return sy_words(w, "NUMA %u", obj->os_index);
    case SY_ROW_ROOT:
        return "host bridge";
    case SY_ROW_SWITCH:
    case SY_ROW_PORT:
        return sy_bridge_part_name(sy_fabric_bridge_part(draft->fabric, row->obj));
    case SY_ROW_UNIT:
        return sy_words(w, "%s%s%s", draft->drawing->name[row->unit], gap, name);
    case SY_ROW_FUNCTION:
    case SY_ROW_COUNT:
        break;
    }
    return sy_words(w, "%s%s%s", sy_words_class(obj->id.class_id), gap, name);
}

static const char *address_of(struct sy_draft *draft, const struct sy_draw_row *row)
{
    const struct sy_obj *obj = &draft->fabric->inv.obj[row->obj];
    if (obj->type == SY_OBJ_HOST_BRIDGE)
        return sy_words(&draft->words, "%04x:%02x", obj->addr.domain, obj->addr.bus);
    if (obj->type != SY_OBJ_BRIDGE && obj->type != SY_OBJ_DEVICE)
        return "";
    unsigned index = row->unit >= 0 ? draft->fabric->unit[row->unit].index : 0;
    return sy_words_addr(&draft->words, obj->addr, index);
}

static const char *device_of(struct sy_draft *draft, const struct sy_draw_row *row)
{
    const struct sy_obj *obj = &draft->fabric->inv.obj[row->obj];
    if (row->unit >= 0) {
        const struct sy_model *model = draft->fabric->unit[row->unit].model;
        if (!model->generic)
            return sy_words_clean(&draft->words, model->model);
        return sy_words(&draft->words, "%s %04x:%04x", sy_words_clean(&draft->words, model->model),
                        obj->id.vendor, obj->id.device);
    }
    if (obj->id.vendor == 0)
        return "";
    return sy_words(&draft->words, "%04x:%04x", obj->id.vendor, obj->id.device);
}

static const char *memory_of(struct sy_draft *draft, const struct sy_draw_row *row)
{
    if (row->kind == SY_ROW_NUMA && draft->fabric->inv.obj[row->obj].memory_mib != 0)
        return sy_words_mib(&draft->words, draft->fabric->inv.obj[row->obj].memory_mib);
    if (row->unit < 0 || draft->fabric->unit[row->unit].memory_mib == 0)
        return "";
    const struct sy_unit *unit = &draft->fabric->unit[row->unit];
    const char *type = sy_words_clean(&draft->words, unit->model->memory_type);
    return sy_words(&draft->words, "%s%s%s", sy_words_mib(&draft->words, unit->memory_mib),
                    type[0] != '\0' ? " " : "", type);
}

bool sy_draw_has_link(const struct sy_fabric *fabric, const struct sy_draw_row *row)
{
    enum sy_obj_type type = (enum sy_obj_type)fabric->inv.obj[row->obj].type;
    enum sy_bridge_part part = sy_fabric_bridge_part(fabric, row->obj);
    return type == SY_OBJ_DEVICE || part == SY_BRIDGE_PART_SWITCH || part == SY_BRIDGE_PART_CARD;
}

static const char *link_of(struct sy_draft *draft, struct sy_draw_row *row)
{
    if (!sy_draw_has_link(draft->fabric, row))
        return "";
    struct sy_link_state link = sy_fabric_link_state(draft->fabric, row->obj);
    row->below = sy_link_is_below(&link) && !sy_fabric_is_vf(draft->fabric, row->obj);
    draft->drawing->any_link_assumed |= link.assumed && link.usable_mbps != 0;
    return sy_words_link(&draft->words, &link);
}

/* "214/310": drawn of the cap, or of the model's limit; "310", "214" where one is not told. */
static const char *watts_of(struct sy_draft *draft, const struct sy_draw_row *row)
{
    if (row->unit < 0)
        return "";
    const struct sy_unit *unit = &draft->fabric->unit[row->unit];
    const struct sy_unit_usage *usage = &draft->usage->unit[row->unit];
    struct sy_words *w = &draft->words;
    int64_t limit = usage->cap_mw >= 0 ? usage->cap_mw : unit->tdp_mw;
    bool told = usage->cap_mw >= 0 || unit->tdp_mw != 0;
    if (usage->observed_mw >= 0)
        return sy_words(w, "%s/%s", sy_words_watts(w, usage->observed_mw),
                        told ? sy_words_watts(w, limit) : "?");
    return told ? sy_words_watts(w, limit) : "";
}

static const char *holder_of(struct sy_draft *draft, const struct sy_unit_usage *usage)
{
    struct sy_words *w = &draft->words;
    const char *part = usage->held < SY_WHOLE ? sy_words(w, "%u/%u ", usage->held, SY_WHOLE) : "";
    if (usage->holder_count == 0)
        return sy_words(w, "%s(holder not told)", part);
    const char *pod = sy_draft_pod(draft, &draft->usage->holder[usage->holder_first]);
    if (usage->holder_count == 1)
        return sy_words(w, "%s%s", part, pod);
    return sy_words(w, "%s%s +%u", part, pod, usage->holder_count - 1u);
}

static const char *use_of(struct sy_draft *draft, struct sy_draw_row *row)
{
    if (row->unit < 0)
        return "";
    struct sy_words *w = &draft->words;
    const struct sy_unit *unit = &draft->fabric->unit[row->unit];
    const struct sy_unit_usage *usage = &draft->usage->unit[row->unit];
    row->held = usage->held != 0;
    row->bad = usage->unhealthy || unit->broken;
    const char *held = row->held ? holder_of(draft, usage) : "";
    const char *gap = row->held ? ", " : "";
    const char *reason = sy_words_clean(w, usage->reason);
    if (usage->unhealthy)
        return sy_words(w, "%s%sUNHEALTHY%s%s", held, gap, reason[0] != '\0' ? " " : "", reason);
    if (unit->broken)
        return sy_words(w, "%s%sUNUSABLE", held, gap);
    if (row->held)
        return held;
    if (draft->usage->mode == SY_MODE_COUNTS)
        return "";
    return sy_devset_has(&draft->usage->free, (unsigned)row->unit) ? "-" : "(card in use)";
}

void sy_draft_cells(struct sy_draft *draft)
{
    for (size_t i = 0; i < draft->drawing->nrow; i++) {
        struct sy_draw_row *row = &draft->drawing->row[i];
        row->label = label_of(draft, row);
        row->cell[SY_CELL_ADDRESS] = address_of(draft, row);
        row->cell[SY_CELL_DEVICE] = device_of(draft, row);
        row->cell[SY_CELL_MEMORY] = memory_of(draft, row);
        row->cell[SY_CELL_LINK] = link_of(draft, row);
        row->cell[SY_CELL_WATTS] = watts_of(draft, row);
        row->cell[SY_CELL_USE] = use_of(draft, row);
    }
}
