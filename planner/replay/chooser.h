/* SPDX-License-Identifier: Apache-2.0 */
/* Which node gets a pod: of those with room the one of the best price; ties by place, or at random.
 * The quick way keeps, for every class of pods, a tournament over the nodes, and before it answers
 * brings in only the nodes that changed since the class was last asked for. The plain way looks at
 * every node every time: tests hold the quick one against it. */
#ifndef SY_PLANNER_REPLAY_CHOOSER_H
#define SY_PLANNER_REPLAY_CHOOSER_H

#include "planner/replay/machines.h"

struct sy_chooser;

/* Everything is borrowed. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_chooser_new(const struct sy_machines *machines,
                                         const struct sy_trace_pods *pods, bool plain,
                                         struct sy_chooser **ret, struct sy_err *err);
void sy_chooser_free(struct sy_chooser *chooser); /* takes NULL */
SY_DEFINE_AUTO(struct sy_chooser, sy_chooser, sy_chooser_free)

#define SY_CHOOSER_NONE UINT32_MAX
/* The node for a pod of a class (SY_CHOOSER_NONE: none has room) and, for a share pod, its device.
 * SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_chooser_ask(struct sy_chooser *chooser, uint32_t pod_class,
                                         struct sy_random *random, uint32_t *ret_node,
                                         unsigned *ret_device, struct sy_err *err);

#endif
