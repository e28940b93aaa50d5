/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/app.h"

#include "extender/app_live.h"
#include "extender/feed_dir.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 250000000        /* how often overdue connections are looked for */
#define CROWDED_TICK_NS 20000000 /* while somebody waits for a place */
#define DRAIN_MS 5000
#define LARGE_BYTES ((uint64_t)8 << 20) /* a request this large happens rarely */
#define DRAIN_STEP_MS 5
#define LEAVE_S 10 /* after draining: a pod has 30 s in all by default */

int64_t sy_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t scheduler_threads(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 2                                ? 2
           : cpus > (long)SY_SCHEDULER_THREADS_MAX ? SY_SCHEDULER_THREADS_MAX
                                                   : (size_t)cpus;
}

static void report_file(void *data, const char *file, const char *text)
{
    struct sy_app *app = data;
    struct sy_log_line line;
    sy_log_begin(&line, app->log, text != NULL ? SY_LEVEL_ERROR : SY_LEVEL_INFO,
                 text != NULL ? "feed file refused, the last good one stays"
                              : "feed file good again");
    sy_log_str(&line, "file", file);
    sy_log_str(&line, "error", text);
    sy_log_end(&line);
}

/* A store that holds no nodes yet. */
static enum sy_code make_store(struct sy_app *app, struct sy_policy *policy, struct sy_err *err)
{
    struct sy_cluster *empty = NULL;
    struct sy_state *first = NULL;
    enum sy_code code = sy_cluster_new(NULL, 0, 0, &empty, err);
    if (code == SY_OK)
        code = sy_state_new(app->catalogue, policy, empty, false, app->started_us, &first, err);
    sy_cluster_unref(empty);
    return code != SY_OK ? code : sy_store_new(first, &app->store, err);
}

static enum sy_code make_feed(struct sy_app *app, struct sy_feed **ret, struct sy_err *err)
{
    if (app->config.feed == NULL)
        return sy_app_live_init(app, ret, err);
    if (sy_feed_dir_new(app->config.feed, app->catalogue, report_file, app, ret, err) != SY_OK)
        return sy_wrap(err, "--feed");
    return SY_OK;
}

static enum sy_code make_keeper(struct sy_app *app, struct sy_policy_file *policy_file,
                                struct sy_err *err)
{
    struct sy_keeper_options options = {.policy_file = policy_file,
                                        .store = app->store,
                                        .metrics = &app->metrics,
                                        .log = app->log,
                                        .rescan_s = app->config.rescan_s};
    enum sy_code code = make_feed(app, &options.feed, err);
    if (code == SY_OK)
        return sy_keeper_new(&options, &app->keeper, err);
    sy_policy_file_free(policy_file);
    return code;
}

static enum sy_code make_recorder(struct sy_app *app, struct sy_err *err)
{
    const struct sy_config *config = &app->config;
    const struct sy_recorder_options options = {.folder = config->record,
                                                .policy = config->policy,
                                                .catalogue = config->catalogue,
                                                .ncatalogue = config->ncatalogue,
                                                .max = config->record_max,
                                                .log = app->log};
    if (config->record == NULL)
        return SY_OK;
    if (sy_recorder_new(&options, &app->recorder, err) != SY_OK)
        return sy_wrap(err, "--record");
    return SY_OK;
}

enum sy_code sy_app_init(struct sy_app *app, const struct sy_config *config, struct sy_err *err)
{
    memset(app, 0, sizeof *app);
    app->config = *config;
    app->started_us = sy_now_us();
    struct sy_policy_file *policy_file = NULL;
    struct sy_policy *policy = NULL;
    enum sy_code code =
        sy_catalogue_load(config->catalogue, config->ncatalogue, &app->catalogue, err);
    if (code == SY_OK)
        code = sy_policy_file_new(config->policy, &policy_file, err);
    if (code == SY_OK)
        code = sy_policy_file_look(policy_file, &policy, err);
    if (code == SY_OK)
        code = make_store(app, policy, err);
    sy_policy_unref(policy);
    if (code == SY_OK)
        code = sy_workers_new(scheduler_threads(), &app->workers[SY_LISTENER_SCHEDULER], err);
    if (code == SY_OK)
        code = sy_workers_new(SY_ADMIN_THREADS, &app->workers[SY_LISTENER_ADMIN], err);
    if (code == SY_OK)
        code = sy_log_new(config->log_fd, config->log, &app->log, err);
    if (code == SY_OK)
        code = make_recorder(app, err);
    if (code != SY_OK) {
        sy_policy_file_free(policy_file);
        return code;
    }
    return make_keeper(app, policy_file, err);
}

