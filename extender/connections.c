/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/connections.h"

#include "base/mem.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define NEVER INT64_MAX
#define ROOM_PART 4u /* of the places; so many are made free at a time */

struct sy_connection {
    const struct sy_connections *all;
    struct sy_connection *prev, *next;
    int fd;
    _Atomic int64_t deadline_us; /* monotonic */
    /* Since when no request is under way, 0 = one is. Written after `received`. */
    _Atomic int64_t idle_us;
    _Atomic uint64_t received; /* bytes, when the last request ended */
    /* The sweep's own: during which idle time it first saw more bytes than that, and when. */
    int64_t begun_idle_us, begun_us;
    int64_t ranked_us; /* idle_us when it was looked at */
    bool shut;
};

struct sy_connections {
    struct sy_connections_options options;
    _Atomic unsigned n; /* those without memory included */
    pthread_mutex_t lock;
    struct sy_connection *first;
    bool crowded;                /* the sweep before saw somebody wait */
    struct sy_connection **idle; /* scratch of the sweep */
};

static int64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t seconds(unsigned s)
{
    return (int64_t)s * 1000000;
}

/* Bytes that came in so far, read or not; 0 where the kernel does not tell. */
static uint64_t bytes_received(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return 0;
    return info.tcpi_bytes_received;
}

struct sy_connections *sy_connections_new(const struct sy_connections_options *options)
{
    struct sy_connections *all = sy_calloc(1, sizeof *all);
    if (all == NULL)
        return NULL;
    all->options = *options;
    all->idle = sy_calloc(options->limit, sizeof(struct sy_connection *));
    if (all->idle == NULL) {
        sy_free(all);
        return NULL;
    }
    (void)pthread_mutex_init(&all->lock, NULL);
    return all;
}

void sy_connections_free(struct sy_connections *all)
{
    if (all == NULL)
        return;
    (void)pthread_mutex_destroy(&all->lock);
    sy_free(all->idle);
    sy_free(all);
}

struct sy_connection *sy_connection_open(struct sy_connections *all, int fd)
{
    all->n++;
    struct sy_connection *connection = sy_calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->all = all;
    connection->fd = fd;
    connection->idle_us = monotonic_us();
    connection->deadline_us = connection->idle_us + seconds(all->options.idle_s);
    pthread_mutex_lock(&all->lock);
    connection->next = all->first;
    if (connection->next != NULL)
        connection->next->prev = connection;
    all->first = connection;
    pthread_mutex_unlock(&all->lock);
    return connection;
}

void sy_connection_close(struct sy_connections *all, struct sy_connection *connection)
{
    all->n--;
    if (connection == NULL)
        return;
    pthread_mutex_lock(&all->lock);
    if (connection->prev != NULL)
        connection->prev->next = connection->next;
    else
        all->first = connection->next;
    if (connection->next != NULL)
        connection->next->prev = connection->prev;
    pthread_mutex_unlock(&all->lock);
    sy_free(connection);
}

static void set_deadline(struct sy_connection *connection, int64_t in_us)
{
    if (connection == NULL)
        return;
    connection->idle_us = 0;
    connection->deadline_us = in_us == NEVER ? NEVER : monotonic_us() + in_us;
}

void sy_connection_moved(struct sy_connection *connection)
{
    if (connection != NULL)
        set_deadline(connection, seconds(connection->all->options.stall_s));
}

void sy_connection_hold(struct sy_connection *connection)
{
    set_deadline(connection, NEVER);
}

void sy_connection_send(struct sy_connection *connection, unsigned within_s)
{
    set_deadline(connection, seconds(within_s));
}

void sy_connection_end(struct sy_connection *connection)
{
    if (connection == NULL)
        return;
    int64_t now = monotonic_us();
    connection->received = bytes_received(connection->fd);
    connection->deadline_us = now + seconds(connection->all->options.idle_s);
    connection->idle_us = now;
}

/* The library says nothing before a request line is whole. More bytes than belong to the requests
 * so far are the begin of one: from when they are first seen it has to move. */
static bool has_begun(struct sy_connection *connection, int64_t idle_us, int64_t now)
{
    if (bytes_received(connection->fd) <= connection->received)
        return false;
    if (connection->begun_idle_us != idle_us) {
        connection->begun_idle_us = idle_us;
        connection->begun_us = now;
    }
    return true;
}

/* Its thread sees the end and cleans up. */
static void shut(struct sy_connection *connection, unsigned *closed)
{
    (void)shutdown(connection->fd, SHUT_RDWR);
    connection->shut = true;
    (*closed)++;
}

/* Shuts it down when it is overdue; true when it is idle and stays. */
static bool look(struct sy_connection *connection, int64_t now, unsigned *closed)
{
    int64_t idle_us = connection->idle_us;
    bool begun = idle_us != 0 && has_begun(connection, idle_us, now);
    int64_t stall_us = seconds(connection->all->options.stall_s);
    if (connection->deadline_us < now ||
        (begun && now - connection->begun_us > stall_us && connection->idle_us == idle_us)) {
        shut(connection, closed);
        return false;
    }
    connection->ranked_us = idle_us;
    return idle_us != 0 && !begun;
}

/* The library spreads the places over its threads, and a thread whose places are free again may not
 * look at the listen queue before one of its connections stirs: so it need not be all places. */
static bool somebody_waits(const struct sy_connections *all)
{
    struct pollfd in = {.fd = all->options.socket, .events = POLLIN};
    return all->n >= all->options.limit / 2 && poll(&in, 1, 0) > 0 && (in.revents & POLLIN) != 0;
}

static int compare_idle(const void *left, const void *right)
{
    const struct sy_connection *a = *(struct sy_connection *const *)left;
    const struct sy_connection *b = *(struct sy_connection *const *)right;
    return a->ranked_us < b->ranked_us ? -1 : a->ranked_us > b->ranked_us;
}

/* Shut down up to `wanted` of the first `n` idle ones, those that are idle longest. */
static void make_room(struct sy_connections *all, size_t n, size_t wanted, unsigned *closed)
{
    qsort(all->idle, n, sizeof(struct sy_connection *), compare_idle);
    for (size_t i = 0; i < n && wanted > 0; i++) {
        struct sy_connection *c = all->idle[i];
        if (c->idle_us != c->ranked_us || bytes_received(c->fd) > c->received)
            continue; /* a request came a moment ago */
        shut(c, closed);
        wanted--;
    }
}

bool sy_connections_sweep(struct sy_connections *all, unsigned *closed)
{
    int64_t now = monotonic_us();
    size_t n = 0, wanted = (all->options.limit + ROOM_PART - 1) / ROOM_PART;
    bool waits = somebody_waits(all);
    pthread_mutex_lock(&all->lock);
    for (struct sy_connection *c = all->first; c != NULL; c = c->next) {
        if (!c->shut && look(c, now, closed) && n < all->options.limit)
            all->idle[n++] = c;
    }
    if (waits && all->crowded) /* not only on the way in */
        make_room(all, n, wanted, closed);
    pthread_mutex_unlock(&all->lock);
    all->crowded = waits;
    return waits;
}
