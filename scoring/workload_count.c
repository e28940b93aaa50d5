/* SPDX-License-Identifier: Apache-2.0 */
/* How much of what a node has left serves a demand. */
#include "scoring/workload_private.h"

static void count_size(const struct sy_workload *workload, unsigned size, const uint16_t *left,
                       unsigned n, struct sy_workload_tally *ret)
{
    uint32_t milli = workload->milli[size], inverse = workload->inverse[size];
    struct sy_workload_tally t = {0};
    for (unsigned i = 0; i < n; i++) {
        uint32_t fits = left[i] >= milli;
        t.fit += fits;
        t.slots += left[i] * inverse >> SY_WORKLOAD_INVERSE_BITS;
        t.dust += fits != 0 ? 0 : left[i];
    }
    *ret = t;
}

void sy_workload_count(const struct sy_workload *workload, const struct sy_workload_node *node,
                       struct sy_workload_count *ret)
{
    for (unsigned k = 0; k < node->nkind; k++) {
        const struct sy_workload_sort *kind = &node->kind[k];
        const uint16_t *left = &node->left[kind->first];
        uint32_t total = 0;
        for (unsigned i = 0; i < kind->n; i++)
            total += left[i];
        ret->total[k] = total;
        for (unsigned s = 0; s < workload->nmilli; s++)
            count_size(workload, s, left, kind->n, &ret->tally[k][s]);
    }
}

int64_t sy_workload_slots(const struct sy_workload *workload, const struct sy_workload_class *cls,
                          const struct sy_workload_node *node)
{
    struct sy_workload_count count;
    struct sy_workload_room room[SY_ENTRY_MAX];
    sy_workload_count(workload, node, &count);
    for (unsigned e = 0; e < cls->demand.nentry; e++)
        room[e] = sy_workload_room(cls, e, node, &count);
    return sy_workload_times(cls, node, room);
}
