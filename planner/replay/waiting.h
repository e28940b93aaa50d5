/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that wait, in order of arrival, kept by class: when one of a class finds no room, no other
 * of it needs to be tried until a pod leaves. */
#ifndef SY_PLANNER_REPLAY_WAITING_H
#define SY_PLANNER_REPLAY_WAITING_H

#include "base/mem.h"

#include <stdint.h>

#define SY_WAITING_NONE UINT32_MAX

struct sy_waiting {
    struct sy_waiting_class {
        uint32_t first, last; /* numbers of arrivals */
        bool tried;           /* since a pod left last */
    } * of;                   /* by class */
    uint32_t *next;           /* by number of arrival */
    uint32_t *active;         /* classes of which pods wait, in any order */
    size_t nactive, n;
};

SY_NODISCARD enum sy_code sy_waiting_init(struct sy_waiting *waiting, size_t classes, size_t pods,
                                          struct sy_err *err);
void sy_waiting_done(struct sy_waiting *waiting);
void sy_waiting_add(struct sy_waiting *waiting, uint32_t pod_class, uint32_t arrival);
/* The first that waits of a class that was not tried; SY_WAITING_NONE: there is none. */
uint32_t sy_waiting_first(const struct sy_waiting *waiting, uint32_t *ret_class);
void sy_waiting_remove(struct sy_waiting *waiting, uint32_t pod_class); /* the class's first */
void sy_waiting_freed(struct sy_waiting *waiting);                      /* a pod has left */

#endif
