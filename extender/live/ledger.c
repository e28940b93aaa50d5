/* SPDX-License-Identifier: Apache-2.0 */
/* What was expected beside what came, and whom it concerns. */
#include "extender/live/live_private.h"

#include <stdio.h>
#include <string.h>

#define SET_TEXT 320u /* a set of devices in a message; a longer one is cut */

bool sy_live_has_demand(const struct sy_request *request)
{
    return request->malformed == NULL && (request->nrequire > 0 || request->min_mbps > 0);
}

/* Did it still insist when it was scheduled? */
static bool insisted(const struct live_pod *pod)
{
    struct sy_request request = pod->request->request;
    request.created_us = pod->created_us;
    return sy_live_has_demand(&request) && sy_request_strict(&request, pod->scheduled_us);
}

static const char *set_text(const struct sy_fabric *fabric, const struct sy_devset *set, char *buf)
{
    size_t len = 0;
    buf[0] = '\0';
    SY_DEVSET_EACH(u, set)
    {
        char addr[SY_PCI_ADDR_TEXT], index[8] = "";
        const struct sy_unit *unit = &fabric->unit[u];
        if (unit->index != 0)
            (void)snprintf(index, sizeof index, "/%u", (unsigned)unit->index);
        int wrote = snprintf(buf + len, SET_TEXT - len, "%s%s%s", len > 0 ? " " : "",
                             sy_pci_addr_format(unit->addr, addr), index);
        if (wrote < 0 || (size_t)wrote >= SET_TEXT - len - 4) {
            (void)snprintf(buf + len, SET_TEXT - len, "...");
            break;
        }
        len += (size_t)wrote;
    }
    return buf;
}

static void tell(struct sy_live *live, const struct live_node *node, const struct live_pod *pod,
                 const struct sy_fabric *fabric, const struct sy_devset *predicted,
                 const struct sy_charge *charge, bool violates)
{
    char note[1000], got[SET_TEXT], wanted[SET_TEXT];
    (void)snprintf(note, sizeof note, "node %s gave it %s, %s%s; %s", node->name,
                   set_text(fabric, &charge->units, got),
                   predicted != NULL ? "expected was " : "nothing was predicted",
                   predicted != NULL ? set_text(fabric, predicted, wanted) : "",
                   violates ? "that does not meet what the pod requires"
                            : "it was bound while the API server could not be heard, and what it "
                              "requires is met");
    struct sy_clerk_event event = {.namespace_ = pod->namespace_,
                                   .name = pod->name,
                                   .uid = pod->uid,
                                   .reason = violates ? "RequirementViolated" : "BoundUnseen",
                                   .note = note};
    sy_live_say(live, SY_LEVEL_WARN, violates ? "requirement violated" : "bound unseen", "uid",
                pod->uid, note);
    if (live->options.out.event != NULL)
        live->options.out.event(live->options.out.data, &event);
}

static bool is_covered(uint8_t cover)
{
    return cover == SY_COVER_REPORT || cover == SY_COVER_PLUGIN;
}

/* The set it got, once for each that it is said to have. */
static void judge(struct sy_live *live, const struct live_node *node, struct live_pod *pod,
                  const struct sy_fabric *fabric, const struct sy_devset *predicted,
                  const struct sy_charge *charge)
{
    const struct sy_request *request = &pod->request->request;
    const struct sy_profile *profile = sy_policy_profile(live->policy, request->profile);
    if (profile == NULL || pod->violated || !insisted(pod))
        return;
    bool violates = !sy_occupancy_meets(fabric, request, profile, charge->units, live->scratch);
    if (violates) {
        pod->violated = true;
        sy_count(&live->options.metrics->violated, 1);
    } else if (pod->unseen) {
        sy_count(&live->options.metrics->unseen, 1);
    }
    if (violates || pod->unseen)
        tell(live, node, pod, fabric, predicted, charge, violates);
    pod->unseen = false;
}

void sy_live_settle(struct sy_live *live, struct live_node *node, struct live_pod *pod,
                    const struct sy_fabric *fabric, const struct sy_charge *charge)
{
    bool had = pod->looked && is_covered(pod->cover);
    bool was_predicted = pod->looked && pod->cover == SY_COVER_PREDICTED;
    bool has = is_covered(charge->cover);
    if (has && was_predicted) {
        enum sy_prediction result = sy_occupancy_compare(fabric, &pod->request->request,
                                                         sy_policy_profile(live->policy, NULL),
                                                         pod->units, charge->units, live->scratch);
        sy_count(&live->options.metrics->predictions[result], 1);
        node->predictions[result]++;
    }
    if (has && (!had || !sy_devset_equal(&pod->units, &charge->units)))
        judge(live, node, pod, fabric, was_predicted ? &pod->units : NULL, charge);
    pod->looked = true;
    pod->cover = charge->cover;
    pod->units = charge->units;
}

void sy_live_wake(struct sy_live *live, const struct sy_node *before, const struct sy_node *now)
{
    if (live->nwaiting == 0 || live->options.out.wake == NULL)
        return;
    bool why[SY_WAKE_WHY_COUNT] = {false};
    if (before == NULL || before->fabric != now->fabric) {
        why[SY_WAKE_WHY_NODE] = true;
    } else {
        const struct sy_usage *old = before->usage, *new = now->usage;
        struct sy_devset healed = sy_devset_minus(new->healthy, old->healthy);
        struct sy_devset freed = sy_devset_minus(sy_devset_minus(new->free, old->free), healed);
        why[SY_WAKE_WHY_HEALTH] = !sy_devset_empty(&healed);
        /* What only became unknown was not given back. */
        bool lost = new->mode == SY_MODE_COUNTS && old->mode != SY_MODE_COUNTS;
        why[SY_WAKE_WHY_FREED] = !lost && !sy_devset_empty(&freed);
        why[SY_WAKE_WHY_POWER] =
            new->limit_mw > old->limit_mw || (new->base_mw >= 0 && new->base_mw < old->base_mw);
    }
    for (enum sy_wake_why i = 0; i < SY_WAKE_WHY_COUNT; i++)
        if (why[i])
            live->options.out.wake(live->options.out.data, i, now->name);
}
