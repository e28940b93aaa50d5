/* SPDX-License-Identifier: Apache-2.0 */
/* The filters of kube-scheduler that are modelled, in its order. */
#include "planner/scheduler/private.h"

#include <string.h>

/* A node that is unschedulable is open to pods that tolerate the taint of that name, whether it has
 * the taint or not. */
static bool closed(const struct sy_scheduler_pod *pod, const struct sy_state_node *node)
{
    static const struct sy_taint taint = {
        .key = "node.kubernetes.io/unschedulable", .value = "", .effect = "NoSchedule"};
    return node->unschedulable && !sy_tolerates(pod, &taint);
}

static const struct sy_taint *untolerated(const struct sy_scheduler_pod *pod,
                                          const struct sy_state_node *node)
{
    for (size_t i = 0; i < node->ntaint; i++) {
        const struct sy_taint *taint = &node->taint[i];
        if ((strcmp(taint->effect, "NoSchedule") == 0 || strcmp(taint->effect, "NoExecute") == 0) &&
            !sy_tolerates(pod, taint))
            return taint;
    }
    return NULL;
}

/* Resources that are short, as they are found. */
struct shortages {
    struct sy_stage_verdict *ret;
    size_t n, size;
};

static void look(struct shortages *found, enum sy_stage stage, const char *name, int64_t asked,
                 int64_t allocatable, int64_t taken)
{
    int64_t left = sy_wrapping_sub(allocatable, taken);
    bool never = asked > allocatable;
    if (asked <= 0 || asked <= left)
        return;
    if (found->n < found->size)
        found->ret[found->n] = (struct sy_stage_verdict){.stage = (uint8_t)stage,
                                                         .never = never,
                                                         .name = name,
                                                         .asked = asked,
                                                         .left = never ? allocatable : left};
    found->n++;
}

static void look_at(struct shortages *found, const struct sy_scheduler_pod *pod,
                    const struct sy_state_node *node, const struct sy_taken *taken, size_t i)
{
    const struct sy_amounts *asked = &pod->pod->requests, *has = &node->allocatable;
    switch (i) {
    case 0:
        look(found, SY_STAGE_PODS, NULL, 1, has->pods, taken->pods);
        break;
    case 1:
        look(found, SY_STAGE_RESOURCE, "cpu", asked->cpu_milli, has->cpu_milli, taken->cpu_milli);
        break;
    case 2:
        look(found, SY_STAGE_RESOURCE, "memory", asked->memory_bytes, has->memory_bytes,
             taken->memory_bytes);
        break;
    case 3:
        look(found, SY_STAGE_RESOURCE, "ephemeral-storage", asked->storage_bytes,
             has->storage_bytes, taken->storage_bytes);
        break;
    default: {
        const struct sy_amount *other = &asked->other[i - 4];
        look(found, SY_STAGE_RESOURCE, other->name, other->value, sy_amount_of(has, other->name),
             sy_taken_of(taken, other->name));
    }
    }
}

static size_t resources(const struct sy_scheduler_pod *pod)
{
    return 4 + pod->pod->requests.n;
}

size_t sy_scheduler_shortages(const struct sy_scheduler_pod *pod, const struct sy_state_node *node,
                              const struct sy_taken *taken, struct sy_stage_verdict *ret,
                              size_t size)
{
    struct shortages found = {.ret = ret, .size = size};
    for (size_t i = 0; node->resources_known && i < resources(pod); i++)
        look_at(&found, pod, node, taken, i);
    return found.n;
}

/* The one to tell of: the first that the empty node has not either, else the first. */
static struct sy_stage_verdict fit(const struct sy_scheduler_pod *pod,
                                   const struct sy_state_node *node, const struct sy_taken *taken)
{
    struct sy_stage_verdict first = {.stage = SY_STAGE_PASSED};
    for (size_t i = 0; node->resources_known && i < resources(pod); i++) {
        struct sy_stage_verdict one;
        struct shortages found = {.ret = &one, .size = 1};
        look_at(&found, pod, node, taken, i);
        if (found.n > 0 && one.never)
            return one;
        if (found.n > 0 && first.stage == SY_STAGE_PASSED)
            first = one;
    }
    return first;
}

struct sy_stage_verdict sy_scheduler_filter(const struct sy_scheduler_pod *pod,
                                            const struct sy_state_node *node,
                                            const struct sy_taken *taken)
{
    const struct sy_taint *taint;
    if (!sy_names_match(pod, node))
        return (struct sy_stage_verdict){.stage = SY_STAGE_NAMES, .never = true};
    if (closed(pod, node))
        return (struct sy_stage_verdict){.stage = SY_STAGE_UNSCHEDULABLE, .never = true};
    if (pod->node_name != NULL && strcmp(pod->node_name, node->name) != 0)
        return (struct sy_stage_verdict){.stage = SY_STAGE_NODE_NAME, .never = true};
    if ((taint = untolerated(pod, node)) != NULL)
        return (struct sy_stage_verdict){
            .stage = SY_STAGE_TAINT, .never = true, .name = taint->key};
    if (!sy_selector_matches(pod, node))
        return (struct sy_stage_verdict){.stage = SY_STAGE_AFFINITY, .never = true};
    return fit(pod, node, taken);
}
