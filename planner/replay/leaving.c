/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/leaving.h"

static bool before(const struct sy_leaving_pod *a, const struct sy_leaving_pod *b)
{
    return a->at_s != b->at_s ? a->at_s < b->at_s : a->number < b->number;
}

bool sy_leaving_add(struct sy_leaving *leaving, struct sy_leaving_pod pod)
{
    if (leaving->n == leaving->size) {
        size_t size = leaving->size == 0 ? 256 : leaving->size * 2;
        struct sy_leaving_pod *more = sy_realloc(leaving->pod, size * sizeof *more);
        if (more == NULL)
            return false;
        leaving->pod = more;
        leaving->size = size;
    }
    size_t at = leaving->n++;
    for (; at > 0 && before(&pod, &leaving->pod[(at - 1) / 2]); at = (at - 1) / 2)
        leaving->pod[at] = leaving->pod[(at - 1) / 2];
    leaving->pod[at] = pod;
    return true;
}

struct sy_leaving_pod sy_leaving_take(struct sy_leaving *leaving)
{
    struct sy_leaving_pod first = leaving->pod[0], last = leaving->pod[--leaving->n];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < leaving->n && before(&leaving->pod[child + 1], &leaving->pod[child]))
            child++;
        if (child >= leaving->n || !before(&leaving->pod[child], &last))
            break;
        leaving->pod[at] = leaving->pod[child];
        at = child;
    }
    leaving->pod[at] = last;
    return first;
}

void sy_leaving_done(struct sy_leaving *leaving)
{
    sy_free(leaving->pod);
    *leaving = (struct sy_leaving){0};
}
