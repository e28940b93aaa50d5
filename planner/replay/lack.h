/* SPDX-License-Identifier: Apache-2.0 */
/* Why pods fail: the furthest that any node comes in model, devices, CPU, memory, pods names what
 * is short. Nodes only fill up while nobody leaves, so each class's look goes on where its last one
 * ended. */
#ifndef SY_PLANNER_REPLAY_LACK_H
#define SY_PLANNER_REPLAY_LACK_H

#include "planner/replay/machines.h"

struct sy_lack_finder;

SY_NODISCARD enum sy_code sy_lack_finder_new(const struct sy_trace_pods *pods,
                                             struct sy_lack_finder **ret, struct sy_err *err);
void sy_lack_finder_free(struct sy_lack_finder *finder); /* takes NULL */
SY_DEFINE_AUTO(struct sy_lack_finder, sy_lack_finder, sy_lack_finder_free)
/* A pod has left: looks start anew. */
void sy_lack_freed(struct sy_lack_finder *finder);
/* What a pod of a class lacks that no node has room for. */
enum sy_lack sy_lack_find(struct sy_lack_finder *finder, const struct sy_machines *machines,
                          uint32_t pod_class);

#endif
