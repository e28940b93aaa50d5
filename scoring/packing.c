/* SPDX-License-Identifier: Apache-2.0 */
#include "scoring/packing.h"

#include "scoring/workload_private.h"

#define THOUSAND 1000
#define TERM_MAX 1000
#define MW_MAX (INT64_C(1) << 42) /* 4 GW: a change of a node's power beyond that is none */

bool sy_packing_used(const struct sy_packing_weights *weights)
{
    return weights->fragmentation != 0 || weights->unusable != 0 || weights->remainder != 0;
}

struct node_total {
    int64_t milli;
    int64_t remainder; /* billionths */
};

static struct node_total total_of(const struct sy_workload *workload,
                                  const struct sy_workload_node *node)
{
    struct node_total total = {0};
    for (unsigned k = 0; k < node->nkind; k++) {
        const uint16_t *left = &node->left[node->kind[k].first];
        for (unsigned i = 0; i < node->kind[k].n; i++) {
            total.milli += left[i];
            total.remainder += workload->remainder[left[i]];
        }
    }
    return total;
}

/* F and U of one class, weighed: thousandths of a thousandth. */
static int64_t class_loss(const struct sy_workload_class *cls,
                          const struct sy_packing_weights *weights,
                          const struct sy_workload_node *node,
                          const struct sy_workload_count *count, int64_t total)
{
    struct sy_workload_room room[SY_ENTRY_MAX];
    int64_t fits_on = 0, each = 0;
    for (unsigned e = 0; e < cls->demand.nentry; e++) {
        room[e] = sy_workload_room(cls, e, node, count);
        fits_on += room[e].total - room[e].dust;
        each += (int64_t)cls->demand.entry[e].count * cls->demand.entry[e].milli;
    }
    int64_t times = sy_workload_times(cls, node, room);
    int64_t filled = times * each;
    if (times == 0)
        fits_on = 0;
    /* Devices that serve two entries were counted twice. */
    fits_on = fits_on < total ? fits_on : total;
    filled = filled < total ? filled : total;
    return weights->fragmentation * (total - fits_on) + weights->unusable * (total - filled);
}

int64_t sy_packing_loss(const struct sy_workload *workload,
                        const struct sy_packing_weights *weights,
                        const struct sy_workload_node *node)
{
    struct sy_workload_count count;
    struct node_total total = total_of(workload, node);
    if (total.milli == 0)
        return 0;
    int64_t sum = 0;
    sy_workload_count(workload, node, &count);
    for (unsigned i = 0; i < workload->nclass; i++) {
        const struct sy_workload_class *cls = &workload->cls[i];
        if (cls->weight_ppm != 0)
            sum += cls->weight_ppm * class_loss(cls, weights, node, &count, total.milli);
    }
    return (sum + weights->remainder * total.remainder) / THOUSAND;
}

int64_t sy_packing_cost(const struct sy_packing_weights *weights, int64_t loss_before,
                        int64_t loss_after, int64_t power_mw)
{
    int64_t mw = power_mw < -MW_MAX || power_mw > MW_MAX ? 0 : power_mw;
    /* A kW is a million mW, a thousandth of a device a million billionths. */
    return loss_after - loss_before + weights->power * mw;
}

int64_t sy_packing_price(const struct sy_packing_weights *weights, int64_t cost)
{
    int64_t quantum = SY_PACKING_MILLI * (weights->quantum_milli != 0 ? weights->quantum_milli : 1);
    return cost >= 0 ? cost / quantum : -((-cost + quantum - 1) / quantum);
}

uint16_t sy_packing_term(int64_t cost, int64_t milli)
{
    int64_t span = (milli > SY_WHOLE ? milli : (int64_t)SY_WHOLE) * SY_PACKING_MILLI;
    if (cost >= span)
        return 0;
    if (cost <= -span)
        return TERM_MAX;
    return (uint16_t)((span - cost) * TERM_MAX / (2 * span));
}
