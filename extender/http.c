/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/http.h"

#include "extender/connections.h"

#include <limits.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY ((size_t)128 << 10) /* head of a request, and one step of its body */
#define DRAIN_MAX                                                                                  \
    ((uint64_t)256 << 20) /* of a body that is refused, so that the connection stays */
#define REQUEST_MAX_US                                                                             \
    (60 * INT64_C(1000000)) /* a body must be complete after this, moving or not */
#define SEND_MAX_S 60u
#define BODIES_MAX ((uint64_t)512 << 20) /* of all requests under way together */
#define FIRST_BODY ((size_t)256 << 10)   /* reserved on the word of a Content-Length */
#define PATH_SHOWN 128

struct request {
    uint64_t id;
    const struct sy_http *http;
    struct sy_connection *connection;
    const struct sy_route *route;
    char method[12], path[PATH_SHOWN];
    unsigned refusal; /* status of a refusal, 0 = none */
    unsigned status;  /* of the answer that was queued, 0 = none */
    int64_t begun_us, handled_us;
    uint64_t received; /* bytes of body, the dropped ones included */
    uint64_t bytes_out;
    struct sy_str body;
    bool has_note;
    struct sy_note note;
};

struct sy_http {
    struct sy_http_options options;
    struct MHD_Daemon *daemon;
    MHD_socket quiesced; /* listening no more, MHD_INVALID_SOCKET while it does */
    _Atomic bool quiet;
    _Atomic unsigned busy;
    _Atomic uint64_t next_id, bodies; /* bytes held */
    struct sy_connections *connections;
};

static int64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct sy_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void on_connection(void *data, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct sy_http *http = data;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = sy_connection_open(http->connections, info != NULL ? info->connect_fd : -1);
    } else { /* the socket is closed only after this */
        sy_connection_close(http->connections, *context);
        *context = NULL;
    }
}

bool sy_http_sweep(struct sy_http *http)
{
    unsigned closed = 0;
    bool waits = sy_connections_sweep(http->connections, &closed);
    for (; closed > 0; closed--)
        http->options.service.overdue(http->options.service.data);
    return waits && !http->quiet;
}

/* The request line is there: from now on the request has to move. */
static void *on_request_line(void *data, const char *uri, struct MHD_Connection *mhd)
{
    (void)data, (void)uri;
    sy_connection_moved(connection_of(mhd));
    return NULL;
}

static void drop_body(struct sy_http *http, struct request *request)
{
    http->bodies -= request->body.len;
    sy_str_done(&request->body);
}

static void refuse(struct sy_http *http, struct request *request, unsigned status)
{
    drop_body(http, request);
    request->refusal = status;
}

/* What the head alone tells. */
static unsigned judge_head(struct request *request, struct sy_http *http, const char *url,
                           const char *method, uint64_t length)
{
    unsigned status = sy_router_find(http->options.listener, method, url, &request->route);
    if (status != 200)
        return status;
    return length > request->route->max_body ? 413 : 0;
}

/* With the headers that are ours. */
static bool queue(struct request *request, struct MHD_Connection *mhd, unsigned status,
                  struct MHD_Response *response, const char *type)
{
    bool ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES;
    if (ok && status == 405)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, request->route->allow) ==
             MHD_YES;
    if (ok && request->http->quiet)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
    sy_connection_send(request->connection, SEND_MAX_S);
    return ok && MHD_queue_response(mhd, status, response) == MHD_YES;
}

