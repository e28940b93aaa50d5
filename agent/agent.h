/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as a whole: what it knows, the looks that make it know more, and what it writes. One
 * thread; nothing here waits but the calls to the kubelet (2 s) and to the API server (5 s). */
#ifndef SY_AGENT_AGENT_H
#define SY_AGENT_AGENT_H

#include "agent/asker.h"
#include "agent/decide.h"
#include "agent/document.h"
#include "agent/health.h"
#include "agent/machine.h"
#include "agent/observe.h"
#include "agent/publish.h"
#include "topology/cordon.h"

/* While the kubelet has not answered since our start, the status of our predecessor stands for so
 * long: it ages by its own time. Then the node's holders are said to be unknown. */
#define SY_AGENT_GRACE_US INT64_C(30000000)
#define SY_AGENT_NODE_US INT64_C(10000000) /* between two readings of our Node */

struct sy_unit_state {
    struct sy_health health;
    bool was_offered;
    struct sy_look look;
    struct sy_link_now link;
};

struct sy_agent {
    const struct sy_agent_config *config;
    const atomic_bool *stop;
    struct sy_vendor *vendor;
    struct sy_sensors *sensors;
    struct sy_machine machine;
    struct sy_unit_state state[SY_UNIT_MAX]; /* by the fabric's units */
    struct sy_asker asker;
    struct sy_memory memory;
    struct sy_power power;
    struct sy_arena *cordon_arena;
    struct sy_cordon *cordon;
    size_t ncordon;
    struct sy_kube_config *kube;
    struct sy_publisher publisher; /* without a client: no API server */
    bool restored;                 /* our predecessor's object was asked for */
    struct sy_arena *round;        /* texts of one report */
    struct sy_report_unit unit[SY_UNIT_MAX];
    struct sy_written written;
    int64_t start_us; /* monotonic, as all but what says Unix time */
    int64_t again_us; /* when something is to be written, if nothing changes */
    uint32_t random;
    struct sy_agent_said said_scan, said_kubelet, said_node, said_cordon, said_write, said_limit;
    struct sy_agent_said said_unmapped;
};

/* `agent` starts zeroed; free it also after a failure. */
SY_NODISCARD enum sy_code sy_agent_init(struct sy_agent *agent,
                                        const struct sy_agent_config *config,
                                        const atomic_bool *stop, struct sy_err *err);
void sy_agent_done(struct sy_agent *agent);

/* Scan the hardware when it changed, or when told to. SY_OK also when an earlier scan still stands
 * (the failure is in the log). */
SY_NODISCARD enum sy_code sy_agent_scan(struct sy_agent *agent, bool always, struct sy_err *err);
/* Ask the kubelet, look at every unit, read the sensors. There was a scan before. */
void sy_agent_look(struct sy_agent *agent);
/* Read the Node's annotation. */
void sy_agent_read_node(struct sy_agent *agent);
/* Ask once for what our predecessor wrote; false while that is to be tried again. */
bool sy_agent_restore(struct sy_agent *agent);
/* What is known now; lives until the next call. SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_agent_report(struct sy_agent *agent, struct sy_report *ret,
                                          struct sy_err *err);
/* Write what is due. `always`: the object and its status, now. SY_EIO: the last write failed (it is
 * in the log, too). */
SY_NODISCARD enum sy_code sy_agent_write(struct sy_agent *agent, bool always, struct sy_err *err);

int64_t sy_agent_clock_us(void); /* monotonic */
int64_t sy_agent_unix_us(void);

#endif
