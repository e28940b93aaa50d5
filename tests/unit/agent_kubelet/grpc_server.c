/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/agent_kubelet/grpc_server.h"

#include "tests/lib/run.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct grpc_server {
    const struct grpc_script *script;
    size_t nscript;
    int listener, stop, peer;
    char path[128];
    pthread_t thread;
    struct grpc_seen seen;
    /* of the connection that is open */
    const struct grpc_script *now;
    size_t sent;
    bool close_now;
};

static nghttp2_nv header(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

static size_t status_headers(const struct grpc_script *script, nghttp2_nv *ret)
{
    size_t n = 0;
    if (script->grpc_status != NULL)
        ret[n++] = header("grpc-status", script->grpc_status);
    if (script->grpc_message != NULL)
        ret[n++] = header("grpc-message", script->grpc_message);
    return n;
}

static ssize_t give_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *data)
{
    struct grpc_server *server = data;
    const struct grpc_script *script = server->now;
    nghttp2_nv trailer[2];
    (void)source;
    size_t n = script->len - server->sent;
    if (script->piece != 0 && n > script->piece)
        n = script->piece;
    if (n > length)
        n = length;
    if (n > 0)
        memcpy(buf, (const char *)script->body + server->sent, n);
    server->sent += n;
    if (server->sent < script->len)
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    size_t ntrailer = status_headers(script, trailer);
    if (ntrailer > 0 || script->cut || script->reset)
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (script->reset)
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_INTERNAL_ERROR);
    else if (ntrailer > 0 && !script->cut)
        (void)nghttp2_submit_trailer(session, stream, trailer, ntrailer);
    server->close_now = script->cut;
    return (ssize_t)n;
}

static void answer(struct grpc_server *server, nghttp2_session *session, int32_t stream)
{
    const struct grpc_script *script = server->now;
    nghttp2_nv headers[4];
    size_t n = 0;
    server->seen.calls++;
    if (script->silent)
        return;
    server->sent = 0;
    headers[n++] = header(":status", script->http_status != NULL ? script->http_status : "200");
    headers[n++] = header("content-type",
                          script->content_type != NULL ? script->content_type : "application/grpc");
    if (script->trailers_only) {
        n += status_headers(script, headers + n);
        (void)nghttp2_submit_response(session, stream, headers, n, NULL);
        return;
    }
    const nghttp2_data_provider provider = {.read_callback = give_body};
    (void)nghttp2_submit_response(session, stream, headers, n, &provider);
}

static const struct grpc_script *script_for(const struct grpc_server *server)
{
    for (size_t i = 0; i < server->nscript; i++) {
        if (server->script[i].path == NULL ||
            strcmp(server->script[i].path, server->seen.path) == 0)
            return &server->script[i];
    }
    return &server->script[0];
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    struct grpc_server *server = data;
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        server->now = script_for(server);
        answer(server, session, frame->hd.stream_id);
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *data)
{
    struct grpc_server *server = data;
    struct grpc_seen *seen = &server->seen;
    const struct {
        const char *name;
        char *to;
        size_t size;
    } kept[] = {{":method", seen->method, sizeof seen->method},
                {":path", seen->path, sizeof seen->path},
                {"content-type", seen->content_type, sizeof seen->content_type},
                {"te", seen->te, sizeof seen->te},
                {"grpc-timeout", seen->timeout, sizeof seen->timeout}};
    (void)session;
    (void)frame;
    (void)flags;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (name_len == strlen(kept[i].name) && memcmp(name, kept[i].name, name_len) == 0)
            (void)snprintf(kept[i].to, kept[i].size, "%.*s", (int)value_len, (const char *)value);
    }
    seen->len = 0;
    return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                    size_t len, void *data)
{
    struct grpc_server *server = data;
    (void)session;
    (void)flags;
    (void)stream;
    if (len <= sizeof server->seen.body - server->seen.len)
        memcpy(server->seen.body + server->seen.len, bytes, len);
    server->seen.len += len;
    return 0;
}

static ssize_t on_send(nghttp2_session *session, const uint8_t *bytes, size_t len, int flags,
                       void *data)
{
    const struct grpc_server *server = data;
    (void)session;
    (void)flags;
    ssize_t n = send(server->peer, bytes, len, MSG_NOSIGNAL);
    return n < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : n;
}

static nghttp2_session *new_session(struct grpc_server *server)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
    int failed = nghttp2_session_server_new(&session, callbacks, server);
    nghttp2_session_callbacks_del(callbacks);
    if (failed != 0)
        return NULL;
    (void)nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    return session;
}

static bool wait_for(const struct grpc_server *server, int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = server->stop, .events = POLLIN}};
    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

static void serve(struct grpc_server *server)
{
    uint8_t bytes[16384];
    nghttp2_session *session = new_session(server);
    server->close_now = false;
    while (session != NULL && !server->close_now && nghttp2_session_send(session) == 0 &&
           !server->close_now && wait_for(server, server->peer)) {
        ssize_t n = recv(server->peer, bytes, sizeof bytes, 0);
        if (n <= 0 || nghttp2_session_mem_recv(session, bytes, (size_t)n) < 0)
            break;
    }
    nghttp2_session_del(session);
}

static void *run(void *data)
{
    struct grpc_server *server = data;
    while (wait_for(server, server->listener)) {
        server->peer = accept(server->listener, NULL, NULL);
        if (server->peer < 0)
            continue;
        const char *raw = server->script[0].raw;
        if (raw != NULL) {
            (void)!send(server->peer, raw, strlen(raw), MSG_NOSIGNAL);
            (void)shutdown(server->peer, SHUT_WR);
            while (wait_for(server, server->peer) && recv(server->peer, (char[256]){0}, 256, 0) > 0)
                ;
        } else {
            serve(server);
        }
        (void)close(server->peer);
    }
    return NULL;
}

struct grpc_server *grpc_server_start(const char *path, const struct grpc_script *script, size_t n)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct grpc_server *server = calloc(1, sizeof *server);
    ck_assert_ptr_nonnull(server);
    server->script = script;
    server->nscript = n;
    (void)snprintf(server->path, sizeof server->path, "%s", path);
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    (void)unlink(path);
    server->stop = eventfd(0, EFD_CLOEXEC);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->listener, (const struct sockaddr *)&addr, sizeof addr), 0);
    ck_assert_int_eq(listen(server->listener, 4), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run, server), 0);
    return server;
}

void grpc_server_stop(struct grpc_server *server, struct grpc_seen *ret)
{
    const uint64_t one = 1;
    ck_assert_int_eq(write(server->stop, &one, sizeof one), sizeof one);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->stop);
    (void)close(server->listener);
    (void)unlink(server->path);
    if (ret != NULL)
        *ret = server->seen;
    free(server);
}
