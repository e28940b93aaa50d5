/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that keeps the store up to date: it alone looks at the feed and the policy file,
 * builds the next state and publishes it. Nobody waits for it. */
#ifndef SY_EXTENDER_KEEPER_H
#define SY_EXTENDER_KEEPER_H

#include "extender/feed.h"
#include "extender/log.h"
#include "extender/metrics.h"
#include "extender/policy_file.h"
#include "extender/store.h"

/* Feed and policy file are taken over, also on failure; the rest is borrowed. */
struct sy_keeper_options {
    struct sy_feed *feed;
    struct sy_policy_file *policy_file;
    struct sy_store *store;
    struct sy_metrics *metrics;
    struct sy_log *log;
    unsigned rescan_s;
};

struct sy_keeper;

/* SY_ENOMEM, SY_EIO. No thread yet. */
SY_NODISCARD enum sy_code sy_keeper_new(const struct sy_keeper_options *options,
                                        struct sy_keeper **ret, struct sy_err *err);
/* One round in the calling thread: look (at all, or at what notices named), and publish what
 * changed. For the thread, tests and --check. Returns after how many ms something wants another
 * look, 0 = nothing does. */
unsigned sy_keeper_round(struct sy_keeper *keeper, bool all);
SY_NODISCARD enum sy_code sy_keeper_start(struct sy_keeper *keeper, struct sy_err *err);
void sy_keeper_rescan(struct sy_keeper *keeper); /* look at everything soon; thread-safe */
void sy_keeper_free(struct sy_keeper *keeper);   /* stops the thread; takes NULL */

#endif
