/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods leave a node before others, and which never do. */
#ifndef SY_PLANNER_EXPLAIN_LEAVE_H
#define SY_PLANNER_EXPLAIN_LEAVE_H

#include "planner/state/state.h"

/* X(id, name) what becomes of a pod when its node goes */
#define SY_LEAVES(X)                                                                               \
    X(MOVES, "moves")                                                                              \
    X(BARE, "bare")     /* moves, though no controller makes it anew */                            \
    X(DAEMON, "daemon") /* DaemonSet: belongs to the node */                                       \
    X(MIRROR, "mirror") /* static: the kubelet's own */
enum sy_leave {
#define X(id, name) SY_LEAVE_##id,
    SY_LEAVES(X)
#undef X
        SY_LEAVE_COUNT
};
enum sy_leave sy_leave_of(const struct sy_state_pod *pod);
static inline bool sy_leaves(const struct sy_state_pod *pod)
{
    enum sy_leave leave = sy_leave_of(pod);
    return leave == SY_LEAVE_MOVES || leave == SY_LEAVE_BARE;
}
/* More important first, as qsort wants it: priority descending, then the older, then by name. */
int sy_pod_compare(const struct sy_state_pod *a, const struct sy_state_pod *b);

#endif
