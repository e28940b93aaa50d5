/* SPDX-License-Identifier: Apache-2.0 */
/* All that the agent knows at one moment, from which the object is written. Everything is borrowed;
 * units stand as in the fabric. */
#ifndef SY_AGENT_REPORT_H
#define SY_AGENT_REPORT_H

#include "agent/holders.h"
#include "agent/power.h"

struct sy_report_unit {
    const char *reason; /* why it takes no new pods; NULL = it does */
    uint32_t mbps;      /* rate of its link now, MB/s; 0 = unknown */
    uint8_t width, max_width;
    bool degraded; /* the link falls short, and has for a while */
};

struct sy_report {
    const char *node, *version;
    const struct sy_fabric *fabric;
    const struct sy_report_unit *unit;  /* [fabric->nunit] */
    const struct sy_holdings *holdings; /* NULL: the kubelet has not answered since our start */
    const struct sy_power *power;
    const char *kubelet_message; /* why it does not answer; NULL = it does */
    int64_t observed_us;         /* Unix time at which the kubelet was asked last with success */
    int64_t heartbeat_us;        /* Unix time of the writing */
};

#endif
