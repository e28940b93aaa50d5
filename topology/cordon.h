/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that an operator took out of service: the Node's annotation
 * switchyard.dev/cordon='0000:81:00.0=fan; 0000:82:00.0'. They take no new pods. */
#ifndef SY_TOPOLOGY_CORDON_H
#define SY_TOPOLOGY_CORDON_H

#include "topology/node.h"

#define SY_CORDON_ANNOTATION "switchyard.dev/cordon"
#define SY_CORDON_MAX 256u        /* devices of one annotation */
#define SY_CORDON_REASON_MAX 200u /* bytes of one reason */

struct sy_cordon {
    struct sy_pci_addr addr; /* any function of the device */
    const char *reason;      /* as written, cut and made printable; "" when none was */
};

/* Read the annotation's text; the result lives in the arena. Of a device that is named twice the
 * first reason counts. What is wrong is passed over and told in *ret_wrong, the first of it and how
 * much more ("'xyz' is no PCI address (dddd:bb:dd.f) (and 2 more)"; NULL = all is well): one typing
 * error must not put the other devices back into service. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_cordon_parse(const char *text, struct sy_arena *arena,
                                          struct sy_cordon **ret, size_t *ret_n,
                                          const char **ret_wrong, struct sy_err *err);

#endif
