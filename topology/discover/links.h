/* SPDX-License-Identifier: Apache-2.0 */
/* From a matrix of link bandwidths, as hwloc's "distances" hold it, to links between devices. */
#ifndef SY_TOPOLOGY_DISCOVER_LINKS_H
#define SY_TOPOLOGY_DISCOVER_LINKS_H

#include "topology/discover/build.h"

struct sy_matrix_node {
    int obj;        /* index of the PCI function in the build, -1 = not a device (a CPU package) */
    bool is_switch; /* NVSwitch: carries links, ends none */
};

struct sy_matrix {
    enum sy_link_type type;
    unsigned n;
    const struct sy_matrix_node *node;
    const uint64_t *mbps; /* n * n, row major; 0 = no direct link; the diagonal is not read */
    bool rate_unknown;    /* the values only say that a link is there */
};

/* Direct links as they stand. Two devices that both have links to switches are linked through them
 * at the lower of their two sums: NVSwitches of one machine form one fabric without a bottleneck
 * of its own (on a DGX-2, six of 25 GB/s give every pair 150 GB/s). */
SY_NODISCARD enum sy_code sy_links_from_matrix(struct sy_build *build,
                                               const struct sy_matrix *matrix, struct sy_err *err);

/* What a distances name of hwloc stands for ("NVLinkBandwidth"); SY_LINK_NONE: not links. */
enum sy_link_type sy_links_type(const char *name);

#endif
