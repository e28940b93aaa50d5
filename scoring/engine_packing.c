/* SPDX-License-Identifier: Apache-2.0 */
/* What a verdict's placement costs the pods that usually come (packing.h). One number for the node:
 * which devices of one sort are taken makes no difference to those who come after, or it is the
 * business of the set's own terms. */
#include "scoring/engine_private.h"
#include "scoring/workload_learn.h"

static struct sy_devset picked(const struct sy_call *call)
{
    struct sy_devset all = SY_DEVSET_EMPTY;
    for (unsigned e = 0; e < call->request->nentry; e++)
        all = sy_devset_or(all, call->placement.best.pick[e]);
    return all;
}

static int64_t loss_of(const struct sy_call *call, const struct sy_node *node,
                       const struct sy_devset *left)
{
    struct sy_workload_node of;
    sy_workload_node_of(call->world->workload, node->fabric, left, &of);
    return sy_packing_loss(call->world->workload, &call->profile->packing, &of);
}

enum sy_code sy_call_pack(struct sy_call *call, const struct sy_node *node,
                          struct sy_outlook *outlook)
{
    bool known = node->usage->mode != SY_MODE_COUNTS; /* else nobody knows what is free */
    const struct sy_workload *workload = call->world->workload;
    if (workload == NULL || workload->nclass == 0 || !known ||
        !sy_packing_used(&call->profile->packing))
        return SY_OK;
    struct sy_devset taken = picked(call);
    struct sy_usage *after;
    enum sy_code code =
        sy_usage_change(node->fabric, node->usage, SY_DEVSET_EMPTY, taken, &after, call->err);
    if (code != SY_OK)
        return code;
    int64_t before_loss = loss_of(call, node, &node->usage->free);
    int64_t after_loss = loss_of(call, node, &after->free);
    sy_usage_unref(after);
    int64_t cost = sy_packing_cost(&call->profile->packing, before_loss, after_loss,
                                   call->placement.expected.value.watts_mw);
    outlook->leftover = sy_packing_term(cost, (int64_t)sy_devset_count(&taken) * SY_WHOLE);
    outlook->packed = true;
    sy_placement_apply_leftover(&call->placement, call->profile, outlook->leftover);
    return SY_OK;
}
