/* SPDX-License-Identifier: Apache-2.0 */
/* The scores of kube-scheduler that are modelled (pkg/scheduler/framework/plugins of 1.35.4 and
 * 1.36.3). Each plugin gives 0..100 a node, normalised over the feasible nodes where it does so. */
#include "planner/scheduler/private.h"

#include <math.h>
#include <string.h>

#define FULL 100         /* a plugin's greatest score */
#define EXTENDER_FULL 10 /* an extender's */
#define BEFORE_TOO 36    /* from this minor on BalancedAllocation compares before with after */

__extension__ typedef __int128 wide;

/* What is left of a resource, in hundredths, rounded down. */
static int64_t least_of(int64_t asked, int64_t allocatable)
{
    return asked > allocatable ? 0 : (int64_t)(((wide)allocatable - asked) * FULL / allocatable);
}

/* Mean over CPU and memory, of what is left when containers without a request count as usual. */
static int64_t least(const struct sy_state_pod *pod, const struct sy_amounts *has,
                     const struct sy_taken *taken)
{
    int64_t sum = 0, n = 0;
    if (has->cpu_milli != 0) {
        sum += least_of(sy_wrapping_add(taken->nonzero_cpu_milli, pod->nonzero_cpu_milli),
                        has->cpu_milli);
        n++;
    }
    if (has->memory_bytes != 0) {
        sum += least_of(sy_wrapping_add(taken->nonzero_memory_bytes, pod->nonzero_memory_bytes),
                        has->memory_bytes);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

static double fraction(int64_t asked, int64_t allocatable)
{
    double part = (double)asked / (double)allocatable;
    return part > 1 ? 1 : part;
}

/* 100 where CPU and memory are used alike, down to 50. */
static int64_t evenness(int64_t cpu_milli, int64_t memory_bytes, const struct sy_amounts *has)
{
    double deviation = 0;
    if (has->cpu_milli != 0 && has->memory_bytes != 0)
        deviation = fabs(
            (fraction(cpu_milli, has->cpu_milli) - fraction(memory_bytes, has->memory_bytes)) / 2);
    return (int64_t)((1 - deviation) * FULL);
}

static int64_t balanced(const struct sy_state_pod *pod, const struct sy_amounts *has,
                        const struct sy_taken *taken, unsigned kube_minor)
{
    if (pod->requests.cpu_milli == 0 && pod->requests.memory_bytes == 0)
        return 0; /* not asked */
    int64_t after = evenness(sy_wrapping_add(taken->cpu_milli, pod->requests.cpu_milli),
                             sy_wrapping_add(taken->memory_bytes, pod->requests.memory_bytes), has);
    if (kube_minor < BEFORE_TOO)
        return after;
    int64_t before = evenness(taken->cpu_milli, taken->memory_bytes, has);
    return FULL / 2 + (FULL / 2 + after - before) / 2;
}

static int64_t preferred(const struct sy_scheduler_pod *pod, const struct sy_state_node *node)
{
    int64_t sum = 0;
    for (size_t i = 0; i < pod->npreferred; i++)
        if (sy_node_term_matches(&pod->preferred[i], node))
            sum += pod->preferred[i].weight;
    return sum;
}

/* Taints that would rather not have the pod. */
static int64_t unwelcome(const struct sy_scheduler_pod *pod, const struct sy_state_node *node)
{
    int64_t n = 0;
    for (size_t i = 0; i < node->ntaint; i++)
        if (strcmp(node->taint[i].effect, "PreferNoSchedule") == 0 &&
            !sy_tolerates(pod, &node->taint[i]))
            n++;
    return n;
}

/* Stretch a plugin's scores so that the greatest is 100; reversed: so that it is 0. */
static void normalise(struct sy_scheduler_score *score, size_t n, enum sy_plugin plugin,
                      bool reversed)
{
    int64_t greatest = 0;
    for (size_t i = 0; i < n; i++)
        if (score[i].plugin[plugin] > greatest)
            greatest = score[i].plugin[plugin];
    for (size_t i = 0; i < n; i++) {
        int64_t *value = &score[i].plugin[plugin];
        *value = greatest > 0 ? FULL * *value / greatest : 0;
        if (reversed)
            *value = FULL - *value;
    }
}

void sy_scheduler_score(const struct sy_scheduler_pod *pod, const struct sy_state_node *const *node,
                        const struct sy_taken *const *taken, const uint8_t *wire, size_t n,
                        unsigned kube_minor, int64_t weight, struct sy_scheduler_score *ret)
{
    static const int64_t weights[SY_PLUGIN_COUNT] = {
#define X(id, plugin, weight) [SY_PLUGIN_##id] = (weight),
        SY_PLUGINS(X)
#undef X
    };
    for (size_t i = 0; i < n; i++) {
        const struct sy_amounts *has = &node[i]->allocatable;
        ret[i] = (struct sy_scheduler_score){
            .plugin = {[SY_PLUGIN_LEAST] = least(pod->pod, has, taken[i]),
                       [SY_PLUGIN_BALANCED] = balanced(pod->pod, has, taken[i], kube_minor),
                       [SY_PLUGIN_PREFERRED] = preferred(pod, node[i]),
                       [SY_PLUGIN_TAINTS] = unwelcome(pod, node[i])},
            .extender = wire != NULL ? wire[i] * weight * (FULL / EXTENDER_FULL) : 0};
    }
    normalise(ret, n, SY_PLUGIN_PREFERRED, false);
    normalise(ret, n, SY_PLUGIN_TAINTS, true);
    for (size_t i = 0; i < n; i++) {
        ret[i].total = ret[i].extender;
        for (int plugin = 0; plugin < SY_PLUGIN_COUNT; plugin++)
            ret[i].total += weights[plugin] * ret[i].plugin[plugin];
    }
}
