/* SPDX-License-Identifier: Apache-2.0 */
/* The kubeconfig file: its current context, and of that what we can use. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/kube/config_private.h"
#include "base/str.h"
#include "base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20) /* bytes: hundreds of clusters, each with its certificates */
#define TEXT_MAX ((size_t)1 << 20)
#define NAME_MAX_BYTES 1024u

struct reading {
    const char *file;
    struct sy_kube_config *config;
    struct sy_err *err;
};

/* A member that says something: not absent, null or "". */
static const struct sy_yaml *said(const struct sy_yaml *map, const char *key)
{
    const struct sy_yaml *node = sy_yaml_get(map, key);
    if (node == NULL || node->kind != SY_YAML_SCALAR)
        return node;
    bool nothing =
        node->text[0] == '\0' ||
        (!node->quoted && (strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0));
    return nothing ? NULL : node;
}

/* The text of a member; NULL with SY_OK where there is none. Borrowed. */
static enum sy_code text_of(const struct reading *r, const struct sy_yaml *map, const char *key,
                            size_t max_len, const char **ret)
{
    const struct sy_yaml *node = said(map, key);
    *ret = NULL;
    if (node == NULL)
        return SY_OK;
    enum sy_code code = sy_yaml_str(r->file, node, max_len, ret, r->err);
    if (code == SY_OK)
        for (const char *c = *ret; *c != '\0'; c++)
            if ((unsigned char)*c < ' ' && *c != '\n' && *c != '\r')
                return sy_yaml_fail(r->file, node, SY_EINVAL, r->err,
                                    "%s holds a control character", key);
    return code;
}

static enum sy_code copy_of(const struct reading *r, const struct sy_yaml *map, const char *key,
                            size_t max_len, char **ret)
{
    const char *text;
    enum sy_code code = text_of(r, map, key, max_len, &text);
    if (code != SY_OK || text == NULL)
        return code;
    *ret = sy_strdup(text);
    return *ret != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "%s: out of memory", r->file);
}

/* The path that a member says, relative to the folder of the kubeconfig. */
static enum sy_code path_of(const struct reading *r, const struct sy_yaml *map, const char *key,
                            char **ret)
{
    const char *text;
    enum sy_code code = text_of(r, map, key, 4096, &text);
    if (code != SY_OK || text == NULL)
        return code;
    const char *slash = strrchr(r->file, '/');
    size_t folder = text[0] == '/' || slash == NULL ? 0 : (size_t)(slash - r->file) + 1;
    struct sy_str path;
    size_t len;
    sy_str_init(&path, SIZE_MAX);
    sy_str_append_n(&path, r->file, folder);
    sy_str_append(&path, text);
    *ret = sy_str_take(&path, &len);
    sy_str_done(&path);
    return *ret != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "%s: out of memory", r->file);
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Base64 in place of itself, line breaks allowed; the length, or -1. */
static ssize_t decode(const char *text, char *out)
{
    uint32_t bits = 0;
    unsigned n = 0, padding = 0;
    ssize_t len = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r')
            continue;
        int digit = *text == '=' ? 0 : base64_digit(*text);
        if (digit < 0 || (padding > 0 && *text != '=') || (*text == '=' && n % 4 < 2))
            return -1;
        padding += *text == '=';
        bits = bits << 6 | (uint32_t)digit;
        if (++n % 4 == 0) {
            for (unsigned i = 0; i < 3 - padding; i++)
                out[len++] = (char)(bits >> (16 - 8 * i) & 0xFF);
        }
    }
    return n % 4 == 0 ? len : -1;
}

/* Bytes as a file without a name, for a TLS library that takes only paths. */
static enum sy_code keep_in_memory(const struct reading *r, const char *key, const char *data,
                                   size_t len, int *ret_fd, char **ret_path)
{
    char path[64];
    int fd = memfd_create(key, MFD_CLOEXEC);
    if (fd < 0)
        return sy_fail(r->err, SY_EIO, "%s: %s: memfd: %s", r->file, key, strerror(errno));
    *ret_fd = fd;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, data + done, len - done);
        if (n <= 0)
            return sy_fail(r->err, SY_EIO, "%s: %s: memfd: %s", r->file, key, strerror(errno));
        done += (size_t)n;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *ret_path = sy_strdup(path);
    return *ret_path != NULL ? SY_OK : sy_fail(r->err, SY_ENOMEM, "%s: out of memory", r->file);
}

