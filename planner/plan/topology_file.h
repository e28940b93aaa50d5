/* SPDX-License-Identifier: Apache-2.0 */
/* A node that is not there yet, from a file that describes its topology. */
#ifndef SY_PLANNER_PLAN_TOPOLOGY_FILE_H
#define SY_PLANNER_PLAN_TOPOLOGY_FILE_H

#include "planner/state/state.h"

/* An empty, healthy node of a file: hwloc or NCCL XML, or a NodeFabric (YAML or JSON; its status is
 * not read). `allocatable` (NULL: not told, then its resources are unknown) is as a Node's. Texts
 * live in `arena`; references are given back by sy_state_node_done. SY_EPARSE, SY_EINVAL, SY_ELIMIT
 * with the file's name, SY_ENOENT, SY_EIO, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_topology_node(const char *path, const char *name, json_t *allocatable,
                                           const struct sy_state *state, struct sy_arena *arena,
                                           struct sy_state_node *ret, struct sy_err *err);

#endif
