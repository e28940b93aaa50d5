/* SPDX-License-Identifier: Apache-2.0 */
/* Private to wire: the parts of the explain object. They do not check memory: the caller watches it
 * (base/mem.h) and drops an object that lacks something. */
#ifndef SY_SCORING_WIRE_EXPLAIN_PRIVATE_H
#define SY_SCORING_WIRE_EXPLAIN_PRIVATE_H

#include "base/json.h"
#include "scoring/wire/explain.h"

/* obj[key] = value; the reference goes over. */
void sy_explain_put(json_t *obj, const char *key, json_t *value);
void sy_explain_add(json_t *array, json_t *value);
json_t *sy_explain_text(const char *text);    /* NULL: null */
json_t *sy_thousandths(int64_t value);        /* 1500 → 1.5; below 0: null */
json_t *sy_known_thousandths(uint32_t value); /* 0: null */
/* The power of some of its devices is unknown: its watts are the sum of the others. */
bool sy_explain_part_watts(const struct sy_value *value);

json_t *sy_explain_pod(const struct sy_request *request);
json_t *sy_explain_request(const struct sy_world *world, const struct sy_request *request);
/* One node; `profile` NULL: the pod's is unknown. */
json_t *sy_explain_node(const struct sy_world *world, const struct sy_request *request,
                        const struct sy_profile *profile, const struct sy_candidate *candidate,
                        const struct sy_verdict *verdict);
/* {"score","devices",…} of a picked set; `expected` has no devices. */
enum sy_explain_set { SY_EXPLAIN_BEST, SY_EXPLAIN_EXPECTED, SY_EXPLAIN_WORST };
json_t *sy_explain_outcome(const struct sy_node *node, const struct sy_request *request,
                           const struct sy_profile *profile, const struct sy_placement *placement,
                           enum sy_explain_set set);
json_t *sy_explain_devices(const struct sy_node *node, const struct sy_request *request,
                           const struct sy_devset *pick);
json_t *sy_explain_pairs(const struct sy_node *node, const struct sy_request *request,
                         const struct sy_devset *pick);

#endif
