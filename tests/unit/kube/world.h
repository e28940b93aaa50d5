/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own with files in it, and a kubeconfig for a server. */
#ifndef SY_TESTS_UNIT_KUBE_WORLD_H
#define SY_TESTS_UNIT_KUBE_WORLD_H

#include "base/kube/config.h"
#include "tests/unit/kube/server.h"

struct world {
    char folder[64], config_file[96], token_file[96];
    struct server *server;
    struct sy_kube_config *config;
};

/* A server with this script, and a configuration for it with the token "first" from a file. */
void world_open(struct world *world, const struct server_step *steps);
void world_close(struct world *world);
/* `name` in the folder, with this text; replaced as a whole, as the kubelet does. */
void world_write(const struct world *world, const char *name, const char *text);
void world_second_token(void *world); /* writes the token "second" */

#endif
