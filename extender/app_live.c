/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/app_live.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#define OUR_NAMESPACE "switchyard-system" /* of the manifests that we ship */

/* What the live feed finds out, to whom it concerns. */
static void wake(void *data, enum sy_wake_why why, const char *node)
{
    sy_clerk_wake(((struct sy_app *)data)->clerk, why, node);
}

static void wake_at(void *data, int64_t unix_us)
{
    sy_clerk_wake_at(((struct sy_app *)data)->clerk, unix_us);
}

static void write_event(void *data, const struct sy_clerk_event *event)
{
    sy_clerk_event(((struct sy_app *)data)->clerk, event);
}

static struct sy_policy *policy_in_force(void *data)
{
    struct sy_state *state = sy_store_take(((struct sy_app *)data)->store);
    struct sy_policy *policy = sy_policy_ref(state->policy);
    sy_state_unref(state);
    return policy;
}

static enum sy_code make_live(struct sy_app *app, struct sy_err *err)
{
    const struct sy_live_options options = {
        .catalogue = app->catalogue,
        .policy = policy_in_force,
        .policy_data = app,
        .old_s = app->config.report_old_s,
        .expired_s = app->config.report_expired_s,
        .out = {.data = app, .wake = wake, .wake_at = wake_at, .event = write_event},
        .log = app->log,
        .metrics = &app->live_metrics};
    return sy_live_new(&options, &app->live, err);
}

/* In a pod the pod's own, else where the manifests put our rights. */
static const char *own_namespace(const struct sy_app *app)
{
    const char *ours = app->config.namespace_;
    if (ours == NULL && app->config.in_cluster)
        ours = sy_kube_config_namespace(app->kube);
    return ours != NULL ? ours : OUR_NAMESPACE;
}

/* Two replicas on one host, or one that was restarted, are not the same. */
static enum sy_code make_clerk(struct sy_app *app, struct sy_err *err)
{
    char host[65] = "", identity[96];
    uint64_t random = 0;
    (void)gethostname(host, sizeof host - 1);
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = (uint64_t)sy_now_us();
    (void)snprintf(identity, sizeof identity, "%s_%016" PRIx64, host, random);
    const struct sy_clerk_options options = {.config = app->kube,
                                             .namespace_ = own_namespace(app),
                                             .identity = identity,
                                             .wake = app->config.wake,
                                             .log = app->log,
                                             .metrics = &app->clerk_metrics};
    return sy_clerk_new(&options, &app->clerk, err);
}

enum sy_code sy_app_live_init(struct sy_app *app, struct sy_feed **ret, struct sy_err *err)
{
    const struct sy_config *config = &app->config;
    enum sy_code code = config->in_cluster
                            ? sy_kube_config_in_cluster(NULL, &app->kube, err)
                            : sy_kube_config_file(config->kubeconfig, &app->kube, err);
    if (code != SY_OK)
        return sy_wrap(err, config->in_cluster ? "--in-cluster" : "--kubeconfig");
    code = make_live(app, err);
    if (code == SY_OK)
        code = make_clerk(app, err);
    if (code == SY_OK && config->bind) {
        const struct sy_bind_ledger ledger = sy_live_ledger(app->live);
        code = sy_binder_new(app->kube, &ledger, &app->bind_metrics, &app->binder, err);
    }
    if (code == SY_OK)
        *ret = sy_live_feed(app->live);
    return code;
}

enum sy_code sy_app_live_start(struct sy_app *app, struct sy_err *err)
{
    if (app->live == NULL)
        return SY_OK;
    sy_live_was_away(app->live, sy_clerk_last_alive(app->clerk));
    enum sy_code code = sy_clerk_start(app->clerk, err);
    return code != SY_OK ? code : sy_live_start(app->live, app->kube, err);
}

void sy_app_live_free(struct sy_app *app)
{
    sy_live_free(app->live);
    sy_clerk_free(app->clerk);
    sy_binder_free(app->binder);
    sy_kube_config_free(app->kube);
}

static void write_clerk(const struct sy_clerk_metrics *m, struct sy_str *out)
{
    static const char *const whys[] = {
#define X(id, name) [SY_WAKE_WHY_##id] = name,
        SY_WAKE_WHYS(X)
#undef X
    };
    static const char wanted[] = "switchyard_wakes_wanted_total";
    static const char wakes[] = "switchyard_wakes_total", events[] = "switchyard_events_total";
    sy_metrics_single(out, "switchyard_leader", "gauge",
                      "1 when this replica wakes and writes events.", m->leads);
    sy_metrics_describe(out, wanted, "counter",
                        "What may have turned a refusal while pods waited.");
    for (size_t i = 0; i < SY_WAKE_WHY_COUNT; i++)
        sy_metrics_sample(out, wanted, "why", whys[i], NULL, NULL, m->wakes_wanted[i]);
    sy_metrics_describe(out, wakes, "counter",
                        "Objects touched so that refused pods are tried again.");
    sy_metrics_sample(out, wakes, "result", "done", NULL, NULL, m->wakes_done);
    sy_metrics_sample(out, wakes, "result", "failed", NULL, NULL, m->wakes_failed);
    sy_metrics_describe(out, events, "counter", "Events about pods.");
    sy_metrics_sample(out, events, "result", "written", NULL, NULL, m->events_written);
    sy_metrics_sample(out, events, "result", "failed", NULL, NULL, m->events_failed);
    sy_metrics_sample(out, events, "result", "dropped", NULL, NULL, m->events_dropped);
}

static void write_binds(const struct sy_bind_metrics *m, struct sy_str *out)
{
    static const char binds[] = "switchyard_binds_total";
    sy_metrics_describe(out, binds, "counter", "Bindings posted for kube-scheduler.");
    sy_metrics_sample(out, binds, "result", "bound", NULL, NULL, m->bound);
    sy_metrics_sample(out, binds, "result", "refused", NULL, NULL, m->refused);
    sy_metrics_sample(out, binds, "result", "unknown", NULL, NULL, m->unknown);
}

void sy_app_live_metrics(struct sy_app *app, struct sy_str *out)
{
    if (app->live == NULL)
        return;
    sy_live_write_metrics(app->live, out);
    write_clerk(&app->clerk_metrics, out);
    write_binds(&app->bind_metrics, out);
}
