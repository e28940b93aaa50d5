/* SPDX-License-Identifier: Apache-2.0 */
/* The live feed: NodeFabrics, pods and nodes as the API server tells them, and the ledger of what
 * bound pods hold. One thread (the watches') puts objects in, one (the keeper's) takes nodes out;
 * others record choices and ask. All of it stands under one lock. */
#ifndef SY_EXTENDER_LIVE_LIVE_H
#define SY_EXTENDER_LIVE_LIVE_H

#include "base/kube/watch.h"
#include "extender/feed.h"
#include "extender/live/bind.h"
#include "extender/live/clerk.h"
#include "extender/live/fields.h"
#include "extender/live/live_metrics.h"
#include "extender/log.h"
#include "scoring/policy.h"

#define SY_ASSUMED_S 60u /* a choice that no watch has confirmed after this is forgotten */

/* Where the time comes from; tests give their own. */
struct sy_live_clock {
    int64_t (*steady_us)(void *data); /* CLOCK_MONOTONIC */
    int64_t (*unix_us)(void *data);
    void *data;
};

/* Whom the ledger tells what; called with the lock held, must not call back. Each may be NULL. */
struct sy_live_out {
    void *data;
    void (*wake)(void *data, enum sy_wake_why why, const char *node);
    void (*wake_at)(void *data, int64_t unix_us);
    void (*event)(void *data, const struct sy_clerk_event *event);
};

struct sy_live_options {
    struct sy_catalogue *catalogue; /* a reference is taken */
    /* The policy in force, a new reference: predictions are made with its default profile. */
    struct sy_policy *(*policy)(void *data);
    void *policy_data;
    unsigned old_s, expired_s;  /* ages of reports; 0 = SY_REPORT_OLD_S, SY_REPORT_EXPIRED_S */
    struct sy_live_clock clock; /* zeroed = the system's */
    struct sy_live_out out;
    struct sy_log *log;              /* borrowed; NULL = say nothing */
    struct sy_live_metrics *metrics; /* borrowed */
};

struct sy_live;

/* SY_ENOMEM, SY_EIO. No thread. */
SY_NODISCARD enum sy_code sy_live_new(const struct sy_live_options *options, struct sy_live **ret,
                                      struct sy_err *err);
void sy_live_free(struct sy_live *live); /* stops the watches; takes NULL */

/* Start the watches of one API server; `config` is borrowed. SY_ENOMEM, SY_EIO. */
SY_NODISCARD enum sy_code sy_live_start(struct sy_live *live, const struct sy_kube_config *config,
                                        struct sy_err *err);
/* Before the start: no service of ours lived from that Unix time on. Pods with a requirement that
 * were bound since then were bound unseen. */
void sy_live_was_away(struct sy_live *live, int64_t since_us);
/* What the watches call, for one collection; tests call it by hand, from one thread. */
struct sy_kube_handler sy_live_handler(struct sy_live *live, enum sy_live_collection collection);
/* The feed that the keeper looks at. Its `free` ends nothing: the live feed outlives the keeper.
 * What it tells before every collection was listed once is incomplete. */
struct sy_feed *sy_live_feed(struct sy_live *live);
/* A collection that was not listed yet; NULL: every one was, once. */
const char *sy_live_awaits(struct sy_live *live);

/* Charge the pod to the node from now on, until a watch shows it bound, or SY_ASSUMED_S pass, or
 * the choice is taken back. Thread-safe. False: out of memory, or too many; the pod is then charged
 * when the watch shows it. */
bool sy_live_assume(struct sy_live *live, const struct sy_bind_args *args);
void sy_live_forget(struct sy_live *live, const struct sy_bind_args *args);
/* The two as /bind wants them. */
struct sy_bind_ledger sy_live_ledger(struct sy_live *live);

/* What the ledger knows of one node: {"report":{"age","seconds","observedTime"}|null,"pods":[{
 * "namespace","name","uid","cover","devices":[…]}],"predictions":{"same":1,…}}. A new reference;
 * *ret is NULL when there is no such node. SY_ENOMEM. Thread-safe. */
SY_NODISCARD enum sy_code sy_live_explain(struct sy_live *live, const char *node, json_t **ret,
                                          struct sy_err *err);
/* The live feed's part of /metrics. */
void sy_live_write_metrics(struct sy_live *live, struct sy_str *out);

#endif
