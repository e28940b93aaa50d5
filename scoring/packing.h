/* SPDX-License-Identifier: Apache-2.0 */
/* What a placement costs those who come after: room of the node that the typical pods of the
 * workload lose. One potential per state of a node; a placement costs what the potential rises by.
 * Pure integers; a price depends on the two states alone, so it can be remembered by them.
 *
 * For a typical pod m of weight w(m) and a node with R thousandths of devices left:
 *   F(m) what is left on devices that m does not fit on; all of R where m does not fit at all
 *        (fragmentation as Weng et al. measure it, USENIX ATC 2023)
 *   U(m) what of R would stay unused if as many of m came as fit
 *   loss = sum over m of w(m) x (fragmentation x F(m) + unusable x U(m))
 *          + remainder x sum over devices of what is never filled of what they have left.
 * w(m) is m's share of the pods times the root of how scarce room for m is, so that a pod that only
 * few nodes can take is not crowded out by those that fit anywhere. */
#ifndef SY_SCORING_PACKING_H
#define SY_SCORING_PACKING_H

#include "scoring/policy.h"
#include "scoring/workload.h"

#define SY_PACKING_MILLI INT64_C(1000000) /* of a loss: one thousandth of a device */

/* Does the profile look at the workload? */
bool sy_packing_used(const struct sy_packing_weights *weights);
/* The potential of a node, in billionths of a device, 0 .. about 3e11. */
int64_t sy_packing_loss(const struct sy_workload *workload,
                        const struct sy_packing_weights *weights,
                        const struct sy_workload_node *node);
/* What a placement costs that changes the loss and the node's power so, in billionths of a device;
 * negative: it uses what nobody else would. */
int64_t sy_packing_cost(const struct sy_packing_weights *weights, int64_t loss_before,
                        int64_t loss_after, int64_t power_mw);
/* The same in whole quanta, rounded down: lower is better. */
int64_t sy_packing_price(const struct sy_packing_weights *weights, int64_t cost);
/* As a term, 0..1000, higher is better: 500 when nothing is lost and nothing gained, 0 from the
 * loss of as much as the pod takes itself (at least a whole device), 1000 when nobody else would
 * have used what it takes. `milli`: thousandths of devices that it takes. */
uint16_t sy_packing_term(int64_t cost, int64_t milli);

#endif
