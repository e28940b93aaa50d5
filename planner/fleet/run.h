/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs come to a fleet, wait, run where a policy puts them, and go: what devices, links and
 * bandwidth did they get? */
#ifndef SY_PLANNER_FLEET_RUN_H
#define SY_PLANNER_FLEET_RUN_H

#include "base/random.h"
#include "planner/fleet/fleet.h"
#include "scoring/engine.h"

/* X(id, name, how the node is chosen, how the devices on it) */
#define SY_FLEET_POLICIES(X)                                                                       \
    X(SWITCHYARD, "switchyard", "highest score of the engine",                                     \
      "the engine's best set, as a plugin that obeys or prefers gives it")                         \
    X(SWITCHYARD_BLIND, "switchyard-blind", "highest score of the engine",                         \
      "any free ones, as a plugin without preference gives them")                                  \
    X(RANDOM, "random", "any that fits", "any free ones")                                          \
    X(KUBE_DEFAULT, "kube-default", "LeastAllocated and BalancedAllocation of CPU and memory",     \
      "any free ones")                                                                             \
    X(PAIR_SCORE, "pair-score", "as kube-default",                                                 \
      "per resource the highest sum of go-gpuallocator's pair scores")                             \
    X(GREEDY, "greedy", "as kube-default",                                                         \
      "the first device, then always the one that is joined best to those taken")                  \
    X(BRUTE_FORCE, "brute-force", "every node", "every set: the highest value of all")             \
    X(GPU_ONLY, "gpu-only", "as kube-default, GPUs alone", "any free ones")                        \
    X(GPU_EXCLUSIVE, "gpu-exclusive", "as kube-default, GPUs alone, one job a node",               \
      "any free ones")
enum sy_fleet_policy {
#define X(id, name, node, set) SY_FLEET_##id,
    SY_FLEET_POLICIES(X)
#undef X
        SY_FLEET_POLICY_COUNT
};
const char *sy_fleet_policy_name(enum sy_fleet_policy policy);
const char *sy_fleet_policy_node(enum sy_fleet_policy policy);
const char *sy_fleet_policy_set(enum sy_fleet_policy policy);
/* SY_FLEET_POLICY_COUNT: no such policy. */
enum sy_fleet_policy sy_fleet_policy_find(const char *name, size_t len);

#define SY_FLEET_SETS_MAX                                                                          \
    UINT64_C(200000) /* of one node that brute force tries; more: not tried                        \
                      */

struct sy_fleet_options {
    enum sy_fleet_policy policy;
    uint64_t seed;
    uint32_t nodes;
    double hours;
    struct sy_policy *scoring; /* borrowed */
    struct sy_catalogue *catalogue;
};

struct sy_fleet_result {
    uint32_t arrived, placed, finished, waiting; /* jobs; waiting at the end */
    double wait_h;                               /* mean of those placed */
    /* Of the jobs placed with more than one device: what they got at that moment. */
    uint32_t joined;
    double affinity;    /* mean of the value's term, 0..1000 */
    double gbps;        /* mean of the lowest pair, sharing counted, of those where it is known */
    double gbps_p10;    /* a tenth of them have less */
    uint32_t gbps_n;    /* of how many it is known */
    double value;       /* mean of all terms by the profile, 0..1000 */
    double within_numa; /* part of them that lies within one NUMA node, 0..1 */
    uint32_t untried;   /* decisions with nodes of too many sets for brute force */
    /* Work. */
    double device_h, cpu_core_h; /* held */
    double allocated;            /* device-time held, of all device-time, 0..1 */
    double busy_share;           /* of the held device-time of training jobs, 0..1 */
    double images;               /* trained */
    double watts;                /* mean of all devices: TDP where held, idle where not */
    bool watts_known;            /* of every device both are known */
};

/* The same options give the same result on every machine. SY_ENOMEM, SY_ELIMIT, SY_EINVAL. */
SY_NODISCARD enum sy_code sy_fleet_run(const struct sy_fleet *fleet,
                                       const struct sy_fleet_options *options,
                                       struct sy_fleet_result *ret, struct sy_err *err);

#endif
