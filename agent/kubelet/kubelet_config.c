/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/kubelet/kubelet_config.h"

#include "base/file.h"
#include "base/str.h"
#include "base/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define ARENA_MAX ((size_t)64 * 1024 * 1024) /* a megabyte of YAML as a tree */
#define FOLDER_DEPTH_MAX 8u
#define WORD_MAX 64u

/* A member that has no value ("key:") or null leaves what was there. */
static const struct sy_yaml *member(const struct sy_yaml *map, const char *key)
{
    const struct sy_yaml *value = sy_yaml_get(map, key);
    if (value == NULL || value->kind != SY_YAML_SCALAR || value->quoted)
        return value;
    bool null = value->text[0] == '\0' || strcmp(value->text, "~") == 0 ||
                strcasecmp(value->text, "null") == 0;
    return null ? NULL : value;
}

/* A text that is there and not empty, which is the kubelet's default, too; else *ret stays. */
static enum sy_code read_word(const char *file, const struct sy_yaml *map, const char *key,
                              const char **ret, struct sy_err *err)
{
    const char *word = "";
    const struct sy_yaml *value = member(map, key);
    enum sy_code code = value != NULL ? sy_yaml_str(file, value, WORD_MAX, &word, err) : SY_OK;
    if (code == SY_OK && word[0] != '\0')
        *ret = word;
    return code;
}

/* Options are texts, even those that are numbers or truth values (as Go's ParseBool reads them). */
static enum sy_code read_options(const char *file, const struct sy_yaml *map,
                                 struct sy_topology_manager *config, struct sy_err *err)
{
    const char *closest = NULL, *max = NULL;
    if (map->kind != SY_YAML_MAP)
        return sy_yaml_fail(file, map, SY_EINVAL, err, "topologyManagerPolicyOptions: no map");
    enum sy_code code = read_word(file, map, "prefer-closest-numa-nodes", &closest, err);
    if (code == SY_OK)
        code = read_word(file, map, "max-allowable-numa-nodes", &max, err);
    if (code != SY_OK)
        return code;
    if (closest != NULL)
        config->prefer_closest = strcasecmp(closest, "true") == 0 || strcmp(closest, "1") == 0 ||
                                 strcasecmp(closest, "t") == 0;
    if (max == NULL)
        return SY_OK;
    char *end, shown[WORD_MAX];
    errno = 0;
    long number = strtol(max, &end, 10);
    if (errno != 0 || end == max || *end != '\0' || number < 1 || number > UINT16_MAX)
        return sy_yaml_fail(file, sy_yaml_get(map, "max-allowable-numa-nodes"), SY_EINVAL, err,
                            "max-allowable-numa-nodes: '%s' is no number from 1 to %d",
                            sy_quote(shown, sizeof shown, max, strlen(max)), UINT16_MAX);
    config->max_numa = (uint16_t)number;
    return SY_OK;
}

static enum sy_code check_kind(const char *file, const struct sy_yaml *root, struct sy_err *err)
{
    const char *kind = "";
    char shown[WORD_MAX];
    if (root->kind != SY_YAML_MAP)
        return sy_yaml_fail(file, root, SY_EINVAL, err, "no map: not a KubeletConfiguration");
    const struct sy_yaml *value = member(root, "kind");
    if (value == NULL)
        return sy_yaml_fail(file, root, SY_EINVAL, err, "no kind: not a KubeletConfiguration");
    enum sy_code code = sy_yaml_str(file, value, 253, &kind, err);
    if (code == SY_OK && strcmp(kind, "KubeletConfiguration") != 0)
        code = sy_yaml_fail(file, value, SY_EINVAL, err, "kind '%s', not KubeletConfiguration",
                            sy_quote(shown, sizeof shown, kind, strlen(kind)));
    return code;
}

static enum sy_code read_root(const char *file, const struct sy_yaml *root,
                              struct sy_topology_manager *config, struct sy_err *err)
{
    struct sy_topology_manager next = *config;
    const char *policy = NULL, *scope = NULL;
    enum sy_code code = check_kind(file, root, err);
    if (code == SY_OK)
        code = read_word(file, root, "topologyManagerPolicy", &policy, err);
    if (code == SY_OK)
        code = read_word(file, root, "topologyManagerScope", &scope, err);
    const struct sy_yaml *options =
        code == SY_OK ? member(root, "topologyManagerPolicyOptions") : NULL;
    if (options != NULL)
        code = read_options(file, options, &next, err);
    if (policy != NULL)
        next.policy = (uint8_t)sy_topology_policy_find(policy);
    if (scope != NULL)
        next.scope = (uint8_t)sy_topology_scope_find(scope);
    if (code == SY_OK)
        *config = next;
    return code;
}

