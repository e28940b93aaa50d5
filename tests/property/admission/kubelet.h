/* SPDX-License-Identifier: Apache-2.0 */
/* The kubelet's rules of admission said again, device by device and hint by hint, with no thought
 * of speed: what the model in scoring/admission.c is held against. */
#ifndef SY_TESTS_PROPERTY_ADMISSION_KUBELET_H
#define SY_TESTS_PROPERTY_ADMISSION_KUBELET_H

#include <stdbool.h>
#include <stdint.h>

#define KUBELET_NODES 4u
#define KUBELET_NUMBERS 8u /* the kernel's numbers of NUMA nodes: 0 … 7 */
#define KUBELET_DEVICES 8u /* of one resource */
#define KUBELET_RESOURCES 3u
#define KUBELET_CONTAINERS 4u

enum kubelet_type { KUBELET_INIT, KUBELET_SIDECAR, KUBELET_MAIN };

struct kubelet_state {
    unsigned available[KUBELET_RESOURCES]; /* a bit per device: healthy and not given away */
    unsigned reusable[KUBELET_RESOURCES];  /* given to init containers of this pod */
};

struct kubelet {
    unsigned nnode, node[KUBELET_NODES]; /* the kernel's numbers */
    unsigned distance[KUBELET_NUMBERS][KUBELET_NUMBERS];
    bool single_numa, pod_scope, prefer_closest;
    bool only_device_nodes; /* hints of nodes with devices only, as since 1.36 */
    bool others_have_a_say; /* CPUs or foreign devices may ask for any set of nodes */
    unsigned nresource, ndevice[KUBELET_RESOURCES];
    int numa[KUBELET_RESOURCES]
            [KUBELET_DEVICES]; /* the kernel's number, -1 = the plugin says none */
    unsigned ncontainer;
    struct {
        enum kubelet_type type;
        unsigned count[KUBELET_RESOURCES];
    } container[KUBELET_CONTAINERS];
    /* What may happen: */
    bool admitted, refused;
    unsigned long steps;
};

/* Set `admitted` and `refused` by following every choice that is open. False: too many. */
bool kubelet_admit(struct kubelet *k, const struct kubelet_state *start);

#endif
