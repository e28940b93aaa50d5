/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration holds, and how its parts are checked; for the files of this folder. */
#ifndef SY_BASE_KUBE_CONFIG_PRIVATE_H
#define SY_BASE_KUBE_CONFIG_PRIVATE_H

#include "base/kube/config.h"

#include <stdint.h>

#define SY_KUBE_TOKEN_MAX                                                                          \
    ((size_t)64 << 10) /* bytes; tokens of service accounts have about 1 KB                        \
                        */
#define SY_KUBE_TOKEN_AGE_US                                                                       \
    (INT64_C(30) * 1000000) /* then the file is read anew (at least every                          \
                               minute: tokens are bound to an hour) */

struct sy_kube_config {
    char *server; /* scheme://host[:port][/path], without a last '/' */
    char *tls_server_name, *proxy_url, *namespace;
    bool insecure; /* the server's certificate is not checked */
    /* PEM files. TLS reads them anew for each connection, so that swapped ones are found. What a
     * kubeconfig holds itself lies in memory: memfd, and /proc/self/fd/N as the path. */
    char *ca_file, *cert_file, *key_file;
    int ca_fd, cert_fd, key_fd; /* -1 = a file of others */
    char *token, *token_file;
};

/* The token of now, for one thread. */
struct sy_kube_login {
    const struct sy_kube_config *config;
    char *token;     /* NULL = none is used */
    int64_t read_us; /* CLOCK_MONOTONIC */
};
/* Read the token's file, when it is time or `at_once`. A file that cannot be read leaves the token
 * before it in place; without one SY_ENOENT, SY_EIO, SY_EINVAL; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_kube_login_look(struct sy_kube_login *login, int64_t now_us,
                                             bool at_once, struct sy_err *err);
void sy_kube_login_done(struct sy_kube_login *login);

/* An empty configuration; NULL when out of memory. */
struct sy_kube_config *sy_kube_config_new(void) SY_NODISCARD;
/* Take the URL of a server. SY_EINVAL, the text without a place; SY_ENOMEM. */
SY_NODISCARD enum sy_code sy_kube_config_set_server(struct sy_kube_config *config, const char *url,
                                                    struct sy_err *err);
/* A token as it may stand in a header: printable ASCII without spaces. SY_EINVAL. */
SY_NODISCARD enum sy_code sy_kube_token_check(const char *token, struct sy_err *err);
SY_NODISCARD enum sy_code sy_kube_token_read(const char *file, char **ret, struct sy_err *err);

#endif