static enum sy_code read_file(const char *path, struct sy_topology_manager *config,
                              struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len = 0;
    struct sy_yaml *root;
    enum sy_code code = sy_file_read(path, SY_KUBELET_CONFIG_MAX_BYTES, &data, &len, err);
    if (code != SY_OK)
        return code;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(ARENA_MAX);
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "%.200s: out of memory", path);
    code = sy_yaml_parse(arena, path, data, len, SY_KUBELET_CONFIG_MAX_BYTES, &root, err);
    return code == SY_OK ? read_root(path, root, config, err) : code;
}

/* The drop-in files, by their paths. */
struct files {
    size_t n;
    char *path[SY_KUBELET_CONFIG_FILES_MAX];
};

static enum sy_code add_file(struct files *files, char *path, struct sy_err *err)
{
    if (files->n == SY_KUBELET_CONFIG_FILES_MAX) {
        sy_free(path);
        return sy_fail(err, SY_ELIMIT, "more than %u .conf files", SY_KUBELET_CONFIG_FILES_MAX);
    }
    files->path[files->n++] = path;
    return SY_OK;
}

static enum sy_code find_files(const char *folder, unsigned depth, struct files *files,
                               struct sy_err *err);

/* A folder is gone into, but not through a link; links to files are followed. Takes `path` over. */
static enum sy_code find_entry(char *path, unsigned depth, struct files *files, struct sy_err *err)
{
    struct stat info;
    size_t len = strlen(path);
    if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        enum sy_code code = find_files(path, depth + 1, files, err);
        sy_free(path);
        return code;
    }
    if (len > 5 && strcmp(path + len - 5, ".conf") == 0)
        return add_file(files, path, err);
    sy_free(path);
    return SY_OK;
}

static enum sy_code find_files(const char *folder, unsigned depth, struct files *files,
                               struct sy_err *err)
{
    DIR *dir = opendir(folder);
    if (dir == NULL && (errno == ENOENT || errno == ENOTDIR))
        return SY_OK;
    if (dir == NULL)
        return sy_fail(err, SY_EIO, "cannot open: %s", strerror(errno));
    enum sy_code code =
        depth < FOLDER_DEPTH_MAX
            ? SY_OK
            : sy_fail(err, SY_ELIMIT, "folders nested more than %u deep", FOLDER_DEPTH_MAX);
    for (struct dirent *entry = readdir(dir); entry != NULL && code == SY_OK;
         entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        size_t size = strlen(folder) + strlen(entry->d_name) + 2;
        char *path = sy_malloc(size);
        if (path == NULL) {
            code = sy_fail(err, SY_ENOMEM, "out of memory");
            break;
        }
        (void)snprintf(path, size, "%s/%s", folder, entry->d_name);
        code = find_entry(path, depth, files, err);
    }
    (void)closedir(dir);
    return code;
}

/* As a walk that goes into folders in the order of their names meets them: '/' is before all. */
static int path_cmp(const void *left, const void *right)
{
    const unsigned char *a = *(unsigned char *const *)left, *b = *(unsigned char *const *)right;
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    int x = *a == '/' ? 0 : *a, y = *b == '/' ? 0 : *b;
    return x - y;
}

static enum sy_code read_folder(const char *folder, struct sy_topology_manager *config,
                                struct sy_err *err)
{
    struct files files = {0};
    struct sy_err why = {0};
    enum sy_code code = find_files(folder, 0, &files, &why);
    if (code != SY_OK)
        (void)sy_fail(err, code, "%.200s: %s", folder, why.text);
    if (files.n > 1)
        qsort(files.path, files.n, sizeof files.path[0], path_cmp);
    for (size_t i = 0; i < files.n && code == SY_OK; i++)
        code = read_file(files.path[i], config, err);
    for (size_t i = 0; i < files.n; i++)
        sy_free(files.path[i]);
    return code;
}

enum sy_code sy_kubelet_config_read(const char *path, const char *folder,
                                    struct sy_topology_manager *ret, struct sy_err *err)
{
    struct sy_topology_manager config = {.policy = SY_TOPOLOGY_POLICY_NONE,
                                         .scope = SY_TOPOLOGY_SCOPE_CONTAINER};
    enum sy_code code = path != NULL ? read_file(path, &config, err) : SY_OK;
    if (code == SY_OK && folder != NULL)
        code = read_folder(folder, &config, err);
    if (code == SY_OK)
        *ret = config;
    return code;
}
