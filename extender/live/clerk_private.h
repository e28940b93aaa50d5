/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the clerk's thread: the Lease, the touch that wakes, the events. */
#ifndef SY_EXTENDER_LIVE_CLERK_PRIVATE_H
#define SY_EXTENDER_LIVE_CLERK_PRIVATE_H

#include "base/kube/client.h"
#include "extender/live/clerk.h"

#define SY_LEASE_NAME "switchyard-extender"
#define SY_LEASE_S 15      /* another replica may take the Lease this long after its last change */
#define SY_LEASE_RENEW_S 5 /* and this often it is renewed: client-go's ratio of three to one */
#define SY_CLERK_CALL_MS 5000u
#define SY_WAKE_NAME "switchyard-wake"
#define SY_WAKE_ANNOTATION "switchyard.dev/woken"

/* What the thread needs for its calls; used by it alone. */
struct sy_clerk_desk {
    struct sy_kube_client *client;
    const char *namespace_, *identity;
    const atomic_bool *stopping;
};

/* One call with a JSON body (stolen; NULL = none); any answer below 300 is SY_OK, another one
 * SY_EIO with the server's words, and *ret_status is it (0 = no answer). `body_ret`: the answer's
 * body, new reference, or NULL when not wanted. */
SY_NODISCARD enum sy_code sy_desk_call(const struct sy_clerk_desk *desk, const char *method,
                                       const char *path, const char *type, json_t *body,
                                       unsigned *ret_status, json_t **body_ret, struct sy_err *err);

struct sy_lease {
    bool leads;
    int64_t renew_at_us;   /* monotonic */
    int64_t renewed_at_us; /* last success */
    int64_t changed_at_us; /* when the other holder's renewal was seen to change … */
    char seen[128];        /* … and what it was: holder and time */
};
/* Take, keep or look at the Lease. The clock of another replica is never compared with ours: its
 * Lease has run out when it did not change while we watched for SY_LEASE_S. */
SY_NODISCARD enum sy_code sy_lease_step(struct sy_lease *lease, const struct sy_clerk_desk *desk,
                                        int64_t mono_us, int64_t unix_us, struct sy_err *err);
/* Unix time until which some replica surely lived, by the Lease; 0 = nobody knows. */
int64_t sy_lease_last_alive(const struct sy_clerk_desk *desk);
/* Give it back at the end, as far as that can be done quickly. */
void sy_lease_release(struct sy_lease *lease, const struct sy_clerk_desk *desk, int64_t unix_us);

/* Touch the object that kube-scheduler watches. `node` for SY_WAKE_NODE. */
SY_NODISCARD enum sy_code sy_wake_touch(const struct sy_clerk_desk *desk, enum sy_wake wake,
                                        const char *node, int64_t unix_us, struct sy_err *err);

/* An event being kept until it is written. */
struct sy_event {
    int64_t at_us; /* monotonic: when it was handed over */
    char namespace_[254], name[254], uid[64], reason[64], note[1024];
};
/* The event's name follows from pod and reason, so that it is written once, whoever restarts. */
SY_NODISCARD enum sy_code sy_event_write(const struct sy_clerk_desk *desk,
                                         const struct sy_event *event, int64_t unix_us,
                                         struct sy_err *err);

#endif
