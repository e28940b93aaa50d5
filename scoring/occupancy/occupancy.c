/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/occupancy/occupancy_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int text_cmp(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int claim_cmp(const void *left, const void *right)
{
    const struct sy_bound_pod *a = ((const struct sy_claim *)left)->pod;
    const struct sy_bound_pod *b = ((const struct sy_claim *)right)->pod;
    if (a->scheduled_us != b->scheduled_us)
        return a->scheduled_us < b->scheduled_us ? -1 : 1;
    int order = text_cmp(a->uid, b->uid);
    if (order == 0)
        order = text_cmp(a->namespace_, b->namespace_);
    return order != 0 ? order : text_cmp(a->name, b->name);
}

static enum sy_code list_claims(struct sy_ledger *ledger, struct sy_arena *scratch,
                                struct sy_charge *charge)
{
    const struct sy_occupancy_input *in = ledger->in;
    ledger->claim = sy_arena_calloc(scratch, in->npod, sizeof *ledger->claim);
    if (ledger->claim == NULL)
        return sy_fail(ledger->err, SY_ENOMEM, "out of memory");
    for (size_t i = 0; i < in->npod; i++) {
        charge[i] = (struct sy_charge){.cover = SY_COVER_NOTHING};
        ledger->claim[i] = (struct sy_claim){.pod = &in->pod[i], .charge = &charge[i]};
    }
    ledger->nclaim = in->npod;
    if (in->npod > 1)
        qsort(ledger->claim, in->npod, sizeof *ledger->claim, claim_cmp);
    return SY_OK;
}

/* Room for the report's holders, and for each pod to hold what it asks for. */
static size_t holders_most(const struct sy_occupancy_input *in)
{
    size_t n = in->report != NULL ? in->report->nholder : 0;
    for (size_t i = 0; i < in->npod && n < SY_HOLDERS_MAX; i++) {
        const struct sy_request *request = in->pod[i].request;
        for (unsigned e = 0; e < request->nentry; e++)
            n += request->entry[e].count;
    }
    return n < SY_HOLDERS_MAX ? n : SY_HOLDERS_MAX;
}

/* Is the unit part of the device that has this function: behind it, one of its virtual functions,
 * or, where the function is none of ours, beside it? */
static bool belongs_to(const struct sy_fabric *fabric, unsigned unit, struct sy_pci_addr addr)
{
    const struct sy_unit *u = &fabric->unit[unit];
    int first = sy_fabric_unit_find(fabric, addr, 0);
    if (first >= 0) {
        uint16_t obj = fabric->unit[first].obj;
        return u->obj == obj || (u->pf >= 0 && fabric->unit[u->pf].obj == obj);
    }
    for (uint16_t i = 1; i < fabric->inv.nobj && sy_pci_same_slot(u->addr, addr); i++) {
        const struct sy_obj *obj = &fabric->inv.obj[i];
        if (obj->type == SY_OBJ_DEVICE && sy_pci_addr_cmp(obj->addr, addr) == 0)
            return true;
    }
    return false;
}

/* A reason that the report gives stays. */
static enum sy_code apply_cordon(struct sy_ledger *ledger, const struct sy_cordon *cordon)
{
    struct sy_usage *usage = ledger->usage;
    for (unsigned u = 0; u < usage->nunit; u++) {
        if (usage->unit[u].unhealthy || !belongs_to(ledger->in->fabric, u, cordon->addr))
            continue;
        usage->unit[u].unhealthy = true;
        usage->unit[u].reason = sy_arena_printf(
            usage->arena, "cordoned%s%s", cordon->reason[0] != '\0' ? ": " : "", cordon->reason);
        if (usage->unit[u].reason == NULL)
            return sy_fail(ledger->err, SY_ENOMEM, "out of memory");
    }
    return SY_OK;
}

/* What is told of the node and its devices, whoever holds them. */
static enum sy_code take_facts(struct sy_ledger *ledger)
{
    const struct sy_occupancy_input *in = ledger->in;
    enum sy_code code = SY_OK;
    if (in->report != NULL)
        code = sy_usage_copy_facts(in->report, ledger->usage, ledger->err);
    for (size_t i = 0; i < in->ncordon && code == SY_OK; i++)
        code = apply_cordon(ledger, &in->cordon[i]);
    return code;
}

static enum sy_mode mode_of(const struct sy_ledger *ledger)
{
    const struct sy_occupancy_input *in = ledger->in;
    enum sy_mode mode = SY_MODE_EXACT;
    if (!ledger->holders_known)
        return SY_MODE_COUNTS;
    if (in->age != SY_REPORT_FRESH || in->report->mode != SY_MODE_EXACT)
        mode = SY_MODE_PREDICTED;
    for (size_t i = 0; i < ledger->nclaim; i++) {
        uint8_t cover = ledger->claim[i].charge->cover;
        if (cover == SY_COVER_PREDICTED || cover == SY_COVER_SHORT)
            mode = SY_MODE_PREDICTED;
    }
    return mode;
}

static enum sy_code fill(struct sy_ledger *ledger)
{
    enum sy_code code = take_facts(ledger);
    ledger->usage->mode = SY_MODE_PREDICTED; /* for the searches on the way */
    if (code == SY_OK)
        code = sy_ledger_cover(ledger);
    if (code == SY_OK)
        code = sy_ledger_predict(ledger);
    ledger->usage->mode = (uint8_t)mode_of(ledger);
    return code;
}

/* Give the result away, no larger than it need be: it lives as long as the node stays like this. */
static enum sy_code fit(const struct sy_ledger *ledger, struct sy_usage **ret)
{
    struct sy_usage *usage = ledger->usage;
    if (usage->nholder == ledger->room) {
        sy_usage_finish(ledger->in->fabric, usage);
        *ret = usage;
        return SY_OK;
    }
    enum sy_code code = sy_usage_change(ledger->in->fabric, usage, SY_DEVSET_EMPTY, SY_DEVSET_EMPTY,
                                        ret, ledger->err);
    if (code == SY_OK)
        sy_usage_unref(usage);
    return code;
}

/* The kubelet never told who holds what, or the report's writer does not know. */
static bool says_nothing(const struct sy_usage *report)
{
    bool never = report->observed_us == 0 && report->kubelet_message != NULL;
    return never || report->mode == SY_MODE_COUNTS;
}

enum sy_code sy_occupancy_of(const struct sy_occupancy_input *input, struct sy_arena *scratch,
                             struct sy_usage **ret, struct sy_charge *charge, struct sy_err *err)
{
    const struct sy_usage *report = input->report;
    struct sy_ledger ledger = {.in = input, .room = holders_most(input), .err = err};
    assert(report == NULL || report->nunit == input->fabric->nunit);
    ledger.holders_known =
        report != NULL && !says_nothing(report) && input->age != SY_REPORT_EXPIRED;
    enum sy_code code = list_claims(&ledger, scratch, charge);
    if (code == SY_OK)
        code = sy_usage_begin(input->fabric, ledger.room, &ledger.usage, err);
    if (code != SY_OK)
        return code;
    code = fill(&ledger);
    if (code == SY_OK)
        code = fit(&ledger, ret);
    if (code != SY_OK)
        sy_usage_unref(ledger.usage);
    return code;
}
