/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kube/watch_private.h"

#include <pthread.h>
#include <string.h>

#define COLLECTIONS_MAX 16u
#define TURN_MS 30000 /* the longest sleep: nothing hangs on it but what nobody woke us for */

struct sy_kube_watches {
    struct sy_kube_watch_options options;
    char *user_agent;
    struct sy_kube_login login;
    struct sy_kube_http *http;
    struct sy_stream *stream;
    size_t n;
    bool running;
    pthread_t thread;
    atomic_bool stopping;
};

static void fill_in(struct sy_kube_watch_options *options)
{
#define OR(member, otherwise) (options->member = options->member != 0 ? options->member : otherwise)
    OR(page_size, 500);
    OR(timeout_s, 300);
    OR(silence_s, 90);
    OR(backoff_ms, 800);
    OR(backoff_max_ms, 30000);
    OR(max_objects, SY_KUBE_OBJECTS_MAX);
#undef OR
    if (options->timeout_s > 86400)
        options->timeout_s = 86400;
}

static enum sy_code make_streams(struct sy_kube_watches *watches,
                                 const struct sy_kube_collection *collections, size_t n,
                                 struct sy_err *err)
{
    watches->user_agent = sy_strdup(watches->options.user_agent);
    watches->stream = sy_calloc(n, sizeof *watches->stream);
    if (watches->user_agent == NULL || watches->stream == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for watches");
    watches->options.user_agent = watches->user_agent;
    enum sy_code code = sy_kube_http_new(&watches->http, err);
    for (size_t i = 0; code == SY_OK && i < n; i++) {
        watches->n = i + 1;
        code = sy_stream_init(&watches->stream[i], &watches->options, &collections[i],
                              &watches->login, watches->http, watches->options.seed + i, err);
    }
    return code;
}

enum sy_code sy_kube_watches_new(const struct sy_kube_watch_options *options,
                                 const struct sy_kube_collection *collections, size_t n,
                                 struct sy_kube_watches **ret, struct sy_err *err)
{
    if (n > COLLECTIONS_MAX)
        return sy_fail(err, SY_ELIMIT, "%zu collections to watch, more than %u", n,
                       COLLECTIONS_MAX);
    struct sy_kube_watches *watches = sy_calloc(1, sizeof *watches);
    if (watches == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for watches");
    watches->options = *options;
    watches->login.config = options->config;
    fill_in(&watches->options);
    enum sy_code code = make_streams(watches, collections, n, err);
    if (code == SY_OK)
        *ret = watches;
    else
        sy_kube_watches_free(watches);
    return code;
}

static void *keep_watching(void *data)
{
    struct sy_kube_watches *watches = data;
    while (!watches->stopping) {
        struct sy_kube_http_result result;
        int64_t now_us = sy_kube_http_now_us(), due_us = now_us + INT64_C(1000) * TURN_MS;
        for (struct sy_stream *ended; (ended = sy_kube_http_ended(watches->http, &result)) != NULL;)
            sy_stream_ended(ended, &result, now_us);
        for (size_t i = 0; i < watches->n; i++) {
            int64_t wants_us = sy_stream_step(&watches->stream[i], now_us);
            due_us = wants_us < due_us ? wants_us : due_us;
        }
        sy_kube_http_turn(watches->http,
                          due_us > now_us ? (unsigned)((due_us - now_us) / 1000 + 1) : 0);
    }
    return NULL;
}

enum sy_code sy_kube_watches_start(struct sy_kube_watches *watches, struct sy_err *err)
{
    int failed = pthread_create(&watches->thread, NULL, keep_watching, watches);
    if (failed != 0)
        return sy_fail(err, SY_EIO, "cannot start the watches' thread: %s", strerror(failed));
    watches->running = true;
    return SY_OK;
}

const struct sy_kube_watch_stats *sy_kube_watches_stats(const struct sy_kube_watches *watches,
                                                        size_t i)
{
    return &watches->stream[i].stats;
}

void sy_kube_watches_free(struct sy_kube_watches *watches)
{
    if (watches == NULL)
        return;
    watches->stopping = true;
    if (watches->running) {
        sy_kube_http_wake(watches->http);
        (void)pthread_join(watches->thread, NULL);
    }
    for (size_t i = 0; i < watches->n; i++)
        sy_stream_done(&watches->stream[i]);
    sy_kube_http_free(watches->http);
    sy_kube_login_done(&watches->login);
    sy_free(watches->stream);
    sy_free(watches->user_agent);
    sy_free(watches);
}
