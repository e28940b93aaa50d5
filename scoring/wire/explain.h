/* SPDX-License-Identifier: Apache-2.0 */
/* The one explain object: what /explain, the CLI and reports show of a decision. */
#ifndef SY_SCORING_WIRE_EXPLAIN_H
#define SY_SCORING_WIRE_EXPLAIN_H

#include "scoring/wire/wire.h"

/* {"apiVersion":"switchyard.dev/v1alpha1","kind":"Explanation","pod":{…},"request":{…},"profile":…,
 * "weights":{…},"wireMapping":{…},"notes":[…],"nodes":[{"node","verdict","reason","reasonId","score",
 * "wireScore","mode","certain","likely","devices":[{"pci","kind","model","resource",…}],"pairs":[…],
 * "best":{…},"expected":{…},"worst":{…},"terms":{…},"power":{…},"unknown":[…],"notes":[…]}]}, nodes
 * in the order asked; scoring/wire/README.md has every field. An unknown number is null. A new
 * reference. */
SY_NODISCARD enum sy_code sy_explain_to_json(const struct sy_world *world,
                                             const struct sy_request *request,
                                             const struct sy_candidate *candidate,
                                             const struct sy_verdict *verdict, size_t n,
                                             json_t **ret, struct sy_err *err);

#endif
