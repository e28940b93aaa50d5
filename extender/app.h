/* SPDX-License-Identifier: Apache-2.0 */
/* The program: everything it has hangs off one struct app, built in main(). */
#ifndef SY_EXTENDER_APP_H
#define SY_EXTENDER_APP_H

#include "extender/config.h"
#include "extender/http.h"
#include "extender/keeper.h"
#include "extender/live/bind.h"
#include "extender/live/clerk.h"
#include "extender/live/live.h"
#include "extender/log.h"
#include "extender/metrics.h"
#include "extender/record.h"
#include "extender/store.h"
#include "extender/worker.h"

#include <signal.h>

#define SY_SCHEDULER_THREADS_MAX 4u
#define SY_ADMIN_THREADS 2u /* so that a large answer does not delay /healthz */

struct sy_app {
    struct sy_config config;
    struct sy_metrics metrics;
    int64_t started_us; /* Unix time */
    _Atomic bool draining;
    struct sy_log *log;
    struct sy_catalogue *catalogue;
    struct sy_store *store;
    struct sy_workers *workers[2]; /* by enum sy_listener */
    struct sy_http *http[2];
    struct sy_keeper *keeper;
    struct sy_recorder *recorder; /* NULL without --record */
    /* Of a cluster that is watched; NULL with --feed. */
    struct sy_kube_config *kube;
    struct sy_live *live;
    struct sy_live_metrics live_metrics;
    struct sy_clerk *clerk;
    struct sy_clerk_metrics clerk_metrics;
    struct sy_binder *binder; /* NULL without --bind */
    struct sy_bind_metrics bind_metrics;
};

int64_t sy_now_us(void); /* Unix time */

/* Build what answers requests: catalogue, policy, store, workers, log, and the tables of a cluster
 * that is to be watched. No threads but the log's, no sockets. The caller ends with sy_app_free,
 * also after a failure. */
SY_NODISCARD enum sy_code sy_app_init(struct sy_app *app, const struct sy_config *config,
                                      struct sy_err *err);
/* Listen, watch the feed, and serve until SIGTERM or SIGINT; then finish what is under way. These
 * and SIGHUP must be blocked in every thread, `signals` holds them. */
SY_NODISCARD enum sy_code sy_app_run(struct sy_app *app, const sigset_t *signals,
                                     struct sy_err *err);
void sy_app_free(struct sy_app *app);

/* One complete request of a route → one answer; counts it. `reply` is initialised here. */
void sy_app_serve(struct sy_app *app, const struct sy_route *route, const char *body, size_t len,
                  struct sy_reply *reply);

#endif
