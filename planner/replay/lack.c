/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/lack.h"

/* No node before `node` lacks `lack` first, and none lacks what comes after it. */
struct look {
    uint64_t freed; /* as of this many departures */
    uint32_t node;
    enum sy_lack lack;
};

struct sy_lack_finder {
    const struct sy_trace_pods *pods;
    uint64_t freed;
    struct look look[];
};

enum sy_code sy_lack_finder_new(const struct sy_trace_pods *pods, struct sy_lack_finder **ret,
                                struct sy_err *err)
{
    struct sy_lack_finder *finder =
        sy_malloc(sizeof *finder + pods->nclasses * sizeof *finder->look);
    if (finder == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the kinds of pods");
    finder->pods = pods;
    finder->freed = 0;
    for (size_t i = 0; i < pods->nclasses; i++)
        finder->look[i] = (struct look){.lack = SY_LACK_COUNT - 1};
    *ret = finder;
    return SY_OK;
}

void sy_lack_finder_free(struct sy_lack_finder *finder)
{
    sy_free(finder);
}

void sy_lack_freed(struct sy_lack_finder *finder)
{
    finder->freed++;
}

enum sy_lack sy_lack_find(struct sy_lack_finder *finder, const struct sy_machines *machines,
                          uint32_t pod_class)
{
    const struct sy_replay_class *pod = &finder->pods->pod_class[pod_class];
    struct look *look = &finder->look[pod_class];
    if (look->freed != finder->freed)
        *look = (struct look){.freed = finder->freed, .lack = SY_LACK_COUNT - 1};
    while (look->lack > 0) {
        for (; look->node < machines->n; look->node++)
            if (sy_machine_lack(machines, look->node, pod) == look->lack)
                return look->lack;
        look->lack--;
        look->node = 0;
    }
    return look->lack;
}