static enum MHD_Result answer(struct request *request, struct MHD_Connection *mhd,
                              struct sy_reply *reply)
{
    struct MHD_Response *response;
    size_t len;
    if (reply->fixed == NULL && sy_str_failed(&reply->body))
        reply->fixed = "{\"error\":\"out of memory\"}";
    if (reply->fixed != NULL) {
        len = strlen(reply->fixed);
        response = MHD_create_response_from_buffer(len, (void *)(uintptr_t)reply->fixed,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        char *text = sy_str_take(&reply->body, &len);
        if (text == NULL)
            return MHD_NO;
        response = MHD_create_response_from_buffer_with_free_callback(len, text, sy_free);
        if (response == NULL)
            sy_free(text);
    }
    if (response == NULL)
        return MHD_NO;
    bool queued = queue(request, mhd, reply->status, response, reply->type);
    MHD_destroy_response(response);
    if (!queued)
        return MHD_NO;
    request->bytes_out = len;
    request->status = reply->status;
    return MHD_YES;
}

static void describe_refusal(const struct request *request, char *text, size_t size)
{
    switch (request->refusal) {
    case 404:
        (void)snprintf(text, size, "no such path on this listener");
        break;
    case 405:
        (void)snprintf(text, size, "method not allowed, expected %s", request->route->allow);
        break;
    case 413:
        (void)snprintf(text, size, "body is longer than the limit of %zu bytes",
                       request->route->max_body);
        break;
    default:
        (void)snprintf(text, size, "too much is under way, try again");
    }
}

static enum MHD_Result answer_refusal(struct request *request, struct MHD_Connection *mhd)
{
    char text[128];
    struct sy_reply reply;
    describe_refusal(request, text, sizeof text);
    sy_reply_init(&reply);
    sy_reply_error(&reply, request->refusal, text);
    enum MHD_Result result = answer(request, mhd, &reply);
    sy_reply_done(&reply);
    return result;
}

/* 0 when there is none, or none that reads as a number (the library refuses those). */
static uint64_t content_length(struct MHD_Connection *mhd)
{
    const char *text =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static bool waits_for_continue(struct MHD_Connection *mhd)
{
    const char *expect = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT);
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

static enum MHD_Result begin(struct sy_http *http, struct MHD_Connection *mhd, const char *url,
                             const char *method, void **context)
{
    struct request *request = sy_calloc(1, sizeof *request);
    if (request == NULL)
        return MHD_NO;
    *context = request;
    http->busy++;
    request->http = http;
    request->id = ++http->next_id;
    request->begun_us = monotonic_us();
    request->connection = connection_of(mhd);
    (void)snprintf(request->method, sizeof request->method, "%s", method);
    (void)snprintf(request->path, sizeof request->path, "%s", url);
    uint64_t length = content_length(mhd);
    request->refusal = judge_head(request, http, url, method, length);
    if (request->refusal != 0) {
        sy_str_init(&request->body, 0);
        /* Before the client sends it, or because it is too much to take in: the connection ends. */
        return waits_for_continue(mhd) || length > DRAIN_MAX ? answer_refusal(request, mhd)
                                                             : MHD_YES;
    }
    sy_str_init(&request->body, request->route->max_body);
    if (length > 0 && !sy_str_reserve(&request->body, length < FIRST_BODY ? length : FIRST_BODY))
        request->refusal = 503;
    return MHD_YES;
}

static enum MHD_Result take_body(struct sy_http *http, struct request *request, const char *data,
                                 size_t len)
{
    request->received += len;
    if (monotonic_us() - request->begun_us > REQUEST_MAX_US)
        return MHD_NO;
    sy_connection_moved(request->connection);
    if (request->refusal != 0)
        return request->received > DRAIN_MAX ? MHD_NO : MHD_YES;
    if (request->received > request->route->max_body) {
        refuse(http, request, 413);
        return MHD_YES;
    }
    uint64_t held = atomic_fetch_add(&http->bodies, len) + len;
    size_t before = request->body.len;
    sy_str_append_n(&request->body, data, len);
    if (held > BODIES_MAX || sy_str_failed(&request->body)) {
        http->bodies -= len - (request->body.len - before); /* what did not get in */
        refuse(http, request, 503);
    }
    return MHD_YES;
}

static enum MHD_Result finish(struct sy_http *http, struct request *request,
                              struct MHD_Connection *mhd)
{
    sy_connection_hold(request->connection);
    if (request->refusal != 0)
        return answer_refusal(request, mhd);
    struct sy_reply reply;
    int64_t from = monotonic_us();
    const struct sy_http_service *service = &http->options.service;
    const char *body = request->body.data != NULL ? request->body.data : "";
    service->serve(service->data, request->route, body, request->body.len, &reply);
    request->handled_us = monotonic_us() - from;
    drop_body(http, request);
    request->note = reply.note;
    request->has_note = true;
    enum MHD_Result result = answer(request, mhd, &reply);
    sy_reply_done(&reply);
    return result;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct sy_http *http = data;
    struct request *request = *context;
    (void)version;
    if (request == NULL)
        return begin(http, mhd, url, method, context);
    if (*upload_size > 0) {
        size_t len = *upload_size;
        *upload_size = 0;
        return take_body(http, request, upload, len);
    }
    return request->status != 0 ? MHD_YES : finish(http, request, mhd);
}

static void on_completed(void *data, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct sy_http *http = data;
    struct request *request = *context;
    *context = NULL;
    sy_connection_end(connection_of(mhd));
    if (request == NULL)
        return;
    struct sy_http_record record = {
        .id = request->id,
        .listener = http->options.listener,
        .route = request->route,
        .method = request->method,
        .path = request->path,
        .status = request->status,
        .aborted = code != MHD_REQUEST_TERMINATED_COMPLETED_OK,
        .handler_us = (uint64_t)request->handled_us,
        .total_us = (uint64_t)(monotonic_us() - request->begun_us),
        .bytes_in = request->received,
        .bytes_out = request->bytes_out,
        .note = request->has_note ? &request->note : NULL,
    };
    http->options.service.done(http->options.service.data, &record);
    drop_body(http, request);
    sy_free(request);
    http->busy--;
}

/* The library's own words go nowhere: what matters of a connection is in the request's record. */
static void ignore_message(void *data, const char *fmt, va_list args)
{
    (void)data, (void)fmt, (void)args;
}

static enum sy_code make(const struct sy_http_options *options, struct sy_http **ret,
                         struct sy_err *err)
{
    const struct sy_connections_options connections = {.socket = options->socket,
                                                       .limit = options->connections,
                                                       .idle_s = options->idle_s,
                                                       .stall_s = options->stall_s};
    if (options->tls != NULL)
        return sy_fail(err, SY_EUNSUPPORTED, "TLS is not served yet");
    struct sy_http *http = sy_calloc(1, sizeof *http);
    if (http != NULL)
        http->connections = sy_connections_new(&connections);
    if (http == NULL || http->connections == NULL) {
        sy_free(http);
        return sy_fail(err, SY_ENOMEM, "out of memory for a listener");
    }
    http->options = *options;
    http->quiesced = MHD_INVALID_SOCKET;
    *ret = http;
    return SY_OK;
}

enum sy_code sy_http_start(const struct sy_http_options *options, struct sy_http **ret,
                           struct sy_err *err)
{
    struct sy_http *http = NULL;
    enum sy_code code = make(options, &http, err);
    if (code != SY_OK) {
        (void)close(options->socket);
        return code;
    }
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem pool[] = {
        {options->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
         (intptr_t)options->threads, NULL},
        {MHD_OPTION_END, 0, NULL}};
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, ignore_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, options->socket, MHD_OPTION_ARRAY, pool,
        MHD_OPTION_CONNECTION_LIMIT, options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
    if (http->daemon == NULL) {
        sy_connections_free(http->connections);
        sy_free(http);
        /* Whether the library closed the socket depends on how far it came: leave it. */
        return sy_fail(err, SY_EIO, "cannot start the HTTP server");
    }
    *ret = http;
    return SY_OK;
}

void sy_http_quiesce(struct sy_http *http)
{
    http->quiet = true;
    http->quiesced = MHD_quiesce_daemon(http->daemon);
    if (http->quiesced != MHD_INVALID_SOCKET) /* closed only when no thread can look at it */
        (void)shutdown(http->quiesced, SHUT_RDWR);
}

unsigned sy_http_busy(const struct sy_http *http)
{
    return http->busy;
}

void sy_http_free(struct sy_http *http)
{
    if (http == NULL)
        return;
    MHD_stop_daemon(http->daemon);
    if (http->quiesced != MHD_INVALID_SOCKET)
        (void)close(http->quiesced);
    sy_connections_free(http->connections);
    sy_free(http);
}
