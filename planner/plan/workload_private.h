/* SPDX-License-Identifier: Apache-2.0 */
/* Private to workload*.c: the table of kinds. */
#ifndef SY_PLANNER_PLAN_WORKLOAD_PRIVATE_H
#define SY_PLANNER_PLAN_WORKLOAD_PRIVATE_H

#include "planner/plan/workload.h"

#define SY_WORKLOAD_FACTORS_MAX 4u

/* The text of workloads.yaml, made by sy_embed. */
extern const unsigned char sy_workloads_builtin[];
extern const size_t sy_workloads_builtin_len;

enum sy_gang_of { SY_GANG_NONE, SY_GANG_OBJECT, SY_GANG_REPLICA };

/* Paths are "a.b.c"; NULL = not given. */
struct sy_workload_set {
    const char *name, *each, *name_key, *template_, *otherwise, *replicas, *most;
    const char *count[SY_WORKLOAD_FACTORS_MAX];
    size_t ncount;
    int64_t default_, less, first;
    bool plain, per_node;
};
struct sy_workload_kind {
    const char *kind, *group, *replicas, *gang_min, *note;
    enum sy_gang_of gang;
    size_t nset;
    struct sy_workload_set *set;
};
struct sy_workload_table {
    size_t n;
    struct sy_workload_kind *kind; /* the first that matches counts */
};

/* NULL when there is none. */
const struct sy_workload_kind *sy_workload_find(const struct sy_workload_table *table,
                                                const char *kind, const char *group);

#endif