void sy_app_serve(struct sy_app *app, const struct sy_route *route, const char *body, size_t len,
                  struct sy_reply *reply)
{
    sy_reply_init(reply);
    struct sy_workers *workers = app->workers[route->listener];
    struct sy_call call = {
        .body = body, .len = len, .now_us = sy_now_us(), .worker = sy_workers_take(workers)};
    if (call.worker == NULL) {
        sy_reply_error(reply, 503, "too much is under way, try again");
        return;
    }
    struct sy_state *state = sy_store_take(app->store);
    call.state = state;
    route->handle(app, &call, reply);
    sy_record(app->recorder, route->id, &call, reply);
    sy_state_unref(state);
    sy_workers_give_back(workers, call.worker);
}

static void serve(void *data, const struct sy_route *route, const char *body, size_t len,
                  struct sy_reply *reply)
{
    sy_app_serve(data, route, body, len, reply);
}

static const char *none_if_empty(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* Health checks and scrapes come every few seconds and say nothing while they succeed. */
static bool is_dull(const struct sy_http_record *record)
{
    if (record->route == NULL || record->status != 200 || record->aborted)
        return false;
    enum sy_route_id id = record->route->id;
    return id == SY_ROUTE_HEALTHZ || id == SY_ROUTE_READYZ || id == SY_ROUTE_METRICS;
}

/* The C library keeps what a large answer was made of, in every thread that made one. */
static void give_memory_back(const struct sy_http_record *record)
{
#ifdef __GLIBC__
    if (record->bytes_in + record->bytes_out > LARGE_BYTES)
        (void)malloc_trim(0);
#else
    (void)record;
#endif
}

static void done(void *data, const struct sy_http_record *record)
{
    struct sy_app *app = data;
    enum sy_route_id route = record->route != NULL ? record->route->id : SY_ROUTE_NONE;
    if (record->status != 0)
        sy_metrics_request(&app->metrics, route, record->status, record->handler_us,
                           record->bytes_in, record->bytes_out);
    if (record->aborted)
        sy_count(&app->metrics.aborted, 1);
    give_memory_back(record);
    if (is_dull(record))
        return;
    struct sy_log_line line;
    sy_log_begin(&line, app->log, record->status != 0 ? SY_LEVEL_INFO : SY_LEVEL_WARN, "request");
    sy_log_u64(&line, record->listener == SY_LISTENER_ADMIN ? "adminId" : "id", record->id);
    sy_log_str(&line, "method", record->method);
    sy_log_str(&line, "path", record->path);
    sy_log_u64(&line, "status", record->status);
    if (record->aborted)
        sy_log_str(&line, "aborted", "true");
    if (record->note != NULL) {
        sy_log_str(&line, "namespace", none_if_empty(record->note->namespace_));
        sy_log_str(&line, "pod", none_if_empty(record->note->name));
        sy_log_str(&line, "uid", none_if_empty(record->note->uid));
        if (record->note->has_nodes) {
            sy_log_u64(&line, "nodesIn", record->note->nodes_in);
            sy_log_u64(&line, "nodesOut", record->note->nodes_out);
        }
    }
    sy_log_u64(&line, "us", record->handler_us);
    sy_log_u64(&line, "totalUs", record->total_us);
    sy_log_u64(&line, "bytesIn", record->bytes_in);
    sy_log_u64(&line, "bytesOut", record->bytes_out);
    sy_log_end(&line);
}

static void overdue(void *data)
{
    struct sy_app *app = data;
    sy_count(&app->metrics.overdue, 1);
}

static enum sy_code start_listener(struct sy_app *app, enum sy_listener listener,
                                   struct sy_address *address, struct sy_err *err)
{
    int fd;
    enum sy_code code = sy_address_listen(address, &fd, err);
    if (code != SY_OK)
        return code;
    bool admin = listener == SY_LISTENER_ADMIN;
    struct sy_http_options options = {
        .socket = fd,
        .listener = listener,
        .threads = admin ? SY_ADMIN_THREADS : (unsigned)scheduler_threads(),
        .connections = admin ? 64 : app->config.connections,
        .idle_s = app->config.idle_s,
        .stall_s = app->config.stall_s,
        .service = {.data = app, .serve = serve, .done = done, .overdue = overdue},
    };
    return sy_http_start(&options, &app->http[listener], err);
}

static void log_start(struct sy_app *app)
{
    char listen[SY_ADDRESS_TEXT], admin[SY_ADDRESS_TEXT];
    struct sy_log_line line;
    if (app->config.log == SY_LOG_JSON)
        sy_log_begin(&line, app->log, SY_LEVEL_INFO, "listening");
    else /* others read this line: nothing but the two */
        sy_log_begin_bare(&line, app->log);
    sy_log_str(&line, "listen", sy_address_format(&app->config.listen, listen));
    sy_log_str(&line, "admin", sy_address_format(&app->config.admin, admin));
    sy_log_end(&line);
    bool remote =
        !sy_address_is_loopback(&app->config.listen) || !sy_address_is_loopback(&app->config.admin);
    sy_log_begin(&line, app->log, remote ? SY_LEVEL_WARN : SY_LEVEL_INFO,
                 remote ? "started, plain HTTP beyond loopback" : "started");
    sy_log_str(&line, "version", SY_VERSION);
    sy_log_str(&line, "feed", app->config.feed);
    sy_log_str(&line, "server", app->kube != NULL ? sy_kube_config_server(app->kube) : NULL);
    sy_log_str(&line, "policy", app->config.policy);
    sy_log_end(&line);
}

static void say(struct sy_app *app, const char *msg)
{
    struct sy_log_line line;
    sy_log_begin(&line, app->log, SY_LEVEL_INFO, msg);
    sy_log_end(&line);
}

/* True when it is to be done again soon. */
static bool sweep(struct sy_app *app)
{
    bool scheduler_waits = sy_http_sweep(app->http[SY_LISTENER_SCHEDULER]);
    bool admin_waits = sy_http_sweep(app->http[SY_LISTENER_ADMIN]);
    return scheduler_waits || admin_waits;
}

static void drain(struct sy_app *app)
{
    app->draining = true;
    say(app, "draining");
    sy_http_quiesce(app->http[SY_LISTENER_SCHEDULER]);
    for (int waited = 0; waited < DRAIN_MS; waited += DRAIN_STEP_MS) {
        if (sy_http_busy(app->http[SY_LISTENER_SCHEDULER]) == 0 &&
            sy_http_busy(app->http[SY_LISTENER_ADMIN]) == 0)
            break;
        const struct timespec step = {.tv_nsec = DRAIN_STEP_MS * 1000000L};
        (void)nanosleep(&step, NULL);
        (void)sweep(app);
    }
}

/* A thread of a library that does not end must not keep us: whoever sent the signal would kill us,
 * later and without a word. */
static void leave(int signal)
{
    static const char text[] = SY_PROGRAM ": a thread did not end in time, left behind\n";
    (void)signal;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(written < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void leave_in_time(void)
{
    const struct sigaction action = {.sa_handler = leave};
    if (sigaction(SIGALRM, &action, NULL) == 0)
        (void)alarm(LEAVE_S);
}

static void wait_for_end(struct sy_app *app, const sigset_t *signals)
{
    struct timespec tick = {.tv_nsec = TICK_NS};
    for (;;) {
        int signal = sigtimedwait(signals, NULL, &tick);
        tick.tv_nsec = sweep(app) ? CROWDED_TICK_NS : TICK_NS;
        if (signal == SIGHUP)
            sy_keeper_rescan(app->keeper);
        else if (signal > 0)
            return;
    }
}

enum sy_code sy_app_run(struct sy_app *app, const sigset_t *signals, struct sy_err *err)
{
    enum sy_code code = start_listener(app, SY_LISTENER_SCHEDULER, &app->config.listen, err);
    if (code == SY_OK)
        code = start_listener(app, SY_LISTENER_ADMIN, &app->config.admin, err);
    if (code == SY_OK) {
        log_start(app);
        code = sy_keeper_start(app->keeper, err);
    }
    if (code == SY_OK)
        code = sy_app_live_start(app, err);
    if (code != SY_OK)
        return code;
    wait_for_end(app, signals);
    drain(app);
    leave_in_time();
    return SY_OK;
}

void sy_app_free(struct sy_app *app)
{
    sy_http_free(app->http[SY_LISTENER_SCHEDULER]);
    sy_http_free(app->http[SY_LISTENER_ADMIN]);
    sy_keeper_free(app->keeper);
    sy_app_live_free(app);
    sy_store_free(app->store);
    sy_workers_free(app->workers[SY_LISTENER_SCHEDULER]);
    sy_workers_free(app->workers[SY_LISTENER_ADMIN]);
    sy_recorder_free(app->recorder);
    sy_catalogue_unref(app->catalogue);
    if (app->draining)
        say(app, "stopped");
    sy_log_free(app->log);
}
