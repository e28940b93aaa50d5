/* SPDX-License-Identifier: Apache-2.0 */
/* Numeric addresses ("127.0.0.1:9480", "[::1]:0") and listening sockets. */
#ifndef SY_EXTENDER_LISTEN_H
#define SY_EXTENDER_LISTEN_H

#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define SY_ADDRESS_TEXT 64 /* "[…]:65535" and its NUL */

struct sy_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    socklen_t len;
};

/* Parse "A.B.C.D:PORT", "[IPv6]:PORT" or "localhost:PORT" (127.0.0.1). SY_EUSAGE. */
SY_NODISCARD enum sy_code sy_address_parse(const char *text, struct sy_address *ret,
                                           struct sy_err *err);
/* As sy_address_parse reads it. Returns buf, of SY_ADDRESS_TEXT bytes. */
const char *sy_address_format(const struct sy_address *address, char *buf);
bool sy_address_is_loopback(const struct sy_address *address);

/* A non-blocking listening socket at the address; port 0 takes a free one, and *address is updated
 * with it. The caller closes *ret_fd. SY_EIO. */
SY_NODISCARD enum sy_code sy_address_listen(struct sy_address *address, int *ret_fd,
                                            struct sy_err *err);

#endif
