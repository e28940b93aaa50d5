/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON object as a pod: its terms are read or refused, and what is read can be asked of a node.
 */
#include "planner/scheduler/scheduler.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct sy_state_pod *pod, struct sy_arena *arena)
{
    static const struct sy_label labels[] = {{"a", "b"}, {"n", "7"}};
    static const struct sy_taint taints[] = {{"a", "b", "NoSchedule"},
                                             {"c", "", "PreferNoSchedule"}};
    static const struct sy_state_node node = {.name = "n",
                                              .unschedulable = true,
                                              .nlabel = 2,
                                              .label = labels,
                                              .ntaint = 2,
                                              .taint = taints};
    static const struct sy_taken taken = {0};
    const struct sy_state_node *nodes[] = {&node};
    const struct sy_taken *takens[] = {&taken};
    const struct sy_scheduler_pod *read = NULL;
    const char *const *text = NULL;
    size_t n = 0;
    struct sy_scheduler_score score;
    struct sy_err err = {0};
    enum sy_code code = sy_scheduler_unmodelled(pod, arena, &text, &n, &err);
    for (size_t i = 0; code == SY_OK && i < n; i++)
        if (text[i] == NULL || text[i][0] == '\0')
            abort();
    if (sy_scheduler_pod_new(pod, arena, &read, &err) != SY_OK) {
        if (err.text[0] == '\0')
            abort();
        return;
    }
    struct sy_stage_verdict v = sy_scheduler_filter(read, &node, &taken);
    sy_scheduler_score(read, nodes, takens, NULL, 1, 36, 5, &score);
    if (v.stage >= SY_STAGE_COUNT || score.plugin[SY_PLUGIN_PREFERRED] < 0 ||
        score.plugin[SY_PLUGIN_PREFERRED] > 100)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sy_json_limits limits = {.max_bytes = 1 << 16, .max_depth = 32};
    sy_autojson json_t *object = NULL;
    struct sy_err err = {0};
    if (sy_json_parse((const char *)data, size, &limits, &object, &err) != SY_OK)
        return 0;
    struct sy_arena *arena = sy_arena_new(1 << 22);
    const struct sy_state_pod pod = {
        .namespace_ = "default", .name = "p", .uid = "", .node = UINT32_MAX, .object = object};
    if (arena != NULL)
        ask(&pod, arena);
    sy_arena_free(arena);
    return 0;
}
