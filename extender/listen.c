/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/listen.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512

static enum sy_code fail_address(const char *text, struct sy_err *err)
{
    char shown[80];
    return sy_fail(err, SY_EUSAGE, "'%s' is no address: expected A.B.C.D:PORT or [IPv6]:PORT",
                   sy_quote(shown, sizeof shown, text, strlen(text)));
}

/* Digits only, 0..65535; false otherwise. */
static bool parse_port(const char *text, in_port_t *ret)
{
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 5 || text[len] != '\0')
        return false;
    unsigned long port = strtoul(text, NULL, 10);
    *ret = htons((uint16_t)port);
    return port <= UINT16_MAX;
}

enum sy_code sy_address_parse(const char *text, struct sy_address *ret, struct sy_err *err)
{
    const char *colon = strrchr(text, ':');
    in_port_t port;
    char host[INET6_ADDRSTRLEN + 2];
    size_t len = colon != NULL ? (size_t)(colon - text) : sizeof host;
    if (len >= sizeof host || !parse_port(colon + 1, &port))
        return fail_address(text, err);
    memcpy(host, text, len);
    host[len] = '\0';
    struct sy_address address = {0};
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        address.at.v6.sin6_family = AF_INET6;
        address.at.v6.sin6_port = port;
        address.len = sizeof address.at.v6;
        if (inet_pton(AF_INET6, host + 1, &address.at.v6.sin6_addr) != 1)
            return fail_address(text, err);
    } else {
        address.at.v4.sin_family = AF_INET;
        address.at.v4.sin_port = port;
        address.len = sizeof address.at.v4;
        const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
        if (inet_pton(AF_INET, number, &address.at.v4.sin_addr) != 1)
            return fail_address(text, err);
    }
    *ret = address;
    return SY_OK;
}

const char *sy_address_format(const struct sy_address *address, char *buf)
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool v6 = address->at.any.sa_family == AF_INET6;
    if (v6)
        (void)inet_ntop(AF_INET6, &address->at.v6.sin6_addr, host, sizeof host);
    else
        (void)inet_ntop(AF_INET, &address->at.v4.sin_addr, host, sizeof host);
    unsigned port = ntohs(v6 ? address->at.v6.sin6_port : address->at.v4.sin_port);
    (void)snprintf(buf, SY_ADDRESS_TEXT, v6 ? "[%s]:%u" : "%s:%u", host, port);
    return buf;
}

bool sy_address_is_loopback(const struct sy_address *address)
{
    if (address->at.any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->at.v6.sin6_addr);
    return ntohl(address->at.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool open_socket(struct sy_address *address, int fd)
{
    const int on = 1;
    /* Restarting must not wait for old connections to be forgotten. */
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, &address->at.any, address->len) == 0 && listen(fd, BACKLOG) == 0 &&
           getsockname(fd, &address->at.any, &address->len) == 0;
}

enum sy_code sy_address_listen(struct sy_address *address, int *ret_fd, struct sy_err *err)
{
    char shown[SY_ADDRESS_TEXT];
    int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !open_socket(address, fd)) {
        int saved = errno;
        if (fd >= 0)
            (void)close(fd);
        return sy_fail(err, SY_EIO, "cannot listen on %s: %s", sy_address_format(address, shown),
                       strerror(saved));
    }
    *ret_fd = fd;
    return SY_OK;
}
