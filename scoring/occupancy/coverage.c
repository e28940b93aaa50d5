/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of who holds what: the report's holders, as far as they are believed, and the
 * devices that plugins wrote on pods. */
#include "scoring/occupancy/occupancy_private.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

struct sy_holder sy_ledger_holder(const struct sy_bound_pod *pod)
{
    return (struct sy_holder){.namespace_ = pod->namespace_, .name = pod->name, .uid = pod->uid};
}

enum sy_code sy_ledger_hold(struct sy_ledger *ledger, unsigned unit, const struct sy_holder *holder)
{
    struct sy_usage *usage = ledger->usage;
    struct sy_unit_usage *to = &usage->unit[unit];
    if (usage->nholder == ledger->room)
        return SY_OK;
    enum sy_code code = sy_usage_add_holder(usage, holder, ledger->err);
    if (code != SY_OK)
        return code;
    if (to->holder_count++ == 0) {
        to->holder_first = (uint16_t)(usage->nholder - 1);
        to->holder = sy_usage_group(usage, to->holder_first);
    }
    return SY_OK;
}

/* The claim that a holder without uid is; -1 = none. A pod that was bound after the kubelet was
 * asked bears the name of one that was there before it. */
static ptrdiff_t claim_of_name(const struct sy_ledger *ledger, const struct sy_holder *holder)
{
    for (size_t i = ledger->nclaim; i-- > 0;) {
        const struct sy_bound_pod *pod = ledger->claim[i].pod;
        if (pod->scheduled_us <= ledger->in->report->observed_us &&
            same_text(pod->name, holder->name) && same_text(pod->namespace_, holder->namespace_))
            return (ptrdiff_t)i;
    }
    return -1;
}

/* Does the plugin say that the pod holds another device in place of this one? The kubelet does not
 * know what a plugin gave that obeys a choice made at scheduling. */
static bool is_overruled(const struct sy_ledger *ledger, const struct sy_claim *claim,
                         unsigned unit)
{
    unsigned serves = sy_claim_serves(ledger->in->fabric, claim->pod->request, unit);
    return (serves & claim->served) != 0 && !sy_devset_has(&claim->named, unit);
}

/* Give the unit to the pods that the holder is. Does it hold it still? */
static bool settle_holder(struct sy_ledger *ledger, unsigned unit, const struct sy_holder *holder)
{
    const struct sy_occupancy_input *in = ledger->in;
    ptrdiff_t by_name = holder->uid == NULL ? claim_of_name(ledger, holder) : -1;
    bool found = false, overruled = false;
    for (size_t i = 0; i < ledger->nclaim; i++) {
        struct sy_claim *claim = &ledger->claim[i];
        bool is_it =
            holder->uid != NULL ? same_text(claim->pod->uid, holder->uid) : by_name == (ptrdiff_t)i;
        if (!is_it)
            continue;
        found = claim->reported = true;
        if (is_overruled(ledger, claim, unit))
            overruled = true;
        else
            sy_devset_add(&claim->charge->units, unit);
    }
    bool gone = !found && in->age == SY_REPORT_OLD && in->pods_known;
    return !gone && !overruled;
}

static enum sy_code take_report(struct sy_ledger *ledger, unsigned unit)
{
    const struct sy_usage *report = ledger->in->report;
    const struct sy_unit_usage *from = &report->unit[unit];
    bool held = from->holder_count == 0; /* by nobody knows whom, if at all */
    enum sy_code code = SY_OK;
    for (unsigned i = 0; i < from->holder_count && code == SY_OK; i++) {
        const struct sy_holder *holder = &report->holder[from->holder_first + i];
        if (!settle_holder(ledger, unit, holder))
            continue;
        held = true;
        code = sy_ledger_hold(ledger, unit, holder);
    }
    /* What part each of several has is not told: it stays held whole until the last is gone. */
    ledger->usage->unit[unit].held = held ? from->held : 0;
    return code;
}

static enum sy_code take_named(struct sy_ledger *ledger, unsigned unit)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < ledger->nclaim && code == SY_OK; i++) {
        struct sy_claim *claim = &ledger->claim[i];
        if (!sy_devset_has(&claim->named, unit) || sy_devset_has(&claim->charge->units, unit))
            continue;
        struct sy_holder holder = sy_ledger_holder(claim->pod);
        sy_devset_add(&claim->charge->units, unit);
        ledger->usage->unit[unit].held = SY_WHOLE;
        code = sy_ledger_hold(ledger, unit, &holder);
    }
    return code;
}

enum sy_code sy_ledger_cover(struct sy_ledger *ledger)
{
    enum sy_code code = SY_OK;
    for (size_t i = 0; i < ledger->nclaim; i++)
        sy_claim_read_named(ledger->in->fabric, &ledger->claim[i]);
    for (unsigned u = 0; u < ledger->usage->nunit && code == SY_OK; u++) {
        if (ledger->holders_known)
            code = take_report(ledger, u);
        if (code == SY_OK)
            code = take_named(ledger, u);
    }
    for (size_t i = 0; i < ledger->nclaim; i++) {
        struct sy_claim *claim = &ledger->claim[i];
        if (claim->served != 0)
            claim->charge->cover = SY_COVER_PLUGIN;
        else if (claim->reported)
            claim->charge->cover = SY_COVER_REPORT;
    }
    return code;
}
