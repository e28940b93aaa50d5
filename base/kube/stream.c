/* SPDX-License-Identifier: Apache-2.0 */
/* Which request a collection makes next, when, and what its end means. */
#include "base/kube/status.h"
#include "base/kube/watch_private.h"

#include <stdio.h>
#include <string.h>

#define PATH_LIMIT 12000u
#define REFUSAL_MAX                                                                                \
    16384u /* bytes of an answer that is no success, of which a message is taken                   \
            */
#define LIVED_US INT64_C(1000000) /* a watch that ends sooner is a failure, whatever it brought */
#define REFUSALS_MAX 5u           /* answers against one version, in a row; then list anew */

static bool is_success(unsigned status)
{
    return status >= 200 && status <= 299;
}

/* SplitMix64: 0 … bound - 1, evenly enough for jitter. */
static uint64_t random_below(struct sy_stream *stream, uint64_t bound)
{
    uint64_t z = stream->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (z ^ z >> 31) % bound;
}

/* Half to all of 2^attempt times the least wait. */
static unsigned backoff_ms(struct sy_stream *stream)
{
    uint64_t ms = stream->options->backoff_ms, most = stream->options->backoff_max_ms;
    for (unsigned i = 0; i < stream->attempt && ms < most; i++)
        ms *= 2;
    if (ms > most)
        ms = most;
    return (unsigned)(ms - random_below(stream, ms / 2 + 1));
}

static void list_anew(struct sy_stream *stream)
{
    stream->version[0] = stream->next[0] = '\0';
    stream->begun = false;
}

static void good_again(struct sy_stream *stream)
{
    if (stream->bad)
        sy_stream_note(stream, false, false, "all is well again");
    stream->bad = stream->brief = false;
}

/* The request under way is a watch that was answered, and holds. */
static bool lived(const struct sy_stream *stream, int64_t now_us)
{
    return stream->answered && stream->phase == SY_STREAM_WATCH &&
           now_us - stream->began_us >= LIVED_US;
}

/* The first sign of a request that succeeds. */
static void answered(struct sy_stream *stream)
{
    if (stream->answered)
        return;
    stream->answered = true;
    stream->token_tried = false;
    stream->stats.connected = true;
    stream->stats.heard_us = stream->heard_us = sy_kube_http_now_us();
    if (stream->phase == SY_STREAM_WATCH || stream->begun)
        return;
    stream->begun = true;
    stream->objects = stream->pages = 0;
    stream->collection.handler.begin(stream->collection.handler.data);
}

static bool take(void *data, const char *bytes, size_t len)
{
    struct sy_stream *stream = data;
    struct sy_err err = {0};
    stream->stats.bytes += len;
    stream->stats.heard_us = stream->heard_us = sy_kube_http_now_us();
    if (!is_success(sy_kube_http_status(stream->transfer))) {
        size_t room = REFUSAL_MAX - stream->refusal.len;
        sy_str_append_n(&stream->refusal, bytes, len < room ? len : room);
        return true;
    }
    answered(stream);
    struct sy_kube_extract *reader =
        stream->phase == SY_STREAM_PAGES ? stream->page : stream->events;
    if (sy_kube_extract_feed(reader, bytes, len, &err) == SY_OK) {
        if (stream->bad && !stream->brief && stream->told)
            good_again(stream);
        return true;
    }
    (void)sy_stream_fate(stream, SY_FATE_FAILED, NULL, "the answer cannot be read: %.250s",
                         err.text);
    return false;
}

