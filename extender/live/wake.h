/* SPDX-License-Identifier: Apache-2.0 */
/* How pods that were refused are woken. */
#ifndef SY_EXTENDER_LIVE_WAKE_H
#define SY_EXTENDER_LIVE_WAKE_H

/* X(id, name): which object is touched so that kube-scheduler tries refused pods again */
#define SY_WAKES(X)                                                                                \
    X(OFF, "off")                                                                                  \
    X(CAPACITY, "csistoragecapacity") /* one of our own namespace: needs no right on nodes */      \
    X(NODE, "node")                   /* an annotation of one Node */
enum sy_wake {
#define X(id, name) SY_WAKE_##id,
    SY_WAKES(X)
#undef X
        SY_WAKE_COUNT
};
int sy_wake_find(const char *name); /* -1 */

#endif
