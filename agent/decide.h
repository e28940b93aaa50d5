/* SPDX-License-Identifier: Apache-2.0 */
/* What to write now, and when to look again. Pure: the moments come from one monotonic clock. */
#ifndef SY_AGENT_DECIDE_H
#define SY_AGENT_DECIDE_H

#include "base/hash.h"
#include "topology/fabric.h"

#define SY_STATUS_GAP_US INT64_C(1000000) /* between two writes of the status */
/* Watts are held back while they change by less than this share, or by less than this much (a meter
 * of 5 W steps on a device of 60 W would write for ever), and they alone are a reason to write only
 * every 10 s: decisions use recent peaks, and 5000 nodes would make 500 writes a second of it. */
#define SY_POWER_SHARE 20 /* one part in 20: 5 % */
#define SY_POWER_STEP_MW 10000
#define SY_POWER_GAP_US INT64_C(10000000)
#define SY_BACKOFF_MIN_US INT64_C(1000000)
/* All is to be known 10 s after an outage; 5000 agents then try 1100 times a second, and a server
 * that finds this too often says when to come back. */
#define SY_BACKOFF_MAX_US INT64_C(6000000)
/* A server's wish is heeded so far: one header must not silence a node. */
#define SY_RETRY_AFTER_MAX_US INT64_C(30000000)

/* What would be written. */
struct sy_content {
    struct sy_digest spec;
    struct sy_digest status; /* of its steady part */
    unsigned nwatts;
    int64_t watts[SY_UNIT_MAX + 2]; /* the node's, its base, and each unit's; -1 = unknown */
};

/* What was written, and how it went. Starts zeroed. */
struct sy_written {
    bool has_spec, has_status; /* written since the start and not found missing again */
    struct sy_content content; /* of the last writes */
    int64_t spec_us, status_us;
    unsigned failures;     /* in a row */
    int64_t not_before_us; /* after failures, or the server's own wish */
};

enum sy_action { SY_WRITE_NOTHING, SY_WRITE_SPEC, SY_WRITE_STATUS };

/* What to do at `now_us`; SY_WRITE_NOTHING: *ret_again_us is the moment at which something is to be
 * done if nothing changes before (INT64_MAX never). The spec goes before the status. */
enum sy_action sy_decide(const struct sy_written *written, const struct sy_content *now,
                         int64_t heartbeat_us, int64_t now_us, int64_t *ret_again_us);
/* Do the watts differ so much that it is worth a write? */
bool sy_watts_differ(int64_t before_mw, int64_t now_mw);

/* Take in how a write went. `random`: any number, for the jitter: a backoff is between half and
 * whole of 1, 2, 4, 6 s. `retry_after_us`: the server's wish, 0 = none; at most
 * SY_RETRY_AFTER_MAX_US of it counts. */
void sy_decide_done(struct sy_written *written, enum sy_action action,
                    const struct sy_content *content, int64_t now_us);
void sy_decide_failed(struct sy_written *written, int64_t retry_after_us, uint32_t random,
                      int64_t now_us);

#endif
