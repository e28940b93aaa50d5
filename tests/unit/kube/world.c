/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/kube/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void world_write(const struct world *world, const char *name, const char *text)
{
    char path[160], new_path[168];
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, name);
    (void)snprintf(new_path, sizeof new_path, "%s.new", path);
    FILE *file = fopen(new_path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(rename(new_path, path), 0);
}

void world_second_token(void *world)
{
    world_write(world, "token", "second\n");
}

void world_open(struct world *world, const struct server_step *steps)
{
    char text[512];
    struct sy_err err = {0};
    *world = (struct world){.server = server_start(steps)};
    (void)snprintf(world->folder, sizeof world->folder, "/tmp/sy_kube_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(world->folder));
    (void)snprintf(world->config_file, sizeof world->config_file, "%s/config", world->folder);
    (void)snprintf(world->token_file, sizeof world->token_file, "%s/token", world->folder);
    (void)snprintf(text, sizeof text,
                   "current-context: c\n"
                   "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                   "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:%u/'}}]\n"
                   "users: [{name: u, user: {tokenFile: token}}]\n",
                   server_port(world->server));
    world_write(world, "config", text);
    world_write(world, "token", "first\n");
    ck_assert_msg(sy_kube_config_file(world->config_file, &world->config, &err) == SY_OK, "%s",
                  err.text);
}

void world_close(struct world *world)
{
    sy_kube_config_free(world->config);
    server_stop(world->server);
    (void)unlink(world->config_file);
    (void)unlink(world->token_file);
    ck_assert_int_eq(rmdir(world->folder), 0);
}
