/* SPDX-License-Identifier: Apache-2.0 */
/* What steps changed of a node, laid over what was given: links, health, caps; and devices that
 * nobody holds any more whose pods the report still names. */
#include "planner/plan/plan_private.h"
#include "topology/usage.h"

#include <string.h>

static bool is_beside(const struct sy_obj *a, const struct sy_obj *b)
{
    return b->type == SY_OBJ_DEVICE && a->parent == b->parent && sy_pci_same_slot(a->addr, b->addr);
}

/* The one link that all functions of a device share. Lanes are set so that what is told is what is
 * reckoned with: a device may report a narrower link than it has. */
static void slow_uplink(struct sy_inventory *inv, uint16_t obj, uint32_t mbps)
{
    for (uint16_t i = 1; i < inv->nobj; i++) {
        if (i != obj && !is_beside(&inv->obj[obj], &inv->obj[i]))
            continue;
        inv->obj[i].cur_link_mbps = inv->obj[i].max_link_mbps = mbps;
        inv->obj[i].max_width = inv->obj[i].cur_width;
    }
}

/* False when the two have no link of their own. */
static bool slow_link(struct sy_inventory *inv, uint16_t a, uint16_t b, uint32_t mbps)
{
    uint32_t kept = 0;
    bool found = false;
    for (uint32_t i = 0; i < inv->nlink; i++) {
        struct sy_link link = inv->link[i];
        bool is_it = (link.a == a && link.b == b) || (link.a == b && link.b == a);
        found = found || is_it;
        if (is_it && mbps == 0)
            continue;
        if (is_it)
            link.mbps = mbps;
        inv->link[kept++] = link;
    }
    inv->nlink = kept;
    return found;
}

static bool has_links(const struct sy_plan_record *record)
{
    for (size_t i = 0; i < record->nedit; i++)
        if (record->edit[i].kind == SY_EDIT_LINK)
            return true;
    return false;
}

static enum sy_code apply_link(const struct sy_plan_record *record, struct sy_inventory *inv,
                               const struct sy_edit *edit, struct sy_err *err)
{
    const struct sy_fabric *given = record->given->fabric;
    uint16_t a = given->unit[edit->a].obj;
    if (edit->b == UINT32_MAX) {
        if (edit->value > 0) /* else the device is gone with it: sy_edits_report */
            slow_uplink(inv, a, (uint32_t)edit->value);
        return SY_OK;
    }
    if (slow_link(inv, a, given->unit[edit->b].obj, (uint32_t)edit->value))
        return SY_OK;
    char one[SY_PCI_ADDR_TEXT], other[SY_PCI_ADDR_TEXT];
    sy_pci_addr_format(given->unit[edit->a].addr, one);
    sy_pci_addr_format(given->unit[edit->b].addr, other);
    return sy_fail(err, SY_EINVAL, "node '%s': no link is told between %s and %s",
                   record->given->name, one, other);
}

