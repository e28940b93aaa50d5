/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the program that lives with a cluster's API server: watches, clerk and binder. */
#ifndef SY_EXTENDER_APP_LIVE_H
#define SY_EXTENDER_APP_LIVE_H

#include "extender/app.h"

/* Read the configuration and make all of it; *ret is the feed for the keeper. No threads. What was
 * made before a failure is freed by sy_app_live_free. */
SY_NODISCARD enum sy_code sy_app_live_init(struct sy_app *app, struct sy_feed **ret,
                                           struct sy_err *err);
SY_NODISCARD enum sy_code sy_app_live_start(struct sy_app *app, struct sy_err *err);
/* After the keeper; takes an app without a cluster. */
void sy_app_live_free(struct sy_app *app);
/* Their counters, as text. */
void sy_app_live_metrics(struct sy_app *app, struct sy_str *out);

#endif
