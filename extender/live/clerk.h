/* SPDX-License-Identifier: Apache-2.0 */
/* What the service tells the API server, beside bindings: it wakes pods that wait, and writes
 * events. One thread with bounded lists; nobody waits for it. Several replicas agree by a Lease
 * which one speaks. */
#ifndef SY_EXTENDER_LIVE_CLERK_H
#define SY_EXTENDER_LIVE_CLERK_H

#include "base/kube/config.h"
#include "extender/live/wake.h"
#include "extender/log.h"

#include <stdatomic.h>

/* X(id, name): why a refusal may no longer hold */
#define SY_WAKE_WHYS(X)                                                                            \
    X(FREED, "freed")                                                                              \
    X(NODE, "node-appeared")                                                                       \
    X(HEALTH, "health")                                                                            \
    X(POWER, "power")                                                                              \
    X(POLICY, "policy")                                                                            \
    X(RELAXED, "require-for-ended")
enum sy_wake_why {
#define X(id, name) SY_WAKE_WHY_##id,
    SY_WAKE_WHYS(X)
#undef X
        SY_WAKE_WHY_COUNT
};

struct sy_clerk_metrics {
    _Atomic uint64_t wakes_wanted[SY_WAKE_WHY_COUNT];
    _Atomic uint64_t wakes_done, wakes_failed;
    _Atomic uint64_t events_written, events_failed, events_dropped;
    atomic_bool leads;
};

struct sy_clerk_options {
    const struct sy_kube_config *config; /* borrowed */
    const char *namespace_;              /* our own: of Lease and CSIStorageCapacity */
    const char *identity;                /* of this replica, unique */
    enum sy_wake wake;
    unsigned wake_every_ms; /* not more often than this, 0 = 1000 */
    struct sy_log *log;
    struct sy_clerk_metrics *metrics;
};

struct sy_clerk;

/* Strings are copied. SY_ENOMEM, SY_EIO. No thread yet. */
SY_NODISCARD enum sy_code sy_clerk_new(const struct sy_clerk_options *options,
                                       struct sy_clerk **ret, struct sy_err *err);
SY_NODISCARD enum sy_code sy_clerk_start(struct sy_clerk *clerk, struct sy_err *err);
void sy_clerk_free(struct sy_clerk *clerk); /* stops the thread; takes NULL */
/* Before the start: Unix time until which a replica of ours surely lived, asked of the API server;
 * 0 = nobody knows. Waits for the answer, at most two seconds. */
int64_t sy_clerk_last_alive(struct sy_clerk *clerk);

/* All of the following are cheap, thread-safe, take a NULL clerk and do nothing then. */

/* Try refused pods again, as soon as the rate allows. To be called only while some pod that asks
 * for our devices waits unbound. `node`: one that it is about, for SY_WAKE_NODE; NULL = any known
 * before. */
void sy_clerk_wake(struct sy_clerk *clerk, enum sy_wake_why why, const char *node);
/* The same, once that time (Unix, us) has come: the end of a pod's require-for. The earliest of
 * several is kept, and the caller says the next one after it. */
void sy_clerk_wake_at(struct sy_clerk *clerk, int64_t unix_us);

struct sy_clerk_event {
    const char *namespace_, *name, *uid; /* of the pod */
    const char *reason;                  /* "RequirementViolated": CamelCase, one word */
    const char *note;                    /* for people; cut at 1,000 bytes */
};
/* A Warning event about a pod; a pod's same reason is written once in ten minutes. Copied. */
void sy_clerk_event(struct sy_clerk *clerk, const struct sy_clerk_event *event);

#endif
