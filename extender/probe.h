/* SPDX-License-Identifier: Apache-2.0 */
/* Ask a running service how it is, for a pod's exec probes: the admin listener is on the loopback,
 * where the kubelet cannot reach it. */
#ifndef SY_EXTENDER_PROBE_H
#define SY_EXTENDER_PROBE_H

#include "extender/listen.h"

/* GET /`what` ("healthz", "readyz") of the admin listener at `admin`, within two seconds. SY_OK:
 * the answer was 200. SY_EIO otherwise, with the status and the answer's first line. */
SY_NODISCARD enum sy_code sy_probe(const struct sy_address *admin, const char *what,
                                   struct sy_err *err);

#endif
