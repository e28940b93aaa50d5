/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/kube/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define HEAD 8192
#define REQUESTS 256

struct connection {
    struct server *server;
    pthread_t thread;
    int fd;
};

struct server {
    const struct server_step *steps;
    int fd;
    unsigned port;
    atomic_bool stopping;
    pthread_t thread;
    pthread_mutex_t lock;
    char *head[REQUESTS];
    size_t n_requests, n_steps, surprises;
    struct connection connection[CONNECTIONS];
    size_t n_connections;
};

static bool stays_quiet(struct server *server, int fd, unsigned ms)
{
    for (unsigned waited = 0; waited < ms && !server->stopping; waited += 5) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};
        if (poll(&poll_fd, 1, 5) > 0)
            return false;
    }
    return !server->stopping;
}

static bool put_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool put_chunk(int fd, const char *data, size_t len, bool raw)
{
    char size[32];
    int n = snprintf(size, sizeof size, "%zx\r\n", len);
    if (raw)
        return put_all(fd, data, len);
    return put_all(fd, size, (size_t)n) && put_all(fd, data, len) && put_all(fd, "\r\n", 2);
}

static bool put_filling(int fd, size_t len, bool raw)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    bool ok = true;
    for (; ok && len > 0; len -= len < sizeof block ? len : sizeof block)
        ok = put_chunk(fd, block, len < sizeof block ? len : sizeof block, raw);
    return ok;
}

/* True: the connection goes on. */
static bool answer(struct server *server, int fd, const struct server_step *step)
{
    char head[512];
    bool raw = step->end == SERVER_RAW;
    if (step->before != NULL)
        step->before(step->data);
    unsigned status = step->status != 0 ? step->status : 200;
    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %u Said\r\nContent-Type: application/json\r\n%s"
                       "Transfer-Encoding: chunked\r\n\r\n",
                       status, step->headers != NULL ? step->headers : "");
    bool ok = raw || put_all(fd, head, (size_t)len);
    for (size_t i = 0; ok && i < SERVER_PIECES && step->body[i] != NULL; i++) {
        size_t piece = strlen(step->body[i]), size = step->by_byte ? 1 : piece;
        if (step->pause_ms > 0)
            ok = stays_quiet(server, fd, step->pause_ms);
        for (size_t at = 0; ok && at < piece; at += size)
            ok = put_chunk(fd, step->body[i] + at, size, raw);
        if (ok && i == 0 && step->fill > 0)
            ok = put_filling(fd, step->fill, raw);
    }
    if (step->end == SERVER_HOLD)
        (void)stays_quiet(server, fd, 60000);
    return ok && step->end == SERVER_WHOLE && put_all(fd, "0\r\n\r\n", 5);
}

static const struct server_step hold = {.end = SERVER_HOLD, .status = 0};

static const struct server_step *note_request(struct server *server, const char *head)
{
    const struct server_step *step = &hold;
    pthread_mutex_lock(&server->lock);
    if (server->n_requests < server->n_steps)
        step = &server->steps[server->n_requests];
    if (server->n_requests < REQUESTS)
        server->head[server->n_requests] = strdup(head);
    if (step->expect != NULL && strstr(head, step->expect) == NULL) {
        fprintf(stderr, "request %zu: expected '%s' in:\n%s\n", server->n_requests, step->expect,
                head);
        server->surprises++;
    }
    server->n_requests++;
    pthread_mutex_unlock(&server->lock);
    return step;
}

/* Read one head and its body, of which only the length is heeded; false at the end. */
static bool read_request(int fd, char *head)
{
    size_t len = 0;
    for (char *end = NULL; end == NULL;) {
        ssize_t n = recv(fd, head + len, HEAD - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
        if (end == NULL)
            continue;
        const char *length = strcasestr(head, "Content-Length: ");
        size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        size_t have = len - (size_t)(end + 4 - head);
        while (have < body && len < HEAD - 1) {
            n = recv(fd, head + len, HEAD - 1 - len, 0);
            if (n <= 0)
                return false;
            len += (size_t)n;
            have += (size_t)n;
            head[len] = '\0';
        }
    }
    return true;
}

static void *serve(void *data)
{
    struct connection *connection = data;
    char *head = malloc(HEAD);
    bool goes_on = head != NULL;
    while (goes_on && !connection->server->stopping && read_request(connection->fd, head))
        goes_on =
            answer(connection->server, connection->fd, note_request(connection->server, head));
    (void)shutdown(connection->fd, SHUT_RDWR);
    free(head);
    return NULL;
}

static void *accept_all(void *data)
{
    struct server *server = data;
    for (;;) {
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_mutex_lock(&server->lock);
        struct connection *connection = &server->connection[server->n_connections];
        bool room = server->n_connections < CONNECTIONS && !server->stopping;
        *connection = (struct connection){.server = server, .fd = fd};
        if (room && pthread_create(&connection->thread, NULL, serve, connection) == 0)
            server->n_connections++;
        else
            (void)close(fd);
        pthread_mutex_unlock(&server->lock);
    }
}

static bool is_last(const struct server_step *step)
{
    return step->expect == NULL && step->status == 0 && step->body[0] == NULL &&
           step->end == SERVER_WHOLE;
}

struct server *server_start(const struct server_step *steps)
{
    return server_start_at(0, steps);
}

struct server *server_start_at(unsigned port, const struct server_step *steps)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert(server != NULL);
    server->steps = steps;
    while (!is_last(&steps[server->n_steps]))
        server->n_steps++;
    pthread_mutex_init(&server->lock, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1, failed = setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    failed |= bind(server->fd, (struct sockaddr *)&address, sizeof address);
    failed |= listen(server->fd, 16);
    failed |= getsockname(server->fd, (struct sockaddr *)&address, &size);
    failed |= pthread_create(&server->thread, NULL, accept_all, server);
    assert(failed == 0);
    (void)failed;
    server->port = ntohs(address.sin_port);
    return server;
}

unsigned server_port(const struct server *server)
{
    return server->port;
}

size_t server_requests(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = server->n_requests;
    pthread_mutex_unlock(&server->lock);
    return n;
}

size_t server_surprises(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = server->surprises;
    pthread_mutex_unlock(&server->lock);
    return n;
}

const char *server_request(struct server *server, size_t i)
{
    pthread_mutex_lock(&server->lock);
    const char *head = i < REQUESTS ? server->head[i] : NULL;
    pthread_mutex_unlock(&server->lock);
    return head;
}

void server_stop(struct server *server)
{
    server->stopping = true;
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
    for (size_t i = 0; i < server->n_connections; i++) {
        (void)shutdown(server->connection[i].fd, SHUT_RDWR);
        (void)pthread_join(server->connection[i].thread, NULL);
        (void)close(server->connection[i].fd);
    }
    for (size_t i = 0; i < REQUESTS; i++)
        free(server->head[i]);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
