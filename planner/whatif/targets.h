/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes a question means: by name, by labels, by power domain. */
#ifndef SY_PLANNER_WHATIF_TARGETS_H
#define SY_PLANNER_WHATIF_TARGETS_H

#include "planner/plan/plan.h"

struct sy_targets {
    const char *name; /* of the group: a node, a label's value, a domain */
    size_t n;
    uint32_t *node; /* ids in the plan, ascending by name; in the arena */
};

/* Nodes whose labels match kubectl's equality form: "a=b,c!=d,e,!f" (also "==");
 * NULL: all of them. SY_EUSAGE: not of that form; SY_ENOENT: none matches. */
SY_NODISCARD enum sy_code sy_targets_selected(const struct sy_plan *plan, const char *selector,
                                              struct sy_arena *arena, struct sy_targets *ret,
                                              struct sy_err *err);
/* Nodes of these names; SY_ENOENT names the first that is not there, SY_ECONFLICT one given twice.
 */
SY_NODISCARD enum sy_code sy_targets_named(const struct sy_plan *plan, const char *const *name,
                                           size_t n, struct sy_arena *arena, struct sy_targets *ret,
                                           struct sy_err *err);
/* Index of a power domain of the policy, -1. */
int32_t sy_domain_find(const struct sy_policy *policy, const char *name);
/* Nodes that lie in a power domain or in one below it, by name or labels, whether their devices are
 * known or not; SY_ENOENT: no such domain (the
 * text lists those that are). May be none. */
SY_NODISCARD enum sy_code sy_targets_domain(struct sy_plan *plan, const char *domain,
                                            struct sy_arena *arena, struct sy_targets *ret,
                                            struct sy_err *err);
/* One group for each value of a label, ascending; nodes without it are in none. */
SY_NODISCARD enum sy_code sy_targets_by_label(const struct sy_plan *plan, const char *key,
                                              struct sy_arena *arena, struct sy_targets **ret,
                                              size_t *ret_n, struct sy_err *err);
const char *sy_state_label(const struct sy_state_node *node, const char *key); /* NULL */

#endif