/* KEY-data, which goes before the file that KEY names. */
static enum sy_code pem_of(const struct reading *r, const struct sy_yaml *map, const char *key,
                           int *ret_fd, char **ret_path)
{
    char data_key[64];
    const char *text;
    (void)snprintf(data_key, sizeof data_key, "%s-data", key);
    enum sy_code code = text_of(r, map, data_key, TEXT_MAX, &text);
    if (code != SY_OK)
        return code;
    if (text == NULL)
        return path_of(r, map, key, ret_path);
    sy_autofree char *data = sy_malloc(strlen(text) + 1);
    if (data == NULL)
        return sy_fail(r->err, SY_ENOMEM, "%s: out of memory", r->file);
    ssize_t len = decode(text, data);
    if (len < 0)
        return sy_yaml_fail(r->file, said(map, data_key), SY_EINVAL, r->err, "%s is no base64",
                            data_key);
    if (memmem(data, (size_t)len, "-----BEGIN ", 11) == NULL)
        return sy_yaml_fail(r->file, said(map, data_key), SY_EINVAL, r->err, "%s is no PEM",
                            data_key);
    return keep_in_memory(r, data_key, data, (size_t)len, ret_fd, ret_path);
}

/* A file that is named must be there: said now, not at the first connection. */
static enum sy_code check_readable(const struct reading *r, const struct sy_yaml *map,
                                   const char *key, const char *path)
{
    sy_autofree char *data = NULL;
    size_t len;
    if (path == NULL || strncmp(path, "/proc/self/fd/", 14) == 0)
        return SY_OK;
    struct sy_err why = {0};
    enum sy_code code = sy_file_read(path, TEXT_MAX, &data, &len, &why);
    if (code == SY_OK)
        return SY_OK;
    return sy_yaml_fail(r->file, said(map, key), code, r->err, "%s: %s", key, why.text);
}

/* `name` in the list at `root`.LIST, and in it the map KEY. */
static enum sy_code find(const struct reading *r, const struct sy_yaml *root, const char *list_key,
                         const char *key, const struct sy_yaml *at, const char *name,
                         const struct sy_yaml **ret)
{
    char shown[64];
    const struct sy_yaml *list = sy_yaml_get(root, list_key);
    if (list != NULL && list->kind != SY_YAML_LIST && said(root, list_key) != NULL)
        return sy_yaml_fail(r->file, list, SY_EINVAL, r->err, "%s: expected a list", list_key);
    for (size_t i = 0; list != NULL && list->kind == SY_YAML_LIST && i < list->count; i++) {
        const char *found;
        if (list->item[i]->kind != SY_YAML_MAP)
            return sy_yaml_fail(r->file, list->item[i], SY_EINVAL, r->err,
                                "%s: expected a map with name and %s", list_key, key);
        enum sy_code code = text_of(r, list->item[i], "name", NAME_MAX_BYTES, &found);
        if (code != SY_OK)
            return code;
        if (found == NULL || strcmp(found, name) != 0)
            continue;
        const struct sy_yaml *map = sy_yaml_get(list->item[i], key);
        if (map == NULL || map->kind != SY_YAML_MAP)
            return sy_yaml_fail(r->file, map != NULL ? map : list->item[i], SY_EINVAL, r->err,
                                "%s: expected a map", key);
        *ret = map;
        return SY_OK;
    }
    return sy_yaml_fail(r->file, at, SY_EINVAL, r->err, "'%s' is not in %s",
                        sy_quote(shown, sizeof shown, name, strlen(name)), list_key);
}

static enum sy_code read_cluster(const struct reading *r, const struct sy_yaml *map)
{
    struct sy_kube_config *config = r->config;
    const char *server;
    struct sy_err why = {0};
    enum sy_code code = text_of(r, map, "server", 4096, &server);
    if (code == SY_OK && server == NULL)
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err, "server: required");
    if (code == SY_OK && sy_kube_config_set_server(config, server, &why) != SY_OK)
        return sy_yaml_fail(r->file, said(map, "server"), why.code, r->err, "server: %s", why.text);
    if (code == SY_OK)
        code = copy_of(r, map, "tls-server-name", 253, &config->tls_server_name);
    if (code == SY_OK && said(map, "insecure-skip-tls-verify") != NULL)
        code =
            sy_yaml_bool(r->file, said(map, "insecure-skip-tls-verify"), &config->insecure, r->err);
    if (code == SY_OK)
        code = pem_of(r, map, "certificate-authority", &config->ca_fd, &config->ca_file);
    if (code == SY_OK)
        code = check_readable(r, map, "certificate-authority", config->ca_file);
    if (code == SY_OK)
        code = copy_of(r, map, "proxy-url", 2048, &config->proxy_url);
    if (code != SY_OK)
        return code;
    if (config->insecure && config->ca_file != NULL)
        return sy_yaml_fail(r->file, map, SY_ECONFLICT, r->err,
                            "insecure-skip-tls-verify and a certificate-authority");
    const char *name = config->tls_server_name, *proxy = config->proxy_url;
    if (name != NULL && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789.-_") != strlen(name))
        return sy_yaml_fail(r->file, said(map, "tls-server-name"), SY_EINVAL, r->err,
                            "tls-server-name: expected a host's name");
    if (proxy != NULL && strncmp(proxy, "http://", 7) != 0 && strncmp(proxy, "https://", 8) != 0 &&
        strncmp(proxy, "socks5://", 9) != 0)
        return sy_yaml_fail(r->file, said(map, "proxy-url"), SY_EINVAL, r->err,
                            "proxy-url: expected http://, https:// or socks5://");
    return SY_OK;
}

