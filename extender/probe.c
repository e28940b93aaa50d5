/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "extender/probe.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_S 2
#define ANSWER_MAX 4096

static enum sy_code ask(int fd, const struct sy_address *admin, const char *what, char *answer,
                        struct sy_err *err)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    char address[SY_ADDRESS_TEXT], request[256];
    (void)sy_address_format(admin, address);
    int len =
        snprintf(request, sizeof request,
                 "GET /%.32s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", what, address);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        connect(fd, &admin->at.any, admin->len) != 0 ||
        send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        return sy_fail(err, SY_EIO, "%s: %s", address, strerror(errno));
    size_t have = 0;
    ssize_t got;
    while (have < ANSWER_MAX - 1 && (got = recv(fd, answer + have, ANSWER_MAX - 1 - have, 0)) > 0)
        have += (size_t)got;
    answer[have] = '\0';
    if (have == 0)
        return sy_fail(err, SY_EIO, "%s: no answer within %d s", address, WAIT_S);
    return SY_OK;
}

enum sy_code sy_probe(const struct sy_address *admin, const char *what, struct sy_err *err)
{
    char answer[ANSWER_MAX], shown[200];
    int fd = socket(admin->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sy_fail(err, SY_EIO, "socket: %s", strerror(errno));
    enum sy_code code = ask(fd, admin, what, answer, err);
    (void)close(fd);
    if (code != SY_OK || strncmp(answer, "HTTP/1.1 200 ", 13) == 0)
        return code;
    const char *body = strstr(answer, "\r\n\r\n");
    body = body != NULL ? body + 4 : answer;
    return sy_fail(err, SY_EIO, "/%s: %s", what,
                   sy_quote(shown, sizeof shown, body, strcspn(body, "\n")));
}
