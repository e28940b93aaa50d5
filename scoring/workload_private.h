/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the workload and packing: devices of a node counted by the sizes that are asked for.
 */
#ifndef SY_SCORING_WORKLOAD_PRIVATE_H
#define SY_SCORING_WORKLOAD_PRIVATE_H

#include "scoring/workload.h"

#define SY_WORKLOAD_INVERSE_BITS 21

/* Of the devices of one kind. */
struct sy_workload_tally {
    uint32_t fit;   /* devices with room for one of the size */
    uint32_t slots; /* how many of the size they take together */
    uint32_t dust;  /* thousandths on devices without room for one */
};

/* Of one entry on a node. */
struct sy_workload_room {
    uint32_t fit, slots;
    uint32_t total; /* thousandths left on the devices that serve it */
    uint32_t dust;
};

/* What a node has left, size by size. */
struct sy_workload_count {
    uint32_t total[SY_WORKLOAD_KINDS]; /* thousandths */
    struct sy_workload_tally tally[SY_WORKLOAD_KINDS][SY_WORKLOAD_SIZES];
};

/* Only kinds and sizes that exist are written. */
void sy_workload_count(const struct sy_workload *workload, const struct sy_workload_node *node,
                       struct sy_workload_count *ret);
/* Here, not behind a call: a replay asks some hundred million times. */
static inline struct sy_workload_room sy_workload_room(const struct sy_workload_class *cls,
                                                       unsigned entry,
                                                       const struct sy_workload_node *node,
                                                       const struct sy_workload_count *count)
{
    uint64_t groups = cls->demand.entry[entry].groups;
    struct sy_workload_room room = {0};
    for (unsigned k = 0; k < node->nkind; k++) {
        if ((node->kind[k].groups & groups) == 0)
            continue;
        const struct sy_workload_tally *tally = &count->tally[k][cls->size[entry]];
        room.fit += tally->fit;
        room.slots += tally->slots;
        room.dust += tally->dust;
        room.total += count->total[k];
    }
    return room;
}

/* Of `times`, what a stock carries of which each takes `each`; nobody knows: it carries all. */
static inline int64_t sy_workload_carried(int64_t times, int64_t stock, int64_t each)
{
    if (stock < 0 || each <= 0)
        return times;
    if (each <= INT64_MAX / SY_UNIT_MAX / SY_WHOLE && times * each <= stock)
        return times; /* spares the division, most often */
    return stock / each < times ? stock / each : times;
}

static inline int64_t sy_workload_times(const struct sy_workload_class *cls,
                                        const struct sy_workload_node *node,
                                        const struct sy_workload_room *room)
{
    const struct sy_workload_demand *demand = &cls->demand;
    int64_t times = INT64_MAX;
    for (unsigned e = 0; e < demand->nentry; e++) {
        uint32_t count = demand->entry[e].count;
        bool fits = room[e].fit >= count;
        int64_t of_entry = !fits ? 0 : count <= 1 ? room[e].slots : room[e].slots / count;
        times = of_entry < times ? of_entry : times;
    }
    if (demand->nentry == 0 || times == 0)
        return 0;
    times = sy_workload_carried(times, node->cpu_milli, demand->cpu_milli);
    return sy_workload_carried(times, node->memory_mib, demand->memory_mib);
}

#endif