enum sy_code sy_edits_fabric(const struct sy_plan_record *record, struct sy_arena *scratch,
                             struct sy_fabric **ret, struct sy_err *err)
{
    struct sy_fabric *given = record->given->fabric;
    if (!has_links(record)) {
        *ret = sy_fabric_ref(given);
        return SY_OK;
    }
    struct sy_inventory inv = given->inv;
    inv.obj = sy_arena_calloc(scratch, inv.nobj, sizeof *inv.obj);
    inv.link = sy_arena_calloc(scratch, inv.nlink, sizeof *inv.link);
    if (inv.obj == NULL || inv.link == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    memcpy(inv.obj, given->inv.obj, inv.nobj * sizeof *inv.obj);
    if (inv.nlink > 0)
        memcpy(inv.link, given->inv.link, inv.nlink * sizeof *inv.link);
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < record->nedit && code == SY_OK; i++)
        if (record->edit[i].kind == SY_EDIT_LINK)
            code = apply_link(record, &inv, &record->edit[i], err);
    return code == SY_OK ? sy_fabric_build(&inv, given->catalogue, ret, err) : code;
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_holder(const struct sy_holder *holder, const struct sy_state_pod *pod)
{
    if (holder->uid != NULL && pod->uid != NULL && pod->uid[0] != '\0')
        return strcmp(holder->uid, pod->uid) == 0;
    return same_text(holder->namespace_, pod->namespace_) && same_text(holder->name, pod->name);
}

static bool has_departed(const struct sy_plan *plan, const struct sy_plan_record *record,
                         const struct sy_holder *holder)
{
    for (size_t i = 0; i < record->ndeparted; i++)
        if (is_holder(holder, plan->pod[record->departed[i]].pod))
            return true;
    return false;
}

/* A unit is free once all who hold it are gone. */
static struct sy_devset freed_units(const struct sy_plan *plan, const struct sy_plan_record *record,
                                    const struct sy_usage *report)
{
    struct sy_devset freed = SY_DEVSET_EMPTY;
    for (unsigned u = 0; u < report->nunit; u++) {
        const struct sy_unit_usage *unit = &report->unit[u];
        bool gone = unit->holder_count > 0;
        for (unsigned k = 0; k < unit->holder_count && gone; k++)
            gone = has_departed(plan, record, &report->holder[unit->holder_first + k]);
        if (gone || record->emptied)
            sy_devset_add(&freed, u);
    }
    return freed;
}

/* Text of the usage's own; "" for none. */
static const char *keep_reason(struct sy_usage *usage, const char *text)
{
    return sy_arena_strndup(usage->arena, text != NULL ? text : "",
                            strlen(text != NULL ? text : ""));
}

static enum sy_code apply_edit(struct sy_usage *usage, const struct sy_edit *edit,
                               struct sy_err *err)
{
    struct sy_unit_usage *unit = edit->a < usage->nunit ? &usage->unit[edit->a] : NULL;
    bool cut = edit->kind == SY_EDIT_LINK && edit->b == UINT32_MAX && edit->value == 0;
    if (edit->kind == SY_EDIT_LIMIT)
        usage->limit_mw = edit->value;
    else if (unit != NULL && edit->kind == SY_EDIT_CAP)
        unit->cap_mw = edit->value;
    else if (unit != NULL && edit->kind == SY_EDIT_HEAL)
        unit->unhealthy = false, unit->reason = NULL;
    else if (unit != NULL && (edit->kind == SY_EDIT_FAIL || cut)) {
        unit->unhealthy = true;
        unit->reason = keep_reason(usage, cut ? "its link is gone" : edit->reason);
        if (unit->reason == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}

static bool changes_report(const struct sy_plan_record *record)
{
    return record->emptied || record->ndeparted > 0 || record->nedit > 0;
}

enum sy_code sy_edits_report(const struct sy_plan *plan, const struct sy_plan_record *record,
                             struct sy_usage **ret, struct sy_err *err)
{
    struct sy_usage *given = record->given->report, *none = NULL, *changed = NULL;
    if (!changes_report(record) || (given == NULL && record->nedit == 0)) {
        *ret = given != NULL ? sy_usage_ref(given) : NULL;
        return SY_OK;
    }
    enum sy_code code = SY_OK;
    if (given == NULL) /* it says nothing of who holds what: mode counts */
        code = sy_usage_new_unreported(record->fabric, &none, err);
    if (code != SY_OK)
        return code;
    const struct sy_usage *from = given != NULL ? given : none;
    code = sy_usage_change(record->fabric, from, freed_units(plan, record, from), SY_DEVSET_EMPTY,
                           &changed, err);
    sy_usage_unref(none);
    if (code != SY_OK)
        return code;
    for (size_t i = 0; i < record->nedit && code == SY_OK; i++)
        code = apply_edit(changed, &record->edit[i], err);
    if (code != SY_OK) {
        sy_usage_unref(changed);
        return code;
    }
    sy_usage_finish(record->fabric, changed);
    *ret = changed;
    return SY_OK;
}

/* How many units that serve the name are unhealthy in a usage (NULL: none is). */
static int64_t unhealthy_of(const struct sy_fabric *fabric, const struct sy_usage *usage,
                            unsigned resource)
{
    int64_t n = 0;
    for (unsigned u = 0; usage != NULL && u < usage->nunit; u++)
        n += usage->unit[u].unhealthy && sy_devset_has(&fabric->unit[u].resources, resource);
    return n;
}

/* A device plugin takes what it finds unhealthy out of the Node's allocatable. */
enum sy_code sy_edits_allocatable(struct sy_plan_record *record, struct sy_err *err)
{
    const struct sy_amounts *given = &record->given->allocatable;
    if (record->nedit == 0 && record->other == NULL)
        return SY_OK;
    struct sy_amount *other = sy_calloc(given->n, sizeof *other);
    if (other == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < given->n; i++) {
        other[i] = given->other[i];
        int resource = sy_catalogue_resource_find(record->fabric->catalogue, other[i].name);
        if (resource < 0)
            continue;
        other[i].value += unhealthy_of(record->fabric, record->given->report, (unsigned)resource) -
                          unhealthy_of(record->fabric, record->report, (unsigned)resource);
        if (other[i].value < 0)
            other[i].value = 0;
    }
    sy_free(record->other);
    record->other = other;
    record->object = *record->given;
    record->object.allocatable.other = other;
    return SY_OK;
}