static void append_escaped(struct sy_str *path, const char *text)
{
    for (; *text != '\0'; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9') || strchr("-_.~", *text) != NULL;
        if (plain)
            sy_str_append_n(path, text, 1);
        else
            sy_str_printf(path, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static void make_path(struct sy_stream *stream, struct sy_str *path)
{
    const struct sy_kube_watch_options *options = stream->options;
    sy_str_printf(path, "%s?", stream->collection.path);
    if (stream->phase == SY_STREAM_PAGES) {
        if (!stream->unpaged)
            sy_str_printf(path, "limit=%u", options->page_size);
        if (stream->next[0] != '\0')
            sy_str_append(path, "&continue=");
        append_escaped(path, stream->next);
    } else {
        unsigned timeout_s =
            options->timeout_s + (unsigned)random_below(stream, options->timeout_s);
        sy_str_printf(path, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%u", timeout_s);
        if (stream->phase == SY_STREAM_LIST)
            sy_str_append(path, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
        if (stream->phase == SY_STREAM_WATCH)
            sy_str_append(path, "&resourceVersion=");
        append_escaped(path, stream->phase == SY_STREAM_WATCH ? stream->version : "");
    }
    if (stream->collection.selector != NULL)
        sy_str_printf(path, "&%s", stream->collection.selector);
}

/* Count a failure and wait; returns for how long. `soon` as in failed(). */
static unsigned long long put_off(struct sy_stream *stream, int64_t now_us, bool soon)
{
    if (lived(stream, now_us) || (soon && !stream->expired))
        stream->attempt = 0;
    stream->expired = soon;
    stream->stats.failures++;
    uint64_t wait_ms = soon && stream->attempt == 0 ? 0 : backoff_ms(stream);
    if (stream->retry_ms > 0)
        wait_ms = stream->retry_ms + random_below(stream, stream->retry_ms / 10 + 1);
    if (stream->attempt < 31)
        stream->attempt++;
    stream->due_us = now_us + (int64_t)wait_ms * 1000;
    return wait_ms;
}

/* Something went wrong; `soon`: the version is too old, so the server is there, and the first such
 * time in a row needs no wait, whatever went before (an API server that comes back answers this).
 */
static void failed(struct sy_stream *stream, int64_t now_us, bool soon, const char *why)
{
    unsigned long long wait_ms = put_off(stream, now_us, soon);
    if (stream->phase != SY_STREAM_WATCH)
        list_anew(stream);
    bool said = stream->bad && stream->status == stream->said_status;
    stream->said_status = stream->status;
    sy_stream_note(stream, !soon, said, "%s; again in %llu ms", why, wait_ms);
    stream->bad = stream->bad || !soon;
}

/* A watch that ended properly, but much too early. The server may do so again each time: we follow
 * it as fast as the wait allows, and say it once. */
static void ended_early(struct sy_stream *stream, int64_t now_us)
{
    unsigned long long wait_ms = put_off(stream, now_us, false);
    if (!stream->brief)
        sy_stream_note(stream, true, false, "the watch ended at once; again in %llu ms", wait_ms);
    stream->bad = stream->brief = true;
    stream->said_status = stream->status;
}

static void start(struct sy_stream *stream, int64_t now_us)
{
    struct sy_err err = {0};
    struct sy_str path;
    bool pages = stream->options->no_streaming_list || stream->no_streaming || stream->paged;
    if (stream->version[0] != '\0' && stream->next[0] == '\0')
        stream->phase = SY_STREAM_WATCH;
    else if (pages || stream->next[0] != '\0')
        stream->phase = SY_STREAM_PAGES;
    else
        stream->phase = SY_STREAM_LIST;
    stream->began_us = stream->heard_us = now_us;
    stream->answered = false;
    stream->told = false;
    stream->fate = SY_FATE_NONE;
    stream->retry_ms = 0;
    sy_str_done(&stream->refusal);
    sy_kube_extract_reset(stream->phase == SY_STREAM_PAGES ? stream->page : stream->events);
    if (stream->phase == SY_STREAM_WATCH)
        stream->stats.watches++;
    else if (stream->next[0] == '\0')
        stream->stats.lists++;
    sy_str_init(&path, PATH_LIMIT);
    make_path(stream, &path);
    enum sy_code code = sy_str_failed(&path)
                            ? sy_fail(&err, SY_ENOMEM, "out of memory for a path")
                            : sy_kube_login_look(stream->login, now_us, false, &err);
    const struct sy_kube_http_request request = {.config = stream->login->config,
                                                 .token = stream->login->token,
                                                 .method = "GET",
                                                 .path = path.data,
                                                 .user_agent = stream->options->user_agent,
                                                 .fresh = stream->fresh,
                                                 .gzip = stream->phase == SY_STREAM_PAGES,
                                                 .take = take,
                                                 .data = stream};
    if (code == SY_OK)
        code = sy_kube_http_start(stream->transfer, &request, &err);
    sy_str_done(&path);
    stream->running = code == SY_OK;
    if (code != SY_OK)
        failed(stream, now_us, false, err.text);
}

static int64_t silence_us(const struct sy_stream *stream)
{
    return (int64_t)stream->options->silence_s * 1000000;
}

int64_t sy_stream_step(struct sy_stream *stream, int64_t now_us)
{
    if (!stream->running && now_us >= stream->due_us)
        start(stream, now_us);
    if (!stream->running)
        return stream->due_us;
    if (is_success(sy_kube_http_status(stream->transfer)))
        answered(stream);
    int64_t until_us = stream->heard_us + silence_us(stream);
    int64_t lived_us = stream->began_us + LIVED_US;
    if (stream->bad && lived(stream, now_us))
        good_again(stream);
    if (now_us < until_us)
        return stream->bad && lived_us < until_us && lived_us > now_us ? lived_us : until_us;
    char why[96];
    sy_kube_http_cancel(stream->transfer);
    stream->running = false;
    stream->stats.connected = false;
    stream->fresh = true; /* a connection that says nothing more is not used again */
    stream->paged = stream->paged || stream->phase == SY_STREAM_LIST;
    (void)snprintf(why, sizeof why, "nothing heard for %u s", stream->options->silence_s);
    failed(stream, now_us, false, why);
    return stream->due_us;
}

/* The server answered, and not with what was asked for. */
static void refused(struct sy_stream *stream, const struct sy_kube_http_result *result,
                    int64_t now_us)
{
    char why[320], message[200] = "";
    json_t *status = NULL;
    unsigned code = result->status;
    const char *text = stream->refusal.data != NULL ? stream->refusal.data : "";
    if (sy_kube_status_read(text, stream->refusal.len, &status, NULL) == SY_OK)
        sy_kube_status_message(status, message, sizeof message);
    stream->retry_ms = result->retry_after_ms != 0 ? result->retry_after_ms
                                                   : sy_kube_status_retry_after_ms(status);
    json_decref(status);
    (void)snprintf(why, sizeof why, "the server answers %u%s%s", code, *message != '\0' ? ": " : "",
                   message);
    bool about_query = code >= 400 && code < 500 && code != 401 && code != 403 && code != 404 &&
                       code != 408 && code != 429;
    if (code == 401 && !stream->token_tried) {
        struct sy_err err = {0};
        stream->token_tried = true;
        if (sy_kube_login_look(stream->login, now_us, true, &err) == SY_OK) {
            stream->stats.failures++;
            stream->due_us = now_us;
            return;
        }
    }
    stream->token_tried = false;
    if (stream->phase == SY_STREAM_LIST && about_query && code != 410) {
        stream->no_streaming = true;
        stream->due_us = now_us;
        return;
    }
    bool expired = code == 410 || (code == 400 && stream->phase == SY_STREAM_WATCH);
    if (expired && stream->phase == SY_STREAM_PAGES)
        stream->unpaged = stream->next[0] != '\0'; /* one page cannot expire in the middle */
    if (expired || (stream->phase == SY_STREAM_WATCH && ++stream->refusals >= REFUSALS_MAX))
        list_anew(stream);
    failed(stream, now_us, expired, why);
}

/* A whole answer of success. */
static void finished(struct sy_stream *stream, int64_t now_us)
{
    struct sy_err err = {0};
    enum sy_code code =
        sy_kube_extract_end(stream->phase == SY_STREAM_PAGES ? stream->page : stream->events, &err);
    if (code == SY_OK && stream->phase == SY_STREAM_PAGES && stream->version[0] == '\0')
        code = sy_fail(&err, SY_EPARSE, "the list has no usable resourceVersion");
    if (code == SY_OK && stream->phase == SY_STREAM_LIST) {
        stream->paged = true;
        code = sy_fail(&err, SY_EIO, "the list ended before its end");
    }
    if (code == SY_OK && stream->phase == SY_STREAM_PAGES && stream->next[0] == '\0') {
        char version[SY_KUBE_VERSION_MAX];
        memcpy(version, stream->version, sizeof version);
        code = sy_stream_listed(stream, version, &err);
        if (code != SY_OK)
            list_anew(stream);
    } else if (code == SY_OK && stream->phase == SY_STREAM_WATCH) {
        if (!lived(stream, now_us)) {
            ended_early(stream, now_us);
            return;
        }
        stream->attempt = 0;
        stream->brief = false;
    }
    if (code != SY_OK) {
        failed(stream, now_us, false, err.text);
        return;
    }
    stream->due_us = now_us;
    if (!stream->brief)
        good_again(stream);
}

void sy_stream_ended(struct sy_stream *stream, const struct sy_kube_http_result *result,
                     int64_t now_us)
{
    bool broken = !result->whole;
    if (is_success(result->status))
        answered(stream);
    stream->running = false;
    stream->stats.connected = false;
    stream->status = result->status;
    stream->fresh = broken;
    switch (stream->fate) {
    case SY_FATE_PAGES:
        stream->no_streaming = true;
        stream->due_us = now_us;
        list_anew(stream);
        return;
    case SY_FATE_LIST:
    case SY_FATE_EXPIRED:
        list_anew(stream);
        failed(stream, now_us, stream->fate == SY_FATE_EXPIRED, stream->why);
        return;
    case SY_FATE_FAILED:
        stream->paged = stream->paged || stream->phase == SY_STREAM_LIST;
        if (stream->phase == SY_STREAM_WATCH && ++stream->refusals >= REFUSALS_MAX)
            list_anew(stream);
        failed(stream, now_us, false, stream->why);
        return;
    case SY_FATE_NONE:
        break;
    }
    if (result->status != 0 && !is_success(result->status)) {
        refused(stream, result, now_us);
    } else if (broken || result->status == 0) {
        stream->paged = stream->paged || (stream->phase == SY_STREAM_LIST && stream->answered);
        failed(stream, now_us, false, result->why);
    } else {
        finished(stream, now_us);
    }
}

enum sy_code sy_stream_init(struct sy_stream *stream, const struct sy_kube_watch_options *options,
                            const struct sy_kube_collection *collection,
                            struct sy_kube_login *login, struct sy_kube_http *http, uint64_t seed,
                            struct sy_err *err)
{
    stream->options = options;
    stream->collection = *collection;
    stream->login = login;
    stream->random = seed;
    sy_str_init(&stream->refusal, REFUSAL_MAX);
    stream->arena = sy_arena_new((size_t)64 << 10);
    if (stream->arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory for a watch");
    enum sy_code code = sy_stream_readers(stream, err);
    return code == SY_OK ? sy_kube_http_transfer_new(http, stream, &stream->transfer, err) : code;
}

void sy_stream_done(struct sy_stream *stream)
{
    sy_kube_http_transfer_free(stream->transfer);
    sy_kube_extract_free(stream->events);
    sy_kube_extract_free(stream->page);
    sy_arena_free(stream->arena);
    sy_str_done(&stream->refusal);
}
