/* SPDX-License-Identifier: Apache-2.0 */
/* Packages and NUMA nodes as the kernel lists them. */
#ifndef SY_TOPOLOGY_DISCOVER_SYSFS_CPU_H
#define SY_TOPOLOGY_DISCOVER_SYSFS_CPU_H

#include "topology/discover/build.h"

#define SY_CPU_MAX 8192u
#define SY_PLACE_MAX 1024u /* packages, and NUMA nodes, of one machine */

struct sy_cpus {
    uint64_t word[SY_CPU_MAX / 64];
};

struct sy_place {
    struct sy_cpus cpus;
    int64_t number; /* the kernel's */
    uint16_t obj;
};

struct sy_cpu_side {
    size_t npackage, nnuma;
    struct sy_place package[SY_PLACE_MAX], numa[SY_PLACE_MAX];
};

/* "0-3,8"; false when it is not such a list, or names a CPU above the limit. */
bool sy_cpus_parse(const char *text, struct sy_cpus *ret);

/* Read packages and NUMA nodes with CPUs below `root` and add them to the build. `side` starts
 * zeroed. SY_ELIMIT, SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_sysfs_cpu(int root, struct sy_build *build, struct sy_cpu_side *side,
                                       struct sy_err *err);
/* The object that a device is local to: the NUMA node of that number (-1: unknown), or else the
 * smallest place that holds all of `cpus` (may be NULL), or else the Machine; a machine with one
 * NUMA node has everything there. */
uint16_t sy_sysfs_locality(const struct sy_cpu_side *side, int64_t numa,
                           const struct sy_cpus *cpus);

#endif