static enum sy_code read_user(const struct reading *r, const struct sy_yaml *map)
{
    static const char *const refused[] = {"exec", "auth-provider", "username",  "password",
                                          "as",   "as-uid",        "as-groups", "as-user-extra",
                                          NULL};
    struct sy_kube_config *config = r->config;
    struct sy_err why = {0};
    for (const char *const *key = refused; *key != NULL; key++)
        if (said(map, *key) != NULL)
            return sy_yaml_fail(r->file, said(map, *key), SY_EUNSUPPORTED, r->err,
                                "%s is not supported: use a token or a client certificate", *key);
    enum sy_code code = pem_of(r, map, "client-certificate", &config->cert_fd, &config->cert_file);
    if (code == SY_OK)
        code = check_readable(r, map, "client-certificate", config->cert_file);
    if (code == SY_OK)
        code = pem_of(r, map, "client-key", &config->key_fd, &config->key_file);
    if (code == SY_OK)
        code = check_readable(r, map, "client-key", config->key_file);
    if (code == SY_OK)
        code = copy_of(r, map, "token", SY_KUBE_TOKEN_MAX, &config->token);
    if (code == SY_OK && config->token != NULL && sy_kube_token_check(config->token, &why) != SY_OK)
        return sy_yaml_fail(r->file, said(map, "token"), why.code, r->err, "%s", why.text);
    if (code == SY_OK)
        code = path_of(r, map, "tokenFile", &config->token_file);
    if (code != SY_OK)
        return code;
    if ((config->cert_file == NULL) != (config->key_file == NULL))
        return sy_yaml_fail(r->file, map, SY_EINVAL, r->err,
                            "client-certificate and client-key go together");
    char *token;
    if (config->token_file == NULL)
        return SY_OK;
    code = sy_kube_token_read(config->token_file, &token, &why);
    if (code != SY_OK)
        return sy_yaml_fail(r->file, said(map, "tokenFile"), code, r->err, "tokenFile: %s",
                            why.text);
    sy_free(token);
    return SY_OK;
}

/* `current`: the context that is asked for, NULL = the current one. */
static enum sy_code read_root(const struct reading *r, const struct sy_yaml *root,
                              const char *current)
{
    const char *cluster = NULL, *user = NULL;
    const struct sy_yaml *context, *map, *at = root;
    enum sy_code code = SY_OK;
    if (root->kind != SY_YAML_MAP)
        return sy_yaml_fail(r->file, root, SY_EINVAL, r->err, "expected a map: a kubeconfig");
    if (current == NULL) {
        at = said(root, "current-context");
        code = text_of(r, root, "current-context", NAME_MAX_BYTES, &current);
    }
    if (code == SY_OK && current == NULL)
        return sy_yaml_fail(r->file, root, SY_EINVAL, r->err, "current-context: required");
    if (code == SY_OK)
        code = find(r, root, "contexts", "context", at, current, &context);
    if (code == SY_OK)
        code = text_of(r, context, "cluster", NAME_MAX_BYTES, &cluster);
    if (code == SY_OK)
        code = text_of(r, context, "user", NAME_MAX_BYTES, &user);
    if (code == SY_OK)
        code = copy_of(r, context, "namespace", 63, &r->config->namespace);
    if (code == SY_OK && cluster == NULL)
        return sy_yaml_fail(r->file, context, SY_EINVAL, r->err, "cluster: required");
    if (code == SY_OK)
        code = find(r, root, "clusters", "cluster", said(context, "cluster"), cluster, &map);
    if (code == SY_OK)
        code = read_cluster(r, map);
    if (code != SY_OK || user == NULL)
        return code;
    code = find(r, root, "users", "user", said(context, "user"), user, &map);
    return code == SY_OK ? read_user(r, map) : code;
}

enum sy_code sy_kube_config_file(const char *path, struct sy_kube_config **ret, struct sy_err *err)
{
    return sy_kube_config_context(path, NULL, ret, err);
}

enum sy_code sy_kube_config_context(const char *path, const char *context,
                                    struct sy_kube_config **ret, struct sy_err *err)
{
    sy_autofree char *data = NULL;
    size_t len;
    enum sy_code code = sy_file_read(path, FILE_MAX, &data, &len, err);
    if (code != SY_OK)
        return code;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new((size_t)64 << 20);
    struct sy_kube_config *config = sy_kube_config_new();
    struct reading reading = {.file = path, .config = config, .err = err};
    struct sy_yaml *root;
    if (arena == NULL || config == NULL)
        code = sy_fail(err, SY_ENOMEM, "%s: out of memory", path);
    if (code == SY_OK)
        code = sy_yaml_parse(arena, path, data, len, FILE_MAX, &root, err);
    if (code == SY_OK)
        code = read_root(&reading, root, context);
    if (code == SY_OK)
        *ret = config;
    else
        sy_kube_config_free(config);
    return code;
}
