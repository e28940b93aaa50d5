/* SPDX-License-Identifier: Apache-2.0 */
/* The extenders: stanza of a KubeSchedulerConfiguration that fits this service. */
#ifndef SY_EXTENDER_SCHEDULER_CONFIG_H
#define SY_EXTENDER_SCHEDULER_CONFIG_H

#include "extender/listen.h"
#include "topology/catalogue.h"

#include <stdio.h>

/* With `bind` kube-scheduler leaves binding to us. managedResources takes exact names only: the
 * catalogue's patterns are listed in a comment. */
SY_NODISCARD enum sy_code sy_scheduler_config_write(const struct sy_catalogue *catalogue,
                                                    const struct sy_address *address, bool bind,
                                                    FILE *out, struct sy_err *err);

#endif
