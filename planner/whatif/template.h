/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that could be bought: as files, or like one that is there. */
#ifndef SY_PLANNER_WHATIF_TEMPLATE_H
#define SY_PLANNER_WHATIF_TEMPLATE_H

#include "planner/plan/plan.h"

#define SY_TEMPLATES_MAX 64u
#define SY_TEMPLATE_COUNT_MAX 10000u /* nodes of one template in one question */

struct sy_template {
    const char *name;          /* of the model: names of nodes are NAME-new-1 … */
    struct sy_state_node node; /* with a report of an empty, healthy node */
    int64_t price_milli;       /* thousandths of the currency; -1 = not told */
    const char *currency;      /* NULL */
    int64_t watts_mw;          /* at most, as told; else base and every device at its TDP; -1 */
    int64_t rack_units;        /* -1 = not told */
    int64_t lead_days;         /* -1 = not told */
};

/* Objects of a file: kind NodeTemplate
 *   apiVersion: switchyard.dev/v1alpha1
 *   kind: NodeTemplate
 *   metadata: {name: gpu-8}
 *   like: node-7              # of the state; or `node:`, a Node with switchyard.dev/fabric
 *   price: 250000             # number; currency: EUR
 *   watts: 10200
 *   rackUnits: 8
 *   leadTimeDays: 90
 * all but the name and one of like and node optional; unknown keys are errors. A v1.Node is a
 * template without the numbers. SY_EINVAL and SY_ELIMIT with the place, SY_ENOENT (no such node
 * for `like`, nothing in the file), those of reading. *ret in the arena; release each with
 * sy_template_done, also after a failure. */
SY_NODISCARD enum sy_code sy_templates_read(const char *path, const struct sy_state *state,
                                            struct sy_arena *arena, struct sy_template **ret,
                                            size_t *ret_n, struct sy_err *err);
/* Like a node of the state, empty and healthy, less what its DaemonSets' pods ask for. SY_ENOENT.
 */
SY_NODISCARD enum sy_code sy_template_like(const struct sy_state *state, const char *node,
                                           struct sy_arena *arena, struct sy_template *ret,
                                           struct sy_err *err);
void sy_template_done(struct sy_template *template_);
/* The `i`-th node of a template (from 0), with labels beside its own (kubernetes.io/hostname is its
 * name). Borrows from the template. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_template_node(const struct sy_template *template_, unsigned i,
                                           const struct sy_label_match *label, size_t nlabel,
                                           struct sy_arena *arena, struct sy_state_node *ret,
                                           struct sy_err *err);

#endif
