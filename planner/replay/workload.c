/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/workload.h"

#include <stdlib.h>
#include <string.h>

/* Descending in (cpu, milli, devices, spec). */
static int compare_kind(const struct sy_replay_class *a, const struct sy_replay_class *b)
{
    if (a->cpu_milli != b->cpu_milli)
        return a->cpu_milli > b->cpu_milli ? -1 : 1;
    if (a->device_milli != b->device_milli)
        return a->device_milli > b->device_milli ? -1 : 1;
    if (a->devices != b->devices)
        return a->devices > b->devices ? -1 : 1;
    return strcmp(b->spec, a->spec);
}

static int by_kind(const void *a, const void *b)
{
    return compare_kind(&((const struct sy_replay_typical *)a)->pod,
                        &((const struct sy_replay_typical *)b)->pod);
}

static int by_count(const void *a, const void *b)
{
    const struct sy_replay_typical *x = a, *y = b;
    if (x->pod.count != y->pod.count)
        return x->pod.count > y->pod.count ? -1 : 1;
    return compare_kind(&x->pod, &y->pod);
}

/* Kinds that differ in memory alone become one; returns how many are left. */
static size_t join_kinds(struct sy_replay_typical *kind, size_t n)
{
    size_t kept = 0;
    qsort(kind, n, sizeof *kind, by_kind);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && compare_kind(&kind[kept - 1].pod, &kind[i].pod) == 0)
            kind[kept - 1].pod.count += kind[i].pod.count;
        else
            kind[kept++] = kind[i];
    }
    return kept;
}

enum sy_code sy_workload_typical(const struct sy_trace_pods *pods, unsigned percent,
                                 struct sy_replay_typical **ret, size_t *ret_n, struct sy_err *err)
{
    size_t n = pods->nclasses, typical = 0;
    uint64_t counted = 0;
    struct sy_replay_typical *kind = sy_calloc(n, sizeof *kind);
    if (kind == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for the typical pods");
    for (size_t i = 0; i < n; i++) {
        kind[i].pod = pods->pod_class[i];
        kind[i].pod.memory_mib = 0;
    }
    n = join_kinds(kind, n);
    qsort(kind, n, sizeof *kind, by_count);
    while (typical < n && counted * 100 < (uint64_t)pods->n * percent)
        counted += kind[typical++].pod.count;
    /* Divided twice, as the published simulator does: the last bit decides some placements. */
    for (size_t i = 0; i < typical; i++)
        kind[i].share =
            ((double)kind[i].pod.count / (double)pods->n) / ((double)counted / (double)pods->n);
    *ret = kind;
    *ret_n = typical;
    return SY_OK;
}
