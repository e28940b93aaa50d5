/* SPDX-License-Identifier: Apache-2.0 */
/* A kubeconfig of any bytes: taken whole, or refused with a text. */
#define _GNU_SOURCE
#include "base/kube/config.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct sy_kube_config *config;
    struct sy_err err = {0};
    int fd = memfd_create("kubeconfig", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t n = write(fd, data, size);
    assert(n == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (sy_kube_config_file(path, &config, &err) == SY_OK) {
        const char *server = sy_kube_config_server(config);
        assert(strncmp(server, "http", 4) == 0 && server[strlen(server) - 1] != '/');
        sy_kube_config_free(config);
    } else {
        assert(err.code != SY_OK && err.text[0] != '\0');
    }
    (void)close(fd);
    return 0;
}
