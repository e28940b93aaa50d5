/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/extender/world.h"

#include "base/file.h"
#include "base/json.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void world_folder(char folder[64])
{
    (void)snprintf(folder, 64, "/tmp/switchyard-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

void world_folder_remove(const char *folder)
{
    DIR *open = opendir(folder);
    ck_assert_ptr_nonnull(open);
    for (struct dirent *file = readdir(open); file != NULL; file = readdir(open))
        if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0)
            (void)unlinkat(dirfd(open), file->d_name, 0);
    (void)closedir(open);
    ck_assert_int_eq(rmdir(folder), 0);
}

void world_folder_write(const char *folder, const char *file, const char *text)
{
    char path[512], hidden[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    (void)snprintf(hidden, sizeof hidden, "%s/.new-%s", folder, file);
    FILE *out = fopen(hidden, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), out), strlen(text));
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(rename(hidden, path), 0);
}

void world_write(const struct world *world, const char *file, const char *text)
{
    world_folder_write(world->folder, file, text);
}

void world_remove(const struct world *world, const char *file)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, file);
    ck_assert_int_eq(unlink(path), 0);
}

char *world_document(const char *name, const char *held)
{
    json_error_t at;
    json_t *root = json_load_file(SY_SOURCE_DIR "/tests/service/node.json", 0, &at);
    ck_assert_msg(root != NULL, "%s", at.text);
    json_t *devices = json_array();
    if (held != NULL)
        (void)json_array_append_new(devices, json_pack("{s:s, s:i}", "pci", held, "held", 1000));
    (void)json_object_set_new(root, "metadata", json_pack("{s:s}", "name", name));
    (void)json_object_set_new(root, "status",
                              json_pack("{s:s, s:o}", "mode", "exact", "devices", devices));
    char *text = json_dumps(root, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    json_decref(root);
    char *copy = strdup(text);
    sy_free(text);
    return copy;
}

void world_open(struct world *world, const char *const *nodes)
{
    struct sy_err err = {0};
    memset(world, 0, sizeof *world);
    world_folder(world->folder);
    for (; *nodes != NULL; nodes++) {
        char file[128], *text = world_document(*nodes, NULL);
        (void)snprintf(file, sizeof file, "%s.json", *nodes);
        world_write(world, file, text);
        free(text);
    }
    world->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const char *argv[] = {SY_PROGRAM, "--feed", world->folder};
    struct sy_config config;
    ck_assert_int_eq(sy_config_parse(3, (char *const *)(uintptr_t)argv, &config, &err), SY_OK);
    config.log_fd = world->null;
    enum sy_code code = sy_app_init(&world->app, &config, &err);
    ck_assert_msg(code == SY_OK, "%s", err.text);
}

void world_close(struct world *world)
{
    sy_app_free(&world->app);
    (void)close(world->null);
    world_folder_remove(world->folder);
}

void world_ask(struct world *world, enum sy_listener listener, const char *method, const char *path,
               const char *body, struct sy_reply *reply)
{
    const struct sy_route *route;
    ck_assert_uint_eq(sy_router_find(listener, method, path, &route), 200);
    sy_app_serve(&world->app, route, body, strlen(body), reply);
}

const char *world_text(const struct sy_reply *reply)
{
    return reply->fixed != NULL ? reply->fixed : reply->body.data != NULL ? reply->body.data : "";
}
