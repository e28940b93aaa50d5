/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/waiting.h"

enum sy_code sy_waiting_init(struct sy_waiting *waiting, size_t classes, size_t pods,
                             struct sy_err *err)
{
    struct sy_waiting made = {.of = sy_malloc(classes * sizeof *made.of),
                              .next = sy_malloc(pods * sizeof *made.next),
                              .active = sy_malloc(classes * sizeof *made.active)};
    if (made.of == NULL || made.next == NULL || made.active == NULL) {
        sy_waiting_done(&made);
        return sy_fail(err, SY_ENOMEM, "out of memory for the pods that wait");
    }
    for (size_t i = 0; i < classes; i++)
        made.of[i] = (struct sy_waiting_class){SY_WAITING_NONE, SY_WAITING_NONE, false};
    *waiting = made;
    return SY_OK;
}

void sy_waiting_done(struct sy_waiting *waiting)
{
    sy_free(waiting->of);
    sy_free(waiting->next);
    sy_free(waiting->active);
    *waiting = (struct sy_waiting){0};
}

void sy_waiting_add(struct sy_waiting *waiting, uint32_t pod_class, uint32_t arrival)
{
    struct sy_waiting_class *of = &waiting->of[pod_class];
    waiting->next[arrival] = SY_WAITING_NONE;
    if (of->first == SY_WAITING_NONE) {
        waiting->active[waiting->nactive++] = pod_class;
        of->first = arrival;
    } else {
        waiting->next[of->last] = arrival;
    }
    of->last = arrival;
    of->tried = true; /* it was, when it came */
    waiting->n++;
}

uint32_t sy_waiting_first(const struct sy_waiting *waiting, uint32_t *ret_class)
{
    uint32_t first = SY_WAITING_NONE;
    for (size_t i = 0; i < waiting->nactive; i++) {
        const struct sy_waiting_class *of = &waiting->of[waiting->active[i]];
        if (!of->tried && of->first < first) {
            first = of->first;
            *ret_class = waiting->active[i];
        }
    }
    return first;
}

void sy_waiting_remove(struct sy_waiting *waiting, uint32_t pod_class)
{
    struct sy_waiting_class *of = &waiting->of[pod_class];
    of->first = waiting->next[of->first];
    waiting->n--;
    for (size_t i = 0; of->first == SY_WAITING_NONE && i < waiting->nactive; i++)
        if (waiting->active[i] == pod_class) {
            waiting->active[i] = waiting->active[--waiting->nactive];
            return;
        }
}

void sy_waiting_freed(struct sy_waiting *waiting)
{
    for (size_t i = 0; i < waiting->nactive; i++)
        waiting->of[waiting->active[i]].tried = false;
}
