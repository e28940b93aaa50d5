/* SPDX-License-Identifier: Apache-2.0 */
/* Pods and nodes as the planner's state would have them, written as small JSON objects. */
#ifndef SY_TESTS_UNIT_PLANNER_SCHEDULER_WORLD_H
#define SY_TESTS_UNIT_PLANNER_SCHEDULER_WORLD_H

#include "planner/scheduler/scheduler.h"

struct world {
    struct sy_arena *arena;
    json_t *texts; /* what pods and nodes point into */
};
void world_init(struct world *world);
void world_done(struct world *world);

/* {"object": {…}, "requests": {"cpu": milli, "memory": bytes, …}, "nonzero": [milli, bytes],
 *  "on": true (on a node of the state), "nodeName", "owner", "priority"}, quoted by ' for ". The
 * pod is default/p. */
struct sy_state_pod world_pod(struct world *world, const char *text);
/* {"name", "labels", "taints": [["key", "value", "effect"]], "unschedulable", "allocatable"} */
struct sy_state_node world_node(struct world *world, const char *text);
json_t *world_json(struct world *world, const char *text); /* borrowed */
const struct sy_scheduler_pod *world_read(struct world *world, const struct sy_state_pod *pod);

#endif
