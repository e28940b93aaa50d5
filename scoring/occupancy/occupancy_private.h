/* SPDX-License-Identifier: Apache-2.0 */
/* Private to occupancy: one node's ledger in the making. */
#ifndef SY_SCORING_OCCUPANCY_PRIVATE_H
#define SY_SCORING_OCCUPANCY_PRIVATE_H

#include "scoring/occupancy/occupancy.h"
#include "topology/usage.h"

/* One pod. */
struct sy_claim {
    const struct sy_bound_pod *pod;
    struct sy_charge *charge;
    struct sy_devset named; /* devices that a plugin wrote on it; empty = none to go by */
    uint16_t served;        /* bits of the request's entries that these serve */
    bool reported;          /* the report names it */
};

struct sy_ledger {
    const struct sy_occupancy_input *in;
    bool holders_known; /* the report says who holds what, and is still believed */
    size_t nclaim;
    struct sy_claim *claim;            /* ascending by (scheduled_us, uid, namespace, name) */
    struct sy_usage *usage;            /* the result */
    size_t room;                       /* holders that it has room for */
    uint16_t counted[SY_RESOURCE_MAX]; /* devices that pods hold, nobody knows which */
    struct sy_arena *search; /* of one search at a time; made when the first one is needed */
    struct sy_err *err;
};

/* coverage.c: what is known of who holds what: units and holders from the report and the plugins,
 * and the charges of the pods that they cover. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_ledger_cover(struct sy_ledger *ledger);
/* predict.c: the pods that are left, one after the other. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_ledger_predict(struct sy_ledger *ledger);

/* coverage.c: a further holder of a unit whose holders stand behind all others. Where there is no
 * room for more names, the device is held without one. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_ledger_hold(struct sy_ledger *ledger, unsigned unit,
                                         const struct sy_holder *holder);
struct sy_holder sy_ledger_holder(const struct sy_bound_pod *pod);

/* named.c: `named` and `served` of a claim: nothing unless every id is a device that the pod asks
 * for, and these are as many as it asks for. */
void sy_claim_read_named(const struct sy_fabric *fabric, struct sy_claim *claim);
/* Bits of the request's entries that the unit serves. */
uint16_t sy_claim_serves(const struct sy_fabric *fabric, const struct sy_request *request,
                         unsigned unit);

#endif
